/*
 * unit/watch/trace_export.c -- spans of frames: whose children they are, what
 * they are linked to, and that none is lost without being counted.
 */
#include "support/test.h"

#include "base/atomic.h"
#include "graph/graph.h"
#include "support/fail.h"
#include "support/numbers.h"
#include "support/pipe.h"

#include <leat/dead.h>
#include <unistd.h>

#define N_ITEMS 70u /* 10 frames of 7 */
#define TRACE   "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN    "00f067aa0ba902b7"

#define SPANS_MAX 4000u

struct seen_span {
	char trace[33], id[17], parent[17], name[32];
	char links[4][17];
	uint32_t n_links;
};

struct seen_all {
	struct seen_span spans[SPANS_MAX];
	uint32_t n;
	uint32_t n_calls;
	uint32_t n_refuse; /* of the first calls */
	int refuse;        /* with what */
};

static struct seen_all all;

/* ---- a collector ------------------------------------------------------------ */

/* What stands behind a key, up to its closing quote; "" = it is not there. */
static void
take(const char *from, const char *end, const char *key, char *out, size_t max)
{
	const char *at = strstr(from, key);
	size_t n;

	*out = '\0';
	if (!at || at >= end)
		return;
	at += strlen(key);
	n = strcspn(at, "\"");
	ck_assert_uint_lt(n, max);
	memcpy(out, at, n);
	out[n] = '\0';
}

static void
take_links(struct seen_span *s, const char *from, const char *end)
{
	const char *at = strstr(from, "\"links\":[");

	while (at && at < end && (at = strstr(at + 1, "{\"traceId\"")) &&
		at < end)
		take(at, end, "\"spanId\":\"", s->links[s->n_links++], 17);
}

static int
collect(void *user, const char *json, size_t n_bytes)
{
	const char *at = json, *next;

	(void)user;
	ck_assert_uint_eq(strlen(json), n_bytes);
	if (all.n_calls++ < all.n_refuse)
		return all.refuse;
	at = strstr(at, "\"spans\":[");
	for (at = strstr(at, "{\"traceId\""); at; at = next) {
		struct seen_span *s = &all.spans[all.n++];

		next = strstr(at, "\"status\"");
		take(at, next, "\"traceId\":\"", s->trace, 33);
		take(at, next, "\"spanId\":\"", s->id, 17);
		take(at, next, "\"parentSpanId\":\"", s->parent, 17);
		take(at, next, "\"name\":\"", s->name, 32);
		take_links(s, at, next);
		next = strstr(next, "{\"traceId\"");
	}
	return LEAT_OK;
}

static const struct seen_span *
find(const char *id)
{
	for (uint32_t k = 0; k < all.n; k++)
		if (strcmp(all.spans[k].id, id) == 0)
			return &all.spans[k];
	return NULL;
}

static uint32_t
count(const char *name, const char *parent)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < all.n; k++) {
		const struct seen_span *s = &all.spans[k];
		const struct seen_span *p = find(s->parent);

		n += strcmp(s->name, name) == 0 &&
			(!parent || strcmp(p ? p->name : "", parent) == 0);
	}
	return n;
}

/* Every span but the run's has a parent that is there, or stands in ids from
 * outside; and an id of its own. */
static void
check_tree(const char *outside)
{
	for (uint32_t k = 0; k < all.n; k++) {
		const struct seen_span *s = &all.spans[k];

		ck_assert_ptr_eq(find(s->id), s);
		ck_assert_msg(find(s->parent) || strcmp(s->name, "run") == 0 ||
				strcmp(s->parent, outside) == 0,
			"%s has no parent: %s", s->name, s->parent);
	}
}

/* ---- graphs ------------------------------------------------------------------ */

static struct sink_seen sink_seen;
static struct numbers_opts numbers = {
	LEAT_OPTS_INIT(numbers_opts), .n = N_ITEMS};
static struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &sink_seen};

static struct leat_trace_export_opts
export_opts(void)
{
	struct leat_trace_export_opts o = {
		LEAT_OPTS_INIT(leat_trace_export_opts), .send = collect,
		.sample_parts = LEAT_TRACE_WHOLE, .back_off_ns = 1000};

	return o;
}

