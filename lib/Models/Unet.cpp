//===- Unet.cpp - U-Net -----------------------------------------------------------===//
//
// Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation"
// (MICCAI 2015), in its usual modern form: convolutions that keep the size, batch
// normalization, up-convolutions. Names are those of the widely used PyTorch
// implementation (milesial/Pytorch-UNet), initial values those of torch's convolutions,
// uniform by fan-in.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include <cmath>

using namespace mlir;
using namespace train;

static Attribute byFanIn(ModelBuilder &b, int64_t fanIn) {
  return b.uniform(1 / std::sqrt(static_cast<double>(fanIn)));
}

/// A bias per channel of an NCHW tensor.
static Value addBias(ModelBuilder &b, Value x, const std::string &name, Attribute init) {
  Value bias = b.paramWithoutDecay(name, {b.dim(x, 1)}, init);
  return b.add(x, b.reshape(bias, {b.dim(x, 1), 1, 1}));
}

/// Two 3x3 convolutions, each normalized and rectified.
static Value doubleConv(ModelBuilder &b, Value x, const std::string &name, int64_t out) {
  for (int i : {0, 3}) {
    Attribute init = byFanIn(b, b.dim(x, 1) * 9);
    x = b.conv2d(x, name + ".double_conv." + std::to_string(i), out, 3, 1, 1, init);
    x = b.relu(b.batchNorm(x, name + ".double_conv." + std::to_string(i + 1)));
  }
  return x;
}

/// Half the channels at twice the height and width.
static Value upConv(ModelBuilder &b, Value x, const std::string &name) {
  ModelBuilder::Scope scope(b, "up");
  int64_t in = b.dim(x, 1), out = in / 2;
  Attribute init = byFanIn(b, out * 4);
  Value filter = b.param(name + ".weight", {in, out, 2, 2}, init);
  Value y = b.make<Conv2dTransposeOp>(
      x, filter, ArrayRef<int64_t>{2 * b.dim(x, 2), 2 * b.dim(x, 3)},
      ArrayRef<int64_t>{2, 2}, ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1});
  return addBias(b, y, name + ".bias", init);
}

OwningOpRef<ModuleOp> train::buildUnet(MLIRContext *context, Settings &s) {
  s.size({});
  int64_t levels = s.get(&ModelOptions::layers, "layers", 4);
  int64_t width = s.get(&ModelOptions::width, "width", 64);
  int64_t image = s.get(&ModelOptions::image, "image", 256);
  int64_t channels = s.get(&ModelOptions::channels, "channels", 3);
  int64_t classes = s.get(&ModelOptions::classes, "classes", 2);
  int64_t batch = s.get(&ModelOptions::batch, "batch", 4);
  if (levels > 8)
    s.fail("--layers expects at most 8 levels, got " + Twine(levels));
  else if (image % (int64_t(1) << levels) != 0)
    s.fail("--image=" + Twine(image) + " can't be halved " + Twine(levels) + " times");
  else if (batch == 1 && image >> levels == 1)
    s.fail("--image=" + Twine(image) +
           " leaves one pixel to normalize over at the bottom at --batch=1");
  if (!s.ok())
    return nullptr;

  ModelBuilder b(context, "unet");
  Value pixels = b.input("image", {batch, channels, image, image}, b.f32());
  Value labels = b.input("labels", {batch, image, image}, b.i32());
  SmallVector<Value> skips;
  Value x = b.layer("inc", [&] { return doubleConv(b, pixels, "inc", width); });
  for (int64_t i = 1; i <= levels; ++i) {
    skips.push_back(x);
    std::string name = "down" + std::to_string(i);
    x = b.layer(name, [&] {
      Value pooled =
          b.make<MaxPool2dOp>(x, ArrayRef<int64_t>{2, 2}, ArrayRef<int64_t>{2, 2},
                              ArrayRef<int64_t>{0, 0, 0, 0})
              .getY();
      return doubleConv(b, pooled, name + ".maxpool_conv.1", width << i);
    });
  }
  for (int64_t i = 1; i <= levels; ++i) {
    std::string name = "up" + std::to_string(i);
    Value skip = skips.pop_back_val();
    x = b.layer(name, [&] {
      Value joined = b.concat({skip, upConv(b, x, name + ".up")}, 1);
      return doubleConv(b, joined, name + ".conv", b.dim(skip, 1));
    });
  }
  ModelBuilder::Scope scope(b, "outc");
  Attribute init = byFanIn(b, width);
  Value logits = addBias(b, b.conv2d(x, "outc.conv", classes, 1, 1, 0, init),
                         "outc.conv.bias", init);
  Value byPixel = b.transpose(logits, {0, 2, 3, 1});
  return b.finish({{"loss", b.crossEntropy(byPixel, labels)}, {"logits", logits}});
}
