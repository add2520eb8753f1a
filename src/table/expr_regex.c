/*
 * table/expr_regex.c -- regular expressions, by PCRE2.
 *
 * A pattern is compiled once, to machine code where the machine has it, with
 * all its memory: side memory, but for that code and a stack. Keeps: no
 * pattern hangs, it has so many steps a text and no more; bytes that are no
 * UTF-8 match nothing but end nothing either. Only the frame's holder enters.
 */
#include <stdio.h>
#include <string.h>

#include "table/expr.h"

#ifdef LEAT_WITH_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define REGEX_STEPS_MAX   2000000
#define REGEX_HEAP_KIB    256 /* where there is no machine code */
#define REGEX_STACK_LEAST 32768
#define REGEX_STACK_MOST  262144
#define REGEX_PARENS_MAX  50
#define REGEX_CODE_BYTES  65536
#define REGEX_GROUPS_MAX  32

/* What all patterns of an expression share. */
struct regex_all {
	struct leat_expr *expr;
	pcre2_general_context *general;
	pcre2_compile_context *compile;
	pcre2_match_context *match;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	struct regex *list;
};

struct regex {
	struct regex *next;
	pcre2_code *code;
	uint32_t n_groups;
	uint32_t group; /* of regexp_extract */
};

static const char regex_too_hard[] =
	"the pattern needs too many steps for this value";

/* ---- compile ------------------------------------------------------------ */

static void *
regex_alloc(PCRE2_SIZE n_bytes, void *data)
{
	struct leat_expr *e = data;
	void *memory;

	return leat__expr_alloc(e, n_bytes, &memory) ? NULL : memory;
}

static void
regex_free(void *memory, void *data)
{
	struct leat_expr *e = data;

	leat_stage_free(e->st, memory);
}

static bool
regex_begin_matching(struct regex_all *all)
{
	all->match = pcre2_match_context_create(all->general);
	all->data = pcre2_match_data_create(REGEX_GROUPS_MAX, all->general);
	if (!all->match || !all->data)
		return false;
	pcre2_set_match_limit(all->match, REGEX_STEPS_MAX);
	pcre2_set_heap_limit(all->match, REGEX_HEAP_KIB);
	all->stack = pcre2_jit_stack_create(
		REGEX_STACK_LEAST, REGEX_STACK_MOST, all->general);
	if (all->stack)
		pcre2_jit_stack_assign(all->match, NULL, all->stack);
	return true;
}

static struct regex_all *
regex_begin(struct leat_expr *e)
{
	struct regex_all *all = e->patterns;
	void *memory;

	if (all)
		return all;
	if (leat__expr_alloc(e, sizeof(*all), &memory))
		return NULL;
	all = memory;
	*all = (struct regex_all){.expr = e};
	e->patterns = all;
	/* what matching may ask for on its own, and the machine code */
	e->side_bytes += REGEX_HEAP_KIB * 1024 + REGEX_CODE_BYTES;
	all->general = pcre2_general_context_create(regex_alloc, regex_free, e);
	if (!all->general)
		return NULL;
	all->compile = pcre2_compile_context_create(all->general);
	if (!all->compile || !regex_begin_matching(all))
		return NULL;
	pcre2_set_parens_nest_limit(all->compile, REGEX_PARENS_MAX);
	return all;
}

static int
regex_fail(const struct expr_node *pattern, int code, PCRE2_SIZE at,
	struct leat_expr_error *err)
{
	uint32_t offset = pattern->offset, n_bytes = pattern->n_bytes;
	PCRE2_UCHAR text[120];

	pcre2_get_error_message(code, text, sizeof(text));
	/* without doubled quotes its bytes stand where they are shown */
	if (pattern->n_bytes == pattern->len + 2 && at <= pattern->len) {
		offset += 1 + (uint32_t)at;
		n_bytes = 1;
	}
	return leat__expr_fail(err, LEAT_EINVAL, offset, n_bytes,
		"the regular expression is wrong here: %s", (char *)text);
}

