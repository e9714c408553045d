//===- CommandLine.h - what all command lines have in common ---------------===//
//
// Tools and trained executables define their options with CLI11 and read them through
// here, so that help, an unknown option, a number out of range and a value in the wrong
// form are answered alike everywhere: one line, lower case, with the nearest name.
// Header-only, because the runtime has no library in common with the tools.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_SUPPORT_COMMANDLINE_H
#define TRAIN_SUPPORT_COMMANDLINE_H

#include "train/Support/NearestName.h"
#include "train/Support/WriteSignals.h"

#include <CLI/CLI.hpp>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

namespace train {

/// What a user wrote, as an error may show it: at most 80 bytes, control characters and
/// bytes beyond ASCII as \xNN.
inline std::string shownArgument(const std::string &text) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : text.substr(0, 80)) {
    if (byte >= 0x20 && byte < 0x7f)
      out += static_cast<char>(byte);
    else
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  return out + (text.size() > 80 ? "..." : "");
}

/// Accepts decimal whole numbers that T can hold; CLI11 alone makes the largest of those
/// that it cannot. To be given to `transform`, not `check`: it takes leading zeros away,
/// after which CLI11 would read another base.
template <typename T> CLI::Validator wholeNumber() {
  return CLI::Validator(
      [](std::string &text) {
        T value;
        auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), value);
        bool whole = error == std::errc() && end == text.data() + text.size();
        if (!whole)
          return "'" + shownArgument(text) + "' is not a whole number in range";
        text = std::to_string(value);
        return std::string();
      },
      "");
}

/// What a command line came to: values in the app's options if both texts are empty.
struct CommandLine {
  std::string help;  ///< to be printed, and nothing else done
  std::string error; ///< one line
};

/// The error about an argument that `app` has no place for; names what is near.
inline std::string describeExtra(CLI::App &app, const std::string &argument,
                                 const std::string &unexpected) {
  std::vector<std::string> known;
  if (argument.size() > 1 && argument[0] == '-') {
    for (const CLI::Option *option : app.get_options())
      for (const std::string &name : option->get_lnames())
        known.push_back("--" + name);
    std::string name = argument.substr(0, argument.find('='));
    return "unknown option '" + shownArgument(name) + "'" +
           didYouMean(name, known, " (see --help)");
  }
  for (const CLI::App *command : app.get_subcommands(nullptr))
    known.push_back(command->get_name());
  if (known.empty())
    return "unexpected argument '" + shownArgument(argument) + "'" + unexpected;
  return "unknown subcommand '" + shownArgument(argument) + "'" +
         didYouMean(argument, known, " (see --help)");
}

/// The error about `--name=` with nothing after it, which CLI11 would take for a request
/// to read the value from the next argument; else "".
inline std::string findEmptyValue(CLI::App &app, int argc, const char *const *argv) {
  std::vector<CLI::App *> levels = app.get_subcommands(nullptr);
  levels.insert(levels.begin(), &app);
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--")
      return "";
    if (name.size() < 4 || name.rfind("--", 0) != 0 || name.find('=') != name.size() - 1)
      continue;
    name.pop_back();
    for (CLI::App *level : levels)
      if (const CLI::Option *option = level->get_option_no_throw(name))
        return name +
               (option->get_items_expected_max() ? " needs a value" : " takes no value");
  }
  return "";
}

/// Parses. The app and its subcommands must allow extras; what is extra is an error here.
/// `unexpected` follows the message about an argument that is no option.
inline CommandLine parseCommandLine(CLI::App &app, int argc, const char *const *argv,
                                    const std::string &unexpected = "") {
  if (std::string error = findEmptyValue(app, argc, argv); !error.empty())
    return {"", error};
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    return {app.help(), ""};
  } catch (const CLI::ParseError &error) {
    std::string text = error.what();
    if (!text.empty())
      text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    for (char &c : text)
      if (static_cast<unsigned char>(c) < 0x20)
        c = ' ';
    return {"", text};
  }
  std::vector<CLI::App *> levels = app.get_subcommands(nullptr);
  levels.insert(levels.begin(), &app);
  for (CLI::App *level : levels)
    if (std::vector<std::string> extra = level->remaining(); !extra.empty())
      return {"", describeExtra(*level, extra.front(), unexpected)};
  return {};
}

} // namespace train

#endif // TRAIN_SUPPORT_COMMANDLINE_H
