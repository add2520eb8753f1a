/*
 * unit/control/connection.c -- those who misbehave: too many, too much, half of
 * it, silence; and answers that come again and again. A clock of the test's
 * says when patience is over.
 */
#include "unit/control/client.h"

#include <poll.h>

#include "base/atomic.h"

static struct client clients[12];

/* The control's clock stands still, but for what the test puts it forward; or
 * it goes on by itself as well. */
static int64_t ahead_ns;
static bool is_running;

static int64_t
ahead_now(const struct leat__env *env)
{
	(void)env;
	return (is_running ? leat_now_ns() : 1000000000) +
		leat__load_relaxed(&ahead_ns);
}

/* Comes back soon, for the clock may have been put forward meanwhile. */
static int
ahead_poll(const struct leat__env *env, struct leat__poll *polls, uint32_t n,
	int64_t deadline_ns)
{
	const struct leat__env *posix = leat__env_posix();

	(void)env;
	(void)deadline_ns;
	return posix->poll(posix, polls, n, leat_now_ns() + 5000000);
}

struct world {
	struct leat__env env;
	struct sink_seen seen;
	struct leat_graph *graph;
	struct leat_control *control;
};

static void
world_open(struct world *w, bool is_clock_running)
{
	memset(w, 0, sizeof(*w));
	is_running = is_clock_running;
	w->env = *leat__env_posix();
	client_make_folder();
	ahead_ns = 0;
	w->env.now_ns = ahead_now;
	w->env.poll = ahead_poll;
	w->graph = client_graph(&w->env, &w->seen);
	w->control = client_open(w->graph);
}

static void
world_close(struct world *w)
{
	leat_control_close(w->control);
	leat_graph_destroy(w->graph);
	client_drop_folder();
}

START_TEST(requests_may_come_in_pieces_and_together)
{
	struct client *c = &clients[0];
	struct world w;

	world_open(&w, false);
	client_connect(c, w.control);
	for (const char *at = "{\"ask\":\"hello\",\"id\":1}\r\n"; *at; at++)
		client_send(c, at, 1);
	ck_assert_ptr_nonnull(strstr(client_line(c), "\"id\":1,"));
	client_say(c,
		"\n\n{\"ask\":\"hello\",\"id\":2}\n{\"ask\":\"why\","
		"\"id\":3}\n{\"ask\":\"look\",\"id\":4}\n");
	for (int k = 2; k < 5; k++) {
		char id[16];

		snprintf(id, sizeof(id), "\"id\":%d,", k);
		ck_assert_ptr_nonnull(strstr(client_line(c), id));
	}
	client_close(c);
	world_close(&w);
}
END_TEST

START_TEST(a_line_that_is_too_long_ends_the_connection)
{
	static char much[LEAT_CONTROL_REQUEST_BYTES * 3];
	struct client *c = &clients[0];
	struct world w;

	world_open(&w, false);
	client_connect(c, w.control);
	memset(much, 'x', sizeof(much));
	/* the longest there may be is answered as what it is */
	much[LEAT_CONTROL_REQUEST_BYTES - 1] = '\n';
	client_send(c, much, LEAT_CONTROL_REQUEST_BYTES);
	ck_assert_ptr_nonnull(strstr(client_line(c), "an object of JSON"));
	much[LEAT_CONTROL_REQUEST_BYTES - 1] = 'x';
	client_send(c, much, sizeof(much));
	ck_assert_ptr_nonnull(strstr(client_line(c), "16384 bytes"));
	ck_assert_ptr_null(client_line(c));
	client_close(c);
	client_connect(c, w.control);
	client_gets(c, "{\"ask\":\"hello\"}", "\"ok\":true");
	client_close(c);
	world_close(&w);
}
END_TEST

