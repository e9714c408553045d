// Another dialect's op that takes several kernels: the planner has to learn of its
// temporaries without the dialect doing more than naming its expansion.
#include "train/Conversion/Expansion.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Parser/Parser.h"
#include "train/Conversion/RowProgram.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace train;

namespace {

/// y = x * x + x, by way of a temporary that holds x * x.
class DetourOp : public Op<DetourOp, OpTrait::ZeroRegions, OpTrait::OneResult,
                           OpTrait::ZeroSuccessors, OpTrait::OneOperand,
                           train::RowProgramOpInterface::Trait> {
public:
  using Op::Op;
  static StringRef getOperationName() { return "foreign.detour"; }
  static ArrayRef<StringRef> getAttributeNames() { return {}; }
};

struct Expansions : rows::ExpansionDialectInterface {
  Expansions(Dialect *dialect) : ExpansionDialectInterface(dialect) {
    expansions.sequence<DetourOp>([](rows::Sequence &sequence, DetourOp op) {
      Value x = op->getOperand(0), y = op->getResult(0);
      auto type = cast<RankedTensorType>(x.getType());
      int64_t place = sequence.reserve(type.getNumElements() *
                                       getElementBytes(type.getElementType()));
      rows::Builder first(op.getContext(), type.getShape(), /*keepsRows=*/false);
      int loaded = first.load(x);
      first.storeTemporary(first.mul(loaded, loaded), place, type.getElementType(),
                           type.getShape());
      sequence.programs.push_back(first.finish());
      rows::Builder second(op.getContext(), type.getShape(), /*keepsRows=*/false);
      int square = second.loadTemporary(place, type.getElementType(), type.getShape());
      second.store(second.add(square, second.load(x)), y);
      sequence.programs.push_back(second.finish());
    });
  }
};

class ForeignDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ForeignDialect)
  ForeignDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<ForeignDialect>()) {
    addOperations<DetourOp>();
    addInterfaces<Expansions>();
  }
  static StringRef getDialectNamespace() { return "foreign"; }
};

TEST(Expansion, SequencesOfOtherDialectsHaveAWorkspace) {
  DialectRegistry registry;
  registry.insert<TrainDialect, ForeignDialect>();
  registerRowPrograms(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      R"(train.graph @g(%x: tensor<3x50xf32> batch(0)) -> (y: tensor<3x50xf32>) {
           %y = "foreign.detour"(%x) : (tensor<3x50xf32>) -> tensor<3x50xf32>
           train.return %y : tensor<3x50xf32>
         })",
      &context);
  ASSERT_TRUE(module);
  DetourOp op;
  module->walk([&](DetourOp found) { op = found; });
  ASSERT_TRUE(op);
  auto workspace = dyn_cast<WorkspaceOpInterface>(op.getOperation());
  ASSERT_TRUE(workspace) << "attached when the dialect is loaded";
  // 150 floats, in whole units of alignment.
  EXPECT_EQ(workspace.getWorkspaceBytes(), 640);
  FailureOr<rows::Sequence> programs = rows::buildRowPrograms(op);
  ASSERT_TRUE(succeeded(programs));
  EXPECT_EQ(programs->programs.size(), 2u);
  EXPECT_EQ(programs->workspaceBytes, 640);
  EXPECT_FALSE(rows::fitsOneProgram(op));
}

} // namespace
