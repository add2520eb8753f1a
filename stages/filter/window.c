/*
 * window -- one row for each window and group of rows in it.
 *
 * The watermark is the latest time that was seen, less the lateness that is
 * allowed. A window ends when the watermark has reached its end; rows that come
 * for it later are rejected. Windows by numbers of rows know no lateness.
 * Keeps: rows come out in the order in which their windows end; what comes out
 * does not depend on how rows came in frames.
 */
#include <leat/stages.h>

#include <stdio.h>

#include "window.h"

#define WINDOW_MEMORY      (64ull << 20)
#define WINDOW_FIRST_BYTES 1024u
#define WINDOW_SIDE_BYTES  65536u
#define WINDOW_TIME_MAX    (1ll << 60)
#define WINDOW_DAY_US      86400000000ll

struct window {
	struct leat__windows w;
	struct leat_builder builder;
	struct leat__group_entry *next; /* of the first closed window */
	uint32_t has_begun;
	uint32_t is_open; /* a frame is being read */
	uint32_t is_over; /* all rows have come */
};

/* ---- windows and lists of them ------------------------------------------- */

struct leat__window *
leat__window_make(struct leat__windows *w, int64_t start, int64_t end,
	const struct leat_text *key)
{
	uint64_t n_bytes = sizeof(struct leat__window) +
		(key ? LEAT__GROUP_HASH_KEY_HEAD +
					leat__group_hash_key_bytes(*key)
		     : 0);
	struct leat__window *window =
		leat__group_budget_take(&w->budget, n_bytes, 0);

	if (!window)
		return NULL;
	*window = (struct leat__window){
		.start = start, .end = end, .n_bytes = n_bytes};
	leat__group_init(
		&window->group, &w->spec, &w->budget, WINDOW_FIRST_BYTES);
	if (key)
		leat__group_hash_put_key((uint8_t *)(window + 1), 0, key);
	return window;
}

void
leat__window_free(struct leat__windows *w, struct leat__window *window)
{
	leat__group_fini(&window->group);
	leat__group_budget_give(&w->budget, window, window->n_bytes);
}

void
leat__window_link(struct leat__window_list *list, struct leat__window *before,
	struct leat__window *window)
{
	window->before = before;
	window->next = before ? before->next : list->first;
	if (window->next)
		window->next->before = window;
	else
		list->last = window;
	if (before)
		before->next = window;
	else
		list->first = window;
}

void
leat__window_unlink(struct leat__window_list *list, struct leat__window *window)
{
	if (window->before)
		window->before->next = window->next;
	else
		list->first = window->next;
	if (window->next)
		window->next->before = window->before;
	else
		list->last = window->before;
}

void
leat__window_close_first(struct leat__windows *w)
{
	struct leat__window *first = w->open.first;

	if (w->nearest == first)
		w->nearest = NULL;
	leat__window_unlink(&w->open, first);
	leat__window_link(&w->closed, w->closed.last, first);
}

void
leat__window_see(struct leat__windows *w, int64_t time)
{
	/* row n has come: none before row n + 1 will */
	int64_t mark = w->by_rows ? time + 1 : time - w->lateness;

	if (mark > w->watermark)
		w->watermark = mark;
}

/* ---- rows that are not wanted -------------------------------------------- */

/* "3 d 4 h", "1.5 s" */
static void
window_print_us(uint64_t us, char *buf, size_t n_bytes)
{
	uint64_t seconds = us / 1000000;

	if (seconds >= 2 * 86400)
		snprintf(buf, n_bytes, "%llu d %llu h",
			(unsigned long long)(seconds / 86400),
			(unsigned long long)(seconds / 3600 % 24));
	else if (seconds >= 2 * 3600)
		snprintf(buf, n_bytes, "%llu h %llu min",
			(unsigned long long)(seconds / 3600),
			(unsigned long long)(seconds / 60 % 60));
	else if (seconds >= 120)
		snprintf(buf, n_bytes, "%llu min %llu s",
			(unsigned long long)(seconds / 60),
			(unsigned long long)(seconds % 60));
	else
		snprintf(buf, n_bytes, "%.6g s", (double)us / 1e6);
}

