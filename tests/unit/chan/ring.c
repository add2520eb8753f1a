/*
 * unit/chan/ring.c -- the two rings: positions, holes, looks, told waiters.
 */
#include "chan/channel.h"

#include "support/chan_world.h"
#include "support/test.h"

#define MS LEAT_CHANNEL_MANY_SENDERS
#define MR LEAT_CHANNEL_MANY_RECEIVERS
#define GR LEAT_CHANNEL_GRANTS

static const uint32_t kinds[] = {0, MS, MR, MS | MR};

static struct chan_world world;
static struct leat_channel *ch;
static struct leat__waiter waiters[3];
static struct leat__arm arms[3];

static void
setup(uint32_t flags, uint32_t capacity)
{
	chan_world_init(&world);
	ch = chan_world_open(&world, flags, 8, capacity);
	for (uint32_t k = 0; k < 3; k++) {
		leat__waiter_init(&waiters[k], ch->env);
		arms[k] = (struct leat__arm){
			.waiter = &waiters[k], .index = k, .is_off = 1};
	}
}

static void
teardown(void)
{
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}

static int
send(uint64_t n)
{
	return leat__ring_send(ch, &n);
}

static void
recv(uint64_t n)
{
	uint64_t got = 0;

	ck_assert_int_eq(leat__ring_recv(ch, &got), LEAT_OK);
	ck_assert_uint_eq(got, n);
}

static bool
can_send(void)
{
	uint64_t n = 0;

	return leat__ring_can_send(ch, &n);
}

static bool
can_recv(void)
{
	return leat__ring_can_recv(ch);
}

/* ---- shape -------------------------------------------------------------------- */

START_TEST(the_kind_follows_from_the_flags_and_the_capacity)
{
	setup(0, 4);
	ck_assert_int_eq(ch->kind, CHANNEL_ONE);
	teardown();
	for (size_t k = 1; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 4);
		ck_assert_int_eq(ch->kind, CHANNEL_MANY);
		ck_assert_uint_eq(ch->senders.is_many, (kinds[k] & MS) != 0);
		ck_assert_uint_eq(ch->receivers.is_many, (kinds[k] & MR) != 0);
		teardown();
		setup(kinds[k], 0);
		ck_assert_int_eq(ch->kind, CHANNEL_RENDEZVOUS);
		teardown();
	}
}
END_TEST

START_TEST(rings_are_powers_of_two_and_of_many_at_least_two)
{
	static const uint32_t sizes[][2] = {
		{1, 1}, {2, 2}, {3, 4}, {7, 8}, {64, 64}, {65, 128}};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t s = 0; s < leat__array_len(sizes); s++) {
			uint64_t n = sizes[s][1];

			setup(kinds[k], sizes[s][0]);
			if (kinds[k] && n < 2)
				n = 2;
			ck_assert_uint_eq(ch->mask + 1, n);
			/* else a free cell is credit enough */
			if (kinds[k])
				ck_assert_uint_eq(
					ch->is_limited, n != sizes[s][0]);
			teardown();
		}
}
END_TEST

START_TEST(no_side_fences_before_somebody_waits_there_often)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 1);
		ck_assert_uint_eq(ch->receivers.is_fenced & LEAT__SIDE_MODE,
			LEAT__SIDE_UNFENCED);
		ck_assert_uint_eq(ch->senders.is_fenced & LEAT__SIDE_MODE,
			LEAT__SIDE_UNFENCED);
		teardown();
	}
}
END_TEST

/* ---- looks ----------------------------------------------------------------------- */

START_TEST(a_look_says_what_a_try_would_find)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (uint32_t capacity = 1; capacity < 6; capacity++) {
			setup(kinds[k], capacity);
			for (uint32_t n = 0; n < capacity; n++) {
				ck_assert(can_send());
				ck_assert_int_eq(can_recv(), n > 0);
				ck_assert_int_eq(send(n), LEAT_OK);
			}
			ck_assert(!can_send());
			ck_assert_int_eq(send(0), LEAT_EAGAIN);
			for (uint32_t n = 0; n < capacity; n++) {
				ck_assert(can_recv());
				recv(n);
				ck_assert(can_send());
			}
			ck_assert(!can_recv());
			teardown();
		}
}
END_TEST

