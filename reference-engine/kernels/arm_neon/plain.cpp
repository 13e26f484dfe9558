#include "reference-engine/kernels/panels/plain.inl"
#include "reference-engine/kernels/arm_neon/tables.hpp"

namespace assay {
namespace {

template <typename Format>
void multiply_streams(const StreamProduct* product) {
  using Stored = typename Format::Stored;
  const std::size_t k = product->f32->k;
  const float* x = product->f32->values;
  for (std::size_t p = 0; p < product->panel_count; ++p) {
    const Stored* weights[k_streams];
    Floats sums[k_streams][4];
    for (std::size_t s = 0; s < k_streams; ++s) {
      weights[s] = reinterpret_cast<const Stored*>(product->panels[s]) + p * k * k_rows;
      for (Floats& sum : sums[s]) sum = vdupq_n_f32(0.0F);
    }
    for (std::size_t i = 0; i < k; ++i) {
      const Floats value = vdupq_n_f32(x[i]);
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_streams; ++s) {
#pragma GCC unroll 4
        for (std::size_t part = 0; part < 4; ++part) {
          const Floats w = Format::load4(weights[s] + i * k_rows + part * k_lanes);
          sums[s][part] = vfmaq_f32(sums[s][part], w, value);
        }
      }
    }
    for (std::size_t s = 0; s < k_streams; ++s) {
      for (std::size_t part = 0; part < 4; ++part) {
        store(product->out[s] + p * k_rows + part * k_lanes, sums[s][part]);
      }
    }
  }
}

template <typename Format>
constexpr FormatKernels kernels_of() {
  return {
      Format::k_format,        k_rows, false, pack<Format>, decode_row<Format>, multiply<Format>,
      multiply_streams<Format>};
}

}  // namespace

constinit const KernelTable k_neon_plain{
    .isa = "neon", .formats = {kernels_of<F32>(), kernels_of<F16>(), kernels_of<Bf16>()}};

}  // namespace assay
