//===- Gpt2.cpp - GPT-2 --------------------------------------------------------===//
//
// Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), with
// the parameter names and layouts of Hugging Face's GPT2LMHeadModel: Conv1D weights are [in, out], the
// head shares the token embedding. Its initial values too: normal 0.02, and for projections
// onto the residual stream 0.02 / sqrt(2 * layers).
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include <cmath>

using namespace mlir;
using namespace train;

namespace {
struct Gpt2 {
  int64_t layers, width, heads, hidden, positions, vocab;
  double dropout;
  bool causal;
};
} // namespace

static Value selfAttention(ModelBuilder &b, Value x, const std::string &name, const Gpt2 &m) {
  ModelBuilder::Scope scope(b, "attn");
  Value qkv, merged;
  {
    ModelBuilder::Scope part(b, "qkv");
    qkv = b.conv1d(x, name + ".c_attn", 3 * m.width, b.normal(0.02));
  }
  {
    ModelBuilder::Scope part(b, "core");
    merged = b.attention(b.slice(qkv, 2, 0, m.width), b.slice(qkv, 2, m.width, m.width),
                         b.slice(qkv, 2, 2 * m.width, m.width), m.heads, m.heads, m.causal);
  }
  ModelBuilder::Scope part(b, "proj");
  Value y = b.conv1d(merged, name + ".c_proj", m.width, b.normal(0.02 / std::sqrt(2.0 * m.layers)));
  return b.dropout(y, m.dropout);
}

static Value feedForward(ModelBuilder &b, Value x, const std::string &name, const Gpt2 &m) {
  ModelBuilder::Scope scope(b, "mlp");
  Value h = b.gelu(b.conv1d(x, name + ".c_fc", m.hidden, b.normal(0.02)), GeluKind::Tanh);
  Value y = b.conv1d(h, name + ".c_proj", m.width, b.normal(0.02 / std::sqrt(2.0 * m.layers)));
  return b.dropout(y, m.dropout);
}

static Value block(ModelBuilder &b, Value x, const std::string &name, const Gpt2 &m) {
  x = b.add(x, selfAttention(b, b.layerNorm(x, name + ".ln_1", 1e-5), name + ".attn", m));
  return b.add(x, feedForward(b, b.layerNorm(x, name + ".ln_2", 1e-5), name + ".mlp", m));
}

OwningOpRef<ModuleOp> train::buildGpt2(MLIRContext *context, Settings &s) {
  // layers, width, heads
  static const int64_t sizes[][3] = {
      {12, 768, 12}, {24, 1024, 16}, {36, 1280, 20}, {48, 1600, 25}};
  int size = s.size({"124M", "medium", "large", "xl"});
  const int64_t *base = sizes[size < 0 ? 0 : size];
  Gpt2 m;
  m.layers = s.get(&ModelOptions::layers, "layers", base[0]);
  m.width = s.get(&ModelOptions::width, "width", base[1]);
  m.heads = s.get(&ModelOptions::heads, "heads", s.options.width ? std::max<int64_t>(1, m.width / 64) : base[2]);
  m.hidden = s.get(&ModelOptions::hidden, "hidden", 4 * m.width);
  m.vocab = s.get(&ModelOptions::vocab, "vocab", 50257);
  int64_t seq = s.get(&ModelOptions::seq, "seq", 1024);
  m.positions = s.get(&ModelOptions::positions, "positions", std::max<int64_t>(seq, 1024));
  int64_t batch = s.get(&ModelOptions::batch, "batch", 4);
  m.dropout = s.dropout();
  m.causal = !s.options.bidirectional;
  s.divides(m.heads, "heads", m.width, "width");
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
  Value head = s.options.untied ? b.param("lm_head.weight", {m.vocab, m.width}, b.normal(0.02)) : wte;
  Value logits = b.matmul(x, head, /*transposeRhs=*/true);
  return b.finish({{"loss", b.crossEntropy(logits, labels)}, {"logits", logits}});
}
