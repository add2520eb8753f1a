/*
 * cli/main.c -- the leat command: its table of commands, and the way into it.
 *
 * Results go to stdout, what is said to people to stderr, and the exit status
 * is one of enum leat__cli_status.
 */
#include <signal.h>
#include <string.h>

#include "cli.h"

const struct leat__cli_command leat__cli_commands[] = {
	{"run", LEAT__CLI_RUN, "[OPTION]... GRAPH", "run a graph",
		"  Checks the graph, proves how much memory it can need, runs "
		"it, and prints\n"
		"  the balance sheet: what became of every record that was "
		"read.\n"
		"  Ctrl-C drains: the sources stop, and what was read arrives. "
		"A second Ctrl-C\n"
		"  ends the run at once. An output that is not complete never "
		"stands under its\n"
		"  final name.\n",
		leat__cli_run},
	{"check", LEAT__CLI_CHECK, "[OPTION]... GRAPH",
		"say whether a graph would run",
		"  Looks at inputs to learn their columns, but reads no "
		"further "
		"and writes\n"
		"  nothing.\n",
		leat__cli_check},
	{"show", LEAT__CLI_SHOW, "[OPTION]... GRAPH",
		"print a graph in full: nothing implied, nothing default",
		"  A file name with a known extension brings its parser or "
		"formatter along;\n"
		"  this shows which. The output can be given to leat run.\n",
		leat__cli_show},
	{"inspect", LEAT__CLI_INSPECT, "[OPTION]... [STAGE]",
		"list the stages, or all about one of them",
		"  Ins, outs, what they carry, and each option with type, "
		"range, "
		"default and\n"
		"  unit.\n",
		leat__cli_inspect},
	{"help", LEAT__CLI_HELP, "[COMMAND|STAGE|TOPIC]",
		"explain a command, a stage or a topic",
		"  Topics: graphs, balance, signals, status, files.\n",
		leat__cli_help},
	{0},
};

const struct leat__cli_command *
leat__cli_find_command(const char *name)
{
	const struct leat__cli_command *command = leat__cli_commands;

	for (; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

static int
main_unknown(const char *word)
{
	const struct leat__cli_command *command = leat__cli_commands;
	struct leat__cli_nearest nearest;

	if (strpbrk(word, "! ")) {
		leat__cli_error(
			"no command; did you mean: leat run '%s'?", word);
		return LEAT__CLI_USAGE;
	}
	leat__cli_nearest_init(&nearest, word);
	for (; command->name; command++)
		leat__cli_nearest_look(&nearest, command->name);
	if (nearest.best)
		leat__cli_error("unknown command '%s'; did you mean '%s'?",
			word, nearest.best);
	else
		leat__cli_error("unknown command '%s'; there are run, check, "
				"show, inspect and help",
			word);
	return LEAT__CLI_USAGE;
}

/* What may stand in a command's place. -1: none of them. */
static int
main_option(const char *word)
{
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		printf("leat %s\n", leat_version());
		return leat__cli_flush();
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		leat__cli_help_main(stdout);
		return leat__cli_flush();
	}
	return -1;
}

int
main(int argc, char **argv)
{
	const struct leat__cli_command *command;
	struct leat__cli_args args;
	int status;

	/* A reader that went away is an error of a write, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		leat__cli_help_main(stderr);
		return LEAT__CLI_USAGE;
	}
	status = main_option(argv[1]);
	if (status >= 0)
		return status;
	command = leat__cli_find_command(argv[1]);
	if (!command)
		return main_unknown(argv[1]);
	status = leat__cli_args_parse(command, argc - 2, argv + 2, &args);
	if (status)
		return status;
	if (args.is_help) {
		leat__cli_help_command(command);
		return leat__cli_flush();
	}
	return command->run(&args);
}
