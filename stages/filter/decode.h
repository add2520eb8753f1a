/*
 * stages/filter/decode.h -- what the files about decoders share: decode.c does
 * the work, decode_find.c knows the formats, decode_ops.c has the stages.
 */
#ifndef LEAT_STAGES_DECODE_H
#define LEAT_STAGES_DECODE_H

#include "members.h"

#define DECODE_MAGIC_BYTES CODEC_MAGIC_BYTES

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

/* ---- decode.c ----------------------------------------------------------- */

/* Payload of a frame. */
uint32_t decode_chunk(const struct decode *s);
/* Its first bytes, or those behind a member, are of something else. */
int decode_fail_alien(struct leat_stage *st, struct decode *s);
int decode_process(struct leat_stage *st, struct leat_frame *in);
int decode_flush(struct leat_stage *st);
int decode_finish(struct leat_stage *st);

/* ---- decode_find.c ------------------------------------------------------ */

/* The format of what begins so; NULL = none. false: more bytes are needed to
 * tell. */
bool decode_find(
	const uint8_t *data, uint32_t n, const struct codec **codec_out);
/* Side memory for a decoder of any format that may come. */
uint64_t decode_decoder_bytes(const struct decode *s);
/* For the codec that was found. LEAT_OK, or a code that has been said. */
int decode_open_codec(struct leat_stage *st, struct decode *s);
void decode_close_codec(struct decode *s);

#endif
