/*
 * cli/job/vars.c -- variables in a job: ${NAME}, ${NAME:-otherwise}, $$.
 *
 * --var goes before the environment, and that before what stands below vars:,
 * of several files in the first.
 * Any other $ is itself, as at the end of a regular expression.
 */
#include <stdlib.h>
#include <string.h>

#include "job.h"

bool
leat__job_var_is_secret(const struct leat__cli_job *job, const char *name)
{
	static const char *const words[] = {
		"PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL"};

	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		if (strstr(name, words[k]))
			return true;
	for (uint32_t k = 0; k < job->n_files; k++)
		if (leat__job_yaml_has(job->files[k].secrets, name))
			return true;
	return false;
}

static const char *
vars_option(const struct leat__cli_job *job, const char *name)
{
	size_t n = strlen(name);

	for (uint32_t k = 0; k < job->args->n_vars; k++)
		if (!strncmp(job->args->vars[k], name, n) &&
			job->args->vars[k][n] == '=')
			return job->args->vars[k] + n + 1;
	return NULL;
}

/* To be freed; NULL = nobody knows it, or no memory. */
static char *
vars_find(const struct leat__cli_job *job, const char *name)
{
	const char *value = vars_option(job, name);
	char *found = NULL;

	if (!value)
		value = getenv(name);
	if (value)
		return strdup(value);
	for (uint32_t k = 0; !found && k < job->n_files; k++)
		found = leat__job_yaml_get(job->files[k].vars, name);
	return found;
}

/* Of a variable that was asked for before; NULL = none is called so. */
static struct leat__job_var *
vars_known(struct leat__cli_job *job, const char *name)
{
	for (uint32_t k = 0; k < job->n_vars; k++)
		if (!strcmp(job->vars[k].name, name))
			return &job->vars[k];
	return NULL;
}

/* NULL = no more room, or no memory. */
static struct leat__job_var *
vars_new(struct leat__cli_job *job, const char *name)
{
	struct leat__job_var *var;

	if (job->n_vars == LEAT__CLI_VARS_MAX)
		return NULL;
	var = &job->vars[job->n_vars];
	var->name = strdup(name);
	if (!var->name)
		return NULL;
	var->value = vars_find(job, name);
	var->is_secret = leat__job_var_is_secret(job, name);
	job->n_vars++;
	return var;
}

/* The value, kept with the job; NULL = there is none. */
static const char *
vars_value(struct leat__cli_job *job, const char *name, const char *otherwise)
{
	struct leat__job_var *var = vars_known(job, name);

	if (!var)
		var = vars_new(job, name);
	if (!var || !var->value || (!*var->value && otherwise))
		return otherwise;
	return var->value;
}

/* NAME and what follows :- of a ${...}; how many bytes it takes, 0 = it is
 * none. */
static size_t
vars_read(const char *at, char *name, char *otherwise, bool *has_otherwise)
{
	size_t n = strcspn(at, "}"), n_name;

	if (at[0] != '$' || at[1] != '{' || !at[n] || n < 3 || n > 255)
		return 0;
	n_name = strspn(at + 2,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
		"0123456789");
	*has_otherwise = at[2 + n_name] == ':' && at[3 + n_name] == '-';
	if (!n_name || (at[2 + n_name] != '}' && !*has_otherwise))
		return 0;
	snprintf(name, 256, "%.*s", (int)n_name, at + 2);
	otherwise[0] = '\0';
	if (*has_otherwise)
		snprintf(otherwise, 256, "%.*s", (int)(n - n_name - 4),
			at + n_name + 4);
	return n + 1;
}

/* Write one variable, or one byte; how many bytes of the text that was. 0: it
 * is not known. */
static size_t
vars_step(struct leat__cli_job *job, const char *at, FILE *to, char *name)
{
	char otherwise[256];
	bool has_otherwise;
	size_t n = vars_read(at, name, otherwise, &has_otherwise);
	const char *value;

	if (!n) {
		putc(*at, to);
		return at[0] == '$' && at[1] == '$' ? 2 : 1;
	}
	value = vars_value(job, name, has_otherwise ? otherwise : NULL);
	if (!value)
		return 0;
	fputs(value, to);
	return n;
}

char *
leat__job_expand(struct leat__cli_job *job, const char *text, char *unknown_out,
	size_t n_bytes)
{
	char *out = NULL, name[256] = "";
	size_t n_out, n = 1;
	FILE *to = open_memstream(&out, &n_out);

	unknown_out[0] = '\0';
	for (; to && n && *text; text += n)
		n = vars_step(job, text, to, name);
	if (to && fclose(to) == 0 && n)
		return out;
	if (!n)
		snprintf(unknown_out, n_bytes, "%s", name);
	free(out);
	return NULL;
}

int
leat__job_vars_check(const struct leat__cli_job *job)
{
	for (uint32_t k = 0; k < job->args->n_vars; k++) {
		const char *var = job->args->vars[k];
		size_t n = strcspn(var, "=");
		struct leat__cli_nearest nearest;
		uint32_t i = 0;
		char name[64];

		while (i < job->n_vars &&
			(strlen(job->vars[i].name) != n ||
				strncmp(job->vars[i].name, var, n) != 0))
			i++;
		if (i < job->n_vars)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)n, var);
		leat__cli_nearest_init(&nearest, name);
		for (i = 0; i < job->n_vars; i++)
			leat__cli_nearest_look(&nearest, job->vars[i].name);
		leat__cli_error("--var=%s: the job has no ${%s}%s%s%s", name,
			name, nearest.best ? "; did you mean ${" : "",
			nearest.best ? nearest.best : "",
			nearest.best ? "}?" : "");
		return LEAT__CLI_USAGE;
	}
	return 0;
}
