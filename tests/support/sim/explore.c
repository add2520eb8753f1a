/*
 * sim/explore.c -- every schedule of few preemptions, one run after the other.
 *
 * Keeps: a run follows the path of options kept so far and takes the first
 * option from its end on; the path then moves on to the next one, like the
 * digits of a number. Giving way where a thread waits or spins is free; every
 * other change of thread, a drained buffer and a deadline come early cost one.
 * Source: Musuvathi and Qadeer, Iterative Context Bounding for Systematic
 * Testing of Multithreaded Programs, PLDI 2007.
 */
#include <stdlib.h>

#include "sim/internal.h"

#define EXPLORER_PATH_MAX 8192u

struct explorer_step {
	uint16_t picked;
	uint16_t n;
};

struct sim_explorer {
	uint32_t max_preemptions;
	uint32_t n_spent; /* in this run */
	uint32_t at;      /* in this run */
	uint32_t n_path;
	struct explorer_step path[EXPLORER_PATH_MAX];
};

struct sim_explorer *
sim_explorer_create(uint32_t max_preemptions)
{
	struct sim_explorer *explorer = calloc(1, sizeof(*explorer));

	if (explorer)
		explorer->max_preemptions = max_preemptions;
	return explorer;
}

void
sim_explorer_destroy(struct sim_explorer *explorer)
{
	free(explorer);
}

bool
sim_explorer_next(struct sim_explorer *explorer)
{
	while (explorer->n_path) {
		struct explorer_step *last =
			&explorer->path[explorer->n_path - 1];

		if (++last->picked < last->n)
			return true;
		explorer->n_path--;
	}
	return false;
}

void
sim_explorer_start(void)
{
	sim.opts.explorer->n_spent = 0;
	sim.opts.explorer->at = 0;
}

/* Which of n, here? */
static uint32_t
explorer_pick(struct sim_explorer *explorer, uint32_t n)
{
	uint32_t at = explorer->at;

	if (n <= 1 || at == EXPLORER_PATH_MAX)
		return 0;
	explorer->at++;
	if (at == explorer->n_path)
		explorer->path[explorer->n_path++] =
			(struct explorer_step){0, (uint16_t)n};
	return explorer->path[at].picked;
}

/* The others that may run, then what else can happen. */
static uint32_t
explorer_options(struct sim_choice *options, uint32_t n, bool is_all)
{
	for (uint32_t k = 1; k < sim.n_threads; k++) {
		struct sim_thread *other =
			&sim_threads[(sim.current->number + k) % sim.n_threads];

		if (other->state == SIM_READY)
			options[n++] = (struct sim_choice){SIM_RUN, other};
	}
	if (!is_all)
		return n;
	for (uint32_t k = 0; k < sim.n_threads; k++)
		if (sim_n_stores(&sim_threads[k]))
			options[n++] =
				(struct sim_choice){SIM_DRAIN, &sim_threads[k]};
	if (sim.earliest_ns != LEAT_NEVER && !sim.is_punctual)
		options[n++] = (struct sim_choice){SIM_JUMP, sim.current};
	return n;
}

struct sim_choice
sim_explorer_choose(enum sim_why why)
{
	static struct sim_choice options[2 * SIM_THREADS_MAX + 2];
	struct sim_explorer *explorer = sim.opts.explorer;
	bool is_rich = explorer->n_spent < explorer->max_preemptions;
	uint32_t n = 0;
	uint32_t picked;

	if (why == SIM_AT_POINT) {
		options[n++] = (struct sim_choice){SIM_RUN, sim.current};
		if (is_rich)
			n = explorer_options(options, n, true);
	} else {
		n = explorer_options(options, n, false);
		if (n == 0) /* a stall, and nobody else */
			options[n++] =
				(struct sim_choice){SIM_RUN, sim.current};
	}
	picked = explorer_pick(explorer, n);
	if (why == SIM_AT_POINT && picked)
		explorer->n_spent++;
	return options[picked];
}
