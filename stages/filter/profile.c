/*
 * profile -- one row for each column, and what is known of its values.
 *
 * Values are looked at as text, whatever their type, column by column of each
 * frame; a column is read as numbers, or as times, as long as all of its
 * values are some.
 * Keeps: memory of a column does not grow with the rows, but for the buckets
 * of its quantiles, of which there are as many as the values' range asks for.
 */
#include <leat/stages.h>

#include <math.h>
#include <stdio.h>

#include "profile.h"

#define PROFILE_MEMORY     (64ull << 20)
#define PROFILE_SIDE_BYTES 262144u
#define PROFILE_CHUNK      65536u

enum profile_output {
	PROFILE_COLUMN,
	PROFILE_TYPE,
	PROFILE_ROWS,
	PROFILE_NULLS,
	PROFILE_DISTINCT,
	PROFILE_MIN,
	PROFILE_MAX,
	PROFILE_MEAN,
	PROFILE_P25,
	PROFILE_P50,
	PROFILE_P75,
	PROFILE_SHORTEST,
	PROFILE_LONGEST,
	PROFILE_TOP,
	PROFILE_N
};

#define PROFILE_OUT(k, column_name, column_type)                               \
	[k] = {.name = (column_name),                                          \
		.type = (column_type),                                         \
		.field = LEAT_FIELD_NONE,                                      \
		.vector = (k)}

static const struct leat_column profile_columns[PROFILE_N] = {
	PROFILE_OUT(PROFILE_COLUMN, "column", LEAT_TYPE_TEXT),
	PROFILE_OUT(PROFILE_TYPE, "type", LEAT_TYPE_TEXT),
	PROFILE_OUT(PROFILE_ROWS, "rows", LEAT_TYPE_INT64),
	PROFILE_OUT(PROFILE_NULLS, "nulls", LEAT_TYPE_INT64),
	PROFILE_OUT(PROFILE_DISTINCT, "distinct", LEAT_TYPE_INT64),
	PROFILE_OUT(PROFILE_MIN, "min", LEAT_TYPE_TEXT),
	PROFILE_OUT(PROFILE_MAX, "max", LEAT_TYPE_TEXT),
	PROFILE_OUT(PROFILE_MEAN, "mean", LEAT_TYPE_FLOAT64),
	PROFILE_OUT(PROFILE_P25, "p25", LEAT_TYPE_FLOAT64),
	PROFILE_OUT(PROFILE_P50, "p50", LEAT_TYPE_FLOAT64),
	PROFILE_OUT(PROFILE_P75, "p75", LEAT_TYPE_FLOAT64),
	PROFILE_OUT(PROFILE_SHORTEST, "shortest", LEAT_TYPE_INT64),
	PROFILE_OUT(PROFILE_LONGEST, "longest", LEAT_TYPE_INT64),
	PROFILE_OUT(PROFILE_TOP, "top", LEAT_TYPE_TEXT),
};

static const struct leat_schema profile_schema = {.n_columns = PROFILE_N,
	.n_vectors = PROFILE_N,
	.columns = profile_columns};

struct profile {
	struct leat__group_budget budget;
	struct leat__group_bag bag;       /* of quantiles */
	const struct leat_schema *schema; /* of the input */
	struct leat__profile_column *columns;
	uint32_t n_columns;
	uint32_t next; /* to be emitted */
	uint8_t *scratch;
	uint32_t scratch_bytes;
	struct leat_builder builder;
};

static int
profile_init(struct leat_stage *st, const void *opts)
{
	const struct leat_profile_opts *o = opts;
	struct profile *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	uint64_t memory = o->memory ? o->memory : PROFILE_MEMORY;

	s->budget = (struct leat__group_budget){.st = st,
		.holds = "the columns that there are",
		.given_bytes = memory,
		.limit_bytes = memory};
	leat__group_bag_init(&s->bag, &s->budget, PROFILE_CHUNK, PROFILE_CHUNK);
	needs->side_bytes = memory + PROFILE_SIDE_BYTES +
		leat_builder_side_bytes(PROFILE_N);
	needs->frame_bytes = leat_builder_frame_bytes();
	return LEAT_OK;
}

/* ---- the columns --------------------------------------------------------- */

