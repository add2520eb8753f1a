/*
 * unit/chan/channel.c -- the public channel: life, plain calls, ends. Its
 * credit is in credit.c, its spins in spin.c, Go's semantics in go.c.
 */
#include "unit/chan/one.h"

#include "support/stress.h"

static const uint32_t sizes[] = {1, 4, 8, 24, 4096};
static const uint32_t capacities[] = {1, 2, 3, 7, 64, 1000};

static void
setup_bytes(uint32_t flags, uint32_t capacity, uint64_t capacity_bytes)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .capacity = capacity,
		.capacity_bytes = capacity_bytes, .spin_ns = LEAT_SPIN_NONE};

	setup_frames(&opts);
}

static uint32_t
frames_out(void)
{
	struct leat_pool_stats stats;

	leat_pool_stats(pool, &stats);
	return stats.n_slots - stats.n_free;
}

/* ---- creation ------------------------------------------------------------- */

START_TEST(no_options_are_a_rendezvous_of_frames)
{
	struct leat_frame *frame;

	setup_by(NULL);
	ck_assert_int_eq(leat_channel_try_recv(ch, &frame), LEAT_EAGAIN);
	ck_assert_uint_eq(leat_channel_window(ch), 0);
	holds(0, 0);
	teardown();
	ck_assert_int_eq(leat_channel_create(NULL, NULL, &ch, NULL), LEAT_OK);
	leat_channel_destroy(ch);
	leat_channel_destroy(NULL);
}
END_TEST

struct refusal {
	struct leat_channel_opts opts;
	const char *text;
};

static const struct refusal refusals[] = {
	{{.flags = 8}, "flags 0x8"},
	{{.item_bytes = 4097}, "item_bytes 4097"},
	{{.item_bytes = 8, .capacity = (1u << 20) + 1}, "capacity 1048577"},
	{{.item_bytes = 8, .capacity = 1, .capacity_bytes = 1},
		"capacity_bytes"},
	{{.item_bytes = 8, .capacity = 2, .publish_items = 3},
		"publish_items 3"},
	{{.item_bytes = 8, .publish_items = 2}, "publish_items 2"},
	{{.item_bytes = 8, .capacity = 2, .flags = MS, .publish_items = 2},
		"publish_items 2"},
	{{.item_bytes = 8, .capacity = 2, .window_max = 3}, "window_max 3"},
	{{.item_bytes = 8, .capacity = 9, .window_min = 3, .window_max = 2},
		"window_min 3"},
	{{.item_bytes = 8, .capacity = 2, .window_min = 3}, "window_min 3"},
	{{.flags = GR}, "capacity 0"},
	{{.capacity_bytes = 1}, "capacity 0"},
	{{.window_delay_ns = 1}, "capacity 0"},
	{{.reserved = 1}, "reserved 1"},
};

START_TEST(a_refused_option_is_named)
{
	ch = NULL;
	for (size_t k = 0; k < leat__array_len(refusals); k++) {
		struct leat_channel_opts opts = refusals[k].opts;

		opts.size = sizeof(opts);
		ck_assert_int_eq(leat_channel_create(NULL, &opts, &ch, &err),
			LEAT_EINVAL);
		ck_assert_int_eq(err.code, LEAT_EINVAL);
		ck_assert_msg(strstr(err.text, refusals[k].text), "%s: %s",
			refusals[k].text, err.text);
		ck_assert_ptr_null(ch);
		ck_assert_int_eq(leat_channel_create(NULL, &opts, &ch, NULL),
			LEAT_EINVAL);
	}
}
END_TEST

START_TEST(shorter_and_longer_options_are_understood)
{
	struct {
		struct leat_channel_opts opts;
		uint64_t beyond;
	} longer = {{.size = sizeof(longer),
			    .item_bytes = 8,
			    .capacity = 5,
			    .publish_items = 9},
		0};

	/* all after capacity is unknown to it, and default */
	longer.opts.size = offsetof(struct leat_channel_opts, capacity_bytes);
	setup_by(&longer.opts);
	holds(5, 0);
	teardown();
	longer.opts.size = sizeof(longer);
	longer.opts.publish_items = 0;
	setup_by(&longer.opts);
	teardown();
	longer.beyond = 1;
	ck_assert_int_eq(leat_channel_create(NULL, &longer.opts, &ch, &err),
		LEAT_ENOTSUP);
	longer.opts.size = 4;
	ck_assert_int_eq(leat_channel_create(NULL, &longer.opts, &ch, &err),
		LEAT_EINVAL);
}
END_TEST

