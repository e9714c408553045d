// Row programs as NVVM kernels. The nodes are those of the CPU emitter; here a thread
// holds 1 or 4 neighbouring columns of each as scalars, so that every closure emits plain
// scalar code and only memory sees vectors of 16 bytes.
//
// Flat programs: threads stride over the range. Rows: a block per row, threads along the
// columns. A row that few accesses cover is loaded once and its values stay in registers
// through all stages; a longer one is walked once per stage, computing again what it
// needs. Sums over rows: a block per tile, a thread adds its columns down the rows.
//
// Reductions take one tree per row length: a thread's own columns in ascending order, its
// lanes in pairs, the warp by a butterfly (all threads get the same bits), the warps'
// results by another one. Stores come last, behind a barrier where a thread may read what
// is not its own column, so that a result may lie in the place of an operand.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "train/Conversion/GpuKernels.h"
#include "train/Conversion/RowEmission.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

namespace {

constexpr unsigned kGlobalSpace = 1, kSharedSpace = 3;
constexpr int kWarp = 32;
/// Rows that a summing kernel has in flight, to hide the latency of their loads.
constexpr int kSummedRows = 4;

class KernelEmitter {
public:
  KernelEmitter(ModuleOp module, StringRef name, const Program &program, bool aligned)
      : b(module.getLoc(), module.getContext()), module(module), program(program),
        aligned(aligned), shape(GpuShape::get(program)), stages(getStages(program)) {
    b.setInsertionPointToEnd(module.getBody());
    Type pointer = LLVM::LLVMPointerType::get(b.getContext(), kGlobalSpace);
    SmallVector<Type> arguments(program.buffers.size(), pointer);
    arguments.append(program.parameters.size() + 1, b.getI64Type());
    function = LLVM::LLVMFuncOp::create(
        b, name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), arguments));
    function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
    function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                      b.getDenseI32ArrayAttr({shape.threads, 1, 1}));
  }

  void emit() {
    Block *entry = function.addEntryBlock(b);
    b.setInsertionPointToStart(entry);
    size_t buffers = program.buffers.size();
    pointers.assign(entry->args_begin(), entry->args_begin() + buffers);
    parameters.assign(entry->args_begin() + buffers, std::prev(entry->args_end()));
    items = entry->getArguments().back();
    rowBases = pointers;
    values.assign(program.nodes.size(), Value());
    Type i32 = b.getI32Type();
    auto range = LLVM::ConstantRangeAttr::get(b.getContext(), 32, 0, shape.threads);
    thread = NVVM::ThreadIdXOp::create(b, i32, range);
    block = extend(NVVM::BlockIdXOp::create(b, i32));
    blocks = extend(NVVM::GridDimXOp::create(b, i32));
    emitScalars(Level::Uniform);
    if (program.flat)
      emitFlat();
    else if (program.partials)
      emitPartials();
    else
      emitRows();
    LLVM::ReturnOp::create(b, ValueRange());
  }

