/*
 * table/expr_bind.c -- an expression meets a schema.
 *
 * From the leaves up: finds columns, settles of what type each node is, and as
 * what its parent wants it. A text that is written out becomes what it is
 * compared with, here; a text column, value by value. Nothing of an earlier
 * schema is left over. The stage enters.
 */
#include <stdio.h>
#include <string.h>

#include "table/date.h"
#include "table/expr.h"

#define BIND_NAMES_BYTES 160

/* ---- names of things ---------------------------------------------------- */

const char *
leat__expr_type_name(const struct expr_node *n)
{
	if (n->type == EXPR_NONE)
		return "null";
	if (n->kind == EXPR_LITERAL && n->type == LEAT_TYPE_TEXT)
		return "a text";
	if (n->kind == EXPR_LITERAL &&
		(n->type == LEAT_TYPE_INT64 || n->type == LEAT_TYPE_FLOAT64))
		return "a number";
	return leat_type_name(n->type);
}

/* A column that is all there is, or cast, cannot have been meant as a text. */
static int
bind_fail_unknown(struct expr_bind *b, const struct expr_node *n)
{
	bool is_text = n->is_quoted || b->expr->n_nodes > 2;
	const char *near = leat_schema_suggest(b->schema, n->text, n->len);
	int len = n->len > 64 ? 64 : (int)n->len;
	char names[BIND_NAMES_BYTES];

	leat_schema_names(b->schema, names, sizeof(names));
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"no column '%.*s'%s%.40s%s%s; there are: %s", len, n->text,
		near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "",
		!near && is_text ? " (a text stands in single quotes)" : "",
		names);
}

/* ---- one type from another ---------------------------------------------- */

/* A literal with a point is as exact as its digits, beside a decimal. */
static bool
bind_literal_decimal(
	const struct expr_node *n, uint32_t scale, struct expr_value *out)
{
	struct leat_text x = {(const uint8_t *)n->text, n->len};

	if (leat__expr_read(x, LEAT_TYPE_DECIMAL, scale, out))
		return false;
	if (n->op & EXPR_NEGATED)
		out->decimal = -out->decimal;
	return true;
}

uint32_t
leat__expr_literal_scale(const struct expr_node *n)
{
	struct expr_value value;
	uint32_t scale = 0;

	while (scale <= LEAT_DECIMAL_DIGITS_MAX &&
		!bind_literal_decimal(n, scale, &value))
		scale++;
	return scale;
}

static bool
bind_literal(struct expr_node *n, uint32_t type, uint32_t scale)
{
	if (n->type == LEAT_TYPE_TEXT && type == EXPR_NUMBER) {
		n->variant = leat__expr_read_number(n->parsed.text, &n->value);
		return n->variant != 0;
	}
	if (n->type == LEAT_TYPE_TEXT)
		return type != LEAT_TYPE_TEXT && type != LEAT_TYPE_BINARY &&
			!leat__expr_read(
				n->parsed.text, type, scale, &n->value);
	if (type == LEAT_TYPE_DECIMAL &&
		(n->type == LEAT_TYPE_INT64 || n->type == LEAT_TYPE_FLOAT64))
		return bind_literal_decimal(n, scale, &n->value);
	if (n->type == LEAT_TYPE_INT64 && type == LEAT_TYPE_FLOAT64) {
		n->value.float64 = (double)n->parsed.int64;
		return true;
	}
	if (n->type == LEAT_TYPE_DATE && type == LEAT_TYPE_TIMESTAMP) {
		n->value.int64 = n->parsed.int64 * LEAT__DAY_US;
		return true;
	}
	return false;
}

/* Does it become that by itself, without a cast? */
static bool
bind_is_implied(uint32_t from, uint32_t to)
{
	switch (from) {
	case EXPR_NONE:
		return true;
	case LEAT_TYPE_INT64:
		return to == LEAT_TYPE_FLOAT64 || to == LEAT_TYPE_DECIMAL ||
			to == EXPR_NUMBER;
	case LEAT_TYPE_FLOAT64:
		return to == EXPR_NUMBER;
	case LEAT_TYPE_DECIMAL:
		return to == LEAT_TYPE_FLOAT64 || to == LEAT_TYPE_DECIMAL;
	case LEAT_TYPE_DATE:
		return to == LEAT_TYPE_TIMESTAMP;
	default:
		return false;
	}
}

