/*
 * unit/watch/trace_file.c -- the file of what threads do: whole however a run
 * ends, and every event is in it or counted; the rings below it.
 */
#include "support/test.h"

#include <errno.h>

#include "support/fail.h"
#include "support/numbers.h"
#include "support/pipe.h"
#include "watch/trace.h"

#define N_ITEMS 7000u

static struct sink_seen seen;
static struct numbers_opts numbers = {
	LEAT_OPTS_INIT(numbers_opts), .n = N_ITEMS};
static struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};

/* ---- rings ---------------------------------------------------------------- */

START_TEST(a_ring_keeps_what_it_has_and_counts_the_rest)
{
	uint64_t cells[4], k;
	struct leat__trace_ring ring = {.n_cells = 4,
		.cell_bytes = sizeof(cells[0]),
		.cells = (uint8_t *)cells};

	for (uint64_t round = 0; round < 3; round++) {
		for (k = 0; k < 6; k++) {
			uint64_t *cell = leat__trace_ring_cell(&ring);

			ck_assert_int_eq(cell != NULL, k < 4);
			if (!cell)
				continue;
			*cell = 10 * round + k;
			leat__trace_ring_put(&ring);
		}
		ck_assert_uint_eq(leat__trace_ring_len(&ring), 4);
		for (k = 0; k < 4; k++)
			ck_assert_uint_eq(
				*(const uint64_t *)leat__trace_ring_at(
					&ring, k),
				10 * round + k);
		leat__trace_ring_took(&ring, 4);
		ck_assert_uint_eq(ring.n_lost, 2 * (round + 1));
	}
}
END_TEST

/* ---- graphs --------------------------------------------------------------- */

