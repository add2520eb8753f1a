/*
 * cli/progress.c -- what is going on, on stderr, while a graph runs.
 *
 * Nothing in the first second: most jobs are over by then. A bar is redrawn
 * five times a second in one line and leaves none behind; plain and json
 * print a line a second. The rate is smoothed over about two seconds.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define PROGRESS_FIRST_NS INT64_C(1000000000)
#define PROGRESS_BAR_NS   INT64_C(200000000)
#define PROGRESS_LINE_NS  INT64_C(1000000000)
#define PROGRESS_COLUMNS  240

void
leat__cli_progress_start(struct leat__cli_progress_state *p,
	struct leat_graph *graph, const struct leat__cli_args *args)
{
	memset(p, 0, sizeof(*p));
	p->graph = graph;
	p->kind = args->progress;
	if (p->kind == LEAT__CLI_PROGRESS_AUTO)
		p->kind = isatty(STDERR_FILENO) && !args->is_quiet
			? LEAT__CLI_PROGRESS_BAR
			: LEAT__CLI_PROGRESS_NONE;
	p->start_ns = leat_now_ns();
	p->last_ns = p->start_ns;
	p->next_ns = p->start_ns + PROGRESS_FIRST_NS;
	if (p->kind != LEAT__CLI_PROGRESS_NONE &&
		leat_load_create(graph, NULL, &p->load, NULL))
		p->load = NULL; /* no memory: the rest is told */
}

/* The stage that all others wait for, or NULL. */
static const char *
progress_bottleneck(const struct leat__cli_progress_state *p)
{
	struct leat_stage_load stage;

	if (!p->load ||
		leat_load_stage(p->load, leat_load_bottleneck(p->load), &stage))
		return NULL;
	return stage.name;
}

static double
progress_seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static void
progress_measure(struct leat__cli_progress_state *p, int64_t now_ns,
	const struct leat_graph_stats *stats)
{
	double seconds = progress_seconds(now_ns - p->last_ns);
	double rate;

	if (seconds <= 0)
		return;
	rate = (double)(stats->source_bytes - p->last_bytes) / seconds;
	if (p->last_bytes == 0)
		p->rate_bytes = rate;
	else
		p->rate_bytes += (rate - p->rate_bytes) *
			(seconds < 2 ? seconds / 2 : 1);
	p->last_ns = now_ns;
	p->last_bytes = stats->source_bytes;
}

/* Seconds to come, or -1 if nobody knows. */
static double
progress_left(const struct leat__cli_progress_state *p,
	const struct leat_graph_stats *stats)
{
	if (stats->source_bytes_total < stats->source_bytes ||
		stats->source_bytes_total == 0 || p->rate_bytes < 1)
		return -1;
	return (double)(stats->source_bytes_total - stats->source_bytes) /
		p->rate_bytes;
}

/* "1.2 GiB  12.3 M rows  310 MiB/s  4 s left" */
static void
progress_words(const struct leat__cli_progress_state *p,
	const struct leat_graph_stats *stats, char *buf, size_t n_bytes)
{
	double left = progress_left(p, stats);
	const char *slow = progress_bottleneck(p);
	char bytes[32], rows[32], rate[32], time[32];

	if (left < 0)
		left = progress_seconds(p->last_ns - p->start_ns);
	else
		left = left < 1 ? 1 : left;
	leat__cli_seconds((double)(int64_t)(left + 0.5), time, sizeof(time));
	if (left < 10)
		snprintf(time, sizeof(time), "%d s", (int)(left + 0.5));
	snprintf(buf, n_bytes, "%s  %s rows  %s/s  %s%s%s%.40s",
		leat__cli_bytes(stats->source_bytes, bytes, sizeof(bytes)),
		leat__cli_count(stats->read, rows, sizeof(rows)),
		leat__cli_bytes((uint64_t)p->rate_bytes, rate, sizeof(rate)),
		time, progress_left(p, stats) < 0 ? "" : " left",
		slow ? "  slow: " : "", slow ? slow : "");
}

static unsigned
progress_percent(const struct leat_graph_stats *stats)
{
	double part =
		(double)stats->source_bytes / (double)stats->source_bytes_total;

	return part >= 1 ? 100 : (unsigned)(part * 100);
}

static size_t
progress_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col < PROGRESS_COLUMNS ? size.ws_col : PROGRESS_COLUMNS;
}

/* " 42% [=====>     ] " in front of the words, where the end is known. */
static void
progress_draw_bar(const struct leat_graph_stats *stats, size_t n_words)
{
	size_t columns = progress_columns(), n_fixed = n_words + 11, n, k;
	unsigned percent = progress_percent(stats);

	if (columns < n_fixed + 5) {
		fprintf(stderr, "%3u%%  ", percent);
		return;
	}
	n = columns - n_fixed;
	n = n > 40 ? 40 : n;
	fprintf(stderr, "%3u%% [", percent);
	for (k = 0; k < n; k++)
		fputc(k < n * percent / 100 ? '#' : '.', stderr);
	fputs("]  ", stderr);
}

static void
progress_bar(struct leat__cli_progress_state *p,
	const struct leat_graph_stats *stats)
{
	char words[160];
	size_t columns = progress_columns();

	progress_words(p, stats, words, sizeof(words));
	fputc('\r', stderr);
	if (stats->source_bytes_total)
		progress_draw_bar(stats, strlen(words));
	fprintf(stderr, "%.*s\033[K", (int)(columns - 1), words);
	fflush(stderr);
	p->is_drawn = true;
}

