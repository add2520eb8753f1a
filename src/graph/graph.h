/*
 * graph/graph.h -- the graph as the library sees it: stages, links, the plan.
 *
 * Life: BUILDING (add, link, parse) -> CHECKED (plan made) -> RUNNING ->
 * ENDED. src/graph builds and checks and knows no threads; src/run runs what
 * the plan says and owns the fields under "run".
 */
#ifndef LEAT_SRC_GRAPH_GRAPH_H
#define LEAT_SRC_GRAPH_GRAPH_H

#include "base/base.h"
#include "base/histogram.h"
#include "chan/chan.h"
#include "chan/nest.h"
#include "ctx/ctx.h"
#include "env/env.h"
#include "env/pin.h"
#include "mem/mem.h"
#include <leat/graph.h>
#include <leat/guard.h>
#include <leat/stage.h>
#include <leat/stages.h>
#include <leat/trace.h>
#include <leat/watch.h>

enum leat__graph_state {
	LEAT__GRAPH_BUILDING = 0,
	LEAT__GRAPH_CHECKED,
	LEAT__GRAPH_RUNNING,
	LEAT__GRAPH_ENDED
};

/* A piece of the graph's text; n_bytes 0 = none. */
struct leat__place {
	uint32_t offset;
	uint32_t n_bytes;
};

/* Where an option's value stands in the text, for carets into the value. */
struct leat__option_place {
	struct leat__place value; /* with its quotes, if any */
	bool is_given;
};

/* Counters of one stage: one writer at a time, read from anywhere. */
struct leat__counters {
	uint64_t in_items, out_items;
	uint64_t in_bytes, out_bytes;
	uint64_t in_frames, out_frames;
	uint64_t copied_bytes;
	uint64_t counts[LEAT_COUNT_N];
	/* of those that failed */
	uint64_t dead_items, skipped_items, given_up_items;
};

struct leat__segment;
struct leat__virtual;
struct leat__parallel;
struct leat__resizes;
struct leat__handed;
struct leat__name;
struct leat__planned;

/* Which slots a frame on a link can take up, by pool class. */
struct leat__cargo {
	uint32_t frames; /* bit c: the frame itself can be of class c */
	uint32_t pins[LEAT_POOL_CLASSES_MAX]; /* slots that it keeps from going
					       */
};

/* A link of the graph, between two ends. */
struct leat__link {
	struct leat_stage *from, *to;
	uint32_t from_index, to_index;
	uint32_t
		asked_frames; /* capacity that was asked for; 0 = the graph's */
	uint32_t capacity_frames; /* what the plan made of it */
	uint64_t capacity_bytes;
	struct leat__place place; /* of the ! in the text */
	/* plan */
	uint32_t n_at_once; /* credit that its sender waits for; for who looks
			     * on: whoever comes in its place wants no more */
	bool is_fused;      /* inside a segment: no channel */
	bool is_ordered; /* leads to an ordered merge: promises are passed on */
	bool is_in_step; /* set by its sender's negotiate: gets every frame that
			    others in step get, at the same time */
	/* run */
	bool is_wanted;         /* its sender has seen that it has no credit */
	uint32_t number;        /* its index; of a run that is traced */
	uint64_t refused_items; /* sent after the receiver closed, or left over
				 */
	uint64_t last_stamp;    /* of an ordered one: of what was sent last */
	uint64_t sent_items;    /* atomic, one writer */
	struct leat__tap *tap;  /* atomic; NULL until somebody looks */
	struct leat__chan chan; /* only if not fused */
};

struct leat__hooks;
struct leat__opts;
struct leat__retired;
struct leat__keep;
struct leat__changes;
struct leat__word_wait;
struct leat__trace_lane;
struct leat__trace_node;

/* A graph that is traced: run/trace.c records, src/watch reads. */
struct leat__tracing {
	/* asked for */
	uint32_t ring_events;           /* of each thread; 0 = no events */
	uint32_t ring_spans;            /* 0 = no spans */
	uint32_t flags;                 /* LEAT_TRACE_FOLLOW, _APART */
	uint64_t sample;                /* of 2^32: frames that begin a trace */
	struct leat_trace_context root; /* the run's span */
	/* of who reads: memory, in all; before any thread of the run, when all
	 * have gone, and with the graph */
	uint64_t (*bytes)(const struct leat_graph *graph);
	int (*start)(struct leat_graph *graph, struct leat_error *err);
	void (*stop)(struct leat_graph *graph);
	void (*destroy)(struct leat_graph *graph);
	/* of the run */
	uint32_t n_lanes;
	struct leat__trace_lane *lanes; /* those of workers first */
	struct leat__trace_node *nodes; /* of all tasks */
	uint64_t *parents;              /* of nodes, links and tickets */
};

