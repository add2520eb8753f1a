/*
 * stages/filter/json_number.h -- common numbers, eight digits at a time.
 *
 * What is common here is a number for leat_json_is_number() as well; all others
 * are to be asked about there. Reads up to 17 bytes from where a number begins.
 */
#ifndef LEAT_STAGES_FILTER_JSON_NUMBER_H
#define LEAT_STAGES_FILTER_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define JSON_NUMBER_ONES 0x0101010101010101u

/* High bit of each of eight bytes that is no digit. What stands behind such a
 * byte may be wrong as well. */
static inline uint64_t
json_number_others(const uint8_t *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	word ^= JSON_NUMBER_ONES * '0';
	return ((word + JSON_NUMBER_ONES * 0x76) | word) &
		(JSON_NUMBER_ONES * 0x80);
}

/* Digits, or digits . digits, 15 bytes at most; a minus sign before. */
static inline bool
json_is_common_number(const uint8_t *text, uint32_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint32_t is_minus = text[0] == '-', point;
	uint64_t others;

	text += is_minus;
	n -= is_minus;
	if (n - 1 > 14)
		return false;
	others = json_number_others(text);
	if (n <= 8)
		others &= ~(uint64_t)0 >> (64 - 8 * n);
	else if (json_number_others(text + n - 8) != others >> (8 * (n - 8)))
		return false;
	if (!others)
		return text[0] != '0' || n == 1;
	point = (uint32_t)__builtin_ctzll(others) / 8;
	return !(others & (others - 1)) && text[point] == '.' && point &&
		point + 1 < n && (text[0] != '0' || point == 1);
#else
	(void)text;
	(void)n;
	return false;
#endif
}

#endif
