#include "reference-engine/kernels/panels/vector.inl"
#include "reference-engine/kernels/arm_neon/tables.hpp"

namespace assay {
namespace {

inline uint16x4_t to_halves(Floats x) { return vreinterpret_u16_f16(vcvt_f16_f32(x)); }

void f32_to_f16(const float* x, std::uint16_t* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) vst1_u16(out + i, to_halves(vld1q_f32(x + i)));
  if (i < n) {
    std::uint16_t lanes[4];
    vst1_u16(lanes, to_halves(load_some(x + i, n - i)));
    __builtin_memcpy(out + i, lanes, (n - i) * sizeof(std::uint16_t));
  }
}

/// What is not a number is left out.
inline float largest_magnitude(const Floats (&x)[8]) {
  Floats largest = vdupq_n_f32(0.0F);
  for (const Floats v : x) {
    const Floats magnitude = vabsq_f32(v);
    largest = vbslq_f32(vcgtq_f32(magnitude, largest), magnitude, largest);
  }
  return largest_of_lanes(largest);
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
    .soft_cap = soft_cap,
    .silu_multiply = silu_multiply,
    .advance_state = advance_state,
    .f32_to_f16 = f32_to_f16,
};

}  // namespace assay
