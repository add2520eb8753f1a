/*
 * unit/chan/go.c -- what holds for Go's channels holds here.
 *
 * From The Go Programming Language Specification, sections Channel types, Send
 * statements, Receive operator, Select statements, Close; and The Go Memory
 * Model, section Channel communication. Where the language panics a code is
 * returned; a nil channel is a NULL in a select. Data that is shared in these
 * tests is plain: ThreadSanitizer sees whether the order is really there.
 */
#include <leat/channel.h>

#include "support/chan_world.h"
#include "support/stress.h"
#include "support/test.h"

#define MS LEAT_CHANNEL_MANY_SENDERS
#define MR LEAT_CHANNEL_MANY_RECEIVERS

static const uint32_t kinds[] = {0, MS, MR, MS | MR};

static struct chan_world world;
static const struct leat__env *env = &world.fail.env;

static struct leat_channel *
make(uint32_t flags, uint32_t capacity)
{
	return chan_world_open(&world, flags, sizeof(uint64_t), capacity);
}

static void
start(struct leat__thread *thread, leat__thread_fn fn, void *arg)
{
	*thread = (struct leat__thread){.fn = fn, .arg = arg};
	must(env->thread_start(env, thread) == 0);
}

static void
send(struct leat_channel *ch, uint64_t n)
{
	must(leat_channel_send(ch, &n) == LEAT_OK);
}

static uint64_t
recv(struct leat_channel *ch)
{
	uint64_t n = 0;

	must(leat_channel_recv(ch, &n) == LEAT_OK);
	return n;
}

static struct leat_select_case
sending(struct leat_channel *ch, uint64_t *item)
{
	return (struct leat_select_case){
		.channel = ch, .item = item, .op = LEAT_SELECT_SEND};
}

static struct leat_select_case
receiving(struct leat_channel *ch, uint64_t *item)
{
	return (struct leat_select_case){.channel = ch, .item = item};
}

/* ---- Channel types ---------------------------------------------------------- */

START_TEST(a_buffered_channel_passes_without_waiting_until_it_is_full)
{
	chan_world_init(&world);
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct leat_channel *ch = make(kinds[k], 3);

		for (uint64_t n = 0; n < 3; n++)
			send(ch, n);
		ck_assert_uint_eq(leat_channel_queued(ch), 3); /* len */
		ck_assert_uint_eq(leat_channel_window(ch), 3); /* cap */
		/* first in, first out */
		for (uint64_t n = 0; n < 3; n++)
			ck_assert_uint_eq(recv(ch), n);
		leat_channel_destroy(ch);
	}
	ck_assert_uint_eq(world.n_parks, 0);
	chan_world_fini(&world);
}
END_TEST

START_TEST(an_unbuffered_channel_passes_only_when_both_are_ready)
{
	struct leat_channel *ch;
	struct chan_call call;
	uint64_t n = 1;

	chan_world_init(&world);
	ch = make(0, 0);
	ck_assert_int_eq(leat_channel_try_send(ch, &n), LEAT_EAGAIN);
	ck_assert_int_eq(leat_channel_try_recv(ch, &n), LEAT_EAGAIN);
	ck_assert_uint_eq(leat_channel_queued(ch), 0);
	chan_send_begin(&world, &call, ch, 9);
	chan_world_await_parks(&world, 1);
	/* the send has not completed: no receive has begun */
	ck_assert(!chan_call_is_done(&call));
	ck_assert_int_eq(leat_channel_try_send(ch, &n), LEAT_EAGAIN);
	ck_assert_int_eq(leat_channel_try_recv(ch, &n), LEAT_OK);
	ck_assert_uint_eq(n, 9);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}
END_TEST

/* ---- the memory model --------------------------------------------------------- */

#define N_ROUNDS 300u

/* Plain memory between two threads; only the channel orders it. */
struct shared {
	struct leat_channel *ch;
	uint32_t capacity;
	uint64_t by_sender[N_ROUNDS];
	uint64_t by_receiver[N_ROUNDS];
	uint64_t before_close;
};

