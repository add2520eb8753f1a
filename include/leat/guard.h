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
#include <leat/graph.h>
#include <leat/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_hook; /* one that stands at a stage */

/** before or on_error may wait: the stage gets a thread of its own. */
#define LEAT_HOOK_WAITS (1u << 0)
/** on_error may return LEAT_AGAIN: refused at other stages than those with
 * LEAT_STAGE_REPEATS. */
#define LEAT_HOOK_REPEATS (1u << 1)
/** before may drop records of the frame, see leat_call_frame(): the stage gets
 * frames that nobody else reads. */
#define LEAT_HOOK_IN_PLACE (1u << 2)
/** Its state goes with the order of the frames: the stage is not run by several
 * workers at once. */
#define LEAT_HOOK_ALONE (1u << 3)
/** on_error may return LEAT_ELSEWHERE: the stage gets one more out, behind its
 * own, see leat_stage_fallback(). */
#define LEAT_HOOK_FALLS_BACK (1u << 4)
/** Its callbacks may return LEAT_SHED for records that nothing is wrong with,
 * as it is set up. */
#define LEAT_HOOK_SHEDS (1u << 5)

/** From on_error: call the stage, and the hooks inside, once more. */
#define LEAT_AGAIN 2
/**
 * From before: the frame is not given to the stage; its records are counted as
 * shed. From on_error, at a stage with LEAT_STAGE_REPEATS: it is given up; they
 * are counted as failed. Elsewhere, and of a call without a frame, or one that
 * goes on with a frame (LEAT_MORE), or has emitted, the failure stands.
 */
#define LEAT_SHED 3
/**
 * From on_error of LEAT_HOOK_FALLS_BACK: the frame goes to the stage's fallback
 * out. Where the stage was not called with it, or has LEAT_STAGE_REPEATS;
 * elsewhere as LEAT_SHED.
 */
#define LEAT_ELSEWHERE 4

/** Which callback of the stage. */
enum leat_call_kind {
	LEAT_CALL_PRODUCE = 0,
	LEAT_CALL_PROCESS,
	LEAT_CALL_FINISH
};

/** In on_error: the stage was not called, a hook inside refused. */
#define LEAT_CALL_REFUSED (1u << 0)
/** Of a stage with one instance: its calls come one after the other. */
#define LEAT_CALL_ALONE (1u << 1)

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
	uint32_t flags;      /* LEAT_CALL_* */
	const struct leat_error *error; /* in on_error */
};

/** How it stands with a stage and its graph; shares are 0 to 1. */
struct leat_call_load {
	uint32_t size; /* filled by the library */
	uint32_t reserved;
	double queue;  /* of the places where frames wait for the stage's
			  segment, those that are taken */
	double memory; /* of the pool's bytes that were proved, those in use */
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
	/** How it stands, for who looks on: the state of a breaker (0 closed,
	 * 1 open, 2 half open), the level of shed, the calls inside a bulkhead.
	 * From any thread, beside its calls. NULL: it has nothing to say. */
	uint64_t (*level)(struct leat_hook *hook);
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
	uint64_t n_shed;      /* frames, by before or on_error */
	uint64_t n_refused;   /* calls that before failed */
	uint64_t wait_ns;     /* in leat_call_wait() */
	uint64_t n_elsewhere; /* frames that went to the fallback */
	uint64_t level;       /* as the hook says */
	uint64_t has_level;   /* 0: it does not */
};

/**
 * Of hook k, the outermost is 0, of the stage with this number.
 *
 * @return LEAT_OK, LEAT_EINVAL: there is none.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_hook_stats(
	const struct leat_graph *graph, uint32_t stage, uint32_t k,
	struct leat_hook_stats *stats_out);

/* ---- change, while it runs ----------------------------------------------- */

#define LEAT_CHANGES_KEPT      64 /* older ones are forgotten */
#define LEAT_CHANGE_WORD_BYTES 32
#define LEAT_CHANGE_TEXT_BYTES 160

/** What has changed at a hook: an option, by somebody; or a guard's state. */
struct leat_change {
	uint64_t number; /* from 1, over the whole graph */
	int64_t at_ns;   /* leat_now_ns() */
	char stage[64];
	char hook[LEAT_CHANGE_WORD_BYTES];
	uint32_t k;     /* of the stage's hooks, the outermost is 0 */
	uint32_t is_by; /* 1: an option; `who` has set it. 0: a state */
	char what[LEAT_CHANGE_WORD_BYTES];   /* "items", "level", "state" */
	char who[LEAT_CHANGE_WORD_BYTES];    /* "" of a state */
	char before[LEAT_CHANGE_WORD_BYTES]; /* as text; "" = the default */
	char after[LEAT_CHANGE_WORD_BYTES];
	char why[LEAT_CHANGE_TEXT_BYTES]; /* of a state: its numbers */
};

