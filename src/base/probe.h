/*
 * base/probe.h -- places at which tools outside the process can look on.
 *
 * Each is one instruction that does nothing, and a note in the program that
 * says where it is and where its arguments are (USDT, of the provider leat);
 * docs/tracing.md lists them. Arguments are what is at hand there: nothing is
 * computed for a probe.
 */
#ifndef LEAT_SRC_BASE_PROBE_H
#define LEAT_SRC_BASE_PROBE_H

#ifdef LEAT_WITH_USDT
#ifdef __clang__ /* which would say at each probe that sys/sdt.h is not C11 */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#include <sys/sdt.h>

#define leat__probe_1(name, a)       DTRACE_PROBE1(leat, name, a)
#define leat__probe_2(name, a, b)    DTRACE_PROBE2(leat, name, a, b)
#define leat__probe_3(name, a, b, c) DTRACE_PROBE3(leat, name, a, b, c)
#else

#define leat__probe_1(name, a)       ((void)(a))
#define leat__probe_2(name, a, b)    ((void)(a), (void)(b))
#define leat__probe_3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

#endif
