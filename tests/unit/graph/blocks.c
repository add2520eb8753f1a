/*
 * unit/graph/blocks.c -- graphs by hand, and drawn ones against the definition.
 *
 * By hand: nodes 0 to 9; M is an ordered merge, R restamps, - is any other.
 */
#include "graph/blocks.h"
#include "support/fail.h"
#include "support/stress.h"
#include "support/test.h"

#define EDGES_MAX 8192u
#define NODES_MAX 4096u

static struct fail_env world;
static struct leat__blocks_edge edges[EDGES_MAX];
static uint8_t flags[NODES_MAX];
static struct leat__blocks_graph graph;
static struct leat__blocks_pair pair;

static void
begin(uint32_t n_nodes)
{
	memset(flags, 0, sizeof(flags));
	graph = (struct leat__blocks_graph){
		.flags = flags, .edges = edges, .n_nodes = n_nodes};
}

static void
link_nodes(uint32_t from, uint32_t to)
{
	edges[graph.n_edges++] = (struct leat__blocks_edge){from, to};
}

static int
check(void)
{
	int rc;

	fail_env_init(&world);
	pair = (struct leat__blocks_pair){99, 99};
	rc = leat__blocks_check(&world.env, &graph, &pair);
	ck_assert_uint_eq(world.alloc_live, 0);
	return rc;
}

/* kinds: one letter a node; links: pairs of digits, "01 12 02". */
static int
check_drawn(const char *kinds, const char *links)
{
	begin((uint32_t)strlen(kinds));
	for (uint32_t v = 0; v < graph.n_nodes; v++)
		flags[v] = kinds[v] == 'M' ? LEAT__BLOCKS_ORDERED_MERGE
			: kinds[v] == 'R'  ? LEAT__BLOCKS_RESTAMPS
					   : 0;
	for (const char *at = links; *at; at += at[2] ? 3 : 2)
		link_nodes((uint32_t)(at[0] - '0'), (uint32_t)(at[1] - '0'));
	return check();
}

static void
expect_pair(uint32_t restamper, uint32_t merge)
{
	ck_assert_uint_eq(pair.restamper, restamper);
	ck_assert_uint_eq(pair.merge, merge);
}

/* ---- what keeps the rule ------------------------------------------------- */

START_TEST(graphs_without_restampers_or_without_merges_keep_the_rule)
{
	ck_assert_int_eq(check_drawn("", ""), 0);
	ck_assert_int_eq(check_drawn("-", ""), 0);
	ck_assert_int_eq(check_drawn("---M", "01 02 13 23"), 0);
	ck_assert_int_eq(check_drawn("-R--", "01 02 13 23"), 0);
}
END_TEST

START_TEST(a_restamper_may_stand_before_or_behind_a_region)
{
	/* two sources, restamped; then apart and together again */
	ck_assert_int_eq(check_drawn("--R---M-", "02 12 23 34 35 46 56 67"), 0);
	ck_assert_int_eq(check_drawn("--RM", "02 12 23 23"), 0);
	/* apart and together again, then restamped with another source */
	ck_assert_int_eq(check_drawn("---M-R", "01 02 13 23 35 45"), 0);
	/* between two such regions */
	ck_assert_int_eq(
		check_drawn("---MR--M", "01 02 13 23 34 45 46 57 67"), 0);
}
END_TEST

START_TEST(a_restamper_may_reach_a_merge_by_a_bridge)
{
	ck_assert_int_eq(check_drawn("--R-M", "02 12 24 34"), 0);
}
END_TEST

START_TEST(a_merge_that_is_not_further_down_does_not_matter)
{
	/* all in one block, but the merge sends to the restamper or past it */
	ck_assert_int_eq(check_drawn("-MR-", "01 02 12 13 23"), 0);
	ck_assert_int_eq(check_drawn("--RM-", "02 03 12 13 24 34"), 0);
}
END_TEST

START_TEST(parts_that_do_not_touch_do_not_matter_to_each_other)
{
	ck_assert_int_eq(check_drawn("-R---M", "01 01 23 24 35 45"), 0);
}
END_TEST

/* ---- what breaks it ------------------------------------------------------ */

START_TEST(a_restamper_on_one_arm_of_a_region_breaks_the_rule)
{
	ck_assert_int_eq(check_drawn("-R-M", "01 02 13 23"), 1);
	expect_pair(1, 3);
	/* with another source on it, and further stages */
	ck_assert_int_eq(check_drawn("--R---M-", "02 03 12 24 35 46 56 67"), 1);
	expect_pair(2, 6);
}
END_TEST

START_TEST(sources_coupled_crosswise_by_two_merges_break_the_rule)
{
	/* 0 and 1 to both merges; what 0 sends to 4 is restamped on the way */
	ck_assert_int_eq(check_drawn("--R-MM", "02 32 24 14 05 15"), 1);
	expect_pair(2, 4);
}
END_TEST

