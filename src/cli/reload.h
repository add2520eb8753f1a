/*
 * cli/reload.h -- a graph that runs becomes that of its file, as it is now.
 */
#ifndef LEAT_SRC_CLI_RELOAD_H
#define LEAT_SRC_CLI_RELOAD_H

#include "cli.h"

#define LEAT__CLI_RELOAD_WHO "reload" /* in the record of changes */

struct leat__cli_reload_item;

struct leat__cli_reload {
	const struct leat__cli_args *args; /* of the command line */
	const struct leat__cli_graph *g;   /* that runs */
	struct leat__cli_graph next;       /* while there are items */
	struct leat__cli_reload_item *items;
	uint32_t n;
	uint32_t n_refused;
	uint32_t n_of_run; /* of them, not of the graph */
	bool needs_pause;
	bool is_paused; /* it waits until all has arrived */
	int64_t until_ns;
	bool has_failed; /* the last one */
};

/* args: as the command line says; g: what was made of them, and runs. */
void leat__cli_reload_open(struct leat__cli_reload *r,
	const struct leat__cli_args *args, const struct leat__cli_graph *g);
/* Is there a file that it can be read from again? */
bool leat__cli_reload_has_file(const struct leat__cli_reload *r);
/*
 * Read the file again, say what is another, and change it, or begin to: then
 * is_paused, and leat__cli_reload_tick() does the rest. A mistake, or what
 * cannot change while the graph runs, is said, and nothing changes. While one
 * is under way it does nothing.
 */
void leat__cli_reload(struct leat__cli_reload *r);
/* Now and then, while is_paused. */
void leat__cli_reload_tick(struct leat__cli_reload *r);
/* Before the graph is destroyed. */
void leat__cli_reload_close(struct leat__cli_reload *r);

#endif
