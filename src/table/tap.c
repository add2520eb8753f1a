/*
 * table/tap.c -- rows that pass a link, written down by who sends them.
 *
 * Keeps: nobody waits for a reader, and no frame is kept for one. One word says
 * whose the memory is (struct leat__tap): a sender that finds it wanted takes
 * it, writes, and hands it back; until then the reader leaves it alone.
 * Threads: one reader; any sender. The memory stays with the graph, so that a
 * sender that is late finds a word that says no.
 */
#include <string.h>

#include <leat/json.h>

#include "base/atomic.h"
#include "graph/graph.h"
#include "table/table.h"
#include "watch/json.h"

#define TAP_TEXT_BYTES    65536u
#define TAP_SCRATCH_BYTES 4096u
#define TAP_ROWS          8u
#define TAP_ROWS_MOST     1024u

struct leat_tap {
	struct leat__tap seen; /* first: what the link points to */
	uint32_t is_open;      /* atomic: a reader has it */
	const struct leat__env *env;
	uint32_t n_rows_most;
	/* of the frame that was written down */
	uint32_t n_rows;
	uint32_t n_of;
	const struct leat_schema *schema; /* NULL = no table */
	bool is_cut;                      /* a row found no room */
	size_t n_bytes;
	uint8_t scratch[TAP_SCRATCH_BYTES];
	char text[TAP_TEXT_BYTES];
};

/* ---- a value ---------------------------------------------------------------- */

static void
tap_write(void *user, const char *data, size_t n_bytes)
{
	struct leat_tap *tap = user;

	if (n_bytes > sizeof(tap->text) - tap->n_bytes)
		tap->is_cut = true;
	if (tap->is_cut)
		return;
	memcpy(tap->text + tap->n_bytes, data, n_bytes);
	tap->n_bytes += n_bytes;
}

