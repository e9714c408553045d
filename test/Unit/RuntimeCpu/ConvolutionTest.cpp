// CONV2D and its adjoints against loops in double and, bit for bit, against chains of
// fused multiply-adds in the documented order; the pools against plain loops. Elements of
// two bytes give the bits of the chain, rounded once.
#include "Support.h"

using namespace train;
using namespace train::test;

namespace {

struct Case {
  int64_t N, C, H, W, O, kh, kw;
  int64_t strideH = 1, strideW = 1, top = 0, left = 0, bottom = 0, right = 0;
  int64_t dilationH = 1, dilationW = 1, groups = 1;
  bool accumulate = false;
  TrainType type = TRAIN_TYPE_F32, result = TRAIN_TYPE_F32;
  int64_t OH() const {
    return (H + top + bottom - dilationH * (kh - 1) - 1) / strideH + 1;
  }
  int64_t OW() const {
    return (W + left + right - dilationW * (kw - 1) - 1) / strideW + 1;
  }
  std::vector<int64_t> params() const {
    return {N,         C,       H,    W,    O,          kh,    kw,
            strideH,   strideW, top,  left, bottom,     right, dilationH,
            dilationW, groups,  OH(), OW(), accumulate, type,  result};
  }
};

std::ostream &operator<<(std::ostream &out, const Case &c) {
  for (int64_t p : c.params())
    out << p << ' ';
  return out;
}

struct Element {
  float chain = 0;
  Sum exact;
  void start(float value) {
    chain = value;
    exact.add(value);
  }
  void add(float a, float b) {
    chain = std::fma(a, b, chain);
    exact.add(static_cast<double>(a) * b);
  }
};

/// Calls visit(n, o, c (in the group), g, r, s, oh, ow, ih, iw) inside the image.
template <typename Visit> void forEachTerm(const Case &k, const Visit &visit) {
  const int64_t perGroupIn = k.C / k.groups, perGroupOut = k.O / k.groups;
  for (int64_t n = 0; n < k.N; ++n)
    for (int64_t o = 0; o < k.O; ++o)
      for (int64_t c = 0; c < perGroupIn; ++c)
        for (int64_t r = 0; r < k.kh; ++r)
          for (int64_t s = 0; s < k.kw; ++s)
            for (int64_t oh = 0; oh < k.OH(); ++oh)
              for (int64_t ow = 0; ow < k.OW(); ++ow) {
                int64_t ih = oh * k.strideH - k.top + r * k.dilationH;
                int64_t iw = ow * k.strideW - k.left + s * k.dilationW;
                if (ih < 0 || ih >= k.H || iw < 0 || iw >= k.W)
                  continue;
                int64_t channel = o / perGroupOut * perGroupIn + c;
                visit(static_cast<size_t>(((n * k.C + channel) * k.H + ih) * k.W + iw),
                      static_cast<size_t>(((o * perGroupIn + c) * k.kh + r) * k.kw + s),
                      static_cast<size_t>(((n * k.O + o) * k.OH() + oh) * k.OW() + ow));
              }
}

void compare(Case c, TrainType result, TrainLibrary entry, const Floats &a,
             const Floats &b, const Floats &initial, const std::vector<Element> &expected,
             const char *name) {
  c.result = result;
  std::vector<char> left = encode(a, c.type), right = encode(b, c.type);
  for (int threads : {1, 2, 3}) {
    SCOPED_TRACE(testing::Message() << name << ", threads " << threads << ": " << c);
    std::vector<char> bytes = encode(initial, result);
    Workspace workspace(entry, c.params(), threads);
    run(entry, {left.data(), right.data(), bytes.data(), workspace.data()}, c.params(),
        threads);
    Floats out = decode(bytes, result);
    for (size_t i = 0; i < out.size(); ++i) {
      if (result == TRAIN_TYPE_F32)
        expectNear(out[i], expected[i].exact, 1e-5, std::to_string(i));
      ASSERT_EQ(out[i], nearest(expected[i].chain, result)) << i;
    }
  }
}

void checkType(const Case &c) {
  const Floats input = roundedFloats(c.N * c.C * c.H * c.W, 1, c.type);
  const Floats filter = roundedFloats(c.O * c.C / c.groups * c.kh * c.kw, 2, c.type);
  const Floats dout = roundedFloats(c.N * c.O * c.OH() * c.OW(), 3, c.type);
  auto start = [&](size_t size) {
    std::vector<Element> elements(size);
    if (c.accumulate)
      for (size_t i = 0; i < size; ++i)
        elements[i].start(0.25f);
    return elements;
  };
  auto initial = [&](size_t size) { return Floats(size, c.accumulate ? 0.25f : NAN); };
  // The loops visit (n, o, c, r, s, oh, ow) in ascending order, which is the order of the
  // terms of one output, of one input (o, r, s) and of one weight (n, oh, ow).
  auto out = start(dout.size()), din = start(input.size()),
       dfilter = start(filter.size());
  forEachTerm(c, [&](size_t in, size_t weight, size_t at) {
    out[at].add(filter[weight], input[in]);
    din[in].add(filter[weight], dout[at]);
    dfilter[weight].add(dout[at], input[in]);
  });
  compare(c, c.type, TRAIN_LIBRARY_CONV2D, input, filter, initial(out.size()), out,
          "forward");
  compare(c, c.type, TRAIN_LIBRARY_CONV2D_TRANSPOSE, dout, filter, initial(din.size()),
          din, "input");
  for (TrainType result : {TRAIN_TYPE_F32, c.type}) {
    compare(c, result, TRAIN_LIBRARY_CONV2D_FILTER_GRAD, input, dout,
            initial(dfilter.size()), dfilter, "filter");
    if (c.type == TRAIN_TYPE_F32)
      break;
  }
}

void check(Case c) {
  for (TrainType type : {TRAIN_TYPE_F32, TRAIN_TYPE_F16, TRAIN_TYPE_BF16}) {
    c.type = type;
    checkType(c);
  }
}

} // namespace

