/*
 * exec/census.c -- what is alive in an application's workers: dump and leaks.
 *
 * Tasks are read under the lock, a batch at a time, and written without it;
 * fibers are read while they run, so each line is true of some moment, and
 * what ended meanwhile may be missing. Nothing here stops anybody for long.
 * Threads: any.
 */
#include <string.h>

#include "exec/workers.h"

#define CENSUS_LINE_BYTES 512
#define CENSUS_BATCH      16

struct census {
	struct leat_workers *workers;
	leat_write_fn write;
	void *user;
	bool is_json;
	bool is_first; /* of a JSON array */
	int64_t now_ns;
};

static const char *
task_state_name(uint32_t state)
{
	static const char *const names[] = {[LEAT_TASK_IDLE] = "queued",
		[LEAT_TASK_RUNNING] = "running",
		[LEAT_TASK_DONE] = "done",
		[LEAT_TASK_FAILED] = "failed",
		[LEAT_TASK_STOPPED] = "stopped"};

	return state < leat__array_len(names) ? names[state] : "?";
}

static const char *
fiber_state_name(uint32_t state)
{
	static const char *const names[] = {[LEAT__FIBER_FREE] = "ended",
		[LEAT__FIBER_READY] = "ready",
		[LEAT__FIBER_RUNNING] = "running",
		[LEAT__FIBER_PARKED] = "waits"};

	return state < leat__array_len(names) ? names[state] : "?";
}

/* ---- writing ------------------------------------------------------------ */

static void
census_write(const struct census *census, const struct leat__text *text)
{
	size_t most = text->n_bytes - 1;

	census->write(
		census->user, text->buf, text->at < most ? text->at : most);
}

static void
text_add_field(struct leat__text *text, const char *name, const char *value)
{
	leat__text_add(text, ", \"%s\": ", name);
	leat__text_add_json(text, value);
}

/* ---- tasks -------------------------------------------------------------- */

struct census_task {
	char name[128];
	const char *where;
	const char *group;
	uint32_t state;
	bool is_blocking;
	bool is_held;
	int64_t since_ns;
};

static void
census_copy_name(char *to, size_t n_bytes, const char *name)
{
	size_t len = strnlen(name, n_bytes - 1);

	memcpy(to, name, len);
	to[len] = '\0';
}

static void
census_note(struct census_task *one, const struct leat_task *task)
{
	census_copy_name(one->name, sizeof(one->name), task->name);
	one->where = task->where;
	one->group = task->group->name;
	one->state = leat__load_relaxed(&task->state);
	one->is_blocking = task->kind == LEAT__KIND_BLOCKING;
	one->is_held = task->is_held;
	one->since_ns = task->since_ns;
}

/* The next few tasks behind the first n_seen of the list. */
static uint32_t
census_batch(const struct census *census, uint32_t n_seen,
	struct census_task batch[CENSUS_BATCH])
{
	struct leat_workers *workers = census->workers;
	const struct leat_task *task;
	uint32_t n = 0;

	leat__lock_take(&workers->lock, workers->env);
	task = workers->tasks;
	while (task && n_seen > 0) {
		task = task->next_of_all;
		n_seen--;
	}
	for (; task && n < CENSUS_BATCH; task = task->next_of_all)
		census_note(&batch[n++], task);
	leat__lock_drop(&workers->lock, workers->env);
	return n;
}

static void
census_task_json(struct census *census, const struct census_task *one,
	struct leat__text *text)
{
	leat__text_add(
		text, "%s\n    {\"name\": ", census->is_first ? "" : ",");
	leat__text_add_json(text, one->name);
	text_add_field(text, "state", task_state_name(one->state));
	text_add_field(text, "group", one->group);
	text_add_field(text, "where", one->where);
	leat__text_add(text,
		", \"blocking\": %s, \"held\": %s, \"age_ns\": %lld}",
		one->is_blocking ? "true" : "false",
		one->is_held ? "true" : "false",
		(long long)(census->now_ns - one->since_ns));
}

static void
census_task_text(struct census *census, const struct census_task *one,
	struct leat__text *text)
{
	leat__text_add(text,
		"  task %s: %s, group %s%s%s, submitted %.3f s ago at %s\n",
		one->name, task_state_name(one->state), one->group,
		one->is_blocking ? ", blocking" : "",
		one->is_held ? "" : ", released",
		(double)(census->now_ns - one->since_ns) / 1e9, one->where);
}

static void
census_tasks(struct census *census)
{
	struct census_task batch[CENSUS_BATCH];
	uint32_t n_seen = 0, n;

	while ((n = census_batch(census, n_seen, batch)) > 0) {
		for (uint32_t k = 0; k < n; k++) {
			char line[CENSUS_LINE_BYTES];
			struct leat__text text = {line, sizeof(line), 0};

			if (census->is_json)
				census_task_json(census, &batch[k], &text);
			else
				census_task_text(census, &batch[k], &text);
			census_write(census, &text);
			census->is_first = false;
		}
		n_seen += n;
	}
}

/* ---- fibers ------------------------------------------------------------- */

static void
census_fiber_json(struct census *census, const struct leat__fiber *fiber,
	const char *state, struct leat__text *text)
{
	const char *waits_for = leat__load_relaxed(&fiber->strand.waits_for);
	int64_t since_ns = leat__load_relaxed(&fiber->since_ns);

	leat__text_add(text, "%s\n    {\"fiber\": %u",
		census->is_first ? "" : ",", fiber->number);
	text_add_field(text, "state", state);
	if (waits_for)
		text_add_field(text, "waits_for", waits_for);
	text_add_field(text, "where", leat__load_relaxed(&fiber->where));
	if (since_ns)
		leat__text_add(text, ", \"since_ns\": %lld",
			(long long)(census->now_ns - since_ns));
	leat__text_add(text, "}");
}

