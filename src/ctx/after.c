/*
 * ctx/after.c -- what is called when a context ends, and who waits for it.
 *
 * Keeps: a callback runs once or was taken back; its node is not touched once
 * it was called, for it may be gone; who takes one back that is running waits
 * until it has returned. Callbacks run without locks, in the order they came.
 * Threads: any. Source: AfterFunc of Go's package context.
 */
#include "ctx/node.h"
#include "env/waiter.h"

/* AFTER_WAITS: queued, and the first field of a struct leat__ctx_wait. */
enum after_state {
	AFTER_NONE = 0,
	AFTER_QUEUED = 1,
	AFTER_CALLED = 2,
	AFTER_WAITS = 3
};

/* ---- callbacks ------------------------------------------------------------ */

static void
afters_push(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	struct leat_ctx_after *first = ctx->afters;

	node->next = NULL;
	if (first) {
		node->prev = first->prev;
		first->prev->next = node;
		first->prev = node;
	} else {
		node->prev = node;
		leat__store_relaxed(&ctx->afters, node);
	}
}

static void
afters_remove(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	struct leat_ctx_after *first = ctx->afters;

	if (node->next)
		node->next->prev = node->prev;
	else
		first->prev = node->prev;
	if (node == first)
		leat__store_relaxed(&ctx->afters, node->next);
	else
		node->prev->next = node->next;
	node->state = AFTER_NONE;
}

/* Call one callback; the lock is held at the start and at the end, not in
 * between. The node is not touched once it was called: it may be gone. */
static void
after_call_locked(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	const struct leat__env *env = ctx->root->env;
	struct ctx_call call = {ctx->calls, node};
	struct ctx_call **at = &ctx->calls;

	node->state = AFTER_CALLED;
	ctx->calls = &call;
	leat__lock_drop(&ctx->lock, env);
	node->fn(ctx, node->user);
	leat__lock_take(&ctx->lock, env);
	while (*at != &call)
		at = &(*at)->next;
	*at = call.next;
	/* release: pairs with the acquire in leat_ctx_after_stop */
	leat__store_release(&ctx->n_returned, ctx->n_returned + 1);
	if (ctx->is_awaited)
		env->wake(env, &ctx->n_returned);
	ctx->is_awaited = ctx->is_awaited && ctx->calls;
}

void
leat__ctx_call_afters(struct leat_ctx *ctx)
{
	const struct leat__env *env = ctx->root->env;
	struct leat_ctx_after *node;

	/* it was marked under the lock: what was queued before is seen; what
	 * comes later is called by who brings it */
	if (!leat__load_relaxed(&ctx->afters))
		return;
	leat__lock_take(&ctx->lock, env);
	while ((node = ctx->afters)) {
		afters_remove(ctx, node);
		after_call_locked(ctx, node);
	}
	leat__lock_drop(&ctx->lock, env);
}

static bool
calls_have(const struct leat_ctx *ctx, const struct leat_ctx_after *node)
{
	const struct ctx_call *call = ctx->calls;

	while (call && call->node != node)
		call = call->next;
	return call != NULL;
}

/* Queue a node in the state given, or call it if the context has ended. */
static void
after_add(struct leat_ctx *ctx, struct leat_ctx_after *node,
	enum after_state state)
{
	const struct leat__env *env = ctx->root->env;

	leat__lock_take(&ctx->lock, env);
	node->state = state;
	if (leat__load_relaxed(&ctx->state) == CTX_DONE)
		after_call_locked(ctx, node);
	else
		afters_push(ctx, node);
	leat__lock_drop(&ctx->lock, env);
}

void
leat_ctx_after(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	after_add(ctx, node, AFTER_QUEUED);
}

bool
leat_ctx_after_stop(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	const struct leat__env *env = ctx->root->env;

	for (;;) {
		/* acquire: pairs with the release in after_call_locked */
		uint32_t n_returned = leat__load_acquire(&ctx->n_returned);
		bool is_queued, is_running;

		leat__lock_take(&ctx->lock, env);
		is_queued = node->state == AFTER_QUEUED ||
			node->state == AFTER_WAITS;
		is_running = calls_have(ctx, node);
		if (is_queued)
			afters_remove(ctx, node);
		if (is_running)
			ctx->is_awaited = 1;
		leat__lock_drop(&ctx->lock, env);
		if (!is_running)
			return is_queued;
		env->park(env, &ctx->n_returned, n_returned, LEAT_NEVER);
	}
}

/* ---- waits ---------------------------------------------------------------- */

void
leat__ctx_wait_begin(struct leat_ctx *ctx, struct leat__ctx_wait *wait)
{
	after_add(ctx, &wait->after, AFTER_WAITS);
}

bool
leat__ctx_wait_end(struct leat_ctx *ctx, struct leat__ctx_wait *wait)
{
	return leat_ctx_after_stop(ctx, &wait->after);
}

bool
leat__ctx_after_is_wait(const struct leat_ctx_after *node)
{
	return node->state == AFTER_WAITS;
}

/* Somebody who waits for the end itself. */
struct end_wait {
	struct leat__ctx_wait wait;
	struct leat__waiter waiter;
};

static void
end_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct end_wait *w = (const struct end_wait *)wait;

	leat__waiter_describe(&w->waiter, text);
	leat__text_add(text, " waits for its end");
}

static void
end_wake(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	leat__waiter_claim(user, LEAT__TOKEN_CANCEL);
}

int
leat_ctx_wait(struct leat_ctx *ctx, int64_t deadline_ns)
{
	const struct leat__env *env = ctx->root->env;
	struct end_wait w = {.wait.describe = end_describe};

	if (leat_ctx_is_done(ctx))
		return LEAT_OK;
	leat__waiter_init(&w.waiter, env);
	w.waiter.what = "waits for the end of a context";
	w.wait.after.fn = end_wake;
	w.wait.after.user = &w.waiter;
	w.wait.since_ns = env->now_ns(env);
	leat__ctx_wait_begin(ctx, &w.wait);
	leat__waiter_wait(&w.waiter, deadline_ns);
	leat__ctx_wait_end(ctx, &w.wait);
	return leat_ctx_is_done(ctx) ? LEAT_OK : LEAT_ETIMEDOUT;
}
