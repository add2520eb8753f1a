/*
 * unit/chan/rendezvous.c -- capacity 0: partners are put there by hand.
 */
#include "chan/channel.h"

#include "support/chan_world.h"
#include "support/test.h"

static struct chan_world world;
static struct leat_channel *ch;
static struct leat__waiter waiters[3];
static struct leat__arm arms[3];
static uint64_t items[3];

static void
setup(uint32_t item_bytes)
{
	chan_world_init(&world);
	ch = chan_world_open(&world, 0, item_bytes, 0);
	for (uint32_t k = 0; k < 3; k++) {
		leat__waiter_init(&waiters[k], ch->env);
		items[k] = 100 + k;
		arms[k] = (struct leat__arm){.waiter = &waiters[k],
			.index = k,
			.is_off = 1,
			.item = &items[k]};
	}
}

static void
teardown(void)
{
	for (uint32_t k = 0; k < 3; k++) {
		leat__side_disarm(&ch->senders, &arms[k]);
		ck_assert_uint_eq(arms[k].is_off, 1);
	}
	ck_assert_uint_eq(ch->senders.waiting, 0);
	ck_assert_uint_eq(ch->receivers.waiting, 0);
	ck_assert_uint_eq(rendezvous_lock(ch)->word, 0);
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}

static void
sender_waits(uint32_t k)
{
	leat__side_push_locked(&ch->senders, &arms[k]);
}

static void
receiver_waits(uint32_t k)
{
	leat__side_push_locked(&ch->receivers, &arms[k]);
}

static int
try_send(uint64_t n)
{
	return leat__rendezvous_try(ch, true, &n);
}

START_TEST(without_a_partner_nothing_moves)
{
	uint64_t in = 5;

	setup(8);
	ck_assert_int_eq(try_send(1), LEAT_EAGAIN);
	ck_assert_int_eq(leat__rendezvous_try(ch, false, &in), LEAT_EAGAIN);
	ck_assert_uint_eq(in, 5);
	teardown();
}
END_TEST

START_TEST(both_sides_are_under_one_lock)
{
	setup(8);
	ck_assert_ptr_eq(ch->senders.lock, rendezvous_lock(ch));
	ck_assert_ptr_eq(ch->receivers.lock, rendezvous_lock(ch));
	teardown();
}
END_TEST

START_TEST(a_send_fills_the_hand_of_the_oldest_receiver)
{
	setup(8);
	receiver_waits(1);
	receiver_waits(0);
	ck_assert_uint_eq(leat_channel_credit(ch), 2);
	ck_assert_int_eq(try_send(7), LEAT_OK);
	ck_assert_uint_eq(items[1], 7);
	ck_assert_uint_eq(items[0], 100);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_DONE | 1);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_OPEN);
	ck_assert_int_eq(try_send(8), LEAT_OK);
	ck_assert_uint_eq(items[0], 8);
	ck_assert_int_eq(try_send(9), LEAT_EAGAIN);
	teardown();
}
END_TEST

START_TEST(a_receive_empties_the_hand_of_the_oldest_sender)
{
	uint64_t in = 0;

	setup(8);
	sender_waits(2);
	sender_waits(0);
	ck_assert_int_eq(leat__rendezvous_try(ch, false, &in), LEAT_OK);
	ck_assert_uint_eq(in, 102);
	ck_assert_uint_eq(waiters[2].token, LEAT__TOKEN_DONE | 2);
	ck_assert_int_eq(leat__rendezvous_try(ch, false, &in), LEAT_OK);
	ck_assert_uint_eq(in, 100);
	ck_assert_int_eq(leat__rendezvous_try(ch, false, &in), LEAT_EAGAIN);
	teardown();
}
END_TEST

START_TEST(a_sender_does_not_meet_a_sender)
{
	setup(8);
	sender_waits(0);
	ck_assert_int_eq(try_send(7), LEAT_EAGAIN);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_OPEN);
	leat__side_disarm(&ch->senders, &arms[0]);
	teardown();
}
END_TEST

START_TEST(a_partner_that_was_claimed_elsewhere_is_passed_over)
{
	setup(8);
	receiver_waits(0);
	receiver_waits(1);
	leat__waiter_claim(&waiters[0], LEAT__TOKEN_CANCEL);
	ck_assert_int_eq(try_send(7), LEAT_OK);
	ck_assert_uint_eq(items[0], 100);
	ck_assert_uint_eq(items[1], 7);
	ck_assert_int_eq(try_send(7), LEAT_EAGAIN);
	teardown();
}
END_TEST

