/*
 * rivals/fan_tbb.cpp -- oneTBB's ordered region: parallel_pipeline with a
 * parallel filter between two that are serial_in_order, on two threads.
 *
 * A token is a block of 1024 items, its way to make a token worth while;
 * NAME-item has a token for every item, NAME-serial has only filters that are
 * serial_in_order.
 */
#include <vector>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>

#include "support/fan.h"

namespace tbb = oneapi::tbb;
using block = std::vector<uint64_t>;

static const size_t N_TOKENS = 16;

/* ---- a token for a block ----------------------------------------------------- */

static void
block_run(uint64_t n, rival_result *result, fan_work work,
	tbb::filter_mode middle)
{
	tbb::global_control threads(
		tbb::global_control::max_allowed_parallelism, FAN_WORKERS);
	std::vector<block> blocks(N_TOKENS, block(FAN_ITEMS));
	uint64_t next = 0, n_got = 0;
	int64_t begin;

	n -= n % FAN_ITEMS;
	begin = rival_now_ns();
	auto source = [&](tbb::flow_control &control) -> block * {
		if (next == n) {
			control.stop();
			return nullptr;
		}
		block *b = &blocks[next / FAN_ITEMS % N_TOKENS];
		for (uint64_t &x : *b)
			x = next++;
		return b;
	};
	auto region = [work](block *b) {
		for (uint64_t &x : *b)
			x = work(x);
		return b;
	};
	auto sink = [&](block *b) {
		for (uint64_t x : *b)
			fan_demand_item(x, n_got++, work);
	};
	tbb::parallel_pipeline(N_TOKENS,
		tbb::make_filter<void, block *>(
			tbb::filter_mode::serial_in_order, source) &
			tbb::make_filter<block *, block *>(middle, region) &
			tbb::make_filter<block *, void>(
				tbb::filter_mode::serial_in_order, sink));
	rival_add(result, "ns", double(rival_now_ns() - begin) / double(n));
	rival_demand(n_got == n, "the number of items");
}

static void
ordered2(uint64_t n, rival_result *result)
{
	block_run(n, result, fan_even, tbb::filter_mode::parallel);
}

static void
ordered2_serial(uint64_t n, rival_result *result)
{
	block_run(n, result, fan_even, tbb::filter_mode::serial_in_order);
}

static void
uneven2(uint64_t n, rival_result *result)
{
	block_run(n, result, fan_uneven, tbb::filter_mode::parallel);
}

static void
lumpy2(uint64_t n, rival_result *result)
{
	block_run(n, result, fan_lumpy, tbb::filter_mode::parallel);
}

/* ---- a token for an item ----------------------------------------------------- */

static void
item_run(uint64_t n, rival_result *result, fan_work work)
{
	tbb::global_control threads(
		tbb::global_control::max_allowed_parallelism, FAN_WORKERS);
	uint64_t next = 0, n_got = 0;
	int64_t begin = rival_now_ns();

	auto source = [&](tbb::flow_control &control) -> uint64_t {
		if (next == n) {
			control.stop();
			return 0;
		}
		return next++;
	};
	auto sink = [&](uint64_t x) { fan_demand_item(x, n_got++, work); };
	tbb::parallel_pipeline(N_TOKENS,
		tbb::make_filter<void, uint64_t>(
			tbb::filter_mode::serial_in_order, source) &
			tbb::make_filter<uint64_t, uint64_t>(
				tbb::filter_mode::parallel, work) &
			tbb::make_filter<uint64_t, void>(
				tbb::filter_mode::serial_in_order, sink));
	rival_add(result, "ns", double(rival_now_ns() - begin) / double(n));
	rival_demand(n_got == n, "the number of items");
}

static void
ordered2_item(uint64_t n, rival_result *result)
{
	item_run(n, result, fan_even);
}

static void
uneven2_item(uint64_t n, rival_result *result)
{
	item_run(n, result, fan_uneven);
}

static const rival_case cases[] = {
	{"ordered2", 8000000, false, ordered2},
	{"ordered2-item", 2000000, false, ordered2_item},
	{"ordered2-serial", 4000000, false, ordered2_serial},
	{"uneven2", 8000000, false, uneven2},
	{"uneven2-item", 2000000, false, uneven2_item},
	{"lumpy2", 8000000, false, lumpy2},
	{nullptr, 0, false, nullptr},
};

int
main(int argc, char **argv)
{
	return rival_main("tbb", cases, argc, argv);
}
