/*
 * unit/graph/budget.c -- the slots that are counted, the bound, the refusal.
 */
#include "unit/graph/fake.h"

struct tally {
	uint64_t n[LEAT_POOL_CLASSES_MAX][LEAT__SHARE_N];
};

static void
tally_add(const struct leat__share *share, void *user)
{
	struct tally *tally = user;

	ck_assert_uint_gt(share->n_slots, 0);
	tally->n[share->class_][share->kind] += share->n_slots;
}

static struct tally
tally_of(const struct leat_graph *g)
{
	struct tally tally = {{{0}}};

	leat__budget_each(g, tally_add, &tally);
	for (uint32_t c = 0; c < g->n_classes; c++) {
		uint64_t sum = 0;

		for (uint32_t k = 0; k < LEAT__SHARE_N; k++)
			sum += tally.n[c][k];
		ck_assert_uint_eq(g->classes[c].n_slots, sum);
	}
	return tally;
}

START_TEST(every_place_a_frame_can_be_in_is_counted)
{
	struct leat_graph *g =
		fake_checked("read a.csv ! where x ! csv.format ! write b");
	struct tally t = tally_of(g);

	/* class 0: what csv.format makes */
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_LINK], 4);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_INBOX], 0);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_HELD], 1);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_RESERVED], 1);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_MAGAZINE], 2 * g->magazine_slots);
	/* class 1: what read makes, and tables point into */
	ck_assert_uint_eq(t.n[1][LEAT__SHARE_LINK], 4);
	/* where passes on what csv.parse made: one place for both inboxes */
	ck_assert_uint_eq(t.n[1][LEAT__SHARE_INBOX], 1);
	ck_assert_uint_eq(t.n[1][LEAT__SHARE_HELD], 1);
	ck_assert_uint_eq(t.n[1][LEAT__SHARE_RESERVED], 1);
	ck_assert_uint_eq(t.n[1][LEAT__SHARE_COPY], 0);
	ck_assert_uint_eq(t.n[1][LEAT__SHARE_MAGAZINE], 2 * g->magazine_slots);
	/* class 2: tables */
	ck_assert_uint_eq(t.n[2][LEAT__SHARE_LINK], 0);
	ck_assert_uint_eq(t.n[2][LEAT__SHARE_INBOX], 1);
	ck_assert_uint_eq(t.n[2][LEAT__SHARE_HELD], 1);
	ck_assert_uint_eq(t.n[2][LEAT__SHARE_RESERVED], 1);
	ck_assert_uint_eq(t.n[2][LEAT__SHARE_COPY], 1);
	/* they are so large that no thread keeps any */
	ck_assert_uint_eq(t.n[2][LEAT__SHARE_MAGAZINE], 0);
	leat__graph_free(g);
}
END_TEST

START_TEST(max_out_and_capacity_multiply)
{
	struct leat_stage_ops source = fake_numbers;
	struct leat_graph_opts opts = {.workers = 1, .capacity_frames = 10};
	struct leat_graph *g = fake_graph_with(opts);
	struct leat_stage *tee = fake_add(g, &fake_tee, NULL);
	struct tally t;

	source.needs.max_out = 3;
	source.needs.holds = 2;
	fake_link(g, leat_out(fake_add(g, &source, NULL), 0), leat_in(tee, 0));
	for (uint32_t k = 0; k < 2; k++)
		fake_link(g, leat_out(tee, k),
			leat_in(fake_add(g, &fake_drop, NULL), 0));
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	t = tally_of(g);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_INBOX], 3);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_LINK], 20);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_RESERVED], 3);
	ck_assert_uint_eq(t.n[0][LEAT__SHARE_HELD], 2);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_stage_that_makes_for_several_outs_takes_for_each)
{
	struct leat_stage_ops source = fake_numbers;
	struct leat_graph *g = fake_graph();
	struct leat_stage *st;

	source.n_outs = 3;
	st = fake_add(g, &source, NULL);
	for (uint32_t k = 0; k < 3; k++)
		fake_link(g, leat_out(st, k),
			leat_in(fake_add(g, &fake_drop, NULL), 0));
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(tally_of(g).n[0][LEAT__SHARE_RESERVED], 3);
	leat__graph_free(g);
}
END_TEST

