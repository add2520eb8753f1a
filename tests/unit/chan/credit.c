/*
 * unit/chan/credit.c -- the public channel: publishing, grants, bytes, window.
 */
#include "unit/chan/one.h"

/* ---- publishing -------------------------------------------------------------- */

static void
setup_publish(uint32_t capacity, uint32_t publish_items)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = capacity,
		.publish_items = publish_items, .spin_ns = LEAT_SPIN_NONE};

	setup_by(&opts);
}

START_TEST(sends_are_seen_when_as_many_as_publish_items_have_gone)
{
	setup_publish(8, 3);
	send_number(0);
	send_number(1);
	ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
	holds(6, 0);
	send_number(2);
	holds(5, 3);
	recv_number(0);
	send_number(3);
	recv_number(1);
	recv_number(2);
	ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
	teardown();
}
END_TEST

START_TEST(a_flush_a_close_and_a_frontier_publish_at_once)
{
	setup_publish(8, 8);
	leat_channel_flush(ch);
	send_number(1);
	leat_channel_flush(ch);
	recv_number(1);
	send_number(2);
	leat_channel_set_frontier(ch, 5);
	ck_assert_uint_eq(leat_channel_frontier(ch), 5);
	recv_number(2);
	send_number(3);
	ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
	leat_channel_close_send(ch);
	recv_number(3);
	ck_assert_int_eq(try_recv(), LEAT_EOS);
	teardown();
}
END_TEST

START_TEST(what_is_held_back_is_seen_before_the_sender_waits)
{
	struct chan_call receiver, sender;

	setup_publish(3, 2);
	chan_recv_begin(&world, &receiver, ch);
	chan_world_await_parks(&world, 1);
	send_number(0);
	ck_assert(!chan_call_is_done(&receiver));
	send_number(1);
	ck_assert_int_eq(chan_call_end(&receiver), LEAT_OK);
	send_number(2);
	send_number(3);
	holds(0, 3);
	recv_number(1);
	send_number(4); /* held back */
	chan_send_begin(&world, &sender, ch, 5);
	chan_world_await_parks(&world, 2);
	holds(0, 3);
	recv_number(2);
	ck_assert_int_eq(chan_call_end(&sender), LEAT_OK);
	recv_number(3);
	recv_number(4);
	leat_channel_flush(ch);
	recv_number(5);
	teardown();
}
END_TEST

/* Who receives must not publish what is the sender's. */
START_TEST(a_receiver_that_waits_leaves_what_is_held_back)
{
	uint64_t item = 0;

	setup_publish(8, 4);
	send_number(1);
	ck_assert_int_eq(
		leat_channel_recv_until(ch, &item, NULL, 0), LEAT_ETIMEDOUT);
	holds(7, 0);
	leat_channel_flush(ch);
	recv_number(1);
	teardown();
}
END_TEST

/* ---- grants -------------------------------------------------------------------- */

START_TEST(with_grants_credit_comes_back_by_the_grant_alone)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct chan_call call;

		setup(kinds[k] | GR, 8, 3);
		for (uint64_t n = 0; n < 3; n++)
			send_number(n);
		recv_number(0);
		recv_number(1);
		holds(0, 1); /* and two in hands */
		ck_assert_int_eq(try_send(), LEAT_EAGAIN);
		leat_channel_grant(ch, 1, 0);
		holds(1, 1);
		send_number(3);
		chan_send_begin(&world, &call, ch, 4);
		chan_world_await_parks(&world, 1);
		recv_number(2);
		ck_assert(!chan_call_is_done(&call));
		leat_channel_grant(ch, 2, 0);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		recv_number(3);
		recv_number(4);
		leat_channel_grant(ch, 2, 0);
		holds(3, 0);
		teardown();
	}
}
END_TEST

START_TEST(without_grants_credit_comes_back_by_receiving)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 8, 3);
		for (uint64_t n = 0; n < 3; n++)
			send_number(n);
		recv_number(0);
		holds(1, 2);
		send_number(3);
		holds(0, 3);
		teardown();
	}
}
END_TEST

static void
setup_bytes(uint32_t flags, uint32_t capacity, uint64_t capacity_bytes)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .capacity = capacity,
		.capacity_bytes = capacity_bytes, .spin_ns = LEAT_SPIN_NONE};

	setup_frames(&opts);
}

START_TEST(credit_in_bytes_limits_the_payload_in_flight)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_bytes(kinds[k], 8, 100);
		ck_assert_int_eq(send_frame(60), LEAT_OK);
		ck_assert_int_eq(send_frame(41), LEAT_EAGAIN);
		ck_assert_int_eq(send_frame(40), LEAT_OK);
		ck_assert_int_eq(send_frame(1), LEAT_EAGAIN);
		ck_assert_int_eq(send_frame(0), LEAT_OK);
		recv_frame(60);
		ck_assert_int_eq(send_frame(61), LEAT_EAGAIN);
		ck_assert_int_eq(send_frame(60), LEAT_OK);
		recv_frame(40);
		recv_frame(0);
		recv_frame(60);
		teardown_frames();
	}
}
END_TEST

