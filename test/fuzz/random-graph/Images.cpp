// Bricks on [B, C, H, W].
#include "Bricks.h"
#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::fuzz;

Term Bricks::pointwise(Term x, int64_t channels) {
  channels =
      std::min(channels, kMaxElements / std::max(x.dim(1), x.elements() / x.dim(1)));
  Term filter = weight({channels, x.dim(1), 1, 1}, x.dim(1));
  return b.term<Conv2dOp>(x.size, {x, filter}, x.value, filter.value, Shape{1, 1},
                          Shape{0, 0, 0, 0}, Shape{1, 1});
}

Term Bricks::convolve(Term x) {
  int64_t c = x.dim(1), groups = 1;
  if (draw.chance(30))
    for (int64_t g : {2, 3, 4, 5, 7})
      if (c % g == 0)
        groups = g;
  if (draw.chance(15))
    groups = c; // depthwise
  int64_t out = groups * draw.between(1, std::max<int64_t>(1, 12 / groups));
  Shape kernel, strides, padding(4), dilations;
  int64_t size[2];
  for (int i = 0; i < 2; ++i) {
    int64_t extent = x.dim(2 + i),
            k = std::min(extent, draw.one<int64_t>({1, 2, 3, 3, 3, 5}));
    int64_t dilation = k > 1 && (k - 1) * 2 < extent && draw.chance(20) ? 2 : 1;
    int64_t reach = dilation * (k - 1);
    // Mostly the same size again.
    int64_t low = draw.chance(70) ? reach / 2 : draw.between(0, reach);
    int64_t high = draw.chance(70) ? reach - low : draw.between(0, reach);
    int64_t stride = draw.chance(20) ? draw.between(2, 3) : 1;
    kernel.push_back(k), dilations.push_back(dilation), strides.push_back(stride);
    padding[i] = low, padding[2 + i] = high;
    size[i] = (extent + low + high - reach - 1) / stride + 1;
  }
  int64_t perChannel =
      std::max(batch * size[0] * size[1], c / groups * kernel[0] * kernel[1]);
  if (groups * perChannel > kMaxElements)
    return pool(x);
  while (out * perChannel > kMaxElements)
    out -= groups;
  Term filter =
      weight({out, c / groups, kernel[0], kernel[1]}, c / groups * kernel[0] * kernel[1]);
  Term y = b.term<Conv2dOp>(x.size, {x, filter}, x.value, filter.value, strides, padding,
                            dilations, groups);
  if (draw.chance(50)) {
    Term bias = weight({out, 1, 1}, 16);
    y = b.term<AddOp>(y.size + bias.size, {y, bias}, y.value, bias.value);
  }
  return y;
}

// To exactly this size, which is h * stride less what the kernel overlaps.
Term Bricks::convolveUp(Term x, int64_t channels, int64_t height, int64_t width) {
  int64_t from[2] = {x.dim(2), x.dim(3)}, to[2] = {height, width};
  Shape kernel, strides, padding(4);
  for (int i = 0; i < 2; ++i) {
    int64_t stride = std::max<int64_t>(1, to[i] / from[i]);
    // (to + pads - kernel) / stride + 1 = from
    int64_t reach = stride * (from[i] - 1), k = to[i] - reach, pad = 0;
    while (k < 1)
      ++pad, ++k;
    strides.push_back(stride), kernel.push_back(k);
    padding[i] = pad;
  }
  // Where few pixels become many, the filter is as large as the difference.
  int64_t most = std::max<int64_t>(1, kMaxElements / (kernel[0] * kernel[1]));
  if (x.dim(1) > most)
    x = pointwise(x, most);
  channels = std::min(channels, std::max<int64_t>(1, most / x.dim(1)));
  Term filter = weight({x.dim(1), channels, kernel[0], kernel[1]},
                       x.dim(1) * kernel[0] * kernel[1]);
  return b.term<Conv2dTransposeOp>(x.size, {x, filter}, x.value, filter.value,
                                   Shape{height, width}, strides, padding, Shape{1, 1});
}

void Bricks::poolSizes(Term x, Shape &window, Shape &strides, Shape &padding) {
  padding.assign(4, 0);
  for (int i = 0; i < 2; ++i) {
    int64_t extent = x.dim(2 + i), w = std::min(extent, draw.between(1, 3));
    int64_t stride = draw.between(1, 2);
    window.push_back(w), strides.push_back(stride);
    if (w > 1 && extent > 3 && draw.chance(30))
      padding[i] = padding[2 + i] = 1;
  }
}

Term Bricks::pool(Term x) {
  Shape window, strides, padding;
  poolSizes(x, window, strides, padding);
  if (draw.chance(50))
    return b.term<AvgPool2dOp>(x.size, {x}, x.value, window, strides, padding);
  auto op = b.make<MaxPool2dOp>(x.value, window, strides, padding);
  Term y{op.getY(), x.size, x.active};
  if (draw.chance(85))
    return y;
  // Where the maximum was is worth something, too.
  auto type = RankedTensorType::get(y.shape(), b.builder.getF32Type());
  Term place{b.make<CastOp>(type, op.getIndices()),
             static_cast<double>(x.dim(2) * x.dim(3)), false};
  place = scaled(place, 1 / place.size);
  return b.term<AddOp>(y.size + 1, {y}, y.value, place.value);
}

Term Bricks::upsample(Term x) {
  int64_t c = x.dim(1), h = x.dim(2), w = x.dim(3);
  if (batch * c * (2 * h + 1) * (2 * w + 1) > kMaxElements)
    return pool(x);
  switch (draw.below(3)) {
  case 0:
    return convolveUp(x, std::min<int64_t>(c, 12), 2 * h, 2 * w);
  case 1: { // nearest neighbour
    Term y = reshapeTo(x, {batch, c, h, 1, w, 1});
    y = b.term<BroadcastOp>(y.size, {y}, y.value, Shape{batch, c, h, 2, w, 2});
    return reshapeTo(y, {batch, c, 2 * h, 2 * w});
  }
  default: { // zeros between the pixels, then a mean over them
    Term y = b.term<PadOp>(x.size, {x}, x.value, Shape{0, 0, 1, 1}, Shape{0, 0, 1, 1},
                           Shape{0, 0, 1, 1}, APFloat(0.0));
    y = b.term<AvgPool2dOp>(y.size, {y}, y.value, Shape{2, 2}, Shape{1, 1},
                            Shape{0, 0, 0, 0});
    return scaled(y, 2);
  }
  }
}