START_TEST(after_an_end_a_look_says_that_no_wait_is_needed)
{
	uint64_t n;

	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 1);
		ck_assert_int_eq(send(1), LEAT_OK);
		leat_channel_close_send(ch);
		ck_assert(can_send());
		ck_assert(can_recv());
		recv(1);
		ck_assert(can_recv());
		ck_assert_int_eq(leat__ring_recv(ch, &n), LEAT_EOS);
		teardown();
		setup(kinds[k], 1);
		leat_channel_close_recv(ch);
		ck_assert(can_send());
		ck_assert(can_recv());
		ck_assert_int_eq(send(1), LEAT_ECLOSED);
		teardown();
		setup(kinds[k], 1);
		leat_ctx_cancel(world.ctx, LEAT_EIO, NULL);
		ck_assert(can_send());
		ck_assert(can_recv());
		ck_assert_int_eq(send(1), LEAT_ECANCELED);
		teardown();
	}
}
END_TEST

/* ---- holes: an end of many that is interrupted in its middle ----------------------- */

START_TEST(behind_a_hole_nothing_is_received_and_nothing_is_lost)
{
	void *hole = NULL;
	uint64_t n = 0;

	setup(MS | MR, 4);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 1, &hole), 1);
	ck_assert_int_eq(send(1), LEAT_OK);
	ck_assert_int_eq(send(2), LEAT_OK);
	ck_assert(!can_recv());
	ck_assert_int_eq(leat__ring_recv(ch, &n), LEAT_EAGAIN);
	memcpy(hole, &n, sizeof(n));
	leat_channel_send_commit(ch, hole, 1);
	recv(0);
	recv(1);
	recv(2);
	teardown();
}
END_TEST

START_TEST(who_takes_the_first_of_several_tells_the_next_receiver)
{
	void *hole = NULL;

	setup(MS | MR, 4);
	leat__side_arm(&ch->receivers, &arms[0], 0);
	leat__side_arm(&ch->receivers, &arms[1], 0);
	ck_assert_int_eq(leat_channel_send_reserve(ch, 1, &hole), 1);
	/* the one that is told of this finds a hole, and waits again */
	ck_assert_int_eq(send(1), LEAT_OK);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
	waiters[0].token = LEAT__TOKEN_OPEN;
	leat__side_arm(&ch->receivers, &arms[0], 0);
	memcpy(hole, &(uint64_t){0}, sizeof(uint64_t));
	leat_channel_send_commit(ch, hole, 1);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_HINT | 1);
	/* that one takes the first; the other one must hear of the second */
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_OPEN);
	recv(0);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
	recv(1);
	teardown();
}
END_TEST

START_TEST(who_takes_credit_and_leaves_some_tells_the_next_sender)
{
	setup(MS, 4);
	for (uint64_t n = 0; n < 4; n++)
		ck_assert_int_eq(send(n), LEAT_OK);
	leat__side_arm(&ch->senders, &arms[0], 0);
	leat__side_arm(&ch->senders, &arms[1], 0);
	recv(0);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_OPEN);
	/* none is left: nobody else is told */
	ck_assert_int_eq(send(4), LEAT_OK);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_OPEN);
	recv(1);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_HINT | 1);
	leat__side_arm(&ch->senders, &arms[2], 0);
	/* two free, one is taken: one is left for who waits */
	recv(2);
	ck_assert_uint_eq(waiters[2].token, LEAT__TOKEN_HINT | 2);
	waiters[2].token = LEAT__TOKEN_OPEN;
	leat__side_arm(&ch->senders, &arms[2], 0);
	ck_assert_int_eq(send(5), LEAT_OK);
	ck_assert_uint_eq(waiters[2].token, LEAT__TOKEN_HINT | 2);
	leat__side_disarm(&ch->senders, &arms[2]);
	teardown();
}
END_TEST

START_TEST(a_burst_tells_as_many_as_it_sent)
{
	uint64_t items[8] = {0};

	setup(MR, 8);
	for (uint32_t k = 0; k < 3; k++)
		leat__side_arm(&ch->receivers, &arms[k], 0);
	ck_assert_int_eq(leat__ring_send_burst(ch, (const char *)items, 2), 2);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_HINT | 1);
	ck_assert_uint_eq(waiters[2].token, LEAT__TOKEN_OPEN);
	leat__side_disarm(&ch->receivers, &arms[2]);
	teardown();
}
END_TEST

