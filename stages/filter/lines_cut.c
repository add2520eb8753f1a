/*
 * stages/filter/lines_cut.c -- bytes cut where lines end.
 *
 * Stands before a parser of lines; what it emits is said in cut.h: frames of
 * whole lines (the last of all may lack its newline), with a head that says on
 * which line they begin, and 64 readable bytes behind. A line longer than
 * max_record_bytes (its CR apart) comes as its first max_record_bytes + 1
 * bytes in a frame with the flaw CUT_LONG, and the rest of it is skipped.
 */
#include <leat/stages.h>

#include "cut.h"

static int
lines_init(struct leat_stage *st, const void *opts)
{
	const struct leat_lines_cut_opts *o = opts;
	struct cut *s = leat_stage_state(st);

	s->dialect = (struct leat_dialect){'\n', 0};
	cut_init(st, s, o->max_record_bytes);
	return LEAT_OK;
}

static int
lines_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	return cut_negotiate(st, leat_stage_state(st), in, out);
}

static int
lines_process(struct leat_stage *st, struct leat_frame *in)
{
	struct cut *s = leat_stage_state(st);
	int rc;

	if (cut_is_new_file(s, in)) {
		rc = cut_end_file(st, s);
		if (rc)
			return rc;
		cut_begin_file(s, in);
	}
	return cut_process(st, s, in);
}

static int
lines_finish(struct leat_stage *st)
{
	return cut_finish(st, leat_stage_state(st));
}

static const struct leat_option lines_options[] = {
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset =
			offsetof(struct leat_lines_cut_opts, max_record_bytes),
		.min = 1,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest line"},
	{.name = NULL},
};

const struct leat_stage_ops leat_lines_cut_ops = {
	LEAT_STAGE_OPS_INIT("lines.cut"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_LIGHT,
	.summary = "bytes cut where lines end, for parsers in parallel",
	.help = "Comes by itself before parsers of lines, which several "
		"workers then run\n"
		"at once: every frame that it passes on holds whole lines. "
		"Nobody has to\n"
		"write it.\n",
	.state_bytes = sizeof(struct cut),
	.opts_bytes = sizeof(struct leat_lines_cut_opts),
	.options = lines_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.init = lines_init,
	.negotiate = lines_negotiate,
	.process = lines_process,
	.finish = lines_finish,
};
