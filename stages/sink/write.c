/*
 * stages/sink/write.c -- bytes to a file, complete or not there.
 *
 * A regular file gets its name when everything is in it and on the disk;
 * only then do its records count as written. What goes to a pipe is out at
 * once and counts as it goes. A drained run is not complete: what there is
 * stands as PATH.partial, unless the option on_drain says otherwise.
 */
#include <leat/io.h>
#include <leat/stages.h>

enum write_on_drain { WRITE_KEEP = 0, WRITE_COMMIT, WRITE_DISCARD };

struct write_state {
	const struct leat_write_opts *opts;
	struct leat_file *file;
	uint32_t is_regular;
	uint64_t n_pending; /* records in a file that has no name yet */
};

static int
write_init(struct leat_stage *st, const void *opts)
{
	struct write_state *s = leat_stage_state(st);

	s->opts = opts;
	return LEAT_OK;
}

static int
write_open(struct leat_stage *st)
{
	struct write_state *s = leat_stage_state(st);
	uint32_t flags = s->opts->sync ? LEAT_FILE_NO_SYNC : 0;
	int rc = leat_file_create(st, s->opts->path, flags, &s->file);

	if (rc < 0)
		return rc;
	s->is_regular = leat_file_info(s->file).flags & LEAT_FILE_IS_REGULAR;
	return LEAT_OK;
}

static int
write_process(struct leat_stage *st, struct leat_frame *in)
{
	struct write_state *s = leat_stage_state(st);
	int rc = leat_file_write(s->file, in->data, in->len_bytes);

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

	leat_file_close(s->file);
	s->file = NULL;
}

static const struct leat_option write_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_write_opts, path),
		.help = "file to write; - is standard output"},
	{.name = "sync",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_opts, sync),
		.fallback = "on",
		.values = "on|off",
		.help = "bring the file to the disk before it gets its name"},
	{.name = "on_drain",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_opts, on_drain),
		.fallback = "keep",
		.values = "keep|commit|discard",
		.help = "an incomplete file: as PATH.partial, as PATH, or "
			"gone"},
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
		"along: write a.csv means csv.format ! write a.csv.",
	.state_bytes = sizeof(struct write_state),
	.opts_bytes = sizeof(struct leat_write_opts),
	.options = write_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.init = write_init,
	.open = write_open,
	.process = write_process,
	.finish = write_finish,
	.fini = write_fini,
};