/*
 * What looks into a link: the end of a tap that senders see. It lives as long
 * as the graph does. Keeps: who wants is the reader's, who fills the sender's
 * that took it, who is full the reader's again.
 */
struct leat__tap {
	uint32_t state; /* atomic: enum leat__tap_state */
	/* its rows are to be remembered; called while the frame is held */
	void (*fill)(struct leat__tap *tap, struct leat_frame *frame);
};

enum leat__tap_state {
	LEAT__TAP_IDLE = 0,
	LEAT__TAP_WANTS, /* a frame, the next */
	LEAT__TAP_FILLS,
	LEAT__TAP_IS_FULL
};

/* A stage that runs in a process of its own: src/span. */
struct leat__isolation {
	/* the plan is about to be made: what it needs more, or why not */
	int (*fit)(struct leat_stage *st, struct leat_error *err);
	/* before anything of the run but its memory; and when all is over */
	int (*start)(struct leat_stage *st, struct leat_error *err);
	void (*stop)(struct leat_stage *st);
	/* in the child: the parent decides; NULL = not there */
	int (*reject)(struct leat_stage *st, int code,
		const struct leat_reject *reject);
	void *child;
	/* of which a record is rejected; NULL = of none that is known */
	const struct leat_frame *rejects_of;
	uint64_t n_bytes; /* beside the pool */
};

struct leat_stage {
	struct leat_graph *graph;
	struct leat_stage_ops ops; /* full-size copy, defaults filled in */
	char *name;
	uint32_t number; /* index in the graph */
	void *opts;      /* full-size copy, or NULL */
	void *state;
	struct leat_needs needs;
	uint32_t n_ins, n_outs;
	uint32_t n_options;      /* entries of ops.options */
	struct leat__link **ins; /* by index; NULL = not linked */
	struct leat__link **outs;
	struct leat__place place;                 /* of its name in the text */
	struct leat__option_place *option_places; /* by option, or NULL */
	bool is_implied; /* brought along by a file name or an open end */
	struct leat__handed *handed; /* options that are none of a source's:
				      * for the parser that its file brings */
	const struct leat_stage *bringer; /* by whose ops it was put beside it;
					   * NULL = it was not */
	bool is_wanted; /* values of tables that it emits are looked at */
	bool is_inited;
	bool is_renewing;      /* what it needs grows in init and negotiate */
	bool is_ordered_merge; /* set by its init */
	bool has_priority;     /* it was given one */
	uint32_t priority;     /* 0 = first */
	bool has_on_error;     /* it was told one */
	uint32_t on_error;     /* enum leat_on_error */
	uint64_t max_rejects;  /* of SKIP; 0 = any number */
	uint64_t n_rejects;    /* atomic, of the original: of all replicas */
	bool has_fallback;  /* its last out is for what hooks send elsewhere */
	bool is_alone;      /* a hook of it is not for several workers */
	bool is_standing;   /* run: before one that chooses among its ins */
	char *dead_path;    /* of its own dead letters; or NULL */
	bool is_restoring;  /* set by its negotiate: what it makes points into
			     * frames that it made too, as its input does */
	bool is_restamping; /* plan: ordered branches begin at it */
	bool is_nested;     /* plan: and they, or those it merges, are part of a
			     * branch of others */
	struct leat_stage *begin;     /* plan: of an ordered merge: where its
				       * branches begin */
	struct leat_shape in_shape;   /* of in 0 */
	struct leat_shape out_shape;  /* of all outs */
	struct leat_error error;      /* the last leat_stage_fail() */
	struct leat__account account; /* its side memory */
	uint64_t shared_bytes;        /* of its needs: of the first instance */
	const struct leat_schema *before_schema; /* columns that went out of one
						  * in whose place it came */
	/* plan */
	bool is_maker;       /* takes frames of its own from the pool */
	bool is_passer;      /* passes frames of its input on */
	uint32_t pool_class; /* of frames it acquires; UINT32_MAX = none */
	struct leat__segment *segment;
	uint32_t at;                 /* its place in the segment */
	struct leat__cargo cargo;    /* of its own outs */
	struct leat__cargo in_cargo; /* of its fallback out, if it has one */
	bool is_replicated;          /* its segment is run by several workers */
	struct leat__parallel *parallel; /* that it was put there by, or NULL */
	struct leat_stage **replicas;    /* 1 to n_replicas - 1, or NULL */
	struct leat_stage *original;     /* of a replica; else itself */
	struct leat__planned *planned;   /* of the stage that it was made with;
					  * NULL = it still is that one */
	/* run */
	/* atomic, of the original: files of leat/io.h that all replicas have
	 * not closed, and those of them that are not suspended */
	uint32_t n_files, n_open_files;
	void *task;                /* src/run's, that calls it */
	struct leat__nest *opens;  /* of the nested branches that begin at it */
	struct leat__nest *closes; /* of those that it merges */
	uint32_t *n_emitted;       /* in the current call, by out */
	uint32_t n_rejected;       /* in the current call */
	uint32_t n_attempts;       /* of it, where hooks stand around it */
	uint64_t n_tried; /* calls before, with what is now in hand: bisect.c */
	struct leat_dead *dead; /* where its dead letters go; or NULL */
	struct leat__isolation *isolation; /* NULL = in this process */
	struct leat__hooks *hooks;         /* atomic; NULL = none */
	struct leat__opts *next_opts; /* atomic: from the next call on; or NULL
				       */
	struct leat__opts *live_opts; /* that it was told of last; or NULL */
	struct leat__opts *held_opts; /* that opts stand in; NULL = the graph's
				       */
	struct leat__hooks *hooks_in_use; /* atomic: of the call under way */
	int64_t call_deadline_ns;         /* of the call under way; 0 = none */
	int64_t asked_ns; /* of a source, by who rides on it; 0 = never */
	struct leat_ctx *call_ctx; /* that ends by then; NULL = not asked for */
	uint32_t is_cut; /* atomic: ended early, nobody wants more from it */
	struct leat__counters counters;
	/* of the original, NULL = not kept: how long its calls took, and of a
	 * sink how old the frames were that it was through with */
	struct leat__histogram *called, *arrived;
};