static int
regex_compile(struct leat_expr *e, struct expr_node *n,
	const struct expr_node *pattern, struct leat_expr_error *err)
{
	struct regex_all *all = regex_begin(e);
	struct regex *regex;
	void *memory;
	PCRE2_SIZE at = 0;
	int code = 0;

	if (!all || leat__expr_alloc(e, sizeof(*regex), &memory))
		return leat__expr_fail(err, LEAT_ELIMIT, pattern->offset,
			pattern->n_bytes, "no memory for the pattern");
	regex = memory;
	*regex = (struct regex){.next = all->list};
	regex->code = pcre2_compile((PCRE2_SPTR)pattern->text, pattern->len,
		PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
		&code, &at, all->compile);
	if (!regex->code)
		return regex_fail(pattern, code, at, err);
	all->list = regex;
	n->pattern = regex;
	/* without machine code it is slower, and the same */
	(void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	pcre2_pattern_info(
		regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->n_groups);
	if (regex->n_groups < REGEX_GROUPS_MAX)
		return LEAT_OK;
	return leat__expr_fail(err, LEAT_ELIMIT, pattern->offset,
		pattern->n_bytes,
		"the pattern has %u groups, at most %d can "
		"be",
		regex->n_groups, REGEX_GROUPS_MAX - 1);
}

void
leat__expr_regex_end(struct leat_expr *e)
{
	struct regex_all *all = e->patterns;

	if (!all)
		return;
	for (struct regex *regex = all->list; regex; regex = regex->next)
		pcre2_code_free(regex->code);
	pcre2_jit_stack_free(all->stack);
	pcre2_match_data_free(all->data);
	pcre2_match_context_free(all->match);
	pcre2_compile_context_free(all->compile);
	pcre2_general_context_free(all->general);
	e->patterns = NULL;
}

/* ---- match -------------------------------------------------------------- */

/* Groups found, from a place on; 0 = none; or it is bad. */
static int
regex_match(const struct expr_call *c, uint32_t k, struct leat_text x,
	uint32_t from, uint32_t options)
{
	struct regex_all *all = c->run->expr->patterns;
	const struct regex *regex = c->node->pattern;
	int rc = pcre2_match(regex->code, (PCRE2_SPTR)x.data, x.len, from,
		options, all->data, all->match);

	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc > 0)
		return rc;
	leat__expr_bad(c, k, regex_too_hard);
	return -1;
}

static const PCRE2_SIZE *
regex_places(const struct expr_call *c)
{
	struct regex_all *all = c->run->expr->patterns;

	return pcre2_get_ovector_pointer(all->data);
}

static int
regex_call(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		c->out->is_true[k] = c->out->has[k] &&
			regex_match(c, k, c->arg[0]->text[k], 0, 0) > 0;
	return LEAT_OK;
}

static int
regex_extract(const struct expr_call *c)
{
	const struct regex *regex = c->node->pattern;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		const PCRE2_SIZE *at;
		int n;

		if (!c->out->has[k])
			continue;
		n = regex_match(c, k, x, 0, 0);
		at = regex_places(c) + 2 * regex->group;
		if (n <= (int)regex->group || at[0] == PCRE2_UNSET) {
			c->out->has[k] = 0;
			continue;
		}
		c->out->text[k] = (struct leat_text){
			x.data + at[0], (uint32_t)(at[1] - at[0])};
	}
	return LEAT_OK;
}

/* ---- replace ------------------------------------------------------------ */

struct regex_out {
	uint8_t *at; /* in the arena, at its end */
	uint32_t len;
	bool is_full;
};

static void
regex_put(const struct expr_call *c, struct regex_out *out, const void *data,
	size_t n_bytes)
{
	uint8_t *at = leat__expr_take(c->run, n_bytes);

	if (!at) {
		out->is_full = true;
		return;
	}
	if (n_bytes)
		memcpy(at, data, n_bytes);
	out->len += (uint32_t)n_bytes;
}

/* The text that a match becomes: \0 to \9 are its groups. */
static void
regex_put_match(const struct expr_call *c, struct leat_text x,
	struct leat_text to, int n_groups, struct regex_out *out)
{
	const PCRE2_SIZE *places = regex_places(c);

	for (uint32_t k = 0; k < to.len; k++) {
		uint32_t group = k + 1 < to.len ? to.data[k + 1] - '0' : 10;

		if (to.data[k] != '\\' ||
			(group > 9 &&
				!(k + 1 < to.len && to.data[k + 1] == '\\'))) {
			regex_put(c, out, to.data + k, 1);
			continue;
		}
		k++;
		if (group > 9)
			regex_put(c, out, "\\", 1);
		else if ((int)group < n_groups &&
			places[2 * group] != PCRE2_UNSET)
			regex_put(c, out, x.data + places[2 * group],
				places[2 * group + 1] - places[2 * group]);
	}
}

