// F32, F16 and BF16: widened to float32 and multiplied by float32 activations.
#include "reference-engine/kernels/panels/plain.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

template <typename Format>
void multiply_streams(const StreamProduct* product) {
  using Stored = typename Format::Stored;
  const std::size_t k = product->f32->k;
  const float* x = product->f32->values;
  for (std::size_t p = 0; p < product->panel_count; ++p) {
    const Stored* weights[k_streams];
    __m256 sums[k_streams][2];
    for (std::size_t s = 0; s < k_streams; ++s) {
      weights[s] = reinterpret_cast<const Stored*>(product->panels[s]) + p * k * k_rows;
      sums[s][0] = sums[s][1] = _mm256_setzero_ps();
    }
    for (std::size_t i = 0; i < k; ++i) {
      const __m256 value = _mm256_broadcast_ss(x + i);
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_streams; ++s) {
        const Stored* w = weights[s] + i * k_rows;
        sums[s][0] = _mm256_fmadd_ps(Format::load_wide(w), value, sums[s][0]);
        sums[s][1] = _mm256_fmadd_ps(Format::load_wide(w + 8), value, sums[s][1]);
      }
    }
    for (std::size_t s = 0; s < k_streams; ++s) {
      _mm256_storeu_ps(product->out[s] + p * k_rows, sums[s][0]);
      _mm256_storeu_ps(product->out[s] + p * k_rows + 8, sums[s][1]);
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

constinit const KernelTable k_avx2_plain{
    .isa = "avx2", .formats = {kernels_of<F32>(), kernels_of<F16>(), kernels_of<Bf16>()}};

}  // namespace assay
