/*
 * unit/chan/doze.c -- threads that sleep at a channel by its own word, driven
 * by hand: a park of the test's own does what another thread does meanwhile.
 */
#include "unit/chan/two.h"

/* ---- a thread that sleeps ------------------------------------------------------ */

static const uint32_t *bed; /* where it sleeps */
static uint32_t n_dozes, n_token_parks, n_wakes, n_in_vain;

static void
park_and_act(const struct leat__env *env, const uint32_t *word,
	uint32_t expected, int64_t deadline_ns)
{
	void (*act)(void) = meanwhile;

	(void)env;
	if (expected != LEAT__SIDE_THREAD) {
		n_token_parks++;
		ck_assert_uint_eq(expected, LEAT__TOKEN_PARKED);
		world.now_ns = 10; /* its deadline */
		meanwhile = NULL;
		if (act)
			act();
		return;
	}
	n_dozes++;
	/* else it would not sleep at all */
	ck_assert_uint_eq(*word, expected);
	ck_assert_int_eq(deadline_ns, LEAT_NEVER);
	bed = word;
	if (n_in_vain > 0) {
		n_in_vain--;
		return;
	}
	meanwhile = NULL;
	ck_assert(act != NULL);
	act();
	/* else it would never come back */
	ck_assert_uint_ne(*word, expected);
}

static void
wake_noted(const struct leat__env *env, const uint32_t *word)
{
	(void)env;
	n_wakes++;
	if (bed)
		ck_assert_ptr_eq(word, bed);
}

static void
setup_noted(uint32_t flags_a, uint32_t flags_b)
{
	setup(flags_a, flags_b);
	world.fail.env.park = park_and_act;
	world.fail.env.wake = wake_noted;
	bed = NULL;
}

static int
wait_at(struct leat_channel *ch, bool is_send, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	int rc;

	waited = ch;
	n_dozes = n_token_parks = n_wakes = 0;
	rc = leat__select_one(ch, is_send, &item, ctx, deadline_ns);
	ck_assert_uint_eq(ch->senders.waiting, 0);
	ck_assert_uint_eq(ch->receivers.waiting, 0);
	return rc;
}

/* ---- how it ends ---------------------------------------------------------------- */

START_TEST(a_thread_sleeps_until_there_is_what_it_waits_for)
{
	static const uint32_t one_receiver[] = {0, MS};
	static const uint32_t one_sender[] = {0, MR};

	for (int k = 0; k < 2; k++) {
		/* several one after the other: with fences, and without */
		setup_noted(one_receiver[k], one_sender[k]);
		for (int n = 0; n < 3; n++) {
			meanwhile = send_six;
			ck_assert_int_eq(
				wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
			ck_assert_uint_eq(item, 6);
			ck_assert_uint_eq(n_dozes, 1);
			ck_assert_uint_eq(n_wakes, 1);
		}
		bed = NULL;
		ck_assert_int_eq(try_send(b, 1), LEAT_OK);
		for (int n = 0; n < 3; n++) {
			meanwhile = take_one;
			ck_assert_int_eq(
				wait_at(b, true, NULL, LEAT_NEVER), LEAT_OK);
			ck_assert_uint_eq(n_dozes, 1);
			ck_assert_uint_eq(n_wakes, 1);
		}
		ck_assert_uint_eq(leat_channel_queued(b), 1);
		teardown();
	}
}
END_TEST

START_TEST(every_end_wakes_a_thread_that_sleeps)
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
			setup_noted(is_send ? MR : MS, 0);
			if (is_send)
				ck_assert_int_eq(try_send(a, 1), LEAT_OK);
			meanwhile = ends[k].end;
			ck_assert_int_eq(wait_at(a, is_send, NULL, LEAT_NEVER),
				is_send ? ends[k].send_rc : ends[k].recv_rc);
			ck_assert_uint_eq(n_dozes, 1);
			ck_assert_uint_eq(n_wakes, 1);
			teardown();
		}
}
END_TEST

START_TEST(a_wake_for_no_reason_does_not_end_its_sleep)
{
	setup_noted(0, 0);
	meanwhile = send_six;
	n_in_vain = 3;
	ck_assert_int_eq(wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 6);
	ck_assert_uint_eq(n_dozes, 4);
	teardown();
}
END_TEST

