/*
 * unit/watch/expose.c -- both text forms, byte for byte.
 */
#include "support/test.h"

#include "watch/expose.h"

struct page {
	char text[8192];
	size_t n;
	size_t largest; /* piece */
};

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	struct page *page = user;

	ck_assert_uint_lt(page->n + n_bytes, sizeof(page->text));
	memcpy(page->text + page->n, text, n_bytes);
	page->n += n_bytes;
	page->text[page->n] = '\0';
	if (n_bytes > page->largest)
		page->largest = n_bytes;
}

static void
write_all(struct leat__expose *e)
{
	leat__expose_family(e, LEAT__EXPOSE_COUNTER, "leat_x_bytes",
		"Bytes,\nwith \\ and \".");
	leat__expose_begin(e, "");
	leat__expose_label(e, "stage", "a\"b\\c\nd\xc3\xa4");
	leat__expose_number(e, UINT64_MAX);
	leat__expose_family(e, LEAT__EXPOSE_GAUGE, "leat_y", "A gauge.");
	leat__expose_begin(e, "");
	leat__expose_number(e, 0);
	leat__expose_family(
		e, LEAT__EXPOSE_HISTOGRAM, "leat_z_seconds", "A histogram.");
	leat__expose_begin(e, "_bucket");
	leat__expose_label_le(e, 1024);
	leat__expose_number(e, 3);
	leat__expose_begin(e, "_bucket");
	leat__expose_label_number(e, "k", 7);
	leat__expose_label_le(e, UINT64_MAX);
	leat__expose_number(e, 4);
	leat__expose_begin(e, "_sum");
	leat__expose_seconds(e, 12000000030);
	leat__expose_begin(e, "_count");
	leat__expose_ratio(e, 1000001);
	leat__expose_end(e);
}

static const char samples[] =
	"leat_x_bytes_total{stage=\"a\\\"b\\\\c\\nd\xc3\xa4\"} "
	"18446744073709551615\n";
static const char rest[] = "leat_z_seconds_bucket{le=\"0.000001024\"} 3\n"
			   "leat_z_seconds_bucket{k=\"7\",le=\"+Inf\"} 4\n"
			   "leat_z_seconds_sum 12.00000003\n"
			   "leat_z_seconds_count 1.000001\n";

START_TEST(the_text_form_is_as_prometheus_wants_it)
{
	struct page page = {.n = 0};
	struct leat__expose e = {.write = page_write, .user = &page};
	char wanted[2048];

	write_all(&e);
	snprintf(wanted, sizeof(wanted),
		"# HELP leat_x_bytes_total Bytes,\\nwith \\\\ and \".\n"
		"# TYPE leat_x_bytes_total counter\n"
		"%s"
		"# HELP leat_y A gauge.\n# TYPE leat_y gauge\nleat_y 0\n"
		"# HELP leat_z_seconds A histogram.\n"
		"# TYPE leat_z_seconds histogram\n"
		"%s",
		samples, rest);
	ck_assert_str_eq(page.text, wanted);
}
END_TEST

START_TEST(open_metrics_names_the_family_and_says_where_it_ends)
{
	struct page page = {.n = 0};
	struct leat__expose e = {
		.write = page_write, .user = &page, .is_open = true};
	char wanted[2048];

	write_all(&e);
	snprintf(wanted, sizeof(wanted),
		"# HELP leat_x_bytes Bytes,\\nwith \\\\ and \".\n"
		"# TYPE leat_x_bytes counter\n# UNIT leat_x_bytes bytes\n"
		"%s"
		"# HELP leat_y A gauge.\n# TYPE leat_y gauge\nleat_y 0\n"
		"# HELP leat_z_seconds A histogram.\n"
		"# TYPE leat_z_seconds histogram\n"
		"# UNIT leat_z_seconds seconds\n"
		"%s# EOF\n",
		samples, rest);
	ck_assert_str_eq(page.text, wanted);
}
END_TEST

START_TEST(a_label_of_the_graph_stands_first)
{
	struct page page = {.n = 0};
	struct leat__expose e = {
		.write = page_write, .user = &page, .graph = "g"};

	leat__expose_family(&e, LEAT__EXPOSE_GAUGE, "leat_y", "Y.");
	leat__expose_begin(&e, "");
	leat__expose_label(&e, "stage", "s");
	leat__expose_seconds(&e, 1500000000);
	leat__expose_end(&e);
	ck_assert_ptr_nonnull(
		strstr(page.text, "leat_y{graph=\"g\",stage=\"s\"} 1.5\n"));
}
END_TEST

START_TEST(pieces_are_at_most_1_kib_and_nothing_is_lost)
{
	struct page page = {.n = 0};
	struct leat__expose e = {.write = page_write, .user = &page};

	leat__expose_family(&e, LEAT__EXPOSE_GAUGE, "leat_y", "Y.");
	for (uint32_t k = 0; k < 200; k++) {
		leat__expose_begin(&e, "");
		leat__expose_label_number(&e, "k", k);
		leat__expose_number(&e, k);
	}
	leat__expose_end(&e);
	ck_assert_uint_le(page.largest, LEAT__EXPOSE_BUF_BYTES);
	ck_assert_ptr_nonnull(strstr(page.text, "leat_y{k=\"0\"} 0\n"));
	ck_assert_ptr_nonnull(strstr(page.text, "leat_y{k=\"199\"} 199\n"));
	/* lines of 16, 18 and 20 bytes, and the head */
	ck_assert_uint_eq(page.n, 10 * 16 + 90 * 18 + 100 * 20 + 37);
}
END_TEST

TEST_MAIN("watch/expose", the_text_form_is_as_prometheus_wants_it,
	open_metrics_names_the_family_and_says_where_it_ends,
	a_label_of_the_graph_stands_first,
	pieces_are_at_most_1_kib_and_nothing_is_lost)
