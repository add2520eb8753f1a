/*
 * sim/graph_random.c -- whole graphs, drawn by seed, under drawn schedules.
 *
 * The seed draws the graph, its end and what fails (support/oracle.h), and the
 * schedule; the oracle says what must come of it. Deadlocks, lost wake-ups,
 * leaks and broken invariants are found by the simulator. The defects show
 * that both can complain.
 */
#include "run/run.h"
#include "scenario.h"
#include "support/oracle.h"

/* One for all runs: one that failed leaves its lists to the next. */
static struct oracle graph_oracle;

static const char *
graph_label(struct oracle *o, const struct leat_stage *st)
{
	const struct oracle_node *node = oracle_find_node(o, st->name);

	return node ? node->name : "in a diamond";
}

/* So that reports say of a parked thread what it waits for. */
static void
graph_name(struct oracle *o)
{
	static char text[ORACLE_TEXT_BYTES];
	struct leat__text whole = {text, sizeof(text), 0};
	const struct leat_graph *graph = o->graph;

	oracle_describe(o, &whole);
	sim_name(graph->run, sizeof(*graph->run), text);
	sim_name(o, sizeof(*o), "its moment to end");
	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct leat__segment *segment = &graph->segments[k];

		sim_name(segment->run, sizeof(struct leat__task),
			graph_label(o, segment->stages[0]));
	}
}

static void
graph_run(void)
{
	const char *finding;

	graph_oracle.on_start = graph_name;
	finding = oracle_run(&graph_oracle);
	if (finding)
		sim_fail(finding, __FILE__, __LINE__);
}

/* Small, so that thousands are run; yet more than all buffers hold. */
static const struct oracle_scale graph_scale = {.per_frame_max = 4,
	.capacity_max = 4,
	.items_max = 400,
	.fault_one_in = 6,
	.deadline_max_ns = 20000};

static void
graph_random(void *user)
{
	(void)user;
	oracle_draw(&graph_oracle, sim_draw(UINT32_MAX), &graph_scale);
	graph_run();
}

/* The same, and stages fail now and then, with guards around them that are
 * exchanged; records are rejected; the world fails more often. */
static const struct oracle_scale graph_troubled = {.per_frame_max = 4,
	.capacity_max = 4,
	.items_max = 300,
	.fault_one_in = 4,
	.trouble_one_in = 2,
	.deadline_max_ns = 20000};

static void
graph_trouble(void *user)
{
	(void)user;
	oracle_draw(&graph_oracle, sim_draw(UINT32_MAX), &graph_troubled);
	graph_run();
}

/* The same graphs, and ordered merges are told of nothing but frames. */
static void
graph_mute(void *user)
{
	(void)user;
	oracle_draw(&graph_oracle, sim_draw(UINT32_MAX), &graph_scale);
	graph_oracle.is_mute = true;
	graph_run();
}

static void
graph_defect(void *user)
{
	const enum oracle_defect *defect = user;

	oracle_draw_defect(&graph_oracle, *defect);
	graph_run();
}

static enum oracle_defect graph_defects[] = {ORACLE_LOSES, ORACLE_FORGETS,
	ORACLE_DOUBLES, ORACLE_SWAPS, ORACLE_KEEPS, ORACLE_DEAFENS};

const struct sim_scenario scenarios_graph[] = {
	{.name = "graph",
		.idea = "random graphs against the oracle",
		.run = graph_random,
		.n_cores = 4,
		.is_apart = true},
	{.name = "graph_trouble",
		.idea = "random graphs whose stages fail, behind guards",
		.run = graph_trouble,
		.n_cores = 4,
		.is_apart = true},
	{.name = "defect_graph_mute",
		.idea = "the same graphs without promises",
		.run = graph_mute,
		.n_cores = 4,
		.finds = SIM_DEADLOCK},
	{.name = "defect_graph_loses",
		.idea = "a stage that loses an item",
		.run = graph_defect,
		.user = &graph_defects[0],
		.finds = SIM_FAILED},
	{.name = "defect_graph_forgets",
		.idea = "a stage that does not count what it drops",
		.run = graph_defect,
		.user = &graph_defects[1],
		.finds = SIM_FAILED},
	{.name = "defect_graph_doubles",
		.idea = "a stage that repeats an item",
		.run = graph_defect,
		.user = &graph_defects[2],
		.finds = SIM_FAILED},
	{.name = "defect_graph_swaps",
		.idea = "a stage that loses the order",
		.run = graph_defect,
		.user = &graph_defects[3],
		.finds = SIM_FAILED},
	{.name = "defect_graph_keeps",
		.idea = "a stage that keeps a slot",
		.run = graph_defect,
		.user = &graph_defects[4],
		.finds = SIM_FAILED},
	{.name = "defect_graph_deafens",
		.idea = "credit comes back, and the sender is not woken",
		.run = graph_defect,
		.user = &graph_defects[5],
		.finds = SIM_DEADLOCK},
	{0},
};
