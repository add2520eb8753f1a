/*
 * rivals/tbb.cpp -- oneTBB: concurrent_bounded_queue, and parallel_pipeline
 * with a block of 1024 items to a token, its way to make a token worth while.
 */
#include <atomic>
#include <vector>

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/parallel_pipeline.h>

#include "support/rival.h"

using queue = oneapi::tbb::concurrent_bounded_queue<uint64_t>;
using block = std::vector<uint64_t>;
namespace tbb = oneapi::tbb;

static const uint64_t END = UINT64_MAX;

/* ---- queues ------------------------------------------------------------------ */

struct many {
	queue items;
	uint64_t n, n_ends;
	std::atomic<uint64_t> sum{0}, n_started{0};
};

static void *
many_send(void *arg)
{
	many *m = static_cast<many *>(arg);

	for (uint64_t k = m->n_started++; k < m->n; k += m->n_ends)
		m->items.push(k);
	return nullptr;
}

static void *
many_recv(void *arg)
{
	many *m = static_cast<many *>(arg);
	uint64_t item, sum = 0;

	for (m->items.pop(item); item != END; m->items.pop(item))
		sum += item;
	m->sum += sum;
	return nullptr;
}

static void
many_run(uint64_t n, uint64_t n_ends, rival_result *result)
{
	std::vector<pthread_t> senders, receivers;
	many m;
	int64_t begin = rival_now_ns();

	m.items.set_capacity(RIVAL_CAPACITY);
	m.n = n;
	m.n_ends = n_ends;
	for (uint64_t k = 0; k < n_ends; k++) {
		senders.push_back(rival_thread(many_send, &m));
		receivers.push_back(rival_thread(many_recv, &m));
	}
	for (pthread_t thread : senders)
		pthread_join(thread, nullptr);
	for (uint64_t k = 0; k < n_ends; k++)
		m.items.push(END);
	for (pthread_t thread : receivers)
		pthread_join(thread, nullptr);
	rival_add(result, "ns", double(rival_now_ns() - begin) / double(n));
	rival_demand_sum(m.sum, n);
}

static void
hop1(uint64_t n, rival_result *result)
{
	many_run(n, 1, result);
}

static void
mpmc4x4(uint64_t n, rival_result *result)
{
	many_run(n, 4, result);
}

/* ---- chain6 ------------------------------------------------------------------ */

template <typename line>
static auto
stage(line fn)
{
	return tbb::make_filter<block *, block *>(
		tbb::filter_mode::serial_in_order, [fn](block *b) {
			for (uint64_t &x : *b)
				x = fn(x);
			return b;
		});
}

/* 16 tokens, each a block that is used again once it left the pipeline. */
static void
chain6_run(uint64_t n, uint64_t n_token, rival_result *result)
{
	const size_t n_tokens = 16;
	std::vector<block> blocks(n_tokens, block(n_token));
	uint64_t next = 0, sum = 0;
	int64_t begin;

	n -= n % n_token;
	begin = rival_now_ns();
	auto source = [&](tbb::flow_control &control) -> block * {
		if (next == n) {
			control.stop();
			return nullptr;
		}
		block *b = &blocks[next / n_token % n_tokens];
		for (uint64_t &x : *b)
			x = next++;
		return b;
	};
	auto sink = [&](block *b) {
		for (uint64_t x : *b)
			sum += x;
	};
	tbb::parallel_pipeline(n_tokens,
		tbb::make_filter<void, block *>(
			tbb::filter_mode::serial_in_order, source) &
			stage([](uint64_t x) { return RIVAL_LINE_0(x); }) &
			stage([](uint64_t x) { return RIVAL_LINE_1(x); }) &
			stage([](uint64_t x) { return RIVAL_LINE_2(x); }) &
			stage([](uint64_t x) { return RIVAL_LINE_3(x); }) &
			stage([](uint64_t x) { return RIVAL_LINE_4(x); }) &
			stage([](uint64_t x) { return RIVAL_LINE_5(x); }) &
			tbb::make_filter<block *, void>(
				tbb::filter_mode::serial_in_order, sink));
	rival_add(result, "ns", double(rival_now_ns() - begin) / double(n));
	rival_demand_chain(sum, n);
}

static void
chain6(uint64_t n, rival_result *result)
{
	chain6_run(n, RIVAL_CHAIN_ITEMS, result);
}

/* Tokens as large as leat's frames, for information. */
static void
chain6_large(uint64_t n, rival_result *result)
{
	chain6_run(n, RIVAL_CHAIN_FRAME, result);
}

static const rival_case cases[] = {
	{"hop1", 1500000, false, hop1},
	{"mpmc4x4", 300000, false, mpmc4x4},
	{"chain6", 60000000, false, chain6},
	{"chain6-large", 60000000, false, chain6_large},
	{nullptr, 0, false, nullptr},
};

int
main(int argc, char **argv)
{
	return rival_main("tbb", cases, argc, argv);
}
