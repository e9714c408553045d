// train-compile: from a training graph to the executable that trains it.
#include "train/Driver/Compile.h"

int main(int argc, char **argv) {
  train::CompileOptions options;
  if (int code = train::parseCompileOptions(argc, argv, options); code >= 0)
    return code;
  return train::compile(options, argv[0]);
}
