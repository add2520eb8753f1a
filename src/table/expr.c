/*
 * table/expr.c -- an expression as a whole: made, measured, asked.
 *
 * Keeps: what evaluating needs (slots, lists of rows, room for texts) is known
 * from the tree alone and taken here; nothing is while data flows. The stage
 * enters, before its first frame and at its end.
 */
#include <stdio.h>
#include <string.h>

#include "table/expr_parse.h"

#define FAULT_WANTED_BYTES 80
#define EXPR_ALLOC_BYTES   64 /* that an allocation takes besides */

int
leat__expr_alloc(struct leat_expr *e, size_t n_bytes, void **out)
{
	LEAT_TRY(leat_stage_alloc(e->st, n_bytes, out));
	e->side_bytes += n_bytes + EXPR_ALLOC_BYTES;
	return LEAT_OK;
}

/* ---- what it takes to evaluate ------------------------------------------ */

struct measure {
	struct leat_expr *expr;
	uint32_t n_slots;
	uint32_t n_levels;
};

/* Where child k of a node leaves its values, seen from the node's own place;
 * see expr_run.c. */
static uint32_t
measure_place(const struct expr_node *n, uint32_t k)
{
	switch (n->kind) {
	case EXPR_CALL:
	case EXPR_BETWEEN:
		return k;
	case EXPR_IN:
		return k ? 2 : 0;
	case EXPR_CASE:
		if (!(n->op & EXPR_HAS_SUBJECT))
			return 1;
		return k == 0 ? 1 : k % 2 && k + 1 < n->n_children ? 3 : 2;
	default:
		return k ? 1 : 0;
	}
}

/* Slots that a node uses itself. */
static uint32_t
measure_own(const struct expr_node *n)
{
	return n->kind == EXPR_CALL ? n->n_children + 1 : 5;
}

static void
measure_node(struct measure *m, uint32_t node, uint32_t at, uint32_t level)
{
	struct expr_node *n = &m->expr->nodes[node];
	uint32_t child = n->child;

	n->level = level;
	if (at + measure_own(n) > m->n_slots)
		m->n_slots = at + measure_own(n);
	if (n->kind == EXPR_AND || n->kind == EXPR_OR ||
		n->kind == EXPR_COALESCE)
		level += 1;
	else if (n->kind == EXPR_CASE)
		level += 2;
	if (level > m->n_levels)
		m->n_levels = level;
	for (uint32_t k = 0; child; k++) {
		measure_node(m, child, at + measure_place(n, k), level);
		child = m->expr->nodes[child].next;
	}
}

static int
expr_alloc_run(struct leat_expr *e, const struct measure *m)
{
	struct expr_slot *slots;
	void *memory;

	LEAT_TRY(leat__expr_alloc(
		e, m->n_levels * sizeof(struct expr_rows) + 1, &memory));
	e->levels = memory;
	LEAT_TRY(leat__expr_alloc(
		e, m->n_slots * sizeof(struct expr_slot *), &memory));
	e->slots = memory;
	LEAT_TRY(leat__expr_alloc(
		e, m->n_slots * sizeof(struct expr_slot), &memory));
	e->first_slot = slots = memory;
	for (uint32_t k = 0; k < m->n_slots; k++)
		e->slots[k] = &slots[k];
	LEAT_TRY(leat__expr_alloc(
		e, EXPR_BLOCK_ROWS * sizeof(struct expr_bad), &memory));
	e->bad = memory;
	memset(e->bad, 0, EXPR_BLOCK_ROWS * sizeof(struct expr_bad));
	LEAT_TRY(leat__expr_alloc(e, EXPR_ARENA_BYTES, &memory));
	e->arena = memory;
	return LEAT_OK;
}

static int
expr_measure(struct leat_expr *e, struct leat_expr_error *err)
{
	struct measure m = {e, 0, 0};
	int rc;

	measure_node(&m, e->root, 0, 0);
	if (m.n_slots > EXPR_SLOTS_MAX)
		return leat__expr_fail(err, LEAT_ELIMIT, 0, 1,
			"it needs %u values at once, over %d; more than one "
			"derive can share the work",
			m.n_slots, EXPR_SLOTS_MAX);
	rc = expr_alloc_run(e, &m);
	return rc
		? leat__expr_fail(err, rc, 0, 1, "no memory for the expression")
		: LEAT_OK;
}

/* ---- made and ended ----------------------------------------------------- */

static int
expr_parse_all(struct parse *p)
{
	LEAT_TRY(leat__expr_parse_next(p));
	if (p->lex.token.kind == LEX_END)
		return leat__expr_fail(p->lex.err, LEAT_EINVAL, 0, 1,
			"the expression is empty; for example: delay > 60");
	LEAT_TRY(leat__expr_parse_value(p, &p->expr->root));
	if (p->lex.token.kind != LEX_END)
		return leat__expr_lex_fail_expected(
			&p->lex, "an operator, 'and', 'or' or the end");
	return expr_measure(p->expr, p->lex.err);
}

/* One block: the struct, nodes, the source and its decoded pieces. */
static int
expr_create(struct leat_stage *st, const char *source, size_t len,
	struct leat_expr **out)
{
	/* no node has less than half a byte of its own */
	size_t n_nodes = leat__min_u64(2 * len, LEAT_EXPR_NODES_MAX) + 2;
	size_t at = leat__round_up(sizeof(**out), 16); /* decimals lie so */
	size_t n_bytes = at + n_nodes * sizeof(struct expr_node) + 2 * len + 2;
	struct leat_expr *e;
	void *memory;