/* Not in the middle of a character. */
static uint32_t
tap_cut_at(struct leat_text x, uint32_t most)
{
	while (most && (x.data[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static void
tap_string(struct leat__json *j, const char *key, struct leat_text x)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	char buf[LEAT_TAP_VALUE_BYTES + sizeof(ellipsis)];
	uint32_t n;

	if (x.len <= LEAT_TAP_VALUE_BYTES) {
		leat__json_bytes(j, key, x.data, x.len);
		return;
	}
	n = tap_cut_at(x, LEAT_TAP_VALUE_BYTES);
	memcpy(buf, x.data, n);
	memcpy(buf + n, ellipsis, sizeof(ellipsis) - 1);
	leat__json_bytes(j, key, buf, n + sizeof(ellipsis) - 1);
}

static bool
tap_is_literal(uint32_t type, struct leat_text x)
{
	if (type == LEAT_TYPE_BOOL)
		return (x.len == 4 && !memcmp(x.data, "true", 4)) ||
			(x.len == 5 && !memcmp(x.data, "false", 5));
	return (type == LEAT_TYPE_INT64 || type == LEAT_TYPE_FLOAT64 ||
		       type == LEAT_TYPE_DECIMAL) &&
		leat_json_is_number(x);
}

static struct leat_text
tap_text(struct leat_tap *tap, const struct leat_table *t, uint32_t column,
	uint32_t row)
{
	static const char too_long[] = "(too long to be shown)";

	if (leat_table_text_bytes(t, column, row) <= sizeof(tap->scratch))
		return leat_table_text(t, column, row, tap->scratch);
	if (t->schema->columns[column].field != LEAT_FIELD_NONE)
		return leat_table_raw(t, column, row);
	return (struct leat_text){
		(const uint8_t *)too_long, sizeof(too_long) - 1};
}

/* An empty field of a column that is not text is null, as for everybody. */
static void
tap_value(struct leat_tap *tap, struct leat__json *j,
	const struct leat_table *t, uint32_t column, uint32_t row)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat_text x = tap_text(tap, t, column, row);

	if (!x.data || (!x.len && c->type != LEAT_TYPE_TEXT))
		leat__json_bytes(j, c->name, NULL, 0);
	else if (tap_is_literal(c->type, x))
		leat__json_raw(j, c->name, (const char *)x.data, x.len);
	else
		tap_string(j, c->name, x);
}

/* ---- a row of each layout ------------------------------------------------------ */

static void
tap_hex(struct leat__json *j, const uint8_t *item, uint32_t n)
{
	static const char digits[] = "0123456789abcdef";
	char buf[2 * 64];

	n = (uint32_t)leat__min_u64(n, sizeof(buf) / 2);
	for (uint32_t k = 0; k < n; k++) {
		buf[2 * k] = digits[item[k] >> 4];
		buf[2 * k + 1] = digits[item[k] & 15];
	}
	leat__json_bytes(j, "item", buf, 2 * (size_t)n);
}

/* What of a frame is looked at, opened once. */
struct tap_frame {
	struct leat_frame *frame;
	struct leat_table table;
	struct leat_rows rows;
};

static void
tap_row(struct leat_tap *tap, struct leat__json *j, const struct tap_frame *f,
	uint32_t k)
{
	uint32_t n_item = leat_frame_item_bytes(f->frame);

	if (f->frame->layout == LEAT_LAYOUT_TABLE)
		for (uint32_t c = 0; c < f->table.schema->n_columns; c++)
			tap_value(tap, j, &f->table, c,
				leat_table_row(&f->table, k));
	else if (f->frame->layout == LEAT_LAYOUT_ROWS)
		tap_string(j, "text",
			(struct leat_text){
				f->rows.text + f->rows.rows[k].offset,
				f->rows.rows[k].len});
	else if (f->frame->layout == LEAT_LAYOUT_ITEMS)
		tap_hex(j, f->frame->data + (size_t)k * n_item, n_item);
	else {
		leat__json_number(j, "bytes", f->frame->len_bytes);
		tap_string(j, "text",
			(struct leat_text){
				f->frame->data, f->frame->len_bytes});
	}
}

/* ---- a frame ---------------------------------------------------------------------- */

static uint32_t
tap_open_frame(struct leat_frame *frame, struct tap_frame *f)
{
	f->frame = frame;
	if (frame->layout == LEAT_LAYOUT_TABLE)
		leat_table_open(frame, &f->table);
	else if (frame->layout == LEAT_LAYOUT_ROWS)
		f->rows = leat_frame_rows(frame);
	else if (frame->layout == LEAT_LAYOUT_BYTES)
		return frame->len_bytes > 0;
	return frame->layout == LEAT_LAYOUT_TABLE ? f->table.n_rows
						  : frame->n_items;
}

/* One row a line, or none of it. */
static void
tap_line(struct leat_tap *tap, const struct tap_frame *f, uint32_t k)
{
	size_t n_before = tap->n_bytes;
	struct leat__json j;

	leat__json_init(&j, tap_write, tap);
	leat__json_open(&j, NULL, '{');
	tap_row(tap, &j, f, k);
	leat__json_close(&j, '}');
	leat__json_end(&j);
	tap_write(tap, "\n", 1);
	if (tap->is_cut)
		tap->n_bytes = n_before;
	else
		tap->n_rows++;
}

static void
tap_fill(struct leat__tap *seen, struct leat_frame *frame)
{
	struct leat_tap *tap = (struct leat_tap *)(void *)seen;
	struct tap_frame f;
	uint32_t n_of = tap_open_frame(frame, &f), n;

	n = (uint32_t)leat__min_u64(n_of, tap->n_rows_most);
	tap->n_of = n_of;
	tap->n_rows = 0;
	tap->n_bytes = 0;
	tap->is_cut = false;
	tap->schema =
		frame->layout == LEAT_LAYOUT_TABLE ? f.table.schema : NULL;
	for (uint32_t k = 0; k < n && !tap->is_cut; k++)
		tap_line(tap, &f, (uint32_t)((uint64_t)k * n_of / n));
}

/* ---- its reader ------------------------------------------------------------------- */

/* The link's, made by who comes first. NULL = no memory. */
static struct leat_tap *
tap_of(const struct leat__env *env, struct leat__link *link)
{
	/* acquire: pairs with the exchange below */
	struct leat__tap *there = leat__load_acquire(&link->tap);
	struct leat_tap *tap;

	if (there)
		return (struct leat_tap *)(void *)there;
	tap = env->alloc(env, sizeof(*tap));
	if (!tap)
		return NULL;
	tap->seen.state = LEAT__TAP_IDLE;
	tap->seen.fill = tap_fill;
	tap->is_open = 0;
	tap->env = env;
	/* release: who sees it sees what it holds */
	if (leat__cas_acq_rel(&link->tap, &there, &tap->seen))
		return tap;
	env->free(env, tap);
	return (struct leat_tap *)(void *)there;
}

int
leat_tap_open(struct leat_graph *graph, uint32_t link,
	const struct leat_tap_opts *opts, struct leat_tap **tap_out,
	struct leat_error *err)
{
	struct leat_tap_opts own = {LEAT_OPTS_INIT(leat_tap_opts)};
	struct leat_tap *tap;
	uint32_t is_open = 0;

	LEAT_TRY(
		leat__opts_copy(&own, sizeof(own), opts, "leat_tap_opts", err));
	if (graph->state == LEAT__GRAPH_BUILDING)
		return leat__error(err, LEAT_ESTATE,
			"tap: this graph has neither been checked nor started");
	if (link >= graph->n_links)
		return leat__error(err, LEAT_EINVAL,
			"tap: there is no link %u; there are %u, from 0 on",
			link, graph->n_links);
	tap = tap_of(graph->env, graph->links[link]);
	if (!tap)
		return leat__graph_no_memory(err, "the tap");
	/* acquire: pairs with the release in leat_tap_close */
	if (!leat__cas_acq_rel(&tap->is_open, &is_open, 1u))
		return leat__error(err, LEAT_ESTATE,
			"tap: another one looks at the link from '%s' to '%s'",
			leat__stage_name(graph->links[link]->from),
			leat__stage_name(graph->links[link]->to));
	tap->n_rows_most = own.rows ? own.rows : TAP_ROWS;
	if (tap->n_rows_most > TAP_ROWS_MOST)
		tap->n_rows_most = TAP_ROWS_MOST;
	tap->schema = NULL;
	leat__store_release(&tap->seen.state, (uint32_t)LEAT__TAP_WANTS);
	*tap_out = tap;
	return LEAT_OK;
}

bool
leat_tap_take(struct leat_tap *tap, struct leat_tap_rows *rows_out)
{
	/* acquire: pairs with the release in link_show */
	uint32_t state = leat__load_acquire(&tap->seen.state);

	memset(rows_out, 0, sizeof(*rows_out));
	rows_out->size = (uint32_t)sizeof(*rows_out);
	/* what was lent by the last call has been read */
	if (state == LEAT__TAP_IDLE)
		leat__store_release(
			&tap->seen.state, (uint32_t)LEAT__TAP_WANTS);
	if (state != LEAT__TAP_IS_FULL)
		return false;
	rows_out->n = tap->n_rows;
	rows_out->n_of = tap->n_of;
	rows_out->n_bytes = (uint32_t)tap->n_bytes;
	rows_out->text = tap->text;
	leat__store_relaxed(&tap->seen.state, (uint32_t)LEAT__TAP_IDLE);
	return true;
}

static void
tap_column(struct leat__text *text, const struct leat_column *c)
{
	leat__text_add(text, "`");
	for (const char *s = c->name; *s; s++)
		leat__text_add(
			text, "%.*s", *s == '`' ? 2 : 1, *s == '`' ? "``" : s);
	/* bytes are told as text, in hexadecimal */
	leat__text_add(text, "`:%s",
		leat_type_name(c->type == LEAT_TYPE_BINARY ? LEAT_TYPE_TEXT
							   : c->type));
	if (c->type == LEAT_TYPE_DECIMAL)
		leat__text_add(text, "(%u)", c->scale);
}

size_t
leat_tap_columns(const struct leat_tap *tap, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};

	if (n_bytes)
		buf[0] = '\0';
	for (uint32_t c = 0; tap->schema && c < tap->schema->n_columns; c++) {
		if (c)
			leat__text_add(&text, ",");
		tap_column(&text, &tap->schema->columns[c]);
	}
	return text.at;
}

void
leat_tap_close(struct leat_tap *tap)
{
	uint32_t state = LEAT__TAP_WANTS;

	if (!tap)
		return;
	if (!leat__cas_acq_rel(&tap->seen.state, &state, LEAT__TAP_IDLE))
		while (leat__load_acquire(&tap->seen.state) == LEAT__TAP_FILLS)
			tap->env->yield(tap->env);
	leat__store_relaxed(&tap->seen.state, (uint32_t)LEAT__TAP_IDLE);
	/* release: the next reader finds it at rest */
	leat__store_release(&tap->is_open, 0u);
}
