/*
 * unit/exec/heap.c -- the least input, up to where it may go, and whole merges.
 */
#include "exec/heap.h"
#include "support/fail.h"
#include "support/stress.h"
#include "support/test.h"

#define INPUTS_MAX 70u
#define KEY(a, b)  ((struct leat__heap_key){(a), (b)})

static struct fail_env world;
static struct leat__heap heap;

static void
setup(uint32_t n_inputs)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__heap_init(&heap, &world.env, n_inputs), LEAT_OK);
}

static void
teardown(void)
{
	leat__heap_fini(&heap);
	ck_assert_uint_eq(world.alloc_live, 0);
}

static void
expect_top(uint32_t input, struct leat__heap_key key, bool is_present)
{
	struct leat__heap_input top = leat__heap_top(&heap);

	ck_assert_uint_eq(top.input, input);
	ck_assert_uint_eq(top.key.stamp, key.stamp);
	ck_assert_uint_eq(top.key.sub, key.sub);
	ck_assert_int_eq(top.is_present, is_present);
}

static void
expect_limit(struct leat__heap_key limit)
{
	struct leat__heap_key got = leat__heap_limit(&heap);

	ck_assert_uint_eq(got.stamp, limit.stamp);
	ck_assert_uint_eq(got.sub, limit.sub);
}

/* ---- the top ------------------------------------------------------------- */

START_TEST(no_inputs_are_refused)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__heap_init(&heap, &world.env, 0), LEAT_EINVAL);
	teardown();
	teardown();
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_int_eq(leat__heap_init(&heap, &world.env, 9), LEAT_ENOMEM);
	ck_assert_uint_eq(world.alloc_live, 0);
	teardown();
}
END_TEST

START_TEST(an_input_of_which_nothing_is_known_holds_back_all_others)
{
	setup(3);
	expect_top(0, KEY(0, 0), false);
	leat__heap_update(&heap, 0, KEY(5, 0), true);
	expect_top(1, KEY(0, 0), false);
	leat__heap_update(&heap, 2, KEY(4, 0), true);
	expect_top(1, KEY(0, 0), false);
	leat__heap_update(&heap, 1, KEY(6, 0), true);
	expect_top(2, KEY(4, 0), true);
	teardown();
}
END_TEST

START_TEST(the_least_stamp_goes_first_and_then_the_least_digits)
{
	setup(4);
	leat__heap_update(&heap, 0, KEY(2, 0), true);
	leat__heap_update(&heap, 1, KEY(1, UINT64_MAX), true);
	leat__heap_update(&heap, 2, KEY(1, 7), true);
	leat__heap_update(&heap, 3, KEY(UINT64_MAX, 0), true);
	expect_top(2, KEY(1, 7), true);
	leat__heap_update(&heap, 2, KEY(3, 0), true);
	expect_top(1, KEY(1, UINT64_MAX), true);
	leat__heap_update(&heap, 1, KEY(3, 0), true);
	expect_top(0, KEY(2, 0), true);
	teardown();
}
END_TEST

START_TEST(equal_keys_go_by_the_number_of_the_input)
{
	setup(INPUTS_MAX);
	for (uint32_t k = INPUTS_MAX; k-- > 0;)
		leat__heap_update(&heap, k, KEY(9, 9), true);
	for (uint32_t k = 0; k < INPUTS_MAX; k++) {
		expect_top(k, KEY(9, 9), true);
		leat__heap_update(&heap, k, LEAT__HEAP_KEY_END, false);
	}
	teardown();
}
END_TEST

START_TEST(a_bound_at_an_equal_key_holds_back_only_those_behind_it)
{
	setup(3);
	leat__heap_update(&heap, 0, KEY(5, 0), false);
	leat__heap_update(&heap, 1, KEY(5, 0), true);
	leat__heap_update(&heap, 2, KEY(5, 0), false);
	expect_top(0, KEY(5, 0), false);
	leat__heap_update(&heap, 0, KEY(5, 1), false);
	expect_top(1, KEY(5, 0), true);
	teardown();
}
END_TEST

START_TEST(when_all_have_ended_the_top_has_ended)
{
	setup(2);
	leat__heap_update(&heap, 0, LEAT__HEAP_KEY_END, false);
	leat__heap_update(&heap, 1, KEY(8, 0), true);
	expect_top(1, KEY(8, 0), true);
	leat__heap_update(&heap, 1, LEAT__HEAP_KEY_END, false);
	expect_top(0, LEAT__HEAP_KEY_END, false);
	ck_assert(leat__heap_key_is_end(leat__heap_top(&heap).key));
	teardown();
}
END_TEST