START_TEST(without_memory_there_is_no_channel_and_nothing_is_left)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 24, .capacity = 77};

	chan_world_init(&world);
	for (uint64_t k = 1; k <= 2; k++) {
		world.fail.alloc_fail_at = world.fail.alloc_n + k;
		ck_assert_int_eq(
			leat_channel_create(world.ctx, &opts, &ch, &err),
			LEAT_ENOMEM);
		ck_assert(strstr(err.text, "channel"));
	}
	world.fail.alloc_fail_at = 0;
	chan_world_fini(&world);
}
END_TEST

/* ---- items in, items out --------------------------------------------------- */

static void
fill(unsigned char *item, uint32_t n_bytes, uint32_t k)
{
	for (uint32_t b = 0; b < n_bytes; b++)
		item[b] = (unsigned char)(k * 31 + b * 7);
}

/* Fill it up, take all, in turns that move along the ring. */
static void
pass_through(uint32_t item_bytes, uint32_t capacity)
{
	unsigned char item[4096], got[4096];
	uint32_t n_in = 0, n_out = 0;

	for (uint32_t turn = 0; turn < 3; turn++) {
		while (n_in - n_out < capacity) {
			fill(item, item_bytes, n_in++);
			must(leat_channel_try_send(ch, item) == LEAT_OK);
		}
		ck_assert_int_eq(leat_channel_try_send(ch, item), LEAT_EAGAIN);
		holds(0, capacity);
		for (uint32_t n = capacity - turn % capacity; n > 0; n--) {
			fill(item, item_bytes, n_out++);
			must(leat_channel_try_recv(ch, got) == LEAT_OK);
			must(memcmp(got, item, item_bytes) == 0);
		}
		holds(capacity - (n_in - n_out), n_in - n_out);
	}
}

START_TEST(items_of_every_size_pass_every_kind_in_order)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t s = 0; s < leat__array_len(sizes); s++)
			for (size_t c = 0; c < leat__array_len(capacities);
				c++) {
				setup(kinds[k], sizes[s], capacities[c]);
				ck_assert_uint_eq(
					leat_channel_window(ch), capacities[c]);
				pass_through(sizes[s], capacities[c]);
				teardown();
			}
}
END_TEST

START_TEST(the_greatest_capacity_is_2_to_the_20)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 4, LEAT_CHANNEL_CAPACITY_MAX);
		pass_through(4, LEAT_CHANNEL_CAPACITY_MAX);
		teardown();
	}
}
END_TEST

START_TEST(receiving_from_an_empty_channel_says_again)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 8, 2);
		ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
		send_number(1);
		recv_number(1);
		ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
		teardown();
	}
}
END_TEST

START_TEST(a_send_waits_for_credit_and_a_receive_for_an_item)
{
	static const uint32_t few[] = {0, 1, 2, 64};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct chan_call call;
			uint64_t got = 0;

			setup(kinds[k], 8, few[c]);
			chan_recv_begin(&world, &call, ch);
			chan_world_await_parks(&world, 1);
			ck_assert(!chan_call_is_done(&call));
			send_number(7);
			ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
			ck_assert_uint_eq(call.item, 7);
			for (uint32_t n = 0; n < few[c]; n++)
				send_number(n);
			chan_send_begin(&world, &call, ch, few[c]);
			chan_world_await_parks(&world, 2);
			ck_assert(!chan_call_is_done(&call));
			for (uint32_t n = 0; n <= few[c]; n++) {
				ck_assert_int_eq(
					leat_channel_recv(ch, &got), LEAT_OK);
				ck_assert_uint_eq(got, n);
			}
			ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
			teardown();
		}
}
END_TEST

START_TEST(each_of_several_waiters_gets_one)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		struct chan_call calls[4];
		uint64_t sum = 0;

		setup(MS | MR, 8, few[c]);
		for (uint32_t k = 0; k < 4; k++)
			chan_recv_begin(&world, &calls[k], ch);
		chan_world_await_parks(&world, 4);
		for (uint64_t n = 1; n <= 4; n++)
			ck_assert_int_eq(leat_channel_send(ch, &n), LEAT_OK);
		for (uint32_t k = 0; k < 4; k++) {
			ck_assert_int_eq(chan_call_end(&calls[k]), LEAT_OK);
			sum += calls[k].item;
		}
		ck_assert_uint_eq(sum, 1 + 2 + 3 + 4);
		teardown();
	}
}
END_TEST

