/*
 * stages/filter/decode.c -- compressed bytes to what they were: gzip.decode,
 * zstd.decode, lz4.decode, bzip2.decode, and decode, which sees what it gets.
 *
 * Keeps: an input that ends inside a member is an error, so is what follows
 * the last member and is none; so nothing is ever missing without a word.
 * What comes out has headroom and slack, as what read gives has. Where a file
 * begins (LEAT_FRAME_FIRST) everything begins anew. One thread at a time.
 */
#include <string.h>

#include "members.h"

#define DECODE_LOOK_BYTES   131072 /* decoded for the check */
#define DECODE_RATIO        1000
#define DECODE_RATIO_BYTES  (1u << 20) /* looked at from here on */
#define DECODE_WINDOW_BYTES (8u << 20)
#define DECODE_MAGIC_BYTES  4
#define DECODE_CHUNK        393216 /* a wake costs as much as 16 KiB do */

static const struct codec *const decode_codecs[] = {
	&codec_gzip, &codec_zstd, &codec_lz4, &codec_bzip2};
#define DECODE_CODECS (sizeof(decode_codecs) / sizeof(decode_codecs[0]))

struct decode {
	const struct leat_decode_opts *opts;
	const struct codec *asked; /* NULL: whatever comes */
	const struct codec *codec; /* of this file; NULL: as it is */
	void *decoder;
	const char *origin;       /* of the whole input */
	const char *name;         /* of this file; NULL = origin */
	struct leat_frame *frame; /* being filled */
	uint64_t n_in;            /* of this file, taken */
	uint64_t n_out;           /* given, with what is in the frame */
	uint64_t member_at;       /* where the current member begins */
	uint32_t n_members;       /* complete */
	uint32_t at;              /* in the input frame */
	uint32_t has_begun;       /* a frame has come */
	uint32_t is_begun;        /* at stands in a frame in hand */
	uint32_t is_first; /* the next frame is to say that a file begins */
	uint32_t is_known; /* codec is what it will be */
	uint32_t is_open;  /* inside a member */
	uint32_t is_padding;
	uint32_t is_cut;
	uint32_t n_head; /* first bytes, before it is known */
	uint8_t head[DECODE_MAGIC_BYTES];
};

/* ---- messages ----------------------------------------------------------- */

static const char *
decode_name(const struct decode *s)
{
	return s->name ? s->name : s->origin;
}

static int
decode_fail_bad(struct leat_stage *st, struct decode *s, const char *why)
{
	return leat_stage_fail(st, LEAT_EDATA,
		"%s: %s, at or before byte %llu: %s", decode_name(s),
		s->codec->name, (unsigned long long)s->n_in, why);
}

static int
decode_fail_alien(struct leat_stage *st, struct decode *s)
{
	if (s->n_members)
		return leat_stage_fail(st, LEAT_EDATA,
			"%s: at byte %llu: the %s data have ended, and what "
			"follows is not %s",
			decode_name(s), (unsigned long long)s->member_at,
			s->codec->name, s->codec->name);
	return leat_stage_fail(st, LEAT_EDATA,
		"%s: this is not %s: its first bytes are others",
		decode_name(s), s->codec->name);
}

static int
decode_fail_short(struct leat_stage *st, struct decode *s)
{
	if (!s->is_open)
		return leat_stage_fail(st, LEAT_EDATA,
			"%s: truncated: an empty file is not %s",
			decode_name(s), s->codec->name);
	return leat_stage_fail(st, LEAT_EDATA,
		"%s: truncated: it ends after %llu bytes, inside the %s data "
		"that begin at byte %llu",
		decode_name(s), (unsigned long long)s->n_in, s->codec->name,
		(unsigned long long)s->member_at);
}

static int
decode_fail_memory(struct leat_stage *st, const struct codec *codec, int rc)
{
	return leat_stage_fail(
		st, rc, "no memory for a decoder of %s", codec->name);
}

/* Is there more of it than there may be? */
static int
decode_check_size(struct leat_stage *st, struct decode *s)
{
	uint64_t ratio = s->opts->max_ratio ? s->opts->max_ratio : DECODE_RATIO;

	if (s->opts->max_bytes && s->n_out > s->opts->max_bytes)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%s: its first %llu bytes are more than %llu when "
			"decoded; max_bytes=N allows more",
			decode_name(s), (unsigned long long)s->n_in,
			(unsigned long long)s->opts->max_bytes);
	if (s->n_out > DECODE_RATIO_BYTES && s->n_out / ratio > s->n_in)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%s: its first %llu bytes are %llu when decoded, more "
			"than %llu times as many; max_ratio=N allows more",
			decode_name(s), (unsigned long long)s->n_in,
			(unsigned long long)s->n_out,
			(unsigned long long)ratio);
	return LEAT_OK;
}

