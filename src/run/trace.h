/*
 * run/trace.h -- what is recorded of a run: what its threads do, and spans.
 *
 * Each thread of a run has rings of its own, in its lane; the threads of
 * src/watch read them. Off: lane->trace and node->trace are NULL, and that is
 * all that the run looks at.
 * Keeps: a ring has one writer and one reader; what finds no room is counted,
 * and nobody waits. Which span a frame belongs to stands beside its slot
 * (mem/trace.c); which span sent it, beside the place where it waits: in a
 * link, an inbox, a ticket. So frames that branches share, and nobody may
 * write to, have another parent on each.
 */
#ifndef LEAT_SRC_RUN_TRACE_H
#define LEAT_SRC_RUN_TRACE_H

#include "run/run.h"
#include <leat/trace.h>

struct leat__region;

/* ---- rings ------------------------------------------------------------------- */

struct leat__trace_ring {
	uint32_t n_cells; /* a power of 2 */
	uint32_t cell_bytes;
	uint8_t *cells;
	_Alignas(LEAT__CACHE_LINE) uint64_t head; /* atomic, by the reader */
	_Alignas(LEAT__CACHE_LINE) uint64_t tail; /* atomic, by the writer */
	uint64_t head_seen;                       /* the writer's copy */
	uint64_t n_lost;                          /* atomic, by the writer */
};

/* The next cell, or NULL: it is full, and that was counted. */
static inline void *
leat__trace_ring_cell(struct leat__trace_ring *ring)
{
	uint64_t tail = leat__load_relaxed(&ring->tail);

	if (tail - ring->head_seen >= ring->n_cells)
		/* acquire: the cell has been read; pairs with the release in
		 * leat__trace_ring_took */
		ring->head_seen = leat__load_acquire(&ring->head);
	if (leat__unlikely(tail - ring->head_seen >= ring->n_cells)) {
		leat__bump(&ring->n_lost, 1);
		return NULL;
	}
	return ring->cells + (tail & (ring->n_cells - 1)) * ring->cell_bytes;
}

/* It is filled. */
static inline void
leat__trace_ring_put(struct leat__trace_ring *ring)
{
	/* release: the cell; pairs with the acquire in leat__trace_ring_len */
	leat__store_release(&ring->tail, leat__load_relaxed(&ring->tail) + 1);
}

/* For the reader: so many can be read, */
static inline uint64_t
leat__trace_ring_len(const struct leat__trace_ring *ring)
{
	/* acquire: pairs with the release in leat__trace_ring_put */
	return leat__load_acquire(&ring->tail) -
		leat__load_relaxed(&ring->head);
}

/* that is the k-th of them, */
static inline const void *
leat__trace_ring_at(const struct leat__trace_ring *ring, uint64_t k)
{
	uint64_t at = leat__load_relaxed(&ring->head) + k;

	return ring->cells + (at & (ring->n_cells - 1)) * ring->cell_bytes;
}

/* and so many were. */
static inline void
leat__trace_ring_took(struct leat__trace_ring *ring, uint64_t n)
{
	/* release: pairs with the acquire in leat__trace_ring_cell */
	leat__store_release(&ring->head, leat__load_relaxed(&ring->head) + n);
}

/* ---- what is in them --------------------------------------------------------- */

enum leat__trace_kind {
	LEAT__TRACE_SLICE,   /* a task was stepped; why: how that ended */
	LEAT__TRACE_CALL,    /* of a callback of the stage `subject` */
	LEAT__TRACE_OUTSIDE, /* the stage `subject` waited in its call */
	LEAT__TRACE_WAIT,    /* the task waited; why: for what */
	LEAT__TRACE_READY,   /* the task was ready, and waited for a worker */
	LEAT__TRACE_LINK,    /* the link `subject`: credit, and n queued */
	LEAT__TRACE_PARK,    /* the worker slept */
	LEAT__TRACE_STEAL,   /* n entries of the worker `subject` */
	LEAT__TRACE_WAKE     /* the task `subject` was woken */
};

/* What a task waits for; how its step ended. */
enum leat__trace_why {
	LEAT__TRACE_NO_INPUT,
	LEAT__TRACE_NO_CREDIT,
	LEAT__TRACE_NO_TURN, /* a replica: others come first */
	LEAT__TRACE_HELD,    /* a sink, by a drain */
	LEAT__TRACE_QUANTUM, /* its time is spent, or others are first */
	LEAT__TRACE_ENDED,
	LEAT__TRACE_TAKE, /* OUTSIDE: for somebody to take something */
	LEAT__TRACE_GIVE, /* and to give something */
	LEAT__TRACE_WHYS
};

