/*
 * cli/job/schema.c -- leat schema: the JSON Schema of jobs in YAML and JSON,
 * for editors. All of it comes from the tables of stages, guards and options.
 */
#include <string.h>

#include "cli.h"

static void
schema_string(const char *text)
{
	leat__cli_json_string(stdout, text ? text : "");
}

/* "a|b|c" as "a","b","c" */
static void
schema_choices(const char *values)
{
	while (*values) {
		size_t n = strcspn(values, "|");

		printf("\"%.*s\"", (int)n, values);
		values += n;
		if (*values) {
			putchar(',');
			values++;
		}
	}
}

static bool
has_variable_form(uint32_t type)
{
	return type == LEAT_OPTION_UINT || type == LEAT_OPTION_INT ||
		type == LEAT_OPTION_NUMBER || type == LEAT_OPTION_BYTES;
}

/* What an option takes: its own type, or text with a ${NAME}. */
static void
schema_type(const struct leat_option *option)
{
	if (option->type == LEAT_OPTION_ENUM) {
		fputs("\"anyOf\":[{\"enum\":[", stdout);
		schema_choices(option->values);
		fputs("]},{\"$ref\":\"#/$defs/variable\"}]", stdout);
	} else if (option->type == LEAT_OPTION_BOOL) {
		fputs("\"type\":[\"boolean\",\"string\",\"integer\"]", stdout);
	} else if (option->flags & LEAT_OPTION_REST) {
		fputs("\"$ref\":\"#/$defs/values\"", stdout);
	} else if (has_variable_form(option->type)) {
		fputs("\"type\":[\"number\",\"string\"]", stdout);
		if (option->min || option->max)
			printf(",\"minimum\":%lld,\"maximum\":%lld",
				(long long)option->min, (long long)option->max);
	} else {
		fputs("\"$ref\":\"#/$defs/value\"", stdout);
	}
}

static void
schema_option(const struct leat_option *option)
{
	schema_string(option->name);
	fputs(":{", stdout);
	schema_type(option);
	fputs(",\"description\":", stdout);
	schema_string(option->help);
	if (option->fallback) {
		fputs(",\"default\":", stdout);
		schema_string(option->fallback);
	}
	putchar('}');
}

/* {"a":{...},...}, and nothing else. */
static void
schema_options(const struct leat_option *option)
{
	bool is_first = true;

	fputs("{\"type\":\"object\",\"additionalProperties\":false,"
	      "\"properties\":{",
		stdout);
	for (; option && option->name; option++) {
		fputs(is_first ? "" : ",", stdout);
		schema_option(option);
		is_first = false;
	}
	fputs("}}", stdout);
}

static bool
takes_values(const struct leat_option *option)
{
	for (; option && option->name; option++)
		if (option->flags &
			(LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED))
			return true;
	return false;
}

/* A key and what stands below it: of a stage, or of a guard. */
static void
schema_named(const char *name, const char *summary,
	const struct leat_option *options)
{
	schema_string(name);
	fputs(":{\"description\":", stdout);
	schema_string(summary);
	fputs(",\"anyOf\":[{\"type\":\"null\"},", stdout);
	if (takes_values(options))
		fputs("{\"$ref\":\"#/$defs/values\"},", stdout);
	schema_options(options);
	fputs("]}", stdout);
}

/* ---- definitions --------------------------------------------------------- */

static const char schema_values[] =
	"\"value\":{\"type\":[\"string\",\"number\",\"boolean\"]},\n"
	"\"variable\":{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"},\n"
	"\"values\":{\"anyOf\":[{\"$ref\":\"#/$defs/value\"},"
	"{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/value\"}}]},\n"
	"\"chain\":{\"type\":\"array\",\"minItems\":1,"
	"\"items\":{\"$ref\":\"#/$defs/entry\"}},\n"
	"\"entry\":{\"anyOf\":[{\"enum\":[";

