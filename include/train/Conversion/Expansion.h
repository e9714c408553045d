// How ops become nodes of row programs: a table from op to expansion. Our own families
// fill one table (lib/Conversion/Rows); another dialect brings its own through
// ExpansionDialectInterface, so that its ops are fused, planned and compiled like ours.
#ifndef TRAIN_CONVERSION_EXPANSION_H
#define TRAIN_CONVERSION_EXPANSION_H

#include "train/Conversion/RowProgram.h"

namespace train::rows {

/// The state of one program being expanded from one or several ops.
class Context {
public:
  /// With `flattensRows` the domain is [1, rows, columns] whatever the rank of the
  /// values, whose leading dimensions are all of the domain's or 1 in all.
  Context(Builder &builder, bool flattensRows = false)
      : b(builder), flattensRows(flattensRows) {}

  Builder &b;

  /// The node of a value: computed by an op before, a splat constant, or loaded.
  /// `perRow`: the value has one element per row of the domain, without the column
  /// dimension.
  int operand(mlir::Value value, bool perRow = false);
  /// The buffer behind a value: itself, or the fusion's operand that a block argument
  /// stands for.
  mlir::Value resolve(mlir::Value value) const;

  /// Rounds to the value's element type: a result has the same bits in a register as in
  /// memory.
  void result(mlir::Value value, int node, bool perRow = false);
  /// Stores the node of `value` in the buffer of `target`.
  void storeResult(mlir::Value value, mlir::Value target);

  void bind(mlir::Value inner, mlir::Value outer) { outerValues[inner] = outer; }

private:
  llvm::SmallVector<int64_t> getShape(mlir::Value value, bool perRow) const;

  bool flattensRows;
  /// By whether the value is one per row: both may be meant where rows and columns are
  /// equally many.
  llvm::DenseMap<mlir::Value, int> nodes[2];
  llvm::DenseMap<mlir::Value, mlir::Value> outerValues;
  llvm::DenseSet<mlir::Value> perRowValues;
};

/// The size of the domain that an op needs, and whether it needs whole rows.
struct DomainNeed {
  llvm::SmallVector<int64_t> shape;
  bool keepsRows = false;
};

/// What an op that sums over rows adds up, one node per result.
using Terms = std::function<llvm::SmallVector<int>(Context &, mlir::Operation *)>;

/// Sums over all rows of operand `x` of `op`: the terms in one walk, in which `before`,
/// elementwise ops of `fusion` that `op` reads, are computed too. `fusion` is null for an
/// op alone.
void sumColumns(Sequence &sequence, FusionOp fusion,
                llvm::ArrayRef<mlir::Operation *> before, mlir::Operation *op, unsigned x,
                const Terms &terms);

/// The workspace of an op is what its sequence of programs reserves.
int64_t getSequenceWorkspace(mlir::Operation *op);

/// What registering an op of several programs attaches to it.
template <typename Op>
struct WorkspaceModel
    : public WorkspaceOpInterface::ExternalModel<WorkspaceModel<Op>, Op> {
  int64_t getWorkspaceBytes(mlir::Operation *op) const {
    return getSequenceWorkspace(op);
  }
};

/// Expansions by op name.
class ExpansionTable {
public:
  /// Our own table: whoever registers the dialect calls attach.
  ExpansionTable() = default;
  /// The table of a dialect that is just being loaded into `context`.
  explicit ExpansionTable(mlir::MLIRContext *context) : loading(context) {}

  /// An op that is part of one program, alone or fused.
  using Expand = std::function<void(Context &, mlir::Operation *)>;
  /// The domain of an op; nothing if this one takes several programs.
  using Need = std::function<std::optional<DomainNeed>(mlir::Operation *)>;
  /// An op that takes several programs.
  using ExpandSequence = std::function<void(Sequence &, mlir::Operation *)>;

  struct Entry {
    Expand expand;
    Need need;
    ExpandSequence sequence;
    /// Of a sum over the rows of operand `x`.
    Terms terms;
    unsigned x = 0;

    /// The domain of an op that one program computes, so that it can be part of a fusion.
    std::optional<DomainNeed> getDomain(mlir::Operation *op) const {
      return need ? need(op) : std::nullopt;
    }
  };

