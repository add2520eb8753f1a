/*
 * support/fail.h -- a world that fails on purpose, and counts what it gave.
 *
 *	struct fail_env world;
 *
 *	fail_env_init(&world);
 *	world.alloc_fail_at = 3;         the third allocation fails
 *	world.write.fail_at = 1;         the first write fails
 *	world.write.sys_errno = ENOSPC;  with this
 *	leat__ctx_create(&world.env, ...);
 *	ck_assert_uint_eq(world.alloc_live, 0);
 *
 * Everything it does not fail is done by the real world. It does not move
 * while in use. Set the fields before threads use it; counters are atomic.
 */
#ifndef LEAT_TESTS_SUPPORT_FAIL_H
#define LEAT_TESTS_SUPPORT_FAIL_H

#include "env/env.h"

/* One function of the table: which of its calls fails, counted from 1. */
struct fail_call {
	uint64_t n;         /* calls so far */
	uint64_t fail_at;   /* 0 = none */
	bool fail_for_ever; /* that one and all after it */
	int sys_errno;      /* 0 = EIO (thread: EAGAIN; map: ENOMEM) */
};

struct fail_env {
	struct leat__env env; /* hand this out */

	uint64_t alloc_n;         /* allocations so far */
	uint64_t alloc_live;      /* blocks not freed yet */
	uint64_t alloc_fail_at;   /* from 1; 0 = none */
	bool alloc_fail_for_ever; /* that one and all after it */
	uint64_t map_live;        /* mappings not undone yet */
	uint64_t fd_live;         /* files and events not closed yet */

	struct fail_call map;
	struct fail_call thread;
	struct fail_call open;
	struct fail_call read; /* read and read_at */
	struct fail_call write;
	struct fail_call sync; /* sync and sync_dir */
	struct fail_call rename;
	struct fail_call unlink;
	struct fail_call list;
	struct fail_call close; /* the file is closed all the same */

	uint64_t short_seed; /* not 0: reads and writes move 1 to n bytes */
	uint64_t most_bytes; /* not 0: and never more than so many */
	/* not 0: one read or write of three is interrupted (EINTR), before it
	 * has moved anything */
	uint64_t interrupt_seed;
	/* not 0: between two looks at the clock of that kind so much passes,
	 * forth and back in turn for the wall clock, which nobody waits by */
	int64_t wall_jump_ns;
	int64_t leap_ns;  /* monotonic: what every 64th look adds */
	bool is_stalled;  /* monotonic: nothing passes */
	int64_t leapt_ns; /* so far; atomic */
	uint64_t n_looks; /* at a clock; atomic */
};

void fail_env_init(struct fail_env *world);

/* Does fn(arg) end its process by abort()? Tried in a child, in silence. */
bool fail_aborts(void (*fn)(void *), void *arg);

#endif