/* ---- which format ------------------------------------------------------- */

/* How many bytes of a magic number stand there: all, or as many as there are.
 */
static bool
codec_fits(const struct codec *codec, const uint8_t *data, uint32_t n)
{
	return memcmp(data, codec->magic,
		       n < codec->n_magic ? n : codec->n_magic) == 0;
}

/* A frame that is to be skipped: pzstd begins with one. */
static bool
codec_is_skippable(const uint8_t *data, uint32_t n)
{
	return n >= 4 && (data[0] & 0xf0) == 0x50 && data[1] == 0x2a &&
		data[2] == 0x4d && data[3] == 0x18;
}

/* The format of what begins so. false: more bytes are needed to tell. */
static bool
codec_find(const uint8_t *data, uint32_t n, const struct codec **codec_out)
{
	*codec_out = codec_is_skippable(data, n) ? &codec_zstd : NULL;
	if (n && n < 4 && (data[0] & 0xf0) == 0x50)
		return false;
	for (uint32_t k = 0; k < DECODE_CODECS; k++) {
		if (!codec_fits(decode_codecs[k], data, n))
			continue;
		if (n < decode_codecs[k]->n_magic)
			return false;
		*codec_out = decode_codecs[k];
	}
	return true;
}

static uint64_t
decode_window(const struct decode *s)
{
	return s->opts->window ? s->opts->window : DECODE_WINDOW_BYTES;
}

/* Side memory for a decoder of any format that may come. */
static uint64_t
decode_decoder_bytes(const struct decode *s)
{
	uint64_t most = 0;

	for (uint32_t k = 0; k < DECODE_CODECS; k++) {
		const struct codec *codec = decode_codecs[k];
		uint64_t n;

		if (!codec->decode || (s->asked && s->asked != codec))
			continue;
		n = codec->decoder_bytes(decode_window(s));
		most = n > most ? n : most;
	}
	return most;
}

static int
decode_open_codec(struct leat_stage *st, struct decode *s)
{
	int rc;

	if (!s->codec->decode)
		return codec_fail_missing(st, s->codec);
	rc = s->codec->decoder_open(st, decode_window(s), &s->decoder);
	return rc < 0 ? decode_fail_memory(st, s->codec, rc) : LEAT_OK;
}

static void
decode_close_codec(struct decode *s)
{
	if (s->codec && s->decoder)
		s->codec->decoder_close(s->decoder);
	s->decoder = NULL;
}

/* ---- frames that come out ----------------------------------------------- */

static uint32_t
decode_chunk(const struct decode *s)
{
	return s->opts->chunk_bytes ? (uint32_t)s->opts->chunk_bytes
				    : DECODE_CHUNK;
}

/* Have an open frame; the first of a file says so. */
static int
decode_frame(struct leat_stage *st, struct decode *s)
{
	int rc;

	if (s->frame)
		return LEAT_OK;
	rc = leat_stage_acquire(st, &s->frame);
	if (rc < 0)
		return rc;
	s->frame->data = leat_frame_start(s->frame) + CODEC_HEADROOM;
	s->frame->layout = LEAT_LAYOUT_BYTES;
	s->frame->len_bytes = 0;
	s->frame->n_items = 0;
	s->frame->source_offset = s->n_out;
	if (s->is_first)
		leat_frame_set_file(s->frame, s->name);
	s->is_first = 0;
	return LEAT_OK;
}

static int
decode_emit(struct leat_stage *st, struct decode *s)
{
	int rc = leat_stage_emit(st, 0, s->frame);

	if (rc == LEAT_OK)
		s->frame = NULL;
	return rc;
}

/* ---- decoding ----------------------------------------------------------- */

/* Only zeros may follow. */
static int
decode_padding(struct leat_stage *st, struct decode *s, struct codec_io *io)
{
	s->is_padding = 1;
	for (; io->n_in; io->n_in--, io->in++)
		if (*io->in)
			return decode_fail_alien(st, s);
	return LEAT_OK;
}

