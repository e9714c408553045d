// See SafeParse.h.
#include "train/IR/SafeParse.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "train/Support/Readable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <pthread.h>
#include <utility>

using namespace mlir;

namespace train {
namespace {

/// What MLIR's parser would not survive, and where; `what` is null where there is none.
struct Trouble {
  size_t place;
  const char *what;
};

/// Whether the angle bracket at `at` opens array<index: ...>: the parser asks the index
/// type for its width, which it has none of.
bool opensIndexArray(StringRef text, size_t at) {
  if (!text.take_front(at).rtrim().ends_with("array"))
    return false;
  StringRef inside = text.drop_front(at + 1).ltrim();
  return inside.consume_front("index") &&
         (inside.empty() || !(llvm::isAlnum(inside[0]) || inside[0] == '_'));
}

/// The first bracket nested deeper than the limit, or array of indices. Strings and
/// comments are skipped; -> and the comparisons of affine sets are not brackets. Text
/// that is malformed in other ways is the parser's to reject.
Trouble findTrouble(StringRef text) {
  SmallVector<char, 64> open;
  auto close = [&](char bracket) {
    // An angle bracket left open cannot outlive what encloses it.
    while (!open.empty() && open.back() == '<' && bracket != '<')
      open.pop_back();
    if (!open.empty() && open.back() == bracket)
      open.pop_back();
  };
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at], after = at + 1 < text.size() ? text[at + 1] : '\0';
    switch (c) {
    case '"':
      for (++at; at < text.size() && text[at] != '"' && text[at] != '\n'; ++at)
        at += text[at] == '\\';
      break;
    case '/':
      if (after == '/')
        at = std::min(text.find('\n', at), text.size());
      break;
    case '<':
      if (after == '=')
        break;
      if (opensIndexArray(text, at))
        return {at, "an array attribute cannot hold elements of type 'index'"};
      [[fallthrough]];
    case '(':
    case '[':
    case '{':
      open.push_back(c);
      if (open.size() > kMostNesting)
        return {at, "brackets are nested more than 256 deep"};
      break;
    case '>':
      if (after != '=' && (at == 0 || text[at - 1] != '-'))
        close('<');
      break;
    case ')':
      close('(');
      break;
    case ']':
      close('[');
      break;
    case '}':
      close('{');
      break;
    default:
      break;
    }
  }
  return {text.size(), nullptr};
}
static_assert(kMostNesting == 256, "the message names the limit");

} // namespace

LogicalResult checkParsable(StringRef text, StringRef name, MLIRContext *context) {
  if (text.starts_with("ML\xefR"))
    return emitError(FileLineColLoc::get(context, name, 1, 1))
           << "is MLIR bytecode, which is not read because damaged bytecode cannot be "
              "refused safely; "
              "give the textual form";
  auto [place, what] = findTrouble(text);
  if (!what)
    return success();
  StringRef before = text.take_front(place);
  size_t lineStart = before.rfind('\n');
  unsigned line = static_cast<unsigned>(before.count('\n')) + 1;
  unsigned column =
      static_cast<unsigned>(place - (lineStart == StringRef::npos ? 0 : lineStart + 1)) +
      1;
  return emitError(FileLineColLoc::get(context, name, line, column)) << what;
}

OwningOpRef<ModuleOp> parseModuleSafely(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                        MLIRContext *context) {
  if (failed(checkParsable(buffer->getBuffer(), buffer->getBufferIdentifier(), context)))
    return nullptr;
  OwningOpRef<ModuleOp> module;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), SMLoc());
  runOnBigStack(
      [&] { module = parseSourceFile<ModuleOp>(sources, ParserConfig(context)); });
  return module;
}

OwningOpRef<ModuleOp> parseModuleSafely(StringRef file, MLIRContext *context) {
  if (std::string endless = findEndless(file.str()); !endless.empty()) {
    emitError(FileLineColLoc::get(context, file, 0, 0)) << "cannot be read: " << endless;
    return nullptr;
  }
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(file, /*IsText=*/false,
                                                   /*RequiresNullTerminator=*/true);
  if (!buffer) {
    emitError(FileLineColLoc::get(context, file, 0, 0))
        << "cannot be read: " << buffer.getError().message();
    return nullptr;
  }
  return parseModuleSafely(std::move(*buffer), context);
}

void runOnBigStack(llvm::function_ref<void()> work) {
  auto run = [](void *context) -> void * {
    (*static_cast<llvm::function_ref<void()> *>(context))();
    return nullptr;
  };
  // A limit on address space (ulimit -v) may leave room for a smaller stack only, which
  // still serves all but the deepest input, and which must leave room for the rest.
  for (size_t bytes : {size_t(kBigStackBytes), size_t(64) << 20, size_t(16) << 20}) {
    pthread_attr_t attributes;
    pthread_t worker;
    if (pthread_attr_init(&attributes) != 0)
      break;
    bool started = pthread_attr_setstacksize(&attributes, bytes) == 0 &&
                   pthread_create(&worker, &attributes, run, &work) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
      pthread_join(worker, nullptr);
      return;
    }
  }
  work();
}

} // namespace train
