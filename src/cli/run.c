/*
 * cli/run.c -- leat run: start, wait, tell, and end as the signals say.
 *
 * One poll waits for signals, for the end of the run, and for the moment at
 * which there is something to tell. The first signal that stops drains, the
 * second cancels; SIGHUP reads the graph's file again (reload.c).
 */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "reload.h"

#define RUN_RELOAD_MS 5    /* until all has arrived for a reload */
#define RUN_PHASE_MS  20   /* a drain's phases are looked for so often */
#define RUN_LOAD_MS   200  /* a few times a window of struct leat_load */
#define RUN_RESIZE_MS 1000 /* changes of replicas are told so late */
#define RUN_BLIND_MS  50   /* without a file to wait for the end with */

struct run_state {
	struct leat__cli_graph g;
	struct leat__cli_progress_state progress;
	struct leat__cli_watch *watch;
	struct leat__cli_page *page;
	struct leat__cli_drain drain;
	struct leat__cli_leaks leaks;
	struct leat__cli_control control;
	struct leat__cli_trace trace;
	struct leat__cli_reload reload;
	int signal_fd;
	int end_fd;         /* -1 = none to be had */
	uint32_t n_signals; /* that stop */
	int64_t drain_ns;   /* --drain-timeout */
	int64_t start_ns;
	int64_t start_s; /* wall clock, for files */
	bool is_quiet;
};

/* ---- signals ---- */

static void
run_cancel(struct run_state *run)
{
	leat__cli_say("ending at once");
	leat_graph_cancel(run->g.graph);
}

static void
run_drain(struct run_state *run)
{
	leat__cli_say("stopping: nothing more is read, what was read arrives; "
		      "once more ends it at once");
	leat__cli_drain_start(&run->drain, run->g.graph, run->drain_ns);
}

static void
run_write(void *user, const char *text, size_t n_bytes)
{
	(void)user;
	fwrite(text, 1, n_bytes, stderr);
}

static void
run_tell_all(const struct run_state *run)
{
	leat__cli_sheet(run->g.graph, leat_now_ns() - run->start_ns);
	(void)!leat_graph_dump(run->g.graph, 0, run_write, NULL);
}

/* A terminal that has gone stops; else whoever asks has changed the file. */
static bool
run_is_reload(const struct run_state *run, enum leat__cli_signal kind)
{
	return kind == LEAT__CLI_SIGNAL_HANGUP && run->n_signals == 0 &&
		leat__cli_reload_has_file(&run->reload) &&
		!leat__cli_signals_lost_terminal();
}

static void
run_signal(struct run_state *run, enum leat__cli_signal kind)
{
	run->progress.is_drawn |= isatty(STDERR_FILENO) == 1; /* by ^C */
	leat__cli_progress_clear(&run->progress);
	if (kind == LEAT__CLI_SIGNAL_TELL)
		run_tell_all(run);
	else if (run_is_reload(run, kind))
		leat__cli_reload(&run->reload);
	else if (kind == LEAT__CLI_SIGNAL_QUIT || run->n_signals++ > 0)
		run_cancel(run);
	else
		run_drain(run);
}

static void
run_reload_heard(struct run_state *run)
{
	if (run->control.copy && !run->reload.is_paused)
		leat__cli_control_heard(&run->control, !run->reload.has_failed);
}

/* Somebody waits to be told of it. */
static void
run_reload(struct run_state *run)
{
	leat__cli_control_hear(&run->control);
	if (run->n_signals) {
		leat__cli_error("reload: the run is ending");
		leat__cli_control_heard(&run->control, false);
		return;
	}
	leat__cli_reload(&run->reload);
	run_reload_heard(run);
}

/* One who asks twice for a drain does not mean a cancel. */
static void
run_wish(struct run_state *run, enum leat__cli_wish wish)
{
	leat__cli_progress_clear(&run->progress);
	if (wish == LEAT__CLI_WISH_RELOAD) {
		run_reload(run);
		return;
	}
	if (wish == LEAT__CLI_WISH_CANCEL)
		run_cancel(run);
	else if (run->n_signals == 0)
		run_drain(run);
	run->n_signals += run->n_signals == 0;
}

/* ---- waiting ---- */

