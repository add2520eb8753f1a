/*
 * top -- the first n rows in the order of some columns.
 *
 * The rows held are a heap whose root is the last of them, so a row that does
 * not come before it is known by one comparison and nothing of it is kept.
 * Keeps: of equal rows the ones that came first are held. One thread at a time.
 */
#include <leat/stages.h>

#include "hold.h"
#include "keys.h"

#define TOP_DEFAULT 10u

struct top {
	const struct leat_top_opts *opts;
	uint64_t n_max;
	struct leat__keys keys;
	struct leat__pack pack;
	struct leat__hold hold;
	size_t n_emitted;
	uint32_t is_full;   /* the list is a heap */
	uint32_t is_sorted; /* at the end */
};

static size_t
top_memory(const struct leat_top_opts *o)
{
	return o->memory_bytes ? (size_t)o->memory_bytes
			       : LEAT__HOLD_BYTES_DEFAULT;
}

static int
top_init(struct leat_stage *st, const void *opts)
{
	struct top *s = leat_stage_state(st);
	const char *by;

	s->opts = opts;
	s->n_max = s->opts->n ? s->opts->n : TOP_DEFAULT;
	by = s->opts->by ? s->opts->by : "";
	s->keys.is_null_first = s->opts->nulls;
	leat_stage_needs(st)->side_bytes = top_memory(s->opts) +
		leat__keys_side_bytes(by) + leat__pack_side_bytes();
	return leat__keys_parse(st, &s->keys, "by", by);
}

static int
top_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct top *s = leat_stage_state(st);
	int rc = in->schema ? leat__keys_bind(st, &s->keys, in->schema)
			    : LEAT_OK;

	if (rc)
		return rc;
	return leat__pack_negotiate(st, &s->pack, in, out);
}

static int
top_open(struct leat_stage *st)
{
	struct top *s = leat_stage_state(st);

	return leat__hold_open(st, &s->hold, top_memory(s->opts));
}

/* ---- the heap --------------------------------------------------------------- */

static int
top_compare(struct leat__sort_record x, struct leat__sort_record y)
{
	uint32_t n = x.n_key < y.n_key ? x.n_key : y.n_key;

	return memcmp(x.key, y.key, n);
}

static bool
top_is_before(const struct leat__hold *hold, const struct leat__sort_entry *a,
	const struct leat__sort_entry *b)
{
	int order;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	order = top_compare(leat__sort_open(hold->memory + a->at),
		leat__sort_open(hold->memory + b->at));
	return order ? order < 0 : a->at < b->at;
}

