/*
 * stages/sink/write.c -- bytes to a file, complete or not there.
 *
 * A regular file gets its name when everything is in it and on the disk;
 * only then do its records count as written. What goes to a pipe is out at
 * once and counts as it goes. A drained run is not complete: what there is
 * stands as PATH.partial, unless the option on_drain says otherwise. Where
 * files are to be cut, rows come instead of bytes, and write.split's machinery
 * has them.
 */
#include <string.h>

#include "split.h"

enum write_on_drain { WRITE_KEEP = 0, WRITE_COMMIT, WRITE_DISCARD };

struct write_state {
	const struct leat_write_opts *opts;
	struct leat_file *file;
	uint32_t is_regular;
	uint64_t n_pending; /* records in a file that has no name yet */
	uint32_t is_cut;    /* into several files: the rest is for that */
	struct leat_write_split_opts split_opts;
	struct split split;
};

/* ---- several files -------------------------------------------------------- */

/* Is there a {name} in it? Or one but {n}, so that several are open at once? */
static bool
write_has_names(const char *path, bool but_n)
{
	const char *at = path ? strchr(path, '{') : NULL;

	for (; at; at = strchr(at + 1, '{')) {
		const char *close = strchr(at, '}');

		if (!close)
			return false;
		if (close > at + 1 && !(but_n && !strncmp(at, "{n}", 3)))
			return true;
	}
	return false;
}

static bool
write_is_cut(const struct leat_write_opts *o)
{
	return o->rotate_rows || o->rotate_bytes ||
		write_has_names(o->path, false);
}

static uint32_t
write_takes(const void *opts)
{
	return write_is_cut(opts) ? LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ROWS
				  : LEAT_LAYOUT_BYTES;
}

static int
write_init_cut(struct leat_stage *st, struct write_state *s)
{
	const struct leat_write_opts *o = s->opts;

	s->is_cut = 1;
	s->split_opts = (struct leat_write_split_opts){
		LEAT_OPTS_INIT(leat_write_split_opts), .path = o->path,
		.rotate_rows = o->rotate_rows, .rotate_bytes = o->rotate_bytes,
		.max_files = o->max_files,
		.max_open = write_has_names(o->path, true) ? 0 : 1,
		.sync = o->sync, .on_drain = o->on_drain};
	return split_init(st, &s->split, &s->split_opts);
}

/* ---- one file ------------------------------------------------------------- */

static int
write_init(struct leat_stage *st, const void *opts)
{
	struct write_state *s = leat_stage_state(st);

	s->opts = opts;
	return write_is_cut(opts) ? write_init_cut(st, s) : LEAT_OK;
}

/* What is to become of an incomplete file, at its end. */
static void
write_change(struct leat_stage *st, const void *opts)
{
	struct write_state *s = leat_stage_state(st);

	s->opts = opts;
	s->split_opts.on_drain = s->opts->on_drain;
}

static int
write_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct write_state *s = leat_stage_state(st);

	(void)out;
	return s->is_cut ? split_negotiate(st, &s->split, in) : LEAT_OK;
}

static int
write_open(struct leat_stage *st)
{
	struct write_state *s = leat_stage_state(st);
	uint32_t flags = s->opts->sync ? LEAT_FILE_NO_SYNC : 0;
	int rc;

	if (s->is_cut)
		return split_open(st, &s->split);
	rc = leat_file_create(st, s->opts->path, flags, &s->file);
	if (rc < 0)
		return rc;
	s->is_regular = leat_file_info(s->file).flags & LEAT_FILE_IS_REGULAR;
	return LEAT_OK;
}

