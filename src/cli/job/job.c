/*
 * cli/job/job.c -- a job's files: read, looked at, and made into a graph's
 *text.
 *
 *	run:      options of the command: workers, memory, ...
 *	vars:     what ${NAME} is, where neither --var nor the environment says
 *	secrets:  [NAME, ...]: what they hold is not printed
 *	graph:    see chain.c
 *
 * Of a file that is included, graph, vars and secrets count.
 * The syntax is libfyaml's: YAML 1.2, and JSON by the name's extension.
 */
#include <stdlib.h>
#include <string.h>

#include "job_yaml.h"

/* ---- syntax -------------------------------------------------------------- */

static uint32_t
syntax_offset(const struct leat__job_file *file, int line, int column)
{
	uint32_t at = 0;

	for (; line > 1 && at < file->n_bytes; at++)
		line -= file->text[at] == '\n';
	return at + (uint32_t)(column > 1 ? column - 1 : 0);
}

static int
syntax_error(const struct leat__job_walk *w, struct fy_diag *diag)
{
	void *at = NULL;
	struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);
	struct leat__job_mark mark = {.file = w->file, .len = 1};

	if (!error) {
		leat__job_error(w->job, mark,
			w->job->files[w->file].n_bytes
				? "not YAML, and not JSON"
				: "the file is empty");
		return LEAT__CLI_USAGE;
	}
	mark.pos = syntax_offset(
		&w->job->files[w->file], error->line, error->column);
	leat__job_error(w->job, mark, "%s", error->msg);
	return LEAT__CLI_USAGE;
}

static bool
is_json(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && !strcmp(path + n - 5, ".json");
}

static int
file_parse(struct leat__job_walk *w)
{
	struct leat__job_file *file = &w->job->files[w->file];
	struct fy_diag_cfg quiet;
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET |
			(is_json(file->path) ? FYPCF_JSON_FORCE
					     : FYPCF_JSON_NONE)};
	int status = 0;

	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	cfg.diag = fy_diag_create(&quiet);
	if (!cfg.diag)
		return leat__job_memory(false);
	fy_diag_set_collect_errors(cfg.diag, true);
	file->doc =
		fy_document_build_from_string(&cfg, file->text, file->n_bytes);
	if (!file->doc)
		status = syntax_error(w, cfg.diag);
	fy_diag_destroy(cfg.diag);
	return status;
}

/* ---- files --------------------------------------------------------------- */

struct fy_node *
leat__job_root(const struct leat__job_walk *w)
{
	return fy_document_root(w->job->files[w->file].doc);
}

int
leat__job_keys(
	const struct leat__job_walk *w, const char *known, const char *words)
{
	void *at = NULL;
	struct fy_node_pair *pair;
	struct fy_node *root = leat__job_root(w);
	int status = 0;

	while (!status && (pair = fy_node_mapping_iterate(root, &at))) {
		struct fy_node *key = fy_node_pair_key(pair);
		char *name = leat__job_yaml_text(key), word[64];

		snprintf(word, sizeof(word), "|%.60s|", name ? name : "");
		if (!name ||
			(strncmp(name, "x-", 2) != 0 &&
				strstr(known, word) == NULL)) {
			leat__job_error(w->job,
				leat__job_yaml_mark(w, key, NULL),
				"%s, and what begins with x-; '%s' is none of "
				"them",
				words, name ? name : "");
			status = LEAT__CLI_USAGE;
		}
		free(name);
	}
	return status;
}

static int
file_part(const struct leat__job_walk *w, const char *name,
	enum fy_node_type type, struct fy_node **out)
{
	struct fy_node *node = fy_node_mapping_lookup_by_string(
		leat__job_root(w), name, FY_NT);

	if (!node || leat__job_yaml_is_null(node))
		return 0;
	*out = node;
	return leat__job_yaml_is(w, node, type, name);
}

int
leat__job_open(struct leat__job_walk *w, char *path, char *text)
{
	struct leat__cli_job *job = w->job;
	int status;

	if (job->n_files == LEAT__JOB_FILES_MAX) {
		leat__cli_error(
			"a job of more than %u files", LEAT__JOB_FILES_MAX);
		free(path);
		free(text);
		return LEAT__CLI_USAGE;
	}
	w->file = job->n_files++;
	job->files[w->file] = (struct leat__job_file){
		.path = path, .text = text, .n_bytes = strlen(text)};
	status = file_parse(w);
	return status ? status
		      : leat__job_yaml_is(
				w, leat__job_root(w), FYNT_MAPPING, "the file");
}

int
leat__job_open_graph(struct leat__job_walk *w, char *path, char *text)
{
	struct leat__cli_job *job = w->job;
	int status = leat__job_open(w, path, text);

	if (!status)
		status = leat__job_keys(w,
			"|graph|run|vars|secrets|description|",
			"a job has graph, run, vars, secrets, description");
	if (!status)
		status = file_part(
			w, "vars", FYNT_MAPPING, &job->files[w->file].vars);
	if (!status)
		status = file_part(w, "secrets", FYNT_SEQUENCE,
			&job->files[w->file].secrets);
	return status;
}

/* ---- options of the command ---------------------------------------------- */

