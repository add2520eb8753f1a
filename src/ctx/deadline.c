/*
 * ctx/deadline.c -- deadlines that contexts have of their own.
 *
 * Keeps: a context that lives and has a deadline of its own has an armed timer;
 * what it inherits it has no timer for, since the parent's end is its own too.
 * deadline_ns is LEAT_NEVER where there is none, so the earliest one on the
 * way to the root counts at any moment, whoever changes which.
 * Threads: any. A context's lock orders changes, its end, and each other; a
 * timer that has fired cannot be moved, and then the context ends.
 * Source: Go's package context, WithDeadline; SetDeadline of package net.
 */
#include "ctx/node.h"

/* The owner's destroy waits for this call, so the context stays. */
static void
deadline_pass(struct leat__timer *timer)
{
	struct ctx_timer *own =
		leat__container_of(timer, struct ctx_timer, timer);

	leat__ctx_end(own->ctx, LEAT_ETIMEDOUT);
}

static int
root_need_timers(struct ctx_root *root)
{
	int sys_errno = 0;

	leat__lock_take(&root->lock, root->env);
	if (!root->timers)
		sys_errno = leat__timers_create(root->env, &root->timers);
	leat__lock_drop(&root->lock, root->env);
	return sys_errno;
}

/* Memory for a first timer; none if the context has had one. */
static int
deadline_reserve(struct leat_ctx *ctx, struct ctx_timer **spare_out)
{
	const struct leat__env *env = ctx->root->env;
	bool has_timer;

	leat__lock_take(&ctx->lock, env);
	has_timer = ctx->timer != NULL;
	leat__lock_drop(&ctx->lock, env);
	if (has_timer)
		return LEAT_OK;
	if (root_need_timers(ctx->root))
		return LEAT_ENOMEM;
	*spare_out = (void *)leat__ctx_root_take(ctx->root);
	if (!*spare_out)
		return LEAT_ENOMEM;
	**spare_out = (struct ctx_timer){.ctx = ctx, .timer.fn = deadline_pass};
	return LEAT_OK;
}

/* The first deadline, or one after none. 0 or errno. */
static int
deadline_arm(
	struct leat_ctx *ctx, int64_t deadline_ns, struct ctx_timer **spare)
{
	if (!ctx->timer) {
		ctx->timer = *spare;
		*spare = NULL;
	}
	ctx->timer->timer.deadline_ns = deadline_ns;
	return leat__timer_start(ctx->root->timers, &ctx->timer->timer);
}

/* Under the context's lock; arm_ns is LEAT_NEVER if no timer is needed. A
 * timer that is gone though there is a deadline has fired. */
static int
deadline_move(struct leat_ctx *ctx, int64_t arm_ns, struct ctx_timer **spare,
	struct leat_error *err)
{
	int sys_errno = 0;

	if (leat__load_relaxed(&ctx->state) == CTX_DONE)
		return LEAT_ESTATE;
	if (leat__load_relaxed(&ctx->deadline_ns) != LEAT_NEVER) {
		bool is_moved = ctx->timer &&
			leat__timer_reset(
				ctx->root->timers, &ctx->timer->timer, arm_ns);

		return is_moved ? LEAT_OK : LEAT_ESTATE;
	}
	if (arm_ns != LEAT_NEVER)
		sys_errno = deadline_arm(ctx, arm_ns, spare);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ENOMEM, sys_errno,
			"no thread for the deadline of a context");
	return LEAT_OK;
}

int
leat__ctx_set_deadline(
	struct leat_ctx *ctx, int64_t deadline_ns, struct leat_error *err)
{
	const struct leat__env *env = ctx->root->env;
	bool has_passed = deadline_ns <= env->now_ns(env);
	int64_t arm_ns = has_passed ? LEAT_NEVER : deadline_ns;
	struct ctx_timer *spare = NULL;
	int rc;

	if (arm_ns != LEAT_NEVER && deadline_reserve(ctx, &spare) < 0)
		return leat__error(err, LEAT_ENOMEM,
			"no memory for the deadline of a context");
	leat__lock_take(&ctx->lock, env);
	rc = deadline_move(ctx, arm_ns, &spare, err);
	if (rc == LEAT_OK)
		leat__store_relaxed(&ctx->deadline_ns, deadline_ns);
	leat__lock_drop(&ctx->lock, env);
	if (spare)
		leat__ctx_root_give(ctx->root, (void *)spare);
	if (rc == LEAT_OK && has_passed)
		leat__ctx_end(ctx, LEAT_ETIMEDOUT);
	return rc;
}

int
leat_ctx_set_deadline(struct leat_ctx *ctx, int64_t deadline_ns)
{
	return leat__ctx_set_deadline(ctx, deadline_ns, NULL);
}

int64_t
leat_ctx_deadline_ns(const struct leat_ctx *ctx)
{
	int64_t first_ns = LEAT_NEVER;

	for (; ctx; ctx = ctx->parent) {
		int64_t own_ns = leat__load_relaxed(&ctx->deadline_ns);

		first_ns = own_ns < first_ns ? own_ns : first_ns;
	}
	return first_ns;
}

void
leat__ctx_disarm(struct leat_ctx *ctx)
{
	if (ctx->timer)
		(void)leat__timer_reset(
			ctx->root->timers, &ctx->timer->timer, LEAT_NEVER);
}

void
leat__ctx_stop_timer(struct leat_ctx *ctx)
{
	if (!ctx->timer)
		return;
	(void)leat__timer_stop(ctx->root->timers, &ctx->timer->timer);
	leat__ctx_root_give(ctx->root, (void *)ctx->timer);
	ctx->timer = NULL;
}
