/*
 * cli/cli.h -- the leat command: a client of the public headers only.
 *
 * One table of commands (main.c) and one of options (options.c) are what
 * parsing, --help, `leat help`, the manual page and "did you mean" all come
 * from. Results go to stdout, everything said to people to stderr. One thread.
 */
#ifndef LEAT_SRC_CLI_CLI_H
#define LEAT_SRC_CLI_CLI_H

#include <pthread.h>
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

enum leat__cli_format {
	LEAT__CLI_FORMAT_TEXT = 0,
	LEAT__CLI_FORMAT_YAML,
	LEAT__CLI_FORMAT_JSON,
	LEAT__CLI_FORMAT_DOT,
	LEAT__CLI_FORMAT_MERMAID,
	LEAT__CLI_FORMAT_SARIF,
	LEAT__CLI_FORMAT_SVG
};

/* Where a mistake stands, counted in characters from 1. */
struct leat__cli_place {
	const char *path;
	uint32_t line, column;
	uint32_t n; /* of them */
};

#define LEAT__CLI_VARS_MAX  64u
#define LEAT__CLI_SWAPS_MAX 32u

/* For leat test: what a stage of a job reads or writes instead. */
struct leat__cli_swap {
	char *stage;
	char *folder; /* a file in there takes the place of its own */
	char *path;   /* that file, once the stage was come to */
};

/* What the command line says. */
struct leat__cli_args {
	char **words; /* that are no options */
	uint32_t n_words;
	const char *file;         /* graph text comes from here */
	uint64_t workers;         /* 0 = one per core */
	uint64_t memory_bytes;    /* 0 = no limit */
	uint32_t progress;        /* enum leat__cli_progress */
	uint32_t schedule;        /* LEAT_SCHEDULE_* */
	const char *dead_letters; /* FILE; NULL = none */
	const char *metrics;      /* ADDRESS; NULL = nowhere */
	const char *page;         /* the same */
	const char *pin;          /* of the workers; NULL = off */
	uint64_t stall_seconds;   /* 0 = 30 */
	const char *trace;        /* FILE; NULL = none */
	const char *otlp;         /* URL; NULL = none */
	uint32_t trace_sample;    /* of LEAT_TRACE_WHOLE */
	bool has_trace_sample;
	uint32_t weights[LEAT_PRIORITIES]; /* 0 = as the library has it */
	int64_t drain_ns;                  /* --drain-timeout; 0 = none */
	uint64_t given; /* leat__cli_option_bit() of those that are */
	const char *vars[LEAT__CLI_VARS_MAX]; /* NAME=VALUE */
	uint32_t n_vars;
	struct leat__cli_swap *swaps; /* [lent] */
	uint32_t n_swaps;
	/* of dlq: which letters; NULL and 0 = any */
	const char *stage, *code, *ids, *origin; /* lists, by commas */
	const char *reason;                      /* as LIKE in SQL has it */
	int64_t since_ns;
	uint64_t limit;
	const char *to; /* a text for their records; NULL = none */
	const struct leat_stage_set *stages; /* NULL = all that there are */
	bool is_leak_check;
	uint32_t control;   /* enum leat__cli_control_kind */
	bool is_once;       /* of top */
	uint32_t sort;      /* enum leat__cli_column, of top */
	const char *filter; /* of top; NULL = all */
	int64_t every_ns;   /* of top; 0 = 1 s */
	uint64_t n_rows;    /* of tap; 0 = all */
	const char *where;  /* of tap; NULL = all */
	bool is_explain;
	bool is_quiet;
	bool is_json;
	uint32_t format; /* enum leat__cli_format, of show */
	uint32_t report; /* the same, of check */
	bool is_man;
	bool is_help;
	bool has_since;
	bool is_all;
	bool is_overwrite;
	/* of check */
	bool is_online;
	/* of test: waits take no time */
	bool is_virtual;
	/* of dev; 0 = as it has it */
	uint64_t n_sample; /* rows of each source */
	uint64_t n_shown;  /* of each link */
	bool is_reference; /* of help */
	bool is_emitted;   /* of run */
	/* of those that are given, by their place in leat__cli_options;
	 * [lent] */
	const char *values[64];
};

