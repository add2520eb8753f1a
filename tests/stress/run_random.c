/*
 * stress/run_random.c -- random chains on real threads against an oracle.
 *
 * Each round draws a chain (filters, expanders, stages that hold, several
 * branches joined again), capacities from 1 up, 1 to 4 workers, frames of 1 to
 * 64 items, blocking or cooperative ends, and one end of five: by itself,
 * enough, drain, cancel, failure. It pushes more items through than all
 * buffers hold. LEAT_SEED replays; LEAT_STRESS multiplies the rounds.
 */
#include "support/test.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/atomic.h"
#include "support/numbers.h"

static uint64_t current_seed; /* of the round, for messages */

#define must(cond)                                                             \
	ck_assert_msg(cond, "LEAT_SEED=%llu: %s",                              \
		(unsigned long long)current_seed, #cond)

/* A round that hangs says which one it was. */
static void
say_seed(int signal_)
{
	fprintf(stderr, "LEAT_SEED=%llu hangs or aborts\n",
		(unsigned long long)current_seed);
	signal(signal_, SIG_DFL);
	raise(signal_);
}

struct draw {
	uint64_t state;
};

static uint64_t
draw_next(struct draw *d)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return d->state;
}

static uint32_t
draw_below(struct draw *d, uint32_t n)
{
	return (uint32_t)((draw_next(d) >> 20) % n);
}

enum ending { BY_ITSELF, ENOUGH, DRAIN, CANCEL, FAILURE, N_ENDINGS };

struct plan {
	enum ending ending;
	uint64_t n;
	uint32_t n_odd, n_add; /* stages of that kind in the chain */
	bool is_forked;
	struct sink_seen seen;
	struct sink_opts sink;
	struct numbers_opts numbers;
};

static struct leat_stage *
add(struct leat_graph *graph, const struct leat_stage_ops *ops,
	const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;
	struct leat_error err;

	ck_assert_msg(leat_graph_add(graph, NULL, &step, &st, &err) == LEAT_OK,
		"%s", err.text);
	return st;
}

static void
join(struct leat_graph *graph, struct draw *d, struct leat_end out,
	struct leat_end in)
{
	struct leat_link_opts opts = {LEAT_OPTS_INIT(leat_link_opts),
		.capacity_frames = 1 + draw_below(d, 4),
		.capacity_bytes = draw_below(d, 3) ? 0 : 100};
	struct leat_error err;

	ck_assert_msg(leat_graph_link(graph, out, in, &opts, &err) == LEAT_OK,
		"%s", err.text);
}

/* A few filters behind `from`; returns the last stage. */
static struct leat_stage *
draw_chain(struct leat_graph *graph, struct draw *d, struct plan *p,
	struct leat_stage *from, uint32_t out)
{
	static const struct leat_stage_ops *const kinds[] = {
		&add_ops, &odd_ops, &pass_ops, &single_ops, &hold_ops};
	uint32_t n = draw_below(d, 4);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t kind = draw_below(d, 5);
		struct leat_stage *st;

		if (p->is_forked && kind < 2)
			kind = 2; /* the oracle counts these on a straight line
				   */
		p->n_add += kind == 0 && p->n_odd == 0;
		p->n_odd += kind == 1;
		if (kind == 0 && p->n_odd)
			kind = 2;
		st = add(graph, kinds[kind], NULL);
		join(graph, d, leat_out(from, out), leat_in(st, 0));
		from = st;
		out = 0;
	}
	return from;
}

static void
draw_graph(struct leat_graph *graph, struct draw *d, struct plan *p)
{
	struct leat_stage *from, *to, *deal, *both;

	from = add(graph,
		draw_below(d, 2) ? &numbers_ops : &numbers_blocking_ops,
		&p->numbers);
	if (p->is_forked) {
		deal = add(graph, &deal_ops, NULL);
		both = add(graph, &union_ops, NULL);
		join(graph, d, leat_out(from, 0), leat_in(deal, 0));
		for (uint32_t k = 0; k < 2; k++) {
			struct leat_stage *arm =
				draw_chain(graph, d, p, deal, k);

			join(graph, d, leat_out(arm, arm == deal ? k : 0),
				leat_in(both, k));
		}
		from = both;
	}
	from = draw_chain(graph, d, p, from, 0);
	to = add(graph, draw_below(d, 2) ? &sink_ops : &sink_blocking_ops,
		&p->sink);
	join(graph, d, leat_out(from, 0), leat_in(to, 0));
}

