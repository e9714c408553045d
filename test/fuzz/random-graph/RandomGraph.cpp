// How the bricks hang together: six shapes of graphs, with or without layers.
#include "RandomGraph.h"
#include "Bricks.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace train;
using namespace train::fuzz;

std::vector<std::string> train::fuzz::randomGraphStyles() { return {"layered", "plain"}; }

std::vector<std::string> train::fuzz::randomGraphShapes() {
  return {"chain", "skip", "branches", "unet", "sequence", "towers"};
}

namespace {

class RandomGraph {
public:
  RandomGraph(MLIRContext *context, uint64_t seed, int64_t ops, bool layered)
      : draw(seed), b(context, layered), bricks(b, draw), target(ops), layered(layered) {}

  OwningOpRef<ModuleOp> build(StringRef shape);

private:
  bool open() const { return b.ops() < target; }
  bool openTo(int64_t ops) const { return b.ops() < std::min(ops, target); }

  /// A few bricks from x; a layer or a checkpoint around them where the style has it.
  Term block(Term x);
  Term bricksFrom(Term x, int64_t n);

  Term chain(Term x, int64_t until);
  Term skip(Term x);
  Term branches(Term x);
  Term unet();
  Term sequence();
  Term towers();

  Draw draw;
  GraphBuilder b;
  Bricks bricks;
  int64_t target;
  bool layered;
  int64_t layers = 0;
};

} // namespace

Term RandomGraph::bricksFrom(Term x, int64_t n) {
  for (int64_t i = 0; i < n && open(); ++i)
    x = bricks.step(x);
  return x;
}

Term RandomGraph::block(Term x) {
  int64_t n = draw.between(1, 6);
  bool checkpoint = draw.chance(7);
  if (!layered && !checkpoint)
    return bricksFrom(x, n);
  // Only what a region yields can be used outside of it: its result, and sometimes
  // another.
  size_t outside = bricks.older.size();
  auto fill = [&]() -> SmallVector<Term> {
    SmallVector<Term> results{bricksFrom(x, n)};
    if (results[0].value == x.value)
      results[0] = bricks.keep(bricks.tame(bricks.unary(x)));
    if (bricks.older.size() > outside + 1 && draw.chance(25))
      results.push_back(
          bricks.older[outside + draw.below(bricks.older.size() - outside)]);
    return results;
  };
  SmallVector<Term> results;
  if (checkpoint && layered && draw.chance(50)) // a marked part of a layer
    results = b.layer("block" + Twine(layers++), [&] { return b.checkpoint(fill); });
  else if (checkpoint)
    results = b.checkpoint(fill);
  else
    results = b.layer("block" + Twine(layers++), fill);
  bricks.older.resize(outside);
  for (Term result : llvm::reverse(results))
    bricks.keep(result);
  return results[0];
}

Term RandomGraph::chain(Term x, int64_t until) {
  while (openTo(until))
    x = block(x);
  return x;
}

Term RandomGraph::skip(Term x) {
  while (open()) {
    Term from = x;
    x = block(x);
    // To the last block, or to any value there ever was.
    if (draw.chance(40))
      x = bricks.keep(bricks.merge(x, from));
    if (draw.chance(30))
      x = bricks.keep(bricks.merge(x, bricks.older[draw.below(bricks.older.size())]));
  }
  return x;
}

Term RandomGraph::branches(Term x) {
  while (open()) {
    SmallVector<Term> ends;
    int64_t n = draw.between(2, 5);
    for (int64_t i = 0; i < n && open(); ++i)
      ends.push_back(block(x));
    for (Term end : llvm::drop_begin(ends))
      ends[0] = bricks.merge(ends[0], end);
    x = bricks.keep(ends[0]);
  }
  return x;
}

// Down with fewer pixels, up again, each level meeting its counterpart.
Term RandomGraph::unet() {
  Term x = bricks.convolve(bricks.imageInput());
  int64_t levels = draw.between(1, 4), share = target / (2 * levels + 1);
  SmallVector<Term> counterparts;
  auto stay = [&](Term y, int64_t until) {
    while (openTo(until)) {
      Term z = block(y);
      y = z.rank() == 4 ? z : bricks.keep(bricks.merge(y, z));
    }
    return y;
  };
  for (int64_t level = 0; level < levels; ++level) {
    x = stay(x, b.ops() + share);
    counterparts.push_back(x);
    x = bricks.keep(bricks.tame(bricks.pool(x)));
  }
  x = stay(x, b.ops() + share);
  for (Term counterpart : llvm::reverse(counterparts)) {
    int64_t channels = std::min<int64_t>(counterpart.dim(1), 12);
    Term up = bricks.tame(
        bricks.convolveUp(x, channels, counterpart.dim(2), counterpart.dim(3)));
    x = bricks.keep(bricks.trim(bricks.tame(bricks.merge(counterpart, up))));
    if (x.rank() == 4)
      x = stay(x, b.ops() + share);
  }
  return chain(x, target);
}

