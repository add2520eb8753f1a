/*
 * graph/lex.c -- cut the text of a graph into words.
 *
 * Keeps: a decoded word is never longer than it was written, so one buffer
 * of the text's size plus one holds all of them with their NULs; every error
 * has a place in the text.
 * Threads: the one that builds the graph.
 * Source:  words and quotes as in gst-launch(1), escapes as in C.
 */
#include <string.h>

#include "graph/lex.h"

static bool
lex_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
		c == '\v';
}

static struct leat__place
lex_place(size_t from, size_t to)
{
	struct leat__place place = {(uint32_t)from, (uint32_t)(to - from)};

	return place;
}

int
leat__lex_init(struct leat__lex *lex, struct leat_graph *graph,
	const char *text, struct leat_error *err)
{
	memset(lex, 0, sizeof(*lex));
	lex->text = text;
	lex->n_bytes = strlen(text);
	lex->buf = leat__graph_own_alloc(graph, lex->n_bytes + 1);
	return lex->buf ? LEAT_OK : leat__graph_no_memory(err, "the text");
}

void
leat__lex_fini(struct leat__lex *lex, struct leat_graph *graph)
{
	leat__graph_own_free(graph, lex->buf);
	lex->buf = NULL;
}

static void
lex_put(struct leat__lex *lex, char c)
{
	LEAT_INVARIANT(lex->n_buf <= lex->n_bytes);
	lex->buf[lex->n_buf++] = c;
}

static void
lex_skip_line(struct leat__lex *lex)
{
	while (lex->at < lex->n_bytes && lex->text[lex->at] != '\n')
		lex->at++;
}

static void
lex_skip(struct leat__lex *lex)
{
	while (lex->at < lex->n_bytes) {
		if (lex->text[lex->at] == '#')
			lex_skip_line(lex);
		else if (lex_is_blank(lex->text[lex->at]))
			lex->at++;
		else
			return;
	}
}

/* Is the ! at the start of a word one of its own? */
static bool
lex_is_link(const struct leat__lex *lex)
{
	const char *at = lex->text + lex->at;

	if (*at != '!')
		return false;
	if (lex->at > 0 && at[-1] == '"')
		return true;
	return at[1] == '\0' || at[1] == '"' || lex_is_blank(at[1]);
}

/* What a letter behind a backslash stands for; 0 = nothing. */
static char
lex_escape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '"':
	case '\\':
		return c;
	default:
		return '\0';
	}
}

static int
lex_error(struct leat_error *err, struct leat__place place, const char *text)
{
	leat__error(err, LEAT_EINVAL, "%s", text);
	if (err) {
		err->at_offset = place.offset;
		err->at_bytes = place.n_bytes;
	}
	return LEAT_EINVAL;
}

/* From a quote to behind the one that closes it. */
static int
lex_quoted(struct leat__lex *lex, struct leat_error *err)
{
	size_t start = lex->at++;

	for (; lex->at < lex->n_bytes; lex->at++) {
		char c = lex->text[lex->at];

		if (c == '"') {
			lex->at++;
			return LEAT_OK;
		}
		if (c == '\\') {
			lex->at++;
			c = lex_escape(lex->text[lex->at]);
			if (!c)
				return lex_error(err,
					lex_place(lex->at - 1,
						leat__min_u64(lex->at + 1,
							lex->n_bytes)),
					"unknown escape; accepted in quotes: "
					"\\\" \\\\ \\n \\t");
		}
		lex_put(lex, c);
	}
	return lex_error(err, lex_place(start, start + 1),
		"a quote is opened here and never closed");
}

static void
lex_note_key(struct leat__lex *lex, struct leat__word *word, size_t n_key)
{
	if (!word->is_plain || word->n_key != LEAT__WORD_NO_KEY)
		return;
	word->n_key = n_key;
	word->value.offset = (uint32_t)lex->at + 1;
}

/* Up to a blank, or one of these. */
static int
lex_word(struct leat__lex *lex, struct leat__word *word, const char *ends,
	struct leat_error *err)
{
	bool is_behind_quote = false;

