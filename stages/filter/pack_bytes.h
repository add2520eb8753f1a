/*
 * stages/filter/pack_bytes.h -- what the bytes of a row are made of, for the
 * files that write and read them.
 *
 * Of fields: length and bytes of the text, with separators, then the length of
 * each field. Of vectors: a byte that says what the value is, then the value.
 * Threads: any.
 */
#ifndef LEAT_STAGES_FILTER_PACK_BYTES_H
#define LEAT_STAGES_FILTER_PACK_BYTES_H

#include <string.h>

#include "pack.h"

#define PACK_TEXT_BYTES  (1u << 20) /* of a frame, at least */
#define PACK_ROWS_ENOUGH 4096u      /* of vectors, in a frame */
#define PACK_LONG        0xffu      /* a length of four bytes follows */

/* What stands before a value of a vector: what it is, and of bytes how many and
 * where they are once the frame is made. */
enum leat__pack_tag { PACK_NULL, PACK_VALUE, PACK_STRING, PACK_OWN };

struct pack_place {
	uint32_t len;
	uint32_t at;
};

/* The next length of a field. */
static inline uint32_t
pack_get_len(const uint8_t **at)
{
	uint32_t len = *(*at)++;

	if (len == PACK_LONG) {
		memcpy(&len, *at, sizeof(len));
		*at += sizeof(len);
	}
	return len;
}

/* Has a vector of the type pieces of text? */
static inline bool
pack_is_pieces(uint32_t type)
{
	return type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY;
}

/* Bytes of a value of any other type. */
static inline uint32_t
pack_value_bytes(uint32_t type)
{
	if (type == LEAT_TYPE_BOOL)
		return 1;
	return type == LEAT_TYPE_DECIMAL ? 16 : 8;
}

#endif