/* A run of stages executed by one call chain, without channels between. */
struct leat__segment {
	uint32_t number;
	uint32_t n_stages;
	struct leat_stage **stages; /* in the order of the data */
	bool is_blocking;           /* has a thread of its own */
	bool is_ordered;            /* one of its outs is */
	uint32_t n_replicas;        /* tasks that run it at once; mostly 1 */
	uint32_t window;            /* frames they may be apart; 0 = one task */
	void *run;                  /* src/run's: the first of its tasks */
};

/* What went wrong: errors.c. */
struct leat__errors {
	struct leat__lock lock;
	/* guarded by it: */
	uint32_t n; /* that came; the first LEAT_GRAPH_ERRORS_MAX are kept */
	struct leat_error list[LEAT_GRAPH_ERRORS_MAX];
};

struct leat_graph {
	const struct leat__env *env;
	struct leat__virtual *clock; /* that env goes by; NULL = the system's */
	struct leat_graph_opts opts; /* defaults filled in */
	bool is_capacity_own;        /* nobody asked for capacity_frames */
	struct leat__pin pin;        /* of the workers */
	struct leat_ctx *ctx;
	enum leat__graph_state state;
	char *text; /* what was parsed, or NULL */
	uint32_t n_stages, max_stages;
	struct leat_stage **stages;
	uint32_t n_links, max_links;
	struct leat__link **links;
	struct leat__parallel *parallels; /* in the order of their coming */
	struct leat__resizes *resizes;    /* NULL = none can change */
	char *dead_path;                  /* of dead letters; or NULL */
	struct leat__lock hooks_made;     /* sets of hooks are made, one after
					   * the other; taken before those below
					   */
	struct leat__lock hooks_lock;     /* hooks are exchanged */
	struct leat__lock change_lock;    /* options of stages are changed, one
					   * set after the other; taken first */
	struct leat__lock opts_lock;      /* options of stages are read */
	struct leat__lock keeps_lock;     /* what hooks keep */
	struct leat__keep *keeps;
	struct leat__changes *changes; /* atomic; NULL = no hooks yet */
	bool is_fencing; /* no barrier: who calls hooks pays for the fence */
	struct leat__lock words_lock; /* calls that wait for a word */
	struct leat__word_wait *words;
	struct leat__hooks *old_hooks; /* that a call may still have; the lock
					*/
	struct leat__arena *arena;     /* side memory */
	struct leat__account own;      /* names, options, states, the plan */
	/* plan */
	uint32_t n_segments;
	struct leat__segment *segments;
	uint32_t n_classes;
	struct leat_pool_class classes[LEAT_POOL_CLASSES_MAX];
	uint32_t n_threads; /* workers + blocking segments */
	uint32_t n_workers;
	uint32_t magazine_slots; /* of each thread, per class */
	uint64_t bound_bytes;    /* pool + side memory + channels */
	/* run */
	struct leat__run *run;
	struct leat__errors errors;
	struct leat__name *names;      /* of stages that came while it ran */
	struct leat__retired *retired; /* of stages that were renewed */
	uint64_t revision; /* atomic: moves after each change of its stages,
			    * their options or guards: leat__graph_revise() */
	uint64_t retired_bytes;        /* atomic */
	struct leat__tracing *tracing; /* NULL = nothing is recorded */
};

