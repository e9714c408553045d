/* The one contract between the compiler and the runtime.
 *
 * The compiler emits one object file that defines `train_executable` in these
 * structs; the runtime links to it, allocates one arena of exactly
 * `arena_bytes`, and walks the command lists. Nothing else is shared. All
 * offsets are bytes from the start of the arena; all sizes are bytes; all
 * integers are little-endian, 64-bit hosts only. Any change of a layout or of the
 * meaning of a field raises TRAIN_ABI_VERSION.
 */
#ifndef TRAIN_RUNTIME_ABI_H
#define TRAIN_RUNTIME_ABI_H

#include <assert.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRAIN_ABI_VERSION 5u
#define TRAIN_MAX_RANK 8
/* Every storage starts at a multiple of this, and its size is rounded up to it. */
#define TRAIN_ALIGNMENT 64

/* Names of the symbols that the object defines and of the runtime's entry. */
#define TRAIN_SYMBOL_EXECUTABLE "train_executable"

/* Element types, as stored in the arena. BOOL is one byte, 0 or 1. */
typedef enum TrainType {
  TRAIN_TYPE_F32 = 0,
  TRAIN_TYPE_F64 = 1,
  TRAIN_TYPE_F16 = 2,
  TRAIN_TYPE_BF16 = 3,
  TRAIN_TYPE_I32 = 4,
  TRAIN_TYPE_I64 = 5,
  TRAIN_TYPE_I8 = 6,
  TRAIN_TYPE_BOOL = 7
} TrainType;

/* A generated kernel works on items [begin, end) of the command's `extent`.
 * buffers[i]: address of operand i. params[i]: the command's scalar i (floats are
 * stored as their bit pattern in the low bits). Kernels are reentrant. */
typedef void (*TrainKernel)(void *const *buffers, const int64_t *params, int64_t begin,
                            int64_t end);

/* Library entries: the operands and params of each, in order. Types are f32
 * unless said otherwise; params are int64. "Accumulate" adds to what is in the output. */
typedef enum TrainLibrary {
  /* lhs, rhs, out. params: batch, M, N, K, batch strides in elements of lhs, rhs and
   * out (0 repeats one matrix), transpose_lhs, transpose_rhs, accumulate, type of lhs
   * and rhs, type of out. All matrices row-major and dense, of f32, f16 or bf16; out is
   * of f32 or of the type of lhs. Sums are in f32, in ascending k, and rounded once. An
   * out of two bytes that a batch is summed into (stride 0) is not provided for. */
  TRAIN_LIBRARY_MATMUL = 0,
  /* input [N,C,H,W], filter [O,C/groups,kh,kw], out [N,O,OH,OW], workspace.
   * params: N, C, H, W, O, kh, kw, stride_h, stride_w, pad_top, pad_left,
   * pad_bottom, pad_right, dilation_h, dilation_w, groups, OH, OW, accumulate, type of
   * input and filter, type of out: f32, f16 or bf16, and the same. Sums are in f32, in
   * ascending order, and rounded once. */
  TRAIN_LIBRARY_CONV2D = 1,
  /* The adjoint with respect to the input: dout, filter, din, workspace; params as
     CONV2D. */
  TRAIN_LIBRARY_CONV2D_TRANSPOSE = 2,
  /* The adjoint with respect to the filter: input, dout, dfilter, workspace; params as
     CONV2D. dfilter is of the operands' type or of f32. */
  TRAIN_LIBRARY_CONV2D_FILTER_GRAD = 3,
  /* q [B,T,H,D], k and v [B,S,G,D] with G dividing H, out [B,T,H,D], lse [B,H,T],
   * workspace. params: B, T, S, H, G, D, causal, scale (f32 bits), type of all but lse
   * (f32, f16 or bf16; sums are in f32). Causal lets query t see keys 0..t+S-T. lse, f32,
   * is the natural log of the sum of exp of the scaled scores. */
  TRAIN_LIBRARY_ATTENTION = 4,
  /* q, k, v, out, lse, dout, dq, dk, dv, workspace; params as ATTENTION. */
  TRAIN_LIBRARY_ATTENTION_GRAD = 5,
  /* src, dst: dst[i...] = src[i...] for i < shape, each side with its own element
   * strides. params: element_bytes, rank, src_offset (elements), dst_offset (elements),
   * shape[rank], src_strides[rank], dst_strides[rank]. Serves transpose, slice, concat,
   * pad, broadcast. */
  TRAIN_LIBRARY_COPY = 6,
  /* dst: params: element_bytes, count, value bits. */
  TRAIN_LIBRARY_FILL = 7,
  /* table [V,C], ids (i32 or i64) [n], out [n,C]. params: V, C, n, id_type,
   * element_bytes. An id outside [0,V) is an error naming the command. */
  TRAIN_LIBRARY_EMBEDDING = 8,
  /* ids [n], dout [n,C], dtable [V,C], workspace. params: V, C, n, id_type, accumulate,
   * type of dout (f32, f16 or bf16), type of dtable (that or f32). Rows are summed in
   * f32, in ascending order of position, whatever the number of threads. */
  TRAIN_LIBRARY_EMBEDDING_GRAD = 9,
  /* input [N,C,H,W], out [N,C,OH,OW], indices i32 [N,C,OH,OW] (offset in the H x W plane
   * of the first maximum). params as CONV2D with O = C and groups = C, one type. */
  TRAIN_LIBRARY_MAX_POOL = 10,
  /* dout, indices, din, workspace. params as MAX_POOL. Index -1 is that of a window
   * outside the plane; any other outside [0, H*W) is an error naming the command. */
  TRAIN_LIBRARY_MAX_POOL_GRAD = 11,
  /* input, out; every window is divided by kh*kw, padding counted. params as MAX_POOL. */
  TRAIN_LIBRARY_AVG_POOL = 12,
  /* dout, din, workspace. params as MAX_POOL. */
  TRAIN_LIBRARY_AVG_POOL_GRAD = 13,
  /* labels (i32 or i64) [n]. params: n, label_type, classes, ignored. A label that is
   * neither in [0,classes) nor `ignored` is an error naming the command. */
  TRAIN_LIBRARY_CHECK_LABELS = 14,
  TRAIN_LIBRARY_COUNT = 15
} TrainLibrary;

