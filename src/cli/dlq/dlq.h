/*
 * cli/dlq/dlq.h -- leat dlq: dead letters, looked at, tried again, dropped.
 */
#ifndef LEAT_SRC_CLI_DLQ_H
#define LEAT_SRC_CLI_DLQ_H

#include "cli.h"

/* ---- filter.c ---- */

/* Letters that the command line is about, as they come by. */
struct leat__cli_filter {
	const struct leat__cli_args *args;
	uint64_t n_matched;
};

/* Is it meant? Those over --limit are not. */
bool leat__cli_filter_takes(
	struct leat__cli_filter *filter, const struct leat_letter *letter);
/* Is anything left out? */
bool leat__cli_filter_is_given(const struct leat__cli_args *args);
/* "2026-03-01", "2026-03-01T12:00", "90m", "2h", "7d" before now. */
bool leat__cli_since_parse(const char *text, int64_t *time_ns_out);

/* ---- lock.c ---- */

/* A file beside the letters, which one command at a time has. */
struct leat__cli_lock {
	char *path;
	int fd;
};

/* Exit status; told. Ended by drop in any case. */
int leat__cli_lock_take(struct leat__cli_lock *lock, const char *letters);
void leat__cli_lock_drop(struct leat__cli_lock *lock);

/* ---- letters.c: letters in memory ---- */

struct leat__cli_letter {
	struct leat_letter letter; /* points behind itself */
	char *path;                /* of the store that it was meant for */
	const char *name;          /* as a file: "letter ID" */
	bool is_given;             /* all of it has gone into the graph */
	const struct leat__cli_letter *again; /* that it became; NULL = none */
};

struct leat__cli_letters {
	struct leat__cli_letter **at;     /* in the order of their coming */
	struct leat__cli_letter **sorted; /* by id; of the first n_sorted */
	size_t n, n_room, n_sorted;
	uint64_t n_bytes;
};

#define LEAT__CLI_LETTERS_BYTES_MAX (256u << 20)

/* LEAT_OK, LEAT_ENOMEM, LEAT_ELIMIT. path may be NULL. */
int leat__cli_letters_add(struct leat__cli_letters *letters,
	const struct leat_letter *letter, const char *path);
/* Before they are looked for. LEAT_OK or LEAT_ENOMEM. */
int leat__cli_letters_sort(struct leat__cli_letters *letters);
struct leat__cli_letter *leat__cli_letters_find(
	const struct leat__cli_letters *letters, const char *id);
/* Of those whose name this is; as an origin. */
struct leat__cli_letter *leat__cli_letters_find_name(
	const struct leat__cli_letters *letters, const char *name);
void leat__cli_letters_free(struct leat__cli_letters *letters);

/* ---- export.c ---- */

/* The records as a text, with the first line of their sources. Exit status. */
int leat__cli_dlq_export(
	const struct leat__cli_args *args, struct leat_dead *dead);

/* ---- source.c: a source that gives letters ---- */

struct leat__cli_feed;

/* Ended by destroy. NULL: no memory. */
struct leat__cli_feed *leat__cli_feed_create(struct leat__cli_letters *letters);
void leat__cli_feed_destroy(struct leat__cli_feed *feed);
/* The stages of a graph whose source gives letters, and whose own dead letters
 * are gathered. */
const struct leat_stage_set *leat__cli_feed_set(struct leat__cli_feed *feed);
/* Before the check. A code of leat_ctx_set_value(). */
int leat__cli_feed_attach(
	struct leat__cli_feed *feed, struct leat_graph *graph);
/* How many sources it has been. */
uint32_t leat__cli_feed_n_sources(const struct leat__cli_feed *feed);
/* Letters that the graph has made. */
struct leat__cli_letters *leat__cli_feed_failed(struct leat__cli_feed *feed);

/* ---- retry.c ---- */

int leat__cli_dlq_retry(const struct leat__cli_args *args);

#endif
