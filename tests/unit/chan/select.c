/*
 * unit/chan/select.c -- waits: hints, handed-over items, ends, arms left on.
 *
 * A gate holds a waiter back between its wake-up and its next step, so that
 * the world can change in between.
 */
#include "chan/channel.h"

#include "support/chan_world.h"
#include "support/test.h"

#define MS LEAT_CHANNEL_MANY_SENDERS
#define MR LEAT_CHANNEL_MANY_RECEIVERS

static const uint32_t kinds[] = {0, MS, MR, MS | MR};

static struct chan_world world;
static struct leat_channel *a, *b;
static struct leat_select_case cases[64];
static uint64_t items[64];
static struct leat__waiter waiter;
static struct leat__arm arm;

static void
setup(uint32_t flags_a, uint32_t capacity_a, uint32_t flags_b,
	uint32_t capacity_b)
{
	chan_world_init(&world);
	a = chan_world_open(&world, flags_a, 8, capacity_a);
	b = chan_world_open(&world, flags_b, 8, capacity_b);
	memset(cases, 0, sizeof(cases));
	memset(items, 0, sizeof(items));
	for (int k = 0; k < 64; k++)
		cases[k].item = &items[k];
	leat__waiter_init(&waiter, &world.fail.env);
	arm = (struct leat__arm){.waiter = &waiter, .is_off = 1};
}

/* No waiter may have stayed on. */
static void
is_at_rest(const struct leat_channel *ch)
{
	ck_assert_uint_eq(ch->senders.waiting, 0);
	ck_assert_uint_eq(ch->receivers.waiting, 0);
	ck_assert_ptr_null(ch->senders.first);
	ck_assert_ptr_null(ch->receivers.first);
}

static void
teardown(void)
{
	is_at_rest(a);
	is_at_rest(b);
	leat_channel_destroy(a);
	leat_channel_destroy(b);
	chan_world_fini(&world);
}

static int
try_send(struct leat_channel *ch, uint64_t n)
{
	return leat_channel_try_send(ch, &n);
}

static void
select_on(uint32_t k, struct leat_channel *ch, uint32_t op)
{
	cases[k].channel = ch;
	cases[k].op = op;
}

/* ---- the gate ------------------------------------------------------------------ */

static uint32_t is_open; /* atomic */
static void (*park_below)(const struct leat__env *env, const uint32_t *word,
	uint32_t expected, int64_t deadline_ns);

static void
park_at_gate(const struct leat__env *env, const uint32_t *word,
	uint32_t expected, int64_t deadline_ns)
{
	park_below(env, word, expected, deadline_ns);
	/* acquire: pairs with the release in open_gate */
	while (expected == LEAT__TOKEN_PARKED && !leat__load_acquire(&is_open))
		env->yield(env);
}

static void
close_gate(void)
{
	is_open = 0;
	park_below = world.fail.env.park;
	world.fail.env.park = park_at_gate;
}

static void
open_gate(void)
{
	/* release: pairs with the acquire in park_at_gate */
	leat__store_release(&is_open, 1u);
}

static struct leat_ctx *
child(void)
{
	struct leat_ctx *ctx = NULL;

	ck_assert_int_eq(
		leat_ctx_child(world.ctx, LEAT_NEVER, &ctx, NULL), LEAT_OK);
	return ctx;
}

/* ---- wrong calls and plain ends ---------------------------------------------------- */

START_TEST(a_select_without_cases_or_with_an_unknown_op_is_refused)
{
	uint32_t at = 9;

	setup(0, 1, 0, 1);
	select_on(0, a, 2);
	ck_assert_int_eq(
		leat_select(cases, 0, NULL, LEAT_NEVER, &at), LEAT_EINVAL);
	ck_assert_int_eq(
		leat_select(NULL, 1, NULL, LEAT_NEVER, &at), LEAT_EINVAL);
	ck_assert_int_eq(
		leat_select(cases, 1, NULL, LEAT_NEVER, &at), LEAT_EINVAL);
	ck_assert_int_eq(leat_try_select(cases, 0, &at), LEAT_EINVAL);
	ck_assert_int_eq(leat_try_select(cases, 1, &at), LEAT_EINVAL);
	ck_assert_uint_eq(at, 9);
	teardown();
}
END_TEST

