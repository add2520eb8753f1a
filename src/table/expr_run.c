/*
 * table/expr_run.c -- the tree of an expression, for a block of rows.
 *
 * A node runs over all rows that it is asked for before its parent does. `and`
 * and `or` ask a part only for rows that are not decided yet, `case` and
 * `coalesce` only for those whose value it is: what is not looked at cannot
 * fail. Nulls are as in SQL: and = the least, or = the greatest in the order
 * false < null < true. Only the frame's holder enters.
 */
#include <string.h>

#include "table/expr.h"

static inline void
run_swap(struct expr_run *run, uint32_t a, uint32_t b)
{
	struct expr_slot **slots = run->expr->slots;
	struct expr_slot *slot = slots[a];

	slots[a] = slots[b];
	slots[b] = slot;
}

/* ---- rows that have no value -------------------------------------------- */

/* Place of a row among those of the block, which ascend. */
static uint32_t
run_place(const struct expr_run *run, uint32_t row)
{
	uint32_t from = 0, to = run->n;

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (run->rows[middle] <= row)
			from = middle;
		else
			to = middle;
	}
	return from;
}

static void
run_bad(const struct expr_call *c, uint32_t k, const struct expr_bad *why)
{
	struct expr_bad *bad =
		&c->run->expr->bad[run_place(c->run, c->rows[k])];

	c->out->has[k] = 0;
	if (bad->is_bad)
		return;
	*bad = *why;
	bad->is_bad = 1;
	c->run->n_bad++;
}

static uint32_t
run_number(const struct expr_call *c)
{
	return (uint32_t)(c->node - c->run->expr->nodes);
}

void
leat__expr_bad(const struct expr_call *c, uint32_t k, const char *reason)
{
	struct expr_bad why = {.node = run_number(c), .reason = reason};

	run_bad(c, k, &why);
}

void
leat__expr_bad_text(const struct expr_call *c, uint32_t k, uint32_t type)
{
	struct expr_bad why = {.node = run_number(c), .type = type};

	run_bad(c, k, &why);
}

uint8_t *
leat__expr_take(struct expr_run *run, uint64_t n_bytes)
{
	uint8_t *at = run->expr->arena + run->arena_at;

	if (n_bytes > EXPR_ARENA_BYTES - run->arena_at)
		return NULL;
	run->arena_at += (uint32_t)n_bytes;
	return at;
}

/* ---- leaves ------------------------------------------------------------- */

/* Its value was made what the parent wants, but for a text. */
static uint32_t
run_literal(const struct expr_node *n, uint32_t count, struct expr_slot *out)
{
	uint32_t type = n->as_type == LEAT_TYPE_TEXT ? n->type : n->as_type;
	uint8_t has = n->type != EXPR_NONE;

	if (n->as_type == EXPR_NUMBER)
		has = n->type == LEAT_TYPE_TEXT        ? (uint8_t)n->variant
			: n->type == LEAT_TYPE_FLOAT64 ? 2
						       : has;
	memset(out->has, has, count);
	if (!has)
		memset(out->is_true, 0, count);
	else
		for (uint32_t k = 0; k < count; k++)
			leat__expr_put(out, type, k, &n->value);
	return type;
}

/* ---- and, or, not ------------------------------------------------------- */

/* Rows that this list has not decided yet, and where their results belong. */
static void
run_undecided(const struct expr_slot *results, bool is_and,
	const uint32_t *rows, uint32_t n, struct expr_rows *left)
{
	left->n = 0;
	for (uint32_t k = 0; k < n; k++) {
		bool is_decided = is_and
			? results->has[k] & !results->is_true[k]
			: results->is_true[k];

		left->rows[left->n] = rows[k];
		left->places[left->n] = (uint16_t)k;
		left->n += !is_decided;
	}
}

static void
run_join(const struct expr_rows *left, bool is_and,
	const struct expr_slot *part, struct expr_slot *results)
{
	for (uint32_t k = 0; k < left->n; k++) {
		uint32_t place = left->places[k];

		if (part->has[k] && part->is_true[k] != is_and) {
			results->has[place] = 1;
			results->is_true[place] = !is_and;
		} else if (!part->has[k]) {
			results->has[place] = 0;
			results->is_true[place] = 0;
		}
	}
}

