/*
 * ctx/node.h -- what a context is made of, for the files of this folder.
 *
 * Locks: a context's lock guards its list of children, their links to each
 * other, and its callbacks. None is held while a callback runs. Who ends the
 * children of a context takes the lock of each below the context's; setting or
 * ending a deadline takes the timers' lock, which nobody holds while taking
 * another, below the context's. Otherwise one lock is held at a time.
 */
#ifndef LEAT_SRC_CTX_NODE_H
#define LEAT_SRC_CTX_NODE_H

#include "ctx/ctx.h"

enum ctx_state { CTX_LIVE = 0, CTX_DONE = 1 };

struct ctx_root;

/* Why; shared by all that end for it. */
struct ctx_cause {
	uint32_t refs;        /* atomic, if it is allocated */
	uint32_t is_constant; /* one for each code: not counted, not freed */
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

/* A deadline of one's own; in a slot like a context's. */
struct ctx_timer {
	struct leat_ctx *ctx;
	struct leat__timer timer;
};

struct leat_ctx {
	uint32_t state; /* enum ctx_state; atomic */
	uint32_t refs;  /* owner, all children together, walks; atomic */
	struct leat__lock lock; /* guards what is marked L */
	uint8_t is_awaited;     /* L: somebody waits for a call to return */
	uint8_t is_destroyed;   /* by its owner; atomic */
	struct ctx_root *root;
	struct leat_ctx *parent;
	struct leat_ctx *children; /* L: first, newest; atomic for a look */
	struct leat_ctx *next;     /* sibling: parent's L; in the free list */
	struct leat_ctx *prev;     /* sibling: parent's L */
	struct ctx_cause *cause;   /* written before state is CTX_DONE */
	struct leat_ctx *walk; /* next to be told, of who ended it; or NULL */
	struct leat_ctx_after *afters; /* L: first; its prev is the last;
					  atomic for a look */
	struct ctx_call *calls;        /* L */
	struct ctx_value *values;      /* newest; atomic */
	int64_t deadline_ns;           /* its own; changes under L; atomic */
	struct ctx_timer *timer;       /* L; NULL = never had a deadline */
	const char *where;             /* created; NULL = unknown */
	uint32_t n_returned; /* calls that returned; atomic, a park word */
	uint32_t n_children; /* L */
};

_Static_assert(sizeof(struct leat_ctx) <= 128, "promised in leat/ctx.h");
_Static_assert(offsetof(struct leat_ctx, state) == 0 && CTX_LIVE == 0,
	"leat__ctx_is_done() reads it there");
_Static_assert(sizeof(struct ctx_timer) <= sizeof(struct leat_ctx),
	"a timer has the place of a context");

struct ctx_slab;

struct ctx_root {
	struct leat_ctx ctx; /* the root itself */
	const struct leat__env *env;
	struct leat_ctx *given;    /* chained by next; atomic */
	struct leat__lock lock;    /* guards all below */
	uint32_t n_fresh;          /* of the newest slab, never used yet */
	struct leat_ctx *recycled; /* those that were given before; as given */
	struct ctx_slab *slabs;    /* newest */
	struct leat__timers
		*timers; /* with the first deadline; then constant */
};

/* ---- ctx.c ------------------------------------------------------------------ */

/* Memory for a context, as it was left; NULL = none. */
struct leat_ctx *leat__ctx_root_take(struct ctx_root *root);
void leat__ctx_root_give(struct ctx_root *root, struct leat_ctx *ctx);

void leat__ctx_retain(struct leat_ctx *ctx);
/* The last one frees it, and lets go of what is above. */
void leat__ctx_release(struct leat_ctx *ctx);

/* End a context and all below it with the constant cause of a code. */
void leat__ctx_end(struct leat_ctx *ctx, int code);

/*
 * The child after one that is held (NULL = the first), itself to be released;
 * NULL = no more. Those that stay while one steps from each to the next are
 * met once; children that come meanwhile are not.
 */
struct leat_ctx *leat__ctx_next_child(
	struct leat_ctx *parent, const struct leat_ctx *child);

/*
 * The context after one in the tree below top, parents first, and its depth
 * below top; NULL = that was the last. Releases ctx, unless it is top, and
 * gives a held one. No lock is kept, and nothing but the one it stands on.
 */
struct leat_ctx *leat__ctx_next_below(
	const struct leat_ctx *top, struct leat_ctx *ctx, uint32_t *depth);

/* "job.c:41" of "/src/job.c:41", or "?" */
const char *leat__ctx_where(const struct leat_ctx *ctx);

/* ---- after.c ---------------------------------------------------------------- */

/* Call all callbacks of a context that the caller has ended. */
void leat__ctx_call_afters(struct leat_ctx *ctx);
/* Is it the node of a struct leat__ctx_wait? */
bool leat__ctx_after_is_wait(const struct leat_ctx_after *node);

/* ---- deadline.c ------------------------------------------------------------- */

/* As leat_ctx_set_deadline, with a text of what there was no memory for. */
LEAT_MUST_CHECK int leat__ctx_set_deadline(
	struct leat_ctx *ctx, int64_t deadline_ns, struct leat_error *err);
/* Under the lock of a context that ends: its timer need not fire any more. */
void leat__ctx_disarm(struct leat_ctx *ctx);
/* Wait until its timer does not run, and free it. */
void leat__ctx_stop_timer(struct leat_ctx *ctx);

/* ---- value.c ---------------------------------------------------------------- */

void leat__ctx_end_values(struct leat_ctx *ctx);
/* Given by leat_ctx_set_name; NULL = none. */
const char *leat__ctx_name(const struct leat_ctx *ctx);
/* Is it the key of names? */
bool leat__ctx_key_is_name(const struct leat_ctx_key *key);

#endif
