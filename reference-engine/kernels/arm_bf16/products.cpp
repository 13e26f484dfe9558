// BF16 weights times activations that are rounded to bfloat16, for `--numerics native`: BFMMLA
// where there are columns, BFDOT for one. Both add products in pairs and the pair to a float32 sum,
// each rounded to odd; subnormal values count as zero (Arm Architecture Reference Manual,
// BFDotAdd, with FPCR.EBF = 0 as Linux leaves it).
#include "reference-engine/kernels/arm/rounded_products.inl"
#include "reference-engine/kernels/arm_bf16/tables.hpp"
#include "reference-engine/kernels/panels/bf16_pairs.inl"

namespace assay {
namespace {

// Pairs of columns of the widest tile: with 8 rows 16 sums, 4 weights, 4 columns.
constexpr std::size_t k_tile = 4;

/// 4 values each, to the nearest bfloat16, ties to even.
inline bfloat16x8_t rounded(Floats low, Floats high) {
  return vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(low), high);
}

/// Pair i of 4 rows, of a chunk of `count` values. What does not exist is zero.
inline uint32x4_t pairs_at(const std::byte* chunk, std::size_t i, std::size_t count,
                           std::size_t part) {
  const std::byte* from = chunk + i * k_pair_bytes;
  if (2 * i + 2 <= count) return vreinterpretq_u32_u8(load(from + part * 16));
  if (2 * i + 1 > count) return vdupq_n_u32(0);
  return vmovl_u16(vld1_u16(reinterpret_cast<const std::uint16_t*>(from + part * 8)));
}

struct Bf16 {
  using Stored = bfloat16_t;

  static float round(const float* x, std::size_t count, Stored* to) {
    for (std::size_t i = 0; i < count; i += 8) {
      const std::size_t left = count - i;
      const Floats high = values_at(x + i + 4, left > 4 ? left - 4 : 0);
      vst1q_bf16(to + i, rounded(values_at(x + i, left), high));
    }
    return 1.0F;
  }

  /// A column of an odd number is its own neighbour.
  struct Gathered {
    alignas(64) Stored values[k_columns / 2][k_chunk / 4][2][4];

    void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
      for (std::size_t i = 0; i < columns; i += 2) {
        const float* first = x + i * k;
        const float* second = i + 1 < columns ? first + k : first;
        for (std::size_t at = 0; at < count; at += 4) {
          vst1q_bf16(values[i / 2][at / 4][0], rounded(values_at(first + at, count - at),
                                                       values_at(second + at, count - at)));
        }
      }
    }
  };

  /// 4 values of 2 rows in a vector, and zeros.
  struct Weights {
    alignas(64) std::uint32_t values[k_chunk / 4][k_rows / 2][4];
    std::size_t fours;

    Weights(const std::byte* chunk, std::size_t count) : fours((count + 3) / 4) {
      for (std::size_t i = 0; i < fours; ++i) {
        for (std::size_t part = 0; part < k_parts; ++part) {
          const uint32x4_t low = pairs_at(chunk, 2 * i, count, part);
          const uint32x4_t high = pairs_at(chunk, 2 * i + 1, count, part);
          vst1q_u32(values[i][2 * part], vzip1q_u32(low, high));
          vst1q_u32(values[i][2 * part + 1], vzip2q_u32(low, high));
        }
      }
    }
  };

