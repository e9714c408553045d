// Whole trainings of the toys through the same main that executables have.
#include "TestFiles.h"
#include "Toy.h"

#include "train/rt/Checkpoint.h"
#include "train/rt/Run.h"
#include "train/rt/Safetensors.h"

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace train;
using namespace train::rt;
using namespace train::rt::test;

namespace {

class TrainingTest : public TestFiles {
protected:
  void SetUp() override {
    TestFiles::SetUp();
    toy::makeRegression(regression);
    toy::makeBigram(bigram);
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> x, y;
    for (int i = 0; i < 50; ++i) {
      float row[3];
      for (float &value : row)
        x.push_back(value = normal(random));
      y.push_back(2 * row[0] - row[1] + 0.5f * row[2] + 0.25f);
    }
    write("x.npy", npyOf("<f4", "(50, 3)", bytes(x)));
    write("y.npy", npyOf("<f4", "(50,)", bytes(y)));
    data = {"--data=x:" + path("x.npy"), "--data=labels:" + path("y.npy"), "--lr=0.02"};
    std::string text;
    for (int i = 0; i < 100; ++i)
      text += "abcabd";
    write("text.txt", text);
  }

  /// Runs and keeps what it printed in `out` and `err`.
  int run(const toy::Toy &toy, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "toy");
    std::vector<const char *> pointers;
    for (const std::string &argument : arguments)
      pointers.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int code = runMain(toy.executable, int(pointers.size()), pointers.data());
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code;
  }
  int train(std::vector<std::string> more) {
    std::vector<std::string> arguments = data;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(regression, arguments);
  }
  std::vector<std::string> hashes() const {
    std::vector<std::string> lines;
    std::istringstream stream(out);
    for (std::string line; std::getline(stream, line);)
      if (line.rfind("hash ", 0) == 0)
        lines.push_back(line);
    return lines;
  }
  toy::Toy regression, bigram;
  std::vector<std::string> data;
  std::string out, err;
};

TEST_F(TrainingTest, FitsTheLineAndExportsIt) {
  ASSERT_EQ(train({"--steps=300", "--export=" + path("m.safetensors")}), 0) << err;
  auto file = readSafetensors(path("m.safetensors"));
  ASSERT_TRUE(file.ok()) << file.message();
  const float expected[] = {2, -1, 0.5f};
  float weight[3], bias;
  for (auto [name, target] : {std::pair("model.weight", weight), {"model.bias", &bias}})
    ASSERT_TRUE(readTensor(*file, name, file->tensors[name], Scalar::F32,
                           reinterpret_cast<uint8_t *>(target))
                    .ok());
  for (size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(weight[i], expected[i], 1e-3);
  EXPECT_NEAR(bias, 0.25, 1e-3);
  EXPECT_NE(out.find("final step 300 loss 0.000000"), std::string::npos) << out;
}

TEST_F(TrainingTest, ThreadsDoNotChangeBits) {
  ASSERT_EQ(train({"--steps=20", "--hash-every=5"}), 0) << err;
  std::vector<std::string> expected = hashes();
  EXPECT_EQ(expected.size(), 4u);
  for (uint32_t threads : {1, 3, 7}) {
    regression.executable.threads = threads;
    ASSERT_EQ(train({"--steps=20", "--hash-every=5"}), 0) << err;
    EXPECT_EQ(hashes(), expected);
  }
  ASSERT_EQ(train({"--steps=20", "--hash-every=5", "--seed=1"}), 0) << err;
  EXPECT_NE(hashes(), expected);
}

TEST_F(TrainingTest, ResumeContinuesBitForBit) {
  const std::vector<std::string> schedule = {"--lr-schedule=cosine", "--warmup-steps=4",
                                             "--seed=9"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), schedule.begin(), schedule.end());
    return more;
  };
  ASSERT_EQ(train(with({"--steps=40", "--hash-every=1", "--log=" + path("whole.jsonl"),
                        "--export=" + path("whole.safetensors")})),
            0)
      << err;
  std::vector<std::string> expected = hashes();
  // A signal in every step ends each run after one; the schedule still says 40.
  toy::beforeUpdate = [] { std::raise(SIGTERM); };
  std::string ck = "--checkpoint=" + path("ck"), log = "--log=" + path("part.jsonl");
  ASSERT_EQ(train(with({"--steps=40", ck, log})), 7) << err;
  std::vector<std::string> seen;
  int code;
  int runs = 0;
  do {
    code = train(
        {"--resume", "--hash-every=1", ck, log, "--export=" + path("part.safetensors")});
    for (const std::string &hash : hashes())
      seen.push_back(hash);
    ASSERT_LT(++runs, 50) << err;
  } while (seen.size() < 39);
  toy::beforeUpdate = nullptr;
  EXPECT_EQ(runs, 39);
  EXPECT_EQ(seen, std::vector<std::string>(expected.begin() + 1, expected.end()));
  EXPECT_EQ(read(path("part.safetensors")), read(path("whole.safetensors")));
  // Losses and rates of the logs agree line by line.
  std::istringstream whole(read(path("whole.jsonl"))), part(read(path("part.jsonl")));
  int lines = 0;
  for (std::string a, b; std::getline(whole, a); ++lines) {
    ASSERT_TRUE(std::getline(part, b));
    auto left = nlohmann::json::parse(a), right = nlohmann::json::parse(b);
    for (const char *field : {"step", "loss", "lr", "grad_norm"})
      EXPECT_EQ(left[field], right[field]);
  }
  EXPECT_EQ(lines, 40);
  // The signal of the last step came too late to end anything early.
  EXPECT_EQ(code, 7);
  // Resuming what is finished changes nothing.
  EXPECT_EQ(train({"--resume", ck}), 0) << err;
}

