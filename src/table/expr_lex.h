/*
 * table/expr_lex.h -- the words that an expression is made of.
 */
#ifndef LEAT_SRC_TABLE_EXPR_LEX_H
#define LEAT_SRC_TABLE_EXPR_LEX_H

#include "table/expr.h"

enum lex_kind {
	LEX_END = 0,
	LEX_WORD, /* a bare name, perhaps a keyword */
	LEX_NAME, /* in quotes: a column for sure */
	LEX_STRING,
	LEX_NUMBER,
	LEX_COMPARE, /* = == != <> < <= > >= */
	LEX_SIGN     /* all other: + - * / % || ~ !~ :: ( ) , */
};

struct lex_token {
	enum lex_kind kind;
	uint32_t offset;
	uint32_t n_bytes;
	uint32_t op;  /* of LEX_COMPARE: EXPR_LESS | ... */
	uint32_t len; /* of name or text, decoded */
	const char *text;
};

struct lex {
	struct leat_expr_error *err;
	const char *source;
	char *decoded;          /* room for the next decoded piece */
	struct lex_token token; /* the next one, looked at */
	uint32_t at;            /* behind it */
};

/* Look at the next token. */
LEAT_MUST_CHECK int leat__expr_lex_next(struct lex *lex);
bool leat__expr_lex_is_keyword(const struct lex *lex, const char *word);
bool leat__expr_lex_is_sign(const struct lex *lex, const char *sign);
/* Take the next token if it is this one. 1 = taken, 0 = not, or a code. */
LEAT_MUST_CHECK int leat__expr_lex_take_keyword(
	struct lex *lex, const char *word);
LEAT_MUST_CHECK int leat__expr_lex_take_sign(struct lex *lex, const char *sign);
/* "WHAT is wanted here, not 'x'"; returns LEAT_EINVAL. */
int leat__expr_lex_fail_expected(struct lex *lex, const char *what);

#endif
