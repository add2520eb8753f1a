/*
 * graph/elastic.c -- decide how many replicas of a chain are at work.
 *
 * Keeps: least <= n_active <= most; a change is by at least one and at most a
 * quarter up or 15 % down; none within the cool-down of the last.
 * Threads: one at a time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/base.h"
#include "graph/elastic.h"

#define ELASTIC_LEARN   3u /* windows before the first decision */
#define ELASTIC_FULL    3u /* windows of a full queue that count as too much */
#define ELASTIC_TREND   5u /* windows that a trend is drawn through */
#define ELASTIC_GROW    1.25
#define ELASTIC_SHRINK  0.85
#define ELASTIC_SECOND  1e9
#define ELASTIC_PERCENT 100.0

/* ---- looking ------------------------------------------------------------ */

void
leat__elastic_init(struct leat__elastic *e,
	const struct leat_parallel_opts *opts, uint32_t n)
{
	memset(e, 0, sizeof(*e));
	e->opts = *opts;
	e->n_active = n;
}

void
leat__elastic_count(struct leat__elastic *e, uint64_t n_items)
{
	e->n_items += n_items;
}

void
leat__elastic_look(struct leat__elastic *e, double queue)
{
	e->queue_sum += queue;
	e->n_looks++;
}

void
leat__elastic_age(struct leat__elastic *e, int64_t age_ns)
{
	e->ages_ns[e->n_ages++ % LEAT__ELASTIC_AGES] = age_ns;
}

/* ---- a window ----------------------------------------------------------- */

static int
age_compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
window_p99(struct leat__elastic *e)
{
	uint32_t n = (uint32_t)leat__min_u64(e->n_ages, LEAT__ELASTIC_AGES);

	uint32_t rank = (n * 99 + 99) / 100;

	if (n == 0)
		return 0;
	qsort(e->ages_ns, n, sizeof(e->ages_ns[0]), age_compare);
	return (double)e->ages_ns[rank - 1];
}

/* What the window that ends had in it; the next one is empty. */
static struct leat__elastic_window
window_close(struct leat__elastic *e, double n_seconds)
{
	struct leat__elastic_window w = {
		.queue = e->n_looks ? e->queue_sum / e->n_looks : 0,
		.rate = (double)e->n_items / n_seconds,
		.p99 = window_p99(e)};

	e->queue_sum = 0;
	e->n_looks = e->n_ages = 0;
	e->n_items = 0;
	return w;
}

static void
window_keep(struct leat__elastic *e, const struct leat__elastic_window *w)
{
	e->windows[e->n_windows++ % LEAT__ELASTIC_WINDOWS] = *w;
}

static uint32_t
windows_kept(const struct leat__elastic *e)
{
	return (uint32_t)leat__min_u64(e->n_windows, LEAT__ELASTIC_WINDOWS);
}

/* Window k of those kept, 0 the last one. */
static const struct leat__elastic_window *
window_back(const struct leat__elastic *e, uint32_t k)
{
	return &e->windows[(e->n_windows - 1 - k) % LEAT__ELASTIC_WINDOWS];
}

/* Means over those kept; an age over those that have one. */
static struct leat__elastic_window
windows_mean(const struct leat__elastic *e)
{
	struct leat__elastic_window mean = {0};
	uint32_t n = windows_kept(e), n_p99 = 0;

	for (uint32_t k = 0; k < n; k++) {
		mean.queue += e->windows[k].queue / n;
		mean.rate += e->windows[k].rate / n;
		mean.p99 += e->windows[k].p99;
		n_p99 += e->windows[k].p99 > 0;
	}
	if (n_p99)
		mean.p99 /= n_p99;
	return mean;
}

/* ---- the trend ---------------------------------------------------------- */

/* A least-squares line through the last windows, so many windows on. */
static double
trend_at(const double *y, uint32_t n, double ahead)
{
	double mid = (n - 1) / 2.0, mean = 0, up = 0, across = 0;

	for (uint32_t k = 0; k < n; k++)
		mean += y[k] / n;
	for (uint32_t k = 0; k < n; k++) {
		up += (k - mid) * (y[k] - mean);
		across += (k - mid) * (k - mid);
	}
	return mean + up / across * (n - 1 - mid + ahead);
}

/* Where the queue and the rate will be if they go on like this. */
static struct leat__elastic_window
trend_window(
	const struct leat__elastic *e, const struct leat__elastic_window *now)
{
	double queue[ELASTIC_TREND], rate[ELASTIC_TREND];
	struct leat__elastic_window w = *now;

	for (uint32_t k = 0; k + 1 < ELASTIC_TREND; k++) {
		const struct leat__elastic_window *back =
			window_back(e, ELASTIC_TREND - 2 - k);

		queue[k] = back->queue;
		rate[k] = back->rate;
	}
	queue[ELASTIC_TREND - 1] = now->queue;
	rate[ELASTIC_TREND - 1] = now->rate;
	w.queue = trend_at(queue, ELASTIC_TREND, (double)e->opts.predict);
	w.rate = trend_at(rate, ELASTIC_TREND, (double)e->opts.predict);
	return w;
}

