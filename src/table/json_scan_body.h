/*
 * table/json_scan_body.h -- the JSON scan, written once and compiled for each
 * machine.
 *
 * The including file defines JSON_NAME, JSON_TARGET, and for a block of 64
 * bytes JSON_MASKS(pointer): a struct leat__json_masks; JSON_XOR(bits): bit k =
 * xor of bits 0 to k; JSON_WRITE(bits, base, out). Every mask depends on the
 * bytes before alone, so what stands behind an error changes nothing.
 * Source: Langdale and Lemire, Parsing gigabytes of JSON per second, 2019;
 * escapes as in simdjson 3, json_escape_scanner.h.
 */

#ifndef LEAT_SRC_TABLE_JSON_SCAN_BODY_H
#define LEAT_SRC_TABLE_JSON_SCAN_BODY_H

#include <string.h>

#include "table/json_scan.h"

/* What a block leaves behind for the next one; each but in_string 0 or 1. */
struct json_carry {
	uint64_t in_string; /* all ones inside */
	uint64_t escape;    /* the next byte is escaped */
	uint64_t word;      /* the last byte belongs to a word */
	uint64_t done;      /* a value ended, and only white space since */
};

/* Which bytes have an odd number of backslashes before them? */
static inline uint64_t
json_escaped(uint64_t slashes, uint64_t *carry)
{
	const uint64_t odd = 0xaaaaaaaaaaaaaaaau;
	uint64_t may = slashes & ~*carry;
	uint64_t code = (((may << 1) | odd) - may) ^ odd;
	uint64_t escaped = code ^ (slashes | *carry);

	*carry = (code & slashes) >> 63;
	return escaped;
}

/*
 * Where a value begins although another one is before it, with nothing or only
 * white space between. A sum carries over runs of white space.
 */
static inline uint64_t
json_crowded(struct json_carry *carry, uint64_t words, uint64_t opens,
	uint64_t closes, uint64_t whites)
{
	uint64_t ends = words | closes;
	uint64_t behind = (ends << 1) | carry->word | carry->done;
	uint64_t begins = opens | (words & ~((words << 1) | carry->word));
	uint64_t sum = whites + (behind & whites);

	carry->word = words >> 63;
	carry->done = (closes >> 63) | (sum < whites);
	return begins & (behind | (sum & ~whites));
}

#endif

JSON_TARGET uint32_t
JSON_NAME(struct leat_json_scan *scan, const uint8_t *text, uint32_t n_bytes,
	uint32_t *out, uint32_t n_max)
{
	struct leat_json_scan s = {0};
	struct json_carry carry = {0};
	uint32_t *o = out;
	uint32_t *o_end = out + n_max - LEAT_JSON_SCAN_SLACK;
	uint64_t high = 0;
	uint8_t tail[64];
	uint32_t at;

	for (at = 0; at < n_bytes && o <= o_end; at += 64) {
		const uint8_t *from = text + at;
		uint64_t valid = ~(uint64_t)0;
		uint64_t escaped = 0;
		struct leat__json_masks m;
		uint64_t quotes, inside, words, bad, ops;

		if (leat__unlikely(n_bytes - at < 64)) {
			memset(tail, ' ', sizeof(tail));
			memcpy(tail, from, n_bytes - at);
			from = tail;
			valid >>= 64 - (n_bytes - at);
		}
		m = JSON_MASKS(from);
		high |= m.high;
		if (leat__unlikely(m.slashes | carry.escape)) {
			escaped = json_escaped(m.slashes, &carry.escape);
			s.has_escapes = 1;
		}
		quotes = m.quotes & ~escaped;
		inside = JSON_XOR(quotes) ^ carry.in_string;
		carry.in_string = (uint64_t)((int64_t)inside >> 63);
		m.lines &= ~inside;
		m.whites &= ~inside;
		ops = (m.ops & ~inside) | m.lines;
		words = ~(ops | m.whites | inside | quotes);
		bad = json_crowded(&carry, words, quotes & inside,
			quotes & ~inside, m.whites);
		bad |= m.controls & ~(m.lines | m.whites);
		bad &= valid;
		ops &= valid;
		if (leat__unlikely(bad)) {
			uint32_t place = (uint32_t)__builtin_ctzll(bad);
			uint64_t before = ((uint64_t)1 << place) - 1;

			o = JSON_WRITE(ops & before, at, o);
			s.n_lines += (uint32_t)__builtin_popcountll(
				m.lines & before);
			s.is_bad = 1;
			n_bytes = at += place;
			break;
		}
		s.n_lines += (uint32_t)__builtin_popcountll(m.lines & valid);
		o = JSON_WRITE(ops, at, o);
	}
	s.n_scanned = at < n_bytes ? at : n_bytes;
	s.has_high = high != 0;
	*scan = s;
	return (uint32_t)(o - out);
}
