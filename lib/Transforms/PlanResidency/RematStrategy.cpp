//===- RematStrategy.cpp - the grammar of --remat ----------------------------===//
//
// One table of names; what follows a colon is read by hand.
//
//===----------------------------------------------------------------------===//
#include "train/Transforms/RematStrategy.h"
#include "train/Support/NearestName.h"

#include <charconv>

using namespace train;
using Kind = RematStrategy::Kind;

namespace {

/// What a name takes after its colon.
enum class Argument { None, Number, Names };

struct Name {
  const char *text;
  Kind kind;
  Argument argument;
};

constexpr Name kNames[] = {
    {"none", Kind::None, Argument::None},
    {"uniform", Kind::Uniform, Argument::Number},
    {"sqrt", Kind::Sqrt, Argument::None},
    {"block", Kind::Uniform, Argument::None},
    {"sublayer", Kind::Sublayer, Argument::None},
    {"selective", Kind::Selective, Argument::Names},
    {"policy:save-nothing", Kind::SaveNothing, Argument::None},
    {"policy:save-everything", Kind::SaveEverything, Argument::None},
    {"policy:save-dots", Kind::SaveDots, Argument::None},
    {"policy:save-dots-no-batch", Kind::SaveDotsNoBatch, Argument::None},
    {"policy:save", Kind::SaveNames, Argument::Names},
    {"policy:recompute", Kind::RecomputeNames, Argument::Names},
    {"budget", Kind::Budget, Argument::None},
};

std::string describe(const Name &name) {
  return std::string(name.text) + (name.argument == Argument::Number  ? ":K"
                                   : name.argument == Argument::Names ? ":NAME,..."
                                                                      : "");
}

} // namespace

std::optional<RematStrategy> train::parseRematStrategy(std::string_view text,
                                                       std::string &error) {
  constexpr std::string_view policy = "policy:";
  size_t colon =
      text.find(':', text.substr(0, policy.size()) == policy ? policy.size() : 0);
  std::string head(text.substr(0, colon));
  const Name *found = nullptr;
  std::vector<std::string> known;
  std::string all;
  for (const Name &name : kNames) {
    known.push_back(name.text);
    all += (&name == kNames ? "; there are " : ", ") + describe(name);
    if (head == name.text)
      found = &name;
  }
  if (!found) {
    if (head == "policy:offload" || head == "offload") {
      error = "offloading is not supported by this version";
      return std::nullopt;
    }
    error = "there is no strategy '" + head.substr(0, 80) + "'" +
            didYouMean(head, known, all);
    return std::nullopt;
  }

  RematStrategy strategy;
  strategy.kind = found->kind;
  bool given = colon != std::string_view::npos;
  std::string_view argument = given ? text.substr(colon + 1) : std::string_view();
  if (given != (found->argument != Argument::None)) {
    error = "'" + std::string(found->text) + "' takes " +
            (given ? "nothing after it" : std::string("an argument")) + ": write " +
            describe(*found);
    return std::nullopt;
  }
  if (found->argument == Argument::Number) {
    const char *end = argument.data() + argument.size();
    auto [stop, status] = std::from_chars(argument.data(), end, strategy.every);
    if (status != std::errc() || stop != end || strategy.every < 1) {
      error = "'" + std::string(found->text) + ":K' needs a K of at least 1, got '" +
              std::string(argument.substr(0, 80)) + "'";
      return std::nullopt;
    }
  }
  while (found->argument == Argument::Names && given) {
    size_t comma = argument.find(',');
    strategy.names.emplace_back(argument.substr(0, comma));
    if (strategy.names.back().empty()) {
      error = "'" + describe(*found) + "' has an empty name";
      return std::nullopt;
    }
    given = comma != std::string_view::npos;
    if (given)
      argument.remove_prefix(comma + 1);
  }
  return strategy;
}
