/*
 * graph/implied_codec.c -- decoders and encoders that nobody wrote down: by the
 * end of a file's name, and by what a source shows of its content.
 *
 *	read a.csv.zst           read a.csv.zst ! zstd.decode ! csv.parse
 *	... ! write b.json.zst   ... ! json.format ! zstd.encode ! write ...
 *	read a ! csv.parse       read a ! gzip.decode ! csv.parse, if it is one
 *
 * Keeps: bytes that go from a file straight into a file go as they are; what
 * is compressed when it is written was not before. `decode=off` of a source
 * brings nothing; then compressed bytes that reach a parser are an error.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/graph.h"
#include "graph/implied.h"
#include <leat/io.h>

#define CODEC_MEMORY_BYTES (512u << 20) /* enough for members of any size */
#define CODEC_PARALLEL_OFF 1

/* ---- what there is ------------------------------------------------------ */

const struct leat_compression *
leat__compression_by_path(const struct leat_graph *graph, const char *path)
{
	const struct leat_compression *at = graph->opts.stages->compressions;

	for (; path && at && at->suffix; at++)
		if (leat__path_ends_in(path, strlen(path), at->suffix))
			return at;
	return NULL;
}

static const struct leat_compression *
compression_by_sample(
	const struct leat_graph *graph, const struct leat_shape *shape)
{
	const struct leat_compression *at = graph->opts.stages->compressions;

	for (; shape->sample && at && at->suffix; at++)
		if (shape->sample_bytes >= at->n_magic &&
			memcmp(shape->sample, at->magic, at->n_magic) == 0 &&
			(!at->is_shown || at->is_shown(shape)))
			return at;
	return NULL;
}

static bool
name_ends_in(const char *name, const char *end)
{
	size_t n_name = strlen(name), n = strlen(end);

	return n_name >= n && strcmp(name + n_name - n, end) == 0;
}

bool
leat__stage_is_decoder(const struct leat_stage *st)
{
	return strcmp(st->ops.name, "decode") == 0 ||
		name_ends_in(st->ops.name, ".decode");
}

/* Which of its values has an option? 0 = the default, or it has no such. A
 * source may say so that its bytes are to stay as they are. */
static uint32_t
option_choice(const struct leat_stage *st, const char *name)
{
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if (option->type == LEAT_OPTION_ENUM &&
			strcmp(option->name, name) == 0)
			return *(const uint32_t *)((const char *)st->opts +
				option->offset);
	}
	return 0;
}

/* ---- by name ------------------------------------------------------------ */

/* From bytes to bytes in a file: they are copied. */
static bool
link_is_copy(const struct leat__link *link, bool has_parser)
{
	return leat__stage_n_own_outs(link->to) == 0 && !has_parser &&
		(link->to->ops.in_layouts & LEAT_LAYOUT_BYTES);
}

/* The stage behind a link, and not what it needs before it. */
static const struct leat_stage *
link_reader(const struct leat__link *link)
{
	const struct leat_stage *st = link->to;

	return st->bringer ? st->bringer : st;
}

/* From bytes to something else. */
static bool
stage_is_parser(const struct leat_stage *st)
{
	return st->ops.in_layouts == LEAT_LAYOUT_BYTES && st->ops.out_layout &&
		st->ops.out_layout != LEAT_LAYOUT_BYTES;
}

/* The one for any file, if the set has it. */
static const char *
decoder_for_any(const struct leat_graph *graph)
{
	return leat__set_find(graph->opts.stages, "decode", 6) ? "decode"
							       : NULL;
}

/* Which decoder do names ask for? NULL = none. */
static const char *
decoder_by_name(const struct leat_graph *graph, const struct leat__link *link,
	const char *path, bool has_parser)
{
	const struct leat_compression *c =
		leat__compression_by_path(graph, path);

	if (link_is_copy(link, has_parser))
		return NULL;
	if (c)
		return c->decoder;
	/* files of all kinds */
	return !has_parser && leat_file_is_pattern(path) &&
			stage_is_parser(link_reader(link))
		? decoder_for_any(graph)
		: NULL;
}

int
leat__implied_decoder(struct leat_graph *graph, struct leat_stage *st,
	const char *path, bool has_parser, struct leat__link **link_io,
	struct leat_error *err)
{
	if (!leat__stage_is_decoder((*link_io)->to)) {
		const char *text =
			decoder_by_name(graph, *link_io, path, has_parser);

		if (!text || option_choice(st, "decode"))
			return LEAT_OK;
		LEAT_TRY(leat__link_split(graph, *link_io, text, err));
	}
	st = (*link_io)->to;
	*link_io = st->n_outs == 1 ? st->outs[0] : NULL;
	return LEAT_OK;
}

/* Are the bytes that come from it compressed already? */
static bool
stage_is_encoded(const struct leat_stage *st)
{
	/* no chain is longer than the graph; a circle has no source */
	for (uint32_t k = 0; k < st->graph->n_stages; k++) {
		if (name_ends_in(st->ops.name, ".encode"))
			return true;
		if (!st->n_ins)
			return leat__compression_by_path(
				       st->graph, leat__stage_path(st)) != NULL;
		if (leat__stage_is_decoder(st) || st->ops.out_layout ||
			!st->ins[0])
			return false;
		st = st->ins[0]->from;
	}
	return false;
}

