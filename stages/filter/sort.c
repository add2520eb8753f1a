/*
 * sort -- all rows in the order of some columns, within a budget of memory.
 *
 * Records, each a key and a row, fill the memory from below, entries that say
 * where they are from above. When they meet, the entries are put in order and
 * the records written as a run; at the end the runs and what is in memory are
 * merged. Equal rows stay in the order in which they came.
 * Keeps: used is where the next record goes, and entries stand in the opposite
 * order of the records. One thread at a time, which may wait.
 */
#include <leat/io.h>
#include <leat/stages.h>

#include "keys.h"
#include "pack.h"
#include "sort_runs.h"

#define SORT_MEMORY_BYTES (256u << 20)
#define SORT_SPILL_BYTES  (UINT64_C(64) << 30)
#define SORT_PARTS        8u /* a record takes one of so many at most */

struct sort {
	const struct leat_sort_opts *opts;
	struct leat__keys keys;
	struct leat__pack pack;
	struct leat__sort_runs runs;
	size_t n_max; /* of memory, for records and entries */
	size_t used;
	size_t n; /* entries */
	uint32_t is_merging;
};

/* ---- before the run ------------------------------------------------------- */

static int
sort_init(struct leat_stage *st, const void *opts)
{
	struct sort *s = leat_stage_state(st);
	const char *by;

	s->opts = opts;
	by = s->opts->by ? s->opts->by : "";
	s->keys.is_null_first = s->opts->nulls;
	s->runs.st = st;
	s->runs.n_memory = SORT_MEMORY_BYTES;
	if (s->opts->memory_bytes)
		s->runs.n_memory = (size_t)s->opts->memory_bytes;
	s->runs.most_bytes =
		s->opts->spill_bytes ? s->opts->spill_bytes : SORT_SPILL_BYTES;
	if (s->opts->spill_dir && *s->opts->spill_dir)
		s->runs.folder = s->opts->spill_dir;
	s->runs.n_reserve = leat__sort_runs_reserve(s->runs.n_memory);
	s->n_max = (s->runs.n_memory - s->runs.n_reserve) /
		sizeof(struct leat__sort_entry) *
		sizeof(struct leat__sort_entry);
	leat_stage_needs(st)->side_bytes = s->runs.n_memory +
		leat__keys_side_bytes(by) + leat__pack_side_bytes();
	return leat__keys_parse(st, &s->keys, "by", by);
}

static int
sort_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct sort *s = leat_stage_state(st);
	int rc = in->schema ? leat__keys_bind(st, &s->keys, in->schema)
			    : LEAT_OK;

	if (rc)
		return rc;
	return leat__pack_negotiate(st, &s->pack, in, out);
}

static int
sort_open(struct leat_stage *st)
{
	struct sort *s = leat_stage_state(st);
	void *memory;
	int rc = leat_stage_alloc(st, s->runs.n_memory, &memory);

	if (rc)
		return leat_stage_fail(st, rc,
			"no memory for %zu bytes; memory=N takes less",
			s->runs.n_memory);
	s->runs.memory = memory;
	return LEAT_OK;
}

/* ---- rows come in --------------------------------------------------------- */

static struct leat__sort_entry *
sort_entries(const struct sort *s)
{
	return (struct leat__sort_entry *)(void *)(s->runs.memory + s->n_max) -
		s->n;
}

/* The entries, in order. */
static struct leat__sort_entry *
sort_order(struct sort *s)
{
	struct leat__sort_entry *first = sort_entries(s);

	for (size_t k = 0; k < s->n / 2; k++) {
		struct leat__sort_entry x = first[k];

		first[k] = first[s->n - 1 - k];
		first[s->n - 1 - k] = x;
	}
	leat__sort_order(first, s->n, s->runs.memory);
	return first;
}

static int
sort_spill(struct sort *s)
{
	int rc = leat__sort_runs_spill(
		&s->runs, sort_order(s), s->n, s->runs.memory);

	s->n = 0;
	s->used = 0;
	return rc;
}

/* A record that is complete. */
static void
sort_push(struct sort *s, uint8_t *at, const uint8_t *row, const uint8_t *end)
{
	const uint8_t *key = at + sizeof(struct leat__sort_head);
	struct leat__sort_head head = {
		(uint32_t)(row - key), (uint32_t)(end - row)};

	memcpy(at, &head, sizeof(head));
	s->n++;
	*sort_entries(s) = (struct leat__sort_entry){
		leat__sort_prefix(key, head.n_key, 0), s->used};
	s->used = (size_t)(end - s->runs.memory);
}