TEST_F(TrainingTest, FileOrderIsKeptByAResume) {
  std::string ck = "--checkpoint=" + path("ck");
  ASSERT_EQ(train({"--steps=10", "--hash-every=10"}), 0) << err;
  std::vector<std::string> shuffled = hashes();
  ASSERT_EQ(train({"--steps=10", "--hash-every=10", "--order=file"}), 0) << err;
  std::vector<std::string> expected = hashes();
  EXPECT_NE(expected, shuffled);
  ASSERT_EQ(train({ck, "--steps=5", "--order=file"}), 0) << err;
  EXPECT_EQ(train({ck, "--resume", "--steps=10", "--order=shuffled"}), 2);
  EXPECT_NE(err.find("--order is shuffled, the checkpoint was trained with file"),
            std::string::npos)
      << err;
  ASSERT_EQ(train({ck, "--resume", "--steps=10", "--hash-every=10"}), 0) << err;
  EXPECT_EQ(hashes(), expected);
}

TEST_F(TrainingTest, CheckpointDirectoriesAreNotOverwritten) {
  std::string ck = "--checkpoint=" + path("ck");
  EXPECT_EQ(train({ck, "--resume"}), 4);
  EXPECT_NE(err.find("holds no checkpoint"), std::string::npos) << err;
  ASSERT_EQ(train({ck, "--steps=2"}), 0) << err;
  EXPECT_EQ(train({ck, "--steps=2"}), 2);
  EXPECT_NE(err.find("already holds the checkpoint of step 2"), std::string::npos) << err;
  EXPECT_EQ(train({ck, "--resume", "--seed=4"}), 2);
  EXPECT_NE(err.find("--seed is 4, the checkpoint was trained with 0"),
            std::string::npos);
}

TEST_F(TrainingTest, ResumeRefusesOtherData) {
  std::string ck = "--checkpoint=" + path("ck");
  ASSERT_EQ(train({ck, "--steps=2"}), 0) << err;
  write("x.npy", npyOf("<f4", "(49, 3)", std::string(49 * 12, '\0')));
  write("y.npy", npyOf("<f4", "(49,)", std::string(49 * 4, '\0')));
  EXPECT_EQ(train({ck, "--resume", "--steps=4"}), 4);
  EXPECT_NE(err.find("49 samples, the checkpoint was trained on 50"), std::string::npos)
      << err;
}

