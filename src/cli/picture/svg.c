/*
 * cli/picture/svg.c -- leat graph --format=svg: from left to right, links as
 * straight lines between ranks, in a file that needs nothing else.
 *
 * Keeps: all text is escaped; colours follow the reader's preference.
 */
#include <stdlib.h>
#include <string.h>

#include "picture.h"

#define SVG_LETTER 8 /* of a monospaced letter, in pixels, at most */
#define SVG_MARGIN 16
#define SVG_PAD    14 /* beside a name */
#define SVG_BOX    36 /* how high a stage is */
#define SVG_BEND   10 /* room for a line that passes */
#define SVG_GAP    18 /* between stages above each other */
#define SVG_RANK   72 /* between ranks */

struct svg {
	FILE *to;
	const struct leat__picture *picture;
	const struct leat__layout *layout;
	uint32_t *begins; /* of ranks; one more for the end */
};

static uint32_t
node_width(const struct leat__picture_node *node)
{
	return (uint32_t)strlen(node->name) * SVG_LETTER + 2 * SVG_PAD;
}

static void
svg_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else if (*text == '"')
			fputs("&quot;", to);
		else
			putc(*text, to);
	}
}

/* ---- where things are ---------------------------------------------------- */

static uint32_t
item_width(const struct svg *s, const struct leat__layout_item *item)
{
	return item->node == LEAT__LAYOUT_BEND
		? 0
		: node_width(&s->picture->nodes[item->node]);
}

/* false: no memory. */
static bool
svg_ranks(struct svg *s)
{
	const struct leat__layout *l = s->layout;
	uint32_t at = SVG_MARGIN;

	s->begins = calloc((size_t)l->n_ranks + 1, sizeof(*s->begins));
	if (!s->begins)
		return false;
	for (uint32_t r = 0; r < l->n_ranks; r++) {
		uint32_t widest = 0;

		s->begins[r] = at;
		for (uint32_t k = l->ranks[r]; k < l->ranks[r + 1]; k++) {
			uint32_t w = item_width(s, &l->items[l->order[k]]);

			widest = w > widest ? w : widest;
		}
		at += widest + SVG_RANK;
	}
	s->begins[l->n_ranks] = at - (l->n_ranks ? SVG_RANK : 0) + SVG_MARGIN;
	return true;
}

static uint32_t
item_y(const struct leat__layout_item *item)
{
	return SVG_MARGIN + (uint32_t)item->begin + item->extent / 2;
}

/* ---- drawing ------------------------------------------------------------- */

static void
svg_head(const struct svg *s)
{
	uint32_t width = s->begins[s->layout->n_ranks];
	uint32_t height = s->layout->extent + 2 * SVG_MARGIN;

	fprintf(s->to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
		"width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n"
		"<title>a graph of %u stages and %u links</title>\n"
		"<style>\n"
		"text { font: 13px ui-monospace, monospace; fill: #1b2a3a }\n"
		".label { font-size: 10px; fill: #5a6b7c }\n"
		"rect { fill: #eef3f8; stroke: #3b5b7a; stroke-width: 1.5 }\n"
		".source { fill: #e3f1e6; stroke: #2f6b3f }\n"
		".sink { fill: #f7ece0; stroke: #8a5a22 }\n"
		".implied { stroke-dasharray: 4 3 }\n"
		"path { fill: none; stroke: #5a6b7c; stroke-width: 1.5 }\n"
		".fused { stroke-width: 3 }\n"
		".fallback { stroke-dasharray: 5 4 }\n"
		"@media (prefers-color-scheme: dark) {\n"
		"text { fill: #e4ecf4 } .label { fill: #a9b8c6 }\n"
		"rect { fill: #22303e; stroke: #8fb2d4 }\n"
		".source { fill: #21382a; stroke: #86c79a }\n"
		".sink { fill: #3b2f20; stroke: #dcae74 }\n"
		"path { stroke: #a9b8c6 } }\n"
		"</style>\n"
		"<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" "
		"refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
		"markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
		"<path d=\"M0 0L8 4L0 8\"/></marker></defs>\n",
		width, height, width, height, s->picture->n_nodes,
		s->picture->n_edges);
}

/* Where an edge meets a stage, or crosses a bend. */
static uint32_t
port_y(const struct svg *s, uint32_t item, uint32_t link, bool is_from)
{
	const struct leat__layout *l = s->layout;

	if (l->items[item].node == LEAT__LAYOUT_BEND)
		return item_y(&l->items[item]);
	return SVG_MARGIN + leat__layout_port(l, link, is_from);
}

