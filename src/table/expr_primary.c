/*
 * table/expr_primary.c -- expressions from text to tree: the values.
 *
 *	primary = number | 'text' | "true" | "false" | "null"
 *	        | ("date" | "timestamp") 'text' | name | "name" | `name`
 *	        | word "(" [ value { "," value } ] ")" | "(" value ")"
 *	        | ("cast" | "try_cast") "(" value "as" type ")"
 *	        | "case" [ value ] { "when" value "then" value }
 *	          [ "else" value ] "end"
 *
 * The stage enters, before its first frame.
 */
#include <string.h>

#include "table/declared.h"
#include "table/expr_parse.h"

/* ---- literals ----------------------------------------------------------- */

static int
primary_number(struct parse *p, struct expr_node *n)
{
	const struct lex_token *t = &p->lex.token;
	struct leat_text x = {
		(const uint8_t *)p->lex.source + t->offset, t->n_bytes};

	n->text = p->lex.source + t->offset;
	n->len = t->n_bytes;
	n->type = LEAT_TYPE_INT64;
	if (leat_text_int64(x, &n->parsed.int64) == LEAT_OK)
		return LEAT_OK;
	n->type = LEAT_TYPE_FLOAT64;
	if (leat_text_float64(x, &n->parsed.float64) == LEAT_OK)
		return LEAT_OK;
	return leat__expr_fail(p->lex.err, LEAT_EINVAL, t->offset, t->n_bytes,
		"'%.*s' is not a number that can be read",
		t->n_bytes > 64 ? 64 : (int)t->n_bytes, x.data);
}