static struct leat_graph *
graph_new(uint32_t workers)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = workers};
	struct leat_graph *graph;

	memset(&all, 0, sizeof(all));
	memset(&sink_seen, 0, sizeof(sink_seen));
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	return graph;
}

static struct leat_stage *
add(struct leat_graph *graph, const struct leat_stage_ops *ops,
	const void *opts, const char *name)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;
	struct leat_error err;
	int rc = leat_graph_add(graph, name, &step, &st, &err);

	ck_assert_msg(rc == LEAT_OK, "%s", err.text);
	return st;
}

static void
join(struct leat_graph *graph, struct leat_end out, struct leat_end in)
{
	ck_assert_int_eq(leat_graph_link(graph, out, in, NULL, NULL), LEAT_OK);
}

static void
run(struct leat_graph *graph, const struct leat_trace_export_opts *opts)
{
	struct leat_error err;
	int rc = leat_graph_trace_export(graph, opts, &err);

	ck_assert_msg(rc == LEAT_OK, "%s", err.text);
	rc = leat_graph_run(graph, &err);
	ck_assert_msg(rc == LEAT_OK, "%s", err.text);
}

/* numbers ! a ! b ! sink */
static struct leat_graph *
chain(const struct leat_stage_ops *a, const struct leat_stage_ops *b)
{
	struct leat_graph *graph = graph_new(1);
	struct leat_step steps[] = {{&numbers_ops, &numbers}, {a, NULL},
		{b, NULL}, {&sink_ops, &sink}};

	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, NULL), LEAT_OK);
	return graph;
}

START_TEST(each_frame_is_a_chain_of_spans_below_the_run)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&add_ops, &pass_ops);
	struct leat_trace_context root;
	struct leat_trace_stats stats;

	run(graph, &opts);
	ck_assert(leat_graph_trace_context(graph, &root));
	leat_trace_stats(graph, &stats);
	ck_assert_uint_eq(stats.spans, all.n);
	ck_assert_uint_eq(all.n, 1 + 4 * N_ITEMS / 7);
	ck_assert_uint_eq(count("numbers", "run"), N_ITEMS / 7);
	ck_assert_uint_eq(count("add", "numbers"), N_ITEMS / 7);
	ck_assert_uint_eq(count("pass", "add"), N_ITEMS / 7);
	ck_assert_uint_eq(count("sink", "pass"), N_ITEMS / 7);
	check_tree("");
	for (uint32_t k = 0; k < all.n; k++)
		ck_assert_str_eq(all.spans[k].trace, all.spans[0].trace);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(of_all_frames_a_share_is_traced)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&add_ops, &pass_ops);

	opts.sample_parts = 1; /* of a million: of ten frames none */
	run(graph, &opts);
	ck_assert_uint_lt(all.n, 9);
	leat_graph_destroy(graph);
	graph = chain(&add_ops, &pass_ops);
	opts.sample_parts = LEAT_TRACE_WHOLE;
	opts.flags = LEAT_TRACE_FOLLOW;
	run(graph, &opts);
	ck_assert_uint_eq(all.n, 1);
	leat_graph_destroy(graph);
}
END_TEST

/* Branches share their frames: nobody may write to them. */
START_TEST(shared_frames_have_another_parent_on_each_branch)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_tee_opts blocks = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};

	for (uint32_t workers = 1; workers <= 2; workers++) {
		struct leat_graph *graph = graph_new(workers);
		struct leat_stage *src =
			add(graph, &numbers_ops, &numbers, "n");
		struct leat_stage *tee =
			add(graph, &leat_tee_ops, &blocks, "t");
		struct leat_stage *a = add(graph, &pass_ops, NULL, "a");
		struct leat_stage *b = add(graph, &pass_ops, NULL, "b");
		struct leat_stage *m = add(graph, &union_ops, NULL, "m");
		struct leat_stage *end = add(graph, &sink_ops, &sink, "end");

		join(graph, leat_out(src, 0), leat_in(tee, 0));
		join(graph, leat_out(tee, 0), leat_in(a, 0));
		join(graph, leat_out(tee, 1), leat_in(b, 0));
		join(graph, leat_out(a, 0), leat_in(m, 0));
		join(graph, leat_out(b, 0), leat_in(m, 1));
		join(graph, leat_out(m, 0), leat_in(end, 0));
		run(graph, &opts);
		check_tree("");
		ck_assert_uint_eq(count("a", "t"), N_ITEMS / 7);
		ck_assert_uint_eq(count("b", "t"), N_ITEMS / 7);
		ck_assert_uint_eq(count("m", "a"), N_ITEMS / 7);
		ck_assert_uint_eq(count("m", "b"), N_ITEMS / 7);
		ck_assert_uint_eq(count("end", "m"), 2 * N_ITEMS / 7);
		leat_graph_destroy(graph);
	}
}
END_TEST

