/*
 * run/change.h -- a change of a running graph: what it is made of, between
 * change.c, which does it, and become.c, which reads it from another graph.
 */
#ifndef LEAT_SRC_RUN_CHANGE_H
#define LEAT_SRC_RUN_CHANGE_H

#include "run/renew.h"

/* A stage, with all that is changed of its options. */
struct leat__stage_change {
	struct leat_stage *st;
	void *fields;            /* as they will be, strings lent */
	struct leat__opts *opts; /* the same, to stay */
	bool is_exchanged;       /* for another stage */
	struct leat__newcomer newcomer;
	bool is_renewed;
	bool is_keeping;
	struct leat__renewal renewal;
};

/* An option of a guard, and what it was. */
struct leat__hook_change {
	const struct leat_set *set;
	struct leat_stage *st;
	char before[LEAT_CHANGE_TEXT_BYTES];
	bool is_done;
};

/* Guards of a stage that become those of next. */
struct leat__guards_change {
	struct leat_stage *st;
	const struct leat_stage *next; /* NULL = it is to have none */
	struct leat__hooks *made;
	bool is_told;
};

struct leat__changing {
	struct leat_graph *graph;
	const struct leat_set *sets;
	uint32_t n_sets;
	struct leat_graph *next; /* that it becomes like; NULL = sets say it */
	const char *who;
	struct leat__places places; /* in both */
	uint32_t n_stages, n_hooks, n_guards, n_vacated;
	struct leat__stage_change *stages; /* in the order of the data */
	struct leat__hook_change *hooks;
	struct leat__guards_change *guards;
};

/* ---- change.c ------------------------------------------------------------ */

/* The change of this stage; a new one at its place by the order of the data. */
struct leat__stage_change *leat__changing_stage(
	struct leat__changing *c, struct leat_stage *st);
/* This option is to have another value, in the fields of *change_out. LEAT_OK,
 * LEAT_ENOTSUP, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__changing_option(struct leat__changing *c,
	struct leat_stage *st, const struct leat_option *option,
	struct leat__stage_change **change_out, struct leat_error *err);
/* Whose error it is, if that has not been said. Returns code. */
int leat__changing_error(
	const struct leat_stage *st, int code, struct leat_error *err);
/* All of it. With change_lock; as leat_graph_set_options(). */
LEAT_MUST_CHECK int leat__changing_do(
	struct leat__changing *c, int64_t deadline_ns, struct leat_error *err);

/* ---- become.c: with graph->hooks_made ------------------------------------ */

/* What c->next has that is another. */
LEAT_MUST_CHECK int leat__become_read(
	struct leat__changing *c, struct leat_error *err);
/* While the run is held, and stages have come: the guards that they have in the
 * other graph are made. */
LEAT_MUST_CHECK int leat__become_guard(
	struct leat__changing *c, struct leat_error *err);
/* All have been made: this cannot fail. */
void leat__become_enter(struct leat__changing *c);

#endif
