// Products of panels of a block format with columns of int8 codes by SDOT: 4 products of int8 are
// added to an int32, exactly.
#pragma once

#include "reference-engine/kernels/arm/prefill.inl"

namespace assay {
namespace {

/// sums of 4 rows + 4 codes each * those of a lane. The lane must be known when this is compiled.
[[gnu::always_inline]] inline int32x4_t add_dot(int32x4_t sums, int8x16_t weights, int8x16_t x,
                                                std::size_t lane) {
  switch (lane) {
    case 0:
      return vdotq_laneq_s32(sums, weights, x, 0);
    case 1:
      return vdotq_laneq_s32(sums, weights, x, 1);
    case 2:
      return vdotq_laneq_s32(sums, weights, x, 2);
    default:
      return vdotq_laneq_s32(sums, weights, x, 3);
  }
}

inline int8x16_t load_signed(const void* at) { return vreinterpretq_s8_u8(load(at)); }

/// 4 columns and 8 rows at a time: 8 sums of products, 8 results, 2 weights, 4 columns.
struct DotTile {
  static constexpr std::size_t k_columns = 4;

  /// As in the panel: [2][16 rows][4 values].
  static void arrange(Codes first, Codes second, std::size_t part, std::byte* to) {
    store(to + part * 16, first);
    store(to + 64 + part * 16, second);
  }

  /// totals[N][2] = the products of a group, for 8 rows.
  template <std::size_t group, std::size_t N>
  [[gnu::always_inline]] static void products(const std::byte* weights, const std::int8_t* codes,
                                              std::size_t k, int32x4_t (&totals)[N][2]) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < N; ++i) totals[i][0] = totals[i][1] = vdupq_n_s32(0);
#pragma GCC unroll 2
    for (std::size_t value = 0; value < group; value += 16) {
      int8x16_t x[N];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < N; ++i) x[i] = vld1q_s8(codes + i * k + value);
#pragma GCC unroll 4
      for (std::size_t lane = 0; lane < 4; ++lane) {
        const std::byte* at = weights + (value / 4 + lane) * 64;
        const int8x16_t w0 = load_signed(at);
        const int8x16_t w1 = load_signed(at + 16);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < N; ++i) {
          totals[i][0] = add_dot(totals[i][0], w0, x[i], lane);
          totals[i][1] = add_dot(totals[i][1], w1, x[i], lane);
        }
      }
    }
  }

  /// For rows first .. first + 8. x_sums[N][groups]
  template <typename Block, std::size_t N>
  static void run_rows(const Unpacked<Block>& weights, std::size_t values, const Columns& x,
                       const float (*x_sums)[Unpacked<Block>::k_groups], std::size_t first,
                       float* c) {
    Floats results[N][2];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < N; ++i) {
      results[i][0] = vld1q_f32(c + i * k_rows + first);
      results[i][1] = vld1q_f32(c + i * k_rows + first + 4);
    }
    for (std::size_t g = 0; g < values / Block::k_group; ++g) {
      const std::size_t value = g * Block::k_group;
      int32x4_t totals[N][2];
      products<Block::k_group>(weights.codes + value * k_rows + first * 4, x.codes + value, x.k,
                               totals);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        const Floats factor = vld1q_f32(weights.factors[g] + first + half * 4);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < N; ++i) {
          const Floats scaled =
              vmulq_n_f32(vcvtq_f32_s32(totals[i][half]), x.scales[i * (x.k / 32) + value / 32]);
          results[i][half] = vfmaq_f32(results[i][half], scaled, factor);
        }
        if constexpr (Block::k_minimums) {
          const Floats minimum = vld1q_f32(weights.minimums[g] + first + half * 4);
#pragma GCC unroll 4
          for (std::size_t i = 0; i < N; ++i) {
            results[i][half] = vfmaq_n_f32(results[i][half], minimum, x_sums[i][g]);
          }
        }
      }
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < N; ++i) {
      store(c + i * k_rows + first, results[i][0]);
      store(c + i * k_rows + first + 4, results[i][1]);
    }
  }

  template <typename Block, std::size_t N>
  static void run(const Unpacked<Block>& weights, std::size_t values, const Columns& x, float* c) {
    float x_sums[Block::k_minimums ? N : 1][Unpacked<Block>::k_groups];
    for (std::size_t i = 0; Block::k_minimums && i < N; ++i) {
      scaled_sums<Block>(x.at(i, 0), values, x_sums[i]);
    }
    run_rows<Block, N>(weights, values, x, x_sums, 0, c);
    run_rows<Block, N>(weights, values, x, x_sums, 8, c);
  }
};

