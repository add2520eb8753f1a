/*
 * table/expr_parse.c -- expressions from text to tree: what joins values.
 *
 *	or      = and { "or" and }          and = not { "and" not }
 *	not     = "not" not | test
 *	test    = concat [ op concat | ["not"] ( "between" concat "and" concat |
 *	          "in" "(" or { "," or } ")" | "like" concat ... ) |
 *	          "is" ["not"] "null" | "~" text ]
 *	concat  = sum { "||" sum }          sum = product { ("+"|"-") product }
 *	product = sign { ("*"|"/"|"%") sign }
 *	sign    = { "-" | "+" } primary { "::" type }
 *
 * Primaries are in expr_primary.c. By recursive descent, as deep as
 * LEAT_EXPR_DEPTH_MAX; every limit is checked here.
 */
#include <string.h>

#include "table/expr_parse.h"

/* ---- nodes -------------------------------------------------------------- */

int
leat__expr_parse_add(
	struct parse *p, uint32_t kind, uint32_t offset, uint32_t *out)
{
	struct leat_expr *e = p->expr;

	if (e->n_nodes == p->n_nodes_max)
		return leat__expr_fail(p->lex.err, LEAT_ELIMIT, offset, 1,
			"the expression has over %d parts",
			LEAT_EXPR_NODES_MAX);
	*out = ++e->n_nodes;
	e->nodes[*out] = (struct expr_node){.kind = kind, .offset = offset};
	return LEAT_OK;
}

int
leat__expr_parse_child(struct parse *p, uint32_t parent, uint32_t child)
{
	struct expr_node *n = &p->expr->nodes[parent];
	uint32_t height = p->expr->nodes[child].height + 1;
	uint32_t *at = &n->child;

	if (n->n_children)
		at = &p->expr->nodes[n->last].next;
	*at = child;
	n->last = child;
	n->n_children++;
	n->height = height > n->height ? height : n->height;
	if (n->height > EXPR_HEIGHT_MAX)
		return leat__expr_fail(p->lex.err, LEAT_ELIMIT, n->offset, 1,
			"over %d operators in each other", EXPR_HEIGHT_MAX);
	return LEAT_OK;
}

void
leat__expr_parse_end(struct parse *p, uint32_t node)
{
	struct expr_node *n = &p->expr->nodes[node];

	n->n_bytes = p->end - n->offset;
}

int
leat__expr_parse_next(struct parse *p)
{
	p->end = p->lex.at;
	return leat__expr_lex_next(&p->lex);
}

int
leat__expr_parse_take(struct parse *p, const char *word)
{
	bool is_there = leat__expr_lex_is_keyword(&p->lex, word) ||
		leat__expr_lex_is_sign(&p->lex, word);

	if (!is_there)
		return 0;
	LEAT_TRY(leat__expr_parse_next(p));
	return 1;
}

int
leat__expr_parse_deeper(struct parse *p)
{
	if (++p->depth <= LEAT_EXPR_DEPTH_MAX)
		return LEAT_OK;
	return leat__expr_fail(p->lex.err, LEAT_ELIMIT, p->lex.token.offset, 1,
		"over %d parentheses or nots in each other",
		LEAT_EXPR_DEPTH_MAX);
}

/* ---- operators ---------------------------------------------------------- */

/* A call of an operator's function, for a first argument that is there. */
static int
parse_operator(struct parse *p, const char *name, uint32_t first, uint32_t *out)
{
	uint32_t offset = p->expr->nodes[first].offset;

	LEAT_TRY(leat__expr_parse_add(p, EXPR_CALL, offset, out));
	p->expr->nodes[*out].function =
		leat__expr_function_find(name, strlen(name));
	return leat__expr_parse_child(p, *out, first);
}

