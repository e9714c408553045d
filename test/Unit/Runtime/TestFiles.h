// A directory for the files of one test, and ways to write and read them.
#ifndef TRAIN_TEST_TESTFILES_H
#define TRAIN_TEST_TESTFILES_H

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

namespace train::rt::test {

class TestFiles : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "trainrt-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string path(const std::string &name) const { return directory + "/" + name; }

  std::string write(const std::string &name, const std::string &bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  static std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// The bytes of values, little-endian.
  template <typename T> static std::string bytes(const std::vector<T> &values) {
    return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
  }

  /// A .npy file of version 1 with this header dictionary.
  static std::string npy(const std::string &header, const std::string &data,
                         int version = 1) {
    std::string out = "\x93NUMPY" + std::string(1, char(version)) + std::string(1, '\0');
    uint32_t length = uint32_t(header.size());
    out.append(reinterpret_cast<const char *>(&length), version == 1 ? 2 : 4);
    return out + header + data;
  }
  static std::string npyOf(const std::string &type, const std::string &shape,
                           const std::string &data) {
    return npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape +
                   ", }\n",
               data);
  }

  std::string directory;
};

/// Expects an error whose message has the text in it.
#define EXPECT_ERROR(result, text)                                                       \
  do {                                                                                   \
    auto &&checked = (result);                                                           \
    EXPECT_FALSE(checked.ok());                                                          \
    EXPECT_NE(std::string(checked.message()).find(text), std::string::npos)              \
        << "in: " << checked.message();                                                  \
  } while (false)

} // namespace train::rt::test

#endif // TRAIN_TEST_TESTFILES_H
