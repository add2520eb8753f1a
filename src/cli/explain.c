/*
 * cli/explain.c -- leat explain: what holds on the way from each source to each
 * sink, and why.
 *
 * Everything is said from what leat/path.h knows: the plan, and what stages
 * promise. No stage is known here by its name.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

#define EXPLAIN_COLUMN 14 /* where sentences begin */
#define EXPLAIN_ROOM   4096

/* ---- sentences ----------------------------------------------------------- */

/* One that is being made; it is cut where there is no room. */
struct words {
	char text[EXPLAIN_ROOM];
	size_t n;
};

LEAT_PRINTF(2, 3)
static void
words_add(struct words *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->text + w->n, sizeof(w->text) - w->n, format, args);
	va_end(args);
	if (n > 0)
		w->n += (size_t)n;
	if (w->n >= sizeof(w->text))
		w->n = sizeof(w->text) - 1;
}

/* "'a', 'b' and 'c'": stages with a fact. How many there are. */
static uint32_t
words_stages(struct words *w, const struct leat__cli_path *p, uint32_t fact)
{
	uint32_t n = 0, at = 0;

	for (uint32_t k = 0; k < p->path.n_stages; k++)
		n += (p->stages[k].facts & fact) != 0;
	for (uint32_t k = 0; k < p->path.n_stages; k++) {
		if (!(p->stages[k].facts & fact))
			continue;
		words_add(w, "%s'%s'",
			at == 0              ? ""
				: at + 1 < n ? ", "
					     : " and ",
			p->stages[k].name);
		at++;
	}
	return n;
}

static bool
path_has(const struct leat__cli_path *p, uint32_t fact)
{
	for (uint32_t k = 0; k < p->path.n_stages; k++)
		if (p->stages[k].facts & fact)
			return true;
	return false;
}

static void
words_print(const char *what, struct words *w)
{
	if (w->n) {
		printf("  %-*s", EXPLAIN_COLUMN - 2, what);
		leat__cli_wrap(w->text, w->n, EXPLAIN_COLUMN, EXPLAIN_COLUMN);
	}
	w->n = 0;
	w->text[0] = '\0';
}

/* ---- delivery ------------------------------------------------------------ */

static void
delivery_losses(struct words *w, const struct leat__cli_path *p)
{
	if (path_has(p, LEAT_FACT_SHEDS)) {
		words_add(w, "; dropped when it is too much, at ");
		words_stages(w, p, LEAT_FACT_SHEDS);
	}
	if (path_has(p, LEAT_FACT_SKIPS)) {
		words_add(w, "; left out if they are bad, at ");
		words_stages(w, p, LEAT_FACT_SKIPS);
	}
}

static void
explain_delivery(const struct leat__cli_path *p)
{
	const char *source = leat__cli_path_source(p)->name;
	const char *sink = leat__cli_path_sink(p)->name;
	struct words w = {.n = 0};

	words_add(&w, "%s", leat_delivery_text(p->path.delivery));
	if (p->path.flags & LEAT_PATH_AGAIN)
		words_add(&w, ": '%s' reads the same again in another run",
			source);
	else
		words_add(
			&w, ": what '%s' has read does not come again", source);
	if (p->path.flags & LEAT_PATH_WHOLE)
		words_add(&w,
			", and what '%s' writes gets its name when all of it "
			"is there",
			sink);
	else
		words_add(&w, ", and what '%s' writes is out at once", sink);
	delivery_losses(&w, p);
	words_print("delivery", &w);
}

static void
explain_kill(const struct leat__cli_path *p)
{
	const char *sink = leat__cli_path_sink(p)->name;
	struct words w = {.n = 0};

	if (p->path.flags & LEAT_PATH_WHOLE)
		words_add(&w,
			"leaves nothing of this run under the name that '%s' "
			"writes to, and what stood there before stays",
			sink);
	else
		words_add(&w,
			"leaves what '%s' has written, cut off where it was",
			sink);
	words_add(&w,
		p->path.flags & LEAT_PATH_AGAIN
			? "; run again, everything is read again"
			: "; everything that was read and not written is lost");
	if (path_has(p, LEAT_FACT_HOLDS)) {
		words_add(&w, "; before the end of the input nothing leaves ");
		words_stages(&w, p, LEAT_FACT_HOLDS);
	}
	if (path_has(p, LEAT_FACT_DEAD_LETTERS))
		words_add(&w,
			"; dead letters that were written stay, and a "
			"run again writes them again");
	words_print("a kill", &w);
}