static void
run_tell_changes(struct run_state *run)
{
	if (run->is_quiet)
		return;
	leat__cli_resize_tell(&run->progress, run->g.graph);
	leat__cli_change_tell(&run->progress, run->g.graph);
}

static void
run_tick(struct run_state *run)
{
	enum leat__cli_signal kind;
	enum leat__cli_wish wish;

	while ((wish = leat__cli_control_next(&run->control)))
		run_wish(run, wish);
	while ((kind = leat__cli_signals_next(run->signal_fd)))
		run_signal(run, kind);
	leat__cli_reload_tick(&run->reload);
	run_reload_heard(run);
	wish = leat__cli_page_tick(run->page);
	if (wish)
		run_wish(run, wish);
	run_tell_changes(run);
	leat__cli_watch_tick(run->watch, &run->progress, run->n_signals > 0);
	if (run->n_signals)
		leat__cli_drain_tell(&run->drain, run->g.graph, run->is_quiet);
	else
		leat__cli_progress_tick(&run->progress);
	if (!run->is_quiet)
		leat__cli_leaks_tick(&run->leaks);
}

/* Until there may be something to tell; -1 = there is not. */
static int
run_tick_ms(const struct run_state *run)
{
	if (run->reload.is_paused)
		return RUN_RELOAD_MS;
	if (run->end_fd < 0)
		return RUN_BLIND_MS;
	if (run->n_signals && !run->is_quiet)
		return RUN_PHASE_MS;
	if (run->progress.kind != LEAT__CLI_PROGRESS_NONE ||
		run->g.args.metrics || run->page)
		return RUN_LOAD_MS;
	return run->is_quiet ? -1 : RUN_RESIZE_MS;
}

static int
run_wait(struct run_state *run, struct leat_error *err)
{
	struct pollfd polls[] = {{.fd = run->signal_fd, .events = POLLIN},
		{.fd = run->end_fd, .events = POLLIN},
		{.fd = run->control.fds[0], .events = POLLIN}};
	int code;

	for (;;) {
		poll(polls, 3, run_tick_ms(run));
		code = leat_graph_wait(run->g.graph, leat_now_ns(), err);
		if (code != LEAT_ETIMEDOUT || leat_graph_is_over(run->g.graph))
			return code;
		run_tick(run);
	}
}

/* ---- the end ---- */

static bool
run_is_late(const struct leat_graph *graph)
{
	struct leat_drain_stats stats;

	leat_graph_drain_stats(graph, &stats);
	return stats.is_late;
}

static int
run_status(const struct run_state *run, int code,
	const struct leat_graph_stats *stats)
{
	if (!stats->is_balanced)
		return LEAT__CLI_UNBALANCED;
	if (code == LEAT_ECANCELED ||
		(code == LEAT_ETIMEDOUT && run_is_late(run->g.graph)))
		return LEAT__CLI_STOPPED;
	if (code)
		return LEAT__CLI_FAILED;
	return stats->is_drained ? LEAT__CLI_STOPPED : LEAT__CLI_DONE;
}

/* Nobody reaches it any more. */
static void
run_close(struct run_state *run)
{
	leat__cli_page_end(run->page);
	leat__cli_control_close(&run->control);
	leat__cli_watch_end(run->watch);
}

static int
run_end(struct run_state *run, int code, const struct leat_error *err)
{
	int64_t took_ns = leat_now_ns() - run->start_ns;
	struct leat_graph_stats stats = {0};

	leat__cli_reload_close(&run->reload);
	run_close(run);
	run_tell_changes(run);
	leat__cli_progress_end(&run->progress);
	if (run->n_signals)
		leat__cli_drain_tell(&run->drain, run->g.graph, run->is_quiet);
	leat_graph_stats(run->g.graph, &stats);
	if (!run->is_quiet)
		leat__cli_sheet(run->g.graph, took_ns);
	if (!run->is_quiet)
		leat__cli_trace_tell(&run->trace, run->g.graph);
	leat__cli_errors(&run->g, code, err);
	if (stats.is_drained && !code)
		leat__cli_partial(run->g.graph, run->start_s);
	if (!leat__cli_leaks_of_graph(&run->leaks, run->g.graph))
		return LEAT__CLI_UNBALANCED;
	return run_status(run, code, &stats);
}