int
leat__window_reject_late(
	struct leat_stage *st, const struct leat__windows *w, uint32_t k)
{
	char by[48], reason[160];

	window_print_us(
		(uint64_t)w->watermark - (uint64_t)w->times[k], by, sizeof(by));
	snprintf(reason, sizeof(reason),
		"late by %s: its window has ended; more lateness= would wait "
		"for it",
		by);
	return leat__group_block_reject(
		st, &w->block, k, w->spec.n_keys, LEAT_EDATA, reason);
}

int
leat__window_reject_empty(
	struct leat_stage *st, const struct leat__windows *w, uint32_t k)
{
	char reason[160];

	snprintf(reason, sizeof(reason),
		"column '%.64s' has no value that can be used as a time",
		w->spec.time.text);
	return leat__group_block_reject(
		st, &w->block, k, w->spec.n_keys, LEAT_EDATA, reason);
}

/* ---- life ---------------------------------------------------------------- */

static int
window_init(struct leat_stage *st, const void *opts)
{
	const struct leat_window_opts *o = opts;
	struct window *s = leat_stage_state(st);
	struct leat__windows *w = &s->w;
	struct leat_needs *needs = leat_stage_needs(st);
	uint64_t memory = o->memory ? o->memory : WINDOW_MEMORY, n_columns;

	needs->side_bytes = leat__group_spec_side_bytes(o->by ? o->by : "",
				    o->results ? o->results : "") +
		leat__group_spec_side_bytes(o->time ? o->time : "", "");
	LEAT__TRY(leat__window_parse(st, w, o));
	w->budget = (struct leat__group_budget){.st = st,
		.holds = "the windows that are open, and their groups",
		.given_bytes = memory,
		.limit_bytes = memory};
	w->watermark = LEAT__WINDOW_NEVER;
	leat__group_hash_table_init(&w->sessions, &w->budget,
		(uint32_t)sizeof(struct leat__window));
	n_columns = w->spec.n_keys + w->spec.n_results + 3;
	needs->side_bytes += memory + WINDOW_SIDE_BYTES +
		2 * leat__group_block_side_bytes((uint32_t)n_columns) +
		leat_builder_side_bytes(n_columns) +
		n_columns * sizeof(struct leat_column);
	needs->frame_bytes = leat_builder_frame_bytes();
	return LEAT_OK;
}

static int
window_bind(struct leat_stage *st, struct window *s,
	const struct leat_schema *schema)
{
	struct leat__windows *w = &s->w;
	uint32_t type = w->by_rows ? LEAT_TYPE_INT64 : LEAT_TYPE_TIMESTAMP;
	struct leat_column before[2] = {
		{.name = w->by_rows ? "window_first" : "window_start",
			.type = type},
		{.name = w->by_rows ? "window_last" : "window_end",
			.type = type}};

	LEAT__TRY(leat__group_bind(st, &w->spec, schema, before, 2));
	if (s->has_begun)
		return LEAT_OK;
	s->has_begun = 1;
	LEAT__TRY(leat__group_block_init(st, &w->block, &w->spec, &w->budget));
	return leat__group_block_init(st, &w->one, &w->spec, &w->budget);
}

static int
window_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct window *s = leat_stage_state(st);
	int rc = LEAT_OK;

	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = leat_builder_frame_bytes(),
		.origin = in->origin,
	};
	if (in->schema)
		rc = window_bind(st, s, in->schema);
	out->schema = s->w.spec.to;
	return rc;
}

/* ---- emitting ------------------------------------------------------------ */

/* Rows are counted from 1, and the last one of a window is named. */
static void
window_put_bounds(struct window *s, const struct leat__window *window)
{
	int64_t start = window->start, end = window->end;

	if (s->w.by_rows) {
		start = start > 0 ? start + 1 : 1;
		end = end < s->w.n_rows ? end : s->w.n_rows;
	}
	leat_builder_int64(&s->builder, 0, start);
	leat_builder_int64(&s->builder, 1, end);
}