/* -9223372036854775808 is a number, its digits are none. */
static bool
parse_negate_literal(struct expr_node *n)
{
	if (n->kind != EXPR_LITERAL)
		return false;
	if (n->type == LEAT_TYPE_INT64)
		n->parsed.int64 = -n->parsed.int64;
	else if (n->type != LEAT_TYPE_FLOAT64)
		return false;
	else if (n->len == 19 && !memcmp(n->text, "9223372036854775808", 19)) {
		n->type = LEAT_TYPE_INT64;
		n->parsed.int64 = INT64_MIN;
	} else {
		n->parsed.float64 = -n->parsed.float64;
	}
	n->op ^= EXPR_NEGATED;
	return true;
}

static int
parse_casts(struct parse *p, uint32_t *out)
{
	int more;

	LEAT_TRY(leat__expr_parse_primary(p, out));
	while ((more = leat__expr_lex_is_sign(&p->lex, "::"))) {
		uint32_t child = *out;

		LEAT_TRY(leat__expr_parse_add(
			p, EXPR_CAST, p->expr->nodes[child].offset, out));
		LEAT_TRY(leat__expr_parse_child(p, *out, child));
		LEAT_TRY(leat__expr_parse_type(p, *out));
		leat__expr_parse_end(p, *out);
	}
	return more;
}