static int
run_list(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	struct expr_rows *left = &e->levels[n->level];
	bool is_and = n->kind == EXPR_AND;
	uint32_t part = n->child;

	LEAT_TRY(leat__expr_run_node(run, part, rows, count, at));
	while ((part = e->nodes[part].next)) {
		run_undecided(e->slots[at], is_and, rows, count, left);
		if (!left->n)
			break;
		LEAT_TRY(leat__expr_run_node(
			run, part, left->rows, left->n, at + 1));
		run_join(left, is_and, e->slots[at + 1], e->slots[at]);
	}
	return LEAT_OK;
}

static int
run_not(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	struct expr_slot *slot;

	LEAT_TRY(leat__expr_run_node(run, n->child, rows, count, at));
	slot = run->expr->slots[at];
	for (uint32_t k = 0; k < count; k++)
		slot->is_true[k] = slot->has[k] & !slot->is_true[k];
	return LEAT_OK;
}

static int
run_is_null(struct expr_run *run, const struct expr_node *n,
	const uint32_t *rows, uint32_t count, uint32_t at)
{
	uint8_t is_negated = (n->op & EXPR_NEGATED) != 0;
	struct expr_slot *from, *to = run->expr->slots[at + 1];

	LEAT_TRY(leat__expr_run_node(run, n->child, rows, count, at));
	from = run->expr->slots[at];
	to = run->expr->slots[at + 1];
	for (uint32_t k = 0; k < count; k++) {
		to->is_true[k] = (from->has[k] != 0) == is_negated;
		to->has[k] = 1;
	}
	run_swap(run, at, at + 1);
	return LEAT_OK;
}

/* ---- comparisons -------------------------------------------------------- */

static int
run_compare(struct expr_run *run, const struct expr_node *n,
	const uint32_t *rows, uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	uint32_t right = e->nodes[n->child].next;

	LEAT_TRY(leat__expr_run_node(run, n->child, rows, count, at));
	LEAT_TRY(leat__expr_run_node(run, right, rows, count, at + 1));
	leat__expr_compare(e->nodes[n->child].as_type, n->op, e->slots[at],
		e->slots[at + 1], e->slots[at + 2], count);
	run_swap(run, at, at + 2);
	return LEAT_OK;
}

static int
run_between(struct expr_run *run, const struct expr_node *n,
	const uint32_t *rows, uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	uint32_t type = e->nodes[n->child].as_type;
	uint32_t least = e->nodes[n->child].next;
	struct expr_slot *a, *b;

	LEAT_TRY(leat__expr_run_node(run, n->child, rows, count, at));
	LEAT_TRY(leat__expr_run_node(run, least, rows, count, at + 1));
	leat__expr_compare(type, EXPR_EQUAL | EXPR_GREATER, e->slots[at],
		e->slots[at + 1], e->slots[at + 3], count);
	/* the value stands below; what the other end uses is above */
	run_swap(run, at + 1, at + 3);
	LEAT_TRY(leat__expr_run_node(
		run, e->nodes[least].next, rows, count, at + 2));
	leat__expr_compare(type, EXPR_LESS | EXPR_EQUAL, e->slots[at],
		e->slots[at + 2], e->slots[at + 3], count);
	a = e->slots[at + 1];
	b = e->slots[at + 3];
	for (uint32_t k = 0; k < count; k++) {
		bool is_false = (a->has[k] & !a->is_true[k]) |
			(b->has[k] & !b->is_true[k]);

		a->has[k] = is_false | (a->has[k] & b->has[k]);
		a->is_true[k] = is_false ? 0 : a->has[k];
	}
	run_swap(run, at, at + 1);
	return LEAT_OK;
}

static int
run_in(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	uint32_t type = e->nodes[n->child].as_type;
	uint32_t item = n->child;
	struct expr_slot *found;

	LEAT_TRY(leat__expr_run_node(run, n->child, rows, count, at));
	found = e->slots[at + 1];
	for (uint32_t k = 0; k < count; k++)
		found->has[k] = e->slots[at]->has[k] != 0;
	memset(found->is_true, 0, count);
	while ((item = e->nodes[item].next)) {
		const struct expr_slot *is;

		LEAT_TRY(leat__expr_run_node(run, item, rows, count, at + 2));
		is = e->slots[at + 3];
		leat__expr_compare(type, EXPR_EQUAL, e->slots[at],
			e->slots[at + 2], e->slots[at + 3], count);
		for (uint32_t k = 0; k < count; k++) {
			found->is_true[k] |= is->is_true[k];
			found->has[k] = found->is_true[k] |
				(found->has[k] & is->has[k]);
		}
	}
	run_swap(run, at, at + 1);
	return LEAT_OK;
}