/* ---- limits ---- */

#define LEAT__STAGE_ENDS_MAX  1024u /* ins, and outs, of one stage */
#define LEAT__STAGE_NAME_MAX  56u   /* bytes of a stage's name in its ops */
#define LEAT__MAX_OUT_MAX     4096u
#define LEAT__HOLDS_MAX       65536u
#define LEAT__SIDE_BYTES_MAX  (1ull << 46)
#define LEAT__STATE_BYTES_MAX (1u << 28)
#define LEAT__OPTS_BYTES_MAX  65536u
#define LEAT__QUANTUM_NS_MAX  3600000000000u /* an hour; of spin_ns too */

#define LEAT__FRAME_BYTES_DEFAULT 65536u
#define LEAT__SLOT_ROUND_BYTES    4096u /* slots are multiples of it */

/* ---- graph.c: life, stages, links -------------------------------------- */

LEAT_MUST_CHECK int leat__graph_create(const struct leat__env *env,
	const struct leat_graph_opts *opts, struct leat_graph **graph_out,
	struct leat_error *err);
/* Call fini of all stages that were inited, then free everything. No thread
 * of the graph is alive. */
void leat__graph_free(struct leat_graph *graph);

/* Memory that lives as long as the graph, zeroed; NULL = none left. */
void *leat__graph_own_alloc(struct leat_graph *graph, size_t n_bytes);
void leat__graph_own_free(struct leat_graph *graph, void *memory);
char *leat__graph_own_text(
	struct leat_graph *graph, const char *text, size_t n_bytes);
/* Fill err with "no memory for WHAT". */
int leat__graph_no_memory(struct leat_error *err, const char *what);
/* LEAT_OK while the graph can be built on, else LEAT_ESTATE. */
LEAT_MUST_CHECK int leat__graph_is_open(
	const struct leat_graph *graph, struct leat_error *err);

/* A stage that is not yet in the graph: ops checked, options zero. */
LEAT_MUST_CHECK int leat__stage_create(struct leat_graph *graph,
	const struct leat_stage_ops *ops, struct leat_stage **stage_out,
	struct leat_error *err);
/* Check its options and put it into the graph. name NULL = numbered. */
LEAT_MUST_CHECK int leat__stage_insert(struct leat_graph *graph,
	const char *name, struct leat_stage *st, struct leat_error *err);
struct leat_stage *leat__graph_find(
	const struct leat_graph *graph, const char *name, size_t n_bytes);
/* The name a stage gets by itself: "where", then "where2". Only stages k with
 * only[k] count; NULL = all. */
void leat__graph_auto_name(const struct leat_graph *graph, const bool *only,
	const char *base, char name[LEAT_ERROR_STAGE_BYTES]);

/* As leat_graph_chain(), and which stages are its ends. */
LEAT_MUST_CHECK int leat__graph_chain(struct leat_graph *graph,
	const struct leat_step *steps, uint32_t n_steps,
	struct leat_stage **first_out, struct leat_stage **last_out,
	struct leat_error *err);

/* A link whose far end is not known yet, and that end. */
LEAT_MUST_CHECK int leat__link_open(struct leat_graph *graph,
	struct leat_end out, struct leat__link **link_out,
	struct leat_error *err);
LEAT_MUST_CHECK int leat__link_close(
	struct leat__link *link, struct leat_end in, struct leat_error *err);

/* One more out; LEAT_OK or LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__stage_add_out(struct leat_stage *st);

/* ---- ops.c ---- */

/* Check ops that were copied to full size; fill in what zero stands for. */
LEAT_MUST_CHECK int leat__ops_check(
	struct leat_stage_ops *ops, struct leat_error *err);
/* Letters, digits, . - _; a letter or _ first; not like a reference. */
bool leat__name_is_valid(const char *name, size_t n_bytes);

/* ---- stage.c ---- */

/* ---- errors.c: what went wrong, in the order of time ---- */

