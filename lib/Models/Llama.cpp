//===- Llama.cpp - Llama --------------------------------------------------------===//
//
// Touvron et al., "LLaMA" (2023) and "Llama 2" (2023), with the parameter names and
// layouts of Hugging Face's LlamaForCausalLM. Rotary position embeddings (Su et al.,
// RoFormer, 2021) are plain elementwise ops on tables computed from counters, in the
// half-split form that those checkpoints expect: element i turns together with element i
// + D/2.
//
//===----------------------------------------------------------------------===//
#include "Families.h"

using namespace mlir;
using namespace train;

namespace {
struct Llama : TransformerShape {
  int64_t kvHeads;
  double ropeBase;
  bool causal;
};

/// cos and sin of position * base^(-2i/D), [T, 1, D/2].
struct Rotary {
  Value cos, sin;
};
} // namespace

static constexpr double eps = 1e-5;

static Rotary buildRotary(ModelBuilder &b, int64_t seq, int64_t depth, double base) {
  ModelBuilder::Scope scope(b, "rotary");
  Value position = b.make<IotaOp>(RankedTensorType::get({seq, 1, 1}, b.f32()), 0);
  Value index = b.make<IotaOp>(RankedTensorType::get({depth / 2}, b.f32()), 0);
  Value period = b.make<PowOp>(b.scalar(base), b.mul(index, b.scalar(2.0 / depth)));
  Value angle = b.make<DivOp>(position, period);
  return {b.make<CosOp>(angle), b.make<SinOp>(angle)};
}

static Value rotate(ModelBuilder &b, Value x, const Rotary &rotary) {
  int64_t half = b.dim(x, 3) / 2;
  Value low = b.slice(x, 3, 0, half), high = b.slice(x, 3, half, half);
  return b.concat({b.sub(b.mul(low, rotary.cos), b.mul(high, rotary.sin)),
                   b.add(b.mul(high, rotary.cos), b.mul(low, rotary.sin))},
                  3);
}

static Value selfAttention(ModelBuilder &b, Value x, const std::string &name,
                           const Rotary &rotary, const Llama &m) {
  ModelBuilder::Scope scope(b, "self_attn");
  int64_t depth = m.width / m.heads;
  auto project = [&](StringRef which, int64_t heads) {
    Value y =
        b.linear(x, name + "." + which, heads * depth, b.normal(0.02), /*bias=*/false);
    return b.splitHeads(y, heads);
  };
  Value q = rotate(b, project("q_proj", m.heads), rotary);
  Value k = rotate(b, project("k_proj", m.kvHeads), rotary);
  Value y = b.attention(q, k, project("v_proj", m.kvHeads), m.causal);
  return b.linear(y, name + ".o_proj", m.width, b.normal(0.02), /*bias=*/false);
}

static Value feedForward(ModelBuilder &b, Value x, const std::string &name,
                         const Llama &m) {
  ModelBuilder::Scope scope(b, "mlp");
  auto widen = [&](StringRef which) {
    return b.linear(x, name + "." + which, m.hidden, b.normal(0.02), /*bias=*/false);
  };
  Value gate = b.make<SiluOp>(widen("gate_proj"));
  return b.linear(b.mul(gate, widen("up_proj")), name + ".down_proj", m.width,
                  b.normal(0.02),
                  /*bias=*/false);
}

OwningOpRef<ModuleOp> train::buildLlama(MLIRContext *context, Settings &s) {
  // What the named sizes have besides a shape.
  static const struct {
    StringRef name;
    int64_t kvHeads, vocab;
    double ropeBase;
  } extras[] = {{"1.1B", 4, 32000, 1e4}, {"7B", 32, 32000, 1e4}, {"8B", 8, 128256, 5e5}};
  Llama m;
  static_cast<TransformerShape &>(m) = s.transformer({{"1.1B", {22, 2048, 32, 5632}},
                                                      {"7B", {32, 4096, 32, 11008}},
                                                      {"8B", {32, 4096, 32, 14336}}});
  int size = std::max(0, s.size({extras[0].name, extras[1].name, extras[2].name}));
  bool reshaped = s.options.width || s.options.heads;
  m.kvHeads = s.get(&ModelOptions::kvHeads, "kv-heads",
                    reshaped ? m.heads : extras[size].kvHeads);
  int64_t vocab = s.get(&ModelOptions::vocab, "vocab", extras[size].vocab);
  int64_t seq = s.get(&ModelOptions::seq, "seq", 2048);
  int64_t batch = s.get(&ModelOptions::batch, "batch", 1);
  m.ropeBase = s.options.ropeBase.value_or(extras[size].ropeBase);
  m.causal = !s.options.bidirectional;
  s.divides(m.kvHeads, "kv-heads", m.heads, "heads");
  if (!(m.ropeBase > 1 && m.ropeBase < 1e12))
    s.fail("--rope-base expects a number above 1 and below 1e12, got " +
           Twine(std::to_string(m.ropeBase)));
  if (s.ok() && m.width / m.heads % 2 != 0)
    s.fail("rotary embeddings need heads of even width, got " + Twine(m.width / m.heads));
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "llama");
  Value tokens = b.input("tokens", {batch, seq}, b.i32());
  Value labels = b.input("labels", {batch, seq}, b.i32());
  Value table = b.param("model.embed_tokens.weight", {vocab, m.width}, b.normal(0.02));
  Rotary rotary = buildRotary(b, seq, m.width / m.heads, m.ropeBase);
  Value x = b.embedding(table, tokens);
  for (int64_t i = 0; i < m.layers; ++i) {
    std::string layer = "layers." + std::to_string(i), name = "model." + layer;
    x = b.layer(layer, [&] {
      Value normed = b.rmsNorm(x, name + ".input_layernorm", eps);
      Value y = b.add(x, selfAttention(b, normed, name + ".self_attn", rotary, m));
      normed = b.rmsNorm(y, name + ".post_attention_layernorm", eps);
      return b.add(y, feedForward(b, normed, name + ".mlp", m));
    });
  }
  ModelBuilder::Scope scope(b, "head");
  x = b.rmsNorm(x, "model.norm", eps);
  Value logits = s.options.tied
                     ? b.matmul(x, table, /*transposeRhs=*/true)
                     : b.linear(x, "lm_head", vocab, b.normal(0.02), /*bias=*/false);
  return b.finish({{"loss", b.crossEntropy(logits, labels)}, {"logits", logits}});
}