TEST(Convolution, Pointwise) {
  check({1, 1, 1, 1, 1, 1, 1});
  check({2, 7, 5, 3, 13, 1, 1});
  Case grouped{2, 8, 6, 6, 12, 1, 1};
  grouped.groups = 4;
  check(grouped);
}

TEST(Convolution, KernelsAndPadding) {
  for (bool accumulate : {false, true})
    for (int64_t kh : {1, 2, 3, 5})
      for (int64_t pad : {0, 1, 2}) {
        Case c{2, 3, 9, 20, 7, kh, 3, 1, 1, pad, pad, pad, pad};
        c.accumulate = accumulate;
        check(c);
      }
  check({1, 2, 4, 4, 3, 4, 4});                    // one position
  check({1, 2, 7, 40, 3, 3, 3, 1, 1, 0, 2, 1, 0}); // one-sided
  check({1, 1, 6, 6, 2, 3, 3, 1, 1, 5, 5, 5, 5});  // windows all in the padding
}

TEST(Convolution, Strides) {
  for (bool accumulate : {false, true})
    for (int64_t stride : {2, 3}) {
      Case c{2, 3, 11, 14, 5, 3, 3, stride, stride, 1, 1, 1, 1};
      c.accumulate = accumulate;
      check(c);
      c.kh = c.kw = 1; // phases that no tap reaches
      c.top = c.left = c.bottom = c.right = 0;
      check(c);
      c.kh = c.kw = 7;
      c.top = c.left = c.bottom = c.right = 3;
      check(c);
    }
  check({1, 3, 16, 16, 4, 8, 8, 8, 8}); // patches
  check({1, 2, 9, 9, 3, 2, 4, 2, 3, 1, 0, 0, 2});
}

TEST(Convolution, Dilation) {
  check({1, 3, 12, 13, 4, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2});
  check({2, 2, 15, 12, 3, 3, 2, 2, 3, 1, 2, 3, 0, 3, 2});
  check({1, 2, 14, 14, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2}); // stride divides the dilation
  check({1, 2, 14, 14, 3, 3, 3, 4, 4, 2, 2, 2, 2, 2, 2});
}

TEST(Convolution, Groups) {
  Case c{2, 6, 8, 9, 9, 3, 3, 1, 1, 1, 1, 1, 1};
  c.groups = 3;
  check(c);
  c.O = 6;
  c.groups = 6; // depthwise
  c.strideH = c.strideW = 2;
  check(c);
}

// One channel a group: planes of their own, eight channels at a time for the filter.
TEST(Convolution, Depthwise) {
  // N, C, H, W, O, kernel, strides, paddings, dilations, groups
  for (bool accumulate : {false, true}) {
    check({2, 3, 9, 20, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 3, accumulate});
    check({1, 8, 6, 35, 8, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 8, accumulate});
    check({2, 11, 7, 33, 11, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 11, accumulate});
    check({1, 9, 12, 18, 9, 3, 2, 3, 2, 0, 1, 2, 0, 1, 2, 9, accumulate});
    check({1, 2, 13, 14, 2, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 2, accumulate});
  }
  check({1, 2, 5, 40, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 2});    // one tap
  check({1, 2, 5, 40, 2, 1, 1, 2, 3, 0, 0, 0, 0, 1, 1, 2});    // phases without a tap
  check({1, 2, 40, 300, 2, 7, 7, 1, 1, 3, 3, 3, 3, 1, 1, 2});  // several strips
  check({1, 2, 20, 20, 2, 13, 13, 1, 1, 6, 6, 6, 6, 1, 1, 2}); // more taps than fit
}

