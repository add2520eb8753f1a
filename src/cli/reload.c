/*
 * cli/reload.c -- leat run -f FILE and SIGHUP: what has changed in the file
 * changes in the graph that runs, all of it or nothing.
 *
 * The file is read and checked as at a start, so mistakes are told of their
 * place; then the two graphs are compared, and the plan is printed. If all of
 * it can be done (leat/live.h) it is done, at one moment: the sources take
 * nothing more in, and what they gave arrives, or after RELOAD_NS it is given
 * up. The command goes on to answer meanwhile.
 * Keeps: on every other way out the graph is as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "reload.h"

#define RELOAD_NS INT64_C(10000000000) /* to arrive in */

/* A difference, in memory of its own. */
struct leat__cli_reload_item {
	uint32_t kind, way;
	uint32_t at_offset, at_bytes; /* of the next graph's text */
	char *stage, *option, *before, *after, *why;
};

/* ---- what is another ----------------------------------------------------- */

static void
item_free(struct leat__cli_reload_item *item)
{
	free(item->stage);
	free(item->option);
	free(item->before);
	free(item->after);
	free(item->why);
}

static struct leat__cli_reload_item *
reload_add(struct leat__cli_reload *r)
{
	struct leat__cli_reload_item *more =
		realloc(r->items, (r->n + 1) * sizeof(*more));

	if (!more)
		return NULL;
	r->items = more;
	memset(&more[r->n], 0, sizeof(*more));
	return &more[r->n++];
}

/* Without memory for it there is none that could be done. */
static void
reload_difference(const struct leat_difference *d, void *user)
{
	struct leat__cli_reload *r = user;
	struct leat__cli_reload_item *item = reload_add(r);

	r->n_refused += d->way == LEAT_WAY_NONE || !item;
	r->needs_pause |= d->way == LEAT_WAY_STAMP;
	if (!item)
		return;
	*item = (struct leat__cli_reload_item){.kind = d->kind,
		.way = d->way,
		.at_offset = d->at_offset,
		.at_bytes = d->at_bytes,
		.stage = strdup(d->stage),
		.option = strdup(d->option),
		.before = strdup(d->before),
		.after = strdup(d->after),
		.why = strdup(d->why)};
	if (!item->stage || !item->option || !item->before || !item->after ||
		!item->why)
		r->n_refused++;
}

static bool
words_differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

/* What stands below run: in a job is for the command. */
static void
reload_run(struct leat__cli_reload *r)
{
	const struct leat__cli_args *a = &r->g->args, *b = &r->next.args;
	const struct {
		const char *name;
		bool is_other;
	} options[] = {{"workers", a->workers != b->workers},
		{"memory", a->memory_bytes != b->memory_bytes},
		{"pin", words_differ(a->pin, b->pin)},
		{"schedule",
			a->schedule != b->schedule ||
				memcmp(a->weights, b->weights,
					sizeof(a->weights)) != 0},
		{"dead-letters",
			words_differ(a->dead_letters, b->dead_letters)},
		{"metrics", words_differ(a->metrics, b->metrics)},
		{"stall", a->stall_seconds != b->stall_seconds},
		{"drain-timeout", a->drain_ns != b->drain_ns},
		{"progress", a->progress != b->progress}};

	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
		if (options[k].is_other) {
			leat__cli_say("reload: run: %s: another; it is taken "
				      "up by the next start",
				options[k].name);
			r->n_of_run++;
		}
}

/* ---- the plan ------------------------------------------------------------ */

/* A text without secrets; to be freed. */
static char *
plan_value(const struct leat__cli_reload *r, const char *value)
{
	size_t n = strlen(value) + 64;
	char *text = calloc(1, n);

	if (!text)
		return NULL;
	snprintf(text, n, "%s", *value ? value : "the default");
	leat__cli_job_mask(r->g->job, text, n);
	leat__cli_job_mask(r->next.job, text, n);
	return text;
}

static const char *
plan_way(const struct leat__cli_reload_item *item)
{
	return item->way == LEAT_WAY_LIVE     ? "live"
		: item->way == LEAT_WAY_STAMP ? "at one moment"
					      : "not while it runs";
}

