/*
 * watch/trace_file.c -- what the threads of a run do, into a file.
 *
 * Keeps: the file is JSON from the end of the run on, however that ended,
 * unless it could not be written; every event that was recorded is in it, or
 * counted as lost. Process 1 is the threads, process 2 the segments.
 * Threads: the looker's own; life by that which starts and ends the run.
 * Source: Trace Event Format (Chromium), the array form.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "watch/trace.h"

#define FILE_EVENTS    16384u
#define FILE_MAX_BYTES (UINT64_C(1) << 30)
#define FILE_BUF_BYTES 65536u
/* what one event takes at the most: three names of stages, escaped */
#define FILE_EVENT_BYTES 4096u
#define FILE_EVERY_NS    20000000u
#define FILE_PATIENCE_NS 1000000000
#define FILE_NAME_BYTES  200u

struct leat__trace_file {
	struct leat__looker looker;
	struct leat_graph *graph;
	char *path;
	uint64_t max_bytes;
	int64_t start_ns;
	int fd;
	int sys_errno; /* why nothing is written any more */
	bool is_full;  /* max_bytes */
	bool is_first; /* no event was written yet */
	uint64_t n_unwritten;
	struct leat__text text;
	/* atomic, for who asks: */
	uint64_t n_events, n_lost, n_bytes;
	uint32_t is_cut;
	char buf[FILE_BUF_BYTES];
};

/* ---- writing --------------------------------------------------------------- */

static void
file_fail(struct leat__trace_file *f, int sys_errno)
{
	struct leat_error err = {0};
	char why[FILE_NAME_BYTES];

	f->sys_errno = sys_errno;
	leat__store_relaxed(&f->is_cut, 1u);
	leat__error_errno(&err, LEAT_EIO, sys_errno,
		"the trace '%s' could not be written to its end: %s", f->path,
		leat__env_strerror(sys_errno, why, sizeof(why)));
	err.time_ns = f->looker.env->wall_ns(f->looker.env);
	leat__errors_add(f->graph, &err);
}

/* 0 or errno; what cannot take anything for too long has failed. */
static int
file_await(const struct leat__trace_file *f)
{
	const struct leat__env *env = f->looker.env;
	struct leat__poll poll = {.fd = f->fd, .want = LEAT__POLL_WRITE};
	int n = env->poll(env, &poll, 1, env->now_ns(env) + FILE_PATIENCE_NS);

	return n > 0 ? 0 : n < 0 ? -n : EAGAIN;
}

static void
file_flush(struct leat__trace_file *f)
{
	const struct leat__env *env = f->looker.env;
	size_t n = f->text.at, at = 0;

	f->text.at = 0;
	while (at < n && !f->sys_errno) {
		int64_t got = env->write(env, f->fd, f->buf + at, n - at);
		int sys_errno = got == -EAGAIN ? file_await(f)
			: got < 0              ? (int)-got
					       : 0;

		if (sys_errno)
			file_fail(f, sys_errno);
		else if (got > 0)
			at += (size_t)got;
	}
	leat__bump(&f->n_bytes, at);
}

/* Room for one more event; false: none is written any more. */
static bool
file_begin(struct leat__trace_file *f)
{
	if (f->text.at + FILE_EVENT_BYTES > FILE_BUF_BYTES)
		file_flush(f);
	if (f->sys_errno)
		return false;
	leat__text_add(&f->text, f->is_first ? "[\n" : ",\n");
	f->is_first = false;
	return true;
}

/* ---- names ------------------------------------------------------------------ */

static void
file_add_task_name(struct leat__trace_file *f, const struct leat__task *task)
{
	char buf[FILE_NAME_BYTES];
	struct leat__text name = {buf, sizeof(buf), 0};
	const struct leat__segment *segment = task->segment;

	for (uint32_t k = 0; k < segment->n_stages; k++)
		leat__text_add(&name, "%s%s", k ? "+" : "",
			leat__stage_name(segment->stages[k]));
	leat__text_add_json(&f->text, buf);
}

static void
file_add_link_name(struct leat__trace_file *f, const struct leat__link *link)
{
	char buf[FILE_NAME_BYTES];
	struct leat__text name = {buf, sizeof(buf), 0};

	leat__text_add(&name, "%s", leat__stage_name(link->from));
	if (link->from->n_outs > 1)
		leat__text_add(&name, ".%u", link->from_index);
	leat__text_add(&name, " -> %s", leat__stage_name(link->to));
	if (link->to->n_ins > 1)
		leat__text_add(&name, ".%u", link->to_index);
	leat__text_add_json(&f->text, buf);
}

/* One of a process or a thread, as `what` says. */
static void
file_name(struct leat__trace_file *f, const char *what, uint32_t pid,
	uint32_t tid)
{
	leat__text_add(&f->text,
		"{\"name\":\"%s_name\",\"ph\":\"M\",\"pid\":%u,\"tid\":%u,"
		"\"args\":{\"name\":",
		what, pid, tid);
}

