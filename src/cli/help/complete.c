/*
 * cli/help/complete.c -- leat completion SHELL: the script that completes
 * leat's commands, options, stages and topics in bash, zsh or fish, from the
 * tables.
 */
#include <string.h>

#include "cli.h"

/* One of "bar|plain|json", and not N or FILE. */
static bool
is_choice(const struct leat__cli_option *option)
{
	return option->value && strchr(option->value, '|') &&
		!strchr(option->value, '[');
}

/* f(--name=value) for each, or once. */
static void
option_words(const struct leat__cli_option *option)
{
	const char *values = option->value;

	if (!is_choice(option)) {
		printf(" --%s%s", option->name, option->value ? "=" : "");
		return;
	}
	while (*values) {
		size_t n = strcspn(values, "|");

		printf(" --%s=%.*s", option->name, (int)n, values);
		values += n + (values[n] == '|');
	}
}

static void
words_of_options(const struct leat__cli_command *command)
{
	const struct leat__cli_option *option = leat__cli_options;

	for (; option->name; option++)
		if (option->commands & command->bit)
			option_words(option);
}

static void
words_of_stages(void)
{
	for (uint32_t k = 0; k < leat_stages.n_stages; k++)
		printf(" %s", leat_stages.stages[k]->name);
}

static void
words_of_topics(void)
{
	const struct leat__cli_command *command = leat__cli_commands;
	const struct leat__cli_topic *topic = leat__cli_topics;

	for (; command->name; command++)
		printf(" %s", command->name);
	for (; topic->name; topic++)
		printf(" %s", topic->name);
	for (uint32_t k = 0; leat_stages.guards[k]; k++)
		printf(" %s", leat_stages.guards[k]->name);
}

/* Does it take words that are known? */
static bool
takes_words(const struct leat__cli_command *command)
{
	return command->bit &
		(LEAT__CLI_INSPECT | LEAT__CLI_HELP | LEAT__CLI_NEW |
			LEAT__CLI_COMPLETION);
}

static void
words_of_command(const struct leat__cli_command *command)
{
	if (command->bit & (LEAT__CLI_INSPECT | LEAT__CLI_HELP))
		words_of_stages();
	if (command->bit & LEAT__CLI_HELP)
		words_of_topics();
	if (command->bit & LEAT__CLI_COMPLETION)
		fputs(" bash zsh fish", stdout);
	if (command->bit & LEAT__CLI_NEW)
		fputs(" job stage", stdout);
}

/* ---- bash ---------------------------------------------------------------- */

static void
complete_bash(void)
{
	const struct leat__cli_command *command = leat__cli_commands;

	fputs("# bash completion for leat\n"
	      "_leat()\n"
	      "{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
	      "\tlocal before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\n"
	      "\tif [ \"$word\" = = ]; then word=; fi\n"
	      "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	      "\t\twords=\"--help --version",
		stdout);
	for (; command->name; command++)
		printf(" %s", command->name);
	puts("\"\n\telse\n\t\tcase ${COMP_WORDS[1]} in");
	for (command = leat__cli_commands; command->name; command++) {
		printf("\t\t%s) words=\"", command->name);
		words_of_options(command);
		words_of_command(command);
		puts("\" ;;");
	}
	puts("\t\tesac\n"
	     "\tfi\n"
	     "\tcase $before in -f|--file|=) words= ;; esac\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	     "\t[ ${#COMPREPLY[@]} = 0 ] &&\n"
	     "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n"
	     "\tcase ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac\n"
	     "}\n"
	     "complete -F _leat leat");
}

/* ---- zsh ----------------------------------------------------------------- */

/* In single quotes; brackets and colons are zsh's own. */
static void
zsh_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			putchar('\\');
		if (*text == '\'')
			fputs("'\\'", stdout);
		putchar(*text);
	}
}

static void
zsh_option(const struct leat__cli_option *option)
{
	printf("\t\t\t'--%s%s[", option->name, option->value ? "=" : "");
	zsh_text(option->help);
	putchar(']');
	if (is_choice(option)) {
		fputs(":value:(", stdout);
		for (const char *c = option->value; *c; c++)
			putchar(*c == '|' ? ' ' : *c);
		putchar(')');
	} else if (option->value) {
		fputs(":value:_files", stdout);
	}
	puts("' \\");
}

static void
zsh_command(const struct leat__cli_command *command)
{
	const struct leat__cli_option *option = leat__cli_options;

	printf("\t%s)\n\t\t_arguments \\\n", command->name);
	for (; option->name; option++)
		if (option->commands & command->bit)
			zsh_option(option);
	fputs("\t\t\t'*:word:", stdout);
	if (takes_words(command)) {
		putchar('(');
		words_of_command(command);
		putchar(')');
	} else {
		fputs("_files", stdout);
	}
	puts("' ;;");
}

static void
complete_zsh(void)
{
	const struct leat__cli_command *command = leat__cli_commands;

	puts("#compdef leat\n"
	     "local -a commands\n"
	     "commands=(");
	for (; command->name; command++) {
		printf("\t'%s:", command->name);
		zsh_text(command->summary);
		puts("'");
	}
	puts(")\n"
	     "if ((CURRENT == 2)); then\n"
	     "\t_describe command commands\n"
	     "\treturn\n"
	     "fi\n"
	     "local command=$words[2]\n"
	     "shift words\n"
	     "((CURRENT--))\n"
	     "case $command in");
	for (command = leat__cli_commands; command->name; command++)
		zsh_command(command);
	puts("esac");
}

/* ---- fish ---------------------------------------------------------------- */

static void
fish_text(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void
fish_option(const struct leat__cli_command *command,
	const struct leat__cli_option *option)
{
	printf("complete -c leat -n '__fish_seen_subcommand_from %s' -l %s",
		command->name, option->name);
	if (option->letter)
		printf(" -s %c", option->letter);
	if (is_choice(option)) {
		fputs(" -x -a '", stdout);
		for (const char *c = option->value; *c; c++)
			putchar(*c == '|' ? ' ' : *c);
		putchar('\'');
	} else if (option->value) {
		fputs(" -r", stdout);
	}
	fputs(" -d ", stdout);
	fish_text(option->help);
	putchar('\n');
}

static void
fish_command(const struct leat__cli_command *command)
{
	const struct leat__cli_option *option = leat__cli_options;

	printf("complete -c leat -n __fish_use_subcommand -f -a %s -d ",
		command->name);
	fish_text(command->summary);
	putchar('\n');
	for (; option->name; option++)
		if (option->commands & command->bit)
			fish_option(command, option);
	if (!takes_words(command))
		return;
	printf("complete -c leat -n '__fish_seen_subcommand_from %s' -f -a '",
		command->name);
	words_of_command(command);
	puts("'");
}

static void
complete_fish(void)
{
	const struct leat__cli_command *command = leat__cli_commands;

	puts("# fish completion for leat");
	for (; command->name; command++)
		fish_command(command);
}

int
leat__cli_completion(const struct leat__cli_args *args)
{
	const char *shell = args->n_words == 1 ? args->words[0] : "";

	if (strcmp(shell, "bash") == 0)
		complete_bash();
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh();
	else if (strcmp(shell, "fish") == 0)
		complete_fish();
	else {
		leat__cli_error("completion: for which shell? bash, zsh or "
				"fish, as in\n"
				"source <(leat completion bash)");
		return LEAT__CLI_USAGE;
	}
	return leat__cli_flush();
}