static int
write_process(struct leat_stage *st, struct leat_frame *in)
{
	struct write_state *s = leat_stage_state(st);
	int rc;

	if (s->is_cut)
		return split_process(st, &s->split, in);
	rc = leat_file_write(s->file, in->data, in->len_bytes);
	if (rc < 0)
		return rc;
	if (s->is_regular)
		s->n_pending += in->n_items;
	else
		leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* The run was drained: what there is, is not all. */
static enum leat_count
write_end_partial(struct write_state *s)
{
	if (s->opts->on_drain == WRITE_DISCARD)
		return LEAT_COUNT_FILTERED;
	leat_file_keep_partial(s->file);
	return LEAT_COUNT_WRITTEN;
}

static int
write_finish(struct leat_stage *st)
{
	struct write_state *s = leat_stage_state(st);
	enum leat_count what = LEAT_COUNT_WRITTEN;

	if (s->is_cut)
		return split_finish(st, &s->split);
	if (s->is_regular && leat_stage_is_draining(st) &&
		s->opts->on_drain != WRITE_COMMIT) {
		what = write_end_partial(s);
	} else {
		int rc = leat_file_commit(s->file);

		if (rc < 0)
			return rc;
	}
	leat_stage_count(st, what, s->n_pending);
	s->n_pending = 0;
	return LEAT_OK;
}

static void
write_fini(struct leat_stage *st)
{
	struct write_state *s = leat_stage_state(st);

	split_fini(&s->split);
	leat_file_close(s->file);
	s->file = NULL;
}

static uint32_t
write_promises(struct leat_stage *st, uint32_t out)
{
	const struct write_state *s = leat_stage_state(st);

	(void)out;
	return leat_file_is_stream(st, s->opts->path) ? 0 : LEAT_PROMISE_WHOLE;
}

static int
write_probe(struct leat_stage *st)
{
	const struct write_state *s = leat_stage_state(st);

	return s->is_cut ? split_probe(st, &s->split)
			 : leat_file_probe(st, s->opts->path);
}

static const struct leat_option write_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_write_opts, path),
		.help = "file to write; - is standard output; {column} is a "
			"value, {n} a number"},
	{.name = "sync",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_opts, sync),
		.fallback = "on",
		.values = "on|off",
		.help = "bring the file to the disk before it gets its name"},
	{.name = "on_drain",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_LIVE,
		.offset = offsetof(struct leat_write_opts, on_drain),
		.fallback = "keep",
		.values = "keep|commit|discard",
		.help = "an incomplete file: as PATH.partial, as PATH, or "
			"gone"},
	{.name = "rotate_rows",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_opts, rotate_rows),
		.min = 1,
		.max = INT64_MAX,
		.unit = "rows",
		.help = "most rows of a file; then the next one begins, {n} in "
			"the path is its number"},
	{.name = "rotate_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_write_opts, rotate_bytes),
		.min = 1,
		.max = INT64_MAX,
		.unit = "bytes",
		.help = "a file that has so many bytes of text is followed by "
			"the next one"},
	{.name = "max_files",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_opts, max_files),
		.min = 1,
		.max = 65536,
		.fallback = "1000",
		.unit = "files",
		.help = "most that are written where files are cut; more are "
			"an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_write_ops = {
	LEAT_STAGE_OPS_INIT("write"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_SINK,
	.summary = "bytes to a file, complete or not there",
	.help = "Writes beside the final name and renames at the end, so PATH "
		"is "
		"either as it was or complete; reading and writing the same "
		"path is safe. The extension of the path brings the formatter "
		"along: write a.csv means csv.format ! write a.csv.\n"
		"\n"
		"With {column} in the path each value of that column has a "
		"file of its own, and with rotate_rows= or rotate_bytes= "
		"files are cut, each complete by itself, as of write.split: "
		"write {origin}.csv, write a-{n}.csv rotate_rows=1000000. "
		"They get their names together at the end.",
	.state_bytes = sizeof(struct write_state),
	.opts_bytes = sizeof(struct leat_write_opts),
	.options = write_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.init = write_init,
	.negotiate = write_negotiate,
	.open = write_open,
	.process = write_process,
	.finish = write_finish,
	.fini = write_fini,
	.takes = write_takes,
	.change = write_change,
	.promises = write_promises,
	.probe = write_probe,
};
