/*
 * cli/job/test.c -- leat test: the cases that stand beside a job.
 *
 *	job: late.yaml                what is tested; left out: the file's own
 *	cases:                        name without .test
 *	  - name: late ones are kept
 *	    vars: {LEAST: 60}
 *	    given: {read: "date,delay\n1,61\n2,60\n"}    what a source reads
 *	    expect: {write: "date,delay\n1,61\n"}        what a sink has written
 *	    balance: {read: 2, written: 1}
 *	    error: a part of the text of a run that is to fail
 *
 * The job runs as it does elsewhere; only the files of its read and write
 * stages are others, in a folder of the case's own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job_yaml.h"

struct test {
	struct leat__job_walk w; /* of the file of cases */
	char *job;               /* path of what is tested */
	uint32_t n_passed, n_failed;
};

struct test_case {
	struct test *test;
	struct fy_node *node;
	char *name;
	char folder[64];
	struct leat__cli_args args;
	struct leat__cli_swap swaps[LEAT__CLI_SWAPS_MAX];
	char *vars[LEAT__CLI_VARS_MAX];
	struct leat__cli_graph g;
	bool has_failed;
};

/* ---- what is said -------------------------------------------------------- */

LEAT_PRINTF(2, 3)
static void
case_failed(struct test_case *c, const char *format, ...)
{
	va_list args;

	if (!c->has_failed)
		printf("FAIL: %s\n", c->name);
	c->has_failed = true;
	fputs("    ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* The first line that differs. */
static void
case_differs(struct test_case *c, const char *stage, const char *wanted,
	const char *found)
{
	uint32_t line = 1;
	size_t at = 0, begin = 0;

	for (; wanted[at] && wanted[at] == found[at]; at++) {
		if (wanted[at] != '\n')
			continue;
		line++;
		begin = at + 1;
	}
	case_failed(c, "what '%s' has written differs in line %u", stage, line);
	printf("      wanted: %.*s%s\n", (int)strcspn(wanted + begin, "\n"),
		wanted + begin, wanted[begin] ? "" : "(the end)");
	printf("      found:  %.*s%s\n", (int)strcspn(found + begin, "\n"),
		found + begin, found[begin] ? "" : "(the end)");
}

/* ---- before the run ------------------------------------------------------ */

static struct fy_node *
case_part(const struct test_case *c, const char *name)
{
	return fy_node_mapping_lookup_by_string(c->node, name, FY_NT);
}

static int
case_swap(struct test_case *c, struct fy_node_pair *pair)
{
	struct leat__cli_swap *swap;

	if (c->args.n_swaps == LEAT__CLI_SWAPS_MAX) {
		case_failed(c, "more than %u files", LEAT__CLI_SWAPS_MAX);
		return LEAT__CLI_USAGE;
	}
	swap = &c->swaps[c->args.n_swaps++];
	*swap = (struct leat__cli_swap){.folder = c->folder};
	swap->stage = leat__job_yaml_text(fy_node_pair_key(pair));
	return leat__job_memory(swap->stage != NULL);
}

/* The stages below given: and expect:. */
static int
case_swaps(struct test_case *c, const char *part)
{
	struct fy_node *map = case_part(c, part);
	struct fy_node_pair *pair;
	void *at = NULL;
	int status = 0;

	if (!map)
		return 0;
	status = leat__job_yaml_is(&c->test->w, map, FYNT_MAPPING, part);
	while (!status && (pair = fy_node_mapping_iterate(map, &at)))
		status = case_swap(c, pair);
	return status;
}

static int
case_vars(struct test_case *c)
{
	struct fy_node *map = case_part(c, "vars");
	struct fy_node_pair *pair;
	void *at = NULL;

	while (map && (pair = fy_node_mapping_iterate(map, &at))) {
		char *name = leat__job_yaml_text(fy_node_pair_key(pair));
		char *value = leat__job_yaml_text(fy_node_pair_value(pair));
		char *both = NULL;

		if (name && value && c->args.n_vars < LEAT__CLI_VARS_MAX)
			both = malloc(strlen(name) + strlen(value) + 2);
		if (both) {
			sprintf(both, "%s=%s", name, value);
			c->vars[c->args.n_vars] = both;
			c->args.vars[c->args.n_vars++] = both;
		}
		free(name);
		free(value);
		if (!both)
			return leat__job_memory(false);
	}
	return 0;
}

static int
case_write(struct test_case *c, const struct leat__cli_swap *swap)
{
	struct fy_node *given = case_part(c, "given");
	char *text = given ? leat__job_yaml_get(given, swap->stage) : NULL;
	FILE *to;
	bool is_written;

	if (!text)
		return 0;
	to = fopen(swap->path, "w");
	is_written = to && fputs(text, to) >= 0;
	is_written = to && fclose(to) == 0 && is_written;
	free(text);
	if (!is_written)
		case_failed(c, "%s: %s", swap->path, strerror(errno));
	return is_written ? 0 : LEAT__CLI_FAILED;
}

/* Every stage that a case names has been come to. */
static int
case_files(struct test_case *c)
{
	int status = 0;

	for (uint32_t k = 0; !status && k < c->args.n_swaps; k++) {
		if (c->swaps[k].path) {
			status = case_write(c, &c->swaps[k]);
			continue;
		}
		case_failed(c,
			"the job has no read or write stage that is called "
			"'%s'; they are read, read2, ... write, write2, ... or "
			"what name: says",
			c->swaps[k].stage);
		status = LEAT__CLI_USAGE;
	}
	return status;
}

/* ---- after the run ------------------------------------------------------- */

static void
case_output(struct test_case *c, struct fy_node_pair *pair)
{
	char *stage = leat__job_yaml_text(fy_node_pair_key(pair));
	char *wanted = leat__job_yaml_text(fy_node_pair_value(pair));
	char *found = NULL;

	for (uint32_t k = 0; stage && k < c->args.n_swaps; k++)
		if (!strcmp(c->swaps[k].stage, stage))
			found = leat__cli_read_text(c->swaps[k].path);
	if (!found)
		case_failed(c, "'%s' has written nothing: %s",
			stage ? stage : "", leat__cli_read_why());
	else if (wanted && strcmp(wanted, found) != 0)
		case_differs(c, stage, wanted, found);
	free(stage);
	free(wanted);
	free(found);
}

static void
case_outputs(struct test_case *c)
{
	struct fy_node *expect = case_part(c, "expect");
	struct fy_node_pair *pair;
	void *at = NULL;

	while (expect && (pair = fy_node_mapping_iterate(expect, &at)))
		case_output(c, pair);
}

static bool
balance_value(const struct leat_graph_stats *stats, const char *name,
	uint64_t *value_out)
{
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {{"read", stats->read}, {"made", stats->made},
		{"written", stats->written}, {"filtered", stats->filtered},
		{"failed", stats->failed}, {"folded", stats->folded},
		{"shed", stats->shed}};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		if (strcmp(all[k].name, name) != 0)
			continue;
		*value_out = all[k].value;
		return true;
	}
	return false;
}

static void
case_balance(struct test_case *c)
{
	struct fy_node *balance = case_part(c, "balance");
	struct leat_graph_stats stats = {0};
	struct fy_node_pair *pair;
	void *at = NULL;

	leat_graph_stats(c->g.graph, &stats);
	if (!stats.is_balanced)
		case_failed(c, "the balance sheet does not balance");
	while (balance && (pair = fy_node_mapping_iterate(balance, &at))) {
		char *name = leat__job_yaml_text(fy_node_pair_key(pair));
		char *wanted = leat__job_yaml_text(fy_node_pair_value(pair));
		uint64_t found;

		if (!name || !wanted || !balance_value(&stats, name, &found))
			case_failed(c,
				"balance: has read, made, written, filtered, "
				"failed, folded and shed, and no '%s'",
				name ? name : "");
		else if (strtoull(wanted, NULL, 10) != found)
			case_failed(c, "%s: wanted %s, found %llu", name,
				wanted, (unsigned long long)found);
		free(name);
		free(wanted);
	}
}

static void
case_error(struct test_case *c, int code, const struct leat_error *err)
{
	struct fy_node *node = case_part(c, "error");
	char *wanted = node ? leat__job_yaml_text(node) : NULL;

	if (code && !wanted)
		case_failed(c, "it fails: %s%s%s", err->stage,
			err->stage[0] ? ": " : "", err->text);
	else if (wanted && !code)
		case_failed(c, "it is to fail, and does not");
	else if (wanted && !strstr(err->text, wanted))
		case_failed(c, "it fails, but with: %s", err->text);
	free(wanted);
}

/* ---- a case -------------------------------------------------------------- */

static int
case_keys(const struct test_case *c)
{
	static const char known[] =
		"|name|vars|given|expect|balance|error|description|";
	const struct leat__job_walk *w = &c->test->w;
	struct fy_node_pair *pair;
	void *at = NULL;
	int status = leat__job_yaml_is(w, c->node, FYNT_MAPPING, "a case");

	while (!status && (pair = fy_node_mapping_iterate(c->node, &at))) {
		struct fy_node *key = fy_node_pair_key(pair);
		char *name = leat__job_yaml_text(key), word[64];

		snprintf(word, sizeof(word), "|%.60s|", name ? name : "");
		if (!strstr(known, word)) {
			leat__job_error(w->job,
				leat__job_yaml_mark(w, key, NULL),
				"a case has name, vars, given, expect, "
				"balance, error and description");
			status = LEAT__CLI_USAGE;
		}
		free(name);
	}
	return status;
}

static void
case_run(struct test_case *c)
{
	struct leat_error err = {0};
	int code = leat_graph_check(c->g.graph, &err);

	if (!code)
		code = leat_graph_run(c->g.graph, &err);
	case_error(c, code, &err);
	if (code)
		return;
	case_outputs(c);
	case_balance(c);
}

static int
case_prepare(struct test_case *c)
{
	int status = case_keys(c);

	if (!status)
		status = case_swaps(c, "given");
	if (!status)
		status = case_swaps(c, "expect");
	return status ? status : case_vars(c);
}

static void
case_clean(struct test_case *c)
{
	leat__cli_graph_close(&c->g);
	for (uint32_t k = 0; k < c->args.n_swaps; k++) {
		if (c->swaps[k].path)
			unlink(c->swaps[k].path);
		free(c->swaps[k].path);
		free(c->swaps[k].stage);
	}
	for (uint32_t k = 0; k < c->args.n_vars; k++)
		free(c->vars[k]);
	rmdir(c->folder);
	free(c->name);
}

static int
test_case(struct test *test, struct fy_node *node)
{
	struct test_case c = {.test = test, .node = node};
	const char *tmp = getenv("TMPDIR");
	int status;

	c.args.file = test->job;
	c.args.is_virtual = true;
	c.args.swaps = c.swaps;
	c.name = leat__job_yaml_get(
		fy_node_is_mapping(node) ? node : NULL, "name");
	if (!c.name)
		c.name = strdup("a case without a name");
	snprintf(c.folder, sizeof(c.folder), "%.40s/leat-test.XXXXXX",
		tmp && *tmp ? tmp : "/tmp");
	if (!c.name || !mkdtemp(c.folder)) {
		leat__cli_error("%s: %s", c.folder, strerror(errno));
		free(c.name);
		return LEAT__CLI_FAILED;
	}
	status = case_prepare(&c);
	if (!status)
		status = leat__cli_graph_open(&c.args, &c.g);
	if (!status && !case_files(&c))
		case_run(&c);
	test->n_failed += c.has_failed || status;
	test->n_passed += !c.has_failed && !status;
	if (!c.has_failed && !status)
		printf("ok: %s\n", c.name);
	case_clean(&c);
	return status;
}

/* ---- a file of cases ----------------------------------------------------- */

/* late.test.yaml is beside late.yaml; to be freed. */
static char *
test_job(const struct test *test, struct fy_node *root)
{
	const char *from = test->w.job->files[0].path;
	char *job = leat__job_yaml_get(root, "job");
	const char *slash = strrchr(from, '/');
	const char *dot = strstr(slash ? slash : from, ".test.");
	size_t n = slash ? (size_t)(slash - from) + 1 : 0;
	char *path = malloc(strlen(from) + (job ? strlen(job) : 0) + 2);

	if (path && job)
		sprintf(path, "%.*s%s", job[0] == '/' ? 0 : (int)n, from, job);
	else if (path && dot)
		sprintf(path, "%.*s%s", (int)(dot - from), from, dot + 5);
	free(job);
	if (path && (job || dot))
		return path;
	free(path);
	leat__cli_error("%s: which job? say so by job: FILE, or call the file "
			"NAME.test.yaml",
		from);
	return NULL;
}

static int
test_cases(struct test *test)
{
	struct fy_node *root = leat__job_root(&test->w), *cases, *node;
	void *at = NULL;
	int status = leat__job_keys(&test->w, "|job|cases|description|",
		"a file of cases has job, cases, description");

	if (status)
		return status;
	cases = fy_node_mapping_lookup_by_string(root, "cases", FY_NT);
	status = leat__job_yaml_is(
		&test->w, cases ? cases : root, FYNT_SEQUENCE, "cases:");
	test->job = status ? NULL : test_job(test, root);
	if (!test->job)
		return LEAT__CLI_USAGE;
	while (!status && (node = fy_node_sequence_iterate(cases, &at)))
		status = test_case(test, node);
	return status;
}

static int
test_file(const char *path, struct test *test)
{
	struct leat__cli_args args = {0};
	struct leat__cli_job *job = calloc(1, sizeof(*job));
	char *text = leat__cli_read_text(path), *name = strdup(path);
	int status = LEAT__CLI_USAGE;

	if (!text || !job || !name) {
		leat__cli_error("%s: %s", path, leat__cli_read_why());
		free(text);
		free(name);
	} else {
		job->args = &args;
		test->w = (struct leat__job_walk){.job = job};
		status = leat__job_open(&test->w, name, text);
		if (!status)
			status = test_cases(test);
	}
	free(test->job);
	test->job = NULL;
	leat__cli_job_free(job);
	return status;
}

int
leat__cli_test(const struct leat__cli_args *args)
{
	struct test test = {0};
	int status = 0;

	if (!args->n_words) {
		leat__cli_error("test: no file of cases; leat help test shows "
				"one");
		return LEAT__CLI_USAGE;
	}
	for (uint32_t k = 0; !status && k < args->n_words; k++)
		status = test_file(args->words[k], &test);
	printf("%u passed, %u failed\n", test.n_passed, test.n_failed);
	if (leat__cli_flush() != LEAT__CLI_DONE)
		return LEAT__CLI_FAILED;
	if (status)
		return status;
	return test.n_failed ? LEAT__CLI_FAILED : LEAT__CLI_DONE;
}
