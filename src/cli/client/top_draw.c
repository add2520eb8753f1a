/*
 * cli/client/top_draw.c -- a picture of leat top, as lines of text.
 *
 * Queues have the colours that NiFi gives its connections, and symbols for
 * those who do not see them: up to 60 % full green, to 85 % yellow, above it
 * red. Where a terminal is narrow the columns that say least are left out;
 * without UTF-8 bars are made of ASCII, without colours there are none. Keeps:
 * no line is wider than the view, and no more of them come than its height, if
 * it has one. Source: Apache NiFi User Guide, "Anatomy of a Connection".
 */
#include <stdlib.h>
#include <string.h>

#include "top.h"

#define DRAW_BAR      5u
#define DRAW_NAME     12u /* columns of a name, at least */
#define DRAW_NAME_MAX 28u
#define DRAW_TEXT     1024u
#define DRAW_YELLOW   0.60
#define DRAW_RED      0.85

#define DRAW_PLAIN   "\033[0m"
#define DRAW_BOLD    "\033[1m"
#define DRAW_INVERSE "\033[7m"

struct draw {
	FILE *to;
	const struct leat__cli_picture *picture;
	const struct leat__cli_view *view;
	uint32_t n_lines;
	bool is_shown[LEAT__CLI_COLUMNS];
	uint32_t name_width;
};

/* ---- columns ------------------------------------------------------------ */

static const struct {
	const char *title;
	uint32_t width; /* with the space before it */
	uint32_t worth; /* the least go first */
} draw_columns[LEAT__CLI_COLUMNS] = {
	[LEAT__CLI_COLUMN_IN] = {"IN/S", 9, 11},
	[LEAT__CLI_COLUMN_OUT] = {"OUT/S", 9, 10},
	[LEAT__CLI_COLUMN_BUSY] = {"BUSY", 5, 9},
	[LEAT__CLI_COLUMN_STARVED] = {"STARV", 6, 5},
	[LEAT__CLI_COLUMN_BLOCKED] = {"BLOCK", 6, 6},
	[LEAT__CLI_COLUMN_IDLE] = {"IDLE", 5, 2},
	[LEAT__CLI_COLUMN_P50] = {"P50", 7, 3},
	[LEAT__CLI_COLUMN_P99] = {"P99", 7, 7},
	[LEAT__CLI_COLUMN_QUEUE] = {"QUEUE", 12, 8},
	[LEAT__CLI_COLUMN_ERRORS] = {"ERRORS", 7, 4},
	[LEAT__CLI_COLUMN_DEAD] = {"DEAD", 7, 1},
};

static uint32_t
draw_worthiest(const struct draw *d)
{
	uint32_t best = 0;

	for (uint32_t k = LEAT__CLI_COLUMN_IN; k < LEAT__CLI_COLUMNS; k++)
		if (!d->is_shown[k] &&
			draw_columns[k].worth > draw_columns[best].worth)
			best = k;
	return best;
}

/* As many as fit beside a mark and the names. */
static void
draw_fit(struct draw *d)
{
	uint32_t left = d->view->width > 2 + DRAW_NAME
		? d->view->width - 2 - DRAW_NAME
		: 0;
	uint32_t k;

	while ((k = draw_worthiest(d)) && draw_columns[k].width <= left) {
		d->is_shown[k] = true;
		left -= draw_columns[k].width;
	}
	d->name_width = DRAW_NAME + left;
	if (d->name_width > DRAW_NAME_MAX)
		d->name_width = DRAW_NAME_MAX;
	if (d->view->width < 2 + DRAW_NAME)
		d->name_width = d->view->width > 2 ? d->view->width - 2 : 0;
}

/* ---- pieces ------------------------------------------------------------- */

static void
draw_style(struct draw *d, const char *style)
{
	if (d->view->has_colour)
		fputs(style, d->to);
}

static void
draw_end_line(struct draw *d)
{
	fputc('\n', d->to);
	d->n_lines++;
}

static bool
draw_is_full(const struct draw *d, uint32_t n_more)
{
	return d->view->height && d->n_lines + n_more >= d->view->height;
}

/* Somebody else's text, cut to what is left of the line. */
static uint32_t
draw_plain(struct draw *d, const char *text, uint32_t n_columns)
{
	char buf[DRAW_TEXT];
	uint32_t n;

	fputs(leat__cli_plain(
		      text, n_columns, d->view->has_utf8, buf, sizeof(buf), &n),
		d->to);
	return n;
}

static void
draw_line(struct draw *d, const char *text)
{
	draw_plain(d, text, d->view->width);
	draw_end_line(d);
}

/* Broken at spaces; at most n lines. */
static void
draw_wrapped(struct draw *d, const char *text, uint32_t n_lines)
{
	for (; *text && n_lines; n_lines--) {
		size_t n = strlen(text), width = d->view->width;
		char line[DRAW_TEXT];

		if (n > width) {
			n = width;
			while (n > width / 2 && text[n] != ' ')
				n--;
		}
		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		draw_line(d, line);
		text += n;
		text += *text == ' ';
	}
}

