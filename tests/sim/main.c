/*
 * sim/main.c -- the scenarios there are.
 */
#include "scenario.h"

int
main(int argc, char **argv)
{
	static const struct sim_scenario *const lists[] = {scenarios_env,
		scenarios_ctx, scenarios_mem, scenarios_chan, scenarios_channel,
		scenarios_run, scenarios_rank, scenarios_load, scenarios_watch,
		scenarios_task, scenarios_rest, scenarios_region,
		scenarios_gather, scenarios_nest, scenarios_bisect,
		scenarios_guard, scenarios_guard_more, scenarios_drain,
		scenarios_change, scenarios_span, scenarios_graph,
		scenarios_defects, NULL};

	return sim_main(argc, argv, lists, engine_checks);
}
