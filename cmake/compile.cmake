# How targets are compiled and linked: one function per kind of target.

find_package(Threads REQUIRED)
find_path(LEAT_CK_INCLUDE ck_ring.h)
find_library(LEAT_CK_LIBRARY ck)
if(NOT LEAT_CK_INCLUDE OR NOT LEAT_CK_LIBRARY)
	message(FATAL_ERROR "Concurrency Kit is missing (Debian: libck-dev)")
endif()
set(leat_is_sanitized OFF)
if(NOT LEAT_SANITIZE STREQUAL "none")
	set(leat_is_sanitized ON)
endif()
if(LEAT_WITH_JEMALLOC AND NOT leat_is_sanitized)
	find_library(LEAT_JEMALLOC_LIBRARY jemalloc)
	if(NOT LEAT_JEMALLOC_LIBRARY)
		message(FATAL_ERROR "jemalloc is missing (Debian: "
			"libjemalloc-dev); leave it out by -DLEAT_WITH_JEMALLOC=OFF")
	endif()
endif()

set(leat_pcre2_library)
if(LEAT_WITH_PCRE2)
	find_path(LEAT_PCRE2_INCLUDE pcre2.h)
	find_library(LEAT_PCRE2_LIBRARY pcre2-8)
	if(NOT LEAT_PCRE2_INCLUDE OR NOT LEAT_PCRE2_LIBRARY)
		message(FATAL_ERROR "PCRE2 is missing (Debian: libpcre2-dev); "
			"leave it out by -DLEAT_WITH_PCRE2=OFF")
	endif()
	set(leat_pcre2_library pcre2-8)
	set(leat_pcre2_libs " -lpcre2-8")
endif()

# Places that stand still until somebody asks for them from outside.
set(leat_probe_definitions)
if(LEAT_WITH_USDT)
	find_path(LEAT_SDT_INCLUDE sys/sdt.h)
	if(LEAT_SDT_INCLUDE)
		set(leat_probe_definitions LEAT_WITH_USDT=1)
	else()
		message(STATUS "Without sys/sdt.h (Debian: systemtap-sdt-dev)")
	endif()
endif()

set(leat_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion
	-Wstrict-prototypes -Wmissing-prototypes)
set(leat_flags -fno-strict-overflow)
set(leat_link_flags)
if(leat_is_sanitized)
	list(APPEND leat_flags -fsanitize=${LEAT_SANITIZE}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	list(APPEND leat_link_flags -fsanitize=${LEAT_SANITIZE})
endif()
# Where nothing is hidden, programs use the library with all that is in it, also
# what that is linked with: under a sanitizer, and for tests/mutants, which has to
# build one line that changed and link once.
set(leat_hides_nothing OFF)
set(leat_visibility hidden)
set(leat_reach PRIVATE)
if((leat_is_sanitized AND NOT LEAT_FUZZ) OR CMAKE_BUILD_TYPE STREQUAL "Mutant")
	set(leat_hides_nothing ON)
	set(leat_visibility default)
	set(leat_reach PUBLIC)
endif()
if(LEAT_FUZZ)
	list(APPEND leat_flags -fsanitize=fuzzer-no-link)
endif()
if(LEAT_COVERAGE)
	list(APPEND leat_flags --coverage)
	list(APPEND leat_link_flags --coverage)
endif()
if(PROJECT_IS_TOP_LEVEL AND LEAT_LINES_ONLY)
	set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
	set(CMAKE_C_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
elseif(PROJECT_IS_TOP_LEVEL)
	set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
	set(CMAKE_C_FLAGS_DEBUG "-O1 -g3 -fno-omit-frame-pointer")
endif()

# Most of what AddressSanitizer looks at runs a few times only: to compile it
# with -O0 takes a third of the time. (ThreadSanitizer looks at each variable that
# is not in a register, so there it would be dear.)
set(leat_quick_flags)
if(leat_hides_nothing AND LEAT_SANITIZE MATCHES "address")
	set(leat_quick_flags $<$<CONFIG:Debug>:-O0>)
endif()

# Everything: C11 with the builtins of GNU C, public headers, warnings.
function(leat_compile target)
	set_target_properties(${target} PROPERTIES C_STANDARD 11
		C_STANDARD_REQUIRED ON C_EXTENSIONS ON POSITION_INDEPENDENT_CODE ON
		C_VISIBILITY_PRESET ${leat_visibility})
	target_compile_options(${target} PRIVATE ${leat_flags})
	if(PROJECT_IS_TOP_LEVEL)
		target_compile_options(${target} PRIVATE ${leat_warnings})
	endif()
	if(LEAT_SANITIZE STREQUAL "thread")
		# Concurrency Kit's assembly is opaque to ThreadSanitizer.
		target_include_directories(${target} BEFORE PRIVATE
			${PROJECT_SOURCE_DIR}/tests/support/tsan)
	endif()
	if(LEAT_TEST_TINY)
		target_compile_definitions(${target} PRIVATE LEAT_TEST_TINY=1)
	endif()
	if(LEAT_WITH_PCRE2)
		target_compile_definitions(${target} PRIVATE LEAT_WITH_PCRE2=1)
	endif()
	target_include_directories(${target} PRIVATE
		${PROJECT_SOURCE_DIR}/include)
endfunction()

# The library, in either form: what users of it need.
function(leat_library target)
	set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C
		VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
	target_include_directories(${target} INTERFACE
		$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
		$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
	target_link_libraries(${target} ${leat_reach} ck m Threads::Threads
		${leat_pcre2_library} ${leat_context_library}
		${leat_codec_libraries})
	target_link_options(${target} PRIVATE ${leat_link_flags})
	get_target_property(kind ${target} TYPE)
	if(kind STREQUAL "SHARED_LIBRARY" AND leat_hides_nothing)
		target_link_options(${target} PRIVATE LINKER:-Bsymbolic)
	elseif(kind STREQUAL "SHARED_LIBRARY")
		target_link_options(${target} PRIVATE LINKER:-z,defs)
	endif()
endfunction()

# A program of ours: the library's objects, and jemalloc where it is wanted.
# The library looks for jemalloc by weak symbols, which alone would not keep
# it from being dropped as unneeded. leat_program(TARGET [LIBRARY])
function(leat_program target)
	set(library leat_whole ${ARGN})
	list(GET library -1 library)
	target_link_libraries(${target} PRIVATE ${library} Threads::Threads)
	target_link_options(${target} PRIVATE ${leat_link_flags})
	if(LEAT_WITH_JEMALLOC AND NOT leat_is_sanitized)
		target_link_libraries(${target} PRIVATE
			-Wl,--push-state,--no-as-needed
			${LEAT_JEMALLOC_LIBRARY} -Wl,--pop-state)
	endif()
endfunction()
