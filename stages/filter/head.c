/*
 * head -- the first n records, then enough.
 *
 * What is over in the last frame is cut off and counted as filtered. Once n is
 * reached nothing more is wanted, and the stages before end as well.
 */
#include <leat/stages.h>
#include <leat/table.h>

#define HEAD_DEFAULT 10

struct head {
	uint64_t left;
};

static int
head_init(struct leat_stage *st, const void *opts)
{
	const struct leat_head_opts *o = opts;
	struct head *s = leat_stage_state(st);

	s->left = o->n ? o->n : HEAD_DEFAULT;
	return LEAT_OK;
}

static void
head_cut_table(struct leat_frame *in, uint32_t n)
{
	struct leat_table t;
	uint32_t *rows;

	leat_table_open(in, &t);
	rows = leat_table_selection(&t);
	for (uint32_t k = 0; k < n; k++)
		rows[k] = leat_table_row(&t, k);
	leat_table_select(&t, rows, n);
}

/* Keep the first n records of a frame that has more. */
static void
head_cut(struct leat_frame *in, uint32_t n)
{
	uint32_t item_bytes = leat_frame_item_bytes(in);

	if (in->layout == LEAT_LAYOUT_TABLE) {
		head_cut_table(in, n);
		return;
	}
	in->n_items = n;
	/* behind rows without a base stands their text */
	if (in->layout == LEAT_LAYOUT_ITEMS || leat_frame_base(in))
		in->len_bytes = n * item_bytes;
}

static int
head_process(struct leat_stage *st, struct leat_frame *in)
{
	struct head *s = leat_stage_state(st);
	int rc;

	if (in->n_items > s->left) {
		leat_stage_count(
			st, LEAT_COUNT_FILTERED, in->n_items - s->left);
		head_cut(in, (uint32_t)s->left);
	}
	s->left -= in->n_items;
	rc = leat_stage_emit(st, 0, in);
	return rc || s->left ? rc : LEAT_EOS;
}

/* It looks at no column. */
static uint32_t
head_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	(void)st;
	(void)schema;
	(void)wanted;
	return LEAT_WANTS_REST_PASSES;
}

static const struct leat_option head_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_head_opts, n),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10",
		.unit = "records",
		.help = "how many records to pass on"},
	{.name = NULL},
};

const struct leat_stage_ops leat_head_ops = {
	LEAT_STAGE_OPS_INIT("head"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "the first n records, then enough",
	.help = "Passes on n records and ends the stages before it. What "
		"stands behind\n"
		"these does no harm where a parser finds it bad, nor in a "
		"later frame. But\n"
		"where, derive, cast and others look at all rows of a frame "
		"(up "
		"to 256 KiB\n"
		"of a file) before they pass one on: a value there that they "
		"cannot read\n"
		"ends the job, unless on_error says otherwise.\n"
		"\n"
		"    leat run 'read a.csv ! head 20'\n",
	.state_bytes = sizeof(struct head),
	.opts_bytes = sizeof(struct leat_head_opts),
	.options = head_options,
	.in_layouts = LEAT_LAYOUT_ITEMS | LEAT_LAYOUT_ROWS | LEAT_LAYOUT_TABLE,
	.init = head_init,
	.process = head_process,
	.wants = head_wants,
};
