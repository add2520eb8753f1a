/*
 * sim/scenario_change.c -- a running graph is held, and its stages change.
 */
#include <leat/leat.h>

#include "scenario.h"
#include "support/numbers.h"

/* ---- stages that mark numbers, and one that looks at the marks ------------- */

struct mark_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t tag;
	uint64_t live;
	uint64_t shift;
};

struct mark {
	uint64_t tag, live, shift;
	uint32_t n_inside; /* calls under way */
};

static int
mark_init(struct leat_stage *st, const void *opts)
{
	const struct mark_opts *o = opts;

	*(struct mark *)leat_stage_state(st) = (struct mark){
		.tag = o->tag, .live = o->live, .shift = o->shift};
	return LEAT_OK;
}

static void
mark_change(struct leat_stage *st, const void *opts)
{
	struct mark *s = leat_stage_state(st);

	SIM_CHECK(s->n_inside == 0);
	s->live = ((const struct mark_opts *)opts)->live;
}

/* The state is that of this call alone, from its beginning to its end. */
static int
mark_process(struct leat_stage *st, struct leat_frame *in)
{
	struct mark *s = leat_stage_state(st);
	uint64_t *items = (uint64_t *)(void *)in->data;

	SIM_CHECK(s->n_inside++ == 0);
	sim_env()->yield(sim_env());
	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] |= s->tag << s->shift;
	SIM_CHECK(leat_stage_state(st) == s);
	SIM_CHECK(--s->n_inside == 0);
	return leat_stage_emit(st, 0, in);
}

static void
mark_fini(struct leat_stage *st)
{
	SIM_CHECK(((struct mark *)leat_stage_state(st))->n_inside == 0);
}

static const struct leat_option mark_options[] = {
	{.name = "tag",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_RENEWS,
		.offset = offsetof(struct mark_opts, tag)},
	{.name = "live",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_LIVE,
		.offset = offsetof(struct mark_opts, live)},
	{.name = NULL},
};

#define MARK(more_flags)                                                       \
	{                                                                      \
		LEAT_STAGE_OPS_INIT("mark"),                                   \
			.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS |  \
			(more_flags),                                          \
			.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,      \
			.state_bytes = sizeof(struct mark),                    \
			.opts_bytes = sizeof(struct mark_opts),                \
			.options = mark_options, .init = mark_init,            \
			.process = mark_process, .fini = mark_fini,            \
			.change = mark_change                                  \
	}

static const struct leat_stage_ops mark_ops = MARK(0);
static const struct leat_stage_ops apart_ops = MARK(LEAT_STAGE_APART);

struct look_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t *last; /* number and tag of the last item */
};

static int
look_init(struct leat_stage *st, const void *opts)
{
	*(uint64_t **)leat_stage_state(st) =
		((const struct look_opts *)opts)->last;
	return LEAT_OK;
}

static int
look_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = (const uint64_t *)(const void *)in->data;
	uint64_t *last = *(uint64_t **)leat_stage_state(st);

	for (uint32_t k = 0; k < in->n_items; k++) {
		SIM_CHECK((items[k] >> 40 & 255) == items[k] >> 48);
		SIM_CHECK((items[k] & 0xffffffff) == last[0] + 1);
		/* without a mark it went where none was */
		SIM_CHECK(items[k] >> 48 == 0 || items[k] >> 48 >= last[1]);
		last[0]++;
		if (items[k] >> 48)
			last[1] = items[k] >> 48;
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops look_ops = {LEAT_STAGE_OPS_INIT("look"),
	.flags = LEAT_STAGE_SINK, .in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8, .state_bytes = sizeof(uint64_t *),
	.opts_bytes = sizeof(struct look_opts), .init = look_init,
	.process = look_process};

/* ---- numbers ! mark ! mark2 ! look ----------------------------------------- */

struct changed {
	struct leat_graph *graph;
	uint64_t last[2];
	uint32_t n_done;
};

/* tag: of both marks; is_bare: without them. Not started. */
static struct leat_graph *
changed_make(struct changed *c, uint64_t n, uint64_t tag, bool is_bare)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .capacity_frames = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 1, .n = n};
	struct mark_opts first = {
		LEAT_OPTS_INIT(mark_opts), .tag = tag, .shift = 40};
	struct mark_opts second = {
		LEAT_OPTS_INIT(mark_opts), .tag = tag, .shift = 48};
	struct look_opts look = {LEAT_OPTS_INIT(look_opts), .last = c->last};
	struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&mark_ops, &first}, {&apart_ops, &second}, {&look_ops, &look}};
	struct leat_graph *graph;

	if (is_bare)
		steps[1] = steps[3];
	SIM_CHECK(leat_graph_create(&opts, &graph, NULL) == LEAT_OK);
	SIM_CHECK(leat_graph_chain(graph, steps, is_bare ? 2 : 4, NULL) ==
		LEAT_OK);
	return graph;
}

