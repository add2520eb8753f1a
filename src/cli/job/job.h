/*
 * cli/job/job.h -- a job in a file of YAML or JSON, made into the text of a
 * graph.
 *
 * Every word of the text has a mark: where in which file it was written. So
 * what the library says of the text can be told of the file.
 */
#ifndef LEAT_SRC_CLI_JOB_H
#define LEAT_SRC_CLI_JOB_H

#include "cli.h"

#define LEAT__JOB_FILES_MAX 64u /* with those that are included */
#define LEAT__JOB_DEPTH_MAX 16u /* of includes and parallel in each other */

struct fy_document;
struct fy_node;

struct leat__job_file {
	char *path;
	char *text;
	size_t n_bytes;
	struct fy_document *doc;
	struct fy_node *vars;    /* what stands below vars:, or NULL */
	struct fy_node *secrets; /* and secrets: */
};

/* Bytes of the graph's text, and those of a file that they come from. */
struct leat__job_mark {
	uint32_t at, n_bytes;
	uint32_t file;
	uint32_t pos, len;
	bool is_same; /* the value stands there as it is, without escapes */
};

/* A variable that was asked for. */
struct leat__job_var {
	char *name;
	char *value;
	bool is_secret;
};

struct leat__cli_job {
	struct leat__job_file files[LEAT__JOB_FILES_MAX];
	uint32_t n_files;
	char *text; /* of the graph, NUL-terminated */
	size_t n_text, n_room;
	struct leat__job_mark *marks;
	uint32_t n_marks, n_marks_room;
	struct leat__job_var vars[LEAT__CLI_VARS_MAX];
	uint32_t n_vars;
	char **strings; /* that are kept: values of options */
	uint32_t n_strings;
	const struct leat__cli_args *args;
	uint32_t n_reads, n_writes; /* stages of these kinds so far */
	struct leat__cli_job *heir; /* that has come after it; or NULL */
};

/* ---- text.c: the text and its marks ---------------------------------- */

/* As it is. false: no memory; so below. */
bool leat__job_add(struct leat__cli_job *job, const char *text);
/* A value in quotes; the mark says where it comes from, at is filled in. */
bool leat__job_add_value(struct leat__cli_job *job, const char *value,
	struct leat__job_mark mark);
/* A word that needs no quotes. */
bool leat__job_add_name(struct leat__cli_job *job, const char *name,
	struct leat__job_mark mark);

/* ---- vars.c: ${NAME} ------------------------------------------------- */

/* What makes a variable known: NULL = nothing does. */
char *leat__job_expand(struct leat__cli_job *job, const char *text,
	char *unknown_out, size_t n_bytes);
bool leat__job_var_is_secret(const struct leat__cli_job *job, const char *name);
/* 0, or a status: a --var that nothing asked for was told. */
int leat__job_vars_check(const struct leat__cli_job *job);

/* ---- yaml.c: what libfyaml knows ------------------------------------- */

/* The value of name in a mapping of scalars; NULL = none. To be freed. */
char *leat__job_yaml_get(struct fy_node *map, const char *name);
/* Is it one of a sequence of scalars? */
bool leat__job_yaml_has(struct fy_node *seq, const char *name);

/* ---- swap.c: for leat test ------------------------------------------- */

/* The one of a stage of this kind, by its name, or as it will be named. */
struct leat__cli_swap *leat__job_swap_find(
	struct leat__cli_job *job, const char *kind, const char *name);
/* Its file, with the extension of that one, but of a compression; to be freed,
 * NULL = no memory. */
char *leat__job_swap_path(struct leat__cli_swap *swap, const char *path);

/* ---- error.c --------------------------------------------------------- */

/* leat: error: FILE:LINE:COLUMN: ..., with the line and a caret. */
LEAT_PRINTF(3, 4)
void leat__job_error(const struct leat__cli_job *job,
	struct leat__job_mark mark, const char *format, ...);

#endif
