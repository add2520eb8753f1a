/*
 * sim/main.h -- the command line of a program that runs scenarios.
 *
 *	sim --scenario=NAME --runs=20000 --memory=both
 *
 * --list  --scenario=NAME|all  --seed=N  --runs=N  --faults  -v
 * --strategy=mix|walk|pct|exhaustive  --preemptions=N  --pct-steps=N
 * --memory=sc|tso|both  --trace=FILE  --trace-dir=FOLDER
 * --points=N: once all runs of a scenario have so many, they are enough
 */
#ifndef LEAT_TESTS_SIM_MAIN_H
#define LEAT_TESTS_SIM_MAIN_H

#include "sim/sim.h"

struct sim_scenario {
	const char *name;
	const char *idea; /* one line */
	sim_fn run;
	void *user;
	/* a defect: it passes if this is found in the runs */
	enum sim_verdict finds;
	bool is_tso_only;        /* and only with store buffers */
	bool is_apart;           /* run when it is named, not with all */
	bool is_whole;           /* all its runs, however long they are */
	uint32_t runs_per_mille; /* of what was asked for; 0 = all */
	uint32_t n_cores;        /* 0 = 2 */
};

/* Of the simulator itself; part of all. */
struct sim_check {
	const char *name;
	bool (*holds)(void);
};

/* Lists end with an entry without a name; the lists' list with NULL; checks
 * may be NULL. Returns the exit status. */
int sim_main(int argc, char **argv, const struct sim_scenario *const *lists,
	const struct sim_check *checks);

#endif