static void
changed_begin(struct changed *c, uint64_t n)
{
	*c = (struct changed){0};
	c->graph = changed_make(c, n, 0, false);
	SIM_CHECK(leat_graph_start(c->graph, NULL) == LEAT_OK);
}

/* The run may be over before, or be drained. */
static void
changed_change(void *arg)
{
	struct changed *c = arg;

	for (int k = 1; k <= 2; k++) {
		const char *value = k == 1 ? "1" : "2";
		struct leat_set sets[] = {
			{"mark", "tag", value}, {"mark2", "tag", value}};
		int rc = leat_graph_set_options(
			c->graph, sets, 2, LEAT_NEVER, NULL, NULL);

		SIM_CHECK(rc == LEAT_OK || rc == LEAT_ESTATE);
		c->n_done += rc == LEAT_OK;
	}
}

static void
changed_end(struct changed *c)
{
	struct leat_graph_stats stats;

	leat_graph_stats(c->graph, &stats);
	SIM_CHECK(stats.is_balanced && stats.written == c->last[0]);
	SIM_CHECK(c->last[1] <= c->n_done);
	leat_graph_destroy(c->graph);
}

/* All stages at one moment, whoever is in the middle of what; and the run ends
 * meanwhile, or goes on. */
static void
change_moment(void *user)
{
	static struct changed c;
	struct sim_thread *a;

	(void)user;
	changed_begin(&c, 6);
	a = sim_go("changer", changed_change, &c);
	SIM_CHECK(leat_graph_wait(c.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(a);
	SIM_CHECK(c.last[0] == 6);
	changed_end(&c);
}

static void
changed_drain(void *arg)
{
	leat_graph_drain(((struct changed *)arg)->graph);
}

/* A drain comes while it is held, or is to be. */
static void
change_drain(void *user)
{
	static struct changed c;
	struct sim_thread *a, *b;

	(void)user;
	changed_begin(&c, 0);
	a = sim_go("changer", changed_change, &c);
	b = sim_go("drainer", changed_drain, &c);
	SIM_CHECK(leat_graph_wait(c.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(a);
	sim_join(b);
	changed_end(&c);
}

/* Both marks go, and come again with another tag. */
static void
changed_exchange(void *arg)
{
	struct changed *c = arg;

	for (uint64_t k = 0; k < 4; k++) {
		struct leat_graph *next =
			changed_make(c, 6, k / 2 + 1, k % 2 == 0);
		int rc = leat_graph_check(next, NULL);

		SIM_CHECK(rc == LEAT_OK);
		rc = leat_graph_become(c->graph, next, LEAT_NEVER, NULL, NULL);
		SIM_CHECK(rc == LEAT_OK || rc == LEAT_ESTATE);
		c->n_done += rc == LEAT_OK && k % 2;
		leat_graph_destroy(next);
	}
}

/* Stages go and come, whoever is in the middle of what. */
static void
change_stages(void *user)
{
	static struct changed c;
	struct sim_thread *a;

	(void)user;
	changed_begin(&c, 6);
	a = sim_go("exchanger", changed_exchange, &c);
	SIM_CHECK(leat_graph_wait(c.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(a);
	SIM_CHECK(c.last[0] == 6);
	changed_end(&c);
}

static void
changed_tell(void *arg)
{
	struct changed *c = arg;

	for (int k = 1; k <= 3; k++) {
		int rc = leat_graph_set_option(c->graph, "mark2", "live",
			k & 1 ? "1" : "2", NULL, NULL);

		SIM_CHECK(rc == LEAT_OK || rc == LEAT_ESTATE);
	}
}

/* An instance is told between two calls; a set goes when nobody has it. */
static void
change_live(void *user)
{
	static struct changed c;
	struct sim_thread *a;

	(void)user;
	changed_begin(&c, 6);
	a = sim_go("teller", changed_tell, &c);
	SIM_CHECK(leat_graph_wait(c.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(a);
	changed_end(&c);
}

const struct sim_scenario scenarios_change[] = {
	{.name = "change_moment",
		.idea = "stages are renewed while nothing moves",
		.run = change_moment,
		.runs_per_mille = 250},
	{.name = "change_drain",
		.idea = "a drain against a run that is held",
		.run = change_drain,
		.runs_per_mille = 250},
	{.name = "change_stages",
		.idea = "stages go and come while nothing moves",
		.run = change_stages,
		.runs_per_mille = 250},
	{.name = "change_live",
		.idea = "instances are told of options between calls",
		.run = change_live,
		.runs_per_mille = 250},
	{0},
};
