/*
 * control/tap.c -- rows that pass a link, for who asks for them.
 *
 * A connection has one tap at most. It is closed by another one, by `stop`, and
 * with the connection.
 * Threads: the control's own.
 */
#include <string.h>

#include "control/control.h"
#include "watch/json.h"
#include <leat/watch.h>

#define TAP_LIST_BYTES 512u

/* ---- which link ----------------------------------------------------------- */

static bool
name_is(const char *name, const char *text, size_t n_bytes)
{
	return strlen(name) == n_bytes && !memcmp(name, text, n_bytes);
}

/* "parse->load"; either name may be left out, and so may both and the arrow:
 * "parse" is what comes out of it. */
static bool
link_is(const struct leat_link_stats *s, const char *text)
{
	const char *arrow = strstr(text, "->");
	size_t n_from = arrow ? (size_t)(arrow - text) : strlen(text);

	return (!n_from || name_is(s->from_name, text, n_from)) &&
		(!arrow || !arrow[2] ||
			name_is(s->to_name, arrow + 2, strlen(arrow + 2)));
}

static void
link_list(const struct leat_graph *graph, struct leat__text *list)
{
	struct leat_link_stats s;

	for (uint32_t k = 0; leat_link_stats(graph, k, &s) == LEAT_OK; k++)
		leat__text_add(list, "%s%s->%s", k ? ", " : "", s.from_name,
			s.to_name);
}

static int
link_find(const struct leat_graph *graph, const char *text, uint32_t *link_out,
	struct leat_error *err)
{
	char buf[TAP_LIST_BYTES] = "";
	struct leat__text list = {buf, sizeof(buf), 0};
	struct leat_link_stats s;
	uint32_t n = 0;

	for (uint32_t k = 0; leat_link_stats(graph, k, &s) == LEAT_OK; k++)
		if (link_is(&s, text)) {
			*link_out = k;
			n++;
		}
	if (n == 1)
		return LEAT_OK;
	link_list(graph, &list);
	return leat__error(err, LEAT_EINVAL,
		n ? "several links are '%.64s'; there are: %s"
		  : "no link is '%.64s'; there are: %s",
		text, buf);
}

/* ---- its rows --------------------------------------------------------------- */

static void
tap_rows(struct leat__json *j, const struct leat_tap_rows *rows)
{
	const char *line = rows->text;

	leat__json_open(j, "rows", '[');
	for (uint32_t k = 0; k < rows->n; k++) {
		const char *end = strchr(line, '\n');

		leat__json_raw(j, NULL, line, (size_t)(end - line));
		line = end + 1;
	}
	leat__json_close(j, ']');
}

static void
tap_columns(struct leat__json *j, const struct leat__env *env,
	const struct leat_tap *tap)
{
	size_t n = leat_tap_columns(tap, NULL, 0);
	char *text = n ? env->alloc(env, n + 1) : NULL;

	if (text)
		leat_tap_columns(tap, text, n + 1);
	leat__json_text(j, "columns", text);
	env->free(env, text);
}

static int
tap_open(struct leat__control_connection *c,
	const struct leat__control_request *request, struct leat_error *err)
{
	struct leat_tap_opts opts = {LEAT_OPTS_INIT(leat_tap_opts),
		.rows = (uint32_t)leat__min_u64(request->n, UINT32_MAX)};
	struct leat_graph *graph = c->control->graph;
	uint32_t link = 0;

	LEAT_TRY(link_find(graph, request->link, &link, err));
	if (c->tap && c->tap_link == link && c->tap_rows == opts.rows)
		return LEAT_OK;
	leat__control_tap_close(c);
	LEAT_TRY(leat_tap_open(graph, link, &opts, &c->tap, err));
	c->tap_link = link;
	c->tap_rows = opts.rows;
	return LEAT_OK;
}

int
leat__control_tap(struct leat__control_connection *c,
	const struct leat__control_request *request, struct leat__json *j,
	struct leat_error *err)
{
	struct leat_tap_rows rows;
	struct leat_link_stats s;

	if (request->link)
		LEAT_TRY(tap_open(c, request, err));
	if (!c->tap)
		return leat__error(err, LEAT_EINVAL,
			"\"link\" says which: \"FROM->TO\", by stages' names");
	LEAT_TRY(leat_link_stats(c->control->graph, c->tap_link, &s));
	leat_tap_take(c->tap, &rows);
	leat__json_open(j, "data", '{');
	leat__json_text(j, "from", s.from_name);
	leat__json_text(j, "to", s.to_name);
	leat__json_number(j, "records", s.records);
	leat__json_number(j, "n_of", rows.n_of);
	tap_columns(j, c->control->env, c->tap);
	tap_rows(j, &rows);
	leat__json_close(j, '}');
	return LEAT_OK;
}

void
leat__control_tap_close(struct leat__control_connection *c)
{
	leat_tap_close(c->tap);
	c->tap = NULL;
}
