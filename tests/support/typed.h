/*
 * support/typed.h -- tables with declared types, for stages that read them.
 *
 * The stage `typed` gives columns the types that their names ask for: a column
 * called day:date is called day and is a date, price:decimal2 is a decimal of
 * two digits. A case runs STAGES in
 *
 *	read in.csv ! csv.parse ! typed ! STAGES ! csv.format ! write out.csv
 *
 * over small and over large chunks; every run must give the same and balance.
 *
 *	typed_gives("group total=sum(n)", "n:int64\n1\n2\n", "total\n3\n");
 *	typed_fails("group avg(d)", "d:date\n2001-01-01\n", "is wanted");
 */
#ifndef LEAT_TESTS_SUPPORT_TYPED_H
#define LEAT_TESTS_SUPPORT_TYPED_H

#include "support/pipe.h"
#include "support/test.h"

#include <leat/stages.h>
#include <leat/table.h>

#define TYPED_NAMES_BYTES 4096

struct typed {
	const struct leat_schema *from;
	struct leat_schema *to;
};

/* "price:decimal2": cut the name off, say what is behind. */
static inline void
typed_column(struct leat_column *column, char *name)
{
	char *type;

	strcpy(name, column->name);
	column->name = name;
	type = strrchr(name, ':');
	if (!type)
		return;
	*type++ = '\0';
	column->type = leat_type_find(type, strlen(type));
	if (!column->type) {
		column->type = LEAT_TYPE_DECIMAL;
		column->scale = (uint32_t)atoi(type + strlen("decimal"));
	}
}

static inline int
typed_bind(struct leat_stage *st, const struct leat_schema *from)
{
	struct typed *s = leat_stage_state(st);
	struct leat_column *columns;
	void *memory;
	char *names;
	int rc;

	if (s->from == from)
		return LEAT_OK;
	rc = leat_stage_alloc(st,
		sizeof(*s->to) + from->n_columns * sizeof(*columns) +
			TYPED_NAMES_BYTES,
		&memory);
	if (rc)
		return rc;
	s->from = from;
	s->to = memory;
	*s->to = *from;
	columns = (struct leat_column *)(void *)(s->to + 1);
	names = (char *)(columns + from->n_columns);
	for (uint32_t k = 0; k < from->n_columns; k++) {
		columns[k] = from->columns[k];
		typed_column(&columns[k], names);
		names += strlen(from->columns[k].name) + 1;
	}
	s->to->columns = columns;
	return LEAT_OK;
}

static inline int
typed_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct typed *s = leat_stage_state(st);
	int rc = in->schema ? typed_bind(st, in->schema) : LEAT_OK;

	out->schema = s->to;
	return rc;
}

static inline int
typed_process(struct leat_stage *st, struct leat_frame *in)
{
	struct typed *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = typed_bind(st, t.schema);
	if (rc)
		return rc;
	leat_table_set_schema(&t, s->to);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops typed_ops = {
	LEAT_STAGE_OPS_INIT("typed"),
	.flags = LEAT_STAGE_IN_PLACE,
	.state_bytes = sizeof(struct typed),
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = 1 << 20},
	.negotiate = typed_negotiate,
	.process = typed_process,
};

/* Run a whole graph text in the current folder, over stages and typed. */
static inline int
typed_run(const char *text, struct leat_graph_stats *stats,
	struct leat_error *err)
{
	const struct leat_stage_ops *list[256];
	struct leat_stage_set set = leat_stages;
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &set};
	struct leat_graph_stats own;
	struct leat_graph *graph;
	int rc;

	memcpy(list, leat_stages.stages, set.n_stages * sizeof(list[0]));
	list[set.n_stages++] = &typed_ops;
	set.stages = list;
	ck_assert_int_eq(leat_graph_create(&opts, &graph, err), LEAT_OK);
	rc = leat_graph_parse(graph, text, err);
	if (rc >= 0)
		rc = leat_graph_run(graph, err);
	leat_graph_stats(graph, stats ? stats : &own);
	if (rc >= 0)
		ck_assert_msg((stats ? stats : &own)->is_balanced,
			"%s: does not balance", text);
	leat_graph_destroy(graph);
	return rc;
}

/* One run of STAGES in the current folder, from in.csv to out.csv. */
static inline int
typed_run_stages(const char *stages, uint32_t chunk_bytes,
	struct leat_graph_stats *stats, struct leat_error *err)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"read in.csv chunk_bytes=%u ! csv.parse ! typed ! %s ! "
		"csv.format ! write out.csv",
		chunk_bytes, stages);
	return typed_run(text, stats, err);
}

static inline void
typed_gives(const char *stages, const char *input, const char *output)
{
	static const uint32_t chunks[] = {4096, 131072};
	struct leat_error err = {0};

	for (uint32_t k = 0; k < 2; k++) {
		pipe_enter_folder();
		pipe_put_text("in.csv", input);
		ck_assert_msg(typed_run_stages(stages, chunks[k], NULL, &err) ==
				LEAT_OK,
			"%s: %s", stages, err.text);
		pipe_file_holds("out.csv", output);
		pipe_leave_folder();
	}
}

static inline void
typed_fails(const char *stages, const char *input, const char *error)
{
	struct leat_error err = {0};

	pipe_enter_folder();
	pipe_put_text("in.csv", input);
	ck_assert_msg(typed_run_stages(stages, 131072, NULL, &err) < 0,
		"%s: does not fail", stages);
	ck_assert_msg(strstr(err.text, error) != NULL, "%s: '%s' is not in: %s",
		stages, error, err.text);
	pipe_leave_folder();
}

#endif
