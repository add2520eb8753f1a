/*
 * group -- one row for each group of rows, and what is known of it.
 *
 * Groups that memory holds come first, in the order in which they appeared;
 * rows of the others wait on the disk, parted by hash, and are grouped
 * partition by partition when all have come, depth first.
 * Keeps: a row is in one group, once; at most `memory` bytes are in use for
 * groups and for what goes to and comes from the disk.
 */
#include <leat/stages.h>

#include "group.h"

#define GROUP_MEMORY       (64ull << 20)
#define GROUP_SPILL        (16ull << 30)
#define GROUP_FIRST_BYTES  16384u
#define GROUP_BUFFER_LEAST 2048u
#define GROUP_BUFFER_MOST  65536u
/* beside all that: scratch files, and what is rounded up */
#define GROUP_SIDE_BYTES 262144u

struct group {
	struct leat__group_spec spec;
	struct leat__group_budget budget;
	struct leat__group_spill_disk disk;
	struct leat__group_block block;
	struct leat__groups group;
	struct leat__group_spill values;
	struct leat__group_spill rows[LEAT__GROUP_SPILL_LEVELS];
	uint32_t depth; /* level that is read */
	struct leat__group_spill_reader reader;
	struct leat_builder builder;
	struct leat__group_entry *next; /* to be emitted */
	uint32_t has_begun;
	uint32_t is_emitting;
	uint32_t is_done;
};

static int
group_init(struct leat_stage *st, const void *opts)
{
	const struct leat_group_opts *o = opts;
	struct group *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	const char *by = o->by ? o->by : "";
	const char *results = o->results ? o->results : "";
	uint64_t memory = o->memory ? o->memory : GROUP_MEMORY;
	uint64_t buffer = memory / 256, n_columns;

	needs->side_bytes = leat__group_spec_side_bytes(by, results);
	LEAT__TRY(leat__group_parse_names(
		st, "by", by, s->spec.keys, &s->spec.n_keys));
	LEAT__TRY(leat__group_parse_results(st, "results", results, &s->spec));
	if (!s->spec.n_keys && !s->spec.n_results)
		return leat_stage_fail(st, LEAT_EINVAL,
			"neither by= nor a result is given; write like group "
			"by=origin n=count() mean=avg(delay)");
	if (buffer < GROUP_BUFFER_LEAST)
		buffer = GROUP_BUFFER_LEAST;
	s->disk = (struct leat__group_spill_disk){.st = st,
		.budget = &s->budget,
		.folder = o->spill_dir && o->spill_dir[0] ? o->spill_dir : NULL,
		.limit_bytes = o->spill_bytes ? o->spill_bytes : GROUP_SPILL,
		.buffer_bytes = buffer < GROUP_BUFFER_MOST ? (uint32_t)buffer
							   : GROUP_BUFFER_MOST};
	s->budget = (struct leat__group_budget){.st = st,
		.holds = "one group or row and its values",
		.given_bytes = memory,
		.limit_bytes =
			memory - 3 * leat__group_spill_spare_bytes(&s->disk)};
	n_columns = s->spec.n_keys + s->spec.n_results + 1;
	needs->side_bytes += memory + GROUP_SIDE_BYTES +
		leat__group_block_side_bytes((uint32_t)n_columns) +
		leat_builder_side_bytes(n_columns) +
		n_columns * sizeof(struct leat_column);
	needs->frame_bytes = leat_builder_frame_bytes();
	return LEAT_OK;
}

/* The columns are known: from here on rows can come. */
static int
group_bind(struct leat_stage *st, struct group *s,
	const struct leat_schema *schema)
{
	LEAT__TRY(leat__group_bind(st, &s->spec, schema, NULL, 0));
	if (s->has_begun)
		return LEAT_OK;
	s->has_begun = 1;
	LEAT__TRY(leat__group_block_init(st, &s->block, &s->spec, &s->budget));
	leat__group_spill_init(&s->values, &s->disk, 0);
	leat__group_spill_init(&s->rows[0], &s->disk, 0);
	leat__group_init(&s->group, &s->spec, &s->budget, GROUP_FIRST_BYTES);
	s->group.spill_rows = &s->rows[0];
	s->group.spill_values = &s->values;
	return LEAT_OK;
}

static int
group_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct group *s = leat_stage_state(st);
	int rc = LEAT_OK;

	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = leat_builder_frame_bytes(),
		.origin = in->origin,
	};
	if (in->schema)
		rc = group_bind(st, s, in->schema);
	out->schema = s->spec.to;
	return rc;
}