START_TEST(a_frame_longer_than_capacity_bytes_passes_an_idle_channel)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_bytes(kinds[k], 8, 100);
		ck_assert_int_eq(send_frame(4096), LEAT_OK);
		ck_assert_int_eq(send_frame(1), LEAT_EAGAIN);
		recv_frame(4096);
		ck_assert_int_eq(send_frame(1), LEAT_OK);
		ck_assert_int_eq(send_frame(4096), LEAT_EAGAIN);
		recv_frame(1);
		teardown_frames();
	}
}
END_TEST

START_TEST(bytes_can_be_granted)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_bytes(kinds[k] | GR, 8, 100);
		ck_assert_int_eq(send_frame(70), LEAT_OK);
		recv_frame(70);
		ck_assert_int_eq(send_frame(40), LEAT_EAGAIN);
		leat_channel_grant(ch, 1, 70);
		ck_assert_int_eq(send_frame(40), LEAT_OK);
		holds(7, 1);
		recv_frame(40);
		leat_channel_grant(ch, 1, 40);
		holds(8, 0);
		teardown_frames();
	}
}
END_TEST

START_TEST(a_wait_for_bytes_ends_when_enough_came_back)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct chan_call call;

		setup_bytes(kinds[k], 8, 100);
		ck_assert_int_eq(send_frame(30), LEAT_OK);
		ck_assert_int_eq(send_frame(50), LEAT_OK);
		chan_send_begin(
			&world, &call, ch, (uint64_t)(uintptr_t)frame_of(80));
		chan_world_await_parks(&world, 1);
		recv_frame(30);
		chan_world_await_parks(&world, 2); /* woken in vain */
		ck_assert(!chan_call_is_done(&call));
		recv_frame(50);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		recv_frame(80);
		teardown_frames();
	}
}
END_TEST

START_TEST(a_send_without_a_slot_takes_no_bytes)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_bytes(kinds[k], 1, 100);
		ck_assert_int_eq(send_frame(1), LEAT_OK);
		for (int n = 0; n < 3; n++)
			ck_assert_int_eq(send_frame(60), LEAT_EAGAIN);
		recv_frame(1);
		ck_assert_int_eq(send_frame(60), LEAT_OK);
		ck_assert_int_eq(send_frame(100), LEAT_EAGAIN);
		recv_frame(60);
		teardown_frames();
	}
}
END_TEST

/* What it took of the bytes and gives back must not wake it, or another one
 * that waits like it: they would never sleep. */
START_TEST(senders_that_have_bytes_but_no_slot_sleep)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct chan_call calls[2];
		uint32_t n = kinds[k] & MS ? 2 : 1;

		setup_bytes(kinds[k], 1, 100);
		ck_assert_int_eq(send_frame(1), LEAT_OK);
		for (uint32_t at = 0; at < n; at++)
			chan_send_begin(&world, &calls[at], ch,
				(uint64_t)(uintptr_t)frame_of(2));
		chan_world_await_parks(&world, n);
		recv_frame(1);
		for (uint32_t at = 0; at < n; at++) {
			struct leat_frame *frame;

			ck_assert_int_eq(
				leat_channel_recv(ch, &frame), LEAT_OK);
			leat_frame_release(frame);
		}
		for (uint32_t at = 0; at < n; at++)
			ck_assert_int_eq(chan_call_end(&calls[at]), LEAT_OK);
		ck_assert_uint_lt(world.n_parks, 10);
		teardown_frames();
	}
}
END_TEST

/* ---- the window ------------------------------------------------------------------ */

#define MILLISECOND 1000000

static void
setup_window(uint32_t flags, uint32_t window_min, uint32_t window_max)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .item_bytes = 8, .capacity = 1024,
		.window_delay_ns = MILLISECOND, .window_min = window_min,
		.window_max = window_max, .spin_ns = LEAT_SPIN_NONE};

	chan_world_init(&world);
	world.now_ns = 1;
	ch = chan_world_create(&world, &opts);
}

/* 64 items come and go, one after the other, in so much time. */
static void
drain_64_in(int64_t ns)
{
	world.now_ns += ns;
	for (uint64_t n = 0; n < 64; n++) {
		send_number(n);
		recv_number(n);
	}
}

START_TEST(the_window_follows_what_is_drained)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		uint32_t before;

		setup_window(kinds[k], 16, 512);
		ck_assert_uint_eq(leat_channel_window(ch), 512);
		/* 64 in 4 ms are 16 in the delay */
		before = 512;
		for (int n = 0; n < 20; n++) {
			drain_64_in(4 * MILLISECOND);
			ck_assert_uint_le(leat_channel_window(ch), before);
			before = leat_channel_window(ch);
		}
		ck_assert_uint_eq(before, 16);
		holds(16, 0);
		/* 64 in 1 ms */
		for (int n = 0; n < 20; n++)
			drain_64_in(MILLISECOND);
		ck_assert_uint_eq(leat_channel_window(ch), 64);
		teardown();
	}
}
END_TEST

