/*
 * leat/ctx.h -- the context tree: cancellation, deadlines, causes, values.
 *
 * Every wait in leat hangs on a context. Cancelling one ends it and all below
 * it; the first cause wins and is inherited. Of deadlines the earliest on the
 * way to the root counts.
 *
 *	struct leat_ctx *job, *step;
 *	leat_ctx_create(&job, NULL);
 *	leat_ctx_child(job, leat_now_ns() + 5000000000, &step, NULL);
 *	...
 *	leat_ctx_cancel(job, LEAT_ECANCELED, "stopped by the user");
 *	assert(leat_ctx_is_done(step));
 *	leat_ctx_destroy(step);
 *	leat_ctx_destroy(job);
 */
#ifndef LEAT_CTX_H
#define LEAT_CTX_H

#include <stdbool.h>

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_ctx;

/** A typed key: its address is the key, its type the contract. */
struct leat_ctx_key {
	const char *name; /* for dumps */
};

/** Called once when a context ends; on the thread that ended it. */
typedef void (*leat_ctx_after_fn)(struct leat_ctx *ctx, void *user);

/**
 * An after-callback's place, in the caller's memory; it stays there until
 * the callback ran or leat_ctx_after_stop() returned true.
 */
struct leat_ctx_after {
	leat_ctx_after_fn fn;
	void *user;
	struct leat_ctx_after *next; /* private */
	struct leat_ctx_after *prev; /* private */
	uint32_t state;              /* private */
};

/**
 * Create a root context: no deadline, no values.
 *
 * @param ctx_out  the context, to be ended by leat_ctx_destroy()     [given]
 * @param err      text on failure, or NULL
 *
 * @return LEAT_OK, or LEAT_ENOMEM.
 *
 * Threads: any. Waits: no. Allocates: yes. Cost: O(1).
 */
#define leat_ctx_create(ctx_out, err)                                          \
	leat_ctx_create_at((ctx_out), (err), LEAT_WHERE)

/**
 * As leat_ctx_create, for callers that have no macros.
 * @param where  "job.c:41", for dumps; kept by address; NULL = unknown
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_create_at(
	struct leat_ctx **ctx_out, struct leat_error *err, const char *where);

/**
 * Create a context below another. It ends when the parent ends; one created
 * below an ended parent has ended already, with the same cause.
 *
 * @param parent       kept alive by the child until that is destroyed [shared]
 * @param deadline_ns  absolute, on leat_now_ns(); LEAT_NEVER = only those
 *                     above it. When it passes the context ends with
 *                     LEAT_ETIMEDOUT.
 * @param ctx_out      the child, to be ended by leat_ctx_destroy()   [given]
 * @param err          text on failure, or NULL
 *
 * @return LEAT_OK, or LEAT_ENOMEM.
 *
 * Threads: any. Waits: no. Allocates: at most 128 bytes, and as much again
 * for a deadline. Cost: O(1), also of the timer of a deadline.
 * Source: Go's context package (WithDeadline, AfterFunc, Cause).
 */
#define leat_ctx_child(parent, deadline_ns, ctx_out, err)                      \
	leat_ctx_child_at((parent), (deadline_ns), (ctx_out), (err), LEAT_WHERE)

/** As leat_ctx_child; where as in leat_ctx_create_at. */
LEAT_API LEAT_MUST_CHECK int leat_ctx_child_at(struct leat_ctx *parent,
	int64_t deadline_ns, struct leat_ctx **ctx_out, struct leat_error *err,
	const char *where);

/**
 * End one's hold on a context. It is cancelled first if it has not ended, so
 * that nothing below it waits for ever. NULL is accepted.
 */
LEAT_API void leat_ctx_destroy(struct leat_ctx *ctx);

/**
 * End a context and all below it. The first call wins; later ones do nothing.
 *
 * @param code  a negative LEAT_ code, usually LEAT_ECANCELED
 * @param text  copied; NULL = the text of the code                     [lent]
 *
 * Threads: any. Waits: no. Cost: O(contexts below).
 * Order:   what was written before the call happens before is_done() = true.
 */
LEAT_API void leat_ctx_cancel(struct leat_ctx *ctx, int code, const char *text);

/** As leat_ctx_cancel, but with a whole error as the cause. [lent] */
LEAT_API void leat_ctx_fail(
	struct leat_ctx *ctx, const struct leat_error *cause);

/** Has it ended? One load. */
LEAT_API bool leat_ctx_is_done(const struct leat_ctx *ctx);

/**
 * The first reason why it ended.
 *
 * @param cause_out  filled on a negative result; NULL allowed
 * @return LEAT_OK while it lives, else the cause's code.
 */
LEAT_API int leat_ctx_cause(
	const struct leat_ctx *ctx, struct leat_error *cause_out);

/**
 * The earliest deadline on the way to the root, itself included; LEAT_NEVER =
 * none. Cost: O(depth).
 */