START_TEST(the_result_says_how_the_case_was_done)
{
	static const uint32_t few[] = {0, 3, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			uint32_t at = 9;

			setup(kinds[k], few[c], kinds[k], few[c]);
			select_on(0, a, LEAT_SELECT_RECV);
			leat_channel_close_send(a);
			ck_assert_int_eq(
				leat_select(cases, 1, NULL, LEAT_NEVER, &at),
				LEAT_OK);
			ck_assert_int_eq(cases[0].result, LEAT_EOS);
			select_on(0, b, LEAT_SELECT_SEND);
			leat_channel_close_recv(b);
			ck_assert_int_eq(
				leat_try_select(cases, 1, &at), LEAT_OK);
			ck_assert_int_eq(cases[0].result, LEAT_ECLOSED);
			leat_ctx_cancel(world.ctx, LEAT_EIO, NULL);
			for (uint32_t op = 0; op < 2; op++) {
				select_on(0, b, op);
				ck_assert_int_eq(leat_select(cases, 1, NULL,
							 LEAT_NEVER, &at),
					LEAT_OK);
				ck_assert_int_eq(
					cases[0].result, LEAT_ECANCELED);
			}
			teardown();
		}
}
END_TEST

START_TEST(a_deadline_or_a_context_ends_a_select_and_leaves_no_arm)
{
	static const uint32_t few[] = {0, 3, 100};

	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (size_t c = 0; c < leat__array_len(few); c++) {
			struct chan_call call = {.cases = cases,
				.n_cases = 3,
				.deadline_ns = LEAT_NEVER};
			int64_t soon_ns = leat_now_ns() + 200000;
			uint32_t at = 9;

			setup(kinds[k], few[c], kinds[k], 0);
			select_on(0, a, LEAT_SELECT_RECV);
			select_on(1, b, LEAT_SELECT_SEND);
			select_on(2, b, LEAT_SELECT_RECV);
			ck_assert_int_eq(leat_select(cases, 3, NULL, 0, &at),
				LEAT_ETIMEDOUT);
			ck_assert_int_eq(
				leat_select(cases, 3, world.ctx, soon_ns, &at),
				LEAT_ETIMEDOUT);
			ck_assert_int_ge(leat_now_ns(), soon_ns);
			ck_assert_uint_eq(at, 9);
			is_at_rest(a);
			world.n_parks = 0;
			call.ctx = child();
			chan_call_begin(&world, &call);
			chan_world_await_parks(&world, 1);
			leat_ctx_cancel(call.ctx, LEAT_EDATA, NULL);
			ck_assert_int_eq(chan_call_end(&call), LEAT_ECANCELED);
			ck_assert_int_eq(leat_select(cases, 3, call.ctx,
						 LEAT_NEVER, &at),
				LEAT_ECANCELED);
			leat_ctx_destroy(call.ctx);
			teardown();
		}
}
END_TEST

START_TEST(what_can_be_done_is_done_after_the_deadline_too)
{
	uint32_t at = 9;

	setup(0, 1, 0, 0);
	select_on(0, b, LEAT_SELECT_RECV);
	select_on(1, a, LEAT_SELECT_SEND);
	ck_assert_int_eq(leat_select(cases, 2, NULL, 0, &at), LEAT_OK);
	ck_assert_uint_eq(at, 1);
	teardown();
}
END_TEST

START_TEST(waiting_and_selecting_allocate_nothing)
{
	uint64_t before;
	uint32_t at;

	setup(MS | MR, 1, 0, 0);
	select_on(0, a, LEAT_SELECT_RECV);
	select_on(1, b, LEAT_SELECT_RECV);
	before = world.fail.alloc_n;
	for (int k = 0; k < 10; k++)
		ck_assert_int_eq(leat_select(cases, 2, world.ctx, 0, &at),
			LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_channel_recv_until(a, items, world.ctx, 0),
		LEAT_ETIMEDOUT);
	ck_assert_uint_eq(world.fail.alloc_n, before);
	teardown();
}
END_TEST

/* ---- each of many cases --------------------------------------------------------------- */

#define N_CHANNELS 21