START_TEST(the_window_stays_between_its_bounds)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_window(kinds[k], 3, 20);
		for (int n = 0; n < 30; n++) {
			drain_64_in(1000ll * MILLISECOND);
			ck_assert_uint_ge(leat_channel_window(ch), 3);
		}
		ck_assert_uint_eq(leat_channel_window(ch), 3);
		for (uint64_t n = 0; n < 3; n++)
			send_number(n);
		ck_assert_int_eq(try_send(), LEAT_EAGAIN);
		for (uint64_t n = 0; n < 3; n++)
			recv_number(n);
		for (int n = 0; n < 30; n++) {
			drain_64_in(MILLISECOND);
			ck_assert_uint_le(leat_channel_window(ch), 20);
		}
		ck_assert_uint_eq(leat_channel_window(ch), 20);
		teardown();
	}
}
END_TEST

START_TEST(by_default_a_window_goes_from_1_to_the_capacity)
{
	setup_window(0, 0, 0);
	ck_assert_uint_eq(leat_channel_window(ch), 1024);
	for (int n = 0; n < 30; n++)
		drain_64_in(1000ll * MILLISECOND);
	ck_assert_uint_eq(leat_channel_window(ch), 1);
	teardown();
}
END_TEST

START_TEST(bursts_of_any_size_move_the_window)
{
	static const uint32_t bursts[] = {1, 64, 128, 256, 512};
	static uint64_t items[512];

	for (size_t k = 0; k < leat__array_len(bursts); k++) {
		int n = (int)bursts[k];

		setup_window(0, 512, 0);
		for (int turn = 0; turn < 1024; turn++) {
			ck_assert_int_eq(
				leat_channel_send_burst(ch, items, (uint32_t)n),
				n);
			world.now_ns += 2 * MILLISECOND;
			ck_assert_int_eq(
				leat_channel_recv_burst(ch, items, (uint32_t)n),
				n);
		}
		ck_assert_uint_eq(leat_channel_window(ch), 512);
		teardown();
	}
}
END_TEST

START_TEST(who_finds_the_channel_empty_does_not_shrink_it)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup_window(kinds[k], 1, 0);
		for (int n = 0; n < 10; n++) {
			ck_assert_int_eq(try_recv(), LEAT_EAGAIN);
			drain_64_in(100 * MILLISECOND);
		}
		ck_assert_uint_eq(leat_channel_window(ch), 1024);
		teardown();
	}
}
END_TEST

START_TEST(a_window_that_grows_wakes_the_sender)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct chan_call call;

		setup_window(kinds[k] | GR, 64, 0);
		for (int turn = 0; turn < 30; turn++) {
			drain_64_in(1000ll * MILLISECOND);
			leat_channel_grant(ch, 64, 0);
		}
		ck_assert_uint_eq(leat_channel_window(ch), 64);
		for (uint64_t n = 0; n < 64; n++)
			send_number(n);
		chan_send_begin(&world, &call, ch, 64);
		chan_world_await_parks(&world, 1);
		/* all in hands, nothing granted; but at a great rate */
		world.now_ns += MILLISECOND;
		leat__store_relaxed(&ch->window_head,
			leat__load_relaxed(&ch->head) - 10000);
		for (uint64_t n = 0; n < 64; n++)
			recv_number(n);
		ck_assert_uint_gt(leat_channel_window(ch), 64);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		recv_number(64);
		teardown();
	}
}
END_TEST

TEST_MAIN("chan/credit", sends_are_seen_when_as_many_as_publish_items_have_gone,
	a_flush_a_close_and_a_frontier_publish_at_once,
	what_is_held_back_is_seen_before_the_sender_waits,
	a_receiver_that_waits_leaves_what_is_held_back,
	with_grants_credit_comes_back_by_the_grant_alone,
	without_grants_credit_comes_back_by_receiving,
	credit_in_bytes_limits_the_payload_in_flight,
	a_frame_longer_than_capacity_bytes_passes_an_idle_channel,
	bytes_can_be_granted, a_wait_for_bytes_ends_when_enough_came_back,
	a_send_without_a_slot_takes_no_bytes,
	senders_that_have_bytes_but_no_slot_sleep,
	the_window_follows_what_is_drained, the_window_stays_between_its_bounds,
	by_default_a_window_goes_from_1_to_the_capacity,
	bursts_of_any_size_move_the_window,
	who_finds_the_channel_empty_does_not_shrink_it,
	a_window_that_grows_wakes_the_sender)
