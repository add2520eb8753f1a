/*
 * unit/guard/retry.c -- what is tried again, how often, and what is not. When,
 * is in tests/sim/scenario_guard.c.
 */
#include "support/numbers.h"
#include "support/test.h"

/* ---- a sink that fails ---------------------------------------------------- */

struct fails_opts {
	uint32_t size;
	uint32_t flags;
	int64_t code;
	uint32_t *n_calls;
};

static int
fails_init(struct leat_stage *st, const void *opts)
{
	*(const struct fails_opts **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
fails_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct fails_opts *o =
		*(const struct fails_opts **)leat_stage_state(st);

	(void)in;
	++*o->n_calls;
	return leat_stage_fail(st, (int)o->code, "it fails");
}

static const struct leat_stage_ops fails_ops = {
	LEAT_STAGE_OPS_INIT("fails"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct fails_opts),
	.init = fails_init,
	.process = fails_process,
};

/* How often is a stage called that always fails so? */
static uint32_t
calls(int code, uint64_t max)
{
	uint32_t n_calls = 0;
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 1};
	struct fails_opts fails = {
		LEAT_OPTS_INIT(fails_opts), .code = code, .n_calls = &n_calls};
	struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&fails_ops, &fails}};
	struct leat_retry_opts retry = {LEAT_OPTS_INIT(leat_retry_opts),
		.max = max, .base_ns = 1, .mode = LEAT_RETRY_FIXED};
	struct leat_hook_step hook = {&leat_retry_ops, &retry};
	struct leat_stage *from, *to;
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &steps[0], &from, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &steps[1], &to, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_link(graph, leat_out(from, 0),
				 leat_in(to, 0), NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(to, &hook, 1, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), code);
	ck_assert_ptr_nonnull(strstr(err.text, "it fails"));
	leat_graph_destroy(graph);
	return n_calls;
}

START_TEST(what_the_world_outside_may_mend_is_tried_again)
{
	ck_assert_uint_eq(calls(LEAT_EIO, 0), 3);
	ck_assert_uint_eq(calls(LEAT_EIO, 5), 5);
	ck_assert_uint_eq(calls(LEAT_EIO, 1), 1);
	ck_assert_uint_eq(calls(LEAT_ETIMEDOUT, 4), 4);
}
END_TEST

START_TEST(what_would_fail_again_is_not)
{
	static const int codes[] = {LEAT_EDATA, LEAT_EINVAL, LEAT_ESTATE,
		LEAT_ENOMEM, LEAT_ELIMIT, LEAT_ENOTSUP, LEAT_EBUG};

	for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++)
		ck_assert_uint_eq(calls(codes[k], 5), 1);
}
END_TEST

TEST_MAIN("guard/retry", what_the_world_outside_may_mend_is_tried_again,
	what_would_fail_again_is_not)
