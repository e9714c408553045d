//===- ExplainMemory.cpp - why a program needs what it needs ----------------===//
//
// Sorts and prints what a report says. Ties are broken by the report's own order, so that
// the text depends on the report alone.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/ExplainMemory.h"
#include "train/Support/ByteSize.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"

using namespace train;
using llvm::format;
using llvm::raw_ostream;

namespace {

constexpr size_t kMostLines = 20;

using Buffer = MemoryReport::Buffer;

/// Layers are alike: `h.0/gelu@12` and `h.11/gelu@340` are two of `h.*/gelu`.
std::string getPattern(llvm::StringRef name) {
  auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  size_t at = name.rfind('@');
  if (at != llvm::StringRef::npos)
    name = name.take_front(at);
  std::string pattern;
  while (!name.empty()) {
    size_t end = name.find_first_of("./:");
    llvm::StringRef part = name.take_front(end);
    pattern += !part.empty() && llvm::all_of(part, isDigit) ? "*" : part.str();
    if (end == llvm::StringRef::npos)
      break;
    pattern += name[end];
    name = name.drop_front(end + 1);
  }
  return pattern;
}

/// Lines of equal kind, shown as one: members are indices of buffers or positions.
struct Group {
  std::string name;
  int64_t each = 0;
  std::vector<int64_t> members;

  int64_t getBytes() const { return each * static_cast<int64_t>(members.size()); }
};

/// In the order of first appearance.
class Groups {
public:
  void add(std::string name, llvm::StringRef kind, int64_t bytes, int64_t member) {
    std::string key = (name + "|" + kind + "|" + llvm::Twine(bytes)).str();
    auto [it, inserted] = numbers.try_emplace(key, groups.size());
    if (inserted)
      groups.push_back({std::move(name), bytes, {}});
    groups[it->second].members.push_back(member);
  }

  /// The most bytes first, equal ones as they appeared.
  std::vector<Group> takeSorted() {
    llvm::sort(groups, [](const Group &a, const Group &b) {
      return a.getBytes() != b.getBytes() ? a.getBytes() > b.getBytes()
                                          : a.members.front() < b.members.front();
    });
    return std::move(groups);
  }

private:
  llvm::StringMap<size_t> numbers;
  std::vector<Group> groups;
};

class Explainer {
public:
  Explainer(const MemoryReport &report, raw_ostream &os) : report(report), os(os) {}

  void explain() {
    printPeak();
    printCategories();
    printLargest();
    printSaved();
    printEncoded();
    printRecomputed();
    printOps();
  }

private:
  std::string size(int64_t bytes) const { return formatByteSize(bytes); }

  /// `add+layer_norm (h.0/ln_1) @12`; fusions of many ops are cut.
  std::string opAt(int64_t position) const {
    if (report.ops.empty())
      return "@" + std::to_string(position);
    const MemoryReport::Op &op = report.ops[position];
    std::string text = shorten(op.name);
    if (!op.location.empty())
      text += " (" + op.location + ")";
    return text + " @" + std::to_string(position);
  }

  static std::string shorten(const std::string &name) {
    constexpr size_t most = 64;
    return name.size() <= most ? name : name.substr(0, most - 3) + "...";
  }

  void printPeak() {
    os << "@" << report.peak.program << " needs the most: " << size(report.peak.liveBytes)
       << " (" << report.peak.liveBytes << " bytes) live at position "
       << report.peak.position << " of " << report.steps.size() - 1 << ",\n  "
       << opAt(report.peak.position) << "\n";
    os << "The arena is " << size(report.peakBytes) << " (" << report.peakBytes
       << " bytes), the lower bound " << report.lowerBoundBytes << " bytes.\n";
    for (const MemoryReport::Program &program : report.programs)
      if (program.name != report.peak.program)
        os << "@" << program.name << " needs " << size(program.liveBytes)
           << " at its own peak.\n";
  }

  void printCategories() {
    os << "\nWhat lives there\n";
    for (auto [i, bytes] : llvm::enumerate(report.byCategory))
      if (bytes)
        os << "  " << llvm::left_justify(getCategoryName(static_cast<Category>(i)), 14)
           << llvm::right_justify(size(bytes), 12)
           << format("%7.1f %%\n", 100.0 * static_cast<double>(bytes) /
                                       static_cast<double>(report.peak.liveBytes));
    int64_t parameters = category(Category::Parameters);
    int64_t activations = category(Category::Activations);
    if (parameters)
      os << format("  Activations are %.2f times the parameters.\n",
                   static_cast<double>(activations) / static_cast<double>(parameters));
  }

