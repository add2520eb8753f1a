/*
 * cli/picture/picture.c -- leat graph: a graph drawn, and what all drawings
 * begin with.
 *
 * What leat_graph_write_dot writes has a line each for a stage and a link,
 * names in quotes.
 */
#include <stdlib.h>
#include <string.h>

#include "picture.h"

/* ---- reading ------------------------------------------------------------- */

/* The quoted text at *at, which moves behind it. false: there is none. */
static bool
quoted_next(const char **at, const char *end, char *buf, size_t n_bytes)
{
	const char *open = memchr(*at, '"', (size_t)(end - *at));
	const char *close =
		open ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;

	if (!close)
		return false;
	snprintf(buf, n_bytes, "%.*s", (int)(close - open - 1), open + 1);
	*at = close + 1;
	return true;
}

static bool
line_has(const char *line, const char *end, const char *word)
{
	const char *at = strstr(line, word);

	return at && at < end;
}

static uint32_t
picture_find(const struct leat__picture *p, const char *name)
{
	for (uint32_t k = 0; k < p->n_nodes; k++)
		if (strcmp(p->nodes[k].name, name) == 0)
			return k;
	return UINT32_MAX;
}

static void
picture_add_node(struct leat__picture *p, const char *name, const char *line,
	const char *end)
{
	struct leat__picture_node *node = &p->nodes[p->n_nodes++];

	snprintf(node->name, sizeof(node->name), "%s", name);
	node->kind = line_has(line, end, "shape=cds") ? LEAT__PICTURE_SOURCE
		: line_has(line, end, "shape=note")   ? LEAT__PICTURE_SINK
						      : LEAT__PICTURE_FILTER;
	node->is_implied = line_has(line, end, "style=dashed");
}

static void
picture_add_edge(struct leat__picture *p, const char *from, const char *to,
	const char *rest, const char *end)
{
	struct leat__picture_edge *edge = &p->edges[p->n_edges];
	struct leat__layout_edge *ends = &p->ends[p->n_edges];

	*ends = (struct leat__layout_edge){
		picture_find(p, from), picture_find(p, to)};
	if (ends->from == UINT32_MAX || ends->to == UINT32_MAX)
		return;
	edge->is_fused = line_has(rest, end, "style=bold");
	edge->is_fallback = line_has(rest, end, "style=dashed");
	if (!quoted_next(&rest, end, edge->label, sizeof(edge->label)))
		edge->label[0] = '\0';
	p->n_edges++;
}

static void
picture_line(struct leat__picture *p, const char *line, const char *end,
	bool is_nodes)
{
	char from[LEAT_ERROR_STAGE_BYTES], to[LEAT_ERROR_STAGE_BYTES];
	const char *at = line;

	if (line[0] != '\t' || line[1] != '"' ||
		!quoted_next(&at, end, from, sizeof(from)))
		return;
	if (!line_has(line, end, "\" -> \"")) {
		if (is_nodes)
			picture_add_node(p, from, line, end);
	} else if (!is_nodes && quoted_next(&at, end, to, sizeof(to))) {
		picture_add_edge(p, from, to, at, end);
	}
}

bool
leat__picture_read(const char *dot, struct leat__picture *p)
{
	uint32_t n_lines = 1;

	memset(p, 0, sizeof(*p));
	for (const char *at = dot; *at; at++)
		n_lines += *at == '\n';
	p->nodes = calloc(n_lines, sizeof(*p->nodes));
	p->edges = calloc(n_lines, sizeof(*p->edges));
	p->ends = calloc(n_lines, sizeof(*p->ends));
	if (!p->nodes || !p->edges || !p->ends)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		for (const char *at = dot; *at;) {
			size_t n = strcspn(at, "\n");

			picture_line(p, at, at + n, pass == 0);
			at += n + (at[n] == '\n');
		}
	}
	return true;
}

void
leat__picture_free(struct leat__picture *p)
{
	free(p->nodes);
	free(p->edges);
	free(p->ends);
}

