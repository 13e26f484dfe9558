#pragma once

#include <array>
#include <cstdint>

namespace assay {

/// The same normally distributed numbers as `numpy.random.default_rng(seed).standard_normal()`, so
/// that models made from a seed in Python can be made again here, byte for byte.
/// Source: O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms"
/// (PCG64 XSL-RR, seeded through her seed_seq); Marsaglia and Tsang, "The Ziggurat Method for
/// Generating Random Variables", with 256 layers and 52 bits.
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed);
  double standard_normal();

 private:
  __extension__ using Wide = unsigned __int128;
  std::uint64_t next();
  double next_unit();  // [0, 1)
  void step();

  Wide state_ = 0;
  Wide increment_ = 0;
};

}  // namespace assay