/* All matches, from left to right. 0, or what regex_match() said. */
static int
regex_replace_all(const struct expr_call *c, uint32_t k, struct leat_text x,
	struct leat_text to, struct regex_out *out)
{
	uint32_t at = 0, options = 0;

	while (at <= x.len) {
		int n = regex_match(c, k, x, at, options);
		PCRE2_SIZE from, end;

		if (n < 0)
			return n;
		if (n == 0 && !options)
			break;
		if (n == 0) { /* nothing here but the empty match before */
			uint32_t n_bytes = at < x.len
				? leat__expr_char_bytes(
					  x.data + at, x.data + x.len)
				: 1;

			if (at < x.len)
				regex_put(c, out, x.data + at, n_bytes);
			at += n_bytes;
			options = 0;
			continue;
		}
		from = regex_places(c)[0];
		end = regex_places(c)[1];
		regex_put(c, out, x.data + at, from - at);
		regex_put_match(c, x, to, n, out);
		at = (uint32_t)end;
		options = from == end ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED
				      : 0;
	}
	if (at < x.len)
		regex_put(c, out, x.data + at, x.len - at);
	return 0;
}

static int
regex_replace(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct regex_out out = {leat__expr_take(c->run, 0), 0, false};

		if (!c->out->has[k])
			continue;
		if (regex_replace_all(
			    c, k, c->arg[0]->text[k], c->arg[2]->text[k], &out))
			continue;
		if (out.is_full)
			return LEAT_ELIMIT;
		c->out->text[k] = (struct leat_text){out.at, out.len};
	}
	return LEAT_OK;
}

/* Which group is wanted has to be known, and be there. */
static int
regex_extract_bind(struct expr_bind *b, struct expr_node *n)
{
	struct regex *regex = n->pattern;
	const struct expr_node *group =
		n->n_children > 2 ? leat__expr_child(b->expr, n, 2) : NULL;
	int64_t wanted = group ? group->value.int64 : 0;

	if (group &&
		(group->kind != EXPR_LITERAL || wanted < 0 ||
			wanted > regex->n_groups))
		return leat__expr_fail(b->err, LEAT_EINVAL, group->offset,
			group->n_bytes,
			"the group has to be a number from 0 (all) to %u",
			regex->n_groups);
	regex->group = (uint32_t)wanted;
	return LEAT_OK;
}

#else

static int
regex_compile(struct leat_expr *e, struct expr_node *n,
	const struct expr_node *pattern, struct leat_expr_error *err)
{
	(void)e;
	(void)n;
	return leat__expr_fail(err, LEAT_ENOTSUP, pattern->offset,
		pattern->n_bytes,
		"built without regular expressions (PCRE2); like is there");
}

void
leat__expr_regex_end(struct leat_expr *e)
{
	(void)e;
}

/* None is called: no pattern was compiled. */
static int
regex_call(const struct expr_call *c)
{
	(void)c;
	return LEAT_ENOTSUP;
}

#define regex_extract      regex_call
#define regex_replace      regex_call
#define regex_extract_bind NULL
#endif

int
leat__expr_regex_compile(
	struct leat_expr *e, struct expr_node *n, struct leat_expr_error *err)
{
	const struct expr_node *pattern = leat__expr_child(e, n, 1);

	if (pattern->kind == EXPR_LITERAL && pattern->type == LEAT_TYPE_TEXT)
		return regex_compile(e, n, pattern, err);
	return leat__expr_fail(err, LEAT_EINVAL, pattern->offset,
		pattern->n_bytes,
		"a regular expression has to be written out: '^a+$'");
}

const struct expr_function leat__expr_regex_functions[] = {
	{"~", "sS>b", regex_call, NULL, EXPR_REGEX, NULL},
	{"regexp_extract", "sS[i>s", regex_extract, regex_extract_bind,
		EXPR_REGEX, "regexp_extract(x, pattern[, group])"},
	{"regexp_matches", "sS>b", regex_call, NULL, EXPR_REGEX,
		"regexp_matches(x, pattern)"},
	{"regexp_replace", "sSs>s", regex_replace, NULL, EXPR_REGEX,
		"regexp_replace(x, pattern, to)"},
	{NULL, NULL, NULL, NULL, 0, NULL},
};
