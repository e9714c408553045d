// Array files: what is read, and what is refused with which byte.
#include "TestFiles.h"

#include "train/rt/ArrayFile.h"

#include <cstring>
#include <random>
#include <sys/stat.h>

using namespace train::rt;
using namespace train::rt::test;

namespace {

class ArrayFileTest : public TestFiles {};

TEST_F(ArrayFileTest, NpyOfAllVersions) {
  std::string data = bytes<float>({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3}) {
    auto array = openArray(write(
        "a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
                     data, version)));
    ASSERT_TRUE(array.ok()) << array.message();
    EXPECT_EQ(array->type, Scalar::F32);
    EXPECT_EQ(array->shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(array->elements, 6u);
    float elements[6];
    ASSERT_TRUE(array->read(elements, 0, 6).ok());
    EXPECT_EQ(std::memcmp(elements, data.data(), data.size()), 0);
  }
}

TEST_F(ArrayFileTest, NpyShapesAndTypes) {
  auto scalar = openArray(write("a.npy", npyOf("<i8", "()", bytes<int64_t>({5}))));
  ASSERT_TRUE(scalar.ok()) << scalar.message();
  EXPECT_TRUE(scalar->shape.empty());
  auto vector = openArray(write("a.npy", npyOf("|u1", "(3,)", "abc")));
  ASSERT_TRUE(vector.ok()) << vector.message();
  EXPECT_EQ(vector->type, Scalar::U8);
  EXPECT_EQ(vector->shape, (std::vector<int64_t>{3}));
}

TEST_F(ArrayFileTest, HostileNpyFilesAreRefused) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
  const struct {
    const char *what;
    std::string bytes;
    const char *message;
  } table[] = {
      {"empty", "", "byte 0"},
      {"other magic", "PK\3\4........", "byte 0"},
      {"version 4", npy(header, "1234", 4), "byte 6: version 4"},
      {"header longer than the file", std::string("\x93NUMPY\1\0\xff\xff{}", 12),
       "byte 8"},
      {"header of 4 GiB", std::string("\x93NUMPY\2\0\xff\xff\xff\xff{}", 14), "byte 8"},
      {"version 2 cut in its length", std::string("\x93NUMPY\2\0\1\0", 10), "truncated"},
      {"no dictionary", npy("hello", ""), "expected '{'"},
      {"no end", npy("{'descr': '<f4'", ""), "expected '}'"},
      {"string without an end", npy("{'descr", ""), "string without an end"},
      {"missing key", npy("{'descr': '<f4', 'shape': (1,)}", "1234"), "is missing"},
      {"key twice", npy("{'descr': '<f4', 'descr': '<f4'}", ""), "unexpected key"},
      {"unknown key", npy("{'evil': 1}", ""), "unexpected key 'evil'"},
      {"text behind", npy(header + "x", "1234"), "text after"},
      {"big-endian", npyOf(">f4", "(1,)", "1234"), "'>f4'"},
      {"objects", npyOf("|O", "(1,)", "1234"), "'|O'"},
      {"strings", npyOf("<U4", "(1,)", "1234"), "'<U4'"},
      {"Fortran order",
       npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "1234"),
       "Fortran order"},
      {"negative dimension", npyOf("<f4", "(-1,)", "1234"), "expected a dimension"},
      {"dimension beyond 64 bits", npyOf("<f4", "(99999999999999999999,)", "1234"),
       "exceeds 64 bits"},
      {"product that overflows", npyOf("<f4", "(4611686018427387905,)", "1234"),
       "does not fit"},
      {"too little data", npyOf("<f4", "(2,)", "1234"), "does not fit the 4 bytes"},
      {"too much data", npyOf("<f4", "(1,)", "12345678"), "does not fit the 8 bytes"},
      {"shape without an end", npy("{'shape': (1", ""), "expected ')'"},
      {"40 dimensions",
       npy("{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
           "1)}",
           ""),
       "more than 32 dimensions"},
  };
  for (const auto &row : table) {
    SCOPED_TRACE(row.what);
    auto array = openArray(write("bad.npy", row.bytes));
    EXPECT_ERROR(array, row.message);
    EXPECT_ERROR(array, "bad.npy");
  }
}

