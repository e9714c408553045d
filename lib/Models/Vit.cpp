//===- Vit.cpp - the vision transformer ----------------------------------------===//
//
// Dosovitskiy et al., "An Image is Worth 16x16 Words" (ICLR 2021), with the parameter
// names and initial values of Hugging Face's ViTForImageClassification.
//
//===----------------------------------------------------------------------===//
#include "Families.h"

using namespace mlir;
using namespace train;

namespace {
struct Vit : TransformerShape {
  int64_t patch;
  double dropout;
};
} // namespace

static constexpr double eps = 1e-12;

/// Patches as tokens, after a learned token whose last state the head reads.
static Value embed(ModelBuilder &b, Value image, const Vit &m) {
  ModelBuilder::Scope scope(b, "embeddings");
  std::string name = "vit.embeddings.", projection = name + "patch_embeddings.projection";
  int64_t batch = b.dim(image, 0);
  Value cls = b.param(name + "cls_token", {1, 1, m.width}, b.normal(0.02));
  Value grid = b.conv2d(image, projection, m.width, m.patch, m.patch, 0, b.normal(0.02));
  int64_t patches = b.dim(grid, 2) * b.dim(grid, 3);
  Value x = b.transpose(b.reshape(grid, {batch, m.width, patches}), {0, 2, 1});
  x = b.add(x, b.paramWithoutDecay(projection + ".bias", {m.width}, b.zeros()));
  Value first = b.make<BroadcastOp>(cls, ArrayRef<int64_t>{batch, 1, m.width});
  Value positions =
      b.param(name + "position_embeddings", {1, patches + 1, m.width}, b.normal(0.02));
  return b.dropout(b.add(b.concat({first, x}, 1), positions), m.dropout);
}

static Value block(ModelBuilder &b, Value x, const std::string &name, const Vit &m) {
  Value normed = b.layerNorm(x, name + ".layernorm_before", eps);
  auto project = [&](StringRef which) {
    Value y =
        b.linear(normed, name + ".attention.attention." + which, m.width, b.normal(0.02));
    return b.splitHeads(y, m.heads);
  };
  {
    ModelBuilder::Scope scope(b, "attention");
    Value q = project("query"), k = project("key"), v = project("value");
    Value y = b.attention(q, k, v, /*causal=*/false);
    y = b.linear(y, name + ".attention.output.dense", m.width, b.normal(0.02));
    x = b.add(x, b.dropout(y, m.dropout));
  }
  Value h = b.linear(b.layerNorm(x, name + ".layernorm_after", eps),
                     name + ".intermediate.dense", m.hidden, b.normal(0.02));
  Value y =
      b.linear(b.gelu(h, GeluKind::Erf), name + ".output.dense", m.width, b.normal(0.02));
  return b.add(x, b.dropout(y, m.dropout));
}

OwningOpRef<ModuleOp> train::buildVit(MLIRContext *context, Settings &s) {
  Vit m;
  static_cast<TransformerShape &>(m) =
      s.transformer({{"base", {12, 768, 12, 3072}}, {"large", {24, 1024, 16, 4096}}});
  int64_t image = s.get(&ModelOptions::image, "image", 224);
  m.patch = s.get(&ModelOptions::patch, "patch", 16);
  int64_t channels = s.get(&ModelOptions::channels, "channels", 3);
  int64_t classes = s.get(&ModelOptions::classes, "classes", 1000);
  int64_t batch = s.get(&ModelOptions::batch, "batch", 32);
  m.dropout = s.dropout();
  s.divides(m.patch, "patch", image, "image");
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "vit");
  Value pixels = b.input("image", {batch, channels, image, image}, b.f32());
  Value labels = b.input("labels", {batch}, b.i32());
  Value x = embed(b, pixels, m);
  for (int64_t i = 0; i < m.layers; ++i) {
    std::string layer = "encoder.layer." + std::to_string(i);
    x = b.layer(layer, [&] { return block(b, x, "vit." + layer, m); });
  }
  ModelBuilder::Scope scope(b, "head");
  x = b.layerNorm(x, "vit.layernorm", eps);
  Value first = b.reshape(b.slice(x, 1, 0, 1), {batch, m.width});
  Value logits = b.linear(first, "classifier", classes, b.normal(0.02));
  return b.finish({{"loss", b.crossEntropy(logits, labels)}, {"logits", logits}});
}
