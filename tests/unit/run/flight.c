/*
 * unit/run/flight.c -- the balance sheet while a graph runs.
 */
#include "support/test.h"

#include <pthread.h>
#include <sched.h>

#include "base/atomic.h"
#include "graph/graph.h"
#include "support/numbers.h"
#include "support/pipe.h"

/* ---- at rest, and of a stage that is held up ------------------------------ */

struct shut {
	uint32_t is_shut; /* atomic */
	uint32_t n_held;  /* items of frames that wait; atomic */
	uint32_t invents; /* a record more than there was */
};

struct shut_opts {
	uint32_t size;
	uint32_t flags;
	struct shut *shut;
};

static int
shut_init(struct leat_stage *st, const void *opts)
{
	*(struct shut **)leat_stage_state(st) =
		((const struct shut_opts *)opts)->shut;
	return LEAT_OK;
}

static int
shut_process(struct leat_stage *st, struct leat_frame *in)
{
	struct shut *shut = *(struct shut **)leat_stage_state(st);

	if (shut->invents)
		leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items + 1);
	leat__store_release(&shut->n_held, in->n_items);
	while (leat__load_acquire(&shut->is_shut) &&
		!leat_ctx_is_done(leat_stage_ctx(st)))
		sched_yield();
	if (!shut->invents)
		leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops shut_ops = {LEAT_STAGE_OPS_INIT("shut"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,
	.state_bytes = sizeof(struct shut *),
	.opts_bytes = sizeof(struct shut_opts), .init = shut_init,
	.process = shut_process};

static struct leat_graph *
shut_graph(struct shut *shut, uint64_t n)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 5};
	struct shut_opts sink = {LEAT_OPTS_INIT(shut_opts), .shut = shut};
	struct leat_step steps[] = {{&numbers_ops, &numbers}, {&pass_ops, NULL},
		{&shut_ops, &sink}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	return graph;
}

static struct leat_flight
flight_of(const struct leat_graph *graph)
{
	struct leat_flight flight;

	leat_graph_flight(graph, &flight);
	ck_assert_uint_le(flight.least, flight.most);
	if (flight.is_exact)
		ck_assert_uint_eq(flight.least, flight.most);
	return flight;
}

START_TEST(what_is_held_up_is_in_flight_to_the_last_record)
{
	struct shut shut = {.is_shut = 1};
	struct leat_graph *graph = shut_graph(&shut, 5);
	struct leat_flight flight;

	flight = flight_of(graph);
	ck_assert_uint_eq(flight.most, 0);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	while (!leat__load_acquire(&shut.n_held))
		sched_yield();
	flight = flight_of(graph);
	ck_assert_uint_eq(flight.is_sound, 1);
	ck_assert_uint_eq(flight.is_exact, 1); /* nobody can go on */
	ck_assert_uint_eq(flight.most, 5);
	leat__store_release(&shut.is_shut, 0u);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	flight = flight_of(graph);
	ck_assert_uint_eq(flight.is_exact, 1);
	ck_assert_uint_eq(flight.most, 0);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_stage_that_invents_a_record_is_found_while_it_runs)
{
	struct shut shut = {.is_shut = 1, .invents = 1};
	struct leat_graph *graph = shut_graph(&shut, 5);
	struct leat_flight flight;

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	while (!leat__load_acquire(&shut.n_held))
		sched_yield();
	flight = flight_of(graph);
	ck_assert_uint_eq(flight.is_sound, 0);
	ck_assert_uint_eq(flight.fault, 2);
	leat__store_release(&shut.is_shut, 0u);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- ready-made stages, looked at while they run -------------------------- */

/* Looks from inside of an emit, when a frame is about to be somebody else's:
 * what came into being with it has been counted. */
struct inside {
	struct leat__tap tap; /* first */
	struct leat_graph *graph;
	uint64_t n; /* atomic */
	uint64_t n_unsound;
	uint32_t fault;
};

static void
look_inside(struct leat__tap *tap, struct leat_frame *frame)
{
	struct inside *inside = (struct inside *)(void *)tap;
	struct leat_flight flight = flight_of(inside->graph);

	(void)frame;
	if (!flight.is_sound && !inside->n_unsound++)
		inside->fault = flight.fault;
	inside->n++;
}

/* One for each link. */
static struct inside *
inside_all(struct leat_graph *graph)
{
	struct inside *all = calloc(graph->n_links, sizeof(*all));

	ck_assert_ptr_nonnull(all);
	for (uint32_t k = 0; k < graph->n_links; k++) {
		all[k].graph = graph;
		all[k].tap.state = LEAT__TAP_WANTS;
		all[k].tap.fill = look_inside;
		graph->links[k]->tap = &all[k].tap;
	}
	return all;
}

static void
inside_again(struct inside *all, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		uint32_t is_full = LEAT__TAP_IS_FULL;

		(void)leat__cas_acq_rel(
			&all[k].tap.state, &is_full, LEAT__TAP_WANTS);
	}
}

/* Every link has been looked into, and showed nothing odd. */
static void
inside_end(struct inside *all, struct leat_graph *graph, const char *text)
{
	for (uint32_t k = 0; k < graph->n_links; k++) {
		graph->links[k]->tap = NULL;
		ck_assert_msg(all[k].n > 0, "%s: nothing came out of '%s'",
			text, graph->links[k]->from->name);
		ck_assert_msg(!all[k].n_unsound,
			"%s: inside of an emit of '%s', '%s' has told of more "
			"than it had",
			text, graph->links[k]->from->name,
			all[k].fault < graph->n_stages
				? graph->stages[all[k].fault]->name
				: "the whole");
	}
	free(all);
}