// Random damage gives an error or an array inside the file.
TEST_F(ArrayFileTest, RandomDamageStaysInside) {
  std::string whole = npyOf("<f4", "(2, 3)", std::string(24, 'x'));
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string bad = whole;
    for (int i = 0; i <= round % 3; ++i)
      bad[random() % bad.size()] = char(random());
    auto array = openArray(write("bad.npy", bad));
    if (array.ok()) {
      ASSERT_LE(array->offset + array->elements * scalarBytes(array->type), bad.size());
    }
  }
}

TEST_F(ArrayFileTest, TokenFiles) {
  auto plain = openArray(write("t.bin", bytes<uint16_t>({1, 2, 50256})));
  ASSERT_TRUE(plain.ok()) << plain.message();
  EXPECT_EQ(plain->elements, 3u);
  uint16_t token = 0;
  ASSERT_TRUE(plain->read(&token, 2, 1).ok());
  EXPECT_EQ(token, 50256);

  std::vector<int32_t> header(256);
  header[0] = 20240520;
  header[1] = 1;
  header[2] = 3;
  std::string tokens = bytes<uint16_t>({4, 5, 6});
  auto withHeader = openArray(write("t.bin", bytes(header) + tokens));
  ASSERT_TRUE(withHeader.ok()) << withHeader.message();
  EXPECT_EQ(withHeader->elements, 3u);
  ASSERT_TRUE(withHeader->read(&token, 0, 1).ok());
  EXPECT_EQ(token, 4);

  EXPECT_ERROR(openArray(write("t.bin", "abc")), "3 bytes");
  EXPECT_ERROR(openArray(write("t.bin", bytes(header).substr(0, 500))),
               "ends at byte 500");
  header[2] = 4;
  EXPECT_ERROR(openArray(write("t.bin", bytes(header) + tokens)), "byte 8");
  header[2] = -1;
  EXPECT_ERROR(openArray(write("t.bin", bytes(header) + tokens)), "byte 8");
  header[1] = 7;
  EXPECT_ERROR(openArray(write("t.bin", bytes(header) + tokens)), "byte 4: version 7");
}

TEST_F(ArrayFileTest, OtherFilesAreBytes) {
  auto text = openArray(write("t.txt", "hello"));
  ASSERT_TRUE(text.ok()) << text.message();
  EXPECT_EQ(text->format, ArrayFile::Format::Bytes);
  EXPECT_EQ(text->elements, 5u);
  EXPECT_ERROR(openArray(directory), "not a regular file");
  EXPECT_ERROR(openArray(path("none.txt")), "none.txt");
}

// What another process does to a file while it is in use is an error of the read.
TEST_F(ArrayFileTest, AFileThatShrinksIsAnError) {
  auto array =
      openArray(write("a.npy", npyOf("<f4", "(4,)", bytes<float>({1, 2, 3, 4}))));
  ASSERT_TRUE(array.ok()) << array.message();
  float elements[4];
  uint64_t whole = array->file.size();
  std::filesystem::resize_file(path("a.npy"), whole - 6);
  EXPECT_TRUE(array->read(elements, 0, 2).ok());
  Status status = array->read(elements, 1, 3);
  EXPECT_ERROR(status, "a.npy' was shortened from " + std::to_string(whole) + " to " +
                           std::to_string(whole - 6));
  EXPECT_ERROR(status, "byte " + std::to_string(whole - 6) + " is gone");
  EXPECT_EQ(status.kind(), ErrorKind::Data);
  // One that is removed is still there for who has it open.
  std::filesystem::remove(path("a.npy"));
  EXPECT_TRUE(array->read(elements, 0, 2).ok());
}

TEST_F(ArrayFileTest, APipeIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path("pipe.npy").c_str(), 0600), 0);
  EXPECT_ERROR(openArray(path("pipe.npy")), "is not a regular file");
}

} // namespace