static struct leat_graph *
graph_make(const struct leat__env *env)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct leat_step steps[] = {{&numbers_blocking_ops, &numbers},
		{&add_ops, NULL}, {&sink_blocking_ops, &sink}};
	struct leat_graph *graph;

	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(leat__graph_create(env, &opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	return graph;
}

static int
trace(struct leat_graph *graph, uint32_t ring_events, uint64_t max_bytes)
{
	struct leat_trace_file_opts opts = {
		LEAT_OPTS_INIT(leat_trace_file_opts), .path = "trace.json",
		.ring_events = ring_events, .max_bytes = max_bytes};

	return leat_graph_trace_file(graph, &opts, NULL);
}

/* How often a piece of text is in a text. */
static uint64_t
count(const char *text, const char *piece)
{
	size_t n_piece = strlen(piece);
	uint64_t n = 0;

	/* strstr() looks at all of a text each time, where memory is checked */
	for (; *text; text++)
		n += *text == *piece && !strncmp(text, piece, n_piece);
	return n;
}

/* Brackets and braces close, and the last event says what there is. */
static void
check_file(const struct leat_trace_stats *stats)
{
	size_t n;
	char *text = pipe_get_file("trace.json", &n), wanted[100];

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(stats->bytes, n);
	ck_assert_int_eq(strncmp(text, "[\n{\"name\"", 9), 0);
	ck_assert_str_eq(text + n - 5, "}}\n]\n");
	ck_assert_uint_eq(count(text, "{"), count(text, "}"));
	snprintf(wanted, sizeof(wanted), "\"events\":%llu,\"lost\":%llu}}",
		(unsigned long long)stats->events,
		(unsigned long long)stats->events_lost);
	ck_assert_ptr_nonnull(strstr(text, wanted));
	/* one more for the end; names are not counted */
	ck_assert_uint_eq(count(text, "\"ts\":"), stats->events + 1);
	free(text);
}

START_TEST(all_that_was_recorded_is_in_the_file)
{
	struct leat_trace_stats stats;
	struct leat_graph *graph;
	char *text;

	pipe_enter_folder();
	pipe_put_text("trace.json", "what was there before");
	graph = graph_make(leat__env_posix());
	ck_assert_int_eq(trace(graph, 0, 0), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_eq(seen.n, N_ITEMS);
	ck_assert_uint_eq(stats.events_lost, 0);
	check_file(&stats);
	text = pipe_get_file("trace.json", NULL);
	ck_assert_uint_ge(count(text, "\"cat\":\"run\""), 3);
	ck_assert_uint_ge(count(text, "\"end\":\"ended\""), 3);
	ck_assert_uint_ge(count(text, "\"cat\":\"credit\""), 3);
	ck_assert_ptr_nonnull(strstr(text, "\"numbers -> add\""));
	free(text);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

/* Microseconds that a segment was run, by the file. */
static double
run_us(const char *text, uint32_t segment, uint32_t *n_out)
{
	char wanted[32];
	double sum = 0;

	*n_out = 0;
	snprintf(wanted, sizeof(wanted), "\"segment\":%u,", segment);
	while (*text) {
		char line[1000];
		const char *dur;
		size_t n = 0;

		for (; *text && *text != '\n'; text++) {
			ck_assert_uint_lt(n, sizeof(line) - 1);
			line[n++] = *text;
		}
		line[n] = '\0';
		text += *text == '\n';
		dur = strstr(line, "\"dur\":");
		if (!dur || !strstr(line, "\"cat\":\"run\"") ||
			!strstr(line, wanted))
			continue;
		sum += atof(dur + strlen("\"dur\":"));
		++*n_out;
	}
	return sum;
}

/* Both look at the clock for themselves at the end of a step. */
START_TEST(what_it_says_of_work_is_what_the_counters_say)
{
	struct leat_graph *graph;
	char *text;

	pipe_enter_folder();
	graph = graph_make(leat__env_posix());
	ck_assert_int_eq(trace(graph, 0, 0), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	text = pipe_get_file("trace.json", NULL);
	for (uint32_t k = 0; k < graph->run->n_tasks; k++) {
		const struct leat__task *task = &graph->run->tasks[k];
		double counted_us =
			(double)task->sheet.spent_ns[LEAT__DOING_WORK] / 1e3;
		uint32_t n_slices;
		double us = run_us(text, k + 1, &n_slices);

		ck_assert_uint_gt(n_slices, 0);
		ck_assert_double_ge(us, counted_us - 0.001 * n_slices);
		/* a thread may be put aside between the two */
		ck_assert_double_lt(us, 3 * counted_us + 100000);
	}
	free(text);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_finds_no_room_is_counted)
{
	struct leat_trace_stats stats;
	struct leat_graph *graph;

	pipe_enter_folder();
	graph = graph_make(leat__env_posix());
	ck_assert_int_eq(trace(graph, 2, 0), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_gt(stats.events_lost, 0);
	check_file(&stats);
	leat_graph_destroy(graph);
	/* and what would make the file too long */
	graph = graph_make(leat__env_posix());
	ck_assert_int_eq(trace(graph, 0, 8192), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_gt(stats.events_lost, 0);
	ck_assert_uint_le(stats.bytes, 8192);
	check_file(&stats);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_file_of_a_cancelled_run_is_whole)
{
	struct numbers_opts endless = {LEAT_OPTS_INIT(numbers_opts), .n = 0};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_step steps[] = {
		{&numbers_ops, &endless}, {&sink_ops, &sink}};
	struct leat_trace_stats stats;
	struct leat_graph *graph;

	pipe_enter_folder();
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	ck_assert_int_eq(trace(graph, 0, 0), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_trace_stats(graph, &stats);
	check_file(&stats);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

/* ---- trouble -------------------------------------------------------------- */

START_TEST(a_full_disk_is_told_and_the_run_goes_on)
{
	struct fail_env world;
	struct leat_trace_stats stats;
	struct leat_graph *graph;
	struct leat_error err;

	pipe_enter_folder();
	fail_env_init(&world);
	world.write.fail_at = 2;
	world.write.fail_for_ever = true;
	world.write.sys_errno = ENOSPC;
	graph = graph_make(&world.env);
	ck_assert_int_eq(trace(graph, 0, 0), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(seen.n, N_ITEMS);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_cut, 1);
	ck_assert_int_eq(leat_graph_n_errors(graph), 1);
	ck_assert_int_eq(leat_graph_error(graph, 0, &err), LEAT_OK);
	ck_assert_int_eq(err.code, LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "trace.json"));
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(without_memory_or_file_nothing_is_left)
{
	struct leat_trace_file_opts nowhere = {
		LEAT_OPTS_INIT(leat_trace_file_opts), .path = "no/where"};
	struct leat_graph *graph = graph_make(leat__env_posix());
	struct leat_error err;

	ck_assert_int_eq(leat_graph_trace_file(graph, &nowhere, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_trace_file(graph, &nowhere, NULL), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "no/where"));
	leat_graph_destroy(graph);
	graph = graph_make(leat__env_posix());
	nowhere.path = "";
	ck_assert_int_eq(
		leat_graph_trace_file(graph, &nowhere, NULL), LEAT_EINVAL);
	nowhere.path = "x";
	nowhere.ring_events = LEAT_TRACE_RING_EVENTS_MAX + 1;
	ck_assert_int_eq(
		leat_graph_trace_file(graph, &nowhere, NULL), LEAT_EINVAL);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	nowhere.ring_events = 0;
	ck_assert_int_eq(
		leat_graph_trace_file(graph, &nowhere, NULL), LEAT_ESTATE);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("watch/trace_file", a_ring_keeps_what_it_has_and_counts_the_rest,
	all_that_was_recorded_is_in_the_file,
	what_it_says_of_work_is_what_the_counters_say,
	what_finds_no_room_is_counted, the_file_of_a_cancelled_run_is_whole,
	a_full_disk_is_told_and_the_run_goes_on,
	without_memory_or_file_nothing_is_left)