/* ---- several at once ------------------------------------------------------- */

START_TEST(a_burst_sends_what_there_is_credit_for)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(capacities); c++) {
			uint32_t n = capacities[c];
			uint64_t items[2000], got[2000];

			setup(kinds[k], 8, n);
			for (uint32_t at = 0; at < 2 * n; at++)
				items[at] = at;
			/* not from the start of the ring */
			send_number(99);
			recv_number(99);
			ck_assert_int_eq(
				leat_channel_recv_burst(ch, got, 5), 0);
			ck_assert_int_eq(
				leat_channel_send_burst(ch, items, 2 * n), n);
			ck_assert_int_eq(
				leat_channel_send_burst(ch, items, 1), 0);
			holds(0, n);
			ck_assert_int_eq(
				leat_channel_recv_burst(ch, got, 1), 1);
			ck_assert_int_eq(
				leat_channel_recv_burst(ch, got + 1, 2 * n),
				n - 1);
			ck_assert_mem_eq(got, items, n * sizeof(items[0]));
			holds(n, 0);
			teardown();
		}
}
END_TEST

START_TEST(a_burst_of_none_does_nothing_even_after_the_end)
{
	uint64_t item = 0;

	setup(0, 8, 1);
	leat_channel_close_send(ch);
	ck_assert_int_eq(leat_channel_send_burst(ch, &item, 0), 0);
	ck_assert_int_eq(leat_channel_recv_burst(ch, &item, 0), 0);
	ck_assert_int_eq(leat_channel_send_burst(ch, &item, 1), LEAT_ECLOSED);
	ck_assert_int_eq(leat_channel_recv_burst(ch, &item, 1), LEAT_EOS);
	teardown();
}
END_TEST

START_TEST(a_burst_over_a_rendezvous_meets_one_partner)
{
	struct chan_call call;
	uint64_t items[2] = {5, 6};

	setup(0, 8, 0);
	ck_assert_int_eq(leat_channel_send_burst(ch, items, 2), 0);
	chan_recv_begin(&world, &call, ch);
	chan_world_await_parks(&world, 1);
	ck_assert_int_eq(leat_channel_send_burst(ch, items, 2), 1);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(call.item, 5);
	chan_send_begin(&world, &call, ch, 8);
	chan_world_await_parks(&world, 2);
	ck_assert_int_eq(leat_channel_recv_burst(ch, items, 2), 1);
	ck_assert_uint_eq(items[0], 8);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	teardown();
}
END_TEST

#define N_BULK 500u

struct bulk {
	struct leat__thread thread;
	uint64_t items[N_BULK];
	uint32_t n_sent;
	int rc;
};

static void
bulk_main(void *arg)
{
	struct bulk *bulk = arg;

	bulk->rc = leat_channel_send_bulk(
		ch, bulk->items, N_BULK, world.ctx, LEAT_NEVER, &bulk->n_sent);
	leat_channel_close_send(ch);
}

START_TEST(a_bulk_waits_until_all_have_gone_and_come)
{
	static const uint32_t few[] = {0, 1, 3, 64, 1000};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct bulk bulk = {
				.thread = {.fn = bulk_main, .arg = &bulk}};
			uint64_t got[N_BULK];
			uint32_t n = 0;

			setup(kinds[k], 8, few[c]);
			for (uint32_t at = 0; at < N_BULK; at++)
				bulk.items[at] = at;
			world.fail.env.thread_start(
				&world.fail.env, &bulk.thread);
			ck_assert_int_eq(
				leat_channel_recv_bulk(ch, got, N_BULK - 1,
					NULL, LEAT_NEVER, &n),
				LEAT_OK);
			ck_assert_uint_eq(n, N_BULK - 1);
			ck_assert_int_eq(leat_channel_recv_bulk(ch, got + n, 9,
						 NULL, LEAT_NEVER, &n),
				LEAT_EOS);
			ck_assert_uint_eq(n, 1);
			world.fail.env.thread_join(
				&world.fail.env, &bulk.thread);
			ck_assert_int_eq(bulk.rc, LEAT_OK);
			ck_assert_uint_eq(bulk.n_sent, N_BULK);
			ck_assert_mem_eq(got, bulk.items, sizeof(got));
			teardown();
		}
}
END_TEST

