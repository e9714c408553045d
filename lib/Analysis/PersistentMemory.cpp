//===- PersistentMemory.cpp - the region that all programs share ------------===//
//
// Collected once per module, in an order that depends on the module alone.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/PersistentMemory.h"
#include "mlir/IR/Matchers.h"
#include "train/IR/Programs.h"

using namespace mlir;
using namespace train;

StringRef train::getCategoryName(Category category) {
  switch (category) {
  case Category::Parameters:
    return "parameters";
  case Category::Gradients:
    return "gradients";
  case Category::Optimizer:
    return "optimizer";
  case Category::Activations:
    return "activations";
  case Category::Workspace:
    return "workspace";
  case Category::Communication:
    return "communication";
  case Category::Inputs:
    return "inputs";
  case Category::State:
    return "state";
  }
  llvm_unreachable("all categories are named");
}

Attribute train::getLiteral(Operation *op) {
  Attribute value;
  if (!matchPattern(op, m_Constant(&value)) || isa<SplatElementsAttr>(value))
    return nullptr;
  return value;
}

PersistentMemory::PersistentMemory(ModuleOp module) {
  for (auto param : module.getOps<ParamOp>())
    symbols[param.getSymNameAttr()] =
        add({param.getSymName().str(), param.getLoc(), Category::Parameters,
             alignToArena(getByteSize(param.getType())), 0, 0, Value(), param});
  for (auto state : module.getOps<StateOp>()) {
    Category category = state.getRole() == StateRole::Optimizer ? Category::Optimizer
                        : state.getRole() == StateRole::Copy    ? Category::Parameters
                                                                : Category::State;
    symbols[state.getSymNameAttr()] =
        add({state.getSymName().str(), state.getLoc(), category,
             alignToArena(getByteSize(state.getType())), 0, 0, Value(), state});
  }
  Operation *draw = nullptr;
  for (ProgramOpInterface program : getExecutedPrograms(module))
    program->walk([&](Operation *op) {
      if (isa<RandomKeyOp>(op) && !draw)
        draw = op;
      Attribute literal = getLiteral(op);
      if (!literal || !literals.try_emplace(literal, 0).second)
        return;
      literals[literal] =
          add({"literal." + std::to_string(literals.size() - 1), op->getLoc(),
               Category::State, alignToArena(getByteSize(op->getResult(0).getType())), 0,
               0, Value(), op});
    });
  if (draw)
    randomKey = add({"random_key", draw->getLoc(), Category::Inputs,
                     alignToArena(getByteSize(draw->getResult(0).getType())), 0, 0,
                     Value(), draw});
}

unsigned PersistentMemory::add(Storage storage) {
  offsets.push_back(bytes);
  bytes += storage.bytes;
  storages.push_back(std::move(storage));
  return storages.size() - 1;
}
