/*
 * gen: rows are as often, as large, as uneven as was asked for, and the same
 * again by the same seed.
 */
#include <math.h>

#include "support/pipe.h"
#include "support/test.h"

#include "../../../stages/source/gen_traffic.h"

#define N_DRAWS 50000

static char *
gen_text(const char *options)
{
	struct leat_error err = {0};
	char text[512];

	snprintf(text, sizeof(text), "gen %s ! write out.csv", options);
	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
	return pipe_get_file("out.csv", NULL);
}

static void
gen_fails(const char *options, const char *words)
{
	struct leat_error err = {0};
	char text[512];

	snprintf(text, sizeof(text), "gen %s ! write out.csv", options);
	ck_assert_int_lt(pipe_run(text, NULL, &err), 0);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
}

static uint32_t
lines_of(const char *text)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* ---- the stage ----------------------------------------------------------- */

START_TEST(the_same_seed_gives_the_same_rows)
{
	char *one, *two, *other;

	pipe_enter_folder();
	one = gen_text("100 count=5000 group=3 skew=1 daily=50 bursts=60");
	two = gen_text("100 count=5000 group=3 skew=1 daily=50 bursts=60");
	other = gen_text(
		"100 count=5000 group=3 skew=1 daily=50 bursts=60 seed=1");
	ck_assert_str_eq(one, two);
	ck_assert_str_ne(one, other);
	ck_assert_uint_eq(lines_of(one), 5001);
	ck_assert_uint_eq(lines_of(other), 5001);
	free(one);
	free(two);
	free(other);
	pipe_leave_folder();
}
END_TEST

/* By hand: AddressSanitizer has strchr look at a string to its end, so that
 * the lines of a long one would take their square in time. */
static const char *
behind(const char *text, char what)
{
	while (*text && *text != what)
		text++;
	return *text ? text + 1 : text;
}

/* The second field of each line. */
static void
moments_ascend(const char *text, const char *least, const char *most)
{
	char before[32] = "", now[32];

	for (text = behind(text, '\n'); *text; text = behind(text, '\n')) {
		const char *at = behind(text, ',');
		const char *end = behind(at, ',');

		snprintf(now, sizeof(now), "%.*s", (int)(end - at - 1), at);
		ck_assert_str_ge(now, least);
		ck_assert_str_le(now, most);
		ck_assert(strncmp(before, now, 19) <= 0);
		strcpy(before, now);
	}
}

START_TEST(moments_ascend_from_the_start_to_the_end)
{
	char *text;

	pipe_enter_folder();
	text = gen_text("10 for=1h start=2020-02-03");
	ck_assert_uint_ge(lines_of(text), 35000);
	ck_assert_uint_le(lines_of(text), 37000);
	moments_ascend(text, "2020-02-03T00:00:00", "2020-02-03T01:00:00");
	free(text);
	pipe_leave_folder();
}
END_TEST

START_TEST(an_end_without_rows_has_a_header)
{
	char *text;

	pipe_enter_folder();
	text = gen_text("1 for=1ns");
	ck_assert_str_eq(text, "n,at,key,value\n");
	free(text);
	text = gen_text("count=1");
	ck_assert_uint_eq(lines_of(text), 2);
	free(text);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	pipe_enter_folder();
	gen_fails("count=1 start=yesterday", "start=yesterday is no moment");
	gen_fails("count=1 group=2 tail=1", "more than 1 is accepted");
	gen_fails("count=1 daily=101", "daily");
	gen_fails("count=0", "count");
	pipe_leave_folder();
}
END_TEST

