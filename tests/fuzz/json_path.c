/*
 * json_path.c -- json.path: paths from the input, over JSON from the input.
 *
 * The first line is the paths. A path is refused with its place, or every value
 * that it finds is JSON, or the text of a string.
 */
#include "fuzz/support/fuzz.h"

/* As a text of a graph has it. */
static void
path_quote(const char *path, char *out)
{
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			*out++ = '\\';
		*out++ = *path;
	}
	*out = '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	struct fuzz_input in = {data, n_bytes};
	uint32_t is_csv = fuzz_choose(&in, 2);
	char path[256], quoted[520], stages[1024];
	struct fuzz_made made;

	if (n_bytes > 4096)
		return 0;
	fuzz_line(&in, path, sizeof(path));
	path_quote(path, quoted);
	snprintf(stages, sizeof(stages), "%s ! json.path \"%s\" from=%s",
		is_csv ? "csv.parse header=off sep=tab quote=\\\\"
		       : "json.parse nested=text schema=\"v:string\"",
		quoted, is_csv ? "c1 on_error=skip" : "v");
	fuzz_run_ways(stages, &in, 0, &made);
	fuzz_made_free(&made);
	return 0;
}
