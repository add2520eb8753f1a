/*
 * base/error.c -- result codes, the error object, and the caret below a text.
 *
 * Keeps: text is NUL-terminated, ends in no newline and never in half a UTF-8
 * sequence; a caret line is as wide as the piece it points at, in characters,
 * with tabs repeated so that any tab width lines up.
 * Threads: any; no state. leat__abort is the only place that prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define CARET_LINE_BYTES_MAX 100u /* a longer line is cut with "..." */
#define CARET_BEFORE_BYTES   40u  /* of it, kept before the piece */

const char *
leat_err_name(int code)
{
	switch (code) {
	case LEAT_OK:
		return "LEAT_OK";
	case LEAT_MORE:
		return "LEAT_MORE";
#define ERROR_CASE(name, number, class_, text)                                 \
	case number:                                                           \
		return #name;
		LEAT_CODES(ERROR_CASE)
#undef ERROR_CASE
	default:
		return "LEAT_?";
	}
}

const char *
leat_err_text(int code)
{
	switch (code) {
	case LEAT_OK:
		return "done";
	case LEAT_MORE:
		return "more to come";
#define ERROR_CASE(name, number, class_, text)                                 \
	case number:                                                           \
		return text;
		LEAT_CODES(ERROR_CASE)
#undef ERROR_CASE
	default:
		return "unknown code";
	}
}

int
leat_err_class(int code)
{
	switch (code) {
#define ERROR_CASE(name, number, class_, text)                                 \
	case number:                                                           \
		return LEAT_CLASS_##class_;
		LEAT_CODES(ERROR_CASE)
#undef ERROR_CASE
	default:
		return code < 0 ? LEAT_CLASS_OTHER : LEAT_CLASS_NONE;
	}
}

const char *
leat_err_class_name(int err_class)
{
	static const char *const names[] = {
		"none", "expected", "caller", "data", "system", "other"};

	return err_class >= 0 && err_class <= LEAT_CLASS_OTHER
		? names[err_class]
		: "?";
}

void
leat__abort(const char *what, const char *file, int line)
{
	fprintf(stderr, "leat: broken invariant: %s (%s:%d)\n", what, file,
		line);
	abort();
}

/* ---- the error object ----------------------------------------------------- */

static bool
error_is_inside_character(char c)
{
	return ((uint8_t)c & 0xc0u) == 0x80u;
}

/* End a text that did not fit: "..." in place of its last characters. */
static void
error_cut(char *text, size_t n_bytes)
{
	size_t at = n_bytes - sizeof("...");

	while (at > 0 && error_is_inside_character(text[at]))
		at--;
	memcpy(text + at, "...", sizeof("..."));
}

static void
error_strip(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		text[--n] = '\0';
}

int
leat__error_v(struct leat_error *err, int code, int sys_errno,
	const char *format, va_list args)
{
	char text[LEAT_ERROR_TEXT_BYTES] = ""; /* args may point into err */
	int n;

	if (!err)
		return code;
	n = vsnprintf(text, sizeof(text), format, args);
	if (n >= (int)sizeof(text))
		error_cut(text, sizeof(text));
	error_strip(text);
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->sys_errno = sys_errno;
	memcpy(err->text, text, sizeof(text));
	return code;
}

int
leat__error(struct leat_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leat__error_v(err, code, 0, format, args);
	va_end(args);
	return code;
}

int
leat__error_errno(struct leat_error *err, int code, int sys_errno,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leat__error_v(err, code, sys_errno, format, args);
	va_end(args);
	return code;
}

/* Of a name that is too long its end says more. */
void
leat__error_locate(struct leat_error *err, const char *origin, uint64_t line,
	uint64_t column, uint64_t offset)
{
	size_t len = strlen(origin), at = 0;
	const char *before = "";

	if (len >= sizeof(err->origin)) {
		before = "...";
		at = len - (sizeof(err->origin) - sizeof("..."));
		while (error_is_inside_character(origin[at]))
			at++;
	}
	snprintf(err->origin, sizeof(err->origin), "%s%s", before, origin + at);
	err->line = line;
	err->column = column;
	err->offset = offset;
}

/* ---- the caret ------------------------------------------------------------ */

/* What is shown of the source: one line or a part of it, and the piece. */
struct caret {
	const char *line;
	size_t len;
	size_t at;       /* of the piece, in line */
	size_t n_marked; /* bytes of the piece, within the line */
	bool is_cut_before;
	bool is_cut_after;
};

/* The line in which the piece begins; a piece that goes on is cut there. */
static struct caret
caret_find(const char *source, const struct leat_error *err)
{
	size_t at = strnlen(source, err->at_offset);
	size_t from = at;
	struct caret c = {0};

	while (from > 0 && source[from - 1] != '\n')
		from--;
	c.line = source + from;
	c.len = strcspn(c.line, "\r\n");
	c.at = (size_t)leat__min_u64(at - from, c.len);
	c.n_marked = (size_t)leat__min_u64(err->at_bytes, c.len - c.at);
	return c;
}

/* Move at to the start of the character it lies in. */
static size_t
caret_snap(const struct caret *c, size_t at)
{
	while (at > 0 && at < c->len && error_is_inside_character(c->line[at]))
		at--;
	return at;
}

static void
caret_shorten(struct caret *c)
{
	size_t from = 0, to;

	if (c->len <= CARET_LINE_BYTES_MAX)
		return;
	if (c->at > CARET_BEFORE_BYTES)
		from = c->at - CARET_BEFORE_BYTES;
	if (from > c->len - CARET_LINE_BYTES_MAX)
		from = c->len - CARET_LINE_BYTES_MAX;
	from = caret_snap(c, from);
	to = (size_t)leat__min_u64(from + CARET_LINE_BYTES_MAX, c->len);
	to = caret_snap(c, to);
	c->is_cut_before = from > 0;
	c->is_cut_after = to < c->len;
	c->line += from;
	c->len = to - from;
	c->at -= from;
	c->n_marked = (size_t)leat__min_u64(c->n_marked, c->len - c->at);
}

static void
caret_draw_marks(struct leat__text *t, const struct caret *c)
{
	uint32_t n = 0;

	for (size_t k = 0; k < c->at; k++)
		if (!error_is_inside_character(c->line[k]))
			leat__text_add(
				t, "%c", c->line[k] == '\t' ? '\t' : ' ');
	for (size_t k = 0; k < c->n_marked; k++)
		if (!error_is_inside_character(c->line[c->at + k]))
			n++, leat__text_add(t, "^");
	if (n == 0) /* at the end of the line, or in the middle of nothing */
		leat__text_add(t, "^");
}

size_t
leat_error_caret(const char *source, const struct leat_error *err, char *buf,
	size_t n_bytes)
{
	struct leat__text t = {buf, n_bytes, 0};
	struct caret c;

	if (n_bytes > 0)
		buf[0] = '\0';
	if (!source || !err || err->at_bytes == 0 || n_bytes == 0)
		return 0;
	c = caret_find(source, err);
	c.at = caret_snap(&c, c.at);
	caret_shorten(&c);
	leat__text_add(&t, "%s%.*s%s\n%s", c.is_cut_before ? "..." : "",
		(int)c.len, c.line, c.is_cut_after ? "..." : "",
		c.is_cut_before ? "   " : "");
	caret_draw_marks(&t, &c);
	return (size_t)leat__min_u64(t.at, n_bytes - 1);
}