struct leat__cli_command {
	const char *name;
	uint32_t bit;     /* of its options in leat__cli_options */
	const char *args; /* as shown in usage lines */
	const char *summary;
	const char *help; /* paragraphs, indented by two */
	int (*run)(const struct leat__cli_args *args); /* exit status */
};

#define LEAT__CLI_RUN        (1u << 0)
#define LEAT__CLI_CHECK      (1u << 1)
#define LEAT__CLI_SHOW       (1u << 2)
#define LEAT__CLI_INSPECT    (1u << 3)
#define LEAT__CLI_HELP       (1u << 4)
#define LEAT__CLI_SCHEMA     (1u << 5)
#define LEAT__CLI_COMPLETION (1u << 6)
#define LEAT__CLI_TEST       (1u << 7)
#define LEAT__CLI_DLQ        (1u << 8)
#define LEAT__CLI_PS         (1u << 20)
#define LEAT__CLI_TOP        (1u << 21)
#define LEAT__CLI_WHY        (1u << 22)
#define LEAT__CLI_DUMP       (1u << 23)
#define LEAT__CLI_SET        (1u << 24)
#define LEAT__CLI_DRAIN      (1u << 25)
#define LEAT__CLI_CANCEL     (1u << 26)
#define LEAT__CLI_TAP        (1u << 27)
#define LEAT__CLI_RELOAD     (1u << 28)
#define LEAT__CLI_EXPLAIN    (1u << 15)
#define LEAT__CLI_PICTURE    (1u << 16)
#define LEAT__CLI_DOCTOR     (1u << 17)
#define LEAT__CLI_NEW        (1u << 18)
#define LEAT__CLI_DEV        (1u << 19)
#define LEAT__CLI_ALL        UINT32_MAX

struct leat__cli_option {
	const char *name;
	char letter;       /* 0 = none */
	uint32_t commands; /* bits of those that take it */
	const char *value; /* what its value is called; NULL = a switch */
	const char *help;
	/* 0, or -1: it accepts no such value; NULL: it is put as it is */
	int (*set)(struct leat__cli_args *args, const char *value);
	size_t at; /* of leat__cli_args, without set: there */
};

struct leat__cli_topic {
	const char *name;
	const char *summary;
	const char *text;
};

/* main.c, options.c, topics.c; each table ends with a NULL name */
extern const struct leat__cli_command leat__cli_commands[];
extern const struct leat__cli_option leat__cli_options[];
extern const struct leat__cli_topic leat__cli_topics[];

/* no_store.c: of dead letters; it keeps none */
extern const struct leat_dead_ops leat__cli_no_store;

/* ---- topics_values.c ---- */

extern const char leat__cli_topic_expressions[];
extern const char leat__cli_topic_functions[];

/* ---- topics_letters.c ---- */

extern const char leat__cli_topic_letters[];

/* ---- topics_reload.c ---- */

extern const char leat__cli_topic_reload[];

/* ---- topics_tracing.c ---- */

extern const char leat__cli_topic_tracing[];

/* ---- main.c ---- */

const struct leat__cli_command *leat__cli_find_command(const char *name);

/* ---- options.c ---- */

/* 0, or -1: it accepts no such value. */
int leat__cli_option_set(struct leat__cli_args *args,
	const struct leat__cli_option *option, const char *value);
/* Of leat__cli_args.given. */
uint64_t leat__cli_option_bit(const struct leat__cli_option *option);
/* Remember what it was given as. */
void leat__cli_option_keep(struct leat__cli_args *args,
	const struct leat__cli_option *option, const char *value);
/* May it stand below run: of a job? */
bool leat__cli_option_is_of_job(const struct leat__cli_option *option);

/* ---- args.c ---- */