/* Spans of the sink that are of this trace. */
static uint32_t
count_in(const char *trace)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < all.n; k++)
		n += strcmp(all.spans[k].name, "sink") == 0 &&
			strcmp(all.spans[k].trace, trace) == 0;
	return n;
}

/* hold keeps a frame until the next: what it passes on then is of the trace of
 * the frame, not of the call. */
START_TEST(a_frame_that_was_held_stays_in_its_trace)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&hold_ops, &pass_ops);
	uint32_t n_traces = 0;

	opts.flags = LEAT_TRACE_APART;
	run(graph, &opts);
	for (uint32_t k = 0; k < all.n; k++) {
		const struct seen_span *s = &all.spans[k];
		const struct seen_span *p = find(s->parent);

		n_traces += !*s->parent;
		if (p)
			ck_assert_str_eq(s->trace, p->trace);
		if (strcmp(s->name, "numbers") == 0) {
			ck_assert_uint_eq(s->n_links, 1);
			ck_assert_str_eq(find(s->links[0])->name, "run");
		}
	}
	/* those of the frames, and the run's */
	ck_assert_uint_eq(n_traces, N_ITEMS / 7 + 1);
	for (uint32_t k = 0; k < all.n; k++)
		if (strcmp(all.spans[k].name, "numbers") == 0)
			ck_assert_uint_eq(count_in(all.spans[k].trace), 1);
	ck_assert_uint_eq(count("sink", NULL), N_ITEMS / 7);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- contexts from outside ---------------------------------------------------- */

static int
brings_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_trace_context c;
	const char *text = "00-" TRACE "-" SPAN "-01";

	ck_assert_int_eq(
		leat_trace_parse_traceparent(text, strlen(text), &c, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_frame_trace_set(in, &c, "a=1,b=2"), LEAT_OK);
	return leat_stage_emit(st, 0, in);
}

/* Takes frames of its own: context and state go over to them. */
static int
fresh_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_trace_context of_frame, of_call;
	struct leat_frame *out;

	ck_assert_str_eq(leat_frame_trace_state(in), "a=1,b=2");
	ck_assert(leat_frame_trace_get(in, &of_frame));
	ck_assert(leat_stage_trace(st, &of_call));
	ck_assert_mem_eq(of_frame.trace_id, of_call.trace_id, 16);
	ck_assert_mem_ne(of_frame.span_id, of_call.span_id, 8);
	ck_assert_int_eq(leat_stage_acquire(st, &out), LEAT_OK);
	memcpy(out->data, in->data, in->len_bytes);
	out->len_bytes = in->len_bytes;
	out->n_items = in->n_items;
	out->layout = in->layout;
	leat_stage_release(st, in);
	return leat_stage_emit(st, 0, out);
}

static const struct leat_stage_ops brings_ops = {LEAT_STAGE_OPS_INIT("brings"),
	.flags = LEAT_STAGE_IN_PLACE, .process = brings_process};
static const struct leat_stage_ops fresh_ops = {LEAT_STAGE_OPS_INIT("fresh"),
	.out_layout = LEAT_LAYOUT_ITEMS, .process = fresh_process};

