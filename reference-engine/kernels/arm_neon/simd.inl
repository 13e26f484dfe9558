// Vectors of 4 rows, for kernels/panels/panels.inl and the AArch64 kernels.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"

namespace assay {
namespace {

using Codes = uint8x16_t;
using Floats = float32x4_t;
constexpr std::size_t k_lanes = 4;

inline Codes load(const void* at) { return vld1q_u8(static_cast<const std::uint8_t*>(at)); }
inline void store(void* at, Codes value) { vst1q_u8(static_cast<std::uint8_t*>(at), value); }
inline void store(float* at, Floats value) { vst1q_f32(at, value); }

inline Codes both(Codes a, Codes b) { return vandq_u8(a, b); }
inline Codes flip(Codes a, Codes bits) { return veorq_u8(a, bits); }
inline Codes either(Codes a, Codes b) { return vorrq_u8(a, b); }
inline Codes each(int byte) { return vdupq_n_u8(static_cast<std::uint8_t>(byte)); }
inline Codes up(Codes a, std::size_t bits) {
  return a << vdupq_n_u8(static_cast<std::uint8_t>(bits));
}
inline Codes down(Codes a, std::size_t bits) {
  return a >> vdupq_n_u8(static_cast<std::uint8_t>(bits));
}
inline Codes look_up(const void* table, Codes indices) { return vqtbl1q_u8(load(table), indices); }

/// 4 consecutive binary16 values.
inline Floats load_halves(const std::byte* at) {
  return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(at))));
}

/// 2^(e - 128) of 4 bytes: the exponent field e - 1, or a subnormal for e = 0 and 1.
inline Floats load_powers(const std::byte* at) {
  std::uint32_t word;
  __builtin_memcpy(&word, at, sizeof(word));
  const uint32x4_t e = vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(word)))));
  const uint32x4_t normal = vshlq_n_u32(vsubq_u32(e, vdupq_n_u32(1)), 23);
  const uint32x4_t subnormal = vshlq_u32(vdupq_n_u32(0x00200000), vreinterpretq_s32_u32(e));
  return vreinterpretq_f32_u32(vbslq_u32(vcgtq_u32(e, vdupq_n_u32(1)), normal, subnormal));
}

using Factors = Codes;

inline Factors load_factors(const void* at) { return load(at); }
inline void store_factors(void* at, Factors value) { store(at, value); }
inline Factors each_factor(int byte) { return each(byte); }
inline Factors less(Factors a, Factors b) { return vsubq_u8(a, b); }

using Sixteen = Factors;

inline Sixteen load_sixteen(const void* at) { return load(at); }
inline void store_sixteen(void* at, Sixteen value) { store(at, value); }
inline Sixteen each_sixteen(int byte) { return each(byte); }

inline Floats load_floats(const float* at) { return vld1q_f32(at); }

/// The first `count` of 4 values; zeros for the others.
inline Floats load_some(const float* at, std::size_t count) {
  float lanes[4] = {};
  __builtin_memcpy(lanes, at, count * sizeof(float));
  return vld1q_f32(lanes);
}
inline void store_some(float* at, Floats value, std::size_t count) {
  float lanes[4];
  vst1q_f32(lanes, value);
  __builtin_memcpy(at, lanes, count * sizeof(float));
}

