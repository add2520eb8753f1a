/*
 * cli/help/inspect.c -- leat inspect: what a stage takes, gives and can be
 * told.
 *
 * Everything comes from the stage's constant struct and its option table; no
 * stage is made.
 */
#include <string.h>

#include "cli.h"

/* ---- what the struct says ---- */

uint32_t
leat__cli_n_ins(const struct leat_stage_ops *ops)
{
	if (ops->n_ins)
		return ops->n_ins;
	return ops->produce ? 0 : 1;
}

uint32_t
leat__cli_n_outs(const struct leat_stage_ops *ops)
{
	if (ops->n_outs)
		return ops->n_outs;
	return ops->flags & LEAT_STAGE_SINK ? 0 : 1;
}

const char *
leat__cli_stage_kind(const struct leat_stage_ops *ops)
{
	if (leat__cli_n_ins(ops) == 0)
		return "source";
	return leat__cli_n_outs(ops) == 0 ? "sink" : "filter";
}

const struct leat_stage_ops *
leat__cli_find_stage(const char *name)
{
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		if (strcmp(leat_stages.stages[k]->name, name) == 0)
			return leat_stages.stages[k];
	}
	return NULL;
}

const struct leat_hook_ops *
leat__cli_find_guard(const char *name)
{
	const struct leat_hook_ops *const *at = leat_stages.guards;

	name += *name == '@';
	while (*at && strcmp((*at)->name, name) != 0)
		at++;
	return *at;
}

struct leat_stage_ops
leat__cli_like_stage(const struct leat_hook_ops *ops)
{
	return (struct leat_stage_ops){LEAT_STAGE_OPS_INIT(ops->name),
		.summary = ops->summary, .help = ops->help,
		.options = ops->options};
}