private:
  using Lanes = SmallVector<Value, 4>;

  /// Neighbouring columns of one thread, and the values of nodes there.
  struct Place {
    Value column; ///< the first, in bounds even where the place is not active
    int width;
    Value active; ///< null: always
    DenseMap<int, Lanes> cache;

    Place(Value column, int width) : column(column), width(width) {}
  };

  //===-- Small things --------------------------------------------------------===//

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  }
  Value constant32(int32_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value addi(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value muli(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value extend(Value x) { return arith::ExtUIOp::create(b, b.getI64Type(), x); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x, y);
  }
  Value offset(Value pointer, Type element, Value index) {
    return LLVM::GEPOp::create(b, pointer.getType(), element, pointer, ValueRange{index});
  }
  // The accumulated values of a loop over i64 from `from` to `to`.
  SmallVector<Value> loop(Value from, Value to, Value step, ValueRange start,
                          function_ref<SmallVector<Value>(Value, ValueRange)> body) {
    auto loop = scf::ForOp::create(b, from, to, step, start);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> results = body(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!start.empty())
      scf::YieldOp::create(b, results);
    return SmallVector<Value>(loop.getResults());
  }
  void loop(Value from, Value to, Value step, function_ref<void(Value)> body) {
    loop(from, to, step, {}, [&](Value i, ValueRange) {
      body(i);
      return SmallVector<Value>();
    });
  }
  void emitIf(Value condition, function_ref<void()> body) {
    auto guarded = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(guarded.thenBlock());
    body();
  }
  void emitIf(Value condition, bool needed, function_ref<void()> body) {
    if (needed)
      emitIf(condition, body);
    else
      body();
  }
  void barrier() { NVVM::Barrier0Op::create(b); }
  Value isThread(Value index, int number) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index, constant32(number));
  }

  //===-- Memory --------------------------------------------------------------===//

  Value address(int buffer, Value column) {
    const Buffer &walked = program.buffers[buffer];
    int64_t stride = walked.strides.back();
    if (stride == 0)
      return rowBases[buffer];
    if (stride != 1)
      column = muli(column, constant(stride));
    return offset(rowBases[buffer], getStorageType(walked.element), column);
  }

  // Of 4 neighbouring columns in any row.
  int64_t alignmentOf(int buffer) const {
    const Buffer &walked = program.buffers[buffer];
    bool wide = aligned && llvm::all_of(ArrayRef<int64_t>(walked.strides).drop_back(),
                                        [](int64_t stride) { return stride % 4 == 0; });
    return wide ? getGpuAlignment(walked) : getElementBytes(walked.element);
  }

  Value loadScalar(int buffer, Value pointer, Type compute) {
    Type element = program.buffers[buffer].element;
    Value stored = LLVM::LoadOp::create(b, getStorageType(element), pointer);
    return emitWiden(b, stored, element, compute);
  }

  Lanes loadLanes(int buffer, const Place &at, Type compute) {
    Value pointer = address(buffer, at.column);
    if (at.width == 1)
      return {loadScalar(buffer, pointer, compute)};
    Type element = program.buffers[buffer].element;
    Value vector =
        LLVM::LoadOp::create(b, VectorType::get({at.width}, getStorageType(element)),
                             pointer, alignmentOf(buffer));
    Lanes lanes;
    for (int i = 0; i < at.width; ++i)
      lanes.push_back(emitWiden(
          b, LLVM::ExtractElementOp::create(b, vector, constant32(i)), element, compute));
    return lanes;
  }

  void storeLanes(ArrayRef<Value> lanes, int buffer, Value pointer) {
    Type element = program.buffers[buffer].element;
    if (lanes.size() == 1) {
      LLVM::StoreOp::create(b, emitNarrow(b, lanes[0], element), pointer);
      return;
    }
    Type type =
        VectorType::get({static_cast<int64_t>(lanes.size())}, getStorageType(element));
    Value vector = LLVM::PoisonOp::create(b, type);
    for (auto [i, lane] : llvm::enumerate(lanes))
      vector = LLVM::InsertElementOp::create(b, vector, emitNarrow(b, lane, element),
                                             constant32(static_cast<int32_t>(i)));
    LLVM::StoreOp::create(b, vector, pointer, alignmentOf(buffer));
  }

  //===-- Nodes ---------------------------------------------------------------===//

  void enterRow(Value row) {
    for (auto [i, buffer] : llvm::enumerate(program.buffers)) {
      Value start = emitRowOffset(b, program, i, row);
      rowBases[i] = start ? offset(pointers[i], getStorageType(buffer.element), start)
                          : pointers[i];
    }
    currentRow = row;
    for (auto [node, value] : llvm::zip(program.nodes, values))
      if (node.level == Level::Row)
        value = Value();
  }

  Value emitScalarNode(const Node &node) {
    switch (node.kind) {
    case NodeKind::Load:
      return loadScalar(node.buffer, rowBases[node.buffer], node.type);
    case NodeKind::LoadAt:
      return loadScalar(
          node.buffer,
          address(node.buffer,
                  arith::ExtSIOp::create(b, b.getI64Type(), values[node.inputs[0]])),
          node.type);
    case NodeKind::RowIndex:
      return currentRow;
    case NodeKind::Parameter:
      return parameters[node.buffer];
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

  // All nodes of a level below the columns whose inputs are there; each thread has its
  // copy.
  void emitScalars(Level level) {
    for (auto [id, node] : llvm::enumerate(program.nodes))
      if (node.level == level && !values[id] && node.kind != NodeKind::Reduce &&
          llvm::all_of(node.inputs, [&](int input) { return values[input] != nullptr; }))
        values[id] = emitScalarNode(node);
  }

  const Lanes &emitLanes(int id, Place &at) {
    if (auto known = at.cache.find(id); known != at.cache.end())
      return known->second;
    const Node &node = program.nodes[id];
    Lanes lanes;
    if (node.level != Level::Column) {
      assert(values[id] && "a scalar is used before its stage");
      lanes.assign(at.width, values[id]);
    } else if (node.kind == NodeKind::Load) {
      lanes = loadLanes(node.buffer, at, node.type);
    } else if (node.kind == NodeKind::ColumnIndex) {
      Value first = arith::TruncIOp::create(b, b.getI32Type(), at.column);
      for (int i = 0; i < at.width; ++i)
        lanes.push_back(addi(first, constant32(i)));
    } else {
      SmallVector<Lanes> inputs;
      for (int input : node.inputs)
        inputs.push_back(emitLanes(input, at));
      for (int i = 0; i < at.width; ++i) {
        SmallVector<Value> scalars;
        for (const Lanes &input : inputs)
          scalars.push_back(input[i]);
        lanes.push_back(node.emit(b, scalars));
      }
    }
    return at.cache[id] = std::move(lanes);
  }

  //===-- Stores --------------------------------------------------------------===//

  bool walksColumns(const Store &store) const {
    return program.buffers[store.buffer].strides.back() != 0;
  }

  void storeColumns(Place &at) {
    // All values first: a result may overwrite what another one reads.
    SmallVector<std::pair<int, Lanes>> pending;
    for (const Store &store : program.stores)
      if (walksColumns(store))
        pending.emplace_back(store.buffer, emitLanes(store.node, at));
    emitIf(at.active, at.active != nullptr, [&] {
      for (const auto &[buffer, lanes] : pending)
        storeLanes(lanes, buffer, address(buffer, at.column));
    });
  }

  void storeScalars(Value chosen) {
    if (llvm::all_of(program.stores,
                     [&](const Store &store) { return walksColumns(store); }))
      return;
    emitIf(chosen, [&] {
      for (const Store &store : program.stores)
        if (!walksColumns(store))
          storeLanes({values[store.node]}, store.buffer, rowBases[store.buffer]);
    });
  }

  bool storesColumns() const {
    return llvm::any_of(program.stores,
                        [&](const Store &store) { return walksColumns(store); });
  }

  //===-- Flat ranges ---------------------------------------------------------===//

  void emitFlat() {
    Value first = addi(muli(block, constant(shape.threads)), extend(thread));
    Value all = muli(blocks, constant(shape.threads));
    auto walk = [&](Value from, Value to, int width) {
      loop(addi(from, muli(first, constant(width))), to, muli(all, constant(width)),
           [&](Value i) {
             Place at{i, width};
             storeColumns(at);
           });
    };
    if (storesColumns()) {
      Value whole = constant(0);
      if (shape.width > 1) {
        whole = arith::AndIOp::create(b, items, constant(-shape.width));
        walk(constant(0), whole, shape.width);
      }
      walk(whole, items, 1);
    }
    Value chosen = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, first, constant(0));
    storeScalars(arith::AndIOp::create(b, chosen, less(constant(0), items)));
  }

  //===-- Rows ----------------------------------------------------------------===//

  void emitRows() {
    SmallVector<Value> uniform = values;
    loop(block, items, blocks, [&](Value row) {
      enterRow(row);
      emitScalars(Level::Row);
      Value column = muli(extend(thread), constant(shape.width));
      SmallVector<Place> resident = getResidentPlaces(column);
      int lastStage = *llvm::max_element(stages);
      for (int stage = 1; stage <= lastStage; ++stage) {
        emitReductions(stage, column, resident);
        emitScalars(Level::Row);
      }
      if (readsBeyondOwnColumns())
        barrier();
      if (storesColumns()) {
        for (Place &at : resident)
          storeColumns(at);
        if (resident.empty())
          loop(column, constant(program.domain.back()), getStride(), [&](Value i) {
            Place at{i, shape.width};
            storeColumns(at);
          });
      }
      storeScalars(isThread(thread, 0));
      values = uniform;
    });
  }

  Value getStride() { return constant(shape.threads * shape.width); }

  // Past the end of the row, threads compute the last columns again and keep the result
  // to themselves.
  SmallVector<Place> getResidentPlaces(Value first) {
    SmallVector<Place> places;
    int64_t columns = program.domain.back(), stride = shape.threads * shape.width;
    for (int step = 0; step < shape.residentSteps; ++step) {
      Place at{addi(first, constant(step * stride)), shape.width};
      if ((step + 1) * stride > columns) {
        at.active = less(at.column, constant(columns));
        at.column = arith::MinUIOp::create(b, at.column, constant(columns - shape.width));
      }
      places.push_back(std::move(at));
    }
    return places;
  }

  // Shared memory too is free for the next row only when all threads have read it.
  bool readsBeyondOwnColumns() const {
    return llvm::any_of(program.nodes,
                        [](const Node &node) {
                          return node.kind == NodeKind::Reduce ||
                                 node.kind == NodeKind::LoadAt;
                        }) ||
           !llvm::all_of(program.stores,
                         [&](const Store &store) { return walksColumns(store); });
  }

  void emitReductions(int stage, Value column, MutableArrayRef<Place> resident) {
    SmallVector<int> ids;
    for (auto [id, node] : llvm::enumerate(program.nodes))
      if (node.kind == NodeKind::Reduce && stages[id] == stage)
        ids.push_back(id);
    SmallVector<Value> sums;
    for (int id : ids)
      sums.append(shape.width,
                  emitNeutral(b, program.nodes[id].reduction, program.nodes[id].type));
    auto accumulate = [&](Place &at, SmallVector<Value> state) {
      for (auto [k, id] : llvm::enumerate(ids)) {
        const Node &node = program.nodes[id];
        Lanes terms = emitLanes(node.inputs[0], at);
        for (int i = 0; i < shape.width; ++i) {
          Value term = terms[i];
          if (at.active)
            term = arith::SelectOp::create(b, at.active, term,
                                           emitNeutral(b, node.reduction, node.type));
          Value &sum = state[k * shape.width + i];
          sum = emitCombine(b, node.reduction, sum, term);
        }
      }
      return state;
    };
    for (Place &at : resident)
      sums = accumulate(at, sums);
    if (resident.empty())
      sums = loop(column, constant(program.domain.back()), getStride(), sums,
                  [&](Value i, ValueRange state) {
                    Place at{i, shape.width};
                    return accumulate(at, SmallVector<Value>(state));
                  });
    SmallVector<Value> parts;
    for (auto [k, id] : llvm::enumerate(ids))
      parts.push_back(butterfly(
          id, pairwise(id, ArrayRef<Value>(sums).slice(k * shape.width, shape.width)),
          kWarp));
    if (shape.threads > kWarp)
      shareWarps(ids, parts);
    for (auto [id, part] : llvm::zip(ids, parts))
      values[id] = part;
  }

  Value pairwise(int id, ArrayRef<Value> parts) {
    if (parts.size() == 1)
      return parts[0];
    size_t half = parts.size() / 2;
    return emitCombine(b, program.nodes[id].reduction,
                       pairwise(id, parts.take_front(half)),
                       pairwise(id, parts.drop_front(half)));
  }

  // The warps' results through shared memory, each reduction of the program in slots of
  // its own.
  void shareWarps(ArrayRef<int> ids, MutableArrayRef<Value> parts) {
    int warps = shape.threads / kWarp;
    Value warp = arith::ShRUIOp::create(b, thread, constant32(5));
    Value lane = arith::AndIOp::create(b, thread, constant32(kWarp - 1));
    Value source = arith::AndIOp::create(b, thread, constant32(warps - 1));
    Type slot = b.getI64Type();
    auto slotOf = [&](int id, Value index) {
      Value shared = LLVM::AddressOfOp::create(b, getShared());
      return offset(shared, slot, addi(index, constant32(numberOfReduction(id) * warps)));
    };
    emitIf(isThread(lane, 0), [&] {
      for (auto [id, part] : llvm::zip(ids, parts)) {
        Value stored = emitNarrow(b, part, program.nodes[id].type);
        LLVM::StoreOp::create(b, stored, slotOf(id, warp));
      }
    });
    barrier();
    for (auto [id, part] : llvm::zip(ids, parts)) {
      Type type = program.nodes[id].type;
      Value read = LLVM::LoadOp::create(b, getStorageType(type), slotOf(id, source));
      part = butterfly(id, emitWiden(b, read, type, type), warps);
    }
  }

  int numberOfReduction(int id) const {
    return llvm::count_if(ArrayRef<Node>(program.nodes).take_front(id),
                          [](const Node &node) { return node.kind == NodeKind::Reduce; });
  }

  LLVM::GlobalOp getShared() {
    if (shared)
      return shared;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(function);
    int64_t slots = numberOfReduction(program.nodes.size()) * (shape.threads / kWarp);
    shared = LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(b.getI64Type(), slots),
                                    /*isConstant=*/false, LLVM::Linkage::Internal,
                                    (function.getName() + "_shared").str(), Attribute(),
                                    /*alignment=*/8, kSharedSpace);
    return shared;
  }

  // Both partners of an exchange add the same two values, so all lanes end with the same
  // bits.
  Value butterfly(int id, Value value, int lanes) {
    for (int distance = lanes / 2; distance >= 1; distance /= 2)
      value =
          emitCombine(b, program.nodes[id].reduction, value, exchange(value, distance));
    return value;
  }

  Value exchange(Value value, int distance) {
    Type type = value.getType(), i32 = b.getI32Type();
    auto shuffle = [&](Value word) -> Value {
      return NVVM::ShflOp::create(b, word.getType(), constant32(-1), word,
                                  constant32(distance), constant32(kWarp - 1),
                                  NVVM::ShflKind::bfly, UnitAttr());
    };
    if (type.isInteger(1))
      return arith::TruncIOp::create(b, type,
                                     shuffle(arith::ExtUIOp::create(b, i32, value)));
    if (!type.isF64())
      return shuffle(value);
    Value words = LLVM::BitcastOp::create(b, VectorType::get({2}, i32), value);
    for (int i : {0, 1})
      words = LLVM::InsertElementOp::create(
          b, words, shuffle(LLVM::ExtractElementOp::create(b, words, constant32(i))),
          constant32(i));
    return LLVM::BitcastOp::create(b, type, words);
  }

  //===-- Sums over rows ------------------------------------------------------===//

  // Item (a * partials + p) * tiles + t: rows of partial p in slice a, columns of tile t.
  void emitPartials() {
    int64_t reduced = program.domain[1], columns = program.domain[2];
    int64_t tileColumns = shape.threads * shape.width;
    Value tiles = constant(llvm::divideCeil(columns, tileColumns));
    SmallVector<Value> uniform = values;
    loop(block, items, blocks, [&](Value item) {
      Value tile = arith::RemUIOp::create(b, item, tiles);
      Value group = arith::DivUIOp::create(b, item, tiles);
      Value partial = arith::RemUIOp::create(b, group, constant(program.partials));
      Value slice = arith::DivUIOp::create(b, group, constant(program.partials));
      auto bound = [&](Value p) -> Value {
        return arith::DivUIOp::create(b, muli(p, constant(reduced)),
                                      constant(program.partials));
      };
      Value first = bound(partial), last = bound(addi(partial, constant(1)));
      Value column = addi(muli(tile, constant(tileColumns)),
                          muli(extend(thread), constant(shape.width)));
      emitIf(less(column, constant(columns)), [&] {
        SmallVector<Value> sums;
        for (const Store &store : program.stores)
          sums.append(shape.width, emitNeutral(b, program.partialReduction,
                                               program.nodes[store.node].type));
        Value base = muli(slice, constant(reduced));
        auto addRows = [&](int count) {
          return [&, count](Value row, ValueRange state) {
            SmallVector<Value> next(state);
            for (int i = 0; i < count; ++i) {
              enterRow(addi(addi(base, row), constant(i)));
              addRow(column, next);
            }
            values = uniform;
            return next;
          };
        };
        Value count = arith::SubIOp::create(b, last, first);
        Value rest = arith::RemUIOp::create(b, count, constant(kSummedRows));
        Value whole = arith::SubIOp::create(b, last, rest);
        sums = loop(first, whole, constant(kSummedRows), sums, addRows(kSummedRows));
        sums = loop(whole, last, constant(1), sums, addRows(1));
        for (auto [k, store] : llvm::enumerate(program.stores)) {
          const Buffer &buffer = program.buffers[store.buffer];
          Value start = addi(addi(muli(slice, constant(buffer.strides[0])),
                                  muli(partial, constant(columns))),
                             column);
          storeLanes(
              ArrayRef<Value>(sums).slice(k * shape.width, shape.width), store.buffer,
              offset(pointers[store.buffer], getStorageType(buffer.element), start));
        }
      });
    });
  }

  // Adds the current row to the sums: rows come in ascending order, as in every other
  // emitter.
  void addRow(Value column, MutableArrayRef<Value> sums) {
    emitScalars(Level::Row);
    Place at{column, shape.width};
    for (auto [k, store] : llvm::enumerate(program.stores)) {
      Lanes terms = emitLanes(store.node, at);
      for (int i = 0; i < shape.width; ++i) {
        Value &sum = sums[k * shape.width + i];
        sum = emitCombine(b, program.partialReduction, sum, terms[i]);
      }
    }
  }

  ImplicitLocOpBuilder b;
  ModuleOp module;
  const Program &program;
  const bool aligned;
  const GpuShape shape;
  SmallVector<int> stages;
  LLVM::LLVMFuncOp function;
  LLVM::GlobalOp shared;
  Value thread;        ///< i32
  Value block, blocks; ///< i64
  Value items, currentRow;
  SmallVector<Value> pointers, parameters, rowBases;
  SmallVector<Value> values; ///< scalars of nodes below the column level
};

} // namespace

void train::emitGpuKernel(ModuleOp module, StringRef name, const Program &program,
                          bool aligned) {
  KernelEmitter(module, name, program, aligned).emit();
}
