//===- JsonDepth.h - how deep a JSON text nests -----------------------------===//
//
// JSON libraries descend with the stack, in parsing, printing or freeing, so a file from
// elsewhere is looked at before one of them sees it. Header-only and without MLIR, like
// all of Support.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_SUPPORT_JSONDEPTH_H
#define TRAIN_SUPPORT_JSONDEPTH_H

#include <string_view>

namespace train {

/// What files that the tools read may nest; their formats nest five deep.
inline constexpr int kDeepestJson = 32;

/// Whether arrays and objects nest more than `deepest` deep. Of a text that is no JSON
/// the answer may be either; brackets inside of strings do not count.
inline bool isNestedDeeper(std::string_view text, int deepest = kDeepestJson) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (inString) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        inString = false;
    } else if (text[i] == '"') {
      inString = true;
    } else if (text[i] == '[' || text[i] == '{') {
      if (++depth > deepest)
        return true;
    } else if (text[i] == ']' || text[i] == '}') {
      --depth;
    }
  }
  return false;
}

} // namespace train

#endif // TRAIN_SUPPORT_JSONDEPTH_H
