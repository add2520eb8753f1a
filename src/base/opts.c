/*
 * base/opts.c -- the size-first rule: options of an older or a newer caller.
 *
 * Keeps: full is written from end to end, whatever the caller knew of it.
 * Source: copy_struct_from_user() of the Linux kernel.
 */
#include <string.h>

#include "base/base.h"

#define OPTS_LEAST_BYTES (2 * sizeof(uint32_t)) /* size and flags */

static bool
opts_is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (bytes[k])
			return false;
	return true;
}

int
leat__opts_copy(void *full, size_t full_bytes, const void *opts,
	const char *what, struct leat_error *err)
{
	uint32_t own_size = (uint32_t)full_bytes;
	uint32_t size = own_size;
	size_t n;

	LEAT_ASSERT(full_bytes >= OPTS_LEAST_BYTES);
	if (opts)
		memcpy(&size, opts, sizeof(size));
	if (size < OPTS_LEAST_BYTES)
		return leat__error(err, LEAT_EINVAL,
			"%s: size is %u, where at least %zu is wanted: begin "
			"the options with LEAT_OPTS_INIT",
			what, size, OPTS_LEAST_BYTES);
	if (size > own_size &&
		!opts_is_zero(
			(const uint8_t *)opts + own_size, size - own_size))
		return leat__error(err, LEAT_ENOTSUP,
			"%s: the options are %u bytes and use a field that "
			"leat %s, which knows %u of them, does not have",
			what, size, LEAT_VERSION_TEXT, own_size);
	n = (size_t)leat__min_u64(size, own_size);
	memset(full, 0, full_bytes);
	if (opts)
		memcpy(full, opts, n);
	memcpy(full, &own_size, sizeof(own_size));
	return LEAT_OK;
}
