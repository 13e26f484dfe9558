// Arithmetic on arrays of float32, for vectors of any width.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

float dot_f32(const float* a, const float* b, std::size_t n) {
  Floats sums[4] = {all(0.0F), all(0.0F), all(0.0F), all(0.0F)};
  std::size_t i = 0;
  for (; i + 4 * k_lanes <= n; i += 4 * k_lanes) {
    for (std::size_t s = 0; s < 4; ++s) {
      const std::size_t at = i + s * k_lanes;
      sums[s] = multiply_add(load_floats(a + at), load_floats(b + at), sums[s]);
    }
  }
  for (; i < n; i += k_lanes) {
    const std::size_t count = smaller(n - i, k_lanes);
    sums[0] = multiply_add(load_some(a + i, count), load_some(b + i, count), sums[0]);
  }
  return sum_of_lanes(plus(plus(sums[0], sums[1]), plus(sums[2], sums[3])));
}

float sum_of_squares(const float* x, std::size_t n) { return dot_f32(x, x, n); }

void add_scaled(float* y, const float* x, float scale, std::size_t n) {
  const Floats factor = all(scale);
  std::size_t i = 0;
  for (; i + k_lanes <= n; i += k_lanes) {
    store(y + i, multiply_add(factor, load_floats(x + i), load_floats(y + i)));
  }
  if (i < n) {
    const std::size_t count = n - i;
    store_some(y + i, multiply_add(factor, load_some(x + i, count), load_some(y + i, count)),
               count);
  }
}

void scale_by(float* x, const float* weight, float scale, std::size_t n) {
  const Floats factor = all(scale);
  std::size_t i = 0;
  for (; i + k_lanes <= n; i += k_lanes) {
    store(x + i, times(times(factor, load_floats(weight + i)), load_floats(x + i)));
  }
  for (; i < n; ++i) x[i] *= scale * weight[i];
}

float maximum(const float* x, std::size_t n) {
  float most = x[0];
  std::size_t i = 0;
  if (n >= k_lanes) {
    Floats largest = load_floats(x);
    for (i = k_lanes; i + k_lanes <= n; i += k_lanes)
      largest = greater(largest, load_floats(x + i));
    most = largest_of_lanes(largest);
  }
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

/// exp(x) for x <= 88; 0 below -87, where the result would be subnormal.
/// x = n ln 2 + r with |r| <= ln 2 / 2: exp(x) = 2^n (1 + r + ... + r^7 / 7!), and the terms left
/// out are at most r^8 / 8! = 5e-9. ln 2 is split so that n * k_ln2_high is exact.
inline Floats exponential(Floats x) {
  constexpr float k_ln2_high = 0x1.62ep-1F;
  constexpr float k_ln2_low = 0x1.0bfbe8p-15F;
  const Floats n = nearest(times(x, all(0x1.715476p+0F)));
  const Floats r = subtract_product(n, all(k_ln2_low), subtract_product(n, all(k_ln2_high), x));
  Floats p = all(1.0F / 5040.0F);
  p = multiply_add(p, r, all(1.0F / 720.0F));
  p = multiply_add(p, r, all(1.0F / 120.0F));
  p = multiply_add(p, r, all(1.0F / 24.0F));
  p = multiply_add(p, r, all(1.0F / 6.0F));
  p = multiply_add(p, r, all(0.5F));
  p = multiply_add(p, r, all(1.0F));
  p = multiply_add(p, r, all(1.0F));
  return keep_from(-87.0F, x, times_power(p, n));
}

float exp_sum(float* x, float maximum, std::size_t n) {
  const Floats offset = all(maximum);
  Floats sum = all(0.0F);
  std::size_t i = 0;
  for (; i + k_lanes <= n; i += k_lanes) {
    const Floats value = exponential(minus(load_floats(x + i), offset));
    store(x + i, value);
    sum = plus(sum, value);
  }
  float total = sum_of_lanes(sum);
  if (i < n) {
    store_some(x + i, exponential(minus(load_some(x + i, n - i), offset)), n - i);
    for (; i < n; ++i) total += x[i];
  }
  return total;
}

/// tanh(x) = 1 - 2 / (exp(2 x) + 1); near 0, where that cancels, its series up to x^9, to which the
/// next term, 1382 x^11 / 155925, adds at most 9e-9 of it. NaN stays: it is the second operand.
inline Floats hyperbolic_tangent(Floats any) {
  constexpr float k_near = 0.25F;
  const Floats x = greater(all(-40.0F), lesser(all(40.0F), any));
  const Floats size = greater(x, minus(all(0.0F), x));
  const Floats far = minus(all(1.0F), over(all(2.0F), plus(exponential(plus(x, x)), all(1.0F))));
  const Floats square = times(x, x);
  Floats p = all(62.0F / 2835.0F);
  p = multiply_add(p, square, all(-17.0F / 315.0F));
  p = multiply_add(p, square, all(2.0F / 15.0F));
  p = multiply_add(p, square, all(-1.0F / 3.0F));
  const Floats near = multiply_add(times(p, square), x, x);
  return plus(keep_from(k_near, size, far), minus(near, keep_from(k_near, size, near)));
}

void soft_cap(float* x, float cap, std::size_t n) {
  const Floats inverse = all(1.0F / cap);
  std::size_t i = 0;
  for (; i + k_lanes <= n; i += k_lanes) {
    store(x + i, times(all(cap), hyperbolic_tangent(times(load_floats(x + i), inverse))));
  }
  if (i < n) {
    const Floats rest = times(load_some(x + i, n - i), inverse);
    store_some(x + i, times(all(cap), hyperbolic_tangent(rest)), n - i);
  }
}

/// x / (1 + exp(-x)). From -88 on exp(-x) stays finite, and the quotient is below 1e-36.
inline Floats silu(Floats x) {
  const Floats negative = lesser(minus(all(0.0F), x), all(88.0F));
  return over(x, plus(all(1.0F), exponential(negative)));
}

void silu_multiply(float* gate, const float* up, std::size_t n) {
  std::size_t i = 0;
  for (; i + k_lanes <= n; i += k_lanes) {
    store(gate + i, times(silu(load_floats(gate + i)), load_floats(up + i)));
  }
  if (i < n) {
    const std::size_t count = n - i;
    store_some(gate + i, times(silu(load_some(gate + i, count)), load_some(up + i, count)), count);
  }
}

float advance_state(float* row, const float* add, const float* read, float decay, float scale,
                    std::size_t n) {
  const Floats kept = all(decay);
  const Floats factor = all(scale);
  const auto step = [&](Floats old, Floats more) {
    return multiply_add(factor, more, times(kept, old));
  };
  Floats sums[2] = {all(0.0F), all(0.0F)};
  std::size_t i = 0;
  for (; i + 2 * k_lanes <= n; i += 2 * k_lanes) {
    for (std::size_t s = 0; s < 2; ++s) {
      const std::size_t at = i + s * k_lanes;
      const Floats next = step(load_floats(row + at), load_floats(add + at));
      store(row + at, next);
      sums[s] = multiply_add(next, load_floats(read + at), sums[s]);
    }
  }
  for (; i < n; i += k_lanes) {
    const std::size_t count = smaller(n - i, k_lanes);
    const Floats next = step(load_some(row + i, count), load_some(add + i, count));
    store_some(row + i, next, count);
    sums[0] = multiply_add(next, load_some(read + i, count), sums[0]);
  }
  return sum_of_lanes(plus(sums[0], sums[1]));
}

}  // namespace
}  // namespace assay
