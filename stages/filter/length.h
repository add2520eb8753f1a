/*
 * stages/filter/length.h -- records with their length in front: the lengths.
 *
 * Fixed ones of 1, 2 or 4 bytes, either end first, and LEB128 (varint), seven
 * bits a byte, low first, as Protocol Buffers have it.
 */
#ifndef LEAT_STAGES_LENGTH_H
#define LEAT_STAGES_LENGTH_H

#include <leat/stages.h>

#define LENGTH_VARINT_MAX 5 /* bytes of a length up to 2^32 - 1 */

/* In the order of enum leat_length_prefix. */
#define LENGTH_PREFIXES "u32be|u32le|u16be|u16le|u8|varint"

/* Bytes of a fixed one; 0 = varint. */
static inline uint32_t
length_bytes(uint32_t prefix)
{
	static const uint8_t bytes[] = {4, 4, 2, 2, 1, 0};

	return bytes[prefix];
}

/* Largest length that can be said. */
static inline uint32_t
length_most(uint32_t prefix)
{
	uint32_t n = length_bytes(prefix);

	return n == 0 || n == 4 ? UINT32_MAX : (1u << 8 * n) - 1;
}

/*
 * Read a length from n bytes.
 * @return how many bytes it takes; 0: there are too few; -1: a varint that is
 * no length.
 */
static inline int
length_read(
	uint32_t prefix, const uint8_t *data, size_t n, uint32_t *length_out)
{
	uint32_t n_bytes = length_bytes(prefix);
	bool is_big =
		prefix == LEAT_LENGTH_U16BE || prefix == LEAT_LENGTH_U32BE;
	uint64_t length = 0;

	if (n_bytes) {
		if (n < n_bytes)
			return 0;
		for (uint32_t k = 0; k < n_bytes; k++)
			length |= (uint64_t)data[k]
				<< 8 * (is_big ? n_bytes - 1 - k : k);
		*length_out = (uint32_t)length;
		return (int)n_bytes;
	}
	for (uint32_t k = 0; k < n && k < LENGTH_VARINT_MAX; k++) {
		length |= (uint64_t)(data[k] & 0x7f) << 7 * k;
		if (data[k] & 0x80)
			continue;
		*length_out = (uint32_t)length;
		return length > UINT32_MAX ? -1 : (int)k + 1;
	}
	return n < LENGTH_VARINT_MAX ? 0 : -1;
}

/* Write a length; returns its bytes. */
static inline uint32_t
length_write(uint32_t prefix, uint32_t length, uint8_t *data)
{
	uint32_t n_bytes = length_bytes(prefix), k = 0;
	bool is_big =
		prefix == LEAT_LENGTH_U16BE || prefix == LEAT_LENGTH_U32BE;

	if (n_bytes) {
		for (; k < n_bytes; k++)
			data[k] = (uint8_t)(length >>
				8 * (is_big ? n_bytes - 1 - k : k));
		return n_bytes;
	}
	for (; length > 0x7f; length >>= 7)
		data[k++] = (uint8_t)(length | 0x80);
	data[k] = (uint8_t)length;
	return k + 1;
}

#endif
