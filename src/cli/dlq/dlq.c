/*
 * cli/dlq/dlq.c -- leat dlq: what there is to do with dead letters.
 *
 * Keeps: letters are taken away only by drop with a filter or --all, and by
 * retry when its run has ended well.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dlq.h"

#define DLQ_GROUPS_MAX 1000 /* that ls tells apart */

static int
dlq_error(int code, const struct leat_error *err)
{
	if (code == LEAT_OK)
		return LEAT__CLI_DONE;
	leat__cli_error("%s", err->code ? err->text : leat_err_text(code));
	return LEAT__CLI_FAILED;
}

/* ---- ls ----------------------------------------------------------------- */

/* Letters that are alike. */
struct group {
	char *stage, *code, *reason; /* "" = not known */
	uint64_t n, n_records;
	int64_t first_ns, last_ns;
};

struct groups {
	struct leat__cli_filter filter;
	struct group *at;
	size_t n;
	uint64_t n_damaged;
};

/* What a reason quotes of its record, up to the last such end. */
static const struct {
	const char *begin;
	char end;
	const char *instead;
} quotes[] = {{"has '", '\'', "has '...'"},
	{"line of the row: ", ')', "line of the row: ...)"}};

/* The reason goes on behind the quotation; NULL: none begins here. */
static const char *
group_skip_quote(const char *reason, char **to)
{
	for (size_t k = 0; k < sizeof(quotes) / sizeof(quotes[0]); k++) {
		size_t n = strlen(quotes[k].begin);
		const char *end = strncmp(reason, quotes[k].begin, n)
			? NULL
			: strrchr(reason + n, quotes[k].end);

		if (!end)
			continue;
		*to = stpcpy(*to, quotes[k].instead);
		return end + 1;
	}
	return NULL;
}

/* Numbers, and what is quoted of a record, are left out of reasons: they are of
 * one record, and those that are alike shall count as one. */
static char *
group_reason(const char *reason)
{
	char *text = malloc(2 * strlen(reason) + 1), *to = text;

	while (text && *reason) {
		bool is_word = to > text && isalnum((unsigned char)to[-1]);
		const char *behind;

		if (!is_word && isdigit((unsigned char)*reason)) {
			reason += strspn(reason, "0123456789");
			*to++ = 'N';
			continue;
		}
		behind = group_skip_quote(reason, &to);
		if (behind)
			reason = behind;
		else
			*to++ = *reason++;
	}
	if (text)
		*to = '\0';
	return text;
}

static struct group *
groups_add(struct groups *g, const struct leat_letter *letter, char *reason)
{
	struct group *group = &g->at[g->n];

	group->stage = strdup(letter->stage ? letter->stage : "");
	group->code = strdup(letter->code ? letter->code : "");
	group->reason = reason;
	group->first_ns = letter->time_ns;
	if (!group->stage || !group->code)
		return NULL;
	g->n++;
	return group;
}

static struct group *
groups_find(struct groups *g, const struct leat_letter *letter)
{
	bool is_full = g->n + 1 >= DLQ_GROUPS_MAX;
	char *reason = is_full
		? strdup("(and others)")
		: group_reason(letter->reason ? letter->reason : "");

	for (size_t k = 0; reason && k < g->n; k++) {
		struct group *at = &g->at[k];

		if (is_full && k + 1 < g->n)
			continue;
		if (is_full ? g->n == DLQ_GROUPS_MAX
			    : !strcmp(at->reason, reason) &&
					!strcmp(at->stage,
						letter->stage ? letter->stage
							      : "") &&
					!strcmp(at->code,
						letter->code ? letter->code
							     : "")) {
			free(reason);
			return at;
		}
	}
	return reason ? groups_add(g, letter, reason) : NULL;
}

static int
groups_take(const struct leat_letter *letter, void *user)
{
	struct groups *g = user;
	struct group *group;

	if (!leat__cli_filter_takes(&g->filter, letter))
		return LEAT_OK;
	if (letter->flags & LEAT_LETTER_DAMAGED) {
		g->n_damaged++;
		return LEAT_OK;
	}
	group = groups_find(g, letter);
	if (!group)
		return LEAT_ENOMEM;
	group->n++;
	group->n_records += letter->n_records ? letter->n_records : 1;
	if (letter->time_ns < group->first_ns)
		group->first_ns = letter->time_ns;
	if (letter->time_ns > group->last_ns)
		group->last_ns = letter->time_ns;
	return LEAT_OK;
}

static int
group_compare(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->reason, y->reason);
}

/* To the second, as people read it. */
static const char *
dlq_time(int64_t time_ns, char *buf)
{
	if (!time_ns)
		return "-";
	leat_letter_time_print(time_ns, buf);
	buf[10] = ' ';
	buf[19] = '\0';
	return buf;
}

