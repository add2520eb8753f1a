/*
 * ctx/ctx.c -- the context tree: who ended, why, and who is told.
 *
 * Keeps: a child holds its parent; a context that has ended takes no more
 * children and keeps its cause; at most one lock is held at a time, none while
 * a callback runs. A canceller detaches children one by one and takes a
 * reference under the parent's lock, so that a concurrent destroy cannot free
 * what it walks; detached contexts are chained by their own next field, so a
 * walk needs neither memory nor recursion.
 * Contexts are recycled within their root and freed with it.
 * Threads: any. Source: Go's package context, without its goroutines.
 */
#include "ctx/ctx.h"

#define CTX_SLAB_LEAST 32u
#define CTX_SLAB_MOST  512u

enum ctx_state { CTX_LIVE = 0, CTX_DONE = 1 };
enum after_state { AFTER_NONE = 0, AFTER_QUEUED = 1, AFTER_CALLED = 2 };

struct ctx_root;

/* Why; shared by all that end for it. */
struct ctx_cause {
	uint32_t refs;        /* atomic, if it is allocated */
	uint32_t is_constant; /* in ctx_causes: not counted, never freed */
	struct leat_error error;
};

struct ctx_value {
	struct ctx_value *next;
	const struct leat_ctx_key *key;
	void *value;
	void (*end)(void *value);
};

/* A callback that is being called, on the caller's stack. */
struct ctx_call {
	struct ctx_call *next;
	const struct leat_ctx_after *node;
};

struct leat_ctx {
	uint32_t state;         /* enum ctx_state; atomic */
	uint32_t refs;          /* owner, children, walks; atomic */
	struct leat__lock lock; /* guards children, afters, calls, is_awaited */
	uint8_t is_linked;      /* in parent->children; parent's lock */
	uint8_t has_timer;      /* its own; written before it is shared */
	uint8_t is_awaited;     /* somebody waits for a call to return */
	struct ctx_root *root;
	struct leat_ctx *parent;
	struct leat_ctx *children; /* first, newest */
	struct leat_ctx *next;     /* sibling; in a walk; in the free list */
	struct leat_ctx *prev;
	struct ctx_cause *cause;       /* written before state is CTX_DONE */
	struct leat_ctx_after *afters; /* first; its prev is the last */
	struct ctx_call *calls;
	struct ctx_value *values; /* newest; atomic */
	struct leat__timer timer; /* deadline_ns counts without a timer too */
	uint32_t n_returned;      /* calls that returned; atomic, a park word */
};

_Static_assert(sizeof(struct leat_ctx) <= 128, "promised in leat/ctx.h");

struct ctx_slab {
	struct ctx_slab *next;
	uint32_t n; /* contexts in it */
	struct leat_ctx contexts[];
};

struct ctx_root {
	struct leat_ctx ctx; /* the root itself */
	const struct leat__env *env;
	struct leat__lock lock;    /* guards all below */
	uint32_t n_fresh;          /* of the newest slab, never used yet */
	struct leat_ctx *recycled; /* chained by next */
	struct ctx_slab *slabs;    /* newest */
	struct leat__timers
		*timers; /* with the first deadline; then constant */
};

/* ---- causes --------------------------------------------------------------- */

/* One for each code, for causes without a text of their own, and for those
 * whose text there is no memory for. */
static const struct ctx_cause ctx_causes[] = {
#define CTX_CAUSE(name, number, class_, words)                                 \
	{.is_constant = 1, .error = {.code = (number), .text = words}},
	LEAT_CODES(CTX_CAUSE)
#undef CTX_CAUSE
};

static struct ctx_cause *
cause_of_code(int code)
{
	size_t k = 0;

	while (k + 1 < leat__array_len(ctx_causes) &&
		ctx_causes[k].error.code != code)
		k++; /* an unknown code ends at the last: LEAT_EBUG */
	return (struct ctx_cause *)(uintptr_t)&ctx_causes[k];
}

