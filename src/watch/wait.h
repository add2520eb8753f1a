/*
 * watch/wait.h -- what a segment waits for: the edges of the wait-for graph.
 *
 * Seen from outside while it runs; of a segment that stands still it is exact.
 */
#ifndef LEAT_SRC_WATCH_WAIT_H
#define LEAT_SRC_WATCH_WAIT_H

#include "run/run.h"

/* Of several tasks the segment does what stands last here. */
enum leat__wait_kind {
	LEAT__WAIT_OVER = 0, /* it has ended */
	LEAT__WAIT_INPUT,    /* for frames of another segment */
	LEAT__WAIT_WORKER,   /* ready, or about to be */
	LEAT__WAIT_ROOM,     /* for another to take what it sends */
	LEAT__WAIT_TAKE,     /* in a call, for the outside to take something */
	LEAT__WAIT_GIVE,     /* in a call, for the outside to give something */
	LEAT__WAIT_GUARD,    /* in a guard */
	LEAT__WAIT_CALL      /* for nobody: it is at work */
};

struct leat__wait {
	enum leat__wait_kind kind;
	const struct leat_stage *stage; /* of the segment, that it is about */
	const struct leat__link *link;  /* of INPUT and ROOM; NULL = none that
					   can be told: it is about to go on */
	const struct leat__segment *on; /* of INPUT and ROOM; or NULL */
	int64_t since_ns;
};

void leat__wait_of(
	const struct leat__segment *segment, struct leat__wait *wait_out);
/* Has it something with which it is not through? wait: as just seen. */
bool leat__wait_has_work(
	const struct leat__segment *segment, const struct leat__wait *wait);
/* Grows with each frame that comes in or goes out, and each record counted. */
uint64_t leat__wait_progress(const struct leat__segment *segment);
/* Where those that wait lead to, from this one on. In a circle, one of it. */
const struct leat__segment *leat__wait_root(
	const struct leat_graph *graph, const struct leat__segment *from);
/* Frames on a link: sent, and its receiver is not through with them. */
uint32_t leat__wait_flight(const struct leat__link *link);

/* ---- why.c ---- */

/* The sentence, from this segment on. */
void leat__why(const struct leat_graph *graph, const struct leat__segment *from,
	struct leat__text *text);

#endif
