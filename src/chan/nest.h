/*
 * chan/nest.h -- from where inner branches begin to where they are merged:
 * which of their numbers stands for which outer stamp.
 *
 * The beginning numbers its frames anew; an entry says that from this number
 * on, until the next entry, frames had this stamp before, or that none below
 * it will come. One writer, one reader.
 * Keeps: numbers and stamps of entries grow; the entry of a number is there
 * before the number is seen on any branch; the reader leaves the last entry at
 * or below what it looked for, so two entries are enough for both to go on.
 */
#ifndef LEAT_SRC_CHAN_NEST_H
#define LEAT_SRC_CHAN_NEST_H

#include "chan/chan.h"

struct leat__nest_entry {
	uint64_t number;
	uint64_t outer;
};

struct leat__nest {
	/* written by the beginning */
	_Alignas(LEAT__CACHE_LINE) uint64_t tail; /* atomic: entries made */
	uint64_t last;                            /* outer stamp of the last */
	/* written by the merge */
	_Alignas(LEAT__CACHE_LINE) uint64_t head; /* atomic: entries passed */
	/* by both, rarely */
	_Alignas(LEAT__CACHE_LINE) uint32_t is_armed; /* atomic */
	uint32_t is_over; /* atomic: the merge has gone */
	/* constant */
	uint32_t n_entries; /* 2^n */
	struct leat__nest_entry *entries;
	const struct leat__env *env;
	struct leat__waker *beginning; /* woken when there is room again */
};

/* Entries for branches that hold so many frames where they begin. */
uint32_t leat__nest_n_entries(uint64_t n_frames);
/* Bytes of memory, for the plan. */
uint64_t leat__nest_bytes(uint32_t n_entries);

/* n_entries: 2^n, at least 2. LEAT_OK or LEAT_ENOMEM. The waker is set later,
 * before any use. */
LEAT_MUST_CHECK int leat__nest_init(struct leat__nest *nest,
	const struct leat__env *env, uint32_t n_entries);
/* Zeroed memory is accepted. */
void leat__nest_fini(struct leat__nest *nest);

/* ---- where branches begin ---- */

/* Is there room for this stamp, or is it there already? */
bool leat__nest_has_room(const struct leat__nest *nest, uint64_t outer);
/* From this number on it is this stamp; one not above the last is the last.
 * There must be room. */
void leat__nest_put(struct leat__nest *nest, uint64_t number, uint64_t outer);
/* Ask to be woken when there is room. true: armed, there is still none. */
bool leat__nest_arm(struct leat__nest *nest, uint64_t outer);

/* ---- where they are merged ---- */

/* The outer stamp of a number, 0 if none is known. Never ask for a lesser one
 * again: entries before it go, and the beginning is told. */
uint64_t leat__nest_find(struct leat__nest *nest, uint64_t number, void *hint);
/* Nothing more is asked for: there is always room from now on. */
void leat__nest_close(struct leat__nest *nest, void *hint);

#endif
