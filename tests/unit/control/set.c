/*
 * unit/control/set.c -- while an option is changed for one who has connected
 * the others are served, and it is answered when that is done.
 */
#include "unit/control/client.h"

#include <pthread.h>
#include <sched.h>

#include <leat/guard.h>

#define N_CLIENTS LEAT_CONTROL_CONNECTIONS

static struct client clients[N_CLIENTS + 1];

/* ---- a stage with an option that changes while nothing is on its way --------- */

struct tag_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t tag;
};

static int
tag_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option tag_options[] = {
	{.name = "tag",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_RENEWS,
		.offset = offsetof(struct tag_opts, tag),
		.max = 255,
		.help = "nothing"},
	{.name = NULL},
};

static const struct leat_stage_ops tag_ops = {
	LEAT_STAGE_OPS_INIT("tag"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.opts_bytes = sizeof(struct tag_opts),
	.options = tag_options,
	.process = tag_process,
};

static struct leat_graph *
tag_graph_in(const struct leat__env *env, struct sink_seen *seen)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct tag_opts tag = {LEAT_OPTS_INIT(tag_opts)};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_blocking_ops, &numbers},
		{&tag_ops, &tag}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	return graph;
}

static struct leat_graph *
tag_graph(struct sink_seen *seen)
{
	return tag_graph_in(leat__env_posix(), seen);
}

static void
tag_set(struct client *c, unsigned tag)
{
	char request[128];

	snprintf(request, sizeof(request),
		"{\"ask\":\"set\",\"id\":%u,\"stage\":\"tag\","
		"\"option\":\"tag\",\"value\":\"%u\"}\n",
		tag, tag);
	client_say(c, request);
}

static void
has_answer(struct client *c, const char *part)
{
	const char *line = client_line(c);

	ck_assert_msg(line && strstr(line, part), "no %s in %s", part,
		line ? line : "nothing");
}

static void
has_none_yet(const struct client *c)
{
	struct leat__poll poll = {c->fd, LEAT__POLL_READ, 0};

	ck_assert_uint_eq(c->n, 0);
	ck_assert_int_eq(leat__env_posix()->poll(
				 leat__env_posix(), &poll, 1, leat_now_ns()),
		0);
}

/* Somebody else changes something, and takes long: no set gets on. */
static void
hold(struct leat_graph *graph)
{
	leat__lock_take(&graph->change_lock, graph->env);
}

static void
let_go(struct leat_graph *graph)
{
	leat__lock_drop(&graph->change_lock, graph->env);
}

/* ---- tests -------------------------------------------------------------- */

START_TEST(others_are_served_while_an_option_is_changed)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = tag_graph(&seen);
	struct leat_control *control;
	struct leat_change change;

	client_make_folder();
	control = client_open(graph);
	client_connect(&clients[0], control);
	client_connect(&clients[1], control);
	client_gets(&clients[0], "{\"ask\":\"hello\"}", "\"ok\":true");
	hold(graph);
	tag_set(&clients[0], 5);
	client_say(&clients[0], "{\"ask\":\"hello\",\"id\":6}\n");
	for (int k = 0; k < 20; k++) {
		client_gets(&clients[1], "{\"ask\":\"why\"}", "\"culprit\"");
		client_gets(&clients[1], "{\"ask\":\"look\"}", "\"stages\"");
	}
	has_none_yet(&clients[0]);
	let_go(graph);
	/* in their order */
	has_answer(&clients[0], "\"id\":5,\"ok\":true");
	has_answer(&clients[0], "\"id\":6,\"ok\":true");
	ck_assert_uint_eq(leat_graph_changes(graph, 0, &change, 1), 1);
	ck_assert_str_eq(change.after, "5");
	ck_assert_str_eq(change.who, "leat set");
	client_close(&clients[0]);
	client_close(&clients[1]);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

/* It has been read, and waits for those who hold the graph. */
static void
await_begun(const struct leat_graph *graph)
{
	while (leat__load_relaxed(&graph->change_lock.word) != 2)
		sched_yield();
}