/**
 * Change an option of a hook. Any time before the graph has ended, from any
 * thread. The stage's hooks are exchanged for others that differ in this; what
 * they keep by leat_hook_keep() goes on.
 *
 * @param k       the outermost is 0
 * @param value   as in the graph's text; "" = the default
 * @param who     for the record: who asks for it; NULL = ""            [lent]
 *
 * @return as leat_stage_set_hooks, and LEAT_EINVAL: no such hook or option.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_set_hook_option(
	struct leat_stage *stage, uint32_t k, const char *option,
	const char *value, const char *who, struct leat_error *err);

/**
 * Changes that came after one that is known, oldest first. From any thread.
 *
 * @param after  number of the last one that is known; 0 = none
 * @return how many were stored, at most n_max.
 */
LEAT_API uint32_t leat_graph_changes(const struct leat_graph *graph,
	uint64_t after, struct leat_change *changes_out, uint32_t n_max);

/** The out of a stage with a hook of LEAT_HOOK_FALLS_BACK that its frames go
 * to, for leat_graph_link(); stage NULL = it has none. */
LEAT_API struct leat_end leat_stage_fallback(struct leat_stage *stage);

/* ---- for use in callbacks ------------------------------------------------ */

/** The state_bytes of private state. [lent] */
LEAT_API void *leat_hook_state(struct leat_hook *hook);

/** A full-size copy of the options. [lent] */
LEAT_API const void *leat_hook_opts(const struct leat_hook *hook);

/** As leat_stage_now_ns(). */
LEAT_API int64_t leat_hook_now_ns(const struct leat_hook *hook);

/** The name of the stage that it stands at. */
LEAT_API const char *leat_hook_stage(const struct leat_hook *hook);

/** In init: what these options make of the ops' flags, to be changed there.
 * [lent] */
LEAT_API uint32_t *leat_hook_flags(struct leat_hook *hook);

/**
 * In init: memory that outlives this hook, zeroed when it is new: the hook that
 * takes its place in the stage's set gets the same. With a name all hooks of
 * the graph with these ops and this name have it in common; so have the hooks
 * of copies in parallel { } without one. Several threads may be in it at once.
 * It counts as side memory of the plan: what is added while the graph runs
 * finds room only in what was there before.
 *
 * @param name        NULL = this stage's alone                        [lent]
 * @param memory_out  as long as a hook has it                         [lent]
 *
 * @return LEAT_OK, LEAT_ELIMIT (it is there, and smaller; or the graph has been
 * checked), LEAT_ENOMEM; said by leat_hook_fail().
 */
LEAT_API LEAT_MUST_CHECK int leat_hook_keep(struct leat_hook *hook,
	const char *name, size_t n_bytes, void **memory_out);

/**
 * A state has changed: keep it for leat_graph_changes(). In any callback but
 * init.
 */
LEAT_API LEAT_PRINTF(5, 6) void leat_hook_tell(struct leat_hook *hook,
	const char *what, const char *before, const char *after,
	const char *why, ...);

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
 * @return LEAT_OK, or a code that the callback should hand back:
 *   LEAT_ECANCELED  the run ends, and so should the call
 *   LEAT_ETIMEDOUT  so should it by its own deadline (see below)
 *   LEAT_EOS        of produce: the run is drained, and the source ends
 */
LEAT_API LEAT_MUST_CHECK int leat_call_wait(
	const struct leat_call *call, int64_t until_ns);

/**
 * As leat_call_wait, for what need not wait for long: a drain ends it with
 * LEAT_OK (of produce with LEAT_EOS), and then it does not wait at all.
 */
