/*
 * cli/job/job_yaml.h -- nodes of a document, and their places in its file.
 */
#ifndef LEAT_SRC_CLI_JOB_YAML_H
#define LEAT_SRC_CLI_JOB_YAML_H

#include <libfyaml.h>

#include "job.h"

/* One file of the job that is being read. */
struct leat__job_walk {
	struct leat__cli_job *job;
	uint32_t file;
	uint32_t depth;
	bool is_open;   /* something stands before, in this chain */
	bool has_ended; /* by to:, behind which nothing stands */
	char last[64];  /* stage of the chain */
	/* what takes the place of the path of this stage, or NULL */
	struct leat__cli_swap *swap;
};

/* A copy of what a scalar says, to be freed; "" for none. NULL: no memory. */
char *leat__job_yaml_text(struct fy_node *node);
/* Nothing, or null. */
bool leat__job_yaml_is_null(struct fy_node *node);
/* What an alias stands for, or the node itself; NULL is told. */
struct fy_node *leat__job_yaml_follow(
	const struct leat__job_walk *w, struct fy_node *node);
/* Where a node is written. value: what it says, or NULL. */
struct leat__job_mark leat__job_yaml_mark(const struct leat__job_walk *w,
	struct fy_node *node, const char *value);
const char *leat__job_yaml_kind(struct fy_node *node);
/* 0, or a status after it was told: "WHAT is to be a WANTED, ..." */
int leat__job_yaml_is(const struct leat__job_walk *w, struct fy_node *node,
	enum fy_node_type type, const char *what);
/* 0, or a status after it was told: no memory. */
int leat__job_memory(bool is_there);
/* A scalar with its variables; NULL is told. To be freed. */
char *leat__job_yaml_value(
	const struct leat__job_walk *w, struct fy_node *node, const char *what);

/* ---- job.c --------------------------------------------------------------- */

/* Another file, a mapping; its place is in *w. Path and text become the job's.
 * 0, or a status after it was told. */
int leat__job_open(struct leat__job_walk *w, char *path, char *text);
/* One that has a graph. */
int leat__job_open_graph(struct leat__job_walk *w, char *path, char *text);
/* Has it none but these keys, "|a|b|"? The words say what there is. */
int leat__job_keys(
	const struct leat__job_walk *w, const char *known, const char *words);
/* Its root, a mapping. */
struct fy_node *leat__job_root(const struct leat__job_walk *w);

/* ---- walk.c ---------------------------------------------------------- */

bool leat__job_key_is(struct fy_node_pair *pair, const char *name);
/* A stage by its name alone. Below: 0, or a status after it was told. */
int leat__job_walk_name(struct leat__job_walk *w, struct fy_node *node);
/* option=value; the option's place is told of where it is not known. */
int leat__job_walk_option(struct leat__job_walk *w, struct fy_node_pair *pair);
/* With what stands below it and beside it. */
int leat__job_walk_stage(struct leat__job_walk *w, struct fy_node *map);

/* ---- chain.c --------------------------------------------------------- */

/* What stands below graph:. */
int leat__job_walk_graph(struct leat__job_walk *w, struct fy_node *graph);

#endif
