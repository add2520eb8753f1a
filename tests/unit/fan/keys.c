/*
 * unit/fan/keys.c -- equal keys have equal hashes, however they are written.
 */
#include <math.h>

#include "fan/hash_ring.h"
#include "fan/keys.h"
#include "unit/table/fake.h"

static struct fake f;
static struct leat__fan_keys keys;

static int
open_keys(const char *name, uint32_t layout, struct leat_frame *frame)
{
	struct leat_shape shape = {.layout = layout};

	LEAT_TRY(leat__fan_keys_init(&f.st, &keys, name, &shape));
	return leat__fan_keys_open(&f.st, &keys, frame);
}

static struct leat__fan_key
key_at(uint32_t k)
{
	struct leat__fan_key key;

	ck_assert_int_eq(leat__fan_keys_get(&f.st, &keys, k, &key), LEAT_OK);
	return key;
}

static void
start(void)
{
	fake_init(&f, 1u << 20, 1u << 20);
	f.st.name = (char *)"split";
}

static void
end(struct leat_frame *frame)
{
	leat__fan_keys_fini(&f.st, &keys);
	leat_frame_release(frame);
	fake_fini(&f);
}

START_TEST(text_is_hashed_as_it_is_meant)
{
	static const char *const names[] = {"a", "b"};
	struct leat_frame *frame;
	struct leat_table t;

	start();
	frame = fake_table(&f, fake_schema(&f, names, 2),
		"1,x\n2,\"x\"\n3,\"x\"\"y\"\n4,\n5,\"\"\n6,y\r\n", &t);
	ck_assert_int_eq(open_keys("b", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(0).hash, leat__fan_hash("x", 1));
	ck_assert_uint_eq(key_at(1).hash, key_at(0).hash);
	ck_assert_uint_eq(key_at(2).hash, leat__fan_hash("x\"y", 3));
	ck_assert(key_at(3).is_null && key_at(4).is_null);
	ck_assert(!key_at(2).is_null);
	ck_assert_uint_eq(key_at(5).hash, leat__fan_hash("y", 1));
	leat__fan_keys_fini(&f.st, &keys);
	ck_assert_int_eq(open_keys("c", LEAT_LAYOUT_TABLE, frame), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(f.st.error.text, "there are: a, b"));
	end(frame);
}
END_TEST

START_TEST(only_rows_that_are_alive_have_keys)
{
	static const char *const names[] = {"a"};
	struct leat_frame *frame;
	struct leat_table t;

	start();
	frame = fake_table(&f, fake_schema(&f, names, 1), "u\nv\nw\n", &t);
	leat_table_select(&t, (uint32_t[]){0, 2}, 2);
	ck_assert_int_eq(open_keys("a", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(1).hash, leat__fan_hash("w", 1));
	end(frame);
}
END_TEST

static struct leat_frame *
frame_of_vectors(struct leat_schema *s)
{
	struct leat_frame *frame = fake_frame(&f);
	struct leat_table t;
	void *ints, *doubles, *bits;

	ck_assert_int_eq(leat_table_begin(frame, s, 4, &t), LEAT_OK);
	ints = fake_vector(&t, LEAT_TYPE_INT64);
	doubles = fake_vector(&t, LEAT_TYPE_FLOAT64);
	bits = fake_vector(&t, LEAT_TYPE_BOOL);
	memcpy(ints, (int64_t[]){3, 0, -1, INT64_MAX}, 32);
	memcpy(doubles, (double[]){3, -0.0, NAN, 0.5}, 32);
	*(uint8_t *)bits = 2;
	return frame;
}

START_TEST(equal_numbers_have_one_hash_whatever_their_type)
{
	struct leat_column columns[] = {
		{"i", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0},
		{"d", LEAT_TYPE_FLOAT64, LEAT_FIELD_NONE, 1, 0, 0},
		{"b", LEAT_TYPE_BOOL, LEAT_FIELD_NONE, 2, 0, 0}};
	struct leat_schema s = {.n_columns = 3, .columns = columns};
	struct leat__fan_key whole[4];
	struct leat_frame *frame;

	start();
	frame = frame_of_vectors(&s);
	ck_assert_int_eq(open_keys("i", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	for (uint32_t k = 0; k < 4; k++)
		whole[k] = key_at(k);
	leat__fan_keys_fini(&f.st, &keys);
	ck_assert_int_eq(open_keys("d", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(0).hash, whole[0].hash);
	ck_assert_uint_eq(key_at(1).hash, whole[1].hash);
	ck_assert_uint_ne(key_at(2).hash, whole[2].hash);
	ck_assert_uint_ne(key_at(3).hash, whole[3].hash);
	leat__fan_keys_fini(&f.st, &keys);
	ck_assert_int_eq(open_keys("b", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(0).hash, whole[1].hash);
	ck_assert_uint_ne(key_at(1).hash, key_at(0).hash);
	end(frame);
}
END_TEST

START_TEST(numbers_that_stand_in_the_text_are_read)
{
	static const char *const names[] = {"a", "b"};
	struct leat__fan_key key, three;
	struct leat_column columns[2];
	struct leat_schema *s;
	struct leat_frame *frame;
	struct leat_table t;

	start();
	s = fake_schema(&f, names, 2);
	memcpy(columns, s->columns, sizeof(columns));
	columns[0].type = LEAT_TYPE_INT64;
	columns[1].type = LEAT_TYPE_FLOAT64;
	s->columns = columns;
	frame = fake_table(&f, s, "3,3.0\nx,\"3e0\"\n", &t);
	ck_assert_int_eq(open_keys("a", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	three = key_at(0);
	ck_assert_int_eq(leat__fan_keys_get(&f.st, &keys, 1, &key), LEAT_EDATA);
	ck_assert_ptr_nonnull(strstr(f.st.error.text, ":2:1: the key"));
	leat__fan_keys_fini(&f.st, &keys);
	ck_assert_int_eq(open_keys("b", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(0).hash, three.hash);
	ck_assert_uint_eq(key_at(1).hash, three.hash);
	end(frame);
}
END_TEST

/* A key of n bytes in quotes, a doubled one among them. */
static int
get_long_key(uint32_t n)
{
	static const char *const names[] = {"a"};
	static char text[LEAT__FAN_KEY_QUOTED_MAX + 10];
	struct leat__fan_key key;
	struct leat_frame *frame;
	struct leat_table t;
	int rc;

	memset(text, 'k', n);
	memcpy(text, "\"\"\"", 3);
	strcpy(text + n - 1, "\"\n");
	start();
	frame = fake_table(&f, fake_schema(&f, names, 1), text, &t);
	ck_assert_int_eq(open_keys("a", LEAT_LAYOUT_TABLE, frame), LEAT_OK);
	rc = leat__fan_keys_get(&f.st, &keys, 0, &key);
	end(frame);
	return rc;
}

START_TEST(a_key_with_doubled_quotes_has_a_limit)
{
	ck_assert_int_eq(get_long_key(LEAT__FAN_KEY_QUOTED_MAX), LEAT_OK);
	ck_assert_int_eq(
		get_long_key(LEAT__FAN_KEY_QUOTED_MAX + 1), LEAT_ELIMIT);
}
END_TEST

static void
put_items(struct leat_frame *frame, const void *items, uint32_t n,
	uint32_t item_bytes)
{
	memcpy(frame->data, items, (size_t)n * item_bytes);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = n;
	frame->len_bytes = n * item_bytes;
}

START_TEST(of_items_the_first_8_bytes_count)
{
	static const char items[] = "12345678abc12345678def12345679abc";
	struct leat_frame *frame;

	start();
	frame = fake_frame(&f);
	put_items(frame, items, 3, 11);
	ck_assert_int_eq(open_keys("", LEAT_LAYOUT_ITEMS, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(0).hash, leat__fan_hash(items, 8));
	ck_assert_uint_eq(key_at(1).hash, key_at(0).hash);
	ck_assert_uint_ne(key_at(2).hash, key_at(0).hash);
	put_items(frame, items, 2, 3);
	ck_assert_int_eq(leat__fan_keys_open(&f.st, &keys, frame), LEAT_OK);
	ck_assert_uint_eq(key_at(1).hash, leat__fan_hash("45678", 3));
	end(frame);
}
END_TEST

START_TEST(what_has_no_such_keys_is_refused)
{
	static const struct {
		const char *name;
		uint32_t layout;
		const char *text;
	} bad[] = {
		{"", LEAT_LAYOUT_BYTES, "bytes have no keys"},
		{"a", LEAT_LAYOUT_BYTES, "bytes have no keys"},
		{"", LEAT_LAYOUT_TABLE, "needs the column"},
		{"a", LEAT_LAYOUT_ITEMS, "only tables have columns"},
		{"a", LEAT_LAYOUT_ROWS, "only tables have columns"},
	};

	start();
	for (size_t k = 0; k < leat__array_len(bad); k++) {
		ck_assert_int_eq(open_keys(bad[k].name, bad[k].layout, NULL),
			LEAT_EINVAL);
		ck_assert_msg(strstr(f.st.error.text, bad[k].text) != NULL,
			"%s", f.st.error.text);
	}
	end(NULL);
}
END_TEST

TEST_MAIN("fan/keys", text_is_hashed_as_it_is_meant,
	only_rows_that_are_alive_have_keys,
	equal_numbers_have_one_hash_whatever_their_type,
	numbers_that_stand_in_the_text_are_read,
	a_key_with_doubled_quotes_has_a_limit, of_items_the_first_8_bytes_count,
	what_has_no_such_keys_is_refused)
