// The validator against broken executables, and the executor's walk.
#include "TestFiles.h"
#include "Toy.h"

#include "train/rt/Executor.h"
#include "train/rt/Startup.h"
#include "train/rt/Validate.h"

#include <cstring>
#include <functional>
#include <random>

using namespace train;
using namespace train::rt;
using namespace train::rt::test;

namespace {

TEST(ValidateTest, ToysAreValid) {
  toy::Toy regression, bigram;
  toy::makeRegression(regression);
  toy::makeBigram(bigram);
  EXPECT_TRUE(validateExecutable(regression.executable).ok());
  EXPECT_TRUE(validateExecutable(bigram.executable).ok());
  EXPECT_EQ(countInputLoads(regression.programs[0]), 3);
  EXPECT_EQ(countInputLoads(bigram.programs[2]), 0);
}

TEST(ValidateTest, BrokenExecutablesAreRefused) {
  using toy::Toy;
  auto command = [](Toy &toy, size_t index) -> TrainCommand & {
    auto *at = reinterpret_cast<uint8_t *>(toy.commands[0].words.data());
    for (size_t i = 0; i < index; ++i)
      at += commandBytes(*reinterpret_cast<TrainCommand *>(at));
    return *reinterpret_cast<TrainCommand *>(at);
  };
  const struct {
    const char *message;
    std::function<void(Toy &)> breakIt;
  } table[] = {
      {"ABI", [](Toy &t) { t.executable.abi_version = 99; }},
      {"0 threads", [](Toy &t) { t.executable.threads = 0; }},
      {"unknown type", [](Toy &t) { t.symbols[0].tensor.type = 77; }},
      {"has rank 9", [](Toy &t) { t.symbols[0].tensor.rank = 9; }},
      {"has 13 bytes", [](Toy &t) { t.symbols[0].tensor.bytes = 13; }},
      {"bytes", [](Toy &t) { t.symbols[0].tensor.shape[0] = -3; }},
      {"exceeds the arena", [](Toy &t) { t.symbols[0].tensor.offset = UINT64_MAX - 3; }},
      {"appears twice", [](Toy &t) { t.symbols[1].tensor.name = "model.weight"; }},
      {"unknown role", [](Toy &t) { t.symbols[1].role = 9; }},
      {"no valid initial value", [](Toy &t) { t.symbols[1].init = 9; }},
      {"no valid initial value", [](Toy &t) { t.symbols[1].init = TRAIN_INIT_LITERAL; }},
      {"no valid initial value", [](Toy &t) { t.symbols[1].init = TRAIN_INIT_COPY; }},
      {"is the copy of no parameter",
       [](Toy &t) {
         t.symbols[2].role = TRAIN_ROLE_COPY;
         t.symbols[2].init = TRAIN_INIT_COPY;
         t.symbols[2].owner = "model.nothing";
       }},
      {"without a name", [](Toy &t) { t.outputs[0][0].name = nullptr; }},
      {"learning rate", [](Toy &t) { t.inputs[0][2].tensor.type = TRAIN_TYPE_I32; }},
      {"random key", [](Toy &t) { t.inputs[0][3].tensor = t.inputs[0][2].tensor; }},
      {"samples of a micro-batch", [](Toy &t) { t.programs[0].samples = 5; }},
      {"unknown kind 7", [](Toy &t) { t.programs[0].kind = 7; }},
      {"out of order or outside", [](Toy &t) { t.commands[0].writes[2].last = 8; }},
      {"out of order or outside", [](Toy &t) { t.commands[0].writes[2].last = 1; }},
      {"out of order or outside",
       [](Toy &t) { t.commands[0].writes[0].bytes = 1 << 30; }},
      {"out of order or outside", [](Toy &t) { t.commands[0].writes[0].bytes = 3; }},
      {"loaded 3 times for 2", [](Toy &t) { t.programs[0].micro_batches = 2; }},
      {"command 0 of 8", [&](Toy &t) { command(t, 0).entry = 50; }},
      {"in grains of 0", [&](Toy &t) { command(t, 0).grain = 0; }},
      {"over -1 items", [&](Toy &t) { command(t, 0).extent = -1; }},
      {"name 99", [&](Toy &t) { command(t, 0).name = 99; }},
      {"operand 0 at offset",
       [&](Toy &t) {
         const_cast<uint64_t *>(commandOperands(command(t, 0)))[0] = 1 << 30;
       }},
      {"unknown command kind", [&](Toy &t) { command(t, 0).kind = 9; }},
      {"loop of 0 micro-batches", [&](Toy &t) { command(t, 2).extent = 0; }},
      {"end of a loop that never began",
       [&](Toy &t) { command(t, 2).kind = TRAIN_COMMAND_LOOP_END; }},
      {"a loop without an end",
       [&](Toy &t) { command(t, 5).kind = TRAIN_COMMAND_LOAD_INPUTS; }},
      {"truncated", [&](Toy &t) { command(t, 7).operand_count = 60000; }},
      {"library entry 15",
       [&](Toy &t) {
         command(t, 0).kind = TRAIN_COMMAND_LIBRARY;
         command(t, 0).entry = 15;
       }},
      {"fill with 1 operands and 0 params",
       [&](Toy &t) {
         command(t, 0).kind = TRAIN_COMMAND_LIBRARY;
         command(t, 0).entry = TRAIN_LIBRARY_FILL;
       }},
  };
  for (const auto &row : table) {
    SCOPED_TRACE(row.message);
    Toy toy;
    toy::makeRegression(toy);
    row.breakIt(toy);
    toy.finish();
    EXPECT_ERROR(validateExecutable(toy.executable), row.message);
  }
}

TEST(ValidateTest, NestedLoopsHaveALimit) {
  toy::Toy toy;
  toy::makeRegression(toy);
  toy::Commands commands;
  for (int i = 0; i <= maximumLoopDepth; ++i)
    commands.add({TRAIN_COMMAND_LOOP_BEGIN, 0, INT64_MAX / 2, 1, 0});
  for (int i = 0; i <= maximumLoopDepth; ++i)
    commands.add({TRAIN_COMMAND_LOOP_END, 0, 0, 1, 0});
  toy.commands[0] = commands;
  toy.finish();
  EXPECT_ERROR(validateExecutable(toy.executable), "nested too deep");
}

// Whatever the bytes are, the validator neither reads outside of them (the sanitizers
// watch) nor loops; what it accepts, the executor may walk.
TEST(ValidateTest, FlippedBitsNeverCrash) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    toy::Toy toy;
    toy::makeRegression(toy);
    std::vector<uint64_t> &words = toy.commands[0].words;
    for (int flips = 0; flips < 1 + round % 4; ++flips)
      words[random() % words.size()] ^= uint64_t(1) << (random() % 64);
    toy.finish();
    (void)validateExecutable(toy.executable);
  }
}

