/*
 * cli/cli.h -- the leat command: a client of the public headers only.
 *
 * One table of commands (main.c) and one of options (args.c) are what
 * parsing, --help, `leat help`, the manual page and "did you mean" all come
 * from. Results go to stdout, everything said to people to stderr. One thread.
 */
#ifndef LEAT_SRC_CLI_CLI_H
#define LEAT_SRC_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <leat/leat.h>

/* Exit statuses. */
enum leat__cli_status {
	LEAT__CLI_DONE = 0,
	LEAT__CLI_FAILED = 1,  /* data or run error */
	LEAT__CLI_USAGE = 2,   /* bad graph text, bad option, unknown column */
	LEAT__CLI_STOPPED = 3, /* drained or canceled by a signal */
	LEAT__CLI_UNBALANCED = 4
};

enum leat__cli_progress {
	LEAT__CLI_PROGRESS_AUTO = 0, /* bar on a terminal, else none */
	LEAT__CLI_PROGRESS_BAR,
	LEAT__CLI_PROGRESS_PLAIN,
	LEAT__CLI_PROGRESS_JSON,
	LEAT__CLI_PROGRESS_NONE
};

/* What the command line says. */
struct leat__cli_args {
	char **words; /* that are no options */
	uint32_t n_words;
	const char *file;                  /* graph text comes from here */
	uint64_t workers;                  /* 0 = one per core */
	uint64_t memory_bytes;             /* 0 = no limit */
	uint32_t progress;                 /* enum leat__cli_progress */
	uint32_t schedule;                 /* LEAT_SCHEDULE_* */
	const char *dead_letters;          /* FILE; NULL = none */
	uint32_t weights[LEAT_PRIORITIES]; /* 0 = as the library has it */
	bool is_explain;
	bool is_quiet;
	bool is_json;
	bool is_dot;
	bool is_man;
	bool is_help;
};

struct leat__cli_command {
	const char *name;
	uint32_t bit;     /* of its options in leat__cli_options */
	const char *args; /* as shown in usage lines */
	const char *summary;
	const char *help; /* paragraphs, indented by two */
	int (*run)(const struct leat__cli_args *args); /* exit status */
};

#define LEAT__CLI_RUN     (1u << 0)
#define LEAT__CLI_CHECK   (1u << 1)
#define LEAT__CLI_SHOW    (1u << 2)
#define LEAT__CLI_INSPECT (1u << 3)
#define LEAT__CLI_HELP    (1u << 4)
#define LEAT__CLI_ALL     0x1fu

struct leat__cli_option {
	const char *name;
	char letter;       /* 0 = none */
	uint32_t commands; /* bits of those that take it */
	const char *value; /* what its value is called; NULL = a switch */
	const char *help;
	int (*set)(struct leat__cli_args *args, const char *value);
};

struct leat__cli_topic {
	const char *name;
	const char *summary;
	const char *text;
};

/* main.c, args.c, topics.c; each table ends with a NULL name */
extern const struct leat__cli_command leat__cli_commands[];
extern const struct leat__cli_option leat__cli_options[];
extern const struct leat__cli_topic leat__cli_topics[];

/* ---- topics_values.c ---- */

extern const char leat__cli_topic_expressions[];
extern const char leat__cli_topic_functions[];

/* ---- main.c ---- */

const struct leat__cli_command *leat__cli_find_command(const char *name);

/* ---- args.c ---- */

/* 0, or an exit status after the mistake has been told. */
int leat__cli_args_parse(const struct leat__cli_command *command, int argc,
	char **argv, struct leat__cli_args *args);

/* ---- graph.c ---- */

/* A graph, parsed from the words or the file, and its text. */
struct leat__cli_graph {
	struct leat_graph *graph;
	char *text;
};

/* Exit status; what is wrong has been told. Ended by close in any case. */
int leat__cli_graph_open(
	const struct leat__cli_args *args, struct leat__cli_graph *g);
int leat__cli_graph_check(struct leat__cli_graph *g);
void leat__cli_graph_close(struct leat__cli_graph *g);
/* What one of leat_graph_show, ... writes, to be freed; NULL is told. */
char *leat__cli_graph_text(const struct leat_graph *graph,
	size_t (*write)(const struct leat_graph *, char *, size_t));
/* One of leat_graph_show, _explain, _write_dot to stdout. Exit status. */
int leat__cli_graph_print(const struct leat__cli_graph *g,
	size_t (*write)(const struct leat_graph *, char *, size_t));