static void
receive_all(void *arg)
{
	struct shared *s = arg;
	uint64_t n;

	for (uint64_t k = 0; k < N_ROUNDS; k++) {
		s->by_receiver[k] = k + 1;
		must(recv(s->ch) == k);
		/* "a send happens before the corresponding receive
		 * completes" */
		must(s->by_sender[k] == k + 1);
	}
	/* "the closing of a channel happens before a receive that returns
	 * because the channel is closed" */
	must(leat_channel_recv(s->ch, &n) == LEAT_EOS);
	must(s->before_close == 77);
}

START_TEST(channel_communication_orders_memory)
{
	static const uint32_t few[] = {0, 1, 2, 3, 7, 100};

	chan_world_init(&world);
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			static struct shared s;
			struct leat__thread thread;

			s = (struct shared){.ch = make(kinds[k], few[c]),
				.capacity = few[c]};
			start(&thread, receive_all, &s);
			for (uint64_t n = 0; n < N_ROUNDS; n++) {
				s.by_sender[n] = n + 1;
				send(s.ch, n);
				/* "the kth receive on a channel with capacity
				 * C happens before the k+Cth send completes";
				 * with C = 0: a receive from an unbuffered
				 * channel before the send completes */
				if (n >= few[c])
					must(s.by_receiver[n - few[c]] ==
						n - few[c] + 1);
			}
			s.before_close = 77;
			leat_channel_close_send(s.ch);
			env->thread_join(env, &thread);
			leat_channel_destroy(s.ch);
		}
	chan_world_fini(&world);
}
END_TEST

/* "A buffered channel can be used as a semaphore." */
struct limited {
	struct leat_channel *limit;
	struct leat__thread threads[6];
	uint32_t n_inside; /* atomic */
	uint32_t n_most;   /* atomic */
};

static void
work_within_limit(void *arg)
{
	struct limited *l = arg;

	for (int k = 0; k < 100; k++) {
		uint32_t n;

		send(l->limit, 1);
		n = leat__add_relaxed(&l->n_inside, 1u) + 1;
		must(n <= 3);
		leat__sub_relaxed(&l->n_inside, 1u);
		recv(l->limit);
	}
}

START_TEST(a_buffered_channel_is_a_counting_semaphore)
{
	struct limited l = {0};

	chan_world_init(&world);
	l.limit = make(MS | MR, 3);
	for (int k = 0; k < 6; k++)
		start(&l.threads[k], work_within_limit, &l);
	for (int k = 0; k < 6; k++)
		env->thread_join(env, &l.threads[k]);
	ck_assert_uint_eq(leat_channel_queued(l.limit), 0);
	leat_channel_destroy(l.limit);
	chan_world_fini(&world);
}
END_TEST

/* ---- Close ------------------------------------------------------------------------ */

START_TEST(after_a_close_what_was_sent_is_received_then_the_end)
{
	chan_world_init(&world);
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		struct leat_channel *ch = make(kinds[k], 4);
		uint64_t n = 55;

		send(ch, 1);
		send(ch, 2);
		leat_channel_close_send(ch);
		ck_assert_uint_eq(recv(ch), 1);
		ck_assert_uint_eq(recv(ch), 2);
		/* "without blocking", any number of times */
		for (int times = 0; times < 3; times++)
			ck_assert_int_eq(leat_channel_recv(ch, &n), LEAT_EOS);
		ck_assert_uint_eq(n, 55);
		leat_channel_destroy(ch);
	}
	ck_assert_uint_eq(world.n_parks, 0);
	chan_world_fini(&world);
}
END_TEST

START_TEST(a_send_on_a_closed_channel_is_refused)
{
	static const uint32_t few[] = {0, 4};

	chan_world_init(&world);
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct leat_channel *ch = make(kinds[k], few[c]);
			uint64_t n = 1;
			struct leat_select_case one = sending(ch, &n);
			uint32_t at = 9;

			leat_channel_close_send(ch);
			ck_assert_int_eq(
				leat_channel_send(ch, &n), LEAT_ECLOSED);
			ck_assert_int_eq(
				leat_select(&one, 1, NULL, LEAT_NEVER, &at),
				LEAT_OK);
			ck_assert_uint_eq(at, 0);
			ck_assert_int_eq(one.result, LEAT_ECLOSED);
			leat_channel_destroy(ch);
		}
	chan_world_fini(&world);
}
END_TEST

