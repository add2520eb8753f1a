/*
 * unit/chan/spin.c -- waits that spin, by a clock that is made up.
 */
#include "chan/channel.h"

#include "support/chan_world.h"
#include "support/test.h"

#define START_NS 1000000
#define LATER_NS 1100000 /* many looks at the clock later */
#define MANY     (LEAT_CHANNEL_MANY_SENDERS | LEAT_CHANNEL_MANY_RECEIVERS)

static struct chan_world world;
static struct leat_channel *ch;

/* flags: of the ends. */
static void
setup_spin_of(uint32_t flags, uint32_t capacity, uint64_t spin_ns)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = 8, .capacity = capacity, .spin_ns = spin_ns,
		.flags = flags};

	chan_world_init(&world);
	ch = chan_world_create(&world, &opts);
	world.now_ns = START_NS;
	world.tick_ns = 1000;
}

static void
setup_spin(uint32_t capacity, uint64_t spin_ns)
{
	setup_spin_of(0, capacity, spin_ns);
}

static void
teardown(void)
{
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}

static void
send_number(uint64_t n)
{
	ck_assert_int_eq(leat_channel_try_send(ch, &n), LEAT_OK);
}

static void
recv_number(uint64_t n)
{
	uint64_t got = 0;

	ck_assert_int_eq(leat_channel_try_recv(ch, &got), LEAT_OK);
	ck_assert_uint_eq(got, n);
}

static void
await_clock(int64_t ns)
{
	while (leat__load_relaxed(&world.now_ns) < ns)
		leat__env_posix()->yield(leat__env_posix());
}

START_TEST(spinning_ends_at_the_deadline)
{
	static const uint32_t few[] = {0, 4};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		uint64_t item;

		setup_spin(few[c], 3600000000000);
		ck_assert_int_eq(
			leat_channel_recv_until(ch, &item, NULL, 2000000),
			LEAT_ETIMEDOUT);
		ck_assert_int_lt(world.now_ns, 3000000);
		teardown();
	}
}
END_TEST