static int
window_emit_group(struct leat_stage *st, struct window *s,
	const struct leat__window *window)
{
	int rc;

	LEAT__TRY(leat_builder_begin_row(st, &s->builder));
	window_put_bounds(s, window);
	LEAT__TRY(
		leat__group_emit(st, &window->group, s->next, &s->builder, 2));
	rc = leat_builder_end_row(st, &s->builder);
	if (rc == 1) {
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		s->next = s->next->next;
	}
	return rc < 0 ? rc : LEAT_OK;
}

/* All windows that have closed. */
static int
window_emit(struct leat_stage *st, struct window *s)
{
	struct leat__window *window;

	while ((window = s->w.closed.first)) {
		if (!s->next)
			s->next = window->group.first;
		while (s->next)
			LEAT__TRY(window_emit_group(st, s, window));
		leat__window_unlink(&s->w.closed, window);
		leat__window_free(&s->w, window);
	}
	return LEAT_OK;
}

/* ---- rows ---------------------------------------------------------------- */

static void
window_read_times(struct leat__windows *w)
{
	struct leat__group_block_column *column =
		&w->block.columns[w->spec.n_keys];
	bool is_date = w->spec.inputs[w->spec.n_keys].type == LEAT_TYPE_DATE;

	for (uint32_t k = 0; k < w->block.n; k++) {
		int64_t time = column->values.ints[k];

		if (is_date &&
			__builtin_mul_overflow(time, WINDOW_DAY_US, &time))
			time = INT64_MAX;
		if (time > WINDOW_TIME_MAX || time < -WINDOW_TIME_MAX)
			column->has[k] = 0;
		w->times[k] = time;
	}
}

static int
window_add(struct leat_stage *st, struct leat__windows *w)
{
	if (w->by_rows)
		for (uint32_t k = 0; k < w->block.n; k++)
			w->times[k] = w->n_rows++;
	else
		window_read_times(w);
	return w->kind == LEAT_WINDOW_SESSION ? leat__window_add_sessions(st, w)
					      : leat__window_add_fixed(st, w);
}