START_TEST(a_close_reaches_every_receiver_that_waits)
{
	static const uint32_t few[] = {0, 4};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		struct leat_select_case cases[4];
		struct chan_call calls[8];
		struct leat_channel *ch;
		uint64_t items[4];

		chan_world_init(&world);
		ch = make(MR, few[c]);
		for (int k = 0; k < 4; k++) {
			cases[k] = receiving(ch, &items[k]);
			chan_recv_begin(&world, &calls[k], ch);
			chan_select_begin(&world, &calls[4 + k], &cases[k], 1);
		}
		chan_world_await_parks(&world, 8);
		leat_channel_close_send(ch);
		for (int k = 0; k < 4; k++) {
			ck_assert_int_eq(chan_call_end(&calls[k]), LEAT_EOS);
			ck_assert_int_eq(chan_call_end(&calls[4 + k]), LEAT_OK);
			ck_assert_int_eq(cases[k].result, LEAT_EOS);
		}
		leat_channel_destroy(ch);
		chan_world_fini(&world);
	}
}
END_TEST

/* ---- Select statements: nil, default --------------------------------------------- */

START_TEST(a_nil_channel_is_never_ready)
{
	uint64_t out = 1, in = 0;
	struct leat_select_case cases[3];
	uint32_t at = 9;

	chan_world_init(&world);
	cases[0] = sending(NULL, &out);
	cases[1] = receiving(NULL, &in);
	ck_assert_int_eq(leat_try_select(cases, 2, &at), LEAT_EAGAIN);
	ck_assert_int_eq(leat_select(cases, 2, NULL, 0, &at), LEAT_ETIMEDOUT);
	ck_assert_int_eq(
		leat_select(cases, 2, world.ctx, leat_now_ns() + 200000, &at),
		LEAT_ETIMEDOUT);
	ck_assert_uint_eq(at, 9);
	/* beside one that is ready it is never the one */
	cases[2] = receiving(make(0, 1), &in);
	for (uint64_t n = 0; n < 100; n++) {
		send(cases[2].channel, n);
		ck_assert_int_eq(
			leat_select(cases, 3, NULL, LEAT_NEVER, &at), LEAT_OK);
		ck_assert_uint_eq(at, 2);
		ck_assert_uint_eq(in, n);
	}
	leat_channel_destroy(cases[2].channel);
	chan_world_fini(&world);
}
END_TEST

START_TEST(a_select_of_nil_channels_alone_ends_with_its_context)
{
	uint64_t in = 0;
	struct leat_select_case one = receiving(NULL, &in);
	struct chan_call call = {
		.cases = &one, .n_cases = 1, .deadline_ns = LEAT_NEVER};

	chan_world_init(&world);
	call.ctx = world.ctx;
	chan_call_begin(&world, &call);
	leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(chan_call_end(&call), LEAT_ECANCELED);
	chan_world_fini(&world);
}
END_TEST

START_TEST(with_a_default_nothing_waits)
{
	uint64_t out = 5, in = 0;
	struct leat_select_case cases[2];
	struct leat_channel *ch;
	uint32_t at = 9;

	chan_world_init(&world);
	ch = make(0, 1);
	cases[0] = receiving(ch, &in);
	ck_assert_int_eq(leat_try_select(cases, 1, &at), LEAT_EAGAIN);
	cases[1] = sending(ch, &out);
	ck_assert_int_eq(leat_try_select(cases, 2, &at), LEAT_OK);
	ck_assert_uint_eq(at, 1);
	ck_assert_int_eq(leat_try_select(cases, 2, &at), LEAT_OK);
	ck_assert_uint_eq(at, 0);
	ck_assert_uint_eq(in, 5);
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}
END_TEST

