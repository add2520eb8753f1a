/*
 * unit/control/control.c -- life of a control socket: where it stands, who may
 * be there already, what fails; and what is asked for is done.
 */
#include "unit/control/client.h"

static struct client client;

START_TEST(what_is_asked_for_is_answered)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control *control;

	client_make_folder();
	control = client_open(graph);
	client_connect(&client, control);
	client_gets(&client, "{\"ask\":\"hello\",\"id\":7}",
		"{\"leat\":1,\"id\":7,\"ok\":true,\"more\":false,\"data\":"
		"{\"version\":\"" LEAT_VERSION_TEXT "\",\"protocol\":1,");
	client_gets(&client, "{\"ask\":\"hello\"}", "\"a \\\"job\\\"\"");
	client_gets(&client, "{\"ask\":\"look\"}", "\"name\":\"sink\"");
	client_gets(&client, "{\"ask\":\"why\"}", "\"culprit\":");
	client_gets(&client, "{\"ask\":\"dump\"}", "\"tasks\":[{");
	client_gets(&client, "{\"ask\":\"dump\",\"text\":true}",
		"\"text\":\"contexts\\n");
	client_gets(&client, "{\"ask\":\"cancel\"}", "\"ok\":true");
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	client_gets(&client, "{\"ask\":\"look\"}", "\"state\":\"done\"");
	client_close(&client);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

