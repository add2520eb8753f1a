/*
 * replay.c -- a fuzzer over its corpus, as a test without libFuzzer.
 *
 * Reads every file of FUZZ_CORPUS, or those that are named.
 */
#include <dirent.h>

#include "fuzz/support/fuzz.h"

static uint32_t n_passed;

static void
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long n;

	fuzz_check(file != NULL, "no file %s", path);
	fuzz_check(!fseek(file, 0, SEEK_END), "%s: no size", path);
	n = ftell(file);
	rewind(file);
	/* as long as the input and no longer: what reads on is found out */
	data = malloc(n > 0 ? (size_t)n : 1);
	fuzz_check(data && fread(data, 1, (size_t)n, file) == (size_t)n,
		"%s: cannot be read", path);
	fclose(file);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, (size_t)n);
	free(data);
	n_passed++;
}

static int
replay_is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
replay_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, replay_is_file, alphasort);

	fuzz_check(n > 0, "nothing in %s", folder);
	for (int k = 0; k < n; k++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder,
			entries[k]->d_name);
		replay_file(path);
		free(entries[k]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	for (int k = 1; k < argc; k++)
		replay_file(argv[k]);
	if (argc == 1)
		replay_folder(FUZZ_CORPUS);
	printf("%u passed, 0 failed\n", n_passed);
	return 0;
}
