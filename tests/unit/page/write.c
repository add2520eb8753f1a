/*
 * unit/page/write.c -- what is answered for each path: one value of JSON with
 * what was counted, and nothing of what is a secret.
 */
#include "unit/watch/clock.h"

#include <leat/page.h>

#define N_FRAMES 400u

static struct {
	char text[1 << 16];
	size_t n;
	size_t largest; /* piece */
} page;

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	(void)user;
	ck_assert_uint_lt(page.n + n_bytes, sizeof(page.text));
	memcpy(page.text + page.n, text, n_bytes);
	page.n += n_bytes;
	page.text[page.n] = '\0';
	if (n_bytes > page.largest)
		page.largest = n_bytes;
}

static int
page_ask(struct leat_graph *graph, const char *path,
	const struct leat_page_opts *opts, struct leat_error *err)
{
	page.n = 0;
	page.largest = 0;
	page.text[0] = '\0';
	return leat_page_write(graph, path, opts, page_write, NULL, err);
}

/* Behind a value. Lists and objects are not told apart from each other. */
static const char *
value_end(const char *at)
{
	int depth = 0;

	do {
		if (*at == '"') {
			for (at++; *at && *at != '"'; at++)
				at += *at == '\\';
		} else if (*at == '{' || *at == '[') {
			depth++;
		} else if (*at == '}' || *at == ']') {
			depth--;
		}
		ck_assert_int_ne(*at, '\0');
		at++;
	} while (depth > 0);
	return at;
}

static void
page_get(struct leat_graph *graph, const char *path,
	const struct leat_page_opts *opts)
{
	ck_assert_int_eq(page_ask(graph, path, opts, NULL), LEAT_OK);
	ck_assert_int_eq(page.text[0], '{');
	ck_assert_ptr_eq(value_end(page.text), page.text + page.n);
	ck_assert_ptr_null(strchr(page.text, '\n'));
	ck_assert_uint_le(page.largest, 512);
}

static void
page_has(const char *words)
{
	ck_assert_msg(
		strstr(page.text, words), "no %s in: %s", words, page.text);
}

static void
page_has_not(const char *words)
{
	ck_assert_msg(
		!strstr(page.text, words), "%s is in: %s", words, page.text);
}

/* ---- what was counted --------------------------------------------------- */

START_TEST(the_graph_has_its_stages_and_links)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	page_get(graph, "/api/graph", NULL);
	page_has("\"version\":\"" LEAT_VERSION_TEXT "\"");
	page_has("{\"name\":\"numbers\",\"stage\":\"numbers\","
		 "\"kind\":\"source\"");
	page_has("{\"name\":\"takes\",\"stage\":\"takes\","
		 "\"kind\":\"filter\"");
	page_has("{\"name\":\"end\",\"stage\":\"end\",\"kind\":\"sink\"");
	page_has("{\"from\":0,\"out\":0,\"to\":1,\"in\":0,");
	page_has("{\"from\":1,\"out\":0,\"to\":2,\"in\":0,");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_look_has_what_was_counted_and_how_it_ended)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat__add_relaxed(&clock_ns, INT64_C(5000000000));
	page_get(graph, "/api/stats", NULL);
	page_has("{\"at_ms\":1400,\"state\":\"ended\",\"result\":\"done\","
		 "\"is_balanced\":true,\"why\":{\"kind\":\"over\","
		 "\"stage\":null,\"text\":\"The run has ended\"}");
	page_has("\"read\":2800,\"made\":0,\"written\":2800,\"filtered\":0,"
		 "\"failed\":0,");
	page_has("\"in_flight_least\":0,\"in_flight_most\":0}");
	page_has("{\"in\":2800,\"out\":2800,\"read\":0,\"made\":0,");
	page_has("\"is_done\":true");
	page_has_not("\"busy\"");
	page_get(graph, "/api/stage/2", NULL);
	page_has("{\"name\":\"end\",\"in\":2800,\"out\":0,\"read\":0,"
		 "\"made\":0,\"written\":2800,");
	page_has("\"in_bytes\":22400,");
	page_get(graph, "/api/link/1", NULL);
	page_has("{\"from\":\"takes\",\"out\":0,\"to\":\"end\",\"in\":0,"
		 "\"records\":2800,\"bytes\":22400,\"frames\":400,");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(shares_come_with_a_load_and_are_the_whole)
{
	struct leat_page_opts opts = {LEAT_OPTS_INIT(leat_page_opts)};
	double busy, starved, blocked, idle;
	struct leat_load *load;
	struct fail_env world;
	struct leat_graph *graph;
	const char *at;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_load_create(graph, NULL, &load, NULL), LEAT_OK);
	ck_assert(leat_load_tick(load, clock_ns + INT64_C(2000000000)));
	opts.load = load;
	page_get(graph, "/api/stage/1", &opts);
	at = strstr(page.text, "\"total\":");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at,
				 "\"total\":{\"busy\":%lf,\"starved\":%lf,"
				 "\"blocked\":%lf,\"idle\":%lf}",
				 &busy, &starved, &blocked, &idle),
		4);
	ck_assert_double_eq_tol(busy + starved + blocked + idle, 1, 0.003);
	page_get(graph, "/api/stats", &opts);
	page_has("\"idle\":");
	leat_load_destroy(load);
	leat_graph_destroy(graph);
}
END_TEST

