/*
 * cli/control.c -- the control socket of leat run, and what others want by it.
 *
 * The control's thread only puts a byte into a pipe; the thread that waits for
 * the graph takes it out, so a drain is told of, and limited in time, as one
 * that a signal asked for.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define CONTROL_JOB_BYTES 200u

/* ---- wishes ------------------------------------------------------------- */

/* Asked again and again, until there is something to be told: a sign, + or -,
 * and what was said. */
static int
control_reload(struct leat__cli_control *control, leat_write_fn write_text,
	void *to, struct leat_error *err)
{
	char wish = LEAT__CLI_WISH_RELOAD;

	if (!control->has_file) {
		snprintf(err->text, sizeof(err->text),
			"reload: this run has no file that it could read "
			"again; accepted: leat run -f FILE");
		return LEAT_EINVAL;
	}
	pthread_mutex_lock(&control->lock);
	if (control->reply == LEAT__CLI_REPLY_THERE) {
		write_text(to, control->said ? control->said : "-",
			control->said ? strlen(control->said) : 1);
		free(control->said);
		control->said = NULL;
		control->reply = LEAT__CLI_REPLY_NONE;
	} else if (control->reply == LEAT__CLI_REPLY_NONE &&
		write(control->fds[1], &wish, 1) == 1) {
		control->reply = LEAT__CLI_REPLY_WANTED;
	}
	pthread_mutex_unlock(&control->lock);
	return LEAT_OK;
}

static int
control_ask(void *user, const struct leat_control_request *request,
	leat_write_fn write_text, void *to, struct leat_error *err)
{
	struct leat__cli_control *control = user;
	char wish = LEAT__CLI_WISH_DRAIN;

	if (strcmp(request->ask, "reload") == 0)
		return control_reload(control, write_text, to, err);
	if (strcmp(request->ask, "cancel") == 0)
		wish = LEAT__CLI_WISH_CANCEL;
	else if (strcmp(request->ask, "drain") != 0)
		return LEAT_ENOTSUP;
	/* a pipe that is full has as many wishes in it already */
	(void)!write(control->fds[1], &wish, 1);
	return LEAT_OK;
}

enum leat__cli_wish
leat__cli_control_next(const struct leat__cli_control *control)
{
	char wish;

	if (control->fds[0] < 0 || read(control->fds[0], &wish, 1) != 1)
		return LEAT__CLI_WISH_NONE;
	return (enum leat__cli_wish)wish;
}

void
leat__cli_control_hear(struct leat__cli_control *control)
{
	char *said;

	pthread_mutex_lock(&control->lock);
	said = control->said;
	control->said = NULL;
	pthread_mutex_unlock(&control->lock);
	free(said);
	control->copy = open_memstream(&control->heard, &control->n_heard);
	if (control->copy)
		fputc(' ', control->copy);
	leat__cli_say_copy(control->copy);
}

void
leat__cli_control_heard(struct leat__cli_control *control, bool is_good)
{
	leat__cli_say_copy(NULL);
	if (control->copy && fclose(control->copy))
		control->heard = NULL;
	control->copy = NULL;
	if (control->heard)
		control->heard[0] = is_good ? '+' : '-';
	pthread_mutex_lock(&control->lock);
	control->said = control->heard;
	control->reply = LEAT__CLI_REPLY_THERE;
	pthread_mutex_unlock(&control->lock);
	control->heard = NULL;
}

/* ---- life --------------------------------------------------------------- */

/* The file that it was taken from, or its text in a line. Secrets go before it
 * is cut: half of one would not be known. */
static void
control_job(const struct leat__cli_graph *g, const struct leat__cli_args *args,
	char job[CONTROL_JOB_BYTES])
{
	const char *from = args->file ? args->file : g->text ? g->text : "";
	size_t room = 3 * strlen(from) + 1; /* a letter may become *** */
	char *text = calloc(1, room);

	job[0] = '\0';
	if (!text)
		return;
	memcpy(text, from, strlen(from));
	leat__cli_job_mask(g->job, text, room);
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	snprintf(job, CONTROL_JOB_BYTES, "%s", text);
	free(text);
}

static int
control_make(struct leat__cli_control *control, const struct leat__cli_graph *g,
	const struct leat__cli_args *args, struct leat_error *err)
{
	char job[CONTROL_JOB_BYTES];
	struct leat_control_opts opts = {LEAT_OPTS_INIT(leat_control_opts),
		.job = job, .ask = control_ask, .user = control};

	control_job(g, args, job);
	if (pipe2(control->fds, O_CLOEXEC | O_NONBLOCK)) {
		control->fds[0] = control->fds[1] = -1;
		snprintf(err->text, sizeof(err->text),
			"control: there is no pipe: %s", strerror(errno));
		return LEAT_ELIMIT;
	}
	return leat_control_open(g->graph, &opts, &control->control, err);
}

int
leat__cli_control_open(struct leat__cli_control *control,
	const struct leat__cli_graph *g, const struct leat__cli_args *args)
{
	struct leat_error err = {0};

	*control = (struct leat__cli_control){.fds = {-1, -1}};
	pthread_mutex_init(&control->lock, NULL);
	control->has_file = args->file && strcmp(args->file, "-") != 0;
	if (args->control == LEAT__CLI_CONTROL_OFF ||
		!control_make(control, g, args, &err))
		return 0;
	leat__cli_control_close(control);
	if (args->control == LEAT__CLI_CONTROL_ON) {
		leat__cli_error("%s", err.text);
		return LEAT__CLI_FAILED;
	}
	if (!args->is_quiet)
		leat__cli_say("%s; leat ps does not find this run", err.text);
	return 0;
}

void
leat__cli_control_close(struct leat__cli_control *control)
{
	leat_control_close(control->control);
	control->control = NULL;
	if (control->copy)
		leat__cli_control_heard(control, false);
	free(control->said);
	control->said = NULL;
	for (uint32_t k = 0; k < 2; k++) {
		if (control->fds[k] >= 0)
			close(control->fds[k]);
		control->fds[k] = -1;
	}
}
