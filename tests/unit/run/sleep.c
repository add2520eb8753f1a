/*
 * unit/run/sleep.c -- stages that wait at channels: an application's threads
 * feed a graph and take what comes out of it.
 */
#include "support/test.h"

#include <leat/leat.h>

#include "chan/channel.h"
#include "support/numbers.h"

#define N_ITEMS 2000u
#define MS      1000000

/* ---- stages ---------------------------------------------------------------------- */

struct end_opts {
	uint32_t size;
	uint32_t flags;
	struct leat_channel *ch;
	int64_t wait_ns; /* 0 = for as long as it takes */
	int *rc_out;     /* NULL, or of the last wait */
};

struct end {
	const struct end_opts *opts;
};

static int
end_init(struct leat_stage *st, const void *opts)
{
	((struct end *)leat_stage_state(st))->opts = opts;
	return LEAT_OK;
}

static const struct end_opts *
end_opts(struct leat_stage *st)
{
	return ((struct end *)leat_stage_state(st))->opts;
}

static int
end_select(struct leat_stage *st, uint32_t op, uint64_t *item)
{
	const struct end_opts *o = end_opts(st);
	struct leat_select_case c = {.channel = o->ch, .item = item, .op = op};
	int64_t until_ns = o->wait_ns ? leat_now_ns() + o->wait_ns : LEAT_NEVER;
	uint32_t index;
	int rc = leat_stage_select(st, &c, 1, until_ns, &index);

	if (o->rc_out)
		*o->rc_out = rc;
	return rc == LEAT_OK ? c.result : rc;
}

/* What has come, as soon as something has. */
static int
take_produce(struct leat_stage *st)
{
	struct leat_frame *frame;
	uint64_t *items;
	int n, rc;

	LEAT_TRY(leat_stage_acquire(st, &frame));
	items = (void *)frame->data;
	rc = end_select(st, LEAT_SELECT_RECV, items);
	if (rc != LEAT_OK) {
		leat_stage_release(st, frame);
		return rc;
	}
	n = leat_channel_recv_burst(end_opts(st)->ch, items + 1, 31);
	n = n > 0 ? n + 1 : 1;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = (uint32_t)n;
	frame->len_bytes = (uint32_t)n * 8;
	leat_stage_count(st, LEAT_COUNT_READ, (uint64_t)n);
	return leat_stage_emit(st, 0, frame);
}

static int
give_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++) {
		int rc = end_select(st, LEAT_SELECT_SEND, &items[k]);

		if (rc == LEAT_OK)
			continue;
		leat_stage_count(st, LEAT_COUNT_WRITTEN, k);
		leat_stage_count(st, LEAT_COUNT_FAILED, in->n_items - k);
		return rc == LEAT_ECLOSED
			? leat_stage_fail(st, LEAT_EIO, "nobody takes it")
			: rc;
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
take_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

#define END_OPS                                                                \
	.state_bytes = sizeof(struct end), .init = end_init,                   \
	.opts_bytes = sizeof(struct end_opts), .options = end_options

static const struct leat_option end_options[] = {{.name = NULL}};

static const struct leat_stage_ops take_ops = {LEAT_STAGE_OPS_INIT("take"),
	.flags = LEAT_STAGE_BLOCKING, END_OPS, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096}, .negotiate = take_negotiate,
	.produce = take_produce};

static const struct leat_stage_ops take_quickly_ops = {
	LEAT_STAGE_OPS_INIT("take"), END_OPS, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096}, .negotiate = take_negotiate,
	.produce = take_produce};

