/*
 * fuzz.h -- what fuzzers share: choices from the input, and whole graphs.
 *
 * A fuzzer is a file with LLVMFuzzerTestOneInput(). Linked with libFuzzer it
 * looks for inputs; linked with replay.c it is a test over its corpus. It ends
 * with abort() where something is not as it should be.
 *
 * The first bytes of an input choose options and where it is cut, so that an
 * input says all there is to say about a case.
 */
#ifndef LEAT_TESTS_FUZZ_SUPPORT_H
#define LEAT_TESTS_FUZZ_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

/* Say what is wrong, and abort. */
#define fuzz_check(is_good, ...)                                               \
	do {                                                                   \
		if (!(is_good)) {                                              \
			fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);        \
			fprintf(stderr, __VA_ARGS__);                          \
			fputc('\n', stderr);                                   \
			abort();                                               \
		}                                                              \
	} while (0)

/* What is left of an input. */
struct fuzz_input {
	const uint8_t *data;
	size_t n;
};

/* A number from 0 to n - 1, 0 when the input has ended. */
uint32_t fuzz_choose(struct fuzz_input *in, uint32_t n);
/* The bytes up to the next newline, which is left out, NUL-terminated in buf;
 * what does not fit is left out, too. */
size_t fuzz_line(struct fuzz_input *in, char *buf, size_t n_buf);
/* What is left, with 64 bytes behind it that can be read; to be freed. */
uint8_t *fuzz_copy(const struct fuzz_input *in);

/* ---- graphs ------------------------------------------------------------ */

/* How bytes come into a graph. */
struct fuzz_way {
	size_t first; /* bytes of the first chunk */
	size_t rest;  /* of every other */
	bool is_shown;
};

/* Bytes that grow. */
struct fuzz_bytes {
	uint8_t *data;
	size_t n;
	size_t max;
};

void fuzz_add(struct fuzz_bytes *bytes, const void *data, size_t n);
/* "LEN:BYTES,", or "-," for a null. */
void fuzz_add_text(struct fuzz_bytes *bytes, struct leat_text x);
bool fuzz_is_same(const struct fuzz_bytes *a, const struct fuzz_bytes *b);

struct fuzz_made {
	int rc;
	char error[LEAT_ERROR_TEXT_BYTES];
	struct fuzz_bytes names; /* of tables: of their columns, with types */
	struct fuzz_bytes out;   /* of tables and rows: the values, a newline
				    behind each row */
};

/*
 * Run "bytes ! STAGES ! sink" in one thread; checks balance and that no frame
 * is left. The sink takes bytes, rows and tables.
 */
void fuzz_run(const char *stages, const struct fuzz_input *in,
	const struct fuzz_way *way, struct fuzz_made *made_out);
void fuzz_made_free(struct fuzz_made *made);

/* The same, or abort. */
void fuzz_same(
	const char *what, const struct fuzz_made *a, const struct fuzz_made *b);

/* What is guessed of a sample may be another: it is never shown. */
#define FUZZ_HIDDEN (1u << 0)
/* What comes out may be another, too. */
#define FUZZ_LOOSE (1u << 1)
/* An error may have another text. */
#define FUZZ_ERRORS (1u << 2)

/* Run in one piece, then as the input chooses: cut in two or in small chunks,
 * shown before or not. Both give the same, which is returned. */
void fuzz_run_ways(const char *stages, struct fuzz_input *in, uint32_t flags,
	struct fuzz_made *made_out);

#endif
