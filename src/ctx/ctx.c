/*
 * ctx/ctx.c -- the context tree: who ended, why, and where the memory is.
 *
 * Keeps: a child is in its parent's list until it is freed, and a list that is
 * not empty holds the parent, once; a context that has ended keeps its cause,
 * and one that lives is held. Whoever walks the tree holds what it stands on
 * and takes the next one under the parent's lock, so that nobody can free it;
 * those that a canceller has ended and not told yet are chained by a field of
 * their own, so a walk needs neither memory nor recursion.
 * Contexts are recycled within their root and freed with it.
 * Threads: any. Source: Go's package context, without its goroutines.
 */
#include <string.h>

#include "ctx/node.h"

#define CTX_SLAB_LEAST 32u
#define CTX_SLAB_MOST  512u

/* Children that are ended under one lock. */
#if defined(LEAT_TEST_TINY) || defined(LEAT__SIM)
#define CTX_AT_ONCE 1u
#else
#define CTX_AT_ONCE 64u
#endif

struct ctx_slab {
	struct ctx_slab *next;
	uint32_t n; /* contexts in it */
	/* each on two lines of its own */
	struct leat_ctx contexts[] __attribute__((aligned(LEAT__CACHE_LINE)));
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
	if (!error->time_ns)
		cause->error.time_ns = env->wall_ns(env);
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

struct leat_ctx *
leat__ctx_root_take(struct ctx_root *root)
{
	struct leat_ctx *ctx;

	leat__lock_take(&root->lock, root->env);
	if (!root->recycled && leat__load_relaxed(&root->given))
		/* acq_rel: they were left; pairs with leat__ctx_root_give */
		root->recycled = leat__swap_acq_rel(
			&root->given, (struct leat_ctx *)NULL);
	ctx = root->recycled;
	if (ctx)
		root->recycled = ctx->next;
	else if (root->n_fresh > 0 || root_add_slab(root))
		ctx = &root->slabs->contexts[--root->n_fresh];
	leat__lock_drop(&root->lock, root->env);
	return ctx;
}

void
leat__ctx_root_give(struct ctx_root *root, struct leat_ctx *ctx)
{
	struct leat_ctx *given = leat__load_relaxed(&root->given);

	/* who takes takes all of them, so none comes back between the two */
	do
		ctx->next = given;
	/* acq_rel: pairs with the exchange in leat__ctx_root_take */
	while (!leat__cas_weak_acq_rel(&root->given, &given, ctx));
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

/* ---- the tree ------------------------------------------------------------- */

static void
ctx_link(struct leat_ctx *parent, struct leat_ctx *child)
{
	child->next = parent->children;
	if (child->next)
		child->next->prev = child;
	leat__store_relaxed(&parent->children, child);
	if (parent->n_children++ == 0)
		leat__ctx_retain(parent);
}

/*
 * Out of the list, and its memory given back. That is done under the lock:
 * while the list is not empty, parent and root stay. true: it was the last one,
 * and the hold of the list is the caller's.
 */
static bool
ctx_leave(struct leat_ctx *parent, struct leat_ctx *child)
{
	struct ctx_root *root = parent->root;
	const struct leat__env *env = root->env;
	bool is_last;

	leat__lock_take(&parent->lock, env);
	LEAT_INVARIANT(parent->n_children != 0);
	if (child->prev)
		child->prev->next = child->next;
	else
		leat__store_relaxed(&parent->children, child->next);
	if (child->next)
		child->next->prev = child->prev;
	leat__ctx_root_give(root, child);
	is_last = --parent->n_children == 0;
	/* if it was not, the parent may be gone as soon as another one finds
	 * the lock free: then that is a wake for nothing */
	leat__lock_drop(&parent->lock, env);
	return is_last;
}

/* Returns what is to be released in turn, or NULL. */
static struct leat_ctx *
ctx_free(struct leat_ctx *ctx)
{
	struct leat_ctx *parent = ctx->parent;

	leat__ctx_end_values(ctx);
	cause_release(ctx->root->env, ctx->cause);
	if (parent)
		return ctx_leave(parent, ctx) ? parent : NULL;
	root_free(ctx->root);
	return NULL;
}

void
leat__ctx_retain(struct leat_ctx *ctx)
{
	leat__add_relaxed(&ctx->refs, 1);
}

/* Under its parent's lock; false: it is about to leave the list. */
static bool
ctx_try_retain(struct leat_ctx *ctx)
{
	uint32_t refs = leat__load_relaxed(&ctx->refs);

	/* acq_rel, of no partner: the parent's lock has the order */
	while (refs != 0 &&
		!leat__cas_weak_acq_rel(&ctx->refs, &refs, refs + 1))
		;
	return refs != 0;
}

/* The last child that goes lets go of its parent, up to the root. */
void
leat__ctx_release(struct leat_ctx *ctx)
{
	while (ctx) {
		/* acq_rel: whoever frees it sees the others through with it */
		uint32_t refs = leat__sub_acq_rel(&ctx->refs, 1);

		LEAT_INVARIANT(refs != 0);
		if (refs != 1)
			return;
		ctx = ctx_free(ctx);
	}
}

struct leat_ctx *
leat__ctx_next_child(struct leat_ctx *parent, const struct leat_ctx *child)
{
	const struct leat__env *env = parent->root->env;
	struct leat_ctx *next;

	leat__lock_take(&parent->lock, env);
	next = child ? child->next : parent->children;
	while (next && !ctx_try_retain(next))
		next = next->next;
	leat__lock_drop(&parent->lock, env);
	return next;
}

struct leat_ctx *
leat__ctx_next_below(
	const struct leat_ctx *top, struct leat_ctx *ctx, uint32_t *depth)
{
	struct leat_ctx *next = leat__ctx_next_child(ctx, NULL);

	if (next)
		++*depth;
	while (!next && ctx != top) {
		struct leat_ctx *parent = ctx->parent;

		next = leat__ctx_next_child(parent, ctx);
		if (next)
			break;
		if (parent != top)
			leat__ctx_retain(parent);
		leat__ctx_release(ctx);
		ctx = parent;
		--*depth;
	}
	if (ctx != top)
		leat__ctx_release(ctx);
	return next;
}

/* ---- ending --------------------------------------------------------------- */

/* What is to be done for a context after it was marked. */
enum ctx_mark {
	CTX_WAS_DONE, /* by another one, who does it */
	CTX_ALONE,    /* nothing: no child, no callback */
	CTX_TO_TELL   /* it was held, for its walk */
};

/* One that lives is held by its owner, so it need not be held before; but as
 * soon as it is seen to have ended, its owner may let it go. */
static enum ctx_mark
ctx_mark_locked(struct leat_ctx *ctx, struct ctx_cause *cause)
{
	enum ctx_mark mark = CTX_ALONE;

	if (leat__load_relaxed(&ctx->state) != CTX_LIVE)
		return CTX_WAS_DONE;
	cause_retain(cause);
	ctx->cause = cause;
	leat__ctx_disarm(ctx);
	if (ctx->n_children > 0 || ctx->afters) {
		leat__ctx_retain(ctx);
		mark = CTX_TO_TELL;
	}
	/* release: pairs with the acquire in leat_ctx_is_done */
	leat__store_release(&ctx->state, CTX_DONE);
	return mark;
}

static inline enum ctx_mark
ctx_mark(struct leat_ctx *ctx, struct ctx_cause *cause)
{
	const struct leat__env *env = ctx->root->env;
	enum ctx_mark mark;

	leat__lock_take(&ctx->lock, env);
	mark = ctx_mark_locked(ctx, cause);
	leat__lock_drop(&ctx->lock, env);
	return mark;
}

/*
 * Mark children from one on (NULL = the first), and put those behind the last
 * of the walk that have more to end or to tell. All stay while the lock is
 * held, so none of the others is held. Returns where to go on, held; NULL =
 * that was all.
 */
static struct leat_ctx *
ctx_end_some(struct leat_ctx *parent, struct leat_ctx *from,
	struct ctx_cause *cause, struct leat_ctx **last)
{
	const struct leat__env *env = parent->root->env;
	struct leat_ctx *child;
	uint32_t n = 0;

	leat__lock_take(&parent->lock, env);
	child = from ? from : parent->children;
	for (; child; child = child->next) {
		/* one that nobody holds any more is about to leave the list */
		if (n++ >= CTX_AT_ONCE && ctx_try_retain(child))
			break;
		if (ctx_mark(child, cause) != CTX_TO_TELL)
			continue;
		(*last)->walk = child;
		*last = child;
	}
	leat__lock_drop(&parent->lock, env);
	return child;
}

/*
 * Mark the children of a context that has ended. It was marked under its lock,
 * so those that were put below it before are seen without; who comes later
 * finds it ended under the lock, and ends by itself.
 */
static void
ctx_end_children(
	struct leat_ctx *ctx, struct ctx_cause *cause, struct leat_ctx **last)
{
	struct leat_ctx *place = NULL;

	if (!leat__load_relaxed(&ctx->children))
		return;
	do {
		struct leat_ctx *next = ctx_end_some(ctx, place, cause, last);

		leat__ctx_release(place);
		place = next;
	} while (place);
}

/*
 * End a context and all below it, level by level: so memory is gone through
 * from one end to the other where the tree was made so. Children are marked
 * before a callback of their parent runs. A child that had ended already is
 * left to whoever ended it; what is below that one is its walk's to reach.
 */
static bool
ctx_end(struct leat_ctx *top, struct ctx_cause *cause)
{
	enum ctx_mark mark = ctx_mark(top, cause);
	struct leat_ctx *ctx = mark == CTX_TO_TELL ? top : NULL;
	struct leat_ctx *last = top;

	while (ctx) {
		struct leat_ctx *next;

		ctx_end_children(ctx, cause, &last);
		leat__ctx_call_afters(ctx);
		next = ctx->walk;
		leat__ctx_release(ctx);
		ctx = next;
	}
	return mark != CTX_WAS_DONE;
}

void
leat__ctx_end(struct leat_ctx *ctx, int code)
{
	ctx_end(ctx, cause_of_code(code));
}

/* End it for a cause that is ours to let go. */
static bool
ctx_end_given(struct leat_ctx *ctx, struct ctx_cause *cause)
{
	const struct leat__env *env = ctx->root->env;
	bool is_ended = ctx_end(ctx, cause);

	cause_release(env, cause);
	return is_ended;
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
		leat__ctx_end(ctx, failure);
		return;
	}
	leat__error(&error, failure, "%s", text);
	ctx_end_given(ctx, cause_create(ctx, &error));
}

bool
leat__ctx_fail(struct leat_ctx *ctx, const struct leat_error *cause)
{
	struct leat_error error = *cause;

	LEAT_ASSERT(cause->code < 0);
	if (error.code >= 0)
		error.code = LEAT_ECANCELED;
	return !leat_ctx_is_done(ctx) &&
		ctx_end_given(ctx, cause_create(ctx, &error));
}

void
leat_ctx_fail(struct leat_ctx *ctx, const struct leat_error *cause)
{
	(void)leat__ctx_fail(ctx, cause);
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

/* ---- life cycle ----------------------------------------------------------- */

static int
root_create(const struct leat__env *env, const char *where,
	struct leat_ctx **ctx_out, struct leat_error *err)
{
	struct ctx_root *root = env->alloc(env, sizeof(*root));

	if (!root)
		return leat__error(
			err, LEAT_ENOMEM, "no memory for a root context");
	root->env = env;
	root->ctx.root = root;
	root->ctx.refs = 1;
	root->ctx.deadline_ns = LEAT_NEVER;
	root->ctx.where = where;
	*ctx_out = &root->ctx;
	return LEAT_OK;
}

int
leat__ctx_create(const struct leat__env *env, struct leat_ctx **ctx_out,
	struct leat_error *err)
{
	return root_create(env, NULL, ctx_out, err);
}

int
leat_ctx_create_at(
	struct leat_ctx **ctx_out, struct leat_error *err, const char *where)
{
	return root_create(leat__env_posix(), where, ctx_out, err);
}

const struct leat__env *
leat__ctx_env(const struct leat_ctx *ctx)
{
	return ctx->root->env;
}

/* Put a child below its parent, or end it too if the parent has ended. */
static void
ctx_join(struct leat_ctx *parent, struct leat_ctx *child)
{
	const struct leat__env *env = parent->root->env;
	bool is_live;

	leat__lock_take(&parent->lock, env);
	is_live = leat__load_relaxed(&parent->state) == CTX_LIVE;
	ctx_link(parent, child);
	leat__lock_drop(&parent->lock, env);
	if (!is_live)
		ctx_end(child, parent->cause);
}

int
leat_ctx_child_at(struct leat_ctx *parent, int64_t deadline_ns,
	struct leat_ctx **ctx_out, struct leat_error *err, const char *where)
{
	struct ctx_root *root = parent->root;
	struct leat_ctx *ctx = leat__ctx_root_take(root);
	int rc = LEAT_OK;

	if (!ctx)
		return leat__error(err, LEAT_ENOMEM, "no memory for a context");
	*ctx = (struct leat_ctx){.refs = 1,
		.root = root,
		.parent = parent,
		.deadline_ns = LEAT_NEVER,
		.where = where};
	ctx_join(parent, ctx);
	if (deadline_ns != LEAT_NEVER)
		rc = leat__ctx_set_deadline(ctx, deadline_ns, err);
	if (rc < 0 && rc != LEAT_ESTATE) {
		leat_ctx_destroy(ctx);
		return rc;
	}
	*ctx_out = ctx;
	return LEAT_OK;
}

void
leat_ctx_destroy(struct leat_ctx *ctx)
{
	if (!ctx)
		return;
	LEAT_INVARIANT(leat__load_relaxed(&ctx->refs) != 0);
	if (!leat__ctx_is_done(ctx))
		leat__ctx_end(ctx, LEAT_ECANCELED);
	leat__ctx_stop_timer(ctx);
	leat__store_relaxed(&ctx->is_destroyed, 1);
	leat__ctx_release(ctx);
}

const char *
leat__ctx_where(const struct leat_ctx *ctx)
{
	const char *where = ctx->where ? ctx->where : "?";
	const char *slash = strrchr(where, '/');

	return slash ? slash + 1 : where;
}