/* The specification's example: a random sequence of bits. */
START_TEST(a_select_of_two_sends_makes_random_bits)
{
	uint64_t zero = 0, one = 1;
	uint32_t n_ones = 0, n_changes = 0, before = 0;
	struct leat_select_case cases[2];
	struct leat_channel *ch;

	chan_world_init(&world);
	ch = make(0, 1);
	cases[0] = sending(ch, &zero);
	cases[1] = sending(ch, &one);
	for (int k = 0; k < 10000; k++) {
		uint32_t at = 9;
		uint64_t got;

		must(leat_select(cases, 2, NULL, LEAT_NEVER, &at) == LEAT_OK);
		got = recv(ch);
		must(got == at);
		n_ones += (uint32_t)got;
		n_changes += got != before;
		before = (uint32_t)got;
	}
	/* five standard deviations */
	ck_assert_uint_gt(n_ones, 4750);
	ck_assert_uint_lt(n_ones, 5250);
	ck_assert_uint_gt(n_changes, 4750);
	ck_assert_uint_lt(n_changes, 5250);
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}
END_TEST

/* ---- Select statements: a uniform choice ------------------------------------------- */

#define N_DRAWS 16000u

static double
chi_square(const uint32_t *counts, uint32_t n)
{
	double expected = 0, sum = 0;

	for (uint32_t k = 0; k < n; k++)
		expected += counts[k];
	expected /= n;
	for (uint32_t k = 0; k < n; k++)
		sum += (counts[k] - expected) * (counts[k] - expected) /
			expected;
	return sum;
}

/* Exceeded by a fair choice less than once in a million. */
static double
chi_square_bound(uint32_t n)
{
	return n == 2 ? 24.0 : n == 3 ? 27.7 : 56.6;
}

/* Of 2 n cases every other one is ready: closed, or with room. */
static void
draw(struct leat_select_case *cases, uint32_t n, bool is_fresh)
{
	uint32_t counts[16] = {0};
	uint64_t item;

	for (uint32_t k = 0; k < N_DRAWS; k++) {
		uint32_t at = 99;

		if (is_fresh)
			memset(cases[0].rest, 0, sizeof(cases[0].rest));
		must(leat_select(cases, 2 * n, NULL, LEAT_NEVER, &at) ==
			LEAT_OK);
		must(at < 2 * n && at % 2 == 1);
		counts[at / 2]++;
		if (cases[at].op == LEAT_SELECT_SEND)
			must(leat_channel_try_recv(cases[at].channel, &item) ==
				LEAT_OK);
	}
	ck_assert_msg(chi_square(counts, n) < chi_square_bound(n),
		"%u cases: %f", n, chi_square(counts, n));
}

static void
draw_among(uint32_t n, bool is_fresh)
{
	struct leat_select_case cases[32];
	uint64_t item = 0;

	chan_world_init(&world);
	for (uint32_t k = 0; k < n; k++) {
		struct leat_channel *ch = make(kinds[k % 4], k % 3);

		cases[2 * k] = receiving(make(kinds[k % 4], k % 2), &item);
		if (k % 3 == 0 || k % 2 == 0)
			cases[2 * k + 1] = receiving(ch, &item);
		else
			cases[2 * k + 1] = sending(ch, &item);
		if (cases[2 * k + 1].op == LEAT_SELECT_RECV)
			leat_channel_close_send(ch);
	}
	draw(cases, n, is_fresh);
	for (uint32_t k = 0; k < 2 * n; k++)
		leat_channel_destroy(cases[k].channel);
	chan_world_fini(&world);
}

START_TEST(of_2_ready_cases_each_is_as_likely)
{
	draw_among(2, false);
	draw_among(2, true);
}
END_TEST

START_TEST(of_3_ready_cases_each_is_as_likely)
{
	draw_among(3, false);
	draw_among(3, true);
}
END_TEST

START_TEST(of_16_ready_cases_each_is_as_likely)
{
	draw_among(16, false);
	draw_among(16, true);
}
END_TEST