/* One more. Any thread. */
void leat__errors_add(struct leat_graph *graph, const struct leat_error *err);
/* The same, of a stage; what it has recorded itself stays. */
LEAT_PRINTF(4, 5)
void leat__errors_note(const struct leat_stage *st, int code, int sys_errno,
	const char *format, ...);
/* The graph has failed with this: it comes first, and once. */
void leat__errors_lead(struct leat_graph *graph, struct leat_error *cause);

/* Fill err with a stage's failure: its name, and the caret into the text. */
void leat__stage_error(const struct leat_stage *st, struct leat_error *err);
/* Say whose it is, and where that stands in the graph's text. */
void leat__stage_name_error(
	const struct leat_stage *st, struct leat_error *err);
/* Fill err with a finding about a stage: its name and place. */
LEAT_PRINTF(4, 5)
int leat__stage_finding(const struct leat_stage *st, struct leat_error *err,
	int code, const char *format, ...);

/* The deadline of the call under way is another one; 0 = none. */
void leat__stage_set_deadline(struct leat_stage *st, int64_t deadline_ns);

/* ---- suggest.c ---- */

/* The nearest of several words, for "did you mean". */
struct leat__suggest {
	const char *word; /* what was written */
	size_t n_bytes;
	uint32_t distance; /* of the best so far */
	size_t n_best;
	const char *best; /* NULL = none is near */
};

struct leat__suggest leat__suggest_for(const char *word, size_t n_bytes);
void leat__suggest_look(
	struct leat__suggest *suggest, const char *candidate, size_t n_bytes);
/* " (did you mean 'x'?)", or nothing. */
void leat__suggest_add(
	const struct leat__suggest *suggest, struct leat__text *text);

/* ---- implied.c ---- */

/* Add what the stages from first on bring along: parsers and formatters of
 * known file names, a way out for open ends. */
LEAT_MUST_CHECK int leat__implied_add(
	struct leat_graph *graph, uint32_t first, struct leat_error *err);
/* The same, but for the way out: one end stays open, and is returned. */
LEAT_MUST_CHECK int leat__implied_open(struct leat_graph *graph, uint32_t first,
	struct leat_end *end_out, struct leat_error *err);

/* ---- before.c ---- */

/* Put a stage into a link: from -> st -> to. */
LEAT_MUST_CHECK int leat__link_insert(struct leat_graph *graph,
	struct leat__link *link, struct leat_stage *st, struct leat_error *err);
/* Put a stage right before another, with those of its options. */
LEAT_MUST_CHECK int leat__before_put(const struct leat_stage_ops *ops,
	struct leat_stage *of, struct leat_error *err);
/* What stages from that one on take, by their options. */
void leat__before_settle(struct leat_graph *graph, uint32_t first);
/* Put in what has to stand right before stages, and right behind them. */
LEAT_MUST_CHECK int leat__before_add(
	struct leat_graph *graph, struct leat_error *err);

/* ---- parse.c ---- */

/* Add one stage from text such as "csv.parse sep=tab"; it is implied. */
LEAT_MUST_CHECK int leat__parse_implied(struct leat_graph *graph,
	const char *text, struct leat_stage **stage_out,
	struct leat_error *err);

/* ---- args.c ---- */

/* Give the options that a source was handed to its parser; NULL = it has none.
 * LEAT_OK, or LEAT_EINVAL with the place: nobody knows such an option. */
LEAT_MUST_CHECK int leat__args_hand_on(const struct leat_stage *source,
	struct leat_stage *parser, struct leat_error *err);

const struct leat_stage_ops *leat__set_find(
	const struct leat_stage_set *set, const char *name, size_t n_bytes);

/* ---- hook.c ------------------------------------------------------------- */

/* A hook at a stage. */
struct leat_hook {
	struct leat_stage *stage; /* the original */
	struct leat_hook_ops ops; /* full-size copy, flags as init left them */
	void *opts;               /* full-size copy, or NULL */
	void *state;
	bool is_inited;
	bool is_last;             /* of its stage: none stands inside it */
	uint32_t given_flags;     /* of its ops, before init */
	uint32_t k;               /* its place among those of the stage */
	uint32_t ordinal;         /* among those with its ops' name */
	struct leat_stage *home;  /* the stage, or that which it is a copy of */
	struct leat__keep *keep;  /* NULL = it keeps nothing */
	struct leat_error *error; /* where leat_hook_fail() in init puts it */
	uint64_t n_again, n_shed, n_refused, wait_ns, n_elsewhere; /* atomic */
};