static void
cancel_spin(struct chan_call *call)
{
	struct leat_ctx *own;

	ck_assert_int_eq(
		leat_ctx_child(world.ctx, LEAT_NEVER, &own, NULL), LEAT_OK);
	call->ch = ch;
	call->ctx = own;
	call->deadline_ns = LEAT_NEVER;
	chan_call_begin(&world, call);
	await_clock(LATER_NS);
	leat_ctx_cancel(own, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(chan_call_end(call), LEAT_ECANCELED);
	ck_assert_uint_eq(world.n_parks, 0);
	leat_ctx_destroy(own);
	teardown();
}

START_TEST(spinning_ends_with_the_calls_context)
{
	static const uint32_t few[] = {0, 4};

	for (size_t c = 0; c < leat__array_len(few); c++) {
		struct chan_call call = {0};

		setup_spin(few[c], UINT64_MAX - 1);
		cancel_spin(&call);
	}
}
END_TEST

START_TEST(a_spin_that_finds_an_item_does_not_park)
{
	struct chan_call call;

	setup_spin(4, UINT64_MAX - 1);
	chan_recv_begin(&world, &call, ch);
	await_clock(LATER_NS);
	send_number(4);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(world.n_parks, 0);
	teardown();
}
END_TEST

/* So that a sender waits, or a receiver that found several the last time. */
static void
fill_up(bool is_send)
{
	for (uint32_t n = 0; n < ch->capacity; n++)
		send_number(n);
	for (uint32_t n = 0; n < ch->capacity && !is_send; n++)
		recv_number(n);
}

/* How long the spins of either end go on that find nothing: until the clock
 * says so, however few times they look between two looks at it. */
static void
spin_in_vain(uint32_t flags, bool is_send, uint32_t capacity)
{
	const int64_t deadline_ns = 2000000;
	uint64_t item;

	setup_spin_of(flags, capacity, 3600000000000);
	fill_up(is_send);
	ck_assert_int_eq(is_send
			? leat_channel_send_until(ch, &item, NULL, deadline_ns)
			: leat_channel_recv_until(ch, &item, NULL, deadline_ns),
		LEAT_ETIMEDOUT);
	ck_assert_int_ge(world.now_ns, deadline_ns);
	ck_assert_int_lt(world.now_ns, deadline_ns + 10 * world.tick_ns);
	teardown();
}

START_TEST(a_spin_that_lets_items_gather_ends_at_the_deadline)
{
	static const uint32_t some[] = {
		1, 2, 15, 16, 17, 31, 32, 33, 1023, 1024, 1025, 65536};

	for (size_t c = 0; c < leat__array_len(some); c++) {
		spin_in_vain(0, false, some[c]);
		spin_in_vain(0, true, some[c]);
		spin_in_vain(MANY, false, some[c]);
		spin_in_vain(MANY, true, some[c]);
	}
}
END_TEST

/* A receiver that spins, and has found two the last time. */
static void
spin_begin(struct chan_call *call, uint32_t capacity)
{
	setup_spin(capacity, UINT64_MAX - 1);
	send_number(1);
	send_number(2);
	recv_number(1);
	recv_number(2);
	ck_assert_uint_eq(ch->n_refilled, 2);
	chan_recv_begin(&world, call, ch);
	await_clock(LATER_NS);
}

START_TEST(a_receiver_that_lets_items_gather_gets_one_that_is_alone)
{
	static const uint32_t some[] = {32, 64, 1024, 65536};

	for (size_t c = 0; c < leat__array_len(some); c++) {
		struct chan_call call;

		spin_begin(&call, some[c]);
		send_number(7);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
		ck_assert_uint_eq(call.item, 7);
		ck_assert_uint_eq(ch->n_refilled, 1);
		ck_assert_uint_eq(world.n_parks, 0);
		teardown();
	}
}
END_TEST

/* Of many receivers, how many items ended the last spin says whether the next
 * one lets them gather. */
START_TEST(a_receiver_of_many_notes_what_ended_its_spin)
{
	struct chan_call call;

	setup_spin_of(MANY, 1024, UINT64_MAX - 1);
	ch->n_refilled = 2; /* so it lets them gather */
	chan_recv_begin(&world, &call, ch);
	await_clock(LATER_NS);
	send_number(7);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(call.item, 7);
	ck_assert_uint_eq(ch->n_refilled, 1);
	ck_assert_uint_eq(world.n_parks, 0);
	teardown();
}
END_TEST

START_TEST(a_sender_of_many_notes_nothing_of_that)
{
	struct chan_call call;

	setup_spin_of(MANY, 64, UINT64_MAX - 1);
	fill_up(true);
	chan_send_begin(&world, &call, ch, 64);
	await_clock(LATER_NS);
	recv_number(0);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(ch->n_refilled, 0);
	teardown();
}
END_TEST

START_TEST(an_end_ends_the_spin_of_who_lets_items_gather)
{
	struct chan_call call;

	spin_begin(&call, 1024);
	leat_channel_close_send(ch);
	ck_assert_int_eq(chan_call_end(&call), LEAT_EOS);
	teardown();
	spin_begin(&call, 1024);
	leat_ctx_cancel(world.ctx, LEAT_EIO, NULL);
	ck_assert_int_eq(chan_call_end(&call), LEAT_ECANCELED);
	ck_assert_uint_eq(world.n_parks, 0);
	teardown();
}
END_TEST

START_TEST(the_end_of_a_calls_context_ends_such_a_spin_too)
{
	for (uint32_t is_send = 0; is_send < 2; is_send++) {
		struct chan_call call = {.is_send = is_send};

		setup_spin(64, UINT64_MAX - 1);
		fill_up(is_send);
		cancel_spin(&call);
	}
}
END_TEST

START_TEST(a_sender_that_lets_room_gather_takes_what_there_is)
{
	struct chan_call call;

	setup_spin(64, UINT64_MAX - 1);
	fill_up(true);
	chan_send_begin(&world, &call, ch, 64);
	await_clock(LATER_NS);
	recv_number(0);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(world.n_parks, 0);
	ck_assert_uint_eq(leat_channel_queued(ch), 64);
	teardown();
}
END_TEST

/* How long a receiver spins before it parks for the k-th time. */
static int64_t
spin_before(uint32_t k)
{
	int64_t begin_ns = leat__load_relaxed(&world.now_ns), end_ns;
	struct chan_call call;

	chan_recv_begin(&world, &call, ch);
	chan_world_await_parks(&world, k);
	end_ns = leat__load_relaxed(&world.now_ns);
	send_number(k);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	return end_ns - begin_ns;
}

/* The same for the first time, where an end is as late when it is woken. */
static int64_t
spin_of(uint64_t spin_ns, bool is_sender_late, uint32_t wake_ns)
{
	int64_t spun_ns;

	setup_spin(4, spin_ns);
	leat__store_relaxed(
		is_sender_late ? &ch->senders.wake_ns : &ch->receivers.wake_ns,
		wake_ns);
	spun_ns = spin_before(1);
	teardown();
	return spun_ns;
}

static void
check_spin(int64_t spun_ns, int64_t expected_ns)
{
	ck_assert_int_ge(spun_ns, expected_ns);
	ck_assert_int_le(spun_ns, expected_ns + 6 * 1000 /* ticks */);
}

START_TEST(a_spin_is_as_long_as_waking_either_end_takes)
{
	for (int k = 0; k < 2; k++) {
		check_spin(spin_of(0, k, 0), 10000);
		check_spin(spin_of(0, k, 4000), 10000);
		check_spin(spin_of(0, k, 40000), 60000);
		check_spin(spin_of(0, k, 100000), 150000);
		/* then the cores are busy with others */
		check_spin(spin_of(0, k, 200000), 10000);
	}
}
END_TEST

START_TEST(a_spin_that_was_asked_for_is_as_long_as_that_at_least)
{
	for (int k = 0; k < 2; k++) {
		check_spin(spin_of(20000, k, 0), 20000);
		check_spin(spin_of(20000, k, 40000), 60000);
		check_spin(spin_of(80000, k, 40000), 80000);
		check_spin(spin_of(20000, k, 200000), 20000);
	}
}
END_TEST

/* Each of these is in vain: the first two are tried in a row, then one is left
 * out, then three; of what was asked for nothing is. */
static void
check_turns(uint64_t spin_ns, int64_t least_ns)
{
	static const bool is_tried[] = {
		true, true, false, true, false, false, false, true, false};

	setup_spin(4, spin_ns);
	for (uint32_t k = 0; k < leat__array_len(is_tried); k++) {
		leat__store_relaxed(&ch->receivers.wake_ns, 40000u);
		check_spin(spin_before(k + 1), is_tried[k] ? 60000 : least_ns);
	}
	teardown();
}

START_TEST(spins_that_were_asked_for_are_always_made)
{
	setup_spin(4, 20000);
	for (uint32_t k = 1; k <= 100; k++)
		check_spin(spin_before(k), 20000);
	teardown();
}
END_TEST

START_TEST(spins_in_vain_are_tried_ever_more_seldom)
{
	check_turns(0, 0);
	check_turns(20000, 20000);
}
END_TEST

START_TEST(a_spin_that_was_of_use_is_tried_again_at_once)
{
	struct chan_call call;

	setup_spin(4, UINT64_MAX - 1);
	leat__store_relaxed(&ch->receivers.n_vain_spins, 3u);
	chan_recv_begin(&world, &call, ch);
	await_clock(LATER_NS);
	send_number(0);
	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	ck_assert_uint_eq(world.n_parks, 0);
	ck_assert_uint_eq(ch->receivers.n_vain_spins, 0);
	ck_assert_uint_eq(ch->receivers.n_to_park, 0);
	teardown();
}
END_TEST

START_TEST(who_is_woken_notes_how_late)
{
	struct chan_call call;

	setup_spin(4, 0);
	world.tick_ns = 8000;
	for (uint32_t n = 1; n <= 20; n++) {
		leat__store_relaxed(&ch->receivers.n_to_park, 1u);
		chan_recv_begin(&world, &call, ch);
		chan_world_await_parks(&world, n);
		send_number(n);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	}
	/* a look by who wakes, and one by who is woken */
	ck_assert_uint_ge(ch->receivers.wake_ns, 7000);
	ck_assert_uint_le(ch->receivers.wake_ns, 8000);
	ck_assert_uint_eq(ch->senders.wake_ns, 0);
	teardown();
}
END_TEST

/* Nobody spins there, so nobody asks. */
START_TEST(without_spins_nobody_looks_at_the_clock)
{
	struct chan_call call;

	setup_spin(4, LEAT_SPIN_NONE);
	for (uint32_t n = 1; n <= 20; n++) {
		chan_recv_begin(&world, &call, ch);
		chan_world_await_parks(&world, n);
		send_number(n);
		ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
	}
	ck_assert_int_eq(world.now_ns, START_NS);
	teardown();
}
END_TEST

TEST_MAIN("chan/spin", spinning_ends_at_the_deadline,
	spinning_ends_with_the_calls_context,
	a_spin_that_finds_an_item_does_not_park,
	a_spin_that_lets_items_gather_ends_at_the_deadline,
	a_receiver_that_lets_items_gather_gets_one_that_is_alone,
	a_receiver_of_many_notes_what_ended_its_spin,
	a_sender_of_many_notes_nothing_of_that,
	an_end_ends_the_spin_of_who_lets_items_gather,
	the_end_of_a_calls_context_ends_such_a_spin_too,
	a_sender_that_lets_room_gather_takes_what_there_is,
	a_spin_is_as_long_as_waking_either_end_takes,
	a_spin_that_was_asked_for_is_as_long_as_that_at_least,
	spins_that_were_asked_for_are_always_made,
	spins_in_vain_are_tried_ever_more_seldom,
	a_spin_that_was_of_use_is_tried_again_at_once,
	who_is_woken_notes_how_late, without_spins_nobody_looks_at_the_clock)
