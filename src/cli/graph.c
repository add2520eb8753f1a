/*
 * cli/graph.c -- from the command line to a graph.
 *
 * The text is one word, or several joined as they were before the shell took
 * their quotes away, or a file. Every mistake is told here, with the caret.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* ---- text ---- */

/* Can a word stand in a graph's text as it is? */
static bool
text_needs_quotes(const char *word)
{
	return !*word || word[strcspn(word, " \t\n\"#")] != '\0';
}

static char *
text_add_quoted(char *at, const char *word)
{
	*at++ = '"';
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			*at++ = '\\';
		*at++ = *word;
	}
	*at++ = '"';
	return at;
}

/* key="a value" keeps its key outside the quotes. */
static char *
text_add_word(char *at, const char *word)
{
	size_t n_key = strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789");

	if (!text_needs_quotes(word))
		return stpcpy(at, word);
	if (n_key && word[n_key] == '=') {
		memcpy(at, word, n_key + 1);
		at += n_key + 1;
		word += n_key + 1;
	}
	return text_add_quoted(at, word);
}

static char *
text_join(char **words, uint32_t n)
{
	size_t n_bytes = 1;
	char *text, *at;

	if (n == 1)
		return strdup(words[0]);
	for (uint32_t k = 0; k < n; k++)
		n_bytes += 2 * strlen(words[k]) + 3;
	text = malloc(n_bytes);
	if (!text)
		return NULL;
	at = text;
	for (uint32_t k = 0; k < n; k++) {
		if (k)
			*at++ = ' ';
		at = text_add_word(at, words[k]);
	}
	*at = '\0';
	return text;
}

/* The whole file; NULL with errno. */
static char *
text_read_stream(FILE *from)
{
	char *text = malloc(LEAT_GRAPH_TEXT_MAX + 2);
	size_t len;

	if (!text)
		return NULL;
	len = fread(text, 1, LEAT_GRAPH_TEXT_MAX + 1, from);
	if (ferror(from) || len > LEAT_GRAPH_TEXT_MAX) {
		errno = ferror(from) ? errno : EFBIG;
		free(text);
		return NULL;
	}
	text[len] = '\0';
	if (strlen(text) == len)
		return text;
	free(text);
	errno = EILSEQ;
	return NULL;
}

char *
leat__cli_read_text(const char *path)
{
	FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char *text;
	int kept;

	if (!from)
		return NULL;
	text = text_read_stream(from);
	kept = errno;
	if (from != stdin)
		fclose(from);
	errno = kept;
	return text;
}

const char *
leat__cli_read_why(void)
{
	if (errno == EFBIG)
		return "longer than 1 MiB";
	return errno == EILSEQ ? "holds a zero byte: not a graph's text"
			       : strerror(errno);
}

static char *
text_of(const struct leat__cli_args *args)
{
	char *text;

	if (args->file && args->n_words) {
		leat__cli_error("--file=%s and '%s': a graph comes from one "
				"place, not two",
			args->file, args->words[0]);
		return NULL;
	}
	if (!args->file && !args->n_words) {
		leat__cli_error("no graph: give its text, as in 'read a.csv ! "
				"head 10', or --file=FILE");
		return NULL;
	}
	text = args->file ? leat__cli_read_text(args->file)
			  : text_join(args->words, args->n_words);
	if (!text)
		leat__cli_error("%s: %s", args->file ? args->file : "graph",
			leat__cli_read_why());
	return text;
}

/* ---- jobs ---- */

static bool
has_suffix(const char *path, const char *suffix)
{
	size_t n = strlen(path), n_suffix = strlen(suffix);

	return n > n_suffix && !strcmp(path + n - n_suffix, suffix);
}

/* By its name; what comes by standard input, by its first words. */
static bool
is_job(const char *path, const char *text)
{
	if (strcmp(path, "-") != 0)
		return has_suffix(path, ".yaml") || has_suffix(path, ".yml") ||
			has_suffix(path, ".json");
	text += strspn(text, " \t\n");
	return *text == '{' || !strncmp(text, "graph:", 6) ||
		!strncmp(text, "---", 3) || strstr(text, "\ngraph:") != NULL;
}

/* The text of the graph, or of the job that it is made of. */
static int
graph_text(struct leat__cli_graph *g)
{
	char *text = text_of(&g->args);
	int status;

	if (!text)
		return LEAT__CLI_USAGE;
	if (!g->args.file || !is_job(g->args.file, text)) {
		g->text = text;
		if (!g->args.n_vars)
			return 0;
		leat__cli_error("--var=%s: only a job of YAML or JSON has "
				"variables",
			g->args.vars[0]);
		return LEAT__CLI_USAGE;
	}
	status = leat__cli_job_read(g->args.file, text, &g->args, &g->job);
	if (status)
		return status;
	g->text = strdup(leat__cli_job_text(g->job));
	return g->text ? 0 : LEAT__CLI_FAILED;
}

void
leat__cli_graph_error(
	const struct leat__cli_graph *g, const struct leat_error *err)
{
	struct leat__cli_place place;

	if (g->job) {
		leat__cli_job_error(g->job, err);
	} else if (g->args.report && g->text) {
		place = leat__cli_place_of(
			g->args.file ? g->args.file : "graph", g->text,
			err->at_offset, err->at_bytes);
		leat__cli_report(g->args.report, &place, err);
	} else {
		leat__cli_error_object(g->text, err);
	}
}

