/*
 * stages/filter/window_parse.c -- what windows are asked for, and whether that
 * makes sense.
 *
 * Keeps: size and step are positive, and no row is left out between two
 * windows.
 * Threads: the one that builds the graph.
 */
#include "window.h"

#define WINDOW_OVERLAP_MAX 10000
#define WINDOW_NS          1000 /* in a us */

static int
window_fail(struct leat_stage *st, const char *text)
{
	return leat_stage_fail(st, LEAT_EINVAL, "%s", text);
}

static int
window_check_session(struct leat_stage *st, const struct leat_window_opts *o)
{
	if (!o->gap || o->size_ns || o->step || o->rows || o->step_rows)
		return window_fail(st,
			"a session is told by its gap alone, like window "
			"session gap=30m time=ts by=user n=count()");
	return LEAT_OK;
}

static int
window_check_sliding(struct leat_stage *st, const struct leat__windows *w)
{
	if (w->kind == LEAT_WINDOW_SLIDING && !w->step)
		return window_fail(st,
			"a sliding window needs a step: step=10m beside size=, "
			"or step_rows=100 beside rows=");
	if (w->kind == LEAT_WINDOW_SLIDING &&
		(w->step > w->size || w->size / w->step > WINDOW_OVERLAP_MAX))
		return window_fail(st,
			"the step is to be at most the size, so that no row is "
			"left out, and at least a 10000th part of it");
	return LEAT_OK;
}

static int
window_check(struct leat_stage *st, struct leat__windows *w,
	const struct leat_window_opts *o)
{
	w->kind = o->kind;
	w->by_rows = o->rows != 0;
	w->lateness = o->lateness / WINDOW_NS;
	if (w->kind == LEAT_WINDOW_SESSION)
		LEAT__TRY(window_check_session(st, o));
	else if (o->gap || !o->size_ns == !o->rows)
		return window_fail(st,
			"a window has either a size=, like 1h, or a number of "
			"rows=; gap= is for sessions");
	if (w->by_rows ? o->step != 0 : o->step_rows != 0)
		return window_fail(
			st, "step= goes with size=, step_rows= with rows=");
	if (w->kind == LEAT_WINDOW_TUMBLING && (o->step || o->step_rows))
		return window_fail(st,
			"windows with a step are sliding ones, like window "
			"sliding size=1h step=10m");
	if (w->by_rows ? o->time && o->time[0] : !o->time || !o->time[0])
		return window_fail(st,
			"windows by time need time=COLUMN, those by rows none");
	if (w->by_rows && o->lateness)
		return window_fail(st, "rows= knows no lateness");
	w->size = w->by_rows ? (int64_t)o->rows
			     : (o->gap ? o->gap : o->size_ns) / WINDOW_NS;
	w->step = w->by_rows ? (int64_t)o->step_rows : o->step / WINDOW_NS;
	LEAT__TRY(window_check_sliding(st, w));
	if (w->kind == LEAT_WINDOW_TUMBLING)
		w->step = w->size;
	return LEAT_OK;
}

int
leat__window_parse(struct leat_stage *st, struct leat__windows *w,
	const struct leat_window_opts *o)
{
	struct leat__group_spec *spec = &w->spec;

	LEAT__TRY(window_check(st, w, o));
	LEAT__TRY(leat__group_parse_names(
		st, "by", o->by ? o->by : "", spec->keys, &spec->n_keys));
	LEAT__TRY(leat__group_parse_name(
		st, "time", o->time ? o->time : "", &spec->time));
	LEAT__TRY(leat__group_parse_results(
		st, "results", o->results ? o->results : "", spec));
	if (!spec->n_results)
		return window_fail(st,
			"no result is given; write like window tumbling "
			"size=1h time=ts n=count() mean=avg(delay)");
	return LEAT_OK;
}
