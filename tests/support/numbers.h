/*
 * support/numbers.h -- test stages over numbered 8-byte items.
 *
 * Every item is a uint64_t: 1, 2, 3, ... from the source on, so that loss,
 * repetition and disorder all show. Options are structs for the C API.
 */
#ifndef LEAT_TESTS_SUPPORT_NUMBERS_H
#define LEAT_TESTS_SUPPORT_NUMBERS_H

#include <leat/leat.h>

/* source: n numbers, per_frame in a frame; n 0 = without end */
struct numbers_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n;
	uint64_t per_frame; /* 0 = 7 */
};

extern const struct leat_stage_ops numbers_ops;          /* cooperative */
extern const struct leat_stage_ops numbers_blocking_ops; /* own thread */
extern const struct leat_stage_ops numbers_burst_ops;    /* told each third */

/* sink: into a struct sink_seen of the test's */
struct sink_seen {
	uint64_t n; /* items so far; atomic */
	uint64_t sum;
	uint64_t last;
	uint64_t n_back; /* items not greater than the one before */
	uint32_t n_frames;
	uint32_t is_finished;
};

struct sink_opts {
	uint32_t size;
	uint32_t flags;
	struct sink_seen *seen;
	uint64_t enough;  /* LEAT_EOS after this many items; 0 = never */
	uint64_t fail_at; /* LEAT_EIO at this item; 0 = never */
};

extern const struct leat_stage_ops sink_ops;
extern const struct leat_stage_ops sink_blocking_ops;

/* filters */
extern const struct leat_stage_ops add_ops;   /* map_item: + 1 */
extern const struct leat_stage_ops odd_ops;   /* keep_item: odd numbers */
extern const struct leat_stage_ops pass_ops;  /* process: as it is */
extern const struct leat_stage_ops union_ops; /* two ins, one out */
extern const struct leat_stage_ops deal_ops;  /* one in, two outs, in turn */

/* every item of the input in a frame of its own, by LEAT_MORE */
extern const struct leat_stage_ops single_ops;

/* keeps one frame back until the next, flush or finish */
extern const struct leat_stage_ops hold_ops;

#endif
