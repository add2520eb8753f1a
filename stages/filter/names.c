/*
 * filter/names.c -- lists of columns as users write them.
 *
 *	list = entry { "," entry }     entry = name | name "=" name
 *	name = word | "name" | `name`
 *
 * A quote in a name is doubled. The stage enters, before its first frame.
 */
#include <stdio.h>
#include <string.h>

#include "names.h"

void
leat__filter_type_text(
	const struct leat_column *column, char buf[NAMES_TYPE_BYTES])
{
	const char *name = leat_type_name(column->type), *like = "";

	if (column->type == LEAT_TYPE_BOOL)
		like = " (true, false)";
	if (column->type == LEAT_TYPE_DATE)
		like = " (YYYY-MM-DD)";
	if (column->type == LEAT_TYPE_TIMESTAMP)
		like = " (YYYY-MM-DD HH:MM:SS)";
	if (column->type == LEAT_TYPE_DECIMAL)
		snprintf(buf, NAMES_TYPE_BYTES, "%s(%u)", name, column->scale);
	else
		snprintf(buf, NAMES_TYPE_BYTES, "%s%s", name, like);
}

struct names_parse {
	struct leat_stage *st;
	const char *list;
	uint32_t at;
	char *out; /* for decoded names */
};

/* A name as it stands in the list. */
struct names_name {
	const char *text;
	uint32_t len;
	uint32_t offset;
	uint32_t n_bytes;
};

static int
names_fail(struct leat_stage *st, int code, uint32_t offset, uint32_t n_bytes,
	const char *what)
{
	return leat_stage_fail_at(
		st, code, "columns", offset, n_bytes, "%s", what);
}

static void
names_skip_spaces(struct names_parse *p)
{
	while (p->list[p->at] == ' ' || p->list[p->at] == '\t')
		p->at++;
}

bool
leat__filter_quoted(const char *text, uint32_t *at, char **out)
{
	char quote = text[(*at)++];

	while (text[*at] && (text[*at] != quote || text[*at + 1] == quote)) {
		*(*out)++ = text[*at];
		*at += text[*at] == quote ? 2 : 1;
	}
	if (!text[*at])
		return false;
	(*at)++;
	return true;
}

/* `name` or "name", the quote doubled for itself; p->at is at the quote. */
static int
names_quoted(struct names_parse *p, struct names_name *name)
{
	if (leat__filter_quoted(p->list, &p->at, &p->out))
		return LEAT_OK;
	return names_fail(p->st, LEAT_EINVAL, name->offset,
		p->at - name->offset, "the name is not closed");
}

static int
names_name(struct names_parse *p, struct names_name *name)
{
	const char *s = p->list;
	int rc = LEAT_OK;

	names_skip_spaces(p);
	*name = (struct names_name){.text = p->out, .offset = p->at};
	if (s[p->at] == '`' || s[p->at] == '"') {
		rc = names_quoted(p, name);
	} else {
		while (s[p->at] && s[p->at] != ',' && s[p->at] != '=')
			*p->out++ = s[p->at++];
		while (p->out > name->text && p->out[-1] == ' ')
			p->out--;
		if (p->out == name->text)
			rc = names_fail(p->st, LEAT_EINVAL, p->at,
				s[p->at] != '\0', "a column name is missing");
	}
	name->len = (uint32_t)(p->out - name->text);
	name->n_bytes = p->at - name->offset;
	*p->out++ = '\0';
	names_skip_spaces(p);
	return rc;
}

/* name, or new=old. */
static int
names_item(struct names_parse *p, struct names_item *item)
{
	struct names_name name, from;
	int rc = names_name(p, &name);
	bool is_new = p->list[p->at] == '=';

	if (rc)
		return rc;
	from = name;
	if (is_new) {
		p->at++;
		rc = names_name(p, &from);
	}
	if (!rc && p->list[p->at] && p->list[p->at] != ',')
		rc = names_fail(
			p->st, LEAT_EINVAL, p->at, 1, "a comma is wanted here");
	*item = (struct names_item){name.text, from.text, from.len, from.offset,
		from.n_bytes, is_new};
	return rc;
}