TEST(Convolution, CrossesEveryBlock) {
  check({1, 40, 13, 90, 20, 3, 3, 1, 1, 1, 1, 1, 1});
  check({2, 130, 30, 31, 10, 3, 3, 2, 2, 1, 1, 1, 1});
}

namespace {

Case poolCase(int64_t kernel, int64_t stride, int64_t pad) {
  Case c{2, 3, 11, 13, 3, kernel, kernel, stride, stride, pad, pad, pad, pad};
  c.groups = 3;
  return c;
}

template <typename Visit> void forEachWindow(const Case &c, const Visit &visit) {
  for (int64_t plane = 0; plane < c.N * c.C; ++plane)
    for (int64_t oh = 0; oh < c.OH(); ++oh)
      for (int64_t ow = 0; ow < c.OW(); ++ow) {
        std::vector<int32_t> inside;
        for (int64_t r = 0; r < c.kh; ++r)
          for (int64_t s = 0; s < c.kw; ++s) {
            int64_t ih = oh * c.strideH - c.top + r * c.dilationH;
            int64_t iw = ow * c.strideW - c.left + s * c.dilationW;
            if (ih >= 0 && ih < c.H && iw >= 0 && iw < c.W)
              inside.push_back(static_cast<int32_t>(ih * c.W + iw));
          }
        visit(static_cast<size_t>(plane * c.H * c.W),
              static_cast<size_t>((plane * c.OH() + oh) * c.OW() + ow), inside);
      }
}

} // namespace

TEST(Convolution, UnknownElementsAreAnError) {
  float x = 1;
  void *buffers[] = {&x, &x, &x, nullptr};
  for (auto [type, result] : {std::pair{TRAIN_TYPE_F64, TRAIN_TYPE_F64},
                              {TRAIN_TYPE_F32, TRAIN_TYPE_BF16},
                              {TRAIN_TYPE_F16, TRAIN_TYPE_BF16}}) {
    Case c{1, 1, 1, 1, 1, 1, 1};
    c.type = type;
    c.result = result;
    for (TrainLibrary entry : {TRAIN_LIBRARY_CONV2D, TRAIN_LIBRARY_CONV2D_TRANSPOSE,
                               TRAIN_LIBRARY_CONV2D_FILTER_GRAD, TRAIN_LIBRARY_MAX_POOL,
                               TRAIN_LIBRARY_MAX_POOL_GRAD, TRAIN_LIBRARY_AVG_POOL,
                               TRAIN_LIBRARY_AVG_POOL_GRAD})
      EXPECT_FALSE(rt::runLibrary(entry, buffers, c.params().data(), team(1)).ok());
  }
}

TEST(Pooling, MaximaAndTheirGradient) {
  for (TrainType type : {TRAIN_TYPE_F32, TRAIN_TYPE_F16, TRAIN_TYPE_BF16})
    for (auto [kernel, stride, pad] : {std::tuple{2, 2, 0},
                                       {3, 2, 1},
                                       {3, 1, 1},
                                       {1, 1, 0},
                                       {5, 3, 2},
                                       {-3, 2, 1},
                                       {-2, 1, 0},
                                       {-5, 3, 2}}) {
      Case c = poolCase(std::abs(kernel), stride, pad);
      c.type = c.result = type;
      if (kernel < 0)
        c.H = 23, c.W = 75; // more outputs than stand side by side
      Floats input = randomFloats(c.N * c.C * c.H * c.W, 1);
      for (float &value : input)
        value = std::round(value * 4); // ties: the first one counts
      input[20] = NAN;
      auto count = static_cast<size_t>(c.N * c.C * c.OH() * c.OW());
      Floats dout = roundedFloats(static_cast<int64_t>(count), 2, type), expected(count);
      std::vector<int32_t> where(count);
      Floats din(input.size(), 0.0f);
      forEachWindow(c, [&](size_t plane, size_t at, const std::vector<int32_t> &inside) {
        int32_t best = inside.front();
        for (int32_t offset : inside) {
          float value = input[plane + static_cast<size_t>(offset)];
          float top = input[plane + static_cast<size_t>(best)];
          if (!std::isnan(top) && (std::isnan(value) || value > top))
            best = offset;
        }
        where[at] = best;
        expected[at] = input[plane + static_cast<size_t>(best)];
        din[plane + static_cast<size_t>(best)] += dout[at];
      });
      std::vector<char> image = encode(input, type), shares = encode(dout, type);
      for (int threads : {1, 2}) {
        std::vector<char> out = encode(Floats(count), type),
                          gradient = encode(Floats(input.size(), NAN), type);
        std::vector<int32_t> indices(count);
        run(TRAIN_LIBRARY_MAX_POOL, {image.data(), out.data(), indices.data()},
            c.params(), threads);
        EXPECT_TRUE(sameBits(decode(out, type), expected));
        EXPECT_EQ(indices, where);
        Workspace workspace(TRAIN_LIBRARY_MAX_POOL_GRAD, c.params(), threads);
        run(TRAIN_LIBRARY_MAX_POOL_GRAD,
            {shares.data(), indices.data(), gradient.data(), workspace.data()},
            c.params(), threads);
        EXPECT_EQ(gradient, encode(rounded(din, type), type));
      }
    }
}