static bool
bind_can_be(struct expr_node *n, uint32_t type, uint32_t scale)
{
	if (n->kind == EXPR_LITERAL && n->type != EXPR_NONE) {
		n->value = n->parsed;
		return n->type == type || bind_literal(n, type, scale) ||
			(type == EXPR_NUMBER &&
				(n->type == LEAT_TYPE_INT64 ||
					n->type == LEAT_TYPE_FLOAT64));
	}
	if (n->type == type && (type != LEAT_TYPE_DECIMAL || n->scale == scale))
		return true;
	return bind_is_implied(n->type, type);
}

int
leat__expr_bind_as(struct expr_bind *b, struct expr_node *n, uint32_t type,
	uint32_t scale, const char *what)
{
	const char *name = leat_type_name(type);

	if (bind_can_be(n, type, scale)) {
		n->as_type = type;
		n->as_scale = scale;
		return LEAT_OK;
	}
	if (n->kind == EXPR_LITERAL && n->type == LEAT_TYPE_TEXT)
		return leat__expr_fail(b->err, LEAT_EINVAL, n->offset,
			n->n_bytes, "%s %s here, which '%.60s' is not", what,
			leat__expr_wanted(type), n->text);
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"%s %s here, not %s; a cast makes one: %.*s::%s", what, name,
		leat__expr_type_name(n), n->n_bytes > 40 ? 1 : (int)n->n_bytes,
		n->n_bytes > 40 ? "x" : b->expr->source + n->offset, name);
}

/* ---- one type for several ----------------------------------------------- */

static bool
bind_is_number(uint32_t type)
{
	return type == LEAT_TYPE_INT64 || type == LEAT_TYPE_FLOAT64 ||
		type == LEAT_TYPE_DECIMAL || type == EXPR_NUMBER;
}

struct common {
	uint32_t type;
	uint32_t scale;
	bool is_compared;
	bool has_decimal;
	const struct expr_node *head; /* that settled it */
};

static bool
common_merge_numbers(struct common *c, uint32_t type, uint32_t scale)
{
	bool has_decimal =
		c->type == LEAT_TYPE_DECIMAL || type == LEAT_TYPE_DECIMAL;
	bool is_whole =
		(c->type == LEAT_TYPE_INT64 || c->type == LEAT_TYPE_DECIMAL) &&
		(type == LEAT_TYPE_INT64 || type == LEAT_TYPE_DECIMAL);

	if (has_decimal && is_whole) {
		uint32_t other = c->type == LEAT_TYPE_DECIMAL ? c->scale : 0;

		c->type = LEAT_TYPE_DECIMAL;
		c->scale = scale > other ? scale : other;
	} else if (has_decimal || !c->is_compared) {
		c->type = LEAT_TYPE_FLOAT64;
	} else {
		c->type = EXPR_NUMBER;
	}
	return true;
}

static bool
common_merge(struct common *c, uint32_t type, uint32_t scale)
{
	if (type == EXPR_NONE)
		return true;
	if (c->type == EXPR_NONE || c->type == type) {
		c->scale =
			c->type == type && c->scale > scale ? c->scale : scale;
		c->type = type;
		return true;
	}
	if (bind_is_number(c->type) && bind_is_number(type))
		return common_merge_numbers(c, type, scale);
	if ((c->type == LEAT_TYPE_DATE && type == LEAT_TYPE_TIMESTAMP) ||
		(c->type == LEAT_TYPE_TIMESTAMP && type == LEAT_TYPE_DATE)) {
		c->type = LEAT_TYPE_TIMESTAMP;
		return true;
	}
	return false;
}

/* What becomes what the others are comes behind them: numbers with a point, 1,
 * and then texts, 2. */
static int
common_turn(const struct common *c, const struct expr_node *n)
{
	if (n->kind == EXPR_LITERAL && n->type == LEAT_TYPE_FLOAT64)
		return 1;
	return n->type == LEAT_TYPE_TEXT &&
			(n->kind == EXPR_LITERAL ||
				(c->is_compared && n->kind == EXPR_COLUMN))
		? 2
		: 0;
}

static bool
common_adapt(struct common *c, const struct expr_node *n)
{
	if (n->type == LEAT_TYPE_FLOAT64) {
		uint32_t scale = c->type == LEAT_TYPE_DECIMAL
			? leat__expr_literal_scale(n)
			: LEAT_DECIMAL_DIGITS_MAX + 1;

		return scale <= LEAT_DECIMAL_DIGITS_MAX
			? common_merge(c, LEAT_TYPE_DECIMAL, scale)
			: common_merge(c, LEAT_TYPE_FLOAT64, 0);
	}
	if (c->type == EXPR_NONE)
		c->type = LEAT_TYPE_TEXT;
	else if (n->kind == EXPR_COLUMN &&
		(c->type == LEAT_TYPE_INT64 || c->type == LEAT_TYPE_FLOAT64))
		c->type = EXPR_NUMBER;
	return true;
}

