/*
 * unit/watch/link.c -- counters of links, read while both ends are at work.
 */
#include "support/test.h"

#include "graph/graph.h"
#include "support/numbers.h"

#define N_ITEMS 60000u

/* numbers, on its own thread ! pass ! add ! sink, on its own thread */
static struct leat_graph *
graph_make(struct sink_seen *seen, uint32_t capacity)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = capacity};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = N_ITEMS, .per_frame = 10};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_blocking_ops, &numbers},
		{&pass_ops, NULL}, {&add_ops, NULL},
		{&sink_blocking_ops, &sink}};
	struct leat_graph *graph;

	memset(seen, 0, sizeof(*seen));
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, NULL), LEAT_OK);
	return graph;
}

static void
check_link(const struct leat_link_stats *s, uint32_t window)
{
	ck_assert_uint_eq(s->size, sizeof(*s));
	ck_assert_uint_eq(s->window_frames, window);
	ck_assert_uint_eq(
		s->credit_frames + s->queued_frames + s->held_frames, window);
	ck_assert_uint_le(s->records, N_ITEMS);
}

START_TEST(credit_queue_and_what_is_held_are_the_window_at_every_look)
{
	struct sink_seen seen;
	struct leat_graph *graph = graph_make(&seen, 3);
	uint64_t last = 0;

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	while (leat_graph_wait(graph, leat_now_ns(), NULL) == LEAT_ETIMEDOUT) {
		struct leat_link_stats s;

		ck_assert_int_eq(leat_link_stats(graph, 0, &s), LEAT_OK);
		check_link(&s, 3);
		ck_assert_uint_ge(s.frames, last);
		last = s.frames;
	}
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(at_the_end_links_have_what_went_through_them)
{
	struct sink_seen seen;
	struct leat_graph *graph = graph_make(&seen, 3);
	struct leat_link_stats s;
	uint32_t n_fused = 0;

	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	for (uint32_t k = 0; leat_link_stats(graph, k, &s) == LEAT_OK; k++) {
		bool is_fused = s.flags & LEAT_LINK_FUSED;

		ck_assert_uint_eq(s.records, N_ITEMS);
		ck_assert_uint_eq(s.frames, N_ITEMS / 10);
		ck_assert_uint_eq(s.bytes, 8 * N_ITEMS);
		ck_assert_uint_eq(s.refused, 0);
		ck_assert_uint_eq(s.from, k);
		ck_assert_uint_eq(s.to, k + 1);
		n_fused += is_fused;
		check_link(&s, is_fused ? 0 : 3);
		ck_assert_uint_eq(s.credit_frames, s.window_frames);
		ck_assert_uint_eq(s.flight_bytes, 0);
		ck_assert(is_fused || s.flags & LEAT_LINK_ENDED);
	}
	ck_assert_uint_eq(n_fused, 1);
	ck_assert_int_eq(leat_link_stats(graph, 3, &s), LEAT_EINVAL);
	ck_assert_int_eq(leat_link_stats(graph, 0, &s), LEAT_OK);
	ck_assert_str_eq(s.from_name, "numbers");
	ck_assert_str_eq(s.to_name, "pass");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_comes_between_two_counters_is_no_more_than_the_window)
{
	struct sink_seen seen;
	struct leat_graph *graph = graph_make(&seen, 3);
	struct leat_link_stats s;

	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	/* as if so many had come since this one was read */
	graph->links[0]->chan.granted_frames -= 5;
	ck_assert_int_eq(leat_link_stats(graph, 0, &s), LEAT_OK);
	check_link(&s, 3);
	ck_assert_uint_eq(s.credit_frames, 0);
	graph->links[0]->chan.granted_frames += 5;
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_a_receiver_did_not_want_is_refused)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 2};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 10};
	struct sink_seen seen = {0};
	struct sink_opts sink = {
		LEAT_OPTS_INIT(sink_opts), .seen = &seen, .enough = 95};
	struct leat_step steps[] = {
		{&numbers_blocking_ops, &numbers}, {&sink_blocking_ops, &sink}};
	struct leat_stage_stats to;
	struct leat_link_stats s;
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_link_stats(graph, 0, &s), LEAT_OK);
	ck_assert_int_eq(leat_stage_stats(graph, 1, &to), LEAT_OK);
	ck_assert(s.flags & LEAT_LINK_CLOSED);
	/* the tenth frame was the last one taken */
	ck_assert_uint_eq(to.in - s.refused, 100);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("watch/link",
	credit_queue_and_what_is_held_are_the_window_at_every_look,
	at_the_end_links_have_what_went_through_them,
	what_comes_between_two_counters_is_no_more_than_the_window,
	what_a_receiver_did_not_want_is_refused)
