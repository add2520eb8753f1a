/*
 * unit/guard/digest.c -- digests against SipHash's own vectors, in any pieces.
 */
#include <string.h>

#include "guard/digest.h"
#include "support/test.h"

/* The key of the vectors: bytes 0 to 15. */
static const uint64_t seed[2] = {
	UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* Of bytes 0 to n - 1, in pieces of so many. */
static struct leat__digest
digest_of(size_t n, size_t n_piece)
{
	struct leat__digester d;
	uint8_t data[64];

	for (size_t k = 0; k < n; k++)
		data[k] = (uint8_t)k;
	leat__digest_begin(&d, seed);
	for (size_t k = 0; k < n; k += n_piece)
		leat__digest_add(
			&d, data + k, n - k < n_piece ? n - k : n_piece);
	return leat__digest_end(&d);
}

START_TEST(digests_are_those_of_the_vectors)
{
	struct leat__digest none = digest_of(0, 1), one = digest_of(1, 1);

	ck_assert_uint_eq(none.a, UINT64_C(0xe6a825ba047f81a3));
	ck_assert_uint_eq(none.b, UINT64_C(0x930255c71472f66d));
	ck_assert_uint_eq(one.a, UINT64_C(0x44af996bd8c187da));
	ck_assert_uint_eq(one.b, UINT64_C(0x45fc229b11597634));
}
END_TEST

START_TEST(pieces_make_no_difference)
{
	for (size_t n = 0; n <= 64; n++) {
		struct leat__digest whole = digest_of(n, 64);

		for (size_t n_piece = 1; n_piece < 20; n_piece++) {
			struct leat__digest d = digest_of(n, n_piece);

			ck_assert(d.a == whole.a && d.b == whole.b);
		}
		if (n) {
			struct leat__digest less = digest_of(n - 1, 64);

			ck_assert(less.a != whole.a && less.b != whole.b);
		}
	}
}
END_TEST

TEST_MAIN("guard/digest", digests_are_those_of_the_vectors,
	pieces_make_no_difference)
