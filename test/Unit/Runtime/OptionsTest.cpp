// The command line, the JSONL log and sampling.
#include "TestFiles.h"

#include "train/rt/Generate.h"
#include "train/rt/Metrics.h"
#include "train/rt/Options.h"
#include "train/rt/TensorBoard.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace train::rt;
using namespace train::rt::test;

namespace {

Result<Options> parse(std::vector<const char *> arguments) {
  arguments.insert(arguments.begin(), "model");
  std::string help;
  return parseOptions(int(arguments.size()), arguments.data(), "model", help);
}

TEST(OptionsTest, LastOneWins) {
  auto options = parse({"--steps=5", "--steps", "7", "--lr=0.1", "--lr=0.2", "--keep=3",
                        "--lr-schedule=linear", "--lr-schedule=cosine", "--keep=4"});
  ASSERT_TRUE(options.ok()) << options.message();
  EXPECT_EQ(options->steps, 7);
  EXPECT_EQ(options->rate, 0.2);
  EXPECT_EQ(options->keep, 4);
  EXPECT_EQ(options->newSchedule().kind, ScheduleKind::Cosine);
}

TEST(OptionsTest, LeadingZerosAreDecimal) {
  auto options = parse({"--steps=010", "--seed", "0099", "--top-k=00", "--generate=-0"});
  ASSERT_TRUE(options.ok()) << options.message();
  EXPECT_EQ(options->steps, 10);
  EXPECT_EQ(options->seed, 99u);
  EXPECT_EQ(options->topK, 0);
  EXPECT_ERROR(parse({"--steps=0x10"}), "--steps: '0x10' is not a whole number in range");
  EXPECT_ERROR(parse({"--steps=0b1"}), "'0b1' is not a whole number");
}

TEST(OptionsTest, RatesAreFiniteInF32) {
  EXPECT_TRUE(parse({"--lr=3e38", "--min-lr=3e38"}).ok());
  EXPECT_ERROR(parse({"--lr=1e39"}), "--lr is 1e+39, the largest f32 is 3.40282e+38");
  EXPECT_ERROR(parse({"--min-lr=1e300"}), "--min-lr is 1e+300, the largest f32 is");
  EXPECT_TRUE(parse({"--timeout=1e39"}).ok());
}

TEST(OptionsTest, DataAddsUp) {
  auto options = parse({"--data=x:a.npy", "--data", "y:b.npy", "--eval-data=x:c"});
  ASSERT_TRUE(options.ok()) << options.message();
  EXPECT_EQ(options->data, (std::vector<std::string>{"x:a.npy", "y:b.npy"}));
  EXPECT_EQ(options->evalData, (std::vector<std::string>{"x:c"}));
}

TEST(OptionsTest, OnlyGivenPartsOverrideASchedule) {
  auto options = parse({"--steps=50", "--min-lr=0.01"});
  ASSERT_TRUE(options.ok());
  Schedule schedule = {ScheduleKind::Linear, 0.5, 0.1, 3, 20};
  options->override(schedule);
  EXPECT_EQ(schedule.kind, ScheduleKind::Linear);
  EXPECT_EQ(schedule.rate, 0.5);
  EXPECT_EQ(schedule.minRate, 0.01);
  EXPECT_EQ(schedule.warmupSteps, 3);
  EXPECT_EQ(schedule.steps, 50);
}

TEST(OptionsTest, WrongOnesAreUsageErrors) {
  const struct {
    std::vector<const char *> arguments;
    const char *message;
  } table[] = {
      {{"--step=5"}, "unknown option '--step', did you mean '--steps'?"},
      {{"--chekpoint", "x"}, "did you mean '--checkpoint'?"},
      {{"--zzzzzzzzzz"}, "(see --help)"},
      {{"file.bin"}, "unexpected argument 'file.bin'"},
      {{"--steps=many"}, "--steps"},
      {{"--steps"}, "--steps"},
      {{"--steps=-1"}, "--steps is -1"},
      {{"--steps=99999999999999999999"}, "--steps"},
      {{"--seed=-1"}, "--seed"},
      {{"--steps=5x"}, "not a whole number"},
      {{"--lr=nan"}, "--lr is nan"},
      {{"--lr=-1"}, "--lr is -1"},
      {{"--keep=0"}, "--keep is 0, it must be at least 1"},
      {{"--lr-schedule=cosin"}, "'cosin', expected constant, linear or cosine"},
      {{"--order=random"}, "--order is 'random', expected shuffled or file"},
      {{"--resume"}, "--resume needs --checkpoint"},
      {{"--save-every=5"}, "--save-every needs --checkpoint"},
      {{"--eval-every=5"}, "--eval-every needs --eval-data"},
      {{"--eval-only"}, "--eval-only needs --eval-data"},
      {{"--prompt=x"}, "--prompt needs --generate"},
      {{"--resume", "--checkpoint=d", "--init=f"}, "exclude each other"},
  };
  for (const auto &row : table) {
    SCOPED_TRACE(row.message);
    auto options = parse(row.arguments);
    EXPECT_ERROR(options, row.message);
    ASSERT_FALSE(options.ok());
    EXPECT_EQ(options.takeStatus().kind(), ErrorKind::Usage);
  }
}

TEST(OptionsTest, HelpNamesEveryOptionAndExitCode) {
  const char *arguments[] = {"model", "--help"};
  std::string help;
  ASSERT_TRUE(parseOptions(2, arguments, "gpt", help).ok());
  for (const char *name : {"--data",
                           "--eval-data",
                           "--eval-every",
                           "--eval-batches",
                           "--eval-only",
                           "--steps",
                           "--lr",
                           "--lr-schedule",
                           "--warmup-steps",
                           "--min-lr",
                           "--seed",
                           "--order",
                           "--allow-nan",
                           "--timeout",
                           "--find-nan",
                           "--init",
                           "--checkpoint",
                           "--save-every",
                           "--keep",
                           "--resume",
                           "--export",
                           "--generate",
                           "--prompt",
                           "--temperature",
                           "--top-k",
                           "--log",
                           "--tensorboard",
                           "--profile",
                           "--trace",
                           "--hash-every",
                           "--peak-flops",
                           "--print-memory",
                           "--dry-run",
                           "'gpt'",
                           "  6  the loss is not finite"})
    EXPECT_NE(help.find(name), std::string::npos) << name;
  size_t longest = 0, at = 0;
  for (size_t end; (end = help.find('\n', at)) != std::string::npos; at = end + 1)
    longest = std::max(longest, end - at);
  EXPECT_LE(longest, 90u);
}

class MetricsTest : public TestFiles {};

StepRecord record(int64_t step) {
  StepRecord out;
  out.step = step;
  out.loss = 0.1f;
  out.rate = 0.1;
  out.arenaBytes = 5;
  return out;
}

TEST_F(MetricsTest, LinesAreJsonWithAllFields) {
  StepRecord full = record(3);
  full.gradNorm = INFINITY;
  full.lossScale = 65536;
  full.skipped = true;
  full.tokensPerSecond = 1000;
  auto line = nlohmann::json::parse(toJsonLine(full));
  EXPECT_EQ(line["step"], 3);
  EXPECT_EQ(line["loss"].get<float>(), 0.1f);
  EXPECT_EQ(line["lr"].get<double>(), 0.1);
  EXPECT_TRUE(line["grad_norm"].is_null());
  EXPECT_EQ(line["loss_scale"], 65536);
  EXPECT_EQ(line["skipped"], true);
  EXPECT_EQ(line["tokens_per_s"], 1000);
  EXPECT_TRUE(line["mfu"].is_null());
  EXPECT_EQ(line["arena_bytes"], 5);
  EXPECT_EQ(line.size(), 11u);
}

TEST_F(MetricsTest, ResumeDropsWhatCameLater) {
  std::string file = path("log.jsonl");
  {
    auto log = JsonlLog::open(file, 0);
    for (int64_t step : {1, 2, 3, 4, 5})
      ASSERT_TRUE(log->write(record(step)).ok());
  }
  std::string two = toJsonLine(record(1)) + toJsonLine(record(2));
  std::ofstream(file, std::ios::app) << "{\"step\":6,\"lo"; // killed while writing
  auto log = JsonlLog::open(file, 2);
  ASSERT_TRUE(log.ok()) << log.message();
  EXPECT_EQ(read(file), two);
  ASSERT_TRUE(log->write(record(3)).ok());
  EXPECT_EQ(read(file), two + toJsonLine(record(3)));
  ASSERT_TRUE(JsonlLog::open(file, 0).ok());
  EXPECT_EQ(read(file), "");
  EXPECT_TRUE(JsonlLog::open(path("new.jsonl"), 9).ok());
}

// What would be cut off has to be ours.
TEST_F(MetricsTest, ResumeRefusesForeignFiles) {
  std::string ours = toJsonLine(record(1));
  for (const std::string &text :
       {std::string("x,y\n1,2\n"), std::string("no end of a line"),
        std::string("{\"steps\":1}\n"), ours + "remember the milk\n",
        ours + "remember the milk", std::string(3 << 20, 'x')}) {
    write("notes", text);
    auto log = JsonlLog::open(path("notes"), 2);
    EXPECT_ERROR(log, "notes' is no log of a training: byte ");
    EXPECT_EQ(log.takeStatus().kind(), ErrorKind::Data);
    EXPECT_EQ(read(path("notes")), text);
  }
  for (const std::string &text : {std::string(), ours.substr(0, 4), ours.substr(0, 30)}) {
    write("log", ours + text);
    EXPECT_TRUE(JsonlLog::open(path("log"), 2).ok());
    EXPECT_EQ(read(path("log")), ours);
  }
}

TEST_F(MetricsTest, EventFilesAreTfRecords) {
  auto log = TensorBoardLog::open(path("tb"));
  ASSERT_TRUE(log.ok()) << log.message();
  ASSERT_TRUE(log->write(300, {{"loss", 1.5f}}).ok());
  ASSERT_TRUE(log->close().ok());
  std::string bytes;
  for (const auto &entry : std::filesystem::directory_iterator(path("tb"))) {
    EXPECT_EQ(entry.path().filename().string().rfind("events.out.tfevents.", 0), 0u);
    bytes = read(entry.path());
  }
  std::vector<std::string> events;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length;
    uint32_t crc;
    std::memcpy(&length, &bytes[at], 8);
    std::memcpy(&crc, &bytes[at + 8], 4);
    EXPECT_EQ(crc, maskedCrc32c(&bytes[at], 8));
    events.push_back(bytes.substr(at + 12, length));
    std::memcpy(&crc, &bytes[at + 12 + length], 4);
    EXPECT_EQ(crc, maskedCrc32c(events.back().data(), length));
    at += 16 + length;
  }
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].substr(9), "\x1a\x0d"
                                 "brain.Event:2");
  // step = 300, then summary { value { tag: "loss" simple_value: 1.5 } }
  EXPECT_EQ(events[1].substr(9),
            std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15"
                        "\0\0\xc0\x3f",
                        18));
}