/* A column of a file that is compared may hold both kinds of numbers. */
static void
common_loosen(struct common *c, const struct expr_node *n)
{
	if (c->is_compared && n->kind == EXPR_COLUMN && !c->has_decimal &&
		(c->type == LEAT_TYPE_INT64 || c->type == LEAT_TYPE_FLOAT64))
		c->type = EXPR_NUMBER;
}

/* May a text of a column be read as what the others are? */
static bool
common_takes_column(const struct common *c, const struct expr_node *n)
{
	return c->is_compared && n->kind == EXPR_COLUMN &&
		n->type == LEAT_TYPE_TEXT && c->type != LEAT_TYPE_BINARY;
}

/* Is child k one of those that are to have a common type? */
static bool
common_is_one(const struct expr_node *n, uint32_t k, enum expr_common which)
{
	uint32_t first = n->op & EXPR_HAS_SUBJECT ? 1 : 0;
	bool is_else = n->op & EXPR_HAS_ELSE && k + 1 == n->n_children;

	if (which == EXPR_COMMON_ALL)
		return true;
	if (which == EXPR_COMMON_WHENS)
		return !k || (!is_else && (k - first) % 2 == 0);
	return is_else || (k >= first && (k - first) % 2 == 1);
}

/* First what has a type of its own, then what becomes what the others are. */
static const struct expr_node *
common_find(struct expr_bind *b, const struct expr_node *n,
	enum expr_common which, struct common *c)
{
	const struct expr_node *nodes = b->expr->nodes;

	for (int turn = 0; turn < 3; turn++) {
		uint32_t child = n->child;

		for (uint32_t k = 0; child; k++, child = nodes[child].next) {
			const struct expr_node *one = &nodes[child];

			if (!common_is_one(n, k, which) ||
				common_turn(c, one) != turn)
				continue;
			if (turn ? !common_adapt(c, one)
				 : !common_merge(c, one->type, one->scale))
				return one;
			if (!c->head && one->type != EXPR_NONE)
				c->head = one;
			c->has_decimal |= one->type == LEAT_TYPE_DECIMAL;
		}
	}
	return NULL;
}

static const struct expr_node *
common_set(struct expr_bind *b, const struct expr_node *n,
	enum expr_common which, struct common *c)
{
	struct expr_node *nodes = b->expr->nodes;
	uint32_t child = n->child;

	for (uint32_t k = 0; child; k++, child = nodes[child].next)
		if (common_is_one(n, k, which))
			common_loosen(c, &nodes[child]);
	child = n->child;
	for (uint32_t k = 0; child; k++, child = nodes[child].next) {
		struct expr_node *one = &nodes[child];

		if (!common_is_one(n, k, which))
			continue;
		if (!bind_can_be(one, c->type, c->scale) &&
			!common_takes_column(c, one))
			return one;
		one->as_type = c->type;
		one->as_scale = c->scale;
	}
	return NULL;
}

int
leat__expr_bind_common(struct expr_bind *b, struct expr_node *n,
	enum expr_common which, const char *what)
{
	struct common c = {.is_compared = which == EXPR_COMMON_WHENS ||
			n->kind == EXPR_COMPARE || n->kind == EXPR_BETWEEN ||
			n->kind == EXPR_IN};
	const struct expr_node *other = common_find(b, n, which, &c);
	const struct expr_node *first = c.head;

	if (!other)
		other = common_set(b, n, which, &c);
	b->common_type = c.type;
	b->common_scale = c.scale;
	if (!other)
		return LEAT_OK;
	if (first && first->offset > other->offset) {
		const struct expr_node *swap = first;

		first = other;
		other = swap;
	}
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"%s and %s cannot be %s",
		leat__expr_type_name(first ? first : other),
		leat__expr_type_name(other), what);
}

/* ---- calls -------------------------------------------------------------- */

/* A date or a timestamp; a text that is written out becomes one. */
static int
bind_time(struct expr_bind *b, struct expr_node *n, const char *what)
{
	if (n->type == LEAT_TYPE_DATE || n->type == LEAT_TYPE_TIMESTAMP)
		return LEAT_OK;
	if (bind_can_be(n, LEAT_TYPE_DATE, 0)) {
		n->as_type = LEAT_TYPE_DATE;
		return LEAT_OK;
	}
	if (n->kind == EXPR_LITERAL && bind_can_be(n, LEAT_TYPE_TIMESTAMP, 0)) {
		n->as_type = LEAT_TYPE_TIMESTAMP;
		return LEAT_OK;
	}
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"%s a date or a timestamp here, not %s; a cast makes one: "
		"x::timestamp",
		what, leat__expr_type_name(n));
}