static int
primary_literal(struct parse *p, uint32_t *out)
{
	const struct lex_token *t = &p->lex.token;
	struct expr_node *n;

	LEAT_TRY(leat__expr_parse_add(p, EXPR_LITERAL, t->offset, out));
	n = &p->expr->nodes[*out];
	if (t->kind == LEX_NUMBER) {
		LEAT_TRY(primary_number(p, n));
	} else if (t->kind == LEX_STRING) {
		n->type = LEAT_TYPE_TEXT;
		n->text = t->text;
		n->len = t->len;
		n->parsed.text =
			(struct leat_text){(const uint8_t *)t->text, t->len};
	} else if (!leat__expr_lex_is_keyword(&p->lex, "null")) {
		n->type = LEAT_TYPE_BOOL;
		n->parsed.is_true = leat__expr_lex_is_keyword(&p->lex, "true");
	}
	LEAT_TRY(leat__expr_parse_next(p));
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

/* date '2024-02-29'; the word has been looked at. */
static int
primary_typed(struct parse *p, uint32_t type, uint32_t *out)
{
	uint32_t offset = p->lex.token.offset;
	struct expr_node *n;

	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(primary_literal(p, out));
	n = &p->expr->nodes[*out];
	n->offset = offset;
	leat__expr_parse_end(p, *out);
	n->type = type;
	if (leat__expr_read(n->parsed.text, type, 0, &n->parsed) == LEAT_OK)
		return LEAT_OK;
	return leat__expr_fail(p->lex.err, LEAT_EINVAL, offset, n->n_bytes,
		"'%.64s' is no %s; write %s", n->text, leat_type_name(type),
		type == LEAT_TYPE_DATE ? "date 'YYYY-MM-DD'"
				       : "timestamp 'YYYY-MM-DD "
					 "HH:MM[:SS[.ffffff]][Z|+HH:MM]'");
}

/* ---- columns and functions ---------------------------------------------- */

static int
primary_column(struct parse *p, uint32_t *out)
{
	const struct lex_token *t = &p->lex.token;
	struct expr_node *n;

	LEAT_TRY(leat__expr_parse_add(p, EXPR_COLUMN, t->offset, out));
	n = &p->expr->nodes[*out];
	n->text = t->text;
	n->len = t->len;
	n->is_quoted = p->lex.source[t->offset] == '"';
	LEAT_TRY(leat__expr_parse_next(p));
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

int
leat__expr_parse_list(struct parse *p, uint32_t node)
{
	uint32_t open = p->lex.token.offset, child = 0;
	int more = 1;

	LEAT_TRY(leat__expr_parse_deeper(p));
	LEAT_TRY(leat__expr_parse_next(p));
	while (more && !leat__expr_lex_is_sign(&p->lex, ")")) {
		LEAT_TRY(leat__expr_parse_value(p, &child));
		LEAT_TRY(leat__expr_parse_child(p, node, child));
		more = leat__expr_parse_take(p, ",");
		LEAT_TRY(more);
		if (more && leat__expr_lex_is_sign(&p->lex, ")"))
			return leat__expr_lex_fail_expected(&p->lex, "a value");
	}
	if (p->lex.token.kind == LEX_END)
		return leat__expr_fail(p->lex.err, LEAT_EINVAL, open, 1,
			"this parenthesis is not closed");
	if (!leat__expr_lex_is_sign(&p->lex, ")"))
		return leat__expr_lex_fail_expected(&p->lex, "a comma or ')'");
	if (!p->expr->nodes[node].n_children ||
		(p->expr->nodes[node].kind == EXPR_IN &&
			p->expr->nodes[node].n_children < 2))
		return leat__expr_lex_fail_expected(&p->lex, "a value");
	p->depth--;
	LEAT_TRY(leat__expr_parse_next(p));
	leat__expr_parse_end(p, node);
	return LEAT_OK;
}

static int
primary_check_count(struct parse *p, const struct expr_node *n)
{
	const struct expr_function *f = n->function;
	uint32_t least = 0, most = 0;
	bool is_optional = false;

	for (const char *at = f->types; at && *at && *at != '>'; at++) {
		if (*at == '[')
			is_optional = true;
		else if (*at == '.')
			most = UINT32_MAX;
		else
			most += most != UINT32_MAX;
		least += *at != '[' && *at != '.' && !is_optional;
	}
	if (n->n_children >= least && n->n_children <= most)
		return LEAT_OK;
	return leat__expr_fail(p->lex.err, LEAT_EINVAL, n->offset, n->n_bytes,
		"%s() has other arguments: %s", f->name, f->usage);
}

static int
primary_unknown_function(struct parse *p)
{
	const struct lex_token *t = &p->lex.token;
	const char *near = leat__expr_function_suggest(t->text, t->len);
	int len = t->len > 64 ? 64 : (int)t->len;

	return leat__expr_fail(p->lex.err, LEAT_EINVAL, t->offset, t->n_bytes,
		"no function '%.*s'%s%s%s; leat help expressions lists them",
		len, t->text, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "");
}

/* word "(" ... ")"; the word is the token, the parenthesis behind it. */
static int
primary_call(struct parse *p, uint32_t *out)
{
	const struct lex_token *t = &p->lex.token;
	const struct expr_function *f =
		leat__expr_function_find(t->text, t->len);
	struct expr_node *n;

	if (!f || !f->usage) /* an operator's */
		return primary_unknown_function(p);
	LEAT_TRY(leat__expr_parse_add(p, EXPR_CALL, t->offset, out));
	n = &p->expr->nodes[*out];
	n->function = f;
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_list(p, *out));
	LEAT_TRY(primary_check_count(p, n));
	return f->flags & EXPR_REGEX
		? leat__expr_regex_compile(p->expr, n, p->lex.err)
		: LEAT_OK;
}

/* coalesce(a, b) and if(test, a, b) look at rows apart. */
static int
primary_lazy(struct parse *p, uint32_t kind, uint32_t *out)
{
	uint32_t offset = p->lex.token.offset;
	struct expr_node *n;

	LEAT_TRY(leat__expr_parse_add(p, kind, offset, out));
	n = &p->expr->nodes[*out];
	n->op = kind == EXPR_CASE ? EXPR_HAS_ELSE : 0;
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_list(p, *out));
	if (kind == EXPR_CASE && n->n_children != 3)
		return leat__expr_fail(p->lex.err, LEAT_EINVAL, offset,
			n->n_bytes,
			"if() has other arguments: if(test, then, else)");
	return LEAT_OK;
}