struct leat__trace_event {
	uint64_t at_ns;
	uint64_t took_ns;
	uint16_t kind;
	uint16_t why;
	uint32_t subject;
	uint32_t object; /* of WAIT: a link, or LEAT__TRACE_NOBODY */
	uint32_t n;
};

#define LEAT__TRACE_NOBODY UINT32_MAX

#define LEAT__TRACE_LINKS 4u /* that a span has at the most */

/* What a span is linked to: another span. */
struct leat__trace_tie {
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

struct leat__trace_span {
	struct leat_trace_context context;
	uint8_t parent_id[8]; /* zeros = none */
	uint64_t began_ns;
	uint64_t ended_ns;
	uint32_t stage; /* LEAT__TRACE_NOBODY: the run */
	uint32_t n_items;
	uint32_t n_ties;
	uint32_t n_ties_lost;
	struct leat__trace_tie ties[LEAT__TRACE_LINKS];
	int32_t code; /* what the call ended with */
	uint32_t reserved;
};

/* ---- a thread's --------------------------------------------------------------- */

struct leat__trace_lane {
	struct leat__trace_ring events; /* no cells: not wanted */
	struct leat__trace_ring spans;
	uint64_t random;               /* ids of spans are drawn from it */
	uint32_t number;               /* of the thread */
	const struct leat__task *task; /* of a thread of its own; or NULL */
};

/* ---- a node's: the span of its call -------------------------------------------- */

struct leat__trace_node {
	uint64_t *parents; /* of what is in the inbox, by cell */
	/* the call under way */
	bool has_context;
	bool has_frame;
	bool is_recorded;
	bool has_emitted;
	uint32_t n_items; /* of the frame in hand */
	uint64_t n_spent; /* records that had come to an end before */
	struct leat__frame_trace in;  /* what came with it; of its span */
	struct leat__trace_span span; /* if it is recorded */
	/* of what was absorbed since the stage emitted last */
	uint32_t n_ties;
	uint32_t n_ties_lost;
	struct leat__trace_tie ties[LEAT__TRACE_LINKS];
};

/* ---- a run's ------------------------------------------------------------------- */

/* Bytes that leat__trace_init() takes, once the graph is planned. */
uint64_t leat__trace_bytes(const struct leat_graph *graph);
/* Memory and lanes, from what was asked for. On an error nothing is left. */
LEAT_MUST_CHECK int leat__trace_init(
	struct leat__run *run, struct leat_error *err);
void leat__trace_fini(struct leat__run *run);

/* ---- the scheduler, for task.c, run.c and worker.c ----------------------------- */

/* Does this thread record events? lane: of a worker, or a task's own. */
static inline bool
leat__trace_has_events(const struct leat__trace_lane *lane)
{
	return leat__unlikely(lane != NULL) && lane->events.n_cells;
}

void leat__trace_event(
	struct leat__trace_lane *lane, const struct leat__trace_event *event);
void leat__trace_step_began(struct leat__task *task, int64_t now_ns);
void leat__trace_step_ended(
	struct leat__task *task, int64_t began_ns, enum leat__step step);
void leat__trace_called(struct leat__task *task, const struct leat_stage *stage,
	int64_t began_ns, int64_t ended_ns);
/* A callback begins to wait, or goes on. */
void leat__trace_outside(struct leat__task *task, const struct leat_stage *st,
	enum leat__doing doing);
/* Somebody wakes the task. worker: the one that does, or NULL. */
void leat__trace_woken(struct leat__task *task, struct leat__worker *worker);

/* ---- spans, for task.c, stage.c, pull.c and region.c --------------------------- */

/* Around process, produce, and the others; end: with how the call ended. */
void leat__trace_begin(struct leat__task *task, struct leat__node *node);
void leat__trace_begin_source(struct leat__task *task, struct leat__node *node);
void leat__trace_begin_other(struct leat__task *task, struct leat__node *node);
void leat__trace_end(
	struct leat__task *task, struct leat__node *node, int code);
/* Emitted, and about to go to where it waits. */
void leat__trace_emitted(struct leat__task *task, struct leat__node *node,
	struct leat__link *link, struct leat_frame *frame, bool is_fresh);
/* The head's next frame was taken from this channel. */
void leat__trace_taken(struct leat__task *task, const struct leat__chan *ch);
/* What a ticket's frame k has goes to the channel that it is sent on. */
void leat__trace_passed(const struct leat__region *region,
	const struct leat__ticket *ticket, uint64_t k);

#endif
