/*
 * cli/dlq/retry.c -- leat dlq retry FILE GRAPH: records go through a graph once
 * more.
 *
 * Keeps: FILE changes only when the run has ended well, and then at once: what
 * went through is dropped, what failed again stays with its attempts and its
 * new reason, and what the graph rejected that is none of these is added before
 * that. Whoever ends the command before leaves FILE as it was: a record may
 * then come through twice, and never not at all.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dlq.h"

struct retry {
	const struct leat__cli_args *args; /* with the graph's words alone */
	const char *path;
	struct leat_dead *dead;
	struct leat__cli_filter filter;
	struct leat__cli_letters letters;
	struct leat__cli_feed *feed;
	uint64_t n_left;  /* that cannot be given to a graph */
	uint64_t n_again; /* that failed again */
	uint64_t n_gone;  /* that went through */
};

static int
retry_error(int code, const struct leat_error *err)
{
	if (code == LEAT_OK)
		return LEAT__CLI_DONE;
	leat__cli_error("%s", err->code ? err->text : leat_err_text(code));
	return LEAT__CLI_FAILED;
}

/* ---- before ------------------------------------------------------------- */

static bool
retry_can(const struct leat_letter *letter)
{
	return letter->id && letter->data && letter->n_records <= 1 &&
		!(letter->flags & (LEAT_LETTER_VALUES | LEAT_LETTER_DAMAGED));
}

static int
retry_take(const struct leat_letter *letter, void *user)
{
	struct retry *r = user;

	if (!leat__cli_filter_takes(&r->filter, letter))
		return LEAT_OK;
	if (!retry_can(letter)) {
		r->n_left++;
		return LEAT_OK;
	}
	return leat__cli_letters_add(&r->letters, letter, NULL);
}

static int
retry_load(struct retry *r)
{
	struct leat_error err = {0};
	int rc = leat_dead_open(NULL, r->path, LEAT_DEAD_READ, &r->dead, &err);

	if (rc)
		return retry_error(rc, &err);
	rc = leat_dead_each(r->dead, retry_take, r, &err);
	if (rc == LEAT_OK)
		rc = leat__cli_letters_sort(&r->letters);
	if (rc == LEAT_ELIMIT) {
		leat__cli_error("the letters are more than %u MiB; --limit=N "
				"takes fewer at a time",
			LEAT__CLI_LETTERS_BYTES_MAX >> 20);
		return LEAT__CLI_FAILED;
	}
	return retry_error(rc, &err);
}

struct outputs {
	const char *taken; /* the first that is there; NULL = none */
	char path[4096];
};

static void
outputs_look(const char *path, void *user)
{
	struct outputs *o = user;
	struct stat info;

	if (o->taken || strcmp(path, "-") == 0 || stat(path, &info) != 0 ||
		!S_ISREG(info.st_mode))
		return;
	snprintf(o->path, sizeof(o->path), "%s", path);
	o->taken = o->path;
}

static void
outputs_note(const char *path, void *user)
{
	struct outputs *o = user;

	snprintf(o->path, sizeof(o->path), "%s", path);
	o->taken = o->path;
}

/* Would something be replaced by what came of a few records? */
static int
retry_check_outputs(const struct retry *r, const struct leat_graph *graph)
{
	struct outputs o = {.taken = NULL};

	if (r->args->is_overwrite)
		return LEAT__CLI_DONE;
	leat__cli_each_path(graph, "write", outputs_look, &o);
	if (!o.taken)
		leat__cli_each_path(graph, "write.split", outputs_note, &o);
	if (!o.taken)
		return LEAT__CLI_DONE;
	leat__cli_error(
		"'%s' is there, or may be, and what came of the letters "
		"alone would take its place; write to another file, or "
		"give --overwrite",
		o.taken);
	return LEAT__CLI_USAGE;
}

/* ---- after -------------------------------------------------------------- */

/* A letter of a letter belongs to it; any other is a new one. */
static int
retry_settle(struct retry *r, const struct leat__cli_letter *failed,
	struct leat_error *err)
{
	struct leat__cli_letter *of =
		leat__cli_letters_find_name(&r->letters, failed->letter.origin);
	struct leat_letter letter = failed->letter;
	struct leat_dead *dead = r->dead;
	int rc;

	if (of) {
		of->again = failed;
		return LEAT_OK;
	}
	if (strcmp(failed->path, r->path) != 0) {
		rc = leat_dead_open(
			NULL, failed->path, LEAT_DEAD_ADD, &dead, err);
		if (rc)
			return rc;
	}
	rc = leat_dead_put(dead, &letter, err);
	if (rc == LEAT_OK)
		rc = leat_dead_sync(dead, err);
	if (dead != r->dead)
		leat_dead_close(dead);
	return rc;
}

