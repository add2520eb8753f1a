/*
 * stages/filter/members_decode.c -- whole members to what they were, each
 * frame by itself.
 *
 * Keeps: of a frame either all comes out decoded, with its checksums verified,
 * or the frame as it was, and unmarked (of bzip2: its bits): then the decoder
 * behind says why, or decodes what was too large for here.
 * Threads: several, each with an instance of its own.
 */
#include <string.h>

#include "members.h"

#define MEMBERS_CHUNK       393216
#define MEMBERS_CHUNK_LARGE (1u << 20) /* of units over a few chunks */
#define MEMBERS_FRAMES_MOST 8
#define MEMBERS_SPARE       64 /* room to see that nothing follows */

struct members_decode {
	const struct codec *codec; /* of the decoder */
	void *decoder;
	uint64_t window;
	uint32_t chunk_bytes;
	uint32_t most; /* frames of one unit */
	uint32_t n;    /* taken for the one in hand */
	struct leat_frame *frames[MEMBERS_FRAMES_MOST];
};

/* ---- the decoder -------------------------------------------------------- */

static void
members_close(struct members_decode *s)
{
	if (s->decoder)
		s->codec->decoder_close(s->decoder);
	s->decoder = NULL;
	s->codec = NULL;
}

static int
members_open(struct leat_stage *st, struct members_decode *s,
	const struct codec *codec)
{
	int rc;

	if (s->codec == codec)
		return LEAT_OK;
	members_close(s);
	rc = codec->decoder_open(st, s->window, &s->decoder);
	s->codec = codec;
	if (rc < 0)
		return leat_stage_fail(
			st, rc, "no memory for a decoder of %s", codec->name);
	return LEAT_OK;
}

/* ---- a unit ------------------------------------------------------------- */

/* Room for what comes next. 1: there may be no more. */
static int
members_room(
	struct leat_stage *st, struct members_decode *s, struct codec_io *io)
{
	struct leat_frame *frame;
	int rc;

	if (s->n == s->most)
		return 1;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	frame->data = leat_frame_start(frame) + CODEC_HEADROOM;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->len_bytes = 0;
	frame->n_items = 0;
	s->frames[s->n++] = frame;
	io->out = frame->data;
	io->n_out = s->chunk_bytes;
	return LEAT_OK;
}

/* LEAT_OK: all of it is decoded. 1: it is not to be decoded here. */
static int
members_run(struct leat_stage *st, struct members_decode *s, struct codec_io io,
	uint32_t n_members)
{
	enum codec_verdict verdict = CODEC_GO;
	uint32_t n_ended = 0;
	int rc = members_room(st, s, &io);

	while (rc == LEAT_OK && (io.n_in || verdict != CODEC_END)) {
		struct leat_frame *frame = s->frames[s->n - 1];

		if (!io.n_out) {
			rc = members_room(st, s, &io);
			continue;
		}
		verdict = s->codec->decode(s->decoder, &io);
		frame->len_bytes = s->chunk_bytes - (uint32_t)io.n_out;
		n_ended += verdict == CODEC_END;
		if (verdict > CODEC_END)
			return 1;
		if (verdict == CODEC_GO && !io.n_in && io.n_out)
			return 1;
	}
	if (rc == LEAT_OK && n_ended != n_members)
		return 1;
	return rc;
}

/* The frame as it was, in as many of this stage's as that takes. */
static int
members_copy(struct leat_stage *st, struct members_decode *s,
	const struct leat_frame *in)
{
	struct codec_io io = {.in = in->data, .n_in = in->len_bytes};
	int rc = members_room(st, s, &io);

	while (rc == LEAT_OK) {
		size_t n = io.n_in < io.n_out ? io.n_in : io.n_out;

		memcpy(io.out, io.in, n);
		s->frames[s->n - 1]->len_bytes = (uint32_t)n;
		io.in += n;
		io.n_in -= n;
		if (!io.n_in)
			return LEAT_OK;
		rc = members_room(st, s, &io);
	}
	return rc;
}

/* What of a unit's head its next frame gets, of so many bytes. */
static struct members_head
members_share(struct members_head *rest, uint32_t n_bytes)
{
	struct members_head head = *rest;

	if (head.kind == MEMBERS_BITS &&
		head.n_bits > 8ull * n_bytes - head.bit_at)
		head.n_bits = 8ull * n_bytes - head.bit_at;
	rest->n_in = rest->n_members = rest->bit_at = 0;
	rest->mark = MEMBERS_NO_MARK;
	rest->n_bits -= head.n_bits;
	return head;
}

