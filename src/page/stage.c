/*
 * page/stage.c -- all of one stage, with its histograms.
 *
 * Threads: any.
 */
#include <leat/metrics.h>

#include "page/page.h"

/* Buckets come as [over, up to, how many]: about one for each eighth of a power
 * of two, so that neighbours are added up. */
struct stage_buckets {
	struct leat__page *p;
	uint64_t low_ns, high_ns, n;
};

static void
buckets_put(struct stage_buckets *b)
{
	if (!b->n)
		return;
	leat__json_open(&b->p->j, NULL, '[');
	leat__json_number(&b->p->j, NULL, b->low_ns);
	leat__json_number(&b->p->j, NULL, b->high_ns);
	leat__json_number(&b->p->j, NULL, b->n);
	leat__json_close(&b->p->j, ']');
}

/* The bounds of its eighth of a power of two are told by the first bits. */
static uint64_t
bucket_class(uint64_t low_ns)
{
	uint32_t top;

	if (low_ns < 16)
		return low_ns;
	top = 63u - (uint32_t)__builtin_clzll(low_ns);
	return ((uint64_t)top << 3) | ((low_ns >> (top - 3)) & 7);
}

static void
buckets_add(void *user, uint64_t low_ns, uint64_t high_ns, uint64_t n)
{
	struct stage_buckets *b = user;

	if (b->n && bucket_class(low_ns) != bucket_class(b->low_ns)) {
		buckets_put(b);
		b->n = 0;
	}
	if (!b->n)
		b->low_ns = low_ns;
	b->high_ns = high_ns;
	b->n += n;
}

static void
stage_latency(
	struct leat__page *p, const char *name, uint32_t stage, uint32_t what)
{
	struct stage_buckets buckets = {.p = p};
	struct leat_latency l;

	if (leat_latency_read(p->graph, stage, what, &l) < 0)
		return;
	leat__json_open(&p->j, name, '{');
	leat__json_number(&p->j, "n", l.n);
	leat__json_number(&p->j, "sum_ns", l.sum_ns);
	leat__json_number(&p->j, "p50_ns", l.p50_ns);
	leat__json_number(&p->j, "p90_ns", l.p90_ns);
	leat__json_number(&p->j, "p99_ns", l.p99_ns);
	leat__json_number(&p->j, "p999_ns", l.p999_ns);
	leat__json_number(&p->j, "p9999_ns", l.p9999_ns);
	leat__json_number(&p->j, "longest_ns", l.longest_ns);
	leat__json_open(&p->j, "buckets", '[');
	if (leat_latency_each(p->graph, stage, what, buckets_add, &buckets) ==
		LEAT_OK)
		buckets_put(&buckets);
	leat__json_close(&p->j, ']');
	leat__json_close(&p->j, '}');
}

static void
stage_records(struct leat__page *p, const struct leat_stage_stats *s)
{
	const struct {
		const char *name;
		uint64_t value;
	} records[] = {{"in", s->in}, {"out", s->out}, {"read", s->read},
		{"made", s->made}, {"written", s->written},
		{"filtered", s->filtered}, {"failed", s->failed},
		{"folded", s->folded}, {"shed", s->shed},
		{"dead_lettered", s->dead_lettered}, {"skipped", s->skipped},
		{"given_up", s->given_up}, {"in_bytes", s->in_bytes},
		{"out_bytes", s->out_bytes}, {"in_frames", s->in_frames},
		{"out_frames", s->out_frames},
		{"copied_bytes", s->copied_bytes}};

	for (size_t k = 0; k < leat__array_len(records); k++)
		leat__json_number(&p->j, records[k].name, records[k].value);
}

static void
stage_guards(struct leat__page *p, uint32_t stage)
{
	struct leat_hook_stats stats;

	leat__json_open(&p->j, "guards", '[');
	for (uint32_t k = 0;
		leat_stage_hook_stats(p->graph, stage, k, &stats) == 0; k++) {
		leat__json_open(&p->j, NULL, '{');
		leat__json_text(&p->j, "name", stats.name);
		leat__json_number(&p->j, "again", stats.n_again);
		leat__json_number(&p->j, "shed_frames", stats.n_shed);
		leat__json_number(&p->j, "refused", stats.n_refused);
		leat__json_number(&p->j, "elsewhere", stats.n_elsewhere);
		leat__json_number(&p->j, "wait_ns", stats.wait_ns);
		leat__json_close(&p->j, '}');
	}
	leat__json_close(&p->j, ']');
}

void
leat__page_stage(struct leat__page *p, uint32_t stage)
{
	const struct leat_load *load = p->opts->load;
	struct leat_stage_stats stats;
	struct leat_stage_load shares;

	if (leat_stage_stats(p->graph, stage, &stats) < 0)
		return;
	leat__json_open(&p->j, NULL, '{');
	leat__json_text(&p->j, "name", stats.name);
	stage_records(p, &stats);
	leat__json_bool(&p->j, "is_done", stats.flags & LEAT_STATS_DONE);
	if (load && leat_load_stage(load, stage, &shares) == 0) {
		leat__json_open(&p->j, "window", '{');
		leat__page_shares(p, &shares.window);
		leat__json_close(&p->j, '}');
		leat__json_open(&p->j, "total", '{');
		leat__page_shares(p, &shares.total);
		leat__json_close(&p->j, '}');
	}
	stage_latency(p, "call", stage, LEAT_LATENCY_CALL);
	stage_latency(p, "arrival", stage, LEAT_LATENCY_ARRIVAL);
	stage_guards(p, stage);
	leat__json_close(&p->j, '}');
}
