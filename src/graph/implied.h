/*
 * graph/implied.h -- what the files about implied stages share.
 */
#ifndef LEAT_SRC_GRAPH_IMPLIED_H
#define LEAT_SRC_GRAPH_IMPLIED_H

#include "graph/graph.h"

/* ---- implied.c ---- */

/* The path of a stage whose first positional option is one; else NULL. */
const char *leat__stage_path(const struct leat_stage *st);
/* Without regard to case; something stands before the suffix. */
bool leat__path_ends_in(const char *path, size_t n_path, const char *suffix);
/* The layout that a stage emits, as far as the ops tell; 0 = unknown. */
uint32_t leat__stage_emits(const struct leat_stage *st);
/* Put an implied stage into a link: from -> st -> to. */
LEAT_MUST_CHECK int leat__link_split(struct leat_graph *graph,
	struct leat__link *link, const char *text, struct leat_error *err);

/* ---- implied_codec.c ---- */

/* How the file of a path is compressed, by its name; NULL = it is not. */
const struct leat_compression *leat__compression_by_path(
	const struct leat_graph *graph, const char *path);
bool leat__stage_is_decoder(const struct leat_stage *st);
/* Behind a source of bytes: the decoder that its file needs. *link_io becomes
 * the link behind it, or behind the one that is there; NULL = it has none. */
LEAT_MUST_CHECK int leat__implied_decoder(struct leat_graph *graph,
	struct leat_stage *st, const char *path, bool has_parser,
	struct leat__link **link_io, struct leat_error *err);
/* Before a sink of bytes: the encoder that its file wants. */
LEAT_MUST_CHECK int leat__implied_encoder(struct leat_graph *graph,
	struct leat_stage *st, struct leat_error *err);
/* Behind stage k, a source that has shown its content: the decoder that a
 * parser needs, and what decodes members before it. These become stages k + 1
 * to k + *n_new_out. */
LEAT_MUST_CHECK int leat__implied_by_content(struct leat_graph *graph,
	uint32_t k, uint32_t *n_new_out, struct leat_error *err);

#endif