/* ---- head --------------------------------------------------------------- */

static void
draw_title(struct draw *d)
{
	const struct leat__cli_node *look = d->picture->look;
	char text[DRAW_TEXT], time[32];

	leat__cli_seconds(
		leat__cli_node_number(look, "seconds"), time, sizeof(time));
	snprintf(text, sizeof(text), "leat top: %s, %s for %s%s  %s",
		d->view->name, leat__cli_node_text(look, "state"), time,
		d->view->is_paused ? ", paused" : "", d->view->job);
	draw_style(d, DRAW_BOLD);
	draw_plain(d, text, d->view->width);
	draw_style(d, DRAW_PLAIN);
	draw_end_line(d);
}

static const char *
draw_count(double n, char *buf, size_t n_bytes)
{
	return leat__cli_count(n > 0 ? (uint64_t)n : 0, buf, n_bytes);
}

static void
draw_totals(struct draw *d)
{
	const struct leat__cli_node *graph =
		leat__cli_node_get(d->picture->look, "graph");
	char text[DRAW_TEXT], read[32], written[32], failed[32], left[32];
	char memory[32], bound[32];

	snprintf(text, sizeof(text),
		"%s read  %s written  %s failed  %s under way  memory %s of %s",
		draw_count(leat__cli_node_number(graph, "read"), read,
			sizeof(read)),
		draw_count(leat__cli_node_number(graph, "written"), written,
			sizeof(written)),
		draw_count(leat__cli_node_number(graph, "failed"), failed,
			sizeof(failed)),
		draw_count(leat__cli_node_number(graph, "unfinished"), left,
			sizeof(left)),
		leat__cli_bytes(
			(uint64_t)leat__cli_node_number(graph, "memory_bytes"),
			memory, sizeof(memory)),
		leat__cli_bytes((uint64_t)leat__cli_node_number(
					graph, "memory_bound_bytes"),
			bound, sizeof(bound)));
	draw_line(d, text);
}

static void
draw_header(struct draw *d)
{
	fprintf(d->to, "%s  %-*.*s", d->view->has_colour ? DRAW_INVERSE : "",
		(int)d->name_width, (int)d->name_width, "STAGE");
	for (uint32_t k = LEAT__CLI_COLUMN_IN; k < LEAT__CLI_COLUMNS; k++)
		if (d->is_shown[k])
			fprintf(d->to, "%*s", (int)draw_columns[k].width,
				draw_columns[k].title);
	draw_style(d, DRAW_PLAIN);
	draw_end_line(d);
}

/* ---- rows --------------------------------------------------------------- */

static const char *
draw_time(double ns, char *buf, size_t n_bytes)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	uint32_t k = 0;

	for (; ns >= 999.5 && k < 3; k++)
		ns /= 1000;
	snprintf(buf, n_bytes, ns < 9.95 && k ? "%.1f%s" : "%.0f%s", ns,
		units[k]);
	return buf;
}

/* "████░ ● 85%" */
static void
draw_queue(struct draw *d, const struct leat__cli_row *row)
{
	static const char *const signs[2][3] = {
		{"o", "+", "#"}, {"○", "◐", "●"}};
	static const char *const colours[] = {
		"\033[32m", "\033[33m", "\033[31m"};
	double full = row->values[LEAT__CLI_COLUMN_QUEUE];
	uint32_t kind = full > DRAW_RED ? 2 : full > DRAW_YELLOW ? 1 : 0;
	uint32_t n = (uint32_t)(full * DRAW_BAR + 0.5);

	if (!row->has_queue) {
		fprintf(d->to, "%*s",
			(int)draw_columns[LEAT__CLI_COLUMN_QUEUE].width, "-");
		return;
	}
	fputc(' ', d->to);
	draw_style(d, colours[kind]);
	for (uint32_t k = 0; k < DRAW_BAR; k++)
		fputs(d->view->has_utf8 ? (k < n ? "█" : "░")
					: (k < n ? "#" : "."),
			d->to);
	fputs(signs[d->view->has_utf8][kind], d->to);
	draw_style(d, DRAW_PLAIN);
	fprintf(d->to, "%4.0f%%", full * 100);
}

/* Pieces of a byte stream have no records yet: then bytes are told. */
static void
draw_flow(double records, double bytes, char *buf, size_t n_bytes)
{
	if (records <= 0 && bytes > 0)
		leat__cli_bytes((uint64_t)bytes, buf, n_bytes);
	else
		draw_count(records, buf, n_bytes);
}

static void
draw_value(const struct leat__cli_row *row, enum leat__cli_column column,
	char *buf, size_t n_bytes)
{
	double value = row->values[column];

	if (column == LEAT__CLI_COLUMN_IN)
		draw_flow(value, row->in_bytes, buf, n_bytes);
	else if (column == LEAT__CLI_COLUMN_OUT)
		draw_flow(value, row->out_bytes, buf, n_bytes);
	else if (column <= LEAT__CLI_COLUMN_IDLE)
		snprintf(buf, n_bytes, "%.0f%%", value * 100);
	else if (column > LEAT__CLI_COLUMN_QUEUE)
		draw_count(value, buf, n_bytes);
	else if (row->has_latency)
		draw_time(value, buf, n_bytes);
	else
		snprintf(buf, n_bytes, "-");
}

