// Binding of files to inputs, and the copy of samples. See DataSet.h.
#include "train/rt/DataSet.h"

#include "train/Support/NearestName.h"
#include "train/rt/Permutation.h"
#include "train/rt/Symbols.h"
#include "train/rt/Text.h"

#include <algorithm>
#include <string_view>

namespace train::rt {
namespace {

std::vector<std::string> dataInputNames(const TrainProgram &program) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < program.input_count; ++i)
    if (program.inputs[i].role == TRAIN_INPUT_DATA)
      names.push_back(program.inputs[i].tensor.name);
  return names;
}

// Splits INPUT:FILE. A colon may also belong to a path: only a name in front of it that
// is an input counts, or one where no such file exists, which is then a misspelling.
Status splitSpecification(const std::string &text, const std::vector<std::string> &names,
                          std::string &input, std::string &path) {
  size_t colon = text.find(':');
  path = text;
  input.clear();
  if (colon == std::string::npos)
    return Status::success();
  std::string name = text.substr(0, colon);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    if (pathExists(text) || name.find('/') != std::string::npos)
      return Status::success();
    return Status::error(ErrorKind::Usage,
                         format("the program has no input '%s'%s (inputs: %s)",
                                printable(name).c_str(), didYouMean(name, names).c_str(),
                                formatList(names).c_str()));
  }
  input = name;
  path = text.substr(colon + 1);
  return Status::success();
}

Status dataError(const ArrayFile &array, const std::string &what) {
  return Status::error(ErrorKind::Data,
                       format("'%s': %s", printable(array.path()).c_str(), what.c_str()));
}

Status checkTypes(const ArrayFile &array, const TrainTensor &tensor) {
  Scalar to = scalarOf(TrainType(tensor.type));
  if (canConvert(array.type, to))
    return Status::success();
  return dataError(array, format("%s values cannot become the %s of input '%s'",
                                 scalarName(array.type), scalarName(to), tensor.name));
}

} // namespace

Status DataSet::bindStream(const TrainProgram &program,
                           std::shared_ptr<const ArrayFile> array) {
  const TrainInput *tokens = findInput(program, "tokens");
  const TrainInput *labels = findInput(program, "labels");
  int64_t window = int64_t(tokens->tensor.bytes / typeBytes(tokens->tensor.type) /
                           uint64_t(program.samples));
  if (window < 1)
    return dataError(*array, "the input 'tokens' has no elements");
  for (const TrainInput *input : {tokens, labels}) {
    TRAIN_RT_RETURN_IF_ERROR(checkTypes(*array, input->tensor));
    // The labels are tokens: where only one of them has a vocabulary, it holds for both.
    const TrainInput *bound = input->vocabulary >= 0 ? input
                              : input == tokens      ? labels
                                                     : tokens;
    bindings.push_back({uint32_t(input - program.inputs), array, window, window,
                        input == labels ? 1 : 0, bound->vocabulary, bound->ignored});
  }
  // The last window needs one more token for its last label.
  sampleCount = array->elements ? int64_t(array->elements - 1) / window : 0;
  if (sampleCount == 0)
    return dataError(*array,
                     format("%llu tokens, one sample needs %lld",
                            (unsigned long long)array->elements, (long long)window + 1));
  text = array->format == ArrayFile::Format::Bytes;
  return Status::success();
}

Status DataSet::bindRows(const TrainProgram &program, uint32_t input,
                         std::shared_ptr<const ArrayFile> array) {
  const TrainTensor &tensor = program.inputs[input].tensor;
  TRAIN_RT_RETURN_IF_ERROR(checkTypes(*array, tensor));
  std::vector<int64_t> row(tensor.shape + 1, tensor.shape + tensor.rank);
  uint64_t rowElements = 0;
  elementCount(row.data(), row.size(), rowElements);
  int64_t count = 0;
  if (array->format == ArrayFile::Format::Npy) {
    std::vector<int64_t> fileRow(array->shape.begin() + !array->shape.empty(),
                                 array->shape.end());
    if (array->shape.empty() || fileRow != row)
      return dataError(*array,
                       format("shape %s, input '%s' needs [samples%s%s",
                              formatShape(array->shape).c_str(), tensor.name,
                              row.empty() ? "" : ",", formatShape(row).c_str() + 1));
    count = array->shape[0];
  } else if (rowElements) {
    if (array->elements % rowElements)
      return dataError(*array, format("%llu elements are no whole number of samples of "
                                      "%llu (input '%s')",
                                      (unsigned long long)array->elements,
                                      (unsigned long long)rowElements, tensor.name));
    count = int64_t(array->elements / rowElements);
  }
  if (count == 0)
    return dataError(*array, format("no samples for input '%s'", tensor.name));
  if (!bindings.empty() && count != sampleCount)
    return dataError(*array, format("%lld samples, '%s' has %lld", (long long)count,
                                    printable(bindings[0].array->path()).c_str(),
                                    (long long)sampleCount));
  sampleCount = count;
  text |= array->format == ArrayFile::Format::Bytes &&
          tensor.name == std::string_view("tokens");
  bindings.push_back({input, std::move(array), int64_t(rowElements), int64_t(rowElements),
                      0, program.inputs[input].vocabulary,
                      program.inputs[input].ignored});
  return Status::success();
}