static int
window_process(struct leat_stage *st, struct leat_frame *in)
{
	struct window *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = window_bind(st, s, t.schema);
	if (rc)
		return rc;
	leat_builder_enter(&s->builder, s->w.spec.to, in);
	if (!s->is_open)
		LEAT__TRY(leat__group_block_open(st, &s->w.block, in));
	s->is_open = 1;
	do {
		LEAT__TRY(window_emit(st, s));
		rc = leat__group_block_read(st, &s->w.block);
		if (!rc)
			rc = window_add(st, &s->w);
	} while (!rc);
	if (rc != LEAT_EOS)
		return rc;
	s->is_open = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* Rows that are ready do not wait for more input. */
static int
window_flush(struct leat_stage *st)
{
	struct window *s = leat_stage_state(st);

	if (!s->has_begun)
		return LEAT_OK;
	leat_builder_enter(&s->builder, s->w.spec.to, NULL);
	return leat_builder_flush(st, &s->builder, false);
}

static int
window_end_input(struct leat_stage *st, struct window *s)
{
	s->is_over = 1;
	LEAT__TRY(leat__window_end_sessions(st, &s->w));
	while (s->w.open.first)
		leat__window_close_first(&s->w);
	return LEAT_OK;
}

static int
window_finish(struct leat_stage *st)
{
	struct window *s = leat_stage_state(st);

	if (!s->has_begun)
		return LEAT_OK;
	if (!s->is_over)
		LEAT__TRY(window_end_input(st, s));
	leat_builder_enter(&s->builder, s->w.spec.to, NULL);
	LEAT__TRY(window_emit(st, s));
	if (s->builder.has_emitted)
		return LEAT_MORE;
	return leat_builder_flush(st, &s->builder, true);
}

static void
window_free_all(struct leat__windows *w, struct leat__window_list *list)
{
	struct leat__window *window;

	while ((window = list->first)) {
		leat__window_unlink(list, window);
		leat__window_free(w, window);
	}
}

static void
window_fini(struct leat_stage *st)
{
	struct window *s = leat_stage_state(st);

	leat_frame_release(s->builder.frame);
	if (!s->has_begun)
		return;
	window_free_all(&s->w, &s->w.open);
	window_free_all(&s->w, &s->w.closed);
	leat__window_fini_sessions(&s->w);
	leat__group_block_fini(st, &s->w.one);
	leat__group_block_fini(st, &s->w.block);
}

#define WINDOW_OFFSET(field) offsetof(struct leat_window_opts, field)

static const struct leat_option window_options[] = {
	{.name = "kind",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = WINDOW_OFFSET(kind),
		.fallback = "tumbling",
		.values = "tumbling|sliding|session",
		.help = "side by side, overlapping, or as long as rows follow"},
	{.name = "results",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REST,
		.offset = WINDOW_OFFSET(results),
		.help = "what to know, as of group: n=count() mean=avg(x)"},
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.offset = WINDOW_OFFSET(by),
		.help = "columns whose values make a group in a window"},
	{.name = "time",
		.type = LEAT_OPTION_STRING,
		.offset = WINDOW_OFFSET(time),
		.help = "column with the time of a row"},
	{.name = "size",
		.type = LEAT_OPTION_DURATION,
		.offset = WINDOW_OFFSET(size_ns),
		.min = 1000,
		.max = INT64_MAX,
		.unit = "ns",
		.help = "how long a window is"},
	{.name = "step",
		.type = LEAT_OPTION_DURATION,
		.offset = WINDOW_OFFSET(step),
		.min = 1000,
		.max = INT64_MAX,
		.unit = "ns",
		.help = "from the start of a window to that of the next"},
	{.name = "gap",
		.type = LEAT_OPTION_DURATION,
		.offset = WINDOW_OFFSET(gap),
		.min = 1000,
		.max = INT64_MAX,
		.unit = "ns",
		.help = "without a row, after which a session has ended"},
	{.name = "lateness",
		.type = LEAT_OPTION_DURATION,
		.offset = WINDOW_OFFSET(lateness),
		.min = 0,
		.max = INT64_MAX,
		.fallback = "0s",
		.unit = "ns",
		.help = "that a row may come after one with a later time"},
	{.name = "rows",
		.type = LEAT_OPTION_UINT,
		.offset = WINDOW_OFFSET(rows),
		.min = 1,
		.max = 1000000000000ll,
		.unit = "rows",
		.help = "of a window, instead of a size"},
	{.name = "step_rows",
		.type = LEAT_OPTION_UINT,
		.offset = WINDOW_OFFSET(step_rows),
		.min = 1,
		.max = 1000000000000ll,
		.unit = "rows",
		.help = "instead of a step"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = WINDOW_OFFSET(memory),
		.min = 256 << 10,
		.max = 1ll << 40,
		.fallback = "64M",
		.unit = "bytes",
		.help = "for windows that are open; beyond, it fails"},
	{.name = NULL},
};

const struct leat_stage_ops leat_window_ops = {
	LEAT_STAGE_OPS_INIT("window"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS,
	.summary = "one row for each window of time or of rows",
	.help = "For each window, and each group by= in it, one row of "
		"window_start,\n"
		"window_end (which is not part of it), the key and the "
		"results, which\n"
		"are those of group (see leat help group).\n"
		"\n"
		"    tumbling size=1h          beside each other, from whole "
		"hours on\n"
		"    sliding size=1h step=10m  overlapping; a row is in six of "
		"them\n"
		"    session gap=30m           as long as rows of a key follow "
		"within\n"
		"                              that; ends the gap after the "
		"last one\n"
		"    tumbling rows=1000        by numbers of rows: "
		"window_first "
		"and\n"
		"                              window_last, from 1\n"
		"\n"
		"time= is a timestamp or a date. A window ends when a row "
		"comes "
		"whose\n"
		"time less lateness= is its end or later; rows come out in the "
		"order in\n"
		"which windows end. Who comes later still is rejected (see "
		"on_error):\n"
		"\"late by 3 min\". In sessions whoever is earlier than that "
		"is late.\n"
		"\n"
		"    leat run 'read a.csv ! window tumbling size=1h time=date "
		"n=count()'\n",
	.state_bytes = sizeof(struct window),
	.opts_bytes = sizeof(struct leat_window_opts),
	.options = window_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1},
	.init = window_init,
	.negotiate = window_negotiate,
	.process = window_process,
	.flush = window_flush,
	.finish = window_finish,
	.fini = window_fini,
};
