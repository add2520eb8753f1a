/*
 * graph/parse.h -- what parse.c (chains) and args.c (one stage) share.
 */
#ifndef LEAT_SRC_GRAPH_PARSE_H
#define LEAT_SRC_GRAPH_PARSE_H

#include "graph/lex.h"

#define LEAT__PARSE_ANY UINT32_MAX       /* the next free in or out */
#define LEAT__PARSE_OWN (UINT32_MAX - 1) /* the same, but for the fallback */

struct leat__join;

struct leat__parser {
	struct leat_graph *graph;
	struct leat__lex lex;
	struct leat__word word;  /* the one that is looked at */
	struct leat__place last; /* the one before */
	bool is_implied;         /* not the graph's own text: no places */
	bool is_inside;          /* parallel: a } ends the stage */
	struct leat__join *joins;
	struct leat__join **joins_end;
	struct leat_error *err;
};

/* "t." or "t.1" */
struct leat__reference {
	const char *name;
	size_t n_bytes;
	uint32_t index;
};

/* Is the word written like a reference? */
bool leat__parse_reference(
	const struct leat__word *word, struct leat__reference *ref);
/* Put a place to an error that was filled already; returns the code. */
int leat__parse_place(
	struct leat__parser *p, struct leat__place place, int code);
LEAT_PRINTF(3, 4)
int leat__parse_error(struct leat__parser *p, struct leat__place place,
	const char *format, ...);
/* On to the next word. */
LEAT_MUST_CHECK int leat__parse_next(struct leat__parser *p);
/* Is it this word, without quotes? */
bool leat__parse_is_word(const struct leat__word *word, const char *text);
/* The word is the name of nothing: what is near it, and what there is. name
 * gives the k-th, NULL = there are no more. */
int leat__parse_unknown(struct leat__parser *p, const char *what,
	const char *(*name)(const struct leat_stage_set *set, uint32_t k));
/* Names in a row, with commas between. */
void leat__parse_list(struct leat__text *text, const char *name);

/* ---- parse_parallel.c ---- */

/* The word `parallel` is looked at. out: stage NULL if it ends in sinks. */
LEAT_MUST_CHECK int leat__parse_parallel(struct leat__parser *p,
	struct leat_end *in_out, struct leat_end *out_out);

/* ---- parse_hook.c ---- */

/* The stage that is looked at, with the hooks that stand before it. */
LEAT_MUST_CHECK int leat__parse_hooked(
	struct leat__parser *p, struct leat_stage **stage_out);

/* ---- args.c ---- */

/* The stage whose name is looked at, with all its options. */
LEAT_MUST_CHECK int leat__parse_stage(
	struct leat__parser *p, struct leat_stage **stage_out);

#endif