static const char schema_entries[] =
	"]},{\"$ref\":\"#/$defs/stage\"},{\"$ref\":\"#/$defs/other\"}]},\n"
	"\"other\":{\"type\":\"object\",\"minProperties\":1,"
	"\"maxProperties\":1,\"additionalProperties\":false,\"properties\":{"
	"\"from\":{\"type\":\"string\",\"description\":\"first in a chain: the "
	"stage, or STAGE.OUT, that it goes on from\"},"
	"\"to\":{\"type\":\"string\",\"description\":\"last in a chain: the "
	"stage that it ends in\"},"
	"\"include\":{\"type\":\"string\",\"description\":\"a file, the graph "
	"of which stands here\"},"
	"\"parallel\":{\"type\":\"object\",\"required\":[\"graph\"],"
	"\"properties\":{\"replicas\":{\"type\":[\"integer\",\"string\"],"
	"\"description\":\"n or n..m\"},\"ordered\":{\"type\":[\"boolean\","
	"\"string\"]},\"by\":{\"type\":\"string\"},"
	"\"graph\":{\"$ref\":\"#/$defs/chain\"}}}}},\n"
	"\"guard\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"object\","
	"\"minProperties\":1,\"maxProperties\":1,"
	"\"additionalProperties\":false,\"properties\":{";

static void
schema_names(void)
{
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		fputs(k ? "," : "", stdout);
		schema_string(leat_stages.stages[k]->name);
	}
}

static void
schema_guards(void)
{
	const struct leat_hook_ops *const *at = leat_stages.guards;

	for (bool is_first = true; at && *at; at++, is_first = false) {
		fputs(is_first ? "" : ",\n", stdout);
		schema_named((*at)->name, (*at)->summary, (*at)->options);
	}
	fputs("}}]},\n", stdout);
}

static void
schema_stages(void)
{
	fputs("\"stage\":{\"type\":\"object\",\"minProperties\":1,"
	      "\"additionalProperties\":false,\"properties\":{\n"
	      "\"name\":{\"type\":\"string\"},"
	      "\"on_error\":{\"type\":\"string\",\"pattern\":\"^(stop|skip("
	      "\\\\([0-9]+\\\\))?|dead-letter)$|\\\\$\\\\{\"},"
	      "\"dead_letters\":{\"type\":\"string\"},"
	      "\"guards\":{\"type\":\"array\",\"items\":{\"$ref\":"
	      "\"#/$defs/guard\"}}",
		stdout);
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];

		fputs(",\n", stdout);
		schema_named(ops->name, ops->summary, ops->options);
	}
	fputs("}}\n", stdout);
}

/* Options of leat run that have a value. */
static void
schema_run(void)
{
	const struct leat__cli_option *option = leat__cli_options;
	bool is_first = true;

	for (; option->name; option++) {
		if (!leat__cli_option_is_of_job(option))
			continue;
		fputs(is_first ? "" : ",", stdout);
		schema_string(option->name);
		fputs(":{\"$ref\":\"#/$defs/value\",\"description\":", stdout);
		schema_string(option->help);
		putchar('}');
		is_first = false;
	}
}

int
leat__cli_schema(const struct leat__cli_args *args)
{
	if (args->n_words) {
		leat__cli_error("schema: takes no words; what is '%s'?",
			args->words[0]);
		return LEAT__CLI_USAGE;
	}
	puts("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n"
	     "\"title\":\"a job of leat\",\"type\":\"object\",\"required\":["
	     "\"graph\"],\n\"additionalProperties\":false,\"properties\":{\n"
	     "\"description\":{\"type\":\"string\"},\n"
	     "\"vars\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":"
	     "\"#/$defs/value\"}},\n"
	     "\"secrets\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	     "\n"
	     "\"graph\":{\"anyOf\":[{\"$ref\":\"#/$defs/chain\"},{\"type\":"
	     "\"array\",\"items\":{\"$ref\":\"#/$defs/chain\"}}]},\n"
	     "\"run\":{\"type\":\"object\",\"additionalProperties\":false,"
	     "\"properties\":{");
	schema_run();
	puts("}}},\n\"patternProperties\":{\"^x-\":{}},\n\"$defs\":{");
	fputs(schema_values, stdout);
	schema_names();
	fputs(schema_entries, stdout);
	schema_guards();
	schema_stages();
	puts("}}");
	return leat__cli_flush();
}
