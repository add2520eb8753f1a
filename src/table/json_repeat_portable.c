/*
 * table/json_repeat_portable.c -- lines that are alike, in plain C.
 *
 * Any thread; no state.
 */
#include <string.h>

#include "table/json_repeat.h"

#define REPEAT_TARGET

/* All that was looked at. */
struct repeat_kit {
	uint32_t seen;
};

static inline struct repeat_kit
repeat_kit_make(void)
{
	return (struct repeat_kit){0};
}

static inline bool
repeat_has_high(const struct repeat_kit *kit)
{
	return kit->seen > 0x7f;
}

static inline uint32_t
repeat_stops(struct repeat_kit *kit, const uint8_t *at)
{
	uint32_t stops = 0;

	for (uint32_t k = 0; k < 32; k++) {
		uint8_t c = at[k];

		stops |= (uint32_t)(c < 0x20 || c == '"' || c == '\\') << k;
		kit->seen |= c;
	}
	return stops;
}

struct repeat_key {
	const uint8_t *text;
	uint32_t n;
};

static inline struct repeat_key
repeat_key_make(const uint8_t *text, uint32_t n)
{
	return (struct repeat_key){text, n};
}

static inline uint32_t
repeat_other(const struct repeat_key *key, const uint8_t *at)
{
	return memcmp(at, key->text, key->n) != 0;
}

static inline uint64_t
repeat_newlines(const struct repeat_kit *kit, const uint8_t *at)
{
	uint64_t newlines = 0;

	(void)kit;
	for (uint32_t k = 0; k < 64; k++)
		newlines |= (uint64_t)(at[k] == '\n') << k;
	return newlines;
}

static inline uint32_t
repeat_digits(const struct repeat_kit *kit, const uint8_t *at)
{
	uint32_t digits = 0;

	(void)kit;
	for (uint32_t k = 0; k < 32; k++)
		digits |= (uint32_t)((uint8_t)(at[k] - '0') < 10) << k;
	return digits;
}

static inline uint32_t
repeat_points(const struct repeat_kit *kit, const uint8_t *at)
{
	uint32_t points = 0;

	(void)kit;
	for (uint32_t k = 0; k < 32; k++)
		points |= (uint32_t)(at[k] == '.') << k;
	return points;
}

#define REPEAT_NAME leat__json_repeat_portable
#include "table/json_repeat_body.h"
