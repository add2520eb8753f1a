/*
 * json.c -- json.cut and json.parse, on lines that are JSON and that are not.
 *
 * What pieces the input comes in, and whether it is shown beforehand, changes
 * nothing. With every key let through, a line that the exact reader takes, and
 * that is an object, is a row, and no other is.
 */
#define _GNU_SOURCE
#include "fuzz/support/fuzz.h"

static bool
json_is_blank(struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (x.data[k] != ' ' && x.data[k] != '\t' && x.data[k] != '\r')
			return false;
	return true;
}

static bool
json_is_row(struct leat_text x)
{
	struct leat_json_fault fault;

	if (leat_json_check(x, &fault))
		return false;
	while (x.data[0] == ' ' || x.data[0] == '\t' || x.data[0] == '\r') {
		x.data++;
		x.len--;
	}
	return x.data[0] == '{';
}

/* Lines that are rows; n_bad_out: neither that nor blank. */
static uint32_t
json_count(const struct fuzz_input *in, uint32_t *n_bad_out)
{
	uint32_t n = 0;
	size_t at = in->n >= 3 && !memcmp(in->data, "\xef\xbb\xbf", 3) ? 3 : 0;

	*n_bad_out = 0;
	while (at < in->n) {
		const uint8_t *end = memchr(in->data + at, '\n', in->n - at);
		struct leat_text line = {in->data + at,
			(uint32_t)(end ? (size_t)(end - in->data) - at
				       : in->n - at)};

		if (json_is_row(line))
			n++;
		else
			*n_bad_out += !json_is_blank(line);
		at += line.len + 1;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	static const char *const options[] = {"", "",
		"schema=\"zq:string\" on_error=skip", "schema=\"zq:string\"",
		"on_error=skip", "nested=text", "extra=ignore",
		"nested=text on_error=skip infer_rows=1",
		"max_record_bytes=16 on_error=skip",
		"schema=\"a:int64,b.c:string,'d':date\" on_error=skip",
		"schema=\"a:float64,b:string\" nested=text extra=error"};
	struct fuzz_input in = {data, n_bytes};
	uint32_t option = fuzz_choose(&in, 11);
	struct fuzz_made made;
	char stages[256];

	if (n_bytes > 4096)
		return 0;
	snprintf(stages, sizeof(stages), "json.parse %s", options[option]);
	fuzz_run_ways(stages, &in, option == 7 || option == 8 ? FUZZ_HIDDEN : 0,
		&made);
	if (option == 2 || option == 3) {
		uint32_t n_bad, n = json_count(&in, &n_bad), n_made = 0;

		for (size_t k = 0; k < made.out.n; k++)
			n_made += made.out.data[k] == '\n';
		fuzz_check(
			(made.rc == LEAT_EDATA) == (option == 3 && n_bad > 0),
			"%d '%s' with %u bad lines", made.rc, made.error,
			n_bad);
		fuzz_check(made.rc || memmem(data, n_bytes, "zq", 2) ||
				n == n_made,
			"%u rows of %u", n_made, n);
	}
	fuzz_made_free(&made);
	return 0;
}
