/*
 * table/expr_filter.c -- an expression over a table: which rows, what values.
 *
 * Blocks of at most 512 rows; a block whose texts do not fit into the arena is
 * done in halves. Rows that have no value are given to the stage's on_error,
 * in their order, and are left out if it says so. Keeps: a table that the call
 * fails on has the vectors that it had. Only the frame's holder enters.
 */
#include <string.h>

#include "table/expr.h"

static const char filter_too_long[] =
	"the texts that are made for this row have over 256 KiB";

/* ---- blocks ------------------------------------------------------------- */

struct filter {
	struct expr_run run;
	uint32_t rows[EXPR_BLOCK_ROWS];
	uint32_t n_most; /* rows that the next block may have */
	struct leat_expr_fault *fault;
};

static void
filter_begin(struct filter *f, struct leat_expr *expr, struct leat_table *t,
	struct leat_expr_fault *fault)
{
	LEAT_ASSERT(expr->schema == t->schema);
	f->run = (struct expr_run){.expr = expr, .t = t, .rows = f->rows};
	f->n_most = EXPR_BLOCK_ROWS;
	f->fault = fault;
	expr->n_rejected = 0;
}

static void
filter_forget(struct filter *f)
{
	if (f->run.n_bad)
		memset(f->run.expr->bad, 0,
			EXPR_BLOCK_ROWS * sizeof(struct expr_bad));
	f->run.n_bad = 0;
	f->run.arena_at = 0;
}

/* Evaluate rows alive from `at` on, as many as it can. */
static int
filter_block(struct filter *f, uint32_t at)
{
	struct leat_expr *e = f->run.expr;
	uint32_t n = f->run.t->n_rows - at;
	int rc;

	f->run.n = n < f->n_most ? n : f->n_most;
	for (uint32_t k = 0; k < f->run.n; k++)
		f->rows[k] = leat_table_row(f->run.t, at + k);
	while ((rc = leat__expr_run_node(&f->run, e->root, f->rows, f->run.n,
			0)) == LEAT_ELIMIT &&
		f->run.n > 1) {
		filter_forget(f);
		f->run.n = (f->run.n + 1) / 2;
	}
	/* what follows is about as long */
	f->n_most =
		f->run.n < EXPR_BLOCK_ROWS / 2 ? 2 * f->run.n : EXPR_BLOCK_ROWS;
	if (rc != LEAT_ELIMIT)
		return rc;
	filter_forget(f);
	f->run.n_bad = 1;
	e->bad[0] = (struct expr_bad){
		.node = e->root, .reason = filter_too_long, .is_bad = 1};
	return LEAT_OK;
}

/* ---- rows that have no value -------------------------------------------- */

/* A column below a node: the row's place is that of its value. */
static uint32_t
filter_find_column(const struct leat_expr *e, uint32_t node)
{
	const struct expr_node *n = &e->nodes[node];
	uint32_t column = LEAT_FIELD_NONE;

	if (n->kind == EXPR_COLUMN)
		return n->column;
	for (uint32_t child = n->child; child && column == LEAT_FIELD_NONE;
		child = e->nodes[child].next)
		column = filter_find_column(e, child);
	return column;
}

static int
filter_fault(struct filter *f, uint32_t k)
{
	const struct leat_expr *e = f->run.expr;
	const struct expr_bad *bad = &e->bad[k];
	const struct expr_node *n = &e->nodes[bad->node];
	struct leat_expr_fault fault = {
		.column = filter_find_column(e, bad->node),
		.row = f->rows[k],
		.type = bad->type,
		.reason = bad->reason,
		.offset = n->offset,
		.n_bytes = n->n_bytes,
	};
	uint32_t column;
	char text[256];

	if (!bad->reason && n->kind != EXPR_COLUMN &&
		(n->kind != EXPR_CAST ||
			e->nodes[n->child].kind != EXPR_COLUMN))
		fault.column = LEAT_FIELD_NONE;
	if (f->fault) {
		*f->fault = fault;
		return LEAT_EDATA;
	}
	leat_expr_fault_text(e, f->run.t, &fault, text, sizeof(text));
	column = filter_find_column(e, bad->node);
	return leat_table_reject(e->st, f->run.t,
		column == LEAT_FIELD_NONE ? 0 : column, fault.row, LEAT_EDATA,
		text);
}

static int
filter_reject(struct filter *f)
{
	for (uint32_t k = 0; f->run.n_bad && k < f->run.n; k++)
		if (f->run.expr->bad[k].is_bad)
			LEAT_TRY(filter_fault(f, k));
	f->run.expr->n_rejected += f->run.n_bad;
	return LEAT_OK;
}

static inline bool
filter_is_bad(const struct filter *f, uint32_t k)
{
	return f->run.n_bad && f->run.expr->bad[k].is_bad;
}

uint32_t
leat_expr_n_rejected(const struct leat_expr *expr)
{
	return expr->n_rejected;
}

