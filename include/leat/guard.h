/*
 * leat/guard.h -- hooks: functions around the calls of a stage that knows
 * nothing of them; and the guards that are made of hooks.
 *
 *	@retry(max=5, base=100ms) @rate(items=1000) http.send ...
 *
 * The first that is written stands outermost. Around each call of a stage
 * (produce, process, finish):
 *
 *	before   of all, from the outermost on; one may refuse the call
 *	         the stage
 *	after    of those whose before went well, from the innermost on
 *	on_error of the same, if the call failed: it may say again
 *
 * A stage's hooks can be exchanged while it runs: a call has the old ones or
 * the new ones, whole, and nobody waits.
 */
#ifndef LEAT_GUARD_H
#define LEAT_GUARD_H

#include <leat/base.h>
#include <leat/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_graph;
struct leat_hook; /* one that stands at a stage */

/** before or on_error may wait: the stage gets a thread of its own. */
#define LEAT_HOOK_WAITS (1u << 0)
/** on_error may return LEAT_AGAIN: refused at other stages than those with
 * LEAT_STAGE_REPEATS. */
#define LEAT_HOOK_REPEATS (1u << 1)

/** From on_error: call the stage, and the hooks inside, once more. */
#define LEAT_AGAIN 2
/**
 * From before: the frame is not given to the stage; its records are counted as
 * shed. From on_error, at a stage with LEAT_STAGE_REPEATS: it is given up; they
 * are counted as failed. Elsewhere, and of a call without a frame, or one that
 * goes on with a frame (LEAT_MORE), or has emitted, the failure stands.
 */
#define LEAT_SHED 3

/** Which callback of the stage. */
enum leat_call_kind {
	LEAT_CALL_PRODUCE = 0,
	LEAT_CALL_PROCESS,
	LEAT_CALL_FINISH
};

/** What is called. */
struct leat_call {
	const struct leat_frame *frame; /* in hand; NULL in produce, finish,
					   and once the stage has taken it */
	uint64_t n_items; /* of the frame in hand; in after of a source those
			     that it emitted */
	uint64_t n_bytes;
	uint32_t n_attempts; /* of this hook, with this one; from 1 */
	uint32_t is_more;    /* the stage has begun with this frame before */
	uint32_t kind;       /* enum leat_call_kind */
	uint32_t reserved;
	const struct leat_error *error; /* in on_error */
};

/** A hook. Its callbacks run at once on several threads if its stage is
 * replicated. All but the name may be left zero. */
struct leat_hook_ops {
	uint32_t size;  /* by LEAT_HOOK_OPS_INIT(name) */
	uint32_t flags; /* LEAT_HOOK_*; unknown bits are refused */
	const char *name;
	const char *summary;  /* one line for lists */
	const char *help;     /* paragraphs; may be NULL */
	uint32_t state_bytes; /* private state, zeroed before init */
	uint32_t opts_bytes;  /* size of its options struct, 0 = no options */
	const struct leat_option *options; /* ends with a NULL name */

	/** Check options, fill the state. LEAT_OK or a code with
	 * leat_hook_fail(). */
	int (*init)(struct leat_hook *hook, const void *opts);
	/** LEAT_OK, LEAT_SHED, or a code: the call is refused, and fails. */
	int (*before)(struct leat_hook *hook, const struct leat_call *call);
	/** What came of it: LEAT_OK, LEAT_MORE, LEAT_EOS, or a code. */
	void (*after)(
		struct leat_hook *hook, const struct leat_call *call, int rc);
	/** rc, LEAT_AGAIN, LEAT_SHED, or another code. Not for codes of the
	 * class EXPECTED but LEAT_ETIMEDOUT and LEAT_ECLOSED. */
	int (*on_error)(
		struct leat_hook *hook, const struct leat_call *call, int rc);
	void (*fini)(struct leat_hook *hook);
};

#define LEAT_HOOK_OPS_INIT(hook_name)                                          \
	.size = (uint32_t)sizeof(struct leat_hook_ops), .name = (hook_name)

#define LEAT_HOOKS_MAX 16u /* at one stage */

/** One of the hooks of leat_stage_set_hooks(). */
struct leat_hook_step {
	const struct leat_hook_ops *ops;
	const void *opts; /* NULL = defaults; strings are copied */
};

/**
 * Put hooks around a stage, instead of those it has. Any time before the graph
 * has ended, from any thread; while it runs, calls that are under way end with
 * the old ones.
 *
 * @param hooks  the outermost first; n_hooks 0 = none                  [lent]
 *
 * @return LEAT_OK, or
 *   LEAT_EINVAL  bad ops, an option outside its range, what init says;
 *                LEAT_HOOK_REPEATS at a stage that cannot be called again;
 *                while it runs, LEAT_HOOK_WAITS at one without a thread
 *   LEAT_ENOTSUP ops or opts of a newer version
 *   LEAT_ELIMIT  over LEAT_HOOKS_MAX
 *   LEAT_ESTATE  the graph has ended
 *   LEAT_ENOMEM
 * On an error the stage has the hooks that it had.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_set_hooks(struct leat_stage *stage,
	const struct leat_hook_step *hooks, uint32_t n_hooks,
	struct leat_error *err);

/** What the hooks of a stage have done so far. */
struct leat_hook_stats {
	const char *name; /* of the hook                              [lent] */
	uint64_t n_again;
	uint64_t n_shed;    /* frames, by before or on_error */
	uint64_t n_refused; /* calls that before failed */
	uint64_t wait_ns;   /* in leat_call_wait() */
};

