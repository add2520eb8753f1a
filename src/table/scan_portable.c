/*
 * table/scan_portable.c -- the scan in plain C, eight bytes at a time.
 *
 * Any thread; no state but the caller's.
 */
#include "table/scan_portable.h"

struct portable_block {
	uint64_t words[8];
};

#define PORTABLE_ONES 0x0101010101010101u
#define PORTABLE_LOWS 0x7f7f7f7f7f7f7f7fu

static inline struct portable_block
portable_load(const uint8_t *text)
{
	struct portable_block b = {{0}};

	for (uint32_t k = 0; k < 64; k++)
		b.words[k / 8] |= (uint64_t)text[k] << (8 * (k % 8));
	return b;
}

/* Bit k = is byte k of the word zero? The multiply gathers the high bits. */
static inline uint64_t
portable_zeros(uint64_t word)
{
	uint64_t filled = ((word & PORTABLE_LOWS) + PORTABLE_LOWS) | word;
	uint64_t zeros = (~filled >> 7) & PORTABLE_ONES;

	return (zeros * 0x0102040810204080u) >> 56;
}

static inline uint64_t
portable_equal(const struct portable_block *b, uint8_t byte)
{
	uint64_t bits = 0;

	for (uint32_t k = 0; k < 8; k++)
		bits |= portable_zeros(b->words[k] ^ (PORTABLE_ONES * byte))
			<< (8 * k);
	return bits;
}

#define SCAN_NAME  leat__table_scan_portable
#define CUT_NAME   leat__table_cut_portable
#define LINES_NAME leat__table_lines_portable
#define COUNT_NAME leat__table_count_portable
#define LEAN_NAME  leat__table_lean_portable
#define SCAN_TARGET
#define SCAN_BLOCK                  struct portable_block
#define SCAN_LOAD(p)                portable_load(p)
#define SCAN_EQUAL(block, byte)     portable_equal(&(block), byte)
#define SCAN_XOR(bits)              portable_xor(bits)
#define SCAN_WRITE(bits, base, out) portable_write(bits, base, out)
#include "table/scan_body.h"

#include "table/cut_body.h"

#include "table/lean_body.h"
