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

/* High bit of each of the first n bytes (1 to 8) that is no digit. */
static inline uint64_t
json_number_others(const uint8_t *text, uint32_t n)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	word ^= JSON_NUMBER_ONES * '0';
	word = (word + JSON_NUMBER_ONES * 0x76) | word;
	return word & (JSON_NUMBER_ONES * 0x80) &
		(~(uint64_t)0 >> (64 - 8 * n));
}

/* -1: all digits; the place of the only byte that is none; n: another case. */
static inline int32_t
json_number_point(const uint8_t *text, uint32_t n)
{
	uint64_t first = json_number_others(text, n < 8 ? n : 8);
	uint64_t second = n > 8 ? json_number_others(text + 8, n - 8) : 0;

	if (!(first | second))
		return -1;
	if ((first && second) || (first & (first - 1)) ||
		(second & (second - 1)))
		return (int32_t)n;
	return first ? __builtin_ctzll(first) / 8
		     : 8 + __builtin_ctzll(second) / 8;
}

/* Digits, or digits . digits, 16 in all at most; a minus sign before. */
static inline bool
json_is_common_number(const uint8_t *text, uint32_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	int32_t point;

	if (n && text[0] == '-') {
		text++;
		n--;
	}
	if (n - 1 > 15)
		return false;
	point = json_number_point(text, n);
	if (text[0] == '0' && n > 1 && point != 1)
		return false;
	return point < 0 ||
		(point > 0 && point + 1 < (int32_t)n && text[point] == '.');
#else
	(void)text;
	(void)n;
	return false;
#endif
}

#endif