TEST(ExecutorTest, ThreadRangesPartition) {
  for (int64_t extent : {0, 1, 2, 7, 63, 64, 65, 1000})
    for (int64_t grain : {1, 3, 16, 64})
      for (int threads : {1, 2, 3, 8}) {
        int64_t expected = 0, longest = 0, shortest = INT64_MAX;
        for (int thread = 0; thread < threads; ++thread) {
          int64_t begin, end;
          threadRange(extent, grain, thread, threads, begin, end);
          ASSERT_EQ(begin, expected);
          ASSERT_GE(end, begin);
          ASSERT_TRUE(begin % grain == 0 || begin == extent);
          int64_t grains = (end - begin + grain - 1) / grain;
          longest = std::max(longest, grains);
          shortest = std::min(shortest, grains);
          expected = end;
        }
        ASSERT_EQ(expected, extent);
        ASSERT_LE(longest - shortest, 1);
      }
}

class Walk : public testing::Test {
protected:
  // Kernel: adds param 0 to each of the extent's counters.
  static void add(void *const *buffers, const int64_t *params, int64_t begin,
                  int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      static_cast<int64_t *>(buffers[0])[i] += params[0];
  }
  Status run(const toy::Commands &commands, int64_t loads) {
    toy::makeRegression(toy);
    toy.kernels = {add};
    toy.commands[0] = commands;
    toy.programs[0].micro_batches = std::max<int64_t>(loads, 1);
    toy.executable.arena_bytes = 4096;
    toy.programs.resize(1);
    toy.finish();
    Status status = validateExecutable(toy.executable);
    if (!status.ok())
      return status;
    auto team = Team::create(3);
    Executor executor(toy.executable, arena.data(), **team);
    return executor.run(toy.programs[0], [&](const TrainProgram &, int64_t microBatch) {
      loaded.push_back(microBatch);
      return microBatch == failAt ? Status::error("out of data") : Status::success();
    });
  }
  int64_t counter(size_t index) {
    int64_t value;
    std::memcpy(&value, &arena[index * 8], 8);
    return value;
  }
  toy::Toy toy;
  std::vector<uint8_t> arena = std::vector<uint8_t>(4096);
  std::vector<int64_t> loaded;
  int64_t failAt = -1;
};

