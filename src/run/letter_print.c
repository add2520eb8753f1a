/*
 * run/letter_print.c -- a dead letter as a line of JSON; moments as text.
 *
 * Keeps: the line has one newline, at its end, and is UTF-8 whatever the
 * letter holds; letter_parse.c makes the same letter of it.
 * Threads: any. Source: Hinnant, chrono-compatible low-level date algorithms.
 */
#include <stdio.h>
#include <string.h>

#include "run/letter.h"

#define PRINT_BYTES 1024u

/* What is not passed on yet. */
struct print {
	leat_write_fn write;
	void *user;
	uint32_t n;
	char buf[PRINT_BYTES];
};

/* ---- pieces ------------------------------------------------------------- */

static void
print_flush(struct print *p)
{
	if (p->n)
		p->write(p->user, p->buf, p->n);
	p->n = 0;
}

static void
print_bytes(struct print *p, const char *text, size_t n_bytes)
{
	if (n_bytes > PRINT_BYTES - p->n)
		print_flush(p);
	memcpy(p->buf + p->n, text, n_bytes);
	p->n += (uint32_t)n_bytes;
}

static void
print_text(struct print *p, const char *text)
{
	print_bytes(p, text, strlen(text));
}

static void
print_char(struct print *p, uint8_t c)
{
	char word[8];
	size_t n = leat__json_escape(c, word);

	if (n)
		print_bytes(p, word, n);
	else
		print_bytes(p, (const char *)&c, 1);
}

/* ,"key":"text" */
static void
print_string(struct print *p, const char *key, const void *data, size_t n_bytes)
{
	const uint8_t *at = data;

	print_text(p, key);
	print_text(p, "\":\"");
	while (n_bytes--)
		print_char(p, *at++);
	print_text(p, "\"");
}

static void
print_hex(struct print *p, const char *key, const void *data, size_t n_bytes)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = data;

	print_text(p, key);
	print_text(p, "_hex\":\"");
	for (; n_bytes; n_bytes--, at++)
		print_bytes(p, (char[]){digits[*at >> 4], digits[*at & 15]}, 2);
	print_text(p, "\"");
}

/* As it is if it can be; nothing if it is not known. */
static void
print_any(struct print *p, const char *key, const void *data, size_t n_bytes)
{
	if (!data)
		return;
	if (leat__utf8_is_text(data, n_bytes))
		print_string(p, key, data, n_bytes);
	else
		print_hex(p, key, data, n_bytes);
}

static void
print_name(struct print *p, const char *key, const char *text)
{
	print_any(p, key, text, text ? strlen(text) : 0);
}

static void
print_number(struct print *p, const char *key, uint64_t value)
{
	char text[64];

	snprintf(text, sizeof(text), ",\"%s\":%llu", key,
		(unsigned long long)value);
	print_text(p, text);
}

static void
print_place(struct print *p, const struct leat_letter *letter)
{
	if (!letter->line)
		return;
	print_number(p, "line", letter->line);
	print_number(p, "column", letter->column);
	print_number(p, "offset", letter->offset);
}

void
leat_letter_print(
	const struct leat_letter *letter, leat_write_fn write, void *user)
{
	char time[LEAT_LETTER_TIME_BYTES];
	struct print p = {.write = write, .user = user};

	print_text(&p, "{\"v\":1");
	print_name(&p, ",\"id", letter->id);
	if (letter->time_ns)
		print_name(&p, ",\"time",
			leat_letter_time_print(letter->time_ns, time));
	print_name(&p, ",\"stage", letter->stage);
	print_name(&p, ",\"code", letter->code);
	print_name(&p, ",\"class", letter->class_name);
	print_name(&p, ",\"reason", letter->reason);
	if (letter->n_attempts)
		print_number(&p, "attempts", letter->n_attempts);
	print_name(&p, ",\"file", letter->origin);
	print_place(&p, letter);
	if (letter->n_records > 1)
		print_number(&p, "records", letter->n_records);
	if (letter->flags & LEAT_LETTER_VALUES)
		print_text(&p, ",\"values\":true");
	print_name(&p, ",\"trace", letter->trace);
	print_name(&p, ",\"head", letter->head);
	print_any(&p, ",\"record", letter->data, letter->n_bytes);
	print_text(&p, "}\n");
	print_flush(&p);
}

