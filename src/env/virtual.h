/*
 * env/virtual.h -- the operating system's table, with a clock that goes on only
 * while all threads wait.
 */
#ifndef LEAT_SRC_ENV_VIRTUAL_H
#define LEAT_SRC_ENV_VIRTUAL_H

#include "env/env.h"

struct leat__virtual;

/*
 * It counts the calling thread, and those that are started by its table. 0 or
 * ENOMEM. To be ended by leat__virtual_destroy() when nobody uses the table any
 * more; NULL is accepted there.
 */
int leat__virtual_create(
	const struct leat__env *inner, struct leat__virtual **virtual_out);
void leat__virtual_destroy(struct leat__virtual *v);
const struct leat__env *leat__virtual_env(const struct leat__virtual *v);

#endif