struct look {
	struct leat_graph *graph;
	struct inside *inside;
	uint32_t is_over; /* atomic */
	uint64_t n;
	uint64_t n_unsound;
	uint32_t fault;
};

static void *
look_on(void *arg)
{
	struct look *look = arg;

	while (!leat__load_acquire(&look->is_over)) {
		struct leat_flight flight = flight_of(look->graph);

		look->n++;
		inside_again(look->inside, look->graph->n_links);
		if (!flight.is_sound && !look->n_unsound++)
			look->fault = flight.fault;
	}
	return NULL;
}

static void
check_job(const char *text)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .capacity_frames = 2};
	struct look look = {0};
	struct leat_stage_stats stats = {0};
	struct leat_error err = {0};
	pthread_t thread;

	ck_assert_int_eq(leat_graph_create(&opts, &look.graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_parse(look.graph, text, &err) == LEAT_OK,
		"%s: %s", text, err.text);
	ck_assert_msg(leat_graph_check(look.graph, &err) == LEAT_OK, "%s: %s",
		text, err.text);
	look.inside = inside_all(look.graph);
	ck_assert_msg(leat_graph_start(look.graph, &err) == LEAT_OK, "%s: %s",
		text, err.text);
	ck_assert_int_eq(pthread_create(&thread, NULL, look_on, &look), 0);
	ck_assert_msg(leat_graph_wait(look.graph, LEAT_NEVER, &err) == LEAT_OK,
		"%s: %s", text, err.text);
	leat__store_release(&look.is_over, 1u);
	pthread_join(thread, NULL);
	if (look.n_unsound)
		(void)!leat_stage_stats(look.graph, look.fault, &stats);
	ck_assert_msg(!look.n_unsound, "%s: '%s' %d of %d times", text,
		stats.name ? stats.name : "the whole", (int)look.n_unsound,
		(int)look.n);
	ck_assert_uint_eq(flight_of(look.graph).most, 0);
	inside_end(look.inside, look.graph, text);
	leat_graph_destroy(look.graph);
}

static void
put_rows(const char *path, int n)
{
	FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	fputs("id,key,text\n", out);
	for (int k = 0; k < n; k++)
		fprintf(out, "%d,k%d,a b\n", k, k % 97);
	fclose(out);
}

/* Of each key two, of each number two, and objects. */
static void
put_others(void)
{
	FILE *twice = fopen("twice.csv", "w");
	FILE *other = fopen("other.csv", "w");
	FILE *json = fopen("a.json", "w");

	ck_assert(twice && other && json);
	fputs("key,more\n", twice);
	fputs("n,more\n", other);
	for (int k = 0; k < 8000; k++) {
		if (k < 160)
			fprintf(twice, "k%d,m%d\n", k / 2, k);
		fprintf(other, "%d,m%d\n", k / 2, k);
		fprintf(json, "{\"id\": %d, \"text\": \"t%d\"}\n", k, k % 7);
	}
	fclose(twice);
	fclose(other);
	fclose(json);
}

START_TEST(ready_made_stages_never_tell_of_more_than_they_had)
{
	static const char *const jobs[] = {
		"read a.csv chunk_bytes=4k ! csv.parse ! where \"id > 5\" ! "
		"derive \"n = id::int64\" ! write b.csv sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! sort key,id "
		"memory=65536 spill_dir=. ! write b.csv sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! group \"n=count()\" "
		"by=key ! write b.csv.gz sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! top 10 by=key ! "
		"number ! write b.json sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! dedup key ! "
		"tail 50 ! write b.csv sync=off",
		"read a.csv chunk_bytes=4k ! lines.parse ! sample 3 ! "
		"head 2000 ! upper ! lines.format ! write b.txt sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! tee block,spill "
		"spill_dir=. name=t t. ! write b.csv sync=off t. ! count ! "
		"write c.txt sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! split credit name=s "
		"s. ! m. s. ! m. merge name=m ! write b.csv sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! split-column text "
		"sep=\" \" into=x,y ! window tumbling \"n=count()\" rows=10 ! "
		"write.split out-{n}.csv sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! lookup twice.csv "
		"on=key kind=left ! write b.csv sync=off",
		"read a.json chunk_bytes=4k ! json.parse ! write b.csv "
		"sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse ! m. "
		"read other.csv chunk_bytes=4k ! csv.parse ! m. "
		"zip name=m ! write b.csv sync=off",
		"read a.csv chunk_bytes=4k ! csv.parse schema=id:int64 ! m. "
		"read other.csv chunk_bytes=4k ! csv.parse schema=n:int64 ! "
		"rename id=n ! m. "
		"join on=id name=m ! write b.csv sync=off",
	};

	pipe_enter_folder();
	put_rows("a.csv", 8000);
	put_others();
	for (size_t k = 0; k < sizeof(jobs) / sizeof(jobs[0]); k++)
		check_job(jobs[k]);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/flight", what_is_held_up_is_in_flight_to_the_last_record,
	a_stage_that_invents_a_record_is_found_while_it_runs,
	ready_made_stages_never_tell_of_more_than_they_had)
