/*
 * source/gen.c -- rows that come as real traffic does, made up: for tests, for
 * demonstrations, and to see what a graph does under load.
 *
 * Keeps: the same options and seed give the same rows, whatever the frames.
 * Threads: its own. What the rows are like: gen_traffic.h.
 */
#include <math.h>
#include <string.h>

#include "gen_traffic.h"
#include <leat/stages.h>
#include <leat/table.h>

#define GEN_RATE      1000
#define GEN_TAIL      1.5
#define GEN_GROUP_MAX 10000
#define GEN_KEYS      1000
#define GEN_START_US  (INT64_C(946684800) * 1000000) /* 2000-01-01 */
#define GEN_SECONDS   1e9                            /* ns */

enum { GEN_N = 0, GEN_AT, GEN_KEY, GEN_VALUE, GEN_COLUMNS };

static const struct leat_column gen_columns[GEN_COLUMNS] = {
	{.name = "n",
		.type = LEAT_TYPE_INT64,
		.field = LEAT_FIELD_NONE,
		.vector = GEN_N},
	{.name = "at",
		.type = LEAT_TYPE_TIMESTAMP,
		.field = LEAT_FIELD_NONE,
		.vector = GEN_AT},
	{.name = "key",
		.type = LEAT_TYPE_INT64,
		.field = LEAT_FIELD_NONE,
		.vector = GEN_KEY},
	{.name = "value",
		.type = LEAT_TYPE_FLOAT64,
		.field = LEAT_FIELD_NONE,
		.vector = GEN_VALUE},
};

static const struct leat_schema gen_schema = {.n_columns = GEN_COLUMNS,
	.n_vectors = GEN_COLUMNS,
	.columns = gen_columns};

struct gen {
	struct leat__gen traffic;
	struct leat_builder builder;
	int64_t start_us;
	int64_t began_ns; /* of the run's clock; 0 = not yet */
	double until;     /* seconds */
	uint64_t n;       /* rows so far */
	uint64_t max;
	/* the group in work */
	uint64_t n_left;
	uint64_t key;
	bool is_paced;
};

/* ---- options ------------------------------------------------------------- */

static int
gen_start(struct leat_stage *st, struct gen *s, const char *text)
{
	struct leat_text x = {(const uint8_t *)text, (uint32_t)strlen(text)};

	s->start_us = GEN_START_US;
	if (!x.len || leat_text_timestamp(x, &s->start_us) == LEAT_OK)
		return LEAT_OK;
	return leat_stage_fail(st, LEAT_EINVAL,
		"start=%.64s is no moment; it is written like 2001-02-03 or "
		"2001-02-03 04:05:06",
		text);
}

static double
or_else(double value, double otherwise)
{
	return value > 0 ? value : otherwise;
}

static int
gen_init(struct leat_stage *st, const void *opts)
{
	const struct leat_gen_opts *o = opts;
	struct gen *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	double group = or_else(o->group, 1);
	struct leat__gen_opts traffic = {
		.rate = or_else(o->rate, GEN_RATE) / group,
		.swing = (double)o->daily / 100,
		.period = or_else((double)o->period_ns, 86400e9) / GEN_SECONDS,
		.group = group,
		.tail = or_else(o->tail, GEN_TAIL),
		.group_max = or_else((double)o->group_max, GEN_GROUP_MAX),
		.bursts = o->bursts / 3600,
		.burst_for =
			or_else((double)o->burst_for_ns, 30e9) / GEN_SECONDS,
		.burst_times = or_else(o->burst_times, 10),
		.keys = or_else((double)o->keys, GEN_KEYS),
		.skew = o->skew,
	};

	if (o->tail > 0 && o->tail <= 1 && group > 1)
		return leat_stage_fail(st, LEAT_EINVAL,
			"tail=%g: sizes of such a tail have no mean; more than "
			"1 is accepted",
			o->tail);
	s->until = o->span_ns ? (double)o->span_ns / GEN_SECONDS : HUGE_VAL;
	s->max = o->count ? o->count : UINT64_MAX;
	s->is_paced = o->pace;
	leat__gen_begin(&s->traffic, &traffic, o->seed);
	needs->frame_bytes = leat_builder_frame_bytes();
	needs->side_bytes = leat_builder_side_bytes(GEN_COLUMNS);
	return gen_start(st, s, o->start ? o->start : "");
}

