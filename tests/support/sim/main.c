/*
 * sim/main.c -- run scenarios many times, and say how to run a failure again.
 *
 * A failure is replayed from its decisions, made shorter while it fails the
 * same way, written to a file and told with the commands that repeat it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/internal.h"
#include "sim/main.h"

#if SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#define MAIN_RUNS         1000u
#define MAIN_REPEAT_EACH  512u
#define MAIN_SHRINK_STEPS 20000000u
#define MAIN_PREEMPTIONS  2u
#define MAIN_PATH_BYTES   1024u
#define MAIN_LEAST_OF     40u /* runs, of those asked for, also if long */

enum main_strategy { MAIN_MIX, MAIN_WALK, MAIN_PCT, MAIN_EXHAUSTIVE };

struct main_args {
	const char *program;
	const char *scenario;
	const char *trace;
	const char *trace_dir;
	uint64_t seed;
	uint64_t n_runs;
	uint64_t pct_steps;
	uint64_t n_points; /* of all runs, about; 0 = any number */
	uint32_t preemptions;
	uint32_t faults;
	enum main_strategy strategy;
	bool has_memory[2]; /* by enum sim_memory */
	bool is_list;
	bool is_verbose;
};

/* One scenario in one memory model. */
struct main_job {
	const struct main_args *args;
	const struct sim_scenario *scenario;
	struct sim_opts opts;
	struct sim_result *result;
	uint64_t n_done;
	uint64_t n_steps;
	uint64_t max_steps; /* of the runs so far, for PCT */
	bool is_found;
	bool is_unsteady; /* the same seed gave two runs */
};

static const char *const main_memories[] = {"sc", "tso"};
static const char *const main_strategies[] = {
	"walk", "pct", "exhaustive", "replay"};

/* ---- arguments -------------------------------------------------------------- */

static int
args_choice(const char *value, const char *const *names, int n)
{
	for (int k = 0; k < n; k++)
		if (strcmp(value, names[k]) == 0)
			return k;
	fprintf(stderr, "sim: '%s' is none of:", value);
	for (int k = 0; k < n; k++)
		fprintf(stderr, " %s", names[k]);
	fprintf(stderr, "\n");
	exit(2);
}

static void
args_memory(struct main_args *args, const char *value)
{
	static const char *const names[] = {"sc", "tso", "both"};
	int choice = args_choice(value, names, 3);

	args->has_memory[SIM_SC] = choice != 1;
	args->has_memory[SIM_TSO] = choice != 0;
}

static void
args_strategy(struct main_args *args, const char *value)
{
	static const char *const names[] = {"mix", "walk", "pct", "exhaustive"};

	args->strategy = (enum main_strategy)args_choice(value, names, 4);
}

enum {
	ARG_LIST = 256,
	ARG_SCENARIO,
	ARG_SEED,
	ARG_RUNS,
	ARG_STRATEGY,
	ARG_MEMORY,
	ARG_FAULTS,
	ARG_TRACE,
	ARG_TRACE_DIR,
	ARG_PREEMPTIONS,
	ARG_PCT_STEPS,
	ARG_POINTS
};

static const struct option main_options[] = {
	{"list", no_argument, NULL, ARG_LIST},
	{"scenario", required_argument, NULL, ARG_SCENARIO},
	{"seed", required_argument, NULL, ARG_SEED},
	{"runs", required_argument, NULL, ARG_RUNS},
	{"strategy", required_argument, NULL, ARG_STRATEGY},
	{"memory", required_argument, NULL, ARG_MEMORY},
	{"faults", no_argument, NULL, ARG_FAULTS},
	{"trace", required_argument, NULL, ARG_TRACE},
	{"trace-dir", required_argument, NULL, ARG_TRACE_DIR},
	{"preemptions", required_argument, NULL, ARG_PREEMPTIONS},
	{"pct-steps", required_argument, NULL, ARG_PCT_STEPS},
	{"points", required_argument, NULL, ARG_POINTS},
	{NULL, 0, NULL, 0},
};

static void
args_take(struct main_args *args, int option, const char *value)
{
	switch (option) {
	case ARG_LIST:
		args->is_list = true;
		break;
	case ARG_SCENARIO:
		args->scenario = value;
		break;
	case ARG_SEED:
		args->seed = strtoull(value, NULL, 0);
		break;
	case ARG_RUNS:
		args->n_runs = strtoull(value, NULL, 0);
		break;
	case ARG_STRATEGY:
		args_strategy(args, value);
		break;
	case ARG_MEMORY:
		args_memory(args, value);
		break;
	case ARG_FAULTS:
		args->faults = SIM_FAULT_ALL;
		break;
	case ARG_TRACE:
		args->trace = value;
		break;
	case ARG_TRACE_DIR:
		args->trace_dir = value;
		break;
	case ARG_PREEMPTIONS:
		args->preemptions = (uint32_t)strtoul(value, NULL, 0);
		break;
	case ARG_PCT_STEPS:
		args->pct_steps = strtoull(value, NULL, 0);
		break;
	case ARG_POINTS:
		args->n_points = strtoull(value, NULL, 0);
		break;
	case 'v':
		args->is_verbose = true;
		break;
	default:
		exit(2);
	}
}

