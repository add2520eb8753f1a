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
		"  ends the run at once; see leat help signals. An output that "
		"is not\n"
		"  complete never stands under its final name.\n",
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
	{"dlq", LEAT__CLI_DLQ, "ls|show|retry|drop FILE [OPTION]... [GRAPH]",
		"look at dead letters, try them again, drop them",
		"  ls counts them by stage, code and reason; show prints them "
		"one by one, with\n"
		"  their records as they came. drop takes them away, if an "
		"option says which\n"
		"  (--all: every one).\n"
		"  retry GRAPH runs a graph, in the place of whose input "
		"('read') stand the\n"
		"  records. When it has ended well, those that went through "
		"are dropped, and\n"
		"  those that failed again stay, with their attempts. What "
		"the graph writes\n"
		"  must not be there already, unless --overwrite is given. "
		"retry --to=TEXT\n"
		"  writes the records as a text, to be mended by hand; the "
		"letters stay.\n"
		"  Runs may add letters to FILE all the while.\n",
		leat__cli_dlq},
	{"help", LEAT__CLI_HELP, "[COMMAND|STAGE|TOPIC]",
		"explain a command, a stage or a topic",
		"  leat help lists them.\n", leat__cli_help},
	{"test", LEAT__CLI_TEST, "FILE...",
		"run the cases that stand beside a job",
		"  A case says what the job's sources read and what its sinks "
		"are to have\n"
		"  written, as text; the job runs as it does elsewhere. "
		"late.test.yaml, beside\n"
		"  late.yaml:\n"
		"\n"
		"      cases:\n"
		"        - name: late ones are kept\n"
		"          vars: {LEAST: 60}\n"
		"          given: {read: \"date,delay\\n1,61\\n2,60\\n\"}\n"
		"          expect: {write: \"date,delay\\n1,61\\n\"}\n"
		"          balance: {read: 2, written: 1, filtered: 1}\n"
		"\n"
		"  Stages are called read, read2, ..., write, ... or what "
		"name: "
		"says. `error`: a\n"
		"  part of what a run says that is to fail. `job`: another "
		"file "
		"to be tested.\n",
		leat__cli_test},
	{"explain", LEAT__CLI_EXPLAIN, "[OPTION]... GRAPH",
		"say what holds on the way from each source to each sink",
		"  What is delivered, and why; what a kill of the process "
		"loses; what becomes of\n"
		"  bad records; where the order is lost, what is copied, which "
		"sink can stop\n"
		"  which source, and how much memory each stage may take. "
		"Reads no further than\n"
		"  leat check.\n",
		leat__cli_explain},
	{"graph", LEAT__CLI_PICTURE, "[OPTION]... GRAPH", "draw a graph",
		"  For a terminal, from top to bottom; as a picture (svg), "
		"from left to right; or\n"
		"  for Graphviz or Mermaid to draw. Nothing is opened.\n",
		leat__cli_picture},
	{"doctor", LEAT__CLI_DOCTOR, "[OPTION]...",
		"say what this machine and this build have, and lack",
		"  Libraries, how text is scanned, cores, memory, open files, "
		"space, the clock,\n"
		"  and what is installed; where something is to be done, what. "
		"Status 1 if a run\n"
		"  would fail for it.\n",
		leat__cli_doctor},
	{"new", LEAT__CLI_NEW, "job|stage NAME",
		"write a job, or a stage in C, to begin with",
		"  leat new job late writes late.yaml, and late.test.yaml with "
		"cases that pass.\n"
		"  leat new stage grep writes a folder with a stage of its own "
		"for rows, a test\n"
		"  of it, and a CMakeLists.txt. Nothing that is there is "
		"written "
		"over.\n",
		leat__cli_new},
	{"dev", LEAT__CLI_DEV, "[OPTION]... FILE",
		"run a job on a sample whenever it is saved",
		"  Shows the first rows of every link. Sinks write nothing, "
		"and dead letters go\n"
		"  nowhere. Mistakes are told with their places, and a save "
		"while it runs ends\n"
		"  that run. Ctrl-C ends it.\n",
		leat__cli_dev},
	{"schema", LEAT__CLI_SCHEMA, "",
		"print the JSON Schema of jobs in YAML and JSON",
		"  For editors: what a job may hold, with the help of each "
		"option.\n",
		leat__cli_schema},
	{"completion", LEAT__CLI_COMPLETION, "bash|zsh|fish",
		"print a shell's completion script",
		"  Of commands, options, stages and topics.\n",
		leat__cli_completion},
	{"ps", LEAT__CLI_PS, "[OPTION]...", "list what runs on this machine",
		"  Each run of this user: its process, state, time, records "
		"read and written a\n"
		"  second, and its job. A process that does not answer is "
		"'silent'.\n",
		leat__cli_ps},
	{"top", LEAT__CLI_TOP, "[OPTION]... [PID]",
		"watch the stages of a run: rates, loads, queues",
		"  A stage that holds the others up has a mark. Keys: q quits, "
		"s sorts by the\n"
		"  next column, r the other way round, / keeps the stages "
		"whose "
		"names have a\n"
		"  text in them, p pauses, ? explains. PID may be left out "
		"where one runs.\n",
		leat__cli_top},
	{"why", LEAT__CLI_WHY, "[OPTION]... [PID]",
		"say who holds up a run, and why",
		"  One sentence: who stands still and who waits for it, or who "
		"is slow. PID may\n"
		"  be left out where one runs; leat ps lists them.\n",
		leat__cli_why},
	{"dump", LEAT__CLI_DUMP, "[OPTION]... [PID]",
		"print the contexts, tasks and links of a run",
		"  For whoever looks for a mistake. kill -USR1 PID makes the "
		"run itself print it.\n",
		leat__cli_dump},
	{"tap", LEAT__CLI_TAP, "[OPTION]... [PID] FROM->TO",
		"print some of the rows that pass a link of a run",
		"  As JSON, a row a line; leat top lists the stages. leat tap "
		"parse is what comes\n"
		"  out of parse. The run does not wait for who looks on: rows "
		"in between are not\n"
		"  shown.\n",
		leat__cli_tap},
	{"set", LEAT__CLI_SET, "[PID] STAGE.OPTION=VALUE",
		"change an option while a graph runs",
		"  Of a guard around a stage: leat set load.items=1000, or, if "
		"several have such\n"
		"  an option, leat set load.@rate.items=1000. Of a stage "
		"itself:\n"
		"  leat set 'where.condition=n > 5'; leat help reload says "
		"which. An empty\n"
		"  value is the default.\n",
		leat__cli_set},
	{"drain", LEAT__CLI_DRAIN, "[OPTION]... [PID]",
		"stop a run: its sources stop, what was read arrives",
		"  Returns at once; the run ends as by a first Ctrl-C.\n",
		leat__cli_drain_run},
	{"reload", LEAT__CLI_RELOAD, "[PID]",
		"make a run like its file, as it is now",
		"  What has changed is said, and then changed, all of it or "
		"nothing; the same as\n"
		"  kill -HUP PID. leat help reload says what can change.\n",
		leat__cli_reload_run},
	{"cancel", LEAT__CLI_CANCEL, "[PID]", "end a run at once",
		"  Its outputs are not completed, as by a second Ctrl-C.\n",
		leat__cli_cancel_run},
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
	if (leat__cli_find_stage(word)) {
		leat__cli_error("'%s' is a stage; did you mean: leat run '%s "
				"...'?",
			word, word);
		return LEAT__CLI_USAGE;
	}
	leat__cli_nearest_init(&nearest, word);
	for (; command->name; command++)
		leat__cli_nearest_look(&nearest, command->name);
	if (nearest.best)
		leat__cli_error("unknown command '%s'; did you mean '%s'?",
			word, nearest.best);
	else
		leat__cli_error(
			"unknown command '%s'; leat help lists them", word);
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
