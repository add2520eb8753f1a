/*
 * table/expr_column.c -- values of a column, for a block of rows.
 *
 * What stands as text in a file is read here, row by row, as the type that is
 * wanted; an empty field is null, and spaces around a value do not matter
 * unless it is a text. A column that is compared with numbers may hold both
 * kinds. NaN is null. Only the frame's holder enters.
 */
#include <math.h>
#include <string.h>

#include "table/expr.h"
#include "table/plain.h"

/* ---- text --------------------------------------------------------------- */

/* Where the text of a column stands. */
struct column_source {
	const struct leat_table *t;
	uint32_t field; /* LEAT_FIELD_NONE: in pieces */
	bool is_strict; /* a JSON string is no value of its type */
	struct leat_vector pieces;
};

static inline bool
column_is_bad(const struct column_source *s, uint32_t row)
{
	return s->is_strict && leat__vector_is_string(&s->pieces, row);
}

/* Without the quotes around it; no data = null. */
static inline struct leat_text
column_raw(const struct column_source *s, uint32_t row)
{
	struct leat_text x = {NULL, 0};

	if (s->field == LEAT_FIELD_NONE)
		return leat_vector_has(&s->pieces, row)
			? leat_vector_text(&s->pieces, row)
			: x;
	x = leat__table_field(s->t, s->field, row);
	if (leat__text_is_quoted(x, s->t->schema->quote))
		x = (struct leat_text){x.data + 1, x.len - 2};
	if (!x.len)
		x.data = NULL;
	return x;
}

/* Fields with doubled quotes in them are decoded in the arena. */
static int
column_texts(const struct expr_call *c, const struct column_source *s)
{
	uint32_t quote = s->t->has_quotes ? s->t->schema->quote : 0;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = {NULL, 0};
		uint8_t *scratch = NULL;

		if (s->field == LEAT_FIELD_NONE) {
			c->out->text[k] = column_raw(s, c->rows[k]);
			c->out->has[k] = c->out->text[k].data != NULL;
			continue;
		}
		x = leat__table_field(s->t, s->field, c->rows[k]);
		if (quote && leat__text_needs_scratch(x, quote)) {
			scratch = leat__expr_take(c->run, x.len);
			if (!scratch)
				return LEAT_ELIMIT;
		}
		if (quote)
			x = leat__text_decode(x, quote, scratch);
		c->out->text[k] = x;
		c->out->has[k] = x.len > 0;
	}
	return LEAT_OK;
}

/* Both kinds of numbers, as they come: what an EXPR_NUMBER has. */
static inline uint8_t
column_number(const struct expr_call *c, const struct column_source *s,
	uint32_t k, struct expr_value *v)
{
	struct leat_text x = column_raw(s, c->rows[k]);
	uint8_t has = 0;

	if (!x.data)
		return 0;
	if (leat__unlikely(column_is_bad(s, c->rows[k]))) {
		leat__expr_bad_text(c, k, LEAT_TYPE_FLOAT64);
		return 0;
	}
	if (x.len && leat__likely(leat__plain_int(x.data, x.len, &v->int64)))
		return 1;
	if (s->field != LEAT_FIELD_NONE && !(x = leat__expr_trim(x)).len)
		return 0;
	has = leat__expr_read_number(x, v);
	if (!has)
		leat__expr_bad_text(c, k, LEAT_TYPE_FLOAT64);
	return has;
}

static void
column_numbers(const struct expr_call *c, const struct column_source *s)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct expr_value v = {.int64 = 0};

		c->out->has[k] = column_number(c, s, k, &v);
		c->out->int64[k] = v.int64;
	}
}

static void
column_values(
	const struct expr_call *c, const struct column_source *s, uint32_t type)
{
	uint32_t scale =
		type == c->node->type ? c->node->scale : c->node->as_scale;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = column_raw(s, c->rows[k]);
		struct expr_value v = {.int64 = 0};

		c->out->has[k] = x.data != NULL;
		if (type == LEAT_TYPE_BOOL)
			c->out->is_true[k] = 0;
		if (x.data && leat__unlikely(column_is_bad(s, c->rows[k]))) {
			leat__expr_bad_text(c, k, type);
			continue;
		}
		if (!x.data ||
			(type == LEAT_TYPE_INT64 && x.len &&
				leat__plain_int(
					x.data, x.len, &c->out->int64[k])))
			continue;
		if (s->field != LEAT_FIELD_NONE && !leat__expr_trim(x).len)
			c->out->has[k] = 0;
		else if (leat__expr_read(x, type, scale, &v))
			leat__expr_bad_text(c, k, type);
		else
			leat__expr_put(c->out, type, k, &v);
	}
}

/* For `is null`: nobody wants to know what it is. */
static void
column_presence(const struct expr_call *c, const struct column_source *s)
{
	for (uint32_t k = 0; k < c->n; k++)
		c->out->has[k] = column_raw(s, c->rows[k]).data != NULL;
}

