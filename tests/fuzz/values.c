/*
 * values.c -- the readers of numbers, decimals, dates and timestamps.
 *
 * What was read is printed and reads back to the same value; int64 and float64
 * are what the C library makes of the same text, a decimal is what adding up
 * its digits gives. What is no value is one for none of them.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "fuzz/support/fuzz.h"

#define VALUES_BYTES 1200

static struct leat_text
values_text(const char *buf, uint32_t len)
{
	return (struct leat_text){(const uint8_t *)buf, len};
}

/* [+-] digits [. digits] [e [+-] digits], some digits before the e? */
static bool
values_is_number(const char *at, bool is_whole)
{
	size_t n, n_part = 0;

	at += *at == '+' || *at == '-';
	n = strspn(at, "0123456789");
	at += n;
	if (is_whole || (n == 0 && *at != '.'))
		return n > 0 && !*at;
	if (*at == '.') {
		n_part = strspn(++at, "0123456789");
		at += n_part;
	}
	if (n + n_part == 0)
		return false;
	if (*at != 'e' && *at != 'E')
		return !*at;
	at++;
	at += *at == '+' || *at == '-';
	n = strspn(at, "0123456789");
	return n > 0 && !at[n];
}

static void
values_int64(struct leat_text x, const char *text)
{
	int64_t value, back;
	char buf[33];
	int rc = leat_text_int64(x, &value);
	long long want;
	int wanted = LEAT_EDATA;

	errno = 0;
	want = strtoll(text, NULL, 10);
	if (values_is_number(text, true))
		wanted = errno == ERANGE ? LEAT_ELIMIT : LEAT_OK;
	fuzz_check(rc == wanted, "int64 '%s': %d, not %d", text, rc, wanted);
	if (rc)
		return;
	fuzz_check(value == want, "int64 '%s': %lld", text, (long long)value);
	rc = leat_text_int64(
		values_text(buf, leat_text_print_int64(value, buf)), &back);
	fuzz_check(!rc && back == value, "int64 '%s': not back", text);
}

static void
values_float64(struct leat_text x, const char *text)
{
	double value, back, want = strtod(text, NULL);
	char buf[33];
	int rc = leat_text_float64(x, &value);
	int wanted = LEAT_EDATA;

	if (values_is_number(text, false))
		wanted = isinf(want) || strlen(text) > 1100 ? LEAT_ELIMIT
							    : LEAT_OK;
	if (wanted == LEAT_ELIMIT && !isinf(want) && !rc)
		wanted = LEAT_OK; /* long, and exact all the same */
	fuzz_check(rc == wanted, "float64 '%s': %d, not %d", text, rc, wanted);
	if (rc)
		return;
	fuzz_check(!memcmp(&value, &want, sizeof(value)),
		"float64 '%s': %.17g, not %.17g", text, value, want);
	rc = leat_text_float64(
		values_text(buf, leat_text_print_float64(value, buf)), &back);
	fuzz_check(!rc && !memcmp(&value, &back, sizeof(value)),
		"float64 '%s': not back", text);
}

static void
values_decimal(struct leat_text x, const char *text, uint32_t scale)
{
	struct leat_decimal value, back;
	double number, want = strtod(text, NULL);
	char buf[64];
	uint32_t len;
	int rc = leat_text_decimal(x, scale, &value);

	fuzz_check((rc == LEAT_EDATA) == !values_is_number(text, false),
		"decimal '%s': %d", text, rc);
	if (rc)
		return;
	len = leat_text_print_decimal(value, scale, buf);
	fuzz_check(len <= 41, "decimal '%s': %u long", text, len);
	rc = leat_text_decimal(values_text(buf, len), scale, &back);
	fuzz_check(!rc && back.low == value.low && back.high == value.high,
		"decimal '%s': not back", text);
	buf[len] = '\0';
	number = strtod(buf, NULL);
	fuzz_check(!(number < want) && !(number > want), "decimal '%s': '%s'",
		text, buf);
}