static int
profile_begin(struct leat_stage *st, struct profile *s,
	const struct leat_schema *schema)
{
	uint64_t n_bytes = schema->n_columns * sizeof(*s->columns);

	s->columns = leat__group_budget_take(&s->budget, n_bytes, 0);
	if (!s->columns)
		return leat__group_fail_memory(st, &s->budget);
	s->n_columns = schema->n_columns;
	memset(s->columns, 0, n_bytes);
	for (uint32_t k = 0; k < s->n_columns; k++)
		leat__profile_begin(&s->columns[k], &schema->columns[k]);
	s->schema = schema;
	return LEAT_OK;
}

/* Is it the same table in another frame's words? */
static int
profile_check(struct leat_stage *st, struct profile *s,
	const struct leat_schema *schema)
{
	bool is_same = schema->n_columns == s->n_columns;

	for (uint32_t k = 0; is_same && k < s->n_columns; k++)
		is_same = strcmp(schema->columns[k].name,
				  s->columns[k].declared->name) == 0;
	if (!is_same)
		return leat_stage_fail(st, LEAT_EDATA,
			"%.64s: columns have other names than before",
			schema->origin ? schema->origin : "input");
	s->schema = schema;
	return LEAT_OK;
}

static int
profile_bind(struct leat_stage *st, struct profile *s,
	const struct leat_schema *schema)
{
	if (schema == s->schema)
		return LEAT_OK;
	if (!s->schema)
		return profile_begin(st, s, schema);
	return profile_check(st, s, schema);
}

static int
profile_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = leat_builder_frame_bytes(),
		.schema = &profile_schema,
		.origin = in->origin,
	};
	if (!in->schema)
		return LEAT_OK;
	return profile_bind(st, leat_stage_state(st), in->schema);
}

/* ---- rows ---------------------------------------------------------------- */

static int
profile_room(struct leat_stage *st, struct profile *s, uint32_t n_bytes)
{
	if (n_bytes <= s->scratch_bytes)
		return LEAT_OK;
	leat__group_budget_give(&s->budget, s->scratch, s->scratch_bytes);
	s->scratch_bytes = 0;
	s->scratch = leat__group_budget_take(&s->budget, n_bytes * 2ull, 0);
	if (!s->scratch)
		return leat__group_fail_memory(st, &s->budget);
	s->scratch_bytes = n_bytes * 2;
	return LEAT_OK;
}

static int
profile_column(struct leat_stage *st, struct profile *s,
	const struct leat_table *t, uint32_t column)
{
	struct leat__profile_column *c = &s->columns[column];
	bool is_field = t->schema->columns[column].field != LEAT_FIELD_NONE;

	for (uint32_t k = 0; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_text x;

		LEAT__TRY(profile_room(
			st, s, leat_table_text_bytes(t, column, row)));
		x = leat_table_text(t, column, row, s->scratch);
		if (!x.data || (is_field && !x.len))
			c->n_nulls++;
		else if (!leat__profile_add(c, &s->bag, x))
			return leat__group_fail_memory(st, &s->budget);
	}
	c->n_rows += t->n_rows;
	return LEAT_OK;
}

