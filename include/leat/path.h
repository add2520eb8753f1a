/*
 * leat/path.h -- what holds on the way from a source to a sink.
 *
 *	struct leat_path path;
 *
 *	for (uint32_t k = 0; leat_graph_path(g, k, &path) == LEAT_OK; k++)
 *		printf("%s\n", leat_delivery_text(path.delivery));
 *
 * A path is a pair of a source and a sink that it leads to, with all stages
 * between them. What is said of it comes from the plan, and from what stages
 * say of themselves (promises of struct leat_stage_ops).
 */
#ifndef LEAT_PATH_H
#define LEAT_PATH_H

#include <leat/base.h>
#include <leat/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What becomes of a record if the process is killed, and the graph is run
 * again then. In a run that ends well each comes to its end once, and the
 * balance sheet says where. */
enum leat_delivery {
	LEAT_DELIVERY_AT_MOST_ONCE = 0, /* it may be lost */
	LEAT_DELIVERY_AT_LEAST_ONCE,    /* it may be there twice */
	LEAT_DELIVERY_EXACTLY_ONCE
};

/* flags of struct leat_path */

/** The source reads the same again in another run. */
#define LEAT_PATH_AGAIN (1u << 0)
/** What the sink writes stands there complete or not at all. */
#define LEAT_PATH_WHOLE (1u << 1)
/** A slow sink stops the source: no link between them lets go. */
#define LEAT_PATH_STOPS (1u << 2)
/** Records may be left out on it: a stage has LEAT_FACT_SHEDS or _SKIPS. */
#define LEAT_PATH_LOSES (1u << 3)
/** The order of the source is lost: a stage has LEAT_FACT_MIXES. */
#define LEAT_PATH_UNORDERED (1u << 4)
/** A stage has LEAT_FACT_SORTS: there is another order behind it. */
#define LEAT_PATH_SORTED (1u << 5)

struct leat_path {
	uint32_t size;     /* filled by the library */
	uint32_t source;   /* number of the stage, as of leat_stage_stats() */
	uint32_t sink;     /* the same */
	uint32_t delivery; /* enum leat_delivery */
	uint32_t flags;    /* LEAT_PATH_* */
	uint32_t n_stages; /* with both ends; see leat_path_stage() */
	/* of the plan's bound: what frames of its stages and links take */
	uint64_t pool_bytes;
	uint64_t side_bytes; /* and side memory */
};

/* facts of struct leat_path_stage */

/** It has a thread of its own: it may wait for the outside world. */
#define LEAT_FACT_BLOCKS (1u << 0)
/** What comes while it is slow, or a guard refuses, may be dropped. */
#define LEAT_FACT_SHEDS (1u << 1)
/** Records that it cannot deal with are left out. */
#define LEAT_FACT_SKIPS (1u << 2)
/** They are written to dead_letters. */
#define LEAT_FACT_DEAD_LETTERS (1u << 3)
/** They end the run. */
#define LEAT_FACT_FAILS (1u << 4)
/** Several branches of this path come together as they come. */
#define LEAT_FACT_MIXES (1u << 5)
/** What goes out has an order of its own. */
#define LEAT_FACT_SORTS (1u << 6)
/** Gives nothing before its input has ended: a kill loses all of it. */
#define LEAT_FACT_HOLDS (1u << 7)
/** Copies the payload of frames that others read too, for it writes them. */
#define LEAT_FACT_COPIES (1u << 8)
/** Fills frames of its own: what goes out was written anew, or points into what
 * came in. */
#define LEAT_FACT_MAKES (1u << 9)
/** What a slow branch has not had waits on the disk. */
#define LEAT_FACT_SPILLS (1u << 10)
/** It does not wait for this branch: a slow one behind it stops nobody. */
#define LEAT_FACT_LETS_GO (1u << 11)
/** Runs in a process of its own: a crash of it is an error here. */
#define LEAT_FACT_ISOLATED (1u << 12)
/** The path goes on by its fallback: with what guards send elsewhere. */
#define LEAT_FACT_FALLS_BACK (1u << 13)

struct leat_path_stage {
	uint32_t size;            /* filled by the library */
	uint32_t stage;           /* its number */
	const char *name;         /* [lent] by the graph */
	const char *ops_name;     /* of its kind                       [lent] */
	uint32_t facts;           /* LEAT_FACT_* */
	uint32_t n_instances;     /* that take turns, in order; mostly 1 */
	uint64_t pool_bytes;      /* of frames: it and its outs on the path */
	uint64_t side_bytes;      /* side memory of all instances */
	uint64_t max_skips;       /* of SKIPS: one more fails; 0 = no limit */
	const char *dead_letters; /* where; NULL = nowhere             [lent] */
};

/**
 * Path k of a graph that has been checked, 0 on: by source, then by sink.
 *
 * @return LEAT_OK, LEAT_EINVAL: there is none; LEAT_ESTATE: the graph was not
 * checked; LEAT_ENOMEM.
 *
 * Threads: any. Waits: no. Cost: the links of the graph, for each pair before.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_path(
	const struct leat_graph *graph, uint32_t k, struct leat_path *path_out);

/**
 * Stage j of a path, in the order of the data: 0 is its source.
 *
 * @return LEAT_OK, LEAT_EINVAL: there is none; LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_path_stage(const struct leat_graph *graph,
	const struct leat_path *path, uint32_t j,
	struct leat_path_stage *stage_out);

/** "at-most-once", "at-least-once", "exactly-once"; "?" for others. */
LEAT_API const char *leat_delivery_text(uint32_t delivery);

#ifdef __cplusplus
}
#endif
#endif