START_TEST(a_bulk_that_is_cut_short_says_how_many)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		uint64_t items[5] = {1, 2, 3, 4, 5}, got[5];
		uint32_t n = 99;

		setup(kinds[k], 8, 3);
		ck_assert_int_eq(
			leat_channel_send_bulk(ch, items, 5, NULL, 0, &n),
			LEAT_ETIMEDOUT);
		ck_assert_uint_eq(n, 3);
		ck_assert_int_eq(
			leat_channel_recv_bulk(ch, got, 5, NULL, 0, &n),
			LEAT_ETIMEDOUT);
		ck_assert_uint_eq(n, 3);
		ck_assert_mem_eq(got, items, 3 * sizeof(items[0]));
		ck_assert_int_eq(
			leat_channel_send_bulk(ch, items, 0, NULL, 0, NULL),
			LEAT_OK);
		leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
		ck_assert_int_eq(
			leat_channel_send_bulk(ch, items, 5, NULL, 0, &n),
			LEAT_ECANCELED);
		ck_assert_uint_eq(n, 0);
		teardown();
	}
}
END_TEST

/* ---- in place ---------------------------------------------------------------- */

START_TEST(what_was_reserved_is_sent_by_the_commit)
{
	void *items = NULL;
	uint64_t *at;

	setup(0, 8, 4);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 9, &items), 4);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 3, &items), 3);
	at = items;
	at[0] = 10;
	at[1] = 11;
	ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
	leat_channel_send_commit(ch, items, 2);
	holds(2, 2);
	recv_number(10);
	recv_number(11);
	/* nothing but up to the end of the ring */
	ck_assert_int_eq(leat_channel_send_reserve(ch, 9, &items), 2);
	leat_channel_send_commit(ch, items, 0);
	holds(4, 0);
	for (uint64_t n = 0; n < 4; n++)
		send_number(n);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 9, &items), 0);
	leat_channel_close_recv(ch);
	ck_assert_int_eq(
		leat_channel_send_reserve(ch, 9, &items), LEAT_ECLOSED);
	teardown();
}
END_TEST

START_TEST(of_many_senders_each_reserves_one_at_a_time)
{
	void *first = NULL, *second = NULL;
	uint64_t n = 1;

	setup(MS, 8, 2);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 0, &first), 0);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 9, &first), 1);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 9, &second), 1);
	ck_assert_int_eq(try_send(), LEAT_EAGAIN);
	memcpy(second, &n, sizeof(n));
	leat_channel_send_commit(ch, second, 1);
	/* the one before it is not there yet */
	ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
	n = 0;
	memcpy(first, &n, sizeof(n));
	leat_channel_send_commit(ch, first, 1);
	recv_number(0);
	recv_number(1);
	leat_channel_close_send(ch);
	ck_assert_int_eq(
		leat_channel_send_reserve(ch, 1, &first), LEAT_ECLOSED);
	teardown();
}
END_TEST

START_TEST(a_commit_wakes_the_receiver)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct chan_call call;
		void *item = NULL;

		setup(kinds[k], 8, 100);
		chan_recv_begin(&world, &call, ch);
		chan_world_await_parks(&world, 1);
		ck_assert_int_eq(leat_channel_send_reserve(ch, 1, &item), 1);
		memcpy(item, &(uint64_t){3}, sizeof(uint64_t));
		leat_channel_send_commit(ch, item, 1);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(call.item, 3);
		teardown();
	}
}
END_TEST

START_TEST(peeking_takes_nothing_and_consuming_gives_credit)
{
	const void *items = NULL;
	uint64_t at[3];

	setup(0, 8, 4);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 9, &items), 0);
	for (uint64_t n = 0; n < 4; n++)
		send_number(n);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 9, &items), 4);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 3, &items), 3);
	memcpy(at, items, sizeof(at));
	ck_assert_uint_eq(at[2], 2);
	holds(0, 4);
	leat_channel_recv_consume(ch, 3);
	holds(3, 1);
	send_number(4);
	/* only up to the end of the ring */
	ck_assert_int_eq(leat_channel_recv_peek(ch, 9, &items), 1);
	leat_channel_recv_consume(ch, 1);
	leat_channel_close_send(ch);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 9, &items), 1);
	memcpy(at, items, sizeof(at[0]));
	ck_assert_uint_eq(at[0], 4);
	leat_channel_recv_consume(ch, 1);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 9, &items), LEAT_EOS);
	leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 9, &items), LEAT_ECANCELED);
	teardown();
}
END_TEST