START_TEST(receiving_tells_a_sender_and_with_grants_the_grant_does)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (uint32_t grants = 0; grants <= GR; grants += GR) {
			setup(kinds[k] | grants, 1);
			ck_assert_int_eq(send(0), LEAT_OK);
			leat__side_arm(&ch->senders, &arms[0], 0);
			recv(0);
			ck_assert_int_eq(can_send(), grants == 0);
			if (grants) {
				ck_assert_uint_eq(
					waiters[0].token, LEAT__TOKEN_OPEN);
				leat_channel_grant(ch, 1, 0);
			}
			ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
			ck_assert(can_send());
			teardown();
		}
}
END_TEST

/* ---- positions far along ------------------------------------------------------------- */

START_TEST(positions_beyond_32_bits_work)
{
	const uint64_t far = (UINT64_C(1) << 40) - 2;

	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 4);
		ch->tail = ch->tail_local = ch->head = far;
		ch->granted = ch->granted_seen = ch->tail_seen = far;
		for (uint64_t n = 0; ch->kind == CHANNEL_MANY && n < 4; n++)
			*(uint64_t *)(void *)(ch->cells +
				((far + n) & ch->mask) * ch->cell_bytes) =
				far + n;
		for (int turn = 0; turn < 3; turn++) {
			for (uint64_t n = 0; n < 4; n++)
				ck_assert_int_eq(send(n), LEAT_OK);
			ck_assert_int_eq(send(9), LEAT_EAGAIN);
			ck_assert_uint_eq(leat_channel_queued(ch), 4);
			for (uint64_t n = 0; n < 4; n++)
				recv(n);
		}
		ck_assert_uint_eq(leat_channel_credit(ch), 4);
		teardown();
	}
}
END_TEST

/* ---- how fences are paid ---------------------------------------------------------------- */

/* So that seldom waits of senders do not look frequent. */
START_TEST(what_a_sender_waits_for_counts_on_in_every_kind)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 512);
		for (int turn = 0; turn < 5; turn++) {
			uint64_t n = 0;

			while (send(n) == LEAT_OK)
				n++;
			leat__side_arm(&ch->senders, &arms[0],
				channel_position(ch, true));
			leat__side_disarm(&ch->senders, &arms[0]);
			for (uint64_t at = 0; at < n; at++)
				recv(at);
		}
		ck_assert_uint_eq(ch->senders.is_fenced, LEAT__SIDE_UNFENCED);
		teardown();
	}
}
END_TEST

/* Then nobody would pay for a fence with each item for ever. */
START_TEST(ends_that_wait_no_more_are_told_without_fences)
{
	setup(0, 4);
	for (uint32_t k = 0; k < 2; k++) {
		leat__side_arm(&ch->receivers, &arms[0], 0);
		leat__side_disarm(&ch->receivers, &arms[0]);
		leat__side_arm(&ch->senders, &arms[1], 0);
		leat__side_disarm(&ch->senders, &arms[1]);
	}
	ck_assert_uint_eq(ch->receivers.is_fenced, LEAT__SIDE_FENCED);
	ck_assert_uint_eq(ch->senders.is_fenced, LEAT__SIDE_FENCED);
	for (uint64_t n = 0; n < 270; n++) {
		if (n == 250) {
			ck_assert_uint_eq(
				ch->receivers.is_fenced, LEAT__SIDE_FENCED);
			ck_assert_uint_eq(
				ch->senders.is_fenced, LEAT__SIDE_FENCED);
		}
		ck_assert_int_eq(send(n), LEAT_OK);
		recv(n);
	}
	ck_assert_uint_eq(ch->receivers.is_fenced, LEAT__SIDE_UNFENCED);
	ck_assert_uint_eq(ch->senders.is_fenced, LEAT__SIDE_UNFENCED);
	teardown();
}
END_TEST

/* ---- the end of many --------------------------------------------------------------------- */

static void
is_at_end(void)
{
	uint64_t n;

	ck_assert(can_recv());
	ck_assert_int_eq(leat__ring_recv(ch, &n), LEAT_EOS);
	ck_assert_int_eq(leat__ring_recv_burst(ch, (char *)&n, 1), LEAT_EOS);
}

