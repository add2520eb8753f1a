/*
 * table/json_scan_portable.c -- the JSON scan in plain C: a byte's class is
 * looked up.
 *
 * Any thread; no state but the caller's.
 */
#include "table/json_scan.h"
#include "table/scan_portable.h"

#define CLASS_QUOTE   1u
#define CLASS_SLASH   2u
#define CLASS_OP      4u
#define CLASS_LINE    8u
#define CLASS_WHITE   16u
#define CLASS_CONTROL 32u

static inline uint32_t
portable_class(uint8_t byte)
{
	uint32_t control = byte < 0x20 ? CLASS_CONTROL : 0;

	switch (byte) {
	case '"':
		return CLASS_QUOTE;
	case '\\':
		return CLASS_SLASH;
	case '{':
	case '}':
	case '[':
	case ']':
	case ':':
	case ',':
		return CLASS_OP;
	case '\n':
		return CLASS_LINE | control;
	case ' ':
	case '\t':
	case '\r':
		return CLASS_WHITE | control;
	default:
		return control;
	}
}

static inline struct leat__json_masks
portable_masks(const uint8_t *text)
{
	struct leat__json_masks m = {0};

	for (uint32_t k = 0; k < 64; k++) {
		uint32_t is = portable_class(text[k]);

		m.quotes |= (uint64_t) !!(is & CLASS_QUOTE) << k;
		m.slashes |= (uint64_t) !!(is & CLASS_SLASH) << k;
		m.ops |= (uint64_t) !!(is & CLASS_OP) << k;
		m.lines |= (uint64_t) !!(is & CLASS_LINE) << k;
		m.whites |= (uint64_t) !!(is & CLASS_WHITE) << k;
		m.controls |= (uint64_t) !!(is & CLASS_CONTROL) << k;
		m.high |= text[k] & 0x80u;
	}
	return m;
}

#define JSON_NAME leat__json_scan_portable
#define JSON_TARGET
#define JSON_MASKS(p)               portable_masks(p)
#define JSON_XOR(bits)              portable_xor(bits)
#define JSON_WRITE(bits, base, out) portable_write(bits, base, out)
#include "table/json_scan_body.h"
