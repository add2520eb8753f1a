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

	uint64_t short_seed; /* not 0: reads and writes move 1 to n bytes */
};

void fail_env_init(struct fail_env *world);

/* Does fn(arg) end its process by abort()? Tried in a child, in silence. */
bool fail_aborts(void (*fn)(void *), void *arg);

#endif