/* Wherever in the ring it comes, also when the ring is full. */
START_TEST(the_end_is_seen_behind_the_last_item_and_not_before)
{
	for (size_t k = 1; k < leat__array_len(kinds); k++)
		for (uint32_t capacity = 1; capacity < 6; capacity++)
			for (uint64_t n = 0; n < 12; n++) {
				uint64_t at = 0;

				setup(kinds[k], capacity);
				for (uint64_t sent = 0; sent < n; sent++) {
					if (sent >= capacity)
						recv(at++);
					ck_assert_int_eq(send(sent), LEAT_OK);
				}
				leat_channel_close_send(ch);
				while (at < n)
					recv(at++);
				is_at_end();
				is_at_end();
				teardown();
			}
}
END_TEST

START_TEST(an_empty_ring_of_many_is_not_at_its_end)
{
	for (size_t k = 1; k < leat__array_len(kinds); k++) {
		uint64_t n;

		setup(kinds[k], 2);
		for (uint64_t turn = 0; turn < 5; turn++) {
			ck_assert_int_eq(leat__ring_recv(ch, &n), LEAT_EAGAIN);
			ck_assert(!can_recv());
			ck_assert_int_eq(send(turn), LEAT_OK);
			recv(turn);
		}
		teardown();
	}
}
END_TEST

START_TEST(who_sees_the_end_tells_the_other_receivers)
{
	setup(MR, 4);
	ck_assert_int_eq(send(1), LEAT_OK);
	leat_channel_close_send(ch);
	for (uint32_t k = 0; k < 3; k++)
		leat__side_arm(&ch->receivers, &arms[k], 0);
	/* there is the end still for one who waits */
	recv(1);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_OPEN);
	is_at_end();
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_HINT | 1);
	ck_assert_uint_eq(waiters[2].token, LEAT__TOKEN_HINT | 2);
	ck_assert_uint_eq(ch->receivers.waiting, 0);
	teardown();
}
END_TEST

/* Three wait, two items come and the close: each has one of the three. */
START_TEST(several_receivers_share_the_last_items_and_all_see_the_end)
{
	for (uint32_t n_items = 0; n_items < 5; n_items++) {
		struct chan_call calls[3];
		uint64_t sum = 0;
		uint32_t n_ok = 0;

		setup(MR, 4);
		for (uint32_t k = 0; k < 3; k++)
			chan_recv_begin(&world, &calls[k], ch);
		chan_world_await_parks(&world, 3);
		for (uint32_t n = 1; n <= n_items; n++)
			ck_assert_int_eq(send(n), LEAT_OK);
		leat_channel_close_send(ch);
		for (uint32_t k = 0; k < 3; k++) {
			int rc = chan_call_end(&calls[k]);

			ck_assert(rc == LEAT_OK || rc == LEAT_EOS);
			n_ok += rc == LEAT_OK;
			sum += rc == LEAT_OK ? calls[k].item : 0;
		}
		for (uint64_t n; leat__ring_recv(ch, &n) == LEAT_OK; n_ok++)
			sum += n;
		ck_assert_uint_eq(n_ok, n_items);
		ck_assert_uint_eq(sum, n_items * (n_items + 1) / 2);
		is_at_end();
		teardown();
	}
}
END_TEST

TEST_MAIN("chan/ring", the_kind_follows_from_the_flags_and_the_capacity,
	rings_are_powers_of_two_and_of_many_at_least_two,
	no_side_fences_before_somebody_waits_there_often,
	a_look_says_what_a_try_would_find,
	after_an_end_a_look_says_that_no_wait_is_needed,
	behind_a_hole_nothing_is_received_and_nothing_is_lost,
	who_takes_the_first_of_several_tells_the_next_receiver,
	who_takes_credit_and_leaves_some_tells_the_next_sender,
	a_burst_tells_as_many_as_it_sent,
	receiving_tells_a_sender_and_with_grants_the_grant_does,
	positions_beyond_32_bits_work,
	what_a_sender_waits_for_counts_on_in_every_kind,
	ends_that_wait_no_more_are_told_without_fences,
	the_end_is_seen_behind_the_last_item_and_not_before,
	an_empty_ring_of_many_is_not_at_its_end,
	who_sees_the_end_tells_the_other_receivers,
	several_receivers_share_the_last_items_and_all_see_the_end)
