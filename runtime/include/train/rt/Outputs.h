// The look at all files of a command line together: what one option writes must not be
// what another one reads or writes.
#ifndef TRAIN_RT_OUTPUTS_H
#define TRAIN_RT_OUTPUTS_H

#include "train/rt/Options.h"
#include "train/rt/Status.h"

namespace train::rt {

/// An error of kind Usage that names both options, where --log, --trace, --export or
/// --checkpoint is the file of another of them, of --data, --eval-data or --init, or the
/// running executable; or where one of the files lies in a checkpoint of --checkpoint.
/// Opens and makes nothing. Existing files are the same if device and inode are, however
/// they are named; others if they would come to lie in one place. Devices and pipes may
/// be named twice.
Status checkOutputs(const Options &options);

} // namespace train::rt

#endif // TRAIN_RT_OUTPUTS_H
