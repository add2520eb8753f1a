/*
 * count -- how many records there were, as a table of one row.
 */
#include <leat/stages.h>
#include <leat/table.h>

#define COUNT_FRAME_BYTES 4096

static const struct leat_column count_column = {
	.name = "count", .type = LEAT_TYPE_INT64, .field = LEAT_FIELD_NONE};

static const struct leat_schema count_schema = {
	.n_columns = 1, .n_vectors = 1, .columns = &count_column};

struct count {
	int64_t n;
};

static int
count_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = COUNT_FRAME_BYTES,
		.schema = &count_schema,
		.origin = in->origin,
	};
	return LEAT_OK;
}

static int
count_process(struct leat_stage *st, struct leat_frame *in)
{
	struct count *s = leat_stage_state(st);

	s->n += in->n_items;
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
count_finish(struct leat_stage *st)
{
	const struct count *s = leat_stage_state(st);
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector_room room;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	rc = leat_table_begin(frame, &count_schema, 1, &t);
	if (!rc)
		rc = leat_table_add_vector(&t, LEAT_TYPE_INT64, 0, &room);
	if (!rc) {
		*(int64_t *)room.values = s->n;
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		rc = leat_stage_emit(st, 0, frame);
	}
	if (rc)
		leat_stage_release(st, frame);
	return rc;
}

static uint32_t
count_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_HOLDS;
}

const struct leat_stage_ops leat_count_ops = {
	LEAT_STAGE_OPS_INIT("count"),
	.flags = LEAT_STAGE_BLIND,
	.summary = "how many records there were",
	.help = "A table of one row with the column count.\n"
		"\n"
		"    leat run 'read a.csv ! where \"delay > 60\" ! count'\n",
	.state_bytes = sizeof(struct count),
	.in_layouts = LEAT_LAYOUT_ITEMS | LEAT_LAYOUT_ROWS | LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.frame_bytes = COUNT_FRAME_BYTES},
	.negotiate = count_negotiate,
	.process = count_process,
	.finish = count_finish,
	.promises = count_promises,
};