static struct ctx_cause *
cause_create(const struct leat_ctx *ctx, const struct leat_error *error)
{
	const struct leat__env *env = ctx->root->env;
	struct ctx_cause *cause = env->alloc(env, sizeof(*cause));
	struct leat__text text;

	if (!cause)
		return cause_of_code(error->code);
	text = (struct leat__text){
		cause->error.text, sizeof(cause->error.text), 0};
	cause->refs = 1;
	cause->error = *error;
	if (!error->text[0])
		leat__text_add(&text, "%s", leat_err_text(error->code));
	return cause;
}

static void
cause_retain(struct ctx_cause *cause)
{
	if (!cause->is_constant)
		leat__add_relaxed(&cause->refs, 1);
}

static void
cause_release(const struct leat__env *env, struct ctx_cause *cause)
{
	/* acq_rel: whoever frees it sees the others through with it */
	if (cause && !cause->is_constant &&
		leat__sub_acq_rel(&cause->refs, 1) == 1)
		env->free(env, cause);
}

/* ---- memory --------------------------------------------------------------- */

static bool
root_add_slab(struct ctx_root *root)
{
	struct ctx_slab *old = root->slabs;
	uint64_t n =
		old ? leat__min_u64(2 * old->n, CTX_SLAB_MOST) : CTX_SLAB_LEAST;
	struct ctx_slab *slab = root->env->alloc(root->env,
		sizeof(*slab) + (size_t)n * sizeof(slab->contexts[0]));

	if (!slab)
		return false;
	slab->next = old;
	slab->n = (uint32_t)n;
	root->slabs = slab;
	root->n_fresh = slab->n;
	return true;
}

/* Uninitialised memory for a context; NULL = none left. */
static struct leat_ctx *
root_take(struct ctx_root *root)
{
	struct leat_ctx *ctx;

	leat__lock_take(&root->lock, root->env);
	ctx = root->recycled;
	if (ctx)
		root->recycled = ctx->next;
	else if (root->n_fresh > 0 || root_add_slab(root))
		ctx = &root->slabs->contexts[--root->n_fresh];
	leat__lock_drop(&root->lock, root->env);
	return ctx;
}

static void
root_give(struct ctx_root *root, struct leat_ctx *ctx)
{
	leat__lock_take(&root->lock, root->env);
	ctx->next = root->recycled;
	root->recycled = ctx;
	leat__lock_drop(&root->lock, root->env);
}

static void
root_free(struct ctx_root *root)
{
	const struct leat__env *env = root->env;
	struct ctx_slab *slab;

	leat__timers_destroy(root->timers);
	while ((slab = root->slabs)) {
		root->slabs = slab->next;
		env->free(env, slab);
	}
	env->free(env, root);
}

static void
ctx_retain(struct leat_ctx *ctx)
{
	leat__add_relaxed(&ctx->refs, 1);
}

static void
ctx_free(struct leat_ctx *ctx)
{
	struct ctx_root *root = ctx->root;
	struct ctx_value *value;

	while ((value = ctx->values)) {
		ctx->values = value->next;
		if (value->end)
			value->end(value->value);
		root->env->free(root->env, value);
	}
	cause_release(root->env, ctx->cause);
	if (ctx == &root->ctx)
		root_free(root);
	else
		root_give(root, ctx);
}

/* A context that goes takes its hold on the parent along, up to the root. */
static void
ctx_release(struct leat_ctx *ctx)
{
	while (ctx) {
		struct leat_ctx *parent = ctx->parent;
		/* acq_rel: whoever frees it sees the others through with it */
		uint32_t refs = leat__sub_acq_rel(&ctx->refs, 1);

		LEAT_INVARIANT(refs != 0);
		if (refs != 1)
			return;
		ctx_free(ctx);
		ctx = parent;
	}
}

/* ---- after-callbacks ------------------------------------------------------ */

