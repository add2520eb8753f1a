# The tests once more with the smallest limits (LEAT_TEST_TINY): what names that
# word, or includes a header that does, is compiled again, assertions on; all
# else is what the tests of this build have. `ninja tiny` builds them:
# tests/unit/chan/ring.c is tiny/tests/unit/chan/ring as well. (The option
# LEAT_TEST_TINY has it in all that is built.)

file(GLOB_RECURSE tiny_headers CONFIGURE_DEPENDS
	${PROJECT_SOURCE_DIR}/src/*.h ${PROJECT_SOURCE_DIR}/tests/*.h)
leat_reaching(tiny_pattern LEAT_TEST_TINY ${tiny_headers})
leat_saying(tiny_sources "${tiny_pattern}" ${core_sources})
leat_objects_of(tiny_objects ${tiny_sources})

# What is compiled again.
function(leat_tiny_compile target)
	leat_compile(${target})
	target_compile_definitions(${target} PRIVATE LEAT_TEST_TINY=1)
	target_compile_options(${target} PRIVATE -UNDEBUG)
	target_include_directories(${target} PRIVATE src tests)
endfunction()

add_library(leat_tiny STATIC EXCLUDE_FROM_ALL ${tiny_sources}
	"$<FILTER:$<TARGET_OBJECTS:leat_core>,EXCLUDE,${tiny_objects}>"
	$<TARGET_OBJECTS:leat_stages>)
leat_tiny_compile(leat_tiny)
leat_library(leat_tiny)

# Allocates as the C library does: jemalloc is in the others.
function(leat_tiny_program target)
	target_link_options(${target} PRIVATE ${leat_link_flags}
		${leat_test_link_flags})
	add_dependencies(${target} leat_test_support)
	target_link_libraries(${target} PRIVATE
		$<TARGET_FILE:leat_test_support> leat_tiny PkgConfig::CHECK m
		Threads::Threads)
endfunction()

add_custom_target(tiny)
foreach(source ${test_sources})
	string(REGEX REPLACE "\\.c$" "" name ${source})
	string(REPLACE "/" "_" target ${name})
	get_filename_component(folder ${name} DIRECTORY)
	get_filename_component(leaf ${name} NAME)
	leat_saying(is_tiny "${tiny_pattern}"
		${PROJECT_SOURCE_DIR}/tests/${source})
	if(is_tiny)
		add_executable(tiny_${target} EXCLUDE_FROM_ALL tests/${source})
		leat_tiny_compile(tiny_${target})
		target_compile_definitions(tiny_${target} PRIVATE
			${leat_codec_definitions})
		target_compile_options(tiny_${target} PRIVATE
			-Wno-missing-prototypes $<$<CONFIG:Release>:-O1>)
	else()
		add_executable(tiny_${target} EXCLUDE_FROM_ALL
			$<TARGET_OBJECTS:test_${target}>)
		set_target_properties(tiny_${target} PROPERTIES
			LINKER_LANGUAGE C)
	endif()
	leat_tiny_program(tiny_${target})
	set_target_properties(tiny_${target} PROPERTIES OUTPUT_NAME ${leaf}
		RUNTIME_OUTPUT_DIRECTORY
		${PROJECT_BINARY_DIR}/tiny/tests/${folder})
	add_dependencies(tiny tiny_${target})
endforeach()
