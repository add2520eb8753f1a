/*
 * cli/client/tap.c -- leat tap: rows that pass a link of a run, now and then.
 *
 * What comes over the control socket is JSON already. With --where it goes
 * through a graph of this process, which reads it from a pipe:
 *
 *	read /dev/fd/N ! json.parse ! where ! head ! json.format ! write -
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/stages.h>

#include "peer.h"

#define TAP_EVERY_MS    100
#define TAP_PATIENCE_NS INT64_C(10000000000)
#define TAP_STOP_NS     INT64_C(1000000000)
#define TAP_ROWS_MOST   64u

struct tap {
	const struct leat__cli_args *args;
	struct leat__cli_peer peer;
	uint64_t n_left; /* rows still wanted; UINT64_MAX = all */
	/* with --where */
	struct leat_graph *graph;
	bool is_picking; /* it was started */
	int fds[2];
};

/* ---- the graph that picks --------------------------------------------------- */

static int
pick_make(struct tap *tap, const char *columns, struct leat_error *err)
{
	char path[32];
	struct leat_read_opts read = {
		LEAT_OPTS_INIT(leat_read_opts), .path = path};
	struct leat_json_parse_opts parse = {
		LEAT_OPTS_INIT(leat_json_parse_opts), .schema = columns};
	struct leat_where_opts where = {
		LEAT_OPTS_INIT(leat_where_opts), .condition = tap->args->where};
	struct leat_head_opts head = {LEAT_OPTS_INIT(leat_head_opts),
		.n = tap->args->n_rows ? tap->args->n_rows : UINT64_MAX};
	struct leat_json_format_opts format = {
		LEAT_OPTS_INIT(leat_json_format_opts)};
	struct leat_write_opts write = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "-"};
	const struct leat_step steps[] = {{&leat_read_ops, &read},
		{&leat_json_parse_ops, &parse}, {&leat_where_ops, &where},
		{&leat_head_ops, &head}, {&leat_json_format_ops, &format},
		{&leat_write_ops, &write}};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	int rc;

	snprintf(path, sizeof(path), "/dev/fd/%d", tap->fds[0]);
	rc = leat_graph_create(&opts, &tap->graph, err);
	if (!rc)
		rc = leat_graph_chain(tap->graph, steps,
			sizeof(steps) / sizeof(steps[0]), err);
	return rc ? rc : leat_graph_start(tap->graph, err);
}

static int
pick_begin(struct tap *tap, const char *columns)
{
	struct leat_error err = {0};
	int rc;

	if (!*columns) {
		leat__cli_error("tap: no tables pass this link, and --where "
				"wants columns");
		return LEAT__CLI_USAGE;
	}
	if (pipe(tap->fds)) {
		leat__cli_error("tap: no pipe: %s", strerror(errno));
		return LEAT__CLI_FAILED;
	}
	signal(SIGPIPE, SIG_IGN); /* the graph may have had enough */
	rc = pick_make(tap, columns, &err);
	tap->is_picking = rc == LEAT_OK;
	if (!rc)
		return 0;
	leat__cli_error("%s", err.code ? err.text : leat_err_text(rc));
	return LEAT__CLI_USAGE;
}

/* It has found enough, or failed, which its end tells. */
static bool
pick_is_over(const struct tap *tap)
{
	return tap->is_picking &&
		(leat_graph_wait(tap->graph, leat_now_ns(), NULL) !=
				LEAT_ETIMEDOUT ||
			leat_graph_is_over(tap->graph));
}

/* What it still has comes out. Exit status. */
static int
pick_end(struct tap *tap)
{
	struct leat_error err = {0};
	int rc;

	if (tap->fds[1] >= 0)
		close(tap->fds[1]);
	rc = tap->is_picking ? leat_graph_wait(tap->graph, LEAT_NEVER, &err)
			     : LEAT_OK;
	leat_graph_destroy(tap->graph);
	if (tap->fds[0] >= 0)
		close(tap->fds[0]);
	if (rc == LEAT_OK)
		return 0;
	leat__cli_error("tap: %s", err.code ? err.text : leat_err_text(rc));
	return LEAT__CLI_FAILED;
}

static bool
pick_put(struct tap *tap, const char *text, size_t n_bytes)
{
	while (n_bytes) {
		ssize_t n = write(tap->fds[1], text, n_bytes);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			n_bytes -= (size_t)n;
		}
	}
	return true;
}

/* ---- rows ----------------------------------------------------------------------- */

