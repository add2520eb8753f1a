# Headers, library, command, manual page, completion, and the files by which
# other projects find the library: leat.pc and leatConfig.cmake.

include(CMakePackageConfigHelpers)

install(TARGETS leat EXPORT leat)
install(TARGETS leat_command)
install(DIRECTORY include/leat TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(FILES docs/leat.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# The shells' completion scripts are what the command prints.
set(completions ${PROJECT_BINARY_DIR}/completions)
file(MAKE_DIRECTORY ${completions})
foreach(shell bash zsh fish)
	add_custom_command(OUTPUT ${completions}/leat.${shell}
		COMMAND leat_command completion ${shell}
			> ${completions}/leat.${shell}
		DEPENDS leat_command VERBATIM)
endforeach()
add_custom_target(completions ALL DEPENDS ${completions}/leat.bash
	${completions}/leat.zsh ${completions}/leat.fish)
install(FILES ${completions}/leat.bash RENAME leat
	DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/leat.zsh RENAME _leat
	DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${completions}/leat.fish
	DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/leat)
set(generated ${PROJECT_BINARY_DIR}/generated)
install(EXPORT leat NAMESPACE leat:: FILE leatTargets.cmake
	DESTINATION ${package_dir})
configure_package_config_file(cmake/leatConfig.cmake.in
	${generated}/leatConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${generated}/leatConfigVersion.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/leatConfig.cmake
	${generated}/leatConfigVersion.cmake DESTINATION ${package_dir})

# Users of an archive link what it leans on; users of a shared one need not.
set(pc_libs_public "")
set(pc_libs_private
	"-lck -lpthread -lm${leat_pcre2_libs}${leat_context_libs}${leat_codec_libs}")
if(NOT BUILD_SHARED_LIBS)
	set(pc_libs_public " ${pc_libs_private}")
	set(pc_libs_private "")
endif()
# Where it is installed to is known only then: cmake --install --prefix FOLDER.
set(pc_prefix "@CMAKE_INSTALL_PREFIX@")
configure_file(cmake/leat.pc.in ${generated}/leat.pc.in @ONLY)
install(CODE "
	get_filename_component(
		CMAKE_INSTALL_PREFIX \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
	configure_file(\"${generated}/leat.pc.in\"
		\"${generated}/leat.pc\" @ONLY)")
install(FILES ${generated}/leat.pc
	DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
