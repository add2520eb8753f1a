/*
 * unit/fan/join.c -- what the branches of a tee made of a frame, side by side.
 */
#include "unit/fan/files.h"
#include "unit/fan/stages.h"

#define TEE    "read @0 chunk_bytes=4096 ! csv.parse ! tee block name=t "
#define TO_OUT " ! csv.format ! write @"

static const char *const abc[] = {"a,b,c\n1,x,p\n2,y,q\n3,z,r\n4,w,s\n", NULL};

START_TEST(rows_of_the_same_frame_are_paired_in_order)
{
	files_expect(TEE "t. ! select a ! j. t. ! select c,a ! j. "
			 "join stamp name=j" TO_OUT,
		abc, "a,c,a_2\n1,p,1\n2,q,2\n3,r,3\n4,s,4\n");
}
END_TEST

START_TEST(rows_without_a_partner_are_dropped)
{
	files_expect(TEE "t. ! where \"a > 2\" ! select a ! j. "
			 "t. ! select c ! j. join name=j" TO_OUT,
		abc, "a,c\n3,p\n4,q\n");
	files_expect(TEE "t. ! where \"a > 9\" ! select a ! j. "
			 "t. ! select c ! j. join name=j" TO_OUT,
		abc, "a,c\n");
}
END_TEST

START_TEST(rows_without_a_partner_get_nulls_or_are_an_error)
{
	files_expect(TEE "t. ! where \"a > 2\" ! select a ! j. "
			 "t. ! select c ! j. join missing=null name=j" TO_OUT,
		abc, "a,c\n3,p\n4,q\n,r\n,s\n");
	files_expect_fails(TEE
		"t. ! where \"a > 2\" ! select a ! j. "
		"t. ! select c ! j. join missing=error name=j" TO_OUT,
		abc, LEAT_EDATA,
		"in 0 ('select') has fewer rows than others for a frame of "
		"'t'");
}
END_TEST

/* Of each frame of a long table the second branch keeps what is even. */
START_TEST(frames_are_told_apart)
{
	char *a = files_numbers(0, 1, 20000);
	const char *const texts[] = {a, NULL};
	char *buf = malloc(1 << 20);
	int n = 0, last_x = -1, last_y = -1, x, y, n_bytes;

	ck_assert_int_eq(
		files_run(TEE "t. ! select a ! j. t. ! where \"a >= 10000\" ! "
			      "select y=a ! j. join name=j" TO_OUT,
			texts, buf, 1 << 20),
		LEAT_OK);
	for (char *at = strchr(buf, '\n') + 1;
		sscanf(at, "%d,%d\n%n", &x, &y, &n_bytes) == 2; at += n_bytes) {
		/* both from one chunk of 4 KiB */
		ck_assert_int_lt(abs(x - y), 1000);
		ck_assert(x > last_x && y > last_y);
		last_x = x;
		last_y = y;
		n++;
	}
	ck_assert_int_eq(last_y, 19999);
	ck_assert_int_eq(n, 10000);
	free(a);
	free(buf);
}
END_TEST

START_TEST(three_branches_and_a_pass_through_all)
{
	files_expect(TEE "t. ! select a ! j. t. ! select b ! j. "
			 "t. ! where \"a < 4\" ! select c ! j. "
			 "join name=j" TO_OUT,
		abc, "a,b,c\n1,x,p\n2,y,q\n3,z,r\n");
	files_expect("read @0 ! csv.parse ! j. join name=j" TO_OUT, abc,
		"a,b,c\n1,x,p\n2,y,q\n3,z,r\n4,w,s\n");
}
END_TEST

/* ---- items: branches that make several frames of one ----------------------- */

struct burst_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n; /* frames made of each */
};

