// Row programs as explicit vector loops. Nothing is left to an auto-vectorizer, because
// none vectorizes a reduction without licence to reorder it, and the order here is a
// promise.
//
// A row with reductions is walked once per stage: reductions that wait for others come in
// a later walk, which computes again what it needs from the loads (they are in the
// nearest cache by then), except exponentials that a stage before has computed: these
// wait in a scratch row. Stores come last, so that a result may lie in the place of an
// operand. While one walk computes, the lines that a later one will want are on
// their way: no hardware prefetcher looks ahead across walks.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "train/Conversion/CpuKernels.h"
#include "train/Conversion/RowEmission.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

namespace {

/// Independent accumulators of a reduction: enough to hide the latency of an add.
constexpr int kAccumulators = 4;
/// Rows that one pass of a summing kernel adds, to spare loads and stores of the sums.
constexpr int kSummedRows = 4;
/// Registers side by side in a walk that stores: two hide the latency of an elementary
/// function (docs/numerics.md).
constexpr int kStoredRegisters = 2;
/// Rows with more bytes than this are not prefetched: they would drive out of the cache
/// what their own walks read again.
constexpr int64_t kPrefetchedBytes = 128 << 10;
constexpr int64_t kLineBytes = 64;

class KernelEmitter {
public:
  KernelEmitter(ModuleOp module, StringRef name, const Program &program,
                const CpuTarget &target)
      : b(module.getLoc(), module.getContext()), program(program) {
    b.setInsertionPointToEnd(module.getBody());
    // The same for all programs, whatever else they hold: the tree of a sum depends on
    // it, and must not change when wider elements join a fusion. Those take two
    // registers.
    lanes = target.vectorBits / 32;
    Type i64 = b.getI64Type(), pointer = LLVM::LLVMPointerType::get(b.getContext());
    function = func::FuncOp::create(b, name,
                                    b.getFunctionType({pointer, pointer, i64, i64}, {}));
  }

