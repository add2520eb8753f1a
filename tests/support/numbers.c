/*
 * support/numbers.c -- test stages over numbered 8-byte items.
 */
#include "support/numbers.h"

#include <string.h>

#include "base/atomic.h"

#define ITEMS_IN .in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8

/* ---- source -------------------------------------------------------------------- */

struct numbers {
	uint64_t next;
	const struct numbers_opts *opts;
};

static const struct leat_option numbers_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct numbers_opts, n),
		.help = "how many"},
	{.name = "per_frame",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct numbers_opts, per_frame),
		.min = 1,
		.max = 512,
		.fallback = "7",
		.help = "in a frame"},
	{.name = NULL}};

static int
numbers_init(struct leat_stage *st, const void *opts)
{
	struct numbers *s = leat_stage_state(st);

	s->opts = opts;
	s->next = 1;
	return LEAT_OK;
}

static int
numbers_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

static int
numbers_produce(struct leat_stage *st)
{
	struct numbers *s = leat_stage_state(st);
	uint64_t per_frame = s->opts->per_frame ? s->opts->per_frame : 7;
	struct leat_frame *frame;
	uint64_t n = 0;
	int rc;

	if (s->opts->n && s->next > s->opts->n)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	while (n < per_frame && (!s->opts->n || s->next <= s->opts->n))
		((uint64_t *)(void *)frame->data)[n++] = s->next++;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = (uint32_t)n;
	frame->len_bytes = (uint32_t)n * 8;
	leat_stage_count(st, LEAT_COUNT_READ, n);
	return leat_stage_emit(st, 0, frame);
}

#define NUMBERS_OPS                                                            \
	.state_bytes = sizeof(struct numbers),                                 \
	.opts_bytes = sizeof(struct numbers_opts), .options = numbers_options, \
	.out_layout = LEAT_LAYOUT_ITEMS, .needs = {.frame_bytes = 4096},       \
	.init = numbers_init, .negotiate = numbers_negotiate,                  \
	.produce = numbers_produce

const struct leat_stage_ops numbers_ops = {
	LEAT_STAGE_OPS_INIT("numbers"), NUMBERS_OPS};

const struct leat_stage_ops numbers_blocking_ops = {
	LEAT_STAGE_OPS_INIT("numbers"), .flags = LEAT_STAGE_BLOCKING,
	NUMBERS_OPS};

static int
numbers_burst_init(struct leat_stage *st, const void *opts)
{
	leat_stage_needs(st)->burst = 3;
	return numbers_init(st, opts);
}

const struct leat_stage_ops numbers_burst_ops = {LEAT_STAGE_OPS_INIT("numbers"),
	.flags = LEAT_STAGE_BLOCKING, .state_bytes = sizeof(struct numbers),
	.opts_bytes = sizeof(struct numbers_opts), .options = numbers_options,
	.out_layout = LEAT_LAYOUT_ITEMS, .needs = {.frame_bytes = 4096},
	.init = numbers_burst_init, .negotiate = numbers_negotiate,
	.produce = numbers_produce};

/* ---- sink ---------------------------------------------------------------------- */

struct sink {
	const struct sink_opts *opts;
};

static int
sink_init(struct leat_stage *st, const void *opts)
{
	((struct sink *)leat_stage_state(st))->opts = opts;
	return LEAT_OK;
}

static void
sink_see(struct sink_seen *seen, uint64_t item)
{
	seen->n_back += item <= seen->last;
	seen->last = item;
	seen->sum += item;
	leat__bump(&seen->n, 1);
}

static int
sink_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct sink_opts *o = ((struct sink *)leat_stage_state(st))->opts;
	const uint64_t *items = (const uint64_t *)(const void *)in->data;
	uint32_t k;

	for (k = 0; k < in->n_items; k++) {
		if (o->enough && o->seen->n >= o->enough)
			break;
		if (o->fail_at && items[k] == o->fail_at) {
			leat_stage_count(st, LEAT_COUNT_WRITTEN, k);
			leat_stage_count(
				st, LEAT_COUNT_FAILED, in->n_items - k);
			return leat_stage_fail(st, LEAT_EIO,
				"item %llu cannot be written",
				(unsigned long long)items[k]);
		}
		sink_see(o->seen, items[k]);
	}
	o->seen->n_frames++;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, k);
	leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items - k);
	leat_stage_release(st, in);
	return o->enough && o->seen->n >= o->enough ? LEAT_EOS : LEAT_OK;
}