static const struct leat_stage_ops give_ops = {LEAT_STAGE_OPS_INIT("give"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING, END_OPS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,
	.process = give_process};

/* ---- a graph between two channels -------------------------------------------------- */

struct between {
	struct leat_channel *to;
	struct leat_channel *from;
	struct leat_graph *graph;
	int taken_rc;
	int given_rc;
	struct leat_error err;
};

static struct leat_channel *
channel(void)
{
	const struct leat_channel_opts opts = {
		LEAT_OPTS_INIT(leat_channel_opts), .item_bytes = 8,
		.capacity = 4};
	struct leat_channel *ch = NULL;

	ck_assert_int_eq(leat_channel_create(NULL, &opts, &ch, NULL), LEAT_OK);
	return ch;
}

static void
setup(struct between *b, const struct leat_stage_ops *take, int64_t wait_ns)
{
	*b = (struct between){.to = channel(), .from = channel()};
	struct end_opts to = {LEAT_OPTS_INIT(end_opts), .ch = b->to,
		.wait_ns = wait_ns, .rc_out = &b->taken_rc};
	struct end_opts from = {LEAT_OPTS_INIT(end_opts), .ch = b->from,
		.rc_out = &b->given_rc};
	const struct leat_step steps[] = {
		{take, &to}, {&add_ops, NULL}, {&give_ops, &from}};

	ck_assert_int_eq(leat_graph_create(NULL, &b->graph, &b->err), LEAT_OK);
	ck_assert_msg(
		leat_graph_chain(b->graph, steps, 3, &b->err) == LEAT_OK &&
			leat_graph_start(b->graph, &b->err) == LEAT_OK,
		"%s", b->err.text);
}

static int
wait_for(struct between *b)
{
	return leat_graph_wait(b->graph, LEAT_NEVER, &b->err);
}

static void
teardown(struct between *b)
{
	leat_graph_destroy(b->graph);
	leat_channel_destroy(b->to);
	leat_channel_destroy(b->from);
}

static void
feed(void *arg)
{
	struct between *b = arg;

	for (uint64_t k = 1; k <= N_ITEMS; k++)
		ck_assert_int_eq(leat_channel_send(b->to, &k), LEAT_OK);
	leat_channel_close_send(b->to);
}

static void
start(struct leat__thread *thread, struct between *b)
{
	const struct leat__env *env = leat__env_posix();

	*thread = (struct leat__thread){.fn = feed, .arg = b, .name = "feed"};
	ck_assert_int_eq(env->thread_start(env, thread), 0);
}

static void
join(struct leat__thread *thread)
{
	const struct leat__env *env = leat__env_posix();

	env->thread_join(env, thread);
}

START_TEST(what_threads_feed_comes_out_in_order)
{
	struct leat__thread feeder;
	struct between b;

	setup(&b, &take_ops, 0);
	start(&feeder, &b);
	for (uint64_t k = 1; k <= N_ITEMS; k++) {
		uint64_t item = 0;

		ck_assert_int_eq(leat_channel_recv(b.from, &item), LEAT_OK);
		ck_assert_uint_eq(item, k + 1);
	}
	join(&feeder);
	ck_assert_msg(wait_for(&b) == LEAT_OK, "%s", b.err.text);
	teardown(&b);
}
END_TEST

static void
await(const struct leat__side *side)
{
	while (!leat__load_relaxed(&side->waiting))
		leat__env_posix()->yield(leat__env_posix());
}

/* Its wait would last for ever. */
START_TEST(a_drain_ends_a_sources_wait)
{
	struct between b;
	uint64_t item = 7;

	setup(&b, &take_ops, 0);
	ck_assert_int_eq(leat_channel_send(b.to, &item), LEAT_OK);
	ck_assert_int_eq(leat_channel_recv(b.from, &item), LEAT_OK);
	await(&b.to->receivers);
	leat_graph_drain(b.graph);
	ck_assert_msg(wait_for(&b) == LEAT_OK, "%s", b.err.text);
	ck_assert_int_eq(b.taken_rc, LEAT_EOS);
	ck_assert_uint_eq(item, 8);
	teardown(&b);
}
END_TEST

START_TEST(a_cancel_ends_the_waits_of_all)
{
	struct between b;

	setup(&b, &take_ops, 0);
	/* nobody takes */
	for (uint64_t k = 1; k <= 5; k++)
		ck_assert_int_eq(leat_channel_send(b.to, &k), LEAT_OK);
	await(&b.from->senders);
	await(&b.to->receivers);
	leat_graph_cancel(b.graph);
	ck_assert_int_eq(wait_for(&b), LEAT_ECANCELED);
	ck_assert_int_eq(b.given_rc, LEAT_ECANCELED);
	ck_assert_int_eq(b.taken_rc, LEAT_ECANCELED);
	teardown(&b);
}
END_TEST

START_TEST(a_receiver_that_closes_is_told_to_the_sink)
{
	struct between b;
	uint64_t item = 1;

	setup(&b, &take_ops, 0);
	leat_channel_close_recv(b.from);
	ck_assert_int_eq(leat_channel_send(b.to, &item), LEAT_OK);
	ck_assert_int_eq(wait_for(&b), LEAT_EIO);
	ck_assert_str_eq(b.err.text, "nobody takes it");
	teardown(&b);
}
END_TEST

START_TEST(a_wait_has_a_moment_at_which_it_ends)
{
	struct between b;

	setup(&b, &take_ops, MS);
	ck_assert_int_eq(wait_for(&b), LEAT_ETIMEDOUT);
	ck_assert_int_eq(b.taken_rc, LEAT_ETIMEDOUT);
	teardown(&b);
}
END_TEST

START_TEST(who_has_no_thread_of_its_own_does_not_wait)
{
	struct between b;

	setup(&b, &take_quickly_ops, 0);
	ck_assert_int_eq(wait_for(&b), LEAT_EBUG);
	ck_assert_ptr_nonnull(strstr(b.err.text, "LEAT_STAGE_BLOCKING"));
	teardown(&b);
}
END_TEST

TEST_MAIN("run/sleep", what_threads_feed_comes_out_in_order,
	a_drain_ends_a_sources_wait, a_cancel_ends_the_waits_of_all,
	a_receiver_that_closes_is_told_to_the_sink,
	a_wait_has_a_moment_at_which_it_ends,
	who_has_no_thread_of_its_own_does_not_wait)
