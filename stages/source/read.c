/*
 * stages/source/read.c -- the bytes of a file, of several files one after the
 * other, or of standard input.
 *
 * A regular file is read in full chunks; of a pipe, what one read gave is
 * passed on at once. Every frame has headroom, so that a parser can put the
 * beginning of a record in front of its end, and slack behind, so that it can
 * scan beyond the last byte. A drained source ends with an empty frame marked
 * LEAT_FRAME_CUT: the stream did not end, it was stopped. An empty frame also
 * says that a moment has come that a parser has asked for. Where a path is a
 * pattern, the first frame of every file says so (LEAT_FRAME_FIRST). A call
 * that has failed has taken nothing away: made again, it goes on at the same
 * byte.
 */
#include <string.h>

#include <leat/io.h>
#include <leat/stages.h>

#define READ_CHUNK_BYTES 262144
#define READ_BURST       3 /* frames of a file that nobody is told of */
#define READ_HEADROOM    4096
#define READ_SLACK       4096
#define READ_LOOK_BYTES  65536 /* shown to the check */

struct read_state {
	const char *path; /* as it was given */
	struct leat_file_list files;
	uint32_t n_begun; /* of them */
	uint32_t is_pattern;
	uint32_t is_first;   /* the next frame is the first of its file */
	uint32_t is_literal; /* glob=off */
	struct leat_file *file;
	uint32_t chunk_bytes;
	uint32_t is_regular;
	uint32_t is_at_end;
	uint64_t offset; /* bytes emitted of this file */
	int64_t told_ns; /* the last moment asked for that was kept */
};

static int
read_init(struct leat_stage *st, const void *opts)
{
	const struct leat_read_opts *o = opts;
	struct read_state *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->path = o->path;
	s->is_literal = o->glob;
	s->chunk_bytes =
		o->chunk_bytes ? (uint32_t)o->chunk_bytes : READ_CHUNK_BYTES;
	needs->frame_bytes = READ_HEADROOM + s->chunk_bytes + READ_SLACK;
	return LEAT_OK;
}

/* How much is to be shown: of a compressed file its largest block. */
static int
read_look_bytes(struct read_state *s, uint32_t *n_out)
{
	static const struct {
		uint8_t magic[4];
		uint32_t n_magic, n_bytes;
	} blocks[] = {
		{{0x28, 0xb5, 0x2f, 0xfd}, 4, 3 * READ_LOOK_BYTES},
		{{0x04, 0x22, 0x4d, 0x18}, 4, (4 << 20) + READ_LOOK_BYTES},
		{{'B', 'Z', 'h'}, 3, 1 << 20},
	};
	uint8_t head[4] = {0};
	size_t n;
	int rc = leat_file_peek(s->file, 0, head, sizeof(head), &n);

	*n_out = READ_LOOK_BYTES;
	for (uint32_t k = 0; k < sizeof(blocks) / sizeof(blocks[0]); k++)
		if (memcmp(head, blocks[k].magic, blocks[k].n_magic) == 0)
			*n_out = blocks[k].n_bytes;
	return rc == LEAT_EOS ? LEAT_OK : rc;
}

/* Fill buf as far as the file goes. */
static int
read_look(struct read_state *s, uint8_t *buf, uint32_t n_bytes, uint32_t *n_out)
{
	int rc = LEAT_OK;
	size_t n;

	for (*n_out = 0; *n_out < n_bytes && rc == LEAT_OK;) {
		rc = leat_file_peek(
			s->file, *n_out, buf + *n_out, n_bytes - *n_out, &n);
		if (rc == LEAT_OK)
			*n_out += (uint32_t)n;
	}
	return rc == LEAT_EOS ? LEAT_OK : rc;
}

static int
read_show_sample(struct leat_stage *st, struct leat_shape *out)
{
	struct read_state *s = leat_stage_state(st);
	uint32_t n_bytes;
	void *buf;
	int rc = read_look_bytes(s, &n_bytes);

	if (rc < 0)
		return rc;
	leat_stage_needs(st)->side_bytes += n_bytes + READ_SLACK;
	rc = leat_stage_alloc(st, n_bytes + 64, &buf);
	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for a sample");
	memset((uint8_t *)buf + n_bytes, 0, 64);
	rc = read_look(s, buf, n_bytes, &out->sample_bytes);
	if (rc < 0)
		return rc;
	out->sample = buf;
	out->sample_is_all = out->sample_bytes < n_bytes;
	return LEAT_OK;
}

