/*
 * stages/filter/cut.h -- bytes cut where records end, for parsers that several
 * workers run at once.
 *
 * A cut stands right before its parser. Each frame that it emits holds whole
 * records (the very last one of lines may lack its newline), 64 bytes behind
 * the last can be read, and a head at the slot's start says what the parser
 * cannot see: on which line the frame begins. A record that cannot be cut right
 * comes in a frame of its own, with its flaw; the parser rejects it.
 * One thread at a time, that of the stage.
 */
#ifndef LEAT_STAGES_CUT_H
#define LEAT_STAGES_CUT_H

#include <leat/table.h>

#define CUT_HEAD_BYTES   64
#define CUT_SLACK_BYTES  64
#define CUT_RECORD_BYTES (1u << 20) /* default of max_record_bytes */
#define CUT_CARRY_BYTES  65536      /* room for what most files need */
#define CUT_WAIT_NS                                                            \
	INT64_C(10000000000) /* default of infer_wait, for a sample */

/* What is wrong with the one record of a frame. */
enum cut_flaw {
	CUT_WHOLE = 0,   /* nothing; the frame holds any number of records */
	CUT_LONG,        /* longer than max_record_bytes; its beginning */
	CUT_OPEN,        /* as CUT_LONG, and a quote is not closed */
	CUT_OPEN_AT_END, /* a quote is not closed before the end */
	CUT_CLOSED       /* text after a closing quote, at flaw_at */
};

/* At the slot's start of every frame that a cut emits. */
struct cut_head {
	uint64_t line;                    /* where the frame begins, from 1 */
	const struct leat_schema *schema; /* of csv.cut; else NULL */
	uint32_t flaw;                    /* enum cut_flaw */
	uint32_t flaw_at;
	const char *file; /* that it is of; NULL = there is one only */
	uint64_t n_lines; /* newlines in the frame */
};

static inline const struct cut_head *
cut_head(const struct leat_frame *frame)
{
	return (const struct cut_head *)(const void *)leat_frame_start(frame);
}

/* State of a cut. Zeroed, then filled in by cut_init(). */
struct cut {
	struct leat_dialect dialect; /* quote 0: of lines */
	uint32_t max_carry;          /* longest record, and its CR */
	const struct leat_schema *schema;
	uint8_t *carry;       /* the beginning of a record */
	uint32_t n_carry;     /* of it */
	uint32_t n_room;      /* for it */
	uint32_t at;          /* in the frame in hand: what follows the carry */
	struct leat_cut scan; /* behind the carry */
	const char *file;     /* in hand; NULL = there is one only */
	uint64_t line;        /* where the carry begins, from 1 */
	uint64_t offset;      /* the same in the source, bytes */
	uint32_t flaw;        /* of the record that begins there */
	uint32_t flaw_at;
	uint32_t is_told;    /* of that flaw; what follows is skipped */
	uint32_t is_between; /* what is skipped begins inside a line */
	uint32_t is_fresh;   /* the carry has not been scanned */
	uint32_t is_begun;   /* at counts in the frame in hand */
	uint32_t is_stopped; /* the stream was cut: what is carried is gone */
	uint32_t has_emitted;
	int64_t until_ns; /* a sample is waited for; 0 = none is */
};

/* In init. max_record_bytes 0 = the default. */
void cut_init(struct leat_stage *st, struct cut *s, uint64_t max_record_bytes);
/* In negotiate, first. LEAT_OK, or a code that has been said. */
int cut_negotiate(struct leat_stage *st, struct cut *s,
	const struct leat_shape *in, struct leat_shape *out);
/* A frame comes: what is in it is counted, and at is its start. */
void cut_begin(struct leat_stage *st, struct cut *s, struct leat_frame *in);
/* Does a file begin with this frame, behind others? Then, in order: what is
 * carried of the one before goes by cut_end_file() until that is LEAT_OK, and
 * cut_begin_file(). */
bool cut_is_new_file(const struct cut *s, const struct leat_frame *in);
int cut_end_file(struct leat_stage *st, struct cut *s);
void cut_begin_file(struct cut *s, const struct leat_frame *in);
/* As process and finish. */
int cut_process(struct leat_stage *st, struct cut *s, struct leat_frame *in);
int cut_finish(struct leat_stage *st, struct cut *s);
/* Add bytes to the carry: up to CUT_CARRY_BYTES in all there is room for. */
void cut_carry(struct cut *s, const uint8_t *data, uint32_t n_bytes);
/* The same for max_carry, and a newline. LEAT_OK, or a code that has been said.
 */
int cut_add(struct leat_stage *st, struct cut *s, const uint8_t *data,
	uint32_t n_bytes);
/* The carry is to become a sample: how long that is waited for counts from its
 * first bytes on. 0 = CUT_WAIT_NS. */
void cut_wait(struct leat_stage *st, struct cut *s, int64_t wait_ns);
/* Is that time over? */
bool cut_has_waited(struct leat_stage *st, const struct cut *s);
/* It has become one, or there will be none. */
void cut_wait_no_more(struct leat_stage *st, struct cut *s);
/* The first bytes of the carry are done with. */
void cut_drop(struct cut *s, uint32_t n_bytes);

/* Newlines in a text. */
uint32_t cut_newlines(const uint8_t *text, size_t n_bytes);

#endif
