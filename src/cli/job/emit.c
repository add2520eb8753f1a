/*
 * cli/job/emit.c -- leat show --format=yaml|json: a graph as a job in a file.
 *
 * What leat_graph_show writes is regular: words with one blank between, quoted
 * where they must be; chains on lines of their own. It is read word by word
 * and written as the entries that make it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* A word of the graph's text, without its quotes. */
struct emit_word {
	char *text;
	size_t n_key; /* bytes before an = that is not quoted; 0 = none */
	bool is_plain;
	bool is_end; /* of a chain, or of the text */
};

struct emit {
	const char *at;
	struct emit_word word;
	bool is_json;
	bool is_flow; /* inside braces: JSON, or what stands in parallel */
	FILE *to;
};

/* ---- words --------------------------------------------------------------- */

/* The byte at *at, out of its quotes. */
static void
word_byte(const char **at, bool *is_quoted, struct emit_word *word, char **to)
{
	char c = *(*at)++;

	if (c == '"') {
		*is_quoted = !*is_quoted;
		word->is_plain = false;
		return;
	}
	if (c == '\\' && *is_quoted && **at)
		c = *(*at)++;
	if (c == '=' && !*is_quoted && !word->n_key && word->is_plain)
		word->n_key = (size_t)(*to - word->text);
	*(*to)++ = c;
}

/* stop: bytes that end a word beside a blank. */
static void
word_next(struct emit *e, const char *stop)
{
	struct emit_word *word = &e->word;
	bool is_quoted = false;
	char *to;

	e->at += strspn(e->at, " ");
	*word = (struct emit_word){.text = word->text, .is_plain = true};
	to = word->text;
	word->is_end = *e->at == '\0' || *e->at == '\n';
	e->at += *e->at == '\n';
	while (!word->is_end && *e->at && (is_quoted || !strchr(stop, *e->at)))
		word_byte(&e->at, &is_quoted, word, &to);
	*to = '\0';
}

static bool
word_is(const struct emit *e, const char *text)
{
	return !e->word.is_end && e->word.is_plain &&
		!strcmp(e->word.text, text);
}

/* ---- writing ------------------------------------------------------------- */

/* As it is in YAML: text that nobody takes for anything else. */
static bool
is_bare(const char *text)
{
	static const char *const others[] = {
		"true", "false", "null", "yes", "no", "on", "off"};
	size_t n = strlen(text);

	for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
		if (!strcmp(text, others[k]))
			return false;
	return n &&
		strspn(text,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
			"TUVWXYZ0123456789_./") == n &&
		!strchr(".0123456789", text[0]);
}

static void
emit_text(const struct emit *e, const char *text)
{
	if (!e->is_json && is_bare(text)) {
		fputs(text, e->to);
		return;
	}
	putc('"', e->to);
	for (; *text; text++) {
		if (*text == '$' && text[1] == '{')
			putc('$', e->to);
		leat__cli_json_char(e->to, *text);
	}
	putc('"', e->to);
}

static void
emit_pair(const struct emit *e, const char *key, const char *value)
{
	emit_text(e, key);
	fputs(": ", e->to);
	emit_text(e, value);
}

/* ---- options ------------------------------------------------------------- */

/* The name of the n-th option that may stand without it. */
static const char *
positional_name(const struct leat_option *option, uint32_t n)
{
	for (; option && option->name; option++)
		if (option->flags &
				(LEAT_OPTION_POSITIONAL |
					LEAT_OPTION_REQUIRED) &&
			n-- == 0)
			return option->name;
	return "?";
}

/* name=, on_error=, ...: beside the stage, not below it. */
static bool
is_beside(const struct emit_word *word)
{
	static const char *const names[] = {
		"name", "on_error", "priority", "dead_letters"};

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (word->n_key == strlen(names[k]) &&
			!memcmp(word->text, names[k], word->n_key))
			return true;
	return false;
}

static void
emit_option(struct emit *e, const struct leat_option *options, uint32_t *n)
{
	struct emit_word *word = &e->word;

	if (word->n_key) {
		word->text[word->n_key] = '\0';
		emit_pair(e, word->text, word->text + word->n_key + 1);
	} else {
		emit_pair(e, positional_name(options, (*n)++), word->text);
	}
}