START_TEST(what_a_frame_brings_is_followed)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&brings_ops, NULL}, {&fresh_ops, NULL}, {&fresh_ops, NULL},
		{&sink_ops, &sink}};
	struct leat_graph *graph = graph_new(1);

	ck_assert_int_eq(leat_graph_chain(graph, steps, 5, NULL), LEAT_OK);
	opts.flags = LEAT_TRACE_FOLLOW;
	run(graph, &opts);
	check_tree(SPAN);
	ck_assert_uint_eq(count("run", NULL), 1);
	ck_assert_uint_eq(count("brings", NULL), N_ITEMS / 7);
	ck_assert_uint_eq(count("fresh", "brings"), N_ITEMS / 7);
	ck_assert_uint_eq(count("fresh2", "fresh"), N_ITEMS / 7);
	ck_assert_uint_eq(count("sink", "fresh2"), N_ITEMS / 7);
	for (uint32_t k = 0; k < all.n; k++)
		if (strcmp(all.spans[k].name, "run") != 0)
			ck_assert_str_eq(all.spans[k].trace, TRACE);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- dead letters -------------------------------------------------------- */

static uint64_t
first_item(const struct leat_frame *frame)
{
	uint64_t item;

	memcpy(&item, frame->data, sizeof(item));
	return item;
}

/* A trace of its own for each frame: what it begins with. */
static int
names_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_trace_context c = {.span_id = {1}, .flags = 1};
	uint64_t item = first_item(in);

	memcpy(c.trace_id, &item, sizeof(item));
	ck_assert_int_eq(leat_frame_trace_set(in, &c, NULL), LEAT_OK);
	return leat_stage_emit(st, 0, in);
}

static int
refuses_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t item = first_item(in);
	struct leat_reject reject = {
		.reason = "it is first", .data = &item, .n_bytes = 8};
	int rc = leat_stage_reject(st, LEAT_EDATA, &reject);

	if (rc < 0)
		return rc;
	in->len_bytes -= 8;
	in->n_items--;
	memmove(in->data, in->data + 8, in->len_bytes);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops names_ops = {LEAT_STAGE_OPS_INIT("names"),
	.flags = LEAT_STAGE_IN_PLACE, .process = names_process};
static const struct leat_stage_ops refuses_ops = {
	LEAT_STAGE_OPS_INIT("refuses"),
	.flags =
		LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,
	.process = refuses_process};

static int
letter_look(const struct leat_letter *letter, void *user)
{
	const uint8_t *data = letter->data;
	char hex[17];

	++*(uint32_t *)user;
	ck_assert_uint_eq(letter->n_bytes, 8);
	for (uint32_t k = 0; k < 8; k++)
		snprintf(hex + 2 * k, 3, "%02x", data[k]);
	ck_assert_ptr_nonnull(letter->trace);
	ck_assert_int_eq(strncmp(letter->trace, "00-", 3), 0);
	ck_assert_int_eq(strncmp(letter->trace + 3, hex, 16), 0);
	return LEAT_OK;
}