START_TEST(only_the_greatest_key_of_all_is_the_end)
{
	ck_assert(leat__heap_key_is_end(LEAT__HEAP_KEY_END));
	ck_assert(!leat__heap_key_is_end(KEY(UINT64_MAX, UINT64_MAX - 1)));
	ck_assert(!leat__heap_key_is_end(KEY(UINT64_MAX - 1, UINT64_MAX)));
	ck_assert(leat__heap_key_less(
		KEY(UINT64_MAX, UINT64_MAX - 1), LEAT__HEAP_KEY_END));
	ck_assert(!leat__heap_key_less(LEAT__HEAP_KEY_END, LEAT__HEAP_KEY_END));
}
END_TEST

START_TEST(an_input_that_has_ended_may_begin_anew)
{
	setup(20);
	for (uint32_t k = 0; k < 20; k++)
		leat__heap_update(&heap, k, LEAT__HEAP_KEY_END, false);
	leat__heap_update(&heap, 13, KEY(4, 0), true);
	expect_top(13, KEY(4, 0), true);
	leat__heap_update(&heap, 19, KEY(3, 0), false);
	expect_top(19, KEY(3, 0), false);
	teardown();
}
END_TEST

/* ---- the limit ----------------------------------------------------------- */

START_TEST(a_single_input_goes_without_limit)
{
	setup(1);
	leat__heap_update(&heap, 0, KEY(1, 0), true);
	expect_top(0, KEY(1, 0), true);
	expect_limit(LEAT__HEAP_KEY_END);
	teardown();
}
END_TEST

START_TEST(the_limit_is_the_next_in_line_present_or_not)
{
	setup(3);
	leat__heap_update(&heap, 0, KEY(9, 0), true);
	leat__heap_update(&heap, 1, KEY(7, 3), false);
	leat__heap_update(&heap, 2, KEY(2, 0), true);
	expect_top(2, KEY(2, 0), true);
	expect_limit(KEY(7, 3));
	leat__heap_update(&heap, 1, LEAT__HEAP_KEY_END, false);
	expect_limit(KEY(9, 0));
	leat__heap_update(&heap, 0, LEAT__HEAP_KEY_END, false);
	expect_limit(LEAT__HEAP_KEY_END);
	teardown();
}
END_TEST

START_TEST(at_equal_keys_the_limit_lets_pass_who_goes_first)
{
	setup(2);
	leat__heap_update(&heap, 0, KEY(2, 0), true);
	leat__heap_update(&heap, 1, KEY(7, 3), true);
	expect_limit(KEY(7, 4));
	leat__heap_update(&heap, 1, KEY(7, UINT64_MAX), true);
	expect_limit(KEY(8, 0));
	leat__heap_update(&heap, 1, KEY(2, 0), true);
	expect_top(0, KEY(2, 0), true);
	expect_limit(KEY(2, 1));
	teardown();
}
END_TEST

/* ---- against the definition ---------------------------------------------- */

static struct leat__heap_input naive[INPUTS_MAX];

static bool
naive_less(const struct leat__heap_input *a, const struct leat__heap_input *b)
{
	if (leat__heap_key_less(a->key, b->key) ||
		leat__heap_key_less(b->key, a->key))
		return leat__heap_key_less(a->key, b->key);
	return a->input < b->input;
}

/* The least of n but one of them (n = none left out). */
static const struct leat__heap_input *
naive_least(uint32_t n, uint32_t but)
{
	const struct leat__heap_input *least = NULL;

	for (uint32_t k = 0; k < n; k++)
		if (k != but && (!least || naive_less(&naive[k], least)))
			least = &naive[k];
	return least;
}

/* May an item with this key go from the top, by the definition? */
static bool
naive_may_go(uint32_t n, uint32_t top, struct leat__heap_key key)
{
	const struct leat__heap_input *next = naive_least(n, top);
	struct leat__heap_input item = {.key = key, .input = top};

	return !next || naive_less(&item, next);
}

static void
expect_as_naive(uint32_t n)
{
	const struct leat__heap_input *least = naive_least(n, n);
	struct leat__heap_key limit = leat__heap_limit(&heap);

	expect_top(least->input, least->key, least->is_present);
	for (uint64_t stamp = 0; stamp < 5; stamp++)
		for (uint64_t sub = 0; sub < 4; sub++)
			must(leat__heap_key_less(KEY(stamp, sub), limit) ==
				naive_may_go(n, least->input, KEY(stamp, sub)));
}

static void
try_updates(uint32_t n, uint64_t *seed)
{
	setup(n);
	for (uint32_t k = 0; k < n; k++)
		naive[k] = (struct leat__heap_input){.input = k};
	for (uint32_t step = 0; step < 400; step++) {
		struct leat__heap_input *in = &naive[stress_below(seed, n)];

		in->key.stamp = stress_below(seed, 5);
		in->key.sub = stress_below(seed, 4);
		in->is_present = stress_below(seed, 2);
		if (in->key.stamp == 4) {
			in->key = LEAT__HEAP_KEY_END;
			in->is_present = false;
		}
		leat__heap_update(&heap, in->input, in->key, in->is_present);
		expect_as_naive(n);
	}
	teardown();
}

