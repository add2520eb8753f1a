/*
 * cli/help/help.c -- leat help: from the tables of commands, options, topics
 * and stages.
 */
#include <string.h>

#include "cli.h"

void
leat__cli_help_main(FILE *to)
{
	const struct leat__cli_command *command = leat__cli_commands;
	const struct leat__cli_topic *topic = leat__cli_topics;

	fprintf(to,
		"leat %s: stream data through a graph of stages, in bounded "
		"memory\n\n"
		"usage: leat COMMAND [OPTION]... [ARGUMENT]...\n\n"
		"  leat run 'read flights.csv ! where \"delay > 60\" ! "
		"write late.csv'\n\ncommands\n",
		leat_version());
	for (; command->name; command++)
		fprintf(to, "  %-11s %s\n", command->name, command->summary);
	fputs("\ntopics\n", to);
	for (; topic->name; topic++)
		fprintf(to, "  %-11s %s\n", topic->name, topic->summary);
	fputs("\nleat help COMMAND, STAGE or TOPIC explains one; leat inspect "
	      "lists the stages.\n",
		to);
}

void
leat__cli_wrap(const char *text, size_t n_bytes, size_t at, size_t indent)
{
	const char *end = text + n_bytes;
	bool is_first = true;

	while (text < end) {
		size_t n = 0;

		while (text + n < end && (text[n] != ' ' || n == 0))
			n++; /* a word, and the space before it */
		if (!is_first && at + n > 79) {
			printf("\n%*s", (int)indent, "");
			at = indent;
			text++;
			n--;
		}
		fwrite(text, 1, n, stdout);
		at += n;
		text += n;
		is_first = false;
	}
	putchar('\n');
}

/* Paragraphs: lines that fit, and examples, stand as they are. */
static void
help_paragraphs(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		leat__cli_wrap(text, n, 0, 0);
		text += n + (text[n] == '\n');
	}
}

static void
help_option(const struct leat__cli_option *option)
{
	char left[64];

	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
		option->letter ? '-' : ' ',
		option->letter ? option->letter : ' ',
		option->letter ? ',' : ' ', option->name,
		option->value ? "=" : "", option->value ? option->value : "");
	printf("%s\n        ", left);
	leat__cli_wrap(option->help, strlen(option->help), 8, 8);
}

void
leat__cli_help_command(const struct leat__cli_command *command)
{
	const struct leat__cli_option *option = leat__cli_options;

	printf("leat %s: %s\n\nusage: leat %s %s\n\n%s\noptions\n",
		command->name, command->summary, command->name, command->args,
		command->help);
	for (; option->name; option++) {
		if (option->commands & command->bit)
			help_option(option);
	}
}

/* ---- stages ---- */

static void
help_stage_options(const struct leat_stage_ops *ops)
{
	const struct leat_option *option = ops->options;
	char range[128];

	if (!option || !option->name)
		return;
	puts("\noptions");
	for (; option->name; option++) {
		leat__cli_option_range(option, range, sizeof(range));
		printf("  %-18s ", option->name);
		leat__cli_wrap(option->help, strlen(option->help), 21, 21);
		if (range[0] || (option->fallback && *option->fallback))
			printf("%21s%s%s%s%s\n", "", range,
				range[0] && option->fallback ? ", " : "",
				option->fallback ? "default " : "",
				option->fallback ? option->fallback : "");
	}
}

static void
help_about(const struct leat_stage_ops *ops, const char *usage)
{
	printf("%s: %s\n\nusage: ", ops->name,
		ops->summary ? ops->summary : "");
	leat__cli_wrap(usage, strlen(usage), 7, 7);
	if (ops->help) {
		putchar('\n');
		help_paragraphs(ops->help);
	}
	help_stage_options(ops);
}

static void
help_stage(const struct leat_stage_ops *ops)
{
	char usage[1024];

	leat__cli_stage_usage(ops, usage, sizeof(usage));
	help_about(ops, usage);
}

/* ---- guards ---- */

static void
help_guard(const struct leat_hook_ops *ops)
{
	struct leat_stage_ops like = leat__cli_like_stage(ops);
	char usage[1024];

	leat__cli_guard_usage(ops, usage, sizeof(usage));
	help_about(&like, usage);
}

/* A stage, and the guard of the same name, if there is one. */
static void
help_both(const struct leat_stage_ops *ops, const struct leat_hook_ops *guard)
{
	help_stage(ops);
	if (!guard)
		return;
	puts("\nThere is a guard of this name, too:\n");
	help_guard(guard);
}

static void
help_guards(void)
{
	const struct leat_hook_ops *const *at = leat_stages.guards;

	for (; *at; at++)
		printf("  @%-10s %s\n", (*at)->name, (*at)->summary);
}

/* ---- the command ---- */

static int
help_unknown(const char *name)
{
	const struct leat__cli_command *command = leat__cli_commands;
	const struct leat__cli_topic *topic = leat__cli_topics;
	struct leat__cli_nearest nearest;

	leat__cli_nearest_init(&nearest, name);
	for (; command->name; command++)
		leat__cli_nearest_look(&nearest, command->name);
	for (; topic->name; topic++)
		leat__cli_nearest_look(&nearest, topic->name);
	for (uint32_t k = 0; k < leat_stages.n_stages; k++)
		leat__cli_nearest_look(&nearest, leat_stages.stages[k]->name);
	for (uint32_t k = 0; leat_stages.guards[k]; k++)
		leat__cli_nearest_look(&nearest, leat_stages.guards[k]->name);
	if (nearest.best)
		leat__cli_error("nothing is called '%s'; did you mean '%s'?",
			name, nearest.best);
	else
		leat__cli_error("nothing is called '%s'; leat help lists "
				"commands and topics, leat inspect the stages",
			name);
	return LEAT__CLI_USAGE;
}

static int
help_word(const char *name)
{
	const struct leat__cli_command *command = leat__cli_find_command(name);
	const struct leat__cli_topic *topic = leat__cli_topics;
	const struct leat_stage_ops *ops = leat__cli_find_stage(name);
	const struct leat_hook_ops *guard = leat__cli_find_guard(name);

	while (topic->name && strcmp(topic->name, name) != 0)
		topic++;
	if (command)
		leat__cli_help_command(command);
	else if (ops)
		help_both(ops, guard);
	else if (guard)
		help_guard(guard);
	else if (topic->name)
		printf("%s: %s\n\n%s", topic->name, topic->summary,
			topic->text);
	else
		return help_unknown(name);
	/* a word for both: what the command is about */
	if (command && topic->name)
		printf("\n%s: %s\n\n%s", topic->name, topic->summary,
			topic->text);
	if (topic->name && strcmp(name, "guards") == 0)
		help_guards();
	return leat__cli_flush();
}

int
leat__cli_help(const struct leat__cli_args *args)
{
	if (args->is_man) {
		leat__cli_man();
		return leat__cli_flush();
	}
	if (args->is_reference) {
		leat__cli_reference();
		return leat__cli_flush();
	}
	if (args->n_words > 1) {
		leat__cli_error("help: one word at a time; what is '%s'?",
			args->words[1]);
		return LEAT__CLI_USAGE;
	}
	if (args->n_words == 1)
		return help_word(args->words[0]);
	leat__cli_help_main(stdout);
	return leat__cli_flush();
}
