/*
 * codec.c -- decoders of bytes that nobody vouches for.
 *
 * In all pieces the same bytes, or an error. What an encoder makes of the
 * input is decoded to the input again.
 */
#include "fuzz/support/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	static const char *const stages[] = {"gzip.decode", "zstd.decode",
		"lz4.decode", "bzip2.decode", "decode",
		"gzip.decode max_bytes=1000", "decode max_ratio=2",
		"gzip.encode ! gzip.decode", "zstd.encode ! zstd.decode",
		"lz4.encode ! lz4.decode", "bzip2.encode ! bzip2.decode",
		"zstd.encode ! decode"};
	struct fuzz_input in = {data, n_bytes};
	uint32_t which = fuzz_choose(&in, 12);
	struct fuzz_made made;

	if (n_bytes > 4096)
		return 0;
	/* by which byte something is known to be wrong depends on the pieces */
	fuzz_run_ways(stages[which], &in, FUZZ_ERRORS, &made);
	if (which >= 7) {
		const struct fuzz_bytes want = {
			(uint8_t *)(uintptr_t)in.data, in.n, in.n};

		fuzz_check(!made.rc && fuzz_is_same(&want, &made.out),
			"%s: %d '%s', %zu bytes of %zu", stages[which], made.rc,
			made.error, made.out.n, in.n);
	}
	fuzz_made_free(&made);
	return 0;
}
