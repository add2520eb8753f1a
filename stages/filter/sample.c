/*
 * stages/filter/sample.c -- every n-th record: the 1st, the n+1st, and so on.
 */
#include <leat/stages.h>
#include <leat/table.h>

#define SAMPLE_EVERY 10

struct sample_state {
	uint64_t every;
	uint64_t n_skip; /* records to go until the next that stays */
};

static int
sample_init(struct leat_stage *st, const void *opts)
{
	const struct leat_sample_opts *o = opts;
	struct sample_state *s = leat_stage_state(st);

	s->every = o->every ? o->every : SAMPLE_EVERY;
	return LEAT_OK;
}

/* Does the next record stay? */
static bool
sample_next(struct sample_state *s)
{
	if (s->n_skip-- > 0)
		return false;
	s->n_skip = s->every - 1;
	return true;
}

static uint32_t
sample_table(struct sample_state *s, struct leat_frame *in)
{
	struct leat_table t;
	uint32_t *rows;
	uint32_t n = 0;

	leat_table_open(in, &t);
	rows = leat_table_selection(&t);
	for (uint32_t k = 0; k < t.n_rows; k++)
		if (sample_next(s))
			rows[n++] = leat_table_row(&t, k);
	leat_table_select(&t, rows, n);
	return n;
}

/* The strings that stay move up; their text stays where it is. */
static uint32_t
sample_rows(struct sample_state *s, struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);
	uint32_t n = 0;

	for (uint32_t k = 0; k < rows.n; k++)
		if (sample_next(s))
			rows.rows[n++] = rows.rows[k];
	if (leat_frame_base(in))
		in->len_bytes = n * (uint32_t)sizeof(struct leat_row);
	in->n_items = n;
	return n;
}

static int
sample_process(struct leat_stage *st, struct leat_frame *in)
{
	struct sample_state *s = leat_stage_state(st);
	uint32_t n_in = in->n_items;
	uint32_t n;

	n = in->layout == LEAT_LAYOUT_TABLE ? sample_table(s, in)
					    : sample_rows(s, in);
	leat_stage_count(st, LEAT_COUNT_FILTERED, n_in - n);
	if (n > 0)
		return leat_stage_emit(st, 0, in);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_option sample_options[] = {
	{.name = "every",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_sample_opts, every),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10",
		.unit = "records",
		.help = "one of so many stays, beginning with the first"},
	{.name = NULL},
};

const struct leat_stage_ops leat_sample_ops = {
	LEAT_STAGE_OPS_INIT("sample"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "every n-th record",
	.help = "Keeps the first record and then every n-th; the others count "
		"as filtered.",
	.state_bytes = sizeof(struct sample_state),
	.opts_bytes = sizeof(struct leat_sample_opts),
	.options = sample_options,
	.in_layouts = LEAT_LAYOUT_ROWS | LEAT_LAYOUT_TABLE,
	.init = sample_init,
	.process = sample_process,
};