/* Decode until the input is used up or the room is. */
static int
decode_run(struct leat_stage *st, struct decode *s, struct codec_io *io)
{
	enum codec_verdict verdict = CODEC_GO;
	const uint8_t *in = io->in;

	while ((io->n_in || s->is_open) && io->n_out) {
		if (!s->is_open) {
			s->member_at = s->n_in;
			if (s->is_padding ||
				(s->n_members && s->codec->is_padded &&
					*io->in == 0))
				return decode_padding(st, s, io);
		}
		s->is_open = 1;
		verdict = s->codec->decode(s->decoder, io);
		s->n_in += (uint64_t)(io->in - in);
		in = io->in;
		if (verdict == CODEC_ALIEN)
			return decode_fail_alien(st, s);
		if (verdict == CODEC_BAD)
			return decode_fail_bad(st, s, io->why);
		if (verdict == CODEC_GO && !io->n_in)
			return LEAT_OK;
		if (verdict != CODEC_END)
			continue;
		s->is_open = 0;
		s->n_members++;
	}
	return LEAT_OK;
}

/* Decode into the open frame. 1: it is full; there may be more. */
static int
decode_fill(struct leat_stage *st, struct decode *s, struct codec_io *io)
{
	uint32_t n_room = decode_chunk(s);
	uint32_t n_got;
	int rc = decode_frame(st, s);

	if (rc < 0)
		return rc;
	io->out = s->frame->data + s->frame->len_bytes;
	io->n_out = n_room - s->frame->len_bytes;
	rc = decode_run(st, s, io);
	n_got = n_room - s->frame->len_bytes - (uint32_t)io->n_out;
	s->frame->len_bytes += n_got;
	s->n_out += n_got;
	if (rc == LEAT_OK)
		rc = decode_check_size(st, s);
	return rc < 0 ? rc : io->n_out == 0;
}

/* ---- the beginning and the end of a file -------------------------------- */

/* Is what has come of this file all of one? */
static int
decode_check_end(struct leat_stage *st, struct decode *s)
{
	if (!s->codec || s->is_cut)
		return LEAT_OK;
	if (s->is_open || !s->n_members)
		return decode_fail_short(st, s);
	return LEAT_OK;
}

/* What was kept of a file that is no compressed one. */
static int
decode_head_as_is(struct leat_stage *st, struct decode *s)
{
	int rc = decode_frame(st, s);

	if (rc < 0)
		return rc;
	memcpy(s->frame->data, s->head, s->n_head);
	s->frame->len_bytes = s->n_head;
	s->n_out += s->n_head;
	s->n_head = 0;
	return LEAT_OK;
}

/* LEAT_OK: nothing is left of the file. LEAT_MORE: a frame was emitted. */
static int
decode_end_file(struct leat_stage *st, struct decode *s)
{
	int rc = decode_check_end(st, s);

	if (rc == LEAT_OK && (s->n_head || s->is_first))
		rc = decode_head_as_is(st, s);
	if (rc == LEAT_OK && s->frame) {
		rc = decode_emit(st, s);
		rc = rc < 0 ? rc : LEAT_MORE;
	}
	return rc;
}

/* LEAT_MORE: a frame of the file before has been emitted. */
static int
decode_begin_file(
	struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	int rc = s->has_begun ? decode_end_file(st, s) : LEAT_OK;

	if (rc != LEAT_OK)
		return rc;
	if (!s->asked) {
		decode_close_codec(s);
		s->codec = NULL;
		s->is_known = 0;
	}
	s->n_in = 0;
	s->n_out = 0;
	s->n_members = 0;
	s->is_padding = 0;
	s->name = leat_frame_file(in);
	s->is_first = 1;
	return LEAT_OK;
}

/* What format is it? It may be that too little is there to tell. */
static int
decode_choose(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	uint8_t head[DECODE_MAGIC_BYTES];
	uint32_t n = in->len_bytes;

	if (n > DECODE_MAGIC_BYTES - s->n_head)
		n = DECODE_MAGIC_BYTES - s->n_head;
	memcpy(head, s->head, s->n_head);
	memcpy(head + s->n_head, in->data, n);
	s->is_known = codec_find(head, s->n_head + n, &s->codec);
	if (s->is_known)
		return s->codec ? decode_open_codec(st, s) : LEAT_OK;
	memcpy(s->head, head, sizeof(head));
	s->n_head += n;
	s->at = n;
	return LEAT_OK;
}

/* ---- frames that come in ------------------------------------------------ */

/* LEAT_MORE: a frame has been emitted, and this one is not begun. */
static int
decode_begin(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	int rc = LEAT_OK;

	if (in->flags & LEAT_FRAME_FIRST)
		rc = decode_begin_file(st, s, in);
	if (rc != LEAT_OK)
		return rc;
	s->has_begun = 1;
	s->is_begun = 1;
	s->is_cut |= in->flags & LEAT_FRAME_CUT;
	s->at = 0;
	/* records of whoever made these bytes end here */
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
	return s->is_known || !in->len_bytes || (in->flags & LEAT_FRAME_MARKED)
		? LEAT_OK
		: decode_choose(st, s, in);
}

