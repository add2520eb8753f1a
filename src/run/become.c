/*
 * run/become.c -- a running graph becomes like another one: what is another in
 * it is read from that one, for change.c to do.
 *
 * Stages that are in both get the options of the other one's. Where one goes,
 * or comes in the place of another, it is exchanged (renew.c). Guards are made
 * as whole sets and put in last, which cannot fail; those of a stage that has
 * come are made when it is there, for they look at it.
 * Keeps: what leat_graph_compare() says cannot be done is not begun.
 * Threads: as change.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/value.h"
#include "run/change.h"

/* ---- reading it ---------------------------------------------------------- */

/* Does another stage come in its place? */
static bool
changes_has_exchange(
	const struct leat__changing *c, const struct leat_stage *st)
{
	for (uint32_t k = 0; k < c->n_stages; k++)
		if (c->stages[k].st == st)
			return c->stages[k].is_exchanged;
	return false;
}

static int
read_stage_like(struct leat__changing *c, struct leat_stage *st,
	const struct leat_stage *next, struct leat_error *err)
{
	struct leat__stage_change *change;

	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if (!leat__option_differs(option, st->opts, next->opts))
			continue;
		LEAT_TRY(leat__changing_option(c, st, option, &change, err));
		/* a text is lent */
		memcpy((uint8_t *)change->fields + option->offset,
			(const uint8_t *)next->opts + option->offset,
			leat__value_bytes(option->type));
	}
	return LEAT_OK;
}

/* Of st, which is next by now, or is to have the same guards. */
static int
read_guards_like(struct leat__changing *c, struct leat_stage *st,
	const struct leat_stage *next, struct leat_error *err)
{
	struct leat__guards_change *change = &c->guards[c->n_guards];

	if (next && !leat__hooks_differ(st, next))
		return LEAT_OK;
	*change = (struct leat__guards_change){.st = st,
		.next = next,
		.is_told = !changes_has_exchange(c, st)};
	LEAT_TRY(leat__hooks_like(st, next, &change->made, err));
	c->n_guards++;
	return LEAT_OK;
}

/* Another stage comes in the place of this one; next NULL = nobody does. */
static int
read_exchange(struct leat__changing *c, struct leat_stage *st,
	const struct leat_stage *next, struct leat_error *err)
{
	struct leat__stage_change *change = leat__changing_stage(c, st);
	char name[LEAT_ERROR_STAGE_BYTES];

	if (next)
		snprintf(name, sizeof(name), "%s", next->name);
	else
		leat__place_free_name(c->graph, c->next, c->n_vacated++, name);
	change->is_renewed = change->is_exchanged = true;
	change->newcomer = (struct leat__newcomer){
		.like = next, .name = leat__place_name(c->graph, name)};
	return change->newcomer.name ? LEAT_OK
				     : leat__graph_no_memory(err, "a name");
}

static int
read_pair(struct leat__changing *c, struct leat_stage *st,
	const struct leat__pair *pair, struct leat_error *err)
{
	if (pair->fate == LEAT__FATE_STAYS) {
		LEAT_TRY(read_stage_like(c, st, pair->next, err));
		return read_guards_like(c, st, pair->next, err);
	}
	if (!pair->next && leat__place_is_pass(st))
		return LEAT_OK;
	return read_exchange(c, st, pair->next, err);
}

/* What leat_graph_compare() tells, which has been looked at. */
int
leat__become_read(struct leat__changing *c, struct leat_error *err)
{
	if (leat__places_make(&c->places, c->graph, c->next) < 0)
		return leat__graph_no_memory(err, "changes");
	for (uint32_t k = 0; k < c->graph->n_stages; k++) {
		struct leat_stage *st = c->graph->stages[k];
		int rc = read_pair(c, st, &c->places.pairs[k], err);

		if (rc < 0)
			return leat__changing_error(st, rc, err);
	}
	return LEAT_OK;
}

/* ---- doing it ------------------------------------------------------------ */

int
leat__become_guard(struct leat__changing *c, struct leat_error *err)
{
	for (uint32_t k = 0; k < c->n_stages; k++) {
		const struct leat__stage_change *change = &c->stages[k];
		int rc;

		if (!change->is_exchanged)
			continue;
		rc = read_guards_like(
			c, change->st, change->newcomer.like, err);
		if (rc < 0)
			return leat__changing_error(change->st, rc, err);
	}
	return LEAT_OK;
}

void
leat__become_enter(struct leat__changing *c)
{
	for (uint32_t k = 0; k < c->n_guards; k++) {
		struct leat__guards_change *change = &c->guards[k];

		if (change->is_told)
			leat__hooks_tell(change->st, change->next, c->who);
		leat__hooks_enter(change->st, change->made);
		change->made = NULL;
	}
}

/* ---- another graph ------------------------------------------------------- */

/* The first difference that cannot be made, as an error. */
struct refusal {
	struct leat_error *err;
	int code;
};

static void
refuse_difference(const struct leat_difference *d, void *user)
{
	struct refusal *refusal = user;

	if (d->way != LEAT_WAY_NONE || refusal->code < 0)
		return;
	refusal->code = leat__error(refusal->err, LEAT_ENOTSUP, "%s", d->why);
	if (!refusal->err)
		return;
	snprintf(refusal->err->stage, sizeof(refusal->err->stage), "%s",
		d->stage);
	refusal->err->at_offset = d->at_offset;
	refusal->err->at_bytes = d->at_bytes;
}

/* Places are those in the text of the graph that it was to become. */
static void
become_place(const struct leat_graph *next, struct leat_error *err)
{
	const struct leat_stage *st = err
		? leat__graph_find(next, err->stage, strlen(err->stage))
		: NULL;

	if (!err)
		return;
	err->at_offset = st ? st->place.offset : 0;
	err->at_bytes = st ? st->place.n_bytes : 0;
}

/* With change_lock. */
static int
become(struct leat__changing *c, int64_t deadline_ns, struct leat_error *err)
{
	struct refusal refusal = {.err = err, .code = LEAT_OK};
	uint32_t n = leat_graph_compare(
		c->graph, c->next, refuse_difference, &refusal);
	int rc;

	if (refusal.code < 0 || n == 0)
		return refusal.code;
	rc = leat__changing_do(c, deadline_ns, err);
	if (rc < 0)
		become_place(c->next, err);
	return rc;
}

int
leat_graph_become(struct leat_graph *graph, struct leat_graph *next,
	int64_t deadline_ns, const char *who, struct leat_error *err)
{
	struct leat__changing c = {.graph = graph, .next = next, .who = who};
	int rc;

	if (err)
		*err = (struct leat_error){0};
	if (next->state != LEAT__GRAPH_CHECKED)
		return leat__error(err, LEAT_ESTATE,
			"the graph that it is to become like is checked, "
			"and not started");
	leat__lock_take(&graph->change_lock, graph->env);
	rc = become(&c, deadline_ns, err);
	leat__lock_drop(&graph->change_lock, graph->env);
	return rc;
}
