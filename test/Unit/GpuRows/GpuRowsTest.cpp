// The GPU's kernels against the CPU's, program by program on the same bytes: equal bits
// wherever no reduction along a row is involved (those have a tree per target), near
// otherwise. Every kernel runs with wide and with single accesses, with fewer blocks than
// items and with as many, in both orders of threads; none of these may change a bit.
#include "Emulator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "train/Conversion/CpuKernels.h"
#include "train/Conversion/GpuKernels.h"
#include "llvm/Support/Error.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <map>

using namespace mlir;
using namespace train;
using namespace train::gpurows;

namespace {

/// Bytes on a 64-byte boundary between guards that nobody may write.
class Storage {
public:
  explicit Storage(int64_t size) : size(size), bytes(size + 3 * kGuard, kMark) {
    auto address = reinterpret_cast<uintptr_t>(bytes.data()) + kGuard;
    start = (address + kGuard - 1) / kGuard * kGuard - address + kGuard;
    std::memset(data(), 0, size);
  }
  char *data() { return bytes.data() + start; }
  bool isIntact() {
    auto marked = [](char c) { return c == kMark; };
    return std::all_of(bytes.begin(), bytes.begin() + start, marked) &&
           std::all_of(bytes.begin() + start + size, bytes.end(), marked);
  }
  int64_t size;

private:
  static constexpr size_t kGuard = 64;
  static constexpr char kMark = 0x5a;
  std::vector<char> bytes;
  size_t start;
};

// Floats in [0.1, 1.1], so that sums don't cancel and roots exist; small labels; true.
void fill(Storage &storage, Type element, uint32_t seed) {
  uint32_t state = seed * 2654435761u + 12345;
  auto next = [&] { return (state = state * 1664525u + 1013904223u) >> 8; };
  auto set = [&](auto example, auto make) {
    for (int64_t i = 0; i * int64_t(sizeof(example)) < storage.size; ++i) {
      auto value = static_cast<decltype(example)>(make());
      std::memcpy(storage.data() + i * sizeof(example), &value, sizeof(example));
    }
  };
  auto unit = [&] { return 0.1 + next() / 16777216.0; };
  if (element.isF32())
    set(float(), unit);
  else if (element.isF64())
    set(double(), unit);
  else if (element.isInteger(32))
    set(int32_t(), [&] { return next() % 8; });
  else if (element.isInteger(64))
    set(int64_t(), [&] { return next() % 8; });
  else
    set(char(), [] { return 1; });
}

enum class How { Cpu, Wide, Single };

class GpuRows : public ::testing::Test {
protected:
  GpuRows() {
    context.loadDialect<TrainDialect, arith::ArithDialect, func::FuncDialect,
                        LLVM::LLVMDialect, math::MathDialect, NVVM::NVVMDialect,
                        scf::SCFDialect, vector::VectorDialect>();
  }

  /// Compares all runs of one op. `inPlace`: the last runs write the first result over
  /// this operand.
  void check(const std::string &inputs, const std::string &line, int inPlace = -1) {
    SCOPED_TRACE(line);
    module = parseSourceString<ModuleOp>(
        "train.step @s(" + inputs + ") {\n" + line + "\n train.return\n}", &context);
    ASSERT_TRUE(module);
    op = nullptr;
    module->walk([&](RowProgramOpInterface found) { op = found; });
    ASSERT_TRUE(op);
    FailureOr<rows::Sequence> built = rows::buildRowPrograms(op);
    ASSERT_TRUE(succeeded(built));
    sequence = std::move(*built);
    llvm::Expected<CpuTarget> cpu = CpuTarget::get("native");
    ASSERT_TRUE(static_cast<bool>(cpu));
    OwningOpRef<ModuleOp> kernels = ModuleOp::create(UnknownLoc::get(&context));
    bool reduces = false;
    for (auto [i, program] : llvm::enumerate(sequence.programs)) {
      std::string number = std::to_string(i);
      emitCpuKernel(*kernels, "cpu" + number, program, *cpu);
      // Operands are aligned here, temporaries as the program places them.
      bool aligned = llvm::all_of(program.buffers, [](const rows::Buffer &buffer) {
        return buffer.value || buffer.temporary % getGpuAlignment(buffer) == 0;
      });
      emitGpuKernel(*kernels, "wide" + number, program, aligned);
      emitGpuKernel(*kernels, "single" + number, program, /*aligned=*/false);
      reduces |= llvm::any_of(program.nodes, [](const rows::Node &node) {
        // Maxima have one value in any tree.
        return node.kind == rows::NodeKind::Reduce &&
               node.reduction == rows::Reduction::Sum;
      });
    }
    emulator = Emulator::create(*kernels);
    ASSERT_TRUE(emulator);

    Results expected = run(How::Cpu, 1, false, -1);
    Results wide = run(How::Wide, 1, false, -1);
    for (How how : {How::Wide, How::Single}) {
      Results first = run(how, 1, false, -1);
      compare(expected, first, /*exact=*/!reduces);
      compare(wide, first, /*exact=*/true);
      compare(first, run(how, 3, true, -1), /*exact=*/true);
      if (inPlace >= 0)
        for (bool descending : {false, true})
          compare(first, run(how, 2, descending, inPlace), /*exact=*/true);
    }
  }

private:
  using Results = std::vector<Storage>;