static void
check_letters(uint32_t n)
{
	struct leat_dead *dead;
	uint32_t n_seen = 0;

	ck_assert_int_eq(
		leat_dead_open(NULL, "d.ndjson", LEAT_DEAD_READ, &dead, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_dead_each(dead, letter_look, &n_seen, NULL), LEAT_OK);
	leat_dead_close(dead);
	ck_assert_uint_eq(n_seen, n);
}

static void
run_refused(bool is_isolated)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = graph_new(1);
	struct leat_stage *src = add(graph, &numbers_ops, &numbers, "n");
	struct leat_stage *a = add(graph, &names_ops, NULL, "a");
	struct leat_stage *b = add(graph, &refuses_ops, NULL, "b");
	struct leat_stage *end = add(graph, &sink_ops, &sink, "end");
	struct leat_hook_step hook = {&leat_isolate_ops, NULL};

	join(graph, leat_out(src, 0), leat_in(a, 0));
	join(graph, leat_out(a, 0), leat_in(b, 0));
	join(graph, leat_out(b, 0), leat_in(end, 0));
	ck_assert_int_eq(
		leat_stage_set_on_error(b, LEAT_ON_ERROR_DEAD_LETTER, 0, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_stage_set_dead_letters(b, "d.ndjson", NULL), LEAT_OK);
	if (is_isolated)
		ck_assert_int_eq(
			leat_stage_set_hooks(b, &hook, 1, NULL), LEAT_OK);
	run(graph, &opts);
	leat_graph_destroy(graph);
}

START_TEST(dead_letters_tell_the_trace_of_their_frame)
{
	pipe_enter_folder();
	for (int k = 0; k < 2; k++) {
		unlink("d.ndjson");
		run_refused(k);
		check_letters(N_ITEMS / 7);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_frame_without_a_table_beside_it_has_no_trace)
{
	struct leat_trace_context c = {.trace_id = {1}}, none = {.flags = 0};
	struct leat_pool *pool;
	struct leat_frame *frame;

	ck_assert_int_eq(leat_pool_create(NULL, &pool, NULL), LEAT_OK);
	ck_assert_int_eq(leat_pool_try_acquire(pool, &frame), LEAT_OK);
	ck_assert_int_eq(leat_frame_trace_set(frame, &c, NULL), LEAT_ENOTSUP);
	ck_assert_int_eq(leat_frame_trace_set(frame, &none, NULL), LEAT_EINVAL);
	ck_assert(!leat_frame_trace_get(frame, &c));
	ck_assert_str_eq(leat_frame_trace_state(frame), "");
	leat_frame_release(frame);
	leat_pool_destroy(pool);
}
END_TEST

/* ---- sending ------------------------------------------------------------------- */

START_TEST(what_may_be_sent_again_is_and_arrives_once)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&add_ops, &pass_ops);
	struct leat_trace_stats stats;

	all.n_refuse = 3;
	all.refuse = LEAT_EAGAIN;
	opts.batch_spans = 4;
	run(graph, &opts);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_eq(stats.spans, 1 + 4 * N_ITEMS / 7);
	ck_assert_uint_eq(stats.spans, all.n);
	ck_assert_uint_eq(stats.spans_dropped + stats.spans_lost, 0);
	ck_assert_uint_eq(stats.requests, all.n_calls);
	check_tree("");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_may_not_be_sent_again_is_counted)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&add_ops, &pass_ops);
	struct leat_trace_stats stats;

	all.n_refuse = 1;
	all.refuse = LEAT_EIO;
	opts.batch_spans = 4;
	run(graph, &opts);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_eq(stats.spans_dropped, 4);
	ck_assert_uint_eq(stats.spans, all.n);
	ck_assert_uint_eq(stats.spans + 4, 1 + 4 * N_ITEMS / 7);
	leat_graph_destroy(graph);
	graph = chain(&add_ops, &pass_ops);
	all.n_refuse = UINT32_MAX;
	all.refuse = LEAT_EAGAIN;
	opts.attempts = 2;
	opts.batch_spans = 1000;
	run(graph, &opts);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_eq(stats.spans, 0);
	ck_assert_uint_eq(stats.spans_dropped, 1 + 4 * N_ITEMS / 7);
	ck_assert_uint_eq(stats.requests, 2);
	leat_graph_destroy(graph);
}
END_TEST

/* The last frames, while the exporter is busy. */
static uint32_t is_let_go;

static int
busy(void *user, const char *json, size_t n_bytes)
{
	while (!leat__load_acquire(&is_let_go))
		;
	return collect(user, json, n_bytes);
}

static int
lets_go_finish(struct leat_stage *st)
{
	(void)st;
	leat__store_release(&is_let_go, 1u);
	return LEAT_OK;
}

static int
lets_go_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops lets_go_ops = {
	LEAT_STAGE_OPS_INIT("lets_go"), .flags = LEAT_STAGE_SINK,
	.process = lets_go_process, .finish = lets_go_finish};

START_TEST(what_finds_no_room_is_counted_and_nobody_waits)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = graph_new(1);
	struct numbers_opts many = {LEAT_OPTS_INIT(numbers_opts), .n = 7 * 500};
	struct leat_step steps[] = {
		{&numbers_ops, &many}, {&lets_go_ops, NULL}};
	struct leat_trace_stats stats;

	is_let_go = 0;
	opts.send = busy;
	opts.ring_spans = 8;
	opts.batch_spans = 1;
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	run(graph, &opts);
	leat_trace_stats(graph, &stats);
	ck_assert_uint_gt(stats.spans_lost, 0);
	ck_assert_uint_eq(stats.spans, all.n);
	ck_assert_uint_eq(
		stats.spans + stats.spans_lost + stats.spans_dropped, 1001);
	leat_graph_destroy(graph);
}
END_TEST

