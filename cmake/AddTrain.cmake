# The building blocks of our build: one function per kind of target. A library
# is the directory it stands in: adding a file there is all there is to do.

# The heavy headers, compiled once and shared by every library that sees MLIR.
add_library(trainPCH OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_include_directories(trainPCH SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(trainPCH PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/include)
target_compile_options(trainPCH PRIVATE -Xclang -fno-pch-timestamp)
target_precompile_headers(trainPCH PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)

if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  add_library(trainSanitizerOptions OBJECT ${CMAKE_SOURCE_DIR}/cmake/SanitizerOptions.cpp)
endif()

function(_train_mlir_target name)
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  # Executables too are compiled with -fPIC, never -fPIE: the shared precompiled header
  # is refused where the two differ.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM trainPCH)
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  add_dependencies(${name} trainHeadersIncGen)
endfunction()

# An executable from `sources`, or from the .cpp files of the current directory if that is empty.
function(_train_executable name plain sources)
  if(NOT sources)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  endif()
  add_executable(${name} ${sources})
  if(TARGET trainSanitizerOptions)
    target_link_libraries(${name} PRIVATE trainSanitizerOptions)
  endif()
  if(NOT plain)
    _train_mlir_target(${name})
  endif()
endfunction()

# train_library(NAME [NO_INSTALL] [LINK libs...]): all .cpp files below the current directory.
function(train_library name)
  cmake_parse_arguments(ARG "NO_INSTALL" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  _train_mlir_target(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(NOT ARG_NO_INSTALL)
    set_property(GLOBAL APPEND PROPERTY TRAIN_LIBRARIES ${name})
  endif()
endfunction()

# train_plain_library(NAME [LINK libs...]): the same, with neither LLVM nor MLIR.
function(train_plain_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  set_property(GLOBAL APPEND PROPERTY TRAIN_LIBRARIES ${name})
endfunction()

# train_tool(NAME [PLAIN] [NO_INSTALL] [LINK libs...]): the main in the current directory.
function(train_tool name)
  cmake_parse_arguments(ARG "PLAIN;NO_INSTALL" "" "LINK" ${ARGN})
  _train_executable(${name} "${ARG_PLAIN}" "")
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  set_property(GLOBAL APPEND PROPERTY TRAIN_TOOLS ${name})
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# train_accept_plugins(TOOL): a plugin finds the dialect, the interfaces and the row programs in the
# tool that loads it; a copy of its own would have other TypeIDs. So the tool keeps all of these libraries
# and exports their symbols.
function(train_accept_plugins name)
  set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
  set(kept)
  foreach(lib trainIR trainGradients trainReference trainRows trainVectorMath trainTransforms)
    list(APPEND kept $<TARGET_FILE:${lib}>)
    add_dependencies(${name} ${lib})
  endforeach()
  target_link_options(${name} PRIVATE "LINKER:--whole-archive" ${kept} "LINKER:--no-whole-archive")
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${kept})
endfunction()

# train_plugin(NAME sources...): a shared library for --load-pass-plugin or --load-dialect-plugin.
function(train_plugin name)
  add_library(${name} MODULE ${ARGN})
  _train_mlir_target(${name})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  set_property(GLOBAL APPEND PROPERTY TRAIN_TOOLS ${name})
endfunction()

# train_unit_test(NAME [PLAIN] [SOURCES files...] [LINK libs...]): the gtest files in the current directory, or
# these.
function(train_unit_test name)
  cmake_parse_arguments(ARG "PLAIN" "" "SOURCES;LINK" ${ARGN})
  _train_executable(${name} "${ARG_PLAIN}" "${ARG_SOURCES}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/Unit)
  set_property(GLOBAL APPEND PROPERTY TRAIN_UNIT_TESTS ${name})
endfunction()
