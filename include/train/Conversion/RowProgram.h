// Row programs: what one generated kernel computes, free of any target.
//
// A program walks a domain of rows times columns. Its nodes form a graph: loads,
// arithmetic, reductions along the row. A node's level says how often its value changes:
// once per kernel, once per row, or with every column. The CPU emitter turns the column
// level into vectors, the GPU emitter into threads; both only see this structure.
//
// An element's bits follow from the nodes alone: sums along a row take a tree fixed by
// the row's length and the vector width, sums over rows a number of partials fixed by the
// row count.
#ifndef TRAIN_CONVERSION_ROWPROGRAM_H
#define TRAIN_CONVERSION_ROWPROGRAM_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/IR/TrainDialect.h"
#include <functional>
#include <string>

namespace train::rows {

/// How often a node's value changes.
enum class Level { Uniform, Row, Column };

enum class NodeKind {
  Load,     ///< the element of `buffer` at this row and column
  LoadAt,   ///< the element of `buffer` at this row and the column that input 0 (i32, row
            ///< level) names
  Compute,  ///< `emit` of the inputs
  Reduce,   ///< `reduction` of input 0 along the row
  RowIndex, ///< the row's number in the domain, i64
  ColumnIndex, ///< the column's number, i32
  Parameter, ///< scalar `buffer` of the command, i64: what differs between equal kernels
};

enum class Reduction { Sum, Max, And };

/// Emits a node from its inputs, which are all scalars or all vectors of one length.
using Emit =
    std::function<mlir::Value(mlir::ImplicitLocOpBuilder &, llvm::ArrayRef<mlir::Value>)>;

struct Node {
  NodeKind kind;
  Level level;
  mlir::Type type; ///< the element type in which the node computes
  llvm::SmallVector<int, 3> inputs;
  int buffer = -1;
  Reduction reduction = Reduction::Sum;
  Emit emit;
};

/// A buffer of the kernel and how the domain walks it, in elements.
struct Buffer {
  mlir::Value value;      ///< operand or result of the op; null for a temporary
  int64_t temporary = -1; ///< byte offset in the op's workspace
  int64_t start = 0;      ///< elements before the first one that the domain walks
  mlir::Type element;
  llvm::SmallVector<int64_t, 4>
      strides; ///< one per domain dimension, 0 where it broadcasts
};

struct Store {
  int node;
  int buffer;
};

struct Program {
  /// Sizes of the domain; the last is the column. Before `finish` as the op sees it,
  /// afterwards with dimensions merged that all buffers walk as one.
  llvm::SmallVector<int64_t, 4> domain;
  /// The columns are one row: reductions and column indices have a meaning. Without it
  /// the domain may become one flat range.
  bool keepsRows = false;
  /// After `finish`: the kernel's items are elements of a single flat range.
  bool flat = false;
  /// Stores reduce over dimension 1 of a domain [outer, reduced, columns], in this many
  /// partials, by `partialReduction`; 0 for a plain map.
  int64_t partials = 0;
  Reduction partialReduction = Reduction::Sum;
  std::vector<Node> nodes;
  std::vector<Buffer> buffers;
  std::vector<Store> stores;
  llvm::SmallVector<int64_t, 2> parameters;
  /// Equal keys compute the same function: the kernel is compiled once.
  std::string key;

  /// Number of items that the team shares, and a thread's granularity.
  int64_t getExtent() const;
  int64_t getGrain() const;
};

/// Columns of a summing program that one item covers.
inline constexpr int64_t kSumTile = 1024;

/// Number of partial sums over `rows` rows: fixed by the row count alone.
int64_t getNumPartials(int64_t rows);

/// Builds one program. Nodes are created in order; every input must exist already.
class Builder {
public:
  /// The domain in which ops of this program live; its last dimension is the column.
  Builder(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> domain, bool keepsRows);

  mlir::MLIRContext *getContext() const { return context; }
  llvm::ArrayRef<int64_t> getDomain() const { return program.domain; }