/* ---- case, coalesce ----------------------------------------------------- */

static void
run_copy(struct expr_slot *dst, uint32_t to, const struct expr_slot *src,
	uint32_t from, uint32_t type)
{
	struct expr_value v = leat__expr_get(src, type, from);

	dst->has[to] = src->has[from];
	leat__expr_put(dst, type, to, &v);
}

static void
run_all_left(struct expr_rows *left, const uint32_t *rows, uint32_t n)
{
	memcpy(left->rows, rows, n * sizeof(*rows));
	for (uint32_t k = 0; k < n; k++)
		left->places[k] = (uint16_t)k;
	left->n = n;
}

/* Those for which the test is true are chosen, the others are left. */
static void
run_choose(const struct expr_slot *test, struct expr_rows *left,
	struct expr_rows *chosen)
{
	uint32_t n = left->n;

	left->n = chosen->n = 0;
	for (uint32_t k = 0; k < n; k++) {
		struct expr_rows *to = test->is_true[k] ? chosen : left;

		to->rows[to->n] = left->rows[k];
		to->places[to->n++] = left->places[k];
	}
}

/* Is the subject, which stands below, equal to this `when`? */
static int
run_when_subject(struct expr_run *run, const struct expr_node *n, uint32_t when,
	const struct expr_rows *left, uint32_t at)
{
	struct leat_expr *e = run->expr;
	uint32_t type = e->nodes[n->child].as_type;

	for (uint32_t k = 0; k < left->n; k++)
		run_copy(e->slots[at + 2], k, e->slots[at + 1], left->places[k],
			type);
	LEAT_TRY(leat__expr_run_node(run, when, left->rows, left->n, at + 3));
	leat__expr_compare(type, EXPR_EQUAL, e->slots[at + 2], e->slots[at + 3],
		e->slots[at + 4], left->n);
	run_swap(run, at + 2, at + 4);
	return LEAT_OK;
}

/* What some rows are, to their places in the result. */
static int
run_then(struct expr_run *run, const struct expr_node *n, uint32_t then,
	const struct expr_rows *rows, uint32_t at, uint32_t place)
{
	struct leat_expr *e = run->expr;

	if (!rows->n)
		return LEAT_OK;
	LEAT_TRY(leat__expr_run_node(
		run, then, rows->rows, rows->n, at + place));
	for (uint32_t k = 0; k < rows->n; k++)
		run_copy(e->slots[at], rows->places[k], e->slots[at + place], k,
			n->type);
	return LEAT_OK;
}

static int
run_case(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	struct expr_rows *left = &e->levels[n->level];
	struct expr_rows *chosen = &e->levels[n->level + 1];
	bool has_subject = n->op & EXPR_HAS_SUBJECT;
	uint32_t place = has_subject ? 2 : 1, when = n->child, then;

	if (has_subject) {
		LEAT_TRY(leat__expr_run_node(run, when, rows, count, at + 1));
		when = e->nodes[when].next;
	}
	memset(e->slots[at]->has, 0, count);
	memset(e->slots[at]->is_true, 0, count);
	run_all_left(left, rows, count);
	while (when && (then = e->nodes[when].next)) {
		if (left->n && has_subject)
			LEAT_TRY(run_when_subject(run, n, when, left, at));
		else if (left->n)
			LEAT_TRY(leat__expr_run_node(
				run, when, left->rows, left->n, at + 1));
		run_choose(e->slots[at + place], left, chosen);
		LEAT_TRY(run_then(run, n, then, chosen, at, place));
		when = e->nodes[then].next;
	}
	return when ? run_then(run, n, when, left, at, place) : LEAT_OK;
}

