/*
 * support/oracle.h -- random graphs, and what each of them must deliver.
 *
 * oracle_draw() makes a description from a seed: a graph of 2 to 8 stages, its
 * links, its pool, workers, the way it ends, what fails on purpose.
 * oracle_run() runs it in the library, works it out once more by a sequential
 * interpreter, and compares. Both worlds use it: real threads and the
 * simulator, where the schedule is drawn as well.
 *
 *	oracle_draw(&oracle, seed, &scale);
 *	text = oracle_run(&oracle);
 *	if (text)
 *		... it is not as it should be: text says what
 *
 * A new kind of stage is a row in oracle_kinds[] and its ops.
 */
#ifndef LEAT_TESTS_SUPPORT_ORACLE_H
#define LEAT_TESTS_SUPPORT_ORACLE_H

#include "support/fail.h"
#include <leat/leat.h>

#define ORACLE_NODES_MAX  8u
#define ORACLE_LINKS_MAX  16u
#define ORACLE_ENDS_MAX   2u /* ins, and outs, of one stage */
#define ORACLE_HOLDS_MAX  3u
#define ORACLE_TEXT_BYTES 2048u
#define ORACLE_ENDLESS    UINT64_MAX /* items of a source */

/* ---- the description --------------------------------------------------- */

enum oracle_kind {
	ORACLE_SOURCE,
	ORACLE_MAP,        /* process, in place */
	ORACLE_MAP_ITEM,   /* map_item */
	ORACLE_KEEP,       /* process: n percent go on */
	ORACLE_KEEP_ITEM,  /* keep_item */
	ORACLE_EXPAND,     /* 0 to n results for an item */
	ORACLE_FOLD,       /* one result for n items; 0 = for all */
	ORACLE_HOLD,       /* keeps n frames back */
	ORACLE_HEAD,       /* n items, then no more is wanted */
	ORACLE_ROUTE,      /* by item to one of two outs */
	ORACLE_COPY,       /* to both outs */
	ORACLE_UNION,      /* of two ins, as they come */
	ORACLE_TEE,        /* leat's own: to both outs */
	ORACLE_TEE_SHED,   /* the same; the second out misses some */
	ORACLE_TEE_OLDEST, /* the same; it may miss all but the last */
	ORACLE_TEE_SPILL,  /* the same; it misses nothing */
	ORACLE_SPLIT,      /* leat's own: whole frames to one of two outs */
	ORACLE_RANGE,     /* leat's own: by the hash of items to one of two outs
			   */
	ORACLE_MERGE,     /* leat's own: of two ins, as they come */
	ORACLE_MERGE_KEY, /* leat's own: of two ins that are sorted */
	ORACLE_ZIP,       /* leat's own: of two ins, side by side */
	ORACLE_JOIN,      /* leat's own: of two branches that keep n percent */
	ORACLE_DIAMOND,   /* branches that keep n percent, merged in order; on
			   * them there may be further ones, up to 3 deep */
	ORACLE_FACET,     /* the same, with branches that expand */
	ORACLE_PARALLEL, /* replicas that expand, in order; their number changes
			  */
	ORACLE_SWARM,    /* replicas that keep n percent, in no order */
	ORACLE_REJECT,   /* process: n percent go on, the others are rejected */
	ORACLE_SINK,     /* n items, then no more is wanted; 0 = all */
	ORACLE_KINDS
};

/* What is known of the items on a link. */
enum oracle_order {
	ORACLE_SEQUENCE, /* which, and in which order */
	ORACLE_BAG,      /* which */
	ORACLE_SUBSET    /* some of these */
};

/* A link, or the half of one while the graph is drawn. */
struct oracle_link {
	uint32_t from, out, to, in; /* nodes and their ends */
	uint32_t capacity_frames;
	uint64_t capacity_bytes; /* 0 = no own limit */
};

struct oracle_list {
	uint64_t *items;
	size_t n;
	size_t n_max;
};

enum oracle_fail {
	ORACLE_FAIL_NEVER,
	ORACLE_FAIL_INIT,
	ORACLE_FAIL_OPEN,
	ORACLE_FAIL_WORK, /* produce or process, at item fail_at */
	ORACLE_FAIL_FINISH,
	ORACLE_FAILS
};

/* What a stage does wrong, for tests of the oracle itself. */
enum oracle_defect {
	ORACLE_SOUND,
	ORACLE_LOSES,   /* an item, and counts it as filtered */
	ORACLE_FORGETS, /* an item, and counts it as nothing */
	ORACLE_DOUBLES, /* an item, in the place of its neighbour */
	ORACLE_SWAPS,   /* two items */
	ORACLE_KEEPS,   /* a frame */
	ORACLE_DEAFENS  /* its sender: no wake for credit comes through */
};

struct oracle;

