/*
 * stages/filter/csv_put.h -- rows of tables as text of a CSV, RFC 4180.
 *
 * What stands in a source as it is to be written is passed on; all else is
 * decoded and put in quotes where it has to be.
 */
#ifndef LEAT_STAGES_CSV_PUT_H
#define LEAT_STAGES_CSV_PUT_H

#include <leat/stages.h>
#include <leat/table.h>

#define CSV_HEAD_BYTES 64

/* At the slot's start of every frame that csv.format emits. */
struct csv_frame_head {
	const struct leat_schema *schema; /* of its rows */
};

static inline struct csv_frame_head *
csv_head(const struct leat_frame *frame)
{
	return (struct csv_frame_head *)(void *)leat_frame_start(frame);
}

extern const struct leat_option leat__csv_format_options[];
/* What stands between fields by the options; 0: they are wrong, which has been
 * said. */
uint8_t csv_format_separator(
	struct leat_stage *st, const struct leat_csv_format_opts *o);

struct csv_put {
	struct leat_writer *writer;
	uint8_t separator;
	bool crlf; /* lines end in CR LF */
};

/* The record of a row, or the names of the columns, with the line's end. */
void csv_put_row(
	const struct csv_put *s, const struct leat_table *t, uint32_t row);
void csv_put_header(const struct csv_put *s, const struct leat_schema *schema);

#endif
