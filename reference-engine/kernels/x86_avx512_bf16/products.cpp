// BF16 weights times activations that are rounded to bfloat16, for `--numerics native`.
#include "reference-engine/kernels/x86_avx512/product_blocks.inl"
#include "reference-engine/kernels/x86_avx512_bf16/dot.inl"
#include "reference-engine/kernels/x86_avx512_bf16/tables.hpp"

namespace assay {
namespace {

inline __m256i load_32(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}
inline void store_32(void* at, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
}

// A panel: pairs[k / 2][16][2], a pair being two values of one row; of an odd k the last values
// follow: [16].
constexpr std::size_t k_pair_bytes = k_rows * 4;
// Values that are rounded at once: of k_columns columns 128 KiB, which stay in the second level
// cache; two panels' worth of weights, 16 KiB, in the first.
constexpr std::size_t k_chunk = 256;
// Columns of the widest tile, with two panels: 12 sums hide the latency of VDPBF16PS (6 cycles at
// one or two a cycle).
constexpr std::size_t k_tile = 6;

/// Where value i of row r lies in a panel, in values.
std::size_t place(std::size_t i, std::size_t r, std::size_t k) {
  const bool alone = i + 1 == k && k % 2 == 1;
  return alone ? i * k_rows + r : i / 2 * 2 * k_rows + r * 2 + i % 2;
}

void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  auto* to = reinterpret_cast<std::uint16_t*>(panel);
  constexpr std::size_t k_line = 32;  // values of a cache line: read whole lines
  for (std::size_t first = 0; first < k; first += k_line) {
    const std::size_t end = smaller(first + k_line, k);
    for (std::size_t r = 0; r < k_rows; ++r) {
      for (std::size_t i = first; i < end; ++i) {
        std::uint16_t value = 0;
        if (r < rows) __builtin_memcpy(&value, rows_in + (r * k + i) * 2, 2);
        to[place(i, r, k)] = value;
      }
    }
  }
}

void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  const auto* values = reinterpret_cast<const std::uint16_t*>(panel);
  for (std::size_t i = 0; i < k; ++i) {
    const std::uint32_t bits = std::uint32_t{values[place(i, row, k)]} << 16;
    __builtin_memcpy(out + i, &bits, sizeof(bits));
  }
}

/// The nearest bfloat16 of each, ties to even; NaN stays one.
__m256i rounded(__m512 values) {
  const __m512i bits = _mm512_castps_si512(values);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF));
  const __m512i upper = _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
  const __mmask16 nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(upper, nan, _mm512_set1_epi32(0x7FC0)));
}

/// `count` values, and zeros up to a multiple of 16.
void round_all(const float* from, std::size_t count, std::uint16_t* to) {
  for (std::size_t i = 0; i < count; i += 16) {
    const std::size_t left = smaller(count - i, 16);
    const auto mask = static_cast<__mmask16>((1U << left) - 1);
    store_32(to + i, rounded(_mm512_maskz_loadu_ps(mask, from + i)));
  }
}

/// A chunk of columns, close together.
struct Gathered {
  alignas(64) std::uint16_t values[k_columns][k_chunk];

  void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
    for (std::size_t i = 0; i < columns; ++i) round_all(x + i * k, count, values[i]);
  }
};

/// Two panels from some pair on; a last one that has no second stands for both.
struct Pair {
  const std::byte* panel[2];
};

/// The last values of an odd k, as pairs with zeros.
struct Tail {
  alignas(64) std::byte pairs[2][k_pair_bytes];

  Pair fill(const Pair& from) {
    for (std::size_t p = 0; p < 2; ++p) {
      store(pairs[p], _mm512_cvtepu16_epi32(load_32(from.panel[p])));
    }
    return {{pairs[0], pairs[1]}};
  }
};

/// c[N][2][16] += `pairs` pairs of two panels times those of N columns.
template <std::size_t N>
void tile(const Pair& panels, std::size_t pairs, const std::uint16_t* x, float (*c)[2][k_rows]) {
  __m512 sums[N][2];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < N; ++i) {
    sums[i][0] = _mm512_load_ps(c[i][0]);
    sums[i][1] = _mm512_load_ps(c[i][1]);
  }
  for (std::size_t j = 0; j < pairs; ++j) {
    const __m512i w0 = load(panels.panel[0] + j * k_pair_bytes);
    const __m512i w1 = load(panels.panel[1] + j * k_pair_bytes);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      const __m512i column = broadcast4(x + i * k_chunk + j * 2);
      sums[i][0] = dot(sums[i][0], w0, column);
      sums[i][1] = dot(sums[i][1], w1, column);
    }
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < N; ++i) {
    _mm512_store_ps(c[i][0], sums[i][0]);
    _mm512_store_ps(c[i][1], sums[i][1]);
  }
}

template <std::size_t N>
void tile_of(const Pair& panels, std::size_t pairs, const std::uint16_t* x, std::size_t columns,
             float (*c)[2][k_rows]) {
  if constexpr (N > 0) {
    if (columns == N) {
      tile<N>(panels, pairs, x, c);
    } else {
      tile_of<N - 1>(panels, pairs, x, columns, c);
    }
  }
}

/// c[columns][2][16] += two panels times all columns, from pair `first` of the chunk on.
void run_tiles(const Pair& panels, std::size_t first, std::size_t pairs, const Gathered& x,
               std::size_t columns, float (*c)[2][k_rows]) {
  for (std::size_t done = 0; done < columns;) {
    const std::size_t left = columns - done;
    // The last two tiles share what is left, rather than a full one and a narrow one.
    const bool last_two = left > k_tile && left < 2 * k_tile;
    const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, k_tile);
    tile_of<k_tile>(panels, pairs, x.values[done] + first * 2, n, c + done);
    done += n;
  }
}

void multiply_block(const std::byte* panels, std::size_t count, const float* x, std::size_t k,
                    std::size_t columns, Results& results) {
  Gathered gathered;
  for (std::size_t pair = 0; pair < (count + 1) / 2; ++pair) {
    __builtin_memset(results[pair], 0, columns * sizeof(results[pair][0]));
  }
  for (std::size_t first = 0; first < k; first += k_chunk) {
    const std::size_t values = smaller(k_chunk, k - first);
    gathered.fill(x + first, k, columns, values);
    for (std::size_t panel = 0; panel < count; panel += 2) {
      const std::byte* one = panels + panel * k * k_rows * 2 + first * k_rows * 2;
      const Pair both_panels{{one, panel + 1 < count ? one + k * k_rows * 2 : one}};
      auto* c = results[panel / 2];
      const std::size_t pairs = values / 2;
      run_tiles(both_panels, 0, pairs, gathered, columns, c);
      if (values % 2 == 1) {
        Tail tail;
        const std::size_t at = pairs * k_pair_bytes;
        const Pair last = tail.fill({{both_panels.panel[0] + at, both_panels.panel[1] + at}});
        run_tiles(last, pairs, 1, gathered, columns, c);
      }
    }
  }
}

void multiply(const PanelProduct* product) {
  const F32Columns& x = *product->f32;
  for_each_block(*product, [&](std::size_t row, std::size_t count, std::size_t first,
                               std::size_t columns, Results& results) {
    multiply_block(product->panels + row * x.k * 2, count, x.values + first * x.k, x.k, columns,
                   results);
  });
}

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
                 .multiply = multiply,
                 .multiply_streams = multiply_streams,
                 .rounding = ActivationRounding::bf16}}};

}  // namespace assay