/* What befalls a stage at random, and what is done about it. */
struct oracle_trouble {
	uint32_t one_in;   /* frames whose first calls fail; 0 = none */
	uint32_t most;     /* calls that fail, of such a frame */
	int code;          /* with this */
	uint32_t attempts; /* of @retry; 0 = there is none */
	bool is_lenient;   /* a hook gives up what fails for good */
	bool has_rate;
	bool has_timeout;
	bool has_breaker;
	uint32_t breaker_open;
	uint32_t shed_one_in; /* frames that a hook sheds; 0 = none */
	bool is_watched;      /* a hook counts the calls */
	uint32_t on_error;    /* of one that rejects: a draw */
	/* seen; atomic */
	uint32_t n_struck;          /* calls that failed */
	uint32_t n_before, n_after; /* of hooks */
	uint32_t n_hooks;           /* that are there */
};

struct oracle_node {
	struct oracle *oracle;
	char name[16];
	/* drawn */
	enum oracle_kind kind;
	uint64_t seed; /* of its items, and of what it draws at work */
	uint64_t n;
	uint32_t per_frame; /* items, at most */
	uint32_t frame_bytes;
	uint32_t max_out;
	uint32_t gain; /* of items, from the source up to its outs */
	bool is_blocking;
	bool is_stateless; /* several workers may run it */
	bool is_bursty;
	bool is_waiting; /* now and then, for the outside world */
	bool is_slow;    /* some of its waits are long, and all fills up */
	bool is_cut;     /* somebody downstream may want no more */
	bool is_loose;   /* counts of what comes in are not known */
	bool is_sorted;  /* what it gives never goes back */
	enum oracle_order order; /* of its outs; of a sink: of what it gets */
	enum oracle_fail fail;
	uint64_t fail_at;
	enum oracle_defect defect;
	struct oracle_trouble trouble;
	uint32_t outs[ORACLE_ENDS_MAX]; /* links */
	/* built, of replicas */
	struct leat_end replicas_in, replicas_out;
	uint32_t in; /* the interpreter: of the item at hand */
	/* worked out by the interpreter */
	uint64_t n_in;
	uint64_t n_out;
	uint64_t sum; /* of a group of fold */
	uint64_t n_sum;
	struct oracle_list expected; /* sinks */
	/* seen in the run */
	uint64_t n_read;                    /* sources */
	uint32_t n_inits, n_finis, n_opens; /* of all instances */
	uint32_t n_finishes;                /* atomic */
	struct oracle_list seen;            /* sinks */
};

enum oracle_ending {
	ORACLE_BY_ITSELF,
	ORACLE_DRAIN,
	ORACLE_DRAIN_CANCEL, /* the second signal */
	ORACLE_CANCEL,
	ORACLE_PARENT, /* of whose context is cancelled */
	ORACLE_DEADLINE,
	ORACLE_FAILURE, /* of a stage */
	ORACLE_DESTROY, /* without a wait */
	ORACLE_ENDINGS
};

enum oracle_fault {
	ORACLE_NO_FAULT,
	ORACLE_FAULT_ALLOC,    /* the n-th */
	ORACLE_FAULT_ALLOC_ON, /* and all after it */
	ORACLE_FAULT_MAP,
	ORACLE_FAULT_THREAD,
	ORACLE_FAULT_EVENT,
	ORACLE_FAULT_FULL, /* disk, at a write */
	ORACLE_FAULT_READ, /* back from it */
	ORACLE_FAULT_UNLINK,
	ORACLE_FAULTS
};

struct oracle {
	/* drawn */
	uint64_t seed;
	uint64_t random; /* state of the draw */
	uint32_t n_nodes;
	struct oracle_node nodes[ORACLE_NODES_MAX]; /* senders first */
	struct oracle_node drops, passes,
		holds; /* further stages of diamonds */
	uint32_t n_links;
	struct oracle_link links[ORACLE_LINKS_MAX];
	uint32_t workers;
	uint64_t quantum_ns;
	uint64_t spin_ns;
	uint32_t magazine_slots; /* of each thread; the pool grows with them */
	enum oracle_ending ending;
	uint32_t moment_node; /* drain and the like: when it had so many */
	uint64_t moment_at;
	int64_t deadline_ns; /* from the start */
	bool is_tight;       /* memory_bytes is what the plan proved */
	bool is_spare;       /* the pool has more slots than that */
	bool waits_first;    /* until a deadline that passes */
	bool waits_twice;    /* on two threads */
	enum oracle_fault fault;
	uint64_t fault_at;
	uint32_t n_exchanges;               /* of hooks, while it runs */
	void (*on_start)(struct oracle *o); /* set by tests; NULL = nothing */
	bool is_mute; /* set by tests: no stage promises anything */
	/* of the run */
	struct fail_env world;
	struct leat_ctx *parent;
	struct leat_graph *graph; /* NULL before and after */
	uint32_t moment;          /* atomic: it has come */
	struct leat_frame *kept;  /* by a defect */
	int rc;
	struct leat_error err;
	bool is_started;
	bool is_waited;              /* wait gave rc */
	struct leat__thread changer; /* of hooks */
	bool is_changing;
	char dead_path[64];
	struct leat_graph_stats stats;
	uint32_t n_findings;
	char text[ORACLE_TEXT_BYTES];
};