Result<DataSet> DataSet::open(const TrainProgram &program,
                              const std::vector<std::string> &specifications) {
  std::vector<std::string> names = dataInputNames(program);
  DataSet data;
  if (names.empty() && !specifications.empty())
    return Status::error(ErrorKind::Usage,
                         format("the program takes no data, '%s' has no use",
                                printable(specifications.front()).c_str()));
  for (const std::string &specification : specifications) {
    std::string name, path;
    Status status = splitSpecification(specification, names, name, path);
    if (!status.ok())
      return status;
    Result<ArrayFile> opened = openArray(path);
    if (!opened)
      return opened.takeStatus();
    auto array = std::make_shared<const ArrayFile>(std::move(*opened));
    const TrainInput *tokens = findInput(program, "tokens");
    const TrainInput *labels = findInput(program, "labels");
    if (name.empty() && names.size() == 2 && tokens && labels) {
      bool sameShape =
          tokens->tensor.rank == labels->tensor.rank &&
          std::equal(tokens->tensor.shape, tokens->tensor.shape + tokens->tensor.rank,
                     labels->tensor.shape);
      if (!sameShape || array->shape.size() != 1)
        return dataError(*array, "not a stream of tokens and next tokens: name the input "
                                 "of each file with --data=INPUT:FILE");
      if (specifications.size() > 1)
        return Status::error(ErrorKind::Usage,
                             "one token file serves both inputs; name the input of each "
                             "file with --data=INPUT:FILE");
      status = data.bindStream(program, std::move(array));
    } else {
      if (name.empty() && names.size() != 1)
        return Status::error(ErrorKind::Usage,
                             format("the program has inputs %s: name one with "
                                    "--data=INPUT:%s",
                                    formatList(names).c_str(), printable(path).c_str()));
      const TrainInput *input = findInput(program, name.empty() ? names[0] : name);
      uint32_t index = uint32_t(input - program.inputs);
      for (const Binding &binding : data.bindings)
        if (binding.input == index)
          return Status::error(ErrorKind::Usage,
                               format("input '%s' is given twice", input->tensor.name));
      status = data.bindRows(program, index, std::move(array));
    }
    if (!status.ok())
      return status;
  }
  for (const std::string &name : names) {
    bool bound = std::any_of(data.bindings.begin(), data.bindings.end(), [&](auto &b) {
      return program.inputs[b.input].tensor.name == name;
    });
    if (!bound)
      return Status::error(ErrorKind::Usage,
                           format("no data for input '%s'", name.c_str()));
  }
  return data;
}

Status DataSet::loadRow(const Binding &binding, const TrainInput &input, int64_t row,
                        uint8_t *target) const {
  const ArrayFile &array = *binding.array;
  Scalar to = scalarOf(TrainType(input.tensor.type));
  int64_t first = row * binding.stride + binding.shift;
  size_t count = size_t(binding.rowElements);
  size_t done = count;
  // What needs no conversion goes where it belongs at once.
  bool direct = array.type == to && to != Scalar::Bool;
  std::vector<uint8_t> &source = scratch;
  source.resize(direct ? 0 : count * scalarBytes(array.type));
  TRAIN_RT_RETURN_IF_ERROR(
      array.read(direct ? target : source.data(), uint64_t(first), count));
  if (!direct)
    done = convertElements(array.type, source.data(), to, target, count);
  if (done != count)
    return dataError(array, format("value %s at position %lld does not fit the %s of "
                                   "input '%s'",
                                   elementAsText(array.type, source.data(), done).c_str(),
                                   (long long)(first + int64_t(done)), scalarName(to),
                                   input.tensor.name));
  if (binding.vocabulary < 0 || isFloat(to))
    return Status::success();
  for (size_t i = 0; i < count; ++i) {
    int64_t id = to == Scalar::I32 ? reinterpret_cast<const int32_t *>(target)[i]
                                   : int64_t(elementAsDouble(to, target, i));
    if ((id >= 0 && id < binding.vocabulary) ||
        (binding.ignored && id == binding.ignored))
      continue;
    std::string allowed = binding.ignored
                              ? format(", and not the ignored label %lld either",
                                       (long long)binding.ignored)
                              : "";
    return dataError(
        array,
        format("id %lld at position %lld is %s %d%s (input '%s')", (long long)id,
               (long long)(first + int64_t(i)),
               id < 0 ? "negative, the vocabulary has" : "not below the vocabulary of",
               binding.vocabulary, allowed.c_str(), input.tensor.name));
  }
  return Status::success();
}

Status DataSet::load(uint8_t *arena, const TrainProgram &program,
                     const int64_t *rows) const {
  for (const Binding &binding : bindings) {
    const TrainInput &input = program.inputs[binding.input];
    uint64_t rowBytes = uint64_t(binding.rowElements) * typeBytes(input.tensor.type);
    for (int64_t i = 0; i < program.samples; ++i)
      TRAIN_RT_RETURN_IF_ERROR(loadRow(
          binding, input, rows[i], arena + input.tensor.offset + uint64_t(i) * rowBytes));
  }
  return Status::success();
}

int64_t shuffledSample(int64_t samples, uint64_t seed, int64_t position) {
  uint64_t n = uint64_t(samples), at = uint64_t(position);
  return int64_t(Permutation(n, seed, at / n)(at % n));
}

const char *orderName(SampleOrder order) {
  return order == SampleOrder::File ? "file" : "shuffled";
}

std::optional<SampleOrder> orderFromName(std::string_view name) {
  for (SampleOrder order : {SampleOrder::Shuffled, SampleOrder::File})
    if (name == orderName(order))
      return order;
  return std::nullopt;
}

int64_t sampleAt(SampleOrder order, int64_t samples, uint64_t seed, int64_t position) {
  return order == SampleOrder::File ? position % samples
                                    : shuffledSample(samples, seed, position);
}

} // namespace train::rt
