/*
 * cli/client/ps.c -- leat ps: what runs on this machine, a line each.
 *
 * All are asked at once, and waited for together: one that is stopped costs the
 * same two seconds as ten that are.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define PS_PATIENCE_NS INT64_C(2000000000)
#define PS_JOB_COLUMNS 60u

/* What one has said. */
struct shown {
	struct leat__cli_reply hello, look;
	bool has_all;
};

struct ps {
	struct leat__cli_peers peers;
	struct shown shown[LEAT__CLI_PEERS_MAX];
};

static const char ps_hello[] = "{\"leat\":1,\"id\":1,\"ask\":\"hello\"}";
static const char ps_look[] = "{\"leat\":1,\"id\":2,\"ask\":\"look\"}";

/* ---- asking ------------------------------------------------------------- */

static void
ps_ask(struct leat__cli_peer *peer)
{
	if (peer->fd >= 0 &&
		(leat__cli_peer_send(peer, ps_hello) ||
			leat__cli_peer_send(peer, ps_look)))
		leat__cli_peer_close(peer);
}

/* false: it has said all, or has gone. */
static bool
ps_hear(struct leat__cli_peer *peer, struct shown *shown)
{
	struct leat__cli_reply *to;
	char *line;
	int look;

	if (peer->fd < 0 || shown->has_all)
		return false;
	while ((look = leat__cli_peer_look(peer)) > 0) {
		to = shown->hello.text ? &shown->look : &shown->hello;
		line = leat__cli_peer_line(peer, 0);
		if (!line || leat__cli_reply_read(to, line))
			return false;
		shown->has_all = to == &shown->look;
		if (shown->has_all)
			return false;
	}
	if (look < 0)
		leat__cli_peer_close(peer);
	return look == 0;
}

static void
ps_wait(struct ps *ps)
{
	struct pollfd polls[LEAT__CLI_PEERS_MAX];
	int64_t deadline_ns = leat_now_ns() + PS_PATIENCE_NS, left_ns;

	for (;;) {
		nfds_t n = 0;

		for (uint32_t k = 0; k < ps->peers.n; k++)
			if (ps_hear(&ps->peers.all[k], &ps->shown[k]))
				polls[n++] = (struct pollfd){
					.fd = ps->peers.all[k].fd,
					.events = POLLIN};
		left_ns = deadline_ns - leat_now_ns();
		if (!n || left_ns <= 0)
			return;
		poll(polls, n, (int)(left_ns / 1000000) + 1);
	}
}

/* ---- showing ------------------------------------------------------------ */

/* A second, of all stages together. */
static double
ps_rate(const struct leat__cli_node *look, const char *rate)
{
	const struct leat__cli_node *stages =
		leat__cli_node_get(look, "stages");
	double sum = 0;

	for (const struct leat__cli_node *at = stages ? stages->first : NULL;
		at; at = at->next)
		sum += leat__cli_node_number(at, rate);
	return sum;
}

static const char *
ps_state(const struct shown *shown)
{
	if (!shown->has_all)
		return "silent";
	return leat__cli_node_is(shown->look.data, "is_stalled")
		? "stalled"
		: leat__cli_node_text(shown->look.data, "state");
}

static void
ps_row(const struct leat__cli_peer *peer, const struct shown *shown)
{
	const struct leat__cli_node *look = shown->look.data;
	char time[32] = "", in[32] = "", out[32] = "", job[4 * PS_JOB_COLUMNS];

	if (shown->has_all) {
		leat__cli_seconds(leat__cli_node_number(look, "seconds"), time,
			sizeof(time));
		leat__cli_count(
			(uint64_t)ps_rate(look, "read_per_s"), in, sizeof(in));
		leat__cli_count((uint64_t)ps_rate(look, "written_per_s"), out,
			sizeof(out));
	}
	printf("%-10s %-9s %12s %8s %8s  %s\n", peer->name, ps_state(shown),
		time, in, out,
		leat__cli_plain(leat__cli_node_text(shown->hello.data, "job"),
			PS_JOB_COLUMNS, leat__cli_has_utf8(), job, sizeof(job),
			NULL));
}

static void
ps_json(const struct leat__cli_peer *peer, const struct shown *shown)
{
	const struct leat__cli_node *look = shown->look.data;

	printf("{\"pid\":%lld,\"name\":\"%s\",\"socket\":", peer->pid,
		peer->name);
	leat__cli_json_string(stdout, peer->path);
	printf(",\"state\":\"%s\"", ps_state(shown));
	if (shown->has_all) {
		fputs(",\"job\":", stdout);
		leat__cli_json_string(
			stdout, leat__cli_node_text(shown->hello.data, "job"));
		printf(",\"started\":%.3f,\"seconds\":%.3f,\"read_per_s\":%.3f,"
		       "\"written_per_s\":%.3f",
			leat__cli_node_number(look, "started"),
			leat__cli_node_number(look, "seconds"),
			ps_rate(look, "read_per_s"),
			ps_rate(look, "written_per_s"));
	}
	putchar('}');
}

static void
ps_show(const struct ps *ps, bool is_json)
{
	if (is_json)
		putchar('[');
	else
		printf("%-10s %-9s %12s %8s %8s  %s\n", "PID", "STATE", "SINCE",
			"IN/S", "OUT/S", "JOB");
	for (uint32_t k = 0; k < ps->peers.n; k++) {
		if (is_json && k)
			putchar(',');
		(is_json ? ps_json : ps_row)(&ps->peers.all[k], &ps->shown[k]);
	}
	if (is_json)
		puts("]");
}

int
leat__cli_ps(const struct leat__cli_args *args)
{
	struct ps *ps = calloc(1, sizeof(*ps));

	if (!ps) {
		leat__cli_error("no memory");
		return LEAT__CLI_FAILED;
	}
	leat__cli_peers_find(&ps->peers);
	for (uint32_t k = 0; k < ps->peers.n; k++)
		ps_ask(&ps->peers.all[k]);
	ps_wait(ps);
	ps_show(ps, args->is_json);
	for (uint32_t k = 0; k < ps->peers.n; k++) {
		leat__cli_reply_free(&ps->shown[k].hello);
		leat__cli_reply_free(&ps->shown[k].look);
	}
	leat__cli_peers_close(&ps->peers);
	free(ps);
	return leat__cli_flush();
}