/* ---- conditions --------------------------------------------------------- */

int
leat_expr_filter(struct leat_expr *expr, struct leat_table *t,
	uint32_t *rows_out, uint32_t *n_out, struct leat_expr_fault *fault)
{
	struct filter f;
	uint32_t n_kept = 0;
	int rc = LEAT_OK;

	filter_begin(&f, expr, t, fault);
	for (uint32_t at = 0; !rc && at < t->n_rows; at += f.run.n) {
		const struct expr_slot *is;

		rc = filter_block(&f, at);
		if (!rc)
			rc = filter_reject(&f);
		is = expr->slots[0];
		for (uint32_t k = 0; k < f.run.n; k++) {
			rows_out[n_kept] = f.rows[k];
			n_kept += is->has[k] & is->is_true[k];
		}
		filter_forget(&f);
	}
	*n_out = n_kept;
	return rc;
}

/* ---- values ------------------------------------------------------------- */

/* A text of the source, or of the frame, is not copied. */
static int
eval_piece(struct leat_table *t, struct leat_text x, struct leat_piece *out)
{
	const uint8_t *own = t->frame->data;

	if (x.len && t->text && x.data >= t->text + t->first &&
		x.data + x.len <= t->text + t->text_bytes) {
		*out = leat_table_piece(t, x);
		return LEAT_OK;
	}
	if (x.len && x.data >= own &&
		x.data + x.len <= own + t->head->free_at) {
		*out = (struct leat_piece){
			(uint32_t)(x.data - own), x.len | LEAT_PIECE_OWN};
		return LEAT_OK;
	}
	return leat_table_add_text(t, x.data, x.len, out);
}

static int
eval_put(struct leat_table *t, uint32_t type, const struct expr_slot *from,
	uint32_t k, void *values, uint32_t row)
{
	struct leat_decimal *decimals = values;
	struct leat_piece *pieces = values;
	uint8_t *bits = values;

	switch (type) {
	case LEAT_TYPE_BOOL:
		bits[row / 8] |= (uint8_t)(from->is_true[k] << (row % 8));
		return LEAT_OK;
	case LEAT_TYPE_DECIMAL:
		decimals[row] = leat__decimal_put(from->decimal[k]);
		return LEAT_OK;
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		return eval_piece(t, from->text[k], &pieces[row]);
	default:
		((int64_t *)values)[row] = from->int64[k];
		return LEAT_OK;
	}
}

static int
eval_block(struct filter *f, uint32_t type, const struct leat_vector_room *room)
{
	const struct expr_slot *from = f->run.expr->slots[0];

	for (uint32_t k = 0; k < f->run.n; k++) {
		uint32_t row = f->rows[k];

		if (from->has[k])
			LEAT_TRY(eval_put(
				f->run.t, type, from, k, room->values, row));
		else
			room->valid[row / 8] &= (uint8_t) ~(1u << (row % 8));
	}
	return LEAT_OK;
}

/* All blocks; on an error says how far it came. */
static int
eval_all(struct filter *f, uint32_t type, const struct leat_vector_room *room,
	uint32_t *at, uint32_t *n_kept)
{
	struct leat_table *t = f->run.t;
	uint32_t *kept = leat_table_selection(t);
	int rc = LEAT_OK;

	for (; !rc && *at < t->n_rows; *at += rc ? 0 : f->run.n) {
		rc = filter_block(f, *at);
		if (!rc)
			rc = eval_block(f, type, room);
		if (!rc)
			rc = filter_reject(f);
		for (uint32_t k = 0; !rc && k < f->run.n; k++) {
			kept[*n_kept] = f->rows[k];
			*n_kept += !filter_is_bad(f, k);
		}
		filter_forget(f);
	}
	return rc;
}

int
leat_expr_eval(struct leat_expr *expr, struct leat_table *t,
	struct leat_expr_fault *fault)
{
	const struct leat_table_head before = *t->head;
	uint32_t at = 0, n_kept = 0, scale = 0, len = t->frame->len_bytes;
	uint32_t type = leat_expr_type(expr, &scale);
	struct leat_vector_room room;
	struct filter f;
	int rc;

	filter_begin(&f, expr, t, fault);
	rc = leat_table_add_vector(
		t, type, type == LEAT_TYPE_DECIMAL ? scale : 0, &room);
	if (!rc)
		rc = eval_all(&f, type, &room, &at, &n_kept);
	if (rc) {
		t->head->free_at = before.free_at;
		t->head->vectors_at = before.vectors_at;
		t->head->n_vectors = before.n_vectors;
		t->frame->len_bytes = len;
	}
	if (!expr->n_rejected)
		return rc;
	/* what was rejected is gone, also if it is to be done again */
	for (; at < t->n_rows; at++)
		leat_table_selection(t)[n_kept++] = leat_table_row(t, at);
	leat_table_select(t, leat_table_selection(t), n_kept);
	return rc;
}
