// Generation. See Generate.h.
#include "train/rt/Generate.h"

#include "train/rt/Random.h"
#include "train/rt/Symbols.h"
#include "train/rt/Text.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace train::rt {
namespace {

constexpr int64_t byteVocabulary = 256;

// What the program reads and writes, checked.
struct Shapes {
  const TrainInput *tokens;
  const TrainTensor *logits;
  int64_t window;     ///< T
  int64_t rowLogits;  ///< V as the output has it, padding included
  int64_t vocabulary; ///< ids that can be read back
};

Status findShapes(const TrainProgram &program, Shapes &shapes) {
  auto wrong = [](const std::string &what) {
    return Status::error(ErrorKind::Usage, "the program cannot generate: " + what);
  };
  shapes.tokens = findInput(program, "tokens");
  shapes.logits = findOutput(program, "logits");
  if (!shapes.tokens || !shapes.logits)
    return wrong("it has no input 'tokens' or no output 'logits'");
  const TrainTensor &in = shapes.tokens->tensor, &out = *shapes.logits;
  if (in.rank != 2 || (in.type != TRAIN_TYPE_I32 && in.type != TRAIN_TYPE_I64))
    return wrong("'tokens' is no matrix of i32 or i64");
  if (out.rank != 3 || out.type != TRAIN_TYPE_F32 || out.shape[0] != in.shape[0] ||
      out.shape[1] != in.shape[1] || out.bytes == 0)
    return wrong(format("'logits' of shape %s is not f32 [b,T,V] for tokens of %s",
                        formatShape(out.shape, out.rank).c_str(),
                        formatShape(in.shape, in.rank).c_str()));
  for (uint32_t i = 0; i < program.input_count; ++i) {
    const TrainInput &input = program.inputs[i];
    // Labels only lead to the loss, so that any will do.
    if (input.role == TRAIN_INPUT_DATA && &input != shapes.tokens &&
        input.tensor.name != std::string_view("labels"))
      return wrong(format("it also needs '%s'", input.tensor.name));
  }
  shapes.window = in.shape[1];
  shapes.rowLogits = shapes.vocabulary = out.shape[2];
  if (shapes.tokens->vocabulary >= 0)
    shapes.vocabulary = std::min<int64_t>(shapes.vocabulary, shapes.tokens->vocabulary);
  return Status::success();
}

Status parseIds(const std::string &text, int64_t vocabulary, std::vector<int64_t> &ids) {
  for (const char *at = text.c_str();;) {
    at += std::strspn(at, ", \t\r\n");
    if (!*at)
      return Status::success();
    char *end;
    errno = 0;
    long long id = std::strtoll(at, &end, 10);
    if (end == at || errno || id < 0 || id >= vocabulary ||
        (*end && !std::strchr(", \t\r\n", *end)))
      return Status::error(ErrorKind::Usage,
                           format("the prompt needs token ids below %lld, separated by "
                                  "spaces or commas, at '%s'",
                                  (long long)vocabulary,
                                  printable(std::string_view(at).substr(0, 20)).c_str()));
    ids.push_back(id);
    at = end;
  }
}

bool isText(const GenerateOptions &options, const Shapes &shapes) {
  return options.bytes || shapes.vocabulary == byteVocabulary;
}

// The prompt as tokens, at least one.
Status prepare(const TrainProgram &program, const GenerateOptions &options,
               Shapes &shapes, std::vector<int64_t> &ids) {
  TRAIN_RT_RETURN_IF_ERROR(findShapes(program, shapes));
  if (!isText(options, shapes)) {
    TRAIN_RT_RETURN_IF_ERROR(parseIds(options.prompt, shapes.vocabulary, ids));
    if (ids.empty())
      ids.push_back(0);
    return Status::success();
  }
  for (unsigned char byte : options.prompt) {
    if (byte >= shapes.vocabulary)
      return Status::error(ErrorKind::Usage,
                           format("byte %u of the prompt is not below the vocabulary of "
                                  "%lld",
                                  byte, (long long)shapes.vocabulary));
    ids.push_back(byte);
  }
  // A text starts as a line does.
  if (ids.empty())
    ids.push_back(std::min<int64_t>('\n', shapes.vocabulary - 1));
  return Status::success();
}

void writeWindow(const TrainProgram &program, const Shapes &shapes,
                 const std::vector<int64_t> &ids, uint8_t *arena) {
  if (const TrainInput *labels = findInput(program, "labels"))
    std::memset(arena + labels->tensor.offset, 0, labels->tensor.bytes);
  const TrainTensor &tensor = shapes.tokens->tensor;
  uint8_t *target = arena + tensor.offset;
  // Rows of the batch that are not used, and what lies behind the text, are token 0: a
  // causal model does not look at either.
  std::memset(target, 0, tensor.bytes);
  size_t count = std::min(ids.size(), size_t(shapes.window));
  convertElements(Scalar::I64, ids.data() + ids.size() - count,
                  scalarOf(TrainType(tensor.type)), target, count);
}

// Logits that say nothing: one of them is NaN, or the largest is infinite. Those of
// tokens that shall not come may be -inf.
Status checkLogits(const float *logits, int64_t count, int64_t token) {
  float largest = -INFINITY;
  for (int64_t id = 0; id < count; ++id) {
    if (std::isnan(logits[id]))
      return Status::error(ErrorKind::Diverged,
                           format("the logit of id %lld for token %lld is nan "
                                  "(--allow-nan goes on)",
                                  (long long)id, (long long)token + 1));
    largest = std::max(largest, logits[id]);
  }
  if (std::isfinite(largest))
    return Status::success();
  return Status::error(ErrorKind::Diverged,
                       format("the largest logit for token %lld is %g (--allow-nan goes "
                              "on)",
                              (long long)token + 1, double(largest)));
}

} // namespace

