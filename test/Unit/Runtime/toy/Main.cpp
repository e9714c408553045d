// The toys as executables: trainRuntimeToy regression|bigram OPTION...
#include "Toy.h"

#include "train/rt/Run.h"

#include <cstdio>
#include <cstring>

int main(int argc, char **argv) {
  train::toy::Toy toy;
  if (argc > 1 && !std::strcmp(argv[1], "regression")) {
    train::toy::makeRegression(toy);
  } else if (argc > 1 && !std::strcmp(argv[1], "bigram")) {
    train::toy::makeBigram(toy);
  } else {
    std::fprintf(stderr, "usage: %s regression|bigram OPTION...\n", argv[0]);
    return 2;
  }
  return train::rt::runMain(toy.executable, argc - 1, argv + 1);
}