  void emit() {
    Block *entry = function.addEntryBlock();
    b.setInsertionPointToStart(entry);
    Value bases = entry->getArgument(0);
    parameters = entry->getArgument(1);
    begin = entry->getArgument(2);
    end = entry->getArgument(3);
    for (size_t i = 0; i < program.buffers.size(); ++i)
      pointers.push_back(LLVM::LoadOp::create(
          b, bases.getType(), offset(bases, bases.getType(), constant(i))));
    values.assign(program.nodes.size(), Value());
    rowBases.assign(program.buffers.size(), Value());
    for (auto [i, buffer] : llvm::enumerate(program.buffers))
      rowBases[i] = pointers[i];
    emitScalars(Level::Uniform);
    stages = getStages(program);
    lastStage = *std::max_element(stages.begin(), stages.end());
    if (program.flat)
      emitFlat();
    else if (program.partials)
      emitPartials();
    else
      emitRows();
    func::ReturnOp::create(b);
  }

private:
  //===-- Small things --------------------------------------------------------===//

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  }
  Value addi(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value muli(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value offset(Value pointer, Type element, Value index) {
    return LLVM::GEPOp::create(b, pointer.getType(), element, pointer, ValueRange{index});
  }
  VectorType vectorOf(Type element) { return VectorType::get({lanes}, element); }

  template <typename Fn> void loop(Value from, Value to, int64_t step, Fn body) {
    auto loop = scf::ForOp::create(b, from, to, constant(step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }

  //===-- Places --------------------------------------------------------------===//

  // The address of buffer `i` at the current row and this column.
  Value address(int i, Value column) {
    return program.buffers[i].strides.back() ? elementAt(i, rowBases[i], column)
                                             : rowBases[i];
  }

  // The address of element `index` from `base` on; of packed ones, of the pair that
  // begins there: rows and vectors hold whole pairs.
  Value elementAt(int i, Value base, Value index) {
    Type element = program.buffers[i].element;
    if (isPacked(element))
      index = arith::ShRUIOp::create(b, index, constant(1));
    return offset(base, getStorageType(element), index);
  }

  // Where buffer `i` starts in row `row` of the domain without its columns.
  Value rowBase(int i, Value row) {
    Value start = emitRowOffset(b, program, i, row);
    return start ? elementAt(i, pointers[i], start) : pointers[i];
  }

  void enterRow(Value row) {
    for (size_t i = 0; i < program.buffers.size(); ++i)
      rowBases[i] = rowBase(i, row);
    currentRow = row;
    for (auto [node, value] : llvm::zip(program.nodes, values))
      if (node.level == Level::Row)
        value = Value();
  }

  //===-- Nodes ---------------------------------------------------------------===//

  Value emitScalarNode(int id) {
    const Node &node = program.nodes[id];
    switch (node.kind) {
    case NodeKind::Load: {
      Type element = program.buffers[node.buffer].element;
      Value stored =
          LLVM::LoadOp::create(b, getStorageType(element), rowBases[node.buffer]);
      return emitWiden(b, stored, element, node.type);
    }
    case NodeKind::LoadAt: {
      Type element = program.buffers[node.buffer].element;
      Value column = arith::ExtSIOp::create(b, b.getI64Type(), values[node.inputs[0]]);
      Value place = elementAt(node.buffer, rowBases[node.buffer], column);
      Value stored = LLVM::LoadOp::create(b, getStorageType(element), place);
      return emitWiden(b, stored, element, node.type);
    }
    case NodeKind::RowIndex:
      return currentRow;
    case NodeKind::Parameter:
      return LLVM::LoadOp::create(
          b, b.getI64Type(), offset(parameters, b.getI64Type(), constant(node.buffer)));
    case NodeKind::Compute: {
      SmallVector<Value> inputs;
      for (int input : node.inputs)
        inputs.push_back(values[input]);
      return node.emit(b, inputs);
    }
    case NodeKind::Reduce:
    case NodeKind::ColumnIndex:
      break;
    }
    return Value();
  }

  // All nodes of a level below the columns whose inputs are there.
  void emitScalars(Level level) {
    for (auto [id, node] : llvm::enumerate(program.nodes)) {
      if (node.level != level || values[id] || node.kind == NodeKind::Reduce)
        continue;
      if (llvm::all_of(node.inputs, [&](int input) { return values[input] != nullptr; }))
        values[id] = emitScalarNode(id);
    }
  }

  // The lanes of a walk: where they are, and which of them count.
  struct Lanes {
    Value column;
    Value mask; ///< null: all
  };

  // Columns that will be wanted soon, from `base` on.
  struct Prefetched {
    Value base;
    Type element;
    bool stored;
  };

  // A node's vector at these lanes; `cache` holds what this step has computed already.
  Value emitVector(int id, const Lanes &at, DenseMap<int, Value> &cache) {
    if (Value known = cache.lookup(id))
      return known;
    const Node &node = program.nodes[id];
    Value result;
    if (node.level != Level::Column) {
      assert(values[id] && "a scalar is used before its stage");
      result = vector::BroadcastOp::create(b, vectorOf(node.type), values[id]);
    } else if (auto it = scratch.find(id); it != scratch.end() && it->second.filled) {
      result =
          loadVector(offset(it->second.pointer, node.type, at.column), node.type, at);
    } else if (node.kind == NodeKind::Load) {
      result = emitWiden(b, loadElements(node.buffer, at),
                         program.buffers[node.buffer].element, node.type);
    } else if (node.kind == NodeKind::ColumnIndex) {
      auto steps = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
      Value iota = arith::ConstantOp::create(
          b, DenseElementsAttr::get(vectorOf(b.getI32Type()), ArrayRef<int32_t>(steps)));
      Value first = arith::TruncIOp::create(b, b.getI32Type(), at.column);
      result = arith::AddIOp::create(
          b, vector::BroadcastOp::create(b, vectorOf(b.getI32Type()), first), iota);
    } else {
      SmallVector<Value> inputs;
      for (int input : node.inputs)
        inputs.push_back(emitVector(input, at, cache));
      result = node.emit(b, inputs);
    }
    cache[id] = result;
    return result;
  }

  // Elements of buffer `i` at these lanes, each in its storage type.
  Value loadElements(int i, const Lanes &at) {
    Type element = program.buffers[i].element, stored = getStorageType(element);
    Value pointer = address(i, at.column);
    if (!isPacked(element))
      return loadVector(pointer, stored, at);
    Value pairs;
    {
      Lanes half{at.column, maskOfPairs(at)};
      llvm::SaveAndRestore<int64_t> fewer(lanes, lanes / 2);
      pairs = loadVector(pointer, stored, half);
    }
    Type type = pairs.getType();
    Value low = arith::AndIOp::create(b, pairs, constantLike(b, type, 15));
    Value high = arith::ShRUIOp::create(b, pairs, constantLike(b, type, 4));
    SmallVector<int64_t> order;
    for (int64_t k = 0; k < lanes; ++k)
      order.push_back(k % 2 * (lanes / 2) + k / 2);
    return vector::ShuffleOp::create(b, low, high, order);
  }

  // And the converse.
  void storeElements(Value value, int i, const Lanes &at) {
    Value pointer = address(i, at.column);
    if (!isPacked(program.buffers[i].element))
      return storeVector(value, pointer, at);
    Value low = everyOther(value, 0), high = everyOther(value, 1);
    Value upper = arith::ShLIOp::create(b, high, constantLike(b, high.getType(), 4));
    Lanes half{at.column, maskOfPairs(at)};
    storeVector(arith::OrIOp::create(b, low, upper), pointer, half);
  }

  Value everyOther(Value vector, int64_t first) {
    SmallVector<int64_t> order;
    for (int64_t k = first; k < lanes; k += 2)
      order.push_back(k);
    return vector::ShuffleOp::create(b, vector, vector, order);
  }
  Value maskOfPairs(const Lanes &at) {
    return at.mask ? everyOther(at.mask, 0) : Value();
  }

  Value loadVector(Value pointer, Type element, const Lanes &at) {
    unsigned alignment = getElementBytes(element);
    if (!at.mask)
      return LLVM::LoadOp::create(b, vectorOf(element), pointer, alignment);
    Value nothing = constantLike(b, vectorOf(element), 0);
    return LLVM::MaskedLoadOp::create(b, vectorOf(element), pointer, at.mask, nothing,
                                      alignment);
  }
  void storeVector(Value value, Value pointer, const Lanes &at) {
    unsigned alignment = getElementBytes(getElementTypeOrSelf(value.getType()));
    if (at.mask)
      LLVM::MaskedStoreOp::create(b, value, pointer, at.mask, alignment);
    else
      LLVM::StoreOp::create(b, value, pointer, alignment);
  }

  // The lanes below `count`, for the tail of a walk.
  Value tailMask(Value count) {
    auto steps = llvm::to_vector(llvm::seq<int64_t>(0, lanes));
    Value iota = arith::ConstantOp::create(
        b, DenseElementsAttr::get(vectorOf(b.getI64Type()), ArrayRef<int64_t>(steps)));
    Value limit = vector::BroadcastOp::create(b, vectorOf(b.getI64Type()), count);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, iota, limit);
  }

  //===-- Maps ----------------------------------------------------------------===//

  void storeColumns(const Lanes &at) {
    DenseMap<int, Value> cache;
    // All values first: a result may overwrite what another one reads.
    SmallVector<std::pair<Value, int>> pending;
    for (const Store &store : program.stores) {
      const Buffer &buffer = program.buffers[store.buffer];
      if (!buffer.strides.back())
        continue; // a value per row
      Value value = emitNarrow(b, emitVector(store.node, at, cache), buffer.element);
      pending.emplace_back(value, store.buffer);
    }
    for (auto [value, buffer] : pending)
      storeElements(value, buffer, at);
  }

  void storeScalars() {
    for (const Store &store : program.stores) {
      const Buffer &buffer = program.buffers[store.buffer];
      if (buffer.strides.back())
        continue;
      Value value = scalarOf(store.node);
      LLVM::StoreOp::create(b, emitNarrow(b, value, buffer.element),
                            rowBases[store.buffer]);
    }
  }

  Value scalarOf(int id) {
    assert(values[id] && "a value per row must not depend on the column");
    return values[id];
  }

  bool storesColumns() const {
    return llvm::any_of(program.stores, [&](const Store &store) {
      return program.buffers[store.buffer].strides.back() != 0;
    });
  }

  // [from, to) in whole vectors and a masked tail.
  void walk(Value from, Value to, function_ref<void(const Lanes &)> body) {
    Value width = arith::SubIOp::create(b, to, from);
    Value rest = arith::RemUIOp::create(b, width, constant(lanes));
    Value whole = arith::SubIOp::create(b, to, rest);
    loop(from, whole, lanes, [&](Value column) { body({column, Value()}); });
    Value ragged = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, constant(0));
    auto tail = scf::IfOp::create(b, ragged, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(tail.thenBlock());
    body({whole, tailMask(rest)});
  }

  // The walk that stores, in wider steps where they fit: an element's bits know nothing
  // of them.
  void walkStores(Value from, Value to, function_ref<void(const Lanes &)> body) {
    bool fits = program.flat || program.domain.back() >= kStoredRegisters * lanes;
    bool narrow = llvm::all_of(program.nodes, [](const Node &node) {
      return node.level != Level::Column || !node.type.isIntOrFloat() ||
             node.type.getIntOrFloatBitWidth() <= 32;
    });
    llvm::SaveAndRestore<int64_t> wide(lanes,
                                       fits && narrow ? kStoredRegisters * lanes : lanes);
    walk(from, to, body);
  }

  void emitFlat() {
    if (storesColumns())
      walkStores(begin, end, [&](const Lanes &at) { storeColumns(at); });
    else
      // One element: everything is uniform.
      storeScalarsOnce();
  }

  // The first item alone stores scalars, whoever runs the rest.
  void storeScalarsOnce() {
    Value some = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, begin, end);
    auto guarded = scf::IfOp::create(b, some, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(guarded.thenBlock());
    storeScalars();
  }

  //===-- Rows ----------------------------------------------------------------===//

  void emitRows() {
    reserveScratch();
    loop(begin, end, 1, [&](Value row) {
      SmallVector<Value> outer = values;
      enterRow(row);
      emitScalars(Level::Row);
      SmallVector<Prefetched> stored, next;
      findPrefetches(row, stored, next);
      for (int stage = 1; stage <= lastStage; ++stage) {
        prefetched.clear();
        if (stage == 1)
          prefetched = stored;
        if (stage == lastStage && stage > 1)
          prefetched.append(next);
        emitReductions(stage);
        emitScalars(Level::Row);
      }
      prefetched.clear();
      if (lastStage == 1)
        prefetched = next;
      if (storesColumns())
        walkStores(constant(0), constant(program.domain.back()), [&](const Lanes &at) {
          if (!at.mask)
            prefetch(at.column, lanes);
          storeColumns(at);
        });
      storeScalars();
      values = outer;
      for (auto &entry : scratch)
        entry.second.filled = false;
    });
  }

  // What the first walk along a row asks for: the places that the row stores to; and the
  // last one that has time: what the next row loads. Addresses past the end of a
  // buffer do no harm.
  void findPrefetches(Value row, SmallVectorImpl<Prefetched> &stored,
                      SmallVectorImpl<Prefetched> &next) {
    auto along = [&](int i) {
      ArrayRef<int64_t> strides = program.buffers[i].strides;
      return strides.back() == 1 && llvm::any_of(strides.drop_back(), [](int64_t stride) {
               return stride != 0;
             });
    };
    llvm::SmallSetVector<int, 4> loads, stores;
    for (const Node &node : program.nodes)
      if (node.kind == NodeKind::Load && along(node.buffer))
        loads.insert(node.buffer);
    for (const Store &store : program.stores)
      if (along(store.buffer))
        stores.insert(store.buffer);
    int64_t bytes = 0;
    for (const auto &set : {loads, stores})
      for (int i : set)
        bytes += getElementBytes(program.buffers[i].element) * program.domain.back();
    if (lastStage == 0 || stores.empty() || bytes > kPrefetchedBytes)
      return;
    for (int i : stores)
      stored.push_back({rowBases[i], getStorageType(program.buffers[i].element), true});
    Value following = addi(row, constant(1));
    for (int i : loads)
      next.push_back(
          {rowBase(i, following), getStorageType(program.buffers[i].element), false});
  }

  // Asks for the lines of `width` columns from `column` on.
  void prefetch(Value column, int64_t width) {
    for (const Prefetched &place : prefetched) {
      int64_t bytes = getElementBytes(place.element);
      for (int64_t at = 0; at < width * bytes; at += kLineBytes)
        LLVM::Prefetch::create(
            b, offset(place.base, place.element, addi(column, constant(at / bytes))),
            /*rw=*/place.stored, /*hint=*/3, /*cache=*/1);
    }
  }

  // Exponentials that a reduction and something later both want are computed once.
  void reserveScratch() {
    if (program.domain.back() > 16384)
      return;
    for (auto [id, node] : llvm::enumerate(program.nodes)) {
      if (node.kind != NodeKind::Reduce)
        continue;
      int input = node.inputs[0];
      const Node &summed = program.nodes[input];
      bool expensive = summed.kind == NodeKind::Compute &&
                       summed.level == Level::Column && summed.inputs.size() == 1;
      bool later = llvm::any_of(program.nodes, [&](const Node &user) {
        return user.kind == NodeKind::Compute && llvm::is_contained(user.inputs, input);
      });
      if (!expensive || !later)
        continue;
      Type pointer = LLVM::LLVMPointerType::get(b.getContext());
      int64_t size = llvm::alignTo(program.domain.back(), lanes);
      scratch[input].pointer = LLVM::AllocaOp::create(b, pointer, summed.type,
                                                      constant(size), /*alignment=*/64);
    }
  }

  void emitReductions(int stage) {
    SmallVector<int> ids;
    for (auto [id, node] : llvm::enumerate(program.nodes))
      if (node.kind == NodeKind::Reduce && stages[id] == stage)
        ids.push_back(id);
    int64_t columns = program.domain.back();
    int64_t unrolled = columns / (lanes * kAccumulators) * (lanes * kAccumulators);
    int64_t whole = columns / lanes * lanes;

    SmallVector<Value> accumulators;
    for (int id : ids) {
      const Node &node = program.nodes[id];
      accumulators.append(kAccumulators,
                          emitNeutral(b, node.reduction, vectorOf(node.type)));
    }
    auto step = [&](const Lanes &at, int accumulator, MutableArrayRef<Value> state) {
      DenseMap<int, Value> cache;
      for (auto [k, id] : llvm::enumerate(ids)) {
        const Node &node = program.nodes[id];
        Value value = emitVector(node.inputs[0], at, cache);
        fillScratch(node.inputs[0], value, at);
        if (at.mask)
          value = arith::SelectOp::create(
              b, at.mask, value, emitNeutral(b, node.reduction, value.getType()));
        Value &target = state[k * kAccumulators + accumulator];
        target = emitCombine(b, node.reduction, target, value);
      }
    };
    auto accumulate = [&](int64_t from, int64_t to, int64_t width, int count) {
      if (from >= to)
        return;
      auto walk = scf::ForOp::create(b, constant(from), constant(to), constant(width),
                                     accumulators);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(walk.getBody());
      SmallVector<Value> state(walk.getRegionIterArgs());
      if (count > 1)
        prefetch(walk.getInductionVar(), width);
      for (int i = 0; i < count; ++i)
        step({addi(walk.getInductionVar(), constant(i * lanes)), Value()}, i, state);
      scf::YieldOp::create(b, state);
      accumulators.assign(walk.getResults().begin(), walk.getResults().end());
    };
    accumulate(0, unrolled, lanes * kAccumulators, kAccumulators);
    accumulate(unrolled, whole, lanes, 1);
    if (whole < columns)
      step({constant(whole), tailMask(constant(columns - whole))}, 0, accumulators);
    for (auto [k, id] : llvm::enumerate(ids)) {
      ArrayRef<Value> parts =
          ArrayRef<Value>(accumulators).slice(k * kAccumulators, kAccumulators);
      values[id] = horizontal(program.nodes[id].reduction, parts);
      if (auto it = scratch.find(program.nodes[id].inputs[0]); it != scratch.end())
        it->second.filled = true;
    }
  }

  void fillScratch(int id, Value value, const Lanes &at) {
    auto it = scratch.find(id);
    if (it != scratch.end() && !it->second.filled)
      storeVector(value, offset(it->second.pointer, program.nodes[id].type, at.column),
                  at);
  }

  // The fixed tree: accumulators in pairs, then halves of the vector.
  Value horizontal(Reduction reduction, ArrayRef<Value> parts) {
    SmallVector<Value> level(parts);
    while (level.size() > 1) {
      SmallVector<Value> next;
      for (size_t i = 0; i < level.size(); i += 2)
        next.push_back(emitCombine(b, reduction, level[i], level[i + 1]));
      level = next;
    }
    Value vector = level[0];
    for (int64_t width = lanes / 2; width >= 1; width /= 2) {
      auto low = llvm::to_vector(llvm::seq<int64_t>(0, width)),
           high = llvm::to_vector(llvm::seq<int64_t>(width, 2 * width));
      Value x = vector::ShuffleOp::create(b, vector, vector, low);
      Value y = vector::ShuffleOp::create(b, vector, vector, high);
      vector = emitCombine(b, reduction, x, y);
    }
    return vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0});
  }

  //===-- Partial sums over rows ----------------------------------------------===//

  // Item (a * partials + p) * tiles + t: rows of partial p in slice a, columns of tile t.
  void emitPartials() {
    int64_t reduced = program.domain[1], columns = program.domain[2];
    int64_t tiles = llvm::divideCeil(columns, kSumTile);
    loop(begin, end, 1, [&](Value item) {
      SmallVector<Value> outer = values;
      Value tile = arith::RemUIOp::create(b, item, constant(tiles));
      Value group = arith::DivUIOp::create(b, item, constant(tiles));
      Value partial = arith::RemUIOp::create(b, group, constant(program.partials));
      Value slice = arith::DivUIOp::create(b, group, constant(program.partials));
      auto bound = [&](Value p) -> Value {
        Value scaled = muli(p, constant(reduced));
        return arith::DivUIOp::create(b, scaled, constant(program.partials));
      };
      Value first = bound(partial), last = bound(addi(partial, constant(1)));
      Value from = muli(tile, constant(kSumTile));
      Value to =
          arith::MinSIOp::create(b, addi(from, constant(kSumTile)), constant(columns));
      Value base = muli(slice, constant(reduced));

      SmallVector<Value> targets;
      for (const Store &store : program.stores) {
        const Buffer &buffer = program.buffers[store.buffer];
        Value start = addi(muli(slice, constant(buffer.strides[0])),
                           muli(partial, constant(columns)));
        targets.push_back(
            offset(pointers[store.buffer], getStorageType(buffer.element), start));
      }
      // The sums start from the neutral element, so that any number of rows will do.
      walk(from, to, [&](const Lanes &at) {
        for (auto [store, target] : llvm::zip(program.stores, targets)) {
          Type type = program.nodes[store.node].type;
          Value zero = emitNeutral(b, program.partialReduction, vectorOf(type));
          storeSum(zero, store, target, at);
        }
      });
      Value count = arith::SubIOp::create(b, last, first);
      Value rest = arith::RemUIOp::create(b, count, constant(kSummedRows));
      Value whole = arith::SubIOp::create(b, last, rest);
      loop(first, whole, kSummedRows,
           [&](Value row) { addRows(addi(base, row), kSummedRows, from, to, targets); });
      loop(whole, last, 1,
           [&](Value row) { addRows(addi(base, row), 1, from, to, targets); });
      values = outer;
    });
  }

  void storeSum(Value value, const Store &store, Value target, const Lanes &at) {
    Type element = program.buffers[store.buffer].element;
    storeVector(emitNarrow(b, value, element),
                offset(target, getStorageType(element), at.column), at);
  }

  // Adds `count` rows to the sums, in ascending order.
  void addRows(Value row, int count, Value from, Value to, ArrayRef<Value> targets) {
    SmallVector<SmallVector<Value>> bases, scalars;
    SmallVector<Value> saved = values;
    for (int i = 0; i < count; ++i) {
      values = saved;
      enterRow(addi(row, constant(i)));
      emitScalars(Level::Row);
      bases.push_back(SmallVector<Value>(rowBases));
      scalars.push_back(values);
    }
    walk(from, to, [&](const Lanes &at) {
      SmallVector<Value> sums;
      for (auto [store, target] : llvm::zip(program.stores, targets)) {
        Type element = program.buffers[store.buffer].element,
             stored = getStorageType(element);
        Value sum = loadVector(offset(target, stored, at.column), stored, at);
        sums.push_back(emitWiden(b, sum, element, program.nodes[store.node].type));
      }
      for (int i = 0; i < count; ++i) {
        DenseMap<int, Value> cache;
        rowBases = bases[i];
        values = scalars[i];
        for (auto [store, sum] : llvm::zip(program.stores, sums))
          sum = emitCombine(b, program.partialReduction, sum,
                            emitVector(store.node, at, cache));
      }
      for (auto [store, target, sum] : llvm::zip(program.stores, targets, sums))
        storeSum(sum, store, target, at);
    });
    values = saved;
  }

  struct Scratch {
    Value pointer;
    bool filled = false;
  };

  ImplicitLocOpBuilder b;
  const Program &program;
  func::FuncOp function;
  int64_t lanes;
  Value parameters, begin, end, currentRow;
  SmallVector<Value> pointers, rowBases;
  SmallVector<Value> values; ///< scalars of nodes below the column level
  SmallVector<int> stages;
  int lastStage = 0;
  SmallVector<Prefetched> prefetched; ///< what the current walk asks for
  llvm::MapVector<int, Scratch> scratch;
};

} // namespace

void train::emitCpuKernel(ModuleOp module, StringRef name, const rows::Program &program,
                          const CpuTarget &target) {
  KernelEmitter(module, name, program, target).emit();
}