START_TEST(who_waits_for_a_change_is_not_put_out)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = tag_graph(&seen);
	struct leat_control *control;

	client_make_folder();
	control = client_open(graph);
	for (unsigned k = 0; k < N_CLIENTS; k++)
		client_connect(&clients[k], control);
	hold(graph);
	tag_set(&clients[0], 7);
	await_begun(graph);
	/* it is the most silent of all now */
	for (unsigned k = 1; k < N_CLIENTS; k++)
		client_gets(&clients[k], "{\"ask\":\"hello\"}", "\"ok\":true");
	client_connect(&clients[N_CLIENTS], control);
	client_gets(&clients[N_CLIENTS], "{\"ask\":\"hello\"}", "\"ok\":true");
	ck_assert_ptr_null(client_line(&clients[1]));
	has_none_yet(&clients[0]);
	let_go(graph);
	has_answer(&clients[0], "\"id\":7,\"ok\":true");
	for (unsigned k = 0; k <= N_CLIENTS; k++)
		client_close(&clients[k]);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

START_TEST(the_end_waits_for_a_change)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = tag_graph(&seen);
	struct leat_control *control;

	client_make_folder();
	control = client_open(graph);
	client_connect(&clients[0], control);
	client_connect(&clients[1], control);
	hold(graph);
	tag_set(&clients[0], 7);
	await_begun(graph);
	/* one who listens on, and one who has gone */
	tag_set(&clients[1], 8);
	ck_assert_int_eq(shutdown(clients[0].fd, SHUT_WR), 0);
	client_close(&clients[1]);
	leat_graph_cancel(graph);
	let_go(graph);
	has_answer(&clients[0], "LEAT_ESTATE");
	ck_assert_ptr_null(client_line(&clients[0]));
	leat_control_close(control);
	client_close(&clients[0]);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

static uint32_t n_threads; /* that are at work, or not joined; atomic */

static int
counted_start(const struct leat__env *env, struct leat__thread *thread)
{
	(void)env;
	leat__add_relaxed(&n_threads, 1u);
	return leat__env_posix()->thread_start(leat__env_posix(), thread);
}

static void
counted_join(const struct leat__env *env, struct leat__thread *thread)
{
	(void)env;
	leat__env_posix()->thread_join(leat__env_posix(), thread);
	leat__sub_relaxed(&n_threads, 1u);
}

static char path_of_control[LEAT__CONTROL_PATH_BYTES];

/* Its name is gone: so it is being closed. */
static void *
let_go_when_closed(void *graph)
{
	while (access(path_of_control, F_OK) == 0)
		sched_yield();
	let_go(graph);
	return NULL;
}

START_TEST(a_change_that_is_under_way_is_over_when_the_control_is)
{
	struct leat__env env = *leat__env_posix();
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat_control *control;
	uint32_t n_before;
	pthread_t helper;

	env.thread_start = counted_start;
	env.thread_join = counted_join;
	n_threads = 0;
	graph = tag_graph_in(&env, &seen);
	n_before = leat__load_relaxed(&n_threads);
	client_make_folder();
	control = client_open(graph);
	snprintf(path_of_control, sizeof(path_of_control), "%s",
		leat_control_path(control));
	client_connect(&clients[0], control);
	hold(graph);
	tag_set(&clients[0], 7);
	await_begun(graph);
	ck_assert_int_eq(
		pthread_create(&helper, NULL, let_go_when_closed, graph), 0);
	leat_control_close(control);
	ck_assert_uint_eq(leat__load_relaxed(&n_threads), n_before);
	pthread_join(helper, NULL);
	client_close(&clients[0]);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

TEST_MAIN("control/set", others_are_served_while_an_option_is_changed,
	who_waits_for_a_change_is_not_put_out, the_end_waits_for_a_change,
	a_change_that_is_under_way_is_over_when_the_control_is)