static void
groups_print(const struct groups *g)
{
	char first[LEAT_LETTER_TIME_BYTES], last[LEAT_LETTER_TIME_BYTES];
	int width = 5;

	for (size_t k = 0; k < g->n; k++)
		if ((int)strlen(g->at[k].stage) > width)
			width = (int)strlen(g->at[k].stage);
	if (g->n)
		printf("%8s  %-*s  %-12s  %-19s  %-19s  %s\n", "letters", width,
			"stage", "code", "oldest (UTC)", "newest", "reason");
	for (size_t k = 0; k < g->n; k++)
		printf("%8llu  %-*s  %-12s  %-19s  %-19s  %s\n",
			(unsigned long long)g->at[k].n, width, g->at[k].stage,
			g->at[k].code, dlq_time(g->at[k].first_ns, first),
			dlq_time(g->at[k].last_ns, last), g->at[k].reason);
}

static void
json_text(const char *key, const char *text)
{
	printf("\"%s\":", key);
	leat__cli_json_string(stdout, text);
}

static void
groups_print_json(const struct groups *g)
{
	char time[LEAT_LETTER_TIME_BYTES];

	for (size_t k = 0; k < g->n; k++) {
		const struct group *group = &g->at[k];

		printf("{\"letters\":%llu,\"records\":%llu,",
			(unsigned long long)group->n,
			(unsigned long long)group->n_records);
		json_text("stage", group->stage);
		putchar(',');
		json_text("code", group->code);
		putchar(',');
		json_text("reason", group->reason);
		putchar(',');
		json_text("oldest",
			leat_letter_time_print(group->first_ns, time));
		putchar(',');
		json_text(
			"newest", leat_letter_time_print(group->last_ns, time));
		puts("}");
	}
}

static int
dlq_ls(const struct leat__cli_args *args, struct leat_dead *dead)
{
	struct groups g = {.filter = {.args = args},
		.at = calloc(DLQ_GROUPS_MAX, sizeof(*g.at))};
	struct leat_error err = {0};
	int status =
		dlq_error(g.at ? leat_dead_each(dead, groups_take, &g, &err)
			       : LEAT_ENOMEM,
			&err);

	if (!status) {
		if (g.n)
			qsort(g.at, g.n, sizeof(*g.at), group_compare);
		if (args->is_json)
			groups_print_json(&g);
		else
			groups_print(&g);
		if (!args->is_quiet && !g.n && !g.n_damaged)
			leat__cli_say("no letters");
		if (g.n_damaged)
			leat__cli_say("%llu line%s that %s no letter; show "
				      "prints what is there",
				(unsigned long long)g.n_damaged,
				g.n_damaged == 1 ? "" : "s",
				g.n_damaged == 1 ? "is" : "are");
		status = leat__cli_flush();
	}
	for (size_t k = 0; g.at && k < g.n; k++) {
		free(g.at[k].stage);
		free(g.at[k].code);
		free(g.at[k].reason);
	}
	free(g.at);
	return status;
}

/* ---- show --------------------------------------------------------------- */

static void
show_write(void *user, const char *text, size_t n_bytes)
{
	(void)user;
	fwrite(text, 1, n_bytes, stdout);
}

/* As it is; bytes that a terminal would take for its own as \xNN. */
static void
show_bytes(const struct leat_letter *letter)
{
	const unsigned char *at = letter->data;
	bool is_text = leat_letter_is_text(letter);

	for (size_t k = 0; k < letter->n_bytes; k++) {
		if (at[k] == '\n' && k + 1 < letter->n_bytes)
			fputs("\n          ", stdout);
		else if (at[k] == '\t' || (at[k] >= 0x20 && at[k] < 0x7f) ||
			(at[k] >= 0x80 && is_text))
			putchar(at[k]);
		else
			printf("\\x%02x", at[k]);
	}
	putchar('\n');
}

static void
show_field(const char *name, const char *text)
{
	if (text)
		printf("%-9s %s\n", name, text);
}

static void
show_place(const struct leat_letter *letter)
{
	if (!letter->origin)
		return;
	printf("%-9s %s", "place", letter->origin);
	if (letter->line)
		printf(":%llu:%llu, byte %llu",
			(unsigned long long)letter->line,
			(unsigned long long)letter->column,
			(unsigned long long)letter->offset);
	putchar('\n');
}

static void
show_letter(const struct leat_letter *letter)
{
	char time[LEAT_LETTER_TIME_BYTES];

	if (letter->flags & LEAT_LETTER_DAMAGED) {
		printf("%-9s ", "damaged");
		show_bytes(letter);
		putchar('\n');
		return;
	}
	show_field("id", letter->id);
	if (letter->time_ns)
		show_field(
			"time", leat_letter_time_print(letter->time_ns, time));
	show_field("stage", letter->stage);
	show_field("code", letter->code);
	show_field("reason", letter->reason);
	show_place(letter);
	printf("%-9s %llu\n", "attempts",
		(unsigned long long)letter->n_attempts);
	if (letter->n_records > 1)
		printf("%-9s %llu\n", "records",
			(unsigned long long)letter->n_records);
	show_field("trace", letter->trace);
	show_field("head", letter->head);
	if (letter->data) {
		printf("%-9s ",
			letter->flags & LEAT_LETTER_VALUES ? "values"
							   : "record");
		show_bytes(letter);
	}
	putchar('\n');
}

