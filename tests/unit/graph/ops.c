/*
 * unit/graph/ops.c -- which constant structs are taken for a stage.
 */
#include "unit/graph/fake.h"

static void
refused(struct leat_stage_ops ops, const char *words)
{
	struct leat_graph *g = fake_graph();
	struct leat_step step = {&ops, NULL};
	struct leat_stage *st;
	struct leat_error err;

	ck_assert_msg(leat_graph_add(g, NULL, &step, &st, &err) == LEAT_EINVAL,
		"accepted, but should say: %s", words);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_uint_eq(g->n_stages, 0);
	leat__graph_free(g);
}

START_TEST(zero_stands_for_one_in_and_one_out)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *head = fake_add(g, &fake_head, NULL);
	struct leat_stage *numbers = fake_add(g, &fake_numbers, NULL);
	struct leat_stage *drop = fake_add(g, &fake_drop, NULL);

	ck_assert_uint_eq(head->n_ins, 1);
	ck_assert_uint_eq(head->n_outs, 1);
	ck_assert_uint_eq(numbers->n_ins, 0);
	ck_assert_uint_eq(numbers->n_outs, 1);
	ck_assert_uint_eq(drop->n_ins, 1);
	ck_assert_uint_eq(drop->n_outs, 0);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_function_of_items_takes_items_and_writes_them)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *st = fake_add(g, &fake_double, NULL);

	ck_assert_uint_eq(st->ops.in_layouts, LEAT_LAYOUT_ITEMS);
	ck_assert(st->ops.flags & LEAT_STAGE_IN_PLACE);
	leat__graph_free(g);
}
END_TEST

START_TEST(names_are_words)
{
	static const char *const good[] = {
		"a", "_", "csv.parse", "a-b_c", "x1", "a.b1"};
	static const char *const bad[] = {
		"", "1", "-a", ".a", "a.", "a.1", "a b", "a!", "\xc3\xa9"};

	for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++)
		ck_assert(leat__name_is_valid(good[k], strlen(good[k])));
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		ck_assert(!leat__name_is_valid(bad[k], strlen(bad[k])));
}
END_TEST

START_TEST(a_bad_name_is_refused)
{
	char name[LEAT__STAGE_NAME_MAX + 2];
	struct leat_stage_ops ops = fake_drop;
	struct leat_graph *g = fake_graph();

	ops.name = NULL;
	refused(ops, "ops.name");
	ops.name = "a.";
	refused(ops, "no . at the end");
	memset(name, 'a', sizeof(name));
	name[LEAT__STAGE_NAME_MAX + 1] = '\0';
	ops.name = name;
	refused(ops, "1 to 56 letters");
	name[LEAT__STAGE_NAME_MAX] = '\0';
	fake_add(g, &ops, NULL);
	leat__graph_free(g);
}
END_TEST

START_TEST(exactly_one_work_function_is_wanted)
{
	struct leat_stage_ops ops = fake_drop;

	ops.process = NULL;
	refused(ops, "has 0 of");
	ops = fake_drop;
	ops.produce = fake_produce;
	refused(ops, "has 2 of");
	ops = fake_double;
	ops.keep_item = fake_keep;
	refused(ops, "has 2 of");
}
END_TEST

START_TEST(unknown_flags_and_layouts_are_refused)
{
	struct leat_stage_ops ops = fake_head;

	ops.flags = 1u << 31;
	refused(ops, "flags 0x80000000");
	ops = fake_head;
	ops.in_layouts = 1u << 4;
	refused(ops, "unknown layout");
	ops = fake_head;
	ops.out_layout = LEAT_LAYOUT_BYTES | LEAT_LAYOUT_ROWS;
	refused(ops, "where one bit is wanted");
	ops = fake_numbers;
	ops.out_layout = 0;
	refused(ops, "must say its out_layout");
	ops = fake_numbers;
	ops.in_layouts = LEAT_LAYOUT_BYTES;
	refused(ops, "no in_layouts");
}
END_TEST

