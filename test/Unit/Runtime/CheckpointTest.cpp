// Checkpoints: what is saved is loaded, damage is seen, nothing good is ever deleted.
#include "TestFiles.h"
#include "Toy.h"

#include "train/rt/Checkpoint.h"
#include "train/rt/Hash.h"
#include "train/rt/Manifest.h"
#include "train/rt/Safetensors.h"
#include "train/rt/Weights.h"

#include <csignal>
#include <cstring>
#include <sys/resource.h>

using namespace train;
using namespace train::rt;
using namespace train::rt::test;

namespace {

class CheckpointTest : public TestFiles {
protected:
  CheckpointTest() {
    toy::makeRegression(toy);
    arena.resize(toy.executable.arena_bytes);
    for (size_t i = 0; i < toy.symbols.size(); ++i)
      std::memset(&arena[toy.symbols[i].tensor.offset], int(i) + 1,
                  toy.symbols[i].tensor.bytes);
  }
  CheckpointDirectory open(int64_t keep = 2) {
    auto opened = CheckpointDirectory::open(path("ck"), keep);
    EXPECT_TRUE(opened.ok()) << opened.message();
    return std::move(*opened);
  }
  static Manifest manifestOf(int64_t step) {
    Manifest manifest;
    manifest.step = step;
    manifest.position = step * 12;
    manifest.samples = 50;
    manifest.seed = UINT64_MAX - 3;
    manifest.schedule = {ScheduleKind::Cosine, 0.1, 1e-5, 7, 1000};
    manifest.fingerprint = 0xfedcba9876543210;
    manifest.model = "regression";
    return manifest;
  }
  void save(CheckpointDirectory &directory, int64_t step) {
    arena[toy.symbols[0].tensor.offset] = uint8_t(step);
    Status status = directory.save(toy.executable, arena.data(), manifestOf(step));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::string file(int64_t step, const char *name) const {
    char text[64];
    std::snprintf(text, sizeof(text), "ck/step-%08lld/%s", (long long)step, name);
    return path(text);
  }
  Result<Manifest> load(CheckpointDirectory &directory) {
    loaded.assign(arena.size(), 0);
    notes.clear();
    return directory.loadNewest(toy.executable, loaded.data(), notes);
  }
  toy::Toy toy;
  std::vector<uint8_t> arena, loaded;
  std::vector<std::string> notes;
};

TEST_F(CheckpointTest, WhatIsSavedIsLoaded) {
  auto directory = open();
  save(directory, 5);
  auto manifest = load(directory);
  ASSERT_TRUE(manifest.ok()) << manifest.message();
  EXPECT_TRUE(notes.empty());
  Manifest expected = manifestOf(5);
  EXPECT_EQ(manifest->step, expected.step);
  EXPECT_EQ(manifest->position, expected.position);
  EXPECT_EQ(manifest->samples, expected.samples);
  EXPECT_EQ(manifest->seed, expected.seed);
  EXPECT_EQ(manifest->schedule.kind, expected.schedule.kind);
  EXPECT_EQ(manifest->schedule.rate, expected.schedule.rate);
  EXPECT_EQ(manifest->schedule.minRate, expected.schedule.minRate);
  EXPECT_EQ(manifest->schedule.warmupSteps, expected.schedule.warmupSteps);
  EXPECT_EQ(manifest->schedule.steps, expected.schedule.steps);
  EXPECT_EQ(manifest->fingerprint, expected.fingerprint);
  EXPECT_EQ(manifest->model, expected.model);
  for (const TrainSymbol &symbol : toy.symbols)
    EXPECT_EQ(std::memcmp(&arena[symbol.tensor.offset], &loaded[symbol.tensor.offset],
                          symbol.tensor.bytes),
              0)
        << symbol.tensor.name;
}

TEST_F(CheckpointTest, KeepsAsManyAsAsked) {
  auto directory = open(2);
  for (int64_t step : {10, 20, 30, 40})
    save(directory, step);
  EXPECT_EQ(*directory.steps(), (std::vector<int64_t>{30, 40}));
  for (const auto &entry : std::filesystem::directory_iterator(path("ck")))
    EXPECT_EQ(entry.path().filename().string().rfind("step-", 0), 0u) << entry.path();
}

TEST_F(CheckpointTest, EveryFlippedByteIsSeen) {
  auto directory = open();
  save(directory, 1);
  save(directory, 2);
  for (const char *name : {"manifest.json", "model.safetensors", "state.safetensors"}) {
    std::string good = read(file(2, name));
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] ^= 0x10;
      // White space between the fields of the manifest carries nothing.
      bool blank = std::strcmp(name, "manifest.json") == 0 && std::isspace(good[i]);
      if (blank)
        continue;
      std::ofstream(file(2, name), std::ios::binary) << bad;
      auto manifest = load(directory);
      ASSERT_TRUE(manifest.ok()) << manifest.message();
      ASSERT_EQ(manifest->step, 1) << name << " byte " << i;
      ASSERT_EQ(notes.size(), 1u);
    }
    for (size_t length : {size_t(0), good.size() / 2, good.size() - 1}) {
      std::ofstream(file(2, name), std::ios::binary) << good.substr(0, length);
      auto manifest = load(directory);
      ASSERT_TRUE(manifest.ok());
      // Without its final line feed the manifest still says everything.
      bool onlyLineFeed =
          !std::strcmp(name, "manifest.json") && length + 1 == good.size();
      EXPECT_EQ(manifest->step, onlyLineFeed ? 2 : 1) << name << " " << length;
    }
    std::filesystem::remove(file(2, name));
    EXPECT_EQ(load(directory)->step, 1);
    std::ofstream(file(2, name), std::ios::binary) << good;
    EXPECT_EQ(load(directory)->step, 2);
  }
}