static void
wake_each(uint32_t op, uint32_t n_of_each)
{
	struct leat_channel *chs[N_CHANNELS];
	uint32_t n = N_CHANNELS * n_of_each;

	setup(0, 1, 0, 1);
	for (uint32_t k = 0; k < N_CHANNELS; k++)
		chs[k] = chan_world_open(&world, kinds[k % 4], 8,
			op == LEAT_SELECT_SEND ? 0 : k % 3);
	for (uint32_t k = 0; k < n; k++)
		select_on(k, chs[k % N_CHANNELS], op);
	for (uint32_t k = 0; k < N_CHANNELS; k++) {
		struct chan_call call;
		uint64_t n_got = 5;

		items[k] = 0;
		chan_select_begin(&world, &call, cases, n);
		chan_world_await_parks(&world, k + 1);
		if (op == LEAT_SELECT_RECV)
			ck_assert_int_eq(try_send(chs[k], 5), LEAT_OK);
		else
			ck_assert_int_eq(
				leat_channel_try_recv(chs[k], &n_got), LEAT_OK);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(call.index % N_CHANNELS, k);
		if (op == LEAT_SELECT_RECV)
			ck_assert_uint_eq(items[call.index], 5);
		for (uint32_t at = 0; at < N_CHANNELS; at++)
			is_at_rest(chs[at]);
	}
	for (uint32_t k = 0; k < N_CHANNELS; k++)
		leat_channel_destroy(chs[k]);
	teardown();
}

START_TEST(each_of_many_cases_can_wake_it)
{
	wake_each(LEAT_SELECT_RECV, 1);
	wake_each(LEAT_SELECT_SEND, 1);
}
END_TEST

START_TEST(so_it_is_when_each_channel_is_there_three_times)
{
	wake_each(LEAT_SELECT_RECV, 3);
	wake_each(LEAT_SELECT_SEND, 3);
}
END_TEST

/* ---- hints are passed on ---------------------------------------------------------------- */

START_TEST(who_is_hinted_and_takes_something_else_tells_the_next)
{
	uint32_t n_by[2] = {0, 0};

	for (int turn = 0; turn < 40; turn++) {
		struct chan_call call;

		setup(MR, 4, 0, 4);
		close_gate();
		select_on(0, a, LEAT_SELECT_RECV);
		select_on(1, b, LEAT_SELECT_RECV);
		chan_select_begin(&world, &call, cases, 2);
		chan_world_await_parks(&world, 1);
		leat__side_arm(&a->receivers, &arm, 0);
		/* claims the select, which does not go on yet */
		ck_assert_int_eq(try_send(a, 1), LEAT_OK);
		ck_assert_uint_eq(waiter.token, LEAT__TOKEN_OPEN);
		ck_assert_int_eq(try_send(b, 2), LEAT_OK);
		open_gate();
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(waiter.token,
			call.index == 1 ? LEAT__TOKEN_HINT : LEAT__TOKEN_OPEN);
		ck_assert_uint_eq(leat_channel_queued(a), call.index == 1);
		n_by[call.index]++;
		leat__side_disarm(&a->receivers, &arm);
		teardown();
	}
	ck_assert_uint_gt(n_by[0], 0);
	ck_assert_uint_gt(n_by[1], 0);
}
END_TEST

START_TEST(who_is_hinted_of_credit_and_sends_elsewhere_tells_the_next)
{
	uint32_t n_by[2] = {0, 0};

	for (int turn = 0; turn < 40; turn++) {
		struct chan_call call;

		setup(MS, 1, 0, 1);
		close_gate();
		ck_assert_int_eq(try_send(a, 1), LEAT_OK);
		ck_assert_int_eq(try_send(b, 1), LEAT_OK);
		select_on(0, a, LEAT_SELECT_SEND);
		select_on(1, b, LEAT_SELECT_SEND);
		chan_select_begin(&world, &call, cases, 2);
		chan_world_await_parks(&world, 1);
		leat__side_arm(&a->senders, &arm, 0);
		ck_assert_int_eq(leat_channel_try_recv(a, items), LEAT_OK);
		ck_assert_int_eq(leat_channel_try_recv(b, items), LEAT_OK);
		ck_assert_uint_eq(waiter.token, LEAT__TOKEN_OPEN);
		open_gate();
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(waiter.token,
			call.index == 1 ? LEAT__TOKEN_HINT : LEAT__TOKEN_OPEN);
		n_by[call.index]++;
		leat__side_disarm(&a->senders, &arm);
		teardown();
	}
	ck_assert_uint_gt(n_by[0], 0);
	ck_assert_uint_gt(n_by[1], 0);
}
END_TEST