// The limit holds within a step: what cannot be saved as it was after the step before is
// either given up before it is changed, or finished.
TEST_F(TrainingTest, TimeLimitEndsAStep) {
  ASSERT_EQ(train({"--steps=3", "--hash-every=1"}), 0) << err;
  std::vector<std::string> expected = hashes();
  toy::beforeUpdate = [] { std::this_thread::sleep_for(std::chrono::milliseconds(600)); };
  std::string ck = "--checkpoint=" + path("ck");
  EXPECT_EQ(train({"--steps=3", "--hash-every=1", ck, "--timeout=0.3"}), 8) << err;
  EXPECT_EQ(hashes().size(), 0u) << out;
  EXPECT_NE(err.find("note: the time limit is over"), std::string::npos) << err;
  // Without a directory likewise.
  EXPECT_EQ(train({"--steps=3", "--hash-every=1", "--timeout=0.3"}), 8) << err;
  EXPECT_EQ(hashes().size(), 0u) << out;
  EXPECT_EQ(train({"--steps=3", "--hash-every=1", ck, "--resume", "--timeout=0.9"}), 8);
  std::vector<std::string> seen = hashes();
  EXPECT_LE(seen.size(), 1u) << out;
  toy::beforeUpdate = nullptr;
  EXPECT_EQ(train({"--steps=3", "--hash-every=1", ck, "--resume"}), 0) << err;
  for (const std::string &hash : hashes())
    seen.push_back(hash);
  EXPECT_EQ(seen, expected);
}

// An error between two checkpoints loses nothing: here the data goes away.
TEST_F(TrainingTest, AnErrorSavesWhatWasTrained) {
  static std::string file;
  static int steps;
  file = path("x.npy");
  steps = 0;
  std::string whole = read(file), ck = "--checkpoint=" + path("ck");
  ASSERT_EQ(train({"--steps=9", "--hash-every=9"}), 0) << err;
  std::vector<std::string> expected = hashes();
  toy::beforeUpdate = [] {
    if (++steps == 3)
      std::filesystem::resize_file(file, 100);
  };
  EXPECT_EQ(train({"--steps=9", ck}), 4);
  toy::beforeUpdate = nullptr;
  EXPECT_NE(err.find("x.npy' was shortened from 671 to 100 bytes while it was in use"),
            std::string::npos)
      << err;
  EXPECT_NE(err.find("error: step 4: "), std::string::npos) << err;
  EXPECT_NE(err.find("note: saved the checkpoint of step 3"), std::string::npos) << err;
  write("x.npy", whole);
  EXPECT_EQ(train({"--steps=9", "--hash-every=9", ck, "--resume"}), 0) << err;
  EXPECT_EQ(hashes(), expected);
}

// The first NaN is named with the op, and the infinity that led to it.
TEST_F(TrainingTest, FindNanNamesTheOp) {
  EXPECT_EQ(train({"--steps=500", "--lr=100"}), 6);
  EXPECT_NE(err.find("--find-nan names the op"), std::string::npos) << err;
  EXPECT_EQ(train({"--steps=500", "--lr=100", "--find-nan", "--allow-nan"}), 6);
  EXPECT_NE(err.find("nan in element "), std::string::npos) << err;
  EXPECT_NE(err.find("the result of "), std::string::npos) << err;
  EXPECT_NE(err.find(" at toy.mlir:1:1 (program 'step', command "), std::string::npos)
      << err;
  ASSERT_EQ(train({"--steps=20", "--hash-every=20"}), 0) << err;
  std::vector<std::string> expected = hashes();
  ASSERT_EQ(train({"--steps=20", "--hash-every=20", "--find-nan"}), 0) << err;
  EXPECT_EQ(hashes(), expected);
  // A NaN in the data is one of an input, not of an op.
  std::vector<float> x(150, 1), y(50, 2);
  x[77] = NAN;
  write("x.npy", npyOf("<f4", "(50, 3)", bytes(x)));
  write("y.npy", npyOf("<f4", "(50,)", bytes(y)));
  EXPECT_EQ(train({"--steps=20", "--find-nan"}), 6);
  EXPECT_NE(err.find(" of input 'x'"), std::string::npos) << err;
}