/* 0, or an exit status after the mistake has been told. */
int leat__cli_args_parse(const struct leat__cli_command *command, int argc,
	char **argv, struct leat__cli_args *args);

/* ---- graph.c ---- */

struct leat__cli_job;

/* A graph, parsed from the words or the file, and its text. */
struct leat__cli_graph {
	struct leat_graph *graph;
	char *text;
	struct leat__cli_job *job;  /* that the text was made of, or NULL */
	struct leat__cli_args args; /* with what the job says */
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
/* What is wrong with it, told of the place where it was written. */
void leat__cli_graph_error(
	const struct leat__cli_graph *g, const struct leat_error *err);
/* A whole file, - = standard input, to be freed; NULL: see below. */
char *leat__cli_read_text(const char *path);
/* Why there was none, from errno. */
const char *leat__cli_read_why(void);

/* ---- job/job.c, or job/none.c: graphs in YAML and JSON ---- */

/* text becomes the job's. 0, or a status after it was told. *job_out is to be
 * freed in any case. What it says of options goes into args, if the command
 * line did not say it. */
int leat__cli_job_read(const char *path, char *text,
	struct leat__cli_args *args, struct leat__cli_job **job_out);
/* The graph's. */
const char *leat__cli_job_text(const struct leat__cli_job *job);
void leat__cli_job_error(
	const struct leat__cli_job *job, const struct leat_error *err);
/* Secrets in it become ***; NULL is accepted, and so below. */
void leat__cli_job_mask(
	const struct leat__cli_job *job, char *text, size_t n_bytes);
/* The graph has become that of another job [moved]: its secrets, and those of
 * the first, are the ones that count; places are those of the first. */
void leat__cli_job_inherit(
	struct leat__cli_job *job, struct leat__cli_job *heir);
void leat__cli_job_free(struct leat__cli_job *job);
/* File k of it, 0 is its own; NULL = there is none. */
const char *leat__cli_job_path(const struct leat__cli_job *job, uint32_t k);

/* ---- report.c ---- */

/* Of byte `offset` of the text. */
struct leat__cli_place leat__cli_place_of(
	const char *path, const char *text, uint32_t offset, uint32_t n_bytes);
/* To stdout, as LEAT__CLI_FORMAT_JSON or _SARIF. */
void leat__cli_report(uint32_t format, const struct leat__cli_place *place,
	const struct leat_error *err);
void leat__cli_report_good(uint32_t format, const struct leat_graph *graph);

/* ---- emit.c ---- */

/* What leat_graph_show wrote, as a job in YAML or JSON; to be freed, NULL = no
 * memory. */
char *leat__cli_emit(const char *text, bool is_json);
/* emit_config.c: the graph and the options of its run, as a job in YAML, to
 * stdout. Exit status. */
int leat__cli_emit_config(const struct leat__cli_graph *g);
/* mermaid.c: of what leat_graph_write_dot wrote, as above. */
char *leat__cli_mermaid(const char *dot);

/* ---- the commands ---- */

int leat__cli_run(const struct leat__cli_args *args);
int leat__cli_check(const struct leat__cli_args *args);
int leat__cli_show(const struct leat__cli_args *args);
int leat__cli_inspect(const struct leat__cli_args *args);
int leat__cli_help(const struct leat__cli_args *args);
int leat__cli_schema(const struct leat__cli_args *args);
int leat__cli_test(const struct leat__cli_args *args);
int leat__cli_completion(const struct leat__cli_args *args);
int leat__cli_dlq(const struct leat__cli_args *args);
int leat__cli_ps(const struct leat__cli_args *args);
int leat__cli_top(const struct leat__cli_args *args);
int leat__cli_why(const struct leat__cli_args *args);
int leat__cli_dump(const struct leat__cli_args *args);
int leat__cli_tap(const struct leat__cli_args *args);
int leat__cli_set(const struct leat__cli_args *args);
int leat__cli_drain_run(const struct leat__cli_args *args);
int leat__cli_cancel_run(const struct leat__cli_args *args);
int leat__cli_reload_run(const struct leat__cli_args *args);
int leat__cli_explain(const struct leat__cli_args *args);
int leat__cli_picture(const struct leat__cli_args *args);
int leat__cli_doctor(const struct leat__cli_args *args);
int leat__cli_new(const struct leat__cli_args *args);
int leat__cli_dev(const struct leat__cli_args *args);

/* online.c: ask the stages of a graph that has been checked. Exit status; what
 * is wrong was told. */
int leat__cli_online(struct leat__cli_graph *g);

/* A graph that has been checked, as leat run runs it. Exit status. */
int leat__cli_run_graph(
	struct leat__cli_graph *g, const struct leat__cli_args *args);

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
	uint64_t last_change; /* of hooks, the same */
	bool is_drawn;        /* a line stands that must be cleared */
};