static int
retry_change(const struct leat_letter *letter, struct leat_letter *changed,
	void *user)
{
	struct retry *r = user;
	const struct leat__cli_letter *of =
		leat__cli_letters_find(&r->letters, letter->id);
	const struct leat_letter *again;

	/* what a graph that had enough has not read stays as well */
	if (!of || !of->is_given || (letter->flags & LEAT_LETTER_DAMAGED))
		return LEAT_LETTER_KEEP;
	if (!of->again) {
		r->n_gone++;
		return LEAT_LETTER_DROP;
	}
	r->n_again++;
	again = &of->again->letter;
	changed->stage = again->stage;
	changed->code = again->code;
	changed->class_name = again->class_name;
	changed->reason = again->reason;
	changed->time_ns = again->time_ns;
	changed->trace = again->trace;
	changed->n_attempts = letter->n_attempts + again->n_attempts;
	return LEAT_LETTER_CHANGE;
}

static int
retry_finish(struct retry *r)
{
	struct leat__cli_letters *failed = leat__cli_feed_failed(r->feed);
	struct leat_error err = {0};
	int rc = LEAT_OK;

	for (size_t k = 0; rc == LEAT_OK && k < failed->n; k++)
		rc = retry_settle(r, failed->at[k], &err);
	if (rc == LEAT_OK)
		rc = leat_dead_change(r->dead, retry_change, r, &err);
	if (rc)
		leat__cli_say("the run has ended well, but '%s' could not be "
			      "changed: its letters are still there",
			r->path);
	return retry_error(rc, &err);
}

/* ---- the whole ---------------------------------------------------------- */

static int
retry_check(struct retry *r, struct leat__cli_graph *g)
{
	int status = leat__cli_graph_open(r->args, g);
	struct leat_error err = {0};

	if (status)
		return status;
	status = retry_error(leat__cli_feed_attach(r->feed, g->graph), &err);
	if (!status)
		status = leat__cli_graph_check(g);
	if (!status && leat__cli_feed_n_sources(r->feed) == 0) {
		leat__cli_error("the graph has no 'read', in whose place the "
				"records could stand");
		status = LEAT__CLI_USAGE;
	}
	return status ? status : retry_check_outputs(r, g->graph);
}

static void
retry_say(const struct retry *r)
{
	leat__cli_say("%llu letter%s went through and %s dropped, %llu failed "
		      "again",
		(unsigned long long)r->n_gone, r->n_gone == 1 ? "" : "s",
		r->n_gone == 1 ? "is" : "are", (unsigned long long)r->n_again);
	if (r->n_left)
		leat__cli_say("%llu stay%s: there is no single record in them "
			      "as it came",
			(unsigned long long)r->n_left,
			r->n_left == 1 ? "s" : "");
}

static int
retry_run(struct retry *r)
{
	struct leat__cli_args args = *r->args;
	struct leat__cli_graph g = {0};
	int status;

	r->feed = leat__cli_feed_create(&r->letters);
	if (!r->feed) {
		leat__cli_error("out of memory");
		return LEAT__CLI_FAILED;
	}
	args.stages = leat__cli_feed_set(r->feed);
	if (!args.dead_letters)
		args.dead_letters = r->path;
	r->args = &args;
	status = retry_check(r, &g);
	if (!status && r->letters.n)
		status = leat__cli_run_graph(&g, &args);
	leat__cli_graph_close(&g);
	if (!status)
		status = retry_finish(r);
	if (!status && !args.is_quiet)
		retry_say(r);
	leat__cli_feed_destroy(r->feed);
	return status;
}

static bool
word_is_file(const char *word)
{
	static const char *const suffixes[] = {
		".leat", ".yaml", ".yml", ".json"};
	size_t n = strlen(word);

	for (size_t k = 0; k < sizeof(suffixes) / sizeof(suffixes[0]); k++) {
		size_t len = strlen(suffixes[k]);

		if (n > len && strcmp(word + n - len, suffixes[k]) == 0)
			return !strpbrk(word, " !");
	}
	return false;
}

/* The words behind the file are the graph's; a lone name of a job is one. */
static void
retry_words(struct leat__cli_args *args)
{
	args->words += 2;
	args->n_words -= 2;
	if (args->file || args->n_words != 1 || !word_is_file(args->words[0]))
		return;
	args->file = args->words[0];
	args->n_words = 0;
}

int
leat__cli_dlq_retry(const struct leat__cli_args *args)
{
	struct leat__cli_args own = *args;
	struct retry r = {
		.args = &own, .path = args->words[1], .filter = {.args = args}};
	struct leat__cli_lock lock;
	int status;

	retry_words(&own);
	if (!own.file && !own.n_words) {
		leat__cli_error("dlq retry: by which graph? As in: leat dlq "
				"retry %s job.leat, or --to=TEXT for the "
				"records alone",
			r.path);
		return LEAT__CLI_USAGE;
	}
	status = leat__cli_lock_take(&lock, r.path);
	if (!status)
		status = retry_load(&r);
	if (!status)
		status = retry_run(&r);
	leat_dead_close(r.dead);
	leat__cli_letters_free(&r.letters);
	leat__cli_lock_drop(&lock);
	return status;
}
