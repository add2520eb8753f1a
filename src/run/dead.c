/*
 * run/dead.c -- dead letters, and what else becomes of records that a stage
 * rejects.
 *
 * Keeps: a record counts as failed before anything else; it is skipped or
 * written as a whole line before the stage goes on, or the run fails with it.
 * After a write that failed nothing is written any more: the run ends.
 * Threads: see dead.h; leat_stage_reject by whoever steps the stage's task.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/dead.h"
#include "run/run.h"

/* ---- a line ----------------------------------------------------------------- */

static void
dead_flush(struct leat__dead *dead)
{
	const char *at = dead->buffer;

	while (dead->n && !dead->sys_errno) {
		int64_t n = dead->env->write(dead->env, dead->fd, at, dead->n);

		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n <= 0) {
			dead->sys_errno = n ? (int)-n : EIO;
			break;
		}
		at += n;
		dead->n -= (uint32_t)n;
	}
	dead->n = 0;
}

static void
dead_put(struct leat__dead *dead, const char *text, size_t n_bytes)
{
	if (n_bytes > LEAT__DEAD_BUFFER_BYTES - dead->n)
		dead_flush(dead);
	memcpy(dead->buffer + dead->n, text, n_bytes);
	dead->n += (uint32_t)n_bytes;
}

static void
dead_put_text(struct leat__dead *dead, const char *text)
{
	dead_put(dead, text, strlen(text));
}

static void
dead_put_char(struct leat__dead *dead, uint8_t c)
{
	char text[8];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof(text), "\\%c", c);
	else if (c < 0x20)
		snprintf(text, sizeof(text), "\\u%04x", c);
	else
		snprintf(text, sizeof(text), "%c", c);
	dead_put_text(dead, text);
}

/* ,"key":"text"; nothing without text. */
static void
dead_put_string(struct leat__dead *dead, const char *key, const void *text,
	size_t n_bytes)
{
	const uint8_t *at = text;

	if (!at)
		return;
	dead_put_text(dead, key);
	dead_put_text(dead, ":\"");
	while (n_bytes--)
		dead_put_char(dead, *at++);
	dead_put_text(dead, "\"");
}

static void
dead_put_number(struct leat__dead *dead, const char *key, uint64_t value)
{
	char text[48];

	snprintf(text, sizeof(text), ",\"%s\":%llu", key,
		(unsigned long long)value);
	dead_put_text(dead, text);
}

static void
dead_put_record(struct leat__dead *dead, const struct leat_reject *reject)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = reject->data;

	if (leat__utf8_is_text(at, reject->n_bytes)) {
		dead_put_string(dead, ",\"record\"", at, reject->n_bytes);
		return;
	}
	dead_put_text(dead, ",\"record_hex\":\"");
	for (size_t k = 0; k < reject->n_bytes; k++)
		dead_put(dead, (char[]){digits[at[k] >> 4], digits[at[k] & 15]},
			2);
	dead_put_text(dead, "\"");
}

int
leat__dead_write(struct leat__dead *dead, const char *stage, int code,
	const struct leat_reject *reject)
{
	const char *name = leat_err_name(code);
	int sys_errno;

	leat__lock_take(&dead->lock, dead->env);
	dead_put_string(dead, "{\"stage\"", stage, strlen(stage));
	dead_put_string(dead, ",\"code\"", name, strlen(name));
	dead_put_string(
		dead, ",\"reason\"", reject->reason, strlen(reject->reason));
	if (reject->origin)
		dead_put_string(dead, ",\"file\"", reject->origin,
			strlen(reject->origin));
	if (reject->line) {
		dead_put_number(dead, "line", reject->line);
		dead_put_number(dead, "column", reject->column);
		dead_put_number(dead, "offset", reject->offset);
	}
	if (reject->n_records > 1)
		dead_put_number(dead, "records", reject->n_records);
	if (reject->data)
		dead_put_record(dead, reject);
	dead_put_text(dead, "}\n");
	dead_flush(dead);
	sys_errno = dead->sys_errno;
	leat__lock_drop(&dead->lock, dead->env);
	return sys_errno;
}

/* ---- the file --------------------------------------------------------------- */

static bool
dead_is_wanted(const struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (graph->stages[k]->on_error == LEAT_ON_ERROR_DEAD_LETTER)
			return true;
	return false;
}

int
leat__dead_open(const struct leat_graph *graph, struct leat__dead **dead_out,
	struct leat_error *err)
{
	const struct leat__env *env = graph->env;
	struct leat__dead *dead;
	char why[128];
	int sys_errno;