void leat__cli_progress_start(struct leat__cli_progress_state *p,
	struct leat_graph *graph, const struct leat__cli_args *args);
void leat__cli_progress_tick(struct leat__cli_progress_state *p);
void leat__cli_progress_clear(struct leat__cli_progress_state *p);
void leat__cli_progress_end(struct leat__cli_progress_state *p);
/* It has not started: who reads JSON gets its end all the same. */
void leat__cli_progress_refused(struct leat_graph *graph,
	const struct leat__cli_args *args, const struct leat_error *err);
/* Changes of the number of replicas that were not told of yet. */
void leat__cli_resize_tell(
	struct leat__cli_progress_state *p, const struct leat_graph *graph);

/* Changes at guards, the same. */
void leat__cli_change_tell(
	struct leat__cli_progress_state *p, const struct leat_graph *graph);

/* ---- run.c's helpers: signals.c, drain.c ---- */

enum leat__cli_signal {
	LEAT__CLI_SIGNAL_NONE = 0,
	LEAT__CLI_SIGNAL_STOP,  /* drain; the second one: end at once */
	LEAT__CLI_SIGNAL_QUIT,  /* end at once */
	LEAT__CLI_SIGNAL_TELL,  /* say how it goes */
	LEAT__CLI_SIGNAL_HANGUP /* read the file again; or as STOP */
};

/* Before any thread starts. The file that signals come out of, or -1 after the
 * reason has been told. */
int leat__cli_signals_open(void);
/* What has come; without waiting. */
enum leat__cli_signal leat__cli_signals_next(int fd);
/* Has the terminal that the command was started from gone? */
bool leat__cli_signals_lost_terminal(void);

/* What has been told of a drain. */
struct leat__cli_drain {
	uint32_t phase; /* enum leat_drain_phase */
	int64_t next_ns;
};

void leat__cli_drain_start(struct leat__cli_drain *d, struct leat_graph *graph,
	int64_t timeout_ns);
/* Phases that have begun, and each second whom it waits for. */
void leat__cli_drain_tell(struct leat__cli_drain *d,
	const struct leat_graph *graph, bool is_quiet);

/* ---- run.c's helpers: control.c ---- */

enum leat__cli_control_kind {
	LEAT__CLI_CONTROL_AUTO = 0, /* on; without a place it is told */
	LEAT__CLI_CONTROL_ON,
	LEAT__CLI_CONTROL_OFF
};

/* What others want of a run, by its control socket or its page. */
enum leat__cli_wish {
	LEAT__CLI_WISH_NONE = 0,
	LEAT__CLI_WISH_DRAIN,
	LEAT__CLI_WISH_CANCEL,
	LEAT__CLI_WISH_RELOAD
};

enum leat__cli_reply_state {
	LEAT__CLI_REPLY_NONE = 0,
	LEAT__CLI_REPLY_WANTED, /* the run is at it */
	LEAT__CLI_REPLY_THERE
};