typedef enum TrainCommandKind {
  TRAIN_COMMAND_KERNEL =
      0, /* entry: index in kernels; run over [0, extent) by the team */
  TRAIN_COMMAND_LIBRARY = 1,    /* entry: a TrainLibrary */
  TRAIN_COMMAND_LOOP_BEGIN = 2, /* extent: number of micro-batches; the body follows */
  TRAIN_COMMAND_LOOP_END = 3,
  TRAIN_COMMAND_LOAD_INPUTS = 4 /* fill the storages of the program's DATA inputs and its
                                   RANDOM_KEY with the next micro-batch */
} TrainCommandKind;

/* One command: this header, then operand_count arena offsets (uint64_t), then
 * param_count scalars (int64_t). Commands stand one after another, 8-byte aligned. */
typedef struct TrainCommand {
  uint16_t kind;
  uint16_t entry;
  uint16_t operand_count;
  uint16_t param_count;
  int64_t extent;    /* items that the team shares; 0 for library entries that share by
                        themselves */
  int64_t grain;     /* a thread's range starts at a multiple of this */
  uint32_t location; /* index in locations: the op's source location */
  uint32_t
      name; /* index in locations: what the op is, for profiles ("matmul", "fusion") */
} TrainCommand;

typedef struct TrainTensor {
  const char *name;
  uint32_t type; /* TrainType */
  uint32_t rank;
  int64_t shape[TRAIN_MAX_RANK];
  uint64_t offset;
  uint64_t bytes; /* elements times element size, not rounded */
} TrainTensor;

typedef enum TrainInitKind {
  TRAIN_INIT_ZEROS = 0,
  TRAIN_INIT_CONSTANT = 1, /* a: the value */
  TRAIN_INIT_NORMAL = 2,   /* a: mean, b: standard deviation */
  TRAIN_INIT_UNIFORM = 3,  /* a: low, b: high */
  TRAIN_INIT_LITERAL = 4,  /* data: the bytes */
  TRAIN_INIT_COPY = 5      /* the symbol named by `owner`, rounded to this one's type */
} TrainInitKind;

typedef enum TrainSymbolRole {
  TRAIN_ROLE_PARAMETER = 0,
  TRAIN_ROLE_FROZEN = 1,    /* a parameter that the step never writes */
  TRAIN_ROLE_OPTIMIZER = 2, /* owner: the parameter it belongs to */
  TRAIN_ROLE_STATISTIC = 3, /* batch-norm running statistics */
  TRAIN_ROLE_COUNTER = 4,   /* the number of optimizer steps applied */
  TRAIN_ROLE_STATE = 5,     /* anything else that lives across steps */
  TRAIN_ROLE_LITERAL = 6,   /* a constant of the programs: set once, never saved */
  TRAIN_ROLE_COPY = 7 /* a parameter's copy in a narrower type, init COPY: never saved,
                         set anew whenever its owner is set from outside of a program */
} TrainSymbolRole;

