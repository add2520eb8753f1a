/*
 * stages/filter/sort_runs.h -- sorted runs on the disk, and in memory, that
 * are merged into one.
 *
 *	leat__sort_runs_spill(r, entries, n, base);	as often as it takes
 *	leat__sort_runs_merge(r, entries, n, base);	the last, in memory
 *	while ((record = leat__sort_runs_top(r)))
 *		leat__sort_runs_step(r);
 *
 * Threads: the one that steps the stage's task, which may wait.
 */
#ifndef LEAT_STAGES_FILTER_SORT_RUNS_H
#define LEAT_STAGES_FILTER_SORT_RUNS_H

#include <leat/io.h>

#include "sort_order.h"

#define LEAT__SORT_RUNS_MAX  1024u /* on the disk; then they are merged */
#define LEAT__SORT_WAYS_MAX  256u  /* merged at once */
#define LEAT__SORT_BYTES_MIN 65536u

struct leat__sort_run {
	uint64_t offset; /* in the scratch */
	uint64_t end;
};

/* One run that is being merged. */
struct leat__sort_way {
	uint64_t prefix; /* of the record that is next */
	struct leat__sort_record record;
	bool is_ended;
	/* of one in memory */
	const struct leat__sort_entry *entry; /* the next, NULL = of a file */
	const struct leat__sort_entry *last;
	const uint8_t *base;
	/* of one on the disk */
	struct leat__sort_run rest; /* not yet read */
	uint8_t *buf;
	size_t n_max;
	size_t n;
	size_t at; /* of the record behind the next */
};

struct leat__sort_runs {
	struct leat_stage *st;
	const char *folder;
	uint64_t most_bytes; /* on the disk */
	uint8_t *memory;     /* for records and entries, then for buffers */
	size_t n_memory;
	size_t n_reserve;  /* at its end, never used for records */
	size_t max_record; /* of those that were spilled */
	struct leat_scratch *scratch;
	uint32_t n_runs;
	uint32_t n_ways;
	struct leat__sort_run runs[LEAT__SORT_RUNS_MAX];
	struct leat__sort_way ways[LEAT__SORT_WAYS_MAX];
	uint32_t losers[LEAT__SORT_WAYS_MAX]; /* a tree; 0 = the winner */
	/* of the run that is being written */
	uint8_t *out;
	size_t n_out;
	size_t max_out;
};

/* How much of so much memory is kept from records. */
size_t leat__sort_runs_reserve(size_t n_memory);

/* Write a run of records that lie in memory, all of whose entries are in
 * order. LEAT_OK, or a code after leat_stage_fail(). So do all below. */
LEAT_MUST_CHECK int leat__sort_runs_spill(struct leat__sort_runs *r,
	const struct leat__sort_entry *entries, size_t n, const uint8_t *base);

/* Begin to merge all that was spilled with what is in memory. */
LEAT_MUST_CHECK int leat__sort_runs_merge(struct leat__sort_runs *r,
	const struct leat__sort_entry *entries, size_t n, const uint8_t *base);

/* The least record; NULL = that was all. */
const struct leat__sort_record *leat__sort_runs_top(
	const struct leat__sort_runs *r);
LEAT_MUST_CHECK int leat__sort_runs_step(struct leat__sort_runs *r);

void leat__sort_runs_fini(struct leat__sort_runs *r);

#endif