/* Open the next file. LEAT_EOS: that was the last. */
static int
read_open_next(struct leat_stage *st)
{
	struct read_state *s = leat_stage_state(st);
	int rc;

	if (s->n_begun == s->files.n)
		return LEAT_EOS;
	leat_file_close(s->file);
	s->file = NULL;
	rc = leat_file_open(st, s->files.paths[s->n_begun], &s->file);
	if (rc < 0)
		return rc;
	s->n_begun++;
	s->offset = 0;
	s->is_first = s->is_pattern;
	s->is_regular = leat_file_info(s->file).flags & LEAT_FILE_IS_REGULAR;
	return LEAT_OK;
}

/* Which files are to be read? */
static int
read_find(struct leat_stage *st, struct read_state *s)
{
	if (!s->is_literal && leat_file_is_pattern(s->path)) {
		s->is_pattern = 1;
		return leat_file_find(st, s->path, &s->files);
	}
	s->files.paths = &s->path;
	s->files.n = 1;
	return LEAT_OK;
}

static int
read_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct read_state *s = leat_stage_state(st);
	int rc = read_find(st, s);

	(void)in;
	if (rc == LEAT_OK)
		rc = read_open_next(st);
	if (rc < 0)
		return rc;
	leat_stage_needs(st)->burst = s->is_regular ? READ_BURST : 1;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->origin = strcmp(s->path, "-") == 0 ? "stdin" : s->path;
	out->total_bytes = s->is_pattern ? s->files.size_bytes
					 : leat_file_info(s->file).size_bytes;
	if (!s->is_regular)
		return LEAT_OK;
	rc = read_show_sample(st, out);
	out->sample_is_all &= s->files.n == 1;
	return rc;
}

/* Until when is something waited for? Each moment is kept once. */
static int64_t
read_until_ns(const struct leat_stage *st, const struct read_state *s)
{
	int64_t asked_ns = leat_stage_asked_ns(st);

	return asked_ns == s->told_ns ? LEAT_NEVER : asked_ns;
}

/* LEAT_OK: something was read, or a moment has come that was asked for.
 * LEAT_EOS: nothing, the end or a drain. */
static int
read_fill(struct leat_stage *st, struct leat_frame *frame)
{
	struct read_state *s = leat_stage_state(st);
	int64_t until_ns = read_until_ns(st, s);
	uint32_t n_max = s->chunk_bytes;
	int rc = LEAT_OK;
	size_t n;

	while (rc == LEAT_OK && frame->len_bytes < n_max) {
		rc = leat_file_read_until(s->file,
			frame->data + frame->len_bytes,
			n_max - frame->len_bytes, until_ns, &n);
		if (rc == LEAT_OK)
			frame->len_bytes += (uint32_t)n;
		if (rc == LEAT_OK && !s->is_regular)
			break;
	}
	if (rc == LEAT_EAGAIN) {
		s->told_ns = until_ns;
		return LEAT_OK;
	}
	/* what was read goes on; the rest of it is told by the next call */
	if (rc < 0 && rc != LEAT_ECANCELED && frame->len_bytes > 0)
		return LEAT_OK;
	return rc;
}

static int
read_begin(struct leat_stage *st, struct leat_frame **frame_out)
{
	struct read_state *s = leat_stage_state(st);
	int rc = leat_stage_acquire(st, frame_out);

	if (rc < 0)
		return rc;
	if (s->is_first)
		leat_frame_set_file(*frame_out, s->files.paths[s->n_begun - 1]);
	(*frame_out)->data = leat_frame_start(*frame_out) + READ_HEADROOM;
	(*frame_out)->len_bytes = 0;
	(*frame_out)->n_items = 0;
	(*frame_out)->layout = LEAT_LAYOUT_BYTES;
	(*frame_out)->source_offset = s->offset;
	return LEAT_OK;
}

static int
read_emit(struct leat_stage *st, struct leat_frame *frame)
{
	struct read_state *s = leat_stage_state(st);

	s->offset += frame->len_bytes;
	s->is_first = 0;
	frame->birth_ns = leat_stage_now_ns(st);
	return leat_stage_emit(st, 0, frame);
}