static uint32_t
group_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	const struct group *s = leat_stage_state(st);

	return leat__group_wants(&s->spec, schema, wanted);
}

static int
group_process(struct leat_stage *st, struct leat_frame *in)
{
	struct group *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = group_bind(st, s, t.schema);
	if (rc)
		return rc;
	LEAT__TRY(leat__group_block_open(st, &s->block, in));
	LEAT__TRY(leat__group_add_ready(st, &s->group, &s->block));
	if (!leat__group_block_has_more(&s->block)) {
		leat_stage_count(st, LEAT_COUNT_FOLDED, s->block.table.n_rows);
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	while ((rc = leat__group_block_read(st, &s->block)) == LEAT_OK) {
		LEAT__TRY(leat__group_add(
			st, &s->group, &s->block, 0, s->block.n));
		leat_stage_count(st, LEAT_COUNT_FOLDED, s->block.n);
	}
	s->block.ready_keys = NULL;
	if (rc != LEAT_EOS)
		return rc;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- the end ------------------------------------------------------------- */

static int
group_begin_emitting(struct leat_stage *st, struct group *s)
{
	LEAT__TRY(leat__group_finish(st, &s->group));
	s->next = s->group.first;
	s->is_emitting = 1;
	return LEAT_OK;
}

/* All of the partition that is open, into new groups. */
static int
group_read_partition(struct leat_stage *st, struct group *s)
{
	struct leat__group_block *block = &s->block;
	int rc;

	while ((rc = leat__group_spill_refill(&s->reader)) == LEAT_OK) {
		const uint8_t *record;

		do {
			block->n = 0;
			while (block->n < LEAT__GROUP_BLOCK &&
				(record = leat__group_spill_next(&s->reader)))
				leat__group_record_get(block, record);
			LEAT__TRY(leat__group_add(
				st, &s->group, block, 0, block->n));
		} while (block->n == LEAT__GROUP_BLOCK);
	}
	leat__group_spill_close(&s->reader);
	return rc == LEAT_EOS ? LEAT_OK : rc;
}

/* What has no room this time goes one level down. */
static int
group_load(struct leat_stage *st, struct group *s)
{
	struct leat__group_spill *below = NULL;

	leat__group_init(&s->group, &s->spec, &s->budget, GROUP_FIRST_BYTES);
	if (s->depth + 1 < LEAT__GROUP_SPILL_LEVELS) {
		below = &s->rows[s->depth + 1];
		leat__group_spill_init(below, &s->disk, s->depth + 1);
	}
	s->group.spill_rows = below;
	s->group.spill_values = &s->values;
	LEAT__TRY(group_read_partition(st, s));
	if (below)
		LEAT__TRY(leat__group_spill_flush(below));
	if (below && below->has_any)
		s->depth++;
	return group_begin_emitting(st, s);
}

/* The next partition, if there is one; LEAT_EOS: there is none. */
static int
group_next(struct leat_stage *st, struct group *s)
{
	for (;;) {
		int rc = leat__group_spill_open_next(
			&s->rows[s->depth], &s->reader);

		if (rc == LEAT_OK)
			return group_load(st, s);
		if (rc != LEAT_EOS || !s->depth)
			return rc;
		s->depth--;
	}
}

static int
group_emit(struct leat_stage *st, struct group *s)
{
	while (s->next) {
		int rc;

		LEAT__TRY(leat_builder_begin_row(st, &s->builder));
		LEAT__TRY(leat__group_emit(
			st, &s->group, s->next, &s->builder, 0));
		rc = leat_builder_end_row(st, &s->builder);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		s->next = s->next->next;
	}
	s->is_emitting = 0;
	leat__group_fini(&s->group);
	return LEAT_OK;
}

/* Nothing has come, or all has. */
static int
group_end_input(struct leat_stage *st, struct group *s)
{
	if (!s->has_begun && leat__group_needs_no_column(&s->spec))
		LEAT__TRY(group_bind(st, s, NULL));
	if (!s->has_begun) {
		s->is_done = 1;
		return LEAT_OK;
	}
	LEAT__TRY(leat__group_add_empty(st, &s->group));
	LEAT__TRY(leat__group_spill_flush(&s->rows[0]));
	return group_begin_emitting(st, s);
}

static int
group_finish(struct leat_stage *st)
{
	struct group *s = leat_stage_state(st);
	int rc = LEAT_OK;

	if (!s->is_emitting && !s->is_done)
		LEAT__TRY(group_end_input(st, s));
	if (!s->has_begun)
		return LEAT_OK;
	leat_builder_enter(&s->builder, s->spec.to, NULL);
	while (!s->is_done && !rc) {
		LEAT__TRY(group_emit(st, s));
		rc = group_next(st, s);
		s->is_done = rc == LEAT_EOS;
	}
	if (!s->is_done)
		return rc;
	if (s->builder.has_emitted)
		return LEAT_MORE;
	return leat_builder_flush(st, &s->builder, true);
}

static void
group_fini(struct leat_stage *st)
{
	struct group *s = leat_stage_state(st);

	leat_frame_release(s->builder.frame);
	if (!s->has_begun)
		return;
	leat__group_spill_close(&s->reader);
	leat__group_spill_fini(&s->values);
	for (uint32_t k = 0; k < LEAT__GROUP_SPILL_LEVELS; k++)
		leat__group_spill_fini(&s->rows[k]);
	leat__group_fini(&s->group);
	leat__group_block_fini(st, &s->block);
}

static uint32_t
group_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_SORTS | LEAT_PROMISE_HOLDS;
}

static const struct leat_option group_options[] = {
	{.name = "results",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REST,
		.offset = offsetof(struct leat_group_opts, results),
		.help = "what to know, like n=count() mean=avg(delay)"},
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_group_opts, by),
		.help = "columns whose values make a group; none: one group"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_group_opts, memory),
		.min = 256 << 10,
		.max = 1ll << 40,
		.fallback = "64M",
		.unit = "bytes",
		.help = "for groups; what does not fit waits on the disk"},
	{.name = "spill_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_group_opts, spill_bytes),
		.min = 1 << 20,
		.max = 1ll << 50,
		.fallback = "16G",
		.unit = "bytes",
		.help = "that may wait on the disk"},
	{.name = "spill_dir",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_group_opts, spill_dir),
		.fallback = "/var/tmp",
		.help = "folder for what waits"},
	{.name = NULL},
};

