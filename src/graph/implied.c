/*
 * graph/implied.c -- stages that nobody wrote down: what file names bring
 * along, and the way out for open ends.
 *
 *	read a.csv ! where ...        read a.csv ! csv.parse ! where ...
 *	... ! write b.json            ... ! json.format ! write b.json
 *	... ! select a                ... ! select a ! csv.format ! write -
 *
 * Keeps: what was written down stays as it is. A file of records is read as
 * records, also on its way straight into another file: so `read a.csv ! write
 * b.json` does what it says, and every record is counted.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/graph.h"
#include "graph/implied.h"

/* ---- file names -------------------------------------------------------- */

const char *
leat__stage_path(const struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if (!(option->flags & LEAT_OPTION_POSITIONAL))
			continue;
		return strcmp(option->name, "path")
			? NULL
			: leat__option_string(option, st->opts);
	}
	return NULL;
}

static char
letter_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
leat__path_ends_in(const char *path, size_t n_path, const char *suffix)
{
	size_t n = strlen(suffix);

	if (n_path <= n)
		return false;
	for (size_t k = 0; k < n; k++)
		if (letter_lower(path[n_path - n + k]) !=
			letter_lower(suffix[k]))
			return false;
	return true;
}

/* The longest suffix of the set that the path ends in, or NULL; that of its
 * compression comes off first. */
static const struct leat_extension *
extension_find(const struct leat_graph *graph, const char *path)
{
	const struct leat_compression *c =
		leat__compression_by_path(graph, path);
	size_t n_path = strlen(path) - (c ? strlen(c->suffix) : 0);
	const struct leat_extension *best = NULL;
	const struct leat_extension *at = graph->opts.stages->extensions;

	for (; at && at->suffix; at++)
		if (leat__path_ends_in(path, n_path, at->suffix) &&
			(!best || strlen(at->suffix) > strlen(best->suffix)))
			best = at;
	return best;
}

/* ---- layouts ----------------------------------------------------------- */

uint32_t
leat__stage_emits(const struct leat_stage *st)
{
	/* no chain is longer than the graph; a circle has no layout */
	for (uint32_t k = 0; k < st->graph->n_stages; k++) {
		if (st->ops.out_layout || !st->n_ins || !st->ins[0])
			return st->ops.out_layout;
		st = st->ins[0]->from;
	}
	return 0;
}

/* What turns a layout into bytes where no file name says how. */
static const char *
formatter_for(const struct leat_graph *graph, uint32_t layout)
{
	const char *name = layout == LEAT_LAYOUT_TABLE ? "csv.format"
		: layout == LEAT_LAYOUT_ROWS           ? "lines.format"
						       : NULL;

	if (!name || !leat__set_find(graph->opts.stages, name, strlen(name)))
		return NULL;
	return name;
}

/* Is there such a formatter, and does it take this layout? */
static bool
formatter_takes(
	const struct leat_graph *graph, const char *text, uint32_t layout)
{
	const struct leat_stage_ops *ops = text
		? leat__set_find(graph->opts.stages, text, strcspn(text, " "))
		: NULL;

	return ops && (!ops->in_layouts || (ops->in_layouts & layout));
}

/* ---- putting stages in ------------------------------------------------- */

static int
link_behind(struct leat_graph *graph, struct leat_end out,
	struct leat_stage *st, struct leat_error *err)
{
	return leat_graph_link(graph, out, leat_in(st, 0), NULL, err);
}

int
leat__link_split(struct leat_graph *graph, struct leat__link *link,
	const char *text, struct leat_error *err)
{
	struct leat_stage *st;

	LEAT_TRY(leat__parse_implied(graph, text, &st, err));
	return leat__link_insert(graph, link, st, err);
}

/* Put a parser behind a source, with the options that are not the source's. */
static int
link_parse(struct leat_graph *graph, struct leat_stage *source,
	struct leat__link *link, const char *text, struct leat_error *err)
{
	struct leat_stage *st;

	LEAT_TRY(leat__parse_implied(graph, text, &st, err));
	LEAT_TRY(leat__args_hand_on(source, st, err));
	return leat__link_insert(graph, link, st, err);
}

static int
implied_parser(
	struct leat_graph *graph, struct leat_stage *st, struct leat_error *err)
{
	const char *path = leat__stage_path(st);
	const struct leat_extension *extension =
		path ? extension_find(graph, path) : NULL;
	struct leat__link *link = st->n_outs == 1 ? st->outs[0] : NULL;
	bool has_parser = extension && extension->parser;

	if (!st->ops.produce || st->ops.out_layout != LEAT_LAYOUT_BYTES ||
		!link)
		return leat__args_hand_on(st, NULL, err);
	LEAT_TRY(
		leat__implied_decoder(graph, st, path, has_parser, &link, err));
	/* a filter of bytes comes first; a sink gets records all the same */
	if (!has_parser || !link ||
		(leat__stage_n_own_outs(link->to) > 0 &&
			(link->to->ops.in_layouts & LEAT_LAYOUT_BYTES)))
		return leat__args_hand_on(st, NULL, err);
	return link_parse(graph, st, link, extension->parser, err);
}