TEST_F(CheckpointTest, NoneValidIsAnError) {
  auto directory = open();
  EXPECT_ERROR(load(directory), "holds no checkpoint");
  save(directory, 1);
  save(directory, 2);
  std::filesystem::resize_file(file(1, "model.safetensors"), 3);
  std::filesystem::resize_file(file(2, "state.safetensors"), 3);
  EXPECT_ERROR(load(directory), "none of the 2 checkpoints");
  EXPECT_EQ(notes.size(), 2u);
}

// After a resume from step 10 because 30 was damaged, saving 20 must not delete anything
// in favour of 30, and saving 30 replaces the damaged one.
TEST_F(CheckpointTest, DamagedNewerOnesDoNotCount) {
  auto directory = open(1);
  save(directory, 30);
  std::filesystem::resize_file(file(30, "model.safetensors"), 3);
  save(directory, 20);
  EXPECT_EQ(*directory.steps(), (std::vector<int64_t>{20, 30}));
  EXPECT_EQ(load(directory)->step, 20);
  save(directory, 30);
  EXPECT_EQ(*directory.steps(), (std::vector<int64_t>{30}));
  EXPECT_EQ(load(directory)->step, 30);
}

TEST_F(CheckpointTest, LeftoversOfAKilledSaveAreRemoved) {
  auto directory = open();
  save(directory, 1);
  std::filesystem::create_directories(path("ck/.tmp-00000002"));
  write("ck/.tmp-00000002/model.safetensors", "half");
  std::filesystem::create_directories(path("ck/.old-00000001"));
  write("ck/notes.txt", "of the user");
  EXPECT_EQ(*directory.steps(), (std::vector<int64_t>{1}));
  save(directory, 2);
  EXPECT_FALSE(std::filesystem::exists(path("ck/.tmp-00000002")));
  EXPECT_FALSE(std::filesystem::exists(path("ck/.old-00000001")));
  EXPECT_TRUE(std::filesystem::exists(path("ck/notes.txt")));
}

TEST_F(CheckpointTest, OtherModelsAreListed) {
  auto directory = open();
  save(directory, 1);
  toy.symbols[0].tensor.name = "other.weight";
  toy.symbols[1].tensor.rank = 1;
  toy.symbols[1].tensor.shape[0] = 1;
  toy.finish();
  auto manifest = load(directory);
  EXPECT_ERROR(manifest, "other.weight is missing");
  EXPECT_ERROR(manifest, "model.weight is unknown here");
  EXPECT_ERROR(manifest, "model.bias is f32[] there, f32[1] here");
}