static const struct leat__cli_option *
run_find(const char *name)
{
	const struct leat__cli_option *option = leat__cli_options;

	for (; option->name; option++)
		if (leat__cli_option_is_of_job(option) &&
			strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

static int
run_unknown(
	const struct leat__job_walk *w, struct fy_node *key, const char *name)
{
	const struct leat__cli_option *option = leat__cli_options;
	struct leat__cli_nearest nearest;

	leat__cli_nearest_init(&nearest, name);
	for (; option->name; option++)
		if (leat__cli_option_is_of_job(option))
			leat__cli_nearest_look(&nearest, option->name);
	leat__job_error(w->job, leat__job_yaml_mark(w, key, NULL),
		"run: takes the options of leat run that have a value; '%s' is "
		"none%s%s",
		name, nearest.best ? "; did you mean " : "",
		nearest.best ? nearest.best : "");
	return LEAT__CLI_USAGE;
}

/* Kept until the end, for options keep what they are told. */
static const char *
run_keep(struct leat__cli_job *job, char *value)
{
	char **strings =
		realloc(job->strings, (job->n_strings + 1) * sizeof(*strings));

	if (!strings) {
		free(value);
		return NULL;
	}
	job->strings = strings;
	strings[job->n_strings++] = value;
	return value;
}

static int
run_set(struct leat__job_walk *w, struct fy_node_pair *pair,
	const struct leat__cli_option *option, struct leat__cli_args *args)
{
	struct fy_node *node = fy_node_pair_value(pair);
	char *text = leat__job_yaml_value(w, node, option->name);
	const char *value;

	if (!text)
		return LEAT__CLI_USAGE;
	value = run_keep(w->job, text);
	if (!value)
		return leat__job_memory(false);
	if (args->given & leat__cli_option_bit(option))
		return 0; /* the command line goes before the file */
	if (!leat__cli_option_set(args, option, value)) {
		leat__cli_option_keep(args, option, value);
		return 0;
	}
	leat__job_error(w->job, leat__job_yaml_mark(w, node, value),
		"%s: '%s' is not accepted; it is %s: %s", option->name, value,
		option->value, option->help);
	return LEAT__CLI_USAGE;
}

static int
run_option(struct leat__job_walk *w, struct fy_node_pair *pair,
	struct leat__cli_args *args)
{
	struct fy_node *key = fy_node_pair_key(pair);
	char *name = leat__job_yaml_text(key);
	const struct leat__cli_option *option;
	int status;

	if (!name)
		return leat__job_memory(false);
	for (char *c = name; *c; c++)
		*c = (char)(*c == '_' ? '-' : *c);
	option = run_find(name);
	status = option ? run_set(w, pair, option, args)
			: run_unknown(w, key, name);
	free(name);
	return status;
}

static int
job_run(struct leat__job_walk *w, struct leat__cli_args *args)
{
	struct fy_node *run = fy_node_mapping_lookup_by_string(
		leat__job_root(w), "run", FY_NT);
	struct fy_node_pair *pair;
	void *at = NULL;
	int status = 0;

	if (!run || leat__job_yaml_is_null(run))
		return 0;
	status = leat__job_yaml_is(w, run, FYNT_MAPPING, "run:");
	while (!status && (pair = fy_node_mapping_iterate(run, &at)))
		status = run_option(w, pair, args);
	return status;
}

/* ---- the job ------------------------------------------------------------- */

static int
job_graph(struct leat__job_walk *w)
{
	struct fy_node_pair *pair = fy_node_mapping_lookup_pair_by_string(
		leat__job_root(w), "graph", FY_NT);
	struct fy_node *graph = pair ? fy_node_pair_value(pair) : NULL;
	bool is_empty = graph && fy_node_is_sequence(graph) &&
		fy_node_sequence_is_empty(graph);

	if (graph && !is_empty)
		return leat__job_walk_graph(w, graph);
	leat__job_error(w->job,
		leat__job_yaml_mark(w,
			pair ? fy_node_pair_key(pair) : leat__job_root(w),
			NULL),
		"%s: it is a list of stages, like\n"
		"graph:\n"
		"  - read: flights.csv\n"
		"  - where: delay > 60\n"
		"  - write: late.csv",
		pair ? "the graph is empty" : "the job has no graph");
	return LEAT__CLI_USAGE;
}

int
leat__cli_job_read(const char *path, char *text, struct leat__cli_args *args,
	struct leat__cli_job **job_out)
{
	struct leat__cli_job *job = calloc(1, sizeof(*job));
	struct leat__job_walk w = {.job = job};
	char *name = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	int status = leat__job_memory(job && name);

	if (status) {
		free(name);
		free(text);
		free(job);
		return status;
	}
	*job_out = job;
	job->args = args;
	status = leat__job_open_graph(&w, name, text);
	if (!status)
		status = job_run(&w, args);
	if (!status)
		status = job_graph(&w);
	return status ? status : leat__job_vars_check(job);
}

const char *
leat__cli_job_text(const struct leat__cli_job *job)
{
	return job->text;
}

void
leat__cli_job_free(struct leat__cli_job *job)
{
	if (!job)
		return;
	leat__cli_job_free(job->heir);
	for (uint32_t k = 0; k < job->n_files; k++) {
		fy_document_destroy(job->files[k].doc);
		free(job->files[k].text);
		free(job->files[k].path);
	}
	for (uint32_t k = 0; k < job->n_vars; k++) {
		free(job->vars[k].name);
		free(job->vars[k].value);
	}
	for (uint32_t k = 0; k < job->n_strings; k++)
		free(job->strings[k]);
	free(job->strings);
	free(job->marks);
	free(job->text);
	free(job);
}

const char *
leat__cli_job_path(const struct leat__cli_job *job, uint32_t k)
{
	return k < job->n_files ? job->files[k].path : NULL;
}