  /// An elementwise op: its domain is its result's shape.
  template <typename Op, typename Fn> void elementwise(Fn fn, bool keepsRows = false) {
    add<Op>(fn, [keepsRows](mlir::Operation *op) -> std::optional<DomainNeed> {
      auto type = llvm::cast<mlir::RankedTensorType>(op->getResult(0).getType());
      return DomainNeed{llvm::SmallVector<int64_t>(type.getShape()), keepsRows};
    });
  }
  /// An op along the rows of its operand `x`.
  template <typename Op, typename Fn> void alongRows(Fn fn, unsigned x = 0) {
    add<Op>(fn, [x](mlir::Operation *op) -> std::optional<DomainNeed> {
      auto type = llvm::cast<mlir::RankedTensorType>(op->getOperand(x).getType());
      return DomainNeed{llvm::SmallVector<int64_t>(type.getShape()), true};
    });
  }
  /// An op that one program computes, whose domain is what `need` says.
  template <typename Op, typename Fn> void add(Fn fn, Need need) {
    Entry &entry = entries[Op::getOperationName()];
    entry.expand = [fn](Context &context, mlir::Operation *op) {
      fn(context, llvm::cast<Op>(op));
    };
    entry.need = std::move(need);
  }
  /// An op that takes several programs. It gets WorkspaceOpInterface, so it must not
  /// declare it, and in the table of a dialect it must have been added before.
  template <typename Op, typename Fn> void sequence(Fn fn) {
    entries[Op::getOperationName()].sequence = [fn](Sequence &sequence,
                                                    mlir::Operation *op) {
      fn(sequence, llvm::cast<Op>(op));
    };
    auto attachment = [](mlir::MLIRContext *context) {
      Op::template attachInterface<WorkspaceModel<Op>>(*context);
    };
    if (loading)
      attachment(loading);
    else
      attachments.push_back(attachment);
  }

  /// An op whose results are sums over the rows of operand `x`, in f32 or wider. A fusion
  /// can end with it.
  template <typename Op, typename Fn> void downColumns(Fn terms, unsigned x) {
    sequence<Op>([terms, x](Sequence &sequence, Op op) {
      sumColumns(sequence, {}, {}, op, x, [&](Context &context, mlir::Operation *op) {
        return terms(context, llvm::cast<Op>(op));
      });
    });
    Entry &entry = entries[Op::getOperationName()];
    entry.terms = [terms](Context &context, mlir::Operation *op) {
      return terms(context, llvm::cast<Op>(op));
    };
    entry.x = x;
  }

  /// Attaches WorkspaceOpInterface to the ops that take several programs.
  void attach(mlir::MLIRContext *context) const {
    for (auto attachment : attachments)
      attachment(context);
  }

  const Entry *lookup(mlir::Operation *op) const {
    auto it = entries.find(op->getName().getStringRef());
    return it == entries.end() ? nullptr : &it->second;
  }

private:
  mlir::MLIRContext *loading = nullptr;
  llvm::StringMap<Entry> entries;
  std::vector<void (*)(mlir::MLIRContext *)> attachments;
};

/// How a dialect outside this library tells the lowering what its ops compute. Each op
/// with RowProgramOpInterface needs an entry in `expansions`; an op without one is an
/// error where it is lowered. Asked from several threads, so the table is complete before
/// the dialect is: the constructor fills it, and `initialize` of the dialect adds the
/// interface after the ops.
class ExpansionDialectInterface
    : public mlir::DialectInterface::Base<ExpansionDialectInterface> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpansionDialectInterface)

  ExpansionDialectInterface(mlir::Dialect *dialect)
      : Base(dialect), expansions(dialect->getContext()) {}

  const ExpansionTable &getExpansions() const { return expansions; }

protected:
  ExpansionTable expansions;
};

/// The expansion of an op, from our table or its dialect's; null without one.
const ExpansionTable::Entry *lookupExpansion(mlir::Operation *op);

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline mlir::Type elementOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}
inline int64_t countOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
}

} // namespace train::rows

#endif // TRAIN_CONVERSION_EXPANSION_H