/* A symbol of the module that lives across steps. Saved in checkpoints. */
typedef struct TrainSymbol {
  TrainTensor tensor;
  uint32_t role;
  uint32_t init;
  double init_a;
  double init_b;
  const void *init_data;
  const char *owner; /* or null */
} TrainSymbol;

typedef enum TrainInputRole {
  TRAIN_INPUT_DATA = 0, /* one micro-batch of a user's input; dimension 0 is the batch */
  TRAIN_INPUT_LEARNING_RATE = 1, /* f32 scalar, set before each step */
  TRAIN_INPUT_RANDOM_KEY =
      2 /* i64[3]: seed, step, index in the step of the micro-batch's first sample */
} TrainInputRole;

typedef struct TrainInput {
  TrainTensor tensor;
  uint32_t role;
  int32_t vocabulary; /* DATA of integers that index a table: ids must be in
                         [0, vocabulary); -1 elsewhere */
  int64_t ignored;    /* one more id that may stand there, the ignored label of a loss; 0
                         for none */
} TrainInput;

/* A value that commands of a program put into the arena: complete after command `last`,
 * and some of its bytes written from command `first` on. So the runtime knows which
 * commands change a symbol, and what to look at after a command, without knowing
 * what the command does. In the order of `last`. */
typedef struct TrainWrite {
  uint32_t first;
  uint32_t last;
  uint32_t type; /* TrainType */
  uint32_t reserved;
  uint64_t offset;
  uint64_t bytes;
} TrainWrite;

typedef enum TrainProgramKind {
  TRAIN_PROGRAM_STEP = 0,
  TRAIN_PROGRAM_EVAL = 1,
  TRAIN_PROGRAM_PREDICT = 2
} TrainProgramKind;

typedef struct TrainProgram {
  const char *name;
  uint32_t kind;
  uint32_t command_count;
  const void *commands;
  uint64_t command_bytes;
  const TrainInput *inputs;
  uint32_t input_count;
  uint32_t output_count;
  const TrainTensor *outputs; /* by name: "loss", "logits", "grad_norm", ... */
  int64_t micro_batches;      /* N of one step */
  int64_t samples;            /* of one micro-batch */
  const TrainWrite *writes;
  uint64_t write_count;
} TrainProgram;

typedef struct TrainExecutable {
  uint32_t abi_version;
  uint32_t threads;
  const char *model;            /* name of the module */
  const char *cpu;              /* what the kernels were compiled for, "znver3" */
  const char *cpu_features;     /* comma-separated names that the CPU must have, as in
                                   /proc/cpuinfo */
  const char *library_versions; /* "openblas 0.3.21;onednn 2.6.3", compared at start */
  uint64_t arena_bytes;
  uint64_t lower_bound_bytes;
  uint64_t fingerprint; /* of the module at stage planned: checkpoints carry it for
                           information */
  double step_flops;    /* of the contractions of one whole step, for mfu */
  const char *report;   /* the memory report, JSON text (docs/memory-report.md) */
  const char *options;  /* the compile options, JSON text */
  const TrainKernel *kernels;
  uint32_t kernel_count;
  uint32_t symbol_count;
  const TrainSymbol *symbols;
  const TrainProgram *programs;
  uint32_t program_count;
  uint32_t location_count;
  const char *const *locations;
} TrainExecutable;

#ifdef __cplusplus
static_assert(sizeof(TrainCommand) == 32, "the compiler lays commands out by this size");
static_assert(sizeof(TrainTensor) == 96, "layout is part of the contract");
static_assert(sizeof(TrainSymbol) == 136, "layout is part of the contract");
static_assert(sizeof(TrainInput) == 112, "layout is part of the contract");
static_assert(sizeof(TrainWrite) == 32, "layout is part of the contract");
static_assert(sizeof(TrainProgram) == 88, "layout is part of the contract");
static_assert(sizeof(TrainExecutable) == 136, "layout is part of the contract");
#else
_Static_assert(sizeof(TrainCommand) == 32, "the compiler lays commands out by this size");
#endif

/* Defined by the emitted object. */
extern const TrainExecutable train_executable;

/* Bytes of workspace that a library entry needs with these params and this
 * number of threads. The compiler plans it, the runtime relies on it. Defined in
 * runtime/cpu/workspace/Workspace.cpp, which depends on nothing. */
int64_t trainLibraryWorkspaceBytes(TrainLibrary entry, const int64_t *params,
                                   int32_t threads);

#ifdef __cplusplus
}
#endif

#endif /* TRAIN_RUNTIME_ABI_H */