/* How large graphs may be. */
struct oracle_scale {
	uint32_t per_frame_max;  /* items */
	uint32_t capacity_max;   /* frames */
	uint32_t items_max;      /* of one source */
	uint32_t fault_one_in;   /* 0 = never */
	uint32_t trouble_one_in; /* stages; 0 = never */
	int64_t deadline_max_ns;
};

/* o is zero, or was used before. */
void oracle_draw(
	struct oracle *o, uint64_t seed, const struct oracle_scale *scale);
/* Source, map, sink, and the map, or the sink, does something wrong. */
void oracle_draw_defect(struct oracle *o, enum oracle_defect defect);
/* Run it and compare. NULL = all is as it should be; else what is not. */
const char *oracle_run(struct oracle *o);
void oracle_free(struct oracle *o);

/* The description in a few lines. */
void oracle_describe(const struct oracle *o, struct leat__text *text);
/* The node of a stage's name, or NULL. */
struct oracle_node *oracle_find_node(struct oracle *o, const char *name);
/* How far a run is, while it runs; for watchdogs. */
void oracle_say_progress(const struct oracle *o, struct leat__text *text);

/* ---- between the files of the oracle ----------------------------------- */

struct oracle_row {
	const char *name;
	uint32_t n_ins, n_outs;
	uint32_t weight;         /* how often it is drawn; 0 = not so */
	enum oracle_order needs; /* at most so loose an input */
	bool is_maker;           /* takes frames of its own */
	bool can_block;
	bool can_replicate;
	bool is_diamond;   /* several stages; ops are those of its branches */
	bool is_parallel;  /* the same, by leat_parallel() */
	bool is_foreign;   /* not of the oracle's: it sees nothing of it */
	bool is_lossy;     /* what comes out is not known */
	bool keeps_sorted; /* what comes in so goes out so */
	bool gathers; /* ins must be known, and hang together nowhere else */
	bool needs_sorted; /* and sorted */
	bool is_beside;    /* one of oracle_beside.c */
	const void *opts;  /* of a foreign one */
	const struct leat_stage_ops *ops;
	void (*draw)(struct oracle_node *node);
	/* the interpreter: one item comes in; all ins have ended */
	void (*item)(struct oracle_node *node, uint64_t item);
	void (*end)(struct oracle_node *node);
};

extern const struct oracle_row oracle_kinds[ORACLE_KINDS];

/* oracle.c */
uint64_t oracle_mix(uint64_t x);
uint32_t oracle_below(uint64_t *random, uint32_t n);
void oracle_list_push(struct oracle_list *list, uint64_t item);
/* Interpreter: an item leaves by an out. */
void oracle_give(struct oracle_node *node, uint32_t out, uint64_t item);
void oracle_interpret(struct oracle *o);
/* Is it ended from outside, at a moment? */
bool oracle_has_moment(const struct oracle *o);
/* Note what is wrong; the first notes are kept. Any thread. */
LEAT_PRINTF(2, 3)
void oracle_find(struct oracle *o, const char *format, ...);

/* oracle_kinds.c: what the kinds make of items */
uint64_t oracle_source_item(const struct oracle_node *node, uint64_t k);
bool oracle_keeps(const struct oracle_node *node, uint64_t item);
uint64_t oracle_mapped(const struct oracle_node *node, uint64_t item);
uint64_t oracle_folded(
	const struct oracle_node *node, uint64_t sum, uint64_t item);
/* Results of an item: how many, and the k-th with its out. */
uint32_t oracle_n_results(const struct oracle_node *node, uint64_t item);
uint64_t oracle_result(const struct oracle_node *node, uint64_t item,
	uint32_t k, uint32_t *out_out);

/* oracle_stages.c */
struct oracle_stage_opts {
	uint32_t size;
	uint32_t flags;
	struct oracle_node *node;
};

/* oracle_beside.c */
uint64_t oracle_glued(uint64_t a, uint64_t b);
int oracle_build_beside(struct oracle *o, struct oracle_node *node);

extern const struct leat_stage_ops oracle_source_ops;
extern const struct leat_stage_ops oracle_map_ops;
extern const struct leat_stage_ops oracle_map_item_ops;
extern const struct leat_stage_ops oracle_keep_ops;
extern const struct leat_stage_ops oracle_keep_item_ops;
extern const struct leat_stage_ops oracle_spread_ops;
extern const struct leat_stage_ops oracle_fold_ops;
extern const struct leat_stage_ops oracle_hold_ops;
extern const struct leat_stage_ops oracle_head_ops;
extern const struct leat_stage_ops oracle_reject_ops;
extern const struct leat_stage_ops oracle_union_ops;
extern const struct leat_stage_ops oracle_sink_ops;

/* oracle_run.c: the ops of a stage that works as a node does */
void oracle_ops(const struct oracle_node *node, struct leat_stage_ops *ops);

/* oracle_diamond.c */
LEAT_MUST_CHECK int oracle_build_diamond(
	struct oracle *o, struct oracle_node *node);

/* The moment has come to drain, cancel or destroy. */
void oracle_ring(struct oracle *o);

#endif