/* A plain call, or a select of one. */
static void
cancel_hinted(bool is_send, bool is_select)
{
	struct chan_call call = {.deadline_ns = LEAT_NEVER, .n_cases = 1};
	struct leat__side *side;

	setup(MS | MR, 1, 0, 1);
	side = is_send ? &a->senders : &a->receivers;
	close_gate();
	if (is_send)
		ck_assert_int_eq(try_send(a, 1), LEAT_OK);
	select_on(0, a, is_send);
	call.ch = a;
	call.is_send = is_send;
	call.cases = is_select ? cases : NULL;
	call.ctx = child();
	chan_call_begin(&world, &call);
	chan_world_await_parks(&world, 1);
	leat__side_arm(side, &arm, 0);
	if (is_send)
		ck_assert_int_eq(leat_channel_try_recv(a, items), LEAT_OK);
	else
		ck_assert_int_eq(try_send(a, 1), LEAT_OK);
	ck_assert_uint_eq(waiter.token, LEAT__TOKEN_OPEN);
	leat_ctx_cancel(call.ctx, LEAT_ECANCELED, NULL);
	open_gate();
	ck_assert_int_eq(chan_call_end(&call), LEAT_ECANCELED);
	ck_assert_uint_eq(waiter.token, LEAT__TOKEN_HINT);
	leat__side_disarm(side, &arm);
	leat_ctx_destroy(call.ctx);
	teardown();
}

START_TEST(who_is_hinted_and_canceled_tells_the_next)
{
	cancel_hinted(false, false);
	cancel_hinted(true, false);
	cancel_hinted(false, true);
	cancel_hinted(true, true);
}
END_TEST

START_TEST(who_is_hinted_in_vain_waits_again)
{
	for (int is_select = 0; is_select < 2; is_select++) {
		struct chan_call call = {
			.deadline_ns = LEAT_NEVER, .n_cases = 1};

		setup(MS | MR, 1, 0, 1);
		close_gate();
		select_on(0, a, LEAT_SELECT_RECV);
		call.ch = a;
		call.cases = is_select ? cases : NULL;
		chan_call_begin(&world, &call);
		chan_world_await_parks(&world, 1);
		ck_assert_int_eq(try_send(a, 1), LEAT_OK);
		ck_assert_int_eq(leat_channel_try_recv(a, items), LEAT_OK);
		open_gate();
		chan_world_await_parks(&world, 2);
		ck_assert(!chan_call_is_done(&call));
		ck_assert_int_eq(try_send(a, 2), LEAT_OK);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(is_select ? items[0] : call.item, 2);
		teardown();
	}
}
END_TEST

START_TEST(who_is_hinted_late_still_gets_what_is_there)
{
	for (int is_select = 0; is_select < 2; is_select++) {
		struct chan_call call = {.n_cases = 1};

		setup(MS | MR, 1, 0, 1);
		close_gate();
		select_on(0, a, LEAT_SELECT_RECV);
		call.ch = a;
		call.cases = is_select ? cases : NULL;
		world.now_ns = 1000000;
		call.deadline_ns = 2000000;
		chan_call_begin(&world, &call);
		chan_world_await_parks(&world, 1);
		ck_assert_int_eq(try_send(a, 2), LEAT_OK);
		leat__store_relaxed(&world.now_ns, 3000000);
		open_gate();
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(is_select ? items[0] : call.item, 2);
		teardown();
	}
}
END_TEST

/* The waiter claims itself, and wakes itself: then the item comes. */
static struct leat_channel *sent_at_wake;

static void
send_at_wake(const struct leat__env *env, const uint32_t *word)
{
	struct leat_channel *ch = sent_at_wake;

	leat__env_posix()->wake(env, word);
	sent_at_wake = NULL;
	if (ch)
		ck_assert_int_eq(try_send(ch, 6), LEAT_OK);
}

START_TEST(what_comes_as_the_deadline_passes_is_still_taken)
{
	for (size_t k = 0; k < leat__array_len(kinds); k++)
		for (int is_select = 0; is_select < 2; is_select++) {
			uint32_t at = 9;

			setup(kinds[k], 1, 0, 1);
			world.now_ns = 1000;
			world.tick_ns = 1000;
			world.fail.env.wake = send_at_wake;
			sent_at_wake = a;
			select_on(0, a, LEAT_SELECT_RECV);
			if (is_select)
				ck_assert_int_eq(
					leat_select(cases, 1, NULL, 5000, &at),
					LEAT_OK);
			else
				ck_assert_int_eq(leat_channel_recv_until(
							 a, items, NULL, 5000),
					LEAT_OK);
			ck_assert_uint_eq(items[0], 6);
			teardown();
		}
}
END_TEST

