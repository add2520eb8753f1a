/*
 * cli/options.c -- the table of options, and what each does with its value.
 *
 * Values are checked here, so that a mistake is told before anything is
 * opened. Which command takes an option, its help, and what it is called in a
 * job come from the table alone.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dlq.h"
#include "top.h"

/* ---- values that are more than a text: 0, or -1 = not accepted ---- */

static int
option_set_dot(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->format = LEAT__CLI_FORMAT_DOT;
	return 0;
}

/* The index of a word in a list that ends with NULL, or -1. */
static int
option_word(const char *const *words, const char *value)
{
	for (int k = 0; words[k]; k++)
		if (strcmp(value, words[k]) == 0)
			return k;
	return -1;
}

static int
option_set_format(struct leat__cli_args *args, const char *value)
{
	static const char *const words[] = {
		"text", "yaml", "json", "dot", "mermaid", NULL};
	int k = option_word(words, value);

	args->format = (uint32_t)(k < 0 ? 0 : k);
	return k < 0 ? -1 : 0;
}

static int
option_set_explained(struct leat__cli_args *args, const char *value)
{
	static const char *const words[] = {"text", "json", NULL};
	int k = option_word(words, value);

	args->report = k > 0 ? LEAT__CLI_FORMAT_JSON : LEAT__CLI_FORMAT_TEXT;
	return k < 0 ? -1 : 0;
}

static int
option_set_picture(struct leat__cli_args *args, const char *value)
{
	static const char *const words[] = {
		"txt", "svg", "dot", "mermaid", NULL};
	static const uint32_t formats[] = {LEAT__CLI_FORMAT_TEXT,
		LEAT__CLI_FORMAT_SVG, LEAT__CLI_FORMAT_DOT,
		LEAT__CLI_FORMAT_MERMAID};
	int k = option_word(words, value);

	args->format = formats[k < 0 ? 0 : k];
	return k < 0 ? -1 : 0;
}

static int
option_set_report(struct leat__cli_args *args, const char *value)
{
	static const char *const words[] = {"text", "json", "sarif", NULL};
	static const uint32_t formats[] = {LEAT__CLI_FORMAT_TEXT,
		LEAT__CLI_FORMAT_JSON, LEAT__CLI_FORMAT_SARIF};
	int k = option_word(words, value);

	args->report = formats[k < 0 ? 0 : k];
	return k < 0 ? -1 : 0;
}

static int
option_set_progress(struct leat__cli_args *args, const char *value)
{
	static const char *const kinds[] = {
		"auto", "bar", "plain", "json", "none"};

	for (uint32_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (strcmp(value, kinds[k]) == 0) {
			args->progress = k;
			return 0;
		}
	}
	return -1;
}

/* A whole number; what follows it is left in *rest. */
static int
option_number(const char *value, uint64_t *out, const char **rest)
{
	char *end;

	if (*value < '0' || *value > '9')
		return -1;
	errno = 0;
	*out = strtoull(value, &end, 10);
	*rest = end;
	return errno ? -1 : 0;
}

/* A whole number within bounds, and nothing else. */
static int
option_within(const char *value, uint64_t least, uint64_t most, uint64_t *out)
{
	const char *rest;

	if (option_number(value, out, &rest) || *rest)
		return -1;
	return *out < least || *out > most ? -1 : 0;
}

static int
option_set_workers(struct leat__cli_args *args, const char *value)
{
	return option_within(value, 1, LEAT_GRAPH_WORKERS_MAX, &args->workers);
}

static int
option_set_memory(struct leat__cli_args *args, const char *value)
{
	static const char units[] = "KMGT";
	const char *rest, *unit;
	uint32_t shift = 0;
	uint64_t n;

	if (option_number(value, &n, &rest) || n == 0)
		return -1;
	unit = *rest == 'k' ? units : strchr(units, *rest);
	if (*rest && unit) {
		shift = 10 * (uint32_t)(unit - units + 1);
		rest++;
		if (rest[0] == 'i' && rest[1] == 'B')
			rest += 2;
	}
	if (*rest || n > UINT64_MAX >> shift)
		return -1;
	args->memory_bytes = n << shift;
	return 0;
}