static int
sink_finish(struct leat_stage *st)
{
	((struct sink *)leat_stage_state(st))->opts->seen->is_finished = 1;
	return LEAT_OK;
}

#define SINK_OPS                                                               \
	.state_bytes = sizeof(struct sink),                                    \
	.opts_bytes = sizeof(struct sink_opts), ITEMS_IN, .init = sink_init,   \
	.process = sink_process, .finish = sink_finish

const struct leat_stage_ops sink_ops = {
	LEAT_STAGE_OPS_INIT("sink"), .flags = LEAT_STAGE_SINK, SINK_OPS};

const struct leat_stage_ops sink_blocking_ops = {LEAT_STAGE_OPS_INIT("sink"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING, SINK_OPS};

/* ---- filters ------------------------------------------------------------------- */

static void
add_item(void *item, void *state)
{
	(void)state;
	*(uint64_t *)item += 1;
}

const struct leat_stage_ops add_ops = {
	LEAT_STAGE_OPS_INIT("add"), .item_bytes = 8, .map_item = add_item};

static bool
odd_item(const void *item, void *state)
{
	(void)state;
	return *(const uint64_t *)item % 2 == 1;
}

const struct leat_stage_ops odd_ops = {
	LEAT_STAGE_OPS_INIT("odd"), .item_bytes = 8, .keep_item = odd_item};

static int
pass_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

const struct leat_stage_ops pass_ops = {
	LEAT_STAGE_OPS_INIT("pass"), .process = pass_process};

const struct leat_stage_ops union_ops = {
	LEAT_STAGE_OPS_INIT("union"), .n_ins = 2, .process = pass_process};

static int
deal_process(struct leat_stage *st, struct leat_frame *in)
{
	uint32_t *turn = leat_stage_state(st);

	*turn ^= 1;
	return leat_stage_emit(st, *turn, in);
}

const struct leat_stage_ops deal_ops = {LEAT_STAGE_OPS_INIT("deal"),
	.n_outs = 2, .state_bytes = sizeof(uint32_t), .process = deal_process};

static int
single_process(struct leat_stage *st, struct leat_frame *in)
{
	uint32_t *at = leat_stage_state(st);
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc < 0)
		return rc;
	memcpy(frame->data, in->data + (size_t)*at * 8, 8);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	rc = leat_stage_emit(st, 0, frame);
	if (rc < 0)
		return rc;
	if (++*at < in->n_items)
		return LEAT_MORE;
	*at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

const struct leat_stage_ops single_ops = {LEAT_STAGE_OPS_INIT("single"),
	ITEMS_IN, .state_bytes = sizeof(uint32_t),
	.needs = {.frame_bytes = 4096}, .out_layout = LEAT_LAYOUT_ITEMS,
	.process = single_process};

static int
hold_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_frame **held = leat_stage_state(st);
	int rc = *held ? leat_stage_emit(st, 0, *held) : LEAT_OK;

	if (rc == LEAT_OK)
		*held = in;
	return rc;
}

static int
hold_flush(struct leat_stage *st)
{
	return hold_process(st, NULL);
}

static void
hold_fini(struct leat_stage *st)
{
	struct leat_frame **held = leat_stage_state(st);

	leat_stage_release(st, *held);
	*held = NULL;
}

const struct leat_stage_ops hold_ops = {LEAT_STAGE_OPS_INIT("hold"), ITEMS_IN,
	.state_bytes = sizeof(struct leat_frame *), .needs = {.holds = 1},
	.process = hold_process, .flush = hold_flush, .fini = hold_fini};