	if (!dead_is_wanted(graph))
		return LEAT_OK;
	dead = env->alloc(env, sizeof(*dead));
	if (!dead)
		return leat__error(
			err, LEAT_ENOMEM, "no memory for dead letters");
	dead->env = env;
	dead->path = graph->dead_path;
	sys_errno = env->open(env, dead->path, LEAT__OPEN_APPEND, &dead->fd);
	if (sys_errno) {
		env->free(env, dead);
		return leat__error_errno(err, LEAT_EIO, sys_errno,
			"cannot open '%s' for dead letters: %s",
			graph->dead_path,
			leat__env_strerror(sys_errno, why, sizeof(why)));
	}
	*dead_out = dead;
	return LEAT_OK;
}

void
leat__dead_close(struct leat__dead *dead)
{
	if (!dead)
		return;
	dead->env->close(dead->env, dead->fd);
	dead->env->free(dead->env, dead);
}

/* ---- rejecting -------------------------------------------------------------- */

/* "NAME:LINE:COLUMN: reason, and more" */
static int
reject_fail(struct leat_stage *st, int code, const struct leat_reject *reject,
	const char *more)
{
	if (!reject->line)
		return leat_stage_fail(st, code, "%s%s%s%s",
			reject->origin ? reject->origin : "",
			reject->origin ? ": " : "", reject->reason, more);
	return leat_stage_fail(st, code, "%s:%llu:%llu: %s%s",
		reject->origin ? reject->origin : "input",
		(unsigned long long)reject->line,
		(unsigned long long)reject->column, reject->reason, more);
}

static int
reject_skip(struct leat_stage *st, int code, const struct leat_reject *reject,
	uint64_t n)
{
	struct leat_stage *all = st->original ? st->original : st;
	uint64_t n_before = leat__add_relaxed(&all->n_rejects, n);
	char more[64];

	if (!all->max_rejects || n_before + n <= all->max_rejects)
		return LEAT_OK;
	snprintf(more, sizeof(more), "; more than the %llu that may be skipped",
		(unsigned long long)all->max_rejects);
	return reject_fail(st, code, reject, more);
}

static int
reject_write(struct leat_stage *st, int code, const struct leat_reject *reject)
{
	struct leat__dead *dead = st->graph->run->dead;
	int sys_errno = leat__dead_write(dead, st->name, code, reject);
	char why[128];

	if (!sys_errno)
		return LEAT_OK;
	return leat_stage_fail_errno(st, LEAT_EIO, sys_errno,
		"cannot write dead letters to '%s': %s", dead->path,
		leat__env_strerror(sys_errno, why, sizeof(why)));
}

int
leat_stage_reject(
	struct leat_stage *st, int code, const struct leat_reject *reject)
{
	uint64_t n = reject->n_records ? reject->n_records : 1;

	if (st->name && !(st->ops.flags & LEAT_STAGE_REJECTS))
		return leat_stage_fail(st, LEAT_EBUG,
			"it rejects records, but has no LEAT_STAGE_REJECTS");
	leat_stage_count(st, LEAT_COUNT_FAILED, n);
	switch (st->on_error) {
	case LEAT_ON_ERROR_SKIP:
		return reject_skip(st, code, reject, n);
	case LEAT_ON_ERROR_DEAD_LETTER:
		return reject_write(st, code, reject);
	default:
		return reject_fail(st, code, reject, "");
	}
}

int
leat_stage_set_on_error(struct leat_stage *stage, uint32_t how, uint64_t max,
	struct leat_error *err)
{
	LEAT_TRY(leat__graph_is_open(stage->graph, err));
	if (how > LEAT_ON_ERROR_DEAD_LETTER ||
		(max && how != LEAT_ON_ERROR_SKIP))
		return leat__error(err, LEAT_EINVAL,
			"on_error is %u, with a limit of %llu; accepted: stop, "
			"skip, dead letter; a limit for skip",
			how, (unsigned long long)max);
	if (!(stage->ops.flags & LEAT_STAGE_REJECTS))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' rejects no records; on_error is for "
			"parsers and for stages that read values",
			stage->name ? stage->name : stage->ops.name);
	if (how == LEAT_ON_ERROR_DEAD_LETTER && !stage->graph->dead_path)
		return leat__error(err, LEAT_EINVAL,
			"there is no file for dead letters; say which: "
			"--dead-letters=FILE, or dead_letters of the graph's "
			"options");
	stage->on_error = how;
	stage->max_rejects = max;
	stage->has_on_error = true;
	return LEAT_OK;
}
