# What of the core reaches atomics, once more, with every atomic access a point
# of the simulator (tests/support/sim); all else is what it is elsewhere. And the
# program `sim` that runs its scenarios: built when asked for. Needs
# Boost.Context (Debian: libboost-context-dev). One OS thread, so there is
# nothing in it for ThreadSanitizer.

if(LEAT_SANITIZE STREQUAL "thread")
	return()
endif()
find_library(LEAT_CONTEXT_LIBRARY NAMES boost_context)
if(NOT LEAT_CONTEXT_LIBRARY)
	message(STATUS "No simulator: Boost.Context is missing "
		"(Debian: libboost-context-dev)")
	return()
endif()

file(GLOB sim_support CONFIGURE_DEPENDS tests/support/sim/*.c)
file(GLOB sim_stages CONFIGURE_DEPENDS tests/support/numbers.c
	tests/support/fail.c tests/support/oracle*.c)
file(GLOB sim_scenarios CONFIGURE_DEPENDS tests/sim/*.c)

# How everything in the simulator is compiled. Assertions stay on.
function(leat_sim_compile target)
	leat_compile(${target})
	target_compile_definitions(${target} PRIVATE LEAT__SIM=1
		LEAT__FCONTEXT=1)
	target_compile_options(${target} PRIVATE -UNDEBUG -fno-strict-aliasing)
	target_include_directories(${target} BEFORE PRIVATE
		tests/support/sim tests/support src tests)
endfunction()

# Of the real world only the files are used, under other names; what would end
# the process ends a run.
file(GLOB sim_headers CONFIGURE_DEPENDS src/*/*.h)
leat_reaching(sim_pattern
	"LEAT__SIM|LEAT__FCONTEXT|#include <ck_|#include \"sim/"
	${sim_headers})
leat_saying(sim_sources "${sim_pattern}" ${core_sources})
list(FILTER sim_sources EXCLUDE REGEX "/src/(env/posix|base/error)\\.c$")
leat_objects_of(sim_objects ${sim_sources} src/env/posix.c src/base/error.c)
add_library(leat_sim_world OBJECT EXCLUDE_FROM_ALL
	src/env/posix.c src/base/error.c)
leat_sim_compile(leat_sim_world)
target_compile_definitions(leat_sim_world PRIVATE
	leat__env_posix=sim_posix_env leat_now_ns=sim_posix_now_ns
	leat__thread_slot=sim_posix_thread_slot leat__abort=sim_posix_abort)

add_library(leat_sim STATIC EXCLUDE_FROM_ALL
	${sim_sources} ${sim_support}
	"$<FILTER:$<TARGET_OBJECTS:leat_core>,EXCLUDE,${sim_objects}>"
	$<TARGET_OBJECTS:leat_stages> $<TARGET_OBJECTS:leat_sim_world>)
leat_sim_compile(leat_sim)
target_link_libraries(leat_sim PUBLIC ck m ${LEAT_CONTEXT_LIBRARY}
	${leat_pcre2_library} ${leat_codec_libraries} Threads::Threads)
target_link_options(leat_sim PUBLIC ${leat_link_flags})

add_executable(sim EXCLUDE_FROM_ALL ${sim_scenarios} ${sim_stages})
leat_sim_compile(sim)
target_link_libraries(sim PRIVATE leat_sim)
set_target_properties(sim PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
