/*
 * rivals/fan_loop.c -- the work of the fan benchmark as a plain loop over one
 * block: what one core takes. NAME-two is what the machine gives: two threads
 * with half of the items each, who meet at the end only, in no order at all.
 */
#include "support/fan.h"

/* ---- one thread ---------------------------------------------------------- */

/* Items first to end; the caller knows that all of them are whole blocks. */
static void
loop_over(uint64_t first, uint64_t end, fan_work work)
{
	uint64_t items[FAN_ITEMS];

	for (; first < end; first += FAN_ITEMS) {
		for (uint32_t k = 0; k < FAN_ITEMS; k++)
			items[k] = first + k;
		rival_keep(items);
		for (uint32_t k = 0; k < FAN_ITEMS; k++)
			items[k] = work(items[k]);
		rival_keep(items);
		for (uint32_t k = 0; k < FAN_ITEMS; k++)
			fan_demand_item(items[k], first + k, work);
	}
}

static void
loop_run(uint64_t n, struct rival_result *result, fan_work work)
{
	int64_t begin = rival_now_ns();

	n -= n % FAN_ITEMS;
	loop_over(0, n, work);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
}

static void
ordered2(uint64_t n, struct rival_result *result)
{
	loop_run(n, result, fan_even);
}

static void
uneven2(uint64_t n, struct rival_result *result)
{
	loop_run(n, result, fan_uneven);
}

static void
lumpy2(uint64_t n, struct rival_result *result)
{
	loop_run(n, result, fan_lumpy);
}

/* ---- two threads ----------------------------------------------------------- */

struct half {
	uint64_t first, end;
	fan_work work;
};

static void *
half_main(void *arg)
{
	const struct half *half = arg;

	loop_over(half->first, half->end, half->work);
	return NULL;
}

static void
two_run(uint64_t n, struct rival_result *result, fan_work work)
{
	uint64_t middle = n / 2 - n / 2 % FAN_ITEMS;
	struct half halves[] = {{0, middle, work}, {middle, 2 * middle, work}};
	int64_t begin = rival_now_ns();
	pthread_t thread = rival_thread(half_main, &halves[0]);

	half_main(&halves[1]);
	pthread_join(thread, NULL);
	rival_add(result, "ns",
		(double)(rival_now_ns() - begin) / (double)(2 * middle));
}

static void
ordered2_two(uint64_t n, struct rival_result *result)
{
	two_run(n, result, fan_even);
}

static void
uneven2_two(uint64_t n, struct rival_result *result)
{
	two_run(n, result, fan_uneven);
}

/* ---- 64 sorted inputs ------------------------------------------------------- */

struct input {
	uint64_t items[FAN_ITEMS];
	uint64_t n_made; /* in items and before it */
	uint32_t at;     /* the next of them */
	uint32_t number;
};

struct heap {
	struct input *inputs[FAN_INS]; /* the least next item first */
	uint32_t n;
	uint32_t run;
	uint64_t n_each;
};

static uint64_t
input_next(const struct input *input)
{
	return input->items[input->at];
}

static bool
input_fill(struct heap *heap, struct input *input)
{
	if (input->n_made == heap->n_each)
		return false;
	fan_sorted_fill(input->items, FAN_ITEMS, input->number, input->n_made,
		heap->run);
	input->n_made += FAN_ITEMS;
	rival_keep(input->items);
	input->at = 0;
	return true;
}

static void
heap_down(struct heap *heap, uint32_t place)
{
	struct input *input = heap->inputs[place];

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n &&
			input_next(heap->inputs[child + 1]) <
				input_next(heap->inputs[child]))
			child++;
		if (input_next(input) <= input_next(heap->inputs[child]))
			break;
		heap->inputs[place] = heap->inputs[child];
		place = child;
	}
	heap->inputs[place] = input;
}

static uint64_t
heap_take(struct heap *heap)
{
	struct input *top = heap->inputs[0];
	uint64_t item = input_next(top);

	if (++top->at == FAN_ITEMS && !input_fill(heap, top))
		heap->inputs[0] = heap->inputs[--heap->n];
	heap_down(heap, 0);
	return item;
}

static void
merge_run(uint64_t n, struct rival_result *result, uint32_t run)
{
	static struct input inputs[FAN_INS];
	struct heap heap = {.n = FAN_INS, .run = run};
	uint64_t items[FAN_ITEMS], n_all = n - n % (FAN_INS * FAN_ITEMS);
	int64_t begin = rival_now_ns();

	heap.n_each = n_all / FAN_INS;
	for (uint32_t k = 0; k < FAN_INS; k++) {
		inputs[k] = (struct input){.number = k};
		input_fill(&heap, &inputs[k]);
		heap.inputs[k] = &inputs[k];
	}
	for (uint32_t k = FAN_INS; k-- > 0;)
		heap_down(&heap, k);
	for (uint64_t done = 0; done < n_all; done += FAN_ITEMS) {
		for (uint32_t k = 0; k < FAN_ITEMS; k++)
			items[k] = heap_take(&heap);
		rival_keep(items);
		for (uint32_t k = 0; k < FAN_ITEMS; k++)
			rival_demand(items[k] == done + k, "an item's place");
	}
	rival_add(
		result, "ns", (double)(rival_now_ns() - begin) / (double)n_all);
}

static void
merge64_runs(uint64_t n, struct rival_result *result)
{
	merge_run(n, result, FAN_RUN);
}

static void
merge64_mixed(uint64_t n, struct rival_result *result)
{
	merge_run(n, result, 0);
}

static const struct rival_case cases[] = {
	{"ordered2", 8000000, false, ordered2},
	{"ordered2-two", 8000000, false, ordered2_two},
	{"uneven2", 8000000, false, uneven2},
	{"uneven2-two", 8000000, false, uneven2_two},
	{"lumpy2", 8000000, false, lumpy2},
	{"merge64-runs", 16000000, false, merge64_runs},
	{"merge64-mixed", 8000000, false, merge64_mixed},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("loop", cases, argc, argv);
}
