/*
 * cli/client/top.h -- leat top: what is shown, how it is drawn, the terminal.
 */
#ifndef LEAT_SRC_CLI_TOP_H
#define LEAT_SRC_CLI_TOP_H

#include "cli.h"
#include "json.h"

/* By what rows are sorted; FLOW = in the order of the graph. */
enum leat__cli_column {
	LEAT__CLI_COLUMN_FLOW = 0,
	LEAT__CLI_COLUMN_NAME,
	LEAT__CLI_COLUMN_IN,
	LEAT__CLI_COLUMN_OUT,
	LEAT__CLI_COLUMN_BUSY,
	LEAT__CLI_COLUMN_STARVED,
	LEAT__CLI_COLUMN_BLOCKED,
	LEAT__CLI_COLUMN_IDLE,
	LEAT__CLI_COLUMN_P50,
	LEAT__CLI_COLUMN_P99,
	LEAT__CLI_COLUMN_QUEUE,
	LEAT__CLI_COLUMN_ERRORS,
	LEAT__CLI_COLUMN_DEAD,
	LEAT__CLI_COLUMNS
};

/* ---- top_model.c: rows of a look ---- */

#define LEAT__CLI_TOP_FILTER 64u

struct leat__cli_row {
	const char *name; /* of the look */
	uint32_t number;  /* in the graph's order */
	double values[LEAT__CLI_COLUMNS];
	double in_bytes, out_bytes; /* a second, for what has no records */
	bool has_queue;
	bool has_latency;
	bool is_done;
	bool is_culprit;
};

struct leat__cli_picture {
	const struct leat__cli_node *look;
	struct leat__cli_row *rows; /* that are shown, in their order */
	uint32_t n_rows;
	uint32_t n_hidden; /* by the filter */
};

/* How it is to be shown. */
struct leat__cli_view {
	enum leat__cli_column sort;
	bool is_reversed;
	char filter[LEAT__CLI_TOP_FILTER];
	uint32_t from; /* row at the top */
	bool is_paused;
	bool is_help;
	bool is_typing; /* the filter */
	/* the terminal */
	uint32_t width, height; /* height 0 = as much as there is */
	bool has_colour, has_utf8;
	const char *name; /* of the run */
	const char *job;
	const char *word; /* what is wrong, or "" */
};

const char *leat__cli_column_name(enum leat__cli_column column);
/* enum leat__cli_column, or -1 */
int leat__cli_top_column(const char *name);
/* false = no memory. To be freed in any case; look outlives it. */
bool leat__cli_picture_make(struct leat__cli_picture *picture,
	const struct leat__cli_node *look, const struct leat__cli_view *view);
void leat__cli_picture_free(struct leat__cli_picture *picture);

/* ---- top_draw.c ---- */

/* Lines, each ended by a newline; of a width of columns. To be freed; NULL = no
 * memory. */
char *leat__cli_top_draw(const struct leat__cli_picture *picture,
	const struct leat__cli_view *view);

/* ---- screen.c: a terminal, taken and given back ---- */

struct leat__cli_screen;

/* Keys come one by one and unseen, signals out of a file, and the picture is
 * beside what was there. NULL after it was told: this is no terminal. */
struct leat__cli_screen *leat__cli_screen_open(void);
/* As it was before. NULL is accepted. */
void leat__cli_screen_close(struct leat__cli_screen *screen);
void leat__cli_screen_size(uint32_t *width_out, uint32_t *height_out);
/* Show these lines, in the place of what is there. */
void leat__cli_screen_show(struct leat__cli_screen *screen, const char *lines);

enum leat__cli_key {
	LEAT__CLI_KEY_NONE = 0, /* the time is over */
	LEAT__CLI_KEY_RESIZE,
	LEAT__CLI_KEY_END,   /* by a signal, or nobody types any more */
	LEAT__CLI_KEY_OTHER, /* one of the file that was given is readable */
	LEAT__CLI_KEY_UP,
	LEAT__CLI_KEY_DOWN,
	LEAT__CLI_KEY_PAGE_UP,
	LEAT__CLI_KEY_PAGE_DOWN,
	LEAT__CLI_KEY_FIRST = 32 /* characters are themselves from here on */
};

#define LEAT__CLI_KEY_ESCAPE    27
#define LEAT__CLI_KEY_ENTER     13
#define LEAT__CLI_KEY_BACKSPACE 127

/* Wait for a key, for a file to be readable (-1 = none), or until then. */
int leat__cli_screen_key(
	struct leat__cli_screen *screen, int fd, int64_t deadline_ns);
/* The signal that ended it; 0 = none. */
int leat__cli_screen_signal(const struct leat__cli_screen *screen);

#endif
