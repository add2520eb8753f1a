/*
 * graph/place.h -- a stage of a graph that runs goes; another one comes in its
 * place, or what comes there passes on.
 */
#ifndef LEAT_SRC_GRAPH_PLACE_H
#define LEAT_SRC_GRAPH_PLACE_H

#include "graph/graph.h"

/* ---- two graphs ---------------------------------------------------------- */

/* What becomes of a stage of the graph that runs. */
enum leat__fate {
	LEAT__FATE_LOST = 0, /* it goes, and it cannot be seen what is there */
	LEAT__FATE_STAYS,
	LEAT__FATE_REPLACED,
	LEAT__FATE_VACATED
};

struct leat__pair {
	enum leat__fate fate;
	struct leat_stage *next; /* of STAYS and REPLACED */
};

struct leat__places {
	const struct leat_graph *now, *next;
	struct leat__pair *pairs; /* by the number in now */
	bool *is_placed; /* by the number in next: it is one of the pairs, or
			  * passes on, which needs no place */
};

/* LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__places_make(struct leat__places *places,
	const struct leat_graph *now, const struct leat_graph *next);
/* Zeroed memory is accepted. */
void leat__places_drop(struct leat__places *places);

/* The stage of that name in another graph, if it is of the same kind; or NULL.
 */
struct leat_stage *leat__stage_like(
	const struct leat_graph *graph, const struct leat_stage *st);
/* Where a link leads, past what goes or comes between stages that stay. */
const struct leat__link *leat__place_end(
	const struct leat__places *places, const struct leat__link *link);

/* ---- one place ----------------------------------------------------------- */

bool leat__place_is_pass(const struct leat_stage *st);
/* Why the stage cannot go; NULL = it can. */
const char *leat__place_keeps(const struct leat_stage *st);
/* Why next cannot come in the place of st, as far as it can be seen before it
 * is tried; NULL = it can. */
const char *leat__place_refuses(
	const struct leat_stage *st, const struct leat_stage *next);
/* Do the columns that come in go out of it, whatever its options are? */
bool leat__place_keeps_columns(const struct leat_stage *st);

/* What the plan was made for, whoever is there. */
struct leat__planned {
	struct leat_needs needs;
	struct leat_shape out_shape;
	uint32_t flags;
	bool is_maker, is_passer, is_restoring, is_bisected;
};

/* Kept from the first exchange on. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__place_plan(
	struct leat_stage *st, struct leat_error *err);
/* The stage that has come there makes no more than was planned for. */
LEAT_MUST_CHECK int leat__place_fit(
	struct leat_stage *st, struct leat_error *err);

/* A text that lives as long as the graph, once for each; NULL = no memory. */
char *leat__place_name(struct leat_graph *graph, const char *name);
/* A name for what passes on that neither graph has. */
void leat__place_free_name(const struct leat_graph *now,
	const struct leat_graph *next, uint32_t nth,
	char name[LEAT_ERROR_STAGE_BYTES]);

#endif
