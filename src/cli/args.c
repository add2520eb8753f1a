/*
 * cli/args.c -- how a command line is read.
 *
 * --name=value, --name value, -x value, -xvalue; `--` ends the options; a
 * lone `-` is a word. Options and words may be mixed.
 */
#include <string.h>

#include "cli.h"

static const struct leat__cli_option *
args_find(const struct leat__cli_command *command, const char *name,
	size_t n_bytes)
{
	const struct leat__cli_option *option = leat__cli_options;

	for (; option->name; option++) {
		if ((option->commands & command->bit) &&
			strlen(option->name) == n_bytes &&
			memcmp(option->name, name, n_bytes) == 0)
			return option;
	}
	return NULL;
}

static const struct leat__cli_option *
args_find_letter(const struct leat__cli_command *command, char letter)
{
	const struct leat__cli_option *option = leat__cli_options;

	for (; option->name; option++) {
		if ((option->commands & command->bit) &&
			option->letter == letter)
			return option;
	}
	return NULL;
}

/* Does a stage come by itself before another one? */
static bool
args_is_brought(const struct leat_stage_ops *ops)
{
	for (uint32_t k = 0; k < leat_stages.n_stages; k++)
		if (leat_stages.stages[k]->before == ops)
			return true;
	return false;
}

static bool
args_has_option(const struct leat_stage_ops *ops, const char *name)
{
	const struct leat_option *option = ops->options;

	while (option && option->name && strcmp(option->name, name) != 0)
		option++;
	return option && option->name;
}

/* Which stage has an option of this name? NULL = none. */
static const char *
args_stage_with(const char *name)
{
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];

		if (args_has_option(ops, name) && !args_is_brought(ops))
			return ops->name;
	}
	return NULL;
}

/* An option of a stage is written behind the stage. */
static bool
args_of_stage(const struct leat__cli_command *command, const char *word,
	const char *name)
{
	const char *stage;
	char option[64];

	snprintf(option, sizeof(option), "%s", name);
	for (char *at = option; *at; at++)
		if (*at == '-')
			*at = '_';
	stage = args_stage_with(option);
	if (stage)
		leat__cli_error("%s: unknown option '%s'; %s= is an option of "
				"stages, as of %s: '%s %s=...'",
			command->name, word, option, stage, stage, option);
	return stage != NULL;
}

static int
args_unknown(const struct leat__cli_command *command, const char *word)
{
	const struct leat__cli_option *option = leat__cli_options;
	struct leat__cli_nearest nearest;
	char name[64];

	snprintf(name, sizeof(name), "%s", word + (word[1] == '-' ? 2 : 1));
	name[strcspn(name, "=")] = '\0';
	leat__cli_nearest_init(&nearest, name);
	for (; option->name; option++) {
		if (option->commands & command->bit)
			leat__cli_nearest_look(&nearest, option->name);
	}
	if (nearest.best)
		leat__cli_error("%s: unknown option '%s'; did you mean --%s?",
			command->name, word, nearest.best);
	else if (!args_of_stage(command, word, name))
		leat__cli_error("%s: unknown option '%s'; see leat help %s",
			command->name, word, command->name);
	return LEAT__CLI_USAGE;
}

static int
args_apply(const struct leat__cli_option *option, const char *value,
	struct leat__cli_args *args)
{
	if (!option->value && value) {
		leat__cli_error("--%s takes no value, but was given '%s'",
			option->name, value);
		return LEAT__CLI_USAGE;
	}
	if (option->value && !value) {
		leat__cli_error("--%s needs a value: --%s=%s", option->name,
			option->name, option->value);
		return LEAT__CLI_USAGE;
	}
	if (leat__cli_option_set(args, option, value)) {
		leat__cli_error("--%s: '%s' is not accepted; it is --%s=%s: %s",
			option->name, value, option->name, option->value,
			option->help);
		return LEAT__CLI_USAGE;
	}
	args->given |= leat__cli_option_bit(option);
	leat__cli_option_keep(args, option, value);
	return 0;
}

/* One option; *at moves on when its value is the next word. */
static int
args_option(const struct leat__cli_command *command, char **argv, int *at,
	struct leat__cli_args *args)
{
	const char *word = argv[*at], *value = NULL;
	const struct leat__cli_option *option;

	if (word[1] == '-') {
		size_t len = strcspn(word + 2, "=");

		option = args_find(command, word + 2, len);
		if (word[2 + len] == '=')
			value = word + 2 + len + 1;
	} else {
		option = args_find_letter(command, word[1]);
		if (word[2])
			value = word + 2;
	}
	if (!option)
		return args_unknown(command, word);
	if (option->value && !value && argv[*at + 1])
		value = argv[++*at];
	return args_apply(option, value, args);
}

int
leat__cli_args_parse(const struct leat__cli_command *command, int argc,
	char **argv, struct leat__cli_args *args)
{
	bool is_word = false;
	int status;

	memset(args, 0, sizeof(*args));
	args->words = argv; /* words move to the front of argv */
	for (int k = 0; k < argc; k++) {
		char *word = argv[k];

		if (is_word || word[0] != '-' || !word[1]) {
			args->words[args->n_words++] = word;
		} else if (strcmp(word, "--") == 0) {
			is_word = true;
		} else {
			status = args_option(command, argv, &k, args);
			if (status)
				return status;
		}
	}
	return 0;
}