/* The priority that a word up to the = names, or LEAT_PRIORITIES. */
static uint32_t
option_priority(const char *word)
{
	static const struct {
		const char *name;
		uint32_t priority;
	} names[] = {{"high=", LEAT_PRIORITY_HIGH},
		{"normal=", LEAT_PRIORITY_NORMAL}, {"low=", LEAT_PRIORITY_LOW}};

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (!strncmp(word, names[k].name, strlen(names[k].name)))
			return names[k].priority;
	if (word[0] < '0' || word[0] > '7' || word[1] != '=')
		return LEAT_PRIORITIES;
	return (uint32_t)(word[0] - '0');
}

/* "strict", "weighted", "weighted,high=8,low=1" */
static int
option_set_schedule(struct leat__cli_args *args, const char *value)
{
	const char *at = value + strlen("weighted");
	uint64_t weight;

	args->schedule = LEAT_SCHEDULE_STRICT;
	if (strcmp(value, "strict") == 0)
		return 0;
	if (strncmp(value, "weighted", strlen("weighted")) != 0)
		return -1;
	args->schedule = LEAT_SCHEDULE_WEIGHTED;
	while (*at == ',') {
		uint32_t priority = option_priority(at + 1);

		if (priority == LEAT_PRIORITIES ||
			option_number(strchr(at, '=') + 1, &weight, &at) ||
			weight < 1 || weight > LEAT_WEIGHT_MAX)
			return -1;
		args->weights[priority] = (uint32_t)weight;
	}
	return *at ? -1 : 0;
}

static int
option_set_var(struct leat__cli_args *args, const char *value)
{
	size_t n = strcspn(value, "=");

	if (n == 0 || value[n] != '=' || args->n_vars == LEAT__CLI_VARS_MAX)
		return -1;
	args->vars[args->n_vars++] = value;
	return 0;
}

static int
option_set_since(struct leat__cli_args *args, const char *value)
{
	args->has_since = true;
	return leat__cli_since_parse(value, &args->since_ns) ? 0 : -1;
}

static int
option_set_limit(struct leat__cli_args *args, const char *value)
{
	return option_within(value, 1, UINT64_MAX, &args->limit);
}

static int
option_set_sample(struct leat__cli_args *args, const char *value)
{
	return option_within(value, 1, UINT64_MAX, &args->n_sample);
}

static int
option_set_shown(struct leat__cli_args *args, const char *value)
{
	return option_within(value, 1, 50, &args->n_shown);
}

static int
option_set_stall(struct leat__cli_args *args, const char *value)
{
	return option_within(value, 1, 86400, &args->stall_seconds);
}

static int
option_set_otlp(struct leat__cli_args *args, const char *value)
{
	args->otlp = value;
	return strncmp(value, "http://", 7) && strncmp(value, "https://", 8)
		? -1
		: 0;
}

/* "0" to "1", "0.01"; what comes to less than a millionth is that */
static int
option_set_trace_sample(struct leat__cli_args *args, const char *value)
{
	char *end;
	double share = strtod(value, &end);

	if (end == value || *end || !(share >= 0 && share <= 1))
		return -1;
	args->has_trace_sample = true;
	args->trace_sample = (uint32_t)(share * LEAT_TRACE_WHOLE + 0.5);
	if (share > 0 && !args->trace_sample)
		args->trace_sample = 1;
	return 0;
}

/* "500ms", "30s", "5m", "2h"; whole numbers, more than 0 */
static int
option_set_drain(struct leat__cli_args *args, const char *value)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {{"ms", 1000000}, {"s", 1000000000},
		{"m", INT64_C(60000000000)}, {"h", INT64_C(3600000000000)}};
	const char *unit;
	uint64_t n;

	if (option_number(value, &n, &unit) || n == 0)
		return -1;
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
		if (strcmp(unit, units[k].name) != 0 ||
			n > (uint64_t)(INT64_MAX / 4 / units[k].ns))
			continue;
		args->drain_ns = (int64_t)n * units[k].ns;
		return 0;
	}
	return -1;
}

