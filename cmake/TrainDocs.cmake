# Reference pages from ODS: `train-docs` writes them to docs/ of the build directory. They
# are made from the same files as the code, so they are never stale and never in the tree.

set(_docs ${CMAKE_BINARY_DIR}/docs)
file(MAKE_DIRECTORY ${_docs})
set(_pages)

# train_doc(PAGE SOURCE GENERATOR...): SOURCE below include/train.
function(train_doc page source)
  set(out ${_docs}/${page})
  add_custom_command(OUTPUT ${out}
    COMMAND ${TRAIN_LLVM_BINDIR}/mlir-tblgen ${ARGN} -I ${CMAKE_SOURCE_DIR}/include
            -I ${MLIR_INCLUDE_DIRS} ${CMAKE_SOURCE_DIR}/include/train/${source}
            -o ${out} -d ${out}.d
    DEPENDS ${CMAKE_SOURCE_DIR}/include/train/${source} DEPFILE ${out}.d
    COMMENT "Documenting ${source}" VERBATIM)
  set(_pages ${_pages} ${out} PARENT_SCOPE)
endfunction()

train_doc(ops.md IR/TrainOps.td -gen-dialect-doc -dialect=train)
train_doc(passes.md Transforms/Passes.td -gen-pass-doc)
train_doc(interfaces.md Interfaces/Interfaces.td -gen-op-interface-docs)
add_custom_target(train-docs ALL DEPENDS ${_pages})