START_TEST(items_of_other_sizes_are_moved_whole_and_no_more)
{
	static const uint32_t sizes[] = {1, 4, 8, 24, 4096};
	unsigned char out[4097], in[4097];

	for (size_t k = 0; k < leat__array_len(sizes); k++) {
		setup(sizes[k]);
		memset(out, 7, sizeof(out));
		memset(in, 1, sizeof(in));
		arms[0].item = in;
		receiver_waits(0);
		ck_assert_int_eq(leat__rendezvous_try(ch, true, out), LEAT_OK);
		ck_assert_mem_eq(in, out, sizes[k]);
		ck_assert_uint_eq(in[sizes[k]], 1);
		teardown();
	}
}
END_TEST

START_TEST(after_a_close_there_are_no_partners)
{
	uint64_t in;

	setup(8);
	ck_assert_int_eq(leat__rendezvous_ended(ch, true), LEAT_EAGAIN);
	ck_assert_int_eq(leat__rendezvous_ended(ch, false), LEAT_EAGAIN);
	leat_channel_close_send(ch);
	ck_assert_int_eq(leat__rendezvous_ended(ch, true), LEAT_ECLOSED);
	ck_assert_int_eq(leat__rendezvous_ended(ch, false), LEAT_EOS);
	receiver_waits(0);
	ck_assert_int_eq(try_send(1), LEAT_ECLOSED);
	ck_assert_int_eq(leat__rendezvous_try(ch, false, &in), LEAT_EOS);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_OPEN);
	leat__side_disarm(&ch->receivers, &arms[0]);
	teardown();
}
END_TEST

START_TEST(an_end_by_the_context_comes_before_a_close)
{
	setup(8);
	leat_channel_close_recv(ch);
	ck_assert_int_eq(leat__rendezvous_ended(ch, true), LEAT_ECLOSED);
	leat_ctx_cancel(world.ctx, LEAT_EIO, NULL);
	ck_assert_int_eq(leat__rendezvous_ended(ch, true), LEAT_ECANCELED);
	ck_assert_int_eq(leat__rendezvous_ended(ch, false), LEAT_ECANCELED);
	teardown();
}
END_TEST

START_TEST(a_close_has_all_who_wait_look_again)
{
	setup(8);
	receiver_waits(0);
	receiver_waits(1);
	leat_channel_close_send(ch);
	ck_assert_uint_eq(waiters[0].token, LEAT__TOKEN_HINT);
	ck_assert_uint_eq(waiters[1].token, LEAT__TOKEN_HINT | 1);
	teardown();
}
END_TEST

START_TEST(the_partner_is_woken_after_the_lock_is_gone)
{
	struct leat__wakeup wakeup = {0};
	uint64_t out = 3;

	setup(8);
	receiver_waits(0);
	ck_assert(leat__waiter_park(&waiters[0]));
	leat__lock_take(rendezvous_lock(ch), ch->env);
	ck_assert_int_eq(
		leat__rendezvous_meet_locked(ch, true, &out, &wakeup), LEAT_OK);
	ck_assert_uint_eq(items[0], 3);
	ck_assert_ptr_eq(wakeup.word, &waiters[0].token);
	ck_assert_int_eq(leat__rendezvous_meet_locked(ch, true, &out, &wakeup),
		LEAT_EAGAIN);
	leat__lock_drop(rendezvous_lock(ch), ch->env);
	leat__wakeup_do(&wakeup);
	teardown();
}
END_TEST

TEST_MAIN("chan/rendezvous", without_a_partner_nothing_moves,
	both_sides_are_under_one_lock,
	a_send_fills_the_hand_of_the_oldest_receiver,
	a_receive_empties_the_hand_of_the_oldest_sender,
	a_sender_does_not_meet_a_sender,
	a_partner_that_was_claimed_elsewhere_is_passed_over,
	items_of_other_sizes_are_moved_whole_and_no_more,
	after_a_close_there_are_no_partners,
	an_end_by_the_context_comes_before_a_close,
	a_close_has_all_who_wait_look_again,
	the_partner_is_woken_after_the_lock_is_gone)
