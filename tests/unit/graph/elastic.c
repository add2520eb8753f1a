/*
 * unit/graph/elastic.c -- when the number of replicas at work changes: each
 * reason by itself, the steps, the bounds, the rest after a change.
 */
#include "support/test.h"

#include "graph/elastic.h"

#define SECOND   1000000000
#define MINUTE   60u
#define LOOKS    10u
#define CALM     0.5 /* of the queue is full: neither much nor little */
#define COOLDOWN 5u  /* windows */

static const struct leat_parallel_opts defaults = {
	LEAT_OPTS_INIT(leat_parallel_opts),
	.least = 2,
	.most = 16,
	.grow_queue = 80,
	.grow_rate = 150,
	.grow_delay = 200,
	.shrink_queue = 20,
	.shrink_rate = 70,
	.window_ns = SECOND,
	.cooldown_ns = COOLDOWN * (int64_t)SECOND,
};

/* One whose clock is moved by hand. */
struct trial {
	struct leat__elastic e;
	int64_t now_ns;
	struct leat_resize resize;
};

static void
trial_begin(struct trial *t, const struct leat_parallel_opts *opts, uint32_t n)
{
	*t = (struct trial){.now_ns = SECOND};
	leat__elastic_init(&t->e, opts, n);
	ck_assert(!leat__elastic_tick(&t->e, t->now_ns, &t->resize));
}

/* One window: so full, so many records, frames of this age. */
static bool
trial_window(struct trial *t, double queue, uint64_t n_items, int64_t age_ns)
{
	for (uint32_t k = 0; k < LOOKS; k++) {
		leat__elastic_look(&t->e, queue);
		leat__elastic_count(&t->e, n_items / LOOKS);
		if (age_ns)
			leat__elastic_age(&t->e, age_ns);
	}
	t->now_ns += SECOND;
	return leat__elastic_tick(&t->e, t->now_ns, &t->resize);
}

static void
trial_calm(struct trial *t, uint32_t n, uint64_t n_items)
{
	while (n-- > 0)
		ck_assert(!trial_window(t, CALM, n_items, 0));
}

/* ---- growing ------------------------------------------------------------ */

START_TEST(a_full_queue_and_a_risen_rate_make_it_grow)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, 10, 1000);
	ck_assert(trial_window(&t, 0.9, 1600, 0));
	ck_assert_uint_eq(t.resize.why, LEAT_RESIZE_CROWDED);
	ck_assert_uint_eq(t.resize.n_before, 4);
	ck_assert_uint_eq(t.resize.n_after, 5);
	ck_assert_uint_eq(leat__elastic_n_active(&t.e), 5);
}
END_TEST

START_TEST(a_decision_carries_its_numbers)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert(!trial_window(&t, CALM, 1000, 2000));
	ck_assert(trial_window(&t, 0.9, 1600, 3000));
	ck_assert_int_eq(t.resize.at_ns, t.now_ns);
	ck_assert_double_eq_tol(t.resize.queue, 0.9, 1e-9);
	ck_assert_double_eq_tol(t.resize.rate, 1600, 1e-6);
	ck_assert_double_eq_tol(t.resize.mean_rate, 1000, 1e-6);
	ck_assert_double_eq_tol(t.resize.p99_ns, 3000, 1e-6);
	ck_assert_double_eq_tol(t.resize.mean_p99_ns, 2000, 1e-6);
}
END_TEST

START_TEST(neither_the_queue_nor_the_rate_alone_makes_it_grow)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, 10, 1000);
	ck_assert(!trial_window(&t, 0.9, 1400, 0));
	ck_assert(!trial_window(&t, 0.79, 3000, 0));
}
END_TEST

START_TEST(the_limits_are_those_of_the_options)
{
	struct leat_parallel_opts opts = defaults;
	struct trial t;

	opts.grow_queue = 40;
	opts.grow_rate = 120;
	trial_begin(&t, &opts, 4);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert(!trial_window(&t, 0.3, 1000, 0));
	ck_assert(!trial_window(&t, 0.39, 1300, 0));
	ck_assert(trial_window(&t, 0.41, 1300, 0));
}
END_TEST

START_TEST(three_windows_of_a_full_queue_make_it_grow)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, 5, 1000);
	ck_assert(!trial_window(&t, 0.9, 1000, 0));
	ck_assert(!trial_window(&t, 0.9, 1000, 0));
	ck_assert(trial_window(&t, 0.9, 1000, 0));
	ck_assert_uint_eq(t.resize.why, LEAT_RESIZE_FULL);
}
END_TEST

