/*
 * mem/acquire.c -- a slot for who has no graph: at once, or with a wait.
 *
 * Keeps: who waits is in the pool's list before it looks for the last time, and
 * whoever puts a slot back looks into that list after that: none lies unseen.
 * Threads: any.
 */
#include "ctx/ctx.h"
#include "mem/pool.h"

int
leat_pool_try_acquire(struct leat_pool *pool, struct leat_frame **frame_out)
{
	struct leat_frame *frame = leat__pool_take(pool, NULL, 0);

	if (!frame)
		return LEAT_EAGAIN;
	*frame_out = frame;
	return LEAT_OK;
}

static bool
pool_is_canceled(const struct leat_ctx *ctx)
{
	return ctx && leat_ctx_is_done(ctx);
}

/* One wait for a slot; what dumps of the context say of it. */
struct pool_wait {
	struct leat__ctx_wait wait;
	struct leat__waiter waiter;
};

static void
pool_after(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	leat__waiter_claim(user, LEAT__TOKEN_CANCEL);
}

static void
pool_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct pool_wait *w = (const struct pool_wait *)wait;

	leat__waiter_describe(&w->waiter, text);
	leat__text_add(text, " waits for a slot of the pool");
}

static void
pool_park(struct leat_pool *pool, struct pool_wait *w, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	w->waiter.what = "waits for a slot of a pool";
	if (!ctx) {
		leat__waiter_wait(&w->waiter, deadline_ns);
		return;
	}
	w->wait.after.fn = pool_after;
	w->wait.after.user = &w->waiter;
	w->wait.describe = pool_describe;
	w->wait.since_ns = pool->env->now_ns(pool->env);
	leat__ctx_wait_begin(ctx, &w->wait);
	leat__waiter_wait(&w->waiter, deadline_ns);
	leat__ctx_wait_end(ctx, &w->wait);
}

/* Arm, look, park. LEAT_EAGAIN: a slot may be there; the other ends. */
static int
pool_wait_once(struct leat_pool *pool, struct leat_ctx *ctx,
	int64_t deadline_ns, struct leat_frame **frame_out)
{
	struct pool_wait w = {0};
	struct leat__arm arm = {.waiter = &w.waiter};
	int rc;

	leat__waiter_init(&w.waiter, pool->env);
	leat__side_arm(&pool->freed, &arm, 0);
	rc = leat_pool_try_acquire(pool, frame_out);
	if (rc == LEAT_OK)
		leat__waiter_leave(&w.waiter);
	else
		pool_park(pool, &w, ctx, deadline_ns);
	leat__side_disarm(&pool->freed, &arm);
	if (rc == LEAT_OK)
		return LEAT_OK;
	if (pool_is_canceled(ctx))
		return LEAT_ECANCELED;
	rc = leat_pool_try_acquire(pool, frame_out);
	return rc != LEAT_OK && w.waiter.token == LEAT__TOKEN_DEADLINE
		? LEAT_ETIMEDOUT
		: rc;
}

int
leat_pool_acquire(struct leat_pool *pool, struct leat_ctx *ctx,
	int64_t deadline_ns, struct leat_frame **frame_out)
{
	int rc;

	if (pool_is_canceled(ctx))
		return LEAT_ECANCELED;
	rc = leat_pool_try_acquire(pool, frame_out);
	while (rc == LEAT_EAGAIN)
		rc = pool_wait_once(pool, ctx, deadline_ns, frame_out);
	return rc;
}
