/*
 * unit/chan/chan.c -- the channel of a link: credit, order, arming, close.
 */
#include "support/test.h"

#include "chan/chan.h"

struct counting_waker {
	struct leat__waker waker;
	int n;
};

struct world {
	struct leat_pool *pool;
	struct leat__chan ch;
	struct counting_waker sender, receiver;
};

static void
count_wake(struct leat__waker *waker, void *hint)
{
	(void)hint;
	leat__container_of(waker, struct counting_waker, waker)->n++;
}

static void
world_init(struct world *w, uint32_t capacity_frames, uint64_t capacity_bytes)
{
	struct leat_pool_opts opts = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = 4096, .n_slots = 64};

	memset(w, 0, sizeof(*w));
	ck_assert_int_eq(leat_pool_create(&opts, &w->pool, NULL), LEAT_OK);
	ck_assert_int_eq(leat__chan_init(&w->ch, leat__env_posix(),
				 capacity_frames, capacity_bytes),
		LEAT_OK);
	w->sender.waker.wake = w->receiver.waker.wake = count_wake;
	w->ch.sender = &w->sender.waker;
	w->ch.receiver = &w->receiver.waker;
}

/* Every slot must be back when a test ends. */
static void
world_fini(struct world *w)
{
	struct leat_pool_stats stats;

	leat__chan_fini(&w->ch);
	leat_pool_stats(w->pool, &stats);
	ck_assert_uint_eq(stats.n_free, stats.n_slots);
	leat_pool_destroy(w->pool);
}

static struct leat_frame *
frame_of(struct world *w, uint32_t n_bytes)
{
	struct leat_frame *frame;

	ck_assert_int_eq(leat_pool_try_acquire(w->pool, &frame), LEAT_OK);
	frame->len_bytes = n_bytes;
	frame->n_items = 1;
	return frame;
}

/* credit + queued + in hand = capacity */
static void
check_credit(struct world *w, uint32_t n_queued, uint32_t n_in_hand)
{
	ck_assert_uint_eq(leat__chan_credit(&w->ch, UINT32_MAX / 2) + n_queued +
			n_in_hand,
		w->ch.capacity_frames);
}

START_TEST(credit_queued_and_in_hand_add_up_to_the_capacity)
{
	static const uint32_t capacities[] = {1, 2, 3, 7, 8, 33};

	for (size_t c = 0; c < 6; c++) {
		struct world w;
		uint32_t capacity = capacities[c];

		world_init(&w, capacity, 0);
		check_credit(&w, 0, 0);
		for (uint32_t k = 0; k < capacity; k++) {
			leat__chan_push(&w.ch, frame_of(&w, 10));
			check_credit(&w, k + 1, 0);
		}
		for (uint32_t k = 0; k < capacity; k++) {
			leat_frame_release(leat__chan_pop(&w.ch));
			check_credit(&w, capacity - k - 1, k + 1);
		}
		for (uint32_t k = 0; k < capacity; k++) {
			leat__chan_grant(&w.ch, 1, 10, NULL);
			check_credit(&w, 0, capacity - k - 1);
		}
		world_fini(&w);
	}
}
END_TEST

START_TEST(frames_arrive_in_the_order_they_were_sent)
{
	struct world w;
	struct leat_frame *sent[4];

	world_init(&w, 4, 0);
	for (int round = 0; round < 100; round++) {
		for (uint32_t k = 0; k < 4; k++)
			leat__chan_push(&w.ch, sent[k] = frame_of(&w, k));
		for (uint32_t k = 0; k < 4; k++) {
			struct leat_frame *frame = leat__chan_pop(&w.ch);

			ck_assert_ptr_eq(frame, sent[k]);
			leat_frame_release(frame);
			leat__chan_grant(&w.ch, 1, k, NULL);
		}
		ck_assert_ptr_null(leat__chan_pop(&w.ch));
	}
	world_fini(&w);
}
END_TEST

START_TEST(a_byte_limit_stops_sending_until_bytes_are_granted)
{
	struct world w;

	world_init(&w, 8, 100);
	ck_assert(leat__chan_has_credit_for(&w.ch, 100));
	leat__chan_push(&w.ch, frame_of(&w, 60));
	ck_assert(leat__chan_has_credit_for(&w.ch, 40));
	ck_assert(!leat__chan_has_credit_for(&w.ch, 41));
	leat__chan_push(&w.ch, frame_of(&w, 40));
	ck_assert_uint_eq(leat__chan_credit(&w.ch, 1), 0);
	leat_frame_release(leat__chan_pop(&w.ch));
	ck_assert_uint_eq(leat__chan_credit(&w.ch, 1), 0);
	leat__chan_grant(&w.ch, 1, 60, NULL);
	ck_assert_uint_eq(leat__chan_credit(&w.ch, 1), 7);
	ck_assert(leat__chan_has_credit_for(&w.ch, 60));
	world_fini(&w);
}
END_TEST

START_TEST(an_idle_channel_admits_one_frame_however_long)
{
	struct world w;

	world_init(&w, 8, 10);
	ck_assert(leat__chan_has_credit_for(&w.ch, 4000));
	leat__chan_push(&w.ch, frame_of(&w, 4000));
	ck_assert(!leat__chan_has_credit_for(&w.ch, 1));
	world_fini(&w);
}
END_TEST

START_TEST(an_armed_receiver_is_woken_once_per_arming)
{
	struct world w;

	world_init(&w, 4, 0);
	leat__chan_push(&w.ch, frame_of(&w, 1));
	leat__chan_notify(&w.ch, NULL);
	ck_assert_int_eq(w.receiver.n, 0);          /* was not armed */
	ck_assert(!leat__chan_arm_receiver(&w.ch)); /* there is something */
	leat_frame_release(leat__chan_pop(&w.ch));
	ck_assert(leat__chan_arm_receiver(&w.ch));
	leat__chan_push(&w.ch, frame_of(&w, 1));
	leat__chan_notify(&w.ch, NULL);
	leat__chan_notify(&w.ch, NULL);
	ck_assert_int_eq(w.receiver.n, 1);
	world_fini(&w);
}
END_TEST

