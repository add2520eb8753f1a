# One executable per test file, at the same path below tests/ in the build:
# tests/unit/chan/channel.c is build/tests/unit/chan/channel, and
# `ctest -R chan/channel` runs it alone.

# They are many, and linking them is half of the work: mold needs a sixth of
# the time, where it is installed.

include(CheckLinkerFlag)
check_linker_flag(C -fuse-ld=mold LEAT_HAS_MOLD)
set(leat_test_link_flags)
if(LEAT_HAS_MOLD)
	set(leat_test_link_flags -fuse-ld=mold)
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check)

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS RELATIVE
	${PROJECT_SOURCE_DIR}/tests tests/unit/*.c tests/stress/*.c
	tests/regress/*.c)

if(support_sources)
	add_library(leat_test_support STATIC ${support_sources})
	leat_compile(leat_test_support)
	target_include_directories(leat_test_support PRIVATE src tests)
	target_link_libraries(leat_test_support PUBLIC leat_whole
		PkgConfig::CHECK)
endif()

# A test runs once: what it takes to compile it better is more than that saves.
set(leat_test_compile_flags $<$<CONFIG:Release>:-O1>)
if(leat_is_sanitized)
	set(leat_test_compile_flags -O0)
endif()

add_custom_target(tests)
foreach(source ${test_sources})
	string(REGEX REPLACE "\\.c$" "" name ${source})
	string(REPLACE "/" "_" target test_${name})
	get_filename_component(folder ${name} DIRECTORY)
	get_filename_component(leaf ${name} NAME)
	add_executable(${target} tests/${source})
	leat_compile(${target})
	leat_program(${target})
	target_include_directories(${target} PRIVATE src tests)
	target_compile_definitions(${target} PRIVATE ${leat_codec_definitions})
	target_compile_options(${target} PRIVATE -Wno-missing-prototypes
		${leat_test_compile_flags})
	target_link_options(${target} PRIVATE ${leat_test_link_flags})
	if(support_sources)
		target_link_libraries(${target} PRIVATE leat_test_support)
	endif()
	target_link_libraries(${target} PRIVATE PkgConfig::CHECK m)
	# The command is a program; of it a test has the file that it is about.
	if(name MATCHES "^unit/cli/")
		string(REPLACE "unit/" "src/" source ${name}.c)
		target_sources(${target} PRIVATE ${source})
		target_include_directories(${target} PRIVATE src/cli)
	endif()
	set_target_properties(${target} PROPERTIES OUTPUT_NAME ${leaf}
		RUNTIME_OUTPUT_DIRECTORY
		${PROJECT_BINARY_DIR}/tests/${folder})
	add_dependencies(tests ${target})
	add_test(NAME ${name} COMMAND ${target}
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()

# The command with a stage that counts wrong, for tests/cli.sh. It is wrapped
# where objects are linked, so never in a library that others share.
add_executable(losing tests/support/cli/losing.c)
leat_compile(losing)
if(leat_hides_nothing)
	leat_command(losing leat)
else()
	leat_command(losing)
endif()
target_include_directories(losing PRIVATE src)
target_compile_options(losing PRIVATE -Wno-missing-prototypes)
target_link_options(losing PRIVATE -Wl,--wrap=leat_stage_count
	${leat_test_link_flags})
set_target_properties(losing PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

# Run by tests/interop.sh, where the other side can be had.
add_executable(interop_duckdb tests/interop/duckdb.c)
leat_compile(interop_duckdb)
leat_program(interop_duckdb)
target_link_libraries(interop_duckdb PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(interop_duckdb PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/interop)