// Whoever trains for a day learns before it what could not be written, evaluated or
// generated after it.
TEST_F(TrainingTest, WhatWouldFailAtTheEndFailsAtTheStart) {
  auto failsAtOnce = [&](const toy::Toy &toy, std::vector<std::string> arguments,
                         int code, const char *message) {
    EXPECT_EQ(run(toy, arguments), code);
    EXPECT_NE(err.find(message), std::string::npos) << err;
    EXPECT_EQ(err.find("step 1/"), std::string::npos) << err;
  };
  auto trains = [&](std::vector<std::string> more) {
    more.insert(more.end(), data.begin(), data.end());
    return more;
  };
  failsAtOnce(regression, trains({"--export=" + directory}), 5, "it is a directory");
  failsAtOnce(regression, trains({"--export=" + path("no/m")}), 5, "No such file");
  // A device would be replaced by a file of that name.
  failsAtOnce(regression, trains({"--export=/dev/full"}), 5, "it is not a regular file");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  failsAtOnce(regression, trains({"--checkpoint=/proc/self"}), 5, "cannot create");
  failsAtOnce(regression, trains({"--generate=5"}), 2, "no prediction program");
  write("short.txt", "0123456789");
  std::string text = "--data=" + path("text.txt");
  failsAtOnce(bigram, {text, "--eval-data=" + path("short.txt")}, 4, "one sample needs");
  write("short.txt", std::string(20, 'a'));
  failsAtOnce(bigram, {text, "--eval-data=" + path("short.txt")}, 4,
              "1 held-out samples, one evaluation batch needs 2");
  // A name that was mistyped is no reason for a new directory.
  failsAtOnce(regression, trains({"--resume", "--checkpoint=" + path("nothing")}), 4,
              "holds no checkpoint: there is no such directory");
  EXPECT_FALSE(std::filesystem::exists(path("nothing")));
}

// A checkpoint can be looked at while the training that writes it goes on.
TEST_F(TrainingTest, ReadersDoNotWaitForTheLock) {
  std::string ck = "--checkpoint=" + path("ck");
  ASSERT_EQ(train({ck, "--steps=2"}), 0) << err;
  auto holder = CheckpointDirectory::open(path("ck"), 2);
  ASSERT_TRUE(holder.ok()) << holder.message();
  EXPECT_EQ(train({ck, "--resume", "--steps=4"}), 5);
  EXPECT_NE(err.find("another process is using"), std::string::npos) << err;
  EXPECT_EQ(train({ck, "--resume", "--eval-only"}), 0) << err;
}

