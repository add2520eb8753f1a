/*
 * cli/online.c -- leat check --online: would the stages find what they are to
 * open? Each is asked by itself, with a limit of time, and all that is wrong is
 * told.
 *
 * A call of the system may hang for ever (a folder on a server that is gone),
 * so the stages are asked on a thread of its own, which is left behind then.
 * Keeps: what that thread uses lives as long as the process, if it is left.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define ONLINE_SECONDS 10 /* for one stage */
#define ONLINE_NS      (ONLINE_SECONDS * INT64_C(1000000000))

/* Shared with the thread, and left to it if that is left behind. */
struct probe {
	int fds[2]; /* a byte says that it is done */
	struct leat_graph *graph;
	uint32_t stage;
	int code;
	struct leat_error err;
};

static void *
probe_main(void *arg)
{
	struct probe *p = arg;

	p->code = leat_graph_probe(p->graph, p->stage, &p->err);
	(void)!write(p->fds[1], "", 1);
	return NULL;
}

/* false: it has not come back in time. */
static bool
probe_wait(struct probe *p)
{
	struct pollfd poll_fd = {.fd = p->fds[0], .events = POLLIN};
	int64_t until_ns = leat_now_ns() + ONLINE_NS;
	int64_t left_ns = ONLINE_NS;

	while (left_ns > 0) {
		if (poll(&poll_fd, 1, (int)(left_ns / 1000000) + 1) > 0)
			return true;
		left_ns = until_ns - leat_now_ns();
	}
	return false;
}

/* Of a stage that did not answer. */
static int
probe_late(
	const struct leat_graph *graph, uint32_t stage, struct leat_error *err)
{
	struct leat_stage_stats stats = {0};

	err->code = LEAT_ETIMEDOUT;
	if (leat_stage_stats(graph, stage, &stats) == LEAT_OK)
		snprintf(err->stage, sizeof(err->stage), "%s", stats.name);
	snprintf(err->text, sizeof(err->text),
		"has not found out within %d s whether it could open what it "
		"needs; a server or a disk does not answer",
		ONLINE_SECONDS);
	return LEAT_ETIMEDOUT;
}

static void
probe_free(struct probe *p)
{
	close(p->fds[0]);
	close(p->fds[1]);
	free(p);
}

/* What became of it; *is_left_out: the thread still has the graph. */
static int
online_ask(struct leat_graph *graph, uint32_t stage, bool *is_left_out,
	struct leat_error *err)
{
	struct probe *p = calloc(1, sizeof(*p));
	pthread_t thread;
	int code;

	if (!p)
		return LEAT_ENOMEM;
	p->graph = graph;
	p->stage = stage;
	if (pipe(p->fds)) {
		free(p);
		return LEAT_ELIMIT;
	}
	if (pthread_create(&thread, NULL, probe_main, p)) {
		probe_free(p);
		return LEAT_ENOMEM;
	}
	*is_left_out = !probe_wait(p);
	if (*is_left_out)
		return probe_late(graph, stage, err);
	pthread_join(thread, NULL);
	code = p->code;
	*err = p->err;
	probe_free(p);
	return code;
}

/* A status. */
static int
online_stage(struct leat__cli_graph *g, uint32_t stage, bool *is_left_out)
{
	struct leat_error err = {0};
	int code = online_ask(g->graph, stage, is_left_out, &err);

	if (!code)
		return LEAT__CLI_DONE;
	if (code == LEAT_ENOMEM && !err.text[0])
		leat__cli_error("out of memory");
	else
		leat__cli_graph_error(g, &err);
	return LEAT__CLI_FAILED;
}

int
leat__cli_online(struct leat__cli_graph *g)
{
	struct leat_graph_stats stats = {0};
	int status = LEAT__CLI_DONE;

	leat_graph_stats(g->graph, &stats);
	for (uint32_t k = 0; k < stats.n_stages; k++) {
		bool is_left = false;
		int found = online_stage(g, k, &is_left);

		status = found ? found : status;
		if (!is_left)
			continue;
		/* the thread goes on with it until the process ends */
		g->graph = NULL;
		break;
	}
	return status;
}