inline Floats all(float value) { return vdupq_n_f32(value); }
inline Floats plus(Floats a, Floats b) { return vaddq_f32(a, b); }
inline Floats minus(Floats a, Floats b) { return vsubq_f32(a, b); }
inline Floats times(Floats a, Floats b) { return vmulq_f32(a, b); }
inline Floats over(Floats a, Floats b) { return vdivq_f32(a, b); }
inline Floats lesser(Floats a, Floats b) { return vminq_f32(a, b); }
inline Floats greater(Floats a, Floats b) { return vmaxq_f32(a, b); }
/// a * b + c and c - a * b, rounded once.
inline Floats multiply_add(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }
inline Floats subtract_product(Floats a, Floats b, Floats c) { return vfmsq_f32(c, a, b); }
inline Floats nearest(Floats a) { return vrndnq_f32(a); }
/// a * 2^n for whole n, where neither a nor the result is zero or subnormal.
inline Floats times_power(Floats a, Floats n) {
  const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(n), 23);
  return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), exponent));
}
/// Zero where x is below `lowest`.
inline Floats keep_from(float lowest, Floats x, Floats value) {
  const uint32x4_t kept = vcgeq_f32(x, all(lowest));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(value), kept));
}
inline float sum_of_lanes(Floats v) { return vaddvq_f32(v); }
inline float largest_of_lanes(Floats v) { return vmaxvq_f32(v); }

struct Eight {
  Floats low;
  Floats high;
};

using Wide = Eight;
constexpr std::size_t k_wide = 8;

inline Wide all_wide(float value) { return {all(value), all(value)}; }
inline void store(float* at, Eight value) {
  vst1q_f32(at, value.low);
  vst1q_f32(at + 4, value.high);
}
inline Eight to_floats(const std::int8_t* at) {
  const int16x8_t codes = vmovl_s8(vld1_s8(at));
  return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(codes))), vcvtq_f32_s32(vmovl_high_s16(codes))};
}
inline Eight times(Eight a, Eight b) { return {times(a.low, b.low), times(a.high, b.high)}; }
inline Eight multiply_add(Eight a, Eight b, Eight sum) {
  return {multiply_add(a.low, b.low, sum.low), multiply_add(a.high, b.high, sum.high)};
}

inline float half_to_float(const std::byte* at) {
  __fp16 half;
  __builtin_memcpy(&half, at, sizeof(half));
  return static_cast<float>(half);
}

inline float sum_of_lanes(Eight v) { return sum_of_lanes(plus(v.low, v.high)); }

inline Eight sums_of_lanes(const Eight (&v)[8]) {
  Floats halves[8];
  for (std::size_t i = 0; i < 8; ++i) halves[i] = vaddq_f32(v[i].low, v[i].high);
  return {vpaddq_f32(vpaddq_f32(halves[0], halves[1]), vpaddq_f32(halves[2], halves[3])),
          vpaddq_f32(vpaddq_f32(halves[4], halves[5]), vpaddq_f32(halves[6], halves[7]))};
}

inline void transpose(Floats& a, Floats& b, Floats& c, Floats& d) {
  const auto wide = [](Floats v) { return vreinterpretq_f64_f32(v); };
  const auto narrow = [](float64x2_t v) { return vreinterpretq_f32_f64(v); };
  const Floats ab_even = vtrn1q_f32(a, b);
  const Floats ab_odd = vtrn2q_f32(a, b);
  const Floats cd_even = vtrn1q_f32(c, d);
  const Floats cd_odd = vtrn2q_f32(c, d);
  a = narrow(vtrn1q_f64(wide(ab_even), wide(cd_even)));
  b = narrow(vtrn1q_f64(wide(ab_odd), wide(cd_odd)));
  c = narrow(vtrn2q_f64(wide(ab_even), wide(cd_even)));
  d = narrow(vtrn2q_f64(wide(ab_odd), wide(cd_odd)));
}

inline void transpose(Eight (&r)[8]) {
  transpose(r[0].low, r[1].low, r[2].low, r[3].low);
  transpose(r[4].high, r[5].high, r[6].high, r[7].high);
  transpose(r[0].high, r[1].high, r[2].high, r[3].high);
  transpose(r[4].low, r[5].low, r[6].low, r[7].low);
  for (std::size_t i = 0; i < 4; ++i) {
    const Floats kept = r[i].high;
    r[i].high = r[4 + i].low;
    r[4 + i].low = kept;
  }
}

}  // namespace
}  // namespace assay
