/*
 * span/page.h -- what a stage in a child process and its parent both see.
 *
 * A page with words, and behind it: asks (from the parent), stock (slots that
 * the child may fill), answers (from the child) with the frames they emit, and
 * room for one record that was rejected. One writer a word; a waiter parks on
 * a bell. The parent is trusted by the child, not the other way round: it
 * keeps its own counts, and copies what it reads before it looks at it.
 */
#ifndef LEAT_SRC_SPAN_PAGE_H
#define LEAT_SRC_SPAN_PAGE_H

#include "env/env.h"
#include <leat/stage.h>

#define LEAT__SPAN_CHAIN_MAX  8u   /* a frame and what it points into */
#define LEAT__SPAN_WINDOW_MAX 64u  /* asks on their way */
#define LEAT__SPAN_FRESH      256u /* of and base, from there on: stock */
#define LEAT__SPAN_NONE       UINT32_MAX

/* A frame's header, as one side tells it to the other. */
struct leat__span_frame {
	uint64_t source_offset;
	uint32_t slot;
	uint32_t data_at; /* from the start of the slot */
	uint32_t len_bytes;
	uint32_t n_items;
	uint8_t layout;
	uint8_t flags;
	uint8_t is_sole;
	uint8_t reserved;
};

enum leat__span_kind {
	LEAT__SPAN_OPEN = 0, /* asks; what is answered has the same kind */
	LEAT__SPAN_CALL,
	LEAT__SPAN_FLUSH,
	LEAT__SPAN_FINISH,
	LEAT__SPAN_END,
	LEAT__SPAN_REJECT /* an answer only: what becomes of the record? */
};

struct leat__span_ask {
	uint64_t number; /* from 1 */
	uint32_t kind;
	uint16_t n_frames; /* the one in hand, its base, and so on */
	uint16_t is_drained;
	uint32_t copy_of; /* slot whose bytes the first gets, or NONE */
	struct leat__span_frame frames[LEAT__SPAN_CHAIN_MAX];
};

/* A slot that the child may fill. */
struct leat__span_fresh {
	uint32_t slot;
	uint32_t index; /* what the parent calls it */
};

struct leat__span_emit {
	struct leat__span_frame frame;
	uint32_t of;   /* the k-th frame of the ask, or FRESH + index */
	uint32_t base; /* the same, or NONE */
};

/* Most end before the line and have no texts: those are not looked at then. */
struct leat__span_answer {
	uint64_t number; /* of the ask */
	uint32_t kind;
	int32_t rc; /* of the callback, or why a record is rejected */
	uint32_t n_emits;
	uint32_t is_kept;              /* frames of the ask are held */
	uint64_t counts[LEAT_COUNT_N]; /* added by this call */
	/* of records that are rejected, and of failures */
	int32_t sys_errno;
	uint32_t at_offset;
	uint32_t at_bytes;
	uint32_t has_origin;
	uint64_t line, column, offset; /* of a record that is rejected */
	uint64_t n_bytes, n_records;
	char text[LEAT_ERROR_TEXT_BYTES];
	char origin[LEAT_ERROR_TEXT_BYTES];
};

struct leat__span_page {
	/* the parent writes */
	_Alignas(LEAT__CACHE_LINE) uint64_t n_asked;
	uint64_t n_lent;     /* stock, in all */
	uint64_t n_taken;    /* answers */
	uint64_t n_verdicts; /* on records that were rejected */
	uint64_t n_wanted;   /* ring when so many have been answered */
	int32_t verdict;
	uint32_t bell;  /* the child parks on it */
	uint32_t armed; /* a number for each wait of the parent; 0 = none */
	/* the child writes */
	_Alignas(LEAT__CACHE_LINE) uint64_t n_answered;
	uint64_t n_begun; /* asks, a hint: who was in hand when it died */
	uint32_t child_waits;
};