static int
members_emit(struct leat_stage *st, struct members_decode *s,
	const struct leat_frame *in, uint32_t flags)
{
	struct members_head head = {0};
	int rc = LEAT_OK;

	if (in->flags & LEAT_FRAME_MARKED)
		head = *members_head(in);
	if (in->flags & LEAT_FRAME_FIRST)
		leat_frame_set_file(s->frames[0], leat_frame_file(in));
	for (uint32_t k = 0; k < s->n && rc == LEAT_OK; k++) {
		struct leat_frame *frame = s->frames[k];

		*members_head(frame) = members_share(&head, frame->len_bytes);
		frame->flags |= (uint8_t)flags;
		frame->birth_ns = in->birth_ns;
		frame->stamp = in->stamp;
		rc = leat_stage_emit(st, 0, frame);
		if (rc == LEAT_OK)
			s->frames[k] = NULL;
	}
	return rc;
}

static void
members_drop(struct leat_stage *st, struct members_decode *s)
{
	for (uint32_t k = 0; k < s->n; k++)
		leat_stage_release(st, s->frames[k]);
	s->n = 0;
}

/* 1: not here. */
static int
members_try(
	struct leat_stage *st, struct members_decode *s, struct leat_frame *in)
{
	struct codec_io io = {.in = in->data, .n_in = in->len_bytes};
	struct members_head *head = members_head(in);
	bool is_bits;
	int rc;

	if (!(in->flags & LEAT_FRAME_MARKED))
		return 1;
	is_bits = head->kind == MEMBERS_BITS;
	if (is_bits && !members_block_wrap(in, &io))
		return 1;
	rc = members_open(st, s, head->codec);
	if (rc == LEAT_OK)
		rc = members_run(st, s, io, is_bits ? 1 : head->n_members);
	if (rc == LEAT_OK && is_bits)
		head->kind = MEMBERS_BLOCK;
	if (rc == LEAT_OK)
		return LEAT_OK;
	members_close(s); /* it is in the middle of something */
	members_drop(st, s);
	return rc;
}

static int
members_process(struct leat_stage *st, struct leat_frame *in)
{
	struct members_decode *s = leat_stage_state(st);
	uint32_t flags = in->flags & (LEAT_FRAME_CUT | LEAT_FRAME_MARKED);
	int rc = members_try(st, s, in);

	if (rc == 1 && (flags & LEAT_FRAME_MARKED) &&
		members_head(in)->kind == MEMBERS_WHOLE)
		flags &= LEAT_FRAME_CUT;
	if (rc == 1)
		rc = members_copy(st, s, in);
	if (rc == LEAT_OK)
		rc = members_emit(st, s, in, flags);
	members_drop(st, s);
	if (rc == LEAT_OK)
		leat_stage_release(st, in);
	return rc;
}

/* ---- the stage ---------------------------------------------------------- */

static uint64_t
members_decoder_bytes(uint64_t window)
{
	static const struct codec *const codecs[] = {
		&codec_gzip, &codec_zstd, &codec_lz4, &codec_bzip2};
	uint64_t most = 0, n;

	for (uint32_t k = 0; k < sizeof(codecs) / sizeof(codecs[0]); k++) {
		if (!codecs[k]->decode)
			continue;
		n = codecs[k]->decoder_bytes(window);
		most = n > most ? n : most;
	}
	return most;
}

static int
members_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct members_decode *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	uint32_t unit_bytes = members_unit_bytes(in);

	s->window = unit_bytes > MEMBERS_CHUNK_LARGE ? unit_bytes
						     : MEMBERS_CHUNK_LARGE;
	s->chunk_bytes = unit_bytes > 2 * MEMBERS_CHUNK ? MEMBERS_CHUNK_LARGE
							: MEMBERS_CHUNK;
	s->most = (unit_bytes - 1) / s->chunk_bytes + 1;
	s->chunk_bytes += MEMBERS_SPARE;
	needs->frame_bytes = CODEC_HEADROOM + s->chunk_bytes + CODEC_SLACK;
	needs->max_out = s->most;
	needs->side_bytes = members_decoder_bytes(s->window);
	*out = *in;
	out->frame_bytes = needs->frame_bytes;
	return LEAT_OK;
}

static void
members_fini(struct leat_stage *st)
{
	struct members_decode *s = leat_stage_state(st);

	members_drop(st, s);
	members_close(s);
}

const struct leat_stage_ops leat_members_decode_ops = {
	LEAT_STAGE_OPS_INIT("members.decode"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE,
	.summary = "whole members of compressed files to what they were",
	.state_bytes = sizeof(struct members_decode),
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_BYTES,
	.before = &leat_members_cut_ops,
	.negotiate = members_negotiate,
	.process = members_process,
	.fini = members_fini,
};
