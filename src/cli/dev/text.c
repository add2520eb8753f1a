/*
 * cli/dev/text.c -- leat dev: a graph's full text, with a look at every link.
 *
 * In that text every chain is a line, and every link outside of quotes and
 * braces is a " ! ". Right behind a source of bytes, and its decoder, there is
 * no look: what its file asks for is found there. Behind the first stage of
 * a chain that gives records, the rest are cut off. Names that stages have got
 * by themselves stay as they are, for what is put in has names of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "dev.h"

#define LOOK "look_" /* and a number: the name of a look */
#define ROWS "rows_" /* of what cuts off */

/* ---- words --------------------------------------------------------------- */

/* Behind a word in quotes. */
static const char *
text_unquote(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

/* The next " ! " that is a link, or the end of the line. */
static const char *
text_link(const char *at)
{
	uint32_t depth = 0;

	while (*at && *at != '\n') {
		if (*at == '"') {
			at = text_unquote(at);
			continue;
		}
		if (!depth && strncmp(at, " ! ", 3) == 0)
			return at;
		depth += *at == '{' || *at == '(';
		depth -= (*at == '}' || *at == ')') && depth;
		at++;
	}
	return at;
}

/* The name of the stage that begins here, behind its guards. */
static size_t
text_stage(const char **at)
{
	while (**at == '@') {
		uint32_t depth = 0;

		while (**at && (depth || **at != ' ')) {
			if (**at == '"') {
				*at = text_unquote(*at);
				continue;
			}
			depth += **at == '(';
			depth -= **at == ')' && depth;
			++*at;
		}
		*at += **at == ' ';
	}
	return strcspn(*at, " \n");
}

/* What it gives, if it is given that. 0 = not known. */
static uint32_t
stage_layout(const char *at, uint32_t layout)
{
	const struct leat_stage_ops *ops;
	char name[LEAT_ERROR_STAGE_BYTES];
	size_t n = text_stage(&at);

	snprintf(name, sizeof(name), "%.*s", (int)n, at);
	ops = leat__cli_find_stage(name);
	if (!ops)
		return layout;
	if (ops->out_layout)
		return ops->out_layout;
	return ops->gives ? LEAT_LAYOUT_TABLE : layout;
}

/* ---- a line -------------------------------------------------------------- */

struct edit {
	FILE *to;
	uint64_t n_sample;
	uint32_t n_looks, n_cut;
};

/* Does a file of bytes bring it along? What follows it is looked at, too. */
static bool
line_has_decoder(const char *at)
{
	const struct leat_compression *c = leat_stages.compressions;
	size_t n = text_stage(&at);

	for (; c && c->suffix; c++)
		if (c->decoder && strcspn(c->decoder, " ") == n &&
			strncmp(c->decoder, at, n) == 0)
			return true;
	return false;
}

/* A chain goes on from another stage, or begins with a source. */
static bool
line_has_source(const char *line)
{
	const char *at = line;
	size_t n = text_stage(&at);
	char name[LEAT_ERROR_STAGE_BYTES];
	const struct leat_stage_ops *ops;

	snprintf(name, sizeof(name), "%.*s", (int)n, at);
	ops = leat__cli_find_stage(name);
	return ops && leat__cli_n_ins(ops) == 0;
}

/* Returns its end. */
static const char *
edit_line(struct edit *e, const char *line)
{
	bool is_whole = line_has_source(line), is_first = is_whole;
	uint32_t layout = LEAT_LAYOUT_BYTES;
	const char *at = line;

	for (;;) {
		const char *link = text_link(at);

		fwrite(at, 1, (size_t)(link - at), e->to);
		if (!*link || *link == '\n')
			return link;
		layout = stage_layout(at, layout);
		if (is_whole && layout != LEAT_LAYOUT_BYTES) {
			fprintf(e->to, " ! head %llu name=" ROWS "%u",
				(unsigned long long)e->n_sample, ++e->n_cut);
			is_whole = false;
		}
		if (!is_first || layout != LEAT_LAYOUT_BYTES)
			fprintf(e->to, " ! dev.look name=" LOOK "%u",
				e->n_looks++);
		fputs(" ! ", e->to);
		at = link + 3;
		is_first = is_first && line_has_decoder(at);
	}
}

char *
leat__dev_text(const char *shown, uint64_t n_sample, uint32_t *n_looks_out)
{
	struct edit e = {.n_sample = n_sample};
	char *out = NULL;
	size_t n;

	e.to = open_memstream(&out, &n);
	if (!e.to)
		return NULL;
	while (*shown) {
		shown = edit_line(&e, shown);
		if (*shown)
			putc(*shown++, e.to);
	}
	*n_looks_out = e.n_looks;
	if (fclose(e.to) == 0)
		return out;
	free(out);
	return NULL;
}

/* ---- between which stages ------------------------------------------------ */

/* The number of a look; UINT32_MAX = it is none. */
static uint32_t
look_number(const struct leat__dev *dev, const char *name)
{
	char *end;
	unsigned long k;

	if (strncmp(name, LOOK, strlen(LOOK)) != 0)
		return UINT32_MAX;
	k = strtoul(name + strlen(LOOK), &end, 10);
	return *end || k >= dev->n_looks ? UINT32_MAX : (uint32_t)k;
}

/* "a" -> "b" of a line. */
static bool
line_ends(const char *line, char from[LEAT_ERROR_STAGE_BYTES],
	char to[LEAT_ERROR_STAGE_BYTES])
{
	return sscanf(line, "\t\"%63[^\"]\" -> \"%63[^\"]\"", from, to) == 2;
}

/* The stage before one that cuts off, in its place. */
static void
label_before(const char *dot, char name[LEAT_ERROR_STAGE_BYTES])
{
	char from[LEAT_ERROR_STAGE_BYTES], to[LEAT_ERROR_STAGE_BYTES];

	if (strncmp(name, ROWS, strlen(ROWS)) != 0)
		return;
	for (; *dot; dot += strcspn(dot, "\n"), dot += *dot == '\n') {
		if (!line_ends(dot, from, to) || strcmp(to, name) != 0)
			continue;
		memcpy(name, from, LEAT_ERROR_STAGE_BYTES);
		return;
	}
}

void
leat__dev_label(struct leat__dev *dev, const char *dot)
{
	char from[LEAT_ERROR_STAGE_BYTES], to[LEAT_ERROR_STAGE_BYTES];

	for (const char *at = dot; *at;) {
		if (line_ends(at, from, to)) {
			uint32_t k = look_number(dev, to);

			if (k != UINT32_MAX) {
				label_before(dot, from);
				memcpy(dev->looks[k].from, from, sizeof(from));
			}
			k = look_number(dev, from);
			if (k != UINT32_MAX)
				memcpy(dev->looks[k].to, to, sizeof(to));
		}
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
}
