/*
 * stages/filter/group_spec.c -- what is asked for: columns and results.
 *
 *	results := result { "," result }
 *	result  := [ name "=" ] function "(" [ column [ "," number ] ] ")"
 *
 * Names that are no words stand in `quotes`, a ` within doubled.
 * Keeps: every name knows its place in the option, for messages.
 * Threads: the one that builds the graph.
 */
#include "group.h"
#include "names.h"

#include <stdio.h>

struct spec_parse {
	struct leat_stage *st;
	const char *option;
	const char *list;
	size_t at;
	char *out; /* where names go */
};

/* In the order of enum leat__group_function. */
static const struct spec_function {
	const char *name;
	const char *short_name; /* in the name of a column that has none */
} spec_functions[] = {
	{"count", "count"},
	{"sum", "sum"},
	{"avg", "avg"},
	{"min", "min"},
	{"max", "max"},
	{"stddev", "stddev"},
	{"distinct", "distinct"},
	{"approx_distinct", "distinct"},
	{"quantile", "p"},
	{"median", "median"},
	{"first", "first"},
	{"last", "last"},
};

#define SPEC_FUNCTIONS                                                         \
	"count() count(x) sum avg min max stddev distinct approx_distinct "    \
	"quantile(x,0.95) median first last"

static int
spec_fail(const struct spec_parse *p, size_t at, size_t n, const char *what)
{
	return leat_stage_fail_at(
		p->st, LEAT_EINVAL, p->option, at, n, "%s", what);
}

static void
spec_skip_spaces(struct spec_parse *p)
{
	while (p->list[p->at] == ' ')
		p->at++;
}

static int
spec_quoted(struct spec_parse *p)
{
	size_t begin = p->at;
	uint32_t at = (uint32_t)begin;
	bool is_closed = leat__filter_quoted(p->list, &at, &p->out);

	p->at = at;
	if (is_closed)
		return LEAT_OK;
	return spec_fail(p, begin, p->at - begin, "a ` is not closed");
}

/* A name up to one of the characters of `ends`, without spaces around. */
static int
spec_name(struct spec_parse *p, const char *ends, struct leat__group_name *name)
{
	const char *s = p->list;
	int rc = LEAT_OK;

	spec_skip_spaces(p);
	*name = (struct leat__group_name){
		.text = p->out, .offset = (uint32_t)p->at};
	if (s[p->at] == '`') {
		rc = spec_quoted(p);
	} else {
		size_t n = strcspn(s + p->at, ends);

		memcpy(p->out, s + p->at, n);
		p->at += n;
		while (n && p->out[n - 1] == ' ')
			n--;
		p->out += n;
	}
	name->len = (uint32_t)(p->out - name->text);
	name->n_bytes = (uint32_t)p->at - name->offset;
	*p->out++ = '\0';
	spec_skip_spaces(p);
	return rc;
}

static int
spec_begin(struct leat_stage *st, struct spec_parse *p, const char *option,
	const char *list, size_t n_names)
{
	/* besides the text: a NUL and a made up name for each */
	size_t n_bytes = 2 * strlen(list) + n_names * 32 + 16;
	void *memory;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	*p = (struct spec_parse){.st = st, .option = option, .list = list};
	p->out = memory;
	return rc ? leat_stage_fail(st, rc, "no memory for '%s'", option)
		  : LEAT_OK;
}

uint64_t
leat__group_spec_side_bytes(const char *by, const char *results)
{
	return 2 * (strlen(by) + strlen(results)) + 4 * 1024 +
		(LEAT__GROUP_KEYS_MAX + 3 * LEAT__GROUP_RESULTS_MAX) * 32;
}

int
leat__group_parse_names(struct leat_stage *st, const char *option,
	const char *list, struct leat__group_name *names, uint32_t *n_out)
{
	struct spec_parse p;
	uint32_t n = 0;

	*n_out = 0;
	if (!list[0])
		return LEAT_OK;
	LEAT__TRY(spec_begin(st, &p, option, list, LEAT__GROUP_KEYS_MAX));
	for (;;) {
		if (n == LEAT__GROUP_KEYS_MAX)
			return spec_fail(&p, p.at, 0, "at most 256 columns");
		LEAT__TRY(spec_name(&p, ",", &names[n]));
		if (!names[n].len)
			return spec_fail(&p, p.at, p.list[p.at] != '\0',
				"a column name is missing");
		if (p.list[p.at] && p.list[p.at] != ',')
			return spec_fail(&p, p.at, 1,
				"behind a column only a comma may stand");
		n++;
		if (!p.list[p.at++])
			break;
	}
	*n_out = n;
	return LEAT_OK;
}

int
leat__group_parse_name(struct leat_stage *st, const char *option,
	const char *text, struct leat__group_name *name)
{
	struct spec_parse p;

	if (!text[0])
		return LEAT_OK;
	LEAT__TRY(spec_begin(st, &p, option, text, 1));
	LEAT__TRY(spec_name(&p, ",", name));
	if (!name->len || p.list[p.at])
		return spec_fail(&p, 0, 0, "the name of one column is wanted");
	return LEAT_OK;
}

/* ---- results ------------------------------------------------------------- */