START_TEST(links_side_by_side_are_a_region_of_their_own)
{
	ck_assert_int_eq(check_drawn("-RM", "01 01 12 12"), 0);
	ck_assert_int_eq(check_drawn("-RM", "01 01 12 12 02"), 1);
	expect_pair(1, 2);
}
END_TEST

START_TEST(the_pair_is_the_lowest_restamper_and_its_lowest_merge)
{
	ck_assert_int_eq(check_drawn("MMRR-", "42 40 20 32 43 41 31 30"), 1);
	expect_pair(2, 0);
	ck_assert_int_eq(check_drawn("MMRR-", "43 42 40 41 20 30 21"), 1);
	expect_pair(2, 0);
	ck_assert_int_eq(check_drawn("MMRR-", "42 40 41 21 31 43 30"), 1);
	expect_pair(2, 1);
}
END_TEST

/* ---- what is refused ----------------------------------------------------- */

START_TEST(an_edge_of_a_node_that_is_not_there_is_refused)
{
	ck_assert_int_eq(check_drawn("--", "02"), LEAT_EINVAL);
	ck_assert_int_eq(check_drawn("--", "20"), LEAT_EINVAL);
	expect_pair(99, 99);
}
END_TEST

START_TEST(a_circle_is_refused)
{
	ck_assert_int_eq(check_drawn("-", "00"), LEAT_EINVAL);
	ck_assert_int_eq(check_drawn("----", "01 12 23 31"), LEAT_EINVAL);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
	begin(1);
	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_int_eq(
		leat__blocks_check(&world.env, &graph, &pair), LEAT_ENOMEM);
}
END_TEST

/* ---- large ones ---------------------------------------------------------- */

/* Regions in a row, each of four nodes and begun by the end of the last:
 *	4k -> 4k+1 -> 4k+3, 4k -> 4k+2 -> 4k+3 -> 4k+4 */
static void
draw_row(uint32_t n_regions)
{
	begin(4 * n_regions);
	for (uint32_t k = 0; k < graph.n_nodes; k += 4) {
		link_nodes(k, k + 1);
		link_nodes(k, k + 2);
		link_nodes(k + 1, k + 3);
		link_nodes(k + 2, k + 3);
		if (k + 4 < graph.n_nodes)
			link_nodes(k + 3, k + 4);
		flags[k] = LEAT__BLOCKS_RESTAMPS;
		flags[k + 3] = LEAT__BLOCKS_ORDERED_MERGE;
	}
}

START_TEST(a_thousand_regions_in_a_row_are_told_apart)
{
	draw_row(NODES_MAX / 4);
	ck_assert_int_eq(check(), 0);
	flags[4 * 777 + 2] = LEAT__BLOCKS_RESTAMPS;
	flags[4 * 999 + 1] = LEAT__BLOCKS_RESTAMPS;
	ck_assert_int_eq(check(), 1);
	expect_pair(4 * 777 + 2, 4 * 777 + 3);
}
END_TEST

START_TEST(a_circle_around_thousands_of_stages_is_one_block)
{
	uint32_t last = NODES_MAX - 1;

	begin(NODES_MAX);
	for (uint32_t v = 0; v < last; v++)
		link_nodes(v, v + 1);
	flags[2000] = LEAT__BLOCKS_RESTAMPS;
	flags[last] = LEAT__BLOCKS_ORDERED_MERGE;
	ck_assert_int_eq(check(), 0);
	link_nodes(0, last);
	ck_assert_int_eq(check(), 1);
	expect_pair(2000, last);
	edges[graph.n_edges - 1].from = 2000;
	ck_assert_int_eq(check(), 0);
}
END_TEST

/* ---- against the definition ---------------------------------------------- */

/*
 * Two edges are in one block if they are the same or both on a circle that
 * passes no node twice; here, all circles are looked for among all sets of
 * edges.
 */
#define SMALL_NODES 7u
#define SMALL_EDGES 10u

static uint32_t with[SMALL_EDGES];  /* edges in the block of an edge, as bits */
static uint32_t above[SMALL_NODES]; /* nodes that a node is further down than */

/* Does the set of edges hang together? Grown from its lowest edge. */
static bool
set_is_whole(uint32_t set)
{
	uint32_t grown = set & (0 - set), was = 0;

	while (grown != was) {
		uint32_t nodes = 0;

		was = grown;
		for (uint32_t e = 0; e < graph.n_edges; e++)
			if (grown >> e & 1)
				nodes |=
					1u << edges[e].from | 1u << edges[e].to;
		for (uint32_t e = 0; e < graph.n_edges; e++)
			if (set >> e & 1 &&
				(nodes >> edges[e].from & 1 ||
					nodes >> edges[e].to & 1))
				grown |= 1u << e;
	}
	return grown == set;
}