TEST_F(CheckpointTest, DirectoryIsLocked) {
  auto directory = open();
  EXPECT_ERROR(CheckpointDirectory::open(path("ck"), 2), "another process");
}

TEST_F(CheckpointTest, NamesThatOnlyLookLikeCheckpoints) {
  auto directory = open();
  for (const char *name : {"step-1", "step-00000001x", "step--0000001", "step-"})
    std::filesystem::create_directories(path("ck/") + name);
  EXPECT_TRUE(directory.steps()->empty());
}

// A full disk, played by a limit on the size of files: the older checkpoint stays, the
// half-written one goes.
TEST_F(CheckpointTest, FailedWritesLeaveTheOldOne) {
  auto directory = open(1);
  save(directory, 1);
  auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100;
  setrlimit(RLIMIT_FSIZE, &small);
  Status status = directory.save(toy.executable, arena.data(), manifestOf(2));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_EQ(status.kind(), ErrorKind::Io);
  EXPECT_ERROR(status, "cannot write");
  EXPECT_EQ(*directory.steps(), (std::vector<int64_t>{1}));
  EXPECT_FALSE(std::filesystem::exists(path("ck/.tmp-00000002")));
  EXPECT_EQ(load(directory)->step, 1);
}

TEST_F(CheckpointTest, HostileManifests) {
  std::string deep =
      "{\"crc32\":" + std::string(500000, '[') + std::string(500000, ']') + "}";
  for (const std::string &text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string("{\"crc32\":1,\"format\":1}"), std::string("{\"crc32\":\"x\"}"),
        std::string("{\"crc32\":\"x\",\"format\":-1}"),
        std::string("{\"crc32\":\"x\",\"format\":1}"), deep, std::string(2 << 20, ' ')})
    EXPECT_FALSE(readManifest(write("manifest.json", text)).ok()) << text.substr(0, 40);
}

class WeightsTest : public CheckpointTest {
protected:
  struct Entry {
    const char *name;
    Scalar type;
    std::vector<int64_t> shape;
    std::string data;
  };
  std::string weights(const std::vector<Entry> &entries) {
    std::vector<TensorView> views;
    for (const Entry &entry : entries)
      views.push_back(
          {entry.name, entry.type, entry.shape, entry.data.data(), entry.data.size()});
    std::string out;
    (void)writeSafetensors(views, {}, [&](const void *data, size_t size) {
      out.append(static_cast<const char *>(data), size);
      return Status::success();
    });
    return write("w.safetensors", out);
  }
  Status loadFrom(const std::string &path) {
    loaded.assign(arena.size(), 0);
    notes.clear();
    return loadWeights(path, toy.executable, loaded.data(), notes);
  }
  float value(int symbol, size_t index = 0) {
    return float(
        elementAsDouble(Scalar::F32, &loaded[toy.symbols[symbol].tensor.offset], index));
  }
  std::string three = bytes<float>({1, 2, 3}), one = bytes<float>({4});
};

TEST_F(WeightsTest, NamesMayDifferByOnePrefix) {
  for (const char *prefix : {"model.", "", "transformer.model.", "x.y.z.model."}) {
    std::string weight = std::string(prefix) + "weight",
                bias = std::string(prefix) + "bias";
    Status status = loadFrom(weights({{weight.c_str(), Scalar::F32, {3}, three},
                                      {bias.c_str(), Scalar::F32, {}, one}}));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(value(0, 2), 3);
    EXPECT_EQ(value(1), 4);
    EXPECT_TRUE(notes.empty());
  }
}

TEST_F(WeightsTest, OldNamesOfLayerNormAreKnown) {
  toy.symbols[0].tensor.name = "bert.LayerNorm.weight";
  toy.symbols[1].tensor.name = "bert.LayerNorm.bias";
  for (const char *prefix : {"bert.", "", "x.bert."}) {
    std::string gamma = std::string(prefix) + "LayerNorm.gamma",
                beta = std::string(prefix) + "LayerNorm.beta";
    Status status = loadFrom(weights({{gamma.c_str(), Scalar::F32, {3}, three},
                                      {beta.c_str(), Scalar::F32, {}, one}}));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(value(0, 2), 3);
    EXPECT_EQ(value(1), 4);
    EXPECT_TRUE(notes.empty());
  }
  // A name of today comes before an old one.
  Status status =
      loadFrom(weights({{"bert.LayerNorm.weight", Scalar::F32, {3}, three},
                        {"bert.LayerNorm.bias", Scalar::F32, {}, one},
                        {"bert.LayerNorm.beta", Scalar::F32, {}, bytes<float>({9})}}));
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(value(1), 4);
  ASSERT_EQ(notes.size(), 1u);
}

