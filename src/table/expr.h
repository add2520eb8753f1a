/*
 * table/expr.h -- the tree of a condition, for expr_*.c.
 *
 * Nodes lie in one array and name each other by number; 0 is none. `and` and
 * `or` hold a list of parts, so that a long chain is not a deep tree. parse
 * makes the nodes, bind fills in columns and kinds of comparison, filter reads.
 */
#ifndef LEAT_SRC_TABLE_EXPR_H
#define LEAT_SRC_TABLE_EXPR_H

#include "table/table.h"

enum expr_node_kind {
	EXPR_COMPARE = 1,
	EXPR_IS_NULL,
	EXPR_NOT,
	EXPR_AND,
	EXPR_OR
};

/* How the sides are compared; a bit each, so that a result picks them. */
#define EXPR_LESS    1u
#define EXPR_EQUAL   2u
#define EXPR_GREATER 4u

enum expr_operand_kind {
	EXPR_COLUMN = 1,
	EXPR_INT64,
	EXPR_FLOAT64,
	EXPR_STRING
};

struct expr_operand {
	uint32_t kind;
	uint32_t offset; /* in the source */
	uint32_t n_bytes;
	uint32_t is_quoted; /* a column in "double quotes" */
	uint32_t len;       /* of name or string */
	uint32_t column;    /* bound */
	uint32_t type;      /* bound: type of the column */
	const char *text;   /* name or string, decoded */
	int64_t int64;
	double float64;
};

struct expr_node {
	uint32_t kind;
	uint32_t op;      /* EXPR_LESS | ... that are true */
	uint32_t as_text; /* bound: compare bytes, not numbers */
	uint32_t level;   /* ands and ors above it */
	uint32_t child;   /* first part */
	uint32_t next;    /* next part of the same list */
	struct expr_operand left, right;
};

#define EXPR_BLOCK_ROWS 512

/* What an `and` or `or` needs while it looks at its parts. */
struct expr_level {
	uint32_t rows[EXPR_BLOCK_ROWS];
	uint16_t places[EXPR_BLOCK_ROWS];
	uint8_t results[EXPR_BLOCK_ROWS];
};

/* Source, decoded text, nodes and levels lie behind it, in blocks of their
 * own. */
struct leat_expr {
	char *source;
	struct expr_node *nodes; /* from 1 */
	struct expr_level *levels;
	uint32_t n_nodes;
	uint32_t n_levels;
	uint32_t root;
	const struct leat_schema *schema; /* bound to; NULL = none */
};

/* Fill in the place and the text; returns code. */
LEAT_PRINTF(5, 6)
int leat__expr_fail(struct leat_expr_error *err, int code, uint32_t offset,
	uint32_t n_bytes, const char *format, ...);

#endif
