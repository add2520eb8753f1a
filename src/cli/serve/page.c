/*
 * cli/serve/page.c -- leat run --page: what its server shows, and what it is
 * asked.
 *
 * The thread that waits for the graph looks at it five times a second, and once
 * a second tells those that listen; the server's thread asks for what was seen.
 * One lock stands between the two.
 */
#include "page.h"

#ifdef LEAT_WITH_MICROHTTPD

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_TICK_NS INT64_C(200000000)
#define PAGE_LOOK_NS INT64_C(1000000000)

/* ---- looking ------------------------------------------------------------ */

static void
page_conceal(void *user, char *text, size_t n_bytes)
{
	leat__cli_job_mask(user, text, n_bytes);
}

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	fwrite(text, 1, n_bytes, user);
}

static int
page_fill(struct leat__cli_page *page, const char *path, FILE *to)
{
	struct leat_page_opts opts = {LEAT_OPTS_INIT(leat_page_opts),
		.load = page->load, .dog = page->dog, .stall = &page->stall,
		.conceal = page_conceal, .user = page->job};
	int code;

	pthread_mutex_lock(&page->lock);
	code = leat_page_write(page->graph, path, &opts, page_write, to, NULL);
	pthread_mutex_unlock(&page->lock);
	return code;
}

char *
leat__cli_page_text(struct leat__cli_page *page, const char *path)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	int code;

	if (!to)
		return NULL;
	code = page_fill(page, path, to);
	if (fclose(to) == 0 && !code)
		return text;
	free(text);
	return NULL;
}

void
leat__cli_page_ask(struct leat__cli_page *page, enum leat__cli_wish asked)
{
	pthread_mutex_lock(&page->lock);
	if (page->asked != LEAT__CLI_WISH_CANCEL)
		page->asked = asked;
	pthread_mutex_unlock(&page->lock);
}

static void
page_tell(struct leat__cli_page *page, int64_t now_ns)
{
	char *text;

	page->next_look_ns = now_ns + PAGE_LOOK_NS;
	if (!leat__cli_events_is_wanted(&page->events))
		return;
	text = leat__cli_page_text(page, "/api/stats");
	if (text)
		leat__cli_events_tell(&page->events, text);
	free(text);
}

enum leat__cli_wish
leat__cli_page_tick(struct leat__cli_page *page)
{
	int64_t now_ns = leat_now_ns();
	enum leat__cli_wish asked;

	if (!page || now_ns < page->next_ns)
		return LEAT__CLI_WISH_NONE;
	page->next_ns = now_ns + PAGE_TICK_NS;
	pthread_mutex_lock(&page->lock);
	leat_load_tick(page->load, now_ns);
	leat_watchdog_tick(page->dog, now_ns, &page->stall);
	leat__cli_page_rows_tick(page, now_ns);
	asked = page->asked;
	page->asked = LEAT__CLI_WISH_NONE;
	pthread_mutex_unlock(&page->lock);
	leat__cli_crowd_tick(&page->crowd);
	if (now_ns >= page->next_look_ns)
		page_tell(page, now_ns);
	return asked;
}

/* ---- life --------------------------------------------------------------- */

/* Names that mean every address are no names of this host. */
static void
page_name(struct leat__cli_page *page, const char *address)
{
	if (!leat__cli_listen_host(address, page->host, sizeof(page->host)))
		page->host[0] = '\0';
}

static int
page_failed(struct leat__cli_page *page, const char *words)
{
	leat__cli_error("--page: %s", words);
	leat__cli_page_end(page);
	return LEAT__CLI_FAILED;
}

static struct leat__cli_page *
page_create(int fd)
{
	struct leat__cli_page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->fd = fd;
	pthread_mutex_init(&page->lock, NULL);
	leat__cli_crowd_init(&page->crowd);
	return page;
}

static void
page_say(const struct leat__cli_page *page)
{
	char where[LEAT__CLI_ADDRESS_BYTES];

	if (leat__cli_listen_where(page->fd, where, sizeof(where)))
		leat__cli_say(
			"page at http://%s/#token=%s", where, page->token);
}

int
leat__cli_page_open(
	struct leat__cli_page **page_out, const struct leat__cli_args *args)
{
	struct leat__cli_page *page;
	struct leat_page_html html;
	struct leat_error err;
	int fd;

	if (!args->page)
		return 0;
	if (leat_page_html(&html, &err)) {
		leat__cli_error("--page: %s", err.text);
		return LEAT__CLI_USAGE;
	}
	fd = leat__cli_listen("page", args->page);
	if (fd < 0)
		return LEAT__CLI_USAGE;
	page = page_create(fd);
	if (!page) {
		leat__cli_error("--page: no memory");
		close(fd);
		return LEAT__CLI_FAILED;
	}
	page->html = html;
	page_name(page, args->page);
	if (leat__cli_events_init(&page->events, &page->crowd) ||
		leat__cli_page_token(page->token))
		return page_failed(page, "no random numbers, or no files left");
	if (!args->is_quiet)
		page_say(page);
	*page_out = page;
	return 0;
}

int
leat__cli_page_start(
	struct leat__cli_page *page, const struct leat__cli_graph *g)
{
	if (!page)
		return 0;
	page->graph = g->graph;
	page->job = g->job;
	if (leat_load_create(g->graph, NULL, &page->load, NULL) ||
		leat_watchdog_create(g->graph, &page->dog, NULL)) {
		leat__cli_error("--page: no memory");
		return LEAT__CLI_FAILED;
	}
	return leat__cli_page_serve(page);
}

/* Those that listen are told how it ended. */
static void
page_finish(struct leat__cli_page *page)
{
	char *text;

	pthread_mutex_lock(&page->lock);
	leat_load_tick(page->load, leat_now_ns());
	pthread_mutex_unlock(&page->lock);
	text = leat__cli_page_text(page, "/api/stats");
	leat__cli_events_end(&page->events, text);
	free(text);
	leat__cli_page_unserve(page);
}

void
leat__cli_page_end(struct leat__cli_page *page)
{
	if (!page)
		return;
	if (page->daemon)
		page_finish(page);
	if (page->fd >= 0)
		close(page->fd);
	leat__cli_page_rows_end(page);
	leat_watchdog_destroy(page->dog);
	leat_load_destroy(page->load);
	leat__cli_events_fini(&page->events);
	leat__cli_crowd_fini(&page->crowd);
	pthread_mutex_destroy(&page->lock);
	free(page);
}

#else

int
leat__cli_page_open(
	struct leat__cli_page **page_out, const struct leat__cli_args *args)
{
	(void)page_out;
	if (!args->page)
		return 0;
	leat__cli_error("--page: built without libmicrohttpd "
			"(LEAT_WITH_MICROHTTPD)");
	return LEAT__CLI_USAGE;
}

int
leat__cli_page_start(
	struct leat__cli_page *page, const struct leat__cli_graph *g)
{
	(void)page;
	(void)g;
	return 0;
}

enum leat__cli_wish
leat__cli_page_tick(struct leat__cli_page *page)
{
	(void)page;
	return LEAT__CLI_WISH_NONE;
}

void
leat__cli_page_end(struct leat__cli_page *page)
{
	(void)page;
}

#endif
