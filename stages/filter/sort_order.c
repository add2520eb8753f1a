/*
 * stages/filter/sort_order.c -- entries in the order of their keys.
 *
 * Eight bytes of each key are at hand, so that few comparisons look at the
 * record: entries are parted into less, equal and more; the equal ones then get
 * the next eight bytes. As no key is the beginning of another, equal ones of
 * which one is at its end all are. Large sets are dealt out by a byte first.
 * Threads: any, one at a time.
 * Source: Bentley and Sedgewick, Fast algorithms for sorting and searching
 * strings, 1997; Ng and Kakehi, Cache efficient radix sort for string sorting,
 * 2007; McIlroy, Bostic and McIlroy, Engineering radix sort, 1993.
 */
#include "sort_order.h"

#define ORDER_FEW   12u   /* then one after the other is put in its place */
#define ORDER_MANY  4096u /* then they are dealt out */
#define ORDER_AHEAD 8u    /* records that are asked for early */

/* A set of entries that agree in so many bytes. */
struct order_set {
	struct leat__sort_entry *first;
	size_t n;
	uint32_t depth;    /* of the keys, a multiple of 8 */
	uint32_t shift;    /* the next byte of the prefix to deal out by */
	uint32_t is_equal; /* they agree in their prefixes, too */
};

static inline void
order_swap(struct leat__sort_entry *a, struct leat__sort_entry *b)
{
	struct leat__sort_entry x = *a;

	*a = *b;
	*b = x;
}

/* ---- few ------------------------------------------------------------------ */

/* The rest of two keys, then which came first. */
static int
order_is_before_rest(const struct leat__sort_entry *a,
	const struct leat__sort_entry *b, const uint8_t *base, uint32_t depth)
{
	struct leat__sort_record x = leat__sort_open(base + a->at);
	struct leat__sort_record y = leat__sort_open(base + b->at);
	int order = 0;

	depth += 8;
	if (x.n_key > depth && y.n_key > depth)
		order = memcmp(x.key + depth, y.key + depth,
			(x.n_key < y.n_key ? x.n_key : y.n_key) - depth);
	return order ? order < 0 : a->at < b->at;
}

static inline int
order_is_before(const struct leat__sort_entry *a,
	const struct leat__sort_entry *b, const uint8_t *base, uint32_t depth)
{
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	return order_is_before_rest(a, b, base, depth);
}

static void
order_few(const struct order_set *set, const uint8_t *base)
{
	struct leat__sort_entry *first = set->first;

	for (size_t k = 1; k < set->n; k++) {
		struct leat__sort_entry x = first[k];
		size_t at = k;

		while (at &&
			order_is_before(&x, &first[at - 1], base, set->depth)) {
			first[at] = first[at - 1];
			at--;
		}
		first[at] = x;
	}
}

/* ---- by place ------------------------------------------------------------- */

static void
order_sift(struct leat__sort_entry *heap, size_t at, size_t n)
{
	struct leat__sort_entry x = heap[at];
	size_t child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && heap[child].at < heap[child + 1].at)
			child++;
		if (heap[child].at <= x.at)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = x;
}

/* Often they are so already, which costs one pass. */
void
leat__sort_by_place(struct leat__sort_entry *entries, size_t n)
{
	size_t k = 1;

	while (k < n && entries[k - 1].at < entries[k].at)
		k++;
	if (k >= n)
		return;
	for (k = n / 2; k-- > 0;)
		order_sift(entries, k, n);
	for (k = n; --k > 0;) {
		order_swap(&entries[0], &entries[k]);
		order_sift(entries, 0, k);
	}
}

/* The next eight bytes of each. 0: the keys have ended. */
static int
order_deepen(struct order_set *set, const uint8_t *base)
{
	struct leat__sort_entry *e = set->first;
	struct leat__sort_record r = leat__sort_open(base + e->at);

	set->depth += 8;
	set->shift = 56;
	set->is_equal = 0;
	if (r.n_key <= set->depth)
		return 0;
	for (size_t k = 0; k < set->n; k++) {
		if (k + ORDER_AHEAD < set->n)
			__builtin_prefetch(base + e[k + ORDER_AHEAD].at);
		r = leat__sort_open(base + e[k].at);
		e[k].prefix = leat__sort_prefix(r.key, r.n_key, set->depth);
	}
	return 1;
}