START_TEST(who_closes_its_end_is_answered_first)
{
	struct client *c = &clients[0];
	struct world w;

	world_open(&w, false);
	client_connect(c, w.control);
	client_say(c, "{\"ask\":\"hello\"}\n{\"ask\":\"why\"}\n{\"ask\":");
	ck_assert_int_eq(shutdown(c->fd, SHUT_WR), 0);
	ck_assert_ptr_nonnull(strstr(client_line(c), "\"protocol\""));
	ck_assert_ptr_nonnull(strstr(client_line(c), "\"why\""));
	ck_assert_ptr_null(client_line(c));
	client_close(c);
	world_close(&w);
}
END_TEST

START_TEST(one_too_many_takes_the_place_of_the_most_silent)
{
	struct world w;

	world_open(&w, true);
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		client_connect(&clients[k], w.control);
		client_gets(&clients[k], "{\"ask\":\"hello\"}", "\"ok\":true");
	}
	client_gets(&clients[0], "{\"ask\":\"hello\"}", "\"ok\":true");
	client_connect(&clients[8], w.control);
	client_gets(&clients[8], "{\"ask\":\"hello\"}", "\"ok\":true");
	ck_assert_ptr_null(client_line(&clients[1]));
	for (uint32_t k = 0; k <= LEAT_CONTROL_CONNECTIONS; k++)
		if (k != 1)
			client_gets(&clients[k], "{\"ask\":\"hello\"}",
				"\"ok\":true");
	for (uint32_t k = 0; k <= LEAT_CONTROL_CONNECTIONS; k++)
		client_close(&clients[k]);
	world_close(&w);
}
END_TEST

START_TEST(who_is_being_served_is_not_put_out)
{
	struct world w;

	world_open(&w, false);
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		client_connect(&clients[k], w.control);
		client_gets(&clients[k],
			"{\"ask\":\"why\",\"every_ms\":100,\"id\":5}",
			"\"more\":true");
	}
	client_connect(&clients[8], w.control);
	ck_assert_ptr_nonnull(
		strstr(client_line(&clients[8]), "8 are connected"));
	ck_assert_ptr_null(client_line(&clients[8]));
	client_gets(&clients[0], "{\"ask\":\"stop\",\"id\":6}", "\"id\":");
	client_close(&clients[7]);
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS - 1; k++)
		client_close(&clients[k]);
	client_close(&clients[8]);
	world_close(&w);
}
END_TEST

START_TEST(a_stream_goes_on_until_it_is_stopped)
{
	struct client *c = &clients[0];
	struct world w;
	const char *line;

	world_open(&w, true);
	client_connect(c, w.control);
	client_gets(c, "{\"ask\":\"look\",\"every_ms\":100,\"id\":9}",
		"\"id\":9,\"ok\":true,\"more\":true");
	for (int k = 0; k < 3; k++)
		ck_assert_ptr_nonnull(strstr(client_line(c), "\"id\":9,"));
	client_say(c, "{\"ask\":\"stop\",\"id\":10}\n");
	do
		line = client_line(c);
	while (line && !strstr(line, "\"id\":10"));
	ck_assert_ptr_nonnull(line);
	/* nothing comes any more: the next is the answer to this */
	leat__store_relaxed(&ahead_ns, INT64_C(2000000000));
	client_gets(c, "{\"ask\":\"hello\",\"id\":11}", "\"id\":11");
	client_close(c);
	world_close(&w);
}
END_TEST

START_TEST(patience_ends)
{
	struct client *silent = &clients[0], *half = &clients[1];
	struct client *asked = &clients[2], *stream = &clients[3];
	struct world w;

	world_open(&w, false);
	for (int k = 0; k < 4; k++)
		client_connect(&clients[k], w.control);
	client_gets(asked, "{\"ask\":\"hello\"}", "\"ok\":true");
	client_gets(half, "{\"ask\":\"hello\"}", "\"ok\":true");
	client_say(half, "{\"ask\":");
	client_gets(stream, "{\"ask\":\"why\",\"every_ms\":3600000}",
		"\"more\":true");
	client_gets(asked, "{\"ask\":\"hello\"}", "\"ok\":true");
	/* so that it is not only begun */
	client_gets(stream, "{\"ask\":\"hello\"}", "\"ok\":true");
	leat__store_relaxed(&ahead_ns, INT64_C(6000000000));
	ck_assert_ptr_null(client_line(silent));
	ck_assert_ptr_null(client_line(half));
	client_gets(asked, "{\"ask\":\"hello\"}", "\"ok\":true");
	leat__store_relaxed(&ahead_ns, INT64_C(70000000000));
	ck_assert_ptr_null(client_line(asked));
	client_gets(stream, "{\"ask\":\"hello\"}", "\"ok\":true");
	for (int k = 0; k < 4; k++)
		client_close(&clients[k]);
	world_close(&w);
}
END_TEST

