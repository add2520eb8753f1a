/*
 * cli/picture/mermaid.c -- leat show --format=mermaid: the graph as pages of
 * Markdown draw it. What leat_graph_write_dot writes is a line each for a stage
 * and a link, names in quotes.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The quoted name at *at, which moves behind it. false: there is none. */
static bool
name_next(const char **at, const char *end, const char **name, size_t *n)
{
	const char *open = memchr(*at, '"', (size_t)(end - *at));
	const char *close =
		open ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;

	if (!close)
		return false;
	*name = open + 1;
	*n = (size_t)(close - open - 1);
	*at = close + 1;
	return true;
}

/* Letters that Mermaid has no use of its own for. */
static void
name_write(FILE *to, const char *name, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		char c = name[k];
		bool is_plain = (c >= 'a' && c <= 'z') ||
			(c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (is_plain)
			putc(c, to);
		else
			fprintf(to, "_%02x", (unsigned)(unsigned char)c);
	}
}

static void
mermaid_line(FILE *to, const char *line, const char *end)
{
	const char *at = line, *from, *name;
	size_t n_from, n;

	if (!name_next(&at, end, &from, &n_from))
		return;
	fputs("    s_", to);
	name_write(to, from, n_from);
	if (name_next(&at, end, &name, &n)) {
		fputs(" --> s_", to);
		name_write(to, name, n);
	} else {
		bool is_end = strstr(line, "shape=box") == NULL ||
			strstr(line, "shape=box") > end;

		fprintf(to, is_end ? "([\"%.*s\"])" : "[\"%.*s\"]", (int)n_from,
			from);
	}
	putc('\n', to);
}

char *
leat__cli_mermaid(const char *dot)
{
	char *out = NULL;
	size_t n;
	FILE *to = open_memstream(&out, &n);

	if (!to)
		return NULL;
	fputs("flowchart LR\n", to);
	while (*dot) {
		size_t n_line = strcspn(dot, "\n");

		mermaid_line(to, dot, dot + n_line);
		dot += n_line + (dot[n_line] == '\n');
	}
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}