const struct leat_stage_ops leat_group_ops = {
	LEAT_STAGE_OPS_INIT("group"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_BLOCKING | LEAT_STAGE_REJECTS,
	.summary = "one row for each group of rows",
	.help = "Rows with equal values in the columns of by= are a group, "
		"null being\n"
		"a value like any other; without by= all rows are one. For "
		"each group\n"
		"one row is made, in the order in which groups appear, of its "
		"key and\n"
		"what is asked for:\n"
		"\n"
		"    count()             rows\n"
		"    count(x)            values that are not null\n"
		"    sum(x)              exact for int64 and decimal (beyond "
		"them it\n"
		"                        is an error); of float64 in the "
		"order of\n"
		"                        rows, compensated for rounding\n"
		"    avg(x) stddev(x)    of the exact sum; of a sample\n"
		"    min(x) max(x)       by value, texts byte by byte; NaN is "
		"above all\n"
		"    distinct(x)         different values, exact\n"
		"    approx_distinct(x)  the same in 4 KiB, standard error "
		"1.6 %\n"
		"    median(x) quantile(x,0.95)  between two ranks on the line "
		"between\n"
		"                        their values; exact up to 256 values, "
		"then\n"
		"                        within 0.4 % of the value\n"
		"    first(x) last(x)    in the order of rows\n"
		"\n"
		"Nulls are left out; of no value all but counts are null. "
		"Each may be\n"
		"named, like total=sum(delay); else it is sum_delay, "
		"p95_delay. A name\n"
		"that is no word stands in `quotes`. A string column is read "
		"as numbers\n"
		"where numbers are wanted.\n"
		"\n"
		"Groups beyond memory= wait on the disk and come last, in an "
		"order that\n"
		"is the same each time; the results are the same, too.\n"
		"\n"
		"    leat run 'read a.csv ! group by=origin n=count() "
		"mean=avg(delay)'\n",
	.state_bytes = sizeof(struct group),
	.opts_bytes = sizeof(struct leat_group_opts),
	.options = group_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1},
	.init = group_init,
	.negotiate = group_negotiate,
	.process = group_process,
	.finish = group_finish,
	.fini = group_fini,
	.before = &leat_group_values_ops,
	.wants = group_wants,
	.promises = group_promises,
};