START_TEST(any_updates_leave_what_the_definition_says)
{
	uint64_t seed = 1;

	for (uint32_t n = 1; n <= INPUTS_MAX; n++)
		try_updates(n, &seed);
}
END_TEST

/* ---- merges -------------------------------------------------------------- */

#define ITEMS_MAX 3000u

/* Items of an input lie side by side, with what its sender has said so far. */
struct feed {
	uint64_t stamps[ITEMS_MAX];
	uint32_t n_items;
	uint32_t n_sent; /* the others are not there yet */
	uint32_t n_taken;
};

static struct feed feeds[INPUTS_MAX];

/* Deal the stamps 1 to ITEMS_MAX out in runs; some to two inputs. */
static void
feeds_deal(uint32_t n, uint32_t run_max, uint64_t *seed)
{
	uint32_t left = 0, to = 0;

	memset(feeds, 0, sizeof(feeds));
	for (uint64_t stamp = 1; stamp <= ITEMS_MAX; stamp++) {
		if (left == 0) {
			left = 1 + stress_below(seed, run_max);
			to = stress_below(seed, n);
		}
		left--;
		feeds[to].stamps[feeds[to].n_items++] = stamp;
		if (n > 1 && stamp % 5 == 0) {
			struct feed *other = &feeds[(to + 1) % n];

			other->stamps[other->n_items++] = stamp;
		}
	}
}

static void
feed_show(uint32_t input)
{
	const struct feed *feed = &feeds[input];
	bool is_present = feed->n_taken < feed->n_sent;
	struct leat__heap_key key = LEAT__HEAP_KEY_END;

	/* what is not there yet is known by its stamp, as a frontier says it */
	if (feed->n_taken < feed->n_items)
		key = KEY(feed->stamps[feed->n_taken], 0);
	leat__heap_update(&heap, input, key, is_present);
}

static void
feeds_send_some(uint32_t n, uint64_t *seed)
{
	for (uint32_t k = 0; k < n; k++) {
		struct feed *feed = &feeds[k];
		uint32_t n_more = stress_below(seed, 40);

		feed->n_sent += n_more;
		if (feed->n_sent > feed->n_items)
			feed->n_sent = feed->n_items;
		feed_show(k);
	}
}

/* Take what may go from the top; returns how many. */
static uint32_t
feed_take(uint32_t input, struct leat__heap_key limit, uint64_t *last_stamp,
	uint32_t *last_input)
{
	struct feed *feed = &feeds[input];
	uint32_t n = 0;

	while (feed->n_taken < feed->n_sent) {
		uint64_t stamp = feed->stamps[feed->n_taken];

		if (!leat__heap_key_less(KEY(stamp, 0), limit))
			break;
		must(stamp > *last_stamp ||
			(stamp == *last_stamp && input > *last_input));
		*last_stamp = stamp;
		*last_input = input;
		feed->n_taken++;
		n++;
	}
	feed_show(input);
	return n;
}

static void
try_merge(uint32_t n, uint32_t run_max, uint64_t *seed)
{
	uint64_t last_stamp = 0, n_left = 0;
	uint32_t last_input = 0;

	setup(n);
	feeds_deal(n, run_max, seed);
	for (uint32_t k = 0; k < n; k++)
		n_left += feeds[k].n_items;
	while (n_left > 0) {
		struct leat__heap_input top;

		feeds_send_some(n, seed);
		while ((top = leat__heap_top(&heap)).is_present) {
			uint32_t n_taken =
				feed_take(top.input, leat__heap_limit(&heap),
					&last_stamp, &last_input);

			must(n_taken > 0);
			n_left -= n_taken;
		}
	}
	expect_top(0, LEAT__HEAP_KEY_END, false);
	teardown();
}

START_TEST(merges_come_out_in_order_of_key_and_input)
{
	static const uint32_t counts[] = {1, 2, 3, 5, 8, 9, 16, 33, 64, 70};
	uint64_t seed = 7;

	for (size_t k = 0; k < leat__array_len(counts); k++) {
		try_merge(counts[k], 1, &seed);
		try_merge(counts[k], 64, &seed);
	}
}
END_TEST

TEST_MAIN("exec/heap", no_inputs_are_refused, without_memory_nothing_is_kept,
	an_input_of_which_nothing_is_known_holds_back_all_others,
	the_least_stamp_goes_first_and_then_the_least_digits,
	equal_keys_go_by_the_number_of_the_input,
	a_bound_at_an_equal_key_holds_back_only_those_behind_it,
	when_all_have_ended_the_top_has_ended,
	only_the_greatest_key_of_all_is_the_end,
	an_input_that_has_ended_may_begin_anew,
	a_single_input_goes_without_limit,
	the_limit_is_the_next_in_line_present_or_not,
	at_equal_keys_the_limit_lets_pass_who_goes_first,
	any_updates_leave_what_the_definition_says,
	merges_come_out_in_order_of_key_and_input)