/* ---- entries ------------------------------------------------------------- */

/* What is collected of an entry, in the flow style that JSON is too. */
struct emit_entry {
	char *parts[3]; /* options, what stands beside them, guards */
	size_t n_bytes[3];
	FILE *to[3];
	uint32_t n[3];
	uint32_t n_positional;
	char *only; /* the one positional, as it is */
};

enum emit_part { PART_OPTIONS = 0, PART_BESIDE, PART_GUARDS };

static bool
entry_open(struct emit_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	for (uint32_t k = 0; k < 3; k++) {
		entry->to[k] =
			open_memstream(&entry->parts[k], &entry->n_bytes[k]);
		if (!entry->to[k])
			return false;
	}
	return true;
}

static void
entry_close(struct emit_entry *entry)
{
	for (uint32_t k = 0; k < 3; k++) {
		if (entry->to[k])
			fclose(entry->to[k]);
		free(entry->parts[k]);
	}
	free(entry->only);
}

/* Where the next piece of a part goes. */
static FILE *
entry_next(struct emit_entry *entry, enum emit_part part)
{
	if (entry->n[part]++)
		fputs(", ", entry->to[part]);
	return entry->to[part];
}

static void
entry_option(struct emit *e, struct emit_entry *entry,
	const struct leat_option *options)
{
	enum emit_part part = is_beside(&e->word) ? PART_BESIDE : PART_OPTIONS;
	FILE *kept = e->to;

	if (!e->word.n_key && entry->n_positional == 0)
		entry->only = strdup(e->word.text);
	e->to = entry_next(entry, part);
	emit_option(e, options, &entry->n_positional);
	e->to = kept;
}

/* @name(a=1, b=2), from its @ on */
static void
entry_guard(struct emit *e, struct emit_entry *entry)
{
	FILE *kept = e->to;
	uint32_t n = 0;

	e->to = entry_next(entry, PART_GUARDS);
	word_next(e, " (\n");
	putc('{', e->to);
	emit_text(e, e->word.text + 1);
	fputs(": {", e->to);
	if (*e->at == '(') {
		for (e->at++; *e->at && e->at[-1] != ')';
			e->at += *e->at != '\0') {
			word_next(e, ",)");
			if (!e->word.text[0])
				continue;
			fputs(n++ ? ", " : "", e->to);
			emit_option(e, NULL, &(uint32_t){0});
		}
	}
	fputs("}}", e->to);
	e->to = kept;
}

/* In braces, where they are needed. */
static void
entry_write(struct emit *e, struct emit_entry *entry, const char *name)
{
	bool has_braces =
		e->is_flow || entry->n[PART_BESIDE] || entry->n[PART_GUARDS];

	for (uint32_t k = 0; k < 3; k++)
		fflush(entry->to[k]);
	fputs(has_braces ? "{" : "", e->to);
	emit_text(e, name);
	if (!has_braces && !entry->n[PART_OPTIONS])
		return;
	fputs(": ", e->to);
	if (entry->n[PART_OPTIONS] == 1 && entry->only)
		emit_text(e, entry->only);
	else if (entry->n[PART_OPTIONS])
		fprintf(e->to, "{%s}", entry->parts[PART_OPTIONS]);
	else
		fputs("null", e->to);
	if (entry->n[PART_BESIDE])
		fprintf(e->to, ", %s", entry->parts[PART_BESIDE]);
	if (entry->n[PART_GUARDS])
		fprintf(e->to,
			e->is_json ? ", \"guards\": [%s]" : ", guards: [%s]",
			entry->parts[PART_GUARDS]);
	fputs(has_braces ? "}" : "", e->to);
}

/* A stage and what it is told. */
static void
emit_stage(struct emit *e, struct emit_entry *entry)
{
	char *name = strdup(e->word.text);
	const struct leat_stage_ops *ops =
		name ? leat__cli_find_stage(name) : NULL;

	for (word_next(e, " \n");
		!e->word.is_end && !word_is(e, "!") && !word_is(e, "}");
		word_next(e, " \n"))
		entry_option(e, entry, ops ? ops->options : NULL);
	if (name)
		entry_write(e, entry, name);
	free(name);
}

