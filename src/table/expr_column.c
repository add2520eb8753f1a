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

/* ---- short numbers ------------------------------------------------------ */

#define COLUMN_ZEROS 0x3030303030303030u

/*
 * Up to eight digits, without a loop: moved to the high end over zeros, checked
 * all at once, then added up pairwise. false if something else is there. Reads
 * eight bytes, which text always has behind it.
 * Source: Lemire, Quickly parsing eight digits, 2018.
 */
static inline bool
column_short_digits(const uint8_t *data, uint32_t len, uint64_t *value)
{
	uint64_t x;

	if (len - 1 > 7)
		return false;
	memcpy(&x, data, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	x = (x - COLUMN_ZEROS) << (64 - 8 * len);
	if ((x | (x + 0x7676767676767676u)) & 0x8080808080808080u)
		return false;
	x = x * 10 + (x >> 8);
	x = ((x & 0x000000ff000000ffu) * 0x000f424000000064u +
		    ((x >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
		32;
	*value = x;
	return true;
}

/* What most fields hold; false = not such a one. */
static inline bool
column_short_int(struct leat_text x, int64_t *value)
{
	uint32_t is_minus = x.len && x.data[0] == '-';
	uint64_t digits = 0;

	if (!column_short_digits(x.data + is_minus, x.len - is_minus, &digits))
		return false;
	*value = is_minus ? -(int64_t)digits : (int64_t)digits;
	return true;
}

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

/* Both kinds of numbers, as they come. */
static void
column_numbers(const struct expr_call *c, const struct column_source *s)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = column_raw(s, c->rows[k]);
		struct expr_value v = {.int64 = 0};

		c->out->has[k] = 0;
		if (!x.data)
			continue;
		if (leat__unlikely(column_is_bad(s, c->rows[k])))
			leat__expr_bad_text(c, k, LEAT_TYPE_FLOAT64);
		else if (leat__likely(column_short_int(x, &v.int64)))
			c->out->has[k] = 1;
		else if (s->field == LEAT_FIELD_NONE ||
			(x = leat__expr_trim(x)).len) {
			c->out->has[k] = leat__expr_read_number(x, &v);
			if (!c->out->has[k])
				leat__expr_bad_text(c, k, LEAT_TYPE_FLOAT64);
		}
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
			(type == LEAT_TYPE_INT64 &&
				column_short_int(x, &c->out->int64[k])))
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

/* ---- the common cases: a column of a file, a literal -------------------- */

struct fast {
	const struct leat_table *t;
	uint32_t field;
	uint32_t op;
	const struct expr_node *literal;
};

static void
fast_numbers(const struct expr_call *c, const struct fast *f)
{
	struct column_source s = {.t = f->t, .field = f->field};
	int64_t y = f->literal->value.int64;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x =
			leat__table_field(f->t, f->field, c->rows[k]);
		struct expr_value v = {.int64 = 0};
		uint8_t has = 1;
		int order;

		if (leat__unlikely(!column_short_int(x, &v.int64))) {
			x = leat__expr_trim(column_raw(&s, c->rows[k]));
			has = x.len ? leat__expr_read_number(x, &v) : 0;
			if (x.len && !has)
				leat__expr_bad_text(c, k, LEAT_TYPE_FLOAT64);
		}
		order = has == 2 ? -leat__number_compare(y, v.float64)
				 : (v.int64 > y) - (v.int64 < y);
		c->out->has[k] = has != 0;
		c->out->is_true[k] =
			has && (f->op & leat__expr_order_bit(order)) != 0;
	}
}

/* A text without quotes in it is equal to what stands in the source, or not. */
static void
fast_texts(const struct expr_call *c, const struct fast *f)
{
	bool is_equal = f->op == EXPR_EQUAL;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x =
			leat__table_field(f->t, f->field, c->rows[k]);
		bool is_same;

		if (leat__text_is_quoted(x, f->t->schema->quote))
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
	const struct leat_table *t = c->run->t;
	struct expr_call at = {c->run, a, c->rows, c->n, c->arg, c->out};
	struct fast f = {t, LEAT_FIELD_NONE, c->node->op, b};

	if (a->kind == EXPR_COLUMN && b->kind == EXPR_LITERAL)
		f.field = t->schema->columns[a->column].field;
	if (f.field == LEAT_FIELD_NONE)
		return false;
	if (a->as_type == EXPR_NUMBER && b->type == LEAT_TYPE_INT64) {
		fast_numbers(&at, &f);
		return true;
	}
	if (a->type == LEAT_TYPE_TEXT && b->type == LEAT_TYPE_TEXT &&
		a->as_type == LEAT_TYPE_TEXT &&
		(f.op == EXPR_EQUAL || f.op == (EXPR_LESS | EXPR_GREATER)) &&
		!(b->len && memchr(b->text, (int)t->schema->quote, b->len))) {
		fast_texts(&at, &f);
		return true;
	}
	return false;
}
