// The door through which --load-dialect-plugin finds the dialect.
#include "Softplus.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "llvm/Config/llvm-config.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Softplus", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) {
            registry->insert<example::ExampleDialect>();
          }};
}
