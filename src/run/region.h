/*
 * run/region.h -- a segment that several workers run at once, in order.
 *
 * Each replica is a task with stages of its own. Who takes a frame draws a
 * ticket; what comes of the frame goes into the ticket's place in a window;
 * whoever finishes the oldest ticket emits, and all after it that are done.
 *
 * Keeps: tickets are drawn in the order of the frames, and emitted in the
 * order of the tickets; next - head <= window; a place holds at most what the
 * tail emits in one call. So the holder of the oldest ticket can always run:
 * its place is emptied as credit comes, and the others wait for it.
 * The first n_active tasks draw tickets; the others finish what they have, and
 * rest. Which number that is may change between two tickets, so order is not
 * touched by it. The simulator tries it (tests/sim/scenario_region.c).
 */
#ifndef LEAT_SRC_RUN_REGION_H
#define LEAT_SRC_RUN_REGION_H

#include "graph/parallel.h"
#include "run/run.h"

/* What a replica's task waits for; guarded by the region's lock. */
enum leat__rest {
	LEAT__REST_NONE = 0, /* it runs, or will look */
	LEAT__REST_INPUT,    /* for a frame, a ticket or the end */
	LEAT__REST_ROOM,     /* in its place of the window */
	LEAT__REST_TURN      /* to be the oldest */
};

/* A place in the window. */
struct leat__ticket {
	struct leat_frame **frames; /* ring of the tail's max_out */
	uint64_t *parents;          /* of them, as in a channel; or NULL */
	uint64_t n_put;             /* atomic, by who holds the ticket */
	uint64_t n_sent;            /* atomic, by who emits */
	uint64_t done;              /* atomic: number of the ticket, + 1 */
	uint64_t stamp;             /* of its frame */
	struct leat__task *holder;
};

struct leat__region {
	struct leat__run *run;
	struct leat__link *in;
	struct leat__link *out;
	uint32_t n_tasks;
	struct leat__task *tasks;
	uint32_t max_out; /* of the tail */
	uint32_t window;
	struct leat__ticket *tickets;   /* by number modulo window */
	struct leat__waker on_input;    /* frames, or their end */
	struct leat__waker on_credit;   /* of the out */
	struct leat__parallel *elastic; /* NULL: all tasks are at work */
	/* who fails, and has the oldest ticket, tells of it only when the
	 * receiver is through with what came before: that may be enough.
	 * Whoever gives credit calls it, and it looks again */
	bool is_patient;
	_Alignas(LEAT__CACHE_LINE) struct leat__lock lock;
	/* guarded by it: */
	uint64_t next;      /* ticket */
	uint32_t n_active;  /* tasks that draw tickets: 0 to n_active - 1 */
	uint32_t n_in_hand; /* frames taken whose credit has not gone back */
	uint32_t n_live;    /* tasks that have not ended */
	uint32_t n_resting;
	uint64_t bound; /* promised on the out */
	bool is_in_ended;
	bool must_emit; /* credit came, and nobody was there to be told */
	/* atomic: */
	_Alignas(LEAT__CACHE_LINE) uint64_t head; /* the oldest not emitted */
	uint32_t is_emitting;
	uint32_t is_stalled; /* the out has no credit; its sender is armed */
};

/* tasks: of the segment, with their nodes. On an error nothing is left.
 * LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__region_init(struct leat__region *region,
	struct leat__run *run, struct leat__segment *segment,
	struct leat__task *tasks);
/* All threads have gone. Zeroed memory is accepted. */
void leat__region_fini(struct leat__region *region);
/* So many tasks draw tickets from now on, at least one. From any thread. */
void leat__region_set_active(struct leat__region *region, uint32_t n);
/* Release what never went out; returns the items that were in it. */
uint64_t leat__region_drain(struct leat__region *region);

/* ---- for the task of a replica ---- */

/* It was woken, perhaps because there is credit again. */
void leat__region_resume(struct leat__task *task);
/* The next frame, and a ticket with it; or NULL. */
struct leat_frame *leat__region_take(struct leat__task *task);
/* Has all input gone through, and out? */
bool leat__region_is_over(struct leat__task *task);
/* May the tail be called? */
bool leat__region_has_room(struct leat__task *task);
/* Is the ticket in hand the oldest? */
bool leat__region_is_oldest(const struct leat__task *task);
/* May it fail? Then nothing that came before can still end the stream. */
bool leat__region_may_fail(struct leat__task *task);
/* What the tail emits. There must be room. */
void leat__region_put(struct leat__task *task, struct leat_frame *frame);
/* The frame's slot is not needed any more: credit goes back. */
void leat__region_grant(struct leat__task *task, uint64_t n_bytes);
/* Nothing more comes of the frame in hand. */
void leat__region_finish(struct leat__task *task);
/* true: it is told when there is something to do. false: there is now. */
bool leat__region_rest(struct leat__task *task, enum leat__rest what);
/* The task has ended. The last one closes the region's ends. */
void leat__region_leave(struct leat__task *task);

#endif
