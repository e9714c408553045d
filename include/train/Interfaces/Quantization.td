// What low-precision recipes ask of ops. Attached by lib/IR/Quantization.cpp and not
// declared by the ops: their headers, which everything includes, know nothing of recipes.
#ifndef TRAIN_QUANTIZATION_INTERFACES
#define TRAIN_QUANTIZATION_INTERFACES

include "mlir/IR/OpBase.td"

def ContractionOpInterface : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    Ops that sum products of two operands over one dimension of each. Low-precision recipes store such operands in blocks along
    that dimension. Ops without the interface (convolutions, attention) are no such sums and keep their operands.
  }];
  let methods = [
    InterfaceMethod<"The dimension of operand `operand` that is summed over; nothing for what is no factor, such as an accumulator.",
      "std::optional<int64_t>", "getContractedDimension", (ins "unsigned":$operand)>,
  ];
}

def StateUpdateOpInterface : OpInterface<"StateUpdateOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op computes the next value of a state, once per step, of what each micro-batch tells. An update without the
    interface gets the mean over the micro-batches.
  }];
  let methods = [
    InterfaceMethod<"Whether operand `operand` is to be the largest of all micro-batches (NaN if one is) and not their mean.",
      "bool", "takesLargest", (ins "unsigned":$operand)>,
  ];
}

#endif // TRAIN_QUANTIZATION_INTERFACES