static int
spec_function(const struct spec_parse *p, const struct leat__group_name *name,
	uint32_t *function_out)
{
	for (uint32_t k = 0; k < LEAT__GROUP_FUNCTION_N; k++)
		if (strcmp(spec_functions[k].name, name->text) == 0) {
			*function_out = k;
			return LEAT_OK;
		}
	return leat_stage_fail_at(p->st, LEAT_EINVAL, p->option, name->offset,
		name->n_bytes, "no function '%.40s'; there are: %s", name->text,
		SPEC_FUNCTIONS);
}

/* The number behind quantile's column. */
static int
spec_quantile(struct spec_parse *p, struct leat__group_result *result)
{
	struct leat__group_name number;
	struct leat_text x;

	if (p->list[p->at] != ',')
		return spec_fail(p, p->at, 1,
			"quantile needs a number, like quantile(x,0.95)");
	p->at++;
	LEAT__TRY(spec_name(p, ",)", &number));
	x = (struct leat_text){(const uint8_t *)number.text, number.len};
	if (leat_text_float64(x, &result->q) != LEAT_OK ||
		!(result->q >= 0 && result->q <= 1))
		return spec_fail(p, number.offset, number.n_bytes,
			"the quantile is a number from 0 to 1");
	return LEAT_OK;
}

/* What stands in the parentheses. */
static int
spec_arguments(struct spec_parse *p, struct leat__group_result *result)
{
	const char *name = spec_functions[result->function].name;

	p->at++;
	LEAT__TRY(spec_name(p, ",)", &result->column));
	if (!result->column.len && result->function != LEAT__GROUP_COUNT)
		return leat_stage_fail_at(p->st, LEAT_EINVAL, p->option, p->at,
			p->list[p->at] != '\0',
			"%s needs a column, like %s(delay)", name, name);
	if (result->function == LEAT__GROUP_MEDIAN)
		result->q = 0.5;
	if (result->function == LEAT__GROUP_QUANTILE)
		LEAT__TRY(spec_quantile(p, result));
	if (p->list[p->at] != ')')
		return spec_fail(
			p, p->at, p->list[p->at] != '\0', "a ) is missing");
	p->at++;
	spec_skip_spaces(p);
	return LEAT_OK;
}

/* "count", "sum_delay", "p95_delay" */
static void
spec_make_name(struct spec_parse *p, struct leat__group_result *result)
{
	const struct spec_function *f = &spec_functions[result->function];
	char number[24] = "";
	size_t n;

	if (result->function == LEAT__GROUP_QUANTILE) {
		snprintf(number, sizeof(number), "%.6g", result->q * 100);
		n = strlen(number);
		for (size_t k = 0; k < n; k++)
			if (number[k] == '.')
				number[k] = '_';
	}
	result->name.text = p->out;
	n = strlen(f->short_name);
	memcpy(p->out, f->short_name, n);
	p->out += n;
	n = strlen(number);
	memcpy(p->out, number, n);
	p->out += n;
	if (result->column.len) {
		*p->out++ = '_';
		memcpy(p->out, result->column.text, result->column.len);
		p->out += result->column.len;
	}
	result->name.len = (uint32_t)(p->out - result->name.text);
	*p->out++ = '\0';
}

static int
spec_result(struct spec_parse *p, struct leat__group_result *result)
{
	struct leat__group_name name;
	size_t begin = p->at;
	bool is_named;

	LEAT__TRY(spec_name(p, "=(,)", &name));
	is_named = p->list[p->at] == '=';
	if (is_named) {
		if (!name.len)
			return spec_fail(p, begin, p->at - begin + 1,
				"a name is missing before the =");
		result->name = name;
		p->at++;
		LEAT__TRY(spec_name(p, "=(,)", &name));
	}
	if (!name.len || p->list[p->at] != '(')
		return leat_stage_fail_at(p->st, LEAT_EINVAL, p->option,
			name.offset, name.n_bytes,
			"a result is wanted, like n=count() or "
			"total=sum(delay); there are: %s",
			SPEC_FUNCTIONS);
	LEAT__TRY(spec_function(p, &name, &result->function));
	LEAT__TRY(spec_arguments(p, result));
	if (!is_named)
		spec_make_name(p, result);
	result->name.offset = (uint32_t)begin;
	result->name.n_bytes = (uint32_t)(p->at - begin);
	if (p->list[p->at] && p->list[p->at] != ',')
		return spec_fail(p, p->at, strcspn(p->list + p->at, ","),
			"behind a result only a comma may stand");
	return LEAT_OK;
}

int
leat__group_parse_results(struct leat_stage *st, const char *option,
	const char *list, struct leat__group_spec *spec)
{
	struct spec_parse p;

	if (!list[0])
		return LEAT_OK;
	LEAT__TRY(spec_begin(
		st, &p, option, list, (size_t)3 * LEAT__GROUP_RESULTS_MAX));
	for (;;) {
		if (spec->n_results == LEAT__GROUP_RESULTS_MAX)
			return spec_fail(&p, p.at, 0, "at most 256 results");
		LEAT__TRY(spec_result(&p, &spec->results[spec->n_results]));
		spec->n_results++;
		if (!p.list[p.at++])
			return LEAT_OK;
	}
}
