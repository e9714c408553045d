// trainKernelBench [--threads=N] [--only=WORD] [--blas=LIBRARY.so] [--type=f32|f16|bf16]
// [--amx]: measures each library entry at the shapes of GPT-2, small models, ResNet-50
// and U-Net, and prints it in percent of the floor that bounds it. --blas loads a CBLAS
// and puts its time beside each product; --type is that of the elements, data movement
// apart; --amx runs products of bf16 on AMX tiles.
#include "Floor.h"
#include "train/Runtime/Abi.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using namespace train;
using namespace train::bench;

namespace {

using Floats = std::vector<float>;
using Sgemm = void (*)(int, int, int, int, int, int, float, const float *, int,
                       const float *, int, float, float *, int);

Floats randomFloats(int64_t count) {
  Floats values(static_cast<size_t>(count));
  uint32_t state = 12345;
  for (float &value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) * 0x1p-24f - 0.5f;
  }
  return values;
}

struct Bench {
  rt::Team &team;
  double peak, bandwidth;
  std::string only;
  Sgemm sgemm = nullptr;
  TrainType type = TRAIN_TYPE_F32; ///< data movement apart

  bool wants(const char *family) const {
    return only.empty() || std::string(family).find(only) != std::string::npos;
  }

  /// Random numbers as the entries' elements lie in memory.
  Floats random(int64_t count) const {
    Floats values = randomFloats(count);
    if (type == TRAIN_TYPE_F32)
      return values;
    auto *narrow = reinterpret_cast<char *>(values.data());
    for (int64_t i = 0; i < count; ++i) {
      const float value = values[static_cast<size_t>(i)];
      const auto half = static_cast<_Float16>(value);
      if (type == TRAIN_TYPE_F16)
        std::memcpy(narrow + 2 * i, &half, 2);
      else
        std::memcpy(narrow + 2 * i, reinterpret_cast<const char *>(&value) + 2, 2);
    }
    return values;
  }

  double time(TrainLibrary entry, const std::vector<void *> &buffers,
              const std::vector<int64_t> &params) {
    return best([&] {
      if (auto status = rt::runLibrary(entry, buffers.data(), params.data(), team);
          !status.ok()) {
        std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
        std::exit(1);
      }
    });
  }

  void flops(const std::string &name, double count, double took) {
    std::printf("%-44s %9.3f ms %7.1f GFLOP/s %5.1f %%\n", name.c_str(), took * 1e3,
                count / took * 1e-9, count / took * 1e-7 / peak);
    std::fflush(stdout);
  }
  void bytes(const std::string &name, double count, double took) {
    std::printf("%-44s %9.3f ms %7.1f GB/s    %5.1f %%\n", name.c_str(), took * 1e3,
                count / took * 1e-9, count / took * 1e-7 / bandwidth);
    std::fflush(stdout);
  }
};

void matmul(Bench &bench, int64_t batch, int64_t m, int64_t n, int64_t k, bool transposeA,
            bool transposeB) {
  Floats a = bench.random(batch * m * k), b = bench.random(batch * k * n);
  Floats c = bench.random(batch * m * n);
  const double count = 2.0 * static_cast<double>(batch * m * n) * static_cast<double>(k);
  // Gradients of weights stay in f32.
  const TrainType to = transposeA ? TRAIN_TYPE_F32 : bench.type;
  const double took = bench.time(
      TRAIN_LIBRARY_MATMUL, {a.data(), b.data(), c.data()},
      {batch, m, n, k, m * k, k * n, m * n, transposeA, transposeB, 0, bench.type, to});
  std::string name = "matmul " + std::to_string(m) + "x" + std::to_string(n) + "x" +
                     std::to_string(k) + " " + (transposeA ? "T" : "N") +
                     (transposeB ? "T" : "N");
  if (batch != 1)
    name += " batch " + std::to_string(batch);
  bench.flops(name, count, took);
  if (!bench.sgemm)
    return;
  const double theirs = best([&] {
    for (int64_t i = 0; i < batch; ++i)
      bench.sgemm(101, transposeA ? 112 : 111, transposeB ? 112 : 111,
                  static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1.0f,
                  a.data() + i * m * k, static_cast<int>(transposeA ? m : k),
                  b.data() + i * k * n, static_cast<int>(transposeB ? k : n), 0.0f,
                  c.data() + i * m * n, static_cast<int>(n));
  });
  bench.flops("  the library", count, theirs);
}

