/*
 * unit/guard/digest.c -- digests against vectors of SipHash-1-3, in any
 * pieces. The vectors are those of a reference that gives SipHash's own for
 * 2-4.
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
	static const struct {
		size_t n;
		struct leat__digest digest;
	} vectors[] = {
		{0,
			{UINT64_C(0xbea58827b2bc7ee7),
				UINT64_C(0x013030dd6adb62fd)}},
		{1,
			{UINT64_C(0xa8edd36004376ffc),
				UINT64_C(0x63f02f2bcc73055e)}},
		{8,
			{UINT64_C(0xb4dae3d5e1fe12aa),
				UINT64_C(0x99c7f935ab164f72)}},
		{15,
			{UINT64_C(0x6c52bdb205557ec1),
				UINT64_C(0x09017e1eeccd2129)}},
		{63,
			{UINT64_C(0x6f42fe4ee300584c),
				UINT64_C(0xad6052a70a6b9f07)}},
	};

	for (size_t k = 0; k < sizeof(vectors) / sizeof(*vectors); k++) {
		struct leat__digest d = digest_of(vectors[k].n, 64);

		ck_assert_uint_eq(d.a, vectors[k].digest.a);
		ck_assert_uint_eq(d.b, vectors[k].digest.b);
	}
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
