// The float32 tile that matrix products and attention share, and the formats it reads.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

struct F32 {
  using Stored = float;
  static constexpr std::uint32_t k_format = 0;
  static Floats load4(const Stored* at) { return vld1q_f32(at); }
  static Eight load_wide(const Stored* at) { return {load4(at), load4(at + 4)}; }
  static float load1(const Stored* at) { return *at; }
};

struct F16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 1;
  static Floats load4(const Stored* at) {
    return load_halves(reinterpret_cast<const std::byte*>(at));
  }
  static Eight load_wide(const Stored* at) { return {load4(at), load4(at + 4)}; }
  static float load1(const Stored* at) {
    return half_to_float(reinterpret_cast<const std::byte*>(at));
  }
};

struct Bf16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 30;
  static Floats load4(const Stored* at) {
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(at), 16));
  }
  static Eight load_wide(const Stored* at) { return {load4(at), load4(at + 4)}; }
  static float load1(const Stored* at) {
    const std::uint32_t bits = std::uint32_t{*at} << 16;
    float value;
    __builtin_memcpy(&value, &bits, sizeof(value));
    return value;
  }
};

constexpr std::size_t k_tile = 5;  // columns of the widest tile: 20 sums, 4 weights, 5 columns

/// Rows of 16 weights, `stride` values apart.
template <typename Format>
struct Panel {
  const typename Format::Stored* weights;
  std::size_t stride;
  std::size_t count;
};

/// N columns x of panel.count values, and where their 16 sums are kept.
struct TileColumns {
  const float* x;
  std::size_t x_stride;
  float* c;
  std::size_t c_stride;
};

/// sum + weights * x[lane], rounded once. The lane must be known when this is compiled.
[[gnu::always_inline]] inline Floats add_product_of_lane(Floats sum, Floats weights, Floats x,
                                                         std::size_t lane) {
  switch (lane) {
    case 0:
      return vfmaq_laneq_f32(sum, weights, x, 0);
    case 1:
      return vfmaq_laneq_f32(sum, weights, x, 1);
    case 2:
      return vfmaq_laneq_f32(sum, weights, x, 2);
    default:
      return vfmaq_laneq_f32(sum, weights, x, 3);
  }
}

/// c[n][16] (+)= sum over i of panel[i][16] * x[n][i]
template <std::size_t N, typename Format, bool accumulate>
void tile(const Panel<Format>& panel, const TileColumns& columns) {
  Floats sums[N][4];
#pragma GCC unroll 8
  for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 4
    for (std::size_t part = 0; part < 4; ++part) {
      sums[n][part] = accumulate ? vld1q_f32(columns.c + n * columns.c_stride + part * k_lanes)
                                 : vdupq_n_f32(0.0F);
    }
  }
  const auto* weights = panel.weights;
  std::size_t i = 0;
  for (; i + 4 <= panel.count; i += 4) {
    Floats x[N];
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) x[n] = vld1q_f32(columns.x + n * columns.x_stride + i);
#pragma GCC unroll 4
    for (std::size_t lane = 0; lane < 4; ++lane, weights += panel.stride) {
#pragma GCC unroll 4
      for (std::size_t part = 0; part < 4; ++part) {
        const Floats w = Format::load4(weights + part * k_lanes);
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
          sums[n][part] = add_product_of_lane(sums[n][part], w, x[n], lane);
        }
      }
    }
  }
  for (; i < panel.count; ++i, weights += panel.stride) {
#pragma GCC unroll 4
    for (std::size_t part = 0; part < 4; ++part) {
      const Floats w = Format::load4(weights + part * k_lanes);
#pragma GCC unroll 8
      for (std::size_t n = 0; n < N; ++n) {
        sums[n][part] = vfmaq_n_f32(sums[n][part], w, columns.x[n * columns.x_stride + i]);
      }
    }
  }
#pragma GCC unroll 8
  for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 4
    for (std::size_t part = 0; part < 4; ++part) {
      store(columns.c + n * columns.c_stride + part * k_lanes, sums[n][part]);
    }
  }
}

template <std::size_t N, typename Format, bool accumulate>
void tile_of(const Panel<Format>& panel, const TileColumns& columns, std::size_t count) {
  if constexpr (N > 0) {
    if (count == N) {
      tile<N, Format, accumulate>(panel, columns);
    } else {
      tile_of<N - 1, Format, accumulate>(panel, columns, count);
    }
  }
}

/// All `count` columns, tile by tile; the last two share what is left.
template <typename Format, bool accumulate>
void run_tiles(const Panel<Format>& panel, TileColumns columns, std::size_t count) {
  while (count > 0) {
    const bool last_two = count > k_tile && count < 2 * k_tile;
    const std::size_t n = last_two ? (count + 1) / 2 : smaller(count, k_tile);
    tile_of<k_tile, Format, accumulate>(panel, columns, n);
    columns.x += n * columns.x_stride;
    columns.c += n * columns.c_stride;
    count -= n;
  }
}

/// A slab of 16 dimensions already has 16 sums for four columns.
constexpr std::size_t k_slabs = 1;

template <typename Format>
void run_slabs(const Panel<Format>& slabs, const TileColumns& columns, std::size_t count,
               std::size_t /*ahead*/) {
  run_tiles<Format, true>(slabs, columns, count);
}

/// 16 values of each of `count` rows as float32, close together.
template <typename Format>
void widen(const Panel<Format>& from, float* to) {
  const auto* weights = from.weights;
  for (std::size_t i = 0; i < from.count; ++i, weights += from.stride, to += k_rows) {
    store(to, Format::load_wide(weights));
    store(to + 8, Format::load_wide(weights + 8));
  }
}

}  // namespace
}  // namespace assay
