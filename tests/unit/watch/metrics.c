/*
 * unit/watch/metrics.c -- what is written of a graph: each family once and
 * whole, histograms that add up, numbers as they were counted.
 */
#include "unit/watch/clock.h"

#define N_FRAMES 400u

struct page {
	char text[1 << 16];
	size_t n;
};

static struct page page;

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	struct page *p = user;

	ck_assert_uint_lt(p->n + n_bytes, sizeof(p->text));
	memcpy(p->text + p->n, text, n_bytes);
	p->n += n_bytes;
	p->text[p->n] = '\0';
}

static void
page_make(const struct leat_graph *graph, const struct leat_metrics_opts *opts)
{
	page.n = 0;
	ck_assert_int_eq(
		leat_metrics_write(graph, opts, page_write, &page, NULL),
		LEAT_OK);
}

static void
page_has(const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	ck_assert_msg(strstr(page.text, whole), "no line: %s", line);
}

/* Families, by their TYPE lines, in their order. */
static const char *const families[] = {"leat_build_info gauge",
	"leat_graph_start_time_seconds gauge", "leat_graph_running gauge",
	"leat_graph_records_total counter",
	"leat_graph_unfinished_records gauge",
	"leat_graph_source_bytes_total counter",
	"leat_graph_source_size_bytes gauge", "leat_graph_memory_bytes gauge",
	"leat_graph_memory_high_bytes gauge",
	"leat_graph_memory_bound_bytes gauge",
	"leat_graph_stalled_seconds gauge", "leat_graph_stalled_stages gauge",
	"leat_stage_culprit gauge", "leat_stage_in_records_total counter",
	"leat_stage_out_records_total counter",
	"leat_stage_in_bytes_total counter",
	"leat_stage_out_bytes_total counter",
	"leat_stage_in_frames_total counter",
	"leat_stage_out_frames_total counter",
	"leat_stage_copied_bytes_total counter",
	"leat_stage_records_total counter",
	"leat_stage_failed_records_total counter",
	"leat_stage_wait_seconds_total counter", "leat_stage_done gauge",
	"leat_stage_load_ratio gauge", "leat_stage_bottleneck gauge",
	"leat_segment_seconds_total counter", "leat_segment_replicas gauge",
	"leat_stage_call_seconds histogram",
	"leat_sink_latency_seconds histogram",
	"leat_link_records_total counter", "leat_link_bytes_total counter",
	"leat_link_frames_total counter",
	"leat_link_refused_records_total counter",
	"leat_link_window_frames gauge", "leat_link_credit_frames gauge",
	"leat_link_queued_frames gauge", "leat_link_held_frames gauge"};

static void
check_families(void)
{
	const char *at = page.text;

	for (size_t k = 0; k < leat__array_len(families); k++) {
		at = strstr(at, "# TYPE ");
		ck_assert_ptr_nonnull(at);
		at += strlen("# TYPE ");
		ck_assert_msg(!strncmp(at, families[k], strlen(families[k])),
			"%s is not where %.40s is", families[k], at);
	}
	ck_assert_ptr_null(strstr(at, "# TYPE "));
}