/* 1: the row is there, or was rejected; 0: there is no room; or a code. */
static int
sort_put(struct leat_stage *st, struct sort *s, const struct leat_table *t,
	uint32_t row)
{
	uint8_t *at = s->runs.memory + s->used;
	uint8_t *end = (uint8_t *)(sort_entries(s) - 1);
	size_t n_most = s->runs.n_memory / SORT_PARTS;
	struct leat__pack_buf buf = {.at = at, .end = end};
	uint8_t *packed;
	int rc;

	if (end < at + sizeof(struct leat__sort_head))
		return 0;
	if ((size_t)(end - at) > n_most)
		buf.end = at + n_most;
	buf.at += sizeof(struct leat__sort_head);
	rc = leat__keys_put(&s->keys, t, row, &buf);
	if (rc) {
		rc = leat__keys_reject(st, &s->keys, t, row);
		return rc ? rc : 1;
	}
	packed = buf.at;
	if (!buf.is_over)
		rc = leat__pack_put(&s->pack, t, row, NULL, &buf);
	if (rc) {
		rc = leat__pack_reject(st, t, row);
		return rc ? rc : 1;
	}
	if (buf.is_over && buf.end != end)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"sort: a record takes more than %zu bytes, an eighth "
			"of memory; memory=N with a greater N takes longer "
			"ones",
			n_most);
	if (buf.is_over)
		return 0;
	sort_push(s, at, packed, buf.at);
	return 1;
}

static int
sort_process(struct leat_stage *st, struct leat_frame *in)
{
	struct sort *s = leat_stage_state(st);
	struct leat_table t;
	uint32_t k = 0;
	int rc;

	leat_table_open(in, &t);
	rc = leat__keys_enter(st, &s->keys, &t);
	if (!rc)
		rc = leat__pack_enter(st, &s->pack, &t);
	while (rc >= 0 && k < t.n_rows) {
		rc = sort_put(st, s, &t, leat_table_row(&t, k));
		if (rc > 0)
			k++;
		else if (!rc)
			rc = sort_spill(s);
	}
	if (rc < 0)
		return rc;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- rows go out ---------------------------------------------------------- */

static int
sort_merge(struct sort *s)
{
	struct leat__sort_entry *first = sort_order(s);

	s->is_merging = 1;
	return leat__sort_runs_merge(&s->runs, first, s->n, s->runs.memory);
}

static int
sort_finish(struct leat_stage *st)
{
	struct sort *s = leat_stage_state(st);
	const struct leat__sort_record *x;
	int rc = s->is_merging ? LEAT_OK : sort_merge(s);

	while (rc >= 0 && (x = leat__sort_runs_top(&s->runs))) {
		rc = leat__pack_add(st, &s->pack, x->row, x->n_row);
		if (rc == 0) {
			rc = leat__pack_emit(st, &s->pack);
			return rc ? rc : LEAT_MORE;
		}
		if (rc > 0)
			rc = leat__sort_runs_step(&s->runs);
	}
	return rc < 0 ? rc : leat__pack_emit(st, &s->pack);
}

static void
sort_fini(struct leat_stage *st)
{
	struct sort *s = leat_stage_state(st);

	leat__pack_fini(st, &s->pack);
	leat__sort_runs_fini(&s->runs);
}

static uint32_t
sort_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_SORTS | LEAT_PROMISE_HOLDS;
}

static const struct leat_option sort_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_sort_opts, by),
		.help = "columns, the first one first, like origin,delay desc"},
	{.name = "nulls",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_sort_opts, nulls),
		.fallback = "last",
		.values = "last|first",
		.help = "where rows without a value go"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_sort_opts, memory_bytes),
		.min = LEAT__SORT_BYTES_MIN,
		.max = INT64_C(1) << 40,
		.fallback = "256M",
		.unit = "bytes",
		.help = "to sort in; what is over waits on the disk"},
	{.name = "spill_dir",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_sort_opts, spill_dir),
		.fallback = "/var/tmp",
		.help = "folder for what is over"},
	{.name = "spill_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_sort_opts, spill_bytes),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "64G",
		.unit = "bytes",
		.help = "most to write there; more is an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_sort_ops = {
	LEAT_STAGE_OPS_INIT("sort"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_BLOCKING | LEAT_STAGE_REJECTS,
	.summary = "all rows in the order of some columns",
	.help = "By the first column, where that is equal by the second, and "
		"so on;\n"
		"rows that are equal in all stay in the order in which they "
		"came.\n"
		"Text is compared byte by byte, other types by value. `desc` "
		"behind\n"
		"a column turns its order around; nulls go last, or first, in "
		"either\n"
		"order. A name with spaces stands in `quotes`. Values are "
		"written as\n"
		"they stood. What does not fit into memory is sorted in parts, "
		"which\n"
		"wait in a file without a name in spill_dir.\n"
		"\n"
		"    leat run 'read a.csv ! sort \"origin,delay desc\" "
		"memory=1G'\n",
	.state_bytes = sizeof(struct sort),
	.opts_bytes = sizeof(struct leat_sort_opts),
	.options = sort_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1},
	.init = sort_init,
	.negotiate = sort_negotiate,
	.open = sort_open,
	.process = sort_process,
	.finish = sort_finish,
	.fini = sort_fini,
	.promises = sort_promises,
};
