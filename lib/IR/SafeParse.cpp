// See SafeParse.h.
#include "train/IR/SafeParse.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/thread.h"

using namespace mlir;

namespace train {
namespace {

/// The first bracket nested deeper than the limit, or npos. Strings and comments are
/// skipped; -> and the comparisons of affine sets are not brackets. Text that is
/// malformed in other ways is the parser's to reject.
size_t findTooDeep(StringRef text) {
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
      [[fallthrough]];
    case '(':
    case '[':
    case '{':
      open.push_back(c);
      if (open.size() > kMostNesting)
        return at;
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
  return StringRef::npos;
}

} // namespace

LogicalResult checkParsable(StringRef text, StringRef name, MLIRContext *context) {
  if (text.starts_with("ML\xefR"))
    return emitError(FileLineColLoc::get(context, name, 1, 1))
           << "is MLIR bytecode, which is not read because damaged bytecode cannot be "
              "refused safely; "
              "give the textual form";
  size_t place = findTooDeep(text);
  if (place == StringRef::npos)
    return success();
  StringRef before = text.take_front(place);
  size_t lineStart = before.rfind('\n');
  unsigned line = static_cast<unsigned>(before.count('\n')) + 1;
  unsigned column =
      static_cast<unsigned>(place - (lineStart == StringRef::npos ? 0 : lineStart + 1)) +
      1;
  return emitError(FileLineColLoc::get(context, name, line, column))
         << "brackets are nested more than " << kMostNesting << " deep";
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
  llvm::thread worker(std::optional<unsigned>(kBigStackBytes), [&] { work(); });
  worker.join();
}

} // namespace train