struct leat__cli_control {
	struct leat_control *control; /* NULL = none */
	int fds[2];                   /* wishes: out of the first; -1 = none */
	bool has_file;                /* a reload can read it again */
	/* what is said of a reload that was asked for */
	pthread_mutex_t lock;
	enum leat__cli_reply_state reply; /* guarded by it */
	char *said;                       /* guarded; NULL = nothing */
	/* of the thread that waits for the graph */
	FILE *copy; /* it is being said; or NULL */
	char *heard;
	size_t n_heard;
};

/* Of a graph that was started. 0, or an exit status after it was told. */
int leat__cli_control_open(struct leat__cli_control *control,
	const struct leat__cli_graph *g, const struct leat__cli_args *args);
/* What has come; without waiting. */
enum leat__cli_wish leat__cli_control_next(
	const struct leat__cli_control *control);
/* What is said from now on is for whoever asked for a reload; until it is done,
 * and has gone well or not. */
void leat__cli_control_hear(struct leat__cli_control *control);
void leat__cli_control_heard(struct leat__cli_control *control, bool is_good);
/* Before the graph ends; zeroed memory is accepted. */
void leat__cli_control_close(struct leat__cli_control *control);

/* ---- run.c's helpers: leaks.c ---- */

/* What the command knows of what is not given back. */
struct leat__cli_leaks {
	struct leat_growth *growth; /* NULL = nobody is told */
	int64_t next_ns;
	uint32_t n_files; /* descriptors, before the graph was made */
	bool is_check;    /* --leak-check */
};

/* Before the graph is made. */
void leat__cli_leaks_begin(struct leat__cli_leaks *l);
void leat__cli_leaks_watch(struct leat__cli_leaks *l,
	const struct leat_graph *graph, bool is_check);
/* What grows, once a second; at most a line for each doubling. */
void leat__cli_leaks_tick(struct leat__cli_leaks *l);
/* At the end of the run, and when the graph is gone: false = something has not
 * been given back; it was told. */
bool leat__cli_leaks_of_graph(
	struct leat__cli_leaks *l, const struct leat_graph *graph);
bool leat__cli_leaks_of_process(const struct leat__cli_leaks *l);

/* The balance sheet, to stderr. */
void leat__cli_sheet(const struct leat_graph *graph, int64_t took_ns);

/* ---- run.c's helpers: watch.c, http.c ---- */

struct leat__cli_watch;

/* Before the start: listen where the arguments say so. 0, or an exit status
 * after it has been told why not. */
int leat__cli_watch_open(
	struct leat__cli_watch **watch_out, const struct leat__cli_args *args);
/* Watch a graph that was started, and serve what is counted. As above. */
int leat__cli_watch_start(
	struct leat__cli_watch *watch, struct leat_graph *graph);
/* Now and then. Tells what stands still, once, where progress is told. */
void leat__cli_watch_tick(struct leat__cli_watch *watch,
	struct leat__cli_progress_state *p, bool is_draining);
/* NULL is accepted. Before the graph ends. */
void leat__cli_watch_end(struct leat__cli_watch *watch);

/* An answer of the server, to be freed. NULL: no memory. */
struct leat__cli_answer {
	uint32_t status;  /* of HTTP */
	const char *type; /* of the text */
	char *text;
	size_t n_bytes;
};

/* From the thread of the server. false: no such path. */
bool leat__cli_watch_answer(struct leat__cli_watch *watch, const char *path,
	bool is_open_metrics, struct leat__cli_answer *answer_out);

struct leat__cli_http;

/* Listen at PORT, :PORT or HOST:PORT. 0, or an exit status after it has been
 * told why not. */
int leat__cli_http_open(struct leat__cli_http **http_out, const char *address,
	struct leat__cli_watch *watch, bool is_quiet);
/* Answer. As above. */
int leat__cli_http_start(struct leat__cli_http *http);
/* Now and then: ends connections that last too long. */
void leat__cli_http_tick(struct leat__cli_http *http);
/* NULL is accepted. */
void leat__cli_http_end(struct leat__cli_http *http);

/* ---- run's helpers: trace.c, otlp.c ---- */

struct leat__cli_otlp;

