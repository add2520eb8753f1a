# One executable per fuzzer, tests/fuzz/NAME.c. With LEAT_FUZZ libFuzzer runs it
# (clang only); else, where memory is checked, it is a test that replays
# tests/fuzz/corpus/NAME.

file(GLOB fuzz_support_sources CONFIGURE_DEPENDS tests/fuzz/support/*.c)
list(FILTER fuzz_support_sources EXCLUDE REGEX "/replay\\.c$")
file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*.c)

add_library(leat_fuzz_support STATIC ${fuzz_support_sources})
leat_compile(leat_fuzz_support)
target_include_directories(leat_fuzz_support PRIVATE src tests)
target_link_libraries(leat_fuzz_support PUBLIC leat_whole)

add_custom_target(fuzzers)
foreach(source ${fuzz_sources})
	get_filename_component(name ${source} NAME_WE)
	set(target fuzz_${name})
	set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
	add_executable(${target} ${source})
	if(NOT LEAT_FUZZ)
		target_sources(${target} PRIVATE tests/fuzz/support/replay.c)
		add_test(NAME fuzz/${name} COMMAND ${target})
	else()
		target_link_options(${target} PRIVATE -fsanitize=fuzzer)
	endif()
	leat_compile(${target})
	leat_program(${target})
	target_compile_definitions(${target} PRIVATE FUZZ_CORPUS="${corpus}")
	target_include_directories(${target} PRIVATE src tests)
	target_link_libraries(${target} PRIVATE leat_fuzz_support m)
	set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/fuzz)
	add_dependencies(fuzzers ${target})
endforeach()
