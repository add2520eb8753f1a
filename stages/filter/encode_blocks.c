/*
 * stages/filter/encode_blocks.c -- bytes to compressed ones, by all workers:
 * blocks.cut, which makes large blocks, and blocks.encode, which makes of each
 * a member.
 *
 * Keeps: what comes out depends on the bytes alone, not on how they came or on
 * how many workers there are; without a byte there is one empty member.
 * Threads: of blocks.encode several, each with an instance of its own.
 */
#include <string.h>

#include "codec.h"

#define BLOCKS_BYTES       (1u << 19)
#define BLOCKS_BYTES_ZSTD  (1u << 21) /* the window of level 3 */
#define BLOCKS_BYTES_BZIP2 900000u    /* what one block of level 9 takes */

static const struct codec *const blocks_codecs[] = {
	&codec_gzip, &codec_zstd, &codec_lz4, &codec_bzip2};

static uint32_t
blocks_bytes(const struct leat_encode_blocks_opts *o)
{
	return o->format == LEAT_ENCODE_BZIP2   ? BLOCKS_BYTES_BZIP2
		: o->format == LEAT_ENCODE_ZSTD ? BLOCKS_BYTES_ZSTD
						: BLOCKS_BYTES;
}

/* ---- blocks.cut ----------------------------------------------------------- */

struct blocks_cut {
	uint32_t n_block;
	uint32_t at; /* in the frame in hand */
	uint32_t has_emitted;
	struct leat_frame *block; /* being filled */
};

static int
cut_init(struct leat_stage *st, const void *opts)
{
	struct blocks_cut *s = leat_stage_state(st);

	s->n_block = blocks_bytes(opts);
	leat_stage_needs(st)->frame_bytes = s->n_block;
	return LEAT_OK;
}

static int
cut_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)in;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->base_bytes = 0;
	return LEAT_OK;
}

static int
cut_begin(struct leat_stage *st, struct blocks_cut *s)
{
	int rc = s->block ? LEAT_OK : leat_stage_acquire(st, &s->block);

	if (rc < 0 || s->block->layout == LEAT_LAYOUT_BYTES)
		return rc;
	s->block->layout = LEAT_LAYOUT_BYTES;
	s->block->data = leat_frame_start(s->block);
	s->block->len_bytes = 0;
	s->block->n_items = 0;
	return LEAT_OK;
}

static int
cut_emit(struct leat_stage *st, struct blocks_cut *s)
{
	int rc = leat_stage_emit(st, 0, s->block);

	if (rc < 0)
		return rc;
	s->block = NULL;
	s->has_emitted = 1;
	return LEAT_OK;
}

/* Records count with the block that the last of a frame's bytes are in. */
static int
cut_process(struct leat_stage *st, struct leat_frame *in)
{
	struct blocks_cut *s = leat_stage_state(st);
	uint32_t n = in->len_bytes - s->at;
	struct leat_frame *block;
	int rc = cut_begin(st, s);

	if (rc < 0)
		return rc;
	block = s->block;
	n = n < s->n_block - block->len_bytes ? n
					      : s->n_block - block->len_bytes;
	memcpy(block->data + block->len_bytes, in->data + s->at, n);
	block->len_bytes += n;
	block->birth_ns = in->birth_ns;
	block->stamp = in->stamp;
	s->at += n;
	if (s->at < in->len_bytes) {
		rc = cut_emit(st, s);
		return rc < 0 ? rc : LEAT_MORE;
	}
	s->at = 0;
	block->n_items += in->n_items;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
cut_finish(struct leat_stage *st)
{
	struct blocks_cut *s = leat_stage_state(st);
	int rc = LEAT_OK;

	if (!s->has_emitted)
		rc = cut_begin(st, s);
	if (rc < 0 || !s->block)
		return rc;
	return cut_emit(st, s);
}

static void
cut_fini(struct leat_stage *st)
{
	struct blocks_cut *s = leat_stage_state(st);

	leat_stage_release(st, s->block);
	s->block = NULL;
}

/* ---- blocks.encode -------------------------------------------------------- */

struct blocks {
	const struct codec *codec;
	uint32_t level;
	uint32_t n_most; /* bytes of a member */
	void *encoder;
};

static int
blocks_init(struct leat_stage *st, const void *opts)
{
	const struct leat_encode_blocks_opts *o = opts;
	struct blocks *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->codec = blocks_codecs[o->format];
	if (!s->codec->encode)
		return codec_fail_missing(st, s->codec);
	if (o->level > s->codec->max_level)
		return leat_stage_fail_at(st, LEAT_EINVAL, "level", 0, 0,
			"levels of %s are 1 to %u", s->codec->name,
			s->codec->max_level);
	s->level = o->level ? (uint32_t)o->level : s->codec->usual_level;
	/* none of them makes more of what cannot be compressed */
	s->n_most = blocks_bytes(o) + blocks_bytes(o) / 32 + 65536;
	needs->frame_bytes = s->n_most;
	needs->side_bytes = s->codec->encoder_bytes(s->level);
	return LEAT_OK;
}

static int
blocks_open(struct leat_stage *st, struct blocks *s)
{
	int rc = s->encoder ? LEAT_OK
			    : s->codec->encoder_open(st, s->level, &s->encoder);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for an encoder of %s",
			s->codec->name);
	return LEAT_OK;
}

