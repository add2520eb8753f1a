/*
 * cli/help/reference.c -- leat help --reference: a page of all stages and
 * guards in Markdown, from their option tables.
 */
#include <string.h>

#include "cli.h"

/* What Markdown and its tables would take for their own. */
static void
mark_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '<' || *text == '*' ||
			*text == '_' || *text == '`')
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
}

/* Lines of examples are indented by four, and stay so. */
static void
mark_paragraphs(const char *text)
{
	bool was_example = false;

	while (*text) {
		size_t n = strcspn(text, "\n");
		bool is_example = n && (text[0] == ' ' || text[0] == '\t');

		if (is_example != was_example && n)
			putchar('\n');
		printf("%.*s\n", (int)n, text);
		was_example = is_example;
		text += n + (text[n] == '\n');
	}
}

static void
reference_option(const struct leat_option *option)
{
	char range[128];

	leat__cli_option_range(option, range, sizeof(range));
	printf("| `%s` | ", option->name);
	mark_text(option->help);
	fputs(" | ", stdout);
	mark_text(range);
	fputs(" | ", stdout);
	if (option->flags & LEAT_OPTION_REQUIRED)
		fputs("required", stdout);
	else
		mark_text(option->fallback ? option->fallback : "");
	fputs(" | ", stdout);
	mark_text(option->unit ? option->unit : "");
	puts(" |");
}

static void
reference_about(
	const struct leat_stage_ops *ops, const char *name, const char *usage)
{
	const struct leat_option *option = ops->options;

	printf("### %s\n\n", name);
	if (ops->summary) {
		mark_text(ops->summary);
		puts("\n");
	}
	printf("    %s\n\n", usage);
	if (ops->help) {
		mark_paragraphs(ops->help);
		putchar('\n');
	}
	if (!option || !option->name)
		return;
	puts("| option | what it is | accepted | default | unit |\n"
	     "|---|---|---|---|---|");
	for (; option->name; option++)
		reference_option(option);
	putchar('\n');
}

static void
reference_stage(const struct leat_stage_ops *ops)
{
	char usage[1024];

	leat__cli_stage_usage(ops, usage, sizeof(usage));
	reference_about(ops, ops->name, usage);
}

static void
reference_guard(const struct leat_hook_ops *ops)
{
	struct leat_stage_ops like = leat__cli_like_stage(ops);
	char usage[1024], name[64];

	leat__cli_guard_usage(ops, usage, sizeof(usage));
	snprintf(name, sizeof(name), "@%s", ops->name);
	reference_about(&like, name, usage);
}

static void
reference_kind(const char *kind, const char *title)
{
	printf("## %s\n\n", title);
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];

		if (strcmp(leat__cli_stage_kind(ops), kind) == 0)
			reference_stage(ops);
	}
}

void
leat__cli_reference(void)
{
	printf("# Stages and guards of leat %s\n\n", leat_version());
	reference_kind("source", "Sources");
	reference_kind("filter", "Filters");
	reference_kind("sink", "Sinks");
	puts("## Guards\n");
	for (uint32_t k = 0; leat_stages.guards[k]; k++)
		reference_guard(leat_stages.guards[k]);
}
