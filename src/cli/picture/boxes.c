/*
 * cli/picture/boxes.c -- leat graph --format=txt: boxes and lines for a
 * terminal, from top to bottom.
 *
 * Every cell of the sheet has a bit for each side that a line leaves it by; the
 * letter follows from the bits. Between two ranks every link that moves
 * sideways has a piece of a track of its own, so no two links lie on each
 * other. Keeps: a link goes down from its box, along its track, and down into
 * the next; where a column belongs to two links, the one from above turns off
 * first.
 */
#include <stdlib.h>
#include <string.h>

#include "picture.h"

#define BOX_ROWS 3u

enum side { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8, ROUND = 16 };

#define LETTER_ARROW 1 /* in the place of a letter */

struct cell {
	uint8_t sides;
	char letter; /* 0 = a line */
};

/* A link on its way between two ranks. */
struct way {
	uint32_t from, to; /* columns */
	uint32_t track;    /* from 0; straight ones have none */
	bool is_placed;
};

struct sheet {
	const struct leat__picture *picture;
	const struct leat__layout *layout;
	struct way *ways;   /* by link */
	uint32_t *n_tracks; /* by rank: between it and the next */
	uint32_t *rows;     /* where a rank begins; one more for the end */
	struct cell *cells;
	uint32_t width;
};

/* ---- columns ------------------------------------------------------------- */

/* Odd, so that a single line goes through the middle. */
static void
boxes_extents(const struct leat__picture *p, uint32_t *extents)
{
	for (uint32_t k = 0; k < p->n_nodes; k++) {
		uint32_t n = 2 * leat__picture_side(p, k) + 2;

		extents[k] = (uint32_t)strlen(p->nodes[k].name) + 4;
		extents[k] = (n > extents[k] ? n : extents[k]) | 1;
	}
}

/* ---- tracks -------------------------------------------------------------- */

static bool
ways_overlap(const struct way *a, const struct way *b)
{
	uint32_t a_first = a->from < a->to ? a->from : a->to;
	uint32_t b_first = b->from < b->to ? b->from : b->to;
	uint32_t a_last = a->from < a->to ? a->to : a->from;
	uint32_t b_last = b->from < b->to ? b->to : b->from;

	return a_first <= b_last && b_first <= a_last;
}

static uint32_t
way_rank(const struct sheet *s, uint32_t link)
{
	return s->layout->items[s->layout->links[link].from].rank;
}

/* Of the same gap, and it has a track. */
static bool
way_is_beside(const struct sheet *s, uint32_t link, uint32_t other)
{
	return s->ways[other].is_placed &&
		s->ways[other].from != s->ways[other].to &&
		way_rank(s, link) == way_rank(s, other);
}

static bool
track_is_taken(const struct sheet *s, uint32_t link, uint32_t track)
{
	for (uint32_t k = 0; k < s->layout->n_links; k++)
		if (way_is_beside(s, link, k) && s->ways[k].track == track &&
			ways_overlap(&s->ways[link], &s->ways[k]))
			return true;
	return false;
}

/* The first that is free, below those who come down where it goes down. */
static uint32_t
way_track(const struct sheet *s, uint32_t link)
{
	uint32_t track = 0;

	for (uint32_t k = 0; k < s->layout->n_links; k++)
		if (way_is_beside(s, link, k) &&
			s->ways[k].from == s->ways[link].to &&
			s->ways[k].track >= track)
			track = s->ways[k].track + 1;
	while (track_is_taken(s, link, track))
		track++;
	return track;
}

/* Does one without a track have to turn off before it? */
static bool
way_waits(const struct sheet *s, uint32_t link)
{
	for (uint32_t k = 0; k < s->layout->n_links; k++)
		if (k != link && !s->ways[k].is_placed &&
			s->ways[k].from == s->ways[link].to &&
			way_rank(s, k) == way_rank(s, link))
			return true;
	return false;
}

static void
way_place(struct sheet *s, uint32_t link)
{
	struct way *way = &s->ways[link];
	uint32_t *n = &s->n_tracks[way_rank(s, link)];

	if (way->from != way->to) {
		way->track = way_track(s, link);
		*n = way->track >= *n ? way->track + 1 : *n;
	}
	way->is_placed = true;
}

