/*
 * support/watchdog.h -- ends a stress test in which nothing moves any more.
 *
 * Whoever gets something done bumps progress; when it stays the same for
 * WATCHDOG_SECONDS the process aborts and says what it was doing.
 */
#ifndef LEAT_TESTS_SUPPORT_WATCHDOG_H
#define LEAT_TESTS_SUPPORT_WATCHDOG_H

#include <stdio.h>
#include <stdlib.h>

#include "env/env.h"

#define WATCHDOG_SECONDS 300 /* a busy machine is slow */
#define WATCHDOG_LOOK_NS 100000000

struct watchdog {
	struct leat__thread thread;
	uint32_t is_over;  /* atomic */
	uint32_t progress; /* atomic */
	char what[256];    /* for the text; set while nobody else runs */
};

static inline void
watchdog_main(void *arg)
{
	const struct leat__env *env = leat__env_posix();
	struct watchdog *dog = arg;
	uint32_t before = 0;
	int n_same = 0;

	/* acquire: pairs with the exchange in watchdog_stop */
	while (!leat__load_acquire(&dog->is_over)) {
		uint32_t now = leat__load_relaxed(&dog->progress);

		n_same = now == before ? n_same + 1 : 0;
		before = now;
		if (n_same >= WATCHDOG_SECONDS * 10) {
			fprintf(stderr, "stuck: %s\n", dog->what);
			abort();
		}
		env->park(env, &dog->is_over, 0,
			env->now_ns(env) + WATCHDOG_LOOK_NS);
	}
}

static inline void
watchdog_start(struct watchdog *dog)
{
	const struct leat__env *env = leat__env_posix();

	*dog = (struct watchdog){
		.thread = {.fn = watchdog_main, .name = "watchdog"}};
	dog->thread.arg = dog;
	if (env->thread_start(env, &dog->thread) != 0)
		abort();
}

static inline void
watchdog_pat(struct watchdog *dog)
{
	leat__add_relaxed(&dog->progress, 1u);
}

static inline void
watchdog_stop(struct watchdog *dog)
{
	const struct leat__env *env = leat__env_posix();

	leat__swap_acq_rel(&dog->is_over, 1u);
	env->wake(env, &dog->is_over);
	env->thread_join(env, &dog->thread);
}

#endif