// Started without standard streams, the process must not give their numbers to files.
TEST_F(TrainingTest, ClosedStandardStreamsDoNotEndUpInFiles) {
  std::string ck = path("ck");
  pid_t child = ::fork();
  if (child == 0) {
    for (int number : {0, 1, 2})
      ::close(number);
    std::vector<std::string> arguments = data;
    arguments.insert(arguments.begin(), "toy");
    arguments.insert(arguments.end(), {"--steps=3", "--save-every=1", "--keep=9",
                                       "--log=" + path("log"), "--checkpoint=" + ck});
    std::vector<const char *> pointers;
    for (const std::string &argument : arguments)
      pointers.push_back(argument.c_str());
    ::_exit(runMain(regression.executable, int(pointers.size()), pointers.data()));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  // The result has nowhere to go, which is an error; all that was saved before is whole.
  EXPECT_EQ(WEXITSTATUS(status), 5);
  for (const char *step : {"/step-00000001", "/step-00000002", "/step-00000003"})
    EXPECT_TRUE(verifyCheckpoint(ck + step).ok()) << step;
  EXPECT_EQ(read(path("log")).find("{\"step\":1,"), 0u);
  EXPECT_EQ(read(path("log")).find("ETA"), std::string::npos);
}

TEST_F(TrainingTest, DivergenceEndsWithItsOwnCode) {
  EXPECT_EQ(train({"--steps=500", "--lr=100"}), 6);
  EXPECT_NE(err.find("error: the loss of step "), std::string::npos) << err;
  EXPECT_EQ(train({"--steps=500", "--lr=100", "--allow-nan"}), 0) << err;
}

// An evaluation or a generation that says nothing ends like such a training.
TEST_F(TrainingTest, EvaluationAndGenerationOfNonFiniteWeights) {
  auto broken = [&](const toy::Toy &toy, const std::vector<std::string> &train) {
    std::vector<std::string> first = train;
    first.insert(first.end(), {"--steps=1", "--export=" + path("w.safetensors")});
    EXPECT_EQ(run(toy, first), 0) << err;
    std::string text = read(path("w.safetensors"));
    // The last element of the data is one of a parameter.
    text.replace(text.size() - 4, 4, bytes<float>({NAN}));
    return "--init=" + write("nan.safetensors", text);
  };
  std::string init = broken(regression, data);
  EXPECT_EQ(train({"--eval-only", init}), 6);
  EXPECT_NE(err.find("error: the evaluation loss after step 0 is nan (--find-nan names"),
            std::string::npos)
      << err;
  EXPECT_NE(out.find("eval 0 "), std::string::npos) << out;
  EXPECT_EQ(train({"--eval-only", "--allow-nan", init}), 0) << err;

  // Of the last token's row.
  init = broken(bigram, {"--data=" + path("text.txt")});
  std::string prompt = "--prompt=a\xff";
  EXPECT_EQ(run(bigram, {"--generate=3", prompt, init}), 6);
  EXPECT_NE(err.find("error: generation: the logit of id 255 for token 1 is nan"),
            std::string::npos)
      << err;
  EXPECT_EQ(run(bigram, {"--generate=3", prompt, "--allow-nan", init}), 0) << err;
  EXPECT_EQ(run(bigram, {"--generate=3", "--prompt=a", "--temperature=0", init}), 0);
}

// What is written must not be what is read, under whatever name.
TEST_F(TrainingTest, OutputsDoNotDestroyInputs) {
  std::string x = read(path("x.npy"));
  std::filesystem::create_hard_link(path("x.npy"), path("hard"));
  std::filesystem::create_symlink(path("x.npy"), path("soft"));
  std::filesystem::create_symlink(path("later"), path("dangling"));
  std::filesystem::create_directory(path("d"));
  ASSERT_EQ(train({"--steps=1", "--export=" + path("w")}), 0) << err;
  auto refused = [&](std::vector<std::string> more, const std::string &message) {
    EXPECT_EQ(train(more), 2);
    EXPECT_NE(err.find(message), std::string::npos) << err;
    EXPECT_EQ(read(path("x.npy")), x);
    EXPECT_FALSE(std::filesystem::exists(path("later")));
  };
  for (const std::string &option : {"--log", "--trace", "--export", "--checkpoint"})
    for (const char *name : {"x.npy", "hard", "soft", "d/../x.npy"})
      refused({option + "=" + path(name)},
              option + " names '" + path(name) + "', which is also the file of --data");
  refused({"--log=" + path("text.txt"), "--eval-data=x:" + path("text.txt")},
          "the file of --eval-data");
  refused({"--export=" + path("w"), "--init=" + path("w")}, "the file of --init");
  refused({"--log=/proc/self/exe"}, "which is this executable");
  refused({"--export=" + path("later"), "--log=" + path("d/../later")},
          "which is also the file of --export");
  refused({"--trace=" + path("dangling"), "--log=" + path("later")},
          "which is also the file of --trace");
  refused({"--checkpoint=" + path("later/"), "--log=" + path("later")},
          "which is also the file of --checkpoint");
  ASSERT_EQ(train({"--steps=2", "--checkpoint=" + path("ck")}), 0) << err;
  refused({"--steps=3", "--resume", "--checkpoint=" + path("ck"),
           "--export=" + path("ck/step-00000002/model.safetensors")},
          "which is inside a checkpoint of --checkpoint=");
  EXPECT_EQ(train({"--steps=1", "--log=/dev/null", "--trace=/dev/null",
                   "--export=" + path("ck/exported")}),
            0)
      << err;
}

TEST_F(TrainingTest, ResumeSaysThatNothingIsLeft) {
  std::string ck = "--checkpoint=" + path("ck");
  ASSERT_EQ(train({ck, "--steps=4"}), 0) << err;
  EXPECT_EQ(train({ck, "--resume", "--steps=2"}), 0) << err;
  EXPECT_NE(err.find("note: nothing is left to train: all 2 steps are done"),
            std::string::npos)
      << err;
  EXPECT_EQ(train({ck, "--resume", "--steps=5"}), 0) << err;
  EXPECT_EQ(err.find("nothing is left"), std::string::npos) << err;
}

// A trace that cannot be written ends the training like a signal: a checkpoint first. It
// is JSON, whatever the end.
TEST_F(TrainingTest, AFullDiskUnderTheTraceLosesNothing) {
  std::string ck = "--checkpoint=" + path("ck"), trace = "--trace=" + path("t.json");
  std::vector<std::string> arguments = {"--steps=4000", ck, trace};
  struct rlimit before, limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 1500000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  int code = train(arguments);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(code, 5) << err;
  EXPECT_NE(err.find("t.json': File too large"), std::string::npos) << err;
  EXPECT_NE(err.find("note: saved the checkpoint of step "), std::string::npos) << err;
  EXPECT_GT(nlohmann::json::parse(read(path("t.json"))).size(), 1000u);
  EXPECT_EQ(train({"--steps=4000", ck, "--resume", "--hash-every=4000"}), 0) << err;
  std::vector<std::string> resumed = hashes();
  EXPECT_EQ(train({"--steps=4000", "--hash-every=4000"}), 0) << err;
  EXPECT_EQ(hashes(), resumed);

  EXPECT_EQ(train({"--steps=500", "--lr=100", trace}), 6) << err;
  EXPECT_GT(nlohmann::json::parse(read(path("t.json"))).size(), 1u);
}

// A signal that arrives in the middle of a training ends it after a step, with a
// checkpoint from which it goes on as if nothing had happened.
TEST_F(TrainingTest, SignalsSaveACheckpoint) {
  for (int signal : {SIGINT, SIGTERM}) {
    std::string ck = "--checkpoint=" + path("ck" + std::to_string(signal));
    std::thread killer([signal] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      ::kill(::getpid(), signal);
    });
    EXPECT_EQ(train({ck, "--steps=1000000000", "--lr=0.001"}), 7) << err;
    killer.join();
    EXPECT_NE(err.find("interrupted by a signal"), std::string::npos) << err;
    long long steps = 0;
    size_t at = out.find("final step ");
    ASSERT_NE(at, std::string::npos) << out;
    ASSERT_EQ(std::sscanf(out.c_str() + at, "final step %lld", &steps), 1);
    std::string more = "--steps=" + std::to_string(steps + 1);
    EXPECT_EQ(train({ck, "--resume", more, "--lr=0.001", "--hash-every=1"}), 0) << err;
    std::vector<std::string> resumed = hashes();
    ASSERT_EQ(resumed.size(), 1u);
    std::string every = "--hash-every=" + std::to_string(steps + 1);
    EXPECT_EQ(train({more, "--lr=0.001", every}), 0) << err;
    EXPECT_EQ(hashes(), resumed);
  }
}