/* ---- graph ---- */

int
leat__cli_status_before(int code)
{
	if (code == LEAT_OK)
		return LEAT__CLI_DONE;
	if (code == LEAT_ECANCELED)
		return LEAT__CLI_STOPPED;
	if (leat_err_class(code) == LEAT_CLASS_CALLER || code == LEAT_ELIMIT ||
		code == LEAT_ENOTSUP)
		return LEAT__CLI_USAGE;
	return LEAT__CLI_FAILED;
}

static int
graph_make(struct leat__cli_graph *g, const struct leat__cli_args *args)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = (uint32_t)args->workers,
		.memory_bytes = args->memory_bytes, .schedule = args->schedule,
		.stages = args->stages, .dead_letters = args->dead_letters,
		.pin = args->pin};
	struct leat_error err = {0};
	int code;

	memcpy(opts.weights, args->weights, sizeof(opts.weights));
	if (args->is_virtual)
		opts.flags |= LEAT_GRAPH_VIRTUAL_TIME;
	code = leat_graph_create(&opts, &g->graph, &err);
	if (!code)
		code = leat_graph_parse(g->graph, g->text, &err);
	if (code)
		leat__cli_graph_error(g, &err);
	if (code && !args->file && access(g->text, R_OK) == 0)
		fprintf(stderr, "to take the graph from that file: -f %s\n",
			g->text);
	return leat__cli_status_before(code);
}

int
leat__cli_graph_open(
	const struct leat__cli_args *args, struct leat__cli_graph *g)
{
	int status;

	memset(g, 0, sizeof(*g));
	g->args = *args;
	status = graph_text(g);
	return status ? status : graph_make(g, &g->args);
}

int
leat__cli_graph_check(struct leat__cli_graph *g)
{
	struct leat_error err = {0};
	int code = leat_graph_check(g->graph, &err);

	if (code)
		leat__cli_graph_error(g, &err);
	return leat__cli_status_before(code);
}

void
leat__cli_graph_close(struct leat__cli_graph *g)
{
	leat_graph_destroy(g->graph);
	free(g->text);
	leat__cli_job_free(g->job);
}

char *
leat__cli_graph_text(const struct leat_graph *graph,
	size_t (*write)(const struct leat_graph *, char *, size_t))
{
	char nothing[1];
	size_t len = write(graph, nothing, sizeof(nothing));
	char *text = malloc(len + 1);

	if (text)
		write(graph, text, len + 1);
	else
		leat__cli_error("out of memory");
	return text;
}

/* To stdout; text is freed. NULL: no memory. */
static int
graph_put(const struct leat__cli_graph *g, char *text)
{
	size_t len;

	if (!text) {
		leat__cli_error("out of memory");
		return LEAT__CLI_FAILED;
	}
	len = strlen(text);
	leat__cli_job_mask(g->job, text, len + 1);
	len = strlen(text);
	fputs(text, stdout);
	if (len && text[len - 1] != '\n')
		putchar('\n');
	free(text);
	return leat__cli_flush();
}

int
leat__cli_graph_print(const struct leat__cli_graph *g,
	size_t (*write)(const struct leat_graph *, char *, size_t))
{
	char *text = leat__cli_graph_text(g->graph, write);

	return text ? graph_put(g, text) : LEAT__CLI_FAILED;
}

/* ---- check and show ---- */

static void
check_say(const struct leat__cli_graph *g)
{
	struct leat_graph_stats stats = {0};
	char bytes[32];

	leat_graph_stats(g->graph, &stats);
	printf("good: %u stages, at most %s of memory\n", stats.n_stages,
		leat__cli_bytes(leat_graph_bound_bytes(g->graph), bytes,
			sizeof(bytes)));
}

int
leat__cli_check(const struct leat__cli_args *args)
{
	struct leat__cli_graph g;
	int status = leat__cli_graph_open(args, &g);

	if (!status)
		status = leat__cli_graph_check(&g);
	if (!status && args->is_online)
		status = leat__cli_online(&g);
	if (!status && args->report)
		leat__cli_report_good(args->report, g.graph);
	else if (!status && !args->is_quiet)
		check_say(&g);
	if (leat__cli_flush() != LEAT__CLI_DONE && !status)
		status = LEAT__CLI_FAILED;
	leat__cli_graph_close(&g);
	return status;
}

static int
show_as(const struct leat__cli_graph *g, uint32_t format)
{
	bool is_drawn = format == LEAT__CLI_FORMAT_DOT ||
		format == LEAT__CLI_FORMAT_MERMAID;
	char *text = leat__cli_graph_text(
		g->graph, is_drawn ? leat_graph_write_dot : leat_graph_show);
	char *other;

	if (!text)
		return LEAT__CLI_FAILED;
	if (format == LEAT__CLI_FORMAT_TEXT || format == LEAT__CLI_FORMAT_DOT)
		return graph_put(g, text);
	if (is_drawn)
		other = leat__cli_mermaid(text);
	else
		other = leat__cli_emit(text, format == LEAT__CLI_FORMAT_JSON);
	free(text);
	return graph_put(g, other);
}

int
leat__cli_show(const struct leat__cli_args *args)
{
	struct leat__cli_graph g;
	int status = leat__cli_graph_open(args, &g);

	if (!status)
		status = show_as(&g, args->format);
	leat__cli_graph_close(&g);
	return status;
}