/* All hooks of a stage; does not change once it is there to be seen. */
struct leat__hooks {
	struct leat__hooks *next; /* of the graph's old ones */
	struct leat_stage *stage; /* the original */
	uint32_t n;
	struct leat_hook at[];
};

/* Give a stage hooks like those of another, each with its own state. */
LEAT_MUST_CHECK int leat__hooks_copy(const struct leat_stage *from,
	struct leat_stage *to, struct leat_error *err);
/* Free all hooks of the graph. Nobody runs. */
void leat__hooks_drop(struct leat_graph *graph);
/* What leat__hooks_set() does, in two steps: only the first can fail, and after
 * it the second may be left out. NULL = no hooks. */
LEAT_MUST_CHECK int leat__hooks_make(struct leat_stage *stage,
	struct leat_stage *home, const struct leat_hook_step *steps, uint32_t n,
	struct leat__hooks **made_out, struct leat_error *err);
void leat__hooks_enter(struct leat_stage *stage, struct leat__hooks *made);
void leat__hooks_discard(struct leat__hooks *made);
/* As leat_stage_set_hooks(), with graph->hooks_made held. home: see struct
 * leat_hook. */
LEAT_MUST_CHECK int leat__hooks_set(struct leat_stage *stage,
	struct leat_stage *home, const struct leat_hook_step *steps, uint32_t n,
	struct leat_error *err);
/* What a set of hooks was made of. The flags are those before init. */
struct leat__hooks_made {
	struct leat_hook_ops ops[LEAT_HOOKS_MAX];
	struct leat_hook_step steps[LEAT_HOOKS_MAX];
};
void leat__hooks_unmake(
	const struct leat__hooks *hooks, struct leat__hooks_made *made);

/* ---- hook_keep.c -------------------------------------------------------- */

/* A hook goes: what nobody has any more is freed. */
void leat__keep_drop(struct leat_hook *hook);
/* Bytes of it that count as side memory, of hooks that stand at a stage first.
 */
uint64_t leat__keeps_bytes_of(const struct leat_stage *st);

/* ---- hook_change.c ------------------------------------------------------ */

/* There is room for changes. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__changes_make(
	struct leat_graph *graph, struct leat_error *err);
/* Keep a change; number and moment are filled in. */
void leat__changes_add(struct leat_graph *graph, struct leat_change *change);

/* ---- fallback.c --------------------------------------------------------- */

/* Give a stage the out that its hooks want, or take it back where nothing is
 * linked there. LEAT_OK, LEAT_EINVAL, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__fallback_make(
	struct leat_stage *st, bool is_wanted, struct leat_error *err);
/* LEAT_OK, or LEAT_EINVAL: it leads nowhere, or cannot be. */
LEAT_MUST_CHECK int leat__fallback_check(
	const struct leat_stage *st, struct leat_error *err);

/* Something that whoever looks on may have read is another now. */
static inline void
leat__graph_revise(struct leat_graph *graph)
{
	/* release: pairs with the acquire in leat__graph_revision; who sees it
	 * sees what has changed */
	leat__add_acq_rel(&graph->revision, UINT64_C(1));
}
/* Read before all else: if it has not moved later, all else is still so. */
static inline uint64_t
leat__graph_revision(const struct leat_graph *graph)
{
	/* acquire: pairs with the release in leat__graph_revise */
	return leat__load_acquire(&graph->revision);
}
/* For who looks on without a lock: another stage can come in its place
 * meanwhile. All names last as long as the graph. */
static inline const char *
leat__stage_name(const struct leat_stage *st)
{
	/* acquire: pairs with the release in guts_swap; its bytes are there */
	return leat__load_acquire(&st->name);
}
/* Outs of its ops: all but the fallback. */
static inline uint32_t
leat__stage_n_own_outs(const struct leat_stage *st)
{
	return st->n_outs - st->has_fallback;
}
static inline bool
leat__link_is_fallback(const struct leat__link *link)
{
	return link->from->has_fallback &&
		link->from_index + 1 == link->from->n_outs;
}
/* What it carries: what its sender makes, or got. */
static inline const struct leat_shape *
leat__link_shape(const struct leat__link *link)
{
	return leat__link_is_fallback(link) ? &link->from->in_shape
					    : &link->from->out_shape;
}
static inline const struct leat__cargo *
leat__link_cargo(const struct leat__link *link)
{
	return leat__link_is_fallback(link) ? &link->from->in_cargo
					    : &link->from->cargo;
}

/* ---- replica.c --------------------------------------------------------- */

