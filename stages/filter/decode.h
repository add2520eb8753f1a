/*
 * stages/filter/decode.h -- what the files about decoders share: decode.c does
 * the work, decode_blocks.c for pieces of bzip2, decode_find.c knows the
 * formats, decode_ops.c has the stages.
 */
#ifndef LEAT_STAGES_DECODE_H
#define LEAT_STAGES_DECODE_H

#include "members.h"

#define DECODE_MAGIC_BYTES CODEC_MAGIC_BYTES

/* ---- pieces of a bzip2 file (members.h) ---------------------------------- */

enum blocks_mode {
	BLOCKS_BYTES = 0, /* where a stream may begin, or within what does not
			     begin as one: the decoder sees the bytes */
	BLOCKS_AT,        /* in a stream: the next mark begins a block or ends
			     the stream */
	BLOCKS_IN,        /* in a block, which is decoded here */
	BLOCKS_END        /* in the end of a stream */
};

#define BLOCKS_FEED_BYTES 512

struct decode_blocks {
	uint32_t mode;        /* enum blocks_mode */
	uint32_t is_begun;    /* at stands in a frame in hand */
	uint32_t is_question; /* has the block ended where the piece begins? */
	uint32_t has_given;   /* the block gave bytes: all of it is read */
	uint64_t n_bits;      /* of the file, before the frame in hand */
	uint64_t at;          /* bit in that */
	uint32_t level;       /* of the stream */
	uint32_t crc;         /* of the stream's blocks so far */
	uint32_t block_crc;   /* that the block in hand has stored */
	uint32_t n_block;     /* bytes that were made of the block's bits */
	uint64_t end;         /* last bits of the end */
	uint32_t n_end;       /* so many have come */
	uint32_t n_carry;     /* bits that make no byte yet */
	uint32_t carry;
	uint32_t feed_at, n_feed;
	uint8_t feed[BLOCKS_FEED_BYTES]; /* bytes for the decoder */
};

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
	struct decode_blocks blocks;
};

/* ---- decode.c ----------------------------------------------------------- */

/* Payload of a frame. */
uint32_t decode_chunk(const struct decode *s);
/* Its first bytes, or those behind a member, are of something else. */
int decode_fail_alien(struct leat_stage *st, struct decode *s);
int decode_fail_bad(struct leat_stage *st, struct decode *s, const char *why);
/* Decode into the open frame. 1: it is full; there may be more. */
int decode_fill(struct leat_stage *st, struct decode *s, struct codec_io *io);
/* Emit that, as one that came of this. LEAT_MORE. */
int decode_emit_for(
	struct leat_stage *st, struct decode *s, const struct leat_frame *in);
/* All of a frame in hand is done. */
int decode_end(struct leat_stage *st, struct decode *s, struct leat_frame *in);
int decode_process(struct leat_stage *st, struct leat_frame *in);
int decode_flush(struct leat_stage *st);
int decode_finish(struct leat_stage *st);

/* ---- decode_blocks.c ---------------------------------------------------- */

/* A frame of MEMBERS_BITS. */
int decode_bits(struct leat_stage *st, struct decode *s, struct leat_frame *in);
/* Before one of MEMBERS_BLOCK passes: may it stand here? LEAT_MORE: a frame was
 * emitted. */
int decode_block_comes(
	struct leat_stage *st, struct decode *s, struct leat_frame *in);
/* It passes. */
void decode_block_passes(struct decode *s, const struct members_head *head);

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
