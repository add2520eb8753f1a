/*
 * env/pin.c -- which cores threads stay on: from a text to numbers.
 *
 * Keeps: cores that are accepted are such that this process may run on, so what
 * cannot be is said before a thread begins.
 * Threads: any; there is no state.
 */
#include <string.h>

#include "env/pin.h"

#define PIN_LIST_BYTES 96u /* of the cores in a message */

/* ---- cores that there are ----------------------------------------------- */

static bool
core_is_allowed(const struct leat__env *env, uint32_t core)
{
	int64_t at;

	for (uint32_t k = 0; (at = env->core_at(env, k)) >= 0; k++)
		if (at == core)
			return true;
	return false;
}

/* "0-3,8" */
static void
cores_add(const struct leat__env *env, struct leat__text *text)
{
	int64_t first, last, next = env->core_at(env, 0);
	uint32_t k = 1;

	while (next >= 0) {
		for (first = last = next;; last = next) {
			next = env->core_at(env, k++);
			if (next != last + 1)
				break;
		}
		leat__text_add(
			text, "%s%lld", text->at ? "," : "", (long long)first);
		if (last > first)
			leat__text_add(text, "-%lld", (long long)last);
	}
}

static int
pin_refuse(const struct leat__env *env, const char *what, const char *text,
	struct leat_error *err)
{
	char buf[PIN_LIST_BYTES] = "";
	struct leat__text list = {buf, sizeof(buf), 0};

	cores_add(env, &list);
	return leat__error(err, LEAT_EINVAL,
		"%s: '%.64s' is not accepted; it is off, cores, or a list like "
		"0-3,8 of cores that this process may run on: %s",
		what, text, buf);
}

static int
pin_refuse_core(const struct leat__env *env, const char *what, uint32_t core,
	struct leat_error *err)
{
	char buf[PIN_LIST_BYTES] = "";
	struct leat__text list = {buf, sizeof(buf), 0};

	cores_add(env, &list);
	return leat__error(err, LEAT_EINVAL,
		"%s: this process may not run on core %u; accepted: %s", what,
		core, buf);
}

/* ---- the list ----------------------------------------------------------- */

/* false: there is none, or one beyond all cores. */
static bool
list_number(const char **at, uint32_t *n_out)
{
	uint32_t n = 0;

	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9' && n < 1000000; (*at)++)
		n = n * 10 + (uint32_t)(**at - '0');
	*n_out = n;
	return true;
}

/* "8" or "0-3" */
static bool
list_range(const char **at, uint32_t *first_out, uint32_t *last_out)
{
	if (!list_number(at, first_out))
		return false;
	*last_out = *first_out;
	if (**at != '-')
		return true;
	(*at)++;
	return list_number(at, last_out) && *last_out >= *first_out;
}

static int
pin_add(const struct leat__env *env, const char *what, uint32_t core,
	struct leat__pin *pin, struct leat_error *err)
{
	if (!core_is_allowed(env, core))
		return pin_refuse_core(env, what, core, err);
	if (pin->n == LEAT__PIN_MAX)
		return leat__error(err, LEAT_ELIMIT,
			"%s: over %u cores; accepted: up to so many", what,
			LEAT__PIN_MAX);
	pin->cores[pin->n++] = core;
	return LEAT_OK;
}

static int
pin_list(const struct leat__env *env, const char *what, const char *text,
	struct leat__pin *pin, struct leat_error *err)
{
	const char *at = text;
	uint32_t first, last;

	do {
		at += at > text; /* the comma */
		if (!list_range(&at, &first, &last) || (*at && *at != ','))
			return pin_refuse(env, what, text, err);
		for (uint32_t core = first; core <= last; core++)
			LEAT_TRY(pin_add(env, what, core, pin, err));
	} while (*at);
	return LEAT_OK;
}

static void
pin_all(const struct leat__env *env, struct leat__pin *pin)
{
	int64_t core;

	while (pin->n < LEAT__PIN_MAX &&
		(core = env->core_at(env, pin->n)) >= 0)
		pin->cores[pin->n++] = (uint32_t)core;
}

int
leat__pin_parse(const struct leat__env *env, const char *what, const char *text,
	struct leat__pin *pin_out, struct leat_error *err)
{
	memset(pin_out, 0, sizeof(*pin_out));
	if (!text || !*text || !strcmp(text, "off"))
		return LEAT_OK;
	if (strcmp(text, "cores"))
		return pin_list(env, what, text, pin_out, err);
	pin_all(env, pin_out);
	return LEAT_OK;
}

void
leat__pin_thread(
	const struct leat__env *env, const struct leat__pin *pin, uint32_t k)
{
	if (pin->n)
		(void)env->thread_pin(env, pin->cores[k % pin->n]);
}