/* Days by counting months: slow, and not as the library does it. */
static int64_t
values_days(int64_t year, int month, int day)
{
	static const int before[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t days = before[month - 1] + day - 1;
	int64_t y = year + 10000; /* the calendar repeats every 400 years */

	days += y * 365 + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400;
	if (month > 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		days++;
	return days - 4371953; /* 1970-01-01 */
}

static void
values_date(struct leat_text x, const char *text)
{
	int64_t value, back;
	int year, month, day, n = 0;
	char buf[33];
	int rc = leat_text_date(x, &value);

	if (rc)
		return;
	fuzz_check(sscanf(text, "%d-%2d-%2d%n", &year, &month, &day, &n) == 3 &&
			n == (int)x.len,
		"date '%s'", text);
	fuzz_check(value == values_days(year, month, day),
		"date '%s': %lld, not %lld", text, (long long)value,
		(long long)values_days(year, month, day));
	rc = leat_text_date(
		values_text(buf, leat_text_print_date(value, buf)), &back);
	fuzz_check(!rc && back == value, "date '%s': not back", text);
}

static void
values_timestamp(struct leat_text x, const char *text)
{
	int64_t value, back, days;
	char buf[33];
	int rc = leat_text_timestamp(x, &value);

	/* a day is its first moment */
	if (!leat_text_date(x, &days))
		fuzz_check(!rc && value == days * INT64_C(86400000000),
			"timestamp '%s': no day", text);
	if (rc)
		return;
	rc = leat_text_timestamp(
		values_text(buf, leat_text_print_timestamp(value, buf)), &back);
	fuzz_check(!rc && back == value, "timestamp '%s': not back", text);
}

/* Printed values read back, whatever their bits are. */
static void
values_bits(const uint8_t *data)
{
	int64_t whole, back;
	double number, number_back;
	char buf[33];

	memcpy(&whole, data, sizeof(whole));
	memcpy(&number, data, sizeof(number));
	fuzz_check(!leat_text_int64(
			   values_text(buf, leat_text_print_int64(whole, buf)),
			   &back) &&
			back == whole,
		"%lld", (long long)whole);
	if (!isfinite(number))
		return;
	fuzz_check(
		!leat_text_float64(
			values_text(buf, leat_text_print_float64(number, buf)),
			&number_back) &&
			!memcmp(&number, &number_back, sizeof(number)),
		"%.17g", number);
}

/* Inference never names a type that the value cannot be read as. */
static void
values_infer(struct leat_text x, const char *text)
{
	struct leat_infer infer = leat_infer_begin();
	double number;
	int64_t whole;
	bool is_true;
	int rc = LEAT_OK;

	leat_infer_value(&infer, x);
	switch (leat_infer_type(&infer)) {
	case LEAT_TYPE_INT64:
		rc = leat_text_int64(x, &whole);
		break;
	case LEAT_TYPE_FLOAT64:
		rc = leat_text_float64(x, &number);
		break;
	case LEAT_TYPE_BOOL:
		rc = leat_text_bool(x, &is_true);
		break;
	case LEAT_TYPE_DATE:
		rc = leat_text_date(x, &whole);
		break;
	case LEAT_TYPE_TIMESTAMP:
		rc = leat_text_timestamp(x, &whole);
		break;
	default:
		break;
	}
	fuzz_check(!rc, "inferred of '%s': %d", text, rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	struct fuzz_input in = {data, n_bytes};
	uint32_t scale = fuzz_choose(&in, 39);
	char text[VALUES_BYTES + 1];
	struct leat_text x = {in.data, (uint32_t)in.n};

	if (n_bytes > VALUES_BYTES)
		return 0;
	if (n_bytes == 9)
		values_bits(in.data);
	if (in.n)
		memcpy(text, in.data, in.n);
	text[in.n] = '\0';
	/* what the C library would not see the end of */
	if (strlen(text) < in.n)
		text[0] = 'x';
	values_int64(x, text);
	values_float64(x, text);
	values_decimal(x, text, scale);
	if (text[0] != 'x')
		values_date(x, text);
	values_timestamp(x, text);
	values_infer(x, text);
	return 0;
}
