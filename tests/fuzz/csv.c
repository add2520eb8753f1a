/*
 * csv.c -- csv.cut and csv.parse against a reader a byte at a time.
 *
 * The input chooses the dialect and the options; what it comes in, and whether
 * it is shown beforehand, changes nothing. Without a header and where bad rows
 * stop the run, a plain reader of what `leat help csv.parse` says must see the
 * same records, or find the text bad, too.
 */
#include "fuzz/support/fuzz.h"

struct plain {
	struct fuzz_input in;
	uint8_t separator;
	uint8_t quote;
	uint32_t n_fields; /* of the first record */
	bool is_bad;
	struct fuzz_bytes row;
	struct fuzz_bytes field;
	struct fuzz_bytes out;
};

static int
plain_peek(const struct plain *p)
{
	return p->in.n ? p->in.data[0] : -1;
}

static uint8_t
plain_take(struct plain *p)
{
	p->in.n--;
	return *p->in.data++;
}

/* Behind a closing quote: is this the end of the field? */
static bool
plain_is_end(const struct plain *p)
{
	int c = plain_peek(p);

	if (c == '\r' && p->separator != '\r')
		return p->in.n == 1 || p->in.data[1] == '\n';
	return c < 0 || c == '\n' || c == p->separator;
}

static void
plain_quoted(struct plain *p)
{
	plain_take(p);
	for (;;) {
		if (!p->in.n) {
			p->is_bad = true;
			return;
		}
		if (plain_peek(p) == p->quote) {
			plain_take(p);
			if (plain_peek(p) != p->quote)
				break;
		}
		fuzz_add(&p->field, p->in.data, 1);
		plain_take(p);
	}
	p->is_bad |= !plain_is_end(p);
	if (!p->is_bad && plain_peek(p) == '\r')
		plain_take(p);
}

static void
plain_bare(struct plain *p)
{
	while (p->in.n && plain_peek(p) != '\n' &&
		plain_peek(p) != p->separator) {
		fuzz_add(&p->field, p->in.data, 1);
		plain_take(p);
	}
	if (p->field.n && p->field.data[p->field.n - 1] == '\r' &&
		(!p->in.n || plain_peek(p) == '\n'))
		p->field.n--;
}

/* One record; returns its number of fields, 0 = a blank line. */
static uint32_t
plain_record(struct plain *p)
{
	const uint8_t *start = p->in.data;
	uint32_t n = 0;
	size_t n_line;

	p->row.n = 0;
	do {
		p->field.n = 0;
		if (plain_peek(p) == p->quote)
			plain_quoted(p);
		else
			plain_bare(p);
		fuzz_add_text(&p->row,
			(struct leat_text){p->field.data ? p->field.data
							 : (const uint8_t *)"",
				(uint32_t)p->field.n});
		n++;
	} while (!p->is_bad && plain_peek(p) == p->separator &&
		plain_take(p) == p->separator);
	n_line = (size_t)(p->in.data - start);
	if (p->in.n && !p->is_bad)
		plain_take(p);
	if (n_line == 0 || (n_line == 1 && start[0] == '\r'))
		return 0;
	return n;
}

static void
plain_read(struct plain *p)
{
	if (p->in.n >= 3 && !memcmp(p->in.data, "\xef\xbb\xbf", 3)) {
		p->in.data += 3;
		p->in.n -= 3;
	}
	while (p->in.n && !p->is_bad) {
		uint32_t n = plain_record(p);

		if (!n && p->n_fields != 1)
			continue;
		n = n ? n : 1;
		p->n_fields = p->n_fields ? p->n_fields : n;
		p->is_bad |= n != p->n_fields;
		fuzz_add(&p->out, p->row.data, p->row.n);
		fuzz_add(&p->out, "\n", 1);
	}
}

static void
plain_check(struct plain *p, const struct fuzz_made *made)
{
	plain_read(p);
	fuzz_check(p->is_bad == (made->rc == LEAT_EDATA),
		"a plain reader says %s, not %d '%s'",
		p->is_bad ? "bad" : "good", made->rc, made->error);
	if (!p->is_bad)
		fuzz_check(fuzz_is_same(&p->out, &made->out),
			"a plain reader says\n%.*s\nnot\n%.*s", (int)p->out.n,
			(const char *)p->out.data, (int)made->out.n,
			(const char *)made->out.data);
	free(p->out.data);
	free(p->row.data);
	free(p->field.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	static const char *const separators[] = {
		",", ",", ";", "tab", "pipe", "space", "a", "\\\\"};
	static const char *const quotes[] = {"\"", "\"", "'", "x"};
	static const uint8_t bytes[] = {
		',', ',', ';', '\t', '|', ' ', 'a', '\\'};
	static const char *const more[] = {"", "", "header=off", "header=off",
		"header=off on_error=skip", "on_error=skip", "sniff=on",
		"max_record_bytes=16", "max_record_bytes=16 on_error=skip",
		"strict=on infer_rows=1", "strict=on on_error=skip",
		"schema=\"a:int64,b:date\" strict=on", "header=off filename=f"};
	struct fuzz_input in = {data, n_bytes};
	uint32_t separator = fuzz_choose(&in, 8);
	uint32_t quote = fuzz_choose(&in, 4);
	uint32_t options = fuzz_choose(&in, 13);
	struct fuzz_made made;
	char stages[256];

	if (n_bytes > 4096)
		return 0;
	snprintf(stages, sizeof(stages),
		"csv.parse sep=\"%s\" quote=\"%s%s\" %s", separators[separator],
		quote < 2 ? "\\" : "", quotes[quote], more[options]);
	/* with these a pipe's sample, and so its types, can be another; how
	 * much is lost with a record that is too long depends on the frames */
	fuzz_run_ways(stages, &in,
		strstr(stages, "max_rec") ? FUZZ_HIDDEN | FUZZ_LOOSE
			: strstr(stages, "infer_rows") ? FUZZ_HIDDEN
						       : 0,
		&made);
	if (options == 2 || options == 3) {
		struct plain plain = {.in = in,
			.separator = bytes[separator],
			.quote = (uint8_t)quotes[quote][0]};

		plain_check(&plain, &made);
	}
	fuzz_made_free(&made);
	return 0;
}