START_TEST(paced_rows_come_when_their_time_has_come)
{
	int64_t began_ns, took_ns;
	char *text;

	pipe_enter_folder();
	began_ns = leat_now_ns();
	text = gen_text("200 for=300ms pace=on");
	took_ns = leat_now_ns() - began_ns;
	ck_assert_uint_ge(lines_of(text), 30);
	/* the last of about 60 groups is due in the last third */
	ck_assert_int_ge(took_ns, 200000000);
	free(text);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_drain_ends_a_pause)
{
	struct leat_graph *graph;
	struct leat_error err = {0};

	pipe_enter_folder();
	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(graph,
				 "gen 0.001 pace=on ! write out.csv on_drain="
				 "commit",
				 &err),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	leat_graph_drain(graph);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_OK);
	leat_graph_destroy(graph);
	pipe_file_holds("out.csv", "n,at,key,value\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_cancel_ends_a_pause)
{
	struct leat_graph *graph;
	struct leat_error err = {0};

	pipe_enter_folder();
	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(graph,
				 "gen 0.001 pace=on ! write out.csv", &err),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_ECANCELED);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

/* ---- what it draws ------------------------------------------------------- */

static struct leat__gen_opts
plain(void)
{
	return (struct leat__gen_opts){.rate = 10,
		.period = 86400,
		.group = 1,
		.tail = 1.5,
		.group_max = 1e9,
		.burst_for = 30,
		.burst_times = 10,
		.keys = 1000};
}

/* Within five standard errors: once in 1.7 million for each. */
static void
is_near(double found, double wanted, double deviation, double n)
{
	double most = 5 * deviation / sqrt(n);

	ck_assert_msg(fabs(found - wanted) <= most, "%g and not %g +- %g",
		found, wanted, most);
}

START_TEST(pauses_are_exponential)
{
	struct leat__gen_opts opts = plain();
	struct leat__gen gen;
	double sum = 0, squares = 0, before = 0;

	leat__gen_begin(&gen, &opts, 1);
	for (uint32_t k = 0; k < N_DRAWS; k++) {
		leat__gen_next(&gen);
		sum += gen.now - before;
		squares += (gen.now - before) * (gen.now - before);
		before = gen.now;
	}
	is_near(sum / N_DRAWS, 0.1, 0.1, N_DRAWS);
	/* the second moment is 2/rate^2, its deviation sqrt(20)/rate^2 */
	is_near(squares / N_DRAWS, 0.02, sqrt(20) / 100, N_DRAWS);
}
END_TEST

START_TEST(the_rate_swings_like_a_cosine)
{
	struct leat__gen_opts opts = plain();
	struct leat__gen gen;
	double n[8] = {0};

	opts.swing = 0.8;
	opts.period = 1000;
	leat__gen_begin(&gen, &opts, 1);
	for (leat__gen_next(&gen); gen.now < 20000; leat__gen_next(&gen))
		n[(uint32_t)(gen.now / 125) % 8]++;
	for (uint32_t k = 0; k < 8; k++) {
		/* 20 periods, an eighth of each, the integral of the rate */
		double a = k * M_PI / 4, b = (k + 1) * M_PI / 4;
		double mean = 20 * 10 * 1000 *
			(0.125 - 0.8 * (sin(b) - sin(a)) / (2 * M_PI));

		is_near(n[k], mean, sqrt(mean), 1);
	}
}
END_TEST

START_TEST(bursts_take_their_share_of_the_time)
{
	struct leat__gen_opts opts = plain();
	struct leat__gen gen;
	double n_in = 0, n = 0;

	opts.bursts = 1 / 90.0; /* 30 s of 120, in the mean */
	leat__gen_begin(&gen, &opts, 1);
	for (leat__gen_next(&gen); gen.now < 40000; leat__gen_next(&gen)) {
		n_in += gen.is_burst;
		n++;
	}
	/* 333 of each; the sum of their lengths varies by sqrt(333) * 30 */
	is_near(n_in, 40000 * 0.25 * 100, 100 * 30 * sqrt(333), 1);
	is_near(n - n_in, 40000 * 0.75 * 10, 10 * 90 * sqrt(333), 1);
}
END_TEST

START_TEST(sizes_have_the_mean_and_the_tail_that_were_asked_for)
{
	struct leat__gen_opts opts = plain();
	struct leat__gen gen;
	double sum = 0, above = 0;

	opts.group = 4;
	opts.tail = 3;
	leat__gen_begin(&gen, &opts, 1);
	for (uint32_t k = 0; k < N_DRAWS; k++) {
		double size = (double)leat__gen_size(&gen);

		sum += size;
		above += size > 61;
	}
	/* Lomax of scale 6, shape 3: deviation 3 sqrt(3); P(x > 60) = 11^-3 */
	is_near(sum / N_DRAWS, 4, 5.5, N_DRAWS);
	is_near(above / N_DRAWS, 7.4e-4, 0.0274, N_DRAWS);
	opts.group_max = 2;
	leat__gen_begin(&gen, &opts, 1);
	for (uint32_t k = 0; k < 1000; k++)
		ck_assert_uint_le(leat__gen_size(&gen), 2);
}
END_TEST

static void
keys_are_zipf(double skew)
{
	struct leat__gen_opts opts = plain();
	struct leat__gen gen;
	double n[11] = {0}, whole = 0;

	opts.skew = skew;
	for (uint32_t k = 1; k <= 1000; k++)
		whole += pow(k, -skew);
	leat__gen_begin(&gen, &opts, 1);
	for (uint32_t k = 0; k < N_DRAWS; k++) {
		uint64_t key = leat__gen_key(&gen);

		ck_assert_uint_ge(key, 1);
		ck_assert_uint_le(key, 1000);
		n[key < 10 ? key : 10]++;
	}
	for (uint32_t k = 1; k < 10; k++) {
		double p = pow(k, -skew) / whole;

		is_near(n[k] / N_DRAWS, p, sqrt(p * (1 - p)), N_DRAWS);
	}
}

START_TEST(keys_are_as_uneven_as_was_asked_for)
{
	keys_are_zipf(0);
	keys_are_zipf(0.5);
	keys_are_zipf(1);
	keys_are_zipf(2);
}
END_TEST

START_TEST(values_are_log_normal)
{
	struct leat__gen_opts opts = plain();
	struct leat__gen gen;
	double sum = 0, squares = 0;

	leat__gen_begin(&gen, &opts, 1);
	for (uint32_t k = 0; k < N_DRAWS; k++) {
		double x = log(leat__gen_value(&gen));

		sum += x;
		squares += x * x;
	}
	is_near(sum / N_DRAWS, 0, 1, N_DRAWS);
	is_near(squares / N_DRAWS, 1, sqrt(2), N_DRAWS);
}
END_TEST

TEST_MAIN("stages/gen", the_same_seed_gives_the_same_rows,
	moments_ascend_from_the_start_to_the_end,
	an_end_without_rows_has_a_header, what_cannot_be_is_refused,
	paced_rows_come_when_their_time_has_come, a_drain_ends_a_pause,
	a_cancel_ends_a_pause, pauses_are_exponential,
	the_rate_swings_like_a_cosine, bursts_take_their_share_of_the_time,
	sizes_have_the_mean_and_the_tail_that_were_asked_for,
	keys_are_as_uneven_as_was_asked_for, values_are_log_normal)
