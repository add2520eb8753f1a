/*
 * cli/watch.c -- what stands still, and what the server of --metrics answers.
 *
 * The thread that waits for the graph looks at it five times a second; the
 * server's thread asks for what was seen. One lock stands between the two.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define WATCH_TICK_NS       INT64_C(200000000)
#define WATCH_TELL_NS       UINT64_C(10000000000)
#define WATCH_STALL_SECONDS 30u
#define WATCH_WHY_BYTES     1024u

struct leat__cli_watch {
	struct leat_graph *graph;
	struct leat__cli_http *http; /* NULL = none */
	uint64_t stall_ns;           /* /healthz fails from then on */
	int64_t next_ns;
	bool is_told; /* of what stands still now */
	bool is_quiet;
	pthread_mutex_t lock;
	/* guarded by it: */
	struct leat_load *load;
	struct leat_watchdog *dog;
	struct leat_stall stall;
	bool is_draining;
};

/* ---- looking ------------------------------------------------------------ */

static void
watch_words(const struct leat__cli_watch *watch,
	const struct leat__cli_progress_state *p)
{
	char why[WATCH_WHY_BYTES];
	double seconds = (double)watch->stall.ns / 1e9;

	leat_watchdog_why(watch->dog, why, sizeof(why));
	if (p->kind == LEAT__CLI_PROGRESS_JSON)
		fprintf(stderr,
			"{\"seconds\":%.3f,\"stalled_seconds\":%.3f,"
			"\"why\":\"%s\"}\n",
			(double)(leat_now_ns() - p->start_ns) / 1e9, seconds,
			why);
	else
		leat__cli_say("no progress for %.0f s: %s", seconds, why);
}

static void
watch_tell(struct leat__cli_watch *watch, struct leat__cli_progress_state *p)
{
	if (watch->stall.ns < WATCH_TELL_NS) {
		watch->is_told = false;
		return;
	}
	if (watch->is_told ||
		(watch->is_quiet && p->kind == LEAT__CLI_PROGRESS_NONE))
		return;
	watch->is_told = true;
	leat__cli_progress_clear(p);
	watch_words(watch, p);
}

void
leat__cli_watch_tick(struct leat__cli_watch *watch,
	struct leat__cli_progress_state *p, bool is_draining)
{
	int64_t now_ns = leat_now_ns();

	if (now_ns < watch->next_ns)
		return;
	watch->next_ns = now_ns + WATCH_TICK_NS;
	pthread_mutex_lock(&watch->lock);
	leat_load_tick(watch->load, now_ns);
	leat_watchdog_tick(watch->dog, now_ns, &watch->stall);
	watch->is_draining = is_draining;
	watch_tell(watch, p);
	pthread_mutex_unlock(&watch->lock);
	leat__cli_http_tick(watch->http);
}

/* ---- answers ------------------------------------------------------------ */

struct page {
	char *text;
	size_t n_bytes, max_bytes;
	bool is_short; /* of memory */
};

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	struct page *page = user;
	size_t max = page->max_bytes ? page->max_bytes : 16384;
	char *bigger;

	if (page->is_short)
		return;
	while (max < page->n_bytes + n_bytes)
		max *= 2;
	if (max > page->max_bytes) {
		bigger = realloc(page->text, max);
		page->is_short = !bigger;
		if (!bigger)
			return;
		page->text = bigger;
		page->max_bytes = max;
	}
	memcpy(page->text + page->n_bytes, text, n_bytes);
	page->n_bytes += n_bytes;
}

static uint32_t
answer_metrics(
	struct leat__cli_watch *watch, bool is_open_metrics, struct page *page)
{
	struct leat_metrics_opts opts = {LEAT_OPTS_INIT(leat_metrics_opts),
		.flags = is_open_metrics ? LEAT_METRICS_OPENMETRICS : 0,
		.load = watch->load, .stall = &watch->stall};

	return leat_metrics_write(watch->graph, &opts, page_write, page, NULL)
		? 500
		: 200;
}

