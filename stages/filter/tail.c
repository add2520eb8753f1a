/*
 * tail -- the last n rows.
 *
 * Keeps: the rows held are the last ones that came, n at most. One thread at a
 * time.
 */
#include <leat/stages.h>

#include "hold.h"

#define TAIL_DEFAULT 10u

struct tail {
	uint64_t n_max;
	size_t n_memory;
	struct leat__pack pack;
	struct leat__hold hold;
	size_t n_emitted;
	uint32_t is_ended;
};

static int
tail_init(struct leat_stage *st, const void *opts)
{
	const struct leat_tail_opts *o = opts;
	struct tail *s = leat_stage_state(st);

	s->n_max = o->n ? o->n : TAIL_DEFAULT;
	s->n_memory = o->memory_bytes ? (size_t)o->memory_bytes
				      : LEAT__HOLD_BYTES_DEFAULT;
	leat_stage_needs(st)->side_bytes =
		s->n_memory + leat__pack_side_bytes();
	return LEAT_OK;
}

static int
tail_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct tail *s = leat_stage_state(st);

	return leat__pack_negotiate(st, &s->pack, in, out);
}

static int
tail_open(struct leat_stage *st)
{
	struct tail *s = leat_stage_state(st);

	return leat__hold_open(st, &s->hold, s->n_memory);
}

/* 1: done with the row; 0: there was no room for it; or a code. */
static int
tail_put(struct leat_stage *st, struct tail *s, const struct leat_table *t,
	uint32_t row)
{
	struct leat__pack_buf buf = leat__hold_room(&s->hold);
	const uint8_t *packed = buf.at;
	int rc = LEAT_OK;

	if (!buf.is_over)
		rc = leat__pack_put(&s->pack, t, row, NULL, &buf);
	if (rc) {
		rc = leat__pack_reject(st, t, row);
		return rc ? rc : 1;
	}
	if (buf.is_over)
		return 0;
	leat__hold_push(&s->hold, packed, buf.at);
	if (s->hold.n > s->n_max) {
		s->hold.n--; /* the oldest is the last of the list */
		leat_stage_count(st, LEAT_COUNT_FILTERED, 1);
	}
	return 1;
}

static int
tail_put_again(struct leat_stage *st, struct tail *s,
	const struct leat_table *t, uint32_t row)
{
	int rc = leat__hold_compact(st, &s->hold);

	if (rc)
		return rc;
	leat__hold_turn(&s->hold);
	rc = tail_put(st, s, t, row);
	if (rc)
		return rc;
	return leat_stage_fail(st, LEAT_ELIMIT,
		"tail: a row does not fit into what memory=%zu has left; a "
		"greater N holds more",
		s->hold.n_memory);
}

static int
tail_process(struct leat_stage *st, struct leat_frame *in)
{
	struct tail *s = leat_stage_state(st);
	struct leat_table t;
	uint32_t k = 0;
	int rc;

	leat_table_open(in, &t);
	rc = leat__pack_enter(st, &s->pack, &t);
	if (t.n_rows > s->n_max) {
		k = t.n_rows - (uint32_t)s->n_max;
		leat_stage_count(st, LEAT_COUNT_FILTERED, k);
	}
	for (; rc >= 0 && k < t.n_rows; k++) {
		uint32_t row = leat_table_row(&t, k);

		rc = tail_put(st, s, &t, row);
		if (!rc)
			rc = tail_put_again(st, s, &t, row);
	}
	if (rc < 0)
		return rc;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
tail_finish(struct leat_stage *st)
{
	struct tail *s = leat_stage_state(st);

	if (!s->is_ended)
		leat__hold_turn(&s->hold);
	s->is_ended = 1;
	return leat__hold_emit(st, &s->hold, &s->pack, &s->n_emitted);
}

static void
tail_fini(struct leat_stage *st)
{
	struct tail *s = leat_stage_state(st);

	leat__pack_fini(st, &s->pack);
}

static uint32_t
tail_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_HOLDS;
}

static const struct leat_option tail_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_tail_opts, n),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10",
		.unit = "records",
		.help = "how many rows"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_tail_opts, memory_bytes),
		.min = LEAT__HOLD_BYTES_MIN,
		.max = INT64_C(1) << 40,
		.fallback = "64M",
		.unit = "bytes",
		.help = "most that the rows may take; more is an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_tail_ops = {
	LEAT_STAGE_OPS_INIT("tail"),
	.flags = LEAT_STAGE_REJECTS,
	.summary = "the last n rows",
	.help = "Holds n rows until the input ends; those before them count "
		"as\n"
		"filtered.\n"
		"\n"
		"    leat run 'read a.csv ! tail 20'\n",
	.state_bytes = sizeof(struct tail),
	.opts_bytes = sizeof(struct leat_tail_opts),
	.options = tail_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1},
	.init = tail_init,
	.negotiate = tail_negotiate,
	.open = tail_open,
	.process = tail_process,
	.finish = tail_finish,
	.fini = tail_fini,
	.promises = tail_promises,
};
