# The command: its sources, compiled once, and the libraries that it alone
# uses. Each can be left out, and is then told of where it is wanted.

file(GLOB_RECURSE cli_sources CONFIGURE_DEPENDS src/cli/*.c)
file(GLOB cli_folders LIST_DIRECTORIES ON src/cli/*)
list(FILTER cli_folders EXCLUDE REGEX "\\.[a-z]+$")
set(cli_libraries)
set(cli_definitions)

# A library that is loaded when it is wanted, by the name that it has given
# itself: LEAT_<what>_NAME. One without such a name is linked.
function(leat_late_library what library)
	if(CMAKE_READELF)
		execute_process(COMMAND ${CMAKE_READELF} -d ${library}
			OUTPUT_VARIABLE facts ERROR_QUIET)
	endif()
	if(facts MATCHES "SONAME[^\n]*\\[([^]\n]+)\\]")
		set(libraries ${CMAKE_DL_LIBS})
		list(APPEND cli_definitions
			"LEAT_${what}_NAME=\"${CMAKE_MATCH_1}\"")
	else()
		set(libraries ${library})
	endif()
	set(cli_libraries ${cli_libraries} ${libraries} PARENT_SCOPE)
	set(cli_definitions ${cli_definitions} PARENT_SCOPE)
endfunction()

if(LEAT_WITH_FYAML)
	find_library(LEAT_FYAML_LIBRARY fyaml)
	if(LEAT_FYAML_LIBRARY)
		set(has_fyaml ON)
		list(APPEND cli_libraries ${LEAT_FYAML_LIBRARY})
		list(APPEND cli_definitions LEAT_WITH_FYAML=1)
	else()
		message(STATUS "Without fyaml (Debian: libfyaml-dev)")
	endif()
endif()
if(has_fyaml)
	list(FILTER cli_sources EXCLUDE REGEX "/job/none\\.c$")
else()
	list(FILTER cli_sources EXCLUDE REGEX
		"/job/(job|chain|error|swap|test|text|vars|walk|yaml)\\.c$")
endif()

if(LEAT_WITH_MICROHTTPD)
	find_library(LEAT_MICROHTTPD_LIBRARY microhttpd)
	if(LEAT_MICROHTTPD_LIBRARY)
		list(APPEND cli_libraries ${LEAT_MICROHTTPD_LIBRARY})
		list(APPEND cli_definitions LEAT_WITH_MICROHTTPD=1)
	else()
		message(STATUS
			"Without microhttpd (Debian: libmicrohttpd-dev)")
	endif()
endif()

if(LEAT_WITH_CURL)
	find_path(LEAT_CURL_INCLUDE curl/curl.h)
	find_library(LEAT_CURL_LIBRARY curl)
	if(LEAT_CURL_INCLUDE AND LEAT_CURL_LIBRARY)
		list(APPEND cli_definitions LEAT_WITH_CURL=1)
		leat_late_library(CURL ${LEAT_CURL_LIBRARY})
	else()
		message(STATUS "Without curl (Debian: libcurl4-openssl-dev)")
	endif()
endif()

add_library(leat_cli OBJECT ${cli_sources})
leat_compile(leat_cli)
target_include_directories(leat_cli PRIVATE src/cli ${cli_folders})
target_compile_options(leat_cli PRIVATE ${leat_quick_flags})
# what the codecs are is said by leat doctor
target_compile_definitions(leat_cli PRIVATE ${cli_definitions}
	${leat_codec_definitions})

# A program that is the command. leat_command(TARGET [LIBRARY])
function(leat_command target)
	target_link_libraries(${target} PRIVATE leat_cli)
	leat_program(${target} ${ARGN})
	target_link_libraries(${target} PRIVATE ${cli_libraries})
endfunction()