TEST(SampleTest, GreedyAndTopK) {
  float logits[] = {1, 5, 5, NAN, -2};
  EXPECT_EQ(sampleToken(logits, 5, 0, 0, 0.99), 1);
  EXPECT_EQ(sampleToken(logits, 5, 1, 1, 0.99), 1);
  EXPECT_EQ(sampleToken(logits, 5, 1, 2, 0.4), 1);
  EXPECT_EQ(sampleToken(logits, 5, 1, 2, 0.6), 2);
  EXPECT_EQ(sampleToken(logits, 5, 100, 0, 0.0), 0);
  EXPECT_EQ(sampleToken(logits, 5, 100, 0, 0.99), 4);
  float hopeless[] = {NAN, NAN};
  EXPECT_EQ(sampleToken(hopeless, 2, 1, 0, 0.5), 0);
}

TEST(SampleTest, FollowsTheSoftmax) {
  float logits[] = {0, 1, 2};
  double weights[] = {1, std::exp(2.0), std::exp(4.0)}; // temperature 0.5
  double sum = weights[0] + weights[1] + weights[2];
  int counts[3] = {};
  const int draws = 10000;
  for (int i = 0; i < draws; ++i)
    ++counts[sampleToken(logits, 3, 0.5, 0, (i + 0.5) / draws)];
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(counts[i], draws * weights[i] / sum, 1.5);
}

} // namespace
