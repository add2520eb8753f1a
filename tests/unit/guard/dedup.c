/*
 * unit/guard/dedup.c -- what dedup lets through, against a list of the last
 * keys that is searched from end to end.
 */
#include "base/base.h"
#include "support/numbers.h"
#include "support/test.h"

#define N_NUMBERS 20000u
#define N_KEYS    100u

static uint64_t
scrambled(uint64_t x, uint64_t n_values)
{
	return (x * UINT64_C(0x9e3779b97f4a7c15) >> 20) % n_values;
}

static void
few_map(void *item, void *state)
{
	(void)state;
	*(uint64_t *)item = scrambled(*(uint64_t *)item, 90);
}

static void
many_map(void *item, void *state)
{
	(void)state;
	*(uint64_t *)item = scrambled(*(uint64_t *)item, 250);
}

static const struct leat_stage_ops few_ops = {LEAT_STAGE_OPS_INIT("few"),
	.flags = LEAT_STAGE_IN_PLACE, .in_layouts = LEAT_LAYOUT_ITEMS,
	.map_item = few_map};
static const struct leat_stage_ops many_ops = {LEAT_STAGE_OPS_INIT("many"),
	.flags = LEAT_STAGE_IN_PLACE, .in_layouts = LEAT_LAYOUT_ITEMS,
	.map_item = many_map};

/* What passes, by the list. */
static void
expect(uint64_t n_values, uint64_t n_keys, uint64_t *n_out, uint64_t *sum_out)
{
	uint64_t known[N_KEYS], n_known = 0;

	*n_out = *sum_out = 0;
	for (uint64_t x = 1; x <= N_NUMBERS; x++) {
		uint64_t key = scrambled(x, n_values);
		bool is_known = false;

		for (uint64_t k = 0; k < n_known && k < n_keys; k++)
			is_known |= known[k] == key;
		if (is_known)
			continue;
		known[n_known++ % n_keys] = key;
		if (n_known >= 2 * n_keys)
			n_known -= n_keys;
		*sum_out += key;
		++*n_out;
	}
}

static void
passes(const struct leat_stage_ops *map, uint64_t n_values, uint64_t n_keys,
	uint64_t per_frame)
{
	struct sink_seen seen = {0};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
		.n = N_NUMBERS, .per_frame = per_frame};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_dedup_guard_opts opts = {
		LEAT_OPTS_INIT(leat_dedup_guard_opts), .keys = n_keys};
	struct leat_step steps[3] = {
		{&numbers_ops, &numbers}, {map, NULL}, {&sink_ops, &sink}};
	struct leat_hook_step hook = {&leat_dedup_guard_ops, &opts};
	struct leat_graph_stats stats;
	struct leat_graph *graph;
	struct leat_stage *st[3];
	uint64_t n, sum;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		ck_assert_int_eq(leat_graph_link(graph, leat_out(st[k], 0),
					 leat_in(st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(st[2], &hook, 1, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat_graph_stats(graph, &stats);
	leat_graph_destroy(graph);
	expect(n_values, n_keys, &n, &sum);
	ck_assert_uint_eq(seen.n, n);
	ck_assert_uint_eq(seen.sum, sum);
	ck_assert_uint_eq(stats.shed, N_NUMBERS - n);
	ck_assert(stats.is_balanced);
}

START_TEST(the_last_keys_are_known_and_no_others)
{
	/* frames of one, of some, and of more than are known */
	passes(&few_ops, 90, N_KEYS, 7);
	passes(&few_ops, 90, 80, 7);
	passes(&many_ops, 250, N_KEYS, 1);
	passes(&many_ops, 250, 37, 7);
	passes(&many_ops, 250, 1, 7);
	passes(&many_ops, 250, 37, 200);
}
END_TEST

TEST_MAIN("guard/dedup", the_last_keys_are_known_and_no_others)
