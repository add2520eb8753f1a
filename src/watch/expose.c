/*
 * watch/expose.c -- families, samples and labels as text.
 *
 * Numbers are written exactly: nanoseconds as a decimal fraction of seconds.
 * Threads: one for each struct leat__expose.
 */
#include <stdio.h>
#include <string.h>

#include "watch/expose.h"

#define EXPOSE_PIECE_BYTES 64u

static void
expose_flush(struct leat__expose *e)
{
	if (e->n)
		e->write(e->user, e->buf, e->n);
	e->n = 0;
}

static void
expose_put(struct leat__expose *e, const char *text, size_t n_bytes)
{
	while (n_bytes) {
		size_t n = (size_t)leat__min_u64(
			n_bytes, LEAT__EXPOSE_BUF_BYTES - e->n);

		memcpy(e->buf + e->n, text, n);
		e->n += n;
		text += n;
		n_bytes -= n;
		if (e->n == LEAT__EXPOSE_BUF_BYTES)
			expose_flush(e);
	}
}

static void
expose_words(struct leat__expose *e, const char *words)
{
	expose_put(e, words, strlen(words));
}

/* What is in a label or a help text; quotes are escaped in labels only. */
static void
expose_escaped(struct leat__expose *e, const char *text, bool is_label)
{
	for (; *text; text++) {
		if (*text == '\n')
			expose_words(e, "\\n");
		else if (*text == '\\')
			expose_words(e, "\\\\");
		else if (*text == '"' && is_label)
			expose_words(e, "\\\"");
		else
			expose_put(e, text, 1);
	}
}

/* ---- families ----------------------------------------------------------- */

static bool
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* In the older form a counter's family is called like its samples. */
static void
expose_about(struct leat__expose *e, const char *what)
{
	expose_words(e, "# ");
	expose_words(e, what);
	expose_words(e, " ");
	expose_words(e, e->name);
	if (e->type == LEAT__EXPOSE_COUNTER && !e->is_open)
		expose_words(e, "_total");
	expose_words(e, " ");
}

void
leat__expose_family(struct leat__expose *e, enum leat__expose_type type,
	const char *name, const char *help)
{
	static const char *const types[] = {"gauge", "counter", "histogram"};
	static const char *const units[] = {"seconds", "bytes", "ratio"};

	e->name = name;
	e->type = type;
	expose_about(e, "HELP");
	expose_escaped(e, help, false);
	expose_words(e, "\n");
	expose_about(e, "TYPE");
	expose_words(e, types[type]);
	expose_words(e, "\n");
	for (size_t k = 0; e->is_open && k < leat__array_len(units); k++) {
		if (!ends_in(name, units[k]))
			continue;
		expose_about(e, "UNIT");
		expose_words(e, units[k]);
		expose_words(e, "\n");
	}
}

/* ---- samples ------------------------------------------------------------ */

void
leat__expose_begin(struct leat__expose *e, const char *suffix)
{
	e->n_labels = 0;
	expose_words(e, e->name);
	expose_words(e, e->type == LEAT__EXPOSE_COUNTER ? "_total" : suffix);
	if (e->graph)
		leat__expose_label(e, "graph", e->graph);
}

void
leat__expose_label(struct leat__expose *e, const char *name, const char *value)
{
	expose_words(e, e->n_labels++ ? "," : "{");
	expose_words(e, name);
	expose_words(e, "=\"");
	expose_escaped(e, value, true);
	expose_words(e, "\"");
}

void
leat__expose_label_number(
	struct leat__expose *e, const char *name, uint64_t value)
{
	char buf[EXPOSE_PIECE_BYTES];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)value);
	leat__expose_label(e, name, buf);
}

/* "1.5", "0.000001024", "3.0" */
static void
seconds_text(uint64_t ns, char buf[EXPOSE_PIECE_BYTES])
{
	int n = snprintf(buf, EXPOSE_PIECE_BYTES, "%llu.%09llu",
		(unsigned long long)(ns / 1000000000),
		(unsigned long long)(ns % 1000000000));

	while (n > 2 && buf[n - 1] == '0' && buf[n - 2] != '.')
		buf[--n] = '\0';
}

void
leat__expose_label_le(struct leat__expose *e, uint64_t ns)
{
	char buf[EXPOSE_PIECE_BYTES] = "+Inf";

	if (ns != UINT64_MAX)
		seconds_text(ns, buf);
	leat__expose_label(e, "le", buf);
}

static void
expose_value(struct leat__expose *e, const char *value)
{
	expose_words(e, e->n_labels ? "} " : " ");
	expose_words(e, value);
	expose_words(e, "\n");
}

void
leat__expose_number(struct leat__expose *e, uint64_t value)
{
	char buf[EXPOSE_PIECE_BYTES];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)value);
	expose_value(e, buf);
}

void
leat__expose_seconds(struct leat__expose *e, uint64_t ns)
{
	char buf[EXPOSE_PIECE_BYTES];

	seconds_text(ns, buf);
	expose_value(e, buf);
}

void
leat__expose_ratio(struct leat__expose *e, uint32_t parts)
{
	char buf[EXPOSE_PIECE_BYTES];

	snprintf(buf, sizeof(buf), "%u.%06u", parts / 1000000, parts % 1000000);
	expose_value(e, buf);
}

void
leat__expose_end(struct leat__expose *e)
{
	if (e->is_open)
		expose_words(e, "# EOF\n");
	expose_flush(e);
}
