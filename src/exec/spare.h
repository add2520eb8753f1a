/*
 * exec/spare.h -- what is free: a list for all, and a few of each worker's own.
 *
 * What is kept begins with a struct leat__spare. A worker's own few are taken
 * and given without a lock, the last given first: it is hot.
 */
#ifndef LEAT_SRC_EXEC_SPARE_H
#define LEAT_SRC_EXEC_SPARE_H

#include "env/env.h"

#ifdef LEAT_TEST_TINY
#define LEAT__SPARES_OWN_MAX 2u
#else
#define LEAT__SPARES_OWN_MAX 16u
#endif

struct leat__spare {
	struct leat__spare *next;
};

struct leat__spares {
	const struct leat__env *env;
	struct leat__lock lock; /* guards first */
	struct leat__spare *first;
	/* called for each that a worker gives away; NULL = for none */
	void (*leave)(struct leat__spares *spares, struct leat__spare *spare);
};

/* One thread's. Zeroed = none; at most LEAT__SPARES_OWN_MAX. */
struct leat__spares_own {
	struct leat__spare *first;
	uint32_t n;
};

/* One of its own, else from the list, and then a few more for itself; own may
 * be NULL. NULL: there is none. */
struct leat__spare *leat__spares_take(
	struct leat__spares *spares, struct leat__spares_own *own);
void leat__spares_give(struct leat__spares *spares,
	struct leat__spares_own *own, struct leat__spare *spare);

/* New ones, chained in the order in which they are to be taken. */
void leat__spares_add(struct leat__spares *spares, struct leat__spare *first,
	struct leat__spare *last);

#endif