static uint32_t
answer_health(struct leat__cli_watch *watch, struct page *page)
{
	char why[WATCH_WHY_BYTES + 64];
	int n;

	if (watch->stall.ns < watch->stall_ns) {
		page_write(page, "ok\n", 3);
		return 200;
	}
	n = snprintf(why, sizeof(why),
		"no progress for %.0f s: ", (double)watch->stall.ns / 1e9);
	page_write(page, why, (size_t)n);
	leat_watchdog_why(watch->dog, why, WATCH_WHY_BYTES);
	page_write(page, why, strlen(why));
	page_write(page, "\n", 1);
	return 503;
}

static uint32_t
answer_ready(struct leat__cli_watch *watch, struct page *page)
{
	const char *text = watch->is_draining ? "draining\n" : "ready\n";

	page_write(page, text, strlen(text));
	return watch->is_draining ? 503 : 200;
}

static uint32_t
answer_index(struct page *page)
{
	static const char text[] = "leat: /metrics /healthz /readyz\n";

	page_write(page, text, strlen(text));
	return 200;
}

/* 0: no such path. */
static uint32_t
answer_locked(struct leat__cli_watch *watch, const char *path,
	bool is_open_metrics, struct page *page)
{
	if (strcmp(path, "/metrics") == 0)
		return answer_metrics(watch, is_open_metrics, page);
	if (strcmp(path, "/healthz") == 0)
		return answer_health(watch, page);
	if (strcmp(path, "/readyz") == 0)
		return answer_ready(watch, page);
	return strcmp(path, "/") == 0 ? answer_index(page) : 0;
}

bool
leat__cli_watch_answer(struct leat__cli_watch *watch, const char *path,
	bool is_open_metrics, struct leat__cli_answer *answer_out)
{
	bool is_metrics = strcmp(path, "/metrics") == 0;
	struct page page = {0};

	memset(answer_out, 0, sizeof(*answer_out));
	pthread_mutex_lock(&watch->lock);
	answer_out->status = answer_locked(watch, path, is_open_metrics, &page);
	pthread_mutex_unlock(&watch->lock);
	if (page.is_short) {
		free(page.text);
		return true;
	}
	answer_out->type = !is_metrics ? "text/plain; charset=utf-8"
		: is_open_metrics
		? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		: "text/plain; version=0.0.4; charset=utf-8";
	answer_out->text = page.text;
	answer_out->n_bytes = page.n_bytes;
	return answer_out->status != 0;
}

/* ---- life --------------------------------------------------------------- */

static int
watch_no_memory(void)
{
	leat__cli_error("no memory to watch the graph");
	return LEAT__CLI_FAILED;
}

int
leat__cli_watch_open(
	struct leat__cli_watch **watch_out, const struct leat__cli_args *args)
{
	struct leat__cli_watch *watch = calloc(1, sizeof(*watch));
	int status = 0;

	if (!watch)
		return watch_no_memory();
	watch->stall_ns = (args->stall_seconds ? args->stall_seconds
					       : WATCH_STALL_SECONDS) *
		UINT64_C(1000000000);
	watch->is_quiet = args->is_quiet;
	pthread_mutex_init(&watch->lock, NULL);
	if (args->metrics)
		status = leat__cli_http_open(
			&watch->http, args->metrics, watch, args->is_quiet);
	if (status)
		leat__cli_watch_end(watch);
	else
		*watch_out = watch;
	return status;
}

int
leat__cli_watch_start(struct leat__cli_watch *watch, struct leat_graph *graph)
{
	watch->graph = graph;
	if (leat_load_create(graph, NULL, &watch->load, NULL) ||
		leat_watchdog_create(graph, &watch->dog, NULL))
		return watch_no_memory();
	return watch->http ? leat__cli_http_start(watch->http) : 0;
}

void
leat__cli_watch_end(struct leat__cli_watch *watch)
{
	if (!watch)
		return;
	leat__cli_http_end(watch->http);
	leat_watchdog_destroy(watch->dog);
	leat_load_destroy(watch->load);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}
