/*
 * run/renew.h -- another instance takes the place of a stage.
 */
#ifndef LEAT_SRC_RUN_RENEW_H
#define LEAT_SRC_RUN_RENEW_H

#include "graph/live.h"

/* What an instance is made of, beside its place in the graph. */
struct leat__guts {
	void *state;
	void *opts;
	struct leat__opts *held_opts, *live_opts;
	struct leat__account account;
	struct leat_needs needs;
	struct leat_shape in_shape, out_shape;
	const struct leat_schema *before; /* see leat_stage_same_schema() */
	uint64_t shared_bytes;
	bool is_inited;
	/* who it is */
	struct leat_stage_ops ops;
	uint32_t n_options;
	struct leat__option_place *option_places;
	char *name;
	struct leat__place place;
	uint32_t on_error;
	uint64_t max_rejects;
	bool is_maker, is_passer, is_restoring;
};

/* Who comes in the place of a stage, if it is not the same one. */
struct leat__newcomer {
	const struct leat_stage *like; /* of another graph; NULL = pass */
	char *name;
};

/* What there was, or will be, of all instances of a stage. */
struct leat__retired {
	struct leat__retired *next; /* of the graph */
	struct leat_stage *st;
	uint32_t n;
	struct leat__guts guts[];
};

/* A stage that is renewed: those that it is to have, then those it had. */
struct leat__renewal {
	struct leat_stage *st;
	uint32_t n_new;    /* instances, the first ones, that are new */
	bool is_keeping;   /* what goes out has the columns that come in */
	bool is_exchanged; /* for another stage */
	struct leat__retired *others;
};

/* All but enter and undo: with graph->hooks_made, which guards the memory. */

/* While it runs: memory for the new ones. opts: NULL = it has none. On an error
 * nothing is left. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__renewal_make(struct leat__renewal *renewal,
	struct leat_stage *st, struct leat__opts *opts, bool is_keeping,
	struct leat_error *err);
/* The same, for another stage. */
LEAT_MUST_CHECK int leat__renewal_make_other(struct leat__renewal *renewal,
	struct leat_stage *st, const struct leat__newcomer *newcomer,
	struct leat__opts *opts, struct leat_error *err);
/* While the run is held: the new ones are there; on an error the old ones, as
 * they were. */
LEAT_MUST_CHECK int leat__renewal_enter(
	struct leat__renewal *renewal, struct leat_error *err);
/* The old ones are back. */
void leat__renewal_undo(struct leat__renewal *renewal);
/* They are gone, or kept until the end where something may point into them. */
void leat__renewal_settle(struct leat__renewal *renewal);
/* Those that have not entered, or were put back, are gone: the latter while the
 * run is held. Zeroed memory is accepted. */
void leat__renewal_drop(struct leat__renewal *renewal);

/* The run has ended: what was kept is gone. */
void leat__retired_drop(struct leat_graph *graph);

#endif