int64_t sampleToken(const float *logits, int64_t count, double temperature, int64_t topK,
                    double random) {
  auto value = [&](int64_t id) {
    return std::isnan(logits[id]) ? -INFINITY : double(logits[id]);
  };
  auto better = [&](int64_t a, int64_t b) {
    return value(a) != value(b) ? value(a) > value(b) : a < b;
  };
  std::vector<int64_t> ids(static_cast<size_t>(count));
  for (int64_t id = 0; id < count; ++id)
    ids[size_t(id)] = id;
  int64_t best = *std::min_element(ids.begin(), ids.end(), better);
  if (temperature == 0 || !std::isfinite(value(best)))
    return best;
  if (topK > 0 && topK < count) {
    std::partial_sort(ids.begin(), ids.begin() + topK, ids.end(), better);
    ids.resize(size_t(topK));
  }
  std::vector<double> upTo;
  double sum = 0;
  for (int64_t id : ids)
    upTo.push_back(sum += std::exp((value(id) - value(best)) / temperature));
  size_t chosen =
      size_t(std::upper_bound(upTo.begin(), upTo.end(), random * sum) - upTo.begin());
  return ids[std::min(chosen, ids.size() - 1)];
}

Status checkGeneration(const TrainProgram &program, const GenerateOptions &options) {
  Shapes shapes;
  std::vector<int64_t> ids;
  return prepare(program, options, shapes, ids);
}

Status generate(Session &session, const TrainProgram &program,
                const GenerateOptions &options,
                const std::function<Status(const std::string &)> &emit,
                const Stop &stop) {
  Shapes shapes;
  std::vector<int64_t> ids;
  TRAIN_RT_RETURN_IF_ERROR(prepare(program, options, shapes, ids));
  bool text = isText(options, shapes);
  auto show = [&](int64_t id, bool first) {
    if (text)
      return emit(std::string(1, id < byteVocabulary ? char(id) : '?'));
    return emit(format(first ? "%lld" : " %lld", (long long)id));
  };
  if (!text || !options.prompt.empty())
    for (size_t i = 0; i < ids.size(); ++i)
      TRAIN_RT_RETURN_IF_ERROR(show(ids[i], i == 0));

  RandomStream random(options.seed, "generate");
  for (int64_t i = 0; i < options.count; ++i) {
    Status status = session.predict(
        program, [&] { writeWindow(program, shapes, ids, session.arena()); }, stop);
    if (isStop(status))
      TRAIN_RT_RETURN_IF_ERROR(emit("\n"));
    if (!status.ok())
      return status;
    int64_t last = std::min<int64_t>(int64_t(ids.size()), shapes.window) - 1;
    const auto *logits =
        reinterpret_cast<const float *>(session.arena() + shapes.logits->offset) +
        last * shapes.rowLogits;
    if (!options.allowNan) {
      status = checkLogits(logits, shapes.vocabulary, i);
      if (!status.ok()) {
        TRAIN_RT_RETURN_IF_ERROR(emit("\n"));
        return status;
      }
    }
    ids.push_back(sampleToken(logits, shapes.vocabulary, options.temperature,
                              options.topK, random.uniform(uint64_t(i))));
    TRAIN_RT_RETURN_IF_ERROR(show(ids.back(), false));
  }
  return emit("\n");
}

} // namespace train::rt