  /// A load of `value`, whose shape broadcasts to the domain.
  int load(mlir::Value value);
  /// A load of `value` seen as `shape`, one size per domain dimension.
  int load(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// A load of a temporary of this element type and shape.
  int loadTemporary(int64_t offset, mlir::Type element, llvm::ArrayRef<int64_t> shape,
                    int64_t elementOffset = 0);
  int loadAt(mlir::Value value, llvm::ArrayRef<int64_t> shape, int column);
  /// The scalar at a fixed place of `value`.
  int loadElement(mlir::Value value, int64_t index);

  /// A node that computes. `name` and `type` with the inputs identify it.
  int compute(llvm::StringRef name, mlir::Type type, llvm::ArrayRef<int> inputs,
              Emit emit);
  /// A function of one input, in that input's type; `name` identifies it.
  int apply(llvm::StringRef name,
            mlir::Value (*emit)(mlir::ImplicitLocOpBuilder &, mlir::Value), int input);
  int reduce(Reduction reduction, int input);
  int rowIndex();
  int columnIndex();
  int parameter(int64_t value);
  /// A constant in the given element type.
  int constant(mlir::Type type, double value);

  /// A constant integer, exactly.
  int integerConstant(mlir::Type type, int64_t value);
  /// The value in another float type; itself where that is its type.
  int convert(int node, mlir::Type type);
  /// The value as an element of `type` holds it, in the type that computes with it: what
  /// a result is when it is read again, whether or not it went through memory.
  int roundTo(int node, mlir::Type type);

  // Float arithmetic, in the wider type of the inputs: residuals are f32 beside f64
  // tensors.
  int add(int a, int b);
  int sub(int a, int b);
  int mul(int a, int b);
  int div(int a, int b);
  int fma(int a, int b, int c);
  int select(int condition, int a, int b);
  /// Two values of a reduction into one.
  int combine(Reduction reduction, int a, int b);

  void store(int node, mlir::Value value);
  void store(int node, mlir::Value value, llvm::ArrayRef<int64_t> shape);
  void storeTemporary(int node, int64_t offset, mlir::Type element,
                      llvm::ArrayRef<int64_t> shape);

  mlir::Type typeOf(int node) const { return program.nodes[node].type; }
  Level levelOf(int node) const { return program.nodes[node].level; }
  void setPartials(int64_t partials, Reduction reduction) {
    program.partials = partials;
    program.partialReduction = reduction;
  }

  /// Merges the domain's dimensions and returns the program.
  Program finish();

private:
  int addBuffer(mlir::Value value, int64_t temporary, mlir::Type element,
                llvm::ArrayRef<int64_t> shape);
  int addNode(Node node, llvm::StringRef key);
  mlir::Type widen(int &a, int &b);
  int loadBuffer(int buffer);

  mlir::MLIRContext *context;
  Program program;
  std::string nodeKeys;
  llvm::StringMap<int> known; ///< equal nodes are one node
  /// What the results of roundTo were made of, and for which type.
  llvm::DenseMap<int, std::pair<int, mlir::Type>> unrounded;
};

/// The programs of one op, run in order, and the workspace that carries values between
/// them.
struct Sequence {
  std::vector<Program> programs;
  int64_t workspaceBytes = 0;

  /// Reserves a temporary and returns its offset in the workspace.
  int64_t reserve(int64_t bytes);
};

/// The row programs of an op with RowProgramOpInterface or of a train.fusion. Fails with
/// a diagnostic for element types that no kernel computes yet.
mlir::FailureOr<Sequence> buildRowPrograms(mlir::Operation *op);

/// Whether one program computes the op, so that it can be part of a train.fusion.
bool fitsOneProgram(mlir::Operation *op);

/// The domain of an op that fits one program.
llvm::SmallVector<int64_t> getDomain(mlir::Operation *op);

/// Whether an op sums over rows in a walk that can compute elementwise ops on the way: a
/// train.fusion may end with it.
bool takesProducers(mlir::Operation *op);

/// The shape that such an op walks.
llvm::SmallVector<int64_t> getSummedShape(mlir::Operation *op);

/// Emits the combination of two values of a reduction.
mlir::Value emitCombine(mlir::ImplicitLocOpBuilder &b, Reduction reduction, mlir::Value x,
                        mlir::Value y);

/// The type in which values of this element type are computed: low-precision floats in
/// f32.
mlir::Type getComputeType(mlir::Type element);

/// An f32 scalar or vector rounded to nearest even into the bits of a bf16, as i16, in
/// integer arithmetic: processors that have an instruction for it flush subnormals,
/// others would call a library function for each element.
mlir::Value truncateToBf16(mlir::ImplicitLocOpBuilder &b, mlir::Value x);
/// The same as an f32 again: a value that is stored as bf16, where a kernel uses it on.
mlir::Value roundToBf16(mlir::ImplicitLocOpBuilder &b, mlir::Value x);
/// The bits of a bf16 as f32.
mlir::Value extendBf16(mlir::ImplicitLocOpBuilder &b, mlir::Value bits);

/// `element` with the vector shape of `like`; itself where that is a scalar.
mlir::Type withElement(mlir::Type like, mlir::Type element);

/// A constant of the type of `like`: scalar or splat vector.
mlir::Value constantLike(mlir::ImplicitLocOpBuilder &b, mlir::Type like, double value);

} // namespace train::rows

namespace train {

/// Attaches what row programs know of ops: WorkspaceOpInterface.
void registerRowPrograms(mlir::DialectRegistry &registry);

} // namespace train

#endif // TRAIN_CONVERSION_ROWPROGRAM_H
