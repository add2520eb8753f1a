/*
 * sim/scenario.h -- small programs, run under thousands of schedules each.
 *
 * One idea a scenario, at most four virtual threads. Each checks its own
 * outcome; deadlocks, lost wake-ups, leaks and broken invariants are found by
 * the simulator.
 */
#ifndef LEAT_TESTS_SIM_SCENARIO_H
#define LEAT_TESTS_SIM_SCENARIO_H

#include "sim/main.h"

extern const struct sim_check engine_checks[];

extern const struct sim_scenario scenarios_env[];
extern const struct sim_scenario scenarios_ctx[];
extern const struct sim_scenario scenarios_mem[];
extern const struct sim_scenario scenarios_chan[];
extern const struct sim_scenario scenarios_channel[];
extern const struct sim_scenario scenarios_run[];
extern const struct sim_scenario scenarios_rank[];
extern const struct sim_scenario scenarios_load[];
extern const struct sim_scenario scenarios_watch[];
extern const struct sim_scenario scenarios_task[];
extern const struct sim_scenario scenarios_rest[];
extern const struct sim_scenario scenarios_region[];
extern const struct sim_scenario scenarios_gather[];
extern const struct sim_scenario scenarios_nest[];
extern const struct sim_scenario scenarios_bisect[];
extern const struct sim_scenario scenarios_guard[];
extern const struct sim_scenario scenarios_drain[];
extern const struct sim_scenario scenarios_change[];
extern const struct sim_scenario scenarios_guard_more[];
extern const struct sim_scenario scenarios_span[];
extern const struct sim_scenario scenarios_graph[];
extern const struct sim_scenario scenarios_defects[];

#endif
