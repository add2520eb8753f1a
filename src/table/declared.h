/*
 * table/declared.h -- names of types in text, for declared.c and expr_*.c.
 */
#ifndef LEAT_SRC_TABLE_DECLARED_H
#define LEAT_SRC_TABLE_DECLARED_H

#include "table/table.h"

/*
 * Read "int64", "decimal(2)" at text[*at_io]; behind it after the call. In
 * any case of letters. LEAT_OK, or LEAT_EINVAL with place and text.
 */
LEAT_MUST_CHECK int leat__declared_type(const char *text, uint32_t *at_io,
	uint32_t *type_out, uint32_t *scale_out, struct leat_expr_error *err);

#endif
