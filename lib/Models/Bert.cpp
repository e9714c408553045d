//===- Bert.cpp - BERT ---------------------------------------------------------===//
//
// Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (NAACL 2019),
// with the parameter names and initial values of Hugging Face's BertModel. Sequences fill
// their rows: there is no padding mask, and all tokens are of the first segment. Dropout
// acts after the embeddings and after each sublayer; attention probabilities have none,
// since they never exist as a tensor.
//
//===----------------------------------------------------------------------===//
#include "Families.h"

using namespace mlir;
using namespace train;

namespace {
struct Bert : TransformerShape {
  int64_t positions, vocab, seq;
  double dropout;
};
} // namespace

static constexpr double eps = 1e-12;

static Value embed(ModelBuilder &b, Value tokens, Value table, const Bert &m) {
  ModelBuilder::Scope scope(b, "embeddings");
  std::string name = "bert.embeddings.";
  Value positions = b.param(name + "position_embeddings.weight", {m.positions, m.width},
                            b.normal(0.02));
  Value segments =
      b.param(name + "token_type_embeddings.weight", {2, m.width}, b.normal(0.02));
  Value x = b.add(b.embedding(table, tokens), b.slice(segments, 0, 0, 1));
  x = b.add(x, m.seq < m.positions ? b.slice(positions, 0, 0, m.seq) : positions);
  return b.dropout(b.layerNorm(x, name + "LayerNorm", eps), m.dropout);
}

static Value selfAttention(ModelBuilder &b, Value x, const std::string &name,
                           const Bert &m) {
  ModelBuilder::Scope scope(b, "attention");
  auto project = [&](StringRef which) {
    return b.splitHeads(b.linear(x, name + ".self." + which, m.width, b.normal(0.02)),
                        m.heads);
  };
  Value q = project("query"), k = project("key"), v = project("value");
  Value y = b.attention(q, k, v, /*causal=*/false);
  y = b.dropout(b.linear(y, name + ".output.dense", m.width, b.normal(0.02)), m.dropout);
  return b.layerNorm(b.add(x, y), name + ".output.LayerNorm", eps);
}

static Value feedForward(ModelBuilder &b, Value x, const std::string &name,
                         const Bert &m) {
  Value h = b.gelu(b.linear(x, name + ".intermediate.dense", m.hidden, b.normal(0.02)),
                   GeluKind::Erf);
  Value y = b.linear(h, name + ".output.dense", m.width, b.normal(0.02));
  return b.layerNorm(b.add(x, b.dropout(y, m.dropout)), name + ".output.LayerNorm", eps);
}

/// tanh of a linear map of the first token.
static Value pool(ModelBuilder &b, Value x, const Bert &m) {
  ModelBuilder::Scope scope(b, "pooler");
  Value first = b.reshape(b.slice(x, 1, 0, 1), {b.dim(x, 0), m.width});
  return b.make<TanhOp>(b.linear(first, "bert.pooler.dense", m.width, b.normal(0.02)));
}

/// The logits of every token, from weights shared with the embedding.
static Value predictTokens(ModelBuilder &b, Value x, Value table, const Bert &m) {
  ModelBuilder::Scope scope(b, "cls");
  std::string name = "cls.predictions.";
  Value h = b.linear(x, name + "transform.dense", m.width, b.normal(0.02));
  h = b.layerNorm(b.gelu(h, GeluKind::Erf), name + "transform.LayerNorm", eps);
  return b.add(b.matmul(h, table, /*transposeRhs=*/true),
               b.paramWithoutDecay(name + "bias", {m.vocab}, b.zeros()));
}

OwningOpRef<ModuleOp> train::buildBert(MLIRContext *context, Settings &s) {
  Bert m;
  static_cast<TransformerShape &>(m) =
      s.transformer({{"base", {12, 768, 12, 3072}}, {"large", {24, 1024, 16, 4096}}});
  m.vocab = s.get(&ModelOptions::vocab, "vocab", 30522);
  m.seq = s.get(&ModelOptions::seq, "seq", 128);
  m.positions =
      s.get(&ModelOptions::positions, "positions", std::max<int64_t>(m.seq, 512));
  int64_t batch = s.get(&ModelOptions::batch, "batch", 32);
  int64_t classes = s.get(&ModelOptions::classes, "classes", 2);
  m.dropout = s.dropout();
  std::string head = s.word(&ModelOptions::head, "head", {"none", "mlm", "classifier"});
  if (m.seq > m.positions)
    s.fail("--seq=" + Twine(m.seq) + " exceeds --positions=" + Twine(m.positions));
  if (s.options.classes && head != "classifier")
    s.fail("--classes needs --head=classifier");
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "bert");
  Value tokens = b.input("tokens", {batch, m.seq}, b.i32());
  Value target = head == "none"  ? b.input("target", {batch, m.width}, b.f32())
                 : head == "mlm" ? b.input("labels", {batch, m.seq}, b.i32())
                                 : b.input("labels", {batch}, b.i32());
  Value table = b.param("bert.embeddings.word_embeddings.weight", {m.vocab, m.width},
                        b.normal(0.02));
  Value x = embed(b, tokens, table, m);
  for (int64_t i = 0; i < m.layers; ++i) {
    std::string layer = "encoder.layer." + std::to_string(i);
    x = b.layer(layer, [&] {
      Value y = selfAttention(b, x, "bert." + layer + ".attention", m);
      return feedForward(b, y, "bert." + layer, m);
    });
  }
  if (head == "mlm") {
    Value logits = predictTokens(b, x, table, m);
    return b.finish({{"loss", b.crossEntropy(logits, target)}, {"logits", logits}});
  }
  Value pooled = pool(b, x, m);
  if (head == "none")
    return b.finish({{"loss", b.make<MseOp>(pooled, target)}, {"pooled", pooled}});
  Value logits =
      b.linear(b.dropout(pooled, m.dropout), "classifier", classes, b.normal(0.02));
  return b.finish({{"loss", b.crossEntropy(logits, target)}, {"logits", logits}});
}