// Indices from elsewhere write nothing outside the plane, and the first one is named.
TEST(Pooling, ForeignIndicesAreRefused) {
  Case c = poolCase(2, 2, 0);
  auto count = static_cast<size_t>(c.N * c.C * c.OH() * c.OW());
  const auto pixels = static_cast<size_t>(c.N * c.C * c.H * c.W);
  constexpr size_t kGuard = 4096;
  for (int32_t bad : {int32_t(c.H * c.W), -2, 2000000000, INT32_MIN})
    for (int threads : {1, 2}) {
      Floats dout(count, 1.0f), memory(pixels + 2 * kGuard, 5.0f);
      std::vector<int32_t> indices(count, -1);
      indices[count - 1] = bad;
      indices[7] = bad;
      void *buffers[] = {dout.data(), indices.data(), memory.data() + kGuard};
      rt::Status status = rt::runLibrary(TRAIN_LIBRARY_MAX_POOL_GRAD, buffers,
                                         c.params().data(), team(threads));
      EXPECT_EQ(status.message(), "got index " + std::to_string(bad) +
                                      " at position 7 into a plane of 143 elements");
      for (size_t i = 0; i < kGuard; ++i) {
        ASSERT_EQ(memory[i], 5.0f);
        ASSERT_EQ(memory[kGuard + pixels + i], 5.0f);
      }
    }
}

TEST(Pooling, AveragesAndTheirGradient) {
  for (auto [kernel, stride, pad] :
       {std::tuple{2, 2, 0}, {3, 2, 1}, {3, 1, 1}, {11, 1, 0}, {3, 4, 1}})
    for (int variant = 0; variant < 6; ++variant) {
      const bool accumulate = variant % 2;
      const TrainType type =
          std::vector{TRAIN_TYPE_F32, TRAIN_TYPE_F16, TRAIN_TYPE_BF16}[variant / 2];
      Case c = poolCase(kernel, stride, pad);
      c.type = c.result = type;
      c.W = 93;
      c.accumulate = accumulate;
      Floats input = roundedFloats(c.N * c.C * c.H * c.W, 1, type);
      auto count = static_cast<size_t>(c.N * c.C * c.OH() * c.OW());
      Floats dout = roundedFloats(static_cast<int64_t>(count), 2, type), expected(count);
      Floats initial(input.size(), accumulate ? 1.5f : NAN);
      Floats din(input.size(), accumulate ? 1.5f : 0.0f);
      const auto area = static_cast<float>(kernel * kernel);
      forEachWindow(c, [&](size_t plane, size_t at, const std::vector<int32_t> &inside) {
        float sum = 0;
        for (int32_t offset : inside) {
          sum += input[plane + static_cast<size_t>(offset)];
          din[plane + static_cast<size_t>(offset)] += dout[at] / area;
        }
        expected[at] = sum / area;
      });
      std::vector<char> image = encode(input, type), shares = encode(dout, type);
      for (int threads : {1, 2}) {
        std::vector<char> out = encode(Floats(count), type),
                          gradient = encode(initial, type);
        run(TRAIN_LIBRARY_AVG_POOL, {image.data(), out.data()}, c.params(), threads);
        EXPECT_EQ(out, encode(rounded(expected, type), type));
        Workspace workspace(TRAIN_LIBRARY_AVG_POOL_GRAD, c.params(), threads);
        run(TRAIN_LIBRARY_AVG_POOL_GRAD,
            {shares.data(), gradient.data(), workspace.data()}, c.params(), threads);
        EXPECT_EQ(gradient, encode(rounded(din, type), type));
      }
    }
}
