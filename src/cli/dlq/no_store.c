/*
 * cli/dlq/no_store.c -- a store of dead letters that keeps none: for graphs
 * that are tried, and to be filled in by who keeps them elsewhere.
 */
#include <leat/dead.h>

#include "cli.h"

static int
none_open(struct leat_dead *dead, uint32_t how, struct leat_error *err)
{
	(void)dead;
	(void)how;
	(void)err;
	return LEAT_OK;
}

static int
none_put(struct leat_dead *dead, const struct leat_letter *letter,
	struct leat_error *err)
{
	(void)dead;
	(void)letter;
	(void)err;
	return LEAT_OK;
}

static int
none_sync(struct leat_dead *dead, struct leat_error *err)
{
	(void)dead;
	(void)err;
	return LEAT_OK;
}

static void
none_close(struct leat_dead *dead)
{
	(void)dead;
}

const struct leat_dead_ops leat__cli_no_store = {
	LEAT_DEAD_OPS_INIT("none"),
	.suffixes = "",
	.open = none_open,
	.put = none_put,
	.sync = none_sync,
	.close = none_close,
};
