/*
 * span/span.h -- a stage in a child process, as its parent sees it.
 */
#ifndef LEAT_SRC_SPAN_SPAN_H
#define LEAT_SRC_SPAN_SPAN_H

#include "run/run.h"
#include "span/page.h"

/* An ask that has not been answered for good, and its frame. */
struct leat__span_call {
	struct leat__span_call *next;
	struct leat_frame *frame; /* what it is about; one reference */
	struct leat_frame *lent;  /* what the child has: that, or a copy */
	uint32_t from, n;         /* of its records, if it is narrowed */
	uint32_t kind;            /* enum leat__span_kind */
	uint32_t n_items;
	uint32_t n_bytes; /* of LEAT_LAYOUT_BYTES: no records yet */
	bool is_bytes;
	bool is_narrowed;
	bool is_out;     /* the child has been asked */
	bool is_sole;    /* lent is the child's to write to */
	bool is_emitted; /* lent has gone on */
	bool is_moved;   /* and was not kept here */
	bool is_judged;  /* a record was rejected, and that was the end */
	uint32_t n_deaths;
	uint64_t number;        /* of the ask, while it is out */
	uint32_t n_passed;      /* answers that have been passed on */
	uint32_t n_seen;        /* of this child's answers */
	uint64_t n_failed;      /* records that were rejected */
	int64_t balance;        /* of the answers that were passed on */
	uint64_t source_offset; /* of the frame, which may have gone on */
	const char *file;       /* of LEAT_FRAME_FIRST */
	uint64_t stamp;
	int64_t birth_ns;
	uint32_t priority;
	uint32_t n_chain;
	struct leat_frame *chain[LEAT__SPAN_CHAIN_MAX];
};

/* A slot that the child may fill. */
struct leat__span_stock {
	struct leat_frame *frame; /* one reference; NULL = none */
};

#define LEAT__SPAN_SPARE 40u /* calls that narrowing may add */

struct leat__span {
	struct leat__isolation isolation; /* first: the stage points to it */
	struct leat_stage *st;
	const struct leat__env *env;
	const struct leat__processes *processes;
	/* options */
	uint64_t window, asked_window, max_deaths;
	int64_t hang_ns, base_ns, cap_ns;
	bool wants_restarts, is_never; /* as was asked for */
	bool is_lasting;               /* a child that has died is replaced */
	bool is_copying;               /* what it writes to is a copy */
	uint32_t hook_k;               /* of the stage's guards */
	/* of the stage, as it was declared */
	struct leat_stage_ops inner;
	uint32_t n_stock;
	/* run */
	bool is_started;
	bool is_synchronous; /* one call at a time: other hooks look on */
	struct leat__span_map map;
	struct leat__span_parent parent;
	struct leat__span_call *calls; /* the memory of all */
	struct leat__span_call *free;
	struct leat__span_call *first, *last; /* not answered */
	uint32_t n_calls, n_out;              /* of them; and with the child */
	uint64_t n_waiting;                   /* records of all of these */
	uint32_t n_in_hand;                   /* of the frame that comes next */
	struct leat__span_stock *stock;
	struct leat__span_emit *emits; /* private copies */
	struct leat_frame **going;     /* frames of the answer, checked */
	uint32_t n_going;
	struct leat__span_answer answer;
	int64_t since_ns; /* nothing has come since; 0 = it is not waited for */
	int zygote_fd;
	int64_t zygote_pid, child_pid;
	int zygote_end;    /* its end, until it is forked */
	int parent_watch;  /* of this process, until it is forked */
	int zygote_watch;  /* -1 = it cannot be watched */
	int watch_fd;      /* of the child; -1 = none */
	uint64_t n_deaths; /* children, in all */
	uint32_t n_in_row; /* without an answer between */
	bool is_enough;    /* the stage wants no more */
	bool is_pushed;    /* the frame in hand was asked with */
	bool is_dirty;     /* called since the last flush */
	bool has_let;      /* others may have sent more since the last call */
	bool is_finished;  /* finish has been asked */
	const char *why;   /* an answer cannot be */
};

/* ---- zygote.c ------------------------------------------------------------ */

/* Fork it. The stage's ops are still its own. */
LEAT_MUST_CHECK int leat__zygote_start(
	struct leat__span *span, struct leat_error *err);
/* It ends, and is reaped. */
void leat__zygote_stop(struct leat__span *span);
/* A child, watched by span->watch_fd. 0 or an errno. */
LEAT_MUST_CHECK int leat__zygote_bear(struct leat__span *span);
/* The child has ended, or is about to: how? 0 or an errno. */
LEAT_MUST_CHECK int leat__zygote_reap(
	struct leat__span *span, struct leat__ended *ended_out);

/* ---- child.c ------------------------------------------------------------- */

/* All that a child does; its exit status. */
int leat__child_main(struct leat__span *span);

/* ---- call.c -------------------------------------------------------------- */

int leat__span_open(struct leat_stage *st);
int leat__span_process(struct leat_stage *st, struct leat_frame *in);
int leat__span_flush(struct leat_stage *st);
int leat__span_finish(struct leat_stage *st);

/* ---- queue.c: what is asked ---------------------------------------------- */

/* A new call at the end; there is one free. frame [moved], or NULL. */
struct leat__span_call *leat__span_put(
	struct leat__span *span, uint32_t kind, struct leat_frame *frame);
/* The first is through: out of the queue; is_taken: its frame is not wanted
 * back. */
void leat__span_drop(struct leat__span *span, bool is_taken);
/* The first becomes two, of half its records each. */
void leat__span_split(struct leat__span *span);
/* Ask the child what it has not been asked, as far as there is room. */
LEAT_MUST_CHECK int leat__span_send(struct leat__span *span);
/* The child is no more: nothing is out. */
void leat__span_recall(struct leat__span *span);
/* Wait until answers are there. LEAT_OK: look; LEAT_ECANCELED; LEAT_ECLOSED:
 * the child has ended; LEAT_ETIMEDOUT: it hangs. */
LEAT_MUST_CHECK int leat__span_await(struct leat__span *span);
static inline struct leat__span *
leat__span_of(const struct leat_stage *st)
{
	return (struct leat__span *)st->isolation;
}

/* ---- answer.c ------------------------------------------------------------ */

/* Take over what a checked answer says: emit, count, reject. LEAT_OK, LEAT_MORE
 * or LEAT_EOS as the stage said, or a code. LEAT_EBUG with a text: it cannot be
 * right, and nothing has been passed on. *is_bad_out: the child is to blame. */
LEAT_MUST_CHECK int leat__span_accept(struct leat__span *span,
	struct leat__span_call *call, bool *is_bad_out);
int64_t leat__span_balance(const struct leat_stage *st);
/* Have the stock full. */
LEAT_MUST_CHECK int leat__span_restock(struct leat__span *span);
void leat__span_drop_stock(struct leat__span *span);

/* ---- rescue.c ------------------------------------------------------------ */

/* The child is gone, hangs or says what cannot be; what: how to call that.
 * LEAT_OK: there is another one; or a code, with the text. */
LEAT_MUST_CHECK int leat__span_rescue(
	struct leat__span *span, const char *what);
/* The first one, or the next: opened. LEAT_OK or a code, with the text. */
LEAT_MUST_CHECK int leat__span_begin_child(struct leat__span *span);
/* "was ended by SIGSEGV" */
void leat__span_tell_end(const struct leat__span *span, bool is_known,
	const struct leat__ended *ended, char *buf, size_t n_bytes);
/* End the child: with its fini if is_kind and it does so soon. */
void leat__span_end_child(struct leat__span *span, bool is_kind);

#endif