/* ---- bad records --------------------------------------------------------- */

static void
explain_bad(const struct leat__cli_path *p)
{
	struct words w = {.n = 0};
	const char *between = "";

	for (uint32_t k = 0; k < p->path.n_stages; k++) {
		const struct leat_path_stage *st = &p->stages[k];

		if (st->facts & LEAT_FACT_DEAD_LETTERS)
			words_add(&w, "%sat '%s' become dead letters in %s",
				between, st->name,
				st->dead_letters ? st->dead_letters : "?");
		else if (st->max_skips)
			words_add(&w,
				"%sat '%s' are left out, and more than %llu "
				"end the run",
				between, st->name,
				(unsigned long long)st->max_skips);
		else if (st->facts & LEAT_FACT_SKIPS)
			words_add(&w, "%sat '%s' are left out, any number",
				between, st->name);
		else
			continue;
		between = "; ";
	}
	if (path_has(p, LEAT_FACT_FAILS)) {
		words_add(&w, "%send the run at ", between);
		words_stages(&w, p, LEAT_FACT_FAILS);
		between = "; ";
	}
	if (path_has(p, LEAT_FACT_FALLS_BACK)) {
		words_add(&w, "%sonly what fails goes this way, at ", between);
		words_stages(&w, p, LEAT_FACT_FALLS_BACK);
	}
	words_print("bad records", &w);
}

/* ---- order, copies, memory, who waits ------------------------------------ */

static void
explain_order(const struct leat__cli_path *p)
{
	struct words w = {.n = 0};

	if (p->path.flags & LEAT_PATH_UNORDERED) {
		words_add(&w,
			"lost where branches come together as they come: "
			"at ");
		words_stages(&w, p, LEAT_FACT_MIXES);
	} else if (!(p->path.flags & LEAT_PATH_SORTED)) {
		words_add(&w, "kept: that of '%s'",
			leat__cli_path_source(p)->name);
	}
	if (p->path.flags & LEAT_PATH_SORTED) {
		words_add(&w, "%sof its own behind ", w.n ? "; " : "");
		words_stages(&w, p, LEAT_FACT_SORTS);
	}
	words_print("order", &w);
}

static void
explain_copies(const struct leat__cli_path *p)
{
	struct words w = {.n = 0};

	if (path_has(p, LEAT_FACT_COPIES)) {
		words_add(&w, "of frames that other branches read too, at ");
		words_stages(&w, p, LEAT_FACT_COPIES);
	} else {
		words_add(&w, "none: frames are handed on");
	}
	if (path_has(p, LEAT_FACT_MAKES)) {
		words_add(&w, "; frames of their own fill ");
		words_stages(&w, p, LEAT_FACT_MAKES);
	}
	words_print("copies", &w);
}

static void
explain_memory(const struct leat__cli_path *p)
{
	struct words w = {.n = 0};
	char pool[32], side[32];

	words_add(&w, "at most %s of frames and %s beside them",
		leat__cli_bytes(p->path.pool_bytes, pool, sizeof(pool)),
		leat__cli_bytes(p->path.side_bytes, side, sizeof(side)));
	words_print("memory", &w);
}

static void
explain_waits(const struct leat__cli_path *p)
{
	const char *source = leat__cli_path_source(p)->name;
	const char *sink = leat__cli_path_sink(p)->name;
	struct words w = {.n = 0};

	if (p->path.flags & LEAT_PATH_STOPS) {
		words_add(&w, "a slow '%s' stops '%s'", sink, source);
	} else {
		words_add(&w, "a slow '%s' does not stop '%s': ", sink, source);
		words_stages(&w, p, LEAT_FACT_LETS_GO);
		words_add(&w, " goes on without it");
	}
	if (path_has(p, LEAT_FACT_SPILLS)) {
		words_add(
			&w, ", once the disk space is full that is given to ");
		words_stages(&w, p, LEAT_FACT_SPILLS);
	}
	words_print("slow sinks", &w);
	if (words_stages(&w, p, LEAT_FACT_BLOCKS))
		words_add(&w,
			" may wait for the outside world, on threads of "
			"their own");
	words_print("threads", &w);
	if (words_stages(&w, p, LEAT_FACT_ISOLATED))
		words_add(&w,
			" in a process of its own: a crash there is an "
			"error here");
	words_print("isolated", &w);
}

