# One executable per question: tests/bench/NAME.c, or NAME.py, is
# build/bench/NAME. They measure the library's own parts too, so they see its
# internal headers.

file(GLOB bench_sources CONFIGURE_DEPENDS tests/bench/*.c)
file(GLOB bench_scripts CONFIGURE_DEPENDS tests/bench/*.py)
file(GLOB bench_support CONFIGURE_DEPENDS tests/bench/support/*.c)

# What is measured does the same work as its rivals, so it is compiled as they
# are: the compiler may use vectors. The library is built as anywhere else.
set_source_files_properties(${bench_sources} ${bench_support} PROPERTIES
	COMPILE_OPTIONS -O3)

add_custom_target(bench)
foreach(source ${bench_sources})
	get_filename_component(name ${source} NAME_WE)
	add_executable(bench_${name} ${source} ${bench_support})
	leat_compile(bench_${name})
	leat_program(bench_${name})
	target_include_directories(bench_${name} PRIVATE src tests tests/bench)
	target_link_libraries(bench_${name} PRIVATE ck m)
	set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
	add_dependencies(bench bench_${name})
endforeach()
foreach(source ${bench_scripts})
	get_filename_component(name ${source} NAME_WE)
	configure_file(${source} ${PROJECT_BINARY_DIR}/bench/${name} COPYONLY
		FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
		GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
