// See SafeInput.h.
#include "SafeInput.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "train/IR/SafeParse.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace train;

namespace {

// No editor sends more; a length beyond this is not a length.
constexpr size_t kMostMessageBytes = size_t(1) << 30;

/// `refused.text "why"` parses as the error `why`.
class RefusedDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RefusedDialect)
  RefusedDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<RefusedDialect>()) {}
  static StringRef getDialectNamespace() { return "refused"; }

  std::optional<ParseOpHook> getParseOperationHook(StringRef) const override {
    return [](OpAsmParser &parser, OperationState &) -> ParseResult {
      std::string why;
      if (parser.parseString(&why))
        return failure();
      // Not the parser's own error, which would name the op that nobody wrote.
      return mlir::emitError(parser.getEncodedSourceLoc(parser.getNameLoc()), why);
    };
  }
};

// A position of the protocol counts UTF-16 units in a line; false where the text has no
// such place.
bool findOffset(StringRef text, int64_t line, int64_t character, size_t &offset) {
  size_t at = 0;
  for (; line > 0; --line) {
    size_t end = text.find('\n', at);
    if (end == StringRef::npos)
      return false;
    at = end + 1;
  }
  for (int64_t units = 0; units < character && at < text.size() && text[at] != '\n';) {
    auto lead = static_cast<unsigned char>(text[at]);
    size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    units += bytes == 4 ? 2 : 1;
    at = std::min(at + bytes, text.size());
  }
  offset = at;
  return line == 0;
}

void applyChange(const llvm::json::Object &change, std::string &text) {
  StringRef with = change.getString("text").value_or("");
  const llvm::json::Object *range = change.getObject("range");
  if (!range) {
    text = with.str();
    return;
  }
  size_t offsets[2] = {0, text.size()};
  const char *ends[2] = {"start", "end"};
  for (int i = 0; i < 2; ++i) {
    const llvm::json::Object *end = range->getObject(ends[i]);
    if (!end || !findOffset(text, end->getInteger("line").value_or(0),
                            end->getInteger("character").value_or(0), offsets[i]))
      return;
  }
  if (offsets[0] <= offsets[1])
    text.replace(offsets[0], offsets[1] - offsets[0], with.str());
}

} // namespace

void train::registerRefusals(DialectRegistry &registry) {
  registry.insert<RefusedDialect>();
}

std::string SafeInput::makeSafe(const std::string &text) {
  std::string instead;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    auto place = cast<FileLineColLoc>(diagnostic.getLocation());
    std::string why;
    llvm::raw_string_ostream os(why);
    llvm::printEscapedString(diagnostic.str(), os);
    instead = std::string(place.getLine() - 1, '\n') +
              std::string(place.getColumn() - 1, ' ') + "refused.text \"" + why + "\"\n";
    return success();
  });
  return succeeded(checkParsable(text, "document", &context)) ? text : instead;
}

void SafeInput::rewrite(llvm::json::Value &message) {
  llvm::json::Object *object = message.getAsObject();
  llvm::json::Object *params = object ? object->getObject("params") : nullptr;
  llvm::json::Object *document = params ? params->getObject("textDocument") : nullptr;
  if (!document)
    return;
  std::string uri = document->getString("uri").value_or("").str();
  StringRef method = object->getString("method").value_or("");
  if (method == "textDocument/didOpen") {
    std::string &text = documents[uri] = document->getString("text").value_or("").str();
    (*document)["text"] = makeSafe(text);
  } else if (method == "textDocument/didClose") {
    documents.erase(uri);
  } else if (method == "textDocument/didChange") {
    llvm::json::Array *changes = params->getArray("contentChanges");
    if (!changes)
      return;
    std::string &text = documents[uri];
    for (const llvm::json::Value &change : *changes)
      if (const llvm::json::Object *edit = change.getAsObject())
        applyChange(*edit, text);
    *changes = llvm::json::Array{llvm::json::Object{{"text", makeSafe(text)}}};
  }
}

void SafeInput::pump(std::FILE *from, std::FILE *to) {
  char *line = nullptr;
  size_t capacity = 0, length = 0;
  constexpr StringRef header = "Content-Length:";
  for (ssize_t got; (got = getline(&line, &capacity, from)) >= 0;) {
    StringRef text = StringRef(line, static_cast<size_t>(got)).trim();
    if (text.starts_with_insensitive(header)) {
      if (text.drop_front(header.size()).trim().getAsInteger(10, length))
        break;
      continue;
    }
    // Other headers say nothing that the server reads; an empty line ends them.
    if (!text.empty() || length == 0)
      continue;
    if (length > kMostMessageBytes)
      break;
    std::string body(length, '\0');
    if (std::fread(body.data(), 1, length, from) != length)
      break;
    if (llvm::Expected<llvm::json::Value> message = llvm::json::parse(body)) {
      rewrite(*message);
      body = llvm::formatv("{0}", *message).str();
    } else {
      llvm::consumeError(message.takeError()); // the server's to answer
    }
    std::fprintf(to, "Content-Length: %zu\r\n\r\n", body.size());
    if (std::fwrite(body.data(), 1, body.size(), to) != body.size() ||
        std::fflush(to) != 0)
      break;
    length = 0;
  }
  std::free(line);
}