/* What is traced of a run. */
struct leat__cli_trace {
	const char *file; /* NULL = none */
	const char *url;
	struct leat__cli_otlp *otlp; /* NULL = nothing is sent */
};

/* What the arguments ask for; before the check. 0, or an exit status after it
 * has been told why not. Ended by close in any case, after the graph. */
int leat__cli_trace_open(struct leat__cli_trace *trace,
	const struct leat__cli_args *args, struct leat_graph *graph);
/* At the end of the run. */
void leat__cli_trace_tell(
	const struct leat__cli_trace *trace, const struct leat_graph *graph);
void leat__cli_trace_close(struct leat__cli_trace *trace);

/* The same for one collector; send is a leat_trace_send_fn of it. */
int leat__cli_otlp_open(struct leat__cli_otlp **otlp_out, const char *url);
int leat__cli_otlp_send(void *otlp, const char *json, size_t n_bytes);
/* Why the last request failed. */
const char *leat__cli_otlp_why(const struct leat__cli_otlp *otlp);
void leat__cli_otlp_close(struct leat__cli_otlp *otlp);

/* ---- run.c's helpers: page.c ---- */

struct leat__cli_page;

/* As leat__cli_watch_open; NULL where the arguments want no page. */
int leat__cli_page_open(
	struct leat__cli_page **page_out, const struct leat__cli_args *args);
int leat__cli_page_start(
	struct leat__cli_page *page, const struct leat__cli_graph *g);
/* Now and then. What the page was asked to do. */
enum leat__cli_wish leat__cli_page_tick(struct leat__cli_page *page);
/* NULL is accepted. When the run has ended, and before the graph does. */
void leat__cli_page_end(struct leat__cli_page *page);

/* Each path that a stage called so is given, in a graph's full text. */
void leat__cli_each_path(const struct leat_graph *graph, const char *stage,
	void (*fn)(const char *path, void *user), void *user);
/* Say where the outputs of a drained run stand. */
void leat__cli_partial(const struct leat_graph *graph, int64_t since_s);

/* ---- help.c, man.c, inspect.c ---- */

void leat__cli_help_main(FILE *to);
void leat__cli_help_command(const struct leat__cli_command *command);
void leat__cli_man(void);
/* reference.c: stages and guards in Markdown. */
void leat__cli_reference(void);

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
/* From now on errors and notices go there, too; NULL = no more. The thread that
 * says them. */
void leat__cli_say_copy(FILE *to);
/* An error object, with the caret where there is a place for one. */
void leat__cli_error_object(
	const char *graph_text, const struct leat_error *err);
/* "text" with escapes; NULL = null */
void leat__cli_json_char(FILE *to, char c);
void leat__cli_json_string(FILE *to, const char *text);
/* Did stdout take everything? Exit status. */
int leat__cli_flush(void);
bool leat__cli_has_colour(FILE *to);
/* "12.3 MiB", "4.56 M", "1 min 20 s" */
const char *leat__cli_bytes(uint64_t n, char *buf, size_t n_bytes);
const char *leat__cli_count(uint64_t n, char *buf, size_t n_bytes);
const char *leat__cli_seconds(double seconds, char *buf, size_t n_bytes);

/* ---- plain.c ---- */

/* Does the locale have UTF-8? */
bool leat__cli_has_utf8(void);
/* What somebody else has written, fit for a terminal: at most n_columns,
 * without what would steer it. Returns buf, and columns that were taken. */
const char *leat__cli_plain(const char *text, uint32_t n_columns, bool has_utf8,
	char *buf, size_t n_bytes, uint32_t *n_out);

/* ---- errors.c ---- */

/* Why a run failed, and what else went wrong in it. */
void leat__cli_errors(const struct leat__cli_graph *g, int code,
	const struct leat_error *err);
/* ,"errors":[...],"n_errors":2 */
/* refused: why it has not started; or NULL. */
void leat__cli_errors_json(
	struct leat_graph *graph, const struct leat_error *refused);

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
