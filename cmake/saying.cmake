# Which files say something, by themselves or by what they include: so that the
# same objects serve builds that differ in a word that few of them read.

# leat_saying(FOUND PATTERN FILE...): of the files, those with such a line.
function(leat_saying found_out pattern)
	set(found)
	foreach(file ${ARGN})
		file(STRINGS ${file} lines REGEX "${pattern}" LIMIT_COUNT 1)
		if(lines)
			list(APPEND found ${file})
		endif()
	endforeach()
	set(${found_out} ${found} PARENT_SCOPE)
endfunction()

# leat_reaching(PATTERN WORDS HEADER...): the words, or a line that includes one
# of the headers from which they are reached.
function(leat_reaching pattern_out words)
	set(pattern "${words}")
	set(before)
	while(NOT pattern STREQUAL before)
		set(before "${pattern}")
		leat_saying(found "${pattern}" ${ARGN})
		set(pattern "${words}")
		foreach(header ${found})
			string(REGEX REPLACE "^.*/(src|tests)/" "" name
				${header})
			string(APPEND pattern "|#include \"${name}\"")
		endforeach()
	endwhile()
	set(${pattern_out} "${pattern}" PARENT_SCOPE)
endfunction()

# leat_objects_of(PATTERN SOURCE...): matches the objects of these sources.
function(leat_objects_of pattern_out)
	list(TRANSFORM ARGN REPLACE "^.*(src/[^/]*/[^/]*)$" "\\1.o"
		OUTPUT_VARIABLE objects)
	list(JOIN objects "|" objects)
	set(${pattern_out} "${objects}" PARENT_SCOPE)
endfunction()
