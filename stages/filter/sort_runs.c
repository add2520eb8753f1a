/*
 * stages/filter/sort_runs.c -- sorted runs, on the disk and in memory, merged
 * by a tree of losers.
 *
 * What does not fit at once is merged group by group, neighbours with
 * neighbours, so that equal records stay in the order in which they came.
 * Keeps: of each run the next record is whole in memory; the losers' tree has
 * every run but the least one.
 * Threads: the one that steps the stage's task.
 * Source: Knuth, The Art of Computer Programming, volume 3, 5.4.1.
 */
#include <leat/stage.h>

#include "sort_runs.h"

#define RUNS_BUF_MAX     (1u << 20) /* of a run: more makes it no faster */
#define RUNS_BUF_GOOD    65536u     /* less is slow: then all is spilled */
#define RUNS_BUF_MIN     4096u
#define RUNS_RESERVE_MAX (64u << 20)
#define RUNS_AHEAD       6u /* records that are asked for early */

size_t
leat__sort_runs_reserve(size_t n_memory)
{
	size_t n = n_memory / 8;

	return n < RUNS_RESERVE_MAX ? n : RUNS_RESERVE_MAX;
}

/* ---- writing a run -------------------------------------------------------- */

/* Write behind what the run has. */
static int
runs_write(struct leat__sort_runs *r, const uint8_t *data, size_t n_bytes)
{
	struct leat__sort_run *run = &r->runs[r->n_runs];
	uint64_t offset;
	int rc;

	if (!n_bytes)
		return LEAT_OK;
	rc = leat_scratch_append(r->scratch, data, n_bytes, &offset);
	if (rc)
		return rc;
	if (run->end == 0)
		run->offset = offset;
	run->end = offset + n_bytes;
	return LEAT_OK;
}

static int
runs_write_out(struct leat__sort_runs *r)
{
	size_t n = r->n_out;

	r->n_out = 0;
	return runs_write(r, r->out, n);
}

static int
runs_begin(struct leat__sort_runs *r)
{
	r->max_out = r->n_reserve < RUNS_BUF_MAX ? r->n_reserve : RUNS_BUF_MAX;
	r->out = r->memory + r->n_memory - r->max_out;
	r->n_out = 0;
	if (r->scratch)
		return LEAT_OK;
	return leat_scratch_open(r->st, r->folder, r->most_bytes, &r->scratch);
}

static int
runs_put(struct leat__sort_runs *r, const uint8_t *record, size_t n_bytes)
{
	int rc = LEAT_OK;

	if (n_bytes > r->max_record)
		r->max_record = n_bytes;
	if (n_bytes > r->max_out - r->n_out)
		rc = runs_write_out(r);
	if (rc)
		return rc;
	if (n_bytes > r->max_out)
		return runs_write(r, record, n_bytes);
	memcpy(r->out + r->n_out, record, n_bytes);
	r->n_out += n_bytes;
	return LEAT_OK;
}

/* ---- a run that is merged ------------------------------------------------- */

/* The record at a place, or none. */
static void
way_open(struct leat__sort_way *way, const uint8_t *at)
{
	way->is_ended = !at;
	if (!at)
		return;
	way->record = leat__sort_open(at);
	way->prefix = leat__sort_prefix(way->record.key, way->record.n_key, 0);
}

/* What is left of the buffer to its front, then more of the file. */
static int
way_fill(struct leat__sort_runs *r, struct leat__sort_way *way)
{
	uint64_t left = way->rest.end - way->rest.offset;
	size_t n;
	int rc;

	way->n -= way->at;
	memmove(way->buf, way->buf + way->at, way->n);
	way->at = 0;
	n = way->n_max - way->n;
	if (n > left)
		n = (size_t)left;
	if (!n)
		return LEAT_OK;
	rc = leat_scratch_read(
		r->scratch, way->rest.offset, way->buf + way->n, n);
	if (rc)
		return rc;
	way->rest.offset += n;
	way->n += n;
	return LEAT_OK;
}

/* Is the next record whole in the buffer? */
static bool
way_has_record(const struct leat__sort_way *way)
{
	struct leat__sort_record x;

	if (way->n - way->at < sizeof(struct leat__sort_head))
		return false;
	x = leat__sort_open(way->buf + way->at);
	return way->n - way->at >= leat__sort_bytes(&x);
}