static const struct leat__task *
file_task(const struct leat__trace_file *f, uint32_t number)
{
	return &f->graph->run->tasks[number];
}

static void
file_head_threads(struct leat__trace_file *f)
{
	const struct leat__tracing *tracing = f->graph->tracing;

	for (uint32_t k = 0; k < tracing->n_lanes && file_begin(f); k++) {
		file_name(f, "thread", 1, k + 1);
		if (tracing->lanes[k].task)
			file_add_task_name(f, tracing->lanes[k].task);
		else
			leat__text_add(&f->text, "\"worker %u\"", k);
		leat__text_add(&f->text, "}}");
	}
}

static void
file_head(struct leat__trace_file *f)
{
	static const char *const processes[] = {"threads", "segments"};
	const struct leat__run *run = f->graph->run;

	for (uint32_t k = 0; k < 2 && file_begin(f); k++) {
		file_name(f, "process", k + 1, 0);
		leat__text_add(&f->text, "\"%s\"}}", processes[k]);
	}
	file_head_threads(f);
	for (uint32_t k = 0; k < run->n_tasks && file_begin(f); k++) {
		file_name(f, "thread", 2, k + 1);
		file_add_task_name(f, &run->tasks[k]);
		leat__text_add(&f->text, "}}");
	}
}

/* ---- events ----------------------------------------------------------------- */

static const char *
file_why(uint32_t why)
{
	static const char *const words[LEAT__TRACE_WHYS] = {"no input",
		"no credit", "not its turn", "held by a drain", "time is spent",
		"ended", "for something to be taken",
		"for something to be given"};

	return words[why];
}

/* A time in microseconds. */
static void
file_add_time(struct leat__trace_file *f, const char *name, uint64_t ns)
{
	leat__text_add(&f->text, ",\"%s\":%llu.%03llu", name,
		(unsigned long long)(ns / 1000),
		(unsigned long long)(ns % 1000));
}

/* After the name: what every event has. took_ns: of a slice only, which is told
 * as a nanosecond shorter: the next one may begin at its end, and viewers that
 * add ts and dur as binary fractions would find it within this one. */
static void
file_add_place(struct leat__trace_file *f, const char *type, uint32_t pid,
	uint32_t tid, const struct leat__trace_event *event)
{
	uint64_t start_ns = (uint64_t)f->start_ns;

	leat__text_add(&f->text, ",\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", type,
		pid, tid);
	file_add_time(
		f, "ts", event->at_ns > start_ns ? event->at_ns - start_ns : 0);
	if (*type == 'X')
		file_add_time(f, "dur", event->took_ns - (event->took_ns > 0));
}

static void
file_add_slice(struct leat__trace_file *f, uint32_t tid,
	const struct leat__trace_event *event)
{
	file_add_task_name(f, file_task(f, event->subject));
	file_add_place(f, "X", 1, tid, event);
	leat__text_add(&f->text,
		",\"cat\":\"run\",\"args\":{\"segment\":%u,\"end\":\"%s\"}}",
		event->subject + 1, file_why(event->why));
}

static void
file_add_call(struct leat__trace_file *f, uint32_t tid,
	const struct leat__trace_event *event)
{
	bool is_outside = event->kind == LEAT__TRACE_OUTSIDE;

	if (is_outside)
		leat__text_add(&f->text, "\"waits %s\"", file_why(event->why));
	else
		leat__text_add_json(&f->text,
			leat__stage_name(f->graph->stages[event->subject]));
	file_add_place(f, "X", 1, tid, event);
	leat__text_add(&f->text, ",\"cat\":\"%s\",\"args\":{\"stage\":",
		is_outside ? "outside" : "call");
	leat__text_add_json(
		&f->text, leat__stage_name(f->graph->stages[event->subject]));
	leat__text_add(&f->text, "}}");
}

static void
file_add_wait(struct leat__trace_file *f, const struct leat__trace_event *event)
{
	bool is_ready = event->kind == LEAT__TRACE_READY;

	leat__text_add(
		&f->text, "\"%s\"", is_ready ? "ready" : file_why(event->why));
	file_add_place(f, "X", 2, event->subject + 1, event);
	leat__text_add(&f->text, ",\"cat\":\"%s\",\"args\":{",
		is_ready ? "ready" : "wait");
	if (event->object != LEAT__TRACE_NOBODY) {
		leat__text_add(&f->text, "\"link\":");
		file_add_link_name(f, f->graph->links[event->object]);
	}
	leat__text_add(&f->text, "}}");
}

