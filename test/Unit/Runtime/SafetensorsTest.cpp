// The safetensors reader against files that lie, and the writer against the reader.
#include "TestFiles.h"

#include "train/rt/Safetensors.h"

#include <random>

using namespace train::rt;
using namespace train::rt::test;

namespace {

class SafetensorsTest : public TestFiles {
protected:
  Result<Safetensors> readBytes(const std::string &bytes) {
    return readSafetensors(write("file.safetensors", bytes));
  }
  static std::string file(const std::string &header, const std::string &data = "") {
    uint64_t length = header.size();
    return std::string(reinterpret_cast<const char *>(&length), 8) + header + data;
  }
};

TEST_F(SafetensorsTest, WhatIsWrittenIsRead) {
  float wide[] = {1, 2, 3, 4, 5, 6};
  uint16_t narrow[] = {7, 8, 9};
  int64_t counter = 42;
  std::vector<TensorView> tensors = {
      {"b.half", Scalar::F16, {3}, narrow, sizeof(narrow)},
      {"a \"quoted\"\n", Scalar::F32, {2, 3}, wide, sizeof(wide)},
      {"empty", Scalar::F32, {0, 5}, nullptr, 0},
      {"step", Scalar::I64, {}, &counter, sizeof(counter)}};
  std::string bytes;
  ASSERT_TRUE(writeSafetensors(tensors, {{"format", "pt"}}, [&](auto *data, size_t size) {
                bytes.append(static_cast<const char *>(data), size);
                return Status::success();
              }).ok());
  Result<Safetensors> file = readBytes(bytes);
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_EQ(file->metadata.at("format"), "pt");
  ASSERT_EQ(file->tensors.size(), tensors.size());
  for (const TensorView &tensor : tensors) {
    const FileTensor &found = file->tensors.at(tensor.name);
    EXPECT_EQ(found.type, tensor.type);
    EXPECT_EQ(found.shape, tensor.shape);
    ASSERT_EQ(found.bytes, tensor.bytes);
    std::string read(found.bytes, '\0');
    ASSERT_TRUE(readTensor(*file, tensor.name, found, tensor.type,
                           reinterpret_cast<uint8_t *>(read.data()))
                    .ok());
    if (tensor.bytes) {
      EXPECT_EQ(read, std::string((const char *)tensor.data, tensor.bytes));
    }
    EXPECT_EQ(found.offset % scalarBytes(found.type), 0u);
  }
}

TEST_F(SafetensorsTest, HostileFilesAreRefused) {
  const std::string four(4, 'x'), eight(8, 'x');
  auto tensor = [](const char *fields) {
    return "{\"w\":{" + std::string(fields) + "}}";
  };
  const struct {
    const char *what;
    std::string bytes;
    const char *message;
  } table[] = {
      {"empty file", "", "byte 0"},
      {"length cut short", "\x10\0\0", "byte 0"},
      {"length beyond the file", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10),
       "byte 0: header of 9223372036854775807"},
      {"length of zero", std::string(8, '\0'), "byte 8"},
      {"not JSON", file("{\"w\":"), "not valid JSON"},
      {"garbage after the object", file("{}x"), "not valid JSON"},
      {"invalid UTF-8", file("{\"\xff\":{}}"), "not valid JSON"},
      {"deep nesting", file("{\"w\":" + std::string(1000000, '[')), "unexpected array"},
      {"deep objects", file("{\"w\":{\"a\":{\"b\":{}}}}"), "unknown field 'a'"},
      {"an array", file("[]"), "does not start with"},
      {"tensor that is a number", file("{\"w\":1}"), "unexpected number"},
      {"missing offsets", file(tensor("\"dtype\":\"F32\",\"shape\":[1]"), four),
       "is missing"},
      {"unknown type",
       file(tensor("\"dtype\":\"F5\",\"shape\":[1],\"data_offsets\":[0,4]"), four),
       "dtype 'F5'"},
      {"dtype that is a number", file(tensor("\"dtype\":5"), four), "unexpected number"},
      {"shape that is a string", file(tensor("\"shape\":\"x\""), four), "is a string"},
      {"negative dimension",
       file(tensor("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]"), four),
       "negative number"},
      {"fractional dimension",
       file(tensor("\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]"), four),
       "not an integer"},
      {"huge dimension",
       file(tensor("\"dtype\":\"F32\",\"shape\":[18446744073709551615],"
                   "\"data_offsets\":[0,4]"),
            four),
       "exceeds 63 bits"},
      {"product that overflows to four bytes",
       file(tensor("\"dtype\":\"F32\",\"shape\":[4611686018427387905],"
                   "\"data_offsets\":[0,4]"),
            four),
       "does not have 4 bytes"},
      {"offsets swapped",
       file(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]"), four),
       "bytes 4 to 0"},
      {"offsets beyond the file",
       file(tensor("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"), four),
       "bytes 0 to 8 of 4"},
      {"three offsets",
       file(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]"), four),
       "two numbers"},
      {"size that differs",
       file(tensor("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), four),
       "does not have 4 bytes"},
      {"data after the last tensor",
       file(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"), eight),
       "end at byte 4 of 8"},
      {"gap in front",
       file(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]"), eight),
       "(gap)"},
      {"overlap",
       file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
            four),
       "(overlap)"},
      {"name twice",
       file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            eight),
       "name appears twice"},
      {"field twice",
       file(tensor("\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],"
                   "\"data_offsets\":[0,4]"),
            four),
       "appears twice"},
      {"metadata that is no string", file("{\"__metadata__\":{\"a\":[1]}}"),
       "unexpected array"},
  };
  for (const auto &row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(readBytes(row.bytes), row.message);
  }
}

TEST_F(SafetensorsTest, EveryTruncationIsRefused) {
  std::string whole =
      file("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
           std::string(8, 'x'));
  ASSERT_TRUE(readBytes(whole).ok());
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(readBytes(whole.substr(0, length)).ok()) << length;
}

// Random damage gives an error or tensors inside the file (the sanitizers watch the
// reads).
TEST_F(SafetensorsTest, RandomDamageStaysInside) {
  std::string whole =
      file("{\"__metadata__\":{\"format\":\"pt\"},"
           "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
           "\"b\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[8,16]}}",
           std::string(16, 'x'));
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string bad = whole;
    for (int i = 0; i <= round % 3; ++i)
      bad[random() % bad.size()] = char(random());
    Result<Safetensors> read = readBytes(bad);
    if (!read)
      continue;
    for (const auto &[name, tensor] : read->tensors) {
      ASSERT_LE(tensor.offset, read->file.size());
      ASSERT_LE(tensor.bytes, read->file.size() - tensor.offset);
    }
  }
}

