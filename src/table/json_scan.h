/*
 * table/json_scan.h -- what the files of the JSON scan share.
 */
#ifndef LEAT_SRC_TABLE_JSON_SCAN_H
#define LEAT_SRC_TABLE_JSON_SCAN_H

#include "base/base.h"
#include "table/neon.h"
#include <leat/json.h>

/* Masks of one block of 64 bytes, bit k = byte k. */
struct leat__json_masks {
	uint64_t quotes;
	uint64_t slashes;  /* backslashes */
	uint64_t ops;      /* { } [ ] : , and, maybe, two controls */
	uint64_t lines;    /* newlines */
	uint64_t whites;   /* space, tab, carriage return */
	uint64_t controls; /* all below space */
	uint64_t high;     /* not 0 if there is a byte over 0x7f */
};

typedef uint32_t (*leat__json_scan_fn)(struct leat_json_scan *scan,
	const uint8_t *text, uint32_t n_bytes, uint32_t *out, uint32_t n_max);

uint32_t leat__json_scan_portable(struct leat_json_scan *scan,
	const uint8_t *text, uint32_t n_bytes, uint32_t *out, uint32_t n_max);
#if defined(__x86_64__)
uint32_t leat__json_scan_sse2(struct leat_json_scan *scan, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max);
/* Needs AVX2, BMI, POPCNT and PCLMUL. */
uint32_t leat__json_scan_avx2(struct leat_json_scan *scan, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max);
/* Needs AVX-512 F, BW and VL besides. */
uint32_t leat__json_scan_avx512(struct leat_json_scan *scan,
	const uint8_t *text, uint32_t n_bytes, uint32_t *out, uint32_t n_max);
#elif defined(LEAT__HAS_NEON)
uint32_t leat__json_scan_neon(struct leat_json_scan *scan, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max);
#endif

#endif
