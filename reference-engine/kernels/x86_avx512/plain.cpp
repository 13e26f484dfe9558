// F32, F16 and BF16: widened to float32 and multiplied by float32 activations. Panels are those of
// AVX2: values[k][16].
#include "reference-engine/kernels/x86_avx512/plain.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {
namespace {

template <typename Format>
void multiply_streams(const StreamProduct* product) {
  using Stored = typename Format::Stored;
  const std::size_t k = product->f32->k;
  const float* x = product->f32->values;
  for (std::size_t panel = 0; panel < product->panel_count; ++panel) {
    const Stored* weights[k_streams];
    Floats sums[k_streams][2];
    for (std::size_t s = 0; s < k_streams; ++s) {
      weights[s] = reinterpret_cast<const Stored*>(product->panels[s]) + panel * k * k_rows;
      sums[s][0] = sums[s][1] = _mm512_setzero_ps();
    }
    std::size_t i = 0;
    for (; i + 2 <= k; i += 2) {
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_streams; ++s) {
        const Stored* w = weights[s] + i * k_rows;
        sums[s][0] = _mm512_fmadd_ps(Format::load_wide(w), _mm512_set1_ps(x[i]), sums[s][0]);
        sums[s][1] =
            _mm512_fmadd_ps(Format::load_wide(w + k_rows), _mm512_set1_ps(x[i + 1]), sums[s][1]);
      }
    }
    for (std::size_t s = 0; s < k_streams; ++s) {
      if (i < k) {
        const Floats w = Format::load_wide(weights[s] + i * k_rows);
        sums[s][0] = _mm512_fmadd_ps(w, _mm512_set1_ps(x[i]), sums[s][0]);
      }
      store(product->out[s] + panel * k_rows, _mm512_add_ps(sums[s][0], sums[s][1]));
    }
  }
}

template <typename Format>
constexpr FormatKernels kernels_of() {
  return {Format::k_format,        k_rows, false, nullptr, nullptr, multiply<Format>,
          multiply_streams<Format>};
}

}  // namespace

constinit const KernelTable k_avx512_plain{
    .isa = "avx512", .formats = {kernels_of<F32>(), kernels_of<F16>(), kernels_of<Bf16>()}};

}  // namespace assay
