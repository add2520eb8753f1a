/*
 * support/evil.h -- numbers ! @isolate evil ! sink: a stage that does in
 * its process what it is told to.
 */
#ifndef LEAT_TESTS_SUPPORT_EVIL_H
#define LEAT_TESTS_SUPPORT_EVIL_H

#include "span/span.h"
#include "support/numbers.h"
#include "support/test.h"

struct evil_opts {
	uint32_t size;
	uint32_t flags;
	/* what it does when it meets item `at`, and at every call if that is 0,
	 * before it passes the frame on */
	void (*deed)(struct leat_stage *st, struct leat_frame *in);
	/* and after it has */
	void (*late)(struct leat_stage *st, struct leat_frame *in);
	void (*at_open)(struct leat_stage *st);
	void (*at_finish)(struct leat_stage *st);
	uint64_t at;
	uint64_t code; /* -code is what a call with that item returns, once */
};

enum evil_kind {
	EVIL_STATELESS = 0,
	EVIL_STATEFUL, /* it says nothing of itself */
	EVIL_WRITER,   /* stateless, and adds 1 to each item in place */
	EVIL_MAKER,    /* stateless, each item in a frame of its own */
	EVIL_PICKY,    /* stateless, rejects multiples of 10 */
	EVIL_REPEATER, /* can be called again */
	EVIL_PAIR,     /* stateless; it may emit two frames a call */
	EVIL_N
};

#define TRIAL_CHANGES 3u

struct trial {
	struct numbers_opts numbers;
	struct evil_opts evil;
	struct leat_isolate_opts isolate;
	enum evil_kind kind;
	const struct leat_stage_ops *ops;   /* instead of those of kind */
	const struct leat_hook_step *outer; /* a hook outside, or NULL */
	const char *dead_letters;
	uint64_t enough;
	struct sink_seen seen;
	struct leat_graph_stats stats;
	struct leat_stage_stats evil_stats;
	struct leat_error err;
	struct leat_change
		changes[TRIAL_CHANGES]; /* the first that were told */
	uint32_t n_changes;
	void (*meanwhile)(struct leat_graph *graph);
};

/* 100 frames of 10 numbers from 1 on. */
struct trial trial_of_thousand(void);
int trial_run(struct trial *t);
/* Children of this process that are alive, or not waited for. */
uint32_t n_children(void);
uint32_t n_files(void);

#endif
