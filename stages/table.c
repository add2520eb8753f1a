/*
 * stages/table.c -- the set of ready-made stages, and what file names mean.
 *
 * The order is that of lists: sources, fan-out and fan-in, filters, sinks.
 */
#include <leat/dead.h>
#include <leat/guard.h>
#include <leat/stages.h>

static const struct leat_stage_ops *const table_stages[] = {
	&leat_read_ops,
	&leat_gen_ops,
	&leat_pass_ops,
	&leat_tee_ops,
	&leat_split_ops,
	&leat_merge_ops,
	&leat_zip_ops,
	&leat_join_ops,
	&leat_csv_cut_ops,
	&leat_lines_cut_ops,
	&leat_csv_parse_ops,
	&leat_json_cut_ops,
	&leat_json_parse_ops,
	&leat_json_path_ops,
	&leat_split_column_ops,
	&leat_lines_parse_ops,
	&leat_where_ops,
	&leat_select_ops,
	&leat_derive_ops,
	&leat_cast_ops,
	&leat_rename_ops,
	&leat_drop_ops,
	&leat_head_ops,
	&leat_sample_ops,
	&leat_count_ops,
	&leat_upper_ops,
	&leat_priority_ops,
	&leat_group_values_ops,
	&leat_group_ops,
	&leat_window_ops,
	&leat_dedup_ops,
	&leat_profile_ops,
	&leat_sort_ops,
	&leat_top_ops,
	&leat_tail_ops,
	&leat_number_ops,
	&leat_lookup_ops,
	&leat_union_ops,
	&leat_csv_format_ops,
	&leat_csv_gather_ops,
	&leat_json_format_ops,
	&leat_lines_format_ops,
	&leat_fixed_parse_ops,
	&leat_length_parse_ops,
	&leat_length_format_ops,
	&leat_decode_ops,
	&leat_gzip_decode_ops,
	&leat_zstd_decode_ops,
	&leat_lz4_decode_ops,
	&leat_bzip2_decode_ops,
	&leat_gzip_encode_ops,
	&leat_zstd_encode_ops,
	&leat_lz4_encode_ops,
	&leat_bzip2_encode_ops,
	&leat_blocks_cut_ops,
	&leat_blocks_encode_ops,
	&leat_write_ops,
	&leat_write_split_ops,
};

static const struct leat_extension table_extensions[] = {
	{".csv", "csv.parse", "csv.format"},
	{".tsv", "csv.parse sep=tab", "csv.format sep=tab"},
	{".tab", "csv.parse sep=tab", "csv.format sep=tab"},
	{".json", "json.parse", "json.format"},
	{".ndjson", "json.parse", "json.format"},
	{".jsonl", "json.parse", "json.format"},
	{".txt", "lines.parse", "lines.format"},
	{".log", "lines.parse", "lines.format"},
	{NULL, NULL, NULL},
};

/* Where decoding costs little, two workers have enough to do beside it. */
static const struct leat_compression table_compressions[] = {
	{".gz", "gzip.decode", "blocks.encode gzip", {0x1f, 0x8b}, 2,
		&leat_members_decode_ops, leat_members_shown, 3, 0, NULL},
	{".zst", "zstd.decode", "zstd.encode", {0x28, 0xb5, 0x2f, 0xfd}, 4,
		&leat_members_decode_ops, leat_members_shown, 3, 0, NULL},
	{".lz4", "lz4.decode", "blocks.encode lz4", {0x04, 0x22, 0x4d, 0x18}, 4,
		&leat_members_decode_ops, leat_members_shown, 3, 0, NULL},
	{".bz2", "bzip2.decode", "blocks.encode bzip2", {'B', 'Z', 'h'}, 3,
		&leat_members_decode_ops, leat_members_shown, 2, 0,
		leat_bzip2_shown},
	{NULL, NULL, NULL, {0}, 0, NULL, NULL, 0, 0, NULL},
};

static const struct leat_hook_ops *const table_guards[] = {
	&leat_retry_ops,
	&leat_rate_ops,
	&leat_breaker_ops,
	&leat_timeout_ops,
	&leat_bulkhead_ops,
	&leat_fallback_ops,
	&leat_shed_ops,
	&leat_dedup_guard_ops,
	&leat_isolate_ops,
	NULL,
};

static const struct leat_dead_ops *const table_dead_stores[] = {
	&leat_dead_sqlite_ops,
	&leat_dead_lines_ops,
	NULL,
};

const struct leat_stage_set leat_stages = {
	.size = (uint32_t)sizeof(struct leat_stage_set),
	.n_stages = sizeof(table_stages) / sizeof(table_stages[0]),
	.stages = table_stages,
	.extensions = table_extensions,
	.compressions = table_compressions,
	.guards = table_guards,
	.dead_stores = table_dead_stores,
};
