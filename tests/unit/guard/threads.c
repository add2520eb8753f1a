/*
 * unit/guard/threads.c -- guards of a stage that several workers call at once,
 * changed meanwhile: every frame goes one way, and the books balance.
 */
#include "base/atomic.h"
#include "support/numbers.h"
#include "support/test.h"

#define N_NUMBERS 6000u
#define N_SOURCES 2u

/* ---- a stage that counts who is inside --------------------------------------- */

struct crowd {
	uint32_t n_inside; /* atomic */
	uint32_t n_most;   /* atomic */
	uint32_t n_rounds; /* that one goes there */
};

struct crowd_opts {
	uint32_t size;
	uint32_t flags;
	struct crowd *crowd;
};

static int
crowd_init(struct leat_stage *st, const void *opts)
{
	const struct crowd_opts *o = opts;

	*(struct crowd **)leat_stage_state(st) = o->crowd;
	return LEAT_OK;
}

static int
crowd_process(struct leat_stage *st, struct leat_frame *in)
{
	struct crowd *crowd = *(struct crowd **)leat_stage_state(st);
	uint32_t n = leat__add_relaxed(&crowd->n_inside, 1u) + 1;
	uint32_t most = leat__load_relaxed(&crowd->n_most);

	while (n > most && !leat__cas_acq_rel(&crowd->n_most, &most, n))
		;
	for (volatile uint32_t k = 0; k < crowd->n_rounds; k++)
		;
	leat__sub_relaxed(&crowd->n_inside, 1u);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops crowd_ops = {
	LEAT_STAGE_OPS_INIT("crowd"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(struct crowd *),
	.opts_bytes = sizeof(struct crowd_opts),
	.init = crowd_init,
	.process = crowd_process,
};

static const struct leat_stage_ops crowd_thread_ops = {
	LEAT_STAGE_OPS_INIT("crowd"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(struct crowd *),
	.opts_bytes = sizeof(struct crowd_opts),
	.init = crowd_init,
	.process = crowd_process,
};

/* ---- chains: numbers ! crowd ! sink ------------------------------------------ */

struct chains {
	struct leat_graph *graph;
	struct crowd crowd;
	struct sink_seen seen[N_SOURCES];
	struct leat_stage *crowds[N_SOURCES];
	struct leat_graph_stats stats;
};

static void
chains_add(struct chains *c, uint32_t k, const struct leat_stage_ops *ops)
{
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = N_NUMBERS, .per_frame = 3};
	struct crowd_opts crowd = {
		LEAT_OPTS_INIT(crowd_opts), .crowd = &c->crowd};
	struct sink_opts sink = {
		LEAT_OPTS_INIT(sink_opts), .seen = &c->seen[k]};
	struct leat_step steps[3] = {
		{&numbers_ops, &numbers}, {ops, &crowd}, {&sink_ops, &sink}};
	struct leat_stage *st[3];

	for (uint32_t i = 0; i < 3; i++)
		ck_assert_int_eq(
			leat_graph_add(c->graph, NULL, &steps[i], &st[i], NULL),
			LEAT_OK);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_int_eq(leat_graph_link(c->graph, leat_out(st[i], 0),
					 leat_in(st[i + 1], 0), NULL, NULL),
			LEAT_OK);
	c->crowds[k] = st[1];
}

static void
chains_make(struct chains *c, uint32_t n, const struct leat_stage_ops *ops,
	const struct leat_hook_step *hooks, uint32_t n_hooks)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 4};

	memset(c, 0, sizeof(*c));
	c->crowd.n_rounds = 200;
	ck_assert_int_eq(leat_graph_create(&opts, &c->graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < n; k++) {
		chains_add(c, k, ops);
		ck_assert_int_eq(leat_stage_set_hooks(
					 c->crowds[k], hooks, n_hooks, NULL),
			LEAT_OK);
	}
}

/* Run; while it does, set option `name` of hook k to one value and another. */
static void
chains_run(struct chains *c, uint32_t k, const char *name,
	const char *const values[2])
{
	int rc;

	ck_assert_int_eq(leat_graph_start(c->graph, NULL), LEAT_OK);
	for (uint32_t i = 0;; i++) {
		rc = leat_graph_wait(c->graph, leat_now_ns(), NULL);
		if (rc != LEAT_ETIMEDOUT)
			break;
		rc = leat_stage_set_hook_option(
			c->crowds[0], k, name, values[i % 2], "a test", NULL);
		ck_assert(rc == LEAT_OK || rc == LEAT_ESTATE);
	}
	ck_assert_int_eq(rc, LEAT_OK);
	leat_graph_stats(c->graph, &c->stats);
	leat_graph_destroy(c->graph);
	ck_assert(c->stats.is_balanced);
}

START_TEST(replicas_have_a_guard_s_state_in_common)
{
	static const char *const values[] = {"1000000000", "2000000000"};
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000000000, .over = 1};
	struct leat_breaker_opts breaker = {
		LEAT_OPTS_INIT(leat_breaker_opts), .last = 100};
	struct leat_bulkhead_opts bulkhead = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 3, .full = 2};
	struct leat_shed_opts shed = {LEAT_OPTS_INIT(leat_shed_opts),
		.p99 = "10s", .queue = "off", .memory = "off",
		.window_ns = 10000};
	struct leat_hook_step hooks[4] = {{&leat_rate_ops, &rate},
		{&leat_breaker_ops, &breaker}, {&leat_shed_ops, &shed},
		{&leat_bulkhead_ops, &bulkhead}};
	struct chains c;

	chains_make(&c, 1, &crowd_ops, hooks, 4);
	chains_run(&c, 0, "items", values);
	ck_assert_uint_le(c.crowd.n_most, 3);
	ck_assert_uint_eq(c.seen[0].n + c.stats.shed, N_NUMBERS);
	ck_assert_uint_eq(c.seen[0].n_back, 0);
}
END_TEST

START_TEST(replicas_have_the_places_of_a_bulkhead_in_common)
{
	static const char *const values[] = {"1", "1"};
	struct leat_bulkhead_opts bulkhead = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 1, .full = 2};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &bulkhead};
	struct chains c;

	chains_make(&c, 1, &crowd_ops, &hook, 1);
	/* long enough for others to come meanwhile */
	c.crowd.n_rounds = 20000;
	chains_run(&c, 0, "n", values);
	ck_assert_uint_eq(c.crowd.n_most, 1);
	ck_assert_uint_eq(c.seen[0].n + c.stats.shed, N_NUMBERS);
}
END_TEST

START_TEST(a_place_is_handed_over_from_stage_to_stage)
{
	static const char *const values[] = {"1", "1"};
	struct leat_bulkhead_opts bulkhead = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 1, .name = "one"};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &bulkhead};
	struct chains c;

	chains_make(&c, N_SOURCES, &crowd_thread_ops, &hook, 1);
	chains_run(&c, 0, "n", values);
	ck_assert_uint_eq(c.crowd.n_most, 1);
	for (uint32_t k = 0; k < N_SOURCES; k++)
		ck_assert_uint_eq(c.seen[k].n, N_NUMBERS);
}
END_TEST

TEST_MAIN("guard/threads", replicas_have_a_guard_s_state_in_common,
	replicas_have_the_places_of_a_bulkhead_in_common,
	a_place_is_handed_over_from_stage_to_stage)