static void
top_sift(struct leat__hold *hold, size_t at)
{
	struct leat__sort_entry *heap = hold->list;
	struct leat__sort_entry x = heap[at];
	size_t child;

	while ((child = 2 * at + 1) < hold->n) {
		if (child + 1 < hold->n &&
			top_is_before(hold, &heap[child], &heap[child + 1]))
			child++;
		if (!top_is_before(hold, &x, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = x;
}

static void
top_make_heap(struct leat__hold *hold)
{
	for (size_t k = hold->n / 2; k-- > 0;)
		top_sift(hold, k);
}

/* The record that was pushed takes the root's place. */
static void
top_replace(struct leat__hold *hold)
{
	struct leat__sort_entry x = *hold->list++;

	hold->n--;
	hold->list[0] = x;
	top_sift(hold, 0);
}

/* ---- rows ----------------------------------------------------------------- */

/* Does a key come before the last of those held? */
static bool
top_enters(const struct top *s, const uint8_t *key, const uint8_t *end)
{
	struct leat__sort_record last, x = {.key = key};

	if (!s->is_full)
		return true;
	x.n_key = (uint32_t)(end - key);
	last = leat__sort_open(s->hold.memory + s->hold.list[0].at);
	return top_compare(x, last) < 0;
}

static void
top_take(struct top *s, const uint8_t *row, const uint8_t *end)
{
	leat__hold_push(&s->hold, row, end);
	if (s->is_full) {
		top_replace(&s->hold);
	} else if (s->hold.n == s->n_max) {
		top_make_heap(&s->hold);
		s->is_full = 1;
	}
}

static int
top_make_room(struct leat_stage *st, struct top *s)
{
	int rc = leat__hold_compact(st, &s->hold);

	if (!rc && s->is_full)
		top_make_heap(&s->hold);
	return rc;
}

/* 1: done with the row; 0: there was no room for it; or a code. */
static int
top_put(struct leat_stage *st, struct top *s, const struct leat_table *t,
	uint32_t row)
{
	struct leat__pack_buf buf = leat__hold_room(&s->hold);
	const uint8_t *key = buf.at, *packed;
	int rc;

	if (buf.is_over)
		return 0;
	rc = leat__keys_put(&s->keys, t, row, &buf);
	if (rc) {
		rc = leat__keys_reject(st, &s->keys, t, row);
		return rc ? rc : 1;
	}
	if (buf.is_over)
		return 0;
	if (!top_enters(s, key, buf.at)) {
		leat_stage_count(st, LEAT_COUNT_FILTERED, 1);
		return 1;
	}
	packed = buf.at;
	rc = leat__pack_put(&s->pack, t, row, NULL, &buf);
	if (rc) {
		rc = leat__pack_reject(st, t, row);
		return rc ? rc : 1;
	}
	if (buf.is_over)
		return 0;
	leat_stage_count(st, LEAT_COUNT_FILTERED, s->is_full);
	top_take(s, packed, buf.at);
	return 1;
}

static int
top_put_again(struct leat_stage *st, struct top *s, const struct leat_table *t,
	uint32_t row)
{
	int rc = top_make_room(st, s);

	if (!rc)
		rc = top_put(st, s, t, row);
	if (!rc)
		rc = leat_stage_fail(st, LEAT_ELIMIT,
			"top: a row does not fit into what memory=%zu has "
			"left; a greater N holds more",
			s->hold.n_memory);
	return rc;
}

static int
top_rows(struct leat_stage *st, struct top *s, const struct leat_table *t)
{
	int rc = 1;

	for (uint32_t k = 0; rc > 0 && k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);

		rc = top_put(st, s, t, row);
		if (!rc)
			rc = top_put_again(st, s, t, row);
	}
	return rc < 0 ? rc : LEAT_OK;
}

static int
top_process(struct leat_stage *st, struct leat_frame *in)
{
	struct top *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = leat__keys_enter(st, &s->keys, &t);
	if (!rc)
		rc = leat__pack_enter(st, &s->pack, &t);
	if (!rc)
		rc = top_rows(st, s, &t);
	if (!rc)
		leat_stage_release(st, in);
	return rc;
}

static int
top_finish(struct leat_stage *st)
{
	struct top *s = leat_stage_state(st);

	if (!s->is_sorted)
		leat__sort_order(s->hold.list, s->hold.n, s->hold.memory);
	s->is_sorted = 1;
	return leat__hold_emit(st, &s->hold, &s->pack, &s->n_emitted);
}

static void
top_fini(struct leat_stage *st)
{
	struct top *s = leat_stage_state(st);

	leat__pack_fini(st, &s->pack);
}

static uint32_t
top_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_SORTS | LEAT_PROMISE_HOLDS;
}

static const struct leat_option top_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_top_opts, n),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10",
		.unit = "records",
		.help = "how many rows"},
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_top_opts, by),
		.help = "columns, the first one first, like \"delay desc\""},
	{.name = "nulls",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_top_opts, nulls),
		.fallback = "last",
		.values = "last|first",
		.help = "where rows without a value go"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_top_opts, memory_bytes),
		.min = LEAT__HOLD_BYTES_MIN,
		.max = INT64_C(1) << 40,
		.fallback = "64M",
		.unit = "bytes",
		.help = "most that the rows may take; more is an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_top_ops = {
	LEAT_STAGE_OPS_INIT("top"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS,
	.summary = "the first n rows in the order of some columns",
	.help = "What `sort` and then `head` would give, without sorting all: "
		"only n\n"
		"rows are held. Columns, `desc`, nulls and equal rows are as "
		"in "
		"sort,\n"
		"so that the greatest values come with `desc`. The others "
		"count "
		"as\n"
		"filtered.\n"
		"\n"
		"    leat run 'read a.csv ! top 10 by=\"delay desc\"'\n",
	.state_bytes = sizeof(struct top),
	.opts_bytes = sizeof(struct leat_top_opts),
	.options = top_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1},
	.init = top_init,
	.negotiate = top_negotiate,
	.open = top_open,
	.process = top_process,
	.finish = top_finish,
	.fini = top_fini,
	.promises = top_promises,
};
