#pragma once

// This header is included by translation units that are compiled for one instruction set: it may
// hold plain data and declarations only, never an inline function (a copy compiled with wider
// instructions could win at link time).

#include <cstddef>
#include <cstdint>

namespace assay {

/// Activations as int8 codes (-127 .. 127) with one scale per 32 values, column after column.
/// Shapes: codes [columns, k], scales [columns, k / 32], sums [columns, k / 16] (of 16 codes).
struct Q8Columns {
  const std::int8_t* codes;
  const float* scales;
  const std::int16_t* sums;
  std::size_t k;
};

/// Activations in float32. Shape: values [columns, k].
struct F32Columns {
  const float* values;
  std::size_t k;
};

/// out[c * stride + r] = dot(row r, column c) for r < rows, c < columns. Formats that take codes
/// read q8, the others f32; the other one may be null.
struct PanelProduct {
  const std::byte* panels;  // adjacent; the last one may hold fewer rows than panel_rows
  std::size_t rows;
  const Q8Columns* q8;
  const F32Columns* f32;
  std::size_t columns;
  float* out;
  std::size_t stride;
};

inline constexpr std::size_t k_streams = 4;

/// The first column times `panel_count` adjacent panels at each of four places that lie far apart:
/// out[s][r] = dot(row r of stream s, column). Distant streams keep more cache lines in flight than
/// one (decode is limited by reading the weights). Full panels are written.
struct StreamProduct {
  const std::byte* panels[k_streams];
  float* out[k_streams];
  std::size_t panel_count;
  const Q8Columns* q8;
  const F32Columns* f32;
  bool fetch_ahead;  // see FormatKernels
};

/// What products make of float32 activations. Only native numerics rounds them.
enum class ActivationRounding : std::uint8_t {
  none,
  bf16,  // the nearest bfloat16, ties to even
  f16,   // the nearest binary16, ties to even, of k_f16_group values at a time: they share a power
         // of two that brings the largest magnitude to 2^14 .. 2^15
};
inline constexpr std::size_t k_f16_group = 256;

/// The kernels of one weight format. A *panel* is `panel_rows` consecutive rows of a matrix in the
/// layout that this instruction set likes; it takes exactly the bytes of the rows as stored
/// (panel_rows * row_bytes).
struct FormatKernels {
  std::uint32_t format;      // WeightFormat
  std::uint32_t panel_rows;  // rows of one panel
  bool takes_q8;             // block formats; F32, F16 and BF16 take float32 values

  /// Rows as in a file -> panel. Rows beyond `rows` (a last panel that is not full) become zeros.
  void (*pack)(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel);
  /// One row of a panel, dequantised exactly as the definition does. Shape: out [k].
  void (*decode_row)(const std::byte* panel, std::size_t row, std::size_t k, float* out);
  void (*multiply)(const PanelProduct* product);
  void (*multiply_streams)(const StreamProduct* product);
  ActivationRounding rounding = ActivationRounding::none;  // of formats that take float32 values
  /// multiply_streams asks for weights ahead of their use, in formats of large blocks. A matter of
  /// the processor, so it is no part of an instruction set's table: decoding Q4_K and Q6_K gained
  /// 10 % (AVX-512) to 30 % (AVX2) on a Cascade Lake Xeon and lost 5 % to 35 % on an AMD Zen 4.
  bool fetch_ahead = false;
};

inline constexpr std::size_t k_max_kernel_formats = 32;

/// Adjacent rows of one K/V head of a cache. A row holds dim values, rounded up to whole blocks (of
/// 32 for Q8_0).
struct CacheRows {
  const std::byte* first;
  std::size_t positions;
  std::size_t dim;           // up to 4096
  bool fetch_ahead = false;  // see CacheKernels
};

/// Attention over rows of a cache of one format for `queries`: heads that share the K/V head,
/// tokens, or both.
struct CacheKernels {
  /// Shapes: q [queries, dim], scores [queries, stride].
  void (*scores)(const float* q, std::size_t queries, const CacheRows& keys, float* scores,
                 std::size_t stride);
  /// out[h] += sum over p of weights[h][p] * values[p]. Shapes: weights [queries, stride], out
  /// [queries, dim].
  void (*mix)(const float* weights, std::size_t queries, std::size_t stride,
              const CacheRows& values, float* out);
  /// For few queries both ask for rows ahead of their use. A matter of the processor, as in
  /// FormatKernels: with four queries a Xeon with AMX reads a cache in F16 20 to 30 % faster, keys
  /// in Q8_0 10 %.
  bool fetch_ahead = false;
};

inline constexpr std::size_t k_cache_formats = 4;

/// Every kernel that the engine calls. Each instruction set exports a partial table (null = not
/// overridden).
struct KernelTable {
  const char* isa = nullptr;                         // "scalar", "avx2"; "avx512_bf16" is native
  FormatKernels formats[k_max_kernel_formats] = {};  // ended by an entry with panel_rows == 0

  /// Values -> codes, a scale per 32, the sum of each 16 codes. k is a multiple of 32.
  /// scale = max|x| / 127, code = nearest (ties to even) of x * (1 / scale); all zeros where
  /// that scale is no normal number.
  void (*quantise_q8)(const float* x, std::size_t k, std::int8_t* codes, float* scales,
                      std::int16_t* sums) = nullptr;

  float (*dot_f32)(const float* a, const float* b, std::size_t n) = nullptr;
  /// y += scale * x
  void (*add_scaled)(float* y, const float* x, float scale, std::size_t n) = nullptr;
  float (*sum_of_squares)(const float* x, std::size_t n) = nullptr;
  /// x[i] *= scale * weight[i]
  void (*scale_by)(float* x, const float* weight, float scale, std::size_t n) = nullptr;
  /// The largest of n > 0 values.
  float (*maximum)(const float* x, std::size_t n) = nullptr;
  /// x = exp(x - maximum); returns the sum. Requires x <= maximum.
  float (*exp_sum)(float* x, float maximum, std::size_t n) = nullptr;
  /// x = cap * tanh(x / cap). Requires cap > 0.
  void (*soft_cap)(float* x, float cap, std::size_t n) = nullptr;
  /// gate[i] = silu(gate[i]) * up[i]
  void (*silu_multiply)(float* gate, const float* up, std::size_t n) = nullptr;
  /// One row of a recurrent state: row = decay * row + scale * add; returns dot(row, read).
  float (*advance_state)(float* row, const float* add, const float* read, float decay, float scale,
                         std::size_t n) = nullptr;
  void (*f32_to_f16)(const float* x, std::uint16_t* out, std::size_t n) = nullptr;
  CacheKernels cache[k_cache_formats] = {};  // by CacheFormat

  /// Micro-measurement loops. Each returns a value that depends on all work done.
  /// Reads `bytes` (a multiple of 4096) in `streams` (1, 2, 4 or 8) separate forward streams.
  std::uint64_t (*read_stream)(const std::byte* from, std::size_t bytes,
                               unsigned streams) = nullptr;
  /// `steps` rounds of independent float32 multiply-adds; the count of operations of one round is
  /// fma_flops_per_step.
  float (*fma_loop)(std::size_t steps) = nullptr;
  double fma_flops_per_step = 0.0;
  /// The same for the int8 dot product path that this table's multiply uses.
  std::int32_t (*int8_loop)(std::size_t steps) = nullptr;
  double int8_ops_per_step = 0.0;
  /// The same for pairs of bfloat16 values, in tables with native numerics only (else null).
  float (*bf16_loop)(std::size_t steps) = nullptr;
  double bf16_flops_per_step = 0.0;
};

}  // namespace assay