/* ---- the decision ------------------------------------------------------- */

static bool
is_over(double value, double base, uint64_t percent)
{
	return value > base * (double)percent / ELASTIC_PERCENT;
}

static bool
window_is_crowded(const struct leat__elastic *e,
	const struct leat__elastic_window *w,
	const struct leat__elastic_window *mean)
{
	return is_over(w->queue, 1, e->opts.grow_queue) &&
		is_over(w->rate, mean->rate, e->opts.grow_rate);
}

/* Why there should be more; 0 = they are enough. */
static uint32_t
why_grow(const struct leat__elastic *e, const struct leat__elastic_window *w,
	const struct leat__elastic_window *mean)
{
	struct leat__elastic_window then;

	if (window_is_crowded(e, w, mean))
		return LEAT_RESIZE_CROWDED;
	if (e->n_full >= ELASTIC_FULL)
		return LEAT_RESIZE_FULL;
	if (mean->p99 > 0 && is_over(w->p99, mean->p99, e->opts.grow_delay) &&
		is_over(w->queue, 1, e->opts.shrink_queue))
		return LEAT_RESIZE_LATE;
	if (!e->opts.predict || windows_kept(e) + 1 < ELASTIC_TREND)
		return 0;
	then = trend_window(e, w);
	return window_is_crowded(e, &then, mean) ? LEAT_RESIZE_TREND : 0;
}

static bool
window_is_slack(const struct leat__elastic *e,
	const struct leat__elastic_window *w,
	const struct leat__elastic_window *mean)
{
	return !is_over(w->queue, 1, e->opts.shrink_queue) &&
		!is_over(w->rate, mean->rate, e->opts.shrink_rate);
}

static uint32_t
n_clamp(const struct leat__elastic *e, double n)
{
	return (uint32_t)fmin(fmax(n, e->opts.least), e->opts.most);
}

/* The number that there should be, and why. */
static uint32_t
elastic_decide(const struct leat__elastic *e,
	const struct leat__elastic_window *w,
	const struct leat__elastic_window *mean, uint32_t *why_out)
{
	uint32_t n = leat__elastic_n_active(e);

	*why_out = why_grow(e, w, mean);
	if (*why_out)
		return n_clamp(e, ceil(n * ELASTIC_GROW));
	*why_out = LEAT_RESIZE_SLACK;
	return window_is_slack(e, w, mean)
		? n_clamp(e, floor(n * ELASTIC_SHRINK))
		: n;
}

/* The window is over: decide, then it is one of those before. */
static bool
elastic_close(struct leat__elastic *e, int64_t now_ns, int64_t n_ns,
	struct leat_resize *resize)
{
	struct leat__elastic_window mean = windows_mean(e);
	struct leat__elastic_window w =
		window_close(e, (double)n_ns / ELASTIC_SECOND);
	uint32_t n = leat__elastic_n_active(e), n_next = n, why = 0;

	e->n_full = is_over(w.queue, 1, e->opts.grow_queue) ? e->n_full + 1 : 0;
	if (e->n_windows >= ELASTIC_LEARN && now_ns >= e->rest_ns)
		n_next = elastic_decide(e, &w, &mean, &why);
	window_keep(e, &w);
	if (n_next == n)
		return false;
	*resize = (struct leat_resize){.at_ns = now_ns,
		.n_before = n,
		.n_after = n_next,
		.why = why,
		.queue = w.queue,
		.rate = w.rate,
		.mean_rate = mean.rate,
		.p99_ns = w.p99,
		.mean_p99_ns = mean.p99};
	e->n_full = 0;
	e->rest_ns = now_ns + e->opts.cooldown_ns;
	leat__store_relaxed(&e->n_active, n_next);
	return true;
}

bool
leat__elastic_tick(
	struct leat__elastic *e, int64_t now_ns, struct leat_resize *resize)
{
	int64_t began_ns = e->began_ns;

	if (began_ns && now_ns - began_ns < e->opts.window_ns)
		return false;
	e->began_ns = now_ns;
	return began_ns && elastic_close(e, now_ns, now_ns - began_ns, resize);
}

/* ---- for people --------------------------------------------------------- */

const char *
leat_resize_text(uint32_t why)
{
	switch (why) {
	case LEAT_RESIZE_CROWDED:
		return "the queue is long and the rate has risen";
	case LEAT_RESIZE_FULL:
		return "the queue stays long";
	case LEAT_RESIZE_LATE:
		return "records come late";
	case LEAT_RESIZE_TREND:
		return "the queue will be long soon";
	case LEAT_RESIZE_SLACK:
		return "the queue is short and the rate has fallen";
	default:
		return "unknown";
	}
}