TEST_F(TrainingTest, EvaluationIsTheMeanInFileOrder) {
  std::vector<std::string> eval = {"--eval-data=x:" + path("x.npy"),
                                   "--eval-data=labels:" + path("y.npy"), "--eval-only"};
  ASSERT_EQ(run(regression, eval), 0) << err;
  double loss = 0;
  ASSERT_EQ(std::sscanf(out.c_str(), "eval 0 %lf", &loss), 1) << out;
  // By hand: 12 whole batches of 4 of the 50 samples.
  ASSERT_EQ(run(regression, {"--export=" + path("m.safetensors")}), 0) << err;
  auto model = readSafetensors(path("m.safetensors"));
  uint8_t weight[12];
  ASSERT_TRUE(readTensor(*model, "model.weight", model->tensors["model.weight"],
                         Scalar::F32, weight)
                  .ok());
  std::string x = read(path("x.npy")), y = read(path("y.npy"));
  const char *rows = x.data() + x.size() - 600, *labels = y.data() + y.size() - 200;
  double expected = 0;
  for (size_t i = 0; i < 48; ++i) {
    double error = -elementAsDouble(Scalar::F32, labels, i);
    for (size_t k = 0; k < 3; ++k)
      error += elementAsDouble(Scalar::F32, rows, 3 * i + k) *
               elementAsDouble(Scalar::F32, weight, k);
    expected += error * error / 48;
  }
  EXPECT_NEAR(loss, expected, 1e-5 * expected);
  // One batch of it is something else.
  eval.push_back("--eval-batches=1");
  ASSERT_EQ(run(regression, eval), 0) << err;
  EXPECT_EQ(out.find("eval 0 "), 0u);
  EXPECT_GT(std::fabs(std::atof(out.c_str() + 7) - loss), 1e-3);
}