static void emit_entries(struct emit *e, const char *between);

/* parallel n..m ordered by=x { ... } */
static void
emit_parallel(struct emit *e)
{
	bool is_flow = e->is_flow;

	fputs(is_flow ? "{" : "", e->to);
	emit_text(e, "parallel");
	fputs(": {", e->to);
	for (word_next(e, " \n"); !e->word.is_end && !word_is(e, "{");
		word_next(e, " \n")) {
		if (word_is(e, "ordered"))
			emit_pair(e, "ordered", "on");
		else if (e->word.n_key)
			emit_option(e, NULL, &(uint32_t){0});
		else
			emit_pair(e, "replicas", e->word.text);
		fputs(", ", e->to);
	}
	emit_text(e, "graph");
	fputs(": [", e->to);
	e->is_flow = true;
	emit_entries(e, ", ");
	e->is_flow = is_flow;
	fputs(is_flow ? "]}}" : "]}", e->to);
	word_next(e, " \n");
}

/* t. or t.1, at the beginning or the end of a chain */
static bool
emit_reference(struct emit *e, bool is_first)
{
	char *dot = strchr(e->word.text, '.');

	if (!e->word.is_plain || !dot || dot == e->word.text ||
		strspn(dot + 1, "0123456789") != strlen(dot + 1))
		return false;
	*dot = dot[1] ? '.' : '\0';
	fputs(e->is_flow ? "{" : "", e->to);
	emit_pair(e, is_first ? "from" : "to", e->word.text);
	fputs(e->is_flow ? "}" : "", e->to);
	word_next(e, " \n");
	return true;
}

static void
emit_entry(struct emit *e, bool is_first)
{
	struct emit_entry entry;

	if (entry_open(&entry)) {
		while (e->at[strspn(e->at, " ")] == '@')
			entry_guard(e, &entry);
		word_next(e, " \n");
		if (word_is(e, "parallel"))
			emit_parallel(e);
		else if (!emit_reference(e, is_first))
			emit_stage(e, &entry);
	}
	entry_close(&entry);
}

/* As far as the end of the line, or a } */
static void
emit_entries(struct emit *e, const char *between)
{
	bool is_first = true;

	do {
		fputs(is_first ? "" : between, e->to);
		emit_entry(e, is_first);
		is_first = false;
	} while (word_is(e, "!"));
}

/* ---- the job ------------------------------------------------------------- */

static uint32_t
count_chains(const char *text)
{
	uint32_t n = 0;

	for (bool is_quoted = false, is_new = true; *text; text++) {
		n += is_new && *text != '\n';
		is_new = *text == '\n' && !is_quoted;
		is_quoted ^= *text == '"' && (text[-1] != '\\' || !is_quoted);
	}
	return n;
}

/* Lists stand in the block style of YAML, what is in them in flow. */
static void
emit_chains(struct emit *e, uint32_t n)
{
	const char *between = e->is_json ? ",\n    " : "\n  - ";

	fputs(e->is_json ? "{\n  \"graph\": [" : "graph:", e->to);
	for (uint32_t k = 0; k < n; k++) {
		if (n > 1 && e->is_json)
			fputs(k ? ", [" : "[", e->to);
		if (n > 1 && !e->is_json)
			between = "\n    - ";
		fputs(e->is_json        ? "\n    "
				: n > 1 ? "\n  - - "
					: "\n  - ",
			e->to);
		emit_entries(e, between);
		fputs(n > 1 && e->is_json ? "]" : "", e->to);
	}
	fputs(e->is_json ? "\n  ]\n}\n" : "\n", e->to);
}

char *
leat__cli_emit(const char *text, bool is_json)
{
	struct emit e = {.at = text, .is_json = is_json, .is_flow = is_json};
	char *out = NULL;
	size_t n;

	e.word.text = malloc(strlen(text) + 1);
	e.to = e.word.text ? open_memstream(&out, &n) : NULL;
	if (e.to) {
		emit_chains(&e, count_chains(text));
		if (fclose(e.to) != 0) {
			free(out);
			out = NULL;
		}
	}
	free(e.word.text);
	return out;
}