static int
show_take(const struct leat_letter *letter, void *user)
{
	struct leat__cli_filter *filter = user;

	if (!leat__cli_filter_takes(filter, letter))
		return LEAT_OK;
	if (filter->args->is_json && !(letter->flags & LEAT_LETTER_DAMAGED))
		leat_letter_print(letter, show_write, NULL);
	else if (!filter->args->is_json)
		show_letter(letter);
	return ferror(stdout) ? LEAT_ECLOSED : LEAT_OK;
}

static int
dlq_show(const struct leat__cli_args *args, struct leat_dead *dead)
{
	struct leat__cli_filter filter = {.args = args};
	struct leat_error err = {0};
	int rc = leat_dead_each(dead, show_take, &filter, &err);
	int status = leat__cli_flush();

	return status || rc == LEAT_ECLOSED ? status : dlq_error(rc, &err);
}

/* ---- drop --------------------------------------------------------------- */

struct drop {
	struct leat__cli_filter filter;
	uint64_t n;
};

static int
drop_letter(const struct leat_letter *letter, struct leat_letter *changed,
	void *user)
{
	struct drop *drop = user;

	(void)changed;
	if (!leat__cli_filter_takes(&drop->filter, letter))
		return LEAT_LETTER_KEEP;
	drop->n++;
	return LEAT_LETTER_DROP;
}

static int
dlq_drop(const struct leat__cli_args *args, struct leat_dead *dead)
{
	struct drop drop = {.filter = {.args = args}};
	struct leat_error err = {0};
	struct leat__cli_lock lock;
	int status;

	if (!leat__cli_filter_is_given(args) == !args->is_all) {
		leat__cli_error("dlq drop: which letters? Give --all, or some "
				"of --stage, --code, --reason, --origin, "
				"--since, --id, --limit");
		return LEAT__CLI_USAGE;
	}
	status = leat__cli_lock_take(&lock, args->words[1]);
	if (!status)
		status = dlq_error(
			leat_dead_change(dead, drop_letter, &drop, &err), &err);
	leat__cli_lock_drop(&lock);
	if (!status && !args->is_quiet)
		leat__cli_say("%llu letter%s dropped",
			(unsigned long long)drop.n, drop.n == 1 ? "" : "s");
	return status;
}

/* ---- which -------------------------------------------------------------- */

static int
dlq_export(const struct leat__cli_args *args, struct leat_dead *dead)
{
	if (args->n_words == 2 && !args->file)
		return leat__cli_dlq_export(args, dead);
	leat__cli_error("dlq retry: --to writes the records and runs nothing; "
			"give it or a graph, not both");
	return LEAT__CLI_USAGE;
}

static int
dlq_open_and(const struct leat__cli_args *args,
	int (*fn)(const struct leat__cli_args *args, struct leat_dead *dead))
{
	struct leat_error err = {0};
	struct leat_dead *dead;
	int status = dlq_error(leat_dead_open(NULL, args->words[1],
				       LEAT_DEAD_READ, &dead, &err),
		&err);

	if (status)
		return status;
	status = fn(args, dead);
	leat_dead_close(dead);
	return status;
}

static int
dlq_misuse(const struct leat__cli_args *args)
{
	if (args->n_words < 2)
		leat__cli_error("dlq: what is to be done, and to which file? "
				"As in: leat dlq ls bad.ndjson");
	else
		leat__cli_error("dlq: '%s' is not known; there are ls, show, "
				"retry and drop, then FILE",
			args->words[0]);
	return LEAT__CLI_USAGE;
}

int
leat__cli_dlq(const struct leat__cli_args *args)
{
	static const struct {
		const char *name;
		int (*fn)(const struct leat__cli_args *args,
			struct leat_dead *dead);
	} whats[] = {{"ls", dlq_ls}, {"show", dlq_show}, {"drop", dlq_drop}};

	if (args->n_words < 2)
		return dlq_misuse(args);
	if (strcmp(args->words[0], "retry") == 0)
		return args->to ? dlq_open_and(args, dlq_export)
				: leat__cli_dlq_retry(args);
	for (size_t k = 0; k < sizeof(whats) / sizeof(whats[0]); k++) {
		if (strcmp(args->words[0], whats[k].name) != 0)
			continue;
		if (args->n_words == 2)
			return dlq_open_and(args, whats[k].fn);
		leat__cli_error("dlq %s: one file, and not '%s' too; --id= and "
				"others say which letters",
			whats[k].name, args->words[2]);
		return LEAT__CLI_USAGE;
	}
	return dlq_misuse(args);
}