static void
plan_option(const struct leat__cli_reload *r,
	const struct leat__cli_reload_item *item)
{
	char *before = plan_value(r, item->before);
	char *after = plan_value(r, item->after);

	leat__cli_say("reload: %s: %s: %s -> %s (%s)", item->stage,
		item->option, before ? before : "?", after ? after : "?",
		plan_way(item));
	free(before);
	free(after);
}

static void
plan_item(const struct leat__cli_reload *r,
	const struct leat__cli_reload_item *item)
{
	switch (item->kind) {
	case LEAT_DIFFERENCE_OPTION:
		plan_option(r, item);
		break;
	case LEAT_DIFFERENCE_ADDED:
		leat__cli_say("reload: %s: a new stage (%s; %s)", item->stage,
			item->after, plan_way(item));
		break;
	case LEAT_DIFFERENCE_REMOVED:
		leat__cli_say("reload: %s: the stage (%s) is gone (%s)",
			item->stage, item->before, plan_way(item));
		break;
	case LEAT_DIFFERENCE_LINKED:
		leat__cli_say("reload: %s -> %s: a new link", item->stage,
			item->after);
		break;
	case LEAT_DIFFERENCE_UNLINKED:
		leat__cli_say("reload: %s -> %s: the link is gone", item->stage,
			item->before);
		break;
	case LEAT_DIFFERENCE_GUARDS:
		leat__cli_say("reload: %s: guards: %s -> %s (%s)", item->stage,
			*item->before ? item->before : "none",
			*item->after ? item->after : "none", plan_way(item));
		break;
	default:
		leat__cli_say(
			"reload: %s: %s: another", item->stage, item->option);
	}
}

static bool
reload_is_whole(const struct leat__cli_reload_item *item)
{
	return item->stage && item->option && item->before && item->after &&
		item->why;
}

static void
reload_plan(const struct leat__cli_reload *r)
{
	for (uint32_t k = 0; k < r->n; k++)
		if (reload_is_whole(&r->items[k]))
			plan_item(r, &r->items[k]);
}

/* The first reason of several that are the same. */
static bool
reason_is_new(const struct leat__cli_reload *r, uint32_t k)
{
	for (uint32_t j = 0; j < k; j++)
		if (r->items[j].way == LEAT_WAY_NONE &&
			!strcmp(r->items[j].why, r->items[k].why))
			return false;
	return true;
}

/* With its place in the file, if it has one there. */
static void
refuse_item(const struct leat__cli_reload *r,
	const struct leat__cli_reload_item *item)
{
	struct leat_error err = {.code = LEAT_ENOTSUP,
		.at_offset = item->at_offset,
		.at_bytes = item->at_bytes};

	if (!item->at_bytes) {
		leat__cli_error("reload: %s: %s", item->stage, item->why);
		return;
	}
	snprintf(err.stage, sizeof(err.stage), "%s", item->stage);
	snprintf(err.text, sizeof(err.text), "%s", item->why);
	leat__cli_graph_error(&r->next, &err);
}

static void
reload_refuse(const struct leat__cli_reload *r)
{
	for (uint32_t k = 0; k < r->n; k++) {
		const struct leat__cli_reload_item *item = &r->items[k];

		if (reload_is_whole(item) && item->way == LEAT_WAY_NONE &&
			reason_is_new(r, k))
			refuse_item(r, item);
	}
	leat__cli_error("reload: nothing has changed; drain the graph and "
			"start it anew for this");
}

/* ---- doing it ------------------------------------------------------------ */

static void
reload_clear(struct leat__cli_reload *r)
{
	for (uint32_t k = 0; k < r->n; k++)
		item_free(&r->items[k]);
	free(r->items);
	leat__cli_graph_close(&r->next);
	*r = (struct leat__cli_reload){
		.args = r->args, .g = r->g, .has_failed = r->has_failed};
}

