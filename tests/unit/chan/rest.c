/*
 * unit/chan/rest.c -- fibers that rest at a channel, driven by hand: a strand
 * of the test's own, whose rest does what another one does meanwhile.
 */
#include "unit/chan/two.h"

/* ---- a fiber ----------------------------------------------------------------- */

static uint32_t n_rests, n_readies, n_strand_parks;

static void
rest_noted(struct leat__strand *strand)
{
	void (*act)(void) = meanwhile;

	(void)strand;
	n_rests++;
	meanwhile = NULL;
	if (act)
		act();
	/* else it would never come back */
	ck_assert_uint_eq(n_readies, n_rests);
}

static void
ready_noted(struct leat__strand *strand)
{
	(void)strand;
	n_readies++;
}

static void
park_noted(struct leat__strand *strand, struct leat__waiter *w,
	int64_t deadline_ns)
{
	(void)strand;
	(void)deadline_ns;
	n_strand_parks++;
	leat__waiter_claim(w, LEAT__TOKEN_DEADLINE);
}

/* One case, waiting, as if by a fiber. */
static int
wait_as_fiber(struct leat_channel *ch, bool is_send, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	struct leat__strand strand = {.park = park_noted,
		.ready = ready_noted,
		.rest = rest_noted,
		.is_away = 1};
	int rc;

	waited = ch;
	n_rests = n_readies = n_strand_parks = 0;
	*leat__thread_slot() = &strand;
	rc = leat__select_one(ch, is_send, &item, ctx, deadline_ns);
	*leat__thread_slot() = NULL;
	ck_assert_uint_eq(ch->senders.waiting, 0);
	ck_assert_uint_eq(ch->receivers.waiting, 0);
	return rc;
}

START_TEST(a_fiber_rests_until_there_is_what_it_waits_for)
{
	static const uint32_t one_receiver[] = {0, MS};
	static const uint32_t one_sender[] = {0, MR};

	for (int k = 0; k < 2; k++) {
		setup(one_receiver[k], one_sender[k]);
		meanwhile = send_six;
		ck_assert_int_eq(
			wait_as_fiber(a, false, NULL, LEAT_NEVER), LEAT_OK);
		ck_assert_uint_eq(item, 6);
		ck_assert_uint_eq(n_rests, 1);
		ck_assert_int_eq(try_send(b, 1), LEAT_OK);
		meanwhile = take_one;
		ck_assert_int_eq(
			wait_as_fiber(b, true, NULL, LEAT_NEVER), LEAT_OK);
		ck_assert_uint_eq(n_rests, 1);
		ck_assert_uint_eq(leat_channel_queued(b), 1);
		ck_assert_uint_eq(n_strand_parks, 0);
		teardown();
	}
}
END_TEST

START_TEST(every_end_wakes_a_fiber_that_rests)
{
	static const struct {
		void (*end)(void);
		int recv_rc;
		int send_rc;
	} ends[] = {{close_senders, LEAT_EOS, LEAT_ECLOSED},
		{close_receivers, LEAT_EOS, LEAT_ECLOSED},
		{cancel_world, LEAT_ECANCELED, LEAT_ECANCELED}};

	for (size_t k = 0; k < leat__array_len(ends); k++)
		for (uint32_t is_send = 0; is_send < 2; is_send++) {
			setup(is_send ? MR : MS, 0);
			if (is_send)
				ck_assert_int_eq(try_send(a, 1), LEAT_OK);
			meanwhile = ends[k].end;
			ck_assert_int_eq(
				wait_as_fiber(a, is_send, NULL, LEAT_NEVER),
				is_send ? ends[k].send_rc : ends[k].recv_rc);
			ck_assert_uint_eq(n_rests, 1);
			teardown();
		}
}
END_TEST

START_TEST(with_a_context_or_a_deadline_a_fiber_parks)
{
	setup(0, MR);
	ck_assert_int_eq(wait_as_fiber(a, false, NULL, 1), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(n_strand_parks, 1);
	ck_assert_int_eq(
		wait_as_fiber(a, false, world.ctx, LEAT_NEVER), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(n_strand_parks, 1);
	/* and where many wait there is no place to rest */
	ck_assert_int_eq(
		wait_as_fiber(b, false, NULL, LEAT_NEVER), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(n_strand_parks, 1);
	ck_assert_uint_eq(n_rests, 0);
	teardown();
}
END_TEST

START_TEST(what_a_fiber_finds_there_it_takes_without_leaving)
{
	setup(0, 0);
	ck_assert_int_eq(try_send(a, 5), LEAT_OK);
	ck_assert_int_eq(wait_as_fiber(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 5);
	ck_assert_int_eq(wait_as_fiber(b, true, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(n_rests + n_readies, 0);
	teardown();
}
END_TEST

/* It is told of between the two: it is ready, and must not run on. */
START_TEST(a_fiber_that_was_made_ready_leaves_though_the_item_is_there)
{
	setup(0, 0);
	world.fail.env.barrier = barrier_and_act;
	meanwhile = send_six;
	ck_assert_int_eq(wait_as_fiber(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 6);
	ck_assert_uint_eq(n_readies, 1);
	ck_assert_uint_eq(n_rests, 1);
	ck_assert_int_eq(try_send(b, 1), LEAT_OK);
	meanwhile = take_one;
	ck_assert_int_eq(wait_as_fiber(b, true, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(n_readies, 1);
	ck_assert_uint_eq(n_rests, 1);
	teardown();
}
END_TEST

START_TEST(a_fiber_that_is_told_in_vain_rests_again)
{
	setup(0, 0);
	meanwhile = send_in_vain;
	ck_assert_int_eq(wait_as_fiber(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 6);
	ck_assert_uint_eq(n_rests, 2);
	teardown();
}
END_TEST

START_TEST(a_fiber_that_rests_is_counted_as_one_that_waits)
{
	setup(0, 0);
	meanwhile = describe_and_send;
	ck_assert_int_eq(wait_as_fiber(a, false, NULL, LEAT_NEVER), LEAT_OK);
	teardown();
}
END_TEST

TEST_MAIN("chan/rest", a_fiber_rests_until_there_is_what_it_waits_for,
	every_end_wakes_a_fiber_that_rests,
	with_a_context_or_a_deadline_a_fiber_parks,
	what_a_fiber_finds_there_it_takes_without_leaving,
	a_fiber_that_was_made_ready_leaves_though_the_item_is_there,
	a_fiber_that_is_told_in_vain_rests_again,
	a_fiber_that_rests_is_counted_as_one_that_waits)