/* May several instances of it take turns with its frames? */
bool leat__stage_can_replicate(const struct leat_stage *st);
/* Further instances of the stages of replicated segments. */
LEAT_MUST_CHECK int leat__replicas_make(
	struct leat_graph *graph, struct leat_error *err);
/* Undo, for all stages of the graph. */
void leat__replicas_drop(struct leat_graph *graph);
/* Call fini if init was called. */
void leat__stage_fini(struct leat_stage *st);
/* Instance k of a stage; 0 is itself. */
static inline struct leat_stage *
leat__stage_instance(struct leat_stage *st, uint32_t k)
{
	return k == 0 ? st : st->replicas[k - 1];
}
/* How many there are, by the plan. */
static inline uint32_t
leat__stage_n_instances(const struct leat_stage *st)
{
	return st->segment && st->segment->n_replicas ? st->segment->n_replicas
						      : 1;
}
/* Side memory of all of them, and of its hooks: what they share counts once. */
uint64_t leat__stage_side_bytes(const struct leat_stage *st);

/* ---- priority.c -------------------------------------------------------- */

/* "high", "normal", "low", or a digit. false: none of these. */
bool leat__priority_parse(
	const char *word, size_t n_bytes, uint32_t *priority_out);
/* What parses back to it. Returns buf or a constant. */
const char *leat__priority_text(uint32_t priority, char buf[8]);
/* May a stage have it? LEAT_OK, LEAT_EINVAL. */
LEAT_MUST_CHECK int leat__priority_check(
	const struct leat_stage *st, uint32_t priority, struct leat_error *err);
/* The first of its stages'. */
uint32_t leat__segment_priority(const struct leat__segment *segment);
/* Bit p: a segment that workers run has priority p. */
uint32_t leat__priorities_used(const struct leat_graph *graph);
/* As asked for, or what 0 stands for. */
uint32_t leat__priority_weight(
	const struct leat_graph *graph, uint32_t priority);

/* ---- order.c ----------------------------------------------------------- */

/* Mark the links that lead to ordered merges, and where their branches begin;
 * refuse what has no order. Stages stand in the order of the data. */
LEAT_MUST_CHECK int leat__order_make(
	struct leat_graph *graph, struct leat_error *err);
/* Does it stand on an ordered branch? Then it is flushed after every frame. */
bool leat__order_keeps_empty(const struct leat_stage *st);
/* A nested merge: entries of the table of its numbers. */
uint32_t leat__order_n_entries(const struct leat_stage *merge);
/* Bytes of all such tables. */
uint64_t leat__order_bytes(const struct leat_graph *graph);

/* ---- gather.c ---------------------------------------------------------- */

/* Refuse stages that choose among ins which hang together elsewhere. */
LEAT_MUST_CHECK int leat__gather_check(
	struct leat_graph *graph, struct leat_error *err);

/* ---- check.c, plan.c, budget.c ----------------------------------------- */

/* Init, negotiate, plan. LEAT_OK and state CHECKED, or the first finding; on
 * one the graph is as it was before, and can be changed. */
LEAT_MUST_CHECK int leat__graph_check(
	struct leat_graph *graph, struct leat_error *err);
/* Init alone. */
LEAT_MUST_CHECK int leat__check_init(
	struct leat_stage *st, struct leat_error *err);
/* Init and negotiate one more instance of a stage that has been checked. */
LEAT_MUST_CHECK int leat__check_instance(
	struct leat_stage *st, struct leat_error *err);
LEAT_MUST_CHECK int leat__plan_make(
	struct leat_graph *graph, struct leat_error *err);
/* "bytes", "items", "rows", "table"; "?" for none. */
const char *leat__layout_name(uint32_t layout);
/* "bytes, rows or table", "anything" for 0. */
void leat__layouts_add(uint32_t layouts, struct leat__text *text);

enum leat__share_kind {
	LEAT__SHARE_LINK,     /* on their way in a channel */
	LEAT__SHARE_INBOX,    /* between two stages of a segment */
	LEAT__SHARE_HELD,     /* kept by a stage between calls */
	LEAT__SHARE_RESERVED, /* for a stage to take in one call */
	LEAT__SHARE_COPY,     /* for a private copy of the input */
	LEAT__SHARE_WINDOW,   /* done, and waiting for older ones */
	LEAT__SHARE_MAGAZINE, /* free, but in some thread's magazine */
	LEAT__SHARE_N
};

/* Part of a class of the pool that somebody needs. */
struct leat__share {
	enum leat__share_kind kind;
	const struct leat_stage *stage; /* NULL for links and magazines */
	const struct leat__link *link;  /* NULL for others */
	uint32_t class_;
	uint64_t n_slots;
};