START_TEST(an_armed_sender_is_woken_by_a_grant)
{
	struct world w;

	world_init(&w, 1, 0);
	ck_assert(!leat__chan_arm_sender(&w.ch, 1)); /* there is credit */
	leat__chan_push(&w.ch, frame_of(&w, 5));
	ck_assert(leat__chan_arm_sender(&w.ch, 1));
	leat_frame_release(leat__chan_pop(&w.ch));
	ck_assert_int_eq(w.sender.n, 0); /* taking gives no credit */
	leat__chan_grant(&w.ch, 1, 5, NULL);
	ck_assert_int_eq(w.sender.n, 1);
	ck_assert_uint_eq(leat__chan_credit(&w.ch, 1), 1);
	world_fini(&w);
}
END_TEST

START_TEST(who_waits_until_all_is_through_is_woken_by_each_grant)
{
	struct world w;

	world_init(&w, 4, 0);
	ck_assert(leat__chan_is_drained(&w.ch));
	ck_assert(!leat__chan_arm_drained(&w.ch));
	for (int k = 0; k < 2; k++)
		leat__chan_push(&w.ch, frame_of(&w, 5));
	for (int k = 0; k < 2; k++) {
		ck_assert(!leat__chan_is_drained(&w.ch));
		ck_assert(leat__chan_arm_drained(&w.ch));
		leat_frame_release(leat__chan_pop(&w.ch));
		ck_assert(!leat__chan_is_drained(&w.ch)); /* in its hands */
		leat__chan_grant(&w.ch, 1, 5, NULL);
		ck_assert_int_eq(w.sender.n, k + 1);
	}
	ck_assert(leat__chan_is_drained(&w.ch));
	leat__chan_push(&w.ch, frame_of(&w, 5));
	leat__chan_close_recv(&w.ch, NULL);
	ck_assert(!leat__chan_arm_drained(&w.ch)); /* it never will be */
	world_fini(&w);
}
END_TEST

START_TEST(closing_wakes_the_other_end_armed_or_not)
{
	struct world w;

	world_init(&w, 4, 0);
	leat__chan_close_send(&w.ch, NULL);
	leat__chan_close_send(&w.ch, NULL);
	ck_assert_int_eq(w.receiver.n, 1);
	ck_assert(leat__chan_is_send_closed(&w.ch));
	ck_assert(!leat__chan_arm_receiver(&w.ch));
	leat__chan_close_recv(&w.ch, NULL);
	leat__chan_close_recv(&w.ch, NULL);
	ck_assert_int_eq(w.sender.n, 1);
	ck_assert(leat__chan_is_recv_closed(&w.ch));
	ck_assert(!leat__chan_arm_sender(&w.ch, 5)); /* nothing to wait for */
	world_fini(&w);
}
END_TEST

START_TEST(drain_releases_what_is_queued_and_counts_its_items)
{
	struct world w;

	world_init(&w, 4, 0);
	for (uint32_t k = 0; k < 3; k++)
		leat__chan_push(&w.ch, frame_of(&w, 9));
	ck_assert_uint_eq(leat__chan_drain(&w.ch), 3);
	ck_assert_uint_eq(leat__chan_drain(&w.ch), 0);
	check_credit(&w, 0, 0);
	world_fini(&w);
}
END_TEST

START_TEST(the_frontier_ends_at_the_top_when_the_sender_closes)
{
	struct world w;

	world_init(&w, 4, 0);
	ck_assert_uint_eq(leat__chan_frontier(&w.ch), 0);
	leat__chan_set_frontier(&w.ch, 17);
	ck_assert_uint_eq(leat__chan_frontier(&w.ch), 17);
	leat__chan_close_send(&w.ch, NULL);
	ck_assert(leat__chan_frontier(&w.ch) == UINT64_MAX);
	world_fini(&w);
}
END_TEST

START_TEST(counters_near_their_end_do_not_disturb_the_credit)
{
	struct world w;

	world_init(&w, 3, 50);
	w.ch.sent_frames = w.ch.granted_frames = w.ch.taken_frames =
		w.ch.granted_frames_seen = UINT32_MAX - 1ull;
	w.ch.sent_bytes = w.ch.granted_bytes = UINT64_MAX - 10;
	for (int round = 0; round < 10; round++) {
		leat__chan_push(&w.ch, frame_of(&w, 30));
		ck_assert(!leat__chan_has_credit_for(&w.ch, 30));
		leat_frame_release(leat__chan_pop(&w.ch));
		leat__chan_grant(&w.ch, 1, 30, NULL);
		check_credit(&w, 0, 0);
	}
	world_fini(&w);
}
END_TEST

TEST_MAIN("chan/chan", credit_queued_and_in_hand_add_up_to_the_capacity,
	frames_arrive_in_the_order_they_were_sent,
	a_byte_limit_stops_sending_until_bytes_are_granted,
	an_idle_channel_admits_one_frame_however_long,
	an_armed_receiver_is_woken_once_per_arming,
	an_armed_sender_is_woken_by_a_grant,
	who_waits_until_all_is_through_is_woken_by_each_grant,
	closing_wakes_the_other_end_armed_or_not,
	drain_releases_what_is_queued_and_counts_its_items,
	the_frontier_ends_at_the_top_when_the_sender_closes,
	counters_near_their_end_do_not_disturb_the_credit)
