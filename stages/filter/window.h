/*
 * stages/filter/window.h -- windows that are open, and those that have closed.
 *
 * A window is a group stage of its own: keys and states for the rows that fall
 * into it. Both lists are in the order of the windows' ends.
 */
#ifndef LEAT_STAGES_WINDOW_H
#define LEAT_STAGES_WINDOW_H

#include <leat/stages.h>

#include "group.h"

struct leat__window {
	struct leat__window *next;
	struct leat__window *before;
	struct leat__groups group;
	int64_t start; /* us, or number of a row */
	int64_t end;   /* behind the last */
	uint64_t hash; /* of a session's key, which follows */
	uint64_t n_bytes;
};

struct leat__window_list {
	struct leat__window *first;
	struct leat__window *last;
};

/* A row that waits until no earlier one can come. */
struct leat__window_waiting {
	int64_t time;
	uint64_t number; /* in the order in which they came */
	uint8_t *record;
};

struct leat__windows {
	struct leat__group_spec spec;
	struct leat__group_budget budget;
	struct leat__group_block block;
	/* what is asked for; us, or rows */
	uint32_t kind; /* enum leat_window_kind */
	uint32_t by_rows;
	int64_t size; /* of a session: the gap */
	int64_t step;
	int64_t lateness;
	/* what is there */
	int64_t watermark; /* no earlier time is wanted */
	int64_t n_rows;
	struct leat__window_list open;
	struct leat__window_list closed;
	struct leat__window *nearest; /* that was found last */
	int64_t times[LEAT__GROUP_BLOCK];
	/* of sessions */
	struct leat__group_hash_table sessions;
	struct leat__group_block one;         /* a row that has waited */
	struct leat__window_waiting *waiting; /* heap, the earliest first */
	uint64_t n_waiting;
	uint64_t waiting_room;
	uint64_t waiting_number;
};

#define LEAT__WINDOW_NEVER INT64_MIN /* watermark before the first row */

/* Check the options, and read them. */
int leat__window_parse(struct leat_stage *st, struct leat__windows *w,
	const struct leat_window_opts *o);
/* A window with room for a key behind it, in no list; NULL: no memory. */
struct leat__window *leat__window_make(struct leat__windows *w, int64_t start,
	int64_t end, const struct leat_text *key);
void leat__window_free(struct leat__windows *w, struct leat__window *window);
/* Put in behind `before`; NULL: as the first. */
void leat__window_link(struct leat__window_list *list,
	struct leat__window *before, struct leat__window *window);
void leat__window_unlink(
	struct leat__window_list *list, struct leat__window *window);
/* Take the first from the open ones to the closed ones. */
void leat__window_close_first(struct leat__windows *w);
/* Row k is not wanted: it is earlier than the watermark. */
int leat__window_reject_late(
	struct leat_stage *st, const struct leat__windows *w, uint32_t k);
/* Row k has no time. */
int leat__window_reject_empty(
	struct leat_stage *st, const struct leat__windows *w, uint32_t k);
void leat__window_see(struct leat__windows *w, int64_t time);

/* Rows of the block into windows of one size. */
int leat__window_add_fixed(struct leat_stage *st, struct leat__windows *w);
/* Rows of the block into sessions. */
int leat__window_add_sessions(struct leat_stage *st, struct leat__windows *w);
/* All rows have come: those that wait, too. */
int leat__window_end_sessions(struct leat_stage *st, struct leat__windows *w);
void leat__window_fini_sessions(struct leat__windows *w);

#endif