  int64_t category(Category category) const {
    return report.byCategory[static_cast<unsigned>(category)];
  }

  // `144.00 MiB  12 x 12.00 MiB  h.*/gelu`
  void printGroup(const Group &group) {
    os << llvm::right_justify(size(group.getBytes()), 13)
       << llvm::right_justify(group.members.size() == 1
                                  ? ""
                                  : std::to_string(group.members.size()) + " x " +
                                        size(group.each),
                              19)
       << "  " << shorten(group.name);
  }

  // What a list of groups leaves out.
  void printRest(llvm::ArrayRef<Group> sorted) {
    if (sorted.size() <= kMostLines)
      return;
    int64_t count = 0, bytes = 0;
    for (const Group &group : sorted.drop_front(kMostLines)) {
      count += group.members.size();
      bytes += group.getBytes();
    }
    os << "  and " << count << " more, " << size(bytes) << "\n";
  }

  void printLargest() {
    Groups live;
    size_t count = 0;
    for (auto [i, buffer] : llvm::enumerate(report.buffers)) {
      if (!report.isAliveAtPeak(buffer))
        continue;
      ++count;
      live.add(getPattern(buffer.name),
               (getCategoryName(buffer.category) + buffer.shape).str(), buffer.bytes, i);
    }
    std::vector<Group> sorted = live.takeSorted();
    os << "\nThe largest of " << count << " buffers there, and why they are alive\n";
    for (const Group &group : llvm::ArrayRef(sorted).take_front(kMostLines)) {
      const Buffer &first = report.buffers[group.members.front()];
      printGroup(group);
      os << "  " << first.shape << "  " << getCategoryName(first.category) << "\n"
         << std::string(34, ' ') << (group.members.size() > 1 ? "the first: " : "")
         << reason(first) << "\n";
    }
    printRest(sorted);
  }

  /// Who needs it: what was before the peak, what comes at or after it.
  std::string reason(const Buffer &buffer) const {
    bool always =
        buffer.firstUse == 0 && buffer.lastUse + 1 == int64_t(report.steps.size());
    std::string text =
        always ? "lives across steps"
               : "from " + opAt(buffer.firstUse) + " to " + opAt(buffer.lastUse);
    if (buffer.encoded && *buffer.encoded)
      text = "holds " + size(*buffer.encoded) + " in fewer bits, " + text;
    else if (buffer.encoded)
      text = "scales of what is in fewer bits, " + text;
    if (buffer.uses.empty())
      return text;
    auto next = llvm::lower_bound(buffer.uses, report.peak.position);
    if (next == buffer.uses.end())
      return text + ", not touched from the peak on";
    if (*next == report.peak.position)
      return text + ", used at the peak";
    // The last use is there already.
    return *next == buffer.lastUse ? text : text + ", next used by " + opAt(*next);
  }

  void printSaved() {
    Groups saved;
    int64_t count = 0, bytes = 0, fixed = 0, fixedBytes = 0;
    for (auto [i, buffer] : llvm::enumerate(report.buffers)) {
      if (!report.isSaved(buffer))
        continue;
      ++count;
      bytes += buffer.bytes;
      if (buffer.recompute) {
        saved.add(getPattern(buffer.name), buffer.shape, buffer.bytes, i);
        continue;
      }
      ++fixed;
      fixedBytes += buffer.bytes;
    }
    os << "\nSaved activations: " << count << " buffers, " << size(bytes)
       << ", computed before the peak and not touched until after it\n";
    if (count > fixed)
      os << "What each would free there if it were dropped, and all that would be "
            "computed again for it alone\nat its next use, from what is alive then "
            "anyway; of groups the mean\n"
         << "        frees              each   ops  GFLOP each  MiB moved        ms  ms "
            "per MiB\n";
    std::vector<Group> sorted = saved.takeSorted();
    for (const Group &group : llvm::ArrayRef(sorted).take_front(kMostLines))
      printSavedGroup(group);
    printRest(sorted);
    if (fixed)
      os << "  " << fixed << " of them, " << size(fixedBytes)
         << ", could not be had again unless something else lived longer\n";
  }

