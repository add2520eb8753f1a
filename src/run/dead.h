/*
 * run/dead.h -- stores of dead letters, open; those of a graph that runs.
 *
 * Threads: any; a store does one thing at a time, by its lock.
 */
#ifndef LEAT_SRC_RUN_DEAD_H
#define LEAT_SRC_RUN_DEAD_H

#include "graph/graph.h"
#include <leat/dead.h>

struct leat_dead {
	const struct leat__env *env;
	const struct leat_dead_ops *ops;
	const char *path;
	struct leat_ctx *ctx;   /* ends its waits; NULL = none does */
	struct leat_dead *next; /* of the graph */
	uint64_t run;           /* first half of the ids that it draws */
	struct leat__lock lock;
	/* guarded by it: */
	uint64_t n_letters;
	bool is_broken; /* a letter could not be written: none is any more */
	void *state;
};

LEAT_MUST_CHECK int leat__dead_open_store(const struct leat__env *env,
	const struct leat_dead_ops *ops, const char *path, uint32_t how,
	struct leat_dead **dead_out, struct leat_error *err);

/* All that stages of the graph write to. On an error what is open stays, for
 * leat__dead_close_all(). */
LEAT_MUST_CHECK int leat__dead_open_all(
	struct leat_graph *graph, struct leat_error *err);
/* Bring them to the disk. */
LEAT_MUST_CHECK int leat__dead_sync_all(
	struct leat_graph *graph, struct leat_error *err);
void leat__dead_close_all(struct leat_graph *graph);

#endif