bool
leat_letter_is_text(const struct leat_letter *letter)
{
	return !letter->n_bytes ||
		leat__utf8_is_text(letter->data, letter->n_bytes);
}

/* ---- moments ------------------------------------------------------------ */

struct moment {
	int64_t year;
	uint32_t month, day, hour, minute, second, ns;
};

/* Days since 1970 of a day of the Gregorian calendar. */
static int64_t
moment_days(const struct moment *m)
{
	int64_t year = m->year - (m->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * ((m->month + 9) % 12) + 2) / 5 + m->day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
		of_year - 719468;
}

static void
moment_set_days(struct moment *m, int64_t days)
{
	int64_t from = days + 719468;
	int64_t era = (from >= 0 ? from : from - 146096) / 146097;
	int64_t of_era = from - era * 146097;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
		365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	m->day = (uint32_t)(of_year - (153 * month + 2) / 5 + 1);
	m->month = (uint32_t)(month < 10 ? month + 3 : month - 9);
	m->year = year + era * 400 + (m->month <= 2);
}

const char *
leat_letter_time_print(int64_t time_ns, char buf[LEAT_LETTER_TIME_BYTES])
{
	int64_t second_ns = 1000000000, day = 86400;
	int64_t seconds = time_ns / second_ns - (time_ns % second_ns < 0);
	int64_t days = seconds / day - (seconds % day < 0);
	uint32_t rest = (uint32_t)(seconds - days * day);
	struct moment m;

	moment_set_days(&m, days);
	snprintf(buf, LEAT_LETTER_TIME_BYTES,
		"%04d-%02u-%02uT%02u:%02u:%02u.%09uZ", (int)m.year, m.month,
		m.day, rest / 3600, rest / 60 % 60, rest % 60,
		(uint32_t)(time_ns - seconds * second_ns));
	return buf;
}

/* A number of n digits, up to most, with `before` before it. */
static bool
time_take(const char **at, const char *end, const char *before, uint32_t n,
	uint32_t *out)
{
	const char *text = *at;

	if (*before && (text == end || !strchr(before, *text++)))
		return false;
	if (end - text < (ptrdiff_t)n)
		return false;
	for (*out = 0; n; n--, text++) {
		if (*text < '0' || *text > '9')
			return false;
		*out = *out * 10 + (uint32_t)(*text - '0');
	}
	*at = text;
	return true;
}

/* ".5", up to nine digits; what is not there is 0. */
static bool
time_take_fraction(const char **at, const char *end, uint32_t *ns)
{
	uint32_t unit = 100000000;

	*ns = 0;
	if (*at == end || **at != '.')
		return true;
	for (++*at; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		*ns += (uint32_t)(**at - '0') * unit;
		unit /= 10;
	}
	return true;
}

static bool
moment_is_valid(const struct moment *m)
{
	struct moment same;

	if (m->month < 1 || m->month > 12 || m->hour > 23 || m->minute > 59 ||
		m->second > 59 || m->year < 1700 || m->year > 2250)
		return false;
	moment_set_days(&same, moment_days(m));
	return same.day == m->day && same.month == m->month;
}

bool
leat_letter_time_parse(const char *text, size_t n_bytes, int64_t *time_ns_out)
{
	const char *at = text, *end = text + n_bytes;
	struct moment m = {0};
	uint32_t year;

	if (!time_take(&at, end, "", 4, &year) ||
		!time_take(&at, end, "-", 2, &m.month) ||
		!time_take(&at, end, "-", 2, &m.day))
		return false;
	m.year = year;
	if (time_take(&at, end, "T ", 2, &m.hour) &&
		(!time_take(&at, end, ":", 2, &m.minute) ||
			(time_take(&at, end, ":", 2, &m.second) &&
				!time_take_fraction(&at, end, &m.ns))))
		return false;
	at += at < end && *at == 'Z';
	if (at != end || !moment_is_valid(&m))
		return false;
	*time_ns_out = ((moment_days(&m) * 24 + m.hour) * 60 + m.minute) * 60;
	*time_ns_out = (*time_ns_out + m.second) * 1000000000 + m.ns;
	return true;
}