static int
profile_process(struct leat_stage *st, struct leat_frame *in)
{
	struct profile *s = leat_stage_state(st);
	struct leat_table t;

	leat_table_open(in, &t);
	LEAT__TRY(profile_bind(st, s, t.schema));
	for (uint32_t k = 0; k < s->n_columns; k++)
		LEAT__TRY(profile_column(st, s, &t, k));
	leat_stage_count(st, LEAT_COUNT_FOLDED, t.n_rows);
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- results ------------------------------------------------------------- */

static void
profile_put_numbers(struct leat_builder *b, struct leat__profile_column *c)
{
	if (!c->quantile.n || !c->is_number)
		return;
	leat_builder_float64(
		b, PROFILE_MEAN, (c->sum + c->rest) / (double)c->quantile.n);
	leat_builder_float64(
		b, PROFILE_P25, leat__group_quantile_get(&c->quantile, 0.25));
	leat_builder_float64(
		b, PROFILE_P50, leat__group_quantile_get(&c->quantile, 0.5));
	leat_builder_float64(
		b, PROFILE_P75, leat__group_quantile_get(&c->quantile, 0.75));
}

static void
profile_put_text(struct leat_builder *b, uint32_t column, const char *text)
{
	leat_builder_text(b, column,
		(struct leat_text){
			(const uint8_t *)text, (uint32_t)strlen(text)});
}

static void
profile_put_values(struct leat_builder *b, struct leat__profile_column *c)
{
	char top[LEAT__PROFILE_TOP_BYTES];

	leat_builder_text(b, PROFILE_MIN, leat__profile_least(c));
	leat_builder_text(b, PROFILE_MAX, leat__profile_greatest(c));
	leat_builder_int64(b, PROFILE_SHORTEST, (int64_t)c->shortest);
	leat_builder_int64(b, PROFILE_LONGEST, (int64_t)c->longest);
	leat__profile_top(c, top);
	if (top[0])
		profile_put_text(b, PROFILE_TOP, top);
	profile_put_numbers(b, c);
}

static int
profile_put(struct leat_stage *st, struct profile *s)
{
	struct leat__profile_column *c = &s->columns[s->next];
	struct leat_builder *b = &s->builder;
	int rc;

	LEAT__TRY(leat_builder_begin_row(st, b));
	profile_put_text(b, PROFILE_COLUMN, c->declared->name);
	profile_put_text(b, PROFILE_TYPE, leat__profile_type(c));
	leat_builder_int64(b, PROFILE_ROWS, (int64_t)c->n_rows);
	leat_builder_int64(b, PROFILE_NULLS, (int64_t)c->n_nulls);
	leat_builder_int64(
		b, PROFILE_DISTINCT, (int64_t)leat__profile_distinct(c));
	if (c->n_rows > c->n_nulls)
		profile_put_values(b, c);
	rc = leat_builder_end_row(st, b);
	if (rc == 1) {
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		s->next++;
	}
	return rc < 0 ? rc : LEAT_OK;
}

static int
profile_finish(struct leat_stage *st)
{
	struct profile *s = leat_stage_state(st);

	leat_builder_enter(&s->builder, &profile_schema, NULL);
	while (s->next < s->n_columns)
		LEAT__TRY(profile_put(st, s));
	if (s->builder.has_emitted)
		return LEAT_MORE;
	return leat_builder_flush(st, &s->builder, true);
}

static void
profile_fini(struct leat_stage *st)
{
	struct profile *s = leat_stage_state(st);

	leat_frame_release(s->builder.frame);
	if (!s->budget.st)
		return;
	leat__group_bag_fini(&s->bag);
	leat__group_budget_give(&s->budget, s->scratch, s->scratch_bytes);
	leat__group_budget_give(
		&s->budget, s->columns, s->n_columns * sizeof(*s->columns));
}

static uint32_t
profile_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_HOLDS;
}

static const struct leat_option profile_options[] = {
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_profile_opts, memory),
		.min = 256 << 10,
		.max = 1ll << 40,
		.fallback = "64M",
		.unit = "bytes",
		.help = "for what is known of columns; beyond, it fails"},
	{.name = NULL},
};

const struct leat_stage_ops leat_profile_ops = {
	LEAT_STAGE_OPS_INIT("profile"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "what the columns of a table hold, one row each",
	.help = "For each column:\n"
		"\n"
		"    type              that all of its values have\n"
		"    rows nulls        counted\n"
		"    distinct          exact up to 256 different values, then "
		"by\n"
		"                      HyperLogLog, standard error 1.6 %\n"
		"    min max           of numbers and times by value, else "
		"byte "
		"by byte;\n"
		"                      the first 256 bytes\n"
		"    mean p25 p50 p75  of numbers; quantiles are exact up to "
		"256\n"
		"                      values, then within 0.4 % of the value\n"
		"    shortest longest  bytes of a value\n"
		"    top               the three most frequent values, with "
		"how often\n"
		"                      they come; with more than 256 different "
		"ones only\n"
		"                      estimated (Space-Saving), and marked by "
		"~\n"
		"\n"
		"    leat run 'read a.csv ! profile'\n",
	.state_bytes = sizeof(struct profile),
	.opts_bytes = sizeof(struct leat_profile_opts),
	.options = profile_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1},
	.init = profile_init,
	.negotiate = profile_negotiate,
	.process = profile_process,
	.finish = profile_finish,
	.fini = profile_fini,
	.promises = profile_promises,
};