int
leat__implied_encoder(
	struct leat_graph *graph, struct leat_stage *st, struct leat_error *err)
{
	const struct leat_compression *c =
		leat__compression_by_path(graph, leat__stage_path(st));
	struct leat__link *link = st->n_ins == 1 ? st->ins[0] : NULL;

	if (!(st->ops.flags & LEAT_STAGE_SINK) || !c || !link ||
		st->ops.in_layouts != LEAT_LAYOUT_BYTES ||
		leat__stage_emits(link->from) != LEAT_LAYOUT_BYTES ||
		stage_is_encoded(link->from))
		return LEAT_OK;
	return leat__link_split(graph, link, c->encoder, err);
}

/* ---- by content --------------------------------------------------------- */

/* The last stage of the graph becomes the one behind number k. */
static void
graph_move_last(struct leat_graph *graph, uint32_t k)
{
	struct leat_stage **at = &graph->stages[k + 1];
	uint32_t last = graph->n_stages - 1;
	struct leat_stage *st = graph->stages[last];

	memmove(at + 1, at, (last - k - 1) * sizeof(struct leat_stage *));
	*at = st;
	for (; k < graph->n_stages; k++)
		graph->stages[k]->number = k;
}

static int
content_refuse(const struct leat_stage *st, const struct leat_compression *c,
	struct leat_error *err)
{
	const char *reader = link_reader(st->outs[0])->name;

	return leat__stage_finding(st, err, LEAT_EINVAL,
		"%s is compressed, and '%s' cannot read it like that; put %s "
		"between '%s' and '%s'",
		st->out_shape.origin ? st->out_shape.origin : "the input",
		reader, c->decoder, st->name, reader);
}

static int
content_decoder(struct leat_graph *graph, uint32_t k, struct leat_error *err)
{
	struct leat_stage *st = graph->stages[k];
	const struct leat_compression *c;
	const char *text = NULL;

	if (!stage_is_parser(link_reader(st->outs[0])))
		return LEAT_OK;
	c = compression_by_sample(graph, &st->out_shape);
	if (!c)
		return LEAT_OK;
	if (option_choice(st, "decode") ||
		!(st->place.n_bytes || link_reader(st->outs[0])->place.n_bytes))
		return content_refuse(st, c, err);
	if (leat_file_is_pattern(leat__stage_path(st)))
		text = decoder_for_any(graph);
	LEAT_TRY(leat__link_split(
		graph, st->outs[0], text ? text : c->decoder, err));
	graph_move_last(graph, k);
	return LEAT_OK;
}

/* What decodes the members that a source shows, before this decoder, with so
 * many workers. */
static const struct leat_stage_ops *
members_before(const struct leat_stage *decoder, const struct leat_shape *shape,
	uint32_t n_workers)
{
	const struct leat_graph *graph = decoder->graph;
	const struct leat_compression *at = graph->opts.stages->compressions;

	if (!strcmp(decoder->ops.name, "decode"))
		at = compression_by_sample(graph, shape);
	else
		while (at && at->suffix &&
			strcmp(at->decoder, decoder->ops.name) != 0)
			at++;
	return at && at->members && shape->sample &&
			n_workers >= at->members_workers &&
			at->has_members(shape)
		? at->members
		: NULL;
}

/* Several workers decode, if there are enough, and memory for it. */
static int
content_members(struct leat_graph *graph, uint32_t k, struct leat_error *err)
{
	struct leat_stage *st = graph->stages[k];
	struct leat_stage *decoder = st->outs[0]->to;
	uint64_t memory = graph->opts.memory_bytes;
	const struct leat_stage_ops *ops;
	uint32_t choice;

	if (graph->opts.workers < 2 || !leat__stage_is_decoder(decoder))
		return LEAT_OK;
	choice = option_choice(decoder, "parallel");
	if (choice == CODEC_PARALLEL_OFF ||
		(!choice && memory && memory < CODEC_MEMORY_BYTES))
		return LEAT_OK;
	ops = members_before(decoder, &st->out_shape,
		choice ? UINT32_MAX : graph->opts.workers);
	for (; ops; ops = ops->before) {
		LEAT_TRY(leat__before_put(ops, decoder, err));
		graph_move_last(graph, k);
		decoder = graph->stages[k + 1];
	}
	return LEAT_OK;
}

int
leat__implied_by_content(struct leat_graph *graph, uint32_t k,
	uint32_t *n_new_out, struct leat_error *err)
{
	const struct leat_stage *st = graph->stages[k];
	uint32_t n = graph->n_stages;

	*n_new_out = 0;
	if (!st->ops.produce || st->n_outs != 1)
		return LEAT_OK;
	LEAT_TRY(content_decoder(graph, k, err));
	LEAT_TRY(content_members(graph, k, err));
	*n_new_out = graph->n_stages - n;
	return LEAT_OK;
}
