/*
 * stages/filter/sample.c -- every n-th record: the 1st, the n+1st, and so on;
 * or a part of all, by numbers that look random and depend on the seed and the
 * record's number alone.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#define SAMPLE_EVERY 10
#define SAMPLE_STEP  UINT64_C(0x9e3779b97f4a7c15)

struct sample_state {
	uint64_t every;  /* 0 = a part */
	uint64_t n_skip; /* records to go until the next that stays */
	uint64_t limit;  /* of a part: those whose number is below stay */
	uint64_t next;   /* what the next number is made of */
};

/* Above 0 and at most 1, as a part of 2^64. */
static int
sample_fraction(struct leat_stage *st, const char *text, struct sample_state *s)
{
	struct leat_text x = {(const uint8_t *)text, (uint32_t)strlen(text)};
	double part;

	if (leat_text_float64(x, &part) || !(part > 0.0 && part <= 1.0))
		return leat_stage_fail_at(st, LEAT_EINVAL, "fraction", 0, 0,
			"a number above 0 and at most 1 is wanted");
	s->limit = UINT64_MAX;
	if (part < 1.0)
		s->limit = (uint64_t)(part * 18446744073709551616.0);
	return LEAT_OK;
}

static int
sample_init(struct leat_stage *st, const void *opts)
{
	const struct leat_sample_opts *o = opts;
	struct sample_state *s = leat_stage_state(st);

	s->next = o->seed * SAMPLE_STEP;
	if (!o->fraction || !*o->fraction) {
		s->every = o->every ? o->every : SAMPLE_EVERY;
		return LEAT_OK;
	}
	if (o->every)
		return leat_stage_fail_at(st, LEAT_EINVAL, "fraction", 0, 0,
			"either every or fraction");
	return sample_fraction(st, o->fraction, s);
}

/* Of every n-th the next one comes at most n records from here; of a part the
 * numbers go on. */
static void
sample_change(struct leat_stage *st, const void *opts)
{
	struct sample_state *s = leat_stage_state(st);
	uint64_t next = s->next;

	s->every = 0;
	(void)sample_init(st, opts);
	s->next = next;
	if (s->every && s->n_skip >= s->every)
		s->n_skip = s->every - 1;
}

/* Source: Steele, Lea and Flood, Fast splittable pseudorandom number
 * generators, 2014. */
static uint64_t
sample_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Does the next record stay? */
static bool
sample_next(struct sample_state *s)
{
	if (!s->every) {
		s->next += SAMPLE_STEP;
		return sample_mix(s->next) <= s->limit;
	}
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

/* It looks at no column. */
static uint32_t
sample_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	(void)st;
	(void)schema;
	(void)wanted;
	return LEAT_WANTS_REST_PASSES;
}

static const struct leat_option sample_options[] = {
	{.name = "every",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_LIVE,
		.offset = offsetof(struct leat_sample_opts, every),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10",
		.unit = "records",
		.help = "one of so many stays, beginning with the first"},
	{.name = "fraction",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_LIVE,
		.offset = offsetof(struct leat_sample_opts, fraction),
		.help = "this part of all stays instead, like 0.01"},
	{.name = "seed",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_sample_opts, seed),
		.help = "another one chooses others, of a fraction"},
	{.name = NULL},
};

const struct leat_stage_ops leat_sample_ops = {
	LEAT_STAGE_OPS_INIT("sample"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "every n-th record, or a part of all",
	.help = "Keeps the first record and then every n-th; the others count "
		"as\n"
		"filtered. With fraction= each record stays with that chance, "
		"which\n"
		"is drawn from seed and the record's number: the same input "
		"gives the\n"
		"same sample.\n"
		"\n"
		"    leat run 'read a.csv ! sample fraction=0.01 seed=7'\n",
	.state_bytes = sizeof(struct sample_state),
	.opts_bytes = sizeof(struct leat_sample_opts),
	.options = sample_options,
	.in_layouts = LEAT_LAYOUT_ROWS | LEAT_LAYOUT_TABLE,
	.init = sample_init,
	.process = sample_process,
	.wants = sample_wants,
	.change = sample_change,
};