static void
file_add_link(struct leat__trace_file *f, const struct leat__trace_event *event)
{
	file_add_link_name(f, f->graph->links[event->subject]);
	file_add_place(f, "C", 2, 0, event);
	leat__text_add(&f->text,
		",\"cat\":\"credit\",\"args\":{\"queued\":%u,\"credit\":%u}}",
		event->n, event->object);
}

static void
file_add_worker(struct leat__trace_file *f, uint32_t tid,
	const struct leat__trace_event *event)
{
	bool is_park = event->kind == LEAT__TRACE_PARK;

	leat__text_add(&f->text, is_park ? "\"parked\"" : "\"steals\"");
	file_add_place(f, is_park ? "X" : "i", 1, tid, event);
	if (is_park)
		leat__text_add(&f->text, ",\"cat\":\"park\"}");
	else
		leat__text_add(&f->text,
			",\"s\":\"t\",\"cat\":\"steal\",\"args\":{\"from\":%u,"
			"\"n\":%u}}",
			event->subject, event->n);
}

static void
file_add_wake(struct leat__trace_file *f, uint32_t tid,
	const struct leat__trace_event *event)
{
	leat__text_add(&f->text, "\"wakes\"");
	file_add_place(f, "i", 1, tid, event);
	leat__text_add(
		&f->text, ",\"s\":\"t\",\"cat\":\"wake\",\"args\":{\"whom\":");
	file_add_task_name(f, file_task(f, event->subject));
	leat__text_add(&f->text, "}}");
}

static void
file_add(struct leat__trace_file *f, uint32_t tid,
	const struct leat__trace_event *event)
{
	leat__text_add(&f->text, "{\"name\":");
	switch ((enum leat__trace_kind)event->kind) {
	case LEAT__TRACE_SLICE:
		file_add_slice(f, tid, event);
		break;
	case LEAT__TRACE_CALL:
	case LEAT__TRACE_OUTSIDE:
		file_add_call(f, tid, event);
		break;
	case LEAT__TRACE_WAIT:
	case LEAT__TRACE_READY:
		file_add_wait(f, event);
		break;
	case LEAT__TRACE_LINK:
		file_add_link(f, event);
		break;
	case LEAT__TRACE_PARK:
	case LEAT__TRACE_STEAL:
		file_add_worker(f, tid, event);
		break;
	case LEAT__TRACE_WAKE:
		file_add_wake(f, tid, event);
		break;
	}
}

/* ---- looking ---------------------------------------------------------------- */

static void
file_event(struct leat__trace_file *f, uint32_t tid,
	const struct leat__trace_event *event)
{
	f->is_full = f->is_full ||
		f->n_bytes + f->text.at + FILE_EVENT_BYTES > f->max_bytes;
	if (f->is_full || !file_begin(f)) {
		f->n_unwritten++;
		return;
	}
	file_add(f, tid, event);
	leat__bump(&f->n_events, 1);
}

static void
file_look_at(struct leat__trace_file *f, struct leat__trace_lane *lane)
{
	uint64_t n = leat__trace_ring_len(&lane->events);

	for (uint64_t k = 0; k < n; k++)
		file_event(f, lane->number + 1,
			leat__trace_ring_at(&lane->events, k));
	leat__trace_ring_took(&lane->events, n);
}

static void
file_look(struct leat__looker *looker, bool is_last)
{
	struct leat__trace_file *f =
		leat__container_of(looker, struct leat__trace_file, looker);
	struct leat__tracing *tracing = f->graph->tracing;
	uint64_t n_lost = 0;

	(void)is_last;
	for (uint32_t k = 0; k < tracing->n_lanes; k++) {
		file_look_at(f, &tracing->lanes[k]);
		n_lost += leat__load_relaxed(&tracing->lanes[k].events.n_lost);
	}
	leat__store_relaxed(&f->n_lost, n_lost + f->n_unwritten);
	file_flush(f);
}

/* ---- life ------------------------------------------------------------------- */

/* What was in it before is gone; of what is no plain file, nothing is. */
static int
file_open(struct leat__trace_file *f, struct leat_error *err)
{
	const struct leat__env *env = f->looker.env;
	struct leat__stat stat = {0};
	char why[FILE_NAME_BYTES];
	int sys_errno = env->open(env, f->path, LEAT__OPEN_APPEND, &f->fd);

	if (!sys_errno)
		sys_errno = env->fstat(env, f->fd, &stat);
	if (!sys_errno && stat.is_regular)
		sys_errno = env->truncate(env, f->fd, 0);
	if (!sys_errno)
		return LEAT_OK;
	return leat__error_errno(err, LEAT_EIO, sys_errno,
		"the trace '%s' cannot be written: %s", f->path,
		leat__env_strerror(sys_errno, why, sizeof(why)));
}

