/*
 * cli/topics.c -- the texts of `leat help TOPIC`, also used for the manual
 * page. A line that starts with a tab is an example.
 */
#include "cli.h"

static const char topic_graphs[] =
	"A graph is a chain of stages with ! between them; data flows from "
	"left "
	"to\n"
	"right:\n"
	"\n"
	"\tread flights.csv ! where \"delay > 60\" ! head 10 ! write late.csv\n"
	"\n"
	"A stage is its name and its options, name=value. Some options may "
	"stand\n"
	"without their name: leat inspect STAGE tells which. Double quotes "
	"hold "
	"spaces;\n"
	"inside them a backslash makes the next character plain. A # starts a "
	"comment\n"
	"to the end of the line.\n"
	"\n"
	"name=t gives a stage a name, t. goes on from it and t.1 from its out "
	"1.\n"
	"priority=high, normal, low, or 0 (first) to 7, says which stages the "
	"workers\n"
	"run first; see --schedule.\n"
	"on_error=stop, skip, skip(MAX) or dead-letter says what becomes of "
	"records that\n"
	"a stage cannot deal with: the run fails (the default), they are left "
	"out, or\n"
	"written to the file that --dead-letters names. All are counted as "
	"failed.\n"
	"\n"
	"A file name with a known extension brings its parser or formatter "
	"along, and\n"
	"a chain without a sink ends on standard output; leat show prints what "
	"results.\n";

static const char topic_parallel[] =
	"parallel puts replicas of a chain into a graph:\n"
	"\n"
	"\tread a.csv ! parallel 4 { where \"x > 1\" ! upper } ! write b.csv\n"
	"\tread a.csv ! parallel 2..8 ordered { upper } ! write b.csv\n"
	"\n"
	"Stages whose records are independent of each other are run by all "
	"workers, in\n"
	"order, without it. It says how many replicas there are, by which "
	"key, or that\n"
	"no order is wanted. The braces stand by themselves, with spaces "
	"around.\n"
	"\n"
	"  n, n..m    replicas; without a number one for each worker. Between "
	"n and m\n"
	"             their number follows the load, and leat says why it "
	"changes\n"
	"  ordered    what comes out has the order of what went in\n"
	"  by=COLUMN  records that are equal there go to the same replica, in "
	"their\n"
	"             order; of records of different keys within one frame no "
	"order is\n"
	"             kept\n"
	"\n"
	"Where the number follows the load, at the end of each window (1s) it "
	"is\n"
	"\n"
	"  raised     by a quarter, if the queue was over grow_queue=80 "
	"percent "
	"full and\n"
	"             the rate over grow_rate=150 percent of its mean of 60 "
	"windows; or\n"
	"             if the queue was so full in three windows in a row; or "
	"if the p99\n"
	"             of the records' age is over grow_delay=200 percent of "
	"its mean\n"
	"  lowered    by 15 percent, if the queue was at most shrink_queue=20 "
	"percent\n"
	"             full, and the rate at most shrink_rate=70 percent of its "
	"mean\n"
	"\n"
	"and not again within cooldown=5s. start=N are at work in the "
	"beginning (all);\n"
	"predict=3 also raises it if by the trend it would be needed in three "
	"windows.\n";

static const char topic_guards[] =
	"Guards stand before a stage, and around its calls:\n"
	"\n"
	"\tread a.csv ! @rate(items=1000) write b.csv\n"
	"\tread a.csv ! @rate(bytes=1M, over=shed) write b.csv\n"
	"\n"
	"The first that is written stands outermost. Between the brackets "
	"commas or\n"
	"blanks separate; values that hold either stand in quotes. A stage "
	"whose guard\n"
	"waits has a thread of its own, and what flows to it waits with it. "
	"Records that\n"
	"a guard drops are counted as shed. leat help GUARD explains one:\n"
	"\n";

static const char topic_balance[] =
	"Every record that is read ends in exactly one way, and after a run "
	"the "
	"balance\n"
	"sheet proves it:\n"
	"\n"
	"\tread + made = written + filtered + failed + folded + shed\n"
	"\n"
	"  read      came out of an input\n"
	"  made      a result of other records, such as that of count\n"
	"  written   reached an output\n"
	"  filtered  dropped on purpose, by where, head, ...\n"
	"  failed    could not be dealt with\n"
	"  folded    absorbed into a result\n"
	"  shed      missed by a branch that was slow (tee shed)\n"
	"\n"
	"Both sides are counted apart from each other. Should they differ, the "
	"exit\n"
	"status is 4.\n";

static const char topic_signals[] =
	"The first Ctrl-C (SIGINT, SIGTERM) drains: sources stop, what was "
	"read "
	"is\n"
	"written, and each second leat says whom it waits for. The second one "
	"ends the\n"
	"run at once. In both cases the exit status is 3, and no output stands "
	"under its\n"
	"final name: after a drain it stands as NAME.partial, which the option "
	"on_drain\n"
	"of write can change.\n";

static const char topic_status[] =
	"  0  done\n"
	"  1  an input, an output or the data was not as it must be\n"
	"  2  the command line or the graph is wrong; nothing was read or "
	"written\n"
	"  3  stopped by Ctrl-C or SIGTERM\n"
	"  4  the balance sheet does not balance: a bug\n";

static const char topic_files[] =
	"A path of - is standard input or standard output. Any other output is "
	"written\n"
	"beside its final name, put on the disk, and then renamed; so a file "
	"is "
	"either\n"
	"complete or not there, and one that stood there before stays until "
	"then.\n";

const struct leat__cli_topic leat__cli_topics[] = {
	{"graphs", "how a graph is written", topic_graphs},
	{"parallel", "replicas of a chain", topic_parallel},
	{"guards", "what stands around a stage", topic_guards},
	{"expressions", "conditions and values", leat__cli_topic_expressions},
	{"functions", "functions of expressions", leat__cli_topic_functions},
	{"balance", "what the balance sheet says", topic_balance},
	{"signals", "what Ctrl-C does", topic_signals},
	{"status", "what the exit status means", topic_status},
	{"files", "how files are read and written", topic_files},
	{0},
};