/* However long the silence before it was. */
START_TEST(a_line_has_its_time_from_where_it_begins)
{
	struct client *late = &clients[0], *other = &clients[1];
	struct world w;

	world_open(&w, false);
	client_connect(late, w.control);
	client_connect(other, w.control);
	client_gets(late, "{\"ask\":\"hello\"}", "\"ok\":true");
	client_gets(other, "{\"ask\":\"hello\"}", "\"ok\":true");
	leat__store_relaxed(&ahead_ns, INT64_C(50000000000));
	client_say(late, "{\"ask\":");
	for (int k = 0; k < 3; k++) /* it is heard, and time is looked at */
		client_gets(other, "{\"ask\":\"hello\"}", "\"ok\":true");
	client_gets(late, "\"hello\"}", "\"ok\":true");
	client_close(late);
	client_close(other);
	world_close(&w);
}
END_TEST

/* Asks as often as there is room. Returns whether there was any. */
static bool
client_fills(struct client *c, uint32_t *n)
{
	uint32_t before = *n;

	while (leat__posix_sockets.send(c->fd, "{\"ask\":\"look\"}\n", 15) ==
		15)
		++*n;
	return *n > before;
}

/* Each answer is longer than its request: its buffer fills, and then nothing
 * more of it is read, so that of its own fills too. Returns how many it asked
 * for. */
static uint32_t
client_fills_all(struct client *c, struct client *other)
{
	uint32_t n = 0;

	while (client_fills(c, &n))
		for (int k = 0; k < 2; k++) /* each has had its turn then */
			client_gets(
				other, "{\"ask\":\"hello\"}", "\"ok\":true");
	ck_assert_uint_gt(n, 100);
	return n;
}

START_TEST(who_takes_its_answers_late_gets_them_all)
{
	struct client *c = &clients[0], *other = &clients[1];
	struct world w;
	uint32_t n;

	world_open(&w, false);
	client_connect(c, w.control);
	client_connect(other, w.control);
	n = client_fills_all(c, other);
	for (uint32_t k = 0; k < n; k++)
		ck_assert_msg(client_line(c), "%u of %u", k, n);
	client_gets(c, "{\"ask\":\"hello\"}", "\"ok\":true");
	client_close(c);
	client_close(other);
	world_close(&w);
}
END_TEST

START_TEST(who_takes_no_answers_gets_no_more_and_is_dropped)
{
	struct client *c = &clients[0], *other = &clients[1];
	struct pollfd hang_up = {.events = 0};
	struct world w;
	uint32_t n;

	world_open(&w, false);
	client_connect(c, w.control);
	client_connect(other, w.control);
	n = client_fills_all(c, other);
	leat__store_relaxed(&ahead_ns, INT64_C(6000000000));
	hang_up.fd = c->fd;
	ck_assert_int_eq(poll(&hang_up, 1, 60000), 1);
	while (client_line(c))
		n--;
	ck_assert_uint_gt(n, 0);
	client_close(c);
	client_close(other);
	world_close(&w);
}
END_TEST

TEST_MAIN("control/connection", requests_may_come_in_pieces_and_together,
	a_line_that_is_too_long_ends_the_connection,
	who_closes_its_end_is_answered_first,
	one_too_many_takes_the_place_of_the_most_silent,
	who_is_being_served_is_not_put_out,
	a_stream_goes_on_until_it_is_stopped, patience_ends,
	a_line_has_its_time_from_where_it_begins,
	who_takes_its_answers_late_gets_them_all,
	who_takes_no_answers_gets_no_more_and_is_dropped)