static int
way_step_file(struct leat__sort_runs *r, struct leat__sort_way *way)
{
	int rc = LEAT_OK;

	if (!way_has_record(way))
		rc = way_fill(r, way);
	if (rc)
		return rc;
	if (way->at == way->n) {
		way_open(way, NULL);
		return LEAT_OK;
	}
	if (!way_has_record(way))
		return leat_stage_fail(r->st, LEAT_EIO,
			"what was spilled did not come back as it was written");
	way_open(way, way->buf + way->at);
	way->at += leat__sort_bytes(&way->record);
	return LEAT_OK;
}

static void
way_step_memory(struct leat__sort_way *way)
{
	if (way->entry == way->last) {
		way_open(way, NULL);
		return;
	}
	if (way->last - way->entry > RUNS_AHEAD)
		__builtin_prefetch(way->base + way->entry[RUNS_AHEAD].at);
	way_open(way, way->base + way->entry++->at);
}

static int
way_step(struct leat__sort_runs *r, struct leat__sort_way *way)
{
	if (!way->entry)
		return way_step_file(r, way);
	way_step_memory(way);
	return LEAT_OK;
}

/* ---- the tree of losers --------------------------------------------------- */

static bool
ways_is_before(const struct leat__sort_runs *r, uint32_t a, uint32_t b)
{
	const struct leat__sort_way *x = &r->ways[a], *y = &r->ways[b];
	uint32_t n;
	int order;

	if (x->is_ended || y->is_ended)
		return !x->is_ended || (y->is_ended && a < b);
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix;
	n = x->record.n_key < y->record.n_key ? x->record.n_key
					      : y->record.n_key;
	order = memcmp(x->record.key, y->record.key, n);
	return order ? order < 0 : a < b;
}

/* The winner below a node; losers stay in the tree. */
static uint32_t
ways_play(struct leat__sort_runs *r, uint32_t node)
{
	uint32_t a, b;

	if (node >= r->n_ways)
		return node - r->n_ways;
	a = ways_play(r, 2 * node);
	b = ways_play(r, 2 * node + 1);
	r->losers[node] = ways_is_before(r, a, b) ? b : a;
	return r->losers[node] == a ? b : a;
}

const struct leat__sort_record *
leat__sort_runs_top(const struct leat__sort_runs *r)
{
	const struct leat__sort_way *way = &r->ways[r->losers[0]];

	return way->is_ended ? NULL : &way->record;
}

int
leat__sort_runs_step(struct leat__sort_runs *r)
{
	uint32_t winner = r->losers[0];
	int rc = way_step(r, &r->ways[winner]);

	for (uint32_t node = (winner + r->n_ways) / 2; node; node /= 2) {
		uint32_t other = r->losers[node];

		if (ways_is_before(r, other, winner)) {
			r->losers[node] = winner;
			winner = other;
		}
	}
	r->losers[0] = winner;
	return rc;
}

/* Open runs of the disk, each with so much of a buffer. */
static int
ways_open(struct leat__sort_runs *r, uint32_t first, uint32_t n,
	uint8_t *memory, size_t n_each)
{
	int rc = LEAT_OK;

	for (uint32_t k = 0; !rc && k < n; k++) {
		r->ways[k] = (struct leat__sort_way){
			.rest = r->runs[first + k],
			.buf = memory + k * n_each,
			.n_max = n_each,
		};
		rc = way_step(r, &r->ways[k]);
	}
	r->n_ways = n;
	return rc;
}

static size_t
runs_buf_bytes(size_t n_memory, uint32_t n)
{
	size_t n_each = n_memory / n;

	return n_each < RUNS_BUF_MAX ? n_each : RUNS_BUF_MAX;
}

/* ---- fewer runs ----------------------------------------------------------- */

/* How many runs can be merged with all of the memory but the reserve. */
static uint32_t
runs_ways(const struct leat__sort_runs *r)
{
	size_t least =
		r->max_record > RUNS_BUF_MIN ? r->max_record : RUNS_BUF_MIN;
	size_t n = (r->n_memory - r->n_reserve) / least;

	return n < LEAT__SORT_WAYS_MAX ? (uint32_t)n : LEAT__SORT_WAYS_MAX;
}