TEST_F(WeightsTest, AllFloatTypesAreConverted) {
  const std::pair<Scalar, std::string> types[] = {
      {Scalar::F64, bytes<double>({1.5, 2.5, -3})},
      {Scalar::F16, bytes<uint16_t>({0x3e00, 0x4100, 0xc200})},
      {Scalar::BF16, bytes<uint16_t>({0x3fc0, 0x4020, 0xc040})}};
  for (const auto &[type, data] : types) {
    Status status = loadFrom(weights(
        {{"model.weight", type, {3}, data}, {"model.bias", Scalar::F32, {}, one}}));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(value(0, 0), 1.5);
    EXPECT_EQ(value(0, 1), 2.5);
    EXPECT_EQ(value(0, 2), -3);
  }
}

TEST_F(WeightsTest, IntegersAreNoWeights) {
  const std::tuple<Scalar, std::string, const char *> types[] = {
      {Scalar::Bool, std::string("\1\0\1", 3), "bool"},
      {Scalar::I8, "abc", "i8"},
      {Scalar::U8, "abc", "u8"},
      {Scalar::I32, bytes<int32_t>({1, 2, 3}), "i32"},
      {Scalar::I64, bytes<int64_t>({1, 2, 3}), "i64"}};
  for (const auto &[type, data, name] : types) {
    Status status = loadFrom(weights(
        {{"model.weight", type, {3}, data}, {"model.bias", Scalar::F32, {}, one}}));
    EXPECT_ERROR(status,
                 "tensor 'model.weight' of " + std::string(name) + " cannot become f32");
    EXPECT_EQ(status.kind(), ErrorKind::Data);
  }
}

TEST_F(WeightsTest, WhatIsMissingOrWrong) {
  EXPECT_ERROR(loadFrom(weights({{"model.weight", Scalar::F32, {3}, three}})),
               "1 of 2 parameters are missing: model.bias");
  EXPECT_ERROR(loadFrom(weights({{"model.weight", Scalar::F32, {3, 1}, three},
                                 {"model.bias", Scalar::F32, {}, one}})),
               "tensor 'model.weight' has shape [3,1], 'model.weight' needs [3]");
  EXPECT_EQ(loadFrom(weights({})).kind(), ErrorKind::Data);
}

TEST_F(WeightsTest, ExtraTensorsAreListedBuffersAreNot) {
  Status status = loadFrom(weights({{"model.weight", Scalar::F32, {3}, three},
                                    {"model.bias", Scalar::F32, {}, one},
                                    {"h.0.attn.bias", Scalar::F32, {}, one},
                                    {"embeddings.position_ids", Scalar::F32, {}, one},
                                    {"pooler.weight", Scalar::F32, {}, one}}));
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0], "1 tensors are ignored: pooler.weight");
}

TEST_F(WeightsTest, ExportHoldsTheModelOnly) {
  ASSERT_TRUE(exportWeights(path("out.safetensors"), toy.executable, arena.data()).ok());
  auto file = readSafetensors(path("out.safetensors"));
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_EQ(file->tensors.size(), 2u);
  Status status = loadFrom(path("out.safetensors"));
  ASSERT_TRUE(status.ok()) << status.message();
  for (int i : {0, 1}) {
    const TrainTensor &tensor = toy.symbols[i].tensor;
    EXPECT_EQ(std::memcmp(&arena[tensor.offset], &loaded[tensor.offset], tensor.bytes),
              0);
  }
  EXPECT_ERROR(exportWeights(path("no/such/file"), toy.executable, arena.data()),
               "cannot create");
}

} // namespace