LEAT_API int64_t leat_ctx_deadline_ns(const struct leat_ctx *ctx);

/**
 * Give a context another deadline of its own, earlier or later.
 *
 * Of the deadlines on the way to the root the earliest counts, at any moment:
 * a deadline later than the parent's is kept, and takes effect if the parent's
 * is moved behind it; contexts below that have none of their own follow the
 * change at once, those that have one keep it as well.
 *
 * @param deadline_ns  as in leat_ctx_child; one that has passed ends the
 *                     context before this returns; LEAT_NEVER = none any more
 *
 * @return LEAT_OK, or
 *   LEAT_ESTATE  it has ended, or its deadline passes at this moment
 *   LEAT_ENOMEM  no memory or no thread for its first deadline; it keeps what
 *                it had
 *
 * Threads: any. Waits: no. Allocates: for the first deadline. Cost: O(1).
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_set_deadline(
	struct leat_ctx *ctx, int64_t deadline_ns);

/**
 * Attach a value to a context, seen by it and all that are created below.
 *
 * @param key    its address is the identity                            [lent]
 * @param value  passed back by leat_ctx_value()                        [lent]
 * @param end    called with value when the context is freed; NULL = nothing
 *
 * @return LEAT_OK, LEAT_ENOMEM, or LEAT_ESTATE if this context already
 * carries the key.
 *
 * Threads: the one that owns ctx. Allocates: yes.
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_set_value(struct leat_ctx *ctx,
	const struct leat_ctx_key *key, void *value, void (*end)(void *));

/**
 * Give a context a name for dumps.
 *
 * @param text  copied                                                  [lent]
 *
 * @return LEAT_OK, LEAT_ENOMEM, or LEAT_ESTATE if it has a name.
 *
 * Threads: the one that owns ctx. Allocates: yes.
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_set_name(
	struct leat_ctx *ctx, const char *text);

/** The nearest value of a key on the way to the root; NULL = none. [lent] */
LEAT_API void *leat_ctx_value(
	const struct leat_ctx *ctx, const struct leat_ctx_key *key);

/**
 * Call fn(ctx, user) once when ctx ends; at once if it has ended.
 *
 * @param node  fn and user filled by the caller                        [lent]
 *
 * Threads: any. Waits: no. The callback must not wait and must not destroy
 * ctx or one above it; it may cancel other contexts.
 */
LEAT_API void leat_ctx_after(struct leat_ctx *ctx, struct leat_ctx_after *node);

/**
 * Take an after-callback back.
 *
 * @return true if it will not be called; false if it was, or is being called
 * right now, in which case this waits until that call has returned. So after
 * it the node's memory is free to be reused, either way. Must not be called
 * from the callback itself.
 */
LEAT_API bool leat_ctx_after_stop(
	struct leat_ctx *ctx, struct leat_ctx_after *node);

/**
 * Wait until the context ends.
 *
 * @return LEAT_OK when it has ended, LEAT_ETIMEDOUT if deadline_ns came first.
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_wait(
	struct leat_ctx *ctx, int64_t deadline_ns);

/**
 * Write the tree below a context, itself included: for each its state, name,
 * cause, place of creation, own deadline, number of children, names of its
 * values' keys, callbacks, and who waits for what, since when.
 *
 * Text is one context a line, indented by depth; JSON an object of an array
 * "contexts", parents first, each with its "depth", and of "n_left_out". The
 * tree may change meanwhile: a context that is there from beginning to end is
 * met exactly once. Of one context 8 waits are described, and 4096 callbacks
 * and waits looked at.
 *
 * @param flags         0, or LEAT_DUMP_JSON
 * @param max_contexts  the rest is counted, not written; 0 = 1000
 * @param write         called with pieces of at most 512 bytes, without locks
 *
 * @return LEAT_OK, or LEAT_EINVAL for unknown flags.
 *
 * Threads: any. Waits: no. Allocates: no. Cost: O(contexts below). A context
 * that is destroyed meanwhile may be freed, and its values ended, by this call.
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_dump(struct leat_ctx *ctx, uint32_t flags,
	uint64_t max_contexts, leat_write_fn write, void *user);

/**
 * Was all given back below a context? For the end of a program or a test.
 *
 * @param ctx  itself not counted, but for its callbacks                [lent]
 *
 * @return LEAT_OK, or LEAT_ESTATE with a text that counts what was not: the
 * contexts that are not destroyed by where they were created, callbacks that
 * neither ran nor were taken back, and armed timers.
 *
 * Threads: any; exact when nobody else uses the tree. Allocates: no.
 * Cost: O(contexts below).
 */
LEAT_API LEAT_MUST_CHECK int leat_ctx_leaks(
	struct leat_ctx *ctx, struct leat_error *err);

#ifdef __cplusplus
}
#endif
#endif
