/*
 * unit/ctx/tree.h -- a root in a world that counts, for the tests of contexts.
 */
#ifndef LEAT_TESTS_UNIT_CTX_TREE_H
#define LEAT_TESTS_UNIT_CTX_TREE_H

#include "ctx/ctx.h"

#include "support/fail.h"
#include "support/test.h"

#define SECOND_NS 1000000000ll

static struct leat_ctx *root;
static struct leat_error err;
static struct fail_env world;

static inline void
setup(void)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__ctx_create(&world.env, &root, &err), LEAT_OK);
}

static inline void
teardown(void)
{
	leat_ctx_destroy(root);
	ck_assert_uint_eq(world.alloc_live, 0);
}

static inline struct leat_ctx *
child_until(struct leat_ctx *parent, int64_t deadline_ns)
{
	struct leat_ctx *ctx = NULL;

	ck_assert_int_eq(
		leat_ctx_child_at(parent, deadline_ns, &ctx, &err, "tree.c:1"),
		LEAT_OK);
	return ctx;
}

static inline struct leat_ctx *
child(struct leat_ctx *parent)
{
	return child_until(parent, LEAT_NEVER);
}

#endif