START_TEST(a_thread_that_is_told_in_vain_sleeps_again)
{
	setup_noted(0, 0);
	meanwhile = send_in_vain;
	ck_assert_int_eq(wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 6);
	ck_assert_uint_eq(n_dozes, 2);
	teardown();
}
END_TEST

/* ---- before it sleeps ------------------------------------------------------------ */

/* The mark is on, and it has not looked yet. */
START_TEST(a_thread_that_is_told_before_it_sleeps_does_not)
{
	setup_noted(0, 0);
	world.fail.env.barrier = barrier_and_act;
	meanwhile = send_six;
	ck_assert_int_eq(wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 6);
	ck_assert_uint_eq(n_wakes, 1);
	ck_assert_int_eq(try_send(b, 1), LEAT_OK);
	meanwhile = take_one;
	ck_assert_int_eq(wait_at(b, true, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(n_wakes, 1);
	ck_assert_uint_eq(n_dozes, 0);
	teardown();
}
END_TEST

/* And then it was taken by another look: it sleeps at a mark of its own. */
START_TEST(a_mark_that_was_taken_off_is_not_slept_on)
{
	setup_noted(0, 0);
	world.fail.env.barrier = barrier_and_act;
	meanwhile = send_in_vain;
	ck_assert_int_eq(wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 6);
	ck_assert_uint_le(n_dozes, 1);
	teardown();
}
END_TEST

START_TEST(what_a_thread_finds_there_it_takes_without_sleeping)
{
	setup_noted(0, 0);
	ck_assert_int_eq(try_send(a, 5), LEAT_OK);
	ck_assert_int_eq(wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(item, 5);
	ck_assert_int_eq(wait_at(b, true, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(n_dozes + n_wakes, 0);
	teardown();
}
END_TEST

/* ---- who does not ------------------------------------------------------------------ */

static struct leat_ctx *own;

static void
cancel_own(void)
{
	leat_ctx_cancel(own, LEAT_ECANCELED, NULL);
}

START_TEST(with_a_context_or_a_deadline_a_thread_has_an_arm)
{
	setup_noted(0, MR);
	world.now_ns = 1;
	ck_assert_int_eq(wait_at(a, false, NULL, 5), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(n_token_parks, 1);
	world.now_ns = 1;
	ck_assert_int_eq(wait_at(a, false, world.ctx, 5), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(n_token_parks, 1);
	ck_assert_int_eq(
		leat_ctx_child(world.ctx, LEAT_NEVER, &own, NULL), LEAT_OK);
	meanwhile = cancel_own;
	ck_assert_int_eq(wait_at(a, false, own, LEAT_NEVER), LEAT_ECANCELED);
	ck_assert_uint_eq(n_token_parks, 1);
	leat_ctx_destroy(own);
	/* and where many wait there is no place for a mark */
	world.now_ns = 1;
	ck_assert_int_eq(wait_at(b, false, NULL, 5), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(n_token_parks, 1);
	ck_assert(!leat__side_doze(&b->receivers, 0));
	ck_assert_uint_eq(n_dozes, 0);
	teardown();
}
END_TEST

/* ---- for who looks on --------------------------------------------------------------- */

START_TEST(a_thread_that_sleeps_is_counted_as_one_that_waits)
{
	setup_noted(0, 0);
	meanwhile = describe_and_send;
	ck_assert_int_eq(wait_at(a, false, NULL, LEAT_NEVER), LEAT_OK);
	teardown();
}
END_TEST

TEST_MAIN("chan/doze", a_thread_sleeps_until_there_is_what_it_waits_for,
	every_end_wakes_a_thread_that_sleeps,
	a_wake_for_no_reason_does_not_end_its_sleep,
	a_thread_that_is_told_in_vain_sleeps_again,
	a_thread_that_is_told_before_it_sleeps_does_not,
	a_mark_that_was_taken_off_is_not_slept_on,
	what_a_thread_finds_there_it_takes_without_sleeping,
	with_a_context_or_a_deadline_a_thread_has_an_arm,
	a_thread_that_sleeps_is_counted_as_one_that_waits)
