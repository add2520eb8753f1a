/*
 * table/json_scan.c -- which JSON scan this machine runs.
 *
 * Any thread; no state.
 */
#include "table/json_scan.h"

#if defined(__x86_64__)
static bool
machine_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") &&
		__builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("popcnt") &&
		__builtin_cpu_supports("pclmul");
}

static bool
machine_has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vl");
}
#endif

static leat__json_scan_fn
scan_choose(const char **name_out)
{
#if defined(__x86_64__)
	if (machine_has_avx2()) {
		bool is_wide = machine_has_avx512();

		*name_out = is_wide ? "avx512" : "avx2";
		return is_wide ? leat__json_scan_avx512 : leat__json_scan_avx2;
	}
	*name_out = "sse2";
	return leat__json_scan_sse2;
#elif defined(LEAT__HAS_NEON)
	*name_out = "neon";
	return leat__json_scan_neon;
#else
	*name_out = "portable";
	return leat__json_scan_portable;
#endif
}

uint32_t
leat_json_scan(struct leat_json_scan *scan, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max)
{
	const char *name;

	return scan_choose(&name)(scan, text, n_bytes, out, n_max);
}

const char *
leat_json_scan_name(void)
{
	const char *name;

	scan_choose(&name);
	return name;
}