static int
run_started(struct run_state *run)
{
	struct leat_error err = {0};
	int code;

	if (leat_graph_end_fd(run->g.graph, &run->end_fd, NULL))
		run->end_fd = -1;
	code = run_wait(run, &err);
	return run_end(run, code, &err);
}

/* What others can reach, before anything runs. */
static int
run_open(struct run_state *run, const struct leat__cli_args *args)
{
	int code = leat__cli_watch_open(&run->watch, args);

	if (code)
		return code;
	code = leat__cli_page_open(&run->page, args);
	if (code)
		leat__cli_watch_end(run->watch);
	return code;
}

/* From now on it is answered, and may be steered. */
static int
run_answer(struct run_state *run, const struct leat__cli_args *args)
{
	int code = leat__cli_watch_start(run->watch, run->g.graph);

	if (!code)
		code = leat__cli_control_open(&run->control, &run->g, args);
	if (!code)
		code = leat__cli_page_start(run->page, &run->g);
	return code;
}

static int
run_refused(struct run_state *run, const struct leat__cli_args *args, int code,
	struct leat_error *err)
{
	run_close(run);
	leat__cli_progress_refused(run->g.graph, args, err);
	leat__cli_errors(&run->g, code, err);
	return leat__cli_status_before(code);
}

static int
run_start(struct run_state *run, const struct leat__cli_args *args)
{
	struct leat_error err = {0};
	int code;

	run->is_quiet = args->is_quiet;
	run->drain_ns = args->drain_ns;
	run->start_ns = leat_now_ns();
	run->start_s = (int64_t)time(NULL);
	run->signal_fd = leat__cli_signals_open();
	if (run->signal_fd < 0)
		return LEAT__CLI_FAILED;
	code = run_open(run, args);
	if (code)
		return code;
	code = leat_graph_start(run->g.graph, &err);
	if (code)
		return run_refused(run, args, code, &err);
	leat__cli_progress_start(&run->progress, run->g.graph, args);
	code = run_answer(run, args);
	if (code) {
		leat__cli_progress_end(&run->progress);
		run_close(run);
		return code;
	}
	leat__cli_leaks_watch(&run->leaks, run->g.graph, args->is_leak_check);
	return run_started(run);
}

int
leat__cli_run_graph(
	struct leat__cli_graph *g, const struct leat__cli_args *args)
{
	struct run_state run = {
		.g = *g, .signal_fd = -1, .control = {.fds = {-1, -1}}};
	int status = run_start(&run, args);

	if (run.signal_fd >= 0)
		close(run.signal_fd);
	return status;
}

static int
run_check(struct run_state *run)
{
	struct leat_error err = {0};
	int code = leat_graph_check(run->g.graph, &err);

	if (code) {
		leat__cli_job_mask(run->g.job, err.text, sizeof(err.text));
		if (!run->g.args.is_explain)
			leat__cli_progress_refused(
				run->g.graph, &run->g.args, &err);
		leat__cli_graph_error(&run->g, &err);
	}
	return leat__cli_status_before(code);
}

/* The job that would run, and nothing runs. */
static int
run_emit(const struct leat__cli_args *args)
{
	struct leat__cli_graph g;
	int status = leat__cli_graph_open(args, &g);

	if (!status)
		status = leat__cli_emit_config(&g);
	leat__cli_graph_close(&g);
	return status;
}

int
leat__cli_run(const struct leat__cli_args *args)
{
	struct run_state run = {.signal_fd = -1, .control = {.fds = {-1, -1}}};
	int status;

	if (args->is_emitted)
		return run_emit(args);
	leat__cli_leaks_begin(&run.leaks);
	status = leat__cli_graph_open(args, &run.g);
	if (!status)
		status = leat__cli_trace_open(
			&run.trace, &run.g.args, run.g.graph);
	if (!status)
		status = run_check(&run);
	leat__cli_reload_open(&run.reload, args, &run.g);
	if (!status && args->is_explain)
		status = leat__cli_graph_print(&run.g, leat_graph_explain);
	else if (!status)
		status = run_start(&run, &run.g.args);
	leat__cli_graph_close(&run.g);
	leat__cli_trace_close(&run.trace);
	if (run.signal_fd >= 0)
		close(run.signal_fd);
	return leat__cli_leaks_of_process(&run.leaks) ? status
						      : LEAT__CLI_UNBALANCED;
}