START_TEST(ends_that_cannot_be_are_refused)
{
	struct leat_stage_ops ops = fake_tee;
	struct leat_graph *g = fake_graph();

	ops.n_outs = LEAT__STAGE_ENDS_MAX;
	fake_add(g, &ops, NULL);
	leat__graph_free(g);
	ops.n_outs++;
	refused(ops, "up to 1024");
	ops = fake_numbers;
	ops.n_ins = 1;
	refused(ops, "a source has none");
	ops = fake_drop;
	ops.n_outs = 1;
	refused(ops, "is a sink");
	ops = fake_drop;
	ops.out_layout = LEAT_LAYOUT_BYTES;
	refused(ops, "is a sink");
	ops = fake_double;
	ops.n_outs = 2;
	refused(ops, "map_item or keep_item");
	ops = fake_double;
	ops.in_layouts = LEAT_LAYOUT_ROWS;
	refused(ops, "map_item or keep_item");
}
END_TEST

START_TEST(sizes_over_their_limit_are_refused)
{
	struct leat_stage_ops ops = fake_drop;

	ops.state_bytes = LEAT__STATE_BYTES_MAX + 1;
	refused(ops, "state_bytes");
	ops = fake_drop;
	ops.opts_bytes = 7;
	refused(ops, "opts_bytes");
	ops.opts_bytes = LEAT__OPTS_BYTES_MAX + 1;
	refused(ops, "opts_bytes");
}
END_TEST

START_TEST(a_bad_option_table_is_refused)
{
	static const struct leat_option twice[] = {
		{.name = "x", .type = LEAT_OPTION_UINT, .offset = 8},
		{.name = "x", .type = LEAT_OPTION_UINT, .offset = 8},
		{.name = NULL},
	};
	static const struct leat_option behind_rest[] = {
		{.name = "x",
			.type = LEAT_OPTION_STRING,
			.offset = 8,
			.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REST},
		{.name = "y",
			.type = LEAT_OPTION_STRING,
			.offset = 8,
			.flags = LEAT_OPTION_POSITIONAL},
		{.name = NULL},
	};
	struct leat_stage_ops ops = fake_drop;

	ops.options = twice;
	refused(ops, "its offset is not that of a field");
	ops.opts_bytes = 16;
	refused(ops, "is there twice");
	ops.options = behind_rest;
	refused(ops, "takes the rest");
}
END_TEST

START_TEST(ops_of_an_older_author_are_extended)
{
	struct leat_stage_ops ops = fake_numbers;
	struct leat_graph *g = fake_graph();
	struct leat_stage *st;

	ops.size = (uint32_t)offsetof(struct leat_stage_ops, process);
	ops.process = fake_process; /* beyond what it knows */
	st = fake_add(g, &ops, NULL);
	ck_assert(!st->ops.process);
	leat__graph_free(g);
}
END_TEST

START_TEST(ops_of_a_newer_author_must_not_use_what_is_unknown)
{
	struct {
		struct leat_stage_ops ops;
		void *more;
	} newer = {.ops = fake_drop, .more = NULL};
	struct leat_graph *g = fake_graph();
	struct leat_step step = {&newer.ops, NULL};
	struct leat_stage *st;
	struct leat_error err;

	newer.ops.size = sizeof(newer);
	ck_assert_int_eq(leat_graph_add(g, NULL, &step, &st, &err), LEAT_OK);
	newer.more = g;
	ck_assert_int_eq(
		leat_graph_add(g, NULL, &step, &st, &err), LEAT_ENOTSUP);
	leat__graph_free(g);
}
END_TEST

TEST_MAIN("graph/ops", zero_stands_for_one_in_and_one_out,
	a_function_of_items_takes_items_and_writes_them, names_are_words,
	a_bad_name_is_refused, exactly_one_work_function_is_wanted,
	unknown_flags_and_layouts_are_refused, ends_that_cannot_be_are_refused,
	sizes_over_their_limit_are_refused, a_bad_option_table_is_refused,
	ops_of_an_older_author_are_extended,
	ops_of_a_newer_author_must_not_use_what_is_unknown)