/* Of the stage 1: buckets in their order, that add up to all calls. Returns how
 * many there are. */
static uint32_t
check_buckets(struct leat_graph *graph)
{
	unsigned long long low, high, n, all, sum = 0, last = 0;
	uint32_t n_buckets = 0;
	const char *at;
	int n_read;

	page_get(graph, "/api/stage/1", NULL);
	at = strstr(page.text, "\"call\":{\"n\":");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "\"call\":{\"n\":%llu,", &all), 1);
	at = strstr(at, "\"buckets\":[") + strlen("\"buckets\":[");
	while (sscanf(at, "[%llu,%llu,%llu]%n", &low, &high, &n, &n_read) ==
		3) {
		ck_assert_uint_le(last, low);
		ck_assert_uint_lt(low, high);
		last = high;
		sum += n;
		n_buckets++;
		at += n_read + (at[n_read] == ',');
	}
	ck_assert_int_eq(*at, ']');
	ck_assert_uint_eq(sum, all);
	ck_assert_uint_gt(all, N_FRAMES / 2);
	return n_buckets;
}

START_TEST(a_histogram_adds_up)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(check_buckets(graph), 2);
	leat_graph_destroy(graph);
}
END_TEST

/* Calls whose lengths differ by less than an eighth of them. */
static int
near_process(struct leat_stage *st, struct leat_frame *in)
{
	uint32_t *n = leat_stage_state(st);

	leat__add_relaxed(&clock_ns, 1070000 + 40000 * (int64_t)(++*n % 3));
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops near_ops = {LEAT_STAGE_OPS_INIT("near"),
	.state_bytes = sizeof(uint32_t), .process = near_process};

START_TEST(buckets_that_are_near_each_other_are_put_together)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = 7 * N_FRAMES};
	struct takes_opts takes = {LEAT_OPTS_INIT(takes_opts), .ns = 1000000};
	struct leat_step steps[] = {{&numbers_ops, &numbers}, {&near_ops, NULL},
		{&takes_end_ops, &takes}};
	struct leat_latency l;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	ck_assert_int_eq(
		leat__graph_create(&world.env, &opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_latency_read(graph, 1, LEAT_LATENCY_CALL, &l), LEAT_OK);
	ck_assert_uint_eq(l.n, N_FRAMES - 1);
	ck_assert_uint_eq(check_buckets(graph), 1);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(contexts_are_those_of_the_graph)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(page_ask(graph, "/api/contexts", NULL, NULL), LEAT_OK);
	page_has("{\"contexts\":[\n{\"depth\":0,");
	leat_graph_destroy(graph);
}
END_TEST

/* ---- what is refused ---------------------------------------------------- */

