//===- Mlp.cpp - the multilayer perceptron --------------------------------------===//
//
// Linear layers with ReLU between them; names and initial values as torch.nn.Linear in a
// torch.nn.Sequential called `layers`, where every second member is the ReLU.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include <cmath>

using namespace mlir;
using namespace train;

OwningOpRef<ModuleOp> train::buildMlp(MLIRContext *context, Settings &s) {
  std::vector<int64_t> widths = s.options.widths;
  if (widths.empty())
    widths = {1024, 2048, 2048, 1024};
  s.size({});
  int64_t batch = s.get(&ModelOptions::batch, "batch", 32);
  std::string loss = s.word(&ModelOptions::loss, "loss", {"mse", "cross-entropy"});
  double dropout = s.dropout();
  if (widths.size() < 2)
    s.fail("--widths expects at least two sizes, input and output; got " +
           Twine(widths.size()));
  for (int64_t width : widths)
    if (width < 1 || width > 1 << 24)
      s.fail("--widths expects numbers from 1 to 16777216, got " + Twine(width));
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "mlp");
  Value x = b.input("x", {batch, widths.front()}, b.f32());
  Value target = loss == "mse" ? b.input("target", {batch, widths.back()}, b.f32())
                               : b.input("labels", {batch}, b.i32());
  for (size_t i = 1; i < widths.size(); ++i) {
    std::string name = "layers." + std::to_string(2 * (i - 1));
    Attribute init = b.uniform(1 / std::sqrt(static_cast<double>(widths[i - 1])));
    x = b.layer(name, [&] {
      Value y = b.linear(x, name, widths[i], init, /*bias=*/true, init);
      return i + 1 < widths.size() ? b.dropout(b.relu(y), dropout) : y;
    });
  }
  ModelBuilder::Scope scope(b, "loss");
  Value result =
      loss == "mse" ? Value(b.make<MseOp>(x, target)) : b.crossEntropy(x, target);
  return b.finish({{"loss", result}, {loss == "mse" ? "prediction" : "logits", x}});
}
