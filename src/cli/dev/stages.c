/*
 * cli/dev/stages.c -- leat dev: a stage that looks at what passes, sinks that
 * write nothing, and no store of dead letters.
 *
 * The sinks have the names and options of those that there are, so a graph's
 * text and its mistakes stay the same.
 * Threads: each look is written by the one that runs its stage.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/table.h>

#include "dev.h"

static const struct leat_ctx_key dev_key = {"what leat dev looks at"};

struct look_state {
	struct leat__dev_look *look;
	uint32_t n_shown;
};

/* ---- what passes --------------------------------------------------------- */

static void
cell_put(FILE *to, const uint8_t *data, size_t n_bytes)
{
	for (size_t k = 0; k < n_bytes && k < 256; k++)
		putc(data[k] < 32 ? ' ' : data[k], to);
}

static void
look_cell(FILE *to, const struct leat_table *t, uint32_t column, uint32_t row)
{
	uint32_t n = leat_table_text_bytes(t, column, row);
	uint8_t *scratch = malloc(n ? n : 1);
	struct leat_text text;

	if (!scratch)
		return;
	text = leat_table_text(t, column, row, scratch);
	if (text.data)
		cell_put(to, text.data, text.len);
	free(scratch);
}

/* A row, by what puts it into a stream; NULL = no memory. */
static char *
look_row(struct leat_table *t, uint32_t row, bool is_head)
{
	char *out = NULL;
	size_t n;
	FILE *to = open_memstream(&out, &n);

	if (!to)
		return NULL;
	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		if (c)
			putc('\1', to);
		if (is_head)
			fputs(t->schema->columns[c].name, to);
		else
			look_cell(to, t, c, row);
	}
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}

static void
look_table(struct look_state *s, struct leat_frame *in)
{
	struct leat__dev_look *look = s->look;
	struct leat_table t;

	leat_table_open(in, &t);
	if (!look->head)
		look->head = look_row(&t, 0, true);
	for (uint32_t k = 0; k < in->n_items && look->n_rows < s->n_shown; k++)
		look->rows[look->n_rows++] =
			look_row(&t, leat_table_row(&t, k), false);
}

static void
look_line(struct leat__dev_look *look, const uint8_t *data, size_t n_bytes)
{
	char *out = NULL;
	size_t n;
	FILE *to = open_memstream(&out, &n);

	if (!to)
		return;
	cell_put(to, data, n_bytes);
	if (fclose(to) == 0)
		look->rows[look->n_rows++] = out;
	else
		free(out);
}

static void
look_rows(struct look_state *s, struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);

	for (uint32_t k = 0; k < rows.n && s->look->n_rows < s->n_shown; k++)
		look_line(s->look, rows.text + rows.rows[k].offset,
			rows.rows[k].len);
}

static void
look_bytes(struct look_state *s, const struct leat_frame *in)
{
	uint32_t at = 0;

	while (at < in->len_bytes && s->look->n_rows < s->n_shown) {
		const uint8_t *line = in->data + at;
		uint32_t left = in->len_bytes - at;
		const uint8_t *end = memchr(line, '\n', left);
		uint32_t n = end ? (uint32_t)(end - line) : left;

		look_line(s->look, line, n);
		at += n + 1;
	}
}

static int
look_init(struct leat_stage *st, const void *opts)
{
	const struct leat__dev *dev =
		leat_ctx_value(leat_stage_ctx(st), &dev_key);
	struct look_state *s = leat_stage_state(st);
	const char *number = strrchr(leat_stage_name(st), '_');
	unsigned long k = number ? strtoul(number + 1, NULL, 10) : UINT32_MAX;

	(void)opts;
	if (!dev || k >= dev->n_looks)
		return leat_stage_fail(
			st, LEAT_EINVAL, "dev.look is for leat dev alone");
	s->look = &dev->looks[k];
	s->n_shown = dev->n_shown;
	return LEAT_OK;
}

static int
look_process(struct leat_stage *st, struct leat_frame *in)
{
	struct look_state *s = leat_stage_state(st);

	s->look->layout = in->layout;
	s->look->n_items += in->n_items;
	s->look->n_bytes += in->len_bytes;
	if (in->layout == LEAT_LAYOUT_TABLE)
		look_table(s, in);
	else if (in->layout == LEAT_LAYOUT_ROWS)
		look_rows(s, in);
	else if (in->layout == LEAT_LAYOUT_BYTES)
		look_bytes(s, in);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops look_ops = {
	LEAT_STAGE_OPS_INIT("dev.look"),
	.summary = "what passes a link, for leat dev",
	.state_bytes = sizeof(struct look_state),
	.init = look_init,
	.process = look_process,
};

/* ---- sinks --------------------------------------------------------------- */

static int
sink_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* Whatever changes, nothing is written. */
static void
sink_change(struct leat_stage *st, const void *opts)
{
	(void)st;
	(void)opts;
}

static struct leat_stage_ops
sink_like(const struct leat_stage_ops *ops)
{
	struct leat_stage_ops like = {LEAT_STAGE_OPS_INIT(ops->name),
		.flags = LEAT_STAGE_SINK | LEAT_STAGE_REPEATS |
			(ops->flags & LEAT_STAGE_REJECTS),
		.summary = ops->summary, .opts_bytes = ops->opts_bytes,
		.options = ops->options, .n_ins = ops->n_ins,
		.in_layouts = ops->in_layouts, .item_bytes = ops->item_bytes,
		.process = sink_process, .takes = ops->takes,
		.change = ops->change ? sink_change : NULL};

	return like;
}

/* ---- the set ------------------------------------------------------------- */

static bool
is_sink(const struct leat_stage_ops *ops)
{
	return (ops->flags & LEAT_STAGE_SINK) != 0;
}

bool
leat__dev_stages_make(struct leat__dev *dev)
{
	uint32_t n = leat_stages.n_stages, n_sinks = 0;

	dev->stages = calloc((size_t)n + 1, sizeof(const void *));
	dev->sinks = calloc((size_t)n + 1, sizeof(*dev->sinks));
	dev->stores = calloc(2, sizeof(const void *));
	if (!dev->stages || !dev->sinks || !dev->stores)
		return false;
	for (uint32_t k = 0; k < n; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];

		dev->stages[k] = ops;
		if (!is_sink(ops))
			continue;
		dev->sinks[n_sinks] = sink_like(ops);
		dev->stages[k] = &dev->sinks[n_sinks++];
	}
	dev->stages[n] = &look_ops;
	dev->stores[0] = &leat__cli_no_store;
	dev->set = leat_stages;
	dev->set.stages = dev->stages;
	dev->set.n_stages = n + 1;
	dev->set.dead_stores = dev->stores;
	return true;
}

void
leat__dev_stages_free(struct leat__dev *dev)
{
	free(dev->stages);
	free(dev->sinks);
	free(dev->stores);
}

int
leat__dev_stages_bind(struct leat__dev *dev, struct leat_graph *graph)
{
	dev->looks = calloc((size_t)dev->n_looks + 1, sizeof(*dev->looks));
	if (!dev->looks)
		return LEAT_ENOMEM;
	return leat_ctx_set_value(leat_graph_ctx(graph), &dev_key, dev, NULL);
}

void
leat__dev_looks_free(struct leat__dev *dev)
{
	for (uint32_t k = 0; dev->looks && k < dev->n_looks; k++) {
		free(dev->looks[k].head);
		for (uint32_t j = 0; j < dev->looks[k].n_rows; j++)
			free(dev->looks[k].rows[j]);
	}
	free(dev->looks);
	dev->looks = NULL;
	dev->n_looks = 0;
}