/// totals = the products of 32 values of a block with a column, in int32: of `b` on, times the
/// integer factors where there are any. What the offset adds is where a sum begins.
template <typename Block>
[[gnu::always_inline]] inline void column_32(const std::byte* block, std::size_t b,
                                             const typename Block::BlockFactors& factors,
                                             const Columns& x, int32x4_t (&totals)[k_parts]) {
  constexpr std::size_t k_halves = 32 / Block::k_group;
#pragma GCC unroll 2
  for (std::size_t half = 0; half < k_halves; ++half) {
    const std::size_t group = b * k_halves + half;
    int start = 0;
    if constexpr (Block::k_offset != 0) {
      start = x.sums[group * Block::k_group / 16];
      if constexpr (k_halves == 1) start += x.sums[b * 2 + 1];
      start *= Block::k_offset;
    }
    int32x4_t sums[k_parts];
#pragma GCC unroll 4
    for (auto& sum : sums) sum = vdupq_n_s32(start);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < Block::k_group / 4; ++j) {
      keep_order();
      const int8x16_t codes = vld1q_s8(x.codes + group * Block::k_group + j / 4 * 16);
#pragma GCC unroll 4
      for (std::size_t part = 0; part < k_parts; ++part) {
        const int8x16_t w = vreinterpretq_s8_u8(Block::codes(block, group, j, part));
        sums[part] = add_dot(sums[part], w, codes, j % 4);
      }
    }
    RowIntegers scale{};
    if constexpr (Block::k_scaled) scale = factors.scale(group);
#pragma GCC unroll 4
    for (std::size_t part = 0; part < k_parts; ++part) {
      if constexpr (!Block::k_scaled) {
        totals[part] = sums[part];
      } else if (half == 0) {
        totals[part] = vmulq_s32(sums[part], scale.part[part]);
      } else {
        totals[part] = vmlaq_s32(totals[part], sums[part], scale.part[part]);
      }
    }
  }
}

/// minimums += the integer minimums of 32 values times the sums of the column's codes and its
/// scale.
template <typename Block>
[[gnu::always_inline]] inline void minimums_32(std::size_t b,
                                               const typename Block::BlockFactors& factors,
                                               const Columns& x, Floats (&minimums)[k_parts]) {
  const int first = x.sums[b * 2];
  const int second = x.sums[b * 2 + 1];
  RowIntegers total{};
  if constexpr (!Block::k_scaled) {
    for (auto& part : total.part) part = vdupq_n_s32(first + second);
  } else if constexpr (Block::k_group == 32) {
    total = factors.minimum(b);
    for (auto& part : total.part) part = vmulq_n_s32(part, first + second);
  } else {
    total = factors.minimum(2 * b);
    const RowIntegers other = factors.minimum(2 * b + 1);
#pragma GCC unroll 4
    for (std::size_t part = 0; part < k_parts; ++part) {
      total.part[part] =
          vmlaq_n_s32(vmulq_n_s32(total.part[part], first), other.part[part], second);
    }
  }
#pragma GCC unroll 4
  for (std::size_t part = 0; part < k_parts; ++part) {
    minimums[part] = vfmaq_n_f32(minimums[part], vcvtq_f32_s32(total.part[part]), x.scales[b]);
  }
}

/// results += a block times a column.
template <typename Block>
void add_column(const std::byte* block, const Columns& x, Floats (&results)[k_parts]) {
  const typename Block::BlockFactors factors(block);
  Floats products[k_parts];
  Floats minimums[k_parts];
#pragma GCC unroll 4
  for (std::size_t part = 0; part < k_parts; ++part) {
    products[part] = minimums[part] = vdupq_n_f32(0.0F);
  }
#pragma GCC unroll 8
  for (std::size_t b = 0; b < Block::k_values / 32; ++b) {
    int32x4_t totals[k_parts];
    column_32<Block>(block, b, factors, x, totals);
#pragma GCC unroll 4
    for (std::size_t part = 0; part < k_parts; ++part) {
      products[part] = vfmaq_n_f32(products[part], vcvtq_f32_s32(totals[part]), x.scales[b]);
    }
    if constexpr (Block::k_minimums) minimums_32<Block>(b, factors, x, minimums);
  }
#pragma GCC unroll 4
  for (std::size_t part = 0; part < k_parts; ++part) {
    results[part] = vfmaq_f32(results[part], products[part], factors.d(part));
    if constexpr (Block::k_minimums) {
      results[part] = vfmaq_f32(results[part], minimums[part], factors.dmin(part));
    }
  }
}

template <typename Block>
void multiply_streams(const StreamProduct* product) {
  const Q8Columns& q8 = *product->q8;
  const Columns x{q8.codes, q8.scales, q8.sums, q8.k};
  constexpr std::size_t n = Block::k_at_once;
  const std::size_t blocks = x.k / Block::k_values;
  for (std::size_t first = 0; first < k_streams; first += n) {
    for (std::size_t panel = 0; panel < product->panel_count; ++panel) {
      Floats results[n][k_parts];
      for (auto& result : results) {
        for (Floats& part : result) part = vdupq_n_f32(0.0F);
      }
      for (std::size_t b = 0; b < blocks; ++b) {
        const std::size_t at = (panel * blocks + b) * Block::k_block_bytes;
#pragma GCC unroll 4
        for (std::size_t s = 0; s < n; ++s) {
          add_column<Block>(product->panels[first + s] + at, x.at(0, b * Block::k_values),
                            results[s]);
        }
      }
      for (std::size_t s = 0; s < n; ++s) {
        float* out = product->out[first + s] + panel * k_rows;
        for (std::size_t part = 0; part < k_parts; ++part) {
          store(out + part * k_lanes, results[s][part]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace assay
