//===- Resnet.cpp - ResNet -------------------------------------------------------===//
//
// He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016), as torchvision
// has it: the stride of a bottleneck is in its 3x3 convolution, parameter names are
// torchvision's, and convolutions start from a normal distribution scaled by fan-out.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include <cmath>

using namespace mlir;
using namespace train;

namespace {
struct Depth {
  bool bottleneck;
  int64_t blocks[4];
};
} // namespace

/// A convolution without bias that keeps the size at stride 1, and its normalization.
static Value convNorm(ModelBuilder &b, Value x, const std::string &conv,
                      const std::string &norm, int64_t out, int64_t kernel,
                      int64_t stride) {
  Attribute init = b.normal(std::sqrt(2.0 / (out * kernel * kernel)));
  return b.batchNorm(b.conv2d(x, conv, out, kernel, stride, kernel / 2, init), norm);
}

static Value block(ModelBuilder &b, Value x, const std::string &name, int64_t planes,
                   int64_t stride, bool bottleneck) {
  auto step = [&](Value from, int i, int64_t out, int64_t kernel, int64_t by) {
    std::string n = std::to_string(i);
    return convNorm(b, from, name + ".conv" + n, name + ".bn" + n, out, kernel, by);
  };
  int64_t out = bottleneck ? 4 * planes : planes;
  Value y;
  if (bottleneck) {
    y = b.relu(step(x, 1, planes, 1, 1));
    y = b.relu(step(y, 2, planes, 3, stride));
    y = step(y, 3, out, 1, 1);
  } else {
    y = b.relu(step(x, 1, planes, 3, stride));
    y = step(y, 2, planes, 3, 1);
  }
  if (stride != 1 || b.dim(x, 1) != out) {
    ModelBuilder::Scope scope(b, "downsample");
    x = convNorm(b, x, name + ".downsample.0", name + ".downsample.1", out, 1, stride);
  }
  return b.relu(b.add(x, y));
}

OwningOpRef<ModuleOp> train::buildResnet(MLIRContext *context, Settings &s) {
  static const Depth depths[] = {{true, {3, 4, 6, 3}},
                                 {false, {2, 2, 2, 2}},
                                 {false, {3, 4, 6, 3}},
                                 {true, {3, 4, 23, 3}},
                                 {true, {3, 8, 36, 3}}};
  const Depth &depth = depths[std::max(0, s.size({"50", "18", "34", "101", "152"}))];
  int64_t width = s.get(&ModelOptions::width, "width", 64);
  int64_t image = s.get(&ModelOptions::image, "image", 224);
  int64_t channels = s.get(&ModelOptions::channels, "channels", 3);
  int64_t classes = s.get(&ModelOptions::classes, "classes", 1000);
  int64_t batch = s.get(&ModelOptions::batch, "batch", 32);
  if (image <= 32 && batch == 1)
    s.fail("--image=" + Twine(image) +
           " leaves one pixel to normalize over in the last stage at "
           "--batch=1; use more than 32");
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "resnet");
  Value pixels = b.input("image", {batch, channels, image, image}, b.f32());
  Value labels = b.input("labels", {batch}, b.i32());
  Value x = b.layer("stem", [&] {
    Value y = b.relu(convNorm(b, pixels, "conv1", "bn1", width, 7, 2));
    return Value(b.make<MaxPool2dOp>(y, ArrayRef<int64_t>{3, 3}, ArrayRef<int64_t>{2, 2},
                                     ArrayRef<int64_t>{1, 1, 1, 1})
                     .getY());
  });
  for (int64_t stage = 0; stage < 4; ++stage)
    for (int64_t i = 0; i < depth.blocks[stage]; ++i) {
      std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
      int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      x = b.layer(name, [&] {
        return block(b, x, name, width << stage, stride, depth.bottleneck);
      });
    }
  ModelBuilder::Scope scope(b, "head");
  x = b.make<ReduceMeanOp>(x, ArrayRef<int64_t>{2, 3});
  Attribute init = b.uniform(1 / std::sqrt(static_cast<double>(b.dim(x, 1))));
  Value logits = b.linear(x, "fc", classes, init, /*bias=*/true, init);
  return b.finish({{"loss", b.crossEntropy(logits, labels)}, {"logits", logits}});
}
