/*
 * declared.c -- schema="NAME:TYPE,...", an entry after the other.
 *
 * Every entry lies in the list, and written again it is read as the same; an
 * error has its place and a text.
 */
#include "fuzz/support/fuzz.h"

#define LIST_BYTES 1024

static void
declared_again(const struct leat_declared *d)
{
	const char *quote = memchr(d->name.data, '"', d->name.len) ? "`" : "\"";
	struct leat_expr_error err;
	struct leat_declared back;
	char list[LIST_BYTES + 64];
	uint32_t at = 0;
	int n = snprintf(list, sizeof(list), "%s%.*s%s:%s", quote,
		(int)d->name.len, (const char *)d->name.data, quote,
		leat_type_name(d->type));

	if (d->type == LEAT_TYPE_DECIMAL)
		snprintf(list + n, sizeof(list) - (size_t)n, "(%u)", d->scale);
	/* a bare name may have quotes of both kinds */
	if (memchr(d->name.data, *quote, d->name.len))
		return;
	fuzz_check(!leat_declared_next(list, &at, &back, &err),
		"'%s' is refused: %s", list, err.text);
	fuzz_check(back.type == d->type && back.scale == d->scale &&
			back.name.len == d->name.len &&
			!memcmp(back.name.data, d->name.data, d->name.len),
		"'%s' is another entry", list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	struct leat_expr_error err = {0};
	struct leat_declared d;
	char list[LIST_BYTES + 1];
	uint32_t at = 0, before = 0;
	size_t n;
	int rc;

	if (n_bytes > LIST_BYTES)
		return 0;
	if (n_bytes)
		memcpy(list, data, n_bytes);
	list[n_bytes] = '\0';
	n = strlen(list);
	while (!(rc = leat_declared_next(list, &at, &d, &err))) {
		fuzz_check(at > before && at <= n, "at %u of %zu", at, n);
		fuzz_check(d.name.len && d.offset + d.n_bytes <= n,
			"an entry at %u+%u", d.offset, d.n_bytes);
		fuzz_check((const char *)d.name.data >= list &&
				(const char *)d.name.data + d.name.len <=
					list + n,
			"a name elsewhere");
		declared_again(&d);
		before = at;
	}
	fuzz_check(rc == LEAT_EOS || (err.text[0] && err.offset <= n),
		"%d at %u: %s", rc, err.offset, err.text);
	return 0;
}
