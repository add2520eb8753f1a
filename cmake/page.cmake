# The page of src/page/web: what npm brings is bundled by esbuild into one file
# of HTML, and that into the library as an array. Without npm, or where it
# brings nothing, the library says so when it is asked for the page.
#
# LEAT_PAGE_FOLDER is where npm installs; several builds may share one.

set(LEAT_PAGE_FOLDER ${PROJECT_BINARY_DIR}/npm CACHE PATH
	"Where npm installs what the page is made of")
set(page_web ${PROJECT_SOURCE_DIR}/src/page/web)
set(has_page OFF)

# Installs what the lock file says, unless it was installed before.
function(leat_page_install is_there)
	file(SHA256 ${page_web}/package-lock.json wanted)
	set(stamp ${LEAT_PAGE_FOLDER}/installed)
	file(MAKE_DIRECTORY ${LEAT_PAGE_FOLDER})
	file(LOCK ${LEAT_PAGE_FOLDER}/lock GUARD FUNCTION)
	set(found)
	if(EXISTS ${stamp})
		file(READ ${stamp} found)
	endif()
	if(NOT found STREQUAL wanted)
		file(COPY ${page_web}/package.json ${page_web}/package-lock.json
			DESTINATION ${LEAT_PAGE_FOLDER})
		execute_process(COMMAND ${LEAT_NPM} ci --ignore-scripts
			--no-audit --no-fund --fetch-retries=1
			--fetch-timeout=20000
			WORKING_DIRECTORY ${LEAT_PAGE_FOLDER} TIMEOUT 120
			RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
		if(failed)
			return()
		endif()
		file(WRITE ${stamp} ${wanted})
	endif()
	set(${is_there} ON PARENT_SCOPE)
endfunction()

if(LEAT_WITH_PAGE)
	find_program(LEAT_NODE NAMES node nodejs)
	find_program(LEAT_NPM npm)
	if(LEAT_NODE AND LEAT_NPM)
		leat_page_install(has_page)
		if(NOT has_page)
			message(STATUS "Without the page: npm does not bring "
				"what it is made of")
		endif()
	else()
		message(STATUS "Without the page (Debian: nodejs, npm)")
	endif()
endif()

if(has_page)
	file(GLOB page_files CONFIGURE_DEPENDS ${page_web}/*)
	set(page_made ${PROJECT_BINARY_DIR}/page)
	add_custom_command(OUTPUT ${page_made}/page_html.c
		COMMAND ${LEAT_NODE} ${page_web}/build.mjs
			${LEAT_PAGE_FOLDER}/node_modules ${page_made}
		COMMAND ${CMAKE_COMMAND} -D FOLDER=${page_made}
			-P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
		DEPENDS ${page_files} ${LEAT_PAGE_FOLDER}/installed
			${PROJECT_SOURCE_DIR}/cmake/embed.cmake
		COMMENT "The page" VERBATIM)
	target_sources(leat_core PRIVATE ${page_made}/page_html.c)
	set_source_files_properties(${PROJECT_SOURCE_DIR}/src/page/html.c
		PROPERTIES COMPILE_DEFINITIONS LEAT_WITH_PAGE=1)
endif()
