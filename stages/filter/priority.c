/*
 * stages/filter/priority.c -- what frames are worth where not all can be kept.
 */
#include <stddef.h>

#include <leat/stages.h>

static int
priority_init(struct leat_stage *st, const void *opts)
{
	uint32_t *priority = leat_stage_state(st);

	*priority =
		(uint32_t)((const struct leat_priority_opts *)opts)->priority;
	return LEAT_OK;
}

static int
priority_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint32_t *priority = leat_stage_state(st);

	leat_frame_set_priority(in, *priority);
	return leat_stage_emit(st, 0, in);
}

static void
priority_change(struct leat_stage *st, const void *opts)
{
	(void)priority_init(st, opts);
}

static const struct leat_option priority_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_LIVE,
		.offset = offsetof(struct leat_priority_opts, priority),
		.min = 0,
		.max = LEAT_FRAME_PRIORITY_MAX,
		.fallback = "0",
		.help = "0 is the least, and what is not said; 7 the most"},
	{.name = NULL},
};

const struct leat_stage_ops leat_priority_ops = {
	LEAT_STAGE_OPS_INIT("priority"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "what records are worth to a tee that sheds",
	.help = "`tee shed-priority` behind it drops the least first. What "
		"later stages\n"
		"make of a record keeps its priority.\n"
		"\n"
		"    leat run 'read errors.log ! priority 7 ! m.\n"
		"        read debug.log ! m.\n"
		"        merge name=m ! tee block,shed-priority name=t\n"
		"        t. ! write all.txt   t. ! write some.txt'\n",
	.state_bytes = sizeof(uint32_t),
	.opts_bytes = sizeof(struct leat_priority_opts),
	.options = priority_options,
	.init = priority_init,
	.process = priority_process,
	.change = priority_change,
};
