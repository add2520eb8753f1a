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

/* leat_ctx_fail(); true: it is this call that has ended it. */
bool leat__ctx_fail(struct leat_ctx *ctx, const struct leat_error *cause);

/* leat_ctx_is_done() without the call: the state is a context's first field,
 * 0 while it lives (node.h asserts both). */
static inline bool
leat__ctx_is_done(const struct leat_ctx *ctx)
{
	/* acquire: pairs with the release of who ends it */
	return leat__load_acquire((const uint32_t *)(const void *)ctx) != 0;
}

/*
 * An after-callback of somebody who waits, and what dumps say of it. describe
 * is called under the context's lock, between begin and the callback or end:
 * it must take no lock and end soon.
 */
struct leat__ctx_wait {
	struct leat_ctx_after after; /* fn and user filled by the caller */
	/* "fiber 12 (serve) on channel 7 (recv)"; NULL = nothing to say */
	void (*describe)(
		const struct leat__ctx_wait *wait, struct leat__text *text);
	int64_t since_ns; /* on leat_now_ns() of its world; 0 = unknown */
};

/* A context as it was looked at. */
struct leat__ctx_seen {
	const char *where; /* created; constant text */
	uint64_t n_callbacks;
	bool is_armed;     /* it has a deadline that may come */
	bool is_destroyed; /* and only stays for its children */
	bool is_top;       /* it is the one that was asked about */
};

typedef void (*leat__ctx_each_fn)(
	void *user, const struct leat__ctx_seen *seen);

/* Tell of a context and all below it; without locks. */
void leat__ctx_each(struct leat_ctx *top, leat__ctx_each_fn fn, void *user);

/* As leat_ctx_after() and leat_ctx_after_stop(). */
void leat__ctx_wait_begin(struct leat_ctx *ctx, struct leat__ctx_wait *wait);
bool leat__ctx_wait_end(struct leat_ctx *ctx, struct leat__ctx_wait *wait);

#endif
