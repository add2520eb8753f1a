/*
 * stages/filter/decode.c -- compressed bytes to what they were.
 *
 * Keeps: an input that ends inside a member is an error, so is what follows
 * the last member and is none; so nothing is ever missing without a word.
 * What comes out has headroom and slack, as what read gives has. Where a file
 * begins (LEAT_FRAME_FIRST) everything begins anew. Members that workers have
 * decoded (members.h) are counted with the others. One thread at a time.
 */
#include <string.h>

#include "decode.h"

#define DECODE_RATIO       1000
#define DECODE_RATIO_BYTES (1u << 20) /* looked at from here on */
#define DECODE_CHUNK       393216     /* a wake costs as much as 16 KiB do */

/* ---- messages ----------------------------------------------------------- */

static const char *
decode_name(const struct decode *s)
{
	return s->name ? s->name : s->origin;
}

int
decode_fail_bad(struct leat_stage *st, struct decode *s, const char *why)
{
	leat_stage_fail(st, LEAT_EDATA, "%s: %s, at or before byte %llu: %s",
		decode_name(s), s->codec->name, (unsigned long long)s->n_in,
		why);
	return leat_stage_locate(st, decode_name(s), 0, 0, s->n_in);
}

int
decode_fail_alien(struct leat_stage *st, struct decode *s)
{
	if (s->n_members)
		leat_stage_fail(st, LEAT_EDATA,
			"%s: at byte %llu: the %s data have ended, and what "
			"follows is not %s",
			decode_name(s), (unsigned long long)s->member_at,
			s->codec->name, s->codec->name);
	else
		leat_stage_fail(st, LEAT_EDATA,
			"%s: this is not %s: its first bytes are others",
			decode_name(s), s->codec->name);
	return leat_stage_locate(st, decode_name(s), 0, 0, s->member_at);
}

static int
decode_fail_short(struct leat_stage *st, struct decode *s)
{
	if (!s->is_open)
		leat_stage_fail(st, LEAT_EDATA,
			"%s: truncated: an empty file is not %s",
			decode_name(s), s->codec->name);
	else
		leat_stage_fail(st, LEAT_EDATA,
			"%s: truncated: it ends after %llu bytes, inside the "
			"%s data that begin at byte %llu",
			decode_name(s), (unsigned long long)s->n_in,
			s->codec->name, (unsigned long long)s->member_at);
	return leat_stage_locate(st, decode_name(s), 0, 0, s->n_in);
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

/* ---- frames that come out ----------------------------------------------- */

uint32_t
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

int
decode_emit_for(
	struct leat_stage *st, struct decode *s, const struct leat_frame *in)
{
	int rc;

	s->frame->birth_ns = in->birth_ns;
	s->frame->stamp = in->stamp;
	rc = decode_emit(st, s);
	return rc < 0 ? rc : LEAT_MORE;
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

int
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
	s->blocks = (struct decode_blocks){0};
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
	s->is_known = decode_find(head, s->n_head + n, &s->codec);
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

int
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

/* A marked frame is of that format. */
static int
decode_check_codec(struct leat_stage *st, struct decode *s,
	const struct members_head *head)
{
	if (!s->is_known)
		s->codec = head->codec;
	s->is_known = 1;
	if (s->codec == head->codec)
		return LEAT_OK;
	s->member_at = s->n_in;
	return decode_fail_alien(st, s);
}

/* Whole members that have been decoded already: they are counted here, where
 * everything comes by in order. */
static int
decode_count_members(struct leat_stage *st, struct decode *s,
	const struct members_head *head)
{
	s->member_at = s->n_in;
	if (s->is_open)
		return decode_fail_bad(st, s,
			"a member is longer than it says; parallel=off may "
			"read it");
	if (s->is_padding)
		return decode_fail_alien(st, s);
	s->n_in += head->n_in;
	s->n_members += head->n_members;
	return LEAT_OK;
}

static int
decode_count(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	const struct members_head *head = members_head(in);
	int rc = LEAT_OK;

	if (head->kind == MEMBERS_BLOCK)
		decode_block_passes(s, head);
	else
		rc = decode_count_members(st, s, head);
	s->n_out += in->len_bytes;
	return rc < 0 ? rc : decode_check_size(st, s);
}

/* What workers have decoded passes as it is, behind what was decoded here. */
static int
decode_join(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	uint64_t offset = s->n_out;
	int rc = LEAT_OK;

	if (members_head(in)->kind == MEMBERS_BLOCK)
		rc = decode_block_comes(st, s, in);
	if (rc != LEAT_OK)
		return rc;
	if (s->frame) {
		rc = decode_emit(st, s);
		return rc < 0 ? rc : LEAT_MORE;
	}
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
decode_marked(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	const struct members_head *head = members_head(in);
	int rc = decode_check_codec(st, s, head);

	if (rc < 0)
		return rc;
	return head->kind == MEMBERS_BITS ? decode_bits(st, s, in)
					  : decode_join(st, s, in);
}

int
decode_process(struct leat_stage *st, struct leat_frame *in)
{
	struct decode *s = leat_stage_state(st);
	struct codec_io io;
	int rc = s->is_begun ? LEAT_OK : decode_begin(st, s, in);

	if (rc != LEAT_OK)
		return rc;
	if (in->flags & LEAT_FRAME_MARKED)
		return decode_marked(st, s, in);
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
	return decode_emit_for(st, s, in);
}

int
decode_flush(struct leat_stage *st)
{
	struct decode *s = leat_stage_state(st);

	return s->frame && s->frame->len_bytes ? decode_emit(st, s) : LEAT_OK;
}

int
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
