/*
 * unit/cli/picture/layout.c -- places for the nodes of a picture.
 */
#include "cli/picture/layout.h"
#include "support/test.h"

static struct leat__layout l;

static enum leat__layout_result
laid_out(const struct leat__layout_edge *edges, uint32_t n_edges,
	uint32_t n_nodes)
{
	static uint32_t extents[64];
	struct leat__layout_task task = {
		extents, n_nodes, edges, n_edges, 1, 2};

	for (uint32_t k = 0; k < n_nodes; k++)
		extents[k] = 5 + 2 * (k % 3);
	return leat__layout_make(&task, &l);
}

/* What the header says of every layout. */
static void
holds(void)
{
	for (uint32_t k = 0; k < l.n_links; k++)
		ck_assert_uint_eq(l.items[l.links[k].from].rank + 1,
			l.items[l.links[k].to].rank);
	for (uint32_t r = 0; r < l.n_ranks; r++) {
		for (uint32_t k = l.ranks[r]; k + 1 < l.ranks[r + 1]; k++) {
			struct leat__layout_item *a = &l.items[l.order[k]];
			struct leat__layout_item *b = &l.items[l.order[k + 1]];

			ck_assert_uint_eq(a->at + 1, b->at);
			ck_assert_int_le(
				a->begin + (int32_t)a->extent + 2, b->begin);
		}
	}
	for (uint32_t k = 0; k < l.n_items; k++) {
		ck_assert_int_ge(l.items[k].begin, 0);
		ck_assert_uint_le(
			(uint32_t)l.items[k].begin + l.items[k].extent,
			l.extent);
	}
}

START_TEST(a_chain_stands_in_one_line)
{
	static const struct leat__layout_edge edges[] = {
		{0, 1}, {1, 2}, {2, 3}};

	ck_assert_int_eq(laid_out(edges, 3, 4), LEAT__LAYOUT_OK);
	holds();
	ck_assert_uint_eq(l.n_ranks, 4);
	for (uint32_t k = 0; k < 4; k++)
		ck_assert_uint_eq(
			(uint32_t)l.items[k].begin + l.items[k].extent / 2,
			(uint32_t)l.items[0].begin + l.items[0].extent / 2);
	leat__layout_free(&l);
}
END_TEST

START_TEST(an_edge_over_several_ranks_goes_through_bends)
{
	static const struct leat__layout_edge edges[] = {
		{0, 1}, {1, 2}, {2, 3}, {0, 3}};

	ck_assert_int_eq(laid_out(edges, 4, 4), LEAT__LAYOUT_OK);
	holds();
	ck_assert_uint_eq(l.n_items, 6);
	ck_assert_uint_eq(l.items[4].node, LEAT__LAYOUT_BEND);
	ck_assert_uint_eq(l.n_links, 6);
	leat__layout_free(&l);
}
END_TEST

START_TEST(a_source_stands_right_before_what_it_feeds)
{
	static const struct leat__layout_edge edges[] = {
		{0, 1}, {1, 2}, {3, 2}};

	ck_assert_int_eq(laid_out(edges, 3, 4), LEAT__LAYOUT_OK);
	holds();
	ck_assert_uint_eq(l.items[3].rank, 1);
	leat__layout_free(&l);
}
END_TEST

/* 0 and 1 feed 3 and 2: drawn in the order of numbers, the lines cross. */
START_TEST(lines_that_need_not_cross_do_not)
{
	static const struct leat__layout_edge edges[] = {
		{0, 5}, {1, 4}, {2, 3}, {3, 8}, {4, 7}, {5, 6}};

	ck_assert_int_eq(laid_out(edges, 6, 9), LEAT__LAYOUT_OK);
	holds();
	ck_assert_uint_eq(leat__layout_crossings(&l), 0);
	leat__layout_free(&l);
}
END_TEST

START_TEST(a_circle_is_refused)
{
	static const struct leat__layout_edge edges[] = {
		{0, 1}, {1, 2}, {2, 1}};

	ck_assert_int_eq(laid_out(edges, 3, 3), LEAT__LAYOUT_CIRCLE);
	leat__layout_free(&l);
}
END_TEST

START_TEST(random_graphs_hold)
{
	for (uint32_t seed = 1; seed <= 60; seed++) {
		struct leat__layout_edge edges[80];
		uint32_t n_nodes = 3 + seed % 20, n = 0, x = seed * 2654435761u;

		for (; n < seed && n < 80; n++) {
			x = x * 1664525u + 1013904223u;
			edges[n].from = (x >> 8) % (n_nodes - 1);
			edges[n].to = edges[n].from + 1 +
				(x >> 20) % (n_nodes - 1 - edges[n].from);
		}
		ck_assert_int_eq(laid_out(edges, n, n_nodes), LEAT__LAYOUT_OK);
		holds();
		leat__layout_free(&l);
	}
}
END_TEST

START_TEST(nothing_is_laid_out_too)
{
	ck_assert_int_eq(laid_out(NULL, 0, 0), LEAT__LAYOUT_OK);
	ck_assert_uint_eq(l.n_ranks, 0);
	leat__layout_free(&l);
}
END_TEST

TEST_MAIN("cli/layout", a_chain_stands_in_one_line,
	an_edge_over_several_ranks_goes_through_bends,
	a_source_stands_right_before_what_it_feeds,
	lines_that_need_not_cross_do_not, a_circle_is_refused,
	random_graphs_hold, nothing_is_laid_out_too)
