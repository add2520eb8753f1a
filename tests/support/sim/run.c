/*
 * sim/run.c -- a run of the simulator: its beginning, its end, its verdict.
 *
 * Keeps: a run that stops leaves its threads where they stand; their stacks
 * and all memory of the world are used again by the next run, so nothing of a
 * failed run outlives it but the result.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/internal.h"

#define RUN_MAX_STEPS 4000000u

struct sim_hot sim_hot = {.next = UINT64_MAX};
struct sim sim;

const char *
sim_verdict_name(enum sim_verdict verdict)
{
	static const char *const names[] = {
		[SIM_OK] = "ok",
		[SIM_FAILED] = "FAILED",
		[SIM_DEADLOCK] = "DEADLOCK",
		[SIM_LOST_WAKE] = "LOST WAKE-UP",
		[SIM_LIVELOCK] = "LIVELOCK",
		[SIM_ABORTED] = "ABORTED",
		[SIM_CRASHED] = "CRASHED",
		[SIM_BAD_FREE] = "BAD FREE",
		[SIM_LEAK] = "LEAK",
	};

	return names[verdict];
}

static void
run_begin(const struct sim_opts *opts, struct sim_result *result)
{
	struct sim_trace trace = sim.trace;

	memset(result, 0, offsetof(struct sim_result, text) + 1);
	memset(&sim, 0, offsetof(struct sim, trace));
	sim.trace = trace;
	sim.trace.n = 0;
	sim.n_names = sim.n_watches = sim.epoch = 0;
	memset(sim.events, 0, sizeof(sim.events));
	sim.opts = *opts;
	if (!sim.opts.max_steps)
		sim.opts.max_steps = RUN_MAX_STEPS;
	sim.result = result;
	sim.now_ns = SIM_START_NS;
	sim_heap_reset();
	sim_threads_reset();
	sim_processes_reset();
	sim_strategy_start();
	sim_hot = (struct sim_hot){
		.is_tso = opts->memory == SIM_TSO,
		.weak_fails = opts->faults & SIM_FAULT_WEAK,
	};
}

static void
run_end(struct sim_result *result)
{
	result->steps = sim_hot.steps;
	result->n_allocs = sim_heap_n_allocs();
	result->hash = sim_mix(sim.hash ^ sim_hot.steps);
	result->end_ns = sim.now_ns;
	result->trace = &sim.trace;
	sim_hot = (struct sim_hot){.next = UINT64_MAX};
	sim.result = NULL;
	sim.current = NULL;
}

void
sim_run(const struct sim_opts *opts, sim_fn fn, void *user,
	struct sim_result *result_out)
{
	LEAT_INVARIANT(!sim_is_running());
	run_begin(opts, result_out);
	if (sim_thread_create("main", fn, user))
		sim_thread_launch();
	run_end(result_out);
}

void
sim_stop(enum sim_verdict verdict, const char *format, ...)
{
	struct leat__text text = {
		sim.result->text, sizeof(sim.result->text), 0};
	char what[512];
	va_list args;

	sim_hot.next = UINT64_MAX;
	sim.result->verdict = verdict;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	leat__text_add(&text, "%s: %s\n", sim_verdict_name(verdict), what);
	sim_report(&text);
	sim_thread_leave();
}

void
sim_finish(void)
{
	sim_hot.next = UINT64_MAX;
	for (int k = 0; k < (int)SIM_EVENTS_MAX; k++)
		if (sim.events[k])
			sim_stop(SIM_LEAK, "event file %d is not closed", k);
	if (!sim_files_are_closed())
		sim_stop(SIM_LEAK, "a file of a process is not closed");
	sim_heap_check();
	sim_thread_leave();
}

void
sim_fail(const char *what, const char *file, int line)
{
	sim_stop(SIM_FAILED, "%s:%d: %s", file, line, what);
}

/* In the place of the library's own, which would end the process. */
void
leat__abort(const char *what, const char *file, int line)
{
	if (sim_is_running())
		sim_stop(SIM_ABORTED, "%s:%d: %s", file, line, what);
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/* ---- crashes ---------------------------------------------------------------- */

static void
run_crashed(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (!sim_is_running()) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	sim_stop(SIM_CRASHED, "signal %d at address %p", number, info->si_addr);
}

/* The handler does not return but leaves for the root: it blocks nothing, and
 * its stack is free again as soon as it is left. */
void
sim_catch_crashes(void)
{
	static const int crashes[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
	static unsigned char stack[64 << 10];
	const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = run_crashed,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	if (SIM_ASAN)
		return;
	sigaltstack(&own, NULL);
	for (size_t k = 0; k < leat__array_len(crashes); k++)
		sigaction(crashes[k], &action, NULL);
}
