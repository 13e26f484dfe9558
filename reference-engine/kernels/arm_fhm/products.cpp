// F16 weights times activations that are rounded to binary16, for `--numerics native`: FMLAL and
// FMLAL2 add exact products of binary16 to float32 sums, rounded once. As many multiply-adds an
// instruction as float32 has, but nothing is widened before them.
#include "reference-engine/kernels/arm/rounded_products.inl"
#include "reference-engine/kernels/arm_fhm/tables.hpp"

namespace assay {
namespace {

constexpr std::size_t k_tile = 5;  // columns of the widest tile: 20 sums, 2 weights, 5 columns

static_assert(k_chunk == k_f16_group);

struct Scale {
  float up;    // of values
  float down;  // of products
};

/// The power of two that brings the largest magnitude, given by its bits, to 2^14 .. 2^15: no value
/// rounds to infinity (from 65520 on), and small ones keep their bits. Not a number and infinity
/// stay what they are. For magnitudes below 2^-112 2^126 is the largest whose inverse is normal.
inline Scale scale_of(std::uint32_t bits) {
  const std::uint32_t wanted = 14 + 2 * 127 - (bits >> 23);
  const std::uint32_t exponent = wanted < 127 + 126 ? wanted : 127 + 126;
  const std::uint32_t up = exponent << 23;
  const std::uint32_t down = (2 * 127 - exponent) << 23;
  Scale scale;
  __builtin_memcpy(&scale.up, &up, sizeof(up));
  __builtin_memcpy(&scale.down, &down, sizeof(down));
  return scale;
}

/// The bits of the largest magnitude; of what is not a number, where there is such a value.
inline std::uint32_t largest_bits(const float* x, std::size_t count) {
  uint32x4_t largest = vdupq_n_u32(0);
  for (std::size_t i = 0; i < count; i += 4) {
    const Floats magnitudes = vabsq_f32(values_at(x + i, count - i));
    largest = vmaxq_u32(largest, vreinterpretq_u32_f32(magnitudes));
  }
  return vmaxvq_u32(largest);
}

/// sum + weights * x[lane] of the first or last 4 of 8 weights, rounded once.
template <int lane, bool last>
[[gnu::always_inline]] inline Floats add_product(Floats sum, float16x8_t weights, float16x8_t x) {
  if constexpr (last) {
    return vfmlalq_laneq_high_f16(sum, weights, x, lane);
  } else {
    return vfmlalq_laneq_low_f16(sum, weights, x, lane);
  }
}

struct Half {
  using Stored = float16_t;

  static float round(const float* x, std::size_t count, Stored* to) {
    const Scale scale = scale_of(largest_bits(x, count));
    for (std::size_t i = 0; i < count; i += 8) {
      const std::size_t left = count - i;
      const Floats low = values_at(x + i, left);
      const Floats high = values_at(x + i + 4, left > 4 ? left - 4 : 0);
      const float16x4_t halves = vcvt_f16_f32(vmulq_n_f32(low, scale.up));
      vst1q_f16(to + i, vcvt_high_f16_f32(halves, vmulq_n_f32(high, scale.up)));
    }
    return scale.down;
  }

  struct Gathered {
    alignas(64) Stored values[k_columns][k_chunk];
    float factors[k_columns];

    void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
      for (std::size_t i = 0; i < columns; ++i) factors[i] = round(x + i * k, count, values[i]);
    }
  };

  /// A panel: values[k][16].
  struct Weights {
    const Stored* values;
    std::size_t count;

    Weights(const std::byte* chunk, std::size_t of)
        : values(reinterpret_cast<const Stored*>(chunk)), count(of) {}
  };

  /// sums[16] += 16 weights times lane `lane`.
  template <int lane>
  [[gnu::always_inline]] static void add_row(float16x8_t low, float16x8_t high, float16x8_t x,
                                             Floats (&sums)[k_parts]) {
    sums[0] = add_product<lane, false>(sums[0], low, x);
    sums[1] = add_product<lane, true>(sums[1], low, x);
    sums[2] = add_product<lane, false>(sums[2], high, x);
    sums[3] = add_product<lane, true>(sums[3], high, x);
  }

  /// The same for N columns.
  template <int lane, std::size_t N>
  [[gnu::always_inline]] static void add_rows(const Stored* weights, const float16x8_t (&x)[N],
                                              Floats (&sums)[N][k_parts]) {
    const float16x8_t low = vld1q_f16(weights);
    const float16x8_t high = vld1q_f16(weights + 8);
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) add_row<lane>(low, high, x[n], sums[n]);
  }

