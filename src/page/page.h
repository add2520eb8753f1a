/*
 * page/page.h -- what the files that answer a path have in common.
 */
#ifndef LEAT_SRC_PAGE_PAGE_H
#define LEAT_SRC_PAGE_PAGE_H

#include "run/run.h"
#include "watch/json.h"
#include <leat/page.h>

struct leat__page {
	struct leat_graph *graph; /* that was started */
	const struct leat_page_opts *opts;
	struct leat__json j;
};

/* What holds a graph up, in a sentence. */
enum leat__page_why_kind {
	LEAT__PAGE_WHY_FLOW = 0, /* nothing does */
	LEAT__PAGE_WHY_SLOW,     /* a stage that others wait for */
	LEAT__PAGE_WHY_STALL,    /* it stands still */
	LEAT__PAGE_WHY_DRAIN,
	LEAT__PAGE_WHY_OVER
};

#define LEAT__PAGE_WHY_BYTES 1024u

struct leat__page_why {
	enum leat__page_why_kind kind;
	uint32_t stage; /* whose fault it is; LEAT_LOAD_NONE */
	char text[LEAT__PAGE_WHY_BYTES];
};

/* conceal.c: in place of what nobody is to see stands ***. */
void leat__page_conceal(
	const struct leat__page *p, const char *name, char *text, size_t n);

/* graph.c, look.c, stage.c, link.c, why.c: one object each */
void leat__page_graph(struct leat__page *p);
void leat__page_look(struct leat__page *p);
void leat__page_stage(struct leat__page *p, uint32_t stage);
void leat__page_link(struct leat__page *p, uint32_t link);
void leat__page_why(struct leat__page *p);

void leat__page_why_find(
	const struct leat__page *p, struct leat__page_why *why_out);
/* "why": {...} */
void leat__page_why_put(struct leat__page *p, const char *name);
/* Shares of its time: members of the object that is open. */
void leat__page_shares(
	struct leat__page *p, const struct leat_load_shares *shares);

#endif
