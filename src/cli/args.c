/*
 * cli/args.c -- the table of options, and how a command line is read.
 *
 * --name=value, --name value, -x value, -xvalue; `--` ends the options; a
 * lone `-` is a word. Options and words may be mixed. Values are checked here,
 * so that a mistake is told before anything is opened.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* ---- setters: 0, or -1 for a value that is not accepted ---- */

static int
args_set_explain(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->is_explain = true;
	return 0;
}

static int
args_set_quiet(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->is_quiet = true;
	return 0;
}

static int
args_set_json(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->is_json = true;
	return 0;
}

static int
args_set_dot(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->is_dot = true;
	return 0;
}

static int
args_set_man(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->is_man = true;
	return 0;
}

static int
args_set_help(struct leat__cli_args *args, const char *value)
{
	(void)value;
	args->is_help = true;
	return 0;
}

static int
args_set_file(struct leat__cli_args *args, const char *value)
{
	args->file = value;
	return *value ? 0 : -1;
}

static int
args_set_progress(struct leat__cli_args *args, const char *value)
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
args_number(const char *value, uint64_t *out, const char **rest)
{
	char *end;

	if (*value < '0' || *value > '9')
		return -1;
	errno = 0;
	*out = strtoull(value, &end, 10);
	*rest = end;
	return errno ? -1 : 0;
}

static int
args_set_workers(struct leat__cli_args *args, const char *value)
{
	const char *rest;

	if (args_number(value, &args->workers, &rest) || *rest)
		return -1;
	if (args->workers < 1 || args->workers > LEAT_GRAPH_WORKERS_MAX)
		return -1;
	return 0;
}

static int
args_set_memory(struct leat__cli_args *args, const char *value)
{
	static const char units[] = "KMGT";
	const char *rest, *unit;
	uint32_t shift = 0;
	uint64_t n;

	if (args_number(value, &n, &rest) || n == 0)
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
args_priority(const char *word)
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
args_set_schedule(struct leat__cli_args *args, const char *value)
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
		uint32_t priority = args_priority(at + 1);

		if (priority == LEAT_PRIORITIES ||
			args_number(strchr(at, '=') + 1, &weight, &at) ||
			weight < 1 || weight > LEAT_WEIGHT_MAX)
			return -1;
		args->weights[priority] = (uint32_t)weight;
	}
	return *at ? -1 : 0;
}

static int
args_set_dead_letters(struct leat__cli_args *args, const char *value)
{
	args->dead_letters = value;
	return *value ? 0 : -1;
}

#define ARGS_GRAPH (LEAT__CLI_RUN | LEAT__CLI_CHECK | LEAT__CLI_SHOW)

const struct leat__cli_option leat__cli_options[] = {
	{"file", 'f', ARGS_GRAPH, "FILE",
		"take the graph's text from FILE, - = standard input",
		args_set_file},
	{"explain", 0, LEAT__CLI_RUN, NULL,
		"print the plan and its memory, and run nothing",
		args_set_explain},
	{"progress", 0, LEAT__CLI_RUN, "bar|plain|json|none",
		"how to tell what is going on, on standard error; without it a "
		"bar on a terminal",
		args_set_progress},
	{"workers", 'w', ARGS_GRAPH, "N",
		"threads to compute on, 1 to 256; without it one per core",
		args_set_workers},
	{"memory", 'm', ARGS_GRAPH, "SIZE",
		"refuse a plan that can need more than this, such as 64M or 2G",
		args_set_memory},
	{"schedule", 0, ARGS_GRAPH, "strict|weighted[,NAME=N,...]",
		"stages of a lesser priority wait for all others, or share the "
		"workers: high, normal, low or 0 to 7, weights of 1 to 1000",
		args_set_schedule},
	{"dead-letters", 'd', ARGS_GRAPH, "FILE",
		"where records go that stages with on_error=dead-letter "
		"reject: "
		"a line of JSON each, added to FILE",
		args_set_dead_letters},
	{"quiet", 'q', LEAT__CLI_RUN | LEAT__CLI_CHECK, NULL,
		"say nothing but errors", args_set_quiet},
	{"dot", 0, LEAT__CLI_SHOW, NULL,
		"draw the graph in the dot language of Graphviz", args_set_dot},
	{"json", 0, LEAT__CLI_INSPECT, NULL, "print JSON, for programs",
		args_set_json},
	{"man", 0, LEAT__CLI_HELP, NULL, "print the manual page, in roff",
		args_set_man},
	{"help", 'h', LEAT__CLI_ALL, NULL, "explain the command",
		args_set_help},
	{0},
};

