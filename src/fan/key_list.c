/*
 * fan/key_list.c -- reading a list of columns: "date desc,`flight no` text".
 *
 * Keeps: names stand in side memory of the stage, each with its NUL.
 * Threads: any.
 */
#include <string.h>

#include "fan/key.h"

struct key_parse {
	struct leat_stage *st;
	const char *option;
	const char *text;
	size_t at;
	char *out; /* where names go */
};

static int
key_fail(const struct key_parse *p, size_t at, size_t n, const char *what)
{
	return leat_stage_fail_at(p->st, LEAT_EINVAL, p->option, at, n,
		"%s; a key is a list like date desc,`flight no` text", what);
}

static void
key_skip_spaces(struct key_parse *p)
{
	while (p->text[p->at] == ' ')
		p->at++;
}

/* `name` with the quote doubled for itself. */
static int
key_quoted(struct key_parse *p)
{
	size_t begin = p->at++;
	const char *s = p->text;

	while (s[p->at] && (s[p->at] != '`' || s[p->at + 1] == '`')) {
		*p->out++ = s[p->at];
		p->at += s[p->at] == '`' ? 2 : 1;
	}
	if (!s[p->at])
		return key_fail(p, begin, p->at - begin, "a ` is not closed");
	p->at++;
	return LEAT_OK;
}

static int
key_name(struct key_parse *p, struct leat__key_column *column)
{
	const char *s = p->text;
	int rc = LEAT_OK;

	key_skip_spaces(p);
	*column = (struct leat__key_column){
		.name = p->out, .offset = (uint32_t)p->at};
	if (s[p->at] == '`')
		rc = key_quoted(p);
	else
		while (s[p->at] && s[p->at] != ',' && s[p->at] != ' ')
			*p->out++ = s[p->at++];
	column->len = (uint32_t)(p->out - column->name);
	column->n_bytes = (uint32_t)p->at - column->offset;
	*p->out++ = '\0';
	if (!rc && !column->len)
		rc = key_fail(
			p, p->at, s[p->at] != '\0', "a column name is missing");
	return rc;
}

/* What stands behind the name: asc, desc, text. */
static int
key_words(struct key_parse *p, struct leat__key_column *column)
{
	for (;;) {
		const char *word;
		size_t n;

		key_skip_spaces(p);
		word = p->text + p->at;
		n = strcspn(word, " ,");
		if (n == 0)
			return LEAT_OK;
		if (n == 4 && !memcmp(word, "desc", n))
			column->is_desc = true;
		else if (n == 4 && !memcmp(word, "text", n))
			column->is_text = true;
		else if (n != 3 || memcmp(word, "asc", n) != 0)
			return key_fail(p, p->at, n,
				"behind a column only asc, desc or text may "
				"stand");
		p->at += n;
	}
}

uint64_t
leat__key_bytes(const char *value)
{
	/* a name is not longer than it stands there, and ends in NUL */
	return 64 + 2 * (strlen(value) + LEAT__KEY_COLUMNS_MAX + 1);
}

int
leat__key_parse(struct leat_stage *st, struct leat__key_spec *spec,
	const char *option, const char *value)
{
	struct key_parse p = {.st = st, .option = option, .text = value};
	void *memory;
	int rc = leat_stage_alloc(
		st, strlen(value) + LEAT__KEY_COLUMNS_MAX + 1, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the key");
	spec->names = p.out = memory;
	for (;;) {
		struct leat__key_column *column = &spec->columns[spec->n];

		if (spec->n == LEAT__KEY_COLUMNS_MAX)
			return key_fail(&p, p.at, 0, "at most 8 columns");
		rc = key_name(&p, column);
		if (!rc)
			rc = key_words(&p, column);
		if (rc)
			return rc;
		spec->n++;
		if (!p.text[p.at])
			return LEAT_OK;
		p.at++;
	}
}

void
leat__key_fini(struct leat_stage *st, struct leat__key_spec *spec)
{
	leat_stage_free(st, spec->names);
	spec->names = NULL;
	spec->n = 0;
}
