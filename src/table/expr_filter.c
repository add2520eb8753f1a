/*
 * table/expr_filter.c -- for which rows is a condition true?
 *
 * Blocks of 512 rows; within one, a comparison runs over all rows that are
 * still undecided before the next begins. Results are false, true and null;
 * null is the value of a comparison with an empty field, and
 *	and = the least, or = the greatest   in the order false < null < true.
 * A part of `and` sees only rows that are not false yet, one of `or` only rows
 * that are not true. Only the frame's holder enters.
 */
#include <string.h>

#include "table/expr.h"

enum filter_result { FILTER_FALSE = 0, FILTER_NULL = 1, FILTER_TRUE = 2 };

struct filter {
	const struct leat_expr *expr;
	struct leat_table *t;
	struct leat_expr_fault *fault;
};

static int filter_node(const struct filter *f, uint32_t node,
	const uint32_t *rows, uint32_t n, uint8_t *results);

/* ---- numbers ------------------------------------------------------------ */

struct filter_number {
	uint32_t kind; /* EXPR_INT64, EXPR_FLOAT64, 0 = null */
	int64_t int64;
	double float64;
};

/* Bit of the order of two values: EXPR_LESS, EXPR_EQUAL, EXPR_GREATER. */
static inline uint32_t
filter_order_bit(int order)
{
	return 1u << (order + 1);
}

static uint32_t
filter_compare_numbers(
	const struct filter_number *a, const struct filter_number *b)
{
	int order;

	if (a->kind == EXPR_INT64 && b->kind == EXPR_INT64)
		order = (a->int64 > b->int64) - (a->int64 < b->int64);
	else if (a->kind == EXPR_INT64)
		order = leat__number_compare(a->int64, b->float64);
	else if (b->kind == EXPR_INT64)
		order = -leat__number_compare(b->int64, a->float64);
	else
		order = (a->float64 > b->float64) - (a->float64 < b->float64);
	return filter_order_bit(order);
}

static struct leat_text
filter_trim(struct leat_text x)
{
	while (x.len && (x.data[0] == ' ' || x.data[0] == '\t')) {
		x.data++;
		x.len--;
	}
	while (x.len && (x.data[x.len - 1] == ' ' || x.data[x.len - 1] == '\t'))
		x.len--;
	return x;
}

/* Text to number, without quotes and spaces around; nothing left is null. */
static int
filter_read_number(
	struct leat_text x, uint32_t quote, struct filter_number *out)
{
	if (leat__text_is_quoted(x, quote))
		x = (struct leat_text){x.data + 1, x.len - 2};
	x = filter_trim(x);
	out->kind = x.len ? EXPR_INT64 : 0;
	if (!x.len || leat_text_int64(x, &out->int64) == LEAT_OK)
		return LEAT_OK;
	out->kind = EXPR_FLOAT64;
	return leat_text_float64(x, &out->float64);
}

static int
filter_fail(const struct filter *f, uint32_t column, uint32_t row)
{
	if (f->fault)
		*f->fault = (struct leat_expr_fault){
			column, row, LEAT_TYPE_FLOAT64};
	return LEAT_EDATA;
}

/* The value of a typed column. */
static struct filter_number
filter_vector_number(const struct leat_vector *v, uint32_t row)
{
	struct filter_number x = {0, 0, 0};

	if (!(v->valid[row / 8] >> (row % 8) & 1))
		return x;
	if (v->type == LEAT_TYPE_INT64) {
		x.kind = EXPR_INT64;
		x.int64 = ((const int64_t *)v->values)[row];
	} else if (v->type == LEAT_TYPE_BOOL) {
		x.kind = EXPR_INT64;
		x.int64 =
			((const uint8_t *)v->values)[row / 8] >> (row % 8) & 1;
	} else {
		x.float64 = ((const double *)v->values)[row];
		x.kind = x.float64 != x.float64 ? 0 : EXPR_FLOAT64;
	}
	return x;
}

/* One side of a comparison of numbers, in a row. */
static int
filter_number(const struct filter *f, const struct expr_operand *side,
	uint32_t row, struct filter_number *out)
{
	const struct leat_schema *schema = f->t->schema;
	struct leat_vector v;
	uint32_t bad_row = row;

	if (side->kind != EXPR_COLUMN) {
		*out = (struct filter_number){
			side->kind, side->int64, side->float64};
		return LEAT_OK;
	}
	if (side->type == LEAT_TYPE_TEXT) {
		struct leat_text x = leat_table_raw(f->t, side->column, row);

		if (filter_read_number(x, schema->quote, out) == LEAT_OK)
			return LEAT_OK;
		return filter_fail(f, side->column, row);
	}
	if (leat_table_vector(f->t, side->column, side->type, &v, &bad_row))
		return filter_fail(f, side->column, bad_row);
	*out = filter_vector_number(&v, row);
	return LEAT_OK;
}

