/*
 * select -- these columns, in this order, some under a new name.
 *
 * Only the schema of a table is exchanged; no value is touched. The new schema
 * is made when the old one is known: before the start, or at the first table.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#define SELECT_TEXT_MAX   65536 /* bytes of the list */
#define SELECT_SIDE_BYTES (1u << 20)

/* One entry of the list. */
struct select_item {
	const char *name; /* new */
	const char *from; /* old */
	uint32_t len;     /* of from */
	uint32_t offset;  /* of from in the list */
	uint32_t n_bytes; /* with its quotes */
};

struct select {
	const char *list;
	struct select_item *items;
	uint32_t n_items;
	const struct leat_schema *from;
	struct leat_schema *to;
};

struct select_parse {
	struct leat_stage *st;
	const char *list;
	uint32_t at;
	char *out; /* for decoded names */
};

/* A name as it stands in the list. */
struct select_name {
	const char *text;
	uint32_t len;
	uint32_t offset;
	uint32_t n_bytes;
};

static int
select_fail(struct leat_stage *st, int code, uint32_t offset, uint32_t n_bytes,
	const char *what)
{
	return leat_stage_fail_at(
		st, code, "columns", offset, n_bytes, "%s", what);
}

static void
select_skip_spaces(struct select_parse *p)
{
	while (p->list[p->at] == ' ' || p->list[p->at] == '\t')
		p->at++;
}

/* `name` or "name", the quote doubled for itself; p->at is at the quote. */
static int
select_quoted(struct select_parse *p, struct select_name *name)
{
	char quote = p->list[p->at++];
	const char *s = p->list;

	while (s[p->at] && (s[p->at] != quote || s[p->at + 1] == quote)) {
		*p->out++ = s[p->at];
		p->at += s[p->at] == quote ? 2 : 1;
	}
	if (!s[p->at])
		return select_fail(p->st, LEAT_EINVAL, name->offset,
			p->at - name->offset, "the name is not closed");
	p->at++;
	return LEAT_OK;
}

static int
select_name(struct select_parse *p, struct select_name *name)
{
	const char *s = p->list;
	int rc = LEAT_OK;

	select_skip_spaces(p);
	*name = (struct select_name){.text = p->out, .offset = p->at};
	if (s[p->at] == '`' || s[p->at] == '"') {
		rc = select_quoted(p, name);
	} else {
		while (s[p->at] && s[p->at] != ',' && s[p->at] != '=')
			*p->out++ = s[p->at++];
		while (p->out > name->text && p->out[-1] == ' ')
			p->out--;
		if (p->out == name->text)
			rc = select_fail(p->st, LEAT_EINVAL, p->at,
				s[p->at] != '\0', "a column name is missing");
	}
	name->len = (uint32_t)(p->out - name->text);
	name->n_bytes = p->at - name->offset;
	*p->out++ = '\0';
	select_skip_spaces(p);
	return rc;
}

/* name, or new=old. */
static int
select_item(struct select_parse *p, struct select_item *item)
{
	struct select_name name, from;
	int rc = select_name(p, &name);

	if (rc)
		return rc;
	from = name;
	if (p->list[p->at] == '=') {
		p->at++;
		rc = select_name(p, &from);
	}
	if (!rc && p->list[p->at] && p->list[p->at] != ',')
		rc = select_fail(
			p->st, LEAT_EINVAL, p->at, 1, "a comma is wanted here");
	*item = (struct select_item){
		name.text, from.text, from.len, from.offset, from.n_bytes};
	return rc;
}

