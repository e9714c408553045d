//===- Gpt2.cpp - GPT-2 --------------------------------------------------------===//
//
// Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), with
// the parameter names and layouts of Hugging Face's GPT2LMHeadModel: Conv1D weights are
// [in, out], the head shares the token embedding. Its initial values too: normal 0.02,
// and for projections onto the residual stream 0.02 / sqrt(2 * layers).
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include <cmath>

using namespace mlir;
using namespace train;

namespace {
struct Gpt2 : TransformerShape {
  int64_t positions, vocab;
  double dropout;
  bool causal;
};
} // namespace

static Value selfAttention(ModelBuilder &b, Value x, const std::string &name,
                           const Gpt2 &m) {
  ModelBuilder::Scope scope(b, "attn");
  Value qkv = b.conv1d(x, name + ".c_attn", 3 * m.width, b.normal(0.02));
  auto part = [&](int64_t i) {
    return b.splitHeads(b.slice(qkv, 2, i * m.width, m.width), m.heads);
  };
  Value merged = b.attention(part(0), part(1), part(2), m.causal);
  Value y = b.conv1d(merged, name + ".c_proj", m.width,
                     b.normal(0.02 / std::sqrt(2.0 * m.layers)));
  return b.dropout(y, m.dropout);
}

static Value feedForward(ModelBuilder &b, Value x, const std::string &name,
                         const Gpt2 &m) {
  ModelBuilder::Scope scope(b, "mlp");
  Value h = b.gelu(b.conv1d(x, name + ".c_fc", m.hidden, b.normal(0.02)), GeluKind::Tanh);
  Value y =
      b.conv1d(h, name + ".c_proj", m.width, b.normal(0.02 / std::sqrt(2.0 * m.layers)));
  return b.dropout(y, m.dropout);
}

static Value block(ModelBuilder &b, Value x, const std::string &name, const Gpt2 &m) {
  x = b.add(x, selfAttention(b, b.layerNorm(x, name + ".ln_1", 1e-5), name + ".attn", m));
  return b.add(x, feedForward(b, b.layerNorm(x, name + ".ln_2", 1e-5), name + ".mlp", m));
}

OwningOpRef<ModuleOp> train::buildGpt2(MLIRContext *context, Settings &s) {
  Gpt2 m;
  static_cast<TransformerShape &>(m) = s.transformer({{"124M", {12, 768, 12, 3072}},
                                                      {"medium", {24, 1024, 16, 4096}},
                                                      {"large", {36, 1280, 20, 5120}},
                                                      {"xl", {48, 1600, 25, 6400}}});
  m.vocab = s.get(&ModelOptions::vocab, "vocab", 50257);
  int64_t seq = s.get(&ModelOptions::seq, "seq", 1024);
  m.positions =
      s.get(&ModelOptions::positions, "positions", std::max<int64_t>(seq, 1024));
  int64_t batch = s.get(&ModelOptions::batch, "batch", 4);
  m.dropout = s.dropout();
  m.causal = !s.options.bidirectional;
  if (seq > m.positions)
    s.fail("--seq=" + Twine(seq) + " exceeds --positions=" + Twine(m.positions));
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "gpt2");
  Value tokens = b.input("tokens", {batch, seq}, b.i32());
  Value labels = b.input("labels", {batch, seq}, b.i32());
  Value wte, x;
  {
    ModelBuilder::Scope scope(b, "embed");
    wte = b.param("transformer.wte.weight", {m.vocab, m.width}, b.normal(0.02));
    Value wpe = b.param("transformer.wpe.weight", {m.positions, m.width}, b.normal(0.02));
    if (seq < m.positions)
      wpe = b.slice(wpe, 0, 0, seq);
    x = b.dropout(b.add(b.embedding(wte, tokens), wpe), m.dropout);
  }
  for (int64_t i = 0; i < m.layers; ++i) {
    std::string name = "h." + std::to_string(i);
    x = b.layer(name, [&] { return block(b, x, "transformer." + name, m); });
  }
  ModelBuilder::Scope scope(b, "head");
  x = b.layerNorm(x, "transformer.ln_f", 1e-5);
  Value head = wte;
  if (s.options.untied)
    head = b.param("lm_head.weight", {m.vocab, m.width}, b.normal(0.02));
  Value logits = b.matmul(x, head, /*transposeRhs=*/true);
  return b.finish({{"loss", b.crossEntropy(logits, labels)}, {"logits", logits}});
}
