/*
 * stages/sink/write_split.c -- write.split: rows to several files, by value, by
 * size. What it does is in split_rows.c.
 */
#include "split.h"

static int
write_split_init(struct leat_stage *st, const void *opts)
{
	return split_init(st, leat_stage_state(st), opts);
}

static int
write_split_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	return split_negotiate(st, leat_stage_state(st), in);
}

static int
write_split_open(struct leat_stage *st)
{
	return split_open(st, leat_stage_state(st));
}

static int
write_split_process(struct leat_stage *st, struct leat_frame *in)
{
	return split_process(st, leat_stage_state(st), in);
}

static int
write_split_finish(struct leat_stage *st)
{
	return split_finish(st, leat_stage_state(st));
}

static void
write_split_fini(struct leat_stage *st)
{
	split_fini(leat_stage_state(st));
}

static uint32_t
write_split_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return LEAT_PROMISE_WHOLE;
}

static int
write_split_probe(struct leat_stage *st)
{
	return split_probe(st, leat_stage_state(st));
}

static const struct leat_option split_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_write_split_opts, path),
		.help = "files to write: {column} is a value, {n} a number"},
	{.name = "rotate_rows",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_split_opts, rotate_rows),
		.min = 1,
		.max = INT64_MAX,
		.unit = "rows",
		.help = "most rows of a file; then the next one, {n}, begins"},
	{.name = "rotate_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_write_split_opts, rotate_bytes),
		.min = 1,
		.max = INT64_MAX,
		.unit = "bytes",
		.help = "a file that has so many bytes of text is followed by "
			"the next one"},
	{.name = "max_open",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_split_opts, max_open),
		.min = 1,
		.max = 65536,
		.fallback = "64",
		.unit = "files",
		.help = "most that are open at once"},
	{.name = "max_files",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_split_opts, max_files),
		.min = 1,
		.max = 65536,
		.fallback = "1000",
		.unit = "files",
		.help = "most that are written; more are an error"},
	{.name = "header",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_split_opts, header),
		.fallback = "on",
		.values = "on|off",
		.help = "begin each file of a CSV with the names of the "
			"columns"},
	{.name = "sync",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_split_opts, sync),
		.fallback = "on",
		.values = "on|off",
		.help = "bring files to the disk before they get their names"},
	{.name = "on_drain",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_split_opts, on_drain),
		.fallback = "keep",
		.values = "keep|commit|discard",
		.help = "incomplete files: as PATH.partial, as PATH, or gone"},
	{.name = NULL},
};

const struct leat_stage_ops leat_write_split_ops = {
	LEAT_STAGE_OPS_INIT("write.split"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_SINK,
	.summary = "rows to several files, by value or by size",
	.help = "{column} in the path stands for the value of that column in a "
		"row: each\n"
		"value has a file of its own. Slashes and control characters "
		"of a value, and\n"
		"a dot at its beginning, become _, an empty one is _; names "
		"that would be\n"
		"alike get ~2, ~3, ... Folders must be there. {n} is a number: "
		"0001, 0002, ...\n"
		"where rotate_rows= or rotate_bytes= cut files. All files get "
		"their names\n"
		"when the run has ended well, and none before.\n"
		"\n"
		"The extension says what is in the files: .csv, .tsv, .ndjson, "
		"and .txt for\n"
		"lines; .gz, .zst, .lz4 and .bz2 behind it compress. So they "
		"do by members\n"
		"of 256 KiB of text; a file of which max_open= lets go begins "
		"another one.\n"
		"rotate_bytes= counts before that.\n"
		"\n"
		"    leat run 'read a.csv ! write.split out/{origin}.csv'\n"
		"    leat run 'read a.csv ! write.split a-{n}.csv "
		"rotate_rows=1000000'\n",
	.state_bytes = sizeof(struct split),
	.opts_bytes = sizeof(struct leat_write_split_opts),
	.options = split_options,
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ROWS,
	.init = write_split_init,
	.negotiate = write_split_negotiate,
	.open = write_split_open,
	.process = write_split_process,
	.finish = write_split_finish,
	.fini = write_split_fini,
	.promises = write_split_promises,
	.probe = write_split_probe,
};