LEAT_API LEAT_MUST_CHECK int leat_call_pause(
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

/**
 * Of LEAT_HOOK_WAITS, in before: wait until leat_call_wake() is called with the
 * same word, or a moment comes.
 *
 * @param word      the hook's own, atomic; it waits only while it is `is`
 * @param until_ns  of the clock of leat_now_ns(); LEAT_NEVER = no limit
 *
 * @return LEAT_OK (for whatever reason: look again), or as leat_call_wait.
 */
LEAT_API LEAT_MUST_CHECK int leat_call_wait_word(const struct leat_call *call,
	const uint32_t *word, uint32_t is, int64_t until_ns);

/** In any callback but init: *word has changed; whoever waits for it in this
 * graph looks again. */
LEAT_API void leat_call_wake(
	const struct leat_call *call, const uint32_t *word);

/** In before: a number of the hook's own for this call; in after and on_error
 * leat_call_mark() is what it was set to, or 0. */
LEAT_API void leat_call_set_mark(const struct leat_call *call, int64_t mark);
LEAT_API int64_t leat_call_mark(const struct leat_call *call);

/** How full are the queue before the stage and the pool? Some 100 ns. */
LEAT_API void leat_call_look(
	const struct leat_call *call, struct leat_call_load *load_out);

/** Of LEAT_HOOK_IN_PLACE, in before: the frame, to drop records of it. The
 * library counts them as shed. [lent] */
LEAT_API struct leat_frame *leat_call_frame(const struct leat_call *call);

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
	uint64_t last; /* of the window no more calls count; 0 = any number */
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

/** bulkhead: so many calls at once, and not more. */
LEAT_API extern const struct leat_hook_ops leat_bulkhead_ops;

struct leat_bulkhead_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_bulkhead_opts) */
	uint32_t flags;
	uint64_t n;       /* calls at once; more than 0 */
	const char *name; /* all in the graph that give it count together; ""
			     = the stage's own */
	uint64_t waiting; /* most that wait at once; 0 = 16 */
	int64_t wait_ns;  /* for so long at most; 0 = no limit */
	uint32_t full;    /* 0 = wait, 1 = fail, 2 = shed */
	uint32_t late;    /* too many wait, or too long: 0 = fail, 1 = shed */
};

/** fallback: what guards inside refuse, or what fails, goes another way. */
LEAT_API extern const struct leat_hook_ops leat_fallback_ops;

struct leat_fallback_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_fallback_opts) */
	uint32_t flags;
	uint32_t on; /* 0 = any failure but bugs, 1 = what guards refuse */
	uint32_t reserved;
};

/** dedup: records that have been dealt with are not given to the stage again.
 */
LEAT_API extern const struct leat_hook_ops leat_dedup_guard_ops;

struct leat_dedup_guard_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_dedup_guard_opts) */
	uint32_t flags;
	const char *by;    /* columns of a table, with commas; "" = all */
	uint64_t keys;     /* that are remembered; 0 = 100 000 */
	int64_t within_ns; /* for so long; 0 = no limit */
};

/** shed: less is let through, in three levels, while it is too much. */
LEAT_API extern const struct leat_hook_ops leat_shed_ops;

/** A level is entered when one of its thresholds is reached. */
struct leat_shed_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_shed_opts) */
	uint32_t flags;
	const char *p99;    /* of the calls' time, of each level: "a,b,c"; ""
			       = is not looked at */
	const char *queue;  /* percent; "" = "70,85,95" */
	const char *memory; /* percent; "" = "80,90,97" */
	uint64_t share;     /* of the records worth least, that level 1 sheds,
			       percent; 0 = 30 */
	uint64_t low;       /* frames of a priority up to this are worth least
			     */
	uint64_t critical;  /* level 3 passes those from this on; 0 =
			       LEAT_FRAME_PRIORITY_MAX */
	uint32_t optional;  /* 1: level 2 passes nothing */
	uint32_t reserved;
	uint64_t back;     /* percent below its thresholds, at which a level is
			      left; 0 = 20 */
	int64_t window_ns; /* between two looks; 0 = 100 ms */
	int64_t dwell_ns;  /* as long as all was below that; 0 = 1 s */
};

/**
 * isolate: the stage runs in a process of its own, over the same slots. Filters
 * with one in and one out, and sinks; set before the graph is checked. From
 * open on its callbacks run in a copy of this process that was made by
 * leat_graph_start(), with the files 0 to 2 alone; what they change elsewhere
 * in memory stays there. What is promised: docs/decisions, 38 to 40.
 */
LEAT_API extern const struct leat_hook_ops leat_isolate_ops;

struct leat_isolate_opts {
	uint32_t size; /* by LEAT_OPTS_INIT(leat_isolate_opts) */
	uint32_t flags;
	int64_t hang_ns;    /* no answer for so long; 0 = 30 s */
	uint64_t restarts;  /* processes that may follow the first; 0 = 1000 */
	int64_t base_ns;    /* wait before the next one; 0 = 10 ms */
	int64_t cap_ns;     /* it doubles up to this; 0 = 5 s */
	uint32_t restart;   /* 0 = if it is stateless, 1 = never */
	uint32_t on_poison; /* a record that ends it twice: 0 = by on_error, or
			       1 + enum leat_on_error */
	uint64_t window;    /* frames on their way at once; 0 = 8, or 2 */
};

#ifdef __cplusplus
}
#endif
#endif
