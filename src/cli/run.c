/*
 * cli/run.c -- leat run: start, wait, tell, and end as the signals say.
 *
 * SIGINT and SIGTERM are blocked before any thread starts and are asked for
 * between two short waits, so nothing runs in a signal handler. The first one
 * drains, the second cancels. One that was ignored when the command started
 * (nohup, a shell's background job) stays ignored.
 */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define RUN_TICK_NS INT64_C(50000000)
#define RUN_TELL_NS INT64_C(1000000000)

struct run_state {
	struct leat__cli_graph g;
	struct leat__cli_progress_state progress;
	sigset_t signals;
	uint32_t n_signals;   /* that came */
	int64_t next_tell_ns; /* of a drain */
	int64_t start_ns;
	int64_t start_s; /* wall clock, for files */
	bool is_quiet;
};

static void
run_watch(sigset_t *signals, int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) == 0 &&
		action.sa_handler != SIG_IGN)
		sigaddset(signals, number);
}

static void
run_block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	run_watch(signals, SIGINT);
	run_watch(signals, SIGTERM);
	sigprocmask(SIG_BLOCK, signals, NULL);
}

/* ---- drain ---- */

/* "write, csv.format and others": whom a drain waits for, sinks first, for the
 * others wait for those. */
static void
run_tell_waiting(struct run_state *run)
{
	struct leat_stage_stats stats;
	uint32_t n = 0, n_stages = 0;
	char names[256];
	size_t at = 0;

	names[0] = '\0';
	while (leat_stage_stats(run->g.graph, n_stages, &stats) == 0)
		n_stages++;
	while (n_stages-- > 0) {
		if (leat_stage_stats(run->g.graph, n_stages, &stats) != 0 ||
			stats.flags & LEAT_STATS_DONE)
			continue;
		if (n++ < 4 && at < sizeof(names))
			at += (size_t)snprintf(names + at, sizeof(names) - at,
				"%s%s", n > 1 ? ", " : "", stats.name);
	}
	if (n)
		leat__cli_say("draining: waiting for %s%s", names,
			n > 4 ? " and others" : "");
}

static void
run_signal(struct run_state *run)
{
	run->progress.is_drawn |= isatty(STDERR_FILENO) == 1; /* by ^C */
	leat__cli_progress_clear(&run->progress);
	if (run->n_signals++ == 0) {
		leat__cli_say("stopping: nothing more is read, what was read "
			      "arrives; once more ends it at once");
		run->next_tell_ns = leat_now_ns() + RUN_TELL_NS;
		leat_graph_drain(run->g.graph);
	} else {
		leat__cli_say("ending at once");
		leat_graph_cancel(run->g.graph);
	}
}

/* ---- waiting ---- */

static void
run_tick(struct run_state *run)
{
	static const struct timespec none = {0};

	while (sigtimedwait(&run->signals, NULL, &none) > 0)
		run_signal(run);
	if (!run->is_quiet)
		leat__cli_resize_tell(&run->progress, run->g.graph);
	if (run->n_signals == 0) {
		leat__cli_progress_tick(&run->progress);
	} else if (leat_now_ns() >= run->next_tell_ns) {
		run->next_tell_ns += RUN_TELL_NS;
		run_tell_waiting(run);
	}
}

static int
run_wait(struct run_state *run, struct leat_error *err)
{
	int code;

	for (;;) {
		code = leat_graph_wait(
			run->g.graph, leat_now_ns() + RUN_TICK_NS, err);
		if (code != LEAT_ETIMEDOUT || leat_graph_is_over(run->g.graph))
			return code;
		run_tick(run);
	}
}

/* ---- the end ---- */

static int
run_status(int code, const struct leat_graph_stats *stats)
{
	if (!stats->is_balanced && (code == LEAT_OK || code == LEAT_EBUG))
		return LEAT__CLI_UNBALANCED;
	if (code == LEAT_ECANCELED)
		return LEAT__CLI_STOPPED;
	if (code)
		return LEAT__CLI_FAILED;
	return stats->is_drained ? LEAT__CLI_STOPPED : LEAT__CLI_DONE;
}

static int
run_end(struct run_state *run, int code, const struct leat_error *err)
{
	int64_t took_ns = leat_now_ns() - run->start_ns;
	struct leat_graph_stats stats = {0};

	if (!run->is_quiet)
		leat__cli_resize_tell(&run->progress, run->g.graph);
	leat__cli_progress_end(&run->progress);
	leat_graph_stats(run->g.graph, &stats);
	if (!run->is_quiet)
		leat__cli_sheet(run->g.graph, took_ns);
	if (code == LEAT_ECANCELED)
		leat__cli_say("ended before the end of the input; no output "
			      "was completed");
	else if (code)
		leat__cli_error_object(run->g.text, err);
	if (stats.is_drained)
		leat__cli_partial(run->g.graph, run->start_s);
	return run_status(code, &stats);
}

static int
run_started(struct run_state *run)
{
	struct leat_error err = {0};
	int code = run_wait(run, &err);

	return run_end(run, code, &err);
}

static int
run_start(struct run_state *run, const struct leat__cli_args *args)
{
	struct leat_error err = {0};
	int code;

	run->is_quiet = args->is_quiet;
	run->start_ns = leat_now_ns();
	run->start_s = (int64_t)time(NULL);
	run_block_signals(&run->signals);
	code = leat_graph_start(run->g.graph, &err);
	if (code) {
		leat__cli_error_object(run->g.text, &err);
		return leat__cli_status_before(code);
	}
	leat__cli_progress_start(&run->progress, run->g.graph, args);
	return run_started(run);
}

int
leat__cli_run(const struct leat__cli_args *args)
{
	struct run_state run = {0};
	int status = leat__cli_graph_open(args, &run.g);

	if (!status)
		status = leat__cli_graph_check(&run.g);
	if (!status && args->is_explain)
		status = leat__cli_graph_print(&run.g, leat_graph_explain);
	else if (!status)
		status = run_start(&run, args);
	leat__cli_graph_close(&run.g);
	return status;
}