static int
column_from_text(const struct expr_call *c, const struct column_source *s,
	uint32_t *type_out)
{
	const struct expr_node *n = c->node;
	uint32_t type = n->type;

	if (n->variant == EXPR_FROM_TEXT)
		type = LEAT_TYPE_TEXT;
	else if (type == LEAT_TYPE_TEXT || n->as_type == LEAT_TYPE_TEXT ||
		n->as_type == EXPR_NUMBER)
		type = n->as_type;
	*type_out = type;
	if (n->variant == EXPR_ONLY_PRESENCE) {
		*type_out = n->as_type;
		column_presence(c, s);
	} else if (type == LEAT_TYPE_TEXT) {
		return column_texts(c, s);
	} else if (type == EXPR_NUMBER) {
		column_numbers(c, s);
	} else {
		column_values(c, s, type);
	}
	return LEAT_OK;
}

/* ---- vectors ------------------------------------------------------------ */

static void
column_put_vector(const struct leat_vector *v, uint32_t row,
	struct expr_slot *out, uint32_t k)
{
	const struct leat_decimal *decimals = v->values;

	switch (v->type) {
	case LEAT_TYPE_BOOL:
		out->is_true[k] =
			((const uint8_t *)v->values)[row / 8] >> (row % 8) & 1;
		break;
	case LEAT_TYPE_DECIMAL:
		out->decimal[k] = leat__decimal_get(decimals[row]);
		break;
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		out->text[k] = leat_vector_text(v, row);
		break;
	case LEAT_TYPE_FLOAT64:
		out->float64[k] = ((const double *)v->values)[row];
		if (isnan(out->float64[k]))
			out->has[k] = 0;
		break;
	default:
		out->int64[k] = ((const int64_t *)v->values)[row];
	}
}

static void
column_from_vector(const struct expr_call *c, const struct leat_vector *v,
	uint32_t *type_out)
{
	bool is_number = c->node->as_type == EXPR_NUMBER;

	*type_out = v->type;
	if (is_number &&
		(v->type == LEAT_TYPE_INT64 || v->type == LEAT_TYPE_FLOAT64))
		*type_out = EXPR_NUMBER;
	if (v->type == LEAT_TYPE_BOOL)
		memset(c->out->is_true, 0, c->n);
	for (uint32_t k = 0; k < c->n; k++) {
		c->out->has[k] = leat_vector_has(v, c->rows[k]);
		if (c->out->has[k])
			column_put_vector(v, c->rows[k], c->out, k);
	}
	if (is_number && v->type == LEAT_TYPE_FLOAT64)
		for (uint32_t k = 0; k < c->n; k++)
			c->out->has[k] = (uint8_t)(c->out->has[k] * 2);
	if (c->node->variant == EXPR_ONLY_PRESENCE)
		*type_out = c->node->as_type;
}

int
leat__expr_run_column(const struct expr_call *c, uint32_t *type_out)
{
	const struct leat_table *t = c->run->t;
	const struct leat_column *column = &t->schema->columns[c->node->column];
	struct column_source s = {.t = t, .field = column->field};

	if (column->field == LEAT_FIELD_NONE &&
		!leat__table_vector_find(t, column, &s.pieces)) {
		memset(c->out->has, 0, c->n);
		memset(c->out->is_true, 0, c->n);
		*type_out = c->node->as_type;
		return LEAT_OK;
	}
	if (column->field == LEAT_FIELD_NONE &&
		s.pieces.type != LEAT_TYPE_TEXT) {
		column_from_vector(c, &s.pieces, type_out);
		return LEAT_OK;
	}
	s.is_strict = column->field == LEAT_FIELD_NONE &&
		leat__column_is_strict(column);
	return column_from_text(c, &s, type_out);
}

/* ---- the common cases: a column of text, a literal -------------------- */

/* Where a column's text stands; false: it has none. */
static bool
column_find(
	const struct leat_table *t, uint32_t number, struct column_source *out)
{
	const struct leat_column *column = &t->schema->columns[number];

	*out = (struct column_source){.t = t, .field = column->field};
	if (column->field != LEAT_FIELD_NONE)
		return true;
	out->is_strict = leat__column_is_strict(column);
	return leat__table_vector_find(t, column, &out->pieces) &&
		out->pieces.type == LEAT_TYPE_TEXT;
}

struct fast {
	struct column_source source;
	uint32_t op;
	const struct expr_node *literal;
};

static inline uint8_t
fast_is_true(const struct fast *f, int64_t x)
{
	int64_t y = f->literal->value.int64;

	return f->op >> ((x > y) - (x < y) + 1) & 1;
}