/* Where all that is; of one process, filled before the other is made. */
struct leat__span_map {
	struct leat__span_page *page;
	struct leat__span_ask *asks;
	struct leat__span_fresh *stock;
	struct leat__span_answer *answers;
	struct leat__span_emit *emits; /* n_emits_max for each answer */
	uint8_t *letter;               /* bytes of a record */
	uint32_t window;               /* of asks and answers; 2^n */
	uint32_t n_stock;              /* 2^n */
	uint32_t n_emits_max;
	uint32_t letter_bytes;
	size_t n_bytes; /* of all */
	int fd;
	int event_fd; /* readable: the child has rung */
	const struct leat__env *env;
};

/* window, n_stock, n_emits_max, letter_bytes are filled in. */
size_t leat__span_map_bytes(const struct leat__span_map *map);
/* 0 or an errno. Nothing is left then. */
LEAT_MUST_CHECK int leat__span_map_init(
	struct leat__span_map *map, const struct leat__env *env);
/* Zeroed memory is accepted. */
void leat__span_map_fini(struct leat__span_map *map);
/* Nothing has been asked: for the next child. */
void leat__span_map_reset(struct leat__span_map *map);

/* ---- the parent --------------------------------------------------------- */

/* What it knows without asking the page. */
struct leat__span_parent {
	uint64_t n_asked;
	uint64_t n_taken; /* answers */
	uint64_t n_lent;
	uint64_t n_verdicts;
	uint64_t n_rung; /* asks that the child was told of */
	uint32_t n_arms;
};

/* The next ask, to be filled; there is room: fewer than window are out. */
struct leat__span_ask *leat__span_ask_begin(
	struct leat__span_map *map, const struct leat__span_parent *parent);
void leat__span_ask_end(
	struct leat__span_map *map, struct leat__span_parent *parent);
void leat__span_lend(struct leat__span_map *map,
	struct leat__span_parent *parent, struct leat__span_fresh fresh);
void leat__span_judge(struct leat__span_map *map,
	struct leat__span_parent *parent, int verdict);
/* The child looks again, also if it is parked. */
void leat__span_ring(
	struct leat__span_map *map, struct leat__span_parent *parent);
/*
 * A copy of the next answer: 1. 0: there is none. LEAT_EBUG: the child's words
 * cannot be right; why_out says what.
 */
LEAT_MUST_CHECK int leat__span_answer_take(struct leat__span_map *map,
	struct leat__span_parent *parent, struct leat__span_answer *answer_out,
	struct leat__span_emit *emits_out, const char **why_out);
/* Are there so many? */
bool leat__span_has_answers(const struct leat__span_map *map,
	const struct leat__span_parent *parent, uint64_t n);
/* The same, for about a microsecond. */
bool leat__span_look_often(const struct leat__span_map *map,
	const struct leat__span_parent *parent, uint64_t n);
/* From now on the child rings once: when n answers are there, or when it has
 * nothing to do. Then look once more before the wait. */
void leat__span_parent_arm(struct leat__span_map *map,
	struct leat__span_parent *parent, uint64_t n_answers);
/* The event was readable: it is not any more. */
void leat__span_parent_heard(struct leat__span_map *map);
void leat__span_parent_disarm(struct leat__span_map *map);

/* ---- the child ---------------------------------------------------------- */

/* What it has done so far. */
struct leat__span_side {
	uint64_t n_begun, n_answered, n_lent, n_verdicts;
	uint32_t told; /* the wait of the parent that it was rung for */
};

/* The next ask; waits. */
const struct leat__span_ask *leat__span_next(
	struct leat__span_map *map, struct leat__span_side *side);
/* The next slot of the stock; false: there is none now. */
bool leat__span_stock(struct leat__span_map *map, struct leat__span_side *side,
	struct leat__span_fresh *fresh_out);
void leat__span_await_stock(
	struct leat__span_map *map, struct leat__span_side *side);
/* Room for the next answer; waits. Zeroed but for its text. */
struct leat__span_answer *leat__span_answer_begin(struct leat__span_map *map,
	struct leat__span_side *side, struct leat__span_emit **emits_out);
void leat__span_answer_end(
	struct leat__span_map *map, struct leat__span_side *side);
/* What the parent says to the answer before; waits. */
int leat__span_await_verdict(
	struct leat__span_map *map, struct leat__span_side *side);

#endif
