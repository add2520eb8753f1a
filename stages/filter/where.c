/*
 * where -- keep the rows for which a condition is true.
 *
 * The condition is parsed before the start and meets the columns as soon as
 * they are known: then too if the source can be looked at, else at the first
 * table. Rows are dropped by a selection; no value moves. The first table is
 * passed on even if no row is left, so that the columns arrive.
 */
#include <leat/stages.h>
#include <leat/table.h>

struct where {
	struct leat_expr *expr;
	const struct leat_schema *schema; /* bound to */
	uint32_t has_emitted;
};

static int
where_fail(struct leat_stage *st, int code, const struct leat_expr_error *err)
{
	return leat_stage_fail_at(st, code, "condition", err->offset,
		err->n_bytes, "%s", err->text);
}

static int
where_bind(struct leat_stage *st, struct where *s,
	const struct leat_schema *schema)
{
	struct leat_expr_error err;
	int rc;

	if (schema == s->schema)
		return LEAT_OK;
	rc = leat_expr_bind(s->expr, schema, &err);
	if (rc)
		return where_fail(st, rc, &err);
	s->schema = schema;
	return LEAT_OK;
}

static int
where_init(struct leat_stage *st, const void *opts)
{
	const struct leat_where_opts *o = opts;
	struct where *s = leat_stage_state(st);
	struct leat_expr_error err;
	int rc = leat_expr_parse(
		st, o->condition ? o->condition : "", &s->expr, &err);

	return rc ? where_fail(st, rc, &err) : LEAT_OK;
}

static int
where_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	if (!in->schema)
		return LEAT_OK;
	return where_bind(st, leat_stage_state(st), in->schema);
}

/* "NAME:LINE:COLUMN: column 'delay' has 'n/a', where a number is wanted" */
static int
where_fail_value(struct leat_stage *st, const struct leat_table *t,
	const struct leat_expr_fault *fault)
{
	const struct leat_column *column = &t->schema->columns[fault->column];
	struct leat_position p =
		leat_table_position(t, fault->column, fault->row);
	struct leat_text x = leat_table_raw(t, fault->column, fault->row);

	leat_stage_count(st, LEAT_COUNT_FAILED, 1);
	return leat_stage_fail(st, LEAT_EDATA,
		"%s:%llu:%llu: column '%s' has '%.*s', where a number is "
		"wanted",
		t->schema->origin ? t->schema->origin : "input",
		(unsigned long long)p.line, (unsigned long long)p.column,
		column->name, x.len > 60 ? 60 : (int)x.len,
		(const char *)x.data);
}

static int
where_process(struct leat_stage *st, struct leat_frame *in)
{
	struct where *s = leat_stage_state(st);
	struct leat_expr_fault fault;
	struct leat_table t;
	uint32_t *rows, n;
	int rc;

	leat_table_open(in, &t);
	rc = where_bind(st, s, t.schema);
	if (rc)
		return rc;
	rows = leat_table_selection(&t);
	rc = leat_expr_filter(s->expr, &t, rows, &n, &fault);
	if (rc)
		return where_fail_value(st, &t, &fault);
	leat_stage_count(st, LEAT_COUNT_FILTERED, t.n_rows - n);
	if (!n && s->has_emitted) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	leat_table_select(&t, rows, n);
	s->has_emitted = 1;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option where_options[] = {
	{.name = "condition",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_where_opts, condition),
		.help = "what must be true of a row, like delay > 60"},
	{.name = NULL},
};

const struct leat_stage_ops leat_where_ops = {
	LEAT_STAGE_OPS_INIT("where"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "keep the rows for which a condition is true",
	.help = "Compare columns, numbers and 'texts' by = != < <= > >=, ask "
		"for\n"
		"empty fields by `is null` and `is not null`, join with and, "
		"or,\n"
		"not and parentheses. A column that is compared with a number "
		"is\n"
		"read as numbers; spaces around one do not matter. Two columns "
		"of\n"
		"a file are compared as texts, byte by byte. A comparison\n"
		"with an empty field is neither true nor false, and the row "
		"is\n"
		"dropped. Columns whose name is not a word stand in \"quotes\" "
		"or\n"
		"`quotes`; a quote in a 'text' is written twice.\n"
		"\n"
		"    leat run \"read a.csv ! where \\\"delay > 60 and dest = "
		"'OSL'\\\"\"\n",
	.state_bytes = sizeof(struct where),
	.opts_bytes = sizeof(struct leat_where_opts),
	.options = where_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = LEAT_EXPR_SIDE_BYTES},
	.init = where_init,
	.negotiate = where_negotiate,
	.process = where_process,
};
