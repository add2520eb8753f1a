/*
 * lines.c -- lines, fixed widths and records with their length before them.
 *
 * Each against a plain reader of the same bytes; in all pieces the same.
 */
#include "fuzz/support/fuzz.h"

static void
lines_row(struct fuzz_bytes *out, const uint8_t *data, size_t n)
{
	fuzz_add_text(out, (struct leat_text){data, (uint32_t)n});
	fuzz_add(out, "\n", 1);
}

/* Lines end in LF or CR LF; the last one may do without. */
static void
lines_read(const struct fuzz_input *in, struct fuzz_bytes *out)
{
	size_t at = 0;

	while (at < in->n) {
		const uint8_t *start = in->data + at;
		const uint8_t *end = memchr(start, '\n', in->n - at);
		size_t n = end ? (size_t)(end - start) : in->n - at;

		at += n + 1;
		n -= n && start[n - 1] == '\r' && end;
		lines_row(out, start, n);
	}
}

/* 0 bytes = it is cut off; wide or not, big end first or last. */
static size_t
length_prefix(
	const struct fuzz_input *in, size_t at, uint32_t kind, uint64_t *len)
{
	static const size_t widths[] = {4, 4, 2, 2, 1};
	size_t n = widths[kind];

	*len = 0;
	if (in->n - at < n)
		return 0;
	for (size_t k = 0; k < n; k++) {
		size_t from = kind & 1 ? n - 1 - k : k;

		*len = *len << 8 | in->data[at + from];
	}
	return n;
}

/* false: it does not end where a record does. */
static bool
length_read(const struct fuzz_input *in, uint32_t kind, struct fuzz_bytes *out)
{
	size_t at = 0;

	while (at < in->n) {
		uint64_t len;
		size_t n = length_prefix(in, at, kind, &len);

		if (!n || len > in->n - at - n)
			return false;
		lines_row(out, in->data + at + n, (size_t)len);
		at += n + (size_t)len;
	}
	return true;
}

static void
lines_check(const struct fuzz_made *made, struct fuzz_bytes *out, bool is_good)
{
	fuzz_check(is_good == (made->rc == LEAT_OK), "a plain reader: %s; %s",
		is_good ? "good" : "bad", made->error);
	fuzz_check(!is_good || fuzz_is_same(out, &made->out),
		"a plain reader says\n%.*s\nnot\n%.*s", (int)out->n,
		(const char *)out->data, (int)made->out.n,
		(const char *)made->out.data);
	free(out->data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	static const char *const stages[] = {"length.parse prefix=u32be",
		"length.parse prefix=u32le", "length.parse prefix=u16be",
		"length.parse prefix=u16le", "length.parse prefix=u8",
		"length.parse prefix=varint max_record_bytes=300",
		"lines.parse", "lines.parse max_record_bytes=16 on_error=skip",
		"lines.parse ! fixed.parse widths=2,-1,3,* trim=off",
		"lines.parse ! fixed.parse widths=3,1,4 unit=chars "
		"on_error=skip",
		"lines.parse ! fixed.parse widths=1,*  on_error=skip",
		"length.parse prefix=u8 ! length.format prefix=varint ! "
		"length.parse prefix=varint"};
	struct fuzz_input in = {data, n_bytes};
	uint32_t which = fuzz_choose(&in, 12);
	struct fuzz_bytes out = {0};
	struct fuzz_made made;

	if (n_bytes > 4096)
		return 0;
	fuzz_run_ways(stages[which], &in, 0, &made);
	if (which == 6) {
		lines_read(&in, &out);
		lines_check(&made, &out, true);
	} else if (which < 5 || which == 11) {
		bool is_good = length_read(&in, which < 5 ? which : 4, &out);

		lines_check(&made, &out, is_good);
	}
	fuzz_made_free(&made);
	return 0;
}
