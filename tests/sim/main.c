/*
 * sim/main.c -- the scenarios there are.
 */
#include "scenario.h"

int
main(int argc, char **argv)
{
	static const struct sim_scenario *const lists[] = {scenarios_env,
		scenarios_ctx, scenarios_mem, scenarios_chan, scenarios_channel,
		scenarios_run, scenarios_rank, scenarios_load, scenarios_task,
		scenarios_rest, scenarios_region, scenarios_gather,
		scenarios_guard, scenarios_graph, scenarios_defects, NULL};

	return sim_main(argc, argv, lists, engine_checks);
}