// Tokens, attention and feed-forward with residuals, as transformers have them.
Term RandomGraph::sequence() {
  Term x = bricks.sequenceInput();
  while (open()) {
    Term y = bricks.keep(bricks.tame(draw.chance(60) ? bricks.normalize(x) : x));
    y = draw.chance(50) ? bricks.attend(y) : block(y);
    if (draw.chance(20))
      y = b.dropout(y, 0.1);
    x = bricks.keep(bricks.merge(x, bricks.tame(y)));
  }
  return x;
}

Term RandomGraph::towers() {
  SmallVector<Term> tops;
  int64_t n = draw.between(2, 4), share = target / (n + 1);
  for (int64_t i = 0; i < n && open(); ++i)
    tops.push_back(chain(bricks.keep(bricks.source()), b.ops() + share));
  for (Term top : llvm::drop_begin(tops))
    tops[0] = bricks.keep(bricks.merge(tops[0], top));
  return chain(tops[0], target);
}

OwningOpRef<ModuleOp> RandomGraph::build(StringRef shape) {
  Term x;
  if (shape == "unet")
    x = unet();
  else if (shape == "sequence")
    x = sequence();
  else if (shape == "towers")
    x = towers();
  else {
    x = bricks.keep(bricks.source());
    x = shape == "chain" ? chain(x, target) : shape == "skip" ? skip(x) : branches(x);
  }
  Term total = bricks.loss(x);
  for (int64_t more = draw.one({0, 0, 0, 1, 2}); more > 0 && !bricks.older.empty();
       --more) {
    Term another = bricks.older[draw.below(bricks.older.size())];
    Term part = draw.chance(25) ? bricks.penalty() : bricks.loss(another);
    part = bricks.scaled(part, draw.one({0.1, 0.5, 1.0}));
    total = b.term<AddOp>(total.size + part.size, {total, part}, total.value, part.value);
  }
  std::vector<std::pair<std::string, Value>> outputs{{"loss", total.value}};
  for (int64_t more = draw.one({0, 0, 1, 2}); more > 0 && !bricks.older.empty(); --more)
    outputs.push_back({"y" + std::to_string(more),
                       bricks.older[draw.below(bricks.older.size())].value});
  return b.finish(outputs);
}

static bool isOneOf(const std::string &name, const std::vector<std::string> &names,
                    const char *option, std::string &error) {
  if (name.empty() || llvm::is_contained(names, name))
    return true;
  error = "unknown " + std::string(option) + " '" + name.substr(0, 80) + "'; expected " +
          llvm::join(names, ", ");
  return false;
}

OwningOpRef<ModuleOp> train::fuzz::buildRandomGraph(MLIRContext *context,
                                                    const RandomGraphOptions &options,
                                                    std::string &error) {
  std::vector<std::string> styles = randomGraphStyles(), shapes = randomGraphShapes();
  if (!isOneOf(options.style, styles, "style", error) ||
      !isOneOf(options.shape, shapes, "shape", error))
    return nullptr;
  if (options.ops && (*options.ops < 20 || *options.ops > 2000)) {
    error = "--ops expects a number from 20 to 2000, got " + std::to_string(*options.ops);
    return nullptr;
  }
  // Drawn in any case, so that naming what would have been drawn changes nothing.
  Draw draw(options.seed);
  int64_t ops = draw.between(20, 300);
  const std::string &style = draw.one(ArrayRef<std::string>(styles));
  const std::string &shape = draw.one(ArrayRef<std::string>(shapes));
  uint64_t rest = draw.next();
  RandomGraph graph(context, rest, options.ops.value_or(ops),
                    (options.style.empty() ? style : options.style) == "layered");
  OwningOpRef<ModuleOp> module =
      graph.build(options.shape.empty() ? shape : options.shape);
  if (!module)
    error = "the generator made an invalid graph";
  return module;
}
