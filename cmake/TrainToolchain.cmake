# Finds LLVM and MLIR 22 as shared libraries and settles the flags that every
# target shares. Everything that depends on the machine is asked here, once.

find_program(TRAIN_LLVM_CONFIG NAMES llvm-config-22 REQUIRED
             DOC "llvm-config of the LLVM that the compiler links")
execute_process(COMMAND ${TRAIN_LLVM_CONFIG} --cmakedir
                OUTPUT_VARIABLE _llvm_cmake_dir OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND ${TRAIN_LLVM_CONFIG} --bindir
                OUTPUT_VARIABLE TRAIN_LLVM_BINDIR OUTPUT_STRIP_TRAILING_WHITESPACE)
set(MLIR_LINK_MLIR_DYLIB ON)
set(LLVM_LINK_LLVM_DYLIB ON)
find_package(LLVM 22.1 REQUIRED CONFIG HINTS ${_llvm_cmake_dir})
find_package(MLIR REQUIRED CONFIG HINTS ${_llvm_cmake_dir}/../mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

find_program(TRAIN_CCACHE ccache)
if(TRAIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${TRAIN_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${TRAIN_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare)
add_compile_options($<$<CXX_COMPILER_ID:Clang>:-fcolor-diagnostics>)
if(TRAIN_ASSERTIONS)
  add_compile_options(-UNDEBUG)
endif()
