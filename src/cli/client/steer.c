/*
 * cli/client/steer.c -- leat why, dump, set, drain, cancel: one request to a
 * graph that runs, and what it says to that.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

#define RELOAD_PAUSE_NS 20000000 /* between two looks whether it is done */

/* ---- requests ----------------------------------------------------------- */

struct request {
	char *text;
	size_t n_bytes;
	FILE *to;
};

static bool
request_begin(struct request *r, const char *ask)
{
	r->to = open_memstream(&r->text, &r->n_bytes);
	if (!r->to) {
		leat__cli_error("no memory");
		return false;
	}
	fprintf(r->to, "{\"leat\":%d,\"id\":1,\"ask\":\"%s\"",
		LEAT_CONTROL_VERSION, ask);
	return true;
}

static void
request_text(struct request *r, const char *key, const char *value)
{
	fprintf(r->to, ",\"%s\":", key);
	leat__cli_json_string(r->to, value);
}

/* Asks the one that name says. Exit status. */
static int
request_ask(struct request *r, const char *name, struct leat__cli_reply *reply)
{
	struct leat__cli_peer peer = {.fd = -1};
	int status;

	memset(reply, 0, sizeof(*reply));
	fputc('}', r->to);
	fclose(r->to);
	status = leat__cli_peer_choose(&peer, name);
	if (!status)
		status = leat__cli_peer_ask(&peer, r->text, reply);
	leat__cli_peer_close(&peer);
	free(r->text);
	return status;
}

/* ---- words -------------------------------------------------------------- */

/* The run that a command is about, of at most one word. Exit status. */
static int
words_name(const struct leat__cli_args *args, const char *command,
	const char **name_out)
{
	*name_out = args->n_words ? args->words[0] : NULL;
	if (args->n_words > 1) {
		leat__cli_error("%s: one run at a time; what is '%s'?", command,
			args->words[1]);
		return LEAT__CLI_USAGE;
	}
	if (*name_out && !leat__cli_peer_is_name(*name_out)) {
		leat__cli_error("%s: '%s' is no run; accepted: a PID as leat "
				"ps lists them",
			command, *name_out);
		return LEAT__CLI_USAGE;
	}
	return 0;
}

/* ---- the commands ------------------------------------------------------- */

static int
steer(const struct leat__cli_args *args, const char *ask, const char *more,
	struct leat__cli_reply *reply)
{
	struct request r;
	const char *name;
	int status = words_name(args, ask, &name);

	memset(reply, 0, sizeof(*reply));
	if (status)
		return status;
	if (!request_begin(&r, ask))
		return LEAT__CLI_FAILED;
	fputs(more, r.to);
	return request_ask(&r, name, reply);
}

/* A text of the answer; a newline behind it unless it has one. */
static int
steer_print(const struct leat__cli_reply *reply, const char *key)
{
	const char *text = leat__cli_node_text(reply->data, key);
	size_t n = strlen(text);

	fputs(text, stdout);
	if (n && text[n - 1] != '\n')
		putchar('\n');
	return leat__cli_flush();
}

int
leat__cli_why(const struct leat__cli_args *args)
{
	struct leat__cli_reply reply;
	int status = steer(args, "why", "", &reply);

	if (!status)
		status = args->is_json ? leat__cli_reply_print(&reply)
				       : steer_print(&reply, "why");
	leat__cli_reply_free(&reply);
	return status;
}

int
leat__cli_dump(const struct leat__cli_args *args)
{
	struct leat__cli_reply reply;
	int status = steer(
		args, "dump", args->is_json ? "" : ",\"text\":true", &reply);

	if (!status)
		status = args->is_json ? leat__cli_reply_print(&reply)
				       : steer_print(&reply, "text");
	leat__cli_reply_free(&reply);
	return status;
}