/* Those that wait for nobody, until there is none; of a circle the first. */
static void
ways_place(struct sheet *s)
{
	uint32_t n = s->layout->n_links, n_left = n;

	for (bool is_stuck = false; n_left;) {
		uint32_t n_before = n_left;

		for (uint32_t k = 0; k < n; k++) {
			if (s->ways[k].is_placed ||
				(!is_stuck && way_waits(s, k)))
				continue;
			way_place(s, k);
			n_left--;
			is_stuck = false;
		}
		is_stuck = n_left == n_before;
	}
}

/* ---- the sheet ----------------------------------------------------------- */

/* false: no memory. To be freed in any case. */
static bool
sheet_make(struct sheet *s)
{
	const struct leat__layout *l = s->layout;

	s->width = l->extent;
	s->ways = calloc((size_t)l->n_links + 1, sizeof(*s->ways));
	s->n_tracks = calloc((size_t)l->n_ranks + 1, sizeof(*s->n_tracks));
	s->rows = calloc((size_t)l->n_ranks + 2, sizeof(*s->rows));
	if (!s->ways || !s->n_tracks || !s->rows)
		return false;
	for (uint32_t k = 0; k < l->n_links; k++) {
		s->ways[k].from = leat__layout_port(l, k, true);
		s->ways[k].to = leat__layout_port(l, k, false);
	}
	ways_place(s);
	for (uint32_t r = 0; r < l->n_ranks; r++) {
		uint32_t n = s->n_tracks[r];

		s->rows[r + 1] = s->rows[r] + BOX_ROWS;
		if (r + 1 < l->n_ranks)
			s->rows[r + 1] += n ? n + 2 : 1;
	}
	s->cells = calloc(
		(size_t)s->rows[l->n_ranks] * s->width + 1, sizeof(*s->cells));
	return s->cells != NULL;
}

static void
sheet_free(struct sheet *s)
{
	free(s->ways);
	free(s->n_tracks);
	free(s->rows);
	free(s->cells);
}

static struct cell *
sheet_cell(const struct sheet *s, uint32_t row, uint32_t column)
{
	return &s->cells[(size_t)row * s->width + column];
}

static void
draw_down(const struct sheet *s, uint32_t column, uint32_t first, uint32_t last)
{
	for (uint32_t row = first; row <= last; row++) {
		sheet_cell(s, row, column)->sides |= row > first ? UP : 0;
		sheet_cell(s, row, column)->sides |= row < last ? DOWN : 0;
	}
}

static void
draw_across(const struct sheet *s, uint32_t row, uint32_t a, uint32_t b)
{
	uint32_t first = a < b ? a : b, last = a < b ? b : a;

	for (uint32_t column = first; column <= last; column++) {
		struct cell *cell = sheet_cell(s, row, column);

		cell->sides |= column > first ? LEFT : 0;
		cell->sides |= column < last ? RIGHT : 0;
	}
}

static void
draw_box(const struct sheet *s, const struct leat__layout_item *item)
{
	const struct leat__picture_node *node = &s->picture->nodes[item->node];
	uint32_t top = s->rows[item->rank], bottom = top + BOX_ROWS - 1;
	uint32_t left = (uint32_t)item->begin;
	uint32_t right = left + item->extent - 1;
	uint32_t n = (uint32_t)strlen(node->name);
	uint32_t at = left + (item->extent - n) / 2;

	draw_across(s, top, left, right);
	draw_across(s, bottom, left, right);
	draw_down(s, left, top, bottom);
	draw_down(s, right, top, bottom);
	for (uint32_t k = 0; k < n; k++)
		sheet_cell(s, top + 1, at + k)->letter = node->name[k];
	if (node->kind == LEAT__PICTURE_FILTER)
		return;
	sheet_cell(s, top, left)->sides |= ROUND;
	sheet_cell(s, top, right)->sides |= ROUND;
	sheet_cell(s, bottom, left)->sides |= ROUND;
	sheet_cell(s, bottom, right)->sides |= ROUND;
}

