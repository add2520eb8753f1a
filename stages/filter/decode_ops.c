/*
 * stages/filter/decode_ops.c -- gzip.decode, zstd.decode, lz4.decode,
 * bzip2.decode, and decode, which sees what it gets: their options, and what
 * they show of their input before the start.
 */
#include <string.h>

#include "decode.h"

#define DECODE_LOOK_BYTES 131072 /* decoded for the check */

static int
decode_init_as(
	struct leat_stage *st, const void *opts, const struct codec *codec)
{
	struct decode *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	if (codec && !codec->decode)
		return codec_fail_missing(st, codec);
	s->opts = opts;
	s->asked = codec;
	s->codec = codec;
	s->is_known = codec != NULL;
	s->origin = "input";
	needs->frame_bytes = CODEC_HEADROOM + decode_chunk(s) + CODEC_SLACK;
	needs->holds = 1;
	needs->side_bytes =
		decode_decoder_bytes(s) + DECODE_LOOK_BYTES + CODEC_SLACK;
	return LEAT_OK;
}

/* Decode what can be seen of the input; what is wrong in it is for later. */
static int
decode_look(struct leat_stage *st, struct decode *s,
	const struct leat_shape *in, struct leat_shape *out)
{
	struct codec_io io = {.in = in->sample, .n_in = in->sample_bytes};
	enum codec_verdict verdict = CODEC_GO;
	void *buf;
	int rc = leat_stage_alloc(st, DECODE_LOOK_BYTES + 64, &buf);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for a sample");
	rc = decode_open_codec(st, s);
	if (rc < 0)
		return rc;
	io.out = buf;
	io.n_out = DECODE_LOOK_BYTES;
	while (io.n_in && io.n_out && verdict <= CODEC_END) {
		verdict = s->codec->decode(s->decoder, &io);
		if (verdict == CODEC_GO)
			break;
	}
	decode_close_codec(s);
	if (verdict == CODEC_ALIEN && io.n_out == DECODE_LOOK_BYTES)
		return decode_fail_alien(st, s);
	memset(io.out, 0, io.n_out + 64);
	out->sample = buf;
	out->sample_bytes = DECODE_LOOK_BYTES - (uint32_t)io.n_out;
	out->sample_is_all =
		in->sample_is_all && verdict == CODEC_END && !io.n_in;
	return LEAT_OK;
}

/* What can be seen of the input, and whether it is compressed. */
static int
decode_show(struct leat_stage *st, struct decode *s,
	const struct leat_shape *in, struct leat_shape *out)
{
	int rc = LEAT_OK;

	if (!s->asked && !decode_find(in->sample, in->sample_bytes, &s->codec))
		return LEAT_OK;
	if (s->codec) {
		rc = decode_look(st, s, in, out);
	} else {
		out->sample = in->sample;
		out->sample_bytes = in->sample_bytes;
		out->sample_is_all = in->sample_is_all;
	}
	s->codec = s->asked;
	return rc;
}

static int
decode_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct decode *s = leat_stage_state(st);
	uint32_t n_bytes = leat_stage_needs(st)->frame_bytes;

	if (in->origin)
		s->origin = in->origin;
	if (in->frame_bytes > n_bytes)
		n_bytes = in->frame_bytes;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_BYTES,
		.frame_bytes = n_bytes,
		.origin = in->origin,
	};
	return in->sample ? decode_show(st, s, in, out) : LEAT_OK;
}

static int
decode_open(struct leat_stage *st)
{
	struct decode *s = leat_stage_state(st);

	return s->asked ? decode_open_codec(st, s) : LEAT_OK;
}

static void
decode_fini(struct leat_stage *st)
{
	struct decode *s = leat_stage_state(st);

	decode_close_codec(s);
	leat_stage_release(st, s->frame);
	s->frame = NULL;
}

static int
decode_init(struct leat_stage *st, const void *opts)
{
	return decode_init_as(st, opts, NULL);
}

static int
decode_init_gzip(struct leat_stage *st, const void *opts)
{
	return decode_init_as(st, opts, &codec_gzip);
}

static int
decode_init_zstd(struct leat_stage *st, const void *opts)
{
	return decode_init_as(st, opts, &codec_zstd);
}

static int
decode_init_lz4(struct leat_stage *st, const void *opts)
{
	return decode_init_as(st, opts, &codec_lz4);
}

static int
decode_init_bzip2(struct leat_stage *st, const void *opts)
{
	return decode_init_as(st, opts, &codec_bzip2);
}