static int
decode_end(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* It is not compressed: it passes as it is, behind what was kept of it. */
static int
decode_pass(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	int rc;

	if (s->n_head || (s->is_first && !(in->flags & LEAT_FRAME_FIRST))) {
		rc = decode_head_as_is(st, s);
		if (rc == LEAT_OK)
			rc = decode_emit(st, s);
		return rc < 0 ? rc : LEAT_MORE;
	}
	s->is_first = 0;
	s->is_begun = 0;
	s->n_out += in->len_bytes;
	in->n_items = 0;
	return leat_stage_emit(st, 0, in);
}

/* Whole members that have been decoded already: they are counted here, where
 * everything comes by in order. */
static int
decode_count(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	const struct members_head *head = members_head(in);

	if (!s->is_known)
		s->codec = head->codec;
	s->is_known = 1;
	s->member_at = s->n_in;
	if (s->codec != head->codec)
		return decode_fail_alien(st, s);
	if (s->is_open)
		return decode_fail_bad(st, s,
			"a member is longer than it says; parallel=off may "
			"read it");
	if (s->is_padding)
		return decode_fail_alien(st, s);
	s->n_in += head->n_in;
	s->n_members += head->n_members;
	s->n_out += in->len_bytes;
	return decode_check_size(st, s);
}

/* Such members pass as they are, behind what was decoded here. */
static int
decode_join(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	uint64_t offset;
	int rc;

	if (s->frame) {
		rc = decode_emit(st, s);
		return rc < 0 ? rc : LEAT_MORE;
	}
	offset = s->n_out;
	rc = decode_count(st, s, in);
	if (rc < 0)
		return rc;
	in->flags &= (uint8_t)~LEAT_FRAME_MARKED;
	in->source_offset = offset;
	if (s->is_first)
		leat_frame_set_file(in, s->name);
	s->is_first = 0;
	s->is_begun = 0;
	return leat_stage_emit(st, 0, in);
}

static int
decode_process(struct leat_stage *st, struct leat_frame *in)
{
	struct decode *s = leat_stage_state(st);
	struct codec_io io;
	int rc = s->is_begun ? LEAT_OK : decode_begin(st, s, in);

	if (rc != LEAT_OK)
		return rc;
	if (in->flags & LEAT_FRAME_MARKED)
		return decode_join(st, s, in);
	if (!s->is_known)
		return decode_end(st, s, in);
	if (!s->codec)
		return decode_pass(st, s, in);
	if (!s->decoder)
		rc = decode_open_codec(st, s);
	if (rc == LEAT_OK && s->n_head) {
		io = (struct codec_io){.in = s->head, .n_in = s->n_head};
		rc = decode_fill(st, s, &io);
		s->n_head = 0;
	}
	io = (struct codec_io){
		.in = in->data + s->at, .n_in = in->len_bytes - s->at};
	if (rc == LEAT_OK)
		rc = decode_fill(st, s, &io);
	s->at = in->len_bytes - (uint32_t)io.n_in;
	if (rc < 0)
		return rc;
	if (rc == 0)
		return decode_end(st, s, in);
	s->frame->birth_ns = in->birth_ns;
	s->frame->stamp = in->stamp;
	rc = decode_emit(st, s);
	return rc < 0 ? rc : LEAT_MORE;
}

static int
decode_flush(struct leat_stage *st)
{
	struct decode *s = leat_stage_state(st);

	return s->frame && s->frame->len_bytes ? decode_emit(st, s) : LEAT_OK;
}

static int
decode_finish(struct leat_stage *st)
{
	struct decode *s = leat_stage_state(st);
	int rc = decode_end_file(st, s);

	if (rc != LEAT_OK || !s->is_cut)
		return rc;
	s->is_cut = 0;
	rc = decode_frame(st, s);
	if (rc < 0)
		return rc;
	s->frame->flags |= LEAT_FRAME_CUT;
	return decode_emit(st, s);
}

/* ---- the stage ---------------------------------------------------------- */

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

	if (!s->asked && !codec_find(in->sample, in->sample_bytes, &s->codec))
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
			.values = "auto|off",                                  \
			.help = "members are decoded by all workers, where a " \
				"file shows that it has several"},             \
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
	"all workers decode them: frames of zstd and LZ4, streams of bzip2,\n" \
	"gzip as bgzip writes it. parallel=off leaves all of it to one.\n"     \
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