static int
bind_written_out(struct expr_bind *b, struct expr_node *n, const char *what)
{
	if (n->kind == EXPR_LITERAL && n->type == LEAT_TYPE_TEXT)
		return LEAT_OK;
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"%s a 'text' here that is written out", what);
}

static int
bind_argument(
	struct expr_bind *b, struct expr_node *n, char type, const char *what)
{
	switch (type) {
	case 's':
		return leat__expr_bind_as(b, n, LEAT_TYPE_TEXT, 0, what);
	case 'i':
		return leat__expr_bind_as(b, n, LEAT_TYPE_INT64, 0, what);
	case 'f':
		return leat__expr_bind_as(b, n, LEAT_TYPE_FLOAT64, 0, what);
	case 't':
		return leat__expr_bind_as(b, n, LEAT_TYPE_TIMESTAMP, 0, what);
	case 'd':
		return bind_time(b, n, what);
	case 'a':
		return LEAT_OK;
	case 'S':
		return bind_written_out(b, n, what);
	default:
		if (bind_is_number(n->type))
			return LEAT_OK;
		return leat__expr_bind_as(b, n, LEAT_TYPE_FLOAT64, 0, what);
	}
}

static void
bind_result(struct expr_bind *b, struct expr_node *n, char type)
{
	static const struct {
		char letter;
		uint8_t type;
	} types[] = {{'s', LEAT_TYPE_TEXT}, {'i', LEAT_TYPE_INT64},
		{'f', LEAT_TYPE_FLOAT64}, {'b', LEAT_TYPE_BOOL},
		{'t', LEAT_TYPE_TIMESTAMP}, {'d', LEAT_TYPE_DATE}};

	if (type >= '1' && type <= '9') {
		const struct expr_node *child =
			leat__expr_child(b->expr, n, (uint32_t)(type - '1'));

		n->type = child->as_type;
		n->scale = child->as_scale;
		return;
	}
	for (size_t k = 0; k < leat__array_len(types); k++)
		if (types[k].letter == type)
			n->type = types[k].type;
}

static int
bind_call(struct expr_bind *b, struct expr_node *n)
{
	const char *at = n->function->types;
	uint32_t child = n->child;
	char what[48], type = 's';

	n->scale = 0;
	snprintf(what, sizeof(what),
		n->function->usage ? "%s() wants" : "'%s' wants",
		n->function->name);
	while (child) {
		at += *at == '[';
		if (*at != '.' && *at != '>')
			type = *at++;
		LEAT_TRY(bind_argument(b, &b->expr->nodes[child], type, what));
		child = b->expr->nodes[child].next;
	}
	bind_result(b, n, *(strchr(n->function->types, '>') + 1));
	return n->function->bind ? n->function->bind(b, n) : LEAT_OK;
}

/* ---- the other kinds ---------------------------------------------------- */

static int
bind_column(struct expr_bind *b, struct expr_node *n)
{
	int32_t column = leat_schema_find(b->schema, n->text, n->len);

	if (column < 0)
		return bind_fail_unknown(b, n);
	n->column = (uint32_t)column;
	n->type = b->schema->columns[column].type;
	n->scale = b->schema->columns[column].scale;
	n->variant = 0;
	return LEAT_OK;
}

static int
bind_bool(struct expr_bind *b, struct expr_node *n, const char *what)
{
	if (n->type == EXPR_NONE || n->type == LEAT_TYPE_BOOL) {
		n->as_type = LEAT_TYPE_BOOL;
		return LEAT_OK;
	}
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"%s wants a condition here, which is true or false, like "
		"delay > 60; this is %s",
		what, leat__expr_type_name(n));
}

static int
bind_logic(struct expr_bind *b, struct expr_node *n)
{
	const char *what = n->kind == EXPR_AND ? "'and'"
		: n->kind == EXPR_OR           ? "'or'"
					       : "'not'";

	n->type = LEAT_TYPE_BOOL;
	for (uint32_t child = n->child; child;
		child = b->expr->nodes[child].next)
		LEAT_TRY(bind_bool(b, &b->expr->nodes[child], what));
	return LEAT_OK;
}

