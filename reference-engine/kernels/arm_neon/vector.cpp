#include "reference-engine/kernels/arm_neon/tables.hpp"
#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

/// Up to 4 values at the end of an array, as a whole vector.
struct Tail {
  float lanes[4] = {};
  Tail(const float* from, std::size_t count) {
    __builtin_memcpy(lanes, from, count * sizeof(float));
  }
  [[nodiscard]] Floats vector() const { return vld1q_f32(lanes); }
};

inline void store_tail(Floats value, std::size_t count, float* to) {
  float lanes[4];
  store(lanes, value);
  __builtin_memcpy(to, lanes, count * sizeof(float));
}

float dot_f32(const float* a, const float* b, std::size_t n) {
  Floats sums[4] = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F), vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (std::size_t s = 0; s < 4; ++s) {
      sums[s] = vfmaq_f32(sums[s], vld1q_f32(a + i + s * 4), vld1q_f32(b + i + s * 4));
    }
  }
  for (; i < n; i += 4) {
    const std::size_t count = smaller(n - i, 4);
    sums[0] = vfmaq_f32(sums[0], Tail(a + i, count).vector(), Tail(b + i, count).vector());
  }
  return vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])));
}

float sum_of_squares(const float* x, std::size_t n) { return dot_f32(x, x, n); }

void add_scaled(float* y, const float* x, float scale, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    store(y + i, vfmaq_n_f32(vld1q_f32(y + i), vld1q_f32(x + i), scale));
  }
  for (; i < n; ++i) y[i] += scale * x[i];
}

void scale_by(float* x, const float* weight, float scale, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    store(x + i, vmulq_f32(vmulq_n_f32(vld1q_f32(weight + i), scale), vld1q_f32(x + i)));
  }
  for (; i < n; ++i) x[i] *= scale * weight[i];
}

float maximum(const float* x, std::size_t n) {
  float most = x[0];
  std::size_t i = 0;
  if (n >= 4) {
    Floats largest = vld1q_f32(x);
    for (i = 4; i + 4 <= n; i += 4) largest = vmaxq_f32(largest, vld1q_f32(x + i));
    most = vmaxvq_f32(largest);
  }
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

/// exp(x) for x <= 88; 0 below -87, where the result would be subnormal.
/// x = n ln 2 + r with |r| <= ln 2 / 2: exp(x) = 2^n (1 + r + ... + r^7 / 7!), and the terms left
/// out are at most r^8 / 8! = 5e-9. ln 2 is split so that n * k_ln2_high is exact.
inline Floats exponential(Floats x) {
  constexpr float k_lowest = -87.0F;
  constexpr float k_ln2_high = 0x1.62ep-1F;
  constexpr float k_ln2_low = 0x1.0bfbe8p-15F;
  const Floats n = vrndnq_f32(vmulq_n_f32(x, 0x1.715476p+0F));
  const Floats high = vfmsq_f32(x, n, vdupq_n_f32(k_ln2_high));
  const Floats r = vfmsq_f32(high, n, vdupq_n_f32(k_ln2_low));
  Floats p = vdupq_n_f32(1.0F / 5040.0F);
  p = vfmaq_f32(vdupq_n_f32(1.0F / 720.0F), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0F / 120.0F), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0F / 24.0F), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0F / 6.0F), p, r);
  p = vfmaq_f32(vdupq_n_f32(0.5F), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0F), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0F), p, r);
  const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(n), 23);
  const int32x4_t scaled = vaddq_s32(vreinterpretq_s32_f32(p), exponent);
  const uint32x4_t normal = vcgeq_f32(x, vdupq_n_f32(k_lowest));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_s32(scaled), normal));
}

float exp_sum(float* x, float maximum, std::size_t n) {
  const Floats offset = vdupq_n_f32(maximum);
  Floats sum = vdupq_n_f32(0.0F);
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const Floats value = exponential(vsubq_f32(vld1q_f32(x + i), offset));
    store(x + i, value);
    sum = vaddq_f32(sum, value);
  }
  float total = vaddvq_f32(sum);
  if (i < n) {
    const Floats value = exponential(vsubq_f32(Tail(x + i, n - i).vector(), offset));
    store_tail(value, n - i, x + i);
    for (; i < n; ++i) total += x[i];
  }
  return total;
}

/// x / (1 + exp(-x)). From -88 on exp(-x) stays finite, and the quotient is below 1e-36.
inline Floats silu(Floats x) {
  const Floats negative = vminq_f32(vnegq_f32(x), vdupq_n_f32(88.0F));
  return vdivq_f32(x, vaddq_f32(vdupq_n_f32(1.0F), exponential(negative)));
}

