#include "reference-engine/golden/numpy_random.hpp"

#include <bit>
#include <cmath>
#include <cstddef>

namespace assay {
namespace {

/// Spreads a small seed over 256 bits (the seed sequence of numpy.random, pool of four words).
std::array<std::uint64_t, 4> spread_seed(std::uint32_t seed) {
  std::array<std::uint32_t, 4> pool{};
  std::uint32_t constant = 0x43b0d7e5U;
  const auto hash = [&](std::uint32_t value, std::uint32_t multiplier) {
    value ^= constant;
    constant *= multiplier;
    value *= constant;
    return value ^ (value >> 16U);
  };
  constexpr std::uint32_t k_fill_multiplier = 0x931e8875U;
  for (std::size_t i = 0; i < pool.size(); ++i)
    pool[i] = hash(i == 0 ? seed : 0, k_fill_multiplier);
  for (std::size_t from = 0; from < pool.size(); ++from) {
    for (std::size_t to = 0; to < pool.size(); ++to) {
      if (from == to) continue;
      const std::uint32_t mixed =
          0xca01f9ddU * pool[to] - 0x4973f715U * hash(pool[from], k_fill_multiplier);
      pool[to] = mixed ^ (mixed >> 16U);
    }
  }
  constant = 0x8b51f9ddU;
  std::array<std::uint64_t, 4> state{};
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint64_t word = hash(pool[i % pool.size()], 0x58f38dedU);
    state[i / 2] |= word << (32 * (i % 2));
  }
  return state;
}

constexpr long double k_tail = 3.6541528853610088L;      // where the tail of 256 layers begins
constexpr long double k_mantissa = 4503599627370496.0L;  // 2^52

/// Right edges, widths and heights of the layers under exp(-x^2 / 2), each of the same area.
struct Ziggurat {
  std::array<std::uint64_t, 256> inside{};
  std::array<double, 256> width{};
  std::array<double, 256> height{};

  Ziggurat() {
    const long double edge_height = std::exp(-0.5L * k_tail * k_tail);
    const long double area = k_tail * edge_height +
                             std::sqrt(std::acos(-1.0L) / 2) * std::erfc(k_tail / std::sqrt(2.0L));
    long double x = k_tail;
    width[255] = static_cast<double>(x / k_mantissa);
    height[255] = static_cast<double>(edge_height);
    inside[0] = static_cast<std::uint64_t>(x * edge_height / area * k_mantissa);
    width[0] = static_cast<double>(area / edge_height / k_mantissa);
    height[0] = 1.0;
    long double above = edge_height;
    for (std::size_t i = 254; i > 0; --i) {
      const long double next = std::sqrt(-2 * std::log(area / x + above));
      inside[i + 1] = static_cast<std::uint64_t>(next / x * k_mantissa);
      width[i] = static_cast<double>(next / k_mantissa);
      above = std::exp(-0.5L * next * next);
      height[i] = static_cast<double>(above);
      x = next;
    }
    inside[1] = 0;
  }
};

const Ziggurat& ziggurat() {
  static const Ziggurat k_layers;
  return k_layers;
}

}  // namespace

NumpyRandom::NumpyRandom(std::uint32_t seed) {
  const std::array<std::uint64_t, 4> words = spread_seed(seed);
  increment_ = ((Wide{words[2]} << 64U | words[3]) << 1U) | 1U;
  step();
  state_ += Wide{words[0]} << 64U | words[1];
  step();
}

void NumpyRandom::step() {
  constexpr Wide k_multiplier = Wide{0x2360ED051FC65DA4U} << 64U | 0x4385DF649FCCF645U;
  state_ = state_ * k_multiplier + increment_;
}

std::uint64_t NumpyRandom::next() {
  step();
  const auto folded =
      static_cast<std::uint64_t>(state_ >> 64U) ^ static_cast<std::uint64_t>(state_);
  return std::rotr(folded, static_cast<int>(static_cast<std::uint64_t>(state_ >> 122U)));
}

double NumpyRandom::next_unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

double NumpyRandom::standard_normal() {
  const Ziggurat& layers = ziggurat();
  for (;;) {
    std::uint64_t bits = next();
    const std::size_t layer = bits & 0xFFU;
    bits >>= 8U;
    const std::uint64_t magnitude = (bits >> 1U) & 0xFFFFFFFFFFFFFU;
    double x = static_cast<double>(magnitude) * layers.width[layer];
    if ((bits & 1U) != 0) x = -x;
    if (magnitude < layers.inside[layer]) return x;
    if (layer > 0) {
      const double rise = layers.height[layer - 1] - layers.height[layer];
      if (rise * next_unit() + layers.height[layer] < std::exp(-0.5 * x * x)) return x;
      continue;
    }
    for (;;) {
      constexpr auto k_edge = static_cast<double>(k_tail);
      const double across = -std::log1p(-next_unit()) / k_edge;
      const double down = -std::log1p(-next_unit());
      if (down + down > across * across) {
        return ((magnitude >> 8U) & 1U) != 0 ? -(k_edge + across) : k_edge + across;
      }
    }
  }
}

}  // namespace assay
