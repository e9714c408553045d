// The entry of a trained executable: hands the compiled object to the runtime.
#include "train/rt/Run.h"

int main(int argc, char **argv) {
  return train::rt::runMain(train_executable, argc, argv);
}