static int
gen_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	*out = (struct leat_shape){.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = leat_builder_frame_bytes(),
		.schema = &gen_schema,
		.origin = "gen"};
	return LEAT_OK;
}

/* ---- rows ---------------------------------------------------------------- */

/* There is a row to be put; false: that was all. */
static bool
gen_has_row(struct gen *s)
{
	if (s->n == s->max)
		return false;
	if (s->n_left)
		return true;
	leat__gen_next(&s->traffic);
	s->n_left = leat__gen_size(&s->traffic);
	s->key = leat__gen_key(&s->traffic);
	return s->traffic.now < s->until;
}

/* Complete it; 1, 0: once more, or a code. */
static int
gen_put(struct leat_stage *st, struct gen *s, double value)
{
	struct leat_builder *b = &s->builder;
	int rc = leat_builder_begin_row(st, b);

	if (rc)
		return rc < 0 ? rc : 0;
	leat_builder_int64(b, GEN_N, (int64_t)s->n + 1);
	leat_builder_int64(
		b, GEN_AT, s->start_us + (int64_t)(s->traffic.now * 1e6));
	leat_builder_int64(b, GEN_KEY, (int64_t)s->key);
	leat_builder_float64(b, GEN_VALUE, value);
	return leat_builder_end_row(st, b);
}

/* The row in work goes into this frame, or waits for the next. */
static int
gen_row(struct leat_stage *st, struct gen *s)
{
	struct leat__gen before = s->traffic;
	int rc = gen_put(st, s, leat__gen_value(&s->traffic));

	if (rc != 1) {
		s->traffic = before;
		return rc;
	}
	s->n++;
	s->n_left--;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return LEAT_OK;
}

/* When the row in work is due, by the run's clock. */
static int64_t
gen_due_ns(const struct leat_stage *st, struct gen *s)
{
	if (!s->began_ns)
		s->began_ns = leat_stage_now_ns(st);
	return s->began_ns + (int64_t)(s->traffic.now * GEN_SECONDS);
}

static int
gen_produce(struct leat_stage *st)
{
	struct gen *s = leat_stage_state(st);
	int rc;

	leat_builder_enter(&s->builder, &gen_schema, NULL);
	while (!s->builder.has_emitted) {
		if (!gen_has_row(s))
			return LEAT_EOS;
		if (s->is_paced && gen_due_ns(st, s) > leat_stage_now_ns(st)) {
			/* what is not in a frame any more was emitted */
			if (s->builder.frame && s->builder.n_rows)
				return leat_builder_flush(
					st, &s->builder, false);
			rc = leat_stage_sleep_until(st, gen_due_ns(st, s));
			if (rc)
				return rc;
		}
		rc = gen_row(st, s);
		if (rc < 0)
			return rc;
	}
	return LEAT_OK;
}

/* A drain may find an open frame, too. */
static int
gen_finish(struct leat_stage *st)
{
	struct gen *s = leat_stage_state(st);

	leat_builder_enter(&s->builder, &gen_schema, NULL);
	return leat_builder_flush(st, &s->builder, true);
}

static void
gen_fini(struct leat_stage *st)
{
	struct gen *s = leat_stage_state(st);

	leat_frame_release(s->builder.frame);
}

/* The same seed gives the same rows. */
static uint32_t
gen_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_AGAIN;
}

