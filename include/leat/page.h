/*
 * leat/page.h -- what a running graph is like, for a browser.
 *
 * A page of HTML draws the graph with its rates, queues and the stage that
 * holds it up; what it shows comes as JSON from the server that it came from.
 * `leat run --page` is such a server. One of an application answers
 *
 *	GET /             what leat_page_html() gives, with its policy
 *	GET /api/...      what leat_page_write() writes for the path
 *	GET /api/events   text/event-stream: each second "event: look", and as
 *	                  data what is written for /api/stats
 *	POST /api/drain   and /api/cancel, if it lets the page do so
 */
#ifndef LEAT_PAGE_H
#define LEAT_PAGE_H

#include <leat/base.h>
#include <leat/graph.h>
#include <leat/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The page: one file that asks for nothing from elsewhere. */
struct leat_page_html {
	const char *text;      /*                                     [lent] */
	size_t n_bytes;        /* of text */
	const uint8_t *packed; /* the same, by gzip                   [lent] */
	size_t n_packed;
	/* for the header Content-Security-Policy: its own script and style,
	 * and no other                                               [lent] */
	const char *policy;
};

/**
 * The page that was built in.
 *
 * @return LEAT_OK, or LEAT_ENOTSUP: built without it (LEAT_WITH_PAGE).
 *
 * Threads: any. Waits: no. Allocates: no.
 */
LEAT_API LEAT_MUST_CHECK int leat_page_html(
	struct leat_page_html *html_out, struct leat_error *err);

struct leat_page_opts {
	uint32_t size;  /* by LEAT_OPTS_INIT(leat_page_opts) */
	uint32_t flags; /* none yet */
	/* adds shares and who is slow, as of its last look; or NULL [lent] */
	const struct leat_load *load;
	/* add what stands still, as of the last look; or NULL       [lent] */
	const struct leat_watchdog *dog;
	const struct leat_stall *stall;
	/* called with each value of an option and each text of an error, to
	 * put *** in place of what nobody is to see; NULL = nothing is */
	void (*conceal)(void *user, char *text, size_t n_bytes);
	void *user;
};

/**
 * Write as JSON, in one line, what is to be answered for a path:
 *
 *	/api/graph     stages with their options and guards, and links
 *	/api/stats     counters, shares, links: what changes; and the revision
 *	               of the graph: while it is that of a /api/graph, that is
 *	               still so
 *	/api/stage/N   all of one stage, with its histograms
 *	/api/link/N    all of one link
 *	/api/why       what holds the graph up, in a sentence
 *	/api/contexts  the tree of contexts; in several lines
 *
 * docs/page.md says what is in them. Values of options whose name is password,
 * secret, token or the like, and passwords in URLs, are written as ***.
 *
 * @param write  called with pieces of up to 512 bytes
 *
 * @return LEAT_OK, LEAT_EINVAL (no such path), LEAT_ENOTSUP, LEAT_ESTATE (not
 * started). On an error nothing was written.
 *
 * Threads: any. Waits: no. Allocates: no; needs 32 KiB of stack.
 * Cost: O(stages), of contexts O(contexts).
 */
LEAT_API LEAT_MUST_CHECK int leat_page_write(struct leat_graph *graph,
	const char *path, const struct leat_page_opts *opts,
	leat_write_fn write, void *user, struct leat_error *err);

#ifdef __cplusplus
}
#endif
#endif