/**
 * Of hook k, the outermost is 0, of the stage with this number.
 *
 * @return LEAT_OK, LEAT_EINVAL: there is none.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_hook_stats(
	const struct leat_graph *graph, uint32_t stage, uint32_t k,
	struct leat_hook_stats *stats_out);

/* ---- for use in callbacks ------------------------------------------------ */

/** The state_bytes of private state. [lent] */
LEAT_API void *leat_hook_state(struct leat_hook *hook);

/** A full-size copy of the options. [lent] */
LEAT_API const void *leat_hook_opts(const struct leat_hook *hook);

/** The name of the stage that it stands at. */
LEAT_API const char *leat_hook_stage(const struct leat_hook *hook);

/** In init: what these options make of the ops' flags, to be changed there.
 * [lent] */
LEAT_API uint32_t *leat_hook_flags(struct leat_hook *hook);

/** 64 random bits. */
LEAT_API uint64_t leat_hook_random(struct leat_hook *hook);

/** In init: say why, and hand the code back. */
LEAT_API LEAT_PRINTF(3, 4) int leat_hook_fail(
	struct leat_hook *hook, int code, const char *format, ...);

/**
 * Of LEAT_HOOK_WAITS, in before and on_error: wait until a moment.
 *
 * @param until_ns  of the clock of leat_now_ns()
 *
 * @return LEAT_OK, or LEAT_ECANCELED: the run ends, and so should the call.
 */
LEAT_API LEAT_MUST_CHECK int leat_call_wait(
	const struct leat_call *call, int64_t until_ns);

/**
 * In before: what the stage waits for inside this call ends by then, with
 * LEAT_ETIMEDOUT; so does its context. Of several the earliest counts, unless
 * is_reset: then those of hooks outside do not.
 *
 * @param deadline_ns  of the clock of leat_now_ns()
 */
LEAT_API void leat_call_set_deadline(
	const struct leat_call *call, int64_t deadline_ns, bool is_reset);

/** In before and on_error: say why, and hand the code back. In on_error the
 * text goes behind that of the failure. */
LEAT_API LEAT_PRINTF(3, 4) int leat_call_fail(
	const struct leat_call *call, int code, const char *format, ...);

/* ---- guards -------------------------------------------------------------- */

/** retry: a call that failed is made again, after a while. */
LEAT_API extern const struct leat_hook_ops leat_retry_ops;

/** mode of struct leat_retry_opts: d, the longest delay before attempt k + 1 */
enum leat_retry_mode {
	LEAT_RETRY_EXPONENTIAL = 0, /* min(cap, base * factor^(k-1)) */
	LEAT_RETRY_FIXED,           /* base */
	LEAT_RETRY_FULL             /* as exponential, with jitter = 1 */
};

/** The delay is drawn from d * (1 - jitter) to d. */
struct leat_retry_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_retry_opts) */
	uint32_t flags;
	uint64_t max;     /* attempts in all; 0 = 3 */
	int64_t base_ns;  /* 0 = 100 ms */
	int64_t cap_ns;   /* 0 = 30 s */
	double factor;    /* 0 = 2 */
	double jitter;    /* 0 to 1 */
	int64_t total_ns; /* no attempt begins later than so long after the
			     first; 0 = no limit */
	uint32_t mode;    /* enum leat_retry_mode */
	uint32_t reserved;
};

/** rate: so many records or bytes a second, and not more. */
LEAT_API extern const struct leat_hook_ops leat_rate_ops;

struct leat_rate_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_rate_opts) */
	uint32_t flags;
	uint64_t items;   /* a second; 0 = any number */
	uint64_t bytes;   /* a second; 0 = any number */
	int64_t burst_ns; /* so much time's worth may come at once after a
			     pause; 0 = 100 ms */
	uint32_t over;    /* 0 = wait, 1 = shed */
	uint32_t reserved;
};

/** breaker: no calls for a while where too many fail. */
LEAT_API extern const struct leat_hook_ops leat_breaker_ops;

struct leat_breaker_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_breaker_opts) */
	uint32_t flags;
	uint64_t share;    /* of the calls that failed, percent; 0 = 50 */
	uint64_t calls;    /* fewer say nothing; 0 = 20 */
	int64_t window_ns; /* that is looked back on; 0 = 10 s */
	int64_t pause_ns;  /* open for so long; 0 = 5 s */
	uint64_t probes;   /* calls that must go well to close it; 0 = 1 */
	uint32_t open;     /* while it is: 0 = fail, 1 = wait, 2 = shed */
	uint32_t reserved;
};

/** timeout: what the stage waits for in one call ends after a while. */
LEAT_API extern const struct leat_hook_ops leat_timeout_ops;

struct leat_timeout_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_timeout_opts) */
	uint32_t flags;
	int64_t after_ns;  /* more than 0 */
	uint32_t is_reset; /* 1: those of guards outside do not count */
	uint32_t reserved;
};

#ifdef __cplusplus
}
#endif
#endif