static const char *
inspect_type(uint32_t type)
{
	static const char *const names[] = {"?", "text", "whole number",
		"whole number", "number", "size", "duration", "switch",
		"character", "choice"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

/* "1us": in the largest unit that it is whole in. */
static void
inspect_duration(int64_t ns, char *buf, size_t n_bytes)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {{"d", INT64_C(86400000000000)},
		{"h", INT64_C(3600000000000)}, {"m", INT64_C(60000000000)},
		{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
	size_t k = 0;

	while (ns % units[k].ns || (!ns && units[k].ns > 1))
		k++;
	snprintf(buf, n_bytes, "%lld%s", (long long)(ns / units[k].ns),
		units[k].name);
}

/* Of centuries nobody needs to be told. */
static void
inspect_durations(const struct leat_option *option, char *buf, size_t n_bytes)
{
	char min[32], max[32];

	inspect_duration(option->min, min, sizeof(min));
	inspect_duration(option->max, max, sizeof(max));
	if (option->max < INT64_MAX / 4)
		snprintf(buf, n_bytes, "%s to %s", min, max);
	else
		snprintf(buf, n_bytes, "%s or more", min);
}

void
leat__cli_option_range(
	const struct leat_option *option, char *buf, size_t n_bytes)
{
	if (option->type == LEAT_OPTION_ENUM)
		snprintf(buf, n_bytes, "%s", option->values);
	else if (option->type == LEAT_OPTION_BOOL)
		snprintf(buf, n_bytes, "on|off");
	else if (option->min == 0 && option->max == 0)
		buf[0] = '\0';
	else if (option->type == LEAT_OPTION_DURATION)
		inspect_durations(option, buf, n_bytes);
	else if (option->max == INT64_MAX)
		snprintf(buf, n_bytes, "%lld or more", (long long)option->min);
	else
		snprintf(buf, n_bytes, "%lld to %lld", (long long)option->min,
			(long long)option->max);
}

/* One option of a usage line: PATH, [N], [sep=,], [columns...] */
static int
inspect_usage_option(
	const struct leat_option *option, char *buf, size_t n_bytes)
{
	const char *rest = option->flags & LEAT_OPTION_REST ? "..." : "";

	if (option->flags & LEAT_OPTION_REQUIRED)
		return snprintf(buf, n_bytes, " %s%s", option->name, rest);
	if (option->flags & LEAT_OPTION_POSITIONAL)
		return snprintf(buf, n_bytes, " [%s%s]", option->name, rest);
	return snprintf(buf, n_bytes, " [%s=%s]", option->name,
		option->fallback ? option->fallback : "...");
}

void
leat__cli_stage_usage(
	const struct leat_stage_ops *ops, char *buf, size_t n_bytes)
{
	const struct leat_option *option = ops->options;
	size_t at = (size_t)snprintf(buf, n_bytes, "%s", ops->name);

	for (; option && option->name && at < n_bytes; option++)
		at += (size_t)inspect_usage_option(
			option, buf + at, n_bytes - at);
	if ((ops->flags & LEAT_STAGE_REJECTS) && at < n_bytes)
		snprintf(buf + at, n_bytes - at, " [on_error=stop]");
}

void
leat__cli_guard_usage(
	const struct leat_hook_ops *ops, char *buf, size_t n_bytes)
{
	const struct leat_option *option = ops->options;
	size_t at = (size_t)snprintf(buf, n_bytes, "@%s(", ops->name);

	for (; option && option->name && at < n_bytes; option++)
		at += (size_t)snprintf(buf + at, n_bytes - at, "%s%s=%s",
			option == ops->options ? "" : ", ", option->name,
			option->fallback ? option->fallback : "...");
	if (at < n_bytes)
		snprintf(buf + at, n_bytes - at, ") STAGE");
}

static void
inspect_layouts(uint32_t layouts, char *buf, size_t n_bytes)
{
	static const char *const names[] = {"bytes", "items", "rows", "table"};
	size_t at = 0;

	snprintf(buf, n_bytes, "anything");
	if (layouts == 0 || layouts == LEAT_LAYOUT_ANY)
		return;
	for (uint32_t k = 0; k < 4 && at < n_bytes; k++) {
		if (layouts & (1u << k))
			at += (size_t)snprintf(buf + at, n_bytes - at, "%s%s",
				at ? " or " : "", names[k]);
	}
}

/* ---- text ---- */

static void
inspect_list_kind(const char *kind)
{
	printf("%ss\n", kind);
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];

		if (strcmp(leat__cli_stage_kind(ops), kind) == 0)
			printf("  %-14s %s\n", ops->name,
				ops->summary ? ops->summary : "");
	}
}

static int
inspect_list(void)
{
	inspect_list_kind("source");
	inspect_list_kind("filter");
	inspect_list_kind("sink");
	printf("\n%u stages; leat inspect STAGE shows all about one\n",
		leat_stages.n_stages);
	return leat__cli_flush();
}

static void
inspect_ends(const struct leat_stage_ops *ops)
{
	uint32_t n_ins = leat__cli_n_ins(ops), n_outs = leat__cli_n_outs(ops);
	char layouts[64];

	inspect_layouts(ops->in_layouts, layouts, sizeof(layouts));
	if (n_ins == LEAT_ENDS_ANY)
		printf("  %-10s any number: %s\n", "ins", layouts);
	else if (n_ins)
		printf("  %-10s %u: %s\n", "ins", n_ins, layouts);
	else
		printf("  %-10s none\n", "ins");
	inspect_layouts(ops->out_layout, layouts, sizeof(layouts));
	if (!ops->out_layout)
		snprintf(layouts, sizeof(layouts), "what comes in");
	if (n_outs == LEAT_ENDS_ANY)
		printf("  %-10s any number: %s\n", "outs", layouts);
	else if (n_outs)
		printf("  %-10s %u: %s\n", "outs", n_outs, layouts);
	else
		printf("  %-10s none\n", "outs");
}

static void
inspect_flags(const struct leat_stage_ops *ops)
{
	if (ops->flags & LEAT_STAGE_BLOCKING)
		printf("  %-10s on a thread of its own, as it may wait\n",
			"runs");
	else
		printf("  %-10s on the workers\n", "runs");
	if (ops->flags & LEAT_STAGE_IN_PLACE)
		printf("  %-10s in place\n", "writes");
	if (ops->flags & LEAT_STAGE_STATELESS)
		printf("  %-10s none\n", "memory");
	if (ops->flags & LEAT_STAGE_REJECTS)
		printf("  %-10s bad records: on_error=stop|skip|skip(MAX)|"
		       "dead-letter\n",
			"rejects");
}

static void
inspect_option(const struct leat_option *option)
{
	char range[128];

	leat__cli_option_range(option, range, sizeof(range));
	printf("\n  %s\n      %s\n", option->name, option->help);
	printf("      %s", inspect_type(option->type));
	if (range[0])
		printf(", %s", range);
	if (option->unit)
		printf(", in %s", option->unit);
	if (option->flags & LEAT_OPTION_REQUIRED)
		printf(", required");
	else if (option->fallback && *option->fallback)
		printf(", default %s", option->fallback);
	if (option->flags & LEAT_OPTION_LIVE)
		printf(", live");
	else if (option->flags & LEAT_OPTION_RENEWS)
		printf(", can change at one moment");
	if (option->flags & LEAT_OPTION_POSITIONAL)
		printf(", may stand without its name");
	putchar('\n');
}

static int
inspect_stage(const struct leat_stage_ops *ops)
{
	const struct leat_option *option = ops->options;
	char usage[1024];

	leat__cli_stage_usage(ops, usage, sizeof(usage));
	printf("%s: %s\n\n  %-10s ", ops->name,
		ops->summary ? ops->summary : "", "usage");
	leat__cli_wrap(usage, strlen(usage), 13, 13);
	printf("  %-10s %s\n", "kind", leat__cli_stage_kind(ops));
	inspect_ends(ops);
	inspect_flags(ops);
	puts(option && option->name ? "\noptions" : "\nno options");
	for (; option && option->name; option++)
		inspect_option(option);
	return leat__cli_flush();
}

/* ---- JSON ---- */

/* "ins":1, and null for any number. */
static void
json_ends(const char *name, uint32_t n)
{
	if (n == LEAT_ENDS_ANY)
		printf("\"%s\":null,", name);
	else
		printf("\"%s\":%u,", name, n);
}

static void
json_field(const char *name, const char *text)
{
	printf("\"%s\":", name);
	leat__cli_json_string(stdout, text);
	putchar(',');
}

static void
json_option(const struct leat_option *option)
{
	putchar('{');
	json_field("name", option->name);
	json_field("type", inspect_type(option->type));
	json_field("help", option->help);
	json_field("default", option->fallback);
	json_field("unit", option->unit);
	json_field("values", option->values);
	if (option->min || option->max)
		printf("\"min\":%lld,\"max\":%lld,", (long long)option->min,
			(long long)option->max);
	if (option->flags & (LEAT_OPTION_LIVE | LEAT_OPTION_RENEWS))
		json_field("changes",
			option->flags & LEAT_OPTION_LIVE ? "live" : "moment");
	printf("\"required\":%s,\"positional\":%s}",
		option->flags & LEAT_OPTION_REQUIRED ? "true" : "false",
		option->flags & LEAT_OPTION_POSITIONAL ? "true" : "false");
}

static void
json_stage(const struct leat_stage_ops *ops)
{
	const struct leat_option *option = ops->options;
	char layouts[64];

	putchar('{');
	json_field("name", ops->name);
	json_field("summary", ops->summary);
	json_field("kind", leat__cli_stage_kind(ops));
	inspect_layouts(ops->in_layouts, layouts, sizeof(layouts));
	json_field("in_layout", leat__cli_n_ins(ops) ? layouts : NULL);
	inspect_layouts(ops->out_layout, layouts, sizeof(layouts));
	json_field("out_layout", leat__cli_n_outs(ops) ? layouts : NULL);
	json_ends("ins", leat__cli_n_ins(ops));
	json_ends("outs", leat__cli_n_outs(ops));
	printf("\"blocking\":%s,\"options\":[",
		ops->flags & LEAT_STAGE_BLOCKING ? "true" : "false");
	for (; option && option->name; option++) {
		if (option != ops->options)
			putchar(',');
		json_option(option);
	}
	fputs("]}", stdout);
}

static int
inspect_json(const struct leat_stage_ops *ops)
{
	if (ops) {
		json_stage(ops);
		putchar('\n');
		return leat__cli_flush();
	}
	putchar('[');
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		if (k)
			fputs(",\n", stdout);
		json_stage(leat_stages.stages[k]);
	}
	puts("]");
	return leat__cli_flush();
}

/* ---- the command ---- */

static int
inspect_unknown(const char *name)
{
	struct leat__cli_nearest nearest;

	leat__cli_nearest_init(&nearest, name);
	for (uint32_t k = 0; k < leat_stages.n_stages; k++)
		leat__cli_nearest_look(&nearest, leat_stages.stages[k]->name);
	if (nearest.best)
		leat__cli_error("unknown stage '%s'; did you mean '%s'?", name,
			nearest.best);
	else
		leat__cli_error(
			"unknown stage '%s'; leat inspect lists them", name);
	return LEAT__CLI_USAGE;
}

int
leat__cli_inspect(const struct leat__cli_args *args)
{
	const struct leat_stage_ops *ops = NULL;

	if (args->n_words > 1) {
		leat__cli_error("inspect: one stage at a time; what is '%s'?",
			args->words[1]);
		return LEAT__CLI_USAGE;
	}
	if (args->n_words == 1) {
		ops = leat__cli_find_stage(args->words[0]);
		if (!ops)
			return inspect_unknown(args->words[0]);
	}
	if (args->is_json)
		return inspect_json(ops);
	return ops ? inspect_stage(ops) : inspect_list();
}
