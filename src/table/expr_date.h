/*
 * table/expr_date.h -- what expr_format.c gives expr_date.c.
 */
#ifndef LEAT_SRC_TABLE_EXPR_DATE_H
#define LEAT_SRC_TABLE_EXPR_DATE_H

#include "table/expr.h"

/* Are all codes of the format, which is written out, known? */
int leat__expr_format_bind(struct expr_bind *b, struct expr_node *n);
int leat__expr_strftime_call(const struct expr_call *c);
int leat__expr_strptime_call(const struct expr_call *c);

#endif