static void
fast_number(const struct expr_call *c, const struct fast *f, uint32_t k)
{
	int64_t y = f->literal->value.int64;
	struct expr_value v = {.int64 = 0};
	uint8_t has = column_number(c, &f->source, k, &v);

	c->out->has[k] = has != 0;
	if (has == 2) {
		int order = -leat__number_compare(y, v.float64);

		c->out->is_true[k] = (f->op & leat__expr_order_bit(order)) != 0;
	} else {
		c->out->is_true[k] = has ? fast_is_true(f, v.int64) : 0;
	}
}

/* Rows behind each other from the k-th on, up to one that holds something else
 * than a short number; returns which that is. */
static uint32_t
fast_number_run(const struct expr_call *c, const struct fast *f, uint32_t k)
{
	const struct leat_table *t = f->source.t;
	uint32_t n_fields = t->schema->n_fields;
	const uint32_t *ends = t->fields + f->source.field;
	const uint32_t *end = ends + (size_t)c->rows[k] * n_fields;
	const uint32_t *last = ends + (size_t)c->rows[c->n - 1] * n_fields;
	uint32_t from = k;

	for (; k < c->n; k++, end += n_fields) {
		uint32_t start = end[-1] + 1;
		int64_t x;

		__builtin_prefetch(
			t->text + leat__plain_ahead(end, last, n_fields));
		if (leat__unlikely(!leat__plain_int(
			    t->text + start, *end - start, &x)))
			break;
		c->out->is_true[k] = fast_is_true(f, x);
	}
	memset(c->out->has + from, 1, k - from);
	return k;
}

/* The same of pieces of the source, whichever rows they are. */
static uint32_t
fast_piece_run(const struct expr_call *c, const struct fast *f, uint32_t k)
{
	const struct leat_vector *v = &f->source.pieces;
	const struct leat_piece *pieces = v->values;
	uint32_t from = k;

	for (; k < c->n; k++) {
		uint32_t row = c->rows[k];
		struct leat_piece piece = pieces[row];
		int64_t x;

		if (!leat_vector_has(v, row) || piece.len & LEAT_PIECE_OWN ||
			column_is_bad(&f->source, row) ||
			!leat__plain_int(v->text + piece.at, piece.len, &x))
			break;
		c->out->is_true[k] = fast_is_true(f, x);
	}
	memset(c->out->has + from, 1, k - from);
	return k;
}

static void
fast_numbers(const struct expr_call *c, const struct fast *f)
{
	const struct column_source *s = &f->source;
	/* rows ascend */
	bool is_run = c->n && c->rows[c->n - 1] - c->rows[0] == c->n - 1;

	for (uint32_t k = 0; k < c->n; k++) {
		if (s->field == LEAT_FIELD_NONE)
			k = fast_piece_run(c, f, k);
		else if (is_run &&
			leat__plain_is_run(s->t, s->field, c->rows[k]))
			k = fast_number_run(c, f, k);
		if (k < c->n)
			fast_number(c, f, k);
	}
}

/* A text without quotes in it is equal to what stands in the source, or not. */
static void
fast_texts(const struct expr_call *c, const struct fast *f)
{
	const struct leat_table *t = f->source.t;
	bool is_equal = f->op == EXPR_EQUAL;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x =
			leat__table_field(t, f->source.field, c->rows[k]);
		bool is_same;

		if (leat__text_is_quoted(x, t->schema->quote))
			x = (struct leat_text){x.data + 1, x.len - 2};
		is_same = x.len && x.len == f->literal->len &&
			!memcmp(x.data, f->literal->text, x.len);
		c->out->has[k] = x.len > 0;
		c->out->is_true[k] = x.len && is_same == is_equal;
	}
}

bool
leat__expr_run_fast(const struct expr_call *c)
{
	const struct leat_expr *e = c->run->expr;
	const struct expr_node *a = &e->nodes[c->node->child];
	const struct expr_node *b = &e->nodes[a->next];
	struct expr_call at = {c->run, a, c->rows, c->n, c->arg, c->out};
	struct fast f = {.op = c->node->op, .literal = b};

	if (a->kind != EXPR_COLUMN || b->kind != EXPR_LITERAL ||
		!column_find(c->run->t, a->column, &f.source))
		return false;
	if (a->as_type == EXPR_NUMBER && b->type == LEAT_TYPE_INT64) {
		fast_numbers(&at, &f);
		return true;
	}
	if (f.source.field != LEAT_FIELD_NONE && a->type == LEAT_TYPE_TEXT &&
		b->type == LEAT_TYPE_TEXT && a->as_type == LEAT_TYPE_TEXT &&
		(f.op == EXPR_EQUAL || f.op == (EXPR_LESS | EXPR_GREATER)) &&
		!(b->len &&
			memchr(b->text, (int)c->run->t->schema->quote,
				b->len))) {
		fast_texts(&at, &f);
		return true;
	}
	return false;
}
