#include "reference-engine/kernels/panels/panels.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

/// Up to 8 values at the end of an array, as a whole vector.
struct Tail {
  alignas(32) float lanes[8] = {};
  Tail(const float* from, std::size_t count) {
    __builtin_memcpy(lanes, from, count * sizeof(float));
  }
  [[nodiscard]] __m256 vector() const { return _mm256_load_ps(lanes); }
};

inline void store_tail(__m256 value, std::size_t count, float* to) {
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, value);
  __builtin_memcpy(to, lanes, count * sizeof(float));
}

float dot_f32(const float* a, const float* b, std::size_t n) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                    _mm256_setzero_ps()};
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    for (std::size_t s = 0; s < 4; ++s) {
      sums[s] =
          _mm256_fmadd_ps(_mm256_loadu_ps(a + i + s * 8), _mm256_loadu_ps(b + i + s * 8), sums[s]);
    }
  }
  for (; i < n; i += 8) {
    const std::size_t count = smaller(n - i, 8);
    sums[0] = _mm256_fmadd_ps(Tail(a + i, count).vector(), Tail(b + i, count).vector(), sums[0]);
  }
  return sum_of_lanes(
      _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

float sum_of_squares(const float* x, std::size_t n) { return dot_f32(x, x, n); }

void add_scaled(float* y, const float* x, float scale, std::size_t n) {
  const __m256 factor = _mm256_set1_ps(scale);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i,
                     _mm256_fmadd_ps(factor, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
  }
  for (; i < n; ++i) y[i] += scale * x[i];
}

void scale_by(float* x, const float* weight, float scale, std::size_t n) {
  const __m256 factor = _mm256_set1_ps(scale);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 scaled = _mm256_mul_ps(factor, _mm256_loadu_ps(weight + i));
    _mm256_storeu_ps(x + i, _mm256_mul_ps(scaled, _mm256_loadu_ps(x + i)));
  }
  for (; i < n; ++i) x[i] *= scale * weight[i];
}

/// exp(x) for x <= 88; 0 below -87, where the result would be subnormal.
/// x = n ln 2 + r with |r| <= ln 2 / 2: exp(x) = 2^n (1 + r + ... + r^7 / 7!), and the terms left
/// out are at most r^8 / 8! = 5e-9. ln 2 is split so that n * k_ln2_high is exact.
inline __m256 exponential(__m256 x) {
  const __m256 k_lowest = _mm256_set1_ps(-87.0F);
  const __m256 k_ln2_high = _mm256_set1_ps(0x1.62ep-1F);
  const __m256 k_ln2_low = _mm256_set1_ps(0x1.0bfbe8p-15F);
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(0x1.715476p+0F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256 r = _mm256_fnmadd_ps(n, k_ln2_low, _mm256_fnmadd_ps(n, k_ln2_high, x));
  __m256 p = _mm256_set1_ps(1.0F / 5040.0F);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 720.0F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 120.0F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 24.0F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 6.0F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F));
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  const __m256 scaled = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
  return _mm256_and_ps(scaled, _mm256_cmp_ps(x, k_lowest, _CMP_GE_OQ));
}

float exp_sum(float* x, float maximum, std::size_t n) {
  const __m256 offset = _mm256_set1_ps(maximum);
  __m256 sum = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 value = exponential(_mm256_sub_ps(_mm256_loadu_ps(x + i), offset));
    _mm256_storeu_ps(x + i, value);
    sum = _mm256_add_ps(sum, value);
  }
  float total = sum_of_lanes(sum);
  if (i < n) {
    const __m256 value = exponential(_mm256_sub_ps(Tail(x + i, n - i).vector(), offset));
    store_tail(value, n - i, x + i);
    for (; i < n; ++i) total += x[i];
  }
  return total;
}

/// x / (1 + exp(-x)). From -88 on exp(-x) stays finite, and the quotient is below 1e-36.
inline __m256 silu(__m256 x) {
  const __m256 one = _mm256_set1_ps(1.0F);
  const __m256 negative =
      _mm256_min_ps(_mm256_sub_ps(_mm256_setzero_ps(), x), _mm256_set1_ps(88.0F));
  return _mm256_div_ps(x, _mm256_add_ps(one, exponential(negative)));
}