static void
draw_cell(struct draw *d, const struct leat__cli_row *row,
	enum leat__cli_column column)
{
	char buf[32];

	if (column == LEAT__CLI_COLUMN_QUEUE) {
		draw_queue(d, row);
		return;
	}
	draw_value(row, column, buf, sizeof(buf));
	fprintf(d->to, "%*s", (int)draw_columns[column].width, buf);
}

static void
draw_row(struct draw *d, const struct leat__cli_row *row)
{
	uint32_t n;

	if (row->is_culprit)
		draw_style(d, "\033[1;31m");
	fputs(row->is_culprit          ? (d->view->has_utf8 ? "▶ " : "> ")
			: row->is_done ? (d->view->has_utf8 ? "✓ " : "x ")
				       : "  ",
		d->to);
	n = draw_plain(d, row->name, d->name_width);
	fprintf(d->to, "%*s", (int)(d->name_width - n), "");
	if (row->is_culprit)
		draw_style(d, DRAW_PLAIN);
	for (uint32_t k = LEAT__CLI_COLUMN_IN; k < LEAT__CLI_COLUMNS; k++)
		if (d->is_shown[k])
			draw_cell(d, row, k);
	draw_end_line(d);
}

/* As many as there is room for, below a line that says how many are not. */
static void
draw_rows(struct draw *d)
{
	const struct leat__cli_picture *p = d->picture;
	uint32_t from = d->view->from < p->n_rows ? d->view->from : 0, k;
	char text[160];

	for (k = from; k < p->n_rows && !draw_is_full(d, 2); k++)
		draw_row(d, &p->rows[k]);
	if (k - from == p->n_rows && !p->n_hidden)
		return;
	snprintf(text, sizeof(text), "  %u of %u stages%s%s", k - from,
		p->n_rows + p->n_hidden,
		p->n_hidden ? " have in their names: " : "",
		p->n_hidden ? d->view->filter : "");
	if (!draw_is_full(d, 1))
		draw_line(d, text);
}

/* ---- foot and help ------------------------------------------------------ */

static void
draw_foot(struct draw *d)
{
	char text[DRAW_TEXT];

	if (!d->view->height)
		return;
	while (!draw_is_full(d, 1))
		draw_end_line(d);
	if (d->view->is_typing)
		snprintf(text, sizeof(text), "/%s", d->view->filter);
	else if (*d->view->word)
		snprintf(text, sizeof(text), "%s", d->view->word);
	else
		snprintf(text, sizeof(text),
			"q quit  ? help  s by %s%s  / filter  p %s",
			leat__cli_column_name(d->view->sort),
			d->view->is_reversed ? ", reversed" : "",
			d->view->is_paused ? "go on" : "pause");
	draw_plain(d, text, d->view->width);
}

static void
draw_help(struct draw *d)
{
	static const char *const lines[] = {"keys", "",
		"  q  quit                 ?  this page, and back",
		"  s  sort by the next column    r  the other way round",
		"  /  keep stages whose names have a text; Enter, Escape",
		"  p  pause, and go on     up, down, page up, page down", "",
		"stages", "",
		"  IN/S OUT/S   records a second, in the last second",
		"  BUSY         at work; STARV: waited for input; BLOCK: for",
		"               room; IDLE: ended, or waited for a worker",
		"  P50 P99      of how long calls took, since the start",
		"  QUEUE        what was sent to it and is not done with:",
		"               o up to 60 %, + up to 85 %, # above",
		"  ERRORS DEAD  records that failed; of them dead letters", "",
		"  > marks the stage that the others wait for, x one that has",
		"  ended (with UTF-8 they are signs of its own)"};

	for (size_t k = 0;
		k < sizeof(lines) / sizeof(lines[0]) && !draw_is_full(d, 1);
		k++)
		draw_line(d, lines[k]);
}

static void
draw_all(struct draw *d)
{
	const struct leat__cli_node *look = d->picture->look;

	draw_title(d);
	if (d->view->is_help) {
		draw_help(d);
		draw_foot(d);
		return;
	}
	draw_totals(d);
	draw_wrapped(d, leat__cli_node_text(look, "why"),
		d->view->height && d->view->height < 16 ? 1 : 3);
	draw_fit(d);
	draw_header(d);
	draw_rows(d);
	draw_foot(d);
}

char *
leat__cli_top_draw(const struct leat__cli_picture *picture,
	const struct leat__cli_view *view)
{
	struct draw d = {.picture = picture, .view = view};
	char *text = NULL;
	size_t n_bytes;

	d.to = open_memstream(&text, &n_bytes);
	if (!d.to)
		return NULL;
	draw_all(&d);
	if (fclose(d.to)) {
		free(text);
		return NULL;
	}
	return text;
}