START_TEST(there_are_no_other_paths_and_then_nothing_is_written)
{
	static const char *const paths[] = {"", "/", "/api", "/api/", "/api/x",
		"/api/stats/", "/api/stage", "/api/stage/", "/api/stage/3",
		"/api/stage/00", "/api/stage/+1", "/api/stage/1 ",
		"/api/stage/4294967296", "/api/stage/18446744073709551616",
		"/api/link/2", "/api/link/x", "/api/graph?x"};
	struct leat_error err;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	for (size_t k = 0; k < leat__array_len(paths); k++) {
		ck_assert_msg(
			page_ask(graph, paths[k], NULL, &err) == LEAT_EINVAL,
			"%s", paths[k]);
		ck_assert_uint_eq(page.n, 0);
		ck_assert_ptr_nonnull(strstr(err.text, "/api/stage/N"));
	}
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct leat_page_opts opts = {
		LEAT_OPTS_INIT(leat_page_opts), .flags = 1};
	struct leat_error err;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(
		page_ask(graph, "/api/stats", NULL, &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		page_ask(graph, "/api/stats", &opts, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags are 0x1"));
	leat_graph_destroy(graph);
}
END_TEST

/* ---- secrets ------------------------------------------------------------ */

struct door_opts {
	uint32_t size;
	uint32_t flags;
	const char *url;
	const char *other;
	const char *db_password;
	const char *note;
};

static const struct leat_option door_options[] = {
	{"url", LEAT_OPTION_STRING, 0, offsetof(struct door_opts, url), 0, 0,
		NULL, NULL, NULL, "a URL"},
	{"other", LEAT_OPTION_STRING, 0, offsetof(struct door_opts, other), 0,
		0, NULL, NULL, NULL, "a URL"},
	{"DB_Password", LEAT_OPTION_STRING, 0,
		offsetof(struct door_opts, db_password), 0, 0, NULL, NULL, NULL,
		"a secret"},
	{"note", LEAT_OPTION_STRING, 0, offsetof(struct door_opts, note), 0, 0,
		NULL, NULL, NULL, "words"},
	{0}};

static int
door_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops door_ops = {LEAT_STAGE_OPS_INIT("door"),
	.summary = "a \"door\"", .opts_bytes = sizeof(struct door_opts),
	.options = door_options, .process = door_process};

static void
conceal_sesame(void *user, char *text, size_t n_bytes)
{
	char *at = strstr(text, "sesame");

	++*(uint32_t *)user;
	ck_assert_uint_lt(strlen(text), n_bytes);
	if (at)
		memcpy(at, "******", 6);
}

static struct leat_graph *
door_graph(const struct door_opts *opts)
{
	static struct sink_seen seen;
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 20};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	const struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&door_ops, opts}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	return graph;
}

START_TEST(what_is_a_secret_is_not_shown)
{
	struct door_opts door = {LEAT_OPTS_INIT(door_opts),
		.url = "pg://ann:pw1@host/x://b:pw2@h no://c:d",
		.other = "http://a:b/c@d x@y:z", .db_password = "pw3",
		.note = "sesame \"\\\x01\xff</script>"};
	uint32_t n_called = 0;
	struct leat_page_opts opts = {LEAT_OPTS_INIT(leat_page_opts),
		.conceal = conceal_sesame, .user = &n_called};
	struct leat_graph *graph = door_graph(&door);

	page_get(graph, "/api/graph", &opts);
	page_has("\"value\":\"pg://ann:***@host/x://b:***@h no://c:d\"");
	page_has("\"value\":\"http://a:b/c@d x@y:z\"");
	page_has("{\"name\":\"DB_Password\",\"value\":\"***\"}");
	page_has("\"value\":\"****** \\\"\\\\\\u0001\\ufffd</script>\"");
	page_has("\"summary\":\"a \\\"door\\\"\"");
	page_has_not("pw");
	page_has_not("sesame");
	ck_assert_uint_ge(n_called, 3);
	leat_graph_destroy(graph);
}
END_TEST

/* A secret of which only the first half stood there would not be found. */
START_TEST(a_long_value_is_not_shown_in_part)
{
	static char note[3000];
	struct door_opts door = {LEAT_OPTS_INIT(door_opts), .note = note};
	struct leat_graph *graph;

	memset(note, 'x', sizeof(note) - 1);
	graph = door_graph(&door);
	page_get(graph, "/api/graph", NULL);
	page_has("{\"name\":\"note\",\"value\":\"(long)\"}");
	page_has_not("xx");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_failure_is_told_without_its_secret)
{
	static struct sink_seen seen;
	uint32_t n_called = 0;
	struct leat_page_opts opts = {LEAT_OPTS_INIT(leat_page_opts),
		.conceal = conceal_sesame, .user = &n_called};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 20};
	struct sink_opts sink = {
		LEAT_OPTS_INIT(sink_opts), .seen = &seen, .fail_at = 9};
	const struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	ck_assert_int_ne(leat_graph_run(graph, NULL), LEAT_OK);
	page_get(graph, "/api/stats", &opts);
	page_has("\"state\":\"ended\",\"error\":\"");
	page_has("\"result\":\"failed\"");
	ck_assert_uint_eq(n_called, 1);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- the page ----------------------------------------------------------- */

START_TEST(the_page_is_there_or_it_is_said_that_it_is_not)
{
	struct leat_page_html html;
	struct leat_error err;
	int code = leat_page_html(&html, &err);

	if (code == LEAT_ENOTSUP) {
		ck_assert_ptr_nonnull(strstr(err.text, "LEAT_WITH_PAGE"));
		ck_assert_ptr_null(html.text);
		return;
	}
	ck_assert_int_eq(code, LEAT_OK);
	ck_assert_uint_le(html.n_packed, 100000);
	ck_assert_uint_eq(html.packed[0], 0x1f);
	ck_assert_uint_eq(html.packed[1], 0x8b);
	ck_assert_mem_eq(html.text, "<!doctype html>", 15);
	ck_assert_mem_eq(html.text + html.n_bytes - 4, "-->\n", 4);
	ck_assert_ptr_nonnull(strstr(html.policy, "default-src 'none'"));
	ck_assert_ptr_null(strstr(html.policy, "unsafe"));
}
END_TEST

TEST_MAIN("page/write", the_graph_has_its_stages_and_links,
	a_look_has_what_was_counted_and_how_it_ended,
	shares_come_with_a_load_and_are_the_whole, a_histogram_adds_up,
	buckets_that_are_near_each_other_are_put_together,
	contexts_are_those_of_the_graph,
	there_are_no_other_paths_and_then_nothing_is_written,
	what_cannot_be_is_refused, what_is_a_secret_is_not_shown,
	a_long_value_is_not_shown_in_part, a_failure_is_told_without_its_secret,
	the_page_is_there_or_it_is_said_that_it_is_not)
