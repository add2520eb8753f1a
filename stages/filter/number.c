/*
 * number -- a column with the number of the row.
 *
 * Keeps: numbers go up by one from row to row that is alive. One thread at a
 * time.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#define NUMBER_NAME       "n"
#define NUMBER_SIDE_BYTES (1u << 20)

/* What belongs to a schema of the input; frames with it may still be on their
 * way, so it stays. */
struct number_bound {
	struct number_bound *next;
	const struct leat_schema *from;
	struct leat_schema to; /* then its columns */
};

struct number {
	const char *name;
	int64_t next;
	struct number_bound *all;
	struct number_bound *bound; /* of the frame in work */
};

static int
number_start(struct leat_stage *st, const char *text, int64_t *start_out)
{
	struct leat_text x = {(const uint8_t *)text, (uint32_t)strlen(text)};

	if (leat_text_int64(x, start_out))
		return leat_stage_fail_at(st, LEAT_EINVAL, "start", 0, 0,
			"a whole number of 64 bits is wanted");
	return LEAT_OK;
}

static int
number_init(struct leat_stage *st, const void *opts)
{
	const struct leat_number_opts *o = opts;
	struct number *s = leat_stage_state(st);

	s->name = o->column && *o->column ? o->column : NUMBER_NAME;
	if (strlen(s->name) > LEAT_TABLE_NAME_MAX)
		return leat_stage_fail_at(st, LEAT_ELIMIT, "column", 0, 0,
			"a name has at most %u bytes", LEAT_TABLE_NAME_MAX);
	return number_start(
		st, o->start && *o->start ? o->start : "1", &s->next);
}

static int
number_bind_new(
	struct leat_stage *st, struct number *s, const struct leat_schema *from)
{
	uint32_t n = from->n_columns;
	struct number_bound *bound;
	struct leat_column *columns;
	void *memory;
	int rc;

	if (leat_schema_find(from, s->name, strlen(s->name)) >= 0)
		return leat_stage_fail_at(st, LEAT_EINVAL, "column", 0, 0,
			"there is a column '%.64s' already; column=NAME gives "
			"this one another name",
			s->name);
	rc = leat_stage_alloc(
		st, sizeof(*bound) + (n + 1) * sizeof(*columns), &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	bound = memory;
	columns = (struct leat_column *)(void *)(bound + 1);
	memcpy(columns, from->columns, n * sizeof(*columns));
	columns[n] = (struct leat_column){.name = s->name,
		.type = LEAT_TYPE_INT64,
		.field = LEAT_FIELD_NONE,
		.vector = from->n_vectors};
	*bound = (struct number_bound){s->all, from, *from};
	bound->to.columns = columns;
	bound->to.n_columns++;
	bound->to.n_vectors++;
	s->all = s->bound = bound;
	return LEAT_OK;
}

static int
number_bind(
	struct leat_stage *st, struct number *s, const struct leat_schema *from)
{
	struct number_bound *bound = s->bound;

	if (!bound || bound->from != from)
		for (bound = s->all; bound && bound->from != from;)
			bound = bound->next;
	s->bound = bound;
	return bound ? LEAT_OK : number_bind_new(st, s, from);
}

static int
number_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct number *s = leat_stage_state(st);
	int rc;

	if (!in->schema)
		return LEAT_OK;
	rc = number_bind(st, s, in->schema);
	out->schema = rc ? NULL : &s->bound->to;
	return rc;
}

static int
number_rows(struct leat_stage *st, struct number *s, struct leat_table *t)
{
	struct leat_vector_room room;
	int rc = leat_table_add_vector(t, LEAT_TYPE_INT64, 0, &room);

	if (rc)
		return leat_stage_fail(
			st, rc, "number: no room for a column in the frame");
	for (uint32_t k = 0; k < t->n_rows; k++) {
		if (s->next == INT64_MAX)
			return leat_stage_fail(st, LEAT_ELIMIT,
				"number: there is no greater number than %lld",
				(long long)INT64_MAX);
		((int64_t *)room.values)[leat_table_row(t, k)] = s->next++;
	}
	return LEAT_OK;
}

static int
number_process(struct leat_stage *st, struct leat_frame *in)
{
	struct number *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = number_bind(st, s, t.schema);
	if (!rc)
		rc = number_rows(st, s, &t);
	if (rc)
		return rc;
	leat_table_set_schema(&t, &s->bound->to);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option number_options[] = {
	{.name = "column",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_number_opts, column),
		.fallback = "n",
		.help = "of the new column"},
	{.name = "start",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_number_opts, start),
		.fallback = "1",
		.help = "number of the first row"},
	{.name = NULL},
};

const struct leat_stage_ops leat_number_ops = {
	LEAT_STAGE_OPS_INIT("number"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "a column with the number of the row",
	.help = "The new column is the last one, of type int64.\n"
		"\n"
		"    leat run 'read a.csv ! number row ! write b.csv'\n",
	.state_bytes = sizeof(struct number),
	.opts_bytes = sizeof(struct leat_number_opts),
	.options = number_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = NUMBER_SIDE_BYTES},
	.init = number_init,
	.negotiate = number_negotiate,
	.process = number_process,
};
