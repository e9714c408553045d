// The ground under a random graph: symbols, inputs, layers, the count of ops, and for
// each value an estimate of its size. Decides nothing by chance.
#ifndef TRAIN_FUZZ_GRAPH_BUILDER_H
#define TRAIN_FUZZ_GRAPH_BUILDER_H

#include "train/IR/TrainDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/SymbolTable.h"

namespace train::fuzz {

using Shape = llvm::SmallVector<int64_t>;

/// The largest tensor, in elements: 64 KiB of f32.
constexpr int64_t kMaxElements = 16384;

int64_t product(llvm::ArrayRef<int64_t> sizes);

/// A value with what the generator knows of it.
struct Term {
  mlir::Value value;
  double size = 1;     ///< about the largest magnitude of its elements
  bool active = false; ///< a trainable parameter can be reached through derivatives

  Shape shape() const {
    return Shape(llvm::cast<mlir::RankedTensorType>(value.getType()).getShape());
  }
  int64_t rank() const { return shape().size(); }
  int64_t dim(int64_t i) const { return i < 0 ? shape()[rank() + i] : shape()[i]; }
  int64_t elements() const { return product(shape()); }
};

class GraphBuilder {
public:
  /// `named`: layers, and names for parameters and locations.
  GraphBuilder(mlir::MLIRContext *context, bool named);
  ~GraphBuilder();

  //===-- Symbols and inputs --------------------------------------------------===//

  Term param(llvm::ArrayRef<int64_t> shape, mlir::Attribute init, double size,
             bool frozen, bool noDecay);
  /// Reads a parameter once more.
  Term read(mlir::FlatSymbolRefAttr symbol, double size);
  mlir::FlatSymbolRefAttr statistic(int64_t channels, double init);
  Term readState(mlir::FlatSymbolRefAttr symbol);
  Term input(const llvm::Twine &name, llvm::ArrayRef<int64_t> shape, mlir::Type element);

  mlir::Attribute normal(double stddev);
  mlir::Attribute uniform(double low, double high);
  mlir::Attribute constantInit(double value);
  mlir::Attribute literal(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values);

  struct Param {
    mlir::FlatSymbolRefAttr symbol;
    Shape shape;
    double size;
    bool frozen;
  };
  llvm::ArrayRef<Param> params() const { return declared; }

  //===-- Ops -----------------------------------------------------------------===//

  template <typename OpT, typename... Args> OpT make(Args &&...args) {
    ++count;
    return OpT::create(builder, loc(), std::forward<Args>(args)...);
  }
  /// An op whose derivative flows from all of `from`.
  template <typename OpT, typename... Args>
  Term term(double size, std::initializer_list<Term> from, Args &&...args) {
    bool active = false;
    for (const Term &operand : from)
      active |= operand.active;
    return {make<OpT>(std::forward<Args>(args)...)->getResult(0), size, active};
  }
  Term scalar(double value);
  Term constant(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values);
  Term dropout(Term x, double rate);

  /// Runs `body` inside a layer or checkpoint; what it returns is what leaves.
  llvm::SmallVector<Term> layer(const llvm::Twine &name,
                                llvm::function_ref<llvm::SmallVector<Term>()> body);
  llvm::SmallVector<Term> checkpoint(llvm::function_ref<llvm::SmallVector<Term>()> body);

  /// Ops so far.
  int64_t ops() const { return count; }

  /// Closes the graph. Null where the module does not verify.
  mlir::OwningOpRef<mlir::ModuleOp>
  finish(llvm::ArrayRef<std::pair<std::string, mlir::Value>> outputs);

  mlir::OpBuilder builder;

private:
  mlir::Location loc();
  std::string symbolName(llvm::StringRef plain, llvm::StringRef named);
  template <typename OpT>
  llvm::SmallVector<Term> region(llvm::function_ref<llvm::SmallVector<Term>()> body,
                                 llvm::function_ref<OpT(mlir::TypeRange)> make);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  bool named;
  mlir::Block *body;
  std::string path;
  llvm::SmallVector<mlir::Attribute> inputNames;
  llvm::SmallVector<Param> declared;
  mlir::Value key;
  int64_t sites = 0, count = 0, symbols = 0;
};

} // namespace train::fuzz

#endif // TRAIN_FUZZ_GRAPH_BUILDER_H