	LEAT_TRY(leat_stage_alloc(st, n_bytes, &memory));
	e = memory;
	*e = (struct leat_expr){.st = st,
		.nodes = (struct expr_node *)(void *)((char *)memory + at),
		.side_bytes = n_bytes + EXPR_ALLOC_BYTES};
	e->source = (char *)(e->nodes + n_nodes);
	memcpy(e->source, source, len + 1);
	*out = e;
	return LEAT_OK;
}

int
leat_expr_parse(struct leat_stage *st, const char *source,
	struct leat_expr **out, struct leat_expr_error *err)
{
	struct leat_expr *e = NULL;
	size_t len = strlen(source);
	struct parse p;
	int rc;

	if (len > LEAT_EXPR_TEXT_MAX)
		return leat__expr_fail(err, LEAT_ELIMIT, 0, 1,
			"the expression has over %d bytes", LEAT_EXPR_TEXT_MAX);
	rc = expr_create(st, source, len, &e);
	if (rc)
		return leat__expr_fail(
			err, rc, 0, 1, "no memory for the expression");
	p = (struct parse){.expr = e,
		.n_nodes_max =
			(uint32_t)leat__min_u64(2 * len, LEAT_EXPR_NODES_MAX),
		.lex = {.err = err,
			.source = e->source,
			.decoded = e->source + len + 1}};
	rc = expr_parse_all(&p);
	if (rc) {
		leat_expr_destroy(e);
		return rc;
	}
	*out = e;
	return LEAT_OK;
}

void
leat_expr_destroy(struct leat_expr *expr)
{
	if (!expr)
		return;
	leat__expr_regex_end(expr);
	leat_stage_free(expr->st, expr->levels);
	leat_stage_free(expr->st, expr->first_slot);
	leat_stage_free(expr->st, expr->slots);
	leat_stage_free(expr->st, expr->bad);
	leat_stage_free(expr->st, expr->arena);
	leat_stage_free(expr->st, expr);
}

uint64_t
leat_expr_side_bytes(const struct leat_expr *expr)
{
	return expr->side_bytes;
}

uint32_t
leat_expr_type(const struct leat_expr *expr, uint32_t *scale_out)
{
	const struct expr_node *n = &expr->nodes[expr->root];

	LEAT_ASSERT(expr->schema);
	if (scale_out)
		*scale_out = n->as_scale;
	return n->as_type == EXPR_NONE ? LEAT_TYPE_TEXT : n->as_type;
}

bool
leat_expr_is_condition(const struct leat_expr *expr)
{
	uint32_t type = expr->nodes[expr->root].as_type;

	return type == LEAT_TYPE_BOOL || type == EXPR_NONE;
}

/* ---- faults ------------------------------------------------------------- */

/* Of a decimal that is declared, and has not got what it was declared as, it is
 * the digits that are too many. */
static void
fault_wanted(uint32_t type, const struct leat_column *column,
	struct leat_text x, char buf[FAULT_WANTED_BYTES])
{
	if (type == LEAT_TYPE_DECIMAL && column->type == LEAT_TYPE_DECIMAL &&
		!leat_text_fits(x, column))
		snprintf(buf, FAULT_WANTED_BYTES,
			"a decimal(%u), of at most %u digits behind the point,",
			column->scale, column->scale);
	else
		snprintf(
			buf, FAULT_WANTED_BYTES, "%s", leat__expr_wanted(type));
}

/* "column 'delay' has 'n/a', where a number is wanted" */
static void
fault_text_value(const struct leat_table *t,
	const struct leat_expr_fault *fault, char *buf, size_t n_bytes)
{
	const struct leat_column *column = &t->schema->columns[fault->column];
	char wanted[FAULT_WANTED_BYTES];
	uint8_t scratch[64];
	struct leat_text x = {NULL, 0};

	if (column->field != LEAT_FIELD_NONE)
		x = leat_table_raw(t, fault->column, fault->row);
	else if (leat_table_text_bytes(t, fault->column, fault->row) <=
		sizeof(scratch))
		x = leat_table_text(t, fault->column, fault->row, scratch);
	fault_wanted(fault->type, column, x, wanted);
	snprintf(buf, n_bytes, "column '%s' has '%.*s', where %s is wanted",
		column->name, x.len > 60 ? 60 : (int)x.len,
		x.data ? (const char *)x.data : "", wanted);
}

void
leat_expr_fault_text(const struct leat_expr *expr, const struct leat_table *t,
	const struct leat_expr_fault *fault, char *buf, size_t n_bytes)
{
	const char *source = expr->source + fault->offset;
	int len = fault->n_bytes > 60 ? 60 : (int)fault->n_bytes;

	if (fault->reason)
		snprintf(buf, n_bytes, "'%.*s'%s: %s", len, source,
			len < (int)fault->n_bytes ? "..." : "", fault->reason);
	else if (fault->column != LEAT_FIELD_NONE)
		fault_text_value(t, fault, buf, n_bytes);
	else
		snprintf(buf, n_bytes, "'%.*s' has a text, where %s is wanted",
			len, source, leat__expr_wanted(fault->type));
}

/* ---- which columns ------------------------------------------------------- */

bool
leat_expr_wants(const struct leat_expr *expr, const struct leat_schema *schema,
	bool *wanted)
{
	for (uint32_t k = 0; k < expr->n_nodes; k++) {
		const struct expr_node *n = &expr->nodes[k];
		int32_t column;

		if (n->kind != EXPR_COLUMN)
			continue;
		column = leat_schema_find(schema, n->text, n->len);
		if (column < 0)
			return false;
		wanted[column] = true;
	}
	return true;
}
