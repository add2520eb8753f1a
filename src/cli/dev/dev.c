/*
 * cli/dev/dev.c -- leat dev: a graph in a file, run on the first rows of its
 * sources whenever it is saved, with the rows of every link.
 *
 * First the graph is checked as leat check does it, so mistakes are told with
 * their places. What runs then is its full text with looks put in, and sinks
 * that write nothing. A save while it runs ends that run.
 * Threads: one, and the graph's.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dev.h"

#define DEV_SAMPLE  1000
#define DEV_ROWS    3
#define DEV_LOOK_MS 300 /* where nobody tells of changes */

struct session {
	const struct leat__cli_args *args;
	struct leat__dev_watch *watch;
	int signals; /* a file */
	uint32_t n_runs;
	bool is_over; /* it was stopped */
	bool has_changed;
};

/* ---- waiting ------------------------------------------------------------- */

/* Until a file has changed, somebody stops it, or a graph has ended. */
static void
session_wait(struct session *s, struct leat_graph *graph)
{
	bool has_ended = false;
	int end_fd = -1;

	if (graph && leat_graph_end_fd(graph, &end_fd, NULL))
		return;
	while (!s->is_over && !s->has_changed && !has_ended) {
		struct pollfd polls[] = {{s->signals, POLLIN, 0},
			{leat__dev_watch_fd(s->watch), POLLIN, 0},
			{end_fd, POLLIN, 0}};
		enum leat__cli_signal signal;

		poll(polls, 3, polls[1].fd < 0 ? DEV_LOOK_MS : -1);
		signal = leat__cli_signals_next(s->signals);
		s->is_over = signal == LEAT__CLI_SIGNAL_STOP ||
			signal == LEAT__CLI_SIGNAL_QUIT;
		s->has_changed = leat__dev_watch_changed(s->watch);
		has_ended = polls[2].revents != 0;
	}
}

/* ---- a run --------------------------------------------------------------- */

static void
run_tell_error(const struct leat__cli_graph *g, struct leat_error *err)
{
	leat__cli_job_mask(g->job, err->text, sizeof(err->text));
	leat__cli_error_object(NULL, err);
}

/* Cancelled by a save or a signal, it says nothing. */
static int
run_wait(struct session *s, const struct leat__cli_graph *g,
	struct leat_graph *graph)
{
	struct leat_error err = {0};
	int code;

	session_wait(s, graph);
	if (s->is_over || s->has_changed)
		leat_graph_cancel(graph);
	code = leat_graph_wait(graph, LEAT_NEVER, &err);
	if (code && !s->is_over && !s->has_changed)
		run_tell_error(g, &err);
	return code ? LEAT__CLI_FAILED : LEAT__CLI_DONE;
}

static int
run_graph(struct session *s, struct leat__dev *dev,
	const struct leat__cli_graph *g, const char *text)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = (uint32_t)g->args.workers, .stages = &dev->set,
		.dead_letters = g->args.dead_letters};
	struct leat_graph *graph = NULL;
	struct leat_error err = {0};
	char *dot = NULL;
	int status, code = leat_graph_create(&opts, &graph, &err);

	if (!code)
		code = leat__dev_stages_bind(dev, graph);
	if (!code)
		code = leat_graph_parse(graph, text, &err);
	if (!code)
		dot = leat__cli_graph_text(graph, leat_graph_write_dot);
	if (dot)
		leat__dev_label(dev, dot);
	if (!code)
		code = leat_graph_start(graph, &err);
	if (code)
		run_tell_error(g, &err);
	status = code ? LEAT__CLI_FAILED : run_wait(s, g, graph);
	leat_graph_destroy(graph);
	free(dot);
	return status;
}

static int
run_checked(
	struct session *s, const struct leat__cli_graph *g, const char *shown)
{
	const struct leat__cli_args *args = s->args;
	struct leat__dev dev = {.args = args,
		.n_shown = args->n_shown ? (uint32_t)args->n_shown : DEV_ROWS};
	char *text = NULL;
	int status = LEAT__CLI_FAILED;

	if (leat__dev_stages_make(&dev))
		text = leat__dev_text(shown,
			args->n_sample ? args->n_sample : DEV_SAMPLE,
			&dev.n_looks);
	if (text)
		status = run_graph(s, &dev, g, text);
	else
		leat__cli_error("out of memory");
	if (!s->is_over && !s->has_changed)
		leat__dev_print(&dev);
	leat__dev_looks_free(&dev);
	leat__dev_stages_free(&dev);
	free(text);
	return status;
}

/* ---- again and again ----------------------------------------------------- */

static void
session_head(const struct session *s)
{
	char at[16];
	time_t now = time(NULL);
	struct tm local;

	strftime(at, sizeof(at), "%H:%M:%S", localtime_r(&now, &local));
	if (leat__cli_has_colour(stdout))
		fputs("\033[H\033[2J\033[3J", stdout);
	printf("%s  run %u at %s\n\n", s->args->file, s->n_runs, at);
	fflush(stdout);
}

/* What the job includes. */
static void
session_watch(struct session *s, const struct leat__cli_graph *g)
{
	const char *path;

	for (uint32_t k = 1; g->job; k++) {
		path = leat__cli_job_path(g->job, k);
		if (!path)
			return;
		leat__dev_watch_add(s->watch, path);
	}
}

static int
session_run(struct session *s)
{
	struct leat__cli_graph g;
	char *shown = NULL;
	int status;

	s->n_runs++;
	s->has_changed = false;
	if (!s->args->is_once)
		session_head(s);
	/* as it was seen before: what is saved from here on is a change */
	leat__dev_watch_add(s->watch, s->args->file);
	status = leat__cli_graph_open(s->args, &g);
	session_watch(s, &g);
	/* before the check puts in what it does by itself */
	if (!status)
		shown = leat__cli_graph_text(g.graph, leat_graph_show);
	if (!status)
		status = shown ? leat__cli_graph_check(&g) : LEAT__CLI_FAILED;
	if (!status)
		status = run_checked(s, &g, shown);
	free(shown);
	leat__cli_graph_close(&g);
	if (!s->args->is_once && !s->is_over && !s->has_changed)
		puts(status ? "\nfailed; it runs again when it is saved, "
			      "Ctrl-C ends"
			    : "\ngood; it runs again when it is saved, Ctrl-C "
			      "ends");
	fflush(stdout);
	return status;
}

static int
session_all(struct session *s)
{
	int status = session_run(s);

	while (!s->is_over && !s->args->is_once) {
		if (!s->has_changed)
			session_wait(s, NULL);
		if (!s->is_over)
			status = session_run(s);
	}
	return s->is_over ? LEAT__CLI_DONE : status;
}

int
leat__cli_dev(const struct leat__cli_args *args)
{
	struct leat__cli_args full = *args;
	struct session s = {.args = &full};
	int status = LEAT__CLI_FAILED;

	if (!full.file && full.n_words == 1) {
		full.file = full.words[0];
		full.n_words = 0;
	}
	if (!full.file || full.n_words || strcmp(full.file, "-") == 0) {
		leat__cli_error("dev: one file with a job or a graph's text, "
				"as in leat dev late.yaml");
		return LEAT__CLI_USAGE;
	}
	s.signals = leat__cli_signals_open();
	s.watch = leat__dev_watch_make();
	if (s.signals >= 0 && s.watch)
		status = session_all(&s);
	leat__dev_watch_free(s.watch);
	if (s.signals >= 0)
		close(s.signals);
	return leat__cli_flush() == LEAT__CLI_DONE ? status : LEAT__CLI_FAILED;
}