START_TEST(consuming_wakes_the_sender)
{
	struct chan_call call;
	const void *items;

	setup(0, 8, 1);
	send_number(0);
	chan_send_begin(&world, &call, ch, 1);
	chan_world_await_parks(&world, 1);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 1, &items), 1);
	ck_assert(!chan_call_is_done(&call));
	leat_channel_recv_consume(ch, 1);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	recv_number(1);
	teardown();
}
END_TEST

START_TEST(in_place_is_not_for_a_rendezvous_nor_peeking_for_many)
{
	const void *items;
	void *room;

	setup(0, 8, 0);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 1, &room), LEAT_ENOTSUP);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 1, &items), LEAT_ENOTSUP);
	teardown();
	setup(MR, 8, 4);
	ck_assert_int_eq(leat_channel_recv_peek(ch, 1, &items), LEAT_ENOTSUP);
	teardown();
}
END_TEST

/* ---- closes ---------------------------------------------------------------- */

START_TEST(what_was_sent_before_the_close_arrives)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 8, 4);
		send_number(1);
		send_number(2);
		leat_channel_close_send(ch);
		ck_assert_int_eq(try_send(), LEAT_ECLOSED);
		recv_number(1);
		recv_number(2);
		ck_assert_int_eq(try_recv(), LEAT_EOS);
		ck_assert_int_eq(try_recv(), LEAT_EOS);
		teardown();
	}
}
END_TEST

START_TEST(the_last_sender_ends_the_stream)
{
	static const uint32_t few[] = {0, 2};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		struct leat_channel_opts opts = {
			LEAT_OPTS_INIT(leat_channel_opts), .flags = MS,
			.item_bytes = 8, .capacity = few[c], .n_senders = 2};

		setup_by(&opts);
		leat_channel_close_send(ch);
		ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
		ck_assert_int_eq(leat_channel_add_senders(ch, 2), LEAT_OK);
		leat_channel_close_send(ch);
		leat_channel_close_send(ch);
		ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
		leat_channel_close_send(ch);
		ck_assert_int_eq(try_recv(), LEAT_EOS);
		ck_assert_int_eq(leat_channel_add_senders(ch, 1), LEAT_ECLOSED);
		teardown();
	}
}
END_TEST

START_TEST(the_last_receiver_closes_for_all_senders)
{
	static const uint32_t few[] = {0, 2};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		struct leat_channel_opts opts = {
			LEAT_OPTS_INIT(leat_channel_opts), .flags = MR,
			.item_bytes = 8, .capacity = few[c], .n_receivers = 2};

		setup_by(&opts);
		leat_channel_close_recv(ch);
		ck_assert_int_eq(try_send(), few[c] ? LEAT_OK : LEAT_EAGAIN);
		leat_channel_close_recv(ch);
		ck_assert_int_eq(try_send(), LEAT_ECLOSED);
		ck_assert_int_eq(try_recv(), LEAT_EOS);
		teardown();
	}
}
END_TEST

START_TEST(a_close_by_receivers_releases_queued_frames)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_bytes(kinds[k], 4, 0);
		for (uint32_t n = 0; n < 4; n++)
			ck_assert_int_eq(send_frame(n), LEAT_OK);
		recv_frame(0);
		ck_assert_uint_eq(frames_out(), 3);
		leat_channel_close_recv(ch);
		ck_assert_uint_eq(frames_out(), 0);
		ck_assert_int_eq(send_frame(1), LEAT_ECLOSED);
		teardown_frames();
	}
}
END_TEST

START_TEST(destroying_releases_queued_frames)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_bytes(kinds[k], 4, 1000);
		ck_assert_int_eq(send_frame(1), LEAT_OK);
		ck_assert_int_eq(send_frame(2), LEAT_OK);
		leat_channel_close_send(ch);
		ck_assert_uint_eq(frames_out(), 2);
		teardown_frames();
	}
}
END_TEST