#define DECODE_OPTIONS                                                         \
	{.name = "max_bytes",                                                  \
		.type = LEAT_OPTION_BYTES,                                     \
		.offset = offsetof(struct leat_decode_opts, max_bytes),        \
		.min = 1,                                                      \
		.max = INT64_MAX,                                              \
		.unit = "bytes",                                               \
		.help = "most that a file may decode to; more is an error"},   \
		{.name = "max_ratio",                                          \
			.type = LEAT_OPTION_UINT,                              \
			.offset =                                              \
				offsetof(struct leat_decode_opts, max_ratio),  \
			.min = 1,                                              \
			.max = INT64_MAX,                                      \
			.fallback = "1000",                                    \
			.help = "most bytes that a byte may become, looked "   \
				"at after "                                    \
				"the first MiB; more is an error"},            \
		{.name = "parallel",                                           \
			.type = LEAT_OPTION_ENUM,                              \
			.offset = offsetof(struct leat_decode_opts, parallel), \
			.fallback = "auto",                                    \
			.values = "auto|off|on",                               \
			.help = "members are decoded by all workers, where a " \
				"file shows that it has several; of bzip2 "    \
				"blocks"},                                     \
	{                                                                      \
		.name = "chunk_bytes", .type = LEAT_OPTION_BYTES,              \
		.offset = offsetof(struct leat_decode_opts, chunk_bytes),      \
		.min = 4096, .max = 64 << 20, .fallback = "384k",              \
		.unit = "bytes", .help = "most that one frame holds"           \
	}

#define DECODE_WINDOW                                                          \
	{                                                                      \
		.name = "window", .type = LEAT_OPTION_BYTES,                   \
		.offset = offsetof(struct leat_decode_opts, window),           \
		.min = 1024, .max = 1ll << 31, .fallback = "8M",               \
		.unit = "bytes",                                               \
		.help = "largest window of a zstd frame: what its decoder "    \
			"keeps in memory"                                      \
	}

static const struct leat_option decode_options[] = {
	DECODE_OPTIONS,
	{.name = NULL},
};

static const struct leat_option decode_window_options[] = {
	DECODE_OPTIONS,
	DECODE_WINDOW,
	{.name = NULL},
};

#define DECODE_HELP                                                            \
	"Members that stand behind each other are decoded one after the "      \
	"other.\n"                                                             \
	"Input that ends inside a member, a checksum that is wrong, and "      \
	"bytes\n"                                                              \
	"behind the last member that are none are errors. So is a file that\n" \
	"decodes to more than 1000 times its size (max_ratio=), or to more\n"  \
	"than max_bytes=.\n"                                                   \
	"Where a file shows that it has several members, and where they "      \
	"end,\n"                                                               \
	"all workers decode them: frames of zstd and LZ4, blocks of bzip2,\n"  \
	"gzip as bgzip writes it. So it is with three workers or more, of\n"   \
	"bzip2 with two; else with parallel=on.\n"                             \
	"\n"

/* What all of them have. */
#define DECODE_OPS                                                             \
	.flags = LEAT_STAGE_APART, .state_bytes = sizeof(struct decode),       \
	.opts_bytes = sizeof(struct leat_decode_opts),                         \
	.in_layouts = LEAT_LAYOUT_BYTES, .negotiate = decode_negotiate,        \
	.open = decode_open, .process = decode_process, .flush = decode_flush, \
	.finish = decode_finish, .fini = decode_fini

const struct leat_stage_ops leat_decode_ops = {
	LEAT_STAGE_OPS_INIT("decode"),
	DECODE_OPS,
	.summary = "gzip, zstd, lz4 or bzip2 to what it was, or as it is",
	.help = "Looks at the first bytes of every file: what is compressed is "
		"decoded,\nwhat is not passes as it is.\n" DECODE_HELP
		"    leat run 'read - ! decode ! csv.parse ! count'\n",
	.options = decode_window_options,
	.init = decode_init,
};

const struct leat_stage_ops leat_gzip_decode_ops = {
	LEAT_STAGE_OPS_INIT("gzip.decode"),
	DECODE_OPS,
	.summary = "gzip to what it was",
	.help = DECODE_HELP
	"    leat run 'read a.gz ! gzip.decode ! lines.parse ! count'\n",
	.options = decode_options,
	.init = decode_init_gzip,
};

const struct leat_stage_ops leat_zstd_decode_ops = {
	LEAT_STAGE_OPS_INIT("zstd.decode"),
	DECODE_OPS,
	.summary = "zstd to what it was",
	.help = DECODE_HELP
	"A frame that needs a larger window than window= is refused.\n"
	"\n"
	"    leat run 'read a.zst ! zstd.decode ! lines.parse ! count'\n",
	.options = decode_window_options,
	.init = decode_init_zstd,
};

const struct leat_stage_ops leat_lz4_decode_ops = {
	LEAT_STAGE_OPS_INIT("lz4.decode"),
	DECODE_OPS,
	.summary = "LZ4 frames to what they were",
	.help = DECODE_HELP
	"    leat run 'read a.lz4 ! lz4.decode ! lines.parse ! count'\n",
	.options = decode_options,
	.init = decode_init_lz4,
};

const struct leat_stage_ops leat_bzip2_decode_ops = {
	LEAT_STAGE_OPS_INIT("bzip2.decode"),
	DECODE_OPS,
	.summary = "bzip2 to what it was",
	.help = DECODE_HELP
	"    leat run 'read a.bz2 ! bzip2.decode ! lines.parse ! count'\n",
	.options = decode_options,
	.init = decode_init_bzip2,
};