void matmuls(Bench &bench) {
  for (auto [in, out] : {std::pair<int64_t, int64_t>{768, 2304},
                         {768, 768},
                         {768, 3072},
                         {3072, 768},
                         {768, 50257}}) {
    matmul(bench, 1, 1024, out, in, false, false);
    matmul(bench, 1, in, out, 1024, true, false);
    matmul(bench, 1, 1024, in, out, false, true);
  }
  matmul(bench, 1, 1024, 50257, 768, false, true); // tied embedding
  matmul(bench, 1, 50257, 768, 1024, true, false);
  matmul(bench, 1, 2048, 1024, 256, false, false);
  matmul(bench, 1, 2048, 256, 1024, false, true);
  matmul(bench, 1, 256, 1024, 2048, true, false);
  matmul(bench, 1, 197 * 8, 768, 768, false, false); // ViT-B/16, 8 images
  matmul(bench, 48, 256, 256, 64, false, true);      // heads of attention, unfused
  matmul(bench, 48, 256, 64, 256, false, false);
  matmul(bench, 256, 32, 32, 32, false, false);
  matmul(bench, 1, 64, 64, 64, false, false);
  matmul(bench, 1, 1, 768, 768, false, false); // generation
  matmul(bench, 1, 1, 50257, 768, false, true);
  matmul(bench, 1, 8, 3072, 768, false, false);
  matmul(bench, 1, 1024, 1, 768, false, false);
}

void attention(Bench &bench, int64_t B, int64_t T, int64_t H, int64_t G, int64_t D,
               bool causal) {
  Floats q = bench.random(B * T * H * D), k = bench.random(B * T * G * D), v = k, out = q,
         dout = q, dq = q, dk = k, dv = k, lse(static_cast<size_t>(B * H * T));
  float scale = 0.125f;
  uint32_t bits;
  std::memcpy(&bits, &scale, sizeof(bits));
  std::vector<int64_t> params = {B, T, T, H, G, D, causal, bits, bench.type};
  Floats workspace(static_cast<size_t>(std::max(
                       trainLibraryWorkspaceBytes(TRAIN_LIBRARY_ATTENTION, params.data(),
                                                  bench.team.threads()),
                       trainLibraryWorkspaceBytes(TRAIN_LIBRARY_ATTENTION_GRAD,
                                                  params.data(), bench.team.threads()))) /
                   sizeof(float));
  // Two products forward, five backward; half of the pairs when causal.
  const double product = 2.0 * static_cast<double>(B * H * D) *
                         (causal ? static_cast<double>(T) * static_cast<double>(T + 1) / 2
                                 : static_cast<double>(T * T));
  std::string name = std::to_string(B) + "x" + std::to_string(T) + " heads " +
                     std::to_string(H) + "/" + std::to_string(G) + "x" +
                     std::to_string(D) + (causal ? " causal" : "");
  bench.flops(
      "attention " + name, 2 * product,
      bench.time(TRAIN_LIBRARY_ATTENTION,
                 {q.data(), k.data(), v.data(), out.data(), lse.data(), workspace.data()},
                 params));
  bench.flops("attention_grad " + name, 5 * product,
              bench.time(TRAIN_LIBRARY_ATTENTION_GRAD,
                         {q.data(), k.data(), v.data(), out.data(), lse.data(),
                          dout.data(), dq.data(), dk.data(), dv.data(), workspace.data()},
                         params));
}

void attentions(Bench &bench) {
  attention(bench, 4, 256, 12, 12, 64, true);
  attention(bench, 1, 1024, 12, 12, 64, true);
  attention(bench, 1, 1024, 12, 12, 64, false);
  attention(bench, 8, 197, 12, 12, 64, false);
  attention(bench, 1, 1024, 16, 4, 128, true);
  attention(bench, 4, 64, 4, 4, 64, true);
}

void convolution(Bench &bench, int64_t N, int64_t C, int64_t size, int64_t O,
                 int64_t kernel, int64_t stride, int64_t groups = 1) {
  const int64_t pad = kernel / 2, outSize = (size + 2 * pad - kernel) / stride + 1;
  std::vector<int64_t> params = {
      N,   C,   size, size, O,      kernel,  kernel,  stride, stride,     pad,       pad,
      pad, pad, 1,    1,    groups, outSize, outSize, 0,      bench.type, bench.type};
  Floats input = bench.random(N * C * size * size),
         filter = bench.random(O * C / groups * kernel * kernel);
  Floats out = bench.random(N * O * outSize * outSize);
  Floats workspace(
      static_cast<size_t>(trainLibraryWorkspaceBytes(
          TRAIN_LIBRARY_CONV2D_TRANSPOSE, params.data(), bench.team.threads())) /
      sizeof(float));
  const double count = 2.0 * static_cast<double>(N * O * outSize * outSize) *
                       static_cast<double>(C / groups * kernel * kernel);
  std::string name = std::to_string(N) + "x" + std::to_string(C) + "x" +
                     std::to_string(size) + " -> " + std::to_string(O) + " k" +
                     std::to_string(kernel) + " s" + std::to_string(stride) +
                     (groups > 1 ? " groups " + std::to_string(groups) : "");
  bench.flops("conv2d " + name, count,
              bench.time(TRAIN_LIBRARY_CONV2D,
                         {input.data(), filter.data(), out.data(), workspace.data()},
                         params));
  bench.flops("conv2d_transpose " + name, count,
              bench.time(TRAIN_LIBRARY_CONV2D_TRANSPOSE,
                         {out.data(), filter.data(), input.data(), workspace.data()},
                         params));
  bench.flops("conv2d_filter_grad " + name, count,
              bench.time(TRAIN_LIBRARY_CONV2D_FILTER_GRAD,
                         {input.data(), out.data(), filter.data(), workspace.data()},
                         params));
}

