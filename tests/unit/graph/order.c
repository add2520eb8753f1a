/*
 * unit/graph/order.c -- where ordered branches begin, which blocks may stand on
 * them, and what is refused.
 */
#include "graph/graph.h"

#include <string.h>

#include "support/test.h"

static struct leat_graph *graph;
static struct leat_error err;

static void
parse(const char *text)
{
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_parse(graph, text, &err) == LEAT_OK, "%s: %s",
		text, err.text);
}

static void
check(const char *text)
{
	parse(text);
	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s: %s", text,
		err.text);
}

static void
refuse(const char *text, const char *stage, const char *words)
{
	parse(text);
	ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_EINVAL);
	ck_assert_msg(
		strstr(err.text, words) != NULL, "%s: %s", text, err.text);
	ck_assert_str_eq(err.stage, stage);
	leat_graph_destroy(graph);
}

static struct leat_stage *
find(const char *name)
{
	struct leat_stage *st = leat__graph_find(graph, name, strlen(name));

	ck_assert_msg(st != NULL, "no stage '%s'", name);
	return st;
}

/* The branches of a merge begin there; are they part of a branch of others? */
static void
assert_begin(const char *merge, const char *begin, bool is_nested)
{
	ck_assert_ptr_eq(find(merge)->begin, find(begin));
	ck_assert_int_eq(find(merge)->is_nested, is_nested);
	ck_assert_int_eq(find(begin)->is_nested, is_nested);
	ck_assert(find(begin)->is_restamping);
}

#define HEAD "read /dev/null ! split name=f "
#define TAIL " merge name=m stamp ! write b.txt"

START_TEST(branches_begin_at_the_split_that_all_of_them_go_through)
{
	check(HEAD "f. ! upper ! m. f. ! m." TAIL);
	assert_begin("m", "f", false);
	ck_assert(!find("f")->ins[0]->is_ordered);
	ck_assert(find("f")->outs[0]->is_ordered);
	ck_assert(find("m")->ins[0]->is_ordered);
	ck_assert(!find("m")->outs[0]->is_ordered);
	ck_assert_uint_eq(leat__order_bytes(graph), 0);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_branch_may_hold_branches_of_its_own)
{
	check(HEAD "f. ! tee block name=g f. ! m. "
		   "g. ! upper ! n. g. ! n. merge name=n stamp ! m." TAIL);
	assert_begin("n", "g", true);
	assert_begin("m", "f", false);
	ck_assert(find("n")->ops.flags & LEAT_STAGE_IN_PLACE);
	ck_assert(find("n")->outs[0]->is_ordered);
	ck_assert(find("g")->ins[0]->is_ordered);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(and_those_others_one_after_another_and_at_any_depth)
{
	check(HEAD "f. ! split name=g f. ! upper ! split name=p "
		   "g. ! split name=h g. ! n. "
		   "h. ! upper ! o. h. ! o. merge name=o stamp ! n. "
		   "merge name=n stamp ! upper ! tee block name=q "
		   "q. ! r. q. ! r. merge name=r stamp ! m. "
		   "p. ! s. p. ! s. merge name=s stamp ! m." TAIL);
	assert_begin("o", "h", true);
	assert_begin("n", "g", true);
	assert_begin("r", "q", true);
	assert_begin("s", "p", true);
	assert_begin("m", "f", false);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_some_branches_of_a_split_are_merged_to_joins_the_rest)
{
	check(HEAD "f. ! n. f. ! n. f. ! m. merge name=n stamp ! m." TAIL);
	assert_begin("n", "f", false);
	assert_begin("m", "f", false);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(blocks_one_after_another_are_not_nested)
{
	check(HEAD "f. ! n. f. ! n. merge name=n stamp ! split name=g "
		   "g. ! m. g. ! m." TAIL);
	assert_begin("n", "f", false);
	assert_begin("m", "g", false);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(the_table_of_numbers_is_counted)
{
	uint64_t n_bytes;

	check(HEAD "f. ! split name=g f. ! m. g. ! n. g. ! n. "
		   "merge name=n stamp ! m." TAIL);
	n_bytes = leat__nest_bytes(leat__order_n_entries(find("n")));
	ck_assert_uint_eq(leat__order_bytes(graph), n_bytes);
	ck_assert_uint_ge(leat__budget_channel_bytes(graph), n_bytes);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_merge_that_takes_what_comes_is_refused_on_a_branch)
{
	refuse(HEAD "f. ! split name=g f. ! m. g. ! n. g. ! n. "
		    "merge name=n ! m." TAIL,
		"n", "use 'merge stamp' there, or put it behind 'm'");
}
END_TEST

START_TEST(a_branch_that_leaves_others_half_way_is_refused)
{
	/* one out of g goes round n */
	refuse(HEAD "f. ! split name=g f. ! m. g. ! n. g. ! n. g. ! m. "
		    "merge name=n stamp ! m." TAIL,
		"m", "they must all begin at one tee or split");
	/* a tee on a branch, which is not merged there */
	refuse(HEAD "f. ! tee block name=g f. ! m. g. ! m. "
		    "g. ! write c.txt" TAIL,
		"m", "begin at 'f' and at 'g'");
}
END_TEST

START_TEST(branches_that_begin_apart_are_refused)
{
	refuse("read /dev/null ! m. read /dev/zero ! m." TAIL, "m",
		"they must all begin at one tee or split");
}
END_TEST

START_TEST(two_merges_of_one_split_are_refused_on_branches_of_two)
{
	refuse(HEAD "f. ! split name=g f. ! m. f. ! o. "
		    "g. ! n. g. ! n. g. ! p. g. ! p. "
		    "merge name=n stamp ! m. merge name=p stamp ! o. "
		    "merge name=o stamp ! write c.txt" TAIL,
		"p", "put a tee or split of its own before each");
}
END_TEST

START_TEST(a_join_is_refused_on_a_branch)
{
	refuse("read /dev/null ! csv.parse header=off ! split name=f "
	       "f. ! tee block name=g f. ! m. g. ! n. g. ! n. "
	       "join name=n ! m. merge name=m stamp ! write b.txt",
		"n", "keeps frames back");
}
END_TEST

START_TEST(stages_with_a_flush_are_emptied_on_branches_alone)
{
	check("read /dev/null ! csv.parse header=off ! csv.format name=a "
	      "! split name=f f. ! lines.parse ! lines.format name=b ! m. "
	      "f. ! m. merge name=m stamp ! lines.parse "
	      "! lines.format name=c ! write b.txt");
	ck_assert(!leat__order_keeps_empty(find("a")));
	ck_assert(leat__order_keeps_empty(find("b")));
	ck_assert(!leat__order_keeps_empty(find("c")));
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("graph/order",
	branches_begin_at_the_split_that_all_of_them_go_through,
	a_branch_may_hold_branches_of_its_own,
	and_those_others_one_after_another_and_at_any_depth,
	what_some_branches_of_a_split_are_merged_to_joins_the_rest,
	blocks_one_after_another_are_not_nested,
	the_table_of_numbers_is_counted,
	a_merge_that_takes_what_comes_is_refused_on_a_branch,
	a_branch_that_leaves_others_half_way_is_refused,
	branches_that_begin_apart_are_refused,
	two_merges_of_one_split_are_refused_on_branches_of_two,
	a_join_is_refused_on_a_branch,
	stages_with_a_flush_are_emptied_on_branches_alone)
