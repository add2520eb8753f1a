/*
 * fan/pass.c -- pass: everything goes on as it came.
 *
 * A place in a graph: another stage can come there while the graph runs, and it
 * stands where one has gone (graph/place.c). It asks for frames that nobody
 * else reads, as whoever comes may write into them.
 */
#include <leat/stages.h>

static int
pass_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

/* Of those that come in it looks at none. */
static uint32_t
pass_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	(void)st;
	(void)schema;
	(void)wanted;
	return LEAT_WANTS_REST_PASSES;
}

const struct leat_stage_ops leat_pass_ops = {
	LEAT_STAGE_OPS_INIT("pass"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "everything goes on as it came; a place for another stage",
	.help = "Where it stands another stage can come while the graph runs, "
		"as leat help\n"
		"reload says, and where one goes it is put. It costs next to "
		"nothing.\n"
		"\n"
		"    leat run 'read a.csv ! pass ! write b.csv'\n",
	.process = pass_process,
	.wants = pass_wants,
};
