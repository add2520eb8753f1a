/*
 * table/expr_parse.h -- what expr_parse.c and expr_primary.c share.
 */
#ifndef LEAT_SRC_TABLE_EXPR_PARSE_H
#define LEAT_SRC_TABLE_EXPR_PARSE_H

#include "table/expr_lex.h"

struct parse {
	struct leat_expr *expr;
	struct lex lex;
	uint32_t end; /* behind the last token that was taken */
	uint32_t depth;
	uint32_t n_nodes_max;
};

/* A node; it has no children and no end yet. */
LEAT_MUST_CHECK int leat__expr_parse_add(
	struct parse *p, uint32_t kind, uint32_t offset, uint32_t *out);
LEAT_MUST_CHECK int leat__expr_parse_child(
	struct parse *p, uint32_t parent, uint32_t child);
/* Its text ends behind the last token taken. */
void leat__expr_parse_end(struct parse *p, uint32_t node);

LEAT_MUST_CHECK int leat__expr_parse_next(struct parse *p);
/* Take a keyword or a sign if it is next. 1 = taken, 0 = not, or a code. */
LEAT_MUST_CHECK int leat__expr_parse_take(struct parse *p, const char *word);
/* One parenthesis or not more; p->depth-- behind it. */
LEAT_MUST_CHECK int leat__expr_parse_deeper(struct parse *p);

/* Anything that has a value. */
LEAT_MUST_CHECK int leat__expr_parse_value(struct parse *p, uint32_t *out);
LEAT_MUST_CHECK int leat__expr_parse_primary(struct parse *p, uint32_t *out);
/* "(" value { "," value } ")" to children of a node. */
LEAT_MUST_CHECK int leat__expr_parse_list(struct parse *p, uint32_t node);
/* What a cast makes of its child; the token before is :: or as. */
LEAT_MUST_CHECK int leat__expr_parse_type(struct parse *p, uint32_t node);

#endif