static int
option_set_control(struct leat__cli_args *args, const char *value)
{
	static const char *const words[] = {"on", "off", NULL};
	int k = option_word(words, value);

	args->control = k == 0 ? LEAT__CLI_CONTROL_ON : LEAT__CLI_CONTROL_OFF;
	return k < 0 ? -1 : 0;
}

static int
option_set_sort(struct leat__cli_args *args, const char *value)
{
	int k = leat__cli_top_column(value);

	args->sort = (uint32_t)(k < 0 ? 0 : k);
	return k < 0 ? -1 : 0;
}

static int
option_set_filter(struct leat__cli_args *args, const char *value)
{
	args->filter = value;
	return 0;
}

/* From a tenth of a second to an hour. */
static int
option_set_every(struct leat__cli_args *args, const char *value)
{
	struct leat__cli_args like = {0};

	if (option_set_drain(&like, value) || like.drain_ns < 100000000 ||
		like.drain_ns > INT64_C(3600000000000))
		return -1;
	args->every_ns = like.drain_ns;
	return 0;
}

static int
option_set_rows(struct leat__cli_args *args, const char *value)
{
	return option_within(value, 1, UINT64_MAX, &args->n_rows);
}

static int
option_set_where(struct leat__cli_args *args, const char *value)
{
	args->where = value;
	return 0;
}

/* The field of leat__cli_args that a switch sets, or where a text is put. */
#define OPTION_FIELD(field) NULL, offsetof(struct leat__cli_args, field)

#define OPTIONS_GRAPH                                                          \
	(LEAT__CLI_RUN | LEAT__CLI_CHECK | LEAT__CLI_SHOW | LEAT__CLI_DLQ |    \
		LEAT__CLI_EXPLAIN | LEAT__CLI_PICTURE | LEAT__CLI_DEV)