void convolutions(Bench &bench) {
  convolution(bench, 4, 3, 224, 64, 7, 2); // ResNet-50
  convolution(bench, 4, 64, 56, 64, 3, 1);
  convolution(bench, 4, 64, 56, 256, 1, 1);
  convolution(bench, 4, 128, 28, 128, 3, 1);
  convolution(bench, 4, 256, 28, 256, 3, 2);
  convolution(bench, 4, 512, 7, 512, 3, 1);
  convolution(bench, 4, 512, 7, 2048, 1, 1);
  convolution(bench, 1, 64, 128, 64, 3, 1); // U-Net
  convolution(bench, 1, 256, 32, 256, 3, 1);
  convolution(bench, 4, 3, 224, 768, 16, 16); // patches
  convolution(bench, 4, 128, 28, 128, 3, 1, 128);
}

void copy(Bench &bench, const std::string &name, const std::vector<int64_t> &shape,
          const std::vector<int64_t> &src, const std::vector<int64_t> &dst) {
  int64_t count = 1, srcCount = 1, dstCount = 1;
  std::vector<int64_t> params = {4, static_cast<int64_t>(shape.size()), 0, 0};
  for (size_t i = 0; i < shape.size(); ++i) {
    count *= shape[i];
    srcCount += (shape[i] - 1) * src[i];
    dstCount += (shape[i] - 1) * dst[i];
  }
  for (const auto *part : {&shape, &src, &dst})
    params.insert(params.end(), part->begin(), part->end());
  Floats from = randomFloats(srcCount), to = randomFloats(dstCount);
  bench.bytes("copy " + name, 4.0 * static_cast<double>(srcCount + count),
              bench.time(TRAIN_LIBRARY_COPY, {from.data(), to.data()}, params));
}

void movements(Bench &bench) {
  copy(bench, "contiguous 16M", {16 << 20}, {1}, {1});
  copy(bench, "transpose 4096x4096", {4096, 4096}, {1, 4096}, {4096, 1});
  copy(bench, "transpose 768x50257", {768, 50257}, {1, 768}, {50257, 1});
  copy(bench, "heads 4x1024x12x64 -> 4x12x1024x64", {4, 12, 1024, 64},
       {786432, 64, 768, 1}, {786432, 65536, 64, 1});
  copy(bench, "slice of qkv 4096x768 of 2304", {4096, 768}, {2304, 1}, {768, 1});
  copy(bench, "broadcast row 4096x3072", {4096, 3072}, {0, 1}, {3072, 1});
  copy(bench, "NCHW -> NHWC 8x64x56x56", {8, 3136, 64}, {200704, 1, 3136},
       {200704, 64, 1});
  Floats table = randomFloats(50257 * 768), rows = randomFloats(1024 * 768);
  bench.bytes("fill 50257x768", 4.0 * 50257 * 768,
              bench.time(TRAIN_LIBRARY_FILL, {table.data()}, {4, 50257 * 768, 0}));
  std::vector<int32_t> ids(1024);
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<int32_t>(i * i * 7 % 50257);
  bench.bytes("embedding 1024 of 50257x768", 8.0 * 1024 * 768,
              bench.time(TRAIN_LIBRARY_EMBEDDING, {table.data(), ids.data(), rows.data()},
                         {50257, 768, 1024, TRAIN_TYPE_I32, 4}));
  bench.bytes(
      "embedding_grad accumulate", 12.0 * 1024 * 768,
      bench.time(TRAIN_LIBRARY_EMBEDDING_GRAD,
                 {ids.data(), rows.data(), table.data(), nullptr},
                 {50257, 768, 1024, TRAIN_TYPE_I32, 1, TRAIN_TYPE_F32, TRAIN_TYPE_F32}));
}

