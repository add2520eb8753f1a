/*
 * unit/chan/word.c -- the short way of leat_channel_send and _recv: items of a
 * word, one sender, one receiver. It moves what the long way would have moved.
 */
#include <pthread.h>
#include <sched.h>

#include "unit/chan/one.h"

static void
setup_words(uint32_t capacity, uint32_t publish_items)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = capacity,
		.publish_items = publish_items, .spin_ns = LEAT_SPIN_NONE};

	setup_by(&opts);
}

/* By the calls that go the short way if they can; a deadline that is over. */
static int
send_word(uint64_t n)
{
	return leat_channel_send_until(ch, &n, NULL, 0);
}

static void
recv_word(uint64_t n)
{
	uint64_t got = 0;

	ck_assert_int_eq(leat_channel_recv_until(ch, &got, NULL, 0), LEAT_OK);
	ck_assert_uint_eq(got, n);
}

static void
finds_nothing(void)
{
	uint64_t got;

	ck_assert_int_eq(
		leat_channel_recv_until(ch, &got, NULL, 0), LEAT_ETIMEDOUT);
}

/* ---- credit ------------------------------------------------------------------ */

START_TEST(there_is_credit_for_the_capacity_and_no_more)
{
	static const uint32_t some[] = {1, 2, 3, 4, 7, 8};

	for (size_t c = 0; c < leat__array_len(some); c++) {
		uint64_t sent = 0, received = 0;

		setup_words(some[c], 1);
		for (int turn = 0; turn < 5; turn++) {
			while (sent - received < some[c])
				ck_assert_int_eq(send_word(sent++), LEAT_OK);
			ck_assert_int_eq(send_word(sent), LEAT_ETIMEDOUT);
			holds(0, some[c]);
			for (int k = turn; k >= 0 && received < sent; k--)
				recv_word(received++);
		}
		while (received < sent)
			recv_word(received++);
		finds_nothing();
		teardown();
	}
}
END_TEST

START_TEST(the_short_and_the_long_way_take_turns)
{
	setup_words(4, 1);
	for (uint64_t n = 0; n < 64; n += 4) {
		ck_assert_int_eq(send_word(n), LEAT_OK);
		send_number(n + 1);
		ck_assert_int_eq(send_word(n + 2), LEAT_OK);
		send_number(n + 3);
		ck_assert_int_eq(try_send(), LEAT_EAGAIN);
		recv_number(n);
		recv_word(n + 1);
		recv_number(n + 2);
		recv_word(n + 3);
		finds_nothing();
	}
	teardown();
}
END_TEST

/* ---- publishing -------------------------------------------------------------- */

START_TEST(words_are_seen_when_as_many_as_publish_items_have_gone)
{
	setup_words(8, 3);
	for (uint64_t n = 0; n < 30; n += 3) {
		ck_assert_int_eq(send_word(n), LEAT_OK);
		ck_assert_int_eq(send_word(n + 1), LEAT_OK);
		finds_nothing();
		ck_assert_int_eq(send_word(n + 2), LEAT_OK);
		recv_word(n);
		recv_word(n + 1);
		recv_word(n + 2);
	}
	teardown();
}
END_TEST

START_TEST(after_a_flush_as_many_are_held_back_as_ever)
{
	uint64_t n = 0;

	setup_words(8, 3);
	for (int turn = 0; turn < 10; turn++) {
		ck_assert_int_eq(send_word(n), LEAT_OK);
		leat_channel_flush(ch);
		recv_word(n);
		ck_assert_int_eq(send_word(n + 1), LEAT_OK);
		ck_assert_int_eq(send_word(n + 2), LEAT_OK);
		finds_nothing();
		ck_assert_int_eq(send_word(n + 3), LEAT_OK);
		for (uint32_t k = 1; k <= 3; k++)
			recv_word(n + k);
		n += 4;
	}
	teardown();
}
END_TEST

/* ---- ends -------------------------------------------------------------------- */

START_TEST(a_close_of_the_senders_lets_the_words_be_taken)
{
	uint64_t got;

	setup_words(4, 1);
	ck_assert_int_eq(send_word(1), LEAT_OK);
	ck_assert_int_eq(send_word(2), LEAT_OK);
	recv_word(1);
	leat_channel_close_send(ch);
	recv_word(2);
	ck_assert_int_eq(leat_channel_recv(ch, &got), LEAT_EOS);
	teardown();
}
END_TEST