START_TEST(frames_that_are_held_back_are_released_too)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.capacity = 4, .publish_items = 3};

	setup_frames(&opts);
	ck_assert_int_eq(send_frame(1), LEAT_OK);
	ck_assert_uint_eq(frames_out(), 1);
	teardown_frames();
}
END_TEST

START_TEST(a_frame_that_was_not_sent_stays_the_callers)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct leat_frame *frame;

		setup_bytes(kinds[k], 1, 0);
		ck_assert_int_eq(send_frame(1), LEAT_OK);
		frame = frame_of(9);
		ck_assert_int_eq(leat_channel_send_until(ch, &frame, NULL, 0),
			LEAT_ETIMEDOUT);
		leat_channel_close_recv(ch);
		ck_assert_int_eq(leat_channel_send(ch, &frame), LEAT_ECLOSED);
		ck_assert(leat_frame_is_sole(frame));
		ck_assert_uint_eq(frame->len_bytes, 9);
		leat_frame_release(frame);
		teardown_frames();
	}
}
END_TEST

/* A close or a cancel, while four wait at that end. */
static void
end_waits(bool is_send, uint32_t flags, uint32_t capacity,
	void (*end)(struct leat_channel *), int rc)
{
	struct chan_call calls[4];
	uint32_t n = flags ? 4 : 1;

	setup(flags, 8, capacity);
	for (uint32_t k = 0; k < capacity && is_send; k++)
		send_number(k);
	for (uint32_t k = 0; k < n; k++) {
		if (is_send)
			chan_send_begin(&world, &calls[k], ch, k);
		else
			chan_recv_begin(&world, &calls[k], ch);
	}
	chan_world_await_parks(&world, n);
	if (end)
		end(ch);
	else
		leat_ctx_cancel(world.ctx, LEAT_EIO, "pulled");
	for (uint32_t k = 0; k < n; k++)
		ck_assert_int_eq(chan_call_end(&calls[k]), rc);
	teardown();
}

START_TEST(a_close_ends_all_waits_of_the_other_end)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		end_waits(false, MR, few[c], leat_channel_close_send, LEAT_EOS);
		end_waits(false, 0, few[c], leat_channel_close_send, LEAT_EOS);
		end_waits(true, MS, few[c], leat_channel_close_recv,
			LEAT_ECLOSED);
		end_waits(
			true, 0, few[c], leat_channel_close_recv, LEAT_ECLOSED);
	}
}
END_TEST

START_TEST(a_close_of_their_own_end_ends_waits_too)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		end_waits(true, MS, few[c], leat_channel_close_send,
			LEAT_ECLOSED);
		end_waits(false, MR, few[c], leat_channel_close_recv, LEAT_EOS);
	}
}
END_TEST

/* ---- contexts and deadlines -------------------------------------------------- */

START_TEST(the_end_of_the_channels_context_ends_all_waits)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t c = 0; c < leat__array_len(few); c++)
		for (int is_send = 0; is_send < 2; is_send++) {
			end_waits(is_send, 0, few[c], NULL, LEAT_ECANCELED);
			end_waits(
				is_send, MS | MR, few[c], NULL, LEAT_ECANCELED);
		}
}
END_TEST

START_TEST(after_its_context_ended_every_call_fails_at_once)
{
	static const uint32_t few[] = {0, 4};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			uint64_t item = 0;
			void *room;

			setup(kinds[k], 8, few[c]);
			if (few[c])
				send_number(1);
			leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
			ck_assert_int_eq(try_send(), LEAT_ECANCELED);
			ck_assert_int_eq(try_recv(), LEAT_ECANCELED);
			ck_assert_int_eq(
				leat_channel_send(ch, &item), LEAT_ECANCELED);
			ck_assert_int_eq(
				leat_channel_recv(ch, &item), LEAT_ECANCELED);
			ck_assert_int_eq(leat_channel_send_burst(ch, &item, 1),
				LEAT_ECANCELED);
			ck_assert_int_eq(leat_channel_recv_burst(ch, &item, 1),
				LEAT_ECANCELED);
			ck_assert_int_eq(
				leat_channel_send_reserve(ch, 1, &room),
				few[c] ? LEAT_ECANCELED : LEAT_ENOTSUP);
			teardown();
		}
}
END_TEST

START_TEST(a_channel_below_an_ended_context_has_ended)
{
	chan_world_init(&world);
	leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
	ch = chan_world_open(&world, 0, 8, 4);
	ck_assert_int_eq(try_send(), LEAT_ECANCELED);
	teardown();
}
END_TEST

