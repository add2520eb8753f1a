/*
 * table/expr_parse.c -- conditions from text to tree.
 *
 *	or   = and { "or" and }        and  = not { "and" not }
 *	not  = "not" not | "(" or ")" | side op side |
 *	       side "is" [ "not" ] "null"
 *	side = name | "name" | `name` | number | 'string'
 *
 * By recursive descent, as deep as LEAT_EXPR_DEPTH_MAX. Every limit is checked
 * here, so bind and filter have none. The stage enters, before its first frame.
 */
#include <stdio.h>
#include <string.h>

#include "table/expr.h"

enum parse_kind {
	PARSE_END = 0,
	PARSE_WORD, /* a bare name, perhaps a keyword */
	PARSE_NAME, /* in quotes: a column for sure */
	PARSE_STRING,
	PARSE_NUMBER,
	PARSE_OP,
	PARSE_OPEN,
	PARSE_CLOSE
};

struct parse_token {
	enum parse_kind kind;
	uint32_t offset;
	uint32_t n_bytes;
	uint32_t op;  /* of PARSE_OP */
	uint32_t len; /* of name or string, decoded */
	const char *text;
};

struct parse {
	struct leat_expr *expr;
	struct leat_expr_error *err;
	const char *source;
	char *decoded;            /* room for the next decoded piece */
	struct parse_token token; /* the next one, looked at */
	uint32_t at;              /* behind it */
	uint32_t depth;
	uint32_t level;    /* ands and ors open now */
	uint32_t n_levels; /* most that were */
};

