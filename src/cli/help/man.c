/*
 * cli/help/man.c -- the manual page, in roff, from the same tables as
 * everything else. docs/leat.1 is its output, and a test compares the two.
 */
#include <string.h>

#include "cli.h"

/* Escape what roff would take for its own. */
static void
man_text(const char *text)
{
	bool is_start = true;

	for (; *text; text++) {
		if (is_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
		is_start = *text == '\n';
	}
}

/* One line of a topic: examples and lists stand as they are. */
static void
man_line(const char *line, size_t len, bool *is_literal)
{
	bool is_now = len && (line[0] == '\t' || line[0] == ' ');
	char copy[256];

	if (is_now != *is_literal)
		puts(is_now ? ".nf" : ".fi");
	*is_literal = is_now;
	if (len == 0) {
		puts(".PP");
		return;
	}
	len = len < sizeof(copy) ? len : sizeof(copy) - 1;
	memcpy(copy, line, len);
	copy[len] = '\0';
	man_text(copy);
	putchar('\n');
}

static void
man_paragraphs(const char *text)
{
	bool is_literal = false;

	while (*text) {
		size_t len = strcspn(text, "\n");

		man_line(text, len, &is_literal);
		text += len + (text[len] == '\n');
	}
	if (is_literal)
		puts(".fi");
}

/* A command's help is prose indented by two. */
static void
man_prose(const char *text)
{
	for (; *text; text++) {
		text += strspn(text, " ");
		while (*text && *text != '\n') {
			if (*text == '-')
				putchar('\\');
			putchar(*text++);
		}
		putchar('\n');
		if (!*text)
			return;
	}
}

static void
man_option(const struct leat__cli_option *option)
{
	puts(".TP");
	fputs(".B ", stdout);
	if (option->letter)
		printf("\\-%c, ", option->letter);
	fputs("\\-\\-", stdout);
	man_text(option->name);
	if (option->value)
		printf("=%s", option->value);
	putchar('\n');
	man_text(option->help);
	putchar('\n');
}

static void
man_command(const struct leat__cli_command *command)
{
	const struct leat__cli_option *option = leat__cli_options;

	printf(".SS leat %s ", command->name);
	man_text(command->args);
	printf("\n%c%s.\n", command->summary[0] - 'a' + 'A',
		command->summary + 1);
	man_prose(command->help);
	for (; option->name; option++) {
		if ((option->commands & command->bit) &&
			strcmp(option->name, "help") != 0)
			man_option(option);
	}
}

static void
man_stage_option(const struct leat_option *option)
{
	char range[128];

	leat__cli_option_range(option, range, sizeof(range));
	puts(".TP");
	fputs(".I ", stdout);
	man_text(option->name);
	putchar('\n');
	man_text(option->help);
	if (range[0])
		fputs("; ", stdout);
	man_text(range);
	if (option->fallback && *option->fallback) {
		fputs("; default ", stdout);
		man_text(option->fallback);
	}
	putchar('\n');
}

static void
man_about(const struct leat_stage_ops *ops, const char *usage)
{
	const struct leat_option *option = ops->options;

	fputs(".SS ", stdout);
	man_text(usage);
	putchar('\n');
	if (ops->summary) {
		man_text(ops->summary);
		puts(".");
	}
	if (ops->help) {
		puts(".PP");
		man_paragraphs(ops->help);
	}
	for (; option && option->name; option++)
		man_stage_option(option);
}

static void
man_stage(const struct leat_stage_ops *ops)
{
	char usage[1024];

	leat__cli_stage_usage(ops, usage, sizeof(usage));
	man_about(ops, usage);
}

static void
man_guard(const struct leat_hook_ops *ops)
{
	struct leat_stage_ops like = leat__cli_like_stage(ops);
	char usage[1024];

	leat__cli_guard_usage(ops, usage, sizeof(usage));
	man_about(&like, usage);
}

static void
man_topic(const char *name, const char *title)
{
	const struct leat__cli_topic *topic = leat__cli_topics;

	while (topic->name && strcmp(topic->name, name) != 0)
		topic++;
	if (!topic->name)
		return;
	printf(".SH %s\n", title);
	man_paragraphs(topic->text);
}

static void
man_commands(void)
{
	const struct leat__cli_command *command = leat__cli_commands;

	puts(".SH COMMANDS");
	for (; command->name; command++)
		man_command(command);
}

void
leat__cli_man(void)
{
	printf(".TH LEAT 1 \"\" \"leat %s\" \"User commands\"\n",
		leat_version());
	puts(".SH NAME\n"
	     "leat \\- stream data through a graph of stages, in bounded "
	     "memory\n"
	     ".SH SYNOPSIS\n"
	     ".B leat\n"
	     ".I COMMAND\n"
	     "[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n"
	     ".SH DESCRIPTION\n"
	     "leat reads records, passes them through a chain of stages and "
	     "writes what\n"
	     "results. The memory a job can need is proved before it starts, a "
	     "slow output\n"
	     "slows its input down, and at the end a balance sheet says what "
	     "became of every\n"
	     "record.");
	man_commands();
	man_topic("graphs", "GRAPHS");
	man_topic("jobs", "JOBS IN FILES");
	man_topic("parallel", "PARALLEL");
	puts(".SH STAGES");
	for (uint32_t k = 0; k < leat_stages.n_stages; k++)
		man_stage(leat_stages.stages[k]);
	man_topic("guards", "GUARDS");
	for (uint32_t k = 0; leat_stages.guards[k]; k++)
		man_guard(leat_stages.guards[k]);
	man_topic("balance", "BALANCE SHEET");
	man_topic("letters", "DEAD LETTERS");
	man_topic("signals", "SIGNALS");
	man_topic("files", "FILES");
	man_topic("status", "EXIT STATUS");
	puts(".SH ENVIRONMENT\n"
	     ".TP\n"
	     ".B NO_COLOR\n"
	     "If set and not empty, nothing is coloured.");
}
