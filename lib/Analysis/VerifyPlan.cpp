//===- VerifyPlan.cpp - whether a memory plan can be read -------------------===//
//
// One visit to everything that has an offset.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/VerifyPlan.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/IR/Programs.h"

using namespace mlir;
using namespace train;

namespace {

class PlanVerifier {
public:
  explicit PlanVerifier(ModuleOp module) : module(module), persistent(module) {}

  LogicalResult verify() {
    if (failed(verifyModule()))
      return failure();
    for (Operation &op : module.getOps())
      if (isa<ParamOp, StateOp>(op) && failed(verifySymbol(op)))
        return failure();
    for (ProgramOpInterface program : getExecutedPrograms(module)) {
      if (failed(verifyArguments(program, *program.getBodyBlock())))
        return failure();
      WalkResult walked =
          program.getBodyBlock()->walk<WalkOrder::PreOrder>([&](Operation *op) {
            if (failed(verifyOp(op)))
              return WalkResult::interrupt();
            return isa<FusionOp>(op) ? WalkResult::skip() : WalkResult::advance();
          });
      if (walked.wasInterrupted())
        return failure();
    }
    return success();
  }

private:
  LogicalResult verifyModule() {
    struct Number {
      StringRef name;
      int64_t least, most, value;
    };
    constexpr int64_t most = std::numeric_limits<int64_t>::max();
    Number numbers[] = {{kArenaBytesAttr, 0, most, 0},
                        {kLowerBoundAttr, 0, most, 0},
                        {kThreadsAttr, 1, std::numeric_limits<int>::max(), 0}};
    for (Number &number : numbers) {
      auto attr = module->getAttrOfType<IntegerAttr>(number.name);
      if (!attr || !attr.getType().isSignlessInteger(64))
        return module.emitError("the module lacks the attribute '")
               << number.name << "' of a memory plan, an i64";
      number.value = attr.getInt();
      if (number.value < number.least || number.value > number.most)
        return module.emitError("the attribute '")
               << number.name << "' must be at least " << number.least << ", got "
               << number.value;
    }
    arenaBytes = numbers[0].value;
    threads = static_cast<int>(numbers[2].value);
    std::optional<unsigned> key = persistent.getRandomKey();
    if (!key)
      return success();
    auto offset = module->getAttrOfType<IntegerAttr>(kRandomKeyOffsetAttr);
    if (!offset || !offset.getType().isSignlessInteger(64))
      return module.emitError("programs draw, and the module lacks the attribute '")
             << kRandomKeyOffsetAttr << "', an i64";
    return verifyOffset(module, "the random key", offset.getInt(),
                        persistent.getStorages()[*key].bytes, /*aligned=*/true);
  }

  LogicalResult verifySymbol(Operation &op) {
    auto offset = op.getAttrOfType<IntegerAttr>("offset");
    if (!offset)
      return op.emitOpError("has no offset in the arena");
    return verifyOffset(&op, "its value", offset.getInt(),
                        getByteSize(op.getAttrOfType<TypeAttr>("type").getValue()),
                        /*aligned=*/true);
  }

  LogicalResult verifyArguments(Operation *op, Block &block) {
    auto offsets = op->getAttrOfType<DenseI64ArrayAttr>(kArgOffsetsAttr);
    if (!offsets || offsets.size() != block.getNumArguments())
      return op->emitOpError("needs one entry for each of ")
             << block.getNumArguments() << " arguments in the attribute '"
             << kArgOffsetsAttr << "', array<i64>";
    for (auto [offset, argument] :
         llvm::zip_equal(offsets.asArrayRef(), block.getArguments()))
      if (offset != -1 &&
          failed(verifyOffset(op, "argument " + Twine(argument.getArgNumber()), offset,
                              getByteSize(argument.getType()), /*aligned=*/true)))
        return failure();
    return success();
  }

  LogicalResult verifyOp(Operation *op) {
    if (op->getNumResults() && failed(verifyResults(op)))
      return failure();
    if (auto loop = dyn_cast<MicrobatchOp>(op))
      return verifyArguments(op, loop.getBody().front());
    if (isa<YieldOp>(op))
      return success();
    int64_t bytes = getWorkspaceBytes(op, threads);
    if (!bytes)
      return success();
    auto offset = op->getAttrOfType<IntegerAttr>(kWorkspaceAttr);
    if (!offset || !offset.getType().isSignlessInteger(64))
      return op->emitOpError("needs a workspace, and lacks the attribute '")
             << kWorkspaceAttr << "', an i64";
    return verifyOffset(op, "its workspace", offset.getInt(), bytes, /*aligned=*/true);
  }

  LogicalResult verifyResults(Operation *op) {
    auto offsets = op->getAttrOfType<DenseI64ArrayAttr>(kOffsetsAttr);
    if (!offsets || offsets.size() != op->getNumResults())
      return op->emitOpError("needs one entry per result in the attribute '")
             << kOffsetsAttr << "', array<i64>";
    for (auto [offset, result] :
         llvm::zip_equal(offsets.asArrayRef(), op->getResults())) {
      // What lies in another value's bytes may start anywhere in them.
      bool aligned = isa<ReadOp, RandomKeyOp, MicrobatchOp>(op) ||
                     getResultStorage(result).kind == ResultStorage::Kind::Fresh;
      if (offset != -1 &&
          failed(verifyOffset(op, "result " + Twine(result.getResultNumber()), offset,
                              getByteSize(result.getType()), aligned)))
        return failure();
    }
    return success();
  }

  LogicalResult verifyOffset(Operation *op, const Twine &what, int64_t offset,
                             int64_t bytes, bool aligned) {
    if (offset < 0 || bytes > arenaBytes || offset > arenaBytes - bytes)
      return op->emitOpError("places ") << what << " of " << bytes << " bytes at byte "
                                        << offset << " of an arena of " << arenaBytes;
    if (aligned && offset % TRAIN_ALIGNMENT)
      return op->emitOpError("places ")
             << what << " at byte " << offset << ", which is not a multiple of "
             << TRAIN_ALIGNMENT;
    return success();
  }

  ModuleOp module;
  PersistentMemory persistent;
  int64_t arenaBytes = 0;
  int threads = 1;
};

} // namespace

LogicalResult train::verifyMemoryPlan(ModuleOp module) {
  return PlanVerifier(module).verify();
}