static void
args_parse(struct main_args *args, int argc, char **argv)
{
	int option;

	*args = (struct main_args){.program = argv[0],
		.scenario = "all",
		.trace_dir = ".",
		.seed = 1,
		.n_runs = MAIN_RUNS,
		.preemptions = MAIN_PREEMPTIONS,
		.has_memory = {true, true}};
	while ((option = getopt_long(argc, argv, "v", main_options, NULL)) !=
		-1)
		args_take(args, option, optarg);
	if (optind < argc) {
		fprintf(stderr, "sim: '%s' is not understood\n", argv[optind]);
		exit(2);
	}
}

/* ---- traces as files -------------------------------------------------------- */

static const char *const main_kinds[] = {
	[SIM_RUN] = "run", [SIM_DRAIN] = "drain", [SIM_JUMP] = "jump"};

static bool
trace_write(const struct main_job *job, const struct sim_trace *trace,
	const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return false;
	fprintf(file, "scenario %s\nmemory %s\nseed %" PRIu64 "\nfaults %u\n",
		job->scenario->name, main_memories[job->opts.memory],
		job->opts.seed, job->opts.faults);
	for (size_t k = 0; k < trace->n; k++)
		fprintf(file, "%s %u %" PRIu64 " %u\n",
			main_kinds[trace->events[k].kind],
			trace->events[k].thread, trace->events[k].step,
			trace->events[k].arg);
	return fclose(file) == 0;
}

static bool
trace_add_line(struct sim_trace *trace, const char *line)
{
	struct sim_event event = {0};
	char kind[16];

	if (sscanf(line, "%15s %" SCNu16 " %" SCNu64 " %" SCNu32, kind,
		    &event.thread, &event.step, &event.arg) != 4)
		return false;
	event.kind = (uint8_t)args_choice(kind, main_kinds, 3);
	return sim_trace_push(trace, &event);
}

/* The file's scenario, memory, seed and faults go into args and opts. */
static bool
trace_read(const char *path, struct sim_trace *trace, char *scenario,
	struct sim_opts *opts)
{
	FILE *file = fopen(path, "r");
	char line[256], memory[16] = "";
	bool is_good;

	if (!file)
		return false;
	is_good = fscanf(file,
			  "scenario %63s memory %15s seed %" SCNu64
			  " faults %" SCNu32 " ",
			  scenario, memory, &opts->seed, &opts->faults) == 4;
	while (is_good && fgets(line, sizeof(line), file))
		is_good = trace_add_line(trace, line);
	fclose(file);
	if (is_good)
		opts->memory =
			(enum sim_memory)args_choice(memory, main_memories, 2);
	return is_good;
}

/* ---- failures --------------------------------------------------------------- */

static const struct main_job *main_job_now; /* for whoever ends the process */

static void
job_say_replay(const struct main_job *job)
{
	printf("REPLAY: %s --scenario=%s --seed=%" PRIu64
	       " --strategy=%s --memory=%s --runs=1%s",
		job->args->program, job->scenario->name, job->opts.seed,
		main_strategies[job->opts.strategy],
		main_memories[job->opts.memory],
		job->opts.faults ? " --faults" : "");
	if (job->opts.strategy == SIM_PCT)
		printf(" --pct-steps=%" PRIu64, job->opts.pct_steps);
	printf("\n");
	fflush(stdout);
}

#if SIM_ASAN
static void
main_died(void)
{
	if (main_job_now)
		job_say_replay(main_job_now);
}
#endif

/* Once more, watched, for a better text. */
static void
job_retell(struct main_job *job, const struct sim_trace *trace)
{
	struct sim_opts opts = job->opts;
	struct sim_result *again = malloc(sizeof(*again));

	opts.strategy = SIM_REPLAY;
	opts.replay = trace;
	opts.is_watched = true;
	opts.is_verbose = job->args->is_verbose;
	if (!again)
		return;
	sim_run(&opts, job->scenario->run, job->scenario->user, again);
	if (again->verdict == job->result->verdict)
		*job->result = *again;
	free(again);
}