void silu_multiply(float* gate, const float* up, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    store(gate + i, vmulq_f32(silu(vld1q_f32(gate + i)), vld1q_f32(up + i)));
  }
  if (i < n) {
    const Floats value =
        vmulq_f32(silu(Tail(gate + i, n - i).vector()), Tail(up + i, n - i).vector());
    store_tail(value, n - i, gate + i);
  }
}

float advance_state(float* row, const float* add, const float* read, float decay, float scale,
                    std::size_t n) {
  const auto step = [&](Floats old, Floats more) {
    return vfmaq_n_f32(vmulq_n_f32(old, decay), more, scale);
  };
  Floats sums[2] = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t s = 0; s < 2; ++s) {
      float* at = row + i + s * 4;
      const Floats next = step(vld1q_f32(at), vld1q_f32(add + i + s * 4));
      store(at, next);
      sums[s] = vfmaq_f32(sums[s], next, vld1q_f32(read + i + s * 4));
    }
  }
  for (; i < n; i += 4) {
    const std::size_t count = smaller(n - i, 4);
    const Floats next = step(Tail(row + i, count).vector(), Tail(add + i, count).vector());
    store_tail(next, count, row + i);
    sums[0] = vfmaq_f32(sums[0], next, Tail(read + i, count).vector());
  }
  return vaddvq_f32(vaddq_f32(sums[0], sums[1]));
}

inline uint16x4_t to_halves(Floats x) { return vreinterpret_u16_f16(vcvt_f16_f32(x)); }

void f32_to_f16(const float* x, std::uint16_t* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) vst1_u16(out + i, to_halves(vld1q_f32(x + i)));
  if (i < n) {
    std::uint16_t lanes[4];
    vst1_u16(lanes, to_halves(Tail(x + i, n - i).vector()));
    __builtin_memcpy(out + i, lanes, (n - i) * sizeof(std::uint16_t));
  }
}

void f16_to_f32(const std::uint16_t* x, float* out, std::size_t n) {
  const auto* halves = reinterpret_cast<const std::byte*>(x);
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) store(out + i, load_halves(halves + i * 2));
  for (; i < n; ++i) out[i] = half_to_float(halves + i * 2);
}

/// What is not a number is left out.
inline float largest_magnitude(const Floats (&x)[8]) {
  Floats largest = vdupq_n_f32(0.0F);
  for (const Floats v : x) {
    const Floats magnitude = vabsq_f32(v);
    largest = vbslq_f32(vcgtq_f32(magnitude, largest), magnitude, largest);
  }
  return vmaxvq_f32(largest);
}

/// 16 values as codes, in order; -127 for what is not a number.
inline int8x16_t codes_of(const Floats* x, float inverse) {
  int32x4_t q[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const Floats scaled = vmulq_n_f32(x[i], inverse);
    q[i] = vbslq_s32(vceqq_f32(scaled, scaled), vcvtnq_s32_f32(scaled), vdupq_n_s32(-127));
  }
  const int16x8_t low = vcombine_s16(vqmovn_s32(q[0]), vqmovn_s32(q[1]));
  const int16x8_t high = vcombine_s16(vqmovn_s32(q[2]), vqmovn_s32(q[3]));
  return vmaxq_s8(vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)), vdupq_n_s8(-127));
}

void quantise_q8(const float* x, std::size_t k, std::int8_t* codes, float* scales,
                 std::int16_t* sums) {
  constexpr float k_smallest = 0x1p-126F;  // normal
  constexpr float k_largest = 0x1.fffffep+127F;
  for (std::size_t b = 0; b < k / 32; ++b) {
    Floats values[8];
    for (std::size_t i = 0; i < 8; ++i) values[i] = vld1q_f32(x + b * 32 + i * k_lanes);
    const float scale = largest_magnitude(values) / 127.0F;
    const bool usable = scale >= k_smallest && scale <= k_largest;
    scales[b] = usable ? scale : 0.0F;
    for (std::size_t half = 0; half < 2; ++half) {
      const int8x16_t q = usable ? codes_of(values + half * 4, 1.0F / scale) : vdupq_n_s8(0);
      vst1q_s8(codes + b * 32 + half * 16, q);
      sums[2 * b + half] = vaddlvq_s8(q);
    }
  }
}

}  // namespace

constinit const KernelTable k_neon_vector{
    .isa = "neon",
    .quantise_q8 = quantise_q8,
    .dot_f32 = dot_f32,
    .add_scaled = add_scaled,
    .sum_of_squares = sum_of_squares,
    .scale_by = scale_by,
    .maximum = maximum,
    .exp_sum = exp_sum,
    .silu_multiply = silu_multiply,
    .advance_state = advance_state,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
};

}  // namespace assay