const struct leat__cli_option leat__cli_options[] = {
	{"file", 'f', OPTIONS_GRAPH, "FILE",
		"take the graph's text from FILE, - = standard input; a job in "
		"YAML or JSON if its name ends so",
		OPTION_FIELD(file)},
	{"var", 'v', OPTIONS_GRAPH, "NAME=VALUE",
		"what ${NAME} is in a job of YAML or JSON; may be given up to "
		"64 times",
		option_set_var, 0},
	{"explain", 0, LEAT__CLI_RUN, NULL,
		"print the plan and its memory, and run nothing",
		OPTION_FIELD(is_explain)},
	{"progress", 0, LEAT__CLI_RUN | LEAT__CLI_DLQ, "bar|plain|json|none",
		"how to tell what is going on, on standard error; without it a "
		"bar on a terminal",
		option_set_progress, 0},
	{"workers", 'w', OPTIONS_GRAPH, "N",
		"threads to compute on, 1 to 256; without it one per core",
		option_set_workers, 0},
	{"pin", 0, LEAT__CLI_RUN, "off|cores|LIST",
		"the threads to compute on stay each on a core: of all that "
		"this process may run on, or of a list like 0-3,8",
		OPTION_FIELD(pin)},
	{"memory", 'm', OPTIONS_GRAPH, "SIZE",
		"refuse a plan that can need more than this, such as 64M or 2G",
		option_set_memory, 0},
	{"schedule", 0, OPTIONS_GRAPH, "strict|weighted[,NAME=N,...]",
		"stages of a lesser priority wait for all others, or share the "
		"workers: high, normal, low or 0 to 7, weights of 1 to 1000",
		option_set_schedule, 0},
	{"dead-letters", 'd', OPTIONS_GRAPH, "FILE",
		"where records go that stages with on_error=dead-letter "
		"reject: a line of JSON each, added to FILE; a row of SQLite, "
		"if it ends in .db, .sqlite or .sqlite3",
		OPTION_FIELD(dead_letters)},
	{"stage", 0, LEAT__CLI_DLQ, "NAME[,...]",
		"letters of these stages alone", OPTION_FIELD(stage)},
	{"code", 0, LEAT__CLI_DLQ, "CODE[,...]",
		"letters with these codes alone, such as EDATA",
		OPTION_FIELD(code)},
	{"reason", 0, LEAT__CLI_DLQ, "PATTERN",
		"letters with such a reason alone: % is any text, _ any "
		"character",
		OPTION_FIELD(reason)},
	{"origin", 0, LEAT__CLI_DLQ, "FILE[,...]",
		"letters whose records come from these files alone",
		OPTION_FIELD(origin)},
	{"since", 0, LEAT__CLI_DLQ, "TIME",
		"letters from then on: 2026-03-01, 2026-03-01T12:00 (UTC), or "
		"90m, 2h, 7d ago",
		option_set_since, 0},
	{"id", 0, LEAT__CLI_DLQ, "ID[,...]", "these letters alone",
		OPTION_FIELD(ids)},
	{"limit", 0, LEAT__CLI_DLQ, "N", "the first N of those that are meant",
		option_set_limit, 0},
	{"all", 0, LEAT__CLI_DLQ, NULL, "drop all letters",
		OPTION_FIELD(is_all)},
	{"to", 0, LEAT__CLI_DLQ, "TEXT",
		"retry without a graph: write the records there; - is standard "
		"output",
		OPTION_FIELD(to)},
	{"overwrite", 0, LEAT__CLI_DLQ, NULL,
		"retry may replace files that are there",
		OPTION_FIELD(is_overwrite)},
	{"metrics", 0, LEAT__CLI_RUN, "[HOST]:PORT",
		"serve /metrics for Prometheus, /healthz and /readyz there "
		"while the graph runs; PORT alone is that of 127.0.0.1, :PORT "
		"that of every address, port 0 one that is free",
		OPTION_FIELD(metrics)},
	{"page", 0, LEAT__CLI_RUN, "[HOST]:PORT",
		"serve a page there that shows the graph while it runs, for a "
		"browser; addresses as of --metrics. What is told of it has a "
		"token, with which the page can drain and cancel",
		OPTION_FIELD(page)},
	{"stall", 0, LEAT__CLI_RUN, "SECONDS",
		"/healthz fails when a stage has had work and made no progress "
		"for so long, 1 to 86400; without it 30",
		option_set_stall, 0},
	{"trace", 0, LEAT__CLI_RUN, "FILE",
		"write what threads and segments do there, for "
		"ui.perfetto.dev or chrome://tracing; what was there is gone",
		OPTION_FIELD(trace)},
	{"otlp", 0, LEAT__CLI_RUN, "URL",
		"send spans of the run and of some frames to this collector, "
		"such as http://127.0.0.1:4318; TRACEPARENT says whose call "
		"the run is",
		option_set_otlp, 0},
	{"trace-sample", 0, LEAT__CLI_RUN, "SHARE",
		"of all frames that sources make, those that have spans, 0 to "
		"1; without it 0.01",
		option_set_trace_sample, 0},
	{"drain-timeout", 0, LEAT__CLI_RUN | LEAT__CLI_DRAIN, "TIME",
		"a drain (Ctrl-C) that takes longer is ended: 500ms, 30s, 5m, "
		"2h; without it there is no limit",
		option_set_drain, 0},
	{"leak-check", 0, LEAT__CLI_RUN, NULL,
		"look for frames, files and contexts that were not given back "
		"at the end; status 4 if there are any",
		OPTION_FIELD(is_leak_check)},
	{"quiet", 'q',
		LEAT__CLI_RUN | LEAT__CLI_CHECK | LEAT__CLI_DLQ | LEAT__CLI_NEW,
		NULL, "say nothing but errors", OPTION_FIELD(is_quiet)},
	{"format", 0, LEAT__CLI_CHECK, "text|json|sarif",
		"how to tell what is wrong: to people, or on standard output "
		"to programs",
		option_set_report, 0},
	{"format", 0, LEAT__CLI_SHOW, "text|yaml|json|dot|mermaid",
		"as a graph's text, as a job for --file, or drawn for "
		"Graphviz or Mermaid",
		option_set_format, 0},
	{"format", 0, LEAT__CLI_EXPLAIN, "text|json",
		"for people, or for programs", option_set_explained, 0},
	{"format", 0, LEAT__CLI_PICTURE, "txt|svg|dot|mermaid",
		"boxes of text, a picture, or what Graphviz or Mermaid draw; "
		"without it txt",
		option_set_picture, 0},
	{"dot", 0, LEAT__CLI_SHOW, NULL, "the same as --format=dot",
		option_set_dot, 0},
	{"json", 0,
		LEAT__CLI_INSPECT | LEAT__CLI_DLQ | LEAT__CLI_PS |
			LEAT__CLI_TOP | LEAT__CLI_WHY | LEAT__CLI_DUMP |
			LEAT__CLI_DOCTOR,
		NULL, "print JSON, for programs", OPTION_FIELD(is_json)},
	{"control", 0, LEAT__CLI_RUN, "on|off",
		"open a socket for leat ps, top, why and others; without it "
		"on, and a run without a place for it goes on without",
		option_set_control, 0},
	{"rows", 'n', LEAT__CLI_TAP, "N",
		"end after N rows; without it when the run ends",
		option_set_rows, 0},
	{"where", 0, LEAT__CLI_TAP, "CONDITION",
		"only rows for which it is true, as of the stage where",
		option_set_where, 0},
	{"once", 0, LEAT__CLI_TOP | LEAT__CLI_DEV, NULL,
		"print one picture, or run once, and end",
		OPTION_FIELD(is_once)},
	{"sort", 0, LEAT__CLI_TOP,
		"flow|name|in|out|busy|starved|blocked|idle|p50|p99|queue|"
		"errors|dead",
		"by which column; without it as the data flows",
		option_set_sort, 0},
	{"filter", 0, LEAT__CLI_TOP, "TEXT",
		"only the stages whose names have TEXT in them",
		option_set_filter, 0},
	{"every", 0, LEAT__CLI_TOP, "TIME",
		"a new picture so often, 100ms to 1h; without it 1s",
		option_set_every, 0},
	{"online", 0, LEAT__CLI_CHECK, NULL,
		"look, too, whether files could be opened, folders written to, "
		"and servers reached; 10 s for each stage",
		OPTION_FIELD(is_online)},
	{"emit-config", 0, LEAT__CLI_RUN, NULL,
		"print the graph and its options as a job in YAML, with all "
		"that the command line says, and run nothing",
		OPTION_FIELD(is_emitted)},
	{"sample", 0, LEAT__CLI_DEV, "N",
		"rows of each source that run; without it 1000",
		option_set_sample, 0},
	{"rows", 0, LEAT__CLI_DEV, "N",
		"rows of each link that are shown, up to 50; without it 3",
		option_set_shown, 0},
	{"reference", 0, LEAT__CLI_HELP, NULL,
		"print a page of all stages and guards, in Markdown",
		OPTION_FIELD(is_reference)},
	{"man", 0, LEAT__CLI_HELP, NULL, "print the manual page, in roff",
		OPTION_FIELD(is_man)},
	{"help", 'h', LEAT__CLI_ALL, NULL, "explain the command",
		OPTION_FIELD(is_help)},
	{0},
};

/* ---- an option by itself ---- */

int
leat__cli_option_set(struct leat__cli_args *args,
	const struct leat__cli_option *option, const char *value)
{
	char *field = (char *)args + option->at;

	if (option->set)
		return option->set(args, value);
	if (!option->value) {
		*(bool *)field = true;
		return 0;
	}
	*(const char **)(void *)field = value;
	return *value ? 0 : -1;
}

uint64_t
leat__cli_option_bit(const struct leat__cli_option *option)
{
	return UINT64_C(1) << (option - leat__cli_options);
}

void
leat__cli_option_keep(struct leat__cli_args *args,
	const struct leat__cli_option *option, const char *value)
{
	size_t k = (size_t)(option - leat__cli_options);

	if (k < sizeof(args->values) / sizeof(args->values[0]))
		args->values[k] = value;
}

bool
leat__cli_option_is_of_job(const struct leat__cli_option *option)
{
	return option->value && (option->commands & LEAT__CLI_RUN) &&
		strcmp(option->name, "file") != 0 &&
		strcmp(option->name, "var") != 0;
}