void silu_multiply(float* gate, const float* up, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(gate + i,
                     _mm256_mul_ps(silu(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i)));
  }
  if (i < n) {
    const __m256 value =
        _mm256_mul_ps(silu(Tail(gate + i, n - i).vector()), Tail(up + i, n - i).vector());
    store_tail(value, n - i, gate + i);
  }
}

float advance_state(float* row, const float* add, const float* read, float decay, float scale,
                    std::size_t n) {
  const __m256 kept = _mm256_set1_ps(decay);
  const __m256 factor = _mm256_set1_ps(scale);
  const auto step = [&](__m256 old, __m256 more) {
    return _mm256_fmadd_ps(factor, more, _mm256_mul_ps(kept, old));
  };
  __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (std::size_t s = 0; s < 2; ++s) {
      float* at = row + i + s * 8;
      const __m256 next = step(_mm256_loadu_ps(at), _mm256_loadu_ps(add + i + s * 8));
      _mm256_storeu_ps(at, next);
      sums[s] = _mm256_fmadd_ps(next, _mm256_loadu_ps(read + i + s * 8), sums[s]);
    }
  }
  for (; i < n; i += 8) {
    const std::size_t count = smaller(n - i, 8);
    const __m256 next = step(Tail(row + i, count).vector(), Tail(add + i, count).vector());
    store_tail(next, count, row + i);
    sums[0] = _mm256_fmadd_ps(next, Tail(read + i, count).vector(), sums[0]);
  }
  return sum_of_lanes(_mm256_add_ps(sums[0], sums[1]));
}

void f32_to_f16(const float* x, std::uint16_t* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < n; ++i) out[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
}

void f16_to_f32(const std::uint16_t* x, float* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(out + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
  }
  for (; i < n; ++i) out[i] = _cvtsh_ss(x[i]);
}

inline float largest_magnitude(const __m256 (&x)[4]) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  __m256 largest = _mm256_setzero_ps();
  // In this order a value that is not a number is left out.
  for (const __m256 v : x) largest = _mm256_max_ps(_mm256_andnot_ps(sign, v), largest);
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(largest), _mm256_extractf128_ps(largest, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/// 32 values as codes, in order.
inline __m256i codes_of(const __m256 (&x)[4], float inverse) {
  const __m256 factor = _mm256_set1_ps(inverse);
  __m256i q[4];
  for (std::size_t i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], factor));
  const __m256i packed =
      _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
  const __m256i ordered =
      _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  return _mm256_max_epi8(ordered, _mm256_set1_epi8(-127));
}

void quantise_q8(const float* x, std::size_t k, std::int8_t* codes, float* scales,
                 std::int16_t* sums) {
  constexpr float k_smallest = 0x1p-126F;  // normal
  constexpr float k_largest = 0x1.fffffep+127F;
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t b = 0; b < k / 32; ++b) {
    __m256 values[4];
    for (std::size_t i = 0; i < 4; ++i) values[i] = _mm256_loadu_ps(x + b * 32 + i * 8);
    const float scale = largest_magnitude(values) / 127.0F;
    const bool usable = scale >= k_smallest && scale <= k_largest;
    scales[b] = usable ? scale : 0.0F;
    const __m256i q = usable ? codes_of(values, 1.0F / scale) : _mm256_setzero_si256();
    store(codes + b * 32, q);
    // Sums of 4 codes in 32-bit lanes, then of 8, then of 16 in lanes 0 and 4.
    __m256i s = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), q), ones);
    s = _mm256_add_epi32(s, _mm256_shuffle_epi32(s, 0x4E));
    s = _mm256_add_epi32(s, _mm256_shuffle_epi32(s, 0xB1));
    sums[2 * b] = static_cast<std::int16_t>(_mm256_extract_epi32(s, 0));
    sums[2 * b + 1] = static_cast<std::int16_t>(_mm256_extract_epi32(s, 4));
  }
}

}  // namespace

constinit const KernelTable k_avx2_vector{
    .isa = "avx2",
    .quantise_q8 = quantise_q8,
    .dot_f32 = dot_f32,
    .add_scaled = add_scaled,
    .sum_of_squares = sum_of_squares,
    .scale_by = scale_by,
    .exp_sum = exp_sum,
    .silu_multiply = silu_multiply,
    .advance_state = advance_state,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
};

}  // namespace assay