static bool
set_is_circle(uint32_t set)
{
	uint32_t degrees[SMALL_NODES] = {0};

	for (uint32_t e = 0; e < graph.n_edges; e++) {
		degrees[edges[e].from] += set >> e & 1;
		degrees[edges[e].to] += set >> e & 1;
	}
	for (uint32_t v = 0; v < graph.n_nodes; v++)
		if (degrees[v] != 0 && degrees[v] != 2)
			return false;
	return set_is_whole(set);
}

static void
define(void)
{
	for (uint32_t e = 0; e < graph.n_edges; e++)
		with[e] = 1u << e;
	for (uint32_t set = 1; set < 1u << graph.n_edges; set++)
		if (set_is_circle(set))
			for (uint32_t e = 0; e < graph.n_edges; e++)
				with[e] |= set >> e & 1 ? set : 0;
	memset(above, 0, sizeof(above));
	for (uint32_t round = 0; round < graph.n_nodes; round++)
		for (uint32_t e = 0; e < graph.n_edges; e++)
			above[edges[e].to] |=
				above[edges[e].from] | 1u << edges[e].from;
}

/* Is there a block with a link into u, one out of it, and one into m? */
static bool
breaks_rule(uint32_t u, uint32_t m)
{
	uint32_t into_u = 0, out_of_u = 0, into_m = 0;

	if (!(flags[u] & LEAT__BLOCKS_RESTAMPS) ||
		!(flags[m] & LEAT__BLOCKS_ORDERED_MERGE) ||
		!(above[m] >> u & 1))
		return false;
	for (uint32_t e = 0; e < graph.n_edges; e++) {
		into_u |= (edges[e].to == u ? 1u : 0) << e;
		out_of_u |= (edges[e].from == u ? 1u : 0) << e;
		into_m |= (edges[e].to == m ? 1u : 0) << e;
	}
	for (uint32_t e = 0; e < graph.n_edges; e++)
		if (into_m >> e & 1 && with[e] & into_u && with[e] & out_of_u)
			return true;
	return false;
}

static bool
define_first(struct leat__blocks_pair *first)
{
	define();
	for (uint32_t u = 0; u < graph.n_nodes; u++) {
		for (uint32_t m = 0; m < graph.n_nodes; m++) {
			*first = (struct leat__blocks_pair){u, m};
			if (breaks_rule(u, m))
				return true;
		}
	}
	return false;
}

/* Links go up a hidden order, so that numbers say nothing. */
static void
draw_graph(uint64_t *seed)
{
	uint32_t places[SMALL_NODES], n_edges;

	begin(2 + stress_below(seed, SMALL_NODES - 1));
	for (uint32_t v = 0; v < graph.n_nodes; v++) {
		uint32_t other = stress_below(seed, v + 1);

		places[v] = places[other];
		places[other] = v;
		flags[v] = (uint8_t)stress_below(seed, 4);
	}
	n_edges = stress_below(seed, SMALL_EDGES + 1);
	while (graph.n_edges < n_edges) {
		uint32_t a = stress_below(seed, graph.n_nodes);
		uint32_t b = stress_below(seed, graph.n_nodes);

		if (a < b)
			link_nodes(places[a], places[b]);
	}
}

START_TEST(drawn_graphs_are_judged_as_the_definition_says)
{
	uint64_t seed = 3;
	uint32_t n_broken = 0;

	for (uint32_t k = 0; k < 3000; k++) {
		struct leat__blocks_pair first;
		bool is_broken;

		draw_graph(&seed);
		is_broken = define_first(&first);
		must(check() == is_broken);
		if (!is_broken)
			continue;
		must(first.restamper == pair.restamper);
		must(first.merge == pair.merge);
		n_broken++;
	}
	ck_assert_uint_gt(n_broken, 300);
	ck_assert_uint_lt(n_broken, 2700);
}
END_TEST

TEST_MAIN("graph/blocks",
	graphs_without_restampers_or_without_merges_keep_the_rule,
	a_restamper_may_stand_before_or_behind_a_region,
	a_restamper_may_reach_a_merge_by_a_bridge,
	a_merge_that_is_not_further_down_does_not_matter,
	parts_that_do_not_touch_do_not_matter_to_each_other,
	a_restamper_on_one_arm_of_a_region_breaks_the_rule,
	sources_coupled_crosswise_by_two_merges_break_the_rule,
	links_side_by_side_are_a_region_of_their_own,
	the_pair_is_the_lowest_restamper_and_its_lowest_merge,
	an_edge_of_a_node_that_is_not_there_is_refused, a_circle_is_refused,
	without_memory_it_says_so, a_thousand_regions_in_a_row_are_told_apart,
	a_circle_around_thousands_of_stages_is_one_block,
	drawn_graphs_are_judged_as_the_definition_says)