static void
receive_until_closed(void *arg)
{
	uint64_t n;
	int rc;

	do
		rc = leat_channel_recv(arg, &n);
	while (rc == LEAT_OK);
	must(rc == LEAT_EOS);
}

START_TEST(of_3_partners_that_wait_each_is_as_likely)
{
	struct leat_select_case cases[3];
	struct leat__thread threads[3];
	uint32_t counts[3] = {0};
	uint64_t item = 0;

	chan_world_init(&world);
	for (int k = 0; k < 3; k++) {
		cases[k] = sending(make(0, 0), &item);
		start(&threads[k], receive_until_closed, cases[k].channel);
	}
	for (int n = 0; n < 1500; n++) {
		uint32_t at = 9;

		for (int k = 0; k < 3; k++)
			while (leat_channel_credit(cases[k].channel) == 0)
				env->yield(env);
		must(leat_select(cases, 3, NULL, LEAT_NEVER, &at) == LEAT_OK);
		counts[at]++;
	}
	ck_assert_msg(chi_square(counts, 3) < chi_square_bound(3), "%f",
		chi_square(counts, 3));
	for (int k = 0; k < 3; k++) {
		leat_channel_close_send(cases[k].channel);
		env->thread_join(env, &threads[k]);
		leat_channel_destroy(cases[k].channel);
	}
	chan_world_fini(&world);
}
END_TEST

/* ---- Select statements: exactly one ------------------------------------------------- */

START_TEST(only_the_chosen_case_is_done)
{
	chan_world_init(&world);
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		uint64_t in[2] = {100, 100}, out = 3;
		struct leat_select_case cases[3] = {
			receiving(make(kinds[k], 2), &in[0]),
			receiving(make(kinds[k], 2), &in[1]),
			sending(make(kinds[k], 2), &out)};
		uint32_t at = 9;

		send(cases[0].channel, 1);
		send(cases[1].channel, 2);
		ck_assert_int_eq(
			leat_select(cases, 3, NULL, LEAT_NEVER, &at), LEAT_OK);
		ck_assert_int_eq(cases[at].result, LEAT_OK);
		ck_assert_uint_eq(
			leat_channel_queued(cases[0].channel), at != 0);
		ck_assert_uint_eq(
			leat_channel_queued(cases[1].channel), at != 1);
		ck_assert_uint_eq(
			leat_channel_queued(cases[2].channel), at == 2);
		ck_assert_uint_eq(in[0], at == 0 ? 1 : 100);
		ck_assert_uint_eq(in[1], at == 1 ? 2 : 100);
		for (int n = 0; n < 3; n++)
			leat_channel_destroy(cases[n].channel);
	}
	chan_world_fini(&world);
}
END_TEST

START_TEST(a_select_waits_until_one_can_proceed)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct leat_select_case cases[2];
			struct chan_call call;
			uint64_t in[2] = {0, 0};

			chan_world_init(&world);
			cases[0] = receiving(make(kinds[k], few[c]), &in[0]);
			cases[1] = receiving(make(kinds[k], few[c]), &in[1]);
			for (uint32_t at = 0; at < 2; at++) {
				chan_select_begin(&world, &call, cases, 2);
				chan_world_await_parks(&world, at + 1);
				ck_assert(!chan_call_is_done(&call));
				send(cases[at].channel, 8 + at);
				ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
				ck_assert_uint_eq(call.index, at);
				ck_assert_int_eq(cases[at].result, LEAT_OK);
				ck_assert_uint_eq(in[at], 8 + at);
			}
			leat_channel_destroy(cases[0].channel);
			leat_channel_destroy(cases[1].channel);
			chan_world_fini(&world);
		}
}
END_TEST

