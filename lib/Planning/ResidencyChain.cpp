//===- ResidencyChain.cpp - plans for graphs that are chains of segments -----===//
//
// The dynamic program of Beaumont, Eyraud-Dubois, Herrmann, Joly and Shilova, "Optimal
// checkpointing for heterogeneous chains" (2019), section 4, over segments and slots of
// memory. Its account of bytes need not be exact: what it decides becomes a sequence, and
// sequences are measured.
//
//===----------------------------------------------------------------------===//
#include "ResidencyChain.h"

#include <algorithm>
#include <cmath>

namespace train::planning {

namespace {
constexpr unsigned none = ResidencyInstance::none;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A stretch of the forward pass and the stretch of the backward pass that needs it.
/// Bytes do not include the tensor that enters the segment; slots are bytes in units,
/// rounded up.
struct Segment {
  unsigned firstForward = 0, endForward = 0;   ///< positions
  unsigned firstBackward = 0, endBackward = 0; ///< positions
  double forwardCost = 0, backwardCost = 0;
  int64_t boundary = 0;      ///< bytes that it hands to the next segment
  int64_t saved = 0;         ///< bytes that its backward part needs, boundary included
  int64_t forwardPeak = 0;   ///< executed without keeping anything but the boundary
  int64_t savingPeak = 0;    ///< executed keeping what is saved
  int64_t backwardPeak = 0;  ///< gradients included
  int64_t gradientBytes = 0; ///< alive where its backward part begins
};

class Chain {
public:
  explicit Chain(const ResidencyInstance &instance)
      : instance(instance), problem(instance.problem) {}
  std::vector<std::vector<unsigned>> run();

private:
  void findSegments();
  void merge(size_t most);
  void assignBackward();
  void weigh();
  void solve();
  void trace(unsigned first, unsigned last, int64_t slots);
  void executeForward(unsigned segment);
  void executeBackward(unsigned segment);

  double &at(unsigned first, unsigned last, int64_t slots) {
    return costs[(first * segments.size() + last) * (slotCount + 1) + slots];
  }
  double costOf(unsigned first, unsigned last, int64_t slots) {
    return slots < 0 ? infinity : at(first, last, slots);
  }
  double costOfKeeping(unsigned first, unsigned last, int64_t slots);
  double costOfStoring(unsigned first, unsigned next, unsigned last, int64_t slots,
                       double forward);
  int64_t toSlots(int64_t bytes) const { return (bytes + unit - 1) / unit; }