static int
select_check_unique(struct leat_stage *st, const struct select *s)
{
	const struct select_item *last = &s->items[s->n_items - 1];

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
select_count(const char *list)
{
	uint32_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static int
select_alloc(
	struct leat_stage *st, struct select *s, size_t len, char **names_out)
{
	uint32_t n = select_count(s->list);
	void *memory;
	int rc;

	if (len > SELECT_TEXT_MAX || n > LEAT_TABLE_COLUMNS_MAX)
		return select_fail(st, LEAT_ELIMIT, 0, 0,
			"at most 4096 columns in 65536 bytes");
	rc = leat_stage_alloc(
		st, n * sizeof(struct select_item) + 2 * len + 2, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the list");
	s->items = memory;
	*names_out = (char *)(s->items + n);
	return LEAT_OK;
}

static int
select_init(struct leat_stage *st, const void *opts)
{
	const struct leat_select_opts *o = opts;
	struct select *s = leat_stage_state(st);
	struct select_parse p = {.st = st, .at = 0};
	int rc;

	s->list = p.list = o->columns ? o->columns : "";
	rc = select_alloc(st, s, strlen(s->list), &p.out);
	while (!rc) {
		rc = select_item(&p, &s->items[s->n_items++]);
		if (!rc)
			rc = select_check_unique(st, s);
		if (rc || !s->list[p.at])
			break;
		p.at++;
	}
	return rc;
}

static int
select_fail_unknown(struct leat_stage *st, const struct select_item *item,
	const struct leat_schema *from)
{
	const char *near = leat_schema_suggest(from, item->from, item->len);
	char names[256];

	leat_schema_names(from, names, sizeof(names));
	return leat_stage_fail_at(st, LEAT_EINVAL, "columns", item->offset,
		item->n_bytes, "no column '%.64s'%s%.64s%s; there are: %s",
		item->from, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "", names);
}

static int
select_columns(struct leat_stage *st, const struct select *s,
	const struct leat_schema *from, struct leat_column *columns)
{
	for (uint32_t k = 0; k < s->n_items; k++) {
		const struct select_item *item = &s->items[k];
		int32_t at = leat_schema_find(from, item->from, item->len);

		if (at < 0)
			return select_fail_unknown(st, item, from);
		columns[k] = from->columns[at];
		columns[k].name = item->name;
	}
	return LEAT_OK;
}

/* Make the schema that belongs to another one. */
static int
select_bind(
	struct leat_stage *st, struct select *s, const struct leat_schema *from)
{
	size_t n_bytes = sizeof(struct leat_schema) +
		s->n_items * sizeof(struct leat_column);
	struct leat_schema *to;
	void *memory;
	int rc;

	if (from == s->from)
		return LEAT_OK;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	to = memory;
	*to = *from;
	to->n_columns = s->n_items;
	to->columns = (struct leat_column *)(void *)(to + 1);
	rc = select_columns(
		st, s, from, (struct leat_column *)(void *)(to + 1));
	if (rc)
		return rc;
	s->from = from;
	s->to = to;
	return LEAT_OK;
}

static int
select_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct select *s = leat_stage_state(st);
	int rc;

	if (!in->schema)
		return LEAT_OK;
	rc = select_bind(st, s, in->schema);
	out->schema = s->to;
	return rc;
}

static int
select_process(struct leat_stage *st, struct leat_frame *in)
{
	struct select *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = select_bind(st, s, t.schema);
	if (rc)
		return rc;
	leat_table_set_schema(&t, s->to);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option select_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_select_opts, columns),
		.help = "a list like date,origin,late=delay"},
	{.name = NULL},
};

const struct leat_stage_ops leat_select_ops = {
	LEAT_STAGE_OPS_INIT("select"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "these columns, in this order",
	.help = "new=old gives a column a new name. A name with a comma, = or\n"
		"spaces at its ends stands in `quotes`.\n"
		"\n"
		"    leat run 'read a.csv ! select date,from=origin,delay'\n",
	.state_bytes = sizeof(struct select),
	.opts_bytes = sizeof(struct leat_select_opts),
	.options = select_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = SELECT_SIDE_BYTES},
	.init = select_init,
	.negotiate = select_negotiate,
	.process = select_process,
};