  void printSavedGroup(const Group &group) {
    double flops = 0, bytes = 0, seconds = 0, ops = 0;
    for (int64_t member : group.members) {
      const MemoryReport::Cost &cost = *report.buffers[member].recompute;
      flops += static_cast<double>(cost.flops);
      bytes += static_cast<double>(cost.bytes);
      seconds += cost.seconds;
      ops += static_cast<double>(cost.ops);
    }
    auto count = static_cast<double>(group.members.size());
    const Buffer &first = report.buffers[group.members.front()];
    double each = static_cast<double>(std::max<int64_t>(1, group.each)) / 1048576;
    os << llvm::right_justify(size(group.getBytes()), 13)
       << llvm::right_justify(
              std::to_string(group.members.size()) + " x " + size(group.each), 18)
       << format("%6.1f%12.3f%11.2f%10.3f%12.4f", ops / count, flops / count * 1e-9,
                 bytes / count / 1048576, seconds / count * 1e3,
                 seconds / count * 1e3 / each)
       << "  " << shorten(group.name) << "  " << first.shape << "  " << first.location
       << "\n";
  }

  void printEncoded() {
    int64_t count = 0, bytes = 0, whole = 0;
    for (const Buffer &buffer : report.buffers) {
      if (!buffer.encoded || !report.isAliveAtPeak(buffer))
        continue;
      count += *buffer.encoded > 0;
      bytes += buffer.bytes;
      whole += *buffer.encoded;
    }
    if (count)
      os << "\nStored in fewer bits at the peak: " << count << " activations, "
         << size(bytes) << " instead of " << size(whole) << "\n";
  }

  void printRecomputed() {
    double all = 0, again = 0, flops = 0, decoding = 0;
    int64_t count = 0, decoded = 0;
    for (const MemoryReport::Op &op : report.ops) {
      double times = static_cast<double>(op.times);
      all += op.cost.seconds * times;
      if (op.decodes) {
        decoded += op.cost.seconds > 0;
        decoding += op.cost.seconds * times;
        continue;
      }
      // Views of what is computed again take no time.
      if (!op.recomputed || op.cost.seconds == 0)
        continue;
      ++count;
      again += op.cost.seconds * times;
      flops += static_cast<double>(op.cost.flops) * times;
    }
    if (report.ops.empty())
      return;
    os << "\nComputed again: ";
    if (count == 0)
      os << "nothing";
    else
      os << count << " ops" << format(", %.3f GFLOP, %.2f ms", flops * 1e-9, again * 1e3);
    if (decoded)
      os << "; made whole from fewer bits: " << decoded << " times"
         << format(", %.2f ms", decoding * 1e3);
    os << format("; @%s is predicted to take %.2f ms.\n", report.peak.program.c_str(),
                 all * 1e3);
  }

  void printOps() {
    // What starts at an op is what it needs: results in bytes of their own, workspace.
    std::vector<int64_t> needs(report.steps.size(), 0);
    for (const Buffer &buffer : report.buffers)
      if (buffer.firstUse > 0)
        needs[buffer.firstUse] += buffer.bytes;
    Groups groups;
    for (auto [position, bytes] : llvm::enumerate(needs))
      if (bytes)
        groups.add(opPattern(position),
                   report.ops.empty() ? "" : report.ops[position].shape, bytes, position);
    std::vector<Group> sorted = groups.takeSorted();
    os << "\nThe ops that need the most bytes for results and workspace\n";
    for (const Group &group : llvm::ArrayRef(sorted).take_front(kMostLines)) {
      printGroup(group);
      if (!report.ops.empty())
        os << "  " << report.ops[group.members.front()].shape;
      os << "\n";
    }
    printRest(sorted);
  }

  std::string opPattern(int64_t position) const {
    if (report.ops.empty())
      return "@" + std::to_string(position);
    const MemoryReport::Op &op = report.ops[position];
    return shorten(op.name) +
           (op.location.empty() ? "" : " (" + getPattern(op.location) + ")");
  }

  const MemoryReport &report;
  raw_ostream &os;
};

} // namespace

void train::explainMemory(const MemoryReport &report, raw_ostream &os) {
  if (!report.steps.empty())
    Explainer(report, os).explain();
}