static int
run_coalesce(struct expr_run *run, const struct expr_node *n,
	const uint32_t *rows, uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	struct expr_rows *left = &e->levels[n->level];
	uint32_t part = n->child;

	LEAT_TRY(leat__expr_run_node(run, part, rows, count, at));
	while ((part = e->nodes[part].next)) {
		left->n = 0;
		for (uint32_t k = 0; k < count; k++) {
			left->rows[left->n] = rows[k];
			left->places[left->n] = (uint16_t)k;
			left->n += !e->slots[at]->has[k];
		}
		LEAT_TRY(run_then(run, n, part, left, at, 1));
	}
	return LEAT_OK;
}

/* ---- calls and casts ---------------------------------------------------- */

static int
run_call(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	struct leat_expr *e = run->expr;
	struct expr_call c = {run, n, rows, count, e->slots + at, NULL};
	uint32_t child = n->child;

	for (uint32_t k = 0; child; k++) {
		LEAT_TRY(leat__expr_run_node(run, child, rows, count, at + k));
		child = e->nodes[child].next;
	}
	c.out = e->slots[at + n->n_children];
	memcpy(c.out->has, c.arg[0]->has, count);
	for (uint32_t a = 1; a < n->n_children; a++)
		for (uint32_t k = 0; k < count; k++)
			c.out->has[k] &= c.arg[a]->has[k];
	LEAT_TRY(n->function->call(&c));
	run_swap(run, at, at + n->n_children);
	return LEAT_OK;
}

static int
run_convert(struct expr_run *run, const struct expr_node *n,
	const struct expr_cast *cast, const uint32_t *rows, uint32_t count,
	uint32_t at)
{
	struct expr_call c = {run, n, rows, count, run->expr->slots + at,
		run->expr->slots[at + 1]};

	memcpy(c.out->has, c.arg[0]->has, count);
	LEAT_TRY(leat__expr_cast_slot(&c, cast));
	run_swap(run, at, at + 1);
	return LEAT_OK;
}

static int
run_cast(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	const struct expr_node *child = &run->expr->nodes[n->child];
	const struct expr_cast cast = {child->as_type, child->as_scale, n->type,
		n->scale, n->op & EXPR_TRY};

	LEAT_TRY(leat__expr_run_node(run, n->child, rows, count, at));
	return run_convert(run, n, &cast, rows, count, at);
}

/* ---- all of them -------------------------------------------------------- */

static int
run_kind(struct expr_run *run, const struct expr_node *n, const uint32_t *rows,
	uint32_t count, uint32_t at)
{
	switch (n->kind) {
	case EXPR_COMPARE:
		return run_compare(run, n, rows, count, at);
	case EXPR_BETWEEN:
		return run_between(run, n, rows, count, at);
	case EXPR_IN:
		return run_in(run, n, rows, count, at);
	case EXPR_IS_NULL:
		return run_is_null(run, n, rows, count, at);
	case EXPR_NOT:
		return run_not(run, n, rows, count, at);
	case EXPR_AND:
	case EXPR_OR:
		return run_list(run, n, rows, count, at);
	case EXPR_CASE:
		return run_case(run, n, rows, count, at);
	case EXPR_COALESCE:
		return run_coalesce(run, n, rows, count, at);
	case EXPR_CAST:
		return run_cast(run, n, rows, count, at);
	default:
		return run_call(run, n, rows, count, at);
	}
}

int
leat__expr_run_node(struct expr_run *run, uint32_t node, const uint32_t *rows,
	uint32_t n, uint32_t at)
{
	const struct expr_node *e = &run->expr->nodes[node];
	struct expr_call c = {run, e, rows, n, NULL, run->expr->slots[at]};
	struct expr_cast cast = {e->type, e->scale, e->as_type, e->as_scale, 0};

	if (e->kind == EXPR_LITERAL)
		cast.from = run_literal(e, n, c.out);
	else if (e->kind == EXPR_COLUMN)
		LEAT_TRY(leat__expr_run_column(&c, &cast.from));
	else if (e->kind != EXPR_COMPARE || !leat__expr_run_fast(&c))
		LEAT_TRY(run_kind(run, e, rows, n, at));
	if (cast.from == cast.to &&
		(cast.to != LEAT_TYPE_DECIMAL || e->kind == EXPR_LITERAL ||
			cast.from_scale == cast.to_scale))
		return LEAT_OK;
	return run_convert(run, e, &cast, rows, n, at);
}
