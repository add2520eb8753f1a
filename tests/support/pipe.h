/*
 * support/pipe.h -- the pipe harness: stages under test, at every split.
 *
 * A case is a piece of graph text, the bytes that go in and the bytes that
 * come out, or a piece of the error text. pipe_check() runs it in real graphs:
 * the input cut in two at every place and into chunks of 1, 2, 3, 5, 7, 16, 64
 * bytes; links of 1 and 4 frames; 1 and 2 workers; with much and with little
 * headroom; with the input shown to the check beforehand, and not. Every run
 * must give the same, balance, and leave no frame behind.
 *
 *	pipe_gives("lines.parse ! upper ! lines.format", "a\nb", "A\nB\n");
 *	pipe_fails("lines.parse max_record_bytes=2", "abc", "pipe:1:1");
 */
#ifndef LEAT_TESTS_SUPPORT_PIPE_H
#define LEAT_TESTS_SUPPORT_PIPE_H

#include <leat/leat.h>

struct pipe_case {
	const char *stages; /* graph text between source and sink */
	const char *input;
	size_t input_bytes;  /* 0 = up to the NUL */
	const char *output;  /* NULL: it must fail */
	size_t output_bytes; /* 0 = up to the NUL */
	const char *error;   /* part of the error text, if it must fail */
	uint64_t items_in; /* records that the source says are in each frame */
};

/* All of the above; a difference fails the running test. */
void pipe_check(const struct pipe_case *c);

void pipe_gives(const char *stages, const char *input, const char *output);
void pipe_fails(const char *stages, const char *input, const char *error);

/* One run, in chunks of so many bytes. */
void pipe_check_chunks(const struct pipe_case *c, uint32_t chunk_bytes);

/*
 * Run a whole graph text over the ready-made stages. Balance is checked when
 * it succeeds. @return what leat_graph_run() returned.
 */
int pipe_run(const char *text, struct leat_graph_stats *stats,
	struct leat_error *err);

/* ---- files, in a folder that is gone when the test has passed ----------- */

/* Make an empty folder and move into it. */
void pipe_enter_folder(void);
/* Remove it with all that is in it. */
void pipe_leave_folder(void);
void pipe_put_file(const char *path, const void *data, size_t n_bytes);
void pipe_put_text(const char *path, const char *text);
/* All of a file, NUL-terminated, to be freed; NULL if there is none. */
char *pipe_get_file(const char *path, size_t *n_out);
/* Is this, and only this, in the file? Else the test fails. */
void pipe_file_holds(const char *path, const char *text);
/* Are these, and only these, the dead letters of a file, but for their heads up
 * to the time, which no two of them share? */
void pipe_letters_are(const char *path, const char *text);
/* Entries of the current folder, hidden ones too. */
uint32_t pipe_count_files(void);

#endif