/* ---- cast and case ------------------------------------------------------ */

int
leat__expr_parse_type(struct parse *p, uint32_t node)
{
	struct expr_node *n = &p->expr->nodes[node];
	uint32_t at = p->lex.token.offset + p->lex.token.n_bytes;

	if (leat__expr_lex_is_sign(&p->lex, "::"))
		while (p->lex.source[at] == ' ')
			at++;
	else
		at = p->lex.token.offset;
	LEAT_TRY(leat__declared_type(
		p->lex.source, &at, &n->type, &n->scale, p->lex.err));
	p->lex.at = at;
	return leat__expr_parse_next(p);
}

/* "(" value "as" type ")" */
static int
primary_cast(struct parse *p, bool is_try, uint32_t *out)
{
	uint32_t child = 0;

	LEAT_TRY(leat__expr_parse_add(p, EXPR_CAST, p->lex.token.offset, out));
	p->expr->nodes[*out].op = is_try ? EXPR_TRY : 0;
	LEAT_TRY(leat__expr_parse_deeper(p));
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_value(p, &child));
	LEAT_TRY(leat__expr_parse_child(p, *out, child));
	if (!leat__expr_lex_is_keyword(&p->lex, "as"))
		return leat__expr_lex_fail_expected(&p->lex, "'as' and a type");
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_type(p, *out));
	if (!leat__expr_lex_is_sign(&p->lex, ")"))
		return leat__expr_lex_fail_expected(&p->lex, "')'");
	p->depth--;
	LEAT_TRY(leat__expr_parse_next(p));
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

static int
primary_word_value(struct parse *p, const char *word, uint32_t node)
{
	uint32_t child = 0;

	if (!leat__expr_lex_is_keyword(&p->lex, word))
		return leat__expr_lex_fail_expected(
			&p->lex, word[0] == 'w' ? "'when'" : "'then'");
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_value(p, &child));
	return leat__expr_parse_child(p, node, child);
}

