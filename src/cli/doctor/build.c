/*
 * cli/doctor/build.c -- leat doctor: the libraries that this command was built
 * with, in the versions that are loaded, and those that were left out.
 */
#include <string.h>

#ifdef LEAT_WITH_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif
#ifdef LEAT_WITH_ZLIB
#include <zlib.h>
#endif
#ifdef LEAT_WITH_ZSTD
#include <zstd.h>
#endif
#ifdef LEAT_WITH_LZ4
#include <lz4.h>
#endif
#ifdef LEAT_WITH_BZIP2
#include <bzlib.h>
#endif
#ifdef LEAT_WITH_SQLITE
#include <sqlite3.h>
#endif
#ifdef LEAT_WITH_FYAML
#include <libfyaml.h>
#endif
#ifdef LEAT_WITH_MICROHTTPD
#include <microhttpd.h>
#endif

#include "doctor.h"

extern int mallctl(const char *name, void *old, size_t *n_old, void *new_value,
	size_t n_new) __attribute__((weak));

/* In the place of a version: it was left out. */
#define LEFT_OUT NULL

static const char *
version_pcre2(char *buf, size_t n_bytes)
{
#ifdef LEAT_WITH_PCRE2
	char version[64];

	if (pcre2_config(PCRE2_CONFIG_VERSION, version) < 0)
		return "?";
	snprintf(buf, n_bytes, "%s", version);
	return buf;
#else
	(void)buf;
	(void)n_bytes;
	return LEFT_OUT;
#endif
}

static const char *
version_jemalloc(void)
{
	const char *version = LEFT_OUT;
	size_t n = sizeof(version);

	if (!mallctl || mallctl("version", &version, &n, NULL, 0))
		return LEFT_OUT;
	return version;
}

static const char *
version_zlib(void)
{
#ifdef LEAT_WITH_ZLIB
	return zlibVersion();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_zstd(void)
{
#ifdef LEAT_WITH_ZSTD
	return ZSTD_versionString();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_lz4(void)
{
#ifdef LEAT_WITH_LZ4
	return LZ4_versionString();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_bzip2(void)
{
#ifdef LEAT_WITH_BZIP2
	return BZ2_bzlibVersion();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_sqlite(void)
{
#ifdef LEAT_WITH_SQLITE
	return sqlite3_libversion();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_fyaml(void)
{
#ifdef LEAT_WITH_FYAML
	return fy_library_version();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_microhttpd(void)
{
#ifdef LEAT_WITH_MICROHTTPD
	return MHD_get_version();
#else
	return LEFT_OUT;
#endif
}

static const char *
version_isal(void)
{
#ifdef LEAT_WITH_ISAL
	return "";
#else
	return LEFT_OUT;
#endif
}

/* What is missing without it, and how it is got. */
static void
build_tell(struct leat__doctor *d, const char *name, const char *version,
	const char *missing)
{
	char advice[256];

	if (version) {
		leat__doctor_tell(d, LEAT__DOCTOR_GOOD, name, NULL, "%s%s",
			*version ? "version " : "built in", version);
		return;
	}
	snprintf(advice, sizeof(advice),
		"install Debian's lib%s-dev and build again, if it is wanted",
		strcmp(name, "bzip2") == 0            ? "bz2"
			: strcmp(name, "zlib") == 0   ? "z"
			: strcmp(name, "sqlite") == 0 ? "sqlite3"
						      : name);
	leat__doctor_tell(d, LEAT__DOCTOR_WARN, name, advice,
		"left out of this build: %s", missing);
}

void
leat__doctor_build(struct leat__doctor *d)
{
	char buf[64];

	build_tell(d, "jemalloc", version_jemalloc(),
		"side memory comes from the C library");
	build_tell(d, "pcre2", version_pcre2(buf, sizeof(buf)),
		"no regular expressions");
	build_tell(d, "isal", version_isal(), "gzip is read at half the speed");
	build_tell(d, "zlib", version_zlib(), "gzip is not written");
	build_tell(d, "zstd", version_zstd(), "no .zst");
	build_tell(d, "lz4", version_lz4(), "no .lz4");
	build_tell(d, "bzip2", version_bzip2(), "no .bz2");
	build_tell(d, "fyaml", version_fyaml(), "no jobs in YAML and JSON");
	build_tell(d, "microhttpd", version_microhttpd(), "no --metrics");
	build_tell(d, "sqlite", version_sqlite(), "no dead letters in SQLite");
}