  static int64_t sizeOf(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return type.getNumElements() * getElementBytes(type.getElementType());
  }

  Results run(How how, int64_t blocks, bool descending, int inPlace) {
    std::map<void *, Storage> storages;
    uint32_t seed = 1;
    for (Value operand : op->getOperands()) {
      auto [it, inserted] =
          storages.try_emplace(operand.getAsOpaquePointer(), sizeOf(operand));
      if (inserted)
        fill(it->second, getElementTypeOrSelf(operand.getType()), seed++);
    }
    for (Value result : op->getResults())
      storages.try_emplace(result.getAsOpaquePointer(), sizeOf(result));
    Storage workspace(std::max<int64_t>(sequence.workspaceBytes, 64));
    auto storageOf = [&](Value value) -> Storage & {
      if (inPlace >= 0 && value == op->getResult(0))
        value = op->getOperand(inPlace);
      return storages.at(value.getAsOpaquePointer());
    };
    for (auto [i, program] : llvm::enumerate(sequence.programs)) {
      std::vector<void *> buffers;
      for (const rows::Buffer &buffer : program.buffers)
        buffers.push_back(buffer.value
                              ? storageOf(buffer.value).data() +
                                    buffer.start * getElementBytes(buffer.element)
                              : workspace.data() + buffer.temporary);
      std::string number = std::to_string(i);
      if (how == How::Cpu) {
        emulator->call("cpu" + number, buffers.data(), program.parameters.data(),
                       program.getExtent());
        continue;
      }
      bool wide = how == How::Wide;
      GpuShape shape = GpuShape::get(program);
      std::vector<uint64_t> arguments;
      for (void *buffer : buffers)
        arguments.push_back(reinterpret_cast<uintptr_t>(buffer));
      for (int64_t parameter : program.parameters)
        arguments.push_back(parameter);
      arguments.push_back(shape.items);
      EXPECT_EQ(emulator->launch((wide ? "wide" : "single") + number, arguments,
                                 std::min(blocks, shape.blocks), shape.threads,
                                 descending),
                "");
    }
    Results results;
    for (Value result : op->getResults())
      results.push_back(storageOf(result));
    for (auto &entry : storages)
      EXPECT_TRUE(entry.second.isIntact());
    EXPECT_TRUE(workspace.isIntact());
    return results;
  }

  template <typename T>
  static void compareNear(Storage &expected, Storage &actual, double tolerance) {
    for (int64_t i = 0; i < expected.size / int64_t(sizeof(T)); ++i) {
      T x, y;
      std::memcpy(&x, expected.data() + i * sizeof(T), sizeof(T));
      std::memcpy(&y, actual.data() + i * sizeof(T), sizeof(T));
      // Results are of the order of 1, or vanish as differences of such.
      ASSERT_NEAR(x, y, tolerance * std::max(1.0, std::fabs(double(x))))
          << "element " << i;
    }
  }