  /// The same for lane `lane` and those that follow.
  template <int lane, std::size_t N>
  [[gnu::always_inline]] static void add_lanes(const Stored* weights, const float16x8_t (&x)[N],
                                               Floats (&sums)[N][k_parts]) {
    if constexpr (lane < 8) {
      add_rows<lane>(weights, x, sums);
      add_lanes<lane + 1>(weights + k_rows, x, sums);
    }
  }

  /// c[N][16] += a chunk of a panel times N columns.
  template <std::size_t N>
  static void tile(const Weights& weights, const Gathered& x, std::size_t first,
                   float (*c)[k_rows]) {
    Floats sums[N][k_parts];
#pragma GCC unroll 8
    for (auto& column : sums) {
#pragma GCC unroll 4
      for (Floats& sum : column) sum = vdupq_n_f32(0.0F);
    }
    float16x8_t values[N];
    std::size_t i = 0;
    for (; i + 8 <= weights.count; i += 8) {
#pragma GCC unroll 8
      for (std::size_t n = 0; n < N; ++n) values[n] = vld1q_f16(x.values[first + n] + i);
      add_lanes<0>(weights.values + i * k_rows, values, sums);
    }
    for (; i < weights.count; ++i) {
#pragma GCC unroll 8
      for (std::size_t n = 0; n < N; ++n) values[n] = vld1q_dup_f16(x.values[first + n] + i);
      add_rows<0>(weights.values + i * k_rows, values, sums);
    }
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 4
      for (std::size_t part = 0; part < k_parts; ++part) {
        float* to = c[n] + part * k_lanes;
        store(to, vfmaq_n_f32(vld1q_f32(to), sums[n][part], x.factors[first + n]));
      }
    }
  }

  template <std::size_t N>
  static void tile_of(const Weights& weights, const Gathered& x, std::size_t first,
                      std::size_t columns, float (*c)[k_rows]) {
    if constexpr (N > 0) {
      if (columns == N) {
        tile<N>(weights, x, first, c);
      } else {
        tile_of<N - 1>(weights, x, first, columns, c);
      }
    }
  }

  static void run(const Weights& weights, const Gathered& x, std::size_t columns,
                  float (*c)[k_rows]) {
    for (std::size_t done = 0; done < columns;) {
      const std::size_t left = columns - done;
      // The last two tiles share what is left, rather than a full one and a narrow one.
      const bool last_two = left > k_tile && left < 2 * k_tile;
      const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, k_tile);
      tile_of<k_tile>(weights, x, done, n, c + done);
      done += n;
    }
  }

  /// sums[stream] += 16 weights of each stream times lane `lane`, and the lanes that follow.
  template <int lane>
  [[gnu::always_inline]] static void add_stream_lanes(const Stored* const (&weights)[k_streams],
                                                      std::size_t i, float16x8_t x,
                                                      StreamSums& sums) {
    if constexpr (lane < 8) {
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_streams; ++s) {
        const Stored* from = weights[s] + i * k_rows;
        add_row<lane>(vld1q_f16(from), vld1q_f16(from + 8), x, sums[s]);
      }
      add_stream_lanes<lane + 1>(weights, i + 1, x, sums);
    }
  }

  [[gnu::always_inline]] static void add_chunk(const std::byte* const (&panels)[k_streams],
                                               const Stored* x, std::size_t count,
                                               StreamSums& sums) {
    const Stored* weights[k_streams];
    for (std::size_t s = 0; s < k_streams; ++s) {
      weights[s] = reinterpret_cast<const Stored*>(panels[s]);
    }
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) add_stream_lanes<0>(weights, i, vld1q_f16(x + i), sums);
    for (; i < count; ++i) {
      const float16x8_t value = vld1q_dup_f16(x + i);
      for (std::size_t s = 0; s < k_streams; ++s) {
        const Stored* from = weights[s] + i * k_rows;
        add_row<0>(vld1q_f16(from), vld1q_f16(from + 8), value, sums[s]);
      }
    }
  }
};

}  // namespace

/// Packing and decoding rows are those of the table below.
constinit const KernelTable k_arm_fhm_products{
    .isa = "fhm",
    .formats = {{.format = 1,
                 .panel_rows = k_rows,
                 .takes_q8 = false,
                 .pack = nullptr,
                 .decode_row = nullptr,
                 .multiply = multiply<Half>,
                 .multiply_streams = multiply_streams<Half>,
                 .rounding = ActivationRounding::f16}}};

}  // namespace assay