/* ---- a path -------------------------------------------------------------- */

static void
explain_stage(const struct leat_path_stage *st)
{
	char pool[32], side[32];

	printf("    %-16s %10s of frames %10s beside", st->name,
		leat__cli_bytes(st->pool_bytes, pool, sizeof(pool)),
		leat__cli_bytes(st->side_bytes, side, sizeof(side)));
	if (st->n_instances > 1)
		printf("  x %u, in order", st->n_instances);
	putchar('\n');
}

static void
explain_path(const struct leat__cli_path *p)
{
	printf("from '%s' to '%s'\n", leat__cli_path_source(p)->name,
		leat__cli_path_sink(p)->name);
	explain_delivery(p);
	explain_kill(p);
	explain_bad(p);
	explain_order(p);
	explain_copies(p);
	explain_waits(p);
	explain_memory(p);
	for (uint32_t k = 0; k < p->path.n_stages; k++)
		explain_stage(&p->stages[k]);
	putchar('\n');
}

/* Which sinks can stop a source, all of them at one place. */
static void
explain_stops(const struct leat__cli_paths *paths)
{
	struct words w = {.n = 0};

	for (uint32_t k = 0; k < paths->n; k++) {
		const struct leat__cli_path *p = &paths->paths[k];

		if (!(p->path.flags & LEAT_PATH_STOPS))
			continue;
		words_add(&w, "%s'%s' by '%s'", w.n ? ", " : "",
			leat__cli_path_source(p)->name,
			leat__cli_path_sink(p)->name);
	}
	if (!w.n)
		return;
	fputs("sources that sinks can stop: ", stdout);
	leat__cli_wrap(w.text, w.n, 29, 4);
}

/* ---- gathering ----------------------------------------------------------- */

/* false: no memory. */
static bool
path_gather(const struct leat_graph *graph, struct leat__cli_path *p)
{
	p->stages = calloc(p->path.n_stages, sizeof(*p->stages));
	if (!p->stages)
		return false;
	for (uint32_t j = 0; j < p->path.n_stages; j++)
		if (leat_path_stage(graph, &p->path, j, &p->stages[j]))
			return false;
	return true;
}

static bool
paths_gather(const struct leat_graph *graph, struct leat__cli_paths *paths)
{
	struct leat__cli_path p = {.stages = NULL};
	int rc;

	while ((rc = leat_graph_path(graph, paths->n, &p.path)) == LEAT_OK) {
		struct leat__cli_path *more = realloc(
			paths->paths, (paths->n + 1) * sizeof(*paths->paths));

		if (!more)
			return false;
		paths->paths = more;
		paths->paths[paths->n] = p;
		if (!path_gather(graph, &paths->paths[paths->n++]))
			return false;
	}
	return rc == LEAT_EINVAL;
}

static void
paths_free(struct leat__cli_paths *paths)
{
	for (uint32_t k = 0; k < paths->n; k++)
		free(paths->paths[k].stages);
	free(paths->paths);
}

/* ---- the command --------------------------------------------------------- */

static int
explain_all(struct leat__cli_graph *g, uint32_t format)
{
	struct leat__cli_paths paths = {.paths = NULL};
	char bytes[32];

	if (!paths_gather(g->graph, &paths)) {
		leat__cli_error("out of memory");
		paths_free(&paths);
		return LEAT__CLI_FAILED;
	}
	if (format == LEAT__CLI_FORMAT_JSON) {
		leat__cli_explain_json(&paths, g->graph);
	} else {
		for (uint32_t k = 0; k < paths.n; k++)
			explain_path(&paths.paths[k]);
		explain_stops(&paths);
		printf("the whole graph: at most %s; leat run --explain shows "
		       "where it goes\n",
			leat__cli_bytes(leat_graph_bound_bytes(g->graph), bytes,
				sizeof(bytes)));
	}
	paths_free(&paths);
	return leat__cli_flush();
}

int
leat__cli_explain(const struct leat__cli_args *args)
{
	struct leat__cli_graph g;
	int status = leat__cli_graph_open(args, &g);

	if (!status)
		status = leat__cli_graph_check(&g);
	if (!status)
		status = explain_all(&g, args->report);
	leat__cli_graph_close(&g);
	return status;
}
