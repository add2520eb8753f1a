/*
 * leat/json.h -- JSON text: its structure, its strings and numbers, paths.
 *
 * For stages that read or write JSON. Texts are objects a line (NDJSON): a raw
 * line end never stands inside a JSON string, so every line begins anew, and
 * what is wrong with one says nothing about the next.
 *
 *	struct leat_json_scan scan;
 *	n = leat_json_scan(&scan, text, n_bytes, ends, n_max);
 */
#ifndef LEAT_JSON_H
#define LEAT_JSON_H

#include <stdbool.h>

#include <leat/base.h>
#include <leat/table.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_JSON_DEPTH_MAX  64 /* objects and lists inside each other */
#define LEAT_JSON_SCAN_SLACK 72 /* entries written too much, at most */

/** What leat_json_scan() found besides the structure. */
struct leat_json_scan {
	uint32_t n_scanned; /* bytes: all, or up to what is wrong, or fewer */
	/* because the room is full */
	uint32_t n_lines; /* newlines found */
	uint32_t is_bad;  /* at n_scanned: a control character, or a value */
	/* right behind a value */
	uint32_t has_escapes; /* a backslash was seen */
	uint32_t has_high;    /* a byte over 0x7f was seen */
};

/**
 * Find the structure of whole lines: writes the offset of every { } [ ] : ,
 * outside strings and of every newline. Between two of them there is white
 * space with one value (a string, or a word that is neither checked) or none;
 * strings are closed and have no control characters in them.
 *
 * @param text   where a line begins
 * @param out    offsets relative to text
 * @param n_max  room, LEAT_JSON_SCAN_SLACK and more
 *
 * @return number of offsets written. Where the scan is_bad these are all before
 * that place.
 *
 * Threads: any. Reads n_bytes and no more. Cost: 0.2 ns a byte or so.
 * Source: Langdale and Lemire, Parsing gigabytes of JSON per second, 2019.
 */
LEAT_API uint32_t leat_json_scan(struct leat_json_scan *scan,
	const uint8_t *text, uint32_t n_bytes, uint32_t *out, uint32_t n_max);

/** Which code the scan runs on this machine: "avx512", "avx2", "sse2",
 * "neon", "portable". */
LEAT_API const char *leat_json_scan_name(void);

/**
 * One value of lines that are alike. What stands before it is the same in all
 * of them: white space, structure and keys, from the end of the value before,
 * or the start of the line.
 */
struct leat_json_member {
	const uint8_t *before; /* and LEAT_JSON_SHAPE_SLACK bytes to read */
	uint32_t n_before;
	uint32_t reserved;         /* 0 */
	struct leat_piece *pieces; /* of rows; NULL: nobody wants them */
	uint8_t *valid;            /* bits of rows, all set; null clears one */
};

#define LEAT_JSON_SHAPE_SLACK 32

/** Lines that are being read. */
struct leat_json_lines {
	const uint8_t *text; /* pieces count from there */
	uint32_t n_bytes;    /* of whole lines; 64 bytes more can be read */
	uint32_t at;         /* where a line begins */
	uint32_t row;        /* of that line */
	uint32_t max_rows;
	uint64_t max_line_bytes; /* without the newline */
};

/**
 * Read lines as long as they are like the one that a shape was made from: all
 * values in the same places, each a string without escapes, a number, true,
 * false or null. At and row are then those of the first line that is not, about
 * which nothing else is said: it may be good or bad.
 *
 * @param members  n_members of them; behind these one whose `before` goes from
 *                 the last value to the newline, which belongs to it   [lent]
 *
 * Threads: any. Cost: 0.1 ns a byte or so.
 */
LEAT_API void leat_json_repeat(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);

/** What is wrong with a text. */
struct leat_json_fault {
	uint32_t offset;
	const char *what; /* and what would be accepted; constant */
};

/**
 * Read one whole JSON value, white space around it, by RFC 8259; slow, exact.
 *
 * @return LEAT_OK; LEAT_EDATA with the first fault, also for bytes that are
 * not UTF-8 and for more than LEAT_JSON_DEPTH_MAX levels.
 */
LEAT_API LEAT_MUST_CHECK int leat_json_check(
	struct leat_text text, struct leat_json_fault *fault);

/** Is this text, all of it, a number by the grammar of RFC 8259? */
LEAT_API bool leat_json_is_number(struct leat_text text);

/** How many bytes at the start of a text are well-formed UTF-8: all, or up to
 * what is not. */
LEAT_API uint32_t leat_json_utf8(struct leat_text text);

/**
 * The inside of a JSON string, its escapes resolved.
 *
 * @param out  room for text.len bytes: it never gets longer
 *
 * @return LEAT_OK with *n_out; LEAT_EDATA: a bad escape, a lone surrogate.
 */
LEAT_API LEAT_MUST_CHECK int leat_json_decode(
	struct leat_text text, uint8_t *out, uint32_t *n_out);

#ifdef __cplusplus
}
#endif
#endif