static void
job_say_trace(struct main_job *job, const struct sim_trace *trace, size_t n)
{
	char path[MAIN_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s-%s.trace", job->args->trace_dir,
		job->scenario->name, main_memories[job->opts.memory]);
	if (trace_write(job, trace, path))
		printf("REPLAY: %s --trace=%s -v   (%zu of %zu decisions are "
		       "enough)\n",
			job->args->program, path, trace->n, n);
}

static void
job_tell_failure(struct main_job *job)
{
	struct sim_trace trace = {0};
	size_t n = job->result->trace->n;

	if (!sim_trace_copy(&trace, job->result->trace))
		return;
	sim_shrink(&job->opts, job->scenario->run, job->scenario->user,
		job->result->verdict, &trace, MAIN_SHRINK_STEPS);
	job_retell(job, &trace);
	printf("%s", job->result->text);
	if (job->opts.strategy != SIM_EXHAUSTIVE)
		job_say_replay(job);
	job_say_trace(job, &trace, n);
	sim_trace_free(&trace);
}

/* ---- runs ------------------------------------------------------------------- */

static bool
job_run_once(struct main_job *job)
{
	main_job_now = job;
	sim_run(&job->opts, job->scenario->run, job->scenario->user,
		job->result);
	main_job_now = NULL;
	job->n_done++;
	job->n_steps += job->result->steps;
	job->max_steps = leat__max_u64(job->max_steps, job->result->steps);
	job->is_found = job->result->verdict != SIM_OK;
	return !job->is_found;
}

static void
job_set_strategy(struct main_job *job)
{
	enum main_strategy strategy = job->args->strategy;

	if (strategy == MAIN_MIX)
		strategy = job->opts.seed % 2 ? MAIN_WALK : MAIN_PCT;
	job->opts.strategy = strategy == MAIN_PCT ? SIM_PCT : SIM_WALK;
	job->opts.pct_steps =
		job->args->pct_steps ? job->args->pct_steps : job->max_steps;
}

/* The same seed again, and its trace: the same run, step by step? */
static bool
job_repeats(struct main_job *job)
{
	struct sim_opts opts = job->opts;
	struct sim_trace trace = {0};
	uint64_t hash = job->result->hash;
	bool is_same;

	if (job->is_found || !sim_trace_copy(&trace, job->result->trace))
		return job->is_found;
	sim_run(&opts, job->scenario->run, job->scenario->user, job->result);
	is_same = job->result->hash == hash;
	opts.strategy = SIM_REPLAY;
	opts.replay = &trace;
	sim_run(&opts, job->scenario->run, job->scenario->user, job->result);
	sim_trace_free(&trace);
	return is_same && job->result->hash == hash;
}

/* Long runs are fewer, but for whoever looks for a defect. */
static bool
job_has_enough(const struct main_job *job, uint64_t n_runs)
{
	const struct sim_scenario *s = job->scenario;
	uint64_t n_points = job->args->n_points;

	return n_points && s->finds == SIM_OK && !s->is_whole &&
		job->n_steps >= n_points &&
		job->n_done >= n_runs / MAIN_LEAST_OF;
}

static void
job_run_seeds(struct main_job *job, uint64_t n_runs)
{
	for (uint64_t k = 0; k < n_runs && !job_has_enough(job, n_runs); k++) {
		job->opts.seed = job->args->seed + k;
		job_set_strategy(job);
		if (!job_run_once(job))
			return;
		if (k % MAIN_REPEAT_EACH == 0 && !job_repeats(job)) {
			job->is_unsteady = true;
			return;
		}
	}
}

static void
job_run_all(struct main_job *job, uint64_t n_runs)
{
	struct sim_explorer *explorer =
		sim_explorer_create(job->args->preemptions);

	job->opts.strategy = SIM_EXHAUSTIVE;
	job->opts.explorer = explorer;
	job->opts.seed = job->args->seed;
	do
		if (!explorer || !job_run_once(job))
			break;
	while (sim_explorer_next(explorer) && job->n_done < n_runs);
	sim_explorer_destroy(explorer);
}

static double
main_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Did it do what is expected of it? */
static bool
job_is_passed(const struct main_job *job)
{
	const struct sim_scenario *s = job->scenario;
	bool must_find = s->finds != SIM_OK &&
		(!s->is_tso_only || job->opts.memory == SIM_TSO);

	if (job->is_unsteady)
		return false;
	if (!must_find)
		return !job->is_found;
	return job->is_found && job->result->verdict == s->finds;
}

static const char *
job_remark(const struct main_job *job)
{
	if (job->is_unsteady)
		return " (a seed gave two different runs)";
	if (job->scenario->finds == SIM_OK)
		return "";
	return job->is_found ? " (defect found)" : " (nothing found)";
}

