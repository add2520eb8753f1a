# Libraries of compressed formats, and of stores. Each can be left out by its
# option, and is where it is missing; what needs it then says so.

set(leat_codec_definitions "")
set(leat_codec_libraries "")
set(leat_codec_libs "") # for leat.pc

# leat_codec(ZSTD header library package)
function(leat_codec name header library package)
	if(NOT LEAT_WITH_${name})
		return()
	endif()
	find_path(LEAT_${name}_INCLUDE ${header})
	find_library(LEAT_${name}_LIBRARY ${library})
	if(NOT LEAT_${name}_INCLUDE OR NOT LEAT_${name}_LIBRARY)
		message(STATUS "Without ${library} (Debian: ${package})")
		return()
	endif()
	set(leat_codec_definitions ${leat_codec_definitions}
		LEAT_WITH_${name}=1 PARENT_SCOPE)
	set(leat_codec_libraries ${leat_codec_libraries} ${library}
		PARENT_SCOPE)
	set(leat_codec_libs "${leat_codec_libs} -l${library}" PARENT_SCOPE)
endfunction()

leat_codec(ISAL isa-l/igzip_lib.h isal libisal-dev)
leat_codec(ZLIB zlib.h z zlib1g-dev)
leat_codec(ZSTD zstd.h zstd libzstd-dev)
leat_codec(LZ4 lz4frame.h lz4 liblz4-dev)
leat_codec(BZIP2 bzlib.h bz2 libbz2-dev)
leat_codec(SQLITE sqlite3.h sqlite3 libsqlite3-dev)