/* The layout, as leat__stage_emits(); a fallback carries what comes in. */
static uint32_t
link_carries(const struct leat__link *link)
{
	const struct leat_stage *from = link->from;

	if (!leat__link_is_fallback(link))
		return leat__stage_emits(from);
	return from->ins[0] ? link_carries(from->ins[0]) : 0;
}

static int
implied_formatter(
	struct leat_graph *graph, struct leat_stage *st, struct leat_error *err)
{
	const char *path = leat__stage_path(st);
	struct leat__link *link = st->n_ins == 1 ? st->ins[0] : NULL;
	const struct leat_extension *extension;
	const char *text;
	uint32_t layout;

	if (!(st->ops.flags & LEAT_STAGE_SINK) || !path || !link)
		return LEAT_OK;
	layout = link_carries(link);
	if (!layout || layout == LEAT_LAYOUT_BYTES ||
		(st->ops.in_layouts & (layout | LEAT_LAYOUT_BYTES)) !=
			LEAT_LAYOUT_BYTES)
		return LEAT_OK;
	extension = extension_find(graph, path);
	text = formatter_for(graph, layout);
	if (extension && formatter_takes(graph, extension->formatter, layout))
		text = extension->formatter;
	return text ? leat__link_split(graph, link, text, err) : LEAT_OK;
}

/* A chain without a sink goes to standard output. */
static int
implied_end(
	struct leat_graph *graph, struct leat_stage *st, struct leat_error *err)
{
	const char *formatter;
	struct leat_stage *sink;

	if (leat__stage_n_own_outs(st) == 0 || st->outs[0] ||
		!leat__set_find(graph->opts.stages, "write", 5))
		return LEAT_OK;
	formatter = formatter_for(graph, leat__stage_emits(st));
	if (formatter) {
		struct leat_stage *format;

		LEAT_TRY(leat__parse_implied(graph, formatter, &format, err));
		LEAT_TRY(link_behind(graph, leat_out(st, 0), format, err));
		st = format;
	}
	LEAT_TRY(leat__parse_implied(graph, "write -", &sink, err));
	return link_behind(graph, leat_out(st, 0), sink, err);
}

/* A source alone, with a sink behind it: then names of files bring along what
 * they bring where the sink is written down. */
static int
implied_end_source(
	struct leat_graph *graph, struct leat_stage *st, struct leat_error *err)
{
	if (st->n_ins || st->ops.out_layout != LEAT_LAYOUT_BYTES)
		return LEAT_OK;
	return implied_end(graph, st, err);
}

/* What names of files among stages first to n - 1 bring along. */
static int
implied_files(struct leat_graph *graph, uint32_t first, uint32_t n,
	struct leat_error *err)
{
	leat__before_settle(graph, first);
	for (uint32_t k = first; k < n; k++)
		LEAT_TRY(implied_parser(graph, graph->stages[k], err));
	leat__before_settle(graph, first);
	for (uint32_t k = first; k < n; k++)
		LEAT_TRY(implied_formatter(graph, graph->stages[k], err));
	for (uint32_t k = first; k < n; k++)
		LEAT_TRY(leat__implied_encoder(graph, graph->stages[k], err));
	return LEAT_OK;
}

int
leat__implied_open(struct leat_graph *graph, uint32_t first,
	struct leat_end *end_out, struct leat_error *err)
{
	uint32_t n = graph->n_stages, n_open = 0;
	const struct leat_stage *last = NULL;

	for (uint32_t k = first; k < n; k++) {
		struct leat_stage *st = graph->stages[k];

		if (leat__stage_n_own_outs(st) == 0 || st->outs[0])
			continue;
		if (n_open++)
			return leat__error(err, LEAT_EINVAL,
				"'%s' and '%s' have no stage behind them; "
				"accepted: one open end",
				last->name, st->name);
		*end_out = leat_out(st, 0);
		last = st;
	}
	if (!n_open)
		return leat__error(err, LEAT_EINVAL,
			"every chain has its end; accepted: one open end");
	return implied_files(graph, first, n, err);
}

int
leat__implied_add(
	struct leat_graph *graph, uint32_t first, struct leat_error *err)
{
	uint32_t n = graph->n_stages; /* those that were written down */

	for (uint32_t k = first; k < n; k++)
		LEAT_TRY(implied_end_source(graph, graph->stages[k], err));
	LEAT_TRY(implied_files(graph, first, graph->n_stages, err));
	for (uint32_t k = first; k < n; k++)
		LEAT_TRY(implied_end(graph, graph->stages[k], err));
	return LEAT_OK;
}