	while (lex->at < lex->n_bytes) {
		char c = lex->text[lex->at];

		if (lex_is_blank(c) || strchr(ends, c) ||
			(c == '!' && is_behind_quote))
			break;
		is_behind_quote = c == '"';
		if (is_behind_quote) {
			word->is_plain = false;
			LEAT_TRY(lex_quoted(lex, err));
			continue;
		}
		if (c == '=')
			lex_note_key(lex, word,
				lex->n_buf - (size_t)(word->text - lex->buf));
		lex_put(lex, c);
		lex->at++;
	}
	return LEAT_OK;
}

static void
lex_begin(const struct leat__lex *lex, struct leat__word *word)
{
	memset(word, 0, sizeof(*word));
	word->n_key = LEAT__WORD_NO_KEY;
	word->is_plain = true;
	word->place = lex_place(lex->at, lex->at);
}

static int
lex_text(struct leat__lex *lex, struct leat__word *word, const char *ends,
	struct leat_error *err)
{
	size_t start = lex->at;

	word->kind = LEAT__WORD_TEXT;
	word->text = lex->buf + lex->n_buf;
	LEAT_TRY(lex_word(lex, word, ends, err));
	word->n_bytes = lex->n_buf - (size_t)(word->text - lex->buf);
	lex_put(lex, '\0');
	word->place = lex_place(start, lex->at);
	word->value = word->n_key == LEAT__WORD_NO_KEY
		? word->place
		: lex_place(word->value.offset, lex->at);
	return LEAT_OK;
}

int
leat__lex_next(
	struct leat__lex *lex, struct leat__word *word, struct leat_error *err)
{
	lex_skip(lex);
	lex_begin(lex, word);
	if (lex->at == lex->n_bytes)
		return LEAT_OK;
	if (lex_is_link(lex)) {
		word->kind = LEAT__WORD_LINK;
		word->place = lex_place(lex->at, lex->at + 1);
		lex->at++;
		return LEAT_OK;
	}
	return lex_text(lex, word, "", err);
}

/* ---- hooks: @name(value, key=value) ------------------------------------- */

bool
leat__lex_is_hook(const struct leat__lex *lex, const struct leat__word *word)
{
	return word->kind == LEAT__WORD_TEXT &&
		lex->text[word->place.offset] == '@';
}

int
leat__lex_hook(struct leat__lex *lex, struct leat__word *word, bool *has_args,
	struct leat_error *err)
{
	/* the word was cut at blanks: once more, from behind its @ */
	lex->at = word->place.offset + 1;
	lex->n_buf = (size_t)(word->text - lex->buf);
	lex_begin(lex, word);
	LEAT_TRY(lex_text(lex, word, "(", err));
	*has_args = lex->at < lex->n_bytes && lex->text[lex->at] == '(';
	lex->at += *has_args;
	return LEAT_OK;
}

int
leat__lex_hook_arg(
	struct leat__lex *lex, struct leat__word *word, struct leat_error *err)
{
	while (lex->at < lex->n_bytes &&
		(lex_is_blank(lex->text[lex->at]) || lex->text[lex->at] == ','))
		lex->at++;
	lex_begin(lex, word);
	if (lex->at == lex->n_bytes)
		return lex_error(err, lex_place(lex->at - 1, lex->at),
			"the ( of a hook is never closed");
	if (lex->text[lex->at] == ')') {
		lex->at++;
		return LEAT_OK;
	}
	return lex_text(lex, word, ",)", err);
}

/* Pass the blanks between two words. true: a comma was put there. */
static bool
locate_blanks(const char *text, size_t *at, size_t end)
{
	bool is_comma_before = text[*at - 1] == ',';

	while (*at < end && lex_is_blank(text[*at]))
		++*at;
	return !is_comma_before && text[*at] != ',';
}

uint32_t
leat__lex_locate(const char *text, struct leat__place value, size_t offset)
{
	size_t at = value.offset;
	size_t end = at + value.n_bytes;
	bool is_quoted = false;

	for (;;) {
		size_t start = at;

		if (at < end && text[at] == '"') {
			is_quoted = !is_quoted;
			at++;
			continue;
		}
		if (at < end && !is_quoted && lex_is_blank(text[at]) &&
			!locate_blanks(text, &at, end))
			continue;
		if (start >= end || offset == 0)
			return (uint32_t)leat__min_u64(start, end);
		if (at == start)
			at += is_quoted && text[at] == '\\' ? 2 : 1;
		offset--;
	}
}
