/*
 * cli/leaks.c -- what is not given back: told while it grows, and by
 * --leak-check at the end.
 *
 * Of the process the open descriptors are counted, before the graph is made and
 * when it is gone; of the graph the library knows the rest, by who made it.
 */
#include <dirent.h>
#include <unistd.h>

#include "cli.h"

#define LEAKS_TICK_NS INT64_C(1000000000)
#define LEAKS_FOLDER  "/proc/self/fd"

/* The folder that is read is one of them. 0 = there is no way to know. */
static uint32_t
leaks_count_files(void)
{
	DIR *folder = opendir(LEAKS_FOLDER);
	uint32_t n = 0;

	if (!folder)
		return 0;
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

void
leat__cli_leaks_begin(struct leat__cli_leaks *l)
{
	l->n_files = leaks_count_files();
}

void
leat__cli_leaks_watch(struct leat__cli_leaks *l, const struct leat_graph *graph,
	bool is_check)
{
	l->is_check = is_check;
	if (leat_growth_create(graph, NULL, &l->growth, NULL))
		l->growth = NULL; /* no memory: nobody is told */
	l->next_ns = leat_now_ns() + LEAKS_TICK_NS;
}

void
leat__cli_leaks_tick(struct leat__cli_leaks *l)
{
	struct leat_growth_report report;
	int64_t now_ns = leat_now_ns();

	if (!l->growth || now_ns < l->next_ns)
		return;
	l->next_ns = now_ns + LEAKS_TICK_NS;
	leat_growth_tick(l->growth, now_ns);
	while (leat_growth_next(l->growth, &report))
		leat__cli_say("more and more %s: %llu, and %llu %.0f s ago "
			      "(%s)",
			leat_leak_text(report.kind),
			(unsigned long long)report.n_now,
			(unsigned long long)report.n_first,
			(double)report.over_ns / 1e9, report.creator);
}

bool
leat__cli_leaks_of_graph(
	struct leat__cli_leaks *l, const struct leat_graph *graph)
{
	struct leat_error err = {0};

	leat_growth_destroy(l->growth);
	l->growth = NULL;
	if (!l->is_check || leat_graph_leaks(graph, &err) == LEAT_OK)
		return true;
	leat__cli_error("leak check: %s", err.text);
	return false;
}

bool
leat__cli_leaks_of_process(const struct leat__cli_leaks *l)
{
	uint32_t n = l->is_check ? leaks_count_files() : 0;

	if (n <= l->n_files)
		return true;
	leat__cli_error("leak check: %u more open files than before the run",
		n - l->n_files);
	return false;
}
