/*
 * table/scan_exact.h -- what a byte means, for scans a byte at a time.
 *
 * It knows quotes inside fields that do not begin with one, which are data, and
 * it says where a text cannot be read at all.
 */
#ifndef LEAT_SRC_TABLE_SCAN_EXACT_H
#define LEAT_SRC_TABLE_SCAN_EXACT_H

#include "table/table.h"

/* States of the exact scan, in leat_scan.after. */
enum exact_state {
	EXACT_START = 0, /* of a field */
	EXACT_PLAIN,     /* in a field without quotes */
	EXACT_QUOTED,    /* inside quotes */
	EXACT_CLOSED,    /* behind a quote that may close */
	EXACT_RETURN     /* behind CR behind a closing quote */
};

/* One byte that ends nothing: the next state; -1 = text behind the quote. */
static inline int
exact_step(int state, uint8_t byte, uint8_t quote)
{
	bool is_quote = quote && byte == quote;

	switch (state) {
	case EXACT_START:
		return is_quote ? EXACT_QUOTED : EXACT_PLAIN;
	case EXACT_QUOTED:
		return is_quote ? EXACT_CLOSED : EXACT_QUOTED;
	case EXACT_CLOSED:
		if (is_quote)
			return EXACT_QUOTED;
		return byte == '\r' ? EXACT_RETURN : -1;
	case EXACT_RETURN:
		return -1;
	default:
		return EXACT_PLAIN;
	}
}

/* Does this byte end a field here? CR behind a quote takes only a newline. */
static inline bool
exact_is_end(int state, uint8_t byte, const struct leat_dialect *dialect)
{
	if (state == EXACT_QUOTED)
		return false;
	if (byte == '\n')
		return true;
	return byte == dialect->separator && state != EXACT_RETURN;
}

#endif
