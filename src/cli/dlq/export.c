/*
 * cli/dlq/export.c -- leat dlq retry FILE --to=TEXT: the records as input
 * again.
 *
 * Keeps: TEXT is complete or not there; the first line of the sources stands
 * first in it, and all of one text have the same. Letters stay where they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dlq.h"

struct export
{
	struct leat__cli_filter filter;
	const char *path;
	char *beside; /* NULL = standard output */
	FILE *to;
	char *head;
	bool is_begun;
	uint64_t n, n_left;
};

/* ---- the file ----------------------------------------------------------- */

static int
export_open(struct export *x)
{
	struct stat info;

	x->to = stdout;
	if (strcmp(x->path, "-") == 0)
		return LEAT__CLI_DONE;
	if (!x->filter.args->is_overwrite && stat(x->path, &info) == 0) {
		leat__cli_error("'%s' is there already; --overwrite replaces "
				"it",
			x->path);
		return LEAT__CLI_USAGE;
	}
	x->beside = malloc(strlen(x->path) + 10);
	if (x->beside)
		stpcpy(stpcpy(x->beside, x->path), ".partial");
	x->to = x->beside ? fopen(x->beside, "w") : NULL;
	if (x->to)
		return LEAT__CLI_DONE;
	leat__cli_error("cannot create '%s': %s", x->path, strerror(errno));
	return LEAT__CLI_FAILED;
}

static int
export_complete(struct export *x)
{
	bool is_good = !ferror(x->to) && fflush(x->to) == 0;

	if (!x->beside)
		return is_good ? LEAT__CLI_DONE : leat__cli_flush();
	is_good = is_good && fsync(fileno(x->to)) == 0;
	is_good = fclose(x->to) == 0 && is_good;
	x->to = NULL;
	if (is_good && rename(x->beside, x->path) == 0)
		return LEAT__CLI_DONE;
	leat__cli_error("cannot write '%s': %s", x->path, strerror(errno));
	return LEAT__CLI_FAILED;
}

static void
export_close(struct export *x)
{
	if (x->beside && x->to)
		fclose(x->to);
	if (x->beside)
		unlink(x->beside); /* gone, if it got its name */
	free(x->beside);
	free(x->head);
}

/* ---- records ------------------------------------------------------------ */

static bool
export_can(const struct leat_letter *letter)
{
	return letter->data &&
		!(letter->flags & (LEAT_LETTER_VALUES | LEAT_LETTER_DAMAGED));
}

static int
export_begin(struct export *x, const struct leat_letter *letter)
{
	x->is_begun = true;
	if (!letter->head)
		return LEAT_OK;
	x->head = strdup(letter->head);
	if (!x->head)
		return LEAT_ENOMEM;
	fprintf(x->to, "%s\n", x->head);
	return LEAT_OK;
}

static bool
export_is_other(const struct export *x, const struct leat_letter *letter)
{
	if (!x->head || !letter->head)
		return x->head != letter->head;
	return strcmp(x->head, letter->head) != 0;
}

static int
export_letter(const struct leat_letter *letter, void *user)
{
	struct export *x = user;
	const char *data = letter->data;
	size_t n = letter->n_bytes;

	if (!leat__cli_filter_takes(&x->filter, letter))
		return LEAT_OK;
	if (!export_can(letter)) {
		x->n_left++;
		return LEAT_OK;
	}
	if (!x->is_begun && export_begin(x, letter))
		return LEAT_ENOMEM;
	if (export_is_other(x, letter)) {
		leat__cli_error("the records come from texts with different "
				"first lines: '%.80s' and '%.80s'; choose "
				"those of one by --origin or --stage",
			x->head ? x->head : "",
			letter->head ? letter->head : "");
		return LEAT_EINVAL;
	}
	fwrite(data, 1, n, x->to);
	if (!n || data[n - 1] != '\n')
		fputc('\n', x->to);
	x->n++;
	return ferror(x->to) ? LEAT_EIO : LEAT_OK;
}

static void
export_say(const struct export *x)
{
	leat__cli_say("%llu record%s written%s%s; the letters are still there",
		(unsigned long long)x->n, x->n == 1 ? "" : "s",
		x->beside ? " to " : "", x->beside ? x->path : "");
	if (x->n_left)
		leat__cli_say("%llu letter%s left out: there is no record in "
			      "them as it came",
			(unsigned long long)x->n_left,
			x->n_left == 1 ? "" : "s");
}

int
leat__cli_dlq_export(const struct leat__cli_args *args, struct leat_dead *dead)
{
	struct export x = {.filter = {.args = args}, .path = args->to};
	struct leat_error err = {0};
	int status = export_open(&x), rc;

	if (status) {
		export_close(&x);
		return status;
	}
	rc = leat_dead_each(dead, export_letter, &x, &err);
	if (rc == LEAT_OK)
		status = export_complete(&x);
	else
		status = rc == LEAT_EINVAL ? LEAT__CLI_USAGE : LEAT__CLI_FAILED;
	if (rc == LEAT_EIO && !err.code)
		leat__cli_error(
			"cannot write '%s': %s", x.path, strerror(errno));
	else if (rc && err.code)
		leat__cli_error_object(NULL, &err);
	if (!status && !args->is_quiet)
		export_say(&x);
	export_close(&x);
	return status;
}