/* ---- reading ---- */

static const struct leat__cli_option *
args_find(const struct leat__cli_command *command, const char *name,
	size_t n_bytes)
{
	const struct leat__cli_option *option = leat__cli_options;

	for (; option->name; option++) {
		if ((option->commands & command->bit) &&
			strlen(option->name) == n_bytes &&
			memcmp(option->name, name, n_bytes) == 0)
			return option;
	}
	return NULL;
}

static const struct leat__cli_option *
args_find_letter(const struct leat__cli_command *command, char letter)
{
	const struct leat__cli_option *option = leat__cli_options;

	for (; option->name; option++) {
		if ((option->commands & command->bit) &&
			option->letter == letter)
			return option;
	}
	return NULL;
}

static int
args_unknown(const struct leat__cli_command *command, const char *word)
{
	const struct leat__cli_option *option = leat__cli_options;
	struct leat__cli_nearest nearest;
	char name[64];

	snprintf(name, sizeof(name), "%s", word + (word[1] == '-' ? 2 : 1));
	name[strcspn(name, "=")] = '\0';
	leat__cli_nearest_init(&nearest, name);
	for (; option->name; option++) {
		if (option->commands & command->bit)
			leat__cli_nearest_look(&nearest, option->name);
	}
	if (nearest.best)
		leat__cli_error("%s: unknown option '%s'; did you mean --%s?",
			command->name, word, nearest.best);
	else
		leat__cli_error("%s: unknown option '%s'; see leat help %s",
			command->name, word, command->name);
	return LEAT__CLI_USAGE;
}

static int
args_apply(const struct leat__cli_option *option, const char *value,
	struct leat__cli_args *args)
{
	if (!option->value && value) {
		leat__cli_error("--%s takes no value, but was given '%s'",
			option->name, value);
		return LEAT__CLI_USAGE;
	}
	if (option->value && !value) {
		leat__cli_error("--%s needs a value: --%s=%s", option->name,
			option->name, option->value);
		return LEAT__CLI_USAGE;
	}
	if (option->set(args, value)) {
		leat__cli_error("--%s: '%s' is not accepted; it is --%s=%s: %s",
			option->name, value, option->name, option->value,
			option->help);
		return LEAT__CLI_USAGE;
	}
	return 0;
}

/* One option; *at moves on when its value is the next word. */
static int
args_option(const struct leat__cli_command *command, char **argv, int *at,
	struct leat__cli_args *args)
{
	const char *word = argv[*at], *value = NULL;
	const struct leat__cli_option *option;

	if (word[1] == '-') {
		size_t len = strcspn(word + 2, "=");

		option = args_find(command, word + 2, len);
		if (word[2 + len] == '=')
			value = word + 2 + len + 1;
	} else {
		option = args_find_letter(command, word[1]);
		if (word[2])
			value = word + 2;
	}
	if (!option)
		return args_unknown(command, word);
	if (option->value && !value && argv[*at + 1])
		value = argv[++*at];
	return args_apply(option, value, args);
}

int
leat__cli_args_parse(const struct leat__cli_command *command, int argc,
	char **argv, struct leat__cli_args *args)
{
	bool is_word = false;
	int status;

	memset(args, 0, sizeof(*args));
	args->words = argv; /* words move to the front of argv */
	for (int k = 0; k < argc; k++) {
		char *word = argv[k];

		if (is_word || word[0] != '-' || !word[1]) {
			args->words[args->n_words++] = word;
		} else if (strcmp(word, "--") == 0) {
			is_word = true;
		} else {
			status = args_option(command, argv, &k, args);
			if (status)
				return status;
		}
	}
	return 0;
}