/* Some neighbours into one, which takes a place at the end. */
static int
runs_merge_group(struct leat__sort_runs *r, uint32_t first, uint32_t n)
{
	size_t n_room = r->n_memory - r->n_reserve;
	const struct leat__sort_record *x;
	int rc = runs_begin(r);

	if (!rc)
		rc = ways_open(
			r, first, n, r->memory, runs_buf_bytes(n_room, n));
	if (rc)
		return rc;
	r->losers[0] = ways_play(r, 1);
	while (!rc && (x = leat__sort_runs_top(r))) {
		rc = runs_put(r, x->key - sizeof(struct leat__sort_head),
			leat__sort_bytes(x));
		if (!rc)
			rc = leat__sort_runs_step(r);
	}
	return rc ? rc : runs_write_out(r);
}

/* One pass: groups of as many as can be merged. */
static int
runs_reduce(struct leat__sort_runs *r)
{
	uint32_t n = r->n_runs, n_ways = runs_ways(r), to = 0;

	for (uint32_t k = 0; k < n; k += n_ways) {
		uint32_t n_group = n - k < n_ways ? n - k : n_ways;
		struct leat__sort_run run = r->runs[k];
		int rc = LEAT_OK;

		if (n_group > 1) {
			r->n_runs = n;
			r->runs[n] = (struct leat__sort_run){0, 0};
			rc = runs_merge_group(r, k, n_group);
			run = r->runs[n];
		}
		if (rc)
			return rc;
		r->runs[to++] = run;
	}
	r->n_runs = to;
	return LEAT_OK;
}

/* ---- the whole ------------------------------------------------------------ */

int
leat__sort_runs_spill(struct leat__sort_runs *r,
	const struct leat__sort_entry *entries, size_t n, const uint8_t *base)
{
	int rc = runs_begin(r);

	r->runs[r->n_runs] = (struct leat__sort_run){0, 0};
	for (size_t k = 0; !rc && k < n; k++) {
		const uint8_t *at = base + entries[k].at;
		struct leat__sort_record x = leat__sort_open(at);

		if (k + RUNS_AHEAD < n)
			__builtin_prefetch(base + entries[k + RUNS_AHEAD].at);
		rc = runs_put(r, at, leat__sort_bytes(&x));
	}
	if (!rc)
		rc = runs_write_out(r);
	if (!rc && ++r->n_runs == LEAT__SORT_RUNS_MAX - 1)
		rc = runs_reduce(r);
	return rc;
}

/* Can the disk's runs be read through the reserve alone? */
static bool
runs_fit_reserve(const struct leat__sort_runs *r)
{
	size_t n_each = r->n_runs ? r->n_reserve / r->n_runs : SIZE_MAX;

	return r->n_runs < LEAT__SORT_WAYS_MAX && n_each >= RUNS_BUF_GOOD &&
		n_each >= r->max_record;
}

int
leat__sort_runs_merge(struct leat__sort_runs *r,
	const struct leat__sort_entry *entries, size_t n, const uint8_t *base)
{
	bool is_here = runs_fit_reserve(r);
	size_t n_room = is_here ? r->n_reserve : r->n_memory - r->n_reserve;
	uint8_t *room = r->memory + (is_here ? r->n_memory - n_room : 0);
	int rc = LEAT_OK;

	if (!is_here && n)
		rc = leat__sort_runs_spill(r, entries, n, base);
	while (!rc && !is_here && r->n_runs > runs_ways(r))
		rc = runs_reduce(r);
	if (!rc)
		rc = ways_open(r, 0, r->n_runs, room,
			r->n_runs ? runs_buf_bytes(n_room, r->n_runs) : 0);
	if (rc)
		return rc;
	if (is_here) {
		r->ways[r->n_ways] = (struct leat__sort_way){
			.entry = entries, .last = entries + n, .base = base};
		way_step_memory(&r->ways[r->n_ways++]);
	}
	r->losers[0] = ways_play(r, 1);
	return LEAT_OK;
}

void
leat__sort_runs_fini(struct leat__sort_runs *r)
{
	leat_scratch_close(r->scratch);
	r->scratch = NULL;
}