/* numbers ! sink, with a file and spans; what comes of it. */
static int
run_in(const struct leat__env *env)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_trace_file_opts file = {
		LEAT_OPTS_INIT(leat_trace_file_opts), .path = "/dev/null",
		.ring_events = 64};
	struct leat_trace_export_opts spans = export_opts();
	struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&sink_ops, &sink}};
	struct leat_graph *graph;
	int rc = leat__graph_create(env, &opts, &graph, NULL);

	if (rc < 0)
		return rc;
	memset(&all, 0, sizeof(all));
	rc = leat_graph_chain(graph, steps, 2, NULL);
	if (rc >= 0)
		rc = leat_graph_trace_file(graph, &file, NULL);
	if (rc >= 0)
		rc = leat_graph_trace_export(graph, &spans, NULL);
	if (rc >= 0)
		rc = leat_graph_run(graph, NULL);
	leat_graph_destroy(graph);
	return rc;
}

START_TEST(whatever_is_refused_nothing_is_left)
{
	struct fail_env world;
	uint64_t n = 0;
	int rc;

	do {
		fail_env_init(&world);
		world.alloc_fail_at = ++n;
		rc = run_in(&world.env);
		ck_assert(rc == LEAT_OK || rc == LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, 0);
		ck_assert_uint_eq(world.fd_live, 0);
	} while (world.alloc_n >= n);
	ck_assert_int_eq(rc, LEAT_OK);
	ck_assert_uint_gt(n, 20);
	for (n = 1; n <= 3; n++) {
		fail_env_init(&world);
		world.thread.fail_at = n;
		rc = run_in(&world.env);
		ck_assert_int_eq(rc, LEAT_ELIMIT);
		ck_assert_uint_eq(world.alloc_live, 0);
		ck_assert_uint_eq(world.fd_live, 0);
	}
}
END_TEST

START_TEST(its_memory_is_part_of_the_bound)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&add_ops, &pass_ops);
	uint64_t without;

	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	without = leat_graph_bound_bytes(graph);
	ck_assert_int_eq(
		leat_graph_trace_export(graph, &opts, NULL), LEAT_ESTATE);
	leat_graph_destroy(graph);
	graph = chain(&add_ops, &pass_ops);
	opts.ring_spans = 65536;
	ck_assert_int_eq(leat_graph_trace_export(graph, &opts, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_trace_export(graph, &opts, NULL), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	ck_assert_uint_gt(leat_graph_bound_bytes(graph), without + 65536 * 100);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_is_out_of_range_is_refused)
{
	struct leat_trace_export_opts opts = export_opts();
	struct leat_graph *graph = chain(&add_ops, &pass_ops);
	struct leat_trace_context none = {.flags = 0};
	struct leat_error err;

	opts.sample_parts = LEAT_TRACE_WHOLE + 1;
	ck_assert_int_eq(
		leat_graph_trace_export(graph, &opts, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "sample_parts"));
	opts = export_opts();
	opts.parent = &none;
	ck_assert_int_eq(
		leat_graph_trace_export(graph, &opts, &err), LEAT_EINVAL);
	opts = export_opts();
	opts.send = NULL;
	ck_assert_int_eq(
		leat_graph_trace_export(graph, &opts, &err), LEAT_EINVAL);
	opts = export_opts();
	opts.flags = 4;
	ck_assert_int_eq(
		leat_graph_trace_export(graph, &opts, &err), LEAT_EINVAL);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("watch/trace_export", each_frame_is_a_chain_of_spans_below_the_run,
	of_all_frames_a_share_is_traced,
	shared_frames_have_another_parent_on_each_branch,
	a_frame_that_was_held_stays_in_its_trace,
	what_a_frame_brings_is_followed,
	dead_letters_tell_the_trace_of_their_frame,
	a_frame_without_a_table_beside_it_has_no_trace,
	what_may_be_sent_again_is_and_arrives_once,
	what_may_not_be_sent_again_is_counted,
	what_finds_no_room_is_counted_and_nobody_waits,
	whatever_is_refused_nothing_is_left, its_memory_is_part_of_the_bound,
	what_is_out_of_range_is_refused)
