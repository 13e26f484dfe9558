// The tile of SMMLA: 8 products of int8 of each of 2 rows and 2 columns are added to 4 int32,
// exactly.
#pragma once

#include "reference-engine/kernels/arm/prefill.inl"

namespace assay {
namespace {

/// Two vectors of two rows, from one of four.
struct RowPairs {
  Floats low;
  Floats high;
};

/// 4 columns and 8 rows at a time, in squares of two: 8 sums of products, 8 results, 4 weights, 2
/// columns.
struct MatrixTile {
  static constexpr std::size_t k_columns = 4;

  /// Pairs of rows: [8][2 rows][8 values].
  static void arrange(Codes first, Codes second, std::size_t part, std::byte* to) {
    const uint32x4_t a = vreinterpretq_u32_u8(first);
    const uint32x4_t b = vreinterpretq_u32_u8(second);
    store(to + part * 32, vreinterpretq_u8_u32(vzip1q_u32(a, b)));
    store(to + part * 32 + 16, vreinterpretq_u8_u32(vzip2q_u32(a, b)));
  }

  /// Each of 4 rows' values for both columns of a square.
  static RowPairs of_rows(const float* at) {
    const Floats rows = vld1q_f32(at);
    return {vzip1q_f32(rows, rows), vzip2q_f32(rows, rows)};
  }

  /// Values of two columns, for both rows of a square.
  static Floats of_columns(float first, float second) {
    const float32x2_t pair = vset_lane_f32(second, vdup_n_f32(first), 1);
    return vcombine_f32(pair, pair);
  }

  /// Two columns; the last one of an odd number stands for both.
  template <std::size_t N>
  static constexpr std::size_t second(std::size_t pair) {
    return 2 * pair + 1 < N ? 2 * pair + 1 : 2 * pair;
  }

  /// totals[pairs of columns][pairs of rows] = the products of a group, for 8 rows.
  template <std::size_t group, std::size_t N, std::size_t P>
  [[gnu::always_inline]] static void products(const std::byte* weights, const std::int8_t* codes,
                                              std::size_t k, int32x4_t (&totals)[P][4]) {
#pragma GCC unroll 2
    for (auto& total : totals) {
#pragma GCC unroll 4
      for (auto& square : total) square = vdupq_n_s32(0);
    }
#pragma GCC unroll 2
    for (std::size_t value = 0; value < group; value += 16) {
      int8x16_t x[2][P];
#pragma GCC unroll 2
      for (std::size_t p = 0; p < P; ++p) {
        const int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(codes + 2 * p * k + value));
        const int64x2_t b = vreinterpretq_s64_s8(vld1q_s8(codes + second<N>(p) * k + value));
        x[0][p] = vreinterpretq_s8_s64(vzip1q_s64(a, b));
        x[1][p] = vreinterpretq_s8_s64(vzip2q_s64(a, b));
      }
#pragma GCC unroll 2
      for (std::size_t eight = 0; eight < 2; ++eight) {
#pragma GCC unroll 4
        for (std::size_t rows = 0; rows < 4; ++rows) {
          const int8x16_t w =
              vreinterpretq_s8_u8(load(weights + (value / 8 + eight) * 128 + rows * 16));
#pragma GCC unroll 2
          for (std::size_t p = 0; p < P; ++p) {
            totals[p][rows] = vmmlaq_s32(totals[p][rows], w, x[eight][p]);
          }
        }
      }
    }
  }

  /// results += factors of rows * (totals *) factors of columns, square by square.
  [[gnu::always_inline]] static void add_squares(const float* rows, Floats columns,
                                                 const int32x4_t (&totals)[4],
                                                 Floats (&results)[4]) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const RowPairs factor = of_rows(rows + half * 4);
      const Floats low = vmulq_f32(vcvtq_f32_s32(totals[half * 2]), columns);
      const Floats high = vmulq_f32(vcvtq_f32_s32(totals[half * 2 + 1]), columns);
      results[half * 2] = vfmaq_f32(results[half * 2], low, factor.low);
      results[half * 2 + 1] = vfmaq_f32(results[half * 2 + 1], high, factor.high);
    }
  }
  [[gnu::always_inline]] static void add_minimums(const float* rows, Floats columns,
                                                  Floats (&results)[4]) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const RowPairs minimum = of_rows(rows + half * 4);
      results[half * 2] = vfmaq_f32(results[half * 2], minimum.low, columns);
      results[half * 2 + 1] = vfmaq_f32(results[half * 2 + 1], minimum.high, columns);
    }
  }

  /// c[column][8 rows] += the results of a pair of columns.
  template <std::size_t N>
  static void add_results(const Floats (&results)[4], std::size_t pair, float* c) {
    for (std::size_t half = 0; half < 2; ++half) {
      float* to = c + 2 * pair * k_rows + half * 4;
      const Floats low = results[half * 2];
      const Floats high = results[half * 2 + 1];
      store(to, vaddq_f32(vld1q_f32(to), vuzp1q_f32(low, high)));
      if (2 * pair + 1 < N) {
        store(to + k_rows, vaddq_f32(vld1q_f32(to + k_rows), vuzp2q_f32(low, high)));
      }
    }
  }

  /// For rows first .. first + 8. x_sums[N][groups]
  template <typename Block, std::size_t N>
  static void run_rows(const Unpacked<Block>& weights, std::size_t values, const Columns& x,
                       const float (*x_sums)[Unpacked<Block>::k_groups], std::size_t first,
                       float* c) {
    constexpr std::size_t k_pairs = (N + 1) / 2;
    Floats results[k_pairs][4];
    for (auto& result : results) {
      for (Floats& square : result) square = vdupq_n_f32(0.0F);
    }
    for (std::size_t g = 0; g < values / Block::k_group; ++g) {
      const std::size_t value = g * Block::k_group;
      int32x4_t totals[k_pairs][4];
      products<Block::k_group, N>(weights.codes + value * k_rows + first * 8, x.codes + value, x.k,
                                  totals);
#pragma GCC unroll 2
      for (std::size_t p = 0; p < k_pairs; ++p) {
        const float* scale = x.scales + value / 32;
        const Floats scales =
            of_columns(scale[2 * p * (x.k / 32)], scale[second<N>(p) * (x.k / 32)]);
        add_squares(weights.factors[g] + first, scales, totals[p], results[p]);
        if constexpr (Block::k_minimums) {
          add_minimums(weights.minimums[g] + first,
                       of_columns(x_sums[2 * p][g], x_sums[second<N>(p)][g]), results[p]);
        }
      }
    }
    for (std::size_t p = 0; p < k_pairs; ++p) add_results<N>(results[p], p, c + first);
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

/// Decode, packing and decoding rows are those of the table below.
template <typename Block>
constexpr FormatKernels block_kernels() {
  return {Block::k_format, k_rows, true, nullptr, nullptr, multiply<MatrixTile, Block>, nullptr};
}

}  // namespace
}  // namespace assay
