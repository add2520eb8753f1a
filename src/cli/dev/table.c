/*
 * cli/dev/table.c -- leat dev: the rows of every link, as small tables.
 *
 * Columns are as wide as what is shown of them, and lines no wider than the
 * terminal. Letters count as those of UTF-8 do, one place each.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dev.h"

#define TABLE_COLUMNS_MAX 64
#define TABLE_CELL_MAX    32 /* letters of a value that are shown */
#define TABLE_INDENT      4
#define TABLE_WIDTH       80

static uint32_t
table_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return TABLE_WIDTH;
}

/* Letters of a cell, and how many bytes the first `most` of them are. */
static uint32_t
cell_letters(const char *cell, size_t n_bytes, uint32_t most, size_t *end_out)
{
	uint32_t n = 0;
	size_t k = 0;

	for (; k < n_bytes; k++) {
		bool is_first = ((unsigned char)cell[k] & 0xc0) != 0x80;

		if (is_first && n == most)
			break;
		n += is_first;
	}
	*end_out = k;
	return n;
}

/* The widest cell of each column of a row. */
static void
widths_look(const char *row, uint32_t *widths)
{
	uint32_t c = 0;

	for (; row && c < TABLE_COLUMNS_MAX; c++) {
		size_t n_bytes = strcspn(row, "\1"), end;
		uint32_t n = cell_letters(row, n_bytes, TABLE_CELL_MAX, &end);

		if (n > widths[c])
			widths[c] = n;
		row += n_bytes;
		if (!*row++)
			return;
	}
}

static void
table_row(const char *row, const uint32_t *widths, uint32_t width)
{
	uint32_t at = TABLE_INDENT;

	printf("%*s", TABLE_INDENT, "");
	for (uint32_t c = 0; row && c < TABLE_COLUMNS_MAX; c++) {
		size_t n_bytes = strcspn(row, "\1"), end;
		bool is_last = !row[n_bytes];
		uint32_t n, room = widths[c];

		if (at + 3 >= width) {
			fputs("...", stdout);
			break;
		}
		room = at + room > width ? width - at : room;
		n = cell_letters(row, n_bytes, room, &end);
		fwrite(row, 1, end, stdout);
		if (is_last)
			break;
		printf("%*s", (int)(widths[c] + 2 - n), "");
		at += widths[c] + 2;
		row += n_bytes + 1;
	}
	putchar('\n');
}

static void
look_count(const struct leat__dev_look *look)
{
	char items[32], bytes[32];

	leat__cli_bytes(look->n_bytes, bytes, sizeof(bytes));
	leat__cli_count(look->n_items, items, sizeof(items));
	if (!look->layout)
		puts("nothing");
	else if (look->layout == LEAT_LAYOUT_BYTES)
		printf("%s of bytes\n", bytes);
	else
		printf("%s %s\n", items,
			look->layout == LEAT_LAYOUT_TABLE          ? "rows"
				: look->layout == LEAT_LAYOUT_ROWS ? "lines"
								   : "items");
}

static void
look_print(const struct leat__dev_look *look, uint32_t width)
{
	uint32_t widths[TABLE_COLUMNS_MAX] = {0};

	printf("%s -> %s: ", look->from, look->to);
	look_count(look);
	if (look->layout != LEAT_LAYOUT_TABLE)
		widths[0] = width - TABLE_INDENT;
	else
		widths_look(look->head, widths);
	for (uint32_t k = 0; k < look->n_rows; k++)
		if (look->layout == LEAT_LAYOUT_TABLE)
			widths_look(look->rows[k], widths);
	if (look->head && look->layout == LEAT_LAYOUT_TABLE)
		table_row(look->head, widths, width);
	for (uint32_t k = 0; k < look->n_rows; k++)
		table_row(look->rows[k], widths, width);
}

void
leat__dev_print(const struct leat__dev *dev)
{
	uint32_t width = table_width();

	for (uint32_t k = 0; k < dev->n_looks; k++)
		look_print(&dev->looks[k], width);
}