/* ---- what was handed over stays so ----------------------------------------------------------- */

/* A partner comes first, and then an end. */
static void
end_after_meeting(bool is_send, bool is_select, bool is_close)
{
	struct chan_call call = {.deadline_ns = LEAT_NEVER, .n_cases = 2};
	uint64_t got = 0;

	setup(0, 0, 0, 4);
	close_gate();
	items[0] = call.item = is_send ? 7 : 0;
	select_on(0, a, is_send);
	select_on(1, b, LEAT_SELECT_RECV);
	call.ch = a;
	call.is_send = is_send;
	call.cases = is_select ? cases : NULL;
	call.ctx = child();
	chan_call_begin(&world, &call);
	chan_world_await_parks(&world, 1);
	if (is_send)
		ck_assert_int_eq(leat_channel_try_recv(a, &got), LEAT_OK);
	else
		ck_assert_int_eq(try_send(a, 7), LEAT_OK);
	ck_assert_int_eq(try_send(b, 8), LEAT_OK);
	if (is_close) {
		leat_channel_close_recv(a);
		leat_channel_close_send(a);
	}
	leat_ctx_cancel(call.ctx, LEAT_ECANCELED, NULL);
	leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
	open_gate();
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	if (is_send)
		ck_assert_uint_eq(got, 7);
	else
		ck_assert_uint_eq(is_select ? items[0] : call.item, 7);
	if (is_select) {
		ck_assert_uint_eq(call.index, 0);
		ck_assert_int_eq(cases[0].result, LEAT_OK);
	}
	ck_assert_uint_eq(leat_channel_queued(b), 1);
	leat_ctx_destroy(call.ctx);
	teardown();
}

START_TEST(an_item_that_was_handed_over_wins_over_any_end)
{
	for (int k = 0; k < 8; k++)
		end_after_meeting(k & 1, k & 2, k & 4);
}
END_TEST

START_TEST(a_waiter_that_was_canceled_is_not_met)
{
	struct chan_call call = {.deadline_ns = LEAT_NEVER};

	setup(0, 0, 0, 1);
	close_gate();
	call.ch = a;
	call.ctx = child();
	chan_call_begin(&world, &call);
	chan_world_await_parks(&world, 1);
	leat_ctx_cancel(call.ctx, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(try_send(a, 7), LEAT_EAGAIN);
	open_gate();
	ck_assert_int_eq(chan_call_end(&call), LEAT_ECANCELED);
	ck_assert_uint_eq(call.item, 0);
	leat_ctx_destroy(call.ctx);
	teardown();
}
END_TEST

/* ---- what is held back, bytes -------------------------------------------------------------------- */

START_TEST(a_select_that_waits_to_send_publishes_what_is_held_back)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = 3, .publish_items = 2,
		.spin_ns = LEAT_SPIN_NONE};
	struct leat_channel *ch;
	struct chan_call call;

	setup(0, 1, 0, 1);
	ch = chan_world_create(&world, &opts);
	for (uint64_t n = 0; n < 3; n++)
		ck_assert_int_eq(try_send(ch, n), LEAT_OK);
	ck_assert_uint_eq(leat_channel_queued(ch), 2);
	select_on(0, ch, LEAT_SELECT_SEND);
	chan_select_begin(&world, &call, cases, 1);
	chan_world_await_parks(&world, 1);
	ck_assert_uint_eq(leat_channel_queued(ch), 3);
	ck_assert_int_eq(leat_channel_try_recv(ch, &items[1]), LEAT_OK);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	leat_channel_destroy(ch);
	teardown();
}
END_TEST

