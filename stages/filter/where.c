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
	if (!leat_expr_is_condition(s->expr))
		return leat_stage_fail_at(st, LEAT_EINVAL, "condition", 0, 0,
			"a condition is wanted, which is true or false, like "
			"delay > 60; this is %s",
			leat_type_name(leat_expr_type(s->expr, NULL)));
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

	if (rc)
		return where_fail(st, rc, &err);
	leat_stage_needs(st)->side_bytes = leat_expr_side_bytes(s->expr);
	return LEAT_OK;
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

static uint32_t
where_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	const struct where *s = leat_stage_state(st);

	return leat_expr_wants(s->expr, schema, wanted) ? LEAT_WANTS_REST_PASSES
							: LEAT_WANTS_ALL;
}

static int
where_process(struct leat_stage *st, struct leat_frame *in)
{
	struct where *s = leat_stage_state(st);
	uint32_t *rows, n = 0;
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = where_bind(st, s, t.schema);
	if (rc)
		return rc;
	rows = leat_table_selection(&t);
	rc = leat_expr_filter(s->expr, &t, rows, &n, NULL);
	if (rc)
		return rc;
	leat_stage_count(st, LEAT_COUNT_FILTERED,
		t.n_rows - n - leat_expr_n_rejected(s->expr));
	if (!n && s->has_emitted) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	leat_table_select(&t, rows, n);
	s->has_emitted = 1;
	return leat_stage_emit(st, 0, in);
}

static void
where_fini(struct leat_stage *st)
{
	struct where *s = leat_stage_state(st);

	leat_expr_destroy(s->expr);
}

static const struct leat_option where_options[] = {
	{.name = "condition",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_RENEWS | LEAT_OPTION_KEEPS,
		.offset = offsetof(struct leat_where_opts, condition),
		.help = "what must be true of a row, like delay > 60"},
	{.name = NULL},
};

const struct leat_stage_ops leat_where_ops = {
	LEAT_STAGE_OPS_INIT("where"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "keep the rows for which a condition is true",
	.help = "A condition is an expression that is true or false; "
		"`leat help\n"
		"expressions` lists all there is. A row for which it is null, "
		"as where\n"
		"an empty field is compared, is dropped. A text column that "
		"is\n"
		"compared with a number is read as numbers; a value that is "
		"none is an\n"
		"error with its place, or what on_error says.\n"
		"\n"
		"    leat run \"read a.csv ! where \\\"delay > 60 and dest in "
		"('OSL', 'BGO')\\\"\"\n",
	.state_bytes = sizeof(struct where),
	.opts_bytes = sizeof(struct leat_where_opts),
	.options = where_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = LEAT_EXPR_SIDE_BYTES},
	.init = where_init,
	.negotiate = where_negotiate,
	.process = where_process,
	.fini = where_fini,
	.wants = where_wants,
};