/*
 * Do its frames lie in the places of others that are in step with it? Then all
 * that is on its way there is among the last frames that were sent, as many as
 * the greatest capacity; for the sender takes back what a receiver that has
 * closed left there, before it sends on. Not where others may look into the
 * ring after that: further instances of the receiver, or its promises.
 */
static inline bool
leat__link_shares_places(const struct leat__link *link)
{
	return link->is_in_step && !link->is_fused && !link->is_ordered &&
		!link->to->is_replicated && !link->to->segment->is_ordered;
}

/* What can be on any of a stage's ins, over all of them. */
void leat__cargo_in(const struct leat_stage *st, struct leat__cargo *cargo);

typedef void (*leat__share_fn)(const struct leat__share *share, void *user);

/* Fill the classes' slots, bound_bytes; refuse what is over the limit. */
LEAT_MUST_CHECK int leat__budget_make(
	struct leat_graph *graph, struct leat_error *err);
/* Call fn for everything that makes up the pool. */
void leat__budget_each(
	const struct leat_graph *graph, leat__share_fn fn, void *user);
/* Parts of bound_bytes beside the pool. */
uint64_t leat__budget_side_bytes(const struct leat_graph *graph);
uint64_t leat__budget_channel_bytes(const struct leat_graph *graph);
/* "512 B", "64 KiB", "1.5 MiB". Returns buf. */
const char *leat__size_text(uint64_t n_bytes, char buf[32]);

/* ---- latency.c ---- */

/* Memory for what is kept of how long things take. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__latency_make(
	struct leat_graph *graph, struct leat_error *err);

/* ---- dead.c ---- */

struct leat_dead_ops;

/* The store for a path; never NULL. */
const struct leat_dead_ops *leat__dead_ops_for(
	const struct leat_stage_set *set, const char *path);
/* Where its dead letters go; NULL = it has none. */
const char *leat__stage_dead_path(const struct leat_stage *st);
/* May it have an on_error? */
bool leat__stage_can_reject(const struct leat_stage *st);
/* Is there a path for all that have dead letters? */
LEAT_MUST_CHECK int leat__dead_check(
	struct leat_graph *graph, struct leat_error *err);
/* Memory of all stores. */
uint64_t leat__dead_bytes(const struct leat_graph *graph);

/* Calls with what is in hand, this one too. */
static inline uint64_t
leat__stage_n_attempts(const struct leat_stage *st)
{
	return st->n_tried + (st->n_attempts ? st->n_attempts : 1);
}

/* May a frame that it fails with be tried in halves? */
static inline bool
leat__stage_is_bisected(const struct leat_stage *st)
{
	return (st->ops.flags & LEAT_STAGE_REPEATS) && st->n_ins == 1 &&
		!(st->ops.flags & LEAT_STAGE_GATHERS) && !st->isolation &&
		st->on_error != LEAT_ON_ERROR_STOP;
}

/* ---- option.c ---- */

/* Parse one option's text into the options struct of a stage. Strings are
 * copied and live as long as the graph. */
LEAT_MUST_CHECK int leat__option_parse(struct leat_graph *graph,
	const struct leat_option *option, const char *text, size_t n_bytes,
	void *opts, struct leat_error *err);
/* Check all fields of a filled options struct against the table; fill in
 * nothing. Zero fields are defaults, refused only where REQUIRED. */
LEAT_MUST_CHECK int leat__options_check(const struct leat_stage_ops *ops,
	const void *opts, struct leat_error *err);
/* Check one entry of an option table itself. */
LEAT_MUST_CHECK int leat__option_check_entry(const struct leat_option *option,
	uint32_t opts_bytes, struct leat_error *err);
/* Print a value so that leat__option_parse() reads it back; "" if default. */
size_t leat__option_print(const struct leat_option *option, const void *opts,
	char *buf, size_t n_bytes);
/* The field of a STRING option; NULL if it was not given. [lent] */
const char *leat__option_string(
	const struct leat_option *option, const void *opts);
void leat__option_set_string(
	const struct leat_option *option, void *opts, const char *string);
/*
 * All strings of options; the table ends with a NULL name, or is NULL. Their
 * bytes, with NULs; those that were not given become the default, or ""; and
 * the same, with what was given copied to where there is room for those bytes.
 */
size_t leat__options_strings_bytes(
	const struct leat_option *options, const void *opts);
void leat__options_fill_strings(const struct leat_option *options, void *opts);
void leat__options_copy_strings(
	const struct leat_option *options, void *opts, char *to);

#endif
