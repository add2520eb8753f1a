/*
 * cli/dev/dev.h -- leat dev: a graph run on a sample, and the rows of its
 * links.
 */
#ifndef LEAT_SRC_CLI_DEV_H
#define LEAT_SRC_CLI_DEV_H

#include "cli.h"

#define LEAT__DEV_ROWS_MAX 50u /* that are kept of a link */

/* What went over a link; one stage writes it while the graph runs. */
struct leat__dev_look {
	char from[LEAT_ERROR_STAGE_BYTES];
	char to[LEAT_ERROR_STAGE_BYTES];
	uint32_t layout;
	uint64_t n_items, n_bytes;
	char *head; /* names of columns, by \1; NULL = none */
	char *rows[LEAT__DEV_ROWS_MAX]; /* values, by \1 */
	uint32_t n_rows;
};

struct leat__dev {
	const struct leat__cli_args *args;
	struct leat__dev_look *looks;
	uint32_t n_looks;
	uint32_t n_shown; /* rows of each */
	struct leat_stage_set set;
	const struct leat_stage_ops **stages; /* of the set */
	struct leat_stage_ops *sinks; /* in the place of those there are */
	const struct leat_dead_ops **stores;
};

/* stages.c: what the graph is made of instead. false: no memory. */
bool leat__dev_stages_make(struct leat__dev *dev);
void leat__dev_stages_free(struct leat__dev *dev);
/* The graph's looks are these. LEAT_OK or LEAT_ENOMEM. */
int leat__dev_stages_bind(struct leat__dev *dev, struct leat_graph *graph);
void leat__dev_looks_free(struct leat__dev *dev);

/* text.c: what leat_graph_show wrote, with a look at every link, and the
 * first rows of each source. To be freed; NULL = no memory. */
char *leat__dev_text(
	const char *shown, uint64_t n_sample, uint32_t *n_looks_out);
/* Between which stages the looks are, by what leat_graph_write_dot wrote. */
void leat__dev_label(struct leat__dev *dev, const char *dot);

/* table.c */
void leat__dev_print(const struct leat__dev *dev);

/* ---- watch.c: files that change ------------------------------------- */

#define LEAT__DEV_FILES_MAX 64u

struct leat__dev_watch;

/* NULL: no memory. */
struct leat__dev_watch *leat__dev_watch_make(void);
void leat__dev_watch_free(struct leat__dev_watch *watch);
/* Watch it too, as it is now; one that is watched stays as it was seen. */
void leat__dev_watch_add(struct leat__dev_watch *watch, const char *path);
/* What to poll for, or -1: then look every now and then. */
int leat__dev_watch_fd(const struct leat__dev_watch *watch);
/* Has one of them changed, and come to rest? Waits for that a little. */
bool leat__dev_watch_changed(struct leat__dev_watch *watch);

#endif