static int
names_check_unique(struct leat_stage *st, const struct names *s)
{
	const struct names_item *last = &s->items[s->n_items - 1];

	for (uint32_t k = 0; k + 1 < s->n_items; k++)
		if (strcmp(s->items[k].name, last->name) == 0)
			return leat_stage_fail_at(st, LEAT_EINVAL, "columns",
				last->offset, last->n_bytes,
				"there is a column '%.64s' in the list "
				"already; "
				"new=old gives it another name",
				last->name);
	return LEAT_OK;
}

static uint32_t
names_count(const char *list)
{
	uint32_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static int
names_alloc(
	struct leat_stage *st, struct names *s, size_t len, char **names_out)
{
	uint32_t n = names_count(s->list);
	void *memory;
	int rc;

	if (len > NAMES_TEXT_MAX || n > LEAT_TABLE_COLUMNS_MAX)
		return names_fail(st, LEAT_ELIMIT, 0, 0,
			"at most 4096 columns in 65536 bytes");
	rc = leat_stage_alloc(
		st, n * sizeof(struct names_item) + 2 * len + 2, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the list");
	s->items = memory;
	*names_out = (char *)(s->items + n);
	return LEAT_OK;
}

int
leat__filter_names_read(
	struct leat_stage *st, struct names *names, const char *list)
{
	struct names_parse p = {.st = st, .at = 0};
	int rc;

	*names = (struct names){.list = list ? list : ""};
	p.list = names->list;
	rc = names_alloc(st, names, strlen(names->list), &p.out);
	while (!rc) {
		rc = names_item(&p, &names->items[names->n_items++]);
		if (!rc)
			rc = names_check_unique(st, names);
		if (rc || !names->list[p.at])
			break;
		p.at++;
	}
	return rc;
}

static int
names_fail_unknown(struct leat_stage *st, const struct names_item *item,
	const struct leat_schema *from)
{
	struct leat_text name = {(const uint8_t *)item->from, item->len};
	bool is_turned = item->is_new &&
		leat_schema_find(from, item->name, strlen(item->name)) >= 0;
	char said[LEAT_ERROR_TEXT_BYTES];

	leat_schema_unknown(from, name, said, sizeof(said));
	return leat_stage_fail_at(st, LEAT_EINVAL, "columns", item->offset,
		item->n_bytes, "%s%s", said,
		is_turned ? " (the new name stands first: new=old)" : "");
}

int
leat__filter_names_find(struct leat_stage *st, const struct names_item *item,
	const struct leat_schema *schema, uint32_t *column_out)
{
	int32_t at = leat_schema_find(schema, item->from, item->len);

	if (at < 0)
		return names_fail_unknown(st, item, schema);
	*column_out = (uint32_t)at;
	return LEAT_OK;
}

int
leat__filter_names_schema(struct leat_stage *st, const struct leat_schema *from,
	uint32_t n, struct leat_schema **out, struct leat_column **columns_out)
{
	size_t n_bytes =
		sizeof(struct leat_schema) + n * sizeof(struct leat_column);
	void *memory;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	*out = memory;
	**out = *from;
	*columns_out = (struct leat_column *)(void *)(*out + 1);
	(*out)->n_columns = n;
	(*out)->columns = *columns_out;
	return LEAT_OK;
}

/* ---- stages that exchange the schema -------------------------------------- */

static int
names_bind(struct leat_stage *st, struct names_stage *s,
	const struct leat_schema *from, names_make_fn make)
{
	int rc;

	if (from == s->from)
		return LEAT_OK;
	rc = make(st, s, from);
	if (rc == LEAT_OK)
		s->from = from;
	return rc;
}

int
leat__filter_names_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out, names_make_fn make)
{
	struct names_stage *s = leat_stage_state(st);
	int rc;

	if (!in->schema)
		return LEAT_OK;
	rc = names_bind(st, s, in->schema, make);
	out->schema = s->to;
	return rc;
}

int
leat__filter_names_process(
	struct leat_stage *st, struct leat_frame *in, names_make_fn make)
{
	struct names_stage *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = names_bind(st, s, t.schema, make);
	if (rc)
		return rc;
	leat_table_set_schema(&t, s->to);
	return leat_stage_emit(st, 0, in);
}