TEST_F(SafetensorsTest, MissingFileNamesItself) {
  EXPECT_ERROR(readSafetensors(path("none")), "none");
}

TEST_F(SafetensorsTest, ConversionInPiecesAndAFileThatShrinks) {
  // More than one piece of 65536 elements.
  std::vector<double> wide(70000);
  for (size_t i = 0; i < wide.size(); ++i)
    wide[i] = double(i);
  std::string data = bytes(wide);
  Result<Safetensors> read = readBytes(file("{\"w\":{\"dtype\":\"F64\",\"shape\":[70000],"
                                            "\"data_offsets\":[0,560000]}}",
                                            data));
  ASSERT_TRUE(read.ok()) << read.message();
  std::vector<float> narrow(wide.size());
  auto *target = reinterpret_cast<uint8_t *>(narrow.data());
  const FileTensor &tensor = read->tensors.at("w");
  ASSERT_TRUE(readTensor(*read, "w", tensor, Scalar::F32, target).ok());
  EXPECT_EQ(narrow, std::vector<float>(wide.begin(), wide.end()));
  EXPECT_ERROR(readTensor(*read, "w", tensor, Scalar::I32, target),
               "tensor 'w' of f64 cannot become i32");
  std::filesystem::resize_file(read->file.path(), read->file.size() - 1);
  EXPECT_ERROR(readTensor(*read, "w", tensor, Scalar::F32, target), "was shortened");
}

} // namespace