static int
filter_numbers(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	for (uint32_t k = 0; k < n; k++) {
		struct filter_number a, b;

		LEAT_TRY(filter_number(f, &node->left, rows[k], &a));
		LEAT_TRY(filter_number(f, &node->right, rows[k], &b));
		if (!a.kind || !b.kind)
			results[k] = FILTER_NULL;
		else
			results[k] = filter_compare_numbers(&a, &b) & node->op
				? FILTER_TRUE
				: FILTER_FALSE;
	}
	return LEAT_OK;
}

/* ---- the common case: text column, integer literal ---------------------- */

#define FILTER_ZEROS 0x3030303030303030u

/*
 * Up to eight digits, without a loop: moved to the high end over zeros, checked
 * all at once, then added up pairwise. false if something else is there. Reads
 * eight bytes, which text always has behind it.
 * Source: Lemire, Quickly parsing eight digits, 2018.
 */
static inline bool
filter_short_digits(const uint8_t *data, uint32_t len, uint64_t *value)
{
	uint64_t x;

	if (len - 1 > 7)
		return false;
	memcpy(&x, data, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	x = (x - FILTER_ZEROS) << (64 - 8 * len);
	if ((x | (x + 0x7676767676767676u)) & 0x8080808080808080u)
		return false;
	x = x * 10 + (x >> 8);
	x = ((x & 0x000000ff000000ffu) * 0x000f424000000064u +
		    ((x >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
		32;
	*value = x;
	return true;
}

/* As filter_read_number for what most fields hold; false = not such a one. */
static inline bool
filter_short_int(struct leat_text x, int64_t *value)
{
	uint32_t is_minus = x.len && x.data[0] == '-';
	uint64_t digits = 0;

	if (!filter_short_digits(x.data + is_minus, x.len - is_minus, &digits))
		return false;
	*value = is_minus ? -(int64_t)digits : (int64_t)digits;
	return true;
}

static int
filter_text_int(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	const struct leat_table *t = f->t;
	uint32_t field = t->schema->columns[node->left.column].field;
	struct filter_number b = {EXPR_INT64, node->right.int64, 0};

	for (uint32_t k = 0; k < n; k++) {
		struct leat_text x = leat__table_field(t, field, rows[k]);
		struct filter_number a = {EXPR_INT64, 0, 0};
		uint32_t bit;

		if (leat__unlikely(!filter_short_int(x, &a.int64)) &&
			filter_read_number(x, t->schema->quote, &a))
			return filter_fail(f, node->left.column, rows[k]);
		bit = a.kind == EXPR_INT64
			? filter_order_bit(
				  (a.int64 > b.int64) - (a.int64 < b.int64))
			: a.kind ? filter_compare_numbers(&a, &b)
				 : 0;
		results[k] = !a.kind     ? FILTER_NULL
			: bit & node->op ? FILTER_TRUE
					 : FILTER_FALSE;
	}
	return LEAT_OK;
}

/* ---- text --------------------------------------------------------------- */

/* A text that may have doubled quotes in it, read byte by byte. */
struct filter_text {
	const uint8_t *at;
	const uint8_t *end;
	uint32_t quote; /* doubled in it; 256 = none */
};

static struct filter_text
filter_text(
	const struct filter *f, const struct expr_operand *side, uint32_t row)
{
	uint32_t quote = f->t->schema->quote;
	struct leat_text x = {(const uint8_t *)side->text, side->len};
	struct filter_text text = {NULL, NULL, 256};

	if (side->kind == EXPR_COLUMN) {
		x = leat_table_raw(f->t, side->column, row);
		if (leat__text_is_quoted(x, quote)) {
			x = (struct leat_text){x.data + 1, x.len - 2};
			text.quote = x.len && memchr(x.data, (int)quote, x.len)
				? quote
				: 256;
		}
	}
	text.at = x.data;
	text.end = x.data + x.len;
	return text;
}

/* Next byte, or -1 at the end. */
static inline int
filter_text_byte(struct filter_text *x)
{
	int byte;

	if (x->at == x->end)
		return -1;
	byte = *x->at++;
	x->at += (uint32_t)byte == x->quote;
	return byte;
}

static int
filter_compare_texts(struct filter_text a, struct filter_text b)
{
	size_t n_a = (size_t)(a.end - a.at);
	size_t n_b = (size_t)(b.end - b.at);
	int order, x, y;

	if (a.quote == 256 && b.quote == 256) {
		size_t n = n_a < n_b ? n_a : n_b;

		order = n ? memcmp(a.at, b.at, n) : 0;
		return order ? (order > 0) - (order < 0)
			     : (n_a > n_b) - (n_a < n_b);
	}
	do {
		x = filter_text_byte(&a);
		y = filter_text_byte(&b);
	} while (x == y && x >= 0);
	return (x > y) - (x < y);
}

/* An empty field is null, an empty 'text' of the condition is not. */
static int
filter_texts(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	for (uint32_t k = 0; k < n; k++) {
		struct filter_text a = filter_text(f, &node->left, rows[k]);
		struct filter_text b = filter_text(f, &node->right, rows[k]);
		bool is_null =
			(node->left.kind == EXPR_COLUMN && a.at == a.end) ||
			(node->right.kind == EXPR_COLUMN && b.at == b.end);
		uint32_t bit = filter_order_bit(filter_compare_texts(a, b));

		results[k] = is_null     ? FILTER_NULL
			: bit & node->op ? FILTER_TRUE
					 : FILTER_FALSE;
	}
	return LEAT_OK;
}

/* ---- the tree ----------------------------------------------------------- */

static int
filter_is_null(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	const struct expr_operand *side = &node->left;

	for (uint32_t k = 0; k < n; k++) {
		struct filter_number x = {0, 0, 0};
		bool is_null;

		if (side->type == LEAT_TYPE_TEXT) {
			struct filter_text text = filter_text(f, side, rows[k]);

			is_null = text.at == text.end;
		} else {
			LEAT_TRY(filter_number(f, side, rows[k], &x));
			is_null = !x.kind;
		}
		results[k] =
			is_null == (node->op != 0) ? FILTER_TRUE : FILTER_FALSE;
	}
	return LEAT_OK;
}

static int
filter_compare(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	if (node->as_text)
		return filter_texts(f, node, rows, n, results);
	if (node->right.kind == EXPR_INT64 && node->left.kind == EXPR_COLUMN &&
		node->left.type == LEAT_TYPE_TEXT)
		return filter_text_int(f, node, rows, n, results);
	return filter_numbers(f, node, rows, n, results);
}

/* Rows that this list has not decided yet, and where their results belong. */
static uint32_t
filter_undecided(struct expr_level *level, const uint32_t *rows, uint32_t n,
	const uint8_t *results, uint8_t decided)
{
	uint32_t n_left = 0;

	for (uint32_t k = 0; k < n; k++) {
		level->rows[n_left] = rows[k];
		level->places[n_left] = (uint16_t)k;
		n_left += results[k] != decided;
	}
	return n_left;
}

static int
filter_list(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	struct expr_level *level = &f->expr->levels[node->level];
	bool is_and = node->kind == EXPR_AND;
	uint8_t decided = is_and ? FILTER_FALSE : FILTER_TRUE;
	uint32_t part = node->child;

	LEAT_TRY(filter_node(f, part, rows, n, results));
	while ((part = f->expr->nodes[part].next)) {
		uint32_t n_left =
			filter_undecided(level, rows, n, results, decided);

		if (!n_left)
			break;
		LEAT_TRY(filter_node(
			f, part, level->rows, n_left, level->results));
		for (uint32_t k = 0; k < n_left; k++) {
			uint8_t *to = &results[level->places[k]];
			uint8_t from = level->results[k];

			if (is_and ? from < *to : from > *to)
				*to = from;
		}
	}
	return LEAT_OK;
}

static int
filter_not(const struct filter *f, const struct expr_node *node,
	const uint32_t *rows, uint32_t n, uint8_t *results)
{
	LEAT_TRY(filter_node(f, node->child, rows, n, results));
	for (uint32_t k = 0; k < n; k++)
		results[k] = (uint8_t)(FILTER_TRUE - results[k]);
	return LEAT_OK;
}

static int
filter_node(const struct filter *f, uint32_t node, const uint32_t *rows,
	uint32_t n, uint8_t *results)
{
	const struct expr_node *e = &f->expr->nodes[node];

	switch (e->kind) {
	case EXPR_COMPARE:
		return filter_compare(f, e, rows, n, results);
	case EXPR_IS_NULL:
		return filter_is_null(f, e, rows, n, results);
	case EXPR_NOT:
		return filter_not(f, e, rows, n, results);
	default:
		return filter_list(f, e, rows, n, results);
	}
}

int
leat_expr_filter(struct leat_expr *expr, struct leat_table *t,
	uint32_t *rows_out, uint32_t *n_out, struct leat_expr_fault *fault)
{
	struct filter f = {expr, t, fault};
	uint32_t rows[EXPR_BLOCK_ROWS];
	uint8_t results[EXPR_BLOCK_ROWS];
	uint32_t n_kept = 0;

	LEAT_ASSERT(expr->schema == t->schema);
	for (uint32_t at = 0; at < t->n_rows; at += EXPR_BLOCK_ROWS) {
		uint32_t n = t->n_rows - at;

		if (n > EXPR_BLOCK_ROWS)
			n = EXPR_BLOCK_ROWS;
		for (uint32_t k = 0; k < n; k++)
			rows[k] = leat_table_row(t, at + k);
		LEAT_TRY(filter_node(&f, expr->root, rows, n, results));
		for (uint32_t k = 0; k < n; k++) {
			rows_out[n_kept] = rows[k];
			n_kept += results[k] == FILTER_TRUE;
		}
	}
	*n_out = n_kept;
	return LEAT_OK;
}
