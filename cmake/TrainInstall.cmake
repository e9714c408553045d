# What `cmake --install` puts where: tools, headers with their TableGen sources, libraries,
# the runtime that trained executables are linked with, documentation, and a package for
# find_package(TrainMLIR). Promises that the installed tree can be moved: nothing in it
# names the build directory or its own prefix.
include(CMakePackageConfigHelpers)
include(TrainDocs)

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/TrainMLIR)

# A library of the runtime can be on the list twice: once by its kind, once by its place.
get_property(_libraries GLOBAL PROPERTY TRAIN_LIBRARIES)
list(APPEND _libraries trainRuntimeCore trainRuntimeMain)
list(REMOVE_DUPLICATES _libraries)
install(TARGETS ${_libraries} EXPORT TrainMLIRTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT TrainMLIRTargets NAMESPACE TrainMLIR:: DESTINATION ${_package_dir})

# Debian keeps LLVM's shared libraries out of the loader's path.
get_property(_tools GLOBAL PROPERTY TRAIN_TOOLS)
set_target_properties(${_tools} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/train ${CMAKE_BINARY_DIR}/include/train
        ${CMAKE_SOURCE_DIR}/runtime/include/train
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md")
install(DIRECTORY ${CMAKE_BINARY_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/reference
        FILES_MATCHING PATTERN "*.md")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/TrainMLIRConfig.cmake.in
  ${CMAKE_BINARY_DIR}/install/TrainMLIRConfig.cmake
  INSTALL_DESTINATION ${_package_dir}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may change any interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/TrainMLIRConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/install/TrainMLIRConfig.cmake
  ${CMAKE_BINARY_DIR}/install/TrainMLIRConfigVersion.cmake
  DESTINATION ${_package_dir})