  /// c[2 * N][8 rows] += 8 rows, from pair `rows` of them on, times N pairs of columns.
  template <std::size_t N>
  static void tile(const Weights& weights, std::size_t rows, const Gathered& x, std::size_t pair,
                   float* c) {
    Floats sums[N][4];
#pragma GCC unroll 4
    for (auto& of_pair : sums) {
#pragma GCC unroll 4
      for (Floats& square : of_pair) square = vdupq_n_f32(0.0F);
    }
    for (std::size_t i = 0; i < weights.fours; ++i) {
      bfloat16x8_t columns[N];
#pragma GCC unroll 4
      for (std::size_t n = 0; n < N; ++n) columns[n] = vld1q_bf16(x.values[pair + n][i][0]);
#pragma GCC unroll 4
      for (std::size_t r = 0; r < 4; ++r) {
        const bfloat16x8_t w = vreinterpretq_bf16_u32(vld1q_u32(weights.values[i][rows + r]));
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) sums[n][r] = vbfmmlaq_f32(sums[n][r], w, columns[n]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        float* to = c + 2 * n * k_rows + half * 4;
        const Floats low = sums[n][half * 2];
        const Floats high = sums[n][half * 2 + 1];
        store(to, vaddq_f32(vld1q_f32(to), vuzp1q_f32(low, high)));
        store(to + k_rows, vaddq_f32(vld1q_f32(to + k_rows), vuzp2q_f32(low, high)));
      }
    }
  }

  template <std::size_t N>
  static void tile_of(const Weights& weights, const Gathered& x, std::size_t pair,
                      std::size_t pairs, float* c) {
    if constexpr (N > 0) {
      if (pairs == N) {
        tile<N>(weights, 0, x, pair, c);
        tile<N>(weights, 4, x, pair, c + 8);
      } else {
        tile_of<N - 1>(weights, x, pair, pairs, c);
      }
    }
  }

  static void run(const Weights& weights, const Gathered& x, std::size_t columns,
                  float (*c)[k_rows]) {
    for (std::size_t pair = 0; pair < (columns + 1) / 2;) {
      const std::size_t left = (columns + 1) / 2 - pair;
      // The last two tiles share what is left, rather than a full one and a narrow one.
      const bool last_two = left > k_tile && left < 2 * k_tile;
      const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, k_tile);
      tile_of<k_tile>(weights, x, pair, n, c[2 * pair]);
      pair += n;
    }
  }

  /// sums[stream] += pair i of each stream times that of lane `lane`.
  template <int lane>
  [[gnu::always_inline]] static void add_pair(const std::byte* const (&weights)[k_streams],
                                              std::size_t i, bfloat16x8_t x, StreamSums& sums) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < k_streams; ++s) {
#pragma GCC unroll 4
      for (std::size_t part = 0; part < k_parts; ++part) {
        const Codes w = load(weights[s] + i * k_pair_bytes + part * 16);
        sums[s][part] = vbfdotq_laneq_f32(sums[s][part], vreinterpretq_bf16_u8(w), x, lane);
      }
    }
  }

  [[gnu::always_inline]] static void add_chunk(const std::byte* const (&weights)[k_streams],
                                               const Stored* x, std::size_t count,
                                               StreamSums& sums) {
    std::size_t i = 0;
    for (; i + 4 <= count / 2; i += 4) {
      const bfloat16x8_t four = vld1q_bf16(x + 2 * i);
      add_pair<0>(weights, i, four, sums);
      add_pair<1>(weights, i + 1, four, sums);
      add_pair<2>(weights, i + 2, four, sums);
      add_pair<3>(weights, i + 3, four, sums);
    }
    for (; 2 * i < count; ++i) {
      std::uint32_t pair;
      __builtin_memcpy(&pair, x + 2 * i, sizeof(pair));
      const bfloat16x8_t both_values = vreinterpretq_bf16_u32(vdupq_n_u32(pair));
      for (std::size_t s = 0; s < k_streams; ++s) {
        for (std::size_t part = 0; part < k_parts; ++part) {
          const auto w = vreinterpretq_bf16_u32(pairs_at(weights[s], i, count, part));
          sums[s][part] = vbfdotq_f32(sums[s][part], w, both_values);
        }
      }
    }
  }
};

}  // namespace

constinit const KernelTable k_arm_bf16_products{
    .isa = "bf16",
    .formats = {{.format = 30,
                 .panel_rows = k_rows,
                 .takes_q8 = false,
                 .pack = pack,
                 .decode_row = decode_row,
                 .multiply = multiply<Bf16>,
                 .multiply_streams = multiply_streams<Bf16>,
                 .rounding = ActivationRounding::bf16}}};

}  // namespace assay
