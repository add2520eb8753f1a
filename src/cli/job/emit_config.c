/*
 * cli/job/emit_config.c -- leat run --emit-config: the graph and the options of
 * its run, as a job that runs the same anywhere.
 *
 * Variables are filled in; secrets are not told.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* What stands below run:, or nothing. */
static void
config_run(const struct leat__cli_args *args)
{
	const struct leat__cli_option *option = leat__cli_options;
	const char *head = "run:\n";

	for (; option->name; option++) {
		const char *value = args->values[option - leat__cli_options];

		if (!value || !leat__cli_option_is_of_job(option))
			continue;
		printf("%s  %s: ", head, option->name);
		leat__cli_json_string(stdout, value);
		putchar('\n');
		head = "";
	}
}

int
leat__cli_emit_config(const struct leat__cli_graph *g)
{
	char *shown = leat__cli_graph_text(g->graph, leat_graph_show);
	char *job = shown ? leat__cli_emit(shown, false) : NULL;

	free(shown);
	if (!job) {
		leat__cli_error("out of memory");
		return LEAT__CLI_FAILED;
	}
	leat__cli_job_mask(g->job, job, strlen(job) + 1);
	config_run(&g->args);
	fputs(job, stdout);
	free(job);
	return leat__cli_flush();
}
