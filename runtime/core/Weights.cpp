// Parameters from and to files. See Weights.h.
#include "train/rt/Weights.h"

#include "train/rt/Symbols.h"
#include "train/rt/Text.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <unistd.h>

namespace train::rt {
namespace {

bool endsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.substr(text.size() - ending.size()) == ending;
}

// Buffers that Hugging Face and PyTorch models save beside their parameters.
bool isKnownBuffer(const std::string &name) {
  for (const char *ending : {".attn.bias", ".attn.masked_bias", "position_ids",
                             "num_batches_tracked", "rotary_emb.inv_freq"})
    if (endsWith(name, ending))
      return true;
  return false;
}

// The first BERT checkpoints call the gain and the bias of a LayerNorm gamma and beta.
void modernizeNames(std::map<std::string, FileTensor> &tensors) {
  for (auto [before, now] : {std::pair("LayerNorm.gamma", "LayerNorm.weight"),
                             std::pair("LayerNorm.beta", "LayerNorm.bias")}) {
    std::vector<std::string> old;
    for (const auto &[name, tensor] : tensors)
      if (endsWith(name, before))
        old.push_back(name);
    for (const std::string &name : old) {
      std::string modern =
          name.substr(0, name.size() - std::string_view(before).size()) + now;
      // Where both are there, the one under the symbol's name is the parameter.
      if (tensors.count(modern))
        continue;
      auto node = tensors.extract(name);
      node.key() = modern;
      tensors.insert(std::move(node));
    }
  }
}

std::string mapName(const std::string &symbol, const NamePrefix &prefix) {
  if (prefix.inFile)
    return prefix.text + symbol;
  if (symbol.compare(0, prefix.text.size(), prefix.text) == 0)
    return symbol.substr(prefix.text.size());
  return symbol;
}

Status loadTensor(const Safetensors &file, const TrainSymbol &symbol,
                  const std::string &name, const FileTensor &tensor, uint8_t *arena) {
  const TrainTensor &target = symbol.tensor;
  std::vector<int64_t> shape(target.shape, target.shape + target.rank);
  if (shape != tensor.shape)
    return Status::error(ErrorKind::Data,
                         format("tensor '%s' has shape %s, '%s' needs %s",
                                printable(name).c_str(),
                                formatShape(tensor.shape).c_str(), target.name,
                                formatShape(shape).c_str()));
  return readTensor(file, name, tensor, scalarOf(TrainType(target.type)),
                    arena + target.offset);
}

Status loadAll(Safetensors &file, const TrainExecutable &executable, uint8_t *arena,
               std::vector<std::string> &notes) {
  std::vector<const TrainSymbol *> symbols = symbolsByName(executable);
  symbols.erase(
      std::remove_if(symbols.begin(), symbols.end(),
                     [](const auto *symbol) { return !isModelSymbol(*symbol); }),
      symbols.end());
  std::vector<std::string> names;
  for (const TrainSymbol *symbol : symbols)
    names.push_back(symbol->tensor.name);
  modernizeNames(file.tensors);
  NamePrefix prefix = commonPrefix(names, file.tensors);

  std::vector<std::string> missing, unset, ignored;
  std::set<std::string> used;
  for (size_t i = 0; i < symbols.size(); ++i) {
    auto found = file.tensors.find(names[i]);
    if (found == file.tensors.end())
      found = file.tensors.find(mapName(names[i], prefix));
    if (found == file.tensors.end()) {
      bool optional = symbols[i]->role == TRAIN_ROLE_STATISTIC;
      (optional ? unset : missing).push_back(names[i]);
      continue;
    }
    used.insert(found->first);
    TRAIN_RT_RETURN_IF_ERROR(
        loadTensor(file, *symbols[i], found->first, found->second, arena));
  }
  if (!missing.empty())
    return Status::error(ErrorKind::Data,
                         format("%zu of %zu parameters are missing: %s", missing.size(),
                                names.size(), formatList(missing).c_str()));
  for (const auto &[name, tensor] : file.tensors)
    if (!used.count(name) && !isKnownBuffer(name))
      ignored.push_back(name);
  if (!unset.empty())
    notes.push_back("statistics keep their initial values: " + formatList(unset));
  if (!ignored.empty())
    notes.push_back(format("%zu tensors are ignored: %s", ignored.size(),
                           formatList(ignored).c_str()));
  return Status::success();
}

} // namespace

NamePrefix commonPrefix(const std::vector<std::string> &symbols,
                        const std::map<std::string, FileTensor> &tensors) {
  // Candidates: what stands before a symbol's name at the end of a tensor's, and the
  // other way round. One symbol that fits is enough to propose a prefix; a few dozen
  // symbols are asked so that an odd one out does not decide.
  std::set<std::pair<bool, std::string>> candidates;
  size_t asked = 0;
  for (const std::string &symbol : symbols) {
    if (tensors.count(symbol))
      continue;
    if (++asked > 32)
      break;
    for (size_t dot = symbol.find('.'); dot != std::string::npos;
         dot = symbol.find('.', dot + 1))
      if (tensors.count(symbol.substr(dot + 1)))
        candidates.insert({false, symbol.substr(0, dot + 1)});
    for (const auto &[name, tensor] : tensors)
      if (name.size() > symbol.size() && endsWith(name, "." + symbol))
        candidates.insert({true, name.substr(0, name.size() - symbol.size())});
  }
  NamePrefix best;
  size_t bestMatches = 0;
  for (const auto &[inFile, text] : candidates) {
    NamePrefix prefix = {inFile, text};
    size_t matches = 0;
    for (const std::string &symbol : symbols)
      matches += tensors.count(symbol) || tensors.count(mapName(symbol, prefix));
    if (matches > bestMatches ||
        (matches == bestMatches && text.size() < best.text.size())) {
      best = prefix;
      bestMatches = matches;
    }
  }
  return best;
}

Status loadWeights(const std::string &path, const TrainExecutable &executable,
                   uint8_t *arena, std::vector<std::string> &notes) {
  Result<Safetensors> file = readSafetensors(path);
  if (!file)
    return file.takeStatus();
  return loadAll(*file, executable, arena, notes).context("'" + printable(path) + "'");
}

std::vector<TensorView> symbolViews(const TrainExecutable &executable,
                                    const uint8_t *arena,
                                    bool (*wanted)(const TrainSymbol &symbol)) {
  std::vector<TensorView> views;
  for (const TrainSymbol *symbol : symbolsByName(executable)) {
    const TrainTensor &tensor = symbol->tensor;
    if (wanted(*symbol))
      views.push_back({tensor.name, scalarOf(TrainType(tensor.type)),
                       std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank),
                       arena + tensor.offset, tensor.bytes});
  }
  return views;
}

Status exportWeights(const std::string &path, const TrainExecutable &executable,
                     const uint8_t *arena) {
  // Beside the target, so that the rename stays within one file system.
  std::string temporary = temporaryName(path);
  Result<File> file = File::create(temporary);
  if (!file)
    return file.takeStatus();
  Status status = writeSafetensors(
      symbolViews(executable, arena, isModelSymbol), {{"format", "pt"}},
      [&](const void *data, size_t bytes) { return file->write(data, bytes); });
  if (status.ok())
    status = file->sync();
  if (status.ok())
    status = file->close();
  if (status.ok())
    status = renamePath(temporary, path);
  if (!status.ok()) {
    (void)removeTree(temporary); // the first error is the one to tell
    return status;
  }
  size_t slash = path.rfind('/');
  return syncDirectory(slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : path.substr(0, slash));
}

} // namespace train::rt