TEST_F(Walk, LoopsRunTheirBodies) {
  toy::Commands commands;
  commands.add({TRAIN_COMMAND_KERNEL, 0, 1, 1, 0}, {0}, {1});
  commands.add({TRAIN_COMMAND_LOOP_BEGIN, 0, 3, 1, 0});
  commands.add({TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 1, 0});
  commands.add({TRAIN_COMMAND_KERNEL, 0, 100, 8, 0}, {8}, {1});
  commands.add({TRAIN_COMMAND_LOOP_BEGIN, 0, 2, 1, 0});
  commands.add({TRAIN_COMMAND_KERNEL, 0, 1, 1, 0}, {2000}, {1});
  commands.add({TRAIN_COMMAND_LOOP_END, 0, 0, 1, 0});
  commands.add({TRAIN_COMMAND_LOOP_END, 0, 0, 1, 0});
  commands.add({TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 1, 0}); // the peeled last micro-batch
  commands.add({TRAIN_COMMAND_KERNEL, 0, 1, 1, 0}, {2008}, {5});
  Status status = run(commands, 4);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(counter(0), 1);
  for (size_t i = 1; i <= 100; ++i)
    EXPECT_EQ(counter(i), 3) << i;
  EXPECT_EQ(counter(101), 0);
  EXPECT_EQ(counter(250), 6);
  EXPECT_EQ(counter(251), 5);
  EXPECT_EQ(loaded, (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST_F(Walk, LibraryEntriesGetBuffersAndParams) {
  toy::Commands commands;
  commands.add({TRAIN_COMMAND_LIBRARY, TRAIN_LIBRARY_FILL, 0, 1, 0}, {16}, {8, 3, 77});
  Status status = run(commands, 0);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(counter(1), 0);
  EXPECT_EQ(counter(2), 77);
  EXPECT_EQ(counter(4), 77);
  EXPECT_EQ(counter(5), 0);
  EXPECT_EQ(loaded, (std::vector<int64_t>{0})); // no LOAD_INPUTS: once in front
}

TEST_F(Walk, ErrorsNameCommandAndLocation) {
  toy::Commands commands;
  commands.add({TRAIN_COMMAND_KERNEL, 0, 1, 1, 0}, {0}, {1});
  commands.add({TRAIN_COMMAND_LIBRARY, TRAIN_LIBRARY_COPY, 0, 1, 4}, {0, 0},
               {4, 0, 0, 0});
  Status status = run(commands, 0);
  EXPECT_ERROR(status, "update at toy.mlir:1:1 (program 'step', command 1)");
  EXPECT_ERROR(status, "not in this backend");
  failAt = 0;
  commands = {};
  commands.add({TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 1, 7});
  EXPECT_ERROR(run(commands, 1), "load at toy.mlir:1:1 (program 'step', command 0): out");
}

TEST(StartupTest, EverythingThatDoesNotFitIsInOneError) {
  toy::Toy toy;
  toy::makeRegression(toy);
  TrainExecutable &executable = toy.executable;
  executable.cpu = "znver3";
  executable.cpu_features = "avx2,fma,avx512f";
  executable.library_versions = "openblas 0.3.21;onednn 2.6.3";
  executable.arena_bytes = 1 << 30;
  MachineFacts facts = {{"avx2", "fma"}, 1, 1 << 20, "openblas 0.3.29;other 1"};
  std::vector<std::string> notes;
  Status status = checkMachine(executable, facts, notes);
  EXPECT_EQ(status.kind(), ErrorKind::Incompatible);
  EXPECT_ERROR(status, "the CPU lacks avx512f (compiled for --cpu=znver3)");
  EXPECT_ERROR(status, "compiled with openblas 0.3.21, found openblas 0.3.29");
  EXPECT_ERROR(status, "compiled with onednn 2.6.3, found none");
  EXPECT_ERROR(status, "the arena needs 1.00 GiB, this machine has at most 1.00 MiB");
  EXPECT_ERROR(status, "; compile it again here");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("2 threads, 1 processors"), std::string::npos) << notes[0];

  // Compiled again here it would be as large.
  facts = {{"avx2", "fma", "avx512f"}, 2, 1 << 20, "onednn 2.6.3;openblas 0.3.21"};
  notes.clear();
  EXPECT_EQ(checkMachine(executable, facts, notes).message(),
            "this executable does not fit this machine: the arena needs 1.00 GiB, this "
            "machine has at most 1.00 MiB (compile it with a smaller batch or a "
            "--memory-budget)");

  facts = {{"avx2", "fma", "avx512f"}, 2, 0, "onednn 2.6.3;openblas 0.3.21;x 1"};
  notes.clear();
  EXPECT_TRUE(checkMachine(executable, facts, notes).ok());
  EXPECT_TRUE(notes.empty());
}

TEST(StartupTest, FactsOfThisMachine) {
  MachineFacts facts = machineFacts();
  EXPECT_GE(facts.processors, 1);
  EXPECT_GT(facts.memoryLimit, uint64_t(1) << 20);
  EXPECT_EQ(facts.libraryVersions, "toy 1.0");
}

} // namespace
