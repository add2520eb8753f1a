# How fibers switch stacks: a dozen instructions of our own on x86-64 (3.5 ns
# where Boost's take 28, for they stay in the caller's frame), else Boost's
# or, at 800 ns, the system's swapcontext. To be included behind compile.cmake:
# it adds to the flags of everything that is compiled from there on.

set(LEAT_BOOST AUTO CACHE STRING
	"Switch fibers by Boost.Context: AUTO (not on x86-64), ON or OFF")
set_property(CACHE LEAT_BOOST PROPERTY STRINGS AUTO ON OFF)

set(leat_context_library "") # to be linked with
set(leat_context_libs "")    # and for leat.pc
set(leat_wants_boost ${LEAT_BOOST})
if(LEAT_BOOST STREQUAL "AUTO" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
	set(leat_wants_boost OFF)
endif()
if(NOT leat_wants_boost STREQUAL "OFF")
	find_library(LEAT_CONTEXT_LIBRARY NAMES boost_context)
	if(LEAT_CONTEXT_LIBRARY)
		list(APPEND leat_flags -DLEAT__FCONTEXT=1)
		set(leat_context_library boost_context)
		set(leat_context_libs " -lboost_context")
	elseif(leat_wants_boost STREQUAL "AUTO")
		message(STATUS "Boost.Context is missing (Debian: "
			"libboost-context-dev): fibers switch by swapcontext")
	else()
		message(FATAL_ERROR "Boost.Context is missing (Debian: "
			"libboost-context-dev)")
	endif()
endif()
