/*
 * cli/picture/picture.h -- a graph to be drawn: what leat_graph_write_dot
 * wrote, taken apart.
 */
#ifndef LEAT_SRC_CLI_PICTURE_H
#define LEAT_SRC_CLI_PICTURE_H

#include "cli.h"
#include "layout.h"

enum leat__picture_kind {
	LEAT__PICTURE_SOURCE,
	LEAT__PICTURE_FILTER,
	LEAT__PICTURE_SINK
};

struct leat__picture_node {
	char name[LEAT_ERROR_STAGE_BYTES];
	uint32_t kind;   /* enum leat__picture_kind */
	bool is_implied; /* nobody wrote it */
};

struct leat__picture_edge {
	char label[16]; /* "table", or nothing */
	bool is_fused;
	bool is_fallback;
};

struct leat__picture {
	struct leat__picture_node *nodes;
	uint32_t n_nodes;
	struct leat__picture_edge *edges;
	struct leat__layout_edge *ends; /* of the edges */
	uint32_t n_edges;
};

/* How pictures of one kind are drawn. */
struct leat__picture_style {
	/* what each node takes across the ranks */
	void (*extents)(const struct leat__picture *picture, uint32_t *extents);
	/* to be freed; NULL: no memory */
	char *(*write)(const struct leat__picture *picture,
		const struct leat__layout *layout, bool is_ascii);
	uint32_t bend_extent, gap; /* of leat__layout_task */
};

/* picture.c: false = no memory. To be freed in any case. */
bool leat__picture_read(const char *dot, struct leat__picture *picture);
void leat__picture_free(struct leat__picture *picture);
/* To be freed; NULL: it was told why not. */
char *leat__picture_draw(const char *dot,
	const struct leat__picture_style *style, bool is_ascii);

/* The most edges at one side of a node. */
uint32_t leat__picture_side(const struct leat__picture *picture, uint32_t node);

/* What is drawn, to be freed; NULL = it was told why not. */
/* svg.c */
char *leat__cli_svg(const char *dot);
/* boxes.c: in lines of text; is_ascii: in letters that all terminals have */
char *leat__cli_boxes(const char *dot, bool is_ascii);

#endif