static void
census_fiber_text(struct census *census, const struct leat__fiber *fiber,
	const char *state, struct leat__text *text)
{
	const char *waits_for = leat__load_relaxed(&fiber->strand.waits_for);
	int64_t since_ns = leat__load_relaxed(&fiber->since_ns);

	leat__text_add(text, "  ");
	leat__fiber_describe(fiber, text);
	leat__text_add(text, ": %s", waits_for ? waits_for : state);
	if (since_ns)
		leat__text_add(text, ", for about %.3f s",
			(double)(census->now_ns - since_ns) / 1e9);
	leat__text_add(text, "\n");
}

static void
census_fiber(const struct leat__fiber *fiber, void *user)
{
	struct census *census = user;
	uint32_t state = leat__load_relaxed(&fiber->state);
	char line[CENSUS_LINE_BYTES];
	struct leat__text text = {line, sizeof(line), 0};

	if (state == LEAT__FIBER_FREE)
		return;
	if (census->is_json)
		census_fiber_json(
			census, fiber, fiber_state_name(state), &text);
	else
		census_fiber_text(
			census, fiber, fiber_state_name(state), &text);
	census_write(census, &text);
	census->is_first = false;
}

/* ---- the dump ----------------------------------------------------------- */

static void
census_say(const struct census *census, const char *words)
{
	census->write(census->user, words, strlen(words));
}

static void
census_head(const struct census *census)
{
	struct leat_workers_stats s;
	char line[CENSUS_LINE_BYTES];
	struct leat__text text = {line, sizeof(line), 0};

	leat_workers_stats(census->workers, &s);
	leat__text_add(&text,
		census->is_json
			? "{\"workers\": %u, \"blocking\": %u, \"queued\": %u, "
			  "\"running\": %u, \"fibers\": %u, \"timers\": %u,\n"
			: "workers: %u threads, %u for blocking tasks, %u "
			  "queued, %u running, %u fibers, %u timers\n",
		s.n_workers, s.n_blocking, s.n_queued, s.n_running, s.n_fibers,
		s.n_timers);
	census_write(census, &text);
}

void
leat_workers_dump(struct leat_workers *workers, uint32_t flags,
	leat_write_fn write, void *user)
{
	struct census census = {.workers = workers,
		.write = write,
		.user = user,
		.is_json = flags & LEAT_DUMP_JSON,
		.is_first = true,
		.now_ns = workers->env->now_ns(workers->env)};

	census_head(&census);
	if (census.is_json)
		census_say(&census, "  \"tasks\": [");
	census_tasks(&census);
	if (census.is_json)
		census_say(&census, "],\n  \"all_fibers\": [");
	census.is_first = true;
	leat__fibers_each(&workers->fibers, census_fiber, &census);
	if (census.is_json)
		census_say(&census, "]}\n");
}

/* ---- leaks -------------------------------------------------------------- */

#define CENSUS_NAMED 4 /* places named of each kind */

static void
leaks_of_tasks(struct leat_workers *workers, struct leat__text *text)
{
	uint32_t n = 0;
	const struct leat_task *task = workers->tasks;

	for (; task; task = task->next_of_all)
		n += task->is_held;
	if (n == 0)
		return;
	leat__text_add(
		text, "; %u task%s not released (", n, n == 1 ? "" : "s");
	n = 0;
	for (task = workers->tasks; task && n < CENSUS_NAMED;
		task = task->next_of_all)
		if (task->is_held)
			leat__text_add(
				text, "%s%s", n++ ? ", " : "", task->where);
	leat__text_add(text, "%s)", task ? ", ..." : "");
}

struct leaks_fibers {
	struct leat__text *text;
	uint32_t n;
};

static void
leaks_of_fiber(const struct leat__fiber *fiber, void *user)
{
	struct leaks_fibers *found = user;

	/* a task's fiber is the task's */
	if (leat__load_relaxed(&fiber->state) == LEAT__FIBER_FREE ||
		leat__load_relaxed(&fiber->task))
		return;
	if (found->n++ < CENSUS_NAMED)
		leat__text_add(found->text, "%s%s", found->n > 1 ? ", " : "",
			leat__load_relaxed(&fiber->where));
}

static void
leaks_of_fibers(struct leat_workers *workers, struct leat__text *text)
{
	uint32_t n = (uint32_t)leat__load_relaxed(&workers->alive);
	struct leaks_fibers found = {.text = text};

	if (n == 0)
		return;
	leat__text_add(text, "; %u fiber%s not ended (", n, n == 1 ? "" : "s");
	leat__fibers_each(&workers->fibers, leaks_of_fiber, &found);
	leat__text_add(text, "%s)", found.n > CENSUS_NAMED ? ", ..." : "");
}

int
leat_workers_leaks(const struct leat_workers *workers, struct leat_error *err)
{
	/* the lock is not part of what is constant */
	struct leat_workers *w = (struct leat_workers *)(uintptr_t)workers;
	char line[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {line, sizeof(line), 0};

	leaks_of_fibers(w, &text);
	leat__lock_take(&w->lock, w->env);
	leaks_of_tasks(w, &text);
	leat__timer_describe_armed(w, &text);
	leat__lock_drop(&w->lock, w->env);
	if (text.at == 0)
		return LEAT_OK;
	return leat__error(err, LEAT_ESTATE, "left in the workers: %s",
		line + strlen("; "));
}
