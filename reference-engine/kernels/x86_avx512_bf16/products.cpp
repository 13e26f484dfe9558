// BF16 weights times activations that are rounded to bfloat16, for `--numerics native`.
#include "reference-engine/kernels/x86_avx512_bf16/pairs.inl"
#include "reference-engine/kernels/x86_avx512_bf16/tables.hpp"

namespace assay {
namespace {

/// sums[stream][2] += a chunk of a panel of each stream times the column's.
void add_chunk(const std::byte* const (&weights)[k_streams], const std::uint16_t* x,
               std::size_t values, __m512 (&sums)[k_streams][2]) {
  const std::size_t pairs = values / 2;
  std::size_t j = 0;
  for (; j + 2 <= pairs; j += 2) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < k_streams; ++s) {
#pragma GCC unroll 2
      for (std::size_t i = 0; i < 2; ++i) {
        const __m512i w = load(weights[s] + (j + i) * k_pair_bytes);
        sums[s][i] = dot(sums[s][i], w, broadcast4(x + (j + i) * 2));
      }
    }
  }
  for (std::size_t s = 0; s < k_streams; ++s) {
    if (j < pairs) {
      sums[s][0] = dot(sums[s][0], load(weights[s] + j * k_pair_bytes), broadcast4(x + j * 2));
    }
    if (values % 2 == 1) {
      const __m512i w = _mm512_cvtepu16_epi32(load_32(weights[s] + pairs * k_pair_bytes));
      sums[s][1] = dot(sums[s][1], w, broadcast4(x + pairs * 2));
    }
  }
}

void multiply_streams(const StreamProduct* product) {
  const std::size_t k = product->f32->k;
  for (std::size_t panel = 0; panel < product->panel_count; ++panel) {
    __m512 sums[k_streams][2];
#pragma GCC unroll 4
    for (auto& sum : sums) sum[0] = sum[1] = _mm512_setzero_ps();
    for (std::size_t first = 0; first < k; first += k_chunk) {
      alignas(64) std::uint16_t x[k_chunk];
      const std::size_t values = smaller(k_chunk, k - first);
      round_all(product->f32->values + first, values, x);
      const std::byte* weights[k_streams];
      for (std::size_t s = 0; s < k_streams; ++s) {
        weights[s] = product->panels[s] + (panel * k + first) * k_rows * 2;
      }
      add_chunk(weights, x, values, sums);
    }
    for (std::size_t s = 0; s < k_streams; ++s) {
      store(product->out[s] + panel * k_rows, _mm512_add_ps(sums[s][0], sums[s][1]));
    }
  }
}

}  // namespace

constinit const KernelTable k_avx512_bf16_products{
    .isa = "avx512_bf16",
    .formats = {{.format = 30,
                 .panel_rows = k_rows,
                 .takes_q8 = false,
                 .pack = pack,
                 .decode_row = decode_row,
                 .multiply = multiply<run_vector_tiles>,
                 .multiply_streams = multiply_streams,
                 .rounding = ActivationRounding::bf16}}};

}  // namespace assay