START_TEST(a_select_that_sends_waits_for_room_or_a_partner)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct leat_select_case cases[2];
			struct chan_call call;
			uint64_t out[2] = {1000, 1001};

			chan_world_init(&world);
			for (uint32_t at = 0; at < 2; at++) {
				struct leat_channel *ch =
					make(kinds[k], few[c]);

				for (uint64_t n = 0; n < few[c]; n++)
					send(ch, n);
				cases[at] = sending(ch, &out[at]);
			}
			chan_select_begin(&world, &call, cases, 2);
			chan_world_await_parks(&world, 1);
			for (uint64_t n = 0; n < few[c]; n++)
				ck_assert_uint_eq(recv(cases[1].channel), n);
			ck_assert_uint_eq(recv(cases[1].channel), 1001);
			ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
			ck_assert_uint_eq(call.index, 1);
			ck_assert_uint_eq(
				leat_channel_queued(cases[0].channel), few[c]);
			leat_channel_destroy(cases[0].channel);
			leat_channel_destroy(cases[1].channel);
			chan_world_fini(&world);
		}
}
END_TEST

START_TEST(a_channel_may_be_in_several_cases)
{
	static const uint32_t few[] = {0, 1, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			uint64_t in[3] = {0, 0, 0};
			struct leat_select_case cases[3];
			struct leat_channel *ch;
			struct chan_call call;

			chan_world_init(&world);
			ch = make(kinds[k], few[c]);
			for (int at = 0; at < 3; at++)
				cases[at] = receiving(ch, &in[at]);
			chan_select_begin(&world, &call, cases, 3);
			chan_world_await_parks(&world, 1);
			send(ch, 7);
			ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
			ck_assert_uint_eq(in[0] + in[1] + in[2], 7);
			ck_assert_uint_eq(in[call.index], 7);
			ck_assert_uint_eq(leat_channel_queued(ch), 0);
			leat_channel_destroy(ch);
			chan_world_fini(&world);
		}
}
END_TEST

START_TEST(a_selects_send_and_receive_never_meet_themselves)
{
	uint64_t out = 1, in = 0;
	struct leat_select_case cases[2];
	struct leat_channel *ch;
	struct chan_call call;
	uint32_t at = 9;

	chan_world_init(&world);
	ch = make(MS | MR, 0);
	cases[0] = sending(ch, &out);
	cases[1] = receiving(ch, &in);
	ck_assert_int_eq(leat_try_select(cases, 2, &at), LEAT_EAGAIN);
	ck_assert_int_eq(
		leat_select(cases, 2, NULL, leat_now_ns() + 200000, &at),
		LEAT_ETIMEDOUT);
	world.n_parks = 0;
	chan_select_begin(&world, &call, cases, 2);
	chan_world_await_parks(&world, 1);
	ck_assert(!chan_call_is_done(&call));
	ck_assert_uint_eq(recv(ch), 1);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(call.index, 0);
	ck_assert_uint_eq(in, 0);
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}
END_TEST

/* ---- selects that meet ---------------------------------------------------------------- */

struct peer {
	struct leat__thread thread;
	struct leat_channel *to;
	struct leat_channel *from;
	uint64_t n_sent, n_received;
	uint64_t sum_sent, sum_received;
	uint64_t n;
};

static void
peer_main(void *arg)
{
	struct peer *peer = arg;

	for (uint64_t k = 0; k < peer->n; k++) {
		uint64_t out = k * 2 + 1, in = 0;
		struct leat_select_case cases[2] = {
			sending(peer->to, &out), receiving(peer->from, &in)};
		uint32_t at = 9;

		must(leat_select(cases, 2, NULL, LEAT_NEVER, &at) == LEAT_OK);
		must(cases[at].result == LEAT_OK);
		must(at == 1 || in == 0);
		peer->n_sent += at == 0;
		peer->sum_sent += at == 0 ? out : 0;
		peer->n_received += at == 1;
		peer->sum_received += in;
	}
}