static void
reload_say_end(
	const struct leat__cli_reload *r, int code, struct leat_error *err)
{
	if (code == LEAT_OK) {
		if (!r->args->is_quiet)
			leat__cli_say("reload: done, %u change%s", r->n,
				r->n == 1 ? "" : "s");
		return;
	}
	if (err->at_bytes) {
		leat__cli_error("reload: nothing has changed:");
		leat__cli_graph_error(&r->next, err);
		return;
	}
	leat__cli_job_mask(r->g->job, err->text, sizeof(err->text));
	leat__cli_job_mask(r->next.job, err->text, sizeof(err->text));
	leat__cli_error("reload: nothing has changed: %s%s%s", err->stage,
		*err->stage ? ": " : "", err->text);
}

/* All has arrived, or nothing needs to. */
static void
reload_do(struct leat__cli_reload *r)
{
	struct leat_error err = {0};
	int code = leat_graph_become(r->g->graph, r->next.graph,
		leat_now_ns() + RELOAD_NS / 10, LEAT__CLI_RELOAD_WHO, &err);

	r->has_failed = code != LEAT_OK;
	reload_say_end(r, code, &err);
	if (r->is_paused)
		leat_graph_resume(r->g->graph);
	if (code == LEAT_OK) {
		leat__cli_job_inherit(r->g->job, r->next.job);
		r->next.job = NULL;
	}
	reload_clear(r);
}

void
leat__cli_reload_tick(struct leat__cli_reload *r)
{
	int64_t now_ns = leat_now_ns();
	struct leat_error err = {0};
	int code;

	if (!r->is_paused)
		return;
	code = leat_graph_wait_paused(r->g->graph, now_ns, &err);
	if (code == LEAT_ETIMEDOUT && now_ns < r->until_ns)
		return;
	if (code == LEAT_OK) {
		reload_do(r);
		return;
	}
	r->has_failed = true;
	reload_say_end(r, code, &err);
	leat_graph_resume(r->g->graph);
	reload_clear(r);
}

static void
reload_begin(struct leat__cli_reload *r)
{
	if (!r->needs_pause) {
		reload_do(r);
		return;
	}
	leat_graph_pause(r->g->graph);
	r->is_paused = true;
	r->until_ns = leat_now_ns() + RELOAD_NS;
	leat__cli_reload_tick(r);
}

/* The file as it is now; false: what is wrong with it has been told. */
static bool
reload_read(struct leat__cli_reload *r)
{
	int status = leat__cli_graph_open(r->args, &r->next);

	if (!status)
		status = leat__cli_graph_check(&r->next);
	if (status)
		leat__cli_error("reload: nothing has changed: the graph runs "
				"on as it was");
	return !status;
}

static void
reload_compare(struct leat__cli_reload *r)
{
	leat_graph_compare(r->g->graph, r->next.graph, reload_difference, r);
	if (r->args->is_quiet)
		return;
	reload_plan(r);
	reload_run(r);
	if (!r->n)
		leat__cli_say(r->n_of_run ? "reload: the graph is the same"
					  : "reload: nothing is another");
}

void
leat__cli_reload(struct leat__cli_reload *r)
{
	if (r->is_paused)
		return;
	r->has_failed = !reload_read(r);
	if (!r->has_failed) {
		reload_compare(r);
		r->has_failed = r->n_refused > 0;
		if (r->n_refused)
			reload_refuse(r);
		else if (r->n) {
			reload_begin(r);
			return;
		}
	}
	reload_clear(r);
}

/* ---- life ---------------------------------------------------------------- */

void
leat__cli_reload_open(struct leat__cli_reload *r,
	const struct leat__cli_args *args, const struct leat__cli_graph *g)
{
	*r = (struct leat__cli_reload){.args = args, .g = g};
}

bool
leat__cli_reload_has_file(const struct leat__cli_reload *r)
{
	return r->args && r->args->file && strcmp(r->args->file, "-") != 0;
}

void
leat__cli_reload_close(struct leat__cli_reload *r)
{
	if (r->is_paused)
		leat_graph_resume(r->g->graph);
	if (r->args)
		reload_clear(r);
}
