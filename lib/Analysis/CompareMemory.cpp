//===- CompareMemory.cpp - why a program needs another amount than before ---===//
//
// Pairs the buffers of two reports and prints what differs.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/ExplainMemory.h"
#include "train/Support/ByteSize.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"

using namespace train;
using llvm::raw_ostream;

namespace {

constexpr size_t kMostLines = 40;

using Buffer = MemoryReport::Buffer;

/// `h.0/add@12#1` without the position, which moves when any op comes or goes.
std::string dropPosition(llvm::StringRef name) {
  size_t at = name.rfind('@');
  if (at == llvm::StringRef::npos)
    return name.str();
  llvm::StringRef rest = name.drop_front(at + 1);
  llvm::StringRef after = rest.drop_while([](char c) { return c >= '0' && c <= '9'; });
  if (after.size() == rest.size())
    return name.str();
  return (name.take_front(at) + after).str();
}

struct Group {
  std::vector<const Buffer *> before, after;
};

struct Change {
  const char *what;
  int64_t bytes; ///< that it is about; sorts
  std::string text;
};

class Comparer {
public:
  Comparer(const MemoryReport &before, const MemoryReport &after, raw_ostream &os)
      : before(before), after(after), os(os) {}

  void compare() {
    printTotals();
    collect();
    printChanges();
  }

private:
  static std::string difference(int64_t from, int64_t to) {
    if (from == to)
      return "same";
    return (to > from ? "+" : "-") + formatByteSize(std::abs(to - from));
  }

  void printLine(llvm::StringRef name, int64_t from, int64_t to) {
    os << "  " << llvm::left_justify(name, 16)
       << llvm::right_justify(formatByteSize(from), 12) << " -> "
       << llvm::right_justify(formatByteSize(to), 12)
       << llvm::right_justify(difference(from, to), 14) << "\n";
  }

  void printTotals() {
    os << "Compared with the report given\n";
    printLine("arena", before.peakBytes, after.peakBytes);
    printLine("lower bound", before.lowerBoundBytes, after.lowerBoundBytes);
    printLine("live at the peak", before.peak.liveBytes, after.peak.liveBytes);
    for (unsigned i = 0; i < kNumCategories; ++i)
      if (before.byCategory[i] || after.byCategory[i])
        printLine(("  " + getCategoryName(static_cast<Category>(i))).str(),
                  before.byCategory[i], after.byCategory[i]);
    os << "  The peak was at " << peakText(before) << ", is at " << peakText(after)
       << "\n";
  }

  static std::string peakText(const MemoryReport &report) {
    std::string text = report.peak.op;
    if (!report.peak.location.empty())
      text += " (" + report.peak.location + ")";
    return text + " of @" + report.peak.program;
  }

  void collect() {
    llvm::MapVector<std::string, Group, llvm::StringMap<unsigned>> groups;
    auto key = [](const Buffer &buffer) {
      return (getCategoryName(buffer.category) + " " + dropPosition(buffer.name)).str();
    };
    for (const Buffer &buffer : before.buffers)
      groups[key(buffer)].before.push_back(&buffer);
    for (const Buffer &buffer : after.buffers)
      groups[key(buffer)].after.push_back(&buffer);
    for (auto &[name, group] : groups)
      pairUp(group);
  }

  // Equal sizes first: what is left over then differs in size, or is new, or is gone.
  void pairUp(Group &group) {
    std::vector<const Buffer *> &olds = group.before, &news = group.after;
    llvm::DenseMap<int64_t, llvm::SmallVector<size_t, 1>> bySize;
    for (size_t i = news.size(); i-- > 0;)
      bySize[news[i]->bytes].push_back(i);
    for (const Buffer *&old : olds) {
      auto found = bySize.find(old->bytes);
      if (found == bySize.end() || found->second.empty())
        continue;
      const Buffer *&match = news[found->second.pop_back_val()];
      compareLives(*old, *match);
      old = match = nullptr;
    }
    llvm::erase(olds, nullptr);
    llvm::erase(news, nullptr);
    size_t pairs = std::min(olds.size(), news.size());
    for (size_t i = 0; i < pairs; ++i) {
      const Buffer &from = *olds[i], &to = *news[i];
      add(to.bytes > from.bytes ? "grew" : "shrank", std::abs(to.bytes - from.bytes), to,
          "from " + formatByteSize(from.bytes) + " to " + formatByteSize(to.bytes) +
              ", " +
              (from.shape == to.shape ? to.shape : from.shape + " to " + to.shape));
    }
    for (const Buffer *old : llvm::ArrayRef(olds).drop_front(pairs))
      add("disappeared", old->bytes, *old, lives(before, *old));
    for (const Buffer *young : llvm::ArrayRef(news).drop_front(pairs))
      add("appeared", young->bytes, *young, lives(after, *young));
  }

  void compareLives(const Buffer &from, const Buffer &to) {
    bool was = before.isAliveAtPeak(from), is = after.isAliveAtPeak(to);
    if (was && !is)
      add("left the peak", to.bytes, to, to.shape);
    else if (is && !was)
      add("joined the peak", to.bytes, to, to.shape);
  }

  static std::string lives(const MemoryReport &report, const Buffer &buffer) {
    return buffer.shape + (report.isAliveAtPeak(buffer) ? ", alive at the peak" : "");
  }

  void add(const char *what, int64_t bytes, const Buffer &buffer, std::string text) {
    if (!buffer.location.empty())
      text += "  " + buffer.location;
    changes.push_back({what, bytes, buffer.name + "  " + text});
    auto &[count, sum] = totals[what];
    ++count;
    sum += bytes;
  }

  void printChanges() {
    if (changes.empty()) {
      os << "  Every buffer is there with the same size in both.\n";
      return;
    }
    os << "\nBuffers that changed\n";
    for (const auto &[what, total] : totals)
      os << "  " << total.first << " " << what << ", " << formatByteSize(total.second)
         << "\n";
    os << "\nThe largest of these changes\n";
    llvm::sort(changes, [](const Change &a, const Change &b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.text < b.text;
    });
    for (const Change &change : llvm::ArrayRef(changes).take_front(kMostLines))
      os << llvm::right_justify(formatByteSize(change.bytes), 13) << "  "
         << llvm::left_justify(change.what, 16) << change.text << "\n";
    if (changes.size() > kMostLines)
      os << "  and " << changes.size() - kMostLines << " more\n";
  }

  const MemoryReport &before, &after;
  raw_ostream &os;
  std::vector<Change> changes;
  /// By kind of change, in the order of their first appearance: count and bytes.
  llvm::MapVector<llvm::StringRef, std::pair<int64_t, int64_t>> totals;
};

} // namespace

void train::compareMemory(const MemoryReport &before, const MemoryReport &after,
                          raw_ostream &os) {
  Comparer(before, after, os).compare();
}