  const ResidencyInstance &instance;
  const ResidencyProblem &problem;
  std::vector<Segment> segments;
  int64_t unit = 1, slotCount = 0;
  std::vector<double> costs;
  std::vector<unsigned> sequence;
  unsigned done = 0; ///< executions of the order so far
};

/// Cuts after each position that one tensor of the forward pass alone crosses.
void Chain::findSegments() {
  const unsigned forward = problem.forward;
  std::vector<unsigned> lastRead(problem.tensors.size(), none);
  for (unsigned at = 0; at < forward; ++at)
    for (unsigned t : problem.nodes[problem.order[at]].reads)
      if (!instance.isInput[t] && !instance.recipes[t].empty())
        lastRead[t] = at;
  std::vector<std::vector<unsigned>> ending(forward);
  for (unsigned t = 0; t < lastRead.size(); ++t)
    if (lastRead[t] != none)
      ending[lastRead[t]].push_back(t);
  std::vector<unsigned> crossing;
  unsigned begin = 0, previous = none;
  for (unsigned at = 0; at < forward; ++at) {
    for (unsigned t : ending[at])
      crossing.erase(std::find(crossing.begin(), crossing.end(), t));
    for (unsigned t : problem.nodes[problem.order[at]].writes)
      if (lastRead[t] != none)
        crossing.push_back(t);
    bool isCut = crossing.size() == 1 && crossing[0] != previous;
    if (!isCut && at + 1 < forward)
      continue;
    Segment segment;
    segment.firstForward = begin;
    segment.endForward = begin = at + 1;
    if (isCut) {
      previous = crossing[0];
      segment.boundary = problem.tensors[previous].bytes;
    }
    segments.push_back(segment);
  }
}

/// Neighbours become one until there are at most `most`.
void Chain::merge(size_t most) {
  size_t each = (segments.size() + most - 1) / most;
  std::vector<Segment> merged;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (i % each == 0)
      merged.push_back(segments[i]);
    merged.back().endForward = segments[i].endForward;
    merged.back().boundary = segments[i].boundary;
  }
  segments = std::move(merged);
}

/// The backward part of a segment ends where something of an earlier segment is read.
void Chain::assignBackward() {
  const unsigned forward = problem.forward, size = instance.getSize();
  std::vector<unsigned> segmentOf(problem.tensors.size(), none);
  for (unsigned s = 0; s < segments.size(); ++s)
    for (unsigned at = segments[s].firstForward; at < segments[s].endForward; ++at)
      for (unsigned t : problem.nodes[problem.order[at]].writes) {
        // What enters the next segment is alive as long as that is processed.
        const std::vector<unsigned> &reads = instance.readAt[t];
        bool leaves = std::any_of(reads.begin(), reads.end(), [&](unsigned read) {
          return read < forward && read >= segments[s].endForward;
        });
        segmentOf[t] = leaves ? s + 1 : s;
      }
  unsigned current = segments.size() - 1;
  segments[current].firstBackward = forward;
  for (unsigned at = forward; at < size; ++at) {
    unsigned wanted = current;
    for (unsigned t : problem.nodes[problem.order[at]].reads)
      wanted = std::min(wanted, segmentOf[t]);
    for (; current > wanted; --current) {
      segments[current].endBackward = at;
      segments[current - 1].firstBackward = at;
    }
  }
  for (;; --current) {
    segments[current].endBackward = size;
    if (current == 0)
      break;
    segments[current - 1].firstBackward = size;
  }
}

void Chain::weigh() {
  const unsigned forward = problem.forward, size = instance.getSize();
  // Bytes of what the backward pass itself writes, by position.
  std::vector<int64_t> own(size + 1, 0), born(size + 1, 0);
  for (unsigned t = 0; t < problem.tensors.size(); ++t) {
    unsigned first = instance.writtenAt[t];
    if (first == none || first < forward)
      continue;
    const std::vector<unsigned> &reads = instance.readAt[t];
    unsigned last = instance.isOutput[t] ? size - 1
                    : reads.empty()      ? first
                                         : reads.back();
    own[first] += problem.tensors[t].bytes;
    born[first] += problem.tensors[t].bytes;
    own[last + 1] -= problem.tensors[t].bytes;
  }
  for (unsigned at = 1; at <= size; ++at)
    own[at] += own[at - 1];
  std::vector<int64_t> passing, saving, needed;
  for (Segment &segment : segments) {
    const unsigned begin = segment.firstForward, end = segment.endForward;
    passing.assign(end - begin + 1, 0);
    saving = passing;
    needed.assign(segment.endBackward - segment.firstBackward + 1, 0);
    for (unsigned at = begin; at < end; ++at) {
      const ResidencyNode &node = problem.nodes[problem.order[at]];
      segment.forwardCost += node.cost;
      for (unsigned t : node.writes) {
        const int64_t bytes = problem.tensors[t].bytes;
        unsigned last = at, lastBackward = none;
        for (unsigned read : instance.readAt[t]) {
          if (read < forward)
            last = std::min(read, end - 1);
          else if (read < segment.endBackward)
            lastBackward = read;
        }
        bool leaves =
            std::any_of(instance.readAt[t].begin(), instance.readAt[t].end(),
                        [&](unsigned read) { return read >= end && read < forward; });
        bool isSaved = leaves || (lastBackward != none && !instance.recipes[t].empty());
        passing[at - begin] += bytes;
        passing[last + 1 - begin] -= bytes;
        saving[at - begin] += bytes;
        saving[(isSaved ? end : last + 1) - begin] -= bytes;
        if (!isSaved)
          continue;
        segment.saved += bytes;
        needed[0] += bytes;
        if (lastBackward != none && lastBackward >= segment.firstBackward)
          needed[lastBackward + 1 - segment.firstBackward] -= bytes;
      }
    }
    int64_t alive = 0, aliveSaving = 0;
    for (unsigned at = begin; at < end; ++at) {
      int64_t workspace = problem.nodes[problem.order[at]].workspace;
      alive += passing[at - begin];
      aliveSaving += saving[at - begin];
      segment.forwardPeak = std::max(segment.forwardPeak, alive + workspace);
      segment.savingPeak = std::max(segment.savingPeak, aliveSaving + workspace);
    }
    alive = 0;
    for (unsigned at = segment.firstBackward; at < segment.endBackward; ++at) {
      const ResidencyNode &node = problem.nodes[problem.order[at]];
      segment.backwardCost += node.cost;
      alive += needed[at - segment.firstBackward];
      segment.backwardPeak =
          std::max(segment.backwardPeak, alive + own[at] + node.workspace);
    }
    segment.gradientBytes = own[segment.firstBackward] - born[segment.firstBackward];
  }
}

/// All that the backward of `first` needs stays while the rest is processed.
double Chain::costOfKeeping(unsigned first, unsigned last, int64_t slots) {
  const Segment &segment = segments[first];
  if (slots < toSlots(std::max(segments[last].gradientBytes + segment.savingPeak,
                               segment.backwardPeak)))
    return infinity;
  double cost = segment.forwardCost + segment.backwardCost;
  return first == last ? cost
                       : cost + costOf(first + 1, last, slots - toSlots(segment.saved));
}

/// Only what enters `next` is stored; what is before it is computed again afterwards.
double Chain::costOfStoring(unsigned first, unsigned next, unsigned last, int64_t slots,
                            double forward) {
  return forward + costOf(next, last, slots - toSlots(segments[next - 1].boundary)) +
         costOf(first, next - 1, slots);
}

void Chain::solve() {
  const unsigned count = segments.size();
  costs.assign(static_cast<size_t>(count) * count * (slotCount + 1), infinity);
  for (unsigned length = 1; length <= count; ++length)
    for (unsigned first = 0; first + length <= count; ++first) {
      unsigned last = first + length - 1;
      for (int64_t slots = 0; slots <= slotCount; ++slots) {
        double best = costOfKeeping(first, last, slots), forward = 0;
        for (unsigned next = first + 1; next <= last; ++next) {
          const Segment &passed = segments[next - 1];
          int64_t before = next - 1 > first ? segments[next - 2].boundary : 0;
          if (slots < toSlots(segments[last].gradientBytes + before + passed.forwardPeak))
            break;
          forward += passed.forwardCost;
          best = std::min(best, costOfStoring(first, next, last, slots, forward));
        }
        at(first, last, slots) = best;
      }
    }
}

void Chain::executeForward(unsigned segment) {
  for (unsigned at = segments[segment].firstForward; at < segments[segment].endForward;
       ++at) {
    unsigned n = problem.order[at];
    if (at == done)
      ++done;
    else if (!problem.nodes[n].repeatable || done < instance.earliest[n] ||
             done > instance.latest[n])
      continue; // What it writes lives longer instead.
    sequence.push_back(n);
  }
}

void Chain::executeBackward(unsigned segment) {
  for (; done < segments[segment].endBackward; ++done)
    sequence.push_back(problem.order[done]);
}

void Chain::trace(unsigned first, unsigned last, int64_t slots) {
  double best = at(first, last, slots);
  if (costOfKeeping(first, last, slots) == best) {
    executeForward(first);
    if (first < last)
      trace(first + 1, last, slots - toSlots(segments[first].saved));
    executeBackward(first);
    return;
  }
  double forward = 0;
  for (unsigned next = first + 1; next <= last; ++next) {
    forward += segments[next - 1].forwardCost;
    if (costOfStoring(first, next, last, slots, forward) != best)
      continue;
    for (unsigned s = first; s < next; ++s)
      executeForward(s);
    trace(next, last, slots - toSlots(segments[next - 1].boundary));
    trace(first, next - 1, slots);
    return;
  }
}

std::vector<std::vector<unsigned>> Chain::run() {
  if (problem.forward == 0)
    return {};
  findSegments();
  if (segments.size() < 2)
    return {};
  merge(100);
  assignBackward();
  weigh();
  int64_t top = 0, all = 0;
  for (const Segment &segment : segments) {
    top = std::max({top, segment.backwardPeak, segment.savingPeak + segment.gradientBytes,
                    segment.forwardPeak});
    all += segment.saved;
  }
  top += all;
  const auto count = static_cast<int64_t>(segments.size());
  int64_t most = std::clamp<int64_t>(150'000'000 / (count * count * count), 150, 2000);
  unit = std::max<int64_t>(1, (top + most - 1) / most);
  slotCount = toSlots(top) + count;
  solve();
  std::vector<std::vector<unsigned>> plans;
  double before = infinity;
  for (int64_t slots = 0; slots <= slotCount; ++slots) {
    double cost = at(0, count - 1, slots);
    // Smaller differences are left to what improves plans within segments.
    if (cost == infinity || cost > before * 0.97)
      continue;
    before = cost;
    sequence.clear();
    done = 0;
    trace(0, count - 1, slots);
    plans.push_back(sequence);
  }
  return {plans.rbegin(), plans.rend()};
}
} // namespace

std::vector<std::vector<unsigned>> planChain(const ResidencyInstance &instance) {
  return Chain(instance).run();
}

} // namespace train::planning
