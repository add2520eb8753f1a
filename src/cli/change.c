/*
 * cli/change.c -- tell when an option has changed, by somebody, or a guard's
 * state; a line each on stderr, as words or, with --progress=json, as JSON.
 */
#include <string.h>

#include "reload.h"

#define CHANGE_AT_ONCE 8u

static const char *
change_value(const char *value)
{
	return *value ? value : "the default";
}

static void
change_words(const struct leat_change *c)
{
	leat__cli_say("%s: %s%s%s%s %s -> %s%s%s%s%s", c->stage,
		*c->hook ? "@" : "", c->hook, *c->hook ? ": " : "", c->what,
		change_value(c->before), change_value(c->after),
		c->is_by && *c->who ? ", by " : "", c->who, *c->why ? ": " : "",
		c->why);
}

static void
change_field(const char *name, const char *value)
{
	fprintf(stderr, ",\"%s\":", name);
	leat__cli_json_string(stderr, value);
}

static void
change_json(const struct leat_change *c, int64_t start_ns)
{
	fprintf(stderr, "{\"seconds\":%.3f",
		(double)(c->at_ns - start_ns) / 1e9);
	change_field("change", c->what);
	change_field("stage", c->stage);
	if (*c->hook)
		change_field("guard", c->hook);
	change_field("from", c->before);
	change_field("to", c->after);
	if (c->is_by)
		change_field("who", c->who);
	else
		change_field("why", c->why);
	fputs("}\n", stderr);
}

void
leat__cli_change_tell(
	struct leat__cli_progress_state *p, const struct leat_graph *graph)
{
	struct leat_change all[CHANGE_AT_ONCE];
	uint32_t n;

	while ((n = leat_graph_changes(
			graph, p->last_change, all, CHANGE_AT_ONCE)) > 0) {
		leat__cli_progress_clear(p);
		for (uint32_t k = 0; k < n; k++)
			/* its plan was told, without secrets */
			if (!strcmp(all[k].who, LEAT__CLI_RELOAD_WHO))
				continue;
			else if (p->kind == LEAT__CLI_PROGRESS_JSON)
				change_json(&all[k], p->start_ns);
			else
				change_words(&all[k]);
		p->last_change = all[n - 1].number;
	}
}