START_TEST(with_credit_and_items_there_an_end_is_seen_at_once)
{
	uint64_t got;

	setup_words(4, 1);
	ck_assert_int_eq(send_word(1), LEAT_OK);
	ck_assert_int_eq(send_word(2), LEAT_OK);
	recv_word(1);
	leat_channel_close_recv(ch);
	ck_assert_int_eq(send_word(3), LEAT_ECLOSED);
	teardown();
	setup_words(4, 1);
	ck_assert_int_eq(send_word(1), LEAT_OK);
	ck_assert_int_eq(send_word(2), LEAT_OK);
	recv_word(1);
	leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(send_word(3), LEAT_ECANCELED);
	ck_assert_int_eq(leat_channel_recv(ch, &got), LEAT_ECANCELED);
	teardown();
}
END_TEST

/* ---- others ------------------------------------------------------------------ */

/* Items of n_bytes, each of its own byte; more than fit at once. */
static void
pass_items(uint32_t n_bytes)
{
	unsigned char item[64], got[64];

	for (int n = 0; n < 40; n++) {
		memset(item, n, sizeof(item));
		memset(got, 255, sizeof(got));
		ck_assert_int_eq(leat_channel_send(ch, item), LEAT_OK);
		if (n == 0)
			ck_assert_int_eq(leat_channel_send(ch, item), LEAT_OK);
		ck_assert_int_eq(leat_channel_recv(ch, got), LEAT_OK);
		ck_assert_int_eq(got[0], n ? n - 1 : 0);
		ck_assert_int_eq(got[n_bytes - 1], n ? n - 1 : 0);
		if (n_bytes < sizeof(got))
			ck_assert_int_eq(got[n_bytes], 255);
		if (ch->is_granted)
			leat_channel_grant(ch, 1, 0);
	}
	ck_assert_uint_eq(ch->send_end, 0);
	ck_assert_uint_eq(ch->recv_end, 0);
}

START_TEST(items_that_are_no_words_go_the_long_way)
{
	static const uint32_t some[] = {1, 4, 7, 9, 16, 64};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(some); c++) {
			setup(kinds[k], some[c], 3);
			pass_items(some[c]);
			teardown();
		}
}
END_TEST

START_TEST(grants_many_ends_and_windows_go_the_long_way)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = 3, .window_delay_ns = 1000000};

	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		setup(kinds[k] | GR, 8, 3);
		pass_items(8);
		teardown();
		opts.flags = kinds[k];
		setup_by(&opts);
		pass_items(8);
		teardown();
	}
	for (size_t k = 1; k < leat__array_len(kinds); k++) {
		setup(kinds[k], 8, 3);
		pass_items(8);
		teardown();
	}
}
END_TEST

/* ---- two threads ------------------------------------------------------------- */

#define N_ROUNDS 20u

/* Whose turn it is: relaxed, so that the channel alone says what happens before
 * what. */
static uint32_t round_sent, round_taken;

static void
await_round(const uint32_t *word, uint32_t round)
{
	while (leat__load_relaxed(word) != round)
		sched_yield();
}

static void *
words_send(void *arg)
{
	(void)arg;
	for (uint32_t round = 1; round <= N_ROUNDS; round++) {
		await_round(&round_taken, round - 1);
		if (send_word(2 * round) || send_word(2 * round + 1))
			break;
		leat__store_relaxed(&round_sent, round);
	}
	return NULL;
}

/* A place is written again when it was read; the second word goes the short
 * way. What is read too late shows under ThreadSanitizer. */
START_TEST(a_place_is_given_back_when_it_was_read)
{
	pthread_t sender;

	setup_words(2, 1);
	round_sent = round_taken = 0;
	ck_assert_int_eq(pthread_create(&sender, NULL, words_send, NULL), 0);
	for (uint32_t round = 1; round <= N_ROUNDS; round++) {
		await_round(&round_sent, round);
		recv_word(2 * round);
		recv_word(2 * round + 1);
		leat__store_relaxed(&round_taken, round);
	}
	pthread_join(sender, NULL);
	teardown();
}
END_TEST

TEST_MAIN("chan/word", there_is_credit_for_the_capacity_and_no_more,
	the_short_and_the_long_way_take_turns,
	words_are_seen_when_as_many_as_publish_items_have_gone,
	after_a_flush_as_many_are_held_back_as_ever,
	a_close_of_the_senders_lets_the_words_be_taken,
	with_credit_and_items_there_an_end_is_seen_at_once,
	items_that_are_no_words_go_the_long_way,
	grants_many_ends_and_windows_go_the_long_way,
	a_place_is_given_back_when_it_was_read)