/* ---- many ----------------------------------------------------------------- */

static void order_set(struct order_set set, const uint8_t *base);

/* All parts but the largest, which is what is left: so calls are nested no
 * deeper than a set can be halved. */
static struct order_set
order_parts(const struct order_set *parts, uint32_t n, const uint8_t *base)
{
	uint32_t most = 0;

	for (uint32_t k = 1; k < n; k++)
		if (parts[k].n > parts[most].n)
			most = k;
	for (uint32_t k = 0; k < n; k++)
		if (k != most)
			order_set(parts[k], base);
	return parts[most];
}

/* Where each pile begins, and the end of the last. */
static void
order_count(const struct order_set *set, size_t begins[257])
{
	memset(begins, 0, 257 * sizeof(*begins));
	for (size_t k = 0; k < set->n; k++)
		begins[1 + (set->first[k].prefix >> set->shift & 0xff)]++;
	for (uint32_t pile = 0; pile < 256; pile++)
		begins[pile + 1] += begins[pile];
}

/* By one byte of the prefix: each entry is moved to its pile once. */
static void
order_deal(const struct order_set *set, const size_t begins[257])
{
	size_t next[256];

	memcpy(next, begins, sizeof(next));
	for (uint32_t pile = 0; pile < 256; pile++) {
		while (next[pile] < begins[pile + 1]) {
			struct leat__sort_entry *e = &set->first[next[pile]];
			uint32_t to =
				(uint32_t)(e->prefix >> set->shift & 0xff);

			if (to == pile)
				next[pile]++;
			else
				order_swap(e, &set->first[next[to]++]);
		}
	}
}

static struct order_set
order_by_byte(const struct order_set *set, const uint8_t *base)
{
	struct order_set parts[256];
	size_t begins[257];
	uint32_t n = 0;

	order_count(set, begins);
	order_deal(set, begins);
	for (uint32_t pile = 0; pile < 256; pile++) {
		struct order_set part = *set;

		part.first += begins[pile];
		part.n = begins[pile + 1] - begins[pile];
		part.shift -= 8;
		if (part.n)
			parts[n++] = part;
	}
	return order_parts(parts, n, base);
}

/* The middle one of three, which no order of the input can foresee. */
static uint64_t
order_pivot(const struct leat__sort_entry *first, size_t n)
{
	uint64_t mixed = n * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t a = first[(mixed >> 40) % n].prefix;
	uint64_t b = first[(mixed >> 20 & 0xffffff) % n].prefix;
	uint64_t c = first[n / 2].prefix;
	uint64_t low = a < b ? a : b, high = a < b ? b : a;

	return c <= low ? low : c >= high ? high : c;
}

/* Less, equal and more than one of them. */
static struct order_set
order_by_pivot(const struct order_set *set, const uint8_t *base)
{
	struct order_set parts[3] = {*set, *set, *set};
	struct leat__sort_entry *e = set->first;
	uint64_t pivot = order_pivot(e, set->n);
	size_t less = 0, at = 0, more = set->n;

	while (at < more) {
		if (e[at].prefix < pivot)
			order_swap(&e[less++], &e[at++]);
		else if (e[at].prefix > pivot)
			order_swap(&e[at], &e[--more]);
		else
			at++;
	}
	parts[0].n = less;
	parts[1].first = e + less;
	parts[1].n = more - less;
	parts[1].is_equal = 1;
	parts[2].first = e + more;
	parts[2].n = set->n - more;
	return order_parts(parts, 3, base);
}

static void
order_set(struct order_set set, const uint8_t *base)
{
	while (set.n > ORDER_FEW) {
		if (set.is_equal && !order_deepen(&set, base)) {
			leat__sort_by_place(set.first, set.n);
			return;
		}
		if (set.n >= ORDER_MANY && set.shift)
			set = order_by_byte(&set, base);
		else
			set = order_by_pivot(&set, base);
	}
	order_few(&set, base);
}

void
leat__sort_order(
	struct leat__sort_entry *entries, size_t n, const uint8_t *base)
{
	order_set((struct order_set){entries, n, 0, 56, 0}, base);
}
