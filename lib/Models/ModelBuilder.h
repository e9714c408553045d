//===- ModelBuilder.h - the words in which the model families are written -----===//
//
// Declares parameters where they are first used, keeps a path of scopes that names both
// parameters' locations and layers, and knows the layers that several families share.
// A family's file then reads like the model's definition elsewhere.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_MODELS_MODELBUILDER_H
#define TRAIN_LIB_MODELS_MODELBUILDER_H

#include "train/IR/TrainDialect.h"
#include "train/Models/Models.h"

namespace train {

class ModelBuilder {
public:
  ModelBuilder(mlir::MLIRContext *context, llvm::StringRef name);
  ~ModelBuilder();

  //===-- Structure ---------------------------------------------------------===//

  /// A data input of the graph whose dimension 0 is the batch.
  mlir::Value input(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                    mlir::Type elementType);

  /// Runs `body` inside a train.layer of this name.
  mlir::Value layer(llvm::StringRef name, llvm::function_ref<mlir::Value()> body);

  /// Adds `name` to the path of locations for its lifetime.
  class Scope {
  public:
    Scope(ModelBuilder &builder, llvm::StringRef name);
    ~Scope();

    Scope(const Scope &) = delete;

  private:
    ModelBuilder &builder;
    size_t outerLength;
  };

  /// Closes the graph with its outputs (name, value) and hands over the verified module,
  /// or null.
  mlir::OwningOpRef<mlir::ModuleOp>
  finish(llvm::ArrayRef<std::pair<llvm::StringRef, mlir::Value>> outputs);

  //===-- Initial values ----------------------------------------------------===//

  mlir::Attribute zeros();
  mlir::Attribute constant(double value);
  mlir::Attribute normal(double stddev);
  /// Uniform in [-bound, bound).
  mlir::Attribute uniform(double bound);

  //===-- Parameters --------------------------------------------------------===//

  /// Declares a parameter and reads it here. A name is declared once.
  mlir::Value param(const llvm::Twine &name, llvm::ArrayRef<int64_t> shape,
                    mlir::Attribute init);
  /// The same for biases and gains of norms, which weight decay leaves alone.
  mlir::Value paramWithoutDecay(const llvm::Twine &name, llvm::ArrayRef<int64_t> shape,
                                mlir::Attribute init);
  /// Declares a running statistic.
  mlir::FlatSymbolRefAttr statistic(const llvm::Twine &name,
                                    llvm::ArrayRef<int64_t> shape, mlir::Attribute init);

  //===-- Layers that hold parameters ---------------------------------------===//
  // Each is in a scope of the last component of its name: `h.0.attn.c_proj` is `c_proj`.

  /// x W^T + b with NAME.weight [out, in] and NAME.bias [out], as torch.nn.Linear stores
  /// them.
  mlir::Value linear(mlir::Value x, const llvm::Twine &name, int64_t out,
                     mlir::Attribute init, bool bias = true,
                     mlir::Attribute biasInit = {});
  /// x W + b with NAME.weight [in, out], as GPT-2's Conv1D stores it.
  mlir::Value conv1d(mlir::Value x, const llvm::Twine &name, int64_t out,
                     mlir::Attribute init);
  mlir::Value layerNorm(mlir::Value x, const llvm::Twine &name, double eps);
  mlir::Value rmsNorm(mlir::Value x, const llvm::Twine &name, double eps);
  /// Batch normalization over dimension 1 with running statistics of momentum 0.1.
  mlir::Value batchNorm(mlir::Value x, const llvm::Twine &name);
  /// A convolution with square filter, equal padding on all sides, NAME.weight [out, in,
  /// k, k].
  mlir::Value conv2d(mlir::Value x, const llvm::Twine &name, int64_t out, int64_t kernel,
                     int64_t stride, int64_t padding, mlir::Attribute init);

  //===-- Plain ops ---------------------------------------------------------===//

  template <typename OpT, typename... Args> OpT make(Args &&...args) {
    return OpT::create(builder, loc(), std::forward<Args>(args)...);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) { return make<AddOp>(x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return make<SubOp>(x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return make<MulOp>(x, y); }
  mlir::Value relu(mlir::Value x) { return make<ReluOp>(x); }
  mlir::Value gelu(mlir::Value x, GeluKind kind) { return make<GeluOp>(x, kind); }
  mlir::Value matmul(mlir::Value x, mlir::Value y, bool transposeRhs) {
    return make<MatmulOp>(x, y, mlir::Value(), false, transposeRhs);
  }
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape) {
    return make<ReshapeOp>(x, shape);
  }
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation) {
    return make<TransposeOp>(x, permutation);
  }
  mlir::Value concat(mlir::ValueRange parts, int64_t dim) {
    return make<ConcatOp>(parts, dim);
  }
  /// Elements [offset, offset + size) along one dimension.
  mlir::Value slice(mlir::Value x, int64_t dim, int64_t offset, int64_t size);
  mlir::Value embedding(mlir::Value table, mlir::Value ids) {
    return make<EmbeddingOp>(table, ids);
  }
  /// x itself at rate 0.
  mlir::Value dropout(mlir::Value x, double rate);
  /// [B, T, H*D] as [B, T, H, D], which is a view.
  mlir::Value splitHeads(mlir::Value x, int64_t heads);
  /// Attention over q [B, T, H, D], k and v [B, S, G, D] with the usual scale 1 /
  /// sqrt(D), as [B, T, H*D].
  mlir::Value attention(mlir::Value q, mlir::Value k, mlir::Value v, bool causal);
  mlir::Value crossEntropy(mlir::Value logits, mlir::Value labels);
  /// An f32 scalar.
  mlir::Value scalar(double value);

  static int64_t dim(mlir::Value x, int64_t i) {
    auto type = llvm::cast<mlir::RankedTensorType>(x.getType());
    return type.getDimSize(i < 0 ? type.getRank() + i : i);
  }

  mlir::Type f32() { return builder.getF32Type(); }
  mlir::Type i32() { return builder.getI32Type(); }
  mlir::Location loc();

private:
  static llvm::StringRef lastComponent(llvm::StringRef name) {
    return name.substr(name.rfind('.') + 1);
  }
  void declare(const llvm::Twine &name, mlir::RankedTensorType type, mlir::Attribute init,
               bool noDecay);

  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string graphName, path;
  mlir::Block *body;
  llvm::SmallVector<mlir::Attribute> inputNames;
  mlir::Value dropoutKey;
  int64_t dropoutSites = 0;
};

} // namespace train

#endif // TRAIN_LIB_MODELS_MODELBUILDER_H