/* Each is one line, and one value. */
START_TEST(answers_are_json)
{
	static const char *const asks[] = {"hello", "look", "why", "dump",
		"dump\",\"text\":true,\"x\":\"", "set", "nonsense", "stop"};
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control *control;
	struct leat_json_fault fault = {0};
	char request[96];

	client_make_folder();
	control = client_open(graph);
	client_connect(&client, control);
	for (size_t k = 0; k < leat__array_len(asks); k++) {
		const char *answer;

		snprintf(request, sizeof(request), "{\"ask\":\"%s\"}", asks[k]);
		answer = client_ask(&client, request);
		ck_assert_msg(answer &&
				leat_json_check(
					(struct leat_text){
						(const uint8_t *)answer,
						(uint32_t)strlen(answer)},
					&fault) == LEAT_OK,
			"%s: %s at %u of %s", request, fault.what, fault.offset,
			answer ? answer : "nothing");
	}
	client_close(&client);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

START_TEST(mistakes_are_told_and_the_connection_goes_on)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control *control;

	client_make_folder();
	control = client_open(graph);
	client_connect(&client, control);
	client_gets(&client, "rubbish", "\"ok\":false");
	client_gets(&client, "{\"ask\":\"fly\"}", "there are: hello, look");
	client_gets(&client, "{\"ask\":\"why\",\"leat\":2}", "LEAT_ENOTSUP");
	client_gets(&client, "{\"ask\":\"why\",\"every_ms\":99}",
		"accepted: 100 to 3600000");
	client_gets(&client, "{\"ask\":\"dump\",\"every_ms\":200}",
		"are answered again and again");
	client_gets(&client, "{\"ask\":\"set\"}", "set needs");
	client_gets(&client,
		"{\"ask\":\"set\",\"stage\":\"sing\",\"option\":\"a\","
		"\"value\":\"b\"}",
		"did you mean 'sink'?");
	client_gets(&client,
		"{\"ask\":\"set\",\"stage\":\"sink\",\"option\":\"a\","
		"\"value\":\"b\"}",
		"it has no guard");
	client_gets(&client, "{\"ask\":\"drain\",\"within_ms\":86400001}",
		"up to a day");
	client_gets(&client, "{\"ask\":\"hello\",\"id\":3}", "\"id\":3");
	client_close(&client);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

START_TEST(a_drain_with_a_limit_is_one)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control *control;
	struct leat_drain_stats stats;

	client_make_folder();
	control = client_open(graph);
	client_connect(&client, control);
	client_gets(&client, "{\"ask\":\"drain\",\"within_ms\":60000}",
		"\"ok\":true");
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	leat_graph_drain_stats(graph, &stats);
	ck_assert_uint_eq(stats.phase, LEAT_DRAIN_OVER);
	ck_assert(stats.deadline_ns != LEAT_NEVER);
	client_gets(&client, "{\"ask\":\"drain\"}", "\"ok\":true");
	client_close(&client);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

/* ---- a program that sees to it itself ----------------------------------- */

struct asked {
	uint32_t n_drains; /* atomic */
	char value[32];
};

static int
asked_fn(void *user, const struct leat_control_request *request,
	leat_write_fn write, void *to, struct leat_error *err)
{
	struct asked *asked = user;

	if (!strcmp(request->ask, "drain")) {
		asked->n_drains++;
		write(to, "soon", 4);
		return LEAT_OK;
	}
	if (!strcmp(request->ask, "sing")) {
		snprintf(asked->value, sizeof(asked->value), "%s",
			request->value);
		return leat__error(err, LEAT_EDATA, "no voice");
	}
	return LEAT_ENOTSUP;
}

START_TEST(a_program_is_asked_first)
{
	struct sink_seen seen = {0};
	struct asked asked = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control_opts opts = {LEAT_OPTS_INIT(leat_control_opts),
		.folder = client_folder, .ask = asked_fn, .user = &asked};
	struct leat_control *control;

	client_make_folder();
	ck_assert_int_eq(
		leat_control_open(graph, &opts, &control, NULL), LEAT_OK);
	client_connect(&client, control);
	client_gets(&client, "{\"ask\":\"drain\"}", "{\"text\":\"soon\"}");
	client_gets(&client, "{\"ask\":\"sing\",\"value\":\"a song\"}",
		"{\"code\":\"LEAT_EDATA\",\"text\":\"no voice\"}");
	client_gets(&client, "{\"ask\":\"look\"}", "\"state\":\"running\"");
	client_gets(&client, "{\"ask\":\"cancel\"}", "\"data\":{}");
	client_close(&client);
	leat_control_close(control);
	ck_assert_uint_eq(asked.n_drains, 1);
	ck_assert_str_eq(asked.value, "a song");
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

/* ---- place -------------------------------------------------------------- */

START_TEST(further_graphs_of_a_process_have_names_of_their_own)
{
	struct sink_seen seen[2] = {{0}};
	struct leat_graph *graphs[2];
	struct leat_control *controls[2];
	char wanted[128];

	client_make_folder();
	for (int k = 0; k < 2; k++) {
		graphs[k] = client_graph(leat__env_posix(), &seen[k]);
		controls[k] = client_open(graphs[k]);
	}
	snprintf(wanted, sizeof(wanted), "%s/%d.sock", client_folder,
		(int)getpid());
	ck_assert_str_eq(leat_control_path(controls[0]), wanted);
	snprintf(wanted, sizeof(wanted), "%s/%d.2.sock", client_folder,
		(int)getpid());
	ck_assert_str_eq(leat_control_path(controls[1]), wanted);
	client_connect(&client, controls[1]);
	client_gets(&client, "{\"ask\":\"cancel\"}", "\"ok\":true");
	ck_assert_int_eq(
		leat_graph_wait(graphs[1], LEAT_NEVER, NULL), LEAT_ECANCELED);
	ck_assert(!leat_graph_is_over(graphs[0]));
	client_close(&client);
	for (int k = 0; k < 2; k++) {
		leat_control_close(controls[k]);
		leat_graph_destroy(graphs[k]);
	}
	client_drop_folder();
}
END_TEST

START_TEST(the_socket_is_its_owners_alone)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control *control;
	struct stat st;

	client_make_folder();
	control = client_open(graph);
	ck_assert_int_eq(stat(leat_control_path(control), &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777u, 0600);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

/* A name whose process is gone, and one that is something else. */
START_TEST(a_dead_name_is_taken_and_another_is_not)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control *control;
	char path[128], wanted[128];
	FILE *file;
	int fd;

	client_make_folder();
	snprintf(
		path, sizeof(path), "%s/%d.sock", client_folder, (int)getpid());
	snprintf(wanted, sizeof(wanted), "%s", path);
	ck_assert_int_eq(leat__posix_sockets.listen(path, 1, &fd), 0);
	close(fd);
	control = client_open(graph);
	ck_assert_str_eq(leat_control_path(control), wanted);
	leat_control_close(control);
	file = fopen(path, "w");
	fclose(file);
	control = client_open(graph);
	/* nobody answers there, so it is removed as well */
	ck_assert_str_eq(leat_control_path(control), wanted);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

START_TEST(a_folder_that_others_may_enter_is_refused)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = client_graph(leat__env_posix(), &seen);
	struct leat_control_opts opts = {
		LEAT_OPTS_INIT(leat_control_opts), .folder = client_folder};
	struct leat_control *control = NULL;
	struct leat_error err;
	char link[96], file[160];

	client_make_folder();
	ck_assert_int_eq(chmod(client_folder, 0750), 0);
	ck_assert_int_eq(
		leat_control_open(graph, &opts, &control, &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "not this user's alone"));
	ck_assert_int_eq(chmod(client_folder, 0700), 0);
	snprintf(link, sizeof(link), "%s/link", client_folder);
	ck_assert_int_eq(symlink("/tmp", link), 0);
	opts.folder = link;
	ck_assert_int_eq(
		leat_control_open(graph, &opts, &control, &err), LEAT_EIO);
	unlink(link);
	snprintf(file, sizeof(file), "%s/%080d", client_folder, 0);
	opts.folder = file;
	ck_assert_int_eq(
		leat_control_open(graph, &opts, &control, &err), LEAT_EIO);
	ck_assert_ptr_null(control);
	rmdir(file);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

/* A folder that is too long, one that cannot be, and one that will do. */
static int
places_folder(uint32_t k, char *buf, size_t n_bytes)
{
	if (k == 1)
		snprintf(buf, n_bytes, "%s/no/such", client_folder);
	else if (k == 2)
		snprintf(buf, n_bytes, "%s", client_folder);
	return k == 0 ? ENAMETOOLONG : k < 3 ? 0 : ENOENT;
}

START_TEST(the_first_folder_that_will_do_is_taken)
{
	struct leat__env env = *leat__env_posix();
	struct leat__sockets sockets = *env.sockets;
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat_control *control = NULL;
	struct leat_error err;

	sockets.folder = places_folder;
	env.sockets = &sockets;
	graph = client_graph(&env, &seen);
	client_make_folder();
	ck_assert_msg(leat_control_open(graph, NULL, &control, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_ptr_eq(strstr(leat_control_path(control), client_folder),
		leat_control_path(control));
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}
END_TEST

#define STRANGER 4711u

static int
accept_stranger(int fd, int *fd_out, uint32_t *user_out)
{
	int rc = leat__posix_sockets.accept(fd, fd_out, user_out);

	*user_out = STRANGER;
	return rc;
}

static uint32_t
user_stranger(void)
{
	return STRANGER;
}

static uint32_t
user_other(void)
{
	return STRANGER + 1;
}

/* A graph whose control is asked by somebody who is not root. */
static void
asked_by_stranger(uint32_t (*user)(void), const char *answer)
{
	struct leat__env env = *leat__env_posix();
	struct leat__sockets sockets = *env.sockets;
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat_control *control;

	sockets.accept = accept_stranger;
	sockets.user = user;
	env.sockets = &sockets;
	graph = client_graph(&env, &seen);
	client_make_folder();
	control = client_open(graph);
	client_connect(&client, control);
	client_gets(&client, "{\"ask\":\"hello\"}", answer);
	client_close(&client);
	leat_control_close(control);
	leat_graph_destroy(graph);
	client_drop_folder();
}

START_TEST(only_its_own_user_may_ask)
{
	asked_by_stranger(user_stranger, "\"ok\":true");
	asked_by_stranger(user_other, "only the user whose process");
}
END_TEST

/* ---- what fails --------------------------------------------------------- */

START_TEST(what_cannot_be_is_refused)
{
	struct leat_control_opts opts = {
		LEAT_OPTS_INIT(leat_control_opts), .flags = 1};
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat_control *control = NULL;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_control_open(graph, NULL, &control, &err), LEAT_ESTATE);
	leat_graph_destroy(graph);
	graph = client_graph(leat__env_posix(), &seen);
	ck_assert_int_eq(
		leat_control_open(graph, &opts, &control, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags are 0x1"));
	ck_assert_ptr_null(control);
	leat_control_close(NULL);
	leat_graph_destroy(graph);
}
END_TEST

static uint32_t
open_files(void)
{
	uint32_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += access("/proc/self/fd", F_OK) == 0 && dup2(fd, fd) == fd;
	return n;
}

START_TEST(each_failure_on_the_way_leaves_nothing_behind)
{
	struct fail_env world;
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat_control_opts opts = {
		LEAT_OPTS_INIT(leat_control_opts), .folder = client_folder};
	struct leat_control *control = NULL;
	uint32_t n_files, n_failed = 0;

	client_make_folder();
	fail_env_init(&world);
	graph = client_graph(&world.env, &seen);
	n_files = open_files();
	for (uint64_t k = 1; !control; k++) {
		world.alloc_fail_at = world.alloc_n + k;
		if (leat_control_open(graph, &opts, &control, NULL) ==
			LEAT_ENOMEM)
			n_failed++;
		ck_assert_uint_eq(open_files() == n_files, !control);
	}
	ck_assert_uint_gt(n_failed, 3);
	world.alloc_fail_at = 0;
	leat_control_close(control);
	control = NULL;
	world.thread.fail_at = world.thread.n + 1;
	ck_assert_int_eq(
		leat_control_open(graph, &opts, &control, NULL), LEAT_ELIMIT);
	ck_assert_ptr_null(control);
	ck_assert_uint_eq(open_files(), n_files);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(world.alloc_live, 0);
	client_drop_folder();
}
END_TEST

TEST_MAIN("control/control", what_is_asked_for_is_answered, answers_are_json,
	mistakes_are_told_and_the_connection_goes_on,
	a_drain_with_a_limit_is_one, a_program_is_asked_first,
	further_graphs_of_a_process_have_names_of_their_own,
	the_socket_is_its_owners_alone, a_dead_name_is_taken_and_another_is_not,
	the_first_folder_that_will_do_is_taken, only_its_own_user_may_ask,
	a_folder_that_others_may_enter_is_refused, what_cannot_be_is_refused,
	each_failure_on_the_way_leaves_nothing_behind)