int
leat__expr_fail(struct leat_expr_error *err, int code, uint32_t offset,
	uint32_t n_bytes, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->offset = offset;
	err->n_bytes = n_bytes;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

/* ---- tokens ------------------------------------------------------------- */

static bool
parse_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
parse_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
parse_is_word(char c)
{
	char low = (char)(c | 0x20);

	return (low >= 'a' && low <= 'z') || c == '_' || (c & 0x80) ||
		parse_is_digit(c) || c == '.';
}

/* 'text', "name" or `name`; the quote doubled stands for itself. */
static int
parse_quoted(struct parse *p, struct parse_token *t)
{
	const char *s = p->source + t->offset;
	char quote = *s;
	uint32_t k = 1;

	t->kind = quote == '\'' ? PARSE_STRING : PARSE_NAME;
	t->text = p->decoded;
	for (; s[k] && (s[k] != quote || s[k + 1] == quote); k++) {
		*p->decoded++ = s[k];
		k += s[k] == quote;
	}
	if (!s[k])
		return leat__expr_fail(p->err, LEAT_EINVAL, t->offset, k,
			"the %s is not closed; a %c is missing",
			quote == '\'' ? "text" : "name", quote);
	t->len = (uint32_t)(p->decoded - t->text);
	*p->decoded++ = '\0';
	t->n_bytes = k + 1;
	return LEAT_OK;
}

/* Digits, point, exponent: as far as it can be part of a number. */
static uint32_t
parse_number_length(const char *s)
{
	uint32_t k = *s == '-' || *s == '+';

	while (parse_is_word(s[k]) ||
		((s[k] == '-' || s[k] == '+') && (s[k - 1] | 0x20) == 'e'))
		k++;
	return k;
}

static int
parse_op(struct parse *p, struct parse_token *t)
{
	static const struct {
		const char *text;
		uint32_t op;
	} ops[] = {
		{"==", EXPR_EQUAL},
		{"!=", EXPR_LESS | EXPR_GREATER},
		{"<>", EXPR_LESS | EXPR_GREATER},
		{"<=", EXPR_LESS | EXPR_EQUAL},
		{">=", EXPR_GREATER | EXPR_EQUAL},
		{"=", EXPR_EQUAL},
		{"<", EXPR_LESS},
		{">", EXPR_GREATER},
	};
	const char *s = p->source + t->offset;

	t->kind = PARSE_OP;
	for (size_t k = 0; k < leat__array_len(ops); k++) {
		t->n_bytes = (uint32_t)strlen(ops[k].text);
		t->op = ops[k].op;
		if (strncmp(s, ops[k].text, t->n_bytes) == 0)
			return LEAT_OK;
	}
	return leat__expr_fail(p->err, LEAT_EINVAL, t->offset, 1,
		"'%c' means nothing here; a condition is made of columns, "
		"numbers, 'texts', = != < <= > >=, and, or, not, ( )",
		*s);
}

static bool
parse_is_number(const char *s)
{
	s += *s == '-' || *s == '+';
	return parse_is_digit(s[0]) || (s[0] == '.' && parse_is_digit(s[1]));
}

/* Look at the next token. */
static int
parse_next(struct parse *p)
{
	struct parse_token *t = &p->token;
	const char *s;

	while (parse_is_space(p->source[p->at]))
		p->at++;
	*t = (struct parse_token){.offset = p->at};
	s = p->source + p->at;
	if (!*s) {
		return LEAT_OK;
	} else if (*s == '\'' || *s == '"' || *s == '`') {
		LEAT_TRY(parse_quoted(p, t));
	} else if (*s == '(' || *s == ')') {
		t->kind = *s == '(' ? PARSE_OPEN : PARSE_CLOSE;
		t->n_bytes = 1;
	} else if (parse_is_number(s)) {
		t->kind = PARSE_NUMBER;
		t->n_bytes = parse_number_length(s);
	} else if (parse_is_word(*s)) {
		t->kind = PARSE_WORD;
		while (parse_is_word(s[t->n_bytes]))
			t->n_bytes++;
		t->text = s;
		t->len = t->n_bytes;
	} else {
		LEAT_TRY(parse_op(p, t));
	}
	p->at = t->offset + t->n_bytes;
	return LEAT_OK;
}

static bool
parse_is_keyword(const struct parse *p, const char *word)
{
	const struct parse_token *t = &p->token;
	size_t len = strlen(word);

	if (t->kind != PARSE_WORD || t->len != len)
		return false;
	for (size_t k = 0; k < len; k++)
		if ((t->text[k] | 0x20) != word[k])
			return false;
	return true;
}

/* Take the next token if it is this word. 1 = taken, 0 = not, or a code. */
static int
parse_take_keyword(struct parse *p, const char *word)
{
	if (!parse_is_keyword(p, word))
		return 0;
	LEAT_TRY(parse_next(p));
	return 1;
}

static int
parse_fail_expected(struct parse *p, const char *what)
{
	const struct parse_token *t = &p->token;

	if (t->kind == PARSE_END)
		return leat__expr_fail(p->err, LEAT_EINVAL, t->offset, 1,
			"%s is missing at the end", what);
	return leat__expr_fail(p->err, LEAT_EINVAL, t->offset, t->n_bytes,
		"%s is wanted here, not '%.*s'", what,
		t->n_bytes > 64 ? 64 : (int)t->n_bytes, p->source + t->offset);
}

/* ---- the tree ----------------------------------------------------------- */

static int
parse_add(struct parse *p, uint32_t kind, uint32_t *out)
{
	struct leat_expr *e = p->expr;

	if (e->n_nodes == LEAT_EXPR_NODES_MAX)
		return leat__expr_fail(p->err, LEAT_ELIMIT, p->token.offset,
			p->token.n_bytes ? p->token.n_bytes : 1,
			"the condition has over %d parts", LEAT_EXPR_NODES_MAX);
	*out = ++e->n_nodes;
	e->nodes[*out] = (struct expr_node){.kind = kind, .level = p->level};
	return LEAT_OK;
}

static int
parse_number(struct parse *p, struct expr_operand *side)
{
	const struct parse_token *t = &p->token;
	struct leat_text x = {
		(const uint8_t *)p->source + t->offset, t->n_bytes};

	side->kind = EXPR_INT64;
	if (leat_text_int64(x, &side->int64) == LEAT_OK)
		return LEAT_OK;
	side->kind = EXPR_FLOAT64;
	if (leat_text_float64(x, &side->float64) == LEAT_OK)
		return LEAT_OK;
	return leat__expr_fail(p->err, LEAT_EINVAL, t->offset, t->n_bytes,
		"'%.*s' is not a number that can be read",
		t->n_bytes > 64 ? 64 : (int)t->n_bytes, x.data);
}

static int
parse_side(struct parse *p, struct expr_operand *side)
{
	const struct parse_token *t = &p->token;
	bool is_reserved = parse_is_keyword(p, "and") ||
		parse_is_keyword(p, "or") || parse_is_keyword(p, "not") ||
		parse_is_keyword(p, "is") || parse_is_keyword(p, "null");

	side->offset = t->offset;
	side->n_bytes = t->n_bytes;
	side->text = t->text;
	side->len = t->len;
	if (t->kind == PARSE_NUMBER) {
		LEAT_TRY(parse_number(p, side));
	} else if (t->kind == PARSE_STRING) {
		side->kind = EXPR_STRING;
	} else if ((t->kind == PARSE_WORD || t->kind == PARSE_NAME) &&
		!is_reserved) {
		side->kind = EXPR_COLUMN;
		side->is_quoted = p->source[t->offset] == '"';
	} else {
		return parse_fail_expected(p, "a column, a number or a 'text'");
	}
	return parse_next(p);
}

/* side "is" ["not"] "null"; "is" has been taken. */
static int
parse_is_null(struct parse *p, uint32_t node)
{
	struct expr_node *n = &p->expr->nodes[node];
	int is_not = parse_take_keyword(p, "not");

	LEAT_TRY(is_not);
	n->kind = EXPR_IS_NULL;
	n->op = is_not ? 0 : 1;
	if (n->left.kind != EXPR_COLUMN)
		return leat__expr_fail(p->err, LEAT_EINVAL, n->left.offset,
			n->left.n_bytes, "only a column can be null");
	if (!parse_is_keyword(p, "null"))
		return parse_fail_expected(p, "'null'");
	return parse_next(p);
}

/* 60 < delay becomes delay > 60: one form for the fast path. */
static void
parse_column_first(struct expr_node *n)
{
	struct expr_operand left = n->left;

	if (n->left.kind == EXPR_COLUMN || n->right.kind != EXPR_COLUMN)
		return;
	n->left = n->right;
	n->right = left;
	n->op = (n->op & EXPR_EQUAL) | (n->op & EXPR_LESS ? EXPR_GREATER : 0) |
		(n->op & EXPR_GREATER ? EXPR_LESS : 0);
}

static int
parse_compare(struct parse *p, uint32_t *out)
{
	struct expr_node *n;
	int is_null;

	LEAT_TRY(parse_add(p, EXPR_COMPARE, out));
	n = &p->expr->nodes[*out];
	LEAT_TRY(parse_side(p, &n->left));
	is_null = parse_take_keyword(p, "is");
	if (is_null)
		return is_null < 0 ? is_null : parse_is_null(p, *out);
	if (p->token.kind != PARSE_OP)
		return parse_fail_expected(p, "a comparison (= != < <= > >=)");
	n->op = p->token.op;
	LEAT_TRY(parse_next(p));
	LEAT_TRY(parse_side(p, &n->right));
	parse_column_first(n);
	return LEAT_OK;
}

static int parse_or(struct parse *p, uint32_t *out);

static int
parse_deeper(struct parse *p)
{
	if (++p->depth <= LEAT_EXPR_DEPTH_MAX)
		return LEAT_OK;
	return leat__expr_fail(p->err, LEAT_ELIMIT, p->token.offset, 1,
		"over %d parentheses or nots in each other",
		LEAT_EXPR_DEPTH_MAX);
}

static int
parse_parentheses(struct parse *p, uint32_t *out)
{
	uint32_t open = p->token.offset;

	LEAT_TRY(parse_deeper(p));
	LEAT_TRY(parse_next(p));
	LEAT_TRY(parse_or(p, out));
	if (p->token.kind == PARSE_END)
		return leat__expr_fail(p->err, LEAT_EINVAL, open, 1,
			"this parenthesis is not closed");
	if (p->token.kind != PARSE_CLOSE)
		return parse_fail_expected(p, "'and', 'or' or ')'");
	p->depth--;
	return parse_next(p);
}

static int
parse_not(struct parse *p, uint32_t *out)
{
	int is_not = parse_take_keyword(p, "not");
	uint32_t child = 0;

	LEAT_TRY(is_not);
	if (!is_not)
		return p->token.kind == PARSE_OPEN ? parse_parentheses(p, out)
						   : parse_compare(p, out);
	LEAT_TRY(parse_deeper(p));
	LEAT_TRY(parse_add(p, EXPR_NOT, out));
	LEAT_TRY(parse_not(p, &child));
	p->expr->nodes[*out].child = child;
	p->depth--;
	return LEAT_OK;
}

/* part { word part }: the part itself if it is the only one. */
static int
parse_list(struct parse *p, const char *word, uint32_t kind,
	int (*part)(struct parse *, uint32_t *), uint32_t *out)
{
	uint32_t first = 0, last, list = 0;
	int more;

	p->level++;
	LEAT_TRY(part(p, &first));
	*out = last = first;
	while ((more = parse_take_keyword(p, word)) > 0) {
		uint32_t next = 0;

		LEAT_TRY(part(p, &next));
		p->expr->nodes[last].next = next;
		last = next;
		list = 1;
	}
	LEAT_TRY(more);
	p->level--;
	if (!list)
		return LEAT_OK;
	LEAT_TRY(parse_add(p, kind, out));
	p->expr->nodes[*out].child = first;
	if (p->level >= p->n_levels)
		p->n_levels = p->level + 1;
	return LEAT_OK;
}

static int
parse_and(struct parse *p, uint32_t *out)
{
	return parse_list(p, "and", EXPR_AND, parse_not, out);
}

static int
parse_or(struct parse *p, uint32_t *out)
{
	return parse_list(p, "or", EXPR_OR, parse_and, out);
}

static int
parse_all(struct parse *p)
{
	LEAT_TRY(parse_next(p));
	if (p->token.kind == PARSE_END)
		return leat__expr_fail(p->err, LEAT_EINVAL, 0, 1,
			"the condition is empty; for example: delay > 60");
	LEAT_TRY(parse_or(p, &p->expr->root));
	if (p->token.kind != PARSE_END)
		return parse_fail_expected(p, "'and', 'or' or the end");
	p->expr->n_levels = p->n_levels;
	return LEAT_OK;
}

/* One block: the struct, nodes, the source and its decoded pieces. */
static int
parse_alloc(struct leat_stage *st, const char *source, size_t len,
	struct leat_expr **out)
{
	/* no node has less than a byte of its own */
	size_t n_nodes = leat__min_u64(len, LEAT_EXPR_NODES_MAX) + 2;
	size_t n_bytes = sizeof(**out) + n_nodes * sizeof(struct expr_node);
	struct leat_expr *e;
	void *memory;

	LEAT_TRY(leat_stage_alloc(st, n_bytes + 2 * len + 2, &memory));
	e = memory;
	*e = (struct leat_expr){.nodes = (struct expr_node *)(void *)(e + 1)};
	e->source = (char *)(e->nodes + n_nodes);
	memcpy(e->source, source, len + 1);
	*out = e;
	return LEAT_OK;
}

static int
parse_alloc_levels(struct leat_stage *st, struct leat_expr *e)
{
	void *memory;

	if (!e->n_levels)
		return LEAT_OK;
	LEAT_TRY(leat_stage_alloc(
		st, e->n_levels * sizeof(struct expr_level), &memory));
	e->levels = memory;
	return LEAT_OK;
}

int
leat_expr_parse(struct leat_stage *st, const char *source,
	struct leat_expr **out, struct leat_expr_error *err)
{
	struct leat_expr *e = NULL;
	size_t len = strlen(source);
	struct parse p;
	int rc;

	if (len > LEAT_EXPR_TEXT_MAX)
		return leat__expr_fail(err, LEAT_ELIMIT, 0, 1,
			"the condition has over %d bytes", LEAT_EXPR_TEXT_MAX);
	rc = parse_alloc(st, source, len, &e);
	if (rc == LEAT_OK) {
		p = (struct parse){.expr = e,
			.err = err,
			.source = e->source,
			.decoded = e->source + len + 1};
		LEAT_TRY(parse_all(&p));
		rc = parse_alloc_levels(st, e);
	}
	if (rc != LEAT_OK)
		return leat__expr_fail(
			err, rc, 0, 1, "no memory for the condition");
	*out = e;
	return LEAT_OK;
}