/* From the bottom of a box, or of a bend, to the top of the next. */
static void
draw_way(const struct sheet *s, uint32_t link)
{
	const struct leat__layout *l = s->layout;
	const struct leat__layout_item *to = &l->items[l->links[link].to];
	const struct way *way = &s->ways[link];
	uint32_t first = s->rows[to->rank - 1] + BOX_ROWS - 1;
	uint32_t last = s->rows[to->rank];
	uint32_t track = first + 2 + way->track;

	if (way->from == way->to) {
		draw_down(s, way->from, first, last);
	} else {
		draw_down(s, way->from, first, track);
		draw_across(s, track, way->from, way->to);
		draw_down(s, way->to, track, last);
	}
	if (to->node != LEAT__LAYOUT_BEND) {
		sheet_cell(s, last - 1, way->to)->letter = LETTER_ARROW;
		sheet_cell(s, last, way->to)->sides &= (uint8_t)~UP;
	}
}

static void
sheet_draw(const struct sheet *s)
{
	const struct leat__layout *l = s->layout;

	for (uint32_t k = 0; k < l->n_items; k++) {
		const struct leat__layout_item *item = &l->items[k];
		uint32_t top = s->rows[item->rank];

		if (item->node != LEAT__LAYOUT_BEND)
			draw_box(s, item);
		else
			draw_down(s, (uint32_t)item->begin, top,
				top + BOX_ROWS - 1);
	}
	for (uint32_t k = 0; k < l->n_links; k++)
		draw_way(s, k);
}

/* ---- letters ------------------------------------------------------------- */

static const char *
cell_text(const struct cell *cell, bool is_ascii)
{
	/* by UP, DOWN, LEFT, RIGHT */
	static const char *const lines[] = {" ", "╵", "╷", "│", "╴", "┘", "┐",
		"┤", "╶", "└", "┌", "├", "─", "┴", "┬", "┼"};
	static const char *const round[] = {[UP | LEFT] = "╯",
		[DOWN | LEFT] = "╮",
		[UP | RIGHT] = "╰",
		[DOWN | RIGHT] = "╭"};
	uint8_t sides = cell->sides & (ROUND - 1);

	if (cell->letter == LETTER_ARROW)
		return is_ascii ? "v" : "▼";
	if (is_ascii && sides)
		return sides == (UP | DOWN)       ? "|"
			: sides == (LEFT | RIGHT) ? "-"
						  : "+";
	if ((cell->sides & ROUND) && sides < sizeof(round) / sizeof(*round) &&
		round[sides])
		return round[sides];
	return lines[sides];
}

static void
sheet_row(const struct sheet *s, uint32_t row, bool is_ascii, FILE *to)
{
	uint32_t end = s->width;

	for (; end; end--) {
		const struct cell *cell = sheet_cell(s, row, end - 1);

		if (cell->sides || cell->letter)
			break;
	}
	for (uint32_t k = 0; k < end; k++) {
		const struct cell *cell = sheet_cell(s, row, k);

		if (cell->letter > LETTER_ARROW)
			putc(cell->letter, to);
		else
			fputs(cell_text(cell, is_ascii), to);
	}
	putc('\n', to);
}

/* To be freed; NULL: no memory. */
static char *
sheet_text(struct sheet *s, bool is_ascii)
{
	char *out = NULL;
	size_t n_bytes;
	FILE *to;

	if (!sheet_make(s))
		return NULL;
	sheet_draw(s);
	to = open_memstream(&out, &n_bytes);
	if (!to)
		return NULL;
	for (uint32_t row = 0; row < s->rows[s->layout->n_ranks]; row++)
		sheet_row(s, row, is_ascii, to);
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}

/* ---- all of it ----------------------------------------------------------- */

static char *
boxes_write(const struct leat__picture *p, const struct leat__layout *layout,
	bool is_ascii)
{
	struct sheet s = {.picture = p, .layout = layout};
	char *out = sheet_text(&s, is_ascii);

	sheet_free(&s);
	return out;
}

char *
leat__cli_boxes(const char *dot, bool is_ascii)
{
	static const struct leat__picture_style boxes = {
		boxes_extents, boxes_write, 1, 2};

	return leat__picture_draw(dot, &boxes, is_ascii);
}