START_TEST(full_windows_count_only_in_a_row)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, 5, 1000);
	for (uint32_t k = 0; k < 12; k++)
		ck_assert(!trial_window(&t, k % 3 == 2 ? CALM : 0.9, 1000, 0));
}
END_TEST

START_TEST(late_frames_make_it_grow)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert(!trial_window(&t, CALM, 1000, 1000));
	ck_assert(!trial_window(&t, CALM, 1000, 1900));
	ck_assert(trial_window(&t, CALM, 1000, 2500));
	ck_assert_uint_eq(t.resize.why, LEAT_RESIZE_LATE);
}
END_TEST

START_TEST(late_frames_of_an_empty_queue_do_not)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert(!trial_window(&t, 0.1, 1000, 1000));
	ck_assert(!trial_window(&t, 0.1, 1000, 9000));
}
END_TEST

START_TEST(p99_is_that_of_the_oldest_in_a_hundred)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	for (int64_t k = 1; k <= LEAT__ELASTIC_AGES; k++)
		leat__elastic_age(&t.e, LEAT__ELASTIC_AGES + 1 - k);
	trial_calm(&t, 1, 1000);
	ck_assert_double_eq_tol(t.e.windows[0].p99, LEAT__ELASTIC_AGES, 1e-9);
}
END_TEST

/* A ramp: each window a tenth fuller and a tenth faster. */
static uint32_t
ramp_grows_at(const struct leat_parallel_opts *opts)
{
	struct trial t;

	trial_begin(&t, opts, 4);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert(!trial_window(&t, 0.3, 1000, 0));
	for (uint32_t k = 1; k < 10; k++)
		if (trial_window(&t, 0.3 + 0.08 * k, 1000 + 150 * k, 0))
			return k;
	return 10;
}

START_TEST(with_a_trend_it_grows_before_the_queue_is_full)
{
	struct leat_parallel_opts opts = defaults;
	uint32_t without = ramp_grows_at(&opts);

	opts.predict = 3;
	ck_assert_uint_lt(without, 10);
	ck_assert_uint_lt(ramp_grows_at(&opts), without);
}
END_TEST

START_TEST(a_trend_is_named_as_the_reason)
{
	struct leat_parallel_opts opts = defaults;
	struct trial t;
	uint32_t k = 1;

	opts.predict = 3;
	trial_begin(&t, &opts, 4);
	for (uint32_t n = 0; n < 10; n++)
		ck_assert(!trial_window(&t, 0.3, 1000, 0));
	while (!trial_window(&t, 0.3 + 0.08 * k, 1000 + 150 * k, 0))
		k++;
	ck_assert_uint_eq(t.resize.why, LEAT_RESIZE_TREND);
	ck_assert_double_lt(t.resize.queue, 0.8);
}
END_TEST

/* ---- shrinking ---------------------------------------------------------- */

START_TEST(an_empty_queue_and_a_fallen_rate_make_it_shrink)
{
	struct trial t;

	trial_begin(&t, &defaults, 10);
	trial_calm(&t, 10, 1000);
	ck_assert(trial_window(&t, 0.1, 500, 0));
	ck_assert_uint_eq(t.resize.why, LEAT_RESIZE_SLACK);
	ck_assert_uint_eq(t.resize.n_after, 8);
}
END_TEST

START_TEST(neither_the_queue_nor_the_rate_alone_makes_it_shrink)
{
	struct trial t;

	trial_begin(&t, &defaults, 10);
	trial_calm(&t, 10, 1000);
	ck_assert(!trial_window(&t, 0.1, 800, 0));
	ck_assert(!trial_window(&t, 0.3, 100, 0));
}
END_TEST

/* So rare that the clock is read later than a window ends. */
START_TEST(a_window_that_is_looked_at_late_is_as_long_as_that_took)
{
	struct trial t;

	trial_begin(&t, &defaults, 10);
	trial_calm(&t, 10, 1000);
	for (uint32_t k = 1; k < 20; k++) {
		t.now_ns += k * (int64_t)SECOND / 7;
		ck_assert(!trial_window(&t, 0.1, 1000 + k * 1000 / 7, 0));
	}
}
END_TEST

START_TEST(windows_without_a_frame_make_it_shrink)
{
	struct trial t;

	trial_begin(&t, &defaults, 10);
	trial_calm(&t, 10, 1000);
	t.now_ns += 3 * (int64_t)SECOND;
	ck_assert(leat__elastic_tick(&t.e, t.now_ns, &t.resize));
	ck_assert_uint_eq(t.resize.why, LEAT_RESIZE_SLACK);
	ck_assert_uint_eq(t.resize.n_after, 8);
}
END_TEST

