/*
 * table/expr_letters.c -- the other case of letters, in UTF-8.
 *
 * Latin, Greek and Cyrillic, as far as both cases have two bytes or both have
 * one, so that no text changes its length; all else stays as it is. By the
 * blocks of the Unicode standard, chapters 7 (European scripts), without its
 * special cases. Any thread; no state.
 */
#include "table/expr.h"

static uint32_t
letters_is_between(uint32_t c, uint32_t first, uint32_t last)
{
	return c >= first && c <= last;
}

/* Pairs: an upper one at an even place (or odd), the lower one behind it. */
static uint32_t
letters_pair(uint32_t c, uint32_t is_upper_odd, bool to_upper)
{
	bool is_upper = (c & 1) == is_upper_odd;

	return is_upper == to_upper ? c : to_upper ? c - 1 : c + 1;
}

static uint32_t
letters_latin(uint32_t c, bool to_upper)
{
	if (letters_is_between(c, 0xc0, 0xfe) && c != 0xd7 && c != 0xf7 &&
		c != 0xdf)
		return to_upper ? c & ~0x20u : c | 0x20;
	if (c == 0xff && to_upper)
		return 0x178;
	if (c == 0x178 && !to_upper)
		return 0xff;
	if (letters_is_between(c, 0x100, 0x12f) ||
		letters_is_between(c, 0x132, 0x137) ||
		letters_is_between(c, 0x14a, 0x177))
		return letters_pair(c, 0, to_upper);
	if (letters_is_between(c, 0x139, 0x148) ||
		letters_is_between(c, 0x179, 0x17e))
		return letters_pair(c, 1, to_upper);
	return c;
}

static uint32_t
letters_greek(uint32_t c, bool to_upper)
{
	static const uint16_t accented[][2] = {{0x386, 0x3ac}, {0x388, 0x3ad},
		{0x389, 0x3ae}, {0x38a, 0x3af}, {0x38c, 0x3cc}, {0x38e, 0x3cd},
		{0x38f, 0x3ce}};

	if (letters_is_between(c, 0x391, 0x3ab) && c != 0x3a2 && !to_upper)
		return c + 0x20;
	if (c == 0x3c2 && to_upper)
		return 0x3a3;
	if (letters_is_between(c, 0x3b1, 0x3cb) && to_upper)
		return c - 0x20;
	for (size_t k = 0; k < leat__array_len(accented); k++)
		if (accented[k][to_upper] == c)
			return accented[k][!to_upper];
	return c;
}

static uint32_t
letters_cyrillic(uint32_t c, bool to_upper)
{
	if (letters_is_between(c, 0x410, 0x42f))
		return to_upper ? c : c + 0x20;
	if (letters_is_between(c, 0x430, 0x44f))
		return to_upper ? c - 0x20 : c;
	if (letters_is_between(c, 0x400, 0x40f))
		return to_upper ? c : c + 0x50;
	if (letters_is_between(c, 0x450, 0x45f))
		return to_upper ? c - 0x50 : c;
	if (letters_is_between(c, 0x460, 0x481) ||
		letters_is_between(c, 0x48a, 0x4bf) ||
		letters_is_between(c, 0x4d0, 0x52f))
		return letters_pair(c, 0, to_upper);
	return c;
}

static uint8_t
letters_ascii(uint8_t c, bool to_upper)
{
	uint8_t first = to_upper ? 'a' : 'A';

	return (uint8_t)(c - first) < 26 ? c ^ 0x20 : c;
}

void
leat__expr_text_case(
	const uint8_t *src, uint32_t len, uint8_t *dst, bool to_upper)
{
	for (uint32_t k = 0; k < len; k++) {
		uint32_t c;

		dst[k] = letters_ascii(src[k], to_upper);
		if (src[k] < 0xc3 || src[k] > 0xd4 || k + 1 == len ||
			(src[k + 1] & 0xc0) != 0x80)
			continue;
		c = (uint32_t)(src[k] & 0x1f) << 6 | (src[k + 1] & 0x3f);
		c = c < 0x370       ? letters_latin(c, to_upper)
			: c < 0x400 ? letters_greek(c, to_upper)
				    : letters_cyrillic(c, to_upper);
		dst[k] = (uint8_t)(0xc0 | c >> 6);
		dst[++k] = (uint8_t)(0x80 | (c & 0x3f));
	}
}
