/*
 * cli/client/top_model.c -- rows of leat top, out of what a graph says of
 * itself.
 *
 * A row is a stage. Its queue is the fullest of the links that lead to it, the
 * share of the window that is sent and not yet done with.
 */
#include <stdlib.h>
#include <string.h>

#include "top.h"

static const char *const column_names[LEAT__CLI_COLUMNS] = {
	[LEAT__CLI_COLUMN_FLOW] = "flow",
	[LEAT__CLI_COLUMN_NAME] = "name",
	[LEAT__CLI_COLUMN_IN] = "in",
	[LEAT__CLI_COLUMN_OUT] = "out",
	[LEAT__CLI_COLUMN_BUSY] = "busy",
	[LEAT__CLI_COLUMN_STARVED] = "starved",
	[LEAT__CLI_COLUMN_BLOCKED] = "blocked",
	[LEAT__CLI_COLUMN_IDLE] = "idle",
	[LEAT__CLI_COLUMN_P50] = "p50",
	[LEAT__CLI_COLUMN_P99] = "p99",
	[LEAT__CLI_COLUMN_QUEUE] = "queue",
	[LEAT__CLI_COLUMN_ERRORS] = "errors",
	[LEAT__CLI_COLUMN_DEAD] = "dead",
};

const char *
leat__cli_column_name(enum leat__cli_column column)
{
	return column_names[column];
}

int
leat__cli_top_column(const char *name)
{
	for (int k = 0; k < LEAT__CLI_COLUMNS; k++)
		if (strcmp(column_names[k], name) == 0)
			return k;
	return -1;
}

/* ---- rows --------------------------------------------------------------- */

static const struct {
	enum leat__cli_column column;
	const char *key;
} row_keys[] = {{LEAT__CLI_COLUMN_IN, "in_per_s"},
	{LEAT__CLI_COLUMN_OUT, "out_per_s"}, {LEAT__CLI_COLUMN_BUSY, "busy"},
	{LEAT__CLI_COLUMN_STARVED, "starved"},
	{LEAT__CLI_COLUMN_BLOCKED, "blocked"}, {LEAT__CLI_COLUMN_IDLE, "idle"},
	{LEAT__CLI_COLUMN_ERRORS, "failed"},
	{LEAT__CLI_COLUMN_DEAD, "dead_lettered"}};

static void
row_queue(struct leat__cli_row *row, const struct leat__cli_node *link)
{
	double window = leat__cli_node_number(link, "window_frames");
	double flight = leat__cli_node_number(link, "queued_frames") +
		leat__cli_node_number(link, "held_frames");

	if (strcmp(leat__cli_node_text(link, "to"), row->name) != 0 ||
		leat__cli_node_is(link, "is_fused") || window <= 0)
		return;
	row->has_queue = true;
	if (flight / window > row->values[LEAT__CLI_COLUMN_QUEUE])
		row->values[LEAT__CLI_COLUMN_QUEUE] = flight / window;
}

static void
row_make(struct leat__cli_row *row, const struct leat__cli_node *stage,
	const struct leat__cli_node *look)
{
	const struct leat__cli_node *call = leat__cli_node_get(stage, "call");
	const struct leat__cli_node *links = leat__cli_node_get(look, "links");

	row->name = leat__cli_node_text(stage, "name");
	row->is_done = leat__cli_node_is(stage, "is_done");
	row->is_culprit =
		strcmp(row->name, leat__cli_node_text(look, "culprit")) == 0;
	for (size_t k = 0; k < sizeof(row_keys) / sizeof(row_keys[0]); k++)
		row->values[row_keys[k].column] =
			leat__cli_node_number(stage, row_keys[k].key);
	row->in_bytes = leat__cli_node_number(stage, "in_bytes_per_s");
	row->out_bytes = leat__cli_node_number(stage, "out_bytes_per_s");
	row->has_latency = call != NULL;
	row->values[LEAT__CLI_COLUMN_P50] =
		leat__cli_node_number(call, "p50_ns");
	row->values[LEAT__CLI_COLUMN_P99] =
		leat__cli_node_number(call, "p99_ns");
	for (const struct leat__cli_node *at = links ? links->first : NULL; at;
		at = at->next)
		row_queue(row, at);
}

/* ---- order -------------------------------------------------------------- */

/* Greatest first, names by the alphabet; of equals as the data flows. */
static bool
row_is_before(const struct leat__cli_row *a, const struct leat__cli_row *b,
	const struct leat__cli_view *view)
{
	double by = a->values[view->sort] - b->values[view->sort];

	if (view->sort == LEAT__CLI_COLUMN_NAME)
		by = strcmp(b->name, a->name);
	if (view->sort == LEAT__CLI_COLUMN_FLOW)
		by = (double)b->number - a->number;
	if (view->is_reversed)
		by = -by;
	return by > 0 || (by == 0 && a->number < b->number);
}

/* One more row, where it belongs. */
static void
picture_insert(struct leat__cli_picture *picture,
	const struct leat__cli_row *row, const struct leat__cli_view *view)
{
	uint32_t k = picture->n_rows++;

	while (k > 0 && row_is_before(row, &picture->rows[k - 1], view)) {
		picture->rows[k] = picture->rows[k - 1];
		k--;
	}
	picture->rows[k] = *row;
}

bool
leat__cli_picture_make(struct leat__cli_picture *picture,
	const struct leat__cli_node *look, const struct leat__cli_view *view)
{
	const struct leat__cli_node *stages =
		leat__cli_node_get(look, "stages");
	const struct leat__cli_node *first = stages ? stages->first : NULL;
	uint32_t n = 0;

	memset(picture, 0, sizeof(*picture));
	picture->look = look;
	for (const struct leat__cli_node *at = first; at; at = at->next)
		n++;
	picture->rows = calloc(n + 1, sizeof(picture->rows[0]));
	if (!picture->rows)
		return false;
	n = 0;
	for (const struct leat__cli_node *at = first; at; at = at->next) {
		struct leat__cli_row row = {.number = n++};

		row_make(&row, at, look);
		if (strstr(row.name, view->filter))
			picture_insert(picture, &row, view);
		else
			picture->n_hidden++;
	}
	return true;
}

void
leat__cli_picture_free(struct leat__cli_picture *picture)
{
	free(picture->rows);
	memset(picture, 0, sizeof(*picture));
}