TEST_F(TrainingTest, BigramsLearnAndGenerate) {
  std::vector<std::string> arguments = {"--data=" + path("text.txt"),
                                        "--eval-data=" + path("text.txt"),
                                        "--steps=400",
                                        "--lr=20",
                                        "--generate=20",
                                        "--prompt=c",
                                        "--temperature=0"};
  ASSERT_EQ(run(bigram, arguments), 0) << err;
  EXPECT_NE(out.find("eval 400 "), std::string::npos) << out;
  // After c always a, after a always b; b goes to c or d, both go back to a.
  std::string text = out.substr(out.rfind("\n", out.size() - 2) + 1);
  ASSERT_EQ(text.size(), 22u) << out;
  EXPECT_EQ(text.substr(0, 3), "cab");
  for (size_t i = 0; i + 1 < 21; ++i) {
    if (text[i] == 'a')
      EXPECT_EQ(text[i + 1], 'b') << text;
    else if (text[i] != 'b')
      EXPECT_EQ(text[i + 1], 'a') << text;
  }
  std::string first = out;
  arguments.back() = "--temperature=1.5";
  ASSERT_EQ(run(bigram, arguments), 0) << err;
  first = out;
  ASSERT_EQ(run(bigram, arguments), 0) << err;
  EXPECT_EQ(out, first);
}

TEST_F(TrainingTest, InitLoadsWhatExportWrote) {
  ASSERT_EQ(train({"--steps=30", "--export=" + path("a.safetensors")}), 0) << err;
  ASSERT_EQ(run(regression,
                {"--init=" + path("a.safetensors"), "--export=" + path("b.safetensors")}),
            0)
      << err;
  EXPECT_EQ(read(path("a.safetensors")), read(path("b.safetensors")));
  EXPECT_EQ(train({"--init=" + path("none")}), 5);
  write("bad.safetensors", "nonsense");
  EXPECT_EQ(train({"--init=" + path("bad.safetensors")}), 4);
}

TEST_F(TrainingTest, DryRunAllocatesAndWritesNothing) {
  regression.executable.arena_bytes = uint64_t(1) << 60;
  EXPECT_EQ(train({"--dry-run"}), 3); // no machine has that much
  regression.executable.arena_bytes = 4096;
  EXPECT_EQ(train({"--dry-run", "--checkpoint=" + path("ck"), "--log=" + path("l")}), 0);
  EXPECT_FALSE(std::filesystem::exists(path("ck")));
  EXPECT_FALSE(std::filesystem::exists(path("l")));
  EXPECT_EQ(run(regression, {"--dry-run", "--data=x:" + path("none.npy")}), 5);
}

TEST_F(TrainingTest, MemoryPlanProfileAndTrace) {
  ASSERT_EQ(run(regression, {"--print-memory"}), 0) << err;
  EXPECT_NE(out.find("768"), std::string::npos) << out;
  EXPECT_NE(out.find("gradients"), std::string::npos) << out;
  ASSERT_EQ(
      train({"--steps=5", "--profile", "--trace=" + path("t.json"), "--print-memory"}), 0)
      << err;
  EXPECT_NE(out.find("update"), std::string::npos) << out;
  EXPECT_NE(out.find("outside_arena_bytes"), std::string::npos) << out;
  auto trace = nlohmann::json::parse(read(path("t.json")));
  // Each step: two zeros, three times load and gradient, norm, update.
  EXPECT_EQ(trace.size(), 5u * (2 + 3 * 2 + 2));
  EXPECT_EQ(trace[0]["name"], "zero");
  EXPECT_EQ(trace[0]["args"]["location"], "toy.mlir:1:1");
}

TEST_F(TrainingTest, ErrorsOfTheDataNameStepAndCommand) {
  bigram.inputs[0][0].vocabulary = 98;
  bigram.finish();
  EXPECT_EQ(run(bigram, {"--data=" + path("text.txt"), "--steps=3"}), 4);
  EXPECT_NE(err.find("error: step 1: load at toy.mlir:1:1"), std::string::npos) << err;
  EXPECT_NE(err.find("is not below the vocabulary of 98"), std::string::npos) << err;
}

} // namespace