START_TEST(all_families_are_there_once)
{
	struct leat_stall stall = {.ns = 1500000000, .stage = 1, .n_stages = 3};
	struct leat_metrics_opts opts = {
		LEAT_OPTS_INIT(leat_metrics_opts), .stall = &stall};
	struct leat_load *load;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_load_create(graph, NULL, &load, NULL), LEAT_OK);
	opts.load = load;
	page_make(graph, &opts);
	check_families();
	page_has("leat_graph_stalled_seconds 1.5");
	page_has("leat_graph_stalled_stages 3");
	page_has("leat_stage_culprit{stage=\"numbers\"} 0");
	page_has("leat_stage_culprit{stage=\"takes\"} 1");
	leat_load_destroy(load);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(numbers_are_as_they_were_counted)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	page_make(graph, NULL);
	page_has("leat_graph_running 0");
	page_has("leat_graph_start_time_seconds 1700000004.0");
	page_has("leat_graph_records_total{fate=\"read\"} 2800");
	page_has("leat_graph_records_total{fate=\"written\"} 2800");
	page_has("leat_graph_records_total{fate=\"shed\"} 0");
	page_has("leat_stage_in_records_total{stage=\"takes\"} 2800");
	page_has("leat_stage_out_frames_total{stage=\"takes\"} 400");
	page_has("leat_stage_in_bytes_total{stage=\"end\"} 22400");
	page_has("leat_stage_records_total{stage=\"end\",fate=\"written\"} "
		 "2800");
	page_has("leat_stage_done{stage=\"end\"} 1");
	page_has("leat_link_records_total{from=\"takes\",out=\"0\",to=\"end\","
		 "in=\"0\"} 2800");
	page_has("leat_segment_replicas{segment=\"numbers..end\"} 1");
	/* 400 calls of each, 1.75 ms in the mean */
	page_has("leat_segment_seconds_total{segment=\"numbers..end\","
		 "state=\"busy\"} 1.4");
	page_has("leat_segment_seconds_total{segment=\"numbers..end\","
		 "state=\"blocked\"} 0.0");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(guards_say_how_they_stand)
{
	struct leat_bulkhead_opts inside = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 3, .full = 1};
	struct leat_hook_step hooks[] = {
		{&leat_breaker_ops, NULL}, {&leat_bulkhead_ops, &inside}};
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_stage_set_hooks(graph->stages[1], hooks, 2, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	page_make(graph, NULL);
	page_has("# TYPE leat_guard_level gauge");
	page_has("leat_guard_level{stage=\"takes\",guard=\"breaker\","
		 "place=\"0\"} 0");
	ck_assert_ptr_nonnull(strstr(page.text,
		"\nleat_guard_level{stage=\"takes\",guard=\"bulkhead\","
		"place=\"1\"} "));
	page_has("leat_guard_elsewhere_frames_total{stage=\"takes\","
		 "guard=\"breaker\",place=\"0\"} 0");
	page_has("leat_stage_failed_records_total{stage=\"takes\","
		 "outcome=\"dead_lettered\"} 0");
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(buckets_add_up_to_the_count)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	page_make(graph, NULL);
	/* of 399 calls 299 took 1 ms and 100 took 4; 2^20 ns is 1.05 ms */
	page_has("leat_stage_call_seconds_bucket{stage=\"takes\","
		 "le=\"0.000524288\"} 0");
	page_has("leat_stage_call_seconds_bucket{stage=\"takes\","
		 "le=\"0.001048576\"} 299");
	page_has("leat_stage_call_seconds_bucket{stage=\"takes\","
		 "le=\"0.002097152\"} 299");
	page_has("leat_stage_call_seconds_bucket{stage=\"takes\","
		 "le=\"0.004194304\"} 399");
	page_has("leat_stage_call_seconds_bucket{stage=\"takes\","
		 "le=\"68.719476736\"} 399");
	page_has("leat_stage_call_seconds_bucket{stage=\"takes\",le=\"+Inf\"} "
		 "399");
	page_has("leat_stage_call_seconds_sum{stage=\"takes\"} 0.699");
	page_has("leat_stage_call_seconds_count{stage=\"takes\"} 399");
	page_has("leat_sink_latency_seconds_count{stage=\"end\"} 399");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(without_histograms_there_are_none)
{
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, LEAT_GRAPH_NO_LATENCY);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	page_make(graph, NULL);
	ck_assert_ptr_null(strstr(page.text, "histogram"));
	ck_assert_ptr_null(strstr(page.text, "leat_stage_culprit"));
	ck_assert_ptr_null(strstr(page.text, "leat_stage_load_ratio"));
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(open_metrics_and_a_label_when_asked_for)
{
	struct leat_metrics_opts opts = {LEAT_OPTS_INIT(leat_metrics_opts),
		.flags = LEAT_METRICS_OPENMETRICS, .graph = "nightly \"x\""};
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	page_make(graph, &opts);
	page_has("leat_graph_running{graph=\"nightly \\\"x\\\"\"} 0");
	page_has("# TYPE leat_graph_records counter");
	page_has("# UNIT leat_stage_call_seconds seconds");
	ck_assert_str_eq(page.text + page.n - 6, "# EOF\n");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct leat_metrics_opts opts = {
		LEAT_OPTS_INIT(leat_metrics_opts), .flags = 2};
	struct leat_error err;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(
		leat_metrics_write(graph, NULL, page_write, &page, &err),
		LEAT_ESTATE);
	ck_assert_ptr_nonnull(strstr(err.text, "has not been started"));
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_metrics_write(graph, &opts, page_write, &page, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags are 0x2"));
	opts.size = 4;
	ck_assert_int_eq(
		leat_metrics_write(graph, &opts, page_write, &page, &err),
		LEAT_EINVAL);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("watch/metrics", all_families_are_there_once,
	numbers_are_as_they_were_counted, guards_say_how_they_stand,
	buckets_add_up_to_the_count, without_histograms_there_are_none,
	open_metrics_and_a_label_when_asked_for, what_cannot_be_is_refused)