START_TEST(a_select_of_frames_waits_for_bytes)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.capacity = 8, .capacity_bytes = 100,
		.spin_ns = LEAT_SPIN_NONE};
	struct leat_pool *pool;
	struct leat_frame *frames[2];
	struct leat_channel *ch;
	struct chan_call call;

	ck_assert_int_eq(leat_pool_create(NULL, &pool, NULL), LEAT_OK);
	setup(0, 1, 0, 1);
	for (size_t k = 0; k < leat__array_len(kinds); k++) {
		opts.flags = kinds[k];
		ch = chan_world_create(&world, &opts);
		for (int n = 0; n < 2; n++) {
			ck_assert_int_eq(
				leat_pool_try_acquire(pool, &frames[n]),
				LEAT_OK);
			frames[n]->len_bytes = 60;
		}
		ck_assert_int_eq(
			leat_channel_try_send(ch, &frames[0]), LEAT_OK);
		select_on(0, ch, LEAT_SELECT_SEND);
		cases[0].item = &frames[1];
		world.n_parks = 0;
		chan_select_begin(&world, &call, cases, 1);
		chan_world_await_parks(&world, 1);
		ck_assert_int_eq(
			leat_channel_try_recv(ch, &frames[0]), LEAT_OK);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		leat_frame_release(frames[0]);
		leat_channel_destroy(ch);
	}
	teardown();
	ck_assert_int_eq(leat_pool_leaks(pool, NULL), LEAT_OK);
	leat_pool_destroy(pool);
}
END_TEST

/* ---- spinning ----------------------------------------------------------------------------------------- */

START_TEST(spins_in_vain_become_ever_more_seldom)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = 1};
	uint32_t most = 0, n_parks = 0, n_spins = 0;
	struct leat_channel *ch;

	setup(0, 1, 0, 1);
	world.now_ns = 1;
	world.tick_ns = 4000;
	ch = chan_world_create(&world, &opts);
	for (int k = 0; k < 1000; k++) {
		int64_t before_ns = world.now_ns;

		ck_assert_int_eq(leat_channel_recv_until(
					 ch, items, NULL, before_ns + 60000),
			LEAT_ETIMEDOUT);
		n_parks = leat__load_relaxed(&ch->receivers.n_to_park);
		most = n_parks > most ? n_parks : most;
	}
	n_spins = ch->receivers.n_vain_spins;
	ck_assert_uint_eq(most, 64);
	ck_assert_uint_gt(n_spins, 10);
	ck_assert_uint_lt(n_spins, 30);
	/* one that was not in vain, and they are tried again */
	leat__store_relaxed(&ch->receivers.n_to_park, 0u);
	ck_assert_int_eq(try_send(ch, 1), LEAT_OK);
	ck_assert_int_eq(
		leat__select_one(ch, false, items, NULL, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(ch->receivers.n_vain_spins, 0);
	leat_channel_destroy(ch);
	teardown();
}
END_TEST

/* Fibers give their worker away instead. */
START_TEST(a_fiber_does_not_spin)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = 1, .spin_ns = 1000000};
	struct leat__strand strand = {0};
	struct leat_channel *ch;

	setup(0, 1, 0, 1);
	ch = chan_world_create(&world, &opts);
	ck_assert_int_eq(try_send(ch, 1), LEAT_OK);
	*leat__thread_slot() = &strand;
	ck_assert_int_eq(
		leat__select_one(ch, false, items, NULL, LEAT_NEVER), LEAT_OK);
	*leat__thread_slot() = NULL;
	ck_assert_uint_eq(items[0], 1);
	leat_channel_destroy(ch);
	teardown();
}
END_TEST

TEST_MAIN("chan/select",
	a_select_without_cases_or_with_an_unknown_op_is_refused,
	the_result_says_how_the_case_was_done,
	a_deadline_or_a_context_ends_a_select_and_leaves_no_arm,
	what_can_be_done_is_done_after_the_deadline_too,
	waiting_and_selecting_allocate_nothing, each_of_many_cases_can_wake_it,
	so_it_is_when_each_channel_is_there_three_times,
	who_is_hinted_and_takes_something_else_tells_the_next,
	who_is_hinted_of_credit_and_sends_elsewhere_tells_the_next,
	who_is_hinted_and_canceled_tells_the_next,
	who_is_hinted_in_vain_waits_again,
	who_is_hinted_late_still_gets_what_is_there,
	what_comes_as_the_deadline_passes_is_still_taken,
	an_item_that_was_handed_over_wins_over_any_end,
	a_waiter_that_was_canceled_is_not_met,
	a_select_that_waits_to_send_publishes_what_is_held_back,
	a_select_of_frames_waits_for_bytes,
	spins_in_vain_become_ever_more_seldom, a_fiber_does_not_spin)