static int
burst_init(struct leat_stage *st, const void *opts)
{
	*(const struct burst_opts **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
burst_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct burst_opts *o =
		*(const struct burst_opts **)leat_stage_state(st);

	for (uint64_t k = 0; k < o->n; k++) {
		struct leat_frame *frame;
		int rc = leat_stage_acquire(st, &frame);

		if (rc)
			return rc;
		frame->layout = LEAT_LAYOUT_ITEMS;
		frame->n_items = 1;
		frame->len_bytes = 8;
		memcpy(frame->data, in->data, 8);
		rc = leat_stage_emit(st, 0, frame);
		if (rc)
			return rc;
	}
	leat_stage_count(st, LEAT_COUNT_MADE, o->n);
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops burst_ops = {LEAT_STAGE_OPS_INIT("burst"),
	.state_bytes = sizeof(void *), .opts_bytes = sizeof(struct burst_opts),
	.in_layouts = LEAT_LAYOUT_ITEMS, .out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8, .needs = {.frame_bytes = 4096, .max_out = 9},
	.init = burst_init, .process = burst_process};

struct twins {
	uint64_t n;
	uint64_t n_bad; /* halves differ, or go back */
	uint64_t last;
};

struct twins_opts {
	uint32_t size;
	uint32_t flags;
	struct twins *twins;
};

static int
twins_init(struct leat_stage *st, const void *opts)
{
	*(struct twins **)leat_stage_state(st) =
		((const struct twins_opts *)opts)->twins;
	return LEAT_OK;
}

static int
twins_process(struct leat_stage *st, struct leat_frame *in)
{
	struct twins *twins = *(struct twins **)leat_stage_state(st);
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++) {
		twins->n++;
		twins->n_bad += items[2 * k] != items[2 * k + 1] ||
			items[2 * k] < twins->last;
		twins->last = items[2 * k];
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops twins_ops = {LEAT_STAGE_OPS_INIT("twins"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct twins_opts),
	.in_layouts = LEAT_LAYOUT_ITEMS, .init = twins_init,
	.process = twins_process};

/* Of each item a[k] copies come by in k. */
static void
twins_open(struct fan *fan, struct twins *twins, uint64_t n,
	const uint64_t *copies, uint64_t hold)
{
	struct leat_tee_opts slow = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
	struct leat_step step = {&leat_tee_ops, &slow};
	struct leat_join_opts opts = {
		LEAT_OPTS_INIT(leat_join_opts), .hold = hold};
	struct twins_opts sink = {LEAT_OPTS_INIT(twins_opts), .twins = twins};
	struct leat_stage *join;

	memset(twins, 0, sizeof(*twins));
	fan_open(fan, n, &step, 0, NULL);
	join = fan_add(fan, &leat_join_ops, &opts);
	for (uint32_t k = 0; k < 2; k++) {
		struct burst_opts burst = {
			LEAT_OPTS_INIT(burst_opts), .n = copies[k]};
		struct leat_stage *st = fan_add(fan, &burst_ops, &burst);

		fan_link(fan, fan->out, k, st, 0, 1);
		fan_link(fan, st, 0, join, k, 9);
	}
	fan_link(fan, join, 0, fan_add(fan, &twins_ops, &sink), 0, 1);
}

START_TEST(a_branch_may_make_several_frames_of_one)
{
	static const uint64_t copies[][2] = {
		{1, 1}, {3, 3}, {4, 2}, {2, 4}, {0, 4}, {4, 0}};

	for (size_t k = 0; k < 6; k++) {
		uint64_t least = copies[k][0] < copies[k][1] ? copies[k][0]
							     : copies[k][1];
		struct twins twins;
		struct fan fan;

		twins_open(&fan, &twins, 500, copies[k], 0);
		fan_run(&fan);
		ck_assert_uint_eq(twins.n, 500 * least);
		ck_assert_uint_eq(twins.n_bad, 0);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(more_frames_of_one_than_are_held_are_an_error)
{
	static const uint64_t copies[] = {5, 5}, many[] = {9, 9};
	struct twins twins;
	struct fan fan;

	twins_open(&fan, &twins, 50, copies, 0);
	ck_assert_int_eq(leat_graph_run(fan.graph, &fan.err), LEAT_ELIMIT);
	ck_assert_msg(
		strstr(fan.err.text, "makes more than 4 frames of one") != NULL,
		"%s", fan.err.text);
	leat_graph_destroy(fan.graph);
	twins_open(&fan, &twins, 50, many, 9);
	fan_run(&fan);
	ck_assert_uint_eq(twins.n, 450);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(graphs_that_cannot_be_joined_are_refused)
{
	static const char *const texts[] = {"a\n1\n", "a\n1\n", NULL};

	files_expect_fails("read @0 ! csv.parse ! j. read @1 ! csv.parse ! j. "
			   "join name=j" TO_OUT,
		texts, LEAT_EINVAL, "'j' goes by stamps");
	/* on a branch of an ordered merge it would keep records back */
	files_expect_fails(TEE "t. ! tee block name=u u. ! j. u. ! j. "
			       "join name=j ! m. t. ! select a,a_2=a ! m. "
			       "merge stamp name=m" TO_OUT,
		texts, LEAT_EINVAL, "keeps frames back");
}
END_TEST

START_TEST(items_have_no_nulls)
{
	struct leat_join_opts opts = {
		LEAT_OPTS_INIT(leat_join_opts), .missing = LEAT_JOIN_NULL};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 1};
	struct twins twins = {0};
	struct twins_opts sink = {LEAT_OPTS_INIT(twins_opts), .twins = &twins};
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan.graph, &fan.err), LEAT_OK);
	fan.out = fan_add(&fan, &leat_join_ops, &opts);
	fan_link(&fan, fan_add(&fan, &numbers_ops, &numbers), 0, fan.out, 0, 1);
	fan_link(&fan, fan.out, 0, fan_add(&fan, &twins_ops, &sink), 0, 1);
	fan_refused(&fan, "items have no nulls");
}
END_TEST

TEST_MAIN("fan/join", rows_of_the_same_frame_are_paired_in_order,
	rows_without_a_partner_are_dropped,
	rows_without_a_partner_get_nulls_or_are_an_error, frames_are_told_apart,
	three_branches_and_a_pass_through_all,
	a_branch_may_make_several_frames_of_one,
	more_frames_of_one_than_are_held_are_an_error,
	graphs_that_cannot_be_joined_are_refused, items_have_no_nulls)