static void
afters_push(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	struct leat_ctx_after *first = ctx->afters;

	node->state = AFTER_QUEUED;
	node->next = NULL;
	if (first) {
		node->prev = first->prev;
		first->prev->next = node;
		first->prev = node;
	} else {
		node->prev = node;
		ctx->afters = node;
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
		ctx->afters = node->next;
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

static void
afters_call(struct leat_ctx *ctx)
{
	const struct leat__env *env = ctx->root->env;
	struct leat_ctx_after *node;

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

void
leat_ctx_after(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	const struct leat__env *env = ctx->root->env;

	leat__lock_take(&ctx->lock, env);
	if (leat__load_relaxed(&ctx->state) == CTX_DONE)
		after_call_locked(ctx, node);
	else
		afters_push(ctx, node);
	leat__lock_drop(&ctx->lock, env);
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
		is_queued = node->state == AFTER_QUEUED;
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

/* ---- ending --------------------------------------------------------------- */

/* What a context must do after it was marked. */
enum ctx_mark { CTX_WAS_DONE, CTX_MARKED };

static enum ctx_mark
ctx_mark(struct leat_ctx *ctx, struct ctx_cause *cause)
{
	const struct leat__env *env = ctx->root->env;
	bool is_live;

	leat__lock_take(&ctx->lock, env);
	is_live = leat__load_relaxed(&ctx->state) == CTX_LIVE;
	if (is_live) {
		cause_retain(cause);
		ctx->cause = cause;
		/* release: pairs with the acquire in leat_ctx_is_done */
		leat__store_release(&ctx->state, CTX_DONE);
	}
	leat__lock_drop(&ctx->lock, env);
	return is_live ? CTX_MARKED : CTX_WAS_DONE;
}

static void
ctx_unlink_locked(struct leat_ctx *parent, struct leat_ctx *child)
{
	if (child->prev)
		child->prev->next = child->next;
	else
		parent->children = child->next;
	if (child->next)
		child->next->prev = child->prev;
	child->is_linked = 0;
}

/* The first child, retained and no longer in the list; NULL = none. */
static struct leat_ctx *
ctx_detach_child(struct leat_ctx *ctx)
{
	const struct leat__env *env = ctx->root->env;
	struct leat_ctx *child;

	leat__lock_take(&ctx->lock, env);
	child = ctx->children;
	if (child) {
		ctx_unlink_locked(ctx, child);
		ctx_retain(child);
	}
	leat__lock_drop(&ctx->lock, env);
	return child;
}

/* Mark the children of a context that has ended, and put them on the walk. */
static void
ctx_end_children(
	struct leat_ctx *ctx, struct ctx_cause *cause, struct leat_ctx **walk)
{
	struct leat_ctx *child;

	while ((child = ctx_detach_child(ctx))) {
		if (ctx_mark(child, cause) == CTX_WAS_DONE) {
			ctx_release(child);
			continue;
		}
		child->next = *walk;
		*walk = child;
	}
}

/*
 * End a context and all below it. Children are marked before a callback of
 * their parent runs. A child that had ended already is left to whoever ended
 * it; what is below that one is its walk's to reach.
 */
static void
ctx_end(struct leat_ctx *top, struct ctx_cause *cause)
{
	struct leat_ctx *walk = NULL;
	struct leat_ctx *ctx = top;

	if (ctx_mark(top, cause) == CTX_WAS_DONE)
		return;
	ctx_retain(top);
	while (ctx) {
		ctx_end_children(ctx, cause, &walk);
		afters_call(ctx);
		ctx_release(ctx);
		ctx = walk;
		if (ctx)
			walk = ctx->next;
	}
}

/* End it for a cause that is ours to let go. */
static void
ctx_end_given(struct leat_ctx *ctx, struct ctx_cause *cause)
{
	const struct leat__env *env = ctx->root->env;

	ctx_end(ctx, cause);
	cause_release(env, cause);
}

bool
leat_ctx_is_done(const struct leat_ctx *ctx)
{
	/* acquire: pairs with the release in ctx_mark */
	return leat__load_acquire(&ctx->state) == CTX_DONE;
}

void
leat_ctx_cancel(struct leat_ctx *ctx, int code, const char *text)
{
	int failure = code < 0 ? code : LEAT_ECANCELED;
	struct leat_error error;

	LEAT_ASSERT(code < 0);
	if (leat_ctx_is_done(ctx))
		return;
	if (!text) {
		ctx_end(ctx, cause_of_code(failure));
		return;
	}
	leat__error(&error, failure, "%s", text);
	ctx_end_given(ctx, cause_create(ctx, &error));
}

void
leat_ctx_fail(struct leat_ctx *ctx, const struct leat_error *cause)
{
	struct leat_error error = *cause;

	LEAT_ASSERT(cause->code < 0);
	if (error.code >= 0)
		error.code = LEAT_ECANCELED;
	if (!leat_ctx_is_done(ctx))
		ctx_end_given(ctx, cause_create(ctx, &error));
}

int
leat_ctx_cause(const struct leat_ctx *ctx, struct leat_error *cause_out)
{
	if (!leat_ctx_is_done(ctx))
		return LEAT_OK;
	if (cause_out)
		*cause_out = ctx->cause->error;
	return ctx->cause->error.code;
}

static void
ctx_wake(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	leat__parker_wake(user);
}

int
leat_ctx_wait(struct leat_ctx *ctx, int64_t deadline_ns)
{
	struct leat__parker parker;
	struct leat_ctx_after after = {.fn = ctx_wake, .user = &parker};
	int rc = 0;

	if (leat_ctx_is_done(ctx))
		return LEAT_OK;
	leat__parker_init(&parker, ctx->root->env);
	leat_ctx_after(ctx, &after);
	while (rc == 0 && !leat_ctx_is_done(ctx)) {
		uint32_t ticket = leat__parker_ticket(&parker);

		if (!leat_ctx_is_done(ctx))
			rc = leat__parker_wait(&parker, ticket, deadline_ns);
	}
	leat_ctx_after_stop(ctx, &after);
	return leat_ctx_is_done(ctx) ? LEAT_OK : LEAT_ETIMEDOUT;
}

/* ---- deadlines ------------------------------------------------------------ */

/* The owner's destroy waits for this call, so the context stays. */
static void
ctx_timer_fire(struct leat__timer *timer)
{
	struct leat_ctx *ctx =
		leat__container_of(timer, struct leat_ctx, timer);

	ctx_end(ctx, cause_of_code(LEAT_ETIMEDOUT));
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

/* Give a context that nobody else knows yet its own deadline. */
static int
ctx_start_timer(struct leat_ctx *ctx, struct leat_error *err)
{
	struct ctx_root *root = ctx->root;
	int sys_errno = 0;

	if (ctx->timer.deadline_ns <= root->env->now_ns(root->env)) {
		ctx_end(ctx, cause_of_code(LEAT_ETIMEDOUT));
		return LEAT_OK;
	}
	sys_errno = root_need_timers(root);
	if (!sys_errno)
		sys_errno = leat__timer_start(root->timers, &ctx->timer);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ENOMEM, sys_errno,
			"no timer for the deadline of a context: out of memory "
			"or threads");
	ctx->has_timer = 1;
	return LEAT_OK;
}

int64_t
leat_ctx_deadline_ns(const struct leat_ctx *ctx)
{
	return ctx->timer.deadline_ns;
}

/* ---- life cycle ----------------------------------------------------------- */

int
leat__ctx_create(const struct leat__env *env, struct leat_ctx **ctx_out,
	struct leat_error *err)
{
	struct ctx_root *root = env->alloc(env, sizeof(*root));

	if (!root)
		return leat__error(
			err, LEAT_ENOMEM, "no memory for a root context");
	root->env = env;
	root->ctx.root = root;
	root->ctx.refs = 1;
	root->ctx.timer.deadline_ns = LEAT_NEVER;
	*ctx_out = &root->ctx;
	return LEAT_OK;
}

int
leat_ctx_create(struct leat_ctx **ctx_out, struct leat_error *err)
{
	return leat__ctx_create(leat__env_posix(), ctx_out, err);
}

const struct leat__env *
leat__ctx_env(const struct leat_ctx *ctx)
{
	return ctx->root->env;
}

/* Put a child below its parent, or end it if the parent has ended. */
static void
ctx_link(struct leat_ctx *parent, struct leat_ctx *child)
{
	const struct leat__env *env = parent->root->env;
	bool is_live;

	leat__lock_take(&parent->lock, env);
	is_live = leat__load_relaxed(&parent->state) == CTX_LIVE;
	if (is_live) {
		child->next = parent->children;
		if (child->next)
			child->next->prev = child;
		parent->children = child;
		child->is_linked = 1;
	}
	leat__lock_drop(&parent->lock, env);
	if (!is_live)
		ctx_end(child, parent->cause);
}

int
leat_ctx_child(struct leat_ctx *parent, int64_t deadline_ns,
	struct leat_ctx **ctx_out, struct leat_error *err)
{
	struct ctx_root *root = parent->root;
	struct leat_ctx *ctx = root_take(root);
	int64_t inherited_ns = parent->timer.deadline_ns;

	if (!ctx)
		return leat__error(err, LEAT_ENOMEM, "no memory for a context");
	*ctx = (struct leat_ctx){.refs = 1,
		.root = root,
		.parent = parent,
		.timer = {.deadline_ns = inherited_ns, .fn = ctx_timer_fire}};
	if (deadline_ns < inherited_ns) {
		int rc;

		ctx->timer.deadline_ns = deadline_ns;
		rc = ctx_start_timer(ctx, err);
		if (rc < 0) {
			root_give(root, ctx);
			return rc;
		}
	}
	ctx_retain(parent);
	ctx_link(parent, ctx);
	*ctx_out = ctx;
	return LEAT_OK;
}

static void
ctx_unlink(struct leat_ctx *ctx)
{
	struct leat_ctx *parent = ctx->parent;

	if (!parent)
		return;
	leat__lock_take(&parent->lock, ctx->root->env);
	if (ctx->is_linked)
		ctx_unlink_locked(parent, ctx);
	leat__lock_drop(&parent->lock, ctx->root->env);
}

void
leat_ctx_destroy(struct leat_ctx *ctx)
{
	if (!ctx)
		return;
	LEAT_INVARIANT(leat__load_relaxed(&ctx->refs) != 0);
	ctx_end(ctx, cause_of_code(LEAT_ECANCELED));
	if (ctx->has_timer)
		leat__timer_stop(ctx->root->timers, &ctx->timer);
	ctx_unlink(ctx);
	ctx_release(ctx);
}

/* ---- values --------------------------------------------------------------- */

static const struct ctx_value *
ctx_find_value(const struct leat_ctx *ctx, const struct leat_ctx_key *key)
{
	/* acquire: pairs with the release in leat_ctx_set_value */
	const struct ctx_value *value = leat__load_acquire(&ctx->values);

	while (value && value->key != key)
		value = value->next;
	return value;
}

int
leat_ctx_set_value(struct leat_ctx *ctx, const struct leat_ctx_key *key,
	void *value, void (*end)(void *))
{
	const struct leat__env *env = ctx->root->env;
	struct ctx_value *entry;

	if (ctx_find_value(ctx, key))
		return LEAT_ESTATE;
	entry = env->alloc(env, sizeof(*entry));
	if (!entry)
		return LEAT_ENOMEM;
	*entry = (struct ctx_value){ctx->values, key, value, end};
	/* release: pairs with the acquire in ctx_find_value */
	leat__store_release(&ctx->values, entry);
	return LEAT_OK;
}

void *
leat_ctx_value(const struct leat_ctx *ctx, const struct leat_ctx_key *key)
{
	for (; ctx; ctx = ctx->parent) {
		const struct ctx_value *value = ctx_find_value(ctx, key);

		if (value)
			return value->value;
	}
	return NULL;
}