static void
file_close(struct leat__trace_file *f)
{
	const struct leat__env *env = f->looker.env;
	int sys_errno = f->fd >= 0 ? env->close(env, f->fd) : 0;

	f->fd = -1;
	if (sys_errno && !f->sys_errno)
		file_fail(f, sys_errno);
}

int
leat__trace_file_start(struct leat__trace_file *f, struct leat_graph *graph,
	struct leat_error *err)
{
	int sys_errno;

	f->graph = graph;
	f->is_first = true;
	f->text = (struct leat__text){f->buf, sizeof(f->buf), 0};
	LEAT_TRY(file_open(f, err));
	f->start_ns = f->looker.env->now_ns(f->looker.env);
	file_head(f);
	sys_errno = leat__looker_start(&f->looker, "leat-trace");
	if (!sys_errno)
		return LEAT_OK;
	return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
		"cannot start the thread that writes the trace");
}

void
leat__trace_file_stop(struct leat__trace_file *f)
{
	bool was_started = f->looker.is_started;

	leat__looker_stop(&f->looker);
	if (was_started && file_begin(f)) {
		struct leat__trace_event end = {
			.at_ns =
				(uint64_t)f->looker.env->now_ns(f->looker.env)};

		leat__text_add(&f->text, "{\"name\":\"end of the trace\"");
		file_add_place(f, "i", 1, 0, &end);
		leat__text_add(&f->text,
			",\"s\":\"g\",\"args\":{\"events\":%llu,\"lost\":%llu}}"
			"\n]\n",
			(unsigned long long)f->n_events,
			(unsigned long long)f->n_lost);
		file_flush(f);
	}
	file_close(f);
}

void
leat__trace_file_destroy(struct leat__trace_file *f)
{
	if (!f)
		return;
	f->looker.env->free(f->looker.env, f->path);
	f->looker.env->free(f->looker.env, f);
}

uint64_t
leat__trace_file_bytes(const struct leat__trace_file *f)
{
	return sizeof(*f) + strlen(f->path) + 1;
}

void
leat__trace_file_stats(
	const struct leat__trace_file *f, struct leat_trace_stats *stats)
{
	stats->events = leat__load_relaxed(&f->n_events);
	stats->events_lost = leat__load_relaxed(&f->n_lost);
	stats->bytes = leat__load_relaxed(&f->n_bytes);
	stats->is_cut = leat__load_relaxed(&f->is_cut);
}

/* ---- asking for it ---------------------------------------------------------- */

static int
file_check(const struct leat_trace_file_opts *opts, struct leat_error *err)
{
	if (opts->flags)
		return leat__error(err, LEAT_EINVAL,
			"trace: flags %#x are unknown; accepted: 0",
			opts->flags);
	if (!opts->path || !*opts->path)
		return leat__error(err, LEAT_EINVAL,
			"trace: path is empty; accepted: the name of a file");
	if (opts->ring_events > LEAT_TRACE_RING_EVENTS_MAX)
		return leat__error(err, LEAT_EINVAL,
			"trace: ring_events is %u; accepted: up to %u "
			"(LEAT_TRACE_RING_EVENTS_MAX)",
			opts->ring_events, LEAT_TRACE_RING_EVENTS_MAX);
	return LEAT_OK;
}

static uint32_t
round_up_2(uint32_t n)
{
	uint32_t size = 2;

	while (size < n)
		size *= 2;
	return size;
}

static struct leat__trace_file *
file_create(
	const struct leat__env *env, const struct leat_trace_file_opts *opts)
{
	struct leat__trace_file *f = env->alloc(env, sizeof(*f));
	size_t n_bytes = strlen(opts->path) + 1;

	if (!f)
		return NULL;
	f->looker = (struct leat__looker){
		.env = env, .look = file_look, .every_ns = FILE_EVERY_NS};
	f->fd = -1;
	f->max_bytes = opts->max_bytes ? opts->max_bytes : FILE_MAX_BYTES;
	f->path = env->alloc(env, n_bytes);
	if (f->path) {
		memcpy(f->path, opts->path, n_bytes);
		return f;
	}
	env->free(env, f);
	return NULL;
}

int
leat_graph_trace_file(struct leat_graph *graph,
	const struct leat_trace_file_opts *opts, struct leat_error *err)
{
	struct leat_trace_file_opts full;
	struct leat__watch_trace *t;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_trace_file_opts", err));
	LEAT_TRY(file_check(&full, err));
	LEAT_TRY(leat__watch_trace_get(graph, "trace", &t, err));
	if (t->file)
		return leat__error(err, LEAT_ESTATE,
			"trace: this graph has a file for it already");
	t->file = file_create(graph->env, &full);
	if (!t->file)
		return leat__error(err, LEAT_ENOMEM, "no memory for a trace");
	t->tracing.ring_events =
		round_up_2(full.ring_events ? full.ring_events : FILE_EVENTS);
	return LEAT_OK;
}
