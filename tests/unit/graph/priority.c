/*
 * unit/graph/priority.c -- which stages are run first, as text, in C, and in
 * the plan.
 */
#include "unit/graph/fake.h"

static void
refuses(const char *text, const char *at, const char *says)
{
	struct leat_graph *g = fake_graph();
	struct leat_error err;

	ck_assert_int_eq(leat_graph_parse(g, text, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
	ck_assert_uint_eq(err.at_offset, (size_t)(strstr(text, at) - text));
	ck_assert_uint_eq(err.at_bytes, strlen(at));
	leat__graph_free(g);
}

START_TEST(a_priority_is_read_and_shown)
{
	static const struct {
		const char *word, *shown;
		uint32_t priority;
	} all[] = {{"high", "high", LEAT_PRIORITY_HIGH},
		{"normal", "normal", LEAT_PRIORITY_NORMAL},
		{"low", "low", LEAT_PRIORITY_LOW}, {"0", "0", 0}, {"1", "1", 1},
		{"2", "high", 2}, {"3", "3", 3}, {"4", "normal", 4},
		{"7", "7", 7}};

	for (size_t k = 0; k < leat__array_len(all); k++) {
		char text[64], shown[64], expected[64];
		struct leat_graph *g;

		snprintf(text, sizeof(text), "read a ! head priority=%s ! drop",
			all[k].word);
		g = fake_parsed(text);
		ck_assert(g->stages[1]->has_priority);
		ck_assert_uint_eq(g->stages[1]->priority, all[k].priority);
		ck_assert(!g->stages[2]->has_priority);
		leat_graph_show(g, shown, sizeof(shown));
		snprintf(expected, sizeof(expected),
			"read a ! head priority=%s ! drop\n", all[k].shown);
		ck_assert_str_eq(shown, expected);
		leat__graph_free(g);
	}
}
END_TEST

START_TEST(what_is_no_priority_is_refused_at_its_place)
{
	static const char *const words[] = {
		"8", "9", "10", "-1", "x", "hig", "highest", "\xff", "00"};

	for (size_t k = 0; k < leat__array_len(words); k++) {
		char text[64], at[32];

		snprintf(at, sizeof(at), "priority=%s", words[k]);
		snprintf(text, sizeof(text), "read a ! head %s ! drop", at);
		refuses(text, at,
			"accepted: high, normal, low, or 0 (first) "
			"to 7");
	}
	refuses("read a ! head priority=1 priority=low ! drop", "priority=low",
		"two priorities");
}
END_TEST

START_TEST(a_stage_with_a_thread_of_its_own_has_none)
{
	struct leat_graph *g = fake_parsed("read a ! head ! drop");
	struct leat_error err;

	refuses("read a priority=high ! drop", "priority=high",
		"stage 'read' has a thread of its own");
	ck_assert_int_eq(
		leat_stage_set_priority(g->stages[0], LEAT_PRIORITY_HIGH, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "thread of its own"));
	leat__graph_free(g);
}
END_TEST

START_TEST(a_priority_is_set_until_the_start)
{
	struct leat_graph *g = fake_parsed("read a ! head ! drop");
	struct leat_error err;

	ck_assert_int_eq(
		leat_stage_set_priority(g->stages[1], 7, &err), LEAT_OK);
	ck_assert_uint_eq(g->stages[1]->priority, 7);
	ck_assert_int_eq(
		leat_stage_set_priority(g->stages[1], 0, &err), LEAT_OK);
	ck_assert_uint_eq(g->stages[1]->priority, 0);
	ck_assert_int_eq(
		leat_stage_set_priority(g->stages[1], 8, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "'head' is 8; accepted: 0"));
	g->state = LEAT__GRAPH_RUNNING;
	ck_assert_int_eq(
		leat_stage_set_priority(g->stages[1], 1, &err), LEAT_ESTATE);
	ck_assert_uint_eq(g->stages[1]->priority, 0);
	g->state = LEAT__GRAPH_BUILDING;
	leat__graph_free(g);
}
END_TEST

static uint32_t
segment_priority(const char *text, uint32_t segment)
{
	struct leat_graph *g = fake_parsed(text);
	uint32_t priority;

	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	priority = leat__segment_priority(&g->segments[segment]);
	leat__graph_free(g);
	return priority;
}

START_TEST(a_segment_has_the_first_priority_that_its_stages_were_given)
{
	ck_assert_uint_eq(segment_priority("read a ! head ! drop", 1),
		LEAT_PRIORITY_NORMAL);
	ck_assert_uint_eq(
		segment_priority("read a ! head priority=low ! drop", 1),
		LEAT_PRIORITY_LOW);
	ck_assert_uint_eq(
		segment_priority(
			"read a ! head priority=low ! drop priority=1", 1),
		1);
	ck_assert_uint_eq(
		segment_priority(
			"read a ! head priority=3 ! drop priority=7", 1),
		3);
}
END_TEST

static void
explains(uint32_t schedule, const char *line)
{
	struct leat_graph *g =
		fake_parsed("read a ! head ! tee ! drop tee.1 ! head ! drop "
			    "priority=low");
	char buf[4096];

	g->opts.schedule = schedule;
	g->opts.weights[LEAT_PRIORITY_LOW] = 7;
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_explain(g, buf, sizeof(buf));
	ck_assert_msg(strstr(buf, line) != NULL, "no '%s' in:\n%s", line, buf);
	leat__graph_free(g);
}

START_TEST(priorities_are_explained_where_there_are_several)
{
	struct leat_graph *g = fake_parsed("read a ! head priority=low ! drop");
	char buf[4096];

	explains(LEAT_SCHEDULE_STRICT, "priority low\n");
	explains(LEAT_SCHEDULE_STRICT, "priority normal\n");
	explains(LEAT_SCHEDULE_WEIGHTED, "priority low, weight 7\n");
	explains(LEAT_SCHEDULE_WEIGHTED, "priority normal, weight 8\n");
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_explain(g, buf, sizeof(buf));
	ck_assert_ptr_null(strstr(buf, "priority"));
	leat__graph_free(g);
}
END_TEST

START_TEST(only_what_workers_run_counts)
{
	struct leat_graph *g =
		fake_parsed("read a ! head priority=6 ! drop read b ! head "
			    "priority=0 ! drop");

	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(leat__priorities_used(g), 1u << 6 | 1u << 0);
	for (uint32_t p = 0; p < LEAT_PRIORITIES; p++)
		ck_assert_uint_eq(leat__priority_weight(g, p), 128u >> p);
	leat__graph_free(g);
}
END_TEST

START_TEST(options_of_the_schedule_have_limits)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.schedule = LEAT_SCHEDULE_WEIGHTED};
	struct leat_graph *g;
	struct leat_error err;

	opts.weights[0] = opts.weights[7] = LEAT_WEIGHT_MAX;
	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), LEAT_OK);
	leat_graph_destroy(g);
	opts.weights[7]++;
	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "weight of priority 7 is 1001"));
	opts.weights[7] = 0;
	opts.schedule = LEAT_SCHEDULE_WEIGHTED + 1;
	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "schedule is 2"));
	opts.schedule = 0;
	opts.reserved = 1;
	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "reserved"));
}
END_TEST

TEST_MAIN("graph/priority", a_priority_is_read_and_shown,
	what_is_no_priority_is_refused_at_its_place,
	a_stage_with_a_thread_of_its_own_has_none,
	a_priority_is_set_until_the_start,
	a_segment_has_the_first_priority_that_its_stages_were_given,
	priorities_are_explained_where_there_are_several,
	only_what_workers_run_counts, options_of_the_schedule_have_limits)