int
leat__cli_drain_run(const struct leat__cli_args *args)
{
	struct leat__cli_reply reply;
	char more[64] = "";
	int status;

	if (args->drain_ns)
		snprintf(more, sizeof(more), ",\"within_ms\":%lld",
			(long long)(args->drain_ns / 1000000));
	status = steer(args, "drain", more, &reply);
	if (!status)
		status = steer_print(&reply, "text");
	leat__cli_reply_free(&reply);
	return status;
}

int
leat__cli_cancel_run(const struct leat__cli_args *args)
{
	struct leat__cli_reply reply;
	int status = steer(args, "cancel", "", &reply);

	if (!status)
		status = steer_print(&reply, "text");
	leat__cli_reply_free(&reply);
	return status;
}

/* ---- reload ------------------------------------------------------------- */

/* Exit status; *is_over_out: what came of it has been told. */
static int
reload_ask(const struct leat__cli_args *args, bool *is_over_out)
{
	struct leat__cli_reply reply;
	int status = steer(args, "reload", "", &reply);
	const char *said = leat__cli_node_text(reply.data, "text");

	*is_over_out = status || *said;
	if (!status && *said) {
		fputs(said + 1, *said == '+' ? stdout : stderr);
		status = *said == '+' ? leat__cli_flush() : LEAT__CLI_FAILED;
	}
	leat__cli_reply_free(&reply);
	return status;
}

int
leat__cli_reload_run(const struct leat__cli_args *args)
{
	struct timespec pause = {0, RELOAD_PAUSE_NS};
	bool is_over = false;
	int status = 0;

	while (!is_over) {
		status = reload_ask(args, &is_over);
		if (!is_over)
			nanosleep(&pause, NULL);
	}
	return status;
}

/* ---- set ---------------------------------------------------------------- */

/* "csv.parse.@rate.items=5": stage csv.parse, guard rate. The word is cut. */
struct setting {
	char *stage, *guard, *option, *value;
};

static bool
setting_split(char *word, struct setting *s)
{
	char *equals = strchr(word, '='), *dot;

	if (!equals)
		return false;
	*equals = '\0';
	s->value = equals + 1;
	dot = strrchr(word, '.');
	if (!dot || dot == word || !dot[1])
		return false;
	*dot = '\0';
	s->option = dot + 1;
	s->stage = word;
	s->guard = NULL;
	dot = strrchr(word, '.');
	if (dot && dot[1] == '@') {
		*dot = '\0';
		s->guard = dot + 2;
	}
	return *s->stage && (!s->guard || *s->guard);
}

static int
set_ask(const struct setting *s, const char *name)
{
	struct leat__cli_reply reply;
	struct request r;
	int status;

	if (!request_begin(&r, "set"))
		return LEAT__CLI_FAILED;
	request_text(&r, "stage", s->stage);
	if (s->guard)
		request_text(&r, "guard", s->guard);
	request_text(&r, "option", s->option);
	request_text(&r, "value", s->value);
	status = request_ask(&r, name, &reply);
	leat__cli_reply_free(&reply);
	return status;
}

int
leat__cli_set(const struct leat__cli_args *args)
{
	bool has_name =
		args->n_words == 2 && leat__cli_peer_is_name(args->words[0]);
	struct setting s;
	char *copy;
	int status;

	if (args->n_words != (has_name ? 2u : 1u)) {
		leat__cli_error("set: leat set [PID] STAGE.OPTION=VALUE, as in "
				"leat set write.items=1000");
		return LEAT__CLI_USAGE;
	}
	copy = strdup(args->words[has_name]);
	if (copy && setting_split(copy, &s)) {
		status = set_ask(&s, has_name ? args->words[0] : NULL);
	} else {
		leat__cli_error("set: '%s' is no STAGE.OPTION=VALUE, nor "
				"STAGE.@GUARD.OPTION=VALUE",
			args->words[has_name]);
		status = LEAT__CLI_USAGE;
	}
	free(copy);
	return status;
}
