/*
 * unit/guard/dedup.c -- what dedup lets through, against a list of the last
 * keys that is searched from end to end; also where calls fail and are made
 * again, so that what was put there is taken out once more.
 */
#include <stdlib.h>

#include "base/base.h"
#include "support/numbers.h"
#include "support/test.h"

#define N_NUMBERS 20000u
#define FRAME_MAX 200u

/* What is run, and what the list is told. */
struct run {
	uint64_t n_values; /* that the numbers are mapped to */
	uint64_t n_keys;
	uint64_t per_frame;
	bool fails; /* the sink, two calls of five */
};

/* ---- stages ------------------------------------------------------------- */

static uint64_t
scrambled(uint64_t x, uint64_t n_values)
{
	return (x * UINT64_C(0x9e3779b97f4a7c15) >> 20) % n_values;
}

struct values_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n;
};

static int
values_init(struct leat_stage *st, const void *opts)
{
	*(uint64_t *)leat_stage_state(st) =
		((const struct values_opts *)opts)->n;
	return LEAT_OK;
}

static void
values_map(void *item, void *state)
{
	*(uint64_t *)item =
		scrambled(*(uint64_t *)item, *(const uint64_t *)state);
}

static const struct leat_stage_ops values_ops = {LEAT_STAGE_OPS_INIT("values"),
	.flags = LEAT_STAGE_IN_PLACE, .in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(uint64_t),
	.opts_bytes = sizeof(struct values_opts), .init = values_init,
	.map_item = values_map};

struct seen {
	uint64_t n, sum;
	uint64_t n_calls;
};

struct moody_opts {
	uint32_t size;
	uint32_t flags;
	struct seen *seen;
	uint64_t fails;
};

static bool
call_fails(uint64_t k)
{
	return k % 5 >= 3;
}

static int
moody_init(struct leat_stage *st, const void *opts)
{
	*(const void **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
moody_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct moody_opts *o =
		*(const struct moody_opts **)leat_stage_state(st);
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	if (o->fails && call_fails(o->seen->n_calls++))
		return leat_stage_fail(st, LEAT_EIO, "not now");
	for (uint32_t k = 0; k < in->n_items; k++)
		o->seen->sum += items[k];
	o->seen->n += in->n_items;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops moody_ops = {LEAT_STAGE_OPS_INIT("moody"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct moody_opts), .init = moody_init,
	.process = moody_process};

/* ---- the list ----------------------------------------------------------- */

/* Known are those from first on. */
struct list {
	uint64_t keys[N_NUMBERS];
	uint64_t first, n;
};

static bool
list_put(struct list *list, uint64_t key, uint64_t n_keys)
{
	for (uint64_t k = list->first; k < list->n; k++)
		if (list->keys[k] == key)
			return false;
	if (list->n - list->first == n_keys)
		list->first++;
	list->keys[list->n++] = key;
	return true;
}

/* One call: what is new of these stays. */
static uint64_t
list_call(struct list *list, uint64_t *keys, uint64_t n, uint64_t n_keys)
{
	uint64_t n_new = 0;

	for (uint64_t k = 0; k < n; k++)
		if (list_put(list, keys[k], n_keys))
			keys[n_new++] = keys[k];
	return n_new;
}

/* It failed. */
static void
list_undo(struct list *list, uint64_t n)
{
	list->n -= leat__min_u64(n, list->n - list->first);
}

/* A frame, until a call goes well or nothing is left of it. */
static void
list_frame(struct list *list, const struct run *run, uint64_t *keys, uint64_t n,
	struct seen *seen)
{
	while ((n = list_call(list, keys, n, run->n_keys)) && run->fails &&
		call_fails(seen->n_calls++))
		list_undo(list, n);
	for (uint64_t k = 0; k < n; k++)
		seen->sum += keys[k];
	seen->n += n;
}

static struct seen
expect(const struct run *run)
{
	struct list *list = calloc(1, sizeof(*list));
	struct seen seen = {0, 0, 0};
	uint64_t keys[FRAME_MAX], n = 0;

	ck_assert_ptr_nonnull(list);
	for (uint64_t x = 1; x <= N_NUMBERS; x++) {
		keys[n++] = scrambled(x, run->n_values);
		if (n < run->per_frame && x < N_NUMBERS)
			continue;
		list_frame(list, run, keys, n, &seen);
		n = 0;
	}
	free(list);
	return seen;
}

/* ---- the graph ---------------------------------------------------------- */

static void
graph_run(const struct run *run, struct seen *seen,
	struct leat_graph_stats *stats)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
		.n = N_NUMBERS, .per_frame = run->per_frame};
	struct values_opts values = {
		LEAT_OPTS_INIT(values_opts), .n = run->n_values};
	struct moody_opts moody = {
		LEAT_OPTS_INIT(moody_opts), .seen = seen, .fails = run->fails};
	struct leat_retry_opts retry = {LEAT_OPTS_INIT(leat_retry_opts),
		.max = 10, .base_ns = 1, .mode = LEAT_RETRY_FIXED};
	struct leat_dedup_guard_opts dedup = {
		LEAT_OPTS_INIT(leat_dedup_guard_opts), .keys = run->n_keys};
	struct leat_step steps[3] = {{&numbers_ops, &numbers},
		{&values_ops, &values}, {&moody_ops, &moody}};
	struct leat_hook_step hooks[2] = {
		{&leat_retry_ops, &retry}, {&leat_dedup_guard_ops, &dedup}};
	struct leat_graph *graph;
	struct leat_stage *st[3];

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		ck_assert_int_eq(leat_graph_link(graph, leat_out(st[k], 0),
					 leat_in(st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(st[2], hooks + !run->fails,
				 2 - !run->fails, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat_graph_stats(graph, stats);
	leat_graph_destroy(graph);
}

static void
passes(struct run run)
{
	struct seen seen = {0, 0, 0}, expected = expect(&run);
	struct leat_graph_stats stats;

	graph_run(&run, &seen, &stats);
	ck_assert_uint_eq(seen.n, expected.n);
	ck_assert_uint_eq(seen.sum, expected.sum);
	ck_assert_uint_eq(seen.n_calls, expected.n_calls);
	ck_assert_uint_eq(stats.shed, N_NUMBERS - expected.n);
	ck_assert(stats.is_balanced);
}

START_TEST(the_last_keys_are_known_and_no_others)
{
	/* frames of one, of some, and of more than are known */
	passes((struct run){90, 100, 7, false});
	passes((struct run){90, 80, 7, false});
	passes((struct run){250, 100, 1, false});
	passes((struct run){250, 37, 7, false});
	passes((struct run){250, 1, 7, false});
	passes((struct run){250, 37, 200, false});
}
END_TEST

START_TEST(keys_whose_bucket_is_full_are_known_all_the_same)
{
	/* each bucket has four in the mean, and room for seven */
	passes((struct run){2000, 1600, 33, false});
	passes((struct run){1600, 1600, 33, false});
	passes((struct run){100000, 1600, 33, false});
}
END_TEST

START_TEST(what_failed_is_not_known)
{
	passes((struct run){90, 100, 7, true});
	passes((struct run){250, 37, 7, true});
	passes((struct run){250, 37, 200, true});
	passes((struct run){2000, 1600, 33, true});
	passes((struct run){1600, 1600, 200, true});
}
END_TEST

TEST_MAIN("guard/dedup", the_last_keys_are_known_and_no_others,
	keys_whose_bucket_is_full_are_known_all_the_same,
	what_failed_is_not_known)