static void
meet(struct leat_channel *there, struct leat_channel *back)
{
	struct peer a = {.to = there, .from = back, .n = 3000};
	struct peer b = {.to = back, .from = there, .n = 3000};

	start(&a.thread, peer_main, &a);
	start(&b.thread, peer_main, &b);
	env->thread_join(env, &a.thread);
	env->thread_join(env, &b.thread);
	ck_assert_uint_eq(a.n_sent, b.n_received);
	ck_assert_uint_eq(b.n_sent, a.n_received);
	ck_assert_uint_eq(a.sum_sent, b.sum_received);
	ck_assert_uint_eq(b.sum_sent, a.sum_received);
	ck_assert_uint_eq(a.n_sent + a.n_received, 3000);
}

START_TEST(two_selects_over_two_rendezvous_meet_on_one_of_them)
{
	struct leat_channel *there, *back;

	chan_world_init(&world);
	there = make(0, 0);
	back = make(0, 0);
	meet(there, back);
	meet(back, there);
	leat_channel_destroy(there);
	leat_channel_destroy(back);
	chan_world_fini(&world);
}
END_TEST

START_TEST(two_selects_that_send_and_receive_on_one_rendezvous_meet)
{
	struct leat_channel *ch;

	chan_world_init(&world);
	ch = make(MS | MR, 0);
	meet(ch, ch);
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}
END_TEST

/* ---- the example at the specification's end --------------------------------------------- */

#define N_PRIMES 12

static struct leat_channel *links[N_PRIMES + 1];
static uint64_t primes[N_PRIMES];

static void
generate_main(void *arg)
{
	uint64_t n = 2;

	(void)arg;
	while (leat_channel_send(links[0], &n) == LEAT_OK)
		n++;
}

/* Pass on what is not divisible by the first one that comes. */
static void
filter_main(void *arg)
{
	size_t k = (size_t)((uint64_t *)arg - primes);
	uint64_t n = recv(links[k]);

	primes[k] = n;
	while (k + 1 < N_PRIMES && leat_channel_recv(links[k], &n) == LEAT_OK)
		if (n % primes[k] != 0 &&
			leat_channel_send(links[k + 1], &n) != LEAT_OK)
			break;
	leat_channel_close_recv(links[k]);
}

START_TEST(the_prime_sieve_gives_primes)
{
	static const uint64_t expected[N_PRIMES] = {
		2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
	struct leat__thread generate, filters[N_PRIMES];

	chan_world_init(&world);
	for (int k = 0; k < N_PRIMES; k++)
		links[k] = make(0, 0);
	start(&generate, generate_main, NULL);
	for (int k = 0; k < N_PRIMES; k++)
		start(&filters[k], filter_main, &primes[k]);
	for (int k = 0; k < N_PRIMES; k++)
		env->thread_join(env, &filters[k]);
	env->thread_join(env, &generate);
	ck_assert_mem_eq(primes, expected, sizeof(primes));
	for (int k = 0; k < N_PRIMES; k++)
		leat_channel_destroy(links[k]);
	chan_world_fini(&world);
}
END_TEST

TEST_MAIN("chan/go", a_buffered_channel_passes_without_waiting_until_it_is_full,
	an_unbuffered_channel_passes_only_when_both_are_ready,
	channel_communication_orders_memory,
	a_buffered_channel_is_a_counting_semaphore,
	after_a_close_what_was_sent_is_received_then_the_end,
	a_send_on_a_closed_channel_is_refused,
	a_close_reaches_every_receiver_that_waits, a_nil_channel_is_never_ready,
	a_select_of_nil_channels_alone_ends_with_its_context,
	with_a_default_nothing_waits, a_select_of_two_sends_makes_random_bits,
	of_2_ready_cases_each_is_as_likely, of_3_ready_cases_each_is_as_likely,
	of_16_ready_cases_each_is_as_likely,
	of_3_partners_that_wait_each_is_as_likely, only_the_chosen_case_is_done,
	a_select_waits_until_one_can_proceed,
	a_select_that_sends_waits_for_room_or_a_partner,
	a_channel_may_be_in_several_cases,
	a_selects_send_and_receive_never_meet_themselves,
	two_selects_over_two_rendezvous_meet_on_one_of_them,
	two_selects_that_send_and_receive_on_one_rendezvous_meet,
	the_prime_sieve_gives_primes)