static const struct leat_option gen_options[] = {
	{.name = "rate",
		.type = LEAT_OPTION_NUMBER,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_gen_opts, rate),
		.min = 0,
		.max = 1000000000,
		.fallback = "1000",
		.unit = "rows a second",
		.help = "rows a second of the time in them; the mean of a "
			"period, without bursts"},
	{.name = "count",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_gen_opts, count),
		.min = 1,
		.max = INT64_MAX,
		.unit = "rows",
		.help = "so many, then the end"},
	{.name = "for",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_gen_opts, span_ns),
		.unit = "ns",
		.help = "rows of so long a time, then the end"},
	{.name = "daily",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_gen_opts, daily),
		.min = 0,
		.max = 100,
		.fallback = "0",
		.unit = "percent",
		.help = "the rate swings by so much, least at the beginning of "
			"a period"},
	{.name = "period",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_gen_opts, period_ns),
		.fallback = "24h",
		.unit = "ns",
		.help = "of that swing"},
	{.name = "group",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_gen_opts, group),
		.min = 1,
		.max = 1000000,
		.fallback = "1",
		.unit = "rows",
		.help = "rows of one key that come at once, the mean"},
	{.name = "tail",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_gen_opts, tail),
		.min = 1,
		.max = 100,
		.fallback = "1.5",
		.help = "shape of their sizes, more than 1; the less, the "
			"heavier the tail"},
	{.name = "group_max",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_gen_opts, group_max),
		.min = 1,
		.max = 1000000000,
		.fallback = "10000",
		.unit = "rows",
		.help = "no group is larger"},
	{.name = "bursts",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_gen_opts, bursts),
		.min = 0,
		.max = 1000000,
		.fallback = "0",
		.unit = "bursts an hour",
		.help = "bursts an hour, the mean"},
	{.name = "burst_for",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_gen_opts, burst_for_ns),
		.fallback = "30s",
		.unit = "ns",
		.help = "how long one is, the mean"},
	{.name = "burst_times",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_gen_opts, burst_times),
		.min = 1,
		.max = 1000000,
		.fallback = "10",
		.help = "how many times the rate there is in one"},
	{.name = "keys",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_gen_opts, keys),
		.min = 1,
		.max = 1ll << 50,
		.fallback = "1000",
		.help = "different keys, from 1"},
	{.name = "skew",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_gen_opts, skew),
		.min = 0,
		.max = 100,
		.fallback = "0",
		.help = "key k is k^skew times rarer than key 1; 0: all are "
			"alike"},
	{.name = "start",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_gen_opts, start),
		.fallback = "2000-01-01",
		.help = "when the time in the rows begins"},
	{.name = "seed",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_gen_opts, seed),
		.min = 0,
		.max = INT64_MAX,
		.fallback = "0",
		.help = "another one, other rows"},
	{.name = "pace",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_gen_opts, pace),
		.fallback = "off",
		.help = "on: a row comes when its time has come, as if the "
			"time in the rows began with the run"},
	{.name = NULL},
};

const struct leat_stage_ops leat_gen_ops = {
	LEAT_STAGE_OPS_INIT("gen"),
	.flags = LEAT_STAGE_BLOCKING,
	.summary = "make up rows that come as real traffic does",
	.help = "Columns: n counts from 1, at is a moment, key, and value, the "
		"median of which is 1\n"
		"(log-normal). Groups of rows arrive at random moments "
		"(Poisson); their rate can\n"
		"swing as that of a day does and rise in bursts, their sizes "
		"have a heavy tail\n"
		"(Pareto), their keys can be as uneven as words are (Zipf). "
		"The same seed gives\n"
		"the same rows. Without count or for there is no end.\n"
		"\n"
		"    leat run 'gen 500 for=24h daily=80 group=3 skew=1 ! write "
		"day.csv'\n"
		"    leat run 'gen 10 pace=on ! head 20'\n",
	.state_bytes = sizeof(struct gen),
	.opts_bytes = sizeof(struct leat_gen_opts),
	.options = gen_options,
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = gen_init,
	.negotiate = gen_negotiate,
	.produce = gen_produce,
	.finish = gen_finish,
	.fini = gen_fini,
	.promises = gen_promises,
};
