/*
 * table/expr_bind.c -- a condition meets a schema.
 *
 * Finds columns, settles for each comparison whether it is one of bytes or of
 * numbers, and refuses those that could never be true. May be done again for
 * another schema. The stage enters.
 */
#include <stdio.h>

#include "table/expr.h"

#define BIND_NAMES_BYTES 160

static int
bind_fail_unknown(const struct leat_schema *schema,
	const struct expr_operand *side, struct leat_expr_error *err)
{
	const char *near = leat_schema_suggest(schema, side->text, side->len);
	int len = side->len > 64 ? 64 : (int)side->len;
	char names[BIND_NAMES_BYTES];

	leat_schema_names(schema, names, sizeof(names));
	return leat__expr_fail(err, LEAT_EINVAL, side->offset, side->n_bytes,
		"no column '%.*s'%s%.40s%s%s; there are: %s", len, side->text,
		near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "",
		!near && side->is_quoted ? " (a text stands in single quotes)"
					 : "",
		names);
}

static int
bind_side(const struct leat_schema *schema, struct expr_operand *side,
	struct leat_expr_error *err)
{
	int32_t column;

	if (side->kind != EXPR_COLUMN)
		return LEAT_OK;
	column = leat_schema_find(schema, side->text, side->len);
	if (column < 0)
		return bind_fail_unknown(schema, side, err);
	side->column = (uint32_t)column;
	side->type = schema->columns[column].type;
	return LEAT_OK;
}

static bool
bind_is_text(const struct expr_operand *side)
{
	return side->kind == EXPR_STRING ||
		(side->kind == EXPR_COLUMN && side->type == LEAT_TYPE_TEXT);
}

static bool
bind_is_number(const struct expr_operand *side)
{
	if (side->kind == EXPR_COLUMN)
		return side->type == LEAT_TYPE_INT64 ||
			side->type == LEAT_TYPE_FLOAT64;
	return side->kind != EXPR_STRING;
}

/* Text of a column can be read as a number, a 'text' of the condition not. */
static bool
bind_can_be_number(const struct expr_operand *side)
{
	return bind_is_number(side) ||
		(side->kind == EXPR_COLUMN && side->type == LEAT_TYPE_TEXT);
}

static const char *
bind_type_name(const struct expr_operand *side)
{
	if (side->kind == EXPR_COLUMN)
		return leat_type_name(side->type);
	return side->kind == EXPR_STRING ? "a text" : "a number";
}

static int
bind_compare(struct expr_node *n, struct leat_expr_error *err)
{
	const struct expr_operand *first = &n->left;
	const struct expr_operand *last = &n->right;

	if (first->offset > last->offset) {
		first = &n->right;
		last = &n->left;
	}
	n->as_text = bind_is_text(&n->left) && bind_is_text(&n->right);
	if (n->as_text ||
		(bind_can_be_number(&n->left) && bind_can_be_number(&n->right)))
		return LEAT_OK;
	return leat__expr_fail(err, LEAT_EINVAL, first->offset,
		last->offset + last->n_bytes - first->offset,
		"%s and %s cannot be compared", bind_type_name(first),
		bind_type_name(last));
}

int
leat_expr_bind(struct leat_expr *expr, const struct leat_schema *schema,
	struct leat_expr_error *err)
{
	expr->schema = NULL;
	for (uint32_t k = 1; k <= expr->n_nodes; k++) {
		struct expr_node *n = &expr->nodes[k];

		LEAT_TRY(bind_side(schema, &n->left, err));
		LEAT_TRY(bind_side(schema, &n->right, err));
		if (n->kind == EXPR_COMPARE)
			LEAT_TRY(bind_compare(n, err));
	}
	expr->schema = schema;
	return LEAT_OK;
}
