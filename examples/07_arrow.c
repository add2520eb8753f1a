/*
 * A job's result as an Arrow stream, in the same process: batches of columns
 * for any library that reads Arrow. Here one column is summed.
 *
 *	07_arrow flights.csv
 */
#include <stdio.h>

#include <leat/leat.h>

static bool
has_value(const struct ArrowArray *column, int64_t row)
{
	const unsigned char *valid = column->buffers[0];

	return valid[row / 8] >> (row % 8) & 1;
}

/* Take all batches; the first column is int64. */
static int
sum(struct ArrowArrayStream *stream)
{
	struct ArrowArray batch;
	long long total = 0, n = 0;
	int rc;

	while ((rc = stream->get_next(stream, &batch)) == 0 && batch.release) {
		const struct ArrowArray *column = batch.children[0];
		const int64_t *values = column->buffers[1];

		for (int64_t row = 0; row < batch.length; row++)
			if (has_value(column, row))
				total += values[row];
		n += batch.length;
		batch.release(&batch);
	}
	if (rc)
		fprintf(stderr, "%s\n", stream->get_last_error(stream));
	else
		printf("%lld late flights, %lld minutes\n", n, total);
	stream->release(stream);
	return rc;
}

int
main(int argc, char **argv)
{
	struct leat_graph *graph = NULL;
	struct ArrowArrayStream stream;
	struct leat_error err;
	struct leat_end end;
	char text[512];

	if (argc != 2)
		return 2;
	snprintf(text, sizeof(text),
		"read \"%s\" ! where \"delay > 60\" ! select delay", argv[1]);
	if (leat_graph_create(NULL, &graph, &err) ||
		leat_graph_parse_open(graph, text, &end, &err) ||
		leat_arrow_out(graph, end, &stream, &err)) {
		fprintf(stderr, "%s\n", err.text);
	} else if (leat_graph_start(graph, &err)) {
		fprintf(stderr, "%s\n", err.text);
		stream.release(&stream);
	} else {
		sum(&stream);
	}
	leat_graph_destroy(graph);
}