static void
progress_plain(const struct leat__cli_progress_state *p,
	const struct leat_graph_stats *stats)
{
	char words[160];

	progress_words(p, stats, words, sizeof(words));
	if (stats->source_bytes_total)
		leat__cli_say("%u%%  %s", progress_percent(stats), words);
	else
		leat__cli_say("%s", words);
}

static double
progress_share(uint32_t parts)
{
	return (double)parts / LEAT_LOAD_WHOLE;
}

/* At the end of the whole run, before that of the last window. */
static void
progress_json_stage(const struct leat_stage_load *stage, bool is_done)
{
	const struct leat_load_shares *shares =
		is_done ? &stage->total : &stage->window;

	fprintf(stderr,
		"{\"name\":\"%s\",\"busy\":%.6f,\"starved\":%.6f,"
		"\"blocked\":%.6f,\"idle\":%.6f,\"score\":%.3f}",
		stage->name, progress_share(shares->busy),
		progress_share(shares->starved),
		progress_share(shares->blocked), progress_share(shares->idle),
		progress_share(is_done ? stage->total_score : stage->score));
}

static void
progress_json_load(const struct leat__cli_progress_state *p, bool is_done)
{
	const char *slow = progress_bottleneck(p);
	struct leat_stage_load stage;

	if (!p->load)
		return;
	if (slow)
		fprintf(stderr, ",\"bottleneck\":\"%s\"", slow);
	else
		fputs(",\"bottleneck\":null", stderr);
	fputs(",\"stages\":[", stderr);
	for (uint32_t k = 0; leat_load_stage(p->load, k, &stage) == 0; k++) {
		if (k)
			fputc(',', stderr);
		progress_json_stage(&stage, is_done);
	}
	fputc(']', stderr);
}

static void
progress_json(const struct leat__cli_progress_state *p,
	const struct leat_graph_stats *stats, int64_t now_ns,
	const struct leat_error *refused)
{
	fprintf(stderr,
		"{\"seconds\":%.3f,\"bytes\":%llu,\"bytes_total\":%llu,"
		"\"rows\":%llu,\"written\":%llu,\"filtered\":%llu,"
		"\"failed\":%llu,\"dead_lettered\":%llu,\"skipped\":%llu,"
		"\"given_up\":%llu,\"shed\":%llu,\"memory_bytes\":%llu,"
		"\"done\":%s",
		progress_seconds(now_ns - p->start_ns),
		(unsigned long long)stats->source_bytes,
		(unsigned long long)stats->source_bytes_total,
		(unsigned long long)stats->read,
		(unsigned long long)stats->written,
		(unsigned long long)stats->filtered,
		(unsigned long long)stats->failed,
		(unsigned long long)stats->dead_lettered,
		(unsigned long long)stats->skipped,
		(unsigned long long)stats->given_up,
		(unsigned long long)stats->shed,
		(unsigned long long)stats->memory_bytes,
		stats->is_done ? "true" : "false");
	progress_json_load(p, stats->is_done);
	if (stats->is_done)
		leat__cli_errors_json(p->graph, refused);
	fputs("}\n", stderr);
}

static void
progress_show(struct leat__cli_progress_state *p, int64_t now_ns)
{
	struct leat_graph_stats stats = {0};

	leat_graph_stats(p->graph, &stats);
	progress_measure(p, now_ns, &stats);
	if (p->kind == LEAT__CLI_PROGRESS_BAR)
		progress_bar(p, &stats);
	else if (p->kind == LEAT__CLI_PROGRESS_PLAIN)
		progress_plain(p, &stats);
	else
		progress_json(p, &stats, now_ns, NULL);
}

void
leat__cli_progress_tick(struct leat__cli_progress_state *p)
{
	int64_t now_ns = leat_now_ns();

	if (p->load)
		leat_load_tick(p->load, now_ns);
	if (p->kind == LEAT__CLI_PROGRESS_NONE || now_ns < p->next_ns)
		return;
	p->next_ns = now_ns +
		(p->kind == LEAT__CLI_PROGRESS_BAR ? PROGRESS_BAR_NS
						   : PROGRESS_LINE_NS);
	progress_show(p, now_ns);
}

void
leat__cli_progress_clear(struct leat__cli_progress_state *p)
{
	if (!p->is_drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	p->is_drawn = false;
}

void
leat__cli_progress_end(struct leat__cli_progress_state *p)
{
	leat__cli_progress_clear(p);
	if (p->load)
		leat_load_tick(p->load, leat_now_ns());
	if (p->kind == LEAT__CLI_PROGRESS_JSON)
		progress_show(p, leat_now_ns());
	leat_load_destroy(p->load);
	p->load = NULL;
}

void
leat__cli_progress_refused(struct leat_graph *graph,
	const struct leat__cli_args *args, const struct leat_error *err)
{
	const struct leat__cli_progress_state p = {
		.graph = graph, .kind = args->progress};
	const struct leat_graph_stats stats = {.is_done = true};

	if (p.kind == LEAT__CLI_PROGRESS_JSON)
		progress_json(&p, &stats, 0, err);
}