/* ---- bounds, steps, rest ------------------------------------------------ */

START_TEST(a_change_is_by_at_least_one_and_within_the_bounds)
{
	static const uint32_t up[][2] = {
		{2, 3}, {4, 5}, {5, 7}, {10, 13}, {14, 16}, {16, 16}};
	static const uint32_t down[][2] = {
		{16, 13}, {10, 8}, {4, 3}, {3, 2}, {2, 2}};
	struct trial t;

	for (uint32_t k = 0; k < 6; k++) {
		trial_begin(&t, &defaults, up[k][0]);
		trial_calm(&t, 5, 1000);
		trial_window(&t, 0.9, 2000, 0);
		ck_assert_uint_eq(leat__elastic_n_active(&t.e), up[k][1]);
	}
	for (uint32_t k = 0; k < 5; k++) {
		trial_begin(&t, &defaults, down[k][0]);
		trial_calm(&t, 5, 1000);
		trial_window(&t, 0, 100, 0);
		ck_assert_uint_eq(leat__elastic_n_active(&t.e), down[k][1]);
	}
}
END_TEST

START_TEST(nothing_changes_within_the_cooldown)
{
	struct trial t;
	uint32_t n = 0;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, 5, 1000);
	ck_assert(trial_window(&t, 0.9, 2000, 0));
	while (!trial_window(&t, 0.9, 20000, 0))
		n++;
	ck_assert_uint_eq(n, COOLDOWN - 1);
}
END_TEST

START_TEST(nothing_is_decided_before_three_windows)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	ck_assert(!trial_window(&t, 1, 10, 0));
	ck_assert(!trial_window(&t, 1, 1000, 0));
	ck_assert(!trial_window(&t, 1, 100000, 0));
	ck_assert(trial_window(&t, 1, 10000000, 0));
}
END_TEST

START_TEST(the_mean_is_of_the_last_minute)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, MINUTE, 100000);
	trial_calm(&t, MINUTE, 1000);
	ck_assert(trial_window(&t, 0.9, 1600, 0));
	ck_assert_double_eq_tol(t.resize.mean_rate, 1000, 1e-6);
}
END_TEST

START_TEST(looks_within_a_window_change_nothing)
{
	struct trial t;

	trial_begin(&t, &defaults, 4);
	trial_calm(&t, 5, 1000);
	for (uint32_t k = 0; k < 100; k++) {
		leat__elastic_look(&t.e, 1);
		leat__elastic_count(&t.e, 1000);
		ck_assert(!leat__elastic_tick(
			&t.e, t.now_ns + SECOND - 1, &t.resize));
	}
	ck_assert(leat__elastic_tick(&t.e, t.now_ns + SECOND, &t.resize));
}
END_TEST

START_TEST(every_reason_has_words)
{
	for (uint32_t k = LEAT_RESIZE_CROWDED; k <= LEAT_RESIZE_SLACK; k++)
		ck_assert_str_ne(leat_resize_text(k), "unknown");
	ck_assert_str_eq(leat_resize_text(0), "unknown");
	ck_assert_str_eq(leat_resize_text(99), "unknown");
}
END_TEST

TEST_MAIN("graph/elastic", a_full_queue_and_a_risen_rate_make_it_grow,
	a_decision_carries_its_numbers,
	neither_the_queue_nor_the_rate_alone_makes_it_grow,
	the_limits_are_those_of_the_options,
	three_windows_of_a_full_queue_make_it_grow,
	full_windows_count_only_in_a_row, late_frames_make_it_grow,
	late_frames_of_an_empty_queue_do_not,
	p99_is_that_of_the_oldest_in_a_hundred,
	with_a_trend_it_grows_before_the_queue_is_full,
	a_trend_is_named_as_the_reason,
	an_empty_queue_and_a_fallen_rate_make_it_shrink,
	neither_the_queue_nor_the_rate_alone_makes_it_shrink,
	a_window_that_is_looked_at_late_is_as_long_as_that_took,
	windows_without_a_frame_make_it_shrink,
	a_change_is_by_at_least_one_and_within_the_bounds,
	nothing_changes_within_the_cooldown,
	nothing_is_decided_before_three_windows, the_mean_is_of_the_last_minute,
	looks_within_a_window_change_nothing, every_reason_has_words)
