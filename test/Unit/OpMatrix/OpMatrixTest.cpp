// Every op of the dialect has every concern: a place in the specification, a round trip,
// a rejected program per constraint, a meaning in the interpreter, an adjoint, and a way
// to run. A hole is an error unless test/IR/op-matrix-exceptions.txt gives the reason,
// and a reason for a hole that is not there is one, too.
#include "Sources.h"

#include "mlir/IR/DialectRegistry.h"
#include "train/Gradients/Registration.h"
#include "train/IR/TrainDialect.h"
#include "train/Reference/Registration.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace train;
using namespace train::matrix;

namespace {

class OpMatrix : public ::testing::Test {
protected:
  OpMatrix() {
    DialectRegistry registry;
    registry.insert<TrainDialect>();
    registerReference(registry);
    registerGradients(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<TrainDialect>();
    specification = readSpecification(duplicates);
    exceptions = readExceptions();
  }

  std::vector<RegisteredOperationName> getOps() {
    std::vector<RegisteredOperationName> ops;
    for (RegisteredOperationName name : context.getRegisteredOperations())
      if (name.getDialectNamespace() == TrainDialect::getDialectNamespace())
        ops.push_back(name);
    return ops;
  }

  /// Demands `concern` of every op, where `has` tells whether an op has it.
  void demand(const std::string &concern,
              llvm::function_ref<bool(RegisteredOperationName)> has) {
    for (RegisteredOperationName op : getOps()) {
      std::string name = op.getStringRef().str();
      const Exception *exception = nullptr;
      for (const Exception &candidate : exceptions)
        if (candidate.concern == concern && matches(candidate.op, name))
          exception = &candidate;
      bool present = has(op);
      if (!present && !exception)
        ADD_FAILURE() << name << " has no " << concern;
      if (exception && !present)
        exception->used = true;
    }
    for (const Exception &exception : exceptions)
      if (exception.concern == concern && !exception.used)
        ADD_FAILURE() << "op-matrix-exceptions.txt excuses " << exception.op << " from "
                      << concern << ", but nothing is missing there";
  }

  MLIRContext context;
  std::vector<std::string> duplicates;
  std::map<std::string, Section> specification;
  std::vector<Exception> exceptions;
};

TEST_F(OpMatrix, KnowsTheDialect) {
  // The other tests say nothing about ops that are not listed.
  EXPECT_GE(getOps().size(), 90u);
}

TEST_F(OpMatrix, SpecificationDescribesEachOpOnce) {
  demand("specification", [&](RegisteredOperationName op) {
    return specification.count(op.getStringRef().str()) != 0;
  });
  EXPECT_TRUE(duplicates.empty()) << duplicates.front() << " is described twice";
  for (auto &[name, section] : specification)
    EXPECT_TRUE(RegisteredOperationName::lookup(name, &context))
        << name << " is not an op";
}

TEST_F(OpMatrix, SpecificationLabelsConstraintsInOrder) {
  for (auto &[name, section] : specification)
    for (size_t i = 0; i < section.constraints.size(); ++i)
      EXPECT_EQ(section.constraints[i], "C" + std::to_string(i + 1)) << "in " << name;
}

TEST_F(OpMatrix, ExamplesAreTested) {
  std::string tests = readRoundTripTests();
  demand("example", [&](RegisteredOperationName op) {
    auto it = specification.find(op.getStringRef().str());
    return it != specification.end() && !it->second.example.empty() &&
           it->second.example.find(it->first) != std::string::npos;
  });
  for (auto &[name, section] : specification)
    EXPECT_TRUE(tests.find(section.example) != std::string::npos)
        << "the example of " << name << " in docs/language.md is in no test of test/IR";
}

TEST_F(OpMatrix, EachConstraintHasARejectedProgram) {
  std::set<std::string> tested = readRejectionLabels(), stated;
  for (auto &[name, section] : specification) {
    for (const std::string &label : section.constraints) {
      stated.insert(name + " " + label);
      EXPECT_TRUE(tested.count(name + " " + label))
          << name << " " << label << " is tested by no comment of test/IR/*-errors.mlir";
    }
    if (section.labelsInputs)
      stated.insert(name + " I1");
  }
  for (const std::string &label : tested)
    EXPECT_TRUE(stated.count(label))
        << "a test names " << label << ", which docs/language.md lacks";
}

TEST_F(OpMatrix, EachOpHasAMeaning) {
  demand("reference", [](RegisteredOperationName op) {
    return op.hasInterface<ReferenceOpInterface>();
  });
}

TEST_F(OpMatrix, EachOpHasAnAdjoint) {
  demand("gradient", [](RegisteredOperationName op) {
    return op.hasInterface<DifferentiableOpInterface>();
  });
}

TEST_F(OpMatrix, EachOpHasAWayToRun) {
  demand("lowering", [](RegisteredOperationName op) {
    return op.hasInterface<LibraryOpInterface>() ||
           op.hasInterface<RowProgramOpInterface>() ||
           op.hasInterface<StorageOpInterface>();
  });
}

TEST_F(OpMatrix, ExceptionsAreReasoned) {
  const std::set<std::string> concerns = {"specification", "example", "reference",
                                          "gradient", "lowering"};
  for (const Exception &exception : exceptions) {
    EXPECT_TRUE(concerns.count(exception.concern))
        << exception.op << " " << exception.concern;
    EXPECT_GE(exception.reason.size(), 10u) << exception.op << " " << exception.concern;
  }
}

} // namespace
