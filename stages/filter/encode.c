/*
 * stages/filter/encode.c -- bytes to compressed ones: gzip.encode, zstd.encode,
 * lz4.encode, bzip2.encode.
 *
 * What comes makes one member, which is complete when the input ends. Records
 * count as out with the frame that goes when they have been taken in. What was
 * taken in comes out when it is worth it; with flush=on whenever the input has
 * nothing, at the price of some size. One thread at a time.
 */
#include <string.h>

#include "codec.h"

struct encode {
	const struct leat_encode_opts *opts;
	const struct codec *codec;
	void *encoder;
	struct leat_frame *frame; /* being filled */
	uint64_t n_items;         /* records taken in and not passed on */
	uint64_t n_out;           /* bytes emitted */
	uint32_t at;              /* in the input frame */
	uint32_t is_begun;        /* at stands in a frame in hand */
	uint32_t is_dirty;        /* something has come since the last flush */
};

static uint32_t
encode_level(const struct encode *s)
{
	return s->opts->level ? (uint32_t)s->opts->level
			      : s->codec->usual_level;
}

static int
encode_init_as(
	struct leat_stage *st, const void *opts, const struct codec *codec)
{
	struct encode *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	if (!codec->encode)
		return codec_fail_missing(st, codec);
	s->opts = opts;
	s->codec = codec;
	needs->frame_bytes = CODEC_CHUNK;
	needs->holds = 1;
	needs->side_bytes = codec->encoder_bytes(encode_level(s));
	return LEAT_OK;
}

static int
encode_open(struct leat_stage *st)
{
	struct encode *s = leat_stage_state(st);
	int rc = s->codec->encoder_open(st, encode_level(s), &s->encoder);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for an encoder of %s",
			s->codec->name);
	return LEAT_OK;
}

static int
encode_frame(struct leat_stage *st, struct encode *s)
{
	int rc;

	if (s->frame)
		return LEAT_OK;
	rc = leat_stage_acquire(st, &s->frame);
	if (rc < 0)
		return rc;
	s->frame->layout = LEAT_LAYOUT_BYTES;
	s->frame->len_bytes = 0;
	s->frame->source_offset = s->n_out;
	return LEAT_OK;
}

static int
encode_emit(struct leat_stage *st, struct encode *s)
{
	int rc;

	s->frame->n_items = (uint32_t)s->n_items;
	s->n_items = 0;
	s->n_out += s->frame->len_bytes;
	rc = leat_stage_emit(st, 0, s->frame);
	if (rc == LEAT_OK)
		s->frame = NULL;
	return rc;
}

/* Into the open frame. LEAT_MORE: it was full and has been emitted. */
static int
encode_run(struct leat_stage *st, struct encode *s, struct codec_io *io,
	enum codec_action action)
{
	enum codec_verdict verdict;
	int rc = encode_frame(st, s);

	if (rc < 0)
		return rc;
	io->out = s->frame->data + s->frame->len_bytes;
	io->n_out = CODEC_CHUNK - s->frame->len_bytes;
	do {
		verdict = s->codec->encode(s->encoder, io, action);
	} while (verdict == CODEC_GO && io->n_in && io->n_out);
	s->frame->len_bytes = CODEC_CHUNK - (uint32_t)io->n_out;
	if (verdict == CODEC_BAD)
		return leat_stage_fail(
			st, LEAT_EIO, "%s: %s", s->codec->name, io->why);
	if (verdict == CODEC_END || io->n_out)
		return LEAT_OK;
	rc = encode_emit(st, s);
	return rc < 0 ? rc : LEAT_MORE;
}

