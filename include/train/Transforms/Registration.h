//===- Registration.h - all passes, with their promises ---------------------===//
//
// What tools call: the passes by name, and the declaration of those that leave programs'
// results as they were.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_REGISTRATION_H
#define TRAIN_TRANSFORMS_REGISTRATION_H

namespace train {

/// Registers every pass of Passes.td, and declares those that preserve meaning to
/// --train-check-passes (MeaningPreserving.h). Once per process.
void registerTrainTransforms();

} // namespace train

#endif // TRAIN_TRANSFORMS_REGISTRATION_H
