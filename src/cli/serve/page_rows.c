/*
 * cli/serve/page_rows.c -- some of the rows that pass a link, for who looks at
 * it.
 *
 * A link is tapped from the first time that it is asked for until nobody has
 * for 10 s. All that ask get the rows that were taken last.
 * Keeps: at most LEAT__CLI_TAPS links at once; one more takes the place of the
 * one that was asked for least lately.
 * Threads: the server's; the lock of the page stands before all.
 */
#include <stdlib.h>

#include "page.h"

#ifdef LEAT_WITH_MICROHTTPD

#define ROWS_LAST_NS      INT64_C(10000000000)
#define ROWS_SCHEMA_BYTES 2048u
#define ROWS_OF_A_FRAME   8u

static void
tap_close(struct leat__cli_page_tap *tap)
{
	leat_tap_close(tap->tap);
	free(tap->text);
	*tap = (struct leat__cli_page_tap){.tap = NULL};
}

static struct leat__cli_page_tap *
tap_find(struct leat__cli_page *page, uint32_t link)
{
	for (uint32_t k = 0; k < LEAT__CLI_TAPS; k++)
		if (page->taps[k].tap && page->taps[k].link == link)
			return &page->taps[k];
	return NULL;
}

/* One that is free, or becomes so. */
static struct leat__cli_page_tap *
tap_room(struct leat__cli_page *page)
{
	struct leat__cli_page_tap *oldest = &page->taps[0];

	for (uint32_t k = 0; k < LEAT__CLI_TAPS; k++) {
		if (!page->taps[k].tap)
			return &page->taps[k];
		if (page->taps[k].asked_ns < oldest->asked_ns)
			oldest = &page->taps[k];
	}
	tap_close(oldest);
	return oldest;
}

/* NULL: err says why not. */
static struct leat__cli_page_tap *
tap_of(struct leat__cli_page *page, uint32_t link, struct leat_error *err)
{
	struct leat_tap_opts opts = {
		LEAT_OPTS_INIT(leat_tap_opts), .rows = ROWS_OF_A_FRAME};
	struct leat__cli_page_tap *tap = tap_find(page, link);

	if (tap)
		return tap;
	tap = tap_room(page);
	if (leat_tap_open(page->graph, link, &opts, &tap->tap, err)) {
		tap->tap = NULL;
		return NULL;
	}
	tap->link = link;
	return tap;
}

/* Lines of JSON are the elements of a list. */
static void
rows_lines(FILE *to, const struct leat_tap_rows *rows)
{
	for (uint32_t k = 0; k < rows->n_bytes; k++) {
		if (rows->text[k] != '\n')
			fputc(rows->text[k], to);
		else if (k + 1 < rows->n_bytes)
			fputc(',', to);
	}
}

static char *
rows_text(const struct leat_tap *tap, const struct leat_tap_rows *rows)
{
	char schema[ROWS_SCHEMA_BYTES] = "", *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (!to)
		return NULL;
	leat_tap_columns(tap, schema, sizeof(schema));
	fprintf(to, "{\"n_of\":%u,\"schema\":", rows->n_of);
	leat__cli_json_string(to, schema);
	fputs(",\"rows\":[", to);
	rows_lines(to, rows);
	fputs("]}", to);
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

static void
tap_take(struct leat__cli_page_tap *tap)
{
	struct leat_tap_rows rows;
	char *text;

	if (!leat_tap_take(tap->tap, &rows))
		return;
	text = rows_text(tap->tap, &rows);
	if (!text)
		return;
	free(tap->text);
	tap->text = text;
}

static char *
rows_copy(const struct leat__cli_page_tap *tap, const struct leat_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (!to)
		return NULL;
	if (tap) {
		fputs(tap->text ? tap->text : "{\"rows\":[]}", to);
	} else {
		fputs("{\"rows\":[],\"error\":", to);
		leat__cli_json_string(to, err->text);
		fputs("}", to);
	}
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

char *
leat__cli_page_rows(struct leat__cli_page *page, uint32_t link)
{
	struct leat__cli_page_tap *tap;
	struct leat_error err = {0};
	char *text;

	pthread_mutex_lock(&page->lock);
	tap = tap_of(page, link, &err);
	if (tap) {
		tap->asked_ns = leat_now_ns();
		tap_take(tap);
	}
	text = rows_copy(tap, &err);
	pthread_mutex_unlock(&page->lock);
	return text;
}

void
leat__cli_page_rows_tick(struct leat__cli_page *page, int64_t now_ns)
{
	for (uint32_t k = 0; k < LEAT__CLI_TAPS; k++)
		if (page->taps[k].tap &&
			now_ns - page->taps[k].asked_ns > ROWS_LAST_NS)
			tap_close(&page->taps[k]);
}

void
leat__cli_page_rows_end(struct leat__cli_page *page)
{
	for (uint32_t k = 0; k < LEAT__CLI_TAPS; k++)
		if (page->taps[k].tap)
			tap_close(&page->taps[k]);
}

#endif