/* "case" has been looked at. */
static int
primary_case(struct parse *p, uint32_t *out)
{
	uint32_t child = 0;
	struct expr_node *n;
	int is_else;

	LEAT_TRY(leat__expr_parse_add(p, EXPR_CASE, p->lex.token.offset, out));
	n = &p->expr->nodes[*out];
	LEAT_TRY(leat__expr_parse_deeper(p));
	LEAT_TRY(leat__expr_parse_next(p));
	if (!leat__expr_lex_is_keyword(&p->lex, "when")) {
		n->op |= EXPR_HAS_SUBJECT;
		LEAT_TRY(leat__expr_parse_value(p, &child));
		LEAT_TRY(leat__expr_parse_child(p, *out, child));
	}
	do {
		LEAT_TRY(primary_word_value(p, "when", *out));
		LEAT_TRY(primary_word_value(p, "then", *out));
	} while (leat__expr_lex_is_keyword(&p->lex, "when"));
	is_else = leat__expr_parse_take(p, "else");
	LEAT_TRY(is_else);
	if (is_else) {
		n->op |= EXPR_HAS_ELSE;
		LEAT_TRY(leat__expr_parse_value(p, &child));
		LEAT_TRY(leat__expr_parse_child(p, *out, child));
	}
	if (!leat__expr_lex_is_keyword(&p->lex, "end"))
		return leat__expr_lex_fail_expected(
			&p->lex, "'when', 'else' or 'end'");
	p->depth--;
	LEAT_TRY(leat__expr_parse_next(p));
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

/* ---- all of them -------------------------------------------------------- */

static bool
primary_is_reserved(const struct lex *lex)
{
	static const char *const words[] = {"and", "or", "not", "is", "in",
		"between", "like", "ilike", "when", "then", "else", "end", "as",
		"escape"};

	for (size_t k = 0; k < leat__array_len(words); k++)
		if (leat__expr_lex_is_keyword(lex, words[k]))
			return true;
	return false;
}

/* It may be the name of a column all the same. */
static int
primary_fail_reserved(const struct lex *lex)
{
	const struct lex_token *t = &lex->token;

	return leat__expr_fail(lex->err, LEAT_EINVAL, t->offset, t->n_bytes,
		"a column, a number, a 'text' or a function is wanted here, "
		"not '%.*s' (a column of that name stands in `quotes`)",
		(int)t->n_bytes, lex->source + t->offset);
}

/* The byte behind the token and spaces. */
static char
primary_ahead(const struct lex *lex)
{
	const char *at = lex->source + lex->at;

	return at[strspn(at, " \t\r\n")];
}

static int
primary_parentheses(struct parse *p, uint32_t *out)
{
	uint32_t open = p->lex.token.offset;

	LEAT_TRY(leat__expr_parse_deeper(p));
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(leat__expr_parse_value(p, out));
	if (p->lex.token.kind == LEX_END)
		return leat__expr_fail(p->lex.err, LEAT_EINVAL, open, 1,
			"this parenthesis is not closed");
	if (!leat__expr_lex_is_sign(&p->lex, ")"))
		return leat__expr_lex_fail_expected(
			&p->lex, "an operator, 'and', 'or' or ')'");
	p->depth--;
	LEAT_TRY(leat__expr_parse_next(p));
	p->expr->nodes[*out].offset = open;
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

/* word "(" */
static int
primary_function(struct parse *p, uint32_t *out)
{
	if (leat__expr_lex_is_keyword(&p->lex, "cast"))
		return primary_cast(p, false, out);
	if (leat__expr_lex_is_keyword(&p->lex, "try_cast"))
		return primary_cast(p, true, out);
	if (leat__expr_lex_is_keyword(&p->lex, "coalesce"))
		return primary_lazy(p, EXPR_COALESCE, out);
	if (leat__expr_lex_is_keyword(&p->lex, "if"))
		return primary_lazy(p, EXPR_CASE, out);
	return primary_call(p, out);
}

static int
primary_word(struct parse *p, uint32_t *out)
{
	const struct lex *lex = &p->lex;
	char ahead = primary_ahead(lex);

	if (primary_is_reserved(lex))
		return primary_fail_reserved(lex);
	if (leat__expr_lex_is_keyword(lex, "null") ||
		leat__expr_lex_is_keyword(lex, "true") ||
		leat__expr_lex_is_keyword(lex, "false"))
		return primary_literal(p, out);
	if (leat__expr_lex_is_keyword(lex, "case"))
		return primary_case(p, out);
	if (ahead == '(')
		return primary_function(p, out);
	if (ahead == '\'' && leat__expr_lex_is_keyword(lex, "date"))
		return primary_typed(p, LEAT_TYPE_DATE, out);
	if (ahead == '\'' && leat__expr_lex_is_keyword(lex, "timestamp"))
		return primary_typed(p, LEAT_TYPE_TIMESTAMP, out);
	return primary_column(p, out);
}

int
leat__expr_parse_primary(struct parse *p, uint32_t *out)
{
	switch (p->lex.token.kind) {
	case LEX_NUMBER:
	case LEX_STRING:
		return primary_literal(p, out);
	case LEX_NAME:
		return primary_column(p, out);
	case LEX_WORD:
		return primary_word(p, out);
	default:
		if (leat__expr_lex_is_sign(&p->lex, "("))
			return primary_parentheses(p, out);
		return leat__expr_lex_fail_expected(
			&p->lex, "a column, a number, a 'text' or a function");
	}
}