static void
svg_edge_label(const struct svg *s, const struct leat__picture_edge *edge,
	const uint32_t from[2], const uint32_t to[2])
{
	if (!edge->label[0])
		return;
	fprintf(s->to,
		"<text class=\"label\" text-anchor=\"middle\" x=\"%u\" "
		"y=\"%u\">",
		(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 - 4);
	svg_text(s->to, edge->label);
	fputs("</text>\n", s->to);
}

/* A line from where the last one ended; a bend is crossed straight on. */
static void
svg_step(const struct svg *s, uint32_t link, uint32_t at[2], uint32_t next[2])
{
	const struct leat__layout *l = s->layout;
	const struct leat__layout_link *self = &l->links[link];
	const struct leat__layout_item *from = &l->items[self->from];
	const struct leat__layout_item *to = &l->items[self->to];

	at[0] = s->begins[from->rank] + item_width(s, from);
	at[1] = port_y(s, self->from, link, true);
	if (from->node == LEAT__LAYOUT_BEND)
		at[0] = s->begins[from->rank + 1] - SVG_RANK;
	next[0] = s->begins[to->rank];
	next[1] = port_y(s, self->to, link, false);
}

static void
svg_edge(const struct svg *s, uint32_t edge, uint32_t *link)
{
	const struct leat__layout *l = s->layout;
	const struct leat__picture_edge *e = &s->picture->edges[edge];
	uint32_t from[2] = {0}, to[2] = {0}, n = 0;

	fprintf(s->to, "<path class=\"link%s%s\" marker-end=\"url(#arrow)\"",
		e->is_fused ? " fused" : "", e->is_fallback ? " fallback" : "");
	for (; *link < l->n_links && l->links[*link].edge == edge; ++*link) {
		svg_step(s, *link, from, to);
		fprintf(s->to, "%s%u %uL%u %u", n++ ? "L" : " d=\"M", from[0],
			from[1], to[0], to[1]);
	}
	fputs("\"/>\n", s->to);
	svg_edge_label(s, e, from, to);
}

static void
svg_node(const struct svg *s, const struct leat__layout_item *item)
{
	static const char *const classes[] = {"source", "filter", "sink"};
	const struct leat__picture_node *node = &s->picture->nodes[item->node];
	uint32_t x = s->begins[item->rank], width = node_width(node);

	fprintf(s->to,
		"<g><rect class=\"%s%s\" x=\"%u\" y=\"%u\" width=\"%u\" "
		"height=\"%u\" rx=\"%d\"/>"
		"<text text-anchor=\"middle\" x=\"%u\" y=\"%u\">",
		classes[node->kind], node->is_implied ? " implied" : "", x,
		SVG_MARGIN + (uint32_t)item->begin, width, item->extent,
		node->kind == LEAT__PICTURE_FILTER ? 5 : SVG_BOX / 2,
		x + width / 2, item_y(item) + 4);
	svg_text(s->to, node->name);
	fputs("</text></g>\n", s->to);
}

static void
svg_all(const struct svg *s)
{
	uint32_t link = 0;

	svg_head(s);
	for (uint32_t k = 0; k < s->picture->n_edges; k++)
		svg_edge(s, k, &link);
	for (uint32_t k = 0; k < s->picture->n_nodes; k++)
		svg_node(s, &s->layout->items[k]);
	fputs("</svg>\n", s->to);
}

/* ---- all of it ----------------------------------------------------------- */

/* As high as the ends on one side need. */
static void
svg_extents(const struct leat__picture *p, uint32_t *extents)
{
	for (uint32_t k = 0; k < p->n_nodes; k++) {
		uint32_t n = leat__picture_side(p, k) * SVG_BEND;

		extents[k] = n > SVG_BOX ? n : SVG_BOX;
	}
}

static char *
svg_write(const struct leat__picture *p, const struct leat__layout *layout,
	bool is_ascii)
{
	struct svg s = {.picture = p, .layout = layout};
	bool is_whole = false;
	char *out = NULL;
	size_t n_bytes;

	(void)is_ascii; /* such a file is UTF-8 */
	if (!svg_ranks(&s))
		return NULL;
	s.to = open_memstream(&out, &n_bytes);
	if (s.to) {
		svg_all(&s);
		is_whole = fclose(s.to) == 0;
	}
	free(s.begins);
	if (is_whole)
		return out;
	free(out);
	return NULL;
}

char *
leat__cli_svg(const char *dot)
{
	static const struct leat__picture_style svg = {
		svg_extents, svg_write, SVG_BEND, SVG_GAP};

	return leat__picture_draw(dot, &svg, false);
}