/* What a straight chain must deliver: n numbers, +1 per add, odd ones kept. */
static uint64_t
oracle_n(const struct plan *p)
{
	uint64_t n = 0;

	for (uint64_t k = 1; k <= p->n; k++)
		n += p->n_odd == 0 || (k + p->n_add) % 2 == 1;
	return n;
}

static void
check_end(struct leat_graph *graph, struct plan *p, int rc)
{
	struct leat_graph_stats stats;

	leat_graph_stats(graph, &stats);
	must(stats.is_balanced == 1);
	if (!p->is_forked)
		must(p->seen.n_back == 0);
	if (p->ending == CANCEL && rc == LEAT_ECANCELED)
		return;
	if (p->ending == FAILURE) {
		must(rc == LEAT_EIO);
		return;
	}
	must(rc == LEAT_OK);
	must(stats.unfinished == 0);
	must(p->seen.is_finished == 1);
	if (p->ending == BY_ITSELF)
		must(p->seen.n == oracle_n(p));
	if (p->ending == ENOUGH)
		must(p->seen.n == p->sink.enough);
	if (p->ending == DRAIN)
		must(p->seen.n == stats.written);
}

static void
draw_plan(struct draw *d, struct plan *p)
{
	p->ending = draw_below(d, N_ENDINGS);
	p->is_forked = draw_below(d, 3) == 0;
	p->n = p->ending == BY_ITSELF ? 1 + draw_below(d, 3000) : 0;
	p->numbers = (struct numbers_opts){LEAT_OPTS_INIT(numbers_opts),
		.n = p->n, .per_frame = 1 + draw_below(d, 64)};
	p->sink =
		(struct sink_opts){LEAT_OPTS_INIT(sink_opts), .seen = &p->seen};
	if (p->ending == ENOUGH)
		p->sink.enough = 1 + draw_below(d, 2000);
	if (p->ending == FAILURE)
		p->sink.fail_at = 2 * draw_below(d, 1000) + 101;
}

static void
one_round(uint64_t seed)
{
	struct draw d = {seed * 0x9e3779b97f4a7c15ull + 1};
	struct plan p = {0};
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts)};
	struct leat_graph *graph;
	struct leat_error err;
	int rc;

	for (int k = 0; k < 8; k++)
		draw_next(&d);
	draw_plan(&d, &p);
	opts.workers = 1 + draw_below(&d, 4);
	opts.quantum_ns = draw_below(&d, 2) ? 1 : 0;
	opts.spin_ns = draw_below(&d, 2) ? 2000 : 0;
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	draw_graph(graph, &d, &p);
	/* an odd number survives any even count of additions only */
	if (p.ending == FAILURE && (p.n_odd || p.n_add))
		p.sink.fail_at |= 1;
	ck_assert_msg(leat_graph_start(graph, &err) == LEAT_OK, "%s", err.text);
	if (p.ending == DRAIN || p.ending == CANCEL)
		for (uint32_t n = draw_below(&d, 300);
			leat__load_relaxed(&p.seen.n) < n;)
			sched_yield();
	if (p.ending == DRAIN)
		leat_graph_drain(graph);
	if (p.ending == CANCEL)
		leat_graph_cancel(graph);
	rc = leat_graph_wait(graph, LEAT_NEVER, &err);
	check_end(graph, &p, rc);
	leat_graph_destroy(graph);
}

START_TEST(random_graphs_end_as_they_should_and_lose_nothing)
{
	const char *replay = getenv("LEAT_SEED");
	const char *scale = getenv("LEAT_STRESS");
	uint64_t n = 400 * (scale ? strtoull(scale, NULL, 10) : 1);
	uint64_t first = replay ? strtoull(replay, NULL, 10)
				: (uint64_t)leat_now_ns() % 1000000007;

	signal(SIGALRM, say_seed);
	signal(SIGABRT, say_seed);
	printf("LEAT_SEED=%llu and %llu more\n", (unsigned long long)first,
		(unsigned long long)(replay ? 0 : n - 1));
	for (uint64_t seed = first; seed < first + (replay ? 1 : n); seed++) {
		current_seed = seed;
		alarm(60);
		one_round(seed);
	}
}
END_TEST

int
main(void)
{
	static const TTest *tests[1];

	setenv("LEAT_TEST_SECONDS", "3000", 0);
	tests[0] = random_graphs_end_as_they_should_and_lose_nothing;
	return test_main("stress/run_random", tests, 1);
}
