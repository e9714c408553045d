// Exists only to carry the precompiled header that all MLIR targets reuse.