/* Exit status for a code from before, or after, the start. */
int leat__cli_status_before(int code);

/* ---- the commands ---- */

int leat__cli_run(const struct leat__cli_args *args);
int leat__cli_check(const struct leat__cli_args *args);
int leat__cli_show(const struct leat__cli_args *args);
int leat__cli_inspect(const struct leat__cli_args *args);
int leat__cli_help(const struct leat__cli_args *args);

/* ---- run.c's helpers: progress.c, sheet.c, partial.c ---- */

struct leat__cli_progress_state {
	struct leat_graph *graph;
	struct leat_load *load; /* NULL = nobody is told */
	uint32_t kind;          /* not AUTO */
	int64_t start_ns;
	int64_t next_ns; /* when to speak again */
	int64_t last_ns;
	uint64_t last_bytes;
	double rate_bytes;    /* per second, smoothed */
	uint64_t last_resize; /* that was told of */
	bool is_drawn;        /* a line stands that must be cleared */
};

void leat__cli_progress_start(struct leat__cli_progress_state *p,
	struct leat_graph *graph, const struct leat__cli_args *args);
void leat__cli_progress_tick(struct leat__cli_progress_state *p);
void leat__cli_progress_clear(struct leat__cli_progress_state *p);
void leat__cli_progress_end(struct leat__cli_progress_state *p);
/* Changes of the number of replicas that were not told of yet. */
void leat__cli_resize_tell(
	struct leat__cli_progress_state *p, const struct leat_graph *graph);

/* The balance sheet, to stderr. */
void leat__cli_sheet(const struct leat_graph *graph, int64_t took_ns);

/* Say where the outputs of a drained run stand. */
void leat__cli_partial(const struct leat_graph *graph, int64_t since_s);

/* ---- help.c, man.c, inspect.c ---- */

void leat__cli_help_main(FILE *to);
void leat__cli_help_command(const struct leat__cli_command *command);
void leat__cli_man(void);

uint32_t leat__cli_n_ins(const struct leat_stage_ops *ops);
uint32_t leat__cli_n_outs(const struct leat_stage_ops *ops);
const struct leat_stage_ops *leat__cli_find_stage(const char *name);
/* With its @ or without. */
const struct leat_hook_ops *leat__cli_find_guard(const char *name);
/* Name, texts and options of a guard, as those of a stage. */
struct leat_stage_ops leat__cli_like_stage(const struct leat_hook_ops *ops);
/* Print one line of text that begins in column at, broken at spaces before
 * column 80. */
void leat__cli_wrap(const char *text, size_t n_bytes, size_t at, size_t indent);
/* "source", "filter", "sink" */
const char *leat__cli_stage_kind(const struct leat_stage_ops *ops);
/* "text", "size", "1 to 100", "a|b": what an option takes. */
void leat__cli_option_range(
	const struct leat_option *option, char *buf, size_t n_bytes);
/* "head [n=10]" */
void leat__cli_stage_usage(
	const struct leat_stage_ops *ops, char *buf, size_t n_bytes);

/* "@rate(items=..., burst=100ms) STAGE" */
void leat__cli_guard_usage(
	const struct leat_hook_ops *ops, char *buf, size_t n_bytes);

/* ---- say.c ---- */

/* leat: error: ... to stderr */
LEAT_PRINTF(1, 2) void leat__cli_error(const char *format, ...);
/* leat: ... to stderr */
LEAT_PRINTF(1, 2) void leat__cli_say(const char *format, ...);
/* An error object, with the caret where there is a place for one. */
void leat__cli_error_object(
	const char *graph_text, const struct leat_error *err);
/* Did stdout take everything? Exit status. */
int leat__cli_flush(void);
bool leat__cli_has_colour(FILE *to);
/* "12.3 MiB", "4.56 M", "1 min 20 s" */
const char *leat__cli_bytes(uint64_t n, char *buf, size_t n_bytes);
const char *leat__cli_count(uint64_t n, char *buf, size_t n_bytes);
const char *leat__cli_seconds(double seconds, char *buf, size_t n_bytes);

/* ---- suggest.c ---- */

/* The nearest of the names, or NULL if none is near. */
struct leat__cli_nearest {
	const char *wanted;
	const char *best;
	uint32_t distance;
};

void leat__cli_nearest_init(
	struct leat__cli_nearest *nearest, const char *wanted);
void leat__cli_nearest_look(
	struct leat__cli_nearest *nearest, const char *name);

#endif