static int
bind_case(struct expr_bind *b, struct expr_node *n)
{
	uint32_t child = n->child;

	if (n->op & EXPR_HAS_SUBJECT)
		LEAT_TRY(leat__expr_bind_common(
			b, n, EXPR_COMMON_WHENS, "compared"));
	else
		for (uint32_t k = 0; child && k + 1 < n->n_children; k++) {
			struct expr_node *test = &b->expr->nodes[child];

			if (k % 2 == 0)
				LEAT_TRY(bind_bool(b, test, "a test"));
			child = test->next;
		}
	return leat__expr_bind_common(
		b, n, EXPR_COMMON_THENS, "results of the same expression");
}

/* A column of a file is cast from what stands there: what the first rows of it
 * looked like does not matter. */
static void
bind_cast_column(
	struct expr_bind *b, const struct expr_node *n, struct expr_node *child)
{
	bool has_text = child->type == LEAT_TYPE_TEXT ||
		n->type == LEAT_TYPE_TEXT ||
		(bind_is_number(child->type) && bind_is_number(n->type));

	if (!has_text)
		return;
	if (!(n->op & EXPR_TRY)) {
		child->as_type = n->type;
		child->as_scale = n->scale;
		child->variant = EXPR_FROM_TEXT;
	} else if (b->schema->columns[child->column].field != LEAT_FIELD_NONE) {
		child->as_type = LEAT_TYPE_TEXT;
	}
}

static int
bind_cast(struct expr_bind *b, struct expr_node *n)
{
	struct expr_node *child = &b->expr->nodes[n->child];

	if (!leat__expr_cast_is_possible(child->type, n->type))
		return leat__expr_fail(b->err, LEAT_EINVAL, n->offset,
			n->n_bytes, "%s cannot become %s",
			leat__expr_type_name(child), leat_type_name(n->type));
	/* a literal is read now, but where it may have to be rounded */
	if (child->kind == EXPR_LITERAL && child->type == LEAT_TYPE_TEXT &&
		n->type != LEAT_TYPE_TEXT && n->type != LEAT_TYPE_DECIMAL &&
		n->type != LEAT_TYPE_INT64 && !(n->op & EXPR_TRY))
		return leat__expr_bind_as(
			b, child, n->type, n->scale, "this wants");
	if (child->kind == EXPR_COLUMN)
		bind_cast_column(b, n, child);
	return LEAT_OK;
}

static int
bind_kind(struct expr_bind *b, struct expr_node *n)
{
	switch (n->kind) {
	case EXPR_LITERAL:
		n->value = n->parsed;
		return LEAT_OK;
	case EXPR_COLUMN:
		return bind_column(b, n);
	case EXPR_COMPARE:
	case EXPR_BETWEEN:
	case EXPR_IN:
		n->type = LEAT_TYPE_BOOL;
		return leat__expr_bind_common(
			b, n, EXPR_COMMON_ALL, "compared");
	case EXPR_IS_NULL:
		n->type = LEAT_TYPE_BOOL;
		if (b->expr->nodes[n->child].kind == EXPR_COLUMN)
			b->expr->nodes[n->child].variant = EXPR_ONLY_PRESENCE;
		return LEAT_OK;
	case EXPR_NOT:
	case EXPR_AND:
	case EXPR_OR:
		return bind_logic(b, n);
	case EXPR_CASE:
		LEAT_TRY(bind_case(b, n));
		break;
	case EXPR_COALESCE:
		LEAT_TRY(leat__expr_bind_common(b, n, EXPR_COMMON_ALL,
			"results of the same expression"));
		break;
	case EXPR_CAST:
		return bind_cast(b, n);
	default:
		return bind_call(b, n);
	}
	n->type = b->common_type;
	n->scale = b->common_scale;
	return LEAT_OK;
}

static int
bind_node(struct expr_bind *b, uint32_t node)
{
	struct expr_node *n = &b->expr->nodes[node];

	for (uint32_t child = n->child; child;
		child = b->expr->nodes[child].next)
		LEAT_TRY(bind_node(b, child));
	LEAT_TRY(bind_kind(b, n));
	n->as_type = n->type;
	n->as_scale = n->scale;
	return LEAT_OK;
}

int
leat_expr_bind(struct leat_expr *expr, const struct leat_schema *schema,
	struct leat_expr_error *err)
{
	struct expr_bind b = {.expr = expr, .schema = schema, .err = err};

	expr->schema = NULL;
	LEAT_TRY(bind_node(&b, expr->root));
	expr->schema = schema;
	return LEAT_OK;
}
