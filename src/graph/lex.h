/*
 * graph/lex.h -- words of a graph's text.
 */
#ifndef LEAT_SRC_GRAPH_LEX_H
#define LEAT_SRC_GRAPH_LEX_H

#include "graph/graph.h"

enum leat__word_kind {
	LEAT__WORD_END = 0,
	LEAT__WORD_LINK, /* ! */
	LEAT__WORD_TEXT
};

#define LEAT__WORD_NO_KEY SIZE_MAX

struct leat__word {
	enum leat__word_kind kind;
	const char
		*text; /* decoded, NUL-terminated; lives as long as the lex */
	size_t n_bytes;
	size_t n_key; /* bytes before the first =, if neither is quoted */
	struct leat__place place; /* of the word as it was written */
	struct leat__place value; /* of what stands behind that = */
	bool is_plain;            /* nothing in it is quoted */
};

struct leat__lex {
	const char *text; /* [lent] */
	size_t n_bytes;
	size_t at;
	char *buf; /* decoded words */
	size_t n_buf;
};

/* text is at most LEAT_GRAPH_TEXT_MAX bytes. LEAT_OK or LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__lex_init(struct leat__lex *lex,
	struct leat_graph *graph, const char *text, struct leat_error *err);
void leat__lex_fini(struct leat__lex *lex, struct leat_graph *graph);
/* LEAT_OK, or LEAT_EINVAL with the place of an open quote or bad escape. */
LEAT_MUST_CHECK int leat__lex_next(
	struct leat__lex *lex, struct leat__word *word, struct leat_error *err);
/* Does the word that was read last begin a hook? */
bool leat__lex_is_hook(
	const struct leat__lex *lex, const struct leat__word *word);
/* Read that one again: its name alone. has_args: a ( stood behind it, and was
 * passed. */
LEAT_MUST_CHECK int leat__lex_hook(struct leat__lex *lex,
	struct leat__word *word, bool *has_args, struct leat_error *err);
/* The next of its arguments; END: the ) was passed. */
LEAT_MUST_CHECK int leat__lex_hook_arg(
	struct leat__lex *lex, struct leat__word *word, struct leat_error *err);
/*
 * Where byte offset of a decoded value stands in the text. Blanks between
 * words count as one byte, the comma that joins them, if none is there.
 */
uint32_t leat__lex_locate(
	const char *text, struct leat__place value, size_t offset);

#endif