uint32_t
leat__picture_side(const struct leat__picture *picture, uint32_t node)
{
	uint32_t n_in = 0, n_out = 0;

	for (uint32_t j = 0; j < picture->n_edges; j++) {
		n_out += picture->ends[j].from == node;
		n_in += picture->ends[j].to == node;
	}
	return n_in > n_out ? n_in : n_out;
}

/* ---- drawing ------------------------------------------------------------- */

/* 0, or a status after it was told. */
static int
picture_layout(const struct leat__picture *p,
	const struct leat__layout_task *task, struct leat__layout *layout)
{
	switch (leat__layout_make(task, layout)) {
	case LEAT__LAYOUT_OK:
		return 0;
	case LEAT__LAYOUT_CIRCLE:
		leat__cli_error("the graph runs in a circle; leat check says "
				"where");
		return LEAT__CLI_USAGE;
	case LEAT__LAYOUT_TOO_MANY:
		leat__cli_error("%u stages and %u links are too many to be "
				"drawn; --format=dot is for Graphviz",
			p->n_nodes, p->n_edges);
		return LEAT__CLI_USAGE;
	default:
		leat__cli_error("out of memory");
		return LEAT__CLI_FAILED;
	}
}

/* NULL: it was told. */
static char *
picture_draw_all(const struct leat__picture *p,
	const struct leat__picture_style *style, uint32_t *extents,
	bool is_ascii)
{
	struct leat__layout_task task = {extents, p->n_nodes, p->ends,
		p->n_edges, style->bend_extent, style->gap};
	struct leat__layout layout = {.items = NULL};
	char *out = NULL;

	style->extents(p, extents);
	if (!picture_layout(p, &task, &layout)) {
		out = style->write(p, &layout, is_ascii);
		if (!out)
			leat__cli_error("out of memory");
	}
	leat__layout_free(&layout);
	return out;
}

char *
leat__picture_draw(
	const char *dot, const struct leat__picture_style *style, bool is_ascii)
{
	struct leat__picture p;
	uint32_t *extents = NULL;
	char *out = NULL;

	if (leat__picture_read(dot, &p))
		extents = calloc((size_t)p.n_nodes + 1, sizeof(*extents));
	if (extents)
		out = picture_draw_all(&p, style, extents, is_ascii);
	else
		leat__cli_error("out of memory");
	leat__picture_free(&p);
	free(extents);
	return out;
}

/* ---- the command --------------------------------------------------------- */

/* By what the terminal is said to be. */
static bool
is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = NULL;

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		value = getenv(names[k]);
		if (value && *value)
			break;
	}
	return value &&
		(strstr(value, "UTF-8") || strstr(value, "utf8") ||
			strstr(value, "UTF8") || strstr(value, "utf-8"));
}

/* What --format says, of a dot text that is freed; NULL: it was told. */
static char *
graph_drawn(char *dot, uint32_t format)
{
	char *drawn;

	if (!dot || format == LEAT__CLI_FORMAT_DOT)
		return dot;
	if (format == LEAT__CLI_FORMAT_SVG)
		drawn = leat__cli_svg(dot);
	else if (format == LEAT__CLI_FORMAT_MERMAID)
		drawn = leat__cli_mermaid(dot);
	else
		drawn = leat__cli_boxes(dot, !is_utf8());
	free(dot);
	return drawn;
}

int
leat__cli_picture(const struct leat__cli_args *args)
{
	struct leat__cli_graph g;
	int status = leat__cli_graph_open(args, &g);
	char *drawn;

	if (!status) {
		drawn = graph_drawn(
			leat__cli_graph_text(g.graph, leat_graph_write_dot),
			args->format);
		status = drawn ? 0 : LEAT__CLI_FAILED;
		if (drawn)
			fputs(drawn, stdout);
		free(drawn);
	}
	if (leat__cli_flush() != LEAT__CLI_DONE && !status)
		status = LEAT__CLI_FAILED;
	leat__cli_graph_close(&g);
	return status;
}