START_TEST(a_calls_own_context_ends_that_call_alone)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct chan_call call = {.deadline_ns = LEAT_NEVER};
			struct leat_ctx *own;
			uint64_t item = 0;

			setup(kinds[k], 8, few[c]);
			ck_assert_int_eq(leat_ctx_child(world.ctx, LEAT_NEVER,
						 &own, NULL),
				LEAT_OK);
			call.ch = ch;
			call.ctx = own;
			chan_call_begin(&world, &call);
			chan_world_await_parks(&world, 1);
			leat_ctx_cancel(own, LEAT_EDATA, NULL);
			ck_assert_int_eq(chan_call_end(&call), LEAT_ECANCELED);
			ck_assert_int_eq(leat_channel_send_until(
						 ch, &item, own, LEAT_NEVER),
				LEAT_ECANCELED);
			ck_assert_int_eq(leat_channel_recv_until(
						 ch, &item, own, LEAT_NEVER),
				LEAT_ECANCELED);
			ck_assert_int_eq(
				try_send(), few[c] ? LEAT_OK : LEAT_EAGAIN);
			leat_ctx_destroy(own);
			teardown();
		}
}
END_TEST

START_TEST(a_deadline_that_passes_ends_the_wait)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			int64_t soon_ns = leat_now_ns() + 500000;
			uint64_t item = 0;

			setup(kinds[k], 8, few[c]);
			ck_assert_int_eq(leat_channel_recv_until(
						 ch, &item, world.ctx, soon_ns),
				LEAT_ETIMEDOUT);
			ck_assert_int_ge(leat_now_ns(), soon_ns);
			for (uint32_t n = 0; n < few[c]; n++)
				send_number(n);
			ck_assert_int_eq(leat_channel_send_until(
						 ch, &item, NULL, soon_ns),
				LEAT_ETIMEDOUT);
			teardown();
		}
}
END_TEST

START_TEST(what_needs_no_wait_is_done_after_the_deadline_too)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		uint64_t item = 5;

		setup(kinds[k], 8, 1);
		ck_assert_int_eq(
			leat_channel_send_until(ch, &item, NULL, 0), LEAT_OK);
		item = 0;
		ck_assert_int_eq(
			leat_channel_recv_until(ch, &item, NULL, 0), LEAT_OK);
		ck_assert_uint_eq(item, 5);
		teardown();
	}
}
END_TEST

TEST_MAIN("chan/channel", no_options_are_a_rendezvous_of_frames,
	a_refused_option_is_named, shorter_and_longer_options_are_understood,
	without_memory_there_is_no_channel_and_nothing_is_left,
	items_of_every_size_pass_every_kind_in_order,
	the_greatest_capacity_is_2_to_the_20,
	receiving_from_an_empty_channel_says_again,
	a_send_waits_for_credit_and_a_receive_for_an_item,
	each_of_several_waiters_gets_one,
	a_burst_sends_what_there_is_credit_for,
	a_burst_of_none_does_nothing_even_after_the_end,
	a_burst_over_a_rendezvous_meets_one_partner,
	a_bulk_waits_until_all_have_gone_and_come,
	a_bulk_that_is_cut_short_says_how_many,
	what_was_reserved_is_sent_by_the_commit,
	of_many_senders_each_reserves_one_at_a_time,
	a_commit_wakes_the_receiver,
	peeking_takes_nothing_and_consuming_gives_credit,
	consuming_wakes_the_sender,
	in_place_is_not_for_a_rendezvous_nor_peeking_for_many,
	what_was_sent_before_the_close_arrives, the_last_sender_ends_the_stream,
	the_last_receiver_closes_for_all_senders,
	a_close_by_receivers_releases_queued_frames,
	destroying_releases_queued_frames,
	frames_that_are_held_back_are_released_too,
	a_frame_that_was_not_sent_stays_the_callers,
	a_close_ends_all_waits_of_the_other_end,
	a_close_of_their_own_end_ends_waits_too,
	the_end_of_the_channels_context_ends_all_waits,
	after_its_context_ended_every_call_fails_at_once,
	a_channel_below_an_ended_context_has_ended,
	a_calls_own_context_ends_that_call_alone,
	a_deadline_that_passes_ends_the_wait,
	what_needs_no_wait_is_done_after_the_deadline_too)