static bool
row_put(struct tap *tap, const struct leat__cli_node *row)
{
	if (tap->graph)
		return pick_put(tap, row->raw, row->raw_bytes) &&
			pick_put(tap, "\n", 1);
	fwrite(row->raw, 1, row->raw_bytes, stdout);
	putchar('\n');
	if (tap->n_left != UINT64_MAX)
		tap->n_left--;
	return true;
}

/* An answer's. Exit status; *is_over_out: no more are wanted. */
static int
rows_take(struct tap *tap, const struct leat__cli_node *data, bool *is_over_out)
{
	const struct leat__cli_node *rows = leat__cli_node_get(data, "rows");
	const struct leat__cli_node *row = rows ? rows->first : NULL;
	int status = 0;

	if (row && tap->args->where && !tap->graph)
		status = pick_begin(tap, leat__cli_node_text(data, "columns"));
	for (; !status && row && tap->n_left; row = row->next)
		if (!row_put(tap, row))
			tap->n_left = 0;
	*is_over_out = tap->n_left == 0 || pick_is_over(tap);
	return status ? status : leat__cli_flush();
}

/* ---- the command ------------------------------------------------------------------ */

static int
tap_ask(struct tap *tap, const char *link)
{
	uint64_t n = tap->args->where || !tap->args->n_rows ? TAP_ROWS_MOST
							    : tap->args->n_rows;
	char *text = NULL;
	size_t n_bytes;
	FILE *to = open_memstream(&text, &n_bytes);
	int code;

	if (!to)
		return ENOMEM;
	fprintf(to,
		"{\"leat\":%d,\"id\":1,\"ask\":\"tap\",\"every_ms\":%d,"
		"\"n\":%llu,\"link\":",
		LEAT_CONTROL_VERSION, TAP_EVERY_MS,
		(unsigned long long)(n < TAP_ROWS_MOST ? n : TAP_ROWS_MOST));
	leat__cli_json_string(to, link);
	fputc('}', to);
	fclose(to);
	code = leat__cli_peer_send(&tap->peer, text);
	free(text);
	return code;
}

/* So that the link is free for the next one when this command has ended. */
static void
tap_stop(struct tap *tap)
{
	int64_t deadline_ns = leat_now_ns() + TAP_STOP_NS;
	bool is_stopped =
		leat__cli_peer_send(&tap->peer,
			"{\"leat\":1,\"id\":2,\"ask\":\"stop\"}") != 0;

	while (!is_stopped) {
		char *line = leat__cli_peer_line(&tap->peer, deadline_ns);

		is_stopped = !line || strstr(line, "\"id\":2,");
		free(line);
	}
}

/* A run that ends is no mistake. */
static int
tap_next(struct tap *tap, bool *is_over_out)
{
	char *line = leat__cli_peer_line(
		&tap->peer, leat_now_ns() + TAP_PATIENCE_NS);
	struct leat__cli_reply reply;
	int status;

	*is_over_out = true;
	if (!line && errno) {
		leat__cli_error(
			"%s does not answer; is it stopped?", tap->peer.name);
		return LEAT__CLI_FAILED;
	}
	if (!line) {
		leat__cli_say("leat: %s has ended", tap->peer.name);
		return 0;
	}
	status = leat__cli_reply_read(&reply, line);
	if (!status)
		status = rows_take(tap, reply.data, is_over_out);
	leat__cli_reply_free(&reply);
	return status;
}

static int
tap_run(struct tap *tap, const char *link)
{
	bool is_over = false;
	int status = 0, code = tap_ask(tap, link);

	if (code) {
		leat__cli_error("%s: %s", tap->peer.name, strerror(code));
		return LEAT__CLI_FAILED;
	}
	while (!status && !is_over)
		status = tap_next(tap, &is_over);
	tap_stop(tap);
	return status;
}

int
leat__cli_tap(const struct leat__cli_args *args)
{
	bool has_name =
		args->n_words == 2 && leat__cli_peer_is_name(args->words[0]);
	struct tap tap = {.args = args,
		.peer = {.fd = -1},
		.n_left = args->n_rows && !args->where ? args->n_rows
						       : UINT64_MAX,
		.fds = {-1, -1}};
	int status, picked;

	if (args->n_words != (has_name ? 2u : 1u)) {
		leat__cli_error("tap: leat tap [PID] FROM->TO, as in leat tap "
				"'csv.parse->write'; leat top lists the "
				"stages");
		return LEAT__CLI_USAGE;
	}
	status = leat__cli_peer_choose(
		&tap.peer, has_name ? args->words[0] : NULL);
	if (!status)
		status = tap_run(&tap, args->words[has_name]);
	leat__cli_peer_close(&tap.peer);
	picked = pick_end(&tap);
	return status ? status : picked;
}