  void compare(Results &expected, Results actual, bool exact) {
    for (auto [k, result] : llvm::enumerate(op->getResults())) {
      Type element = getElementTypeOrSelf(result.getType());
      if (exact || !isa<FloatType>(element))
        EXPECT_EQ(std::memcmp(expected[k].data(), actual[k].data(), expected[k].size), 0)
            << "result " << k;
      else if (element.isF64())
        compareNear<double>(expected[k], actual[k], 1e-13);
      else
        compareNear<float>(expected[k], actual[k], 5e-6);
    }
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  Operation *op = nullptr;
  rows::Sequence sequence;
  std::unique_ptr<Emulator> emulator;
};

std::string tensor(std::initializer_list<int64_t> shape, const char *element = "f32") {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

//===-- No reduction: the CPU's bits ------------------------------------------===//

TEST_F(GpuRows, Maps) {
  for (int64_t n : {1, 3, 1024, 5000, 4099})
    check("%dy: " + tensor({n}) + ", %x: " + tensor({n}),
          "%d = train.gelu_backward tanh %dy, %x : " + tensor({n}), /*inPlace=*/0);
  for (int64_t n : {768, 50, 7, 3000}) {
    std::string x = tensor({5, n}), b = tensor({n});
    check("%x: " + x + ", %b: " + b,
          "%y = train.add %x, %b : " + x + ", " + b + " -> " + x,
          /*inPlace=*/0);
  }
  std::string x = tensor({4, 3, 20}), b = tensor({3, 1});
  check("%x: " + x + ", %b: " + b,
        "%y = train.mul %x, %b : " + x + ", " + b + " -> " + x);
  check("%x: " + tensor({33, 9}),
        "%y = train.cast %x : " + tensor({33, 9}) + " -> " + tensor({33, 9}, "bf16"));
}

TEST_F(GpuRows, Updates) {
  for (int64_t n : {1003, 4096}) {
    std::string p = tensor({n});
    check("%p: " + p + ", %g: " + p + ", %m: " + p + ", %v: " + p +
              ", %c1: tensor<f32>, %c2: tensor<f32>, %lr: tensor<f32>",
          "%new:3 = train.adamw %p, %g, %m, %v, corrections %c1, %c2, lr %lr {beta1 = "
          "0.9 : f64, beta2 = 0.999 : "
          "f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64} : " +
              p + ", " + p + ", tensor<f32>, tensor<f32>, tensor<f32>",
          /*inPlace=*/0);
  }
}

TEST_F(GpuRows, Dropout) {
  for (int64_t n : {64, 50}) {
    std::string x = tensor({4, 6, n});
    check("%x: " + x + ", %key: tensor<3xi64>",
          "%y = train.dropout %x, %key {rate = 0.3 : f64, samples = 4 : i64, site = 7 : "
          "i64} : " +
              x + ", tensor<3xi64>",
          /*inPlace=*/0);
  }
}

// Rows are added in ascending order by both, so even sums have the same bits.
TEST_F(GpuRows, SumsOverRows) {
  for (int64_t n : {64, 50, 1500})
    for (int64_t rows : {1, 70, 333}) {
      std::string x = tensor({rows, n}), s = tensor({rows}), g = tensor({n});
      check("%dy: " + x + ", %x: " + x + ", %m: " + s + ", %r: " + s,
            "%a, %b = train.layer_norm_param_grad %dy, %x, %m, %r : " + x + ", " + x +
                ", " + s + ", " + s + " -> " + g + ", " + g);
    }
  std::string x = tensor({3, 130, 8});
  check("%x: " + x, "%s = train.reduce_sum %x over [1] : " + x + " -> " + tensor({3, 8}));
}

TEST_F(GpuRows, NarrowTypes) {
  for (const char *low : {"f8E4M3FN", "f8E5M2", "f8E8M0FNU"})
    for (int64_t n : {64, 50}) {
      std::string x = tensor({5, n}), q = tensor({5, n}, low);
      check("%x: " + x + ", %s: tensor<f32>",
            "%q = train.quantize %x, %s : " + x + ", tensor<f32> -> " + q);
      check("%q: " + q + ", %s: tensor<f32>", "%x = train.dequantize %q, %s : " + q +
                                                  ", tensor<f32> -> " +
                                                  tensor({5, n}, "bf16"));
    }
  std::string x = tensor({64, 96}), q = tensor({64, 96}, "f8E4M3FN"),
              rows = tensor({64, 3}, "f8E8M0FNU"), tiles = tensor({2, 3}, "f8E4M3FN");
  check(
      "%x: " + x + ", %key: tensor<3xi64>, %s: tensor<f32>",
      "%q = train.quantize %x, %s random %key : tensor<3xi64>, {samples = 4 : i64, site "
      "= 7 : i64} : " +
          x + ", tensor<f32> -> " + q);
  check("%x: " + x,
        "%q, %b = train.quantize_blocks %x : " + x + " -> " + q + ", " + rows);
  check("%x: " + x + ", %s: tensor<f32>",
        "%q, %b = train.quantize_blocks %x scale %s : tensor<f32>, : " + x + " -> " + q +
            ", " + tiles);
  check("%q: " + q + ", %b: " + tiles + ", %s: tensor<f32>",
        "%x = train.dequantize_blocks %q, %b scale %s : tensor<f32>, : " + q + ", " +
            tiles + " -> " + x);
  check("%x: " + x, "%m = train.amax %x : " + x + " -> tensor<f32>");
  std::string history = tensor({37});
  check("%h: " + history + ", %s: tensor<f32>, %a: tensor<f32>",
        "%n:2 = train.delayed_scale %h, %s, %a {largest = 448.0 : f64, margin = 1 : i64} "
        ": " +
            history + ", tensor<f32>, tensor<f32>",
        /*inPlace=*/0);
}

//===-- Reductions along rows -------------------------------------------------===//

// In registers by one access or two, and walked once per stage; wide and single; one warp
// and several.
TEST_F(GpuRows, LayerNorm) {
  for (int64_t n : {20, 768, 2304, 5000, 50, 700, 4099}) {
    std::string x = tensor({5, n}), g = tensor({n}), s = tensor({5});
    check("%x: " + x + ", %g: " + g + ", %b: " + g,
          "%y, %m, %r = train.layer_norm %x, %g, %b {eps = 1.0e-5 : f64} : " + x + ", " +
              g + ", " + g + " -> " + x + ", " + s + ", " + s,
          /*inPlace=*/0);
    check("%dy: " + x + ", %x: " + x + ", %g: " + g + ", %m: " + s + ", %r: " + s,
          "%dx = train.layer_norm_backward %dy, %x, %g, %m, %r : " + x + ", " + x + ", " +
              g + ", " + s + ", " + s + " -> " + x,
          /*inPlace=*/0);
  }
}

TEST_F(GpuRows, Softmax) {
  for (int64_t n : {1, 8, 100, 3000, 9001}) {
    check("%x: " + tensor({4, n}), "%y = train.softmax %x : " + tensor({4, n}),
          /*inPlace=*/0);
    check("%x: " + tensor({4, n}, "f64"),
          "%y = train.log_softmax %x : " + tensor({4, n}, "f64"),
          /*inPlace=*/0);
  }
}

TEST_F(GpuRows, CrossEntropy) {
  for (int64_t n : {64, 1001, 6000}) {
    std::string x = tensor({9, n}), l = tensor({9}, "i32"), s = tensor({9});
    check("%x: " + x + ", %l: " + l,
          "%loss, %lse, %count = train.cross_entropy %x, %l : " + x + ", " + l +
              " -> tensor<f32>, " + s + ", tensor<f32>");
    check("%d: tensor<f32>, %x: " + x + ", %l: " + l + ", %s: " + s + ", %c: tensor<f32>",
          "%dx = train.cross_entropy_backward %d, %x, %l, %s, %c : tensor<f32>, " + x +
              ", " + l + ", " + s + ", tensor<f32> -> " + x,
          /*inPlace=*/1);
  }
}

TEST_F(GpuRows, WholeTensors) {
  for (int64_t n : {7, 777, 66000}) {
    check("%x: " + tensor({n}),
          "%m = train.reduce_max %x over [0] : " + tensor({n}) + " -> tensor<f32>");
    check("%x: " + tensor({n}),
          "%m = train.reduce_mean %x over [0] : " + tensor({n}) + " -> tensor<f32>");
    check("%g: " + tensor({n}) + ", %before: tensor<i1>",
          "%ok = train.check_finite %g and %before : tensor<i1>, : " + tensor({n}) +
              " -> tensor<i1>");
  }
}

} // namespace
