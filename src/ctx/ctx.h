/*
 * ctx/ctx.h -- the context tree, for the rest of the library.
 */
#ifndef LEAT_SRC_CTX_CTX_H
#define LEAT_SRC_CTX_CTX_H

#include "env/env.h"
#include <leat/ctx.h>

/* A root on a given world; leat_ctx_create() uses the real one. */
LEAT_MUST_CHECK int leat__ctx_create(const struct leat__env *env,
	struct leat_ctx **ctx_out, struct leat_error *err);

const struct leat__env *leat__ctx_env(const struct leat_ctx *ctx);

#endif
