/*
 * stages/filter/lookup_list.c -- lists of names.
 *
 * Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "lookup_list.h"
#include "names.h"

#define LIST_TEXT_MAX 65536u

struct list_parse {
	struct leat_stage *st;
	const char *option;
	const char *text;
	uint32_t at;
	char *out; /* for decoded names */
};

static uint32_t
list_count(const char *text)
{
	uint32_t n = 1;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

/* Both names of an item may be the whole text. */
static size_t
list_bytes(const char *text)
{
	return list_count(text) * (sizeof(struct leat__list_item) + 2) +
		strlen(text) + 1;
}

uint64_t
leat__list_side_bytes(const char *text)
{
	return 64 + (text ? list_bytes(text) : 0);
}

static int
list_fail(struct list_parse *p, uint32_t offset, uint32_t n_bytes,
	const char *what)
{
	return leat_stage_fail_at(
		p->st, LEAT_EINVAL, p->option, offset, n_bytes, "%s", what);
}

static void
list_skip_spaces(struct list_parse *p)
{
	while (p->text[p->at] == ' ' || p->text[p->at] == '\t')
		p->at++;
}

static int
list_quoted(struct list_parse *p)
{
	uint32_t begin = p->at;

	if (leat__filter_quoted(p->text, &p->at, &p->out))
		return LEAT_OK;
	return list_fail(p, begin, p->at - begin, "the name is not closed");
}

static int
list_name(struct list_parse *p, struct leat__list_name *name)
{
	const char *s = p->text;
	int rc = LEAT_OK;

	list_skip_spaces(p);
	*name = (struct leat__list_name){.text = p->out, .offset = p->at};
	if (s[p->at] == '`' || s[p->at] == '"')
		rc = list_quoted(p);
	else
		while (s[p->at] && s[p->at] != ',' && s[p->at] != '=')
			*p->out++ = s[p->at++];
	name->n_bytes = p->at - name->offset;
	if (!rc && !name->n_bytes)
		rc = list_fail(
			p, p->at, s[p->at] != '\0', "a column name is missing");
	name->len = (uint32_t)(p->out - name->text);
	*p->out++ = '\0';
	list_skip_spaces(p);
	return rc;
}

static int
list_item(struct list_parse *p, struct leat__list_item *item)
{
	int rc = list_name(p, &item->name);

	item->other = item->name;
	if (!rc && p->text[p->at] == '=') {
		p->at++;
		rc = list_name(p, &item->other);
	}
	if (!rc && p->text[p->at] && p->text[p->at] != ',')
		rc = list_fail(p, p->at, 1, "a comma is wanted here");
	return rc;
}

int
leat__list_parse(struct leat_stage *st, struct leat__list *list,
	const char *option, const char *text)
{
	struct list_parse p = {.st = st, .option = option, .text = text};
	void *memory;
	int rc;

	list->option = option;
	if (strlen(text) > LIST_TEXT_MAX)
		return list_fail(&p, 0, 0, "at most 65536 bytes");
	rc = leat_stage_alloc(st, list_bytes(text), &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the list");
	list->items = memory;
	p.out = (char *)(list->items + list_count(text));
	for (;;) {
		rc = list_item(&p, &list->items[list->n++]);
		if (rc || !text[p.at])
			return rc;
		p.at++;
	}
}

int
leat__list_find(struct leat_stage *st, const struct leat__list *list,
	const struct leat__list_name *name, const struct leat_schema *schema,
	const char *what, uint32_t *column_out)
{
	int32_t at = leat_schema_find(schema, name->text, name->len);
	const char *near;
	char names[256];

	if (at >= 0) {
		*column_out = (uint32_t)at;
		return LEAT_OK;
	}
	near = leat_schema_suggest(schema, name->text, name->len);
	leat_schema_names(schema, names, sizeof(names));
	return leat_stage_fail_at(st, LEAT_EINVAL, list->option, name->offset,
		name->n_bytes,
		"no column '%.64s' in %.200s%s%.64s%s; there "
		"are: %s",
		name->text, what, near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "", names);
}
