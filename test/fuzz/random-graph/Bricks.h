// What a random graph is built of: small groups of ops, each from a value whose leading
// dimension is the batch to another such value. A brick draws its op, its attributes and
// its company (parameters, constants, older values) itself, takes care that no op meets a
// pole, and leaves the size of its result in the term.
#ifndef TRAIN_FUZZ_BRICKS_H
#define TRAIN_FUZZ_BRICKS_H

#include "Draw.h"
#include "GraphBuilder.h"

namespace train::fuzz {

class Bricks {
public:
  Bricks(GraphBuilder &builder, Draw &draw);

  //===-- The whole choice ----------------------------------------------------===//

  /// One brick of any family that x's shape allows, of a size near 1 afterwards.
  Term step(Term x);
  /// `like` and x, fitted to its shape, as one value of that shape.
  Term merge(Term like, Term x);
  /// x in few enough elements for what comes, and in enough to be of interest.
  Term trim(Term x);
  /// x itself, or normalized where it may have grown.
  Term tame(Term x);

  //===-- Families ------------------------------------------------------------===//

  Term unary(Term x);        ///< Elementwise.cpp
  Term binary(Term x);       ///< same shape; company drawn
  Term choose(Term x);       ///< compare and select, masks by iota
  Term reduceAndUse(Term x); ///< Rows.cpp; a reduction, broadcast against x again
  Term reduceAway(Term x);   ///< fewer dimensions; rank 3 or more
  Term normalize(Term x);    ///< softmax, layer_norm, batch_norm and the like
  Term linear(Term x, int64_t out,
              bool plain = false); ///< Contraction.cpp; last dimension
  Term widen(Term x);    ///< linear, to a width that leaves the result small enough
  Term mixRows(Term x);  ///< rank 3: a product over dimension 1
  Term attend(Term x);   ///< rank 3: attention, fused or spelt out
  Term bilinear(Term x); ///< rank 3: products of activations
  Term convolve(Term x); ///< Images.cpp; rank 4
  Term convolveUp(Term x, int64_t channels, int64_t height, int64_t width);
  Term pool(Term x);                        ///< rank 4
  Term upsample(Term x);                    ///< rank 4: twice the size
  Term pointwise(Term x, int64_t channels); ///< rank 4: 1 x 1 convolution
  Term reshape(Term x);                     ///< Shapes.cpp; another shape, any rank
  Term transposed(Term x); ///< other dimensions exchanged, or there and back
  Term sliced(Term x);
  Term padded(Term x);
  Term concatenated(Term x);
  Term repeated(Term x); ///< broadcast to a new dimension
  Term embed(llvm::ArrayRef<int64_t> positions, int64_t width); ///< Sources.cpp

  //===-- Sources and ends ----------------------------------------------------===//

  Term vectorInput();   ///< [B, C] floats
  Term imageInput();    ///< [B, C, H, W] floats
  Term sequenceInput(); ///< [B, T, C] floats or embedded ids
  Term source();        ///< any of them
  /// A scalar loss of x that depends on a trainable parameter.
  Term loss(Term x); ///< Losses.cpp
  /// A penalty on a parameter.
  Term penalty();

  //===-- What the structures of RandomGraph.cpp share ------------------------===//

  int64_t width() { return draw.one(llvm::ArrayRef<int64_t>(widths)); }
  Term fit(Term x, llvm::ArrayRef<int64_t> shape);  ///< broadcastable to `shape`
  Term full(Term x, llvm::ArrayRef<int64_t> shape); ///< broadcast to it by an op
  Term keep(Term x) { return older.push_back(x), x; }
  Term scaled(Term x, double factor);
  Term reshapeTo(Term x, llvm::ArrayRef<int64_t> shape);
  Term transposeBy(Term x, llvm::ArrayRef<int64_t> permutation);

  GraphBuilder &b;
  Draw &draw;
  int64_t batch;
  /// Values that later bricks may use, oldest first.
  std::vector<Term> older;
  /// A tied table is used as the matrix of a head.
  bool tieOften;

private:
  Term weight(llvm::ArrayRef<int64_t> shape, double fanIn);
  /// [in, out], or [out, in] with `transposed` set: a new matrix or one in use elsewhere.
  Term matrix(int64_t in, int64_t out, bool &transposed);
  Term gain(int64_t n, double value);
  Term company(Term x);
  Term reduceSome(Term x, llvm::ArrayRef<int64_t> dims, bool keepDims);
  Term product(Term x, Term y, int64_t inner, bool transposeX, bool transposeY);
  const Term *olderOf(llvm::ArrayRef<int64_t> shape);
  Term toClasses(Term x, int64_t classes);
  Term crossEntropy(Term x);
  Term likelihood(Term x);
  Term meanOf(Term x);
  void poolSizes(Term x, Shape &window, Shape &strides, Shape &padding);

  Shape widths;
  int64_t inputs = 0;
};

/// The result of broadcasting two shapes, or nothing.
std::optional<Shape> broadcastShapes(llvm::ArrayRef<int64_t> x,
                                     llvm::ArrayRef<int64_t> y);

} // namespace train::fuzz

#endif // TRAIN_FUZZ_BRICKS_H