static int
read_produce(struct leat_stage *st)
{
	struct read_state *s = leat_stage_state(st);
	struct leat_frame *frame;
	int rc = s->file ? LEAT_OK : read_open_next(st);

	if (rc == LEAT_OK)
		rc = read_begin(st, &frame);
	if (rc < 0)
		return rc;
	rc = read_fill(st, frame);
	/* of an empty file there is a frame as well */
	if (rc == LEAT_OK || (rc == LEAT_EOS && s->is_first))
		return read_emit(st, frame);
	leat_stage_release(st, frame);
	if (rc != LEAT_EOS || leat_stage_is_draining(st))
		return rc;
	rc = read_open_next(st);
	s->is_at_end = rc == LEAT_EOS;
	return rc;
}

/* Was there more to come? A regular file can be asked. */
static bool
read_is_cut(struct leat_stage *st)
{
	struct read_state *s = leat_stage_state(st);
	uint8_t byte;
	size_t n;

	if (s->is_at_end || !leat_stage_is_draining(st))
		return false;
	return !s->is_regular || s->n_begun < s->files.n ||
		s->offset < leat_file_info(s->file).size_bytes ||
		leat_file_peek(s->file, s->offset, &byte, 1, &n) == LEAT_OK;
}

static int
read_finish(struct leat_stage *st)
{
	struct leat_frame *frame;
	int rc;

	if (!read_is_cut(st))
		return LEAT_OK;
	rc = read_begin(st, &frame);
	if (rc < 0)
		return rc;
	frame->flags |= LEAT_FRAME_CUT;
	return read_emit(st, frame);
}

static void
read_fini(struct leat_stage *st)
{
	struct read_state *s = leat_stage_state(st);

	leat_file_close(s->file);
	s->file = NULL;
}

/* Files can be read from their beginning once more; a pipe cannot. */
static uint32_t
read_promises(struct leat_stage *st, uint32_t out)
{
	const struct read_state *s = leat_stage_state(st);

	(void)out;
	return s->is_pattern || s->is_regular ? LEAT_PROMISE_AGAIN : 0;
}

/* Can all of them be opened? The check has looked at the first alone. */
static int
read_probe(struct leat_stage *st)
{
	const struct read_state *s = leat_stage_state(st);

	for (uint32_t k = 0; k < s->files.n; k++) {
		struct leat_file *file;
		int rc = leat_file_open(st, s->files.paths[k], &file);

		if (rc)
			return rc;
		leat_file_close(file);
	}
	return LEAT_OK;
}

static const struct leat_option read_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_read_opts, path),
		.help = "file to read, or a pattern of files; - is standard "
			"input"},
	{.name = "chunk_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_read_opts, chunk_bytes),
		.min = 4096,
		.max = 64 << 20,
		.fallback = "256k",
		.unit = "bytes",
		.help = "most that one frame holds"},
	{.name = "glob",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_read_opts, glob),
		.fallback = "on",
		.values = "on|off",
		.help = "* ? [a-z] {a,b} and ** in the path name several "
			"files"},
	{.name = "decode",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_read_opts, decode),
		.fallback = "auto",
		.values = "auto|off",
		.help = "bring a decoder along, by the path's extension or by "
			"the first bytes"},
	{.name = NULL},
};

const struct leat_stage_ops leat_read_ops = {
	LEAT_STAGE_OPS_INIT("read"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_REPEATS,
	.summary = "the bytes of a file, or of standard input",
	.help = "Reads a file in chunks. From a pipe or a terminal whatever "
		"has "
		"arrived is passed on at once. The extension of the path "
		"brings the parser along: read a.csv means read a.csv ! "
		"csv.parse. So do .gz, .zst, .lz4 and .bz2 behind it: read "
		"a.csv.zst means read a.csv.zst ! zstd.decode ! csv.parse. A "
		"compressed file without such a name is known by its first "
		"bytes.\n"
		"\n"
		"A pattern names several files, read one after the other in "
		"the order of their names, each through its own decoder and "
		"with a header of its own: * is any part of a name, ? any "
		"character, [a-z] one of some, {a,b} one of these words, ** "
		"any folders.\n"
		"\n"
		"    leat run 'read logs/*.csv.zst ! count'\n"
		"    leat run 'read data/**/200[1-3]-{01,02}.csv ! count'\n",
	.state_bytes = sizeof(struct read_state),
	.opts_bytes = sizeof(struct leat_read_opts),
	.options = read_options,
	.out_layout = LEAT_LAYOUT_BYTES,
	.init = read_init,
	.negotiate = read_negotiate,
	.produce = read_produce,
	.finish = read_finish,
	.fini = read_fini,
	.promises = read_promises,
	.probe = read_probe,
};
