/*
 * fuzz.c -- choices from the input of a fuzzer; see fuzz.h.
 */
#include "fuzz/support/fuzz.h"

#define FUZZ_SLACK 64

uint32_t
fuzz_choose(struct fuzz_input *in, uint32_t n)
{
	uint32_t value;

	if (!in->n || n < 2)
		return 0;
	value = in->data[0] % n;
	in->data++;
	in->n--;
	return value;
}

size_t
fuzz_line(struct fuzz_input *in, char *buf, size_t n_buf)
{
	const uint8_t *end = in->n ? memchr(in->data, '\n', in->n) : NULL;
	size_t n_line = end ? (size_t)(end - in->data) : in->n;
	size_t n = n_line < n_buf - 1 ? n_line : n_buf - 1;

	if (n)
		memcpy(buf, in->data, n);
	buf[n] = '\0';
	in->data += n_line + (end != NULL);
	in->n -= n_line + (end != NULL);
	return n;
}

uint8_t *
fuzz_copy(const struct fuzz_input *in)
{
	uint8_t *copy = calloc(1, in->n + FUZZ_SLACK);

	fuzz_check(copy != NULL, "no memory for %zu bytes", in->n);
	if (in->n)
		memcpy(copy, in->data, in->n);
	return copy;
}
