/*
 * page/write.c -- which path is answered by what.
 *
 * Keeps: nothing is written before it is known that the path is good.
 * Threads: any; the graph's own go on.
 */
#include <stddef.h>
#include <string.h>

#include "page/page.h"

/* "/api/stage/12": the number behind the prefix, in its shortest form. */
static bool
path_number(const char *path, const char *prefix, uint32_t limit, uint32_t *out)
{
	size_t n = strlen(prefix);
	uint64_t value = 0;

	if (strncmp(path, prefix, n) != 0 || !path[n] ||
		(path[n] == '0' && path[n + 1]))
		return false;
	for (path += n; *path >= '0' && *path <= '9' && value < limit; path++)
		value = 10 * value + (uint64_t)(*path - '0');
	*out = (uint32_t)value;
	return !*path && value < limit;
}

static bool
write_numbered(struct leat__page *p, const char *path)
{
	uint32_t k;

	if (path_number(path, "/api/stage/", p->graph->n_stages, &k))
		leat__page_stage(p, k);
	else if (path_number(path, "/api/link/", p->graph->n_links, &k))
		leat__page_link(p, k);
	else
		return false;
	return true;
}

static void
write_contexts(struct leat__page *p)
{
	/* the flag is known */
	(void)!leat_ctx_dump(leat_graph_ctx(p->graph), LEAT_DUMP_JSON, 0,
		p->j.write, p->j.user);
}

static bool
write_path(struct leat__page *p, const char *path)
{
	static const struct {
		const char *path;
		void (*write)(struct leat__page *p);
	} paths[] = {{"/api/graph", leat__page_graph},
		{"/api/stats", leat__page_look}, {"/api/why", leat__page_why},
		{"/api/contexts", write_contexts}};

	for (size_t k = 0; k < leat__array_len(paths); k++) {
		if (strcmp(path, paths[k].path) != 0)
			continue;
		paths[k].write(p);
		return true;
	}
	return write_numbered(p, path);
}

int
leat_page_write(struct leat_graph *graph, const char *path,
	const struct leat_page_opts *opts, leat_write_fn write, void *user,
	struct leat_error *err)
{
	struct leat_page_opts full;
	struct leat__page p = {.graph = graph, .opts = &full};

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_page_opts", err));
	if (full.flags)
		return leat__error(err, LEAT_EINVAL,
			"page flags are 0x%x; none is known", full.flags);
	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"page: this graph has not been started");
	leat__json_init(&p.j, write, user);
	if (!write_path(&p, path))
		return leat__error(err, LEAT_EINVAL,
			"page: no path '%.80s'; there are /api/graph, "
			"/api/stats, /api/stage/N, /api/link/N, /api/why and "
			"/api/contexts",
			path);
	leat__json_end(&p.j);
	return LEAT_OK;
}