void pools(Bench &bench) {
  std::vector<int64_t> params = {4, 64, 112, 112, 64, 3,  3,  2, 2,          1,         1,
                                 1, 1,  1,   1,   64, 56, 56, 0, bench.type, bench.type};
  Floats input = bench.random(4 * 64 * 112 * 112), out(4 * 64 * 56 * 56);
  Floats workspace(
      static_cast<size_t>(trainLibraryWorkspaceBytes(
          TRAIN_LIBRARY_MAX_POOL_GRAD, params.data(), bench.team.threads())) /
      sizeof(float));
  const double size = bench.type == TRAIN_TYPE_F32 ? 4.0 : 2.0;
  std::vector<int32_t> indices(out.size());
  const double moved = size * static_cast<double>(input.size() + out.size());
  const double indexBytes = 4.0 * static_cast<double>(out.size());
  bench.bytes("max_pool 4x64x112 k3 s2", moved + indexBytes,
              bench.time(TRAIN_LIBRARY_MAX_POOL,
                         {input.data(), out.data(), indices.data()}, params));
  bench.bytes("max_pool_grad", moved + indexBytes,
              bench.time(TRAIN_LIBRARY_MAX_POOL_GRAD,
                         {out.data(), indices.data(), input.data(), workspace.data()},
                         params));
  bench.bytes("avg_pool", moved,
              bench.time(TRAIN_LIBRARY_AVG_POOL, {input.data(), out.data()}, params));
  bench.bytes("avg_pool_grad", moved,
              bench.time(TRAIN_LIBRARY_AVG_POOL_GRAD,
                         {out.data(), input.data(), workspace.data()}, params));
}

void empty(Bench &bench) {
  const double took = best([&] {
    for (int i = 0; i < 1000; ++i)
      bench.team.run([](void *, int, int) {}, nullptr);
  });
  std::printf("%-44s %9.3f us\n", "an empty run of the team", took * 1e3);
}

long residentKiB() {
  FILE *file = std::fopen("/proc/self/statm", "r");
  long size = 0, resident = 0;
  if (!file || std::fscanf(file, "%ld %ld", &size, &resident) != 2)
    resident = 0;
  if (file)
    std::fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

} // namespace

int main(int argc, char **argv) {
  int threads = 2;
  std::string only, blas, type = "f32", features;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    if (option.rfind("--threads=", 0) == 0)
      threads = std::atoi(option.c_str() + 10);
    else if (option.rfind("--only=", 0) == 0)
      only = option.substr(7);
    else if (option.rfind("--blas=", 0) == 0)
      blas = option.substr(7);
    else if (option == "--type=f32" || option == "--type=f16" || option == "--type=bf16")
      type = option.substr(7);
    else if (option == "--amx")
      features = "amx_bf16";
    else {
      std::fprintf(stderr,
                   "usage: %s [--threads=N] [--only=WORD] [--blas=LIBRARY.so] "
                   "[--type=f32|f16|bf16] [--amx]\n",
                   argv[0]);
      return 2;
    }
  }
  singleThreaded() = threads == 1;
  if (auto status = rt::prepareBackend(features.c_str()); !status.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  auto team = rt::Team::create(threads);
  if (!team.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(team.message()).c_str());
    return 1;
  }
  std::printf("resident before any work: %ld KiB\n", residentKiB());
  Bench bench{**team, multiplyAddPeak(**team), copyBandwidth(**team), only};
  std::printf(
      "threads %d: multiply-adds %.1f GFLOP/s, copy %.1f GB/s, triad %.1f GB/s, update "
      "%.1f GB/s\n",
      threads, bench.peak, bench.bandwidth, triadBandwidth(**team),
      updateBandwidth(**team));
  bench.type = type == "f16"    ? TRAIN_TYPE_F16
               : type == "bf16" ? TRAIN_TYPE_BF16
                                : TRAIN_TYPE_F32;
  if (!blas.empty()) {
    void *library = dlopen(blas.c_str(), RTLD_NOW);
    bench.sgemm =
        library ? reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm")) : nullptr;
    if (!bench.sgemm) {
      std::fprintf(stderr, "error: %s has no cblas_sgemm: %s\n", blas.c_str(), dlerror());
      return 1;
    }
    std::printf("resident with the library: %ld KiB\n", residentKiB());
  }
  empty(bench);
  if (bench.wants("matmul"))
    matmuls(bench);
  if (bench.wants("attention"))
    attentions(bench);
  if (bench.wants("conv2d"))
    convolutions(bench);
  if (bench.wants("copy"))
    movements(bench);
  if (bench.wants("pool"))
    pools(bench);
  return 0;
}
