// The table of our own expansions, filled family by family, and the sums that families
// share.
#ifndef TRAIN_LIB_CONVERSION_ROWS_EXPANSION_H
#define TRAIN_LIB_CONVERSION_ROWS_EXPANSION_H

#include "train/Conversion/Expansion.h"

namespace train::rows {

void addElementwiseExpansions(ExpansionTable &table);
void addReductionExpansions(ExpansionTable &table);
void addNormalizationExpansions(ExpansionTable &table);
void addBatchNormExpansions(ExpansionTable &table);
void addLossExpansions(ExpansionTable &table);
void addOptimizerExpansions(ExpansionTable &table);
void addPrecisionExpansions(ExpansionTable &table);
void addRandomExpansions(ExpansionTable &table);

/// The one table of all our families.
const ExpansionTable &getExpansionTable();

/// Reduces all elements of `x` to a scalar: `term(builder)` computes what is reduced in a
/// domain [rows, columns] of splitForReduction, `finish(builder, node)` stores what
/// becomes of the result. `type` is the type of the term.
void reduceAll(Sequence &sequence, mlir::Value x, Reduction reduction,
               llvm::function_ref<int(Builder &)> term,
               llvm::function_ref<void(Builder &, int)> finish, mlir::Type type);

/// Rows and columns into which `count` contiguous elements divide for a full reduction:
/// the largest divisor up to 16384 as columns, or all in one row if that is below 64.
std::pair<int64_t, int64_t> splitForReduction(int64_t count);

/// Reduces dimension 1 of a domain [outer, reduced, columns]: `terms` computes what is
/// reduced, one node per result; `finish` gets a builder over [outer, 1, columns] and the
/// reduced nodes.
void reduceRows(Sequence &sequence, mlir::MLIRContext *context, Reduction reduction,
                int64_t outer, int64_t reduced, int64_t columns, mlir::Type type,
                llvm::function_ref<llvm::SmallVector<int>(Builder &)> terms,
                llvm::function_ref<void(Builder &, llvm::ArrayRef<int>)> finish);

/// The 32 random bits of each element of a domain that walks `count` elements in order,
/// `samples` equal parts of it being samples: Philox4x32-10 of the element, the op's
/// `site` and `key`, the values that dropout draws (docs/language.md).
int randomWord(Builder &b, mlir::Value key, int64_t site, int64_t count, int64_t samples);

/// x * scale of f32 or f64 nodes (scale f32), in f32, rounded to odd: rounding it to 16
/// bits or fewer is rounding the exact product once.
int productToOdd(Builder &b, int x, int scale);

/// x / scale, to nearest, or to odd where `target` is narrower than what computes it.
int quotientFor(Builder &b, int x, int scale, mlir::Type target);

/// An f32 node, rounded to odd where it is not exact, in a float type of 8 bits or fewer:
/// to nearest, or at random by the words of `word` if that is not negative; saturating,
/// NaN staying NaN where the type has one.
int saturateTo(Builder &b, int x, mlir::Type element, int word);

void addBlockExpansions(ExpansionTable &table);

} // namespace train::rows

#endif // TRAIN_LIB_CONVERSION_ROWS_EXPANSION_H
