/*
 * rivals/boost.cpp -- Boost.Fiber's buffered_channel, between two threads and
 * between two fibers of one thread.
 */
#include <thread>
#include <vector>

#include <boost/fiber/all.hpp>

#include "support/rival.h"

using channel = boost::fibers::buffered_channel<uint64_t>;

/* A power of two, of which one stays empty. */
static const size_t CELLS = RIVAL_CAPACITY;

static void
send_all(channel *c, uint64_t n)
{
	for (uint64_t k = 0; k < n; k++)
		c->push(k);
	c->close();
}

static uint64_t
recv_all(channel *c)
{
	uint64_t sum = 0;

	for (uint64_t item : *c)
		sum += item;
	return sum;
}

static void
hop1(uint64_t n, rival_result *result)
{
	int64_t begin = rival_now_ns();
	channel c(CELLS);
	std::thread sender(send_all, &c, n);
	uint64_t sum = recv_all(&c);

	sender.join();
	rival_add(result, "ns", double(rival_now_ns() - begin) / double(n));
	rival_demand_sum(sum, n);
}

static void
hop1_fiber(uint64_t n, rival_result *result)
{
	int64_t begin = rival_now_ns();
	channel c(CELLS);
	boost::fibers::fiber sender(send_all, &c, n);
	uint64_t sum = recv_all(&c);

	sender.join();
	rival_add(result, "ns", double(rival_now_ns() - begin) / double(n));
	rival_demand_sum(sum, n);
}

static void
rtt_fiber(uint64_t n, rival_result *result)
{
	channel there(CELLS), back(CELLS);
	int64_t *times = rival_times(n);
	uint64_t sum = 0;
	boost::fibers::fiber echo([&] {
		for (uint64_t item : there)
			back.push(item);
	});

	times[0] = rival_now_ns();
	for (uint64_t k = 0; k < n; k++) {
		there.push(k);
		sum += back.value_pop();
		times[k + 1] = rival_now_ns();
	}
	there.close();
	echo.join();
	rival_add_times(result, times, n);
	rival_demand_sum(sum, n);
}

static const rival_case cases[] = {
	{"hop1", 1500000, false, hop1},
	{"hop1-fiber", 5000000, false, hop1_fiber},
	{"rtt-fiber", 500000, false, rtt_fiber},
	{nullptr, 0, false, nullptr},
};

int
main(int argc, char **argv)
{
	return rival_main("boost", cases, argc, argv);
}