START_TEST(the_bound_is_the_sum_of_its_parts)
{
	struct leat_graph *g =
		fake_checked("read a.csv ! where x ! csv.format ! write b");
	uint64_t pool = leat__pool_bytes(g->classes, g->n_classes);

	ck_assert_uint_eq(leat__budget_side_bytes(g), 1 << 20);
	ck_assert_uint_eq(
		leat__budget_channel_bytes(g), 2 * leat__chan_bytes(4));
	ck_assert_uint_gt(leat_graph_bound_bytes(g),
		pool + (1 << 20) + 2 * leat__chan_bytes(4));
	ck_assert_uint_lt(leat_graph_bound_bytes(g), pool + (2 << 20));
	leat__graph_free(g);
}
END_TEST

static int
check_within(uint64_t memory_bytes, uint64_t *bound, struct leat_error *err)
{
	struct leat_graph_opts opts = {.workers = 2,
		.capacity_frames = 4,
		.memory_bytes = memory_bytes};
	struct leat_graph *g = fake_graph_with(opts);
	int rc;

	ck_assert_int_eq(
		leat_graph_parse(
			g, "read a.csv ! where x ! csv.format ! write b", NULL),
		LEAT_OK);
	rc = leat_graph_check(g, err);
	*bound = leat_graph_bound_bytes(g);
	leat__graph_free(g);
	return rc;
}

START_TEST(a_plan_over_the_limit_is_refused_and_says_what_would_do)
{
	struct leat_error err;
	uint64_t bound, none;
	char words[64];

	ck_assert_int_eq(check_within(0, &bound, &err), LEAT_OK);
	ck_assert_int_eq(check_within(bound - 1, &none, &err), LEAT_ELIMIT);
	ck_assert_uint_eq(none, 0);
	snprintf(words, sizeof(words), "would do is %llu bytes",
		(unsigned long long)bound);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_msg(
		strstr(err.text, "csv.parse 1 MiB, read -> csv.parse") != NULL,
		"%s", err.text);
	ck_assert_int_eq(check_within(bound, &none, &err), LEAT_OK);
}
END_TEST

START_TEST(more_slots_than_a_pool_has_are_refused)
{
	struct leat_graph_opts opts = {.capacity_frames = 1u << 20};
	struct leat_graph *g = fake_graph_with(opts);
	struct leat_error err;

	ck_assert_int_eq(leat_graph_parse(g, "read a ! write b", NULL), 0);
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "LEAT_POOL_SLOTS_MAX"));
	leat__graph_free(g);
}
END_TEST

START_TEST(sizes_are_written_for_people)
{
	char buf[32];

	ck_assert_str_eq(leat__size_text(0, buf), "0 B");
	ck_assert_str_eq(leat__size_text(1023, buf), "1023 B");
	ck_assert_str_eq(leat__size_text(65536, buf), "64 KiB");
	ck_assert_str_eq(leat__size_text(1536 << 10, buf), "1.5 MiB");
	ck_assert_str_eq(leat__size_text(1ull << 60, buf), "1 EiB");
	ck_assert_str_eq(leat__size_text(UINT64_MAX, buf), "16.0 EiB");
}
END_TEST

TEST_MAIN("graph/budget", every_place_a_frame_can_be_in_is_counted,
	max_out_and_capacity_multiply,
	a_stage_that_makes_for_several_outs_takes_for_each,
	the_bound_is_the_sum_of_its_parts,
	a_plan_over_the_limit_is_refused_and_says_what_would_do,
	more_slots_than_a_pool_has_are_refused, sizes_are_written_for_people)
