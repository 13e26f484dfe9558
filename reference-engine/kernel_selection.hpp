#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// What the running processor and its operating system allow (CPUID and XCR0, or the auxiliary
/// vector, of this machine, never of a replay).
struct LiveCpuFeatures {
  bool avx2_fma_f16c = false;
  bool avx_vnni = false;     // the VEX form, of 256 bits; implies avx2_fma_f16c
  bool avx512_vnni = false;  // with F, BW, DQ and VL; implies avx2_fma_f16c
  bool avx512_bf16 = false;  // implies avx512_vnni
  bool amx = false;          // TILE, INT8 and BF16, permitted to this process; implies avx512_bf16
  bool neon_dot = false;     // AArch64 with the dot product and half-precision extensions
  bool i8mm = false;         // and with the matrix multiplication of int8; implies neon_dot
  bool arm_bf16 = false;     // products of bfloat16; implies neon_dot
  bool arm_fhm = false;      // binary16 products added to float32; implies neon_dot
};
/// Asks the operating system for the tiles of AMX where the processor has them.
LiveCpuFeatures live_cpu_features();

/// How products of 16-bit weights see activations: as float32, or rounded to what the processor
/// multiplies in 16 bits by itself. Block formats are the same in both.
enum class Numerics { exact, native };
std::string_view numerics_name(Numerics numerics);
/// Errors: usage.
Result<Numerics> numerics_of_name(std::string_view name);

/// Names of the kernel tables that the features allow, best first; "scalar" is always the last.
std::vector<std::string> available_isas(const LiveCpuFeatures& features);

/// The table for `isa`, or the best one when it is empty; for native numerics with the products
/// that round laid over it. Errors: usage for a name that does not exist or that this processor
/// lacks, and for native numerics that the table or the processor does not have. The table lives as
/// long as the program.
Result<const KernelTable*> select_kernels(const LiveCpuFeatures& features,
                                          std::string_view isa = {},
                                          Numerics numerics = Numerics::exact);

/// The kernels of one format, or null when the engine cannot run it.
const FormatKernels* format_kernels(const KernelTable& table, WeightFormat format);

}  // namespace assay