static int
encode_process(struct leat_stage *st, struct leat_frame *in)
{
	struct encode *s = leat_stage_state(st);
	struct codec_io io;
	int rc;

	if (!s->is_begun) {
		s->at = 0;
		s->is_begun = 1;
		s->n_items += in->n_items;
		s->is_dirty |= in->len_bytes > 0;
	}
	io = (struct codec_io){
		.in = in->data + s->at, .n_in = in->len_bytes - s->at};
	rc = encode_run(st, s, &io, CODEC_RUN);
	s->at = in->len_bytes - (uint32_t)io.n_in;
	if (rc != LEAT_OK)
		return rc;
	s->frame->birth_ns = in->birth_ns;
	s->frame->stamp = in->stamp;
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
encode_flush(struct leat_stage *st)
{
	struct encode *s = leat_stage_state(st);
	struct codec_io io = {0};
	int rc;

	if (!s->opts->flush || !s->is_dirty)
		return LEAT_OK;
	rc = encode_run(st, s, &io, CODEC_FLUSH);
	if (rc != LEAT_OK)
		return rc;
	s->is_dirty = 0;
	return s->frame->len_bytes ? encode_emit(st, s) : LEAT_OK;
}

static int
encode_finish(struct leat_stage *st)
{
	struct encode *s = leat_stage_state(st);
	struct codec_io io = {0};
	int rc = encode_run(st, s, &io, CODEC_FINISH);

	if (rc != LEAT_OK)
		return rc;
	return encode_emit(st, s);
}

static void
encode_fini(struct leat_stage *st)
{
	struct encode *s = leat_stage_state(st);

	if (s->encoder)
		s->codec->encoder_close(s->encoder);
	s->encoder = NULL;
	leat_stage_release(st, s->frame);
	s->frame = NULL;
}

static int
encode_init_gzip(struct leat_stage *st, const void *opts)
{
	return encode_init_as(st, opts, &codec_gzip);
}

static int
encode_init_zstd(struct leat_stage *st, const void *opts)
{
	return encode_init_as(st, opts, &codec_zstd);
}

static int
encode_init_lz4(struct leat_stage *st, const void *opts)
{
	return encode_init_as(st, opts, &codec_lz4);
}

static int
encode_init_bzip2(struct leat_stage *st, const void *opts)
{
	return encode_init_as(st, opts, &codec_bzip2);
}

#define ENCODE_OPTIONS(most, usual)                                            \
	{                                                                      \
		{.name = "level",                                              \
			.type = LEAT_OPTION_UINT,                              \
			.flags = LEAT_OPTION_POSITIONAL,                       \
			.offset = offsetof(struct leat_encode_opts, level),    \
			.min = 1,                                              \
			.max = (most),                                         \
			.fallback = (usual),                                   \
			.help = "1 is fast, more is smaller"},                 \
			{.name = "flush",                                      \
				.type = LEAT_OPTION_ENUM,                      \
				.offset = offsetof(                            \
					struct leat_encode_opts, flush),       \
				.fallback = "off",                             \
				.values = "off|on",                            \
				.help = "pass on what has come whenever "      \
					"the input has nothing"},              \
		{                                                              \
			.name = NULL                                           \
		}                                                              \
	}

static const struct leat_option encode_gzip_options[] = ENCODE_OPTIONS(9, "6");
static const struct leat_option encode_zstd_options[] = ENCODE_OPTIONS(19, "3");
static const struct leat_option encode_lz4_options[] = ENCODE_OPTIONS(12, "1");
static const struct leat_option encode_bzip2_options[] = ENCODE_OPTIONS(9, "9");

#define ENCODE_HELP                                                            \
	"All that comes becomes one member, complete when the input has "      \
	"ended.\n"                                                             \
	"The extension of a path that is written brings it along.\n"           \
	"\n"

/* What all of them have. */
#define ENCODE_OPS                                                             \
	.flags = LEAT_STAGE_APART, .state_bytes = sizeof(struct encode),       \
	.opts_bytes = sizeof(struct leat_encode_opts),                         \
	.in_layouts = LEAT_LAYOUT_BYTES, .out_layout = LEAT_LAYOUT_BYTES,      \
	.open = encode_open, .process = encode_process, .flush = encode_flush, \
	.finish = encode_finish, .fini = encode_fini

const struct leat_stage_ops leat_gzip_encode_ops = {
	LEAT_STAGE_OPS_INIT("gzip.encode"),
	ENCODE_OPS,
	.summary = "bytes to gzip",
	.help = ENCODE_HELP
	"    leat run 'read a.txt ! gzip.encode level=9 ! write b.gz'\n",
	.options = encode_gzip_options,
	.init = encode_init_gzip,
};

const struct leat_stage_ops leat_zstd_encode_ops = {
	LEAT_STAGE_OPS_INIT("zstd.encode"),
	ENCODE_OPS,
	.summary = "bytes to zstd, with a checksum",
	.help = ENCODE_HELP
	"    leat run 'read a.txt ! zstd.encode level=9 ! write b.zst'\n",
	.options = encode_zstd_options,
	.init = encode_init_zstd,
};

const struct leat_stage_ops leat_lz4_encode_ops = {
	LEAT_STAGE_OPS_INIT("lz4.encode"),
	ENCODE_OPS,
	.summary = "bytes to LZ4 frames, with a checksum",
	.help = ENCODE_HELP
	"    leat run 'read a.txt ! lz4.encode level=9 ! write b.lz4'\n",
	.options = encode_lz4_options,
	.init = encode_init_lz4,
};

const struct leat_stage_ops leat_bzip2_encode_ops = {
	LEAT_STAGE_OPS_INIT("bzip2.encode"),
	ENCODE_OPS,
	.summary = "bytes to bzip2",
	.help = ENCODE_HELP
	"    leat run 'read a.txt ! bzip2.encode ! write b.bz2'\n",
	.options = encode_bzip2_options,
	.init = encode_init_bzip2,
};