static int
blocks_encode(struct leat_stage *st, struct blocks *s, struct codec_io *io)
{
	enum codec_verdict verdict;

	do {
		verdict = s->codec->encode(s->encoder, io, CODEC_FINISH);
	} while (verdict == CODEC_GO && io->n_out);
	if (verdict == CODEC_END)
		return LEAT_OK;
	return leat_stage_fail(st, LEAT_EIO, "%s: %s", s->codec->name,
		verdict == CODEC_BAD ? io->why : "a member is too large");
}

static int
blocks_process(struct leat_stage *st, struct leat_frame *in)
{
	struct blocks *s = leat_stage_state(st);
	struct codec_io io = {.in = in->data, .n_in = in->len_bytes};
	struct leat_frame *out = NULL;
	int rc = blocks_open(st, s);

	if (!rc)
		rc = leat_stage_acquire(st, &out);
	if (rc)
		return rc;
	out->layout = LEAT_LAYOUT_BYTES;
	out->data = leat_frame_start(out);
	out->n_items = in->n_items;
	out->birth_ns = in->birth_ns;
	io.out = out->data;
	io.n_out = s->n_most;
	rc = blocks_encode(st, s, &io);
	out->len_bytes = s->n_most - (uint32_t)io.n_out;
	if (!rc)
		rc = leat_stage_emit(st, 0, out);
	if (rc) {
		leat_stage_release(st, out);
		return rc;
	}
	leat_stage_release(st, in);
	return LEAT_OK;
}

static void
blocks_fini(struct leat_stage *st)
{
	struct blocks *s = leat_stage_state(st);

	if (s->encoder)
		s->codec->encoder_close(s->encoder);
	s->encoder = NULL;
}

static const struct leat_option blocks_options[] = {
	{.name = "format",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_encode_blocks_opts, format),
		.fallback = "gzip",
		.values = "gzip|zstd|lz4|bzip2",
		.help = "of the members"},
	{.name = "level",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_encode_blocks_opts, level),
		.min = 1,
		.max = 19,
		.help = "1 is fast, more is smaller; default: that of the "
			"format's own tool"},
	{.name = NULL},
};

const struct leat_stage_ops leat_blocks_cut_ops = {
	LEAT_STAGE_OPS_INIT("blocks.cut"),
	.summary = "bytes cut into large blocks of one size",
	.help = "Comes by itself before blocks.encode, which several workers "
		"then run at\n"
		"once, and has its options. Nobody has to write it.\n",
	.state_bytes = sizeof(struct blocks_cut),
	.opts_bytes = sizeof(struct leat_encode_blocks_opts),
	.options = blocks_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.holds = 1},
	.init = cut_init,
	.negotiate = cut_negotiate,
	.process = cut_process,
	.finish = cut_finish,
	.fini = cut_fini,
};

const struct leat_stage_ops leat_blocks_encode_ops = {
	LEAT_STAGE_OPS_INIT("blocks.encode"),
	.flags = LEAT_STAGE_STATELESS,
	.summary = "bytes to members of a compressed file, by all workers",
	.help = "Every 512 KiB (2 MiB of zstd, 900 kB of bzip2) become a "
		"member of\n"
		"their own, and several workers make them at once; all tools "
		"read members\n"
		"that stand behind each other as one file, and several "
		"workers read them\n"
		"at once. What comes out is the same however many workers "
		"there are.\n"
		"The extensions .gz, .bz2 and .lz4 of a path that is written "
		"bring it along.\n"
		".zst does not: of blocks a file of zstd is made twice as "
		"fast by two\n"
		"workers, and is some 15 % larger. gzip.encode and the like "
		"make one\n"
		"member of all, by one worker.\n"
		"\n"
		"    leat run 'read a.txt ! blocks.encode zstd level=9 ! write "
		"b.zst'\n",
	.state_bytes = sizeof(struct blocks),
	.opts_bytes = sizeof(struct leat_encode_blocks_opts),
	.options = blocks_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_BYTES,
	.init = blocks_init,
	.process = blocks_process,
	.fini = blocks_fini,
	.before = &leat_blocks_cut_ops,
};
