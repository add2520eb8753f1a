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

static const struct rival_case cases[] = {
	{"ordered2", 8000000, false, ordered2},
	{"ordered2-two", 8000000, false, ordered2_two},
	{"uneven2", 8000000, false, uneven2},
	{"uneven2-two", 8000000, false, uneven2_two},
	{"lumpy2", 8000000, false, lumpy2},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("loop", cases, argc, argv);
}