static bool
job_run(struct main_job *job)
{
	uint32_t per_mille = job->scenario->runs_per_mille;
	uint64_t n_runs = job->args->n_runs;
	double start = main_seconds();
	double seconds;

	if (per_mille)
		n_runs = leat__max_u64(1, n_runs * per_mille / 1000);
	if (job->args->strategy == MAIN_EXHAUSTIVE)
		job_run_all(job, n_runs);
	else
		job_run_seeds(job, n_runs);
	seconds = main_seconds() - start;
	printf("%-28s %-3s %8" PRIu64 " schedules %4.0f points %8.0f/s  %s%s\n",
		job->scenario->name, main_memories[job->opts.memory],
		job->n_done, (double)job->n_steps / (double)job->n_done,
		(double)job->n_done / (seconds > 0 ? seconds : 1e-9),
		job_is_passed(job) ? "ok" : "FAILED", job_remark(job));
	if (job->is_found && (!job_is_passed(job) || job->args->is_verbose))
		job_tell_failure(job);
	fflush(stdout);
	return job_is_passed(job);
}

static bool
main_run_one(const struct main_args *args, const struct sim_scenario *scenario,
	enum sim_memory memory)
{
	struct main_job job = {.args = args,
		.scenario = scenario,
		.result = malloc(sizeof(*job.result)),
		.opts = {.memory = memory,
			.faults = args->faults,
			.n_cores = scenario->n_cores}};
	bool is_passed = job.result && job_run(&job);

	free(job.result);
	return is_passed;
}

static const struct sim_scenario *
main_find(const struct sim_scenario *const *lists, const char *name)
{
	for (; *lists; lists++)
		for (const struct sim_scenario *s = *lists; s->name; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	fprintf(stderr, "sim: there is no scenario '%s'; see --list\n", name);
	exit(2);
}

static int
main_replay(
	const struct main_args *args, const struct sim_scenario *const *lists)
{
	static struct sim_result result;
	struct sim_opts opts = {.strategy = SIM_REPLAY,
		.is_watched = true,
		.is_verbose = args->is_verbose};
	const struct sim_scenario *scenario;
	struct sim_trace trace = {0};
	char name[64];

	if (!trace_read(args->trace, &trace, name, &opts)) {
		fprintf(stderr, "sim: %s is no trace\n", args->trace);
		return 2;
	}
	scenario = main_find(lists, name);
	opts.replay = &trace;
	opts.n_cores = scenario->n_cores;
	sim_run(&opts, scenario->run, scenario->user, &result);
	printf("%s%s: %s\n", result.text, scenario->name,
		sim_verdict_name(result.verdict));
	sim_trace_free(&trace);
	return result.verdict != SIM_OK;
}

static int
main_list(const struct sim_scenario *const *lists)
{
	for (; *lists; lists++)
		for (const struct sim_scenario *s = *lists; s->name; s++)
			printf("%-28s %s\n", s->name, s->idea);
	return 0;
}

static void
main_count(const struct main_args *args, const struct sim_scenario *scenario,
	uint32_t counts[2])
{
	for (int memory = SIM_SC; memory <= SIM_TSO; memory++)
		if (args->has_memory[memory])
			counts[main_run_one(
				args, scenario, (enum sim_memory)memory)]++;
}

static void
main_run_all(const struct main_args *args,
	const struct sim_scenario *const *lists, uint32_t counts[2])
{
	for (; *lists; lists++)
		for (const struct sim_scenario *s = *lists; s->name; s++)
			if (!s->is_apart)
				main_count(args, s, counts);
}

static void
main_check_all(const struct sim_check *checks, uint32_t counts[2])
{
	for (; checks && checks->name; checks++) {
		bool holds = checks->holds();

		printf("%-32s %s\n", checks->name, holds ? "ok" : "FAILED");
		counts[holds]++;
	}
}

int
sim_main(int argc, char **argv, const struct sim_scenario *const *lists,
	const struct sim_check *checks)
{
	struct main_args args;
	uint32_t counts[2] = {0, 0}; /* failed, passed */

	args_parse(&args, argc, argv);
	sim_catch_crashes();
#if SIM_ASAN
	__sanitizer_set_death_callback(main_died);
#endif
	if (args.is_list)
		return main_list(lists);
	if (args.trace)
		return main_replay(&args, lists);
	if (strcmp(args.scenario, "all") == 0) {
		main_check_all(checks, counts);
		main_run_all(&args, lists, counts);
	} else {
		main_count(&args, main_find(lists, args.scenario), counts);
	}
	printf("%u passed, %u failed\n", counts[1], counts[0]);
	return counts[0] != 0;
}