static int
parse_sign(struct parse *p, uint32_t *out)
{
	uint32_t offset = p->lex.token.offset, child = 0;
	int is_minus;

	while (leat__expr_lex_is_sign(&p->lex, "+"))
		LEAT_TRY(leat__expr_parse_next(p));
	is_minus = leat__expr_parse_take(p, "-");
	LEAT_TRY(is_minus);
	if (!is_minus)
		return parse_casts(p, out);
	LEAT_TRY(leat__expr_parse_deeper(p));
	LEAT_TRY(parse_sign(p, &child));
	p->depth--;
	*out = child;
	if (!parse_negate_literal(&p->expr->nodes[child]))
		LEAT_TRY(parse_operator(p, "neg", child, out));
	p->expr->nodes[*out].offset = offset;
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

/* part { op part }, from left to right. */
static int
parse_chain(struct parse *p, const char *const *ops,
	int (*part)(struct parse *, uint32_t *), uint32_t *out)
{
	LEAT_TRY(part(p, out));
	for (;;) {
		uint32_t left = *out, right = 0, k = 0;

		while (ops[k] && !leat__expr_lex_is_sign(&p->lex, ops[k]))
			k++;
		if (!ops[k])
			return LEAT_OK;
		LEAT_TRY(leat__expr_parse_next(p));
		LEAT_TRY(part(p, &right));
		LEAT_TRY(parse_operator(p, ops[k], left, out));
		LEAT_TRY(leat__expr_parse_child(p, *out, right));
		leat__expr_parse_end(p, *out);
	}
}

static int
parse_product(struct parse *p, uint32_t *out)
{
	static const char *const ops[] = {"*", "/", "%", NULL};

	return parse_chain(p, ops, parse_sign, out);
}

static int
parse_sum(struct parse *p, uint32_t *out)
{
	static const char *const ops[] = {"+", "-", NULL};

	return parse_chain(p, ops, parse_product, out);
}

/* All of a || b || c are one call. */
static int
parse_concat(struct parse *p, uint32_t *out)
{
	uint32_t first = 0, next = 0;
	int more;

	LEAT_TRY(parse_sum(p, &first));
	*out = first;
	while ((more = leat__expr_parse_take(p, "||")) > 0) {
		LEAT_TRY(parse_sum(p, &next));
		if (*out == first)
			LEAT_TRY(parse_operator(p, "||", first, out));
		LEAT_TRY(leat__expr_parse_child(p, *out, next));
		leat__expr_parse_end(p, *out);
	}
	return more;
}

/* ---- tests -------------------------------------------------------------- */

static int
parse_compare(struct parse *p, uint32_t left, uint32_t *out)
{
	uint32_t right = 0, op = p->lex.token.op;

	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(parse_concat(p, &right));
	LEAT_TRY(leat__expr_parse_add(
		p, EXPR_COMPARE, p->expr->nodes[left].offset, out));
	/* 60 < delay becomes delay > 60: one form for the fast path */
	if (p->expr->nodes[left].kind == EXPR_LITERAL &&
		p->expr->nodes[right].kind == EXPR_COLUMN) {
		uint32_t swap = left;

		left = right;
		right = swap;
		op = (op & EXPR_EQUAL) | (op & EXPR_LESS ? EXPR_GREATER : 0) |
			(op & EXPR_GREATER ? EXPR_LESS : 0);
	}
	p->expr->nodes[*out].op = op;
	LEAT_TRY(leat__expr_parse_child(p, *out, left));
	return leat__expr_parse_child(p, *out, right);
}

/* value "is" ["not"] "null"; "is" has been taken. */
static int
parse_is_null(struct parse *p, uint32_t left, uint32_t *out)
{
	int is_not = leat__expr_parse_take(p, "not");

	LEAT_TRY(is_not);
	LEAT_TRY(leat__expr_parse_add(
		p, EXPR_IS_NULL, p->expr->nodes[left].offset, out));
	p->expr->nodes[*out].op = is_not ? EXPR_NEGATED : 0;
	LEAT_TRY(leat__expr_parse_child(p, *out, left));
	if (!leat__expr_lex_is_keyword(&p->lex, "null"))
		return leat__expr_lex_fail_expected(&p->lex, "'null'");
	return leat__expr_parse_next(p);
}

static int
parse_between(struct parse *p, uint32_t left, uint32_t *out)
{
	uint32_t least = 0, most = 0;

	LEAT_TRY(leat__expr_parse_add(
		p, EXPR_BETWEEN, p->expr->nodes[left].offset, out));
	LEAT_TRY(leat__expr_parse_child(p, *out, left));
	LEAT_TRY(parse_concat(p, &least));
	LEAT_TRY(leat__expr_parse_child(p, *out, least));
	if (!leat__expr_lex_is_keyword(&p->lex, "and"))
		return leat__expr_lex_fail_expected(
			&p->lex, "'and' and the other end of between");
	LEAT_TRY(leat__expr_parse_next(p));
	LEAT_TRY(parse_concat(p, &most));
	return leat__expr_parse_child(p, *out, most);
}

static int
parse_in(struct parse *p, uint32_t left, uint32_t *out)
{
	if (!leat__expr_lex_is_sign(&p->lex, "("))
		return leat__expr_lex_fail_expected(
			&p->lex, "a list in parentheses");
	LEAT_TRY(leat__expr_parse_add(
		p, EXPR_IN, p->expr->nodes[left].offset, out));
	LEAT_TRY(leat__expr_parse_child(p, *out, left));
	return leat__expr_parse_list(p, *out);
}

/* text ["escape" 'c'] */
static int
parse_like(struct parse *p, const char *name, uint32_t left, uint32_t *out)
{
	uint32_t pattern = 0, escape = 0;
	int more;

	LEAT_TRY(parse_operator(p, name, left, out));
	LEAT_TRY(parse_concat(p, &pattern));
	LEAT_TRY(leat__expr_parse_child(p, *out, pattern));
	more = leat__expr_parse_take(p, "escape");
	if (more > 0) {
		LEAT_TRY(parse_concat(p, &escape));
		LEAT_TRY(leat__expr_parse_child(p, *out, escape));
	}
	LEAT_TRY(more);
	leat__expr_parse_end(p, *out);
	return leat__expr_like_compile(
		p->expr, &p->expr->nodes[*out], p->lex.err);
}

static int
parse_match(struct parse *p, uint32_t left, uint32_t *out)
{
	uint32_t pattern = 0;

	LEAT_TRY(parse_operator(p, "~", left, out));
	LEAT_TRY(parse_concat(p, &pattern));
	LEAT_TRY(leat__expr_parse_child(p, *out, pattern));
	leat__expr_parse_end(p, *out);
	return leat__expr_regex_compile(
		p->expr, &p->expr->nodes[*out], p->lex.err);
}

static int
parse_turn(struct parse *p, uint32_t *out)
{
	uint32_t child = *out;

	leat__expr_parse_end(p, child);
	LEAT_TRY(leat__expr_parse_add(
		p, EXPR_NOT, p->expr->nodes[child].offset, out));
	return leat__expr_parse_child(p, *out, child);
}

/* [not] between, in, like, ilike: behind a value. */
static int
parse_word_test(struct parse *p, bool is_not, uint32_t left, uint32_t *out)
{
	int is_between = leat__expr_parse_take(p, "between");
	int is_in = is_between ? 0 : leat__expr_parse_take(p, "in");
	int is_like =
		is_between || is_in ? 0 : leat__expr_parse_take(p, "like");
	int is_ilike = is_between || is_in || is_like
		? 0
		: leat__expr_parse_take(p, "ilike");

	LEAT_TRY(is_between);
	LEAT_TRY(is_in);
	LEAT_TRY(is_like);
	LEAT_TRY(is_ilike);
	*out = left;
	if (is_between)
		LEAT_TRY(parse_between(p, left, out));
	else if (is_in)
		LEAT_TRY(parse_in(p, left, out));
	else if (is_like || is_ilike)
		LEAT_TRY(parse_like(p, is_like ? "like" : "ilike", left, out));
	else if (is_not)
		return leat__expr_lex_fail_expected(
			&p->lex, "'between', 'in', 'like' or 'ilike'");
	return is_not ? parse_turn(p, out) : LEAT_OK;
}

static int
parse_test(struct parse *p, uint32_t *out)
{
	uint32_t left = 0;
	int is = 0;

	LEAT_TRY(parse_concat(p, &left));
	*out = left;
	if (p->lex.token.kind == LEX_COMPARE) {
		LEAT_TRY(parse_compare(p, left, out));
	} else if ((is = leat__expr_parse_take(p, "is"))) {
		LEAT_TRY(is);
		LEAT_TRY(parse_is_null(p, left, out));
	} else if ((is = leat__expr_parse_take(p, "~"))) {
		LEAT_TRY(is);
		LEAT_TRY(parse_match(p, left, out));
	} else if ((is = leat__expr_parse_take(p, "!~"))) {
		LEAT_TRY(is);
		LEAT_TRY(parse_match(p, left, out));
		LEAT_TRY(parse_turn(p, out));
	} else {
		is = leat__expr_parse_take(p, "not");
		LEAT_TRY(is);
		LEAT_TRY(parse_word_test(p, is, left, out));
	}
	leat__expr_parse_end(p, *out);
	return LEAT_OK;
}

/* ---- logic -------------------------------------------------------------- */

static int
parse_not(struct parse *p, uint32_t *out)
{
	uint32_t offset = p->lex.token.offset;
	int is_not = leat__expr_parse_take(p, "not");
	uint32_t child = 0;

	LEAT_TRY(is_not);
	if (!is_not)
		return parse_test(p, out);
	LEAT_TRY(leat__expr_parse_deeper(p));
	LEAT_TRY(leat__expr_parse_add(p, EXPR_NOT, offset, out));
	LEAT_TRY(parse_not(p, &child));
	LEAT_TRY(leat__expr_parse_child(p, *out, child));
	leat__expr_parse_end(p, *out);
	p->depth--;
	return LEAT_OK;
}

/* part { word part }: the part itself if it is the only one. */
static int
parse_list(struct parse *p, const char *word, uint32_t kind,
	int (*part)(struct parse *, uint32_t *), uint32_t *out)
{
	uint32_t first = 0, next = 0;
	int more;

	LEAT_TRY(part(p, &first));
	*out = first;
	while ((more = leat__expr_parse_take(p, word)) > 0) {
		if (*out == first) {
			LEAT_TRY(leat__expr_parse_add(
				p, kind, p->expr->nodes[first].offset, out));
			LEAT_TRY(leat__expr_parse_child(p, *out, first));
		}
		LEAT_TRY(part(p, &next));
		LEAT_TRY(leat__expr_parse_child(p, *out, next));
		leat__expr_parse_end(p, *out);
	}
	return more;
}

static int
parse_and(struct parse *p, uint32_t *out)
{
	return parse_list(p, "and", EXPR_AND, parse_not, out);
}

int
leat__expr_parse_value(struct parse *p, uint32_t *out)
{
	return parse_list(p, "or", EXPR_OR, parse_and, out);
}
