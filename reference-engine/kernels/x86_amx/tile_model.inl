// The tile instructions in C++, for tests on processors without them: Intel Software Developer's
// Manual, volume 2, "Operation" of each. What the manual answers with #UD ends the program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace assay {
namespace {

struct TileModel {
  bool configured;
  std::uint8_t rows[8];
  std::uint16_t row_bytes[8];
  alignas(64) std::uint8_t data[8][16][64];
};

inline TileModel& tile_model() {
  static thread_local TileModel model;
  return model;
}

inline void require(bool condition) {
  if (!condition) __builtin_trap();
}

inline void modelled_loadconfig(const void* from) {
  std::uint8_t config[64];
  __builtin_memcpy(config, from, sizeof(config));
  require(config[0] == 1 && config[1] == 0);  // palette 1: 8 tiles of up to 16 rows of 64 bytes
  TileModel& model = tile_model();
  model = {};
  model.configured = true;
  for (std::size_t i = 0; i < 16; ++i) {
    std::uint16_t row_bytes;
    __builtin_memcpy(&row_bytes, config + 16 + 2 * i, sizeof(row_bytes));
    require(row_bytes <= 64 && config[48 + i] <= 16);
    require((row_bytes == 0) == (config[48 + i] == 0));
    require(i < 8 || row_bytes == 0);
    if (i < 8) {
      model.row_bytes[i] = row_bytes;
      model.rows[i] = config[48 + i];
    }
  }
}

inline void modelled_release() { tile_model() = {}; }

inline TileModel& usable(int tile) {
  TileModel& model = tile_model();
  require(model.configured && model.rows[tile] > 0);
  return model;
}

inline void modelled_zero(int tile) {
  TileModel& model = usable(tile);
  __builtin_memset(model.data[tile], 0, sizeof(model.data[tile]));
}

inline void modelled_loadd(int tile, const void* from, std::size_t stride) {
  modelled_zero(tile);
  TileModel& model = usable(tile);
  for (std::size_t row = 0; row < model.rows[tile]; ++row) {
    __builtin_memcpy(model.data[tile][row], static_cast<const char*>(from) + row * stride,
                     model.row_bytes[tile]);
  }
}

inline void modelled_stored(int tile, void* to, std::size_t stride) {
  const TileModel& model = usable(tile);
  for (std::size_t row = 0; row < model.rows[tile]; ++row) {
    __builtin_memcpy(static_cast<char*>(to) + row * stride, model.data[tile][row],
                     model.row_bytes[tile]);
  }
}

/// What a product asks of its tiles; `model` holds them.
inline void require_product(const TileModel& model, int sums, int left, int right) {
  require(sums != left && sums != right && left != right);
  require(model.rows[left] == model.rows[sums] && model.row_bytes[right] == model.row_bytes[sums]);
  require(model.row_bytes[left] == model.rows[right] * 4 && model.row_bytes[right] % 4 == 0);
}

/// TDPBSSD: sums[m][n] += 4 products of a signed byte of left[m] and a signed one of right's
/// column n, for each row of right.
inline void modelled_dpbssd(int sums, int left, int right) {
  TileModel& model = usable(sums);
  require_product(model, sums, left, right);
  for (std::size_t m = 0; m < model.rows[sums]; ++m) {
    for (std::size_t n = 0; n < model.row_bytes[sums] / 4U; ++n) {
      std::int32_t sum;
      __builtin_memcpy(&sum, model.data[sums][m] + 4 * n, sizeof(sum));
      for (std::size_t i = 0; i < model.row_bytes[left]; ++i) {
        const auto a = static_cast<std::int8_t>(model.data[left][m][i]);
        const auto b = static_cast<std::int8_t>(model.data[right][i / 4][4 * n + i % 4]);
        sum += std::int32_t{a} * std::int32_t{b};
      }
      __builtin_memcpy(model.data[sums][m] + 4 * n, &sum, sizeof(sum));
    }
  }
}

/// A subnormal becomes a zero of its sign.
inline float flushed(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7F800000U) == 0) bits &= 0x80000000U;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

inline float widened(const std::uint8_t* bfloat16) {
  std::uint16_t upper;
  __builtin_memcpy(&upper, bfloat16, sizeof(upper));
  const std::uint32_t bits = std::uint32_t{upper} << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return flushed(value);
}

/// TDPBF16PS: sums[m][n] += the products of the pairs of bfloat16 values of left[m] and of right's
/// column n, those of first and of second values summed apart. Rounded to nearest; subnormal inputs
/// count as zero, subnormal sums become zero.
inline void modelled_dpbf16ps(int sums, int left, int right) {
  TileModel& model = usable(sums);
  require_product(model, sums, left, right);
  for (std::size_t m = 0; m < model.rows[sums]; ++m) {
    for (std::size_t n = 0; n < model.row_bytes[sums] / 4U; ++n) {
      float apart[2] = {};
      for (std::size_t k = 0; k < model.row_bytes[left] / 4U; ++k) {
        for (std::size_t i = 0; i < 2; ++i) {
          const float a = widened(model.data[left][m] + 4 * k + 2 * i);
          const float b = widened(model.data[right][k] + 4 * n + 2 * i);
          apart[i] = flushed(__builtin_fmaf(a, b, apart[i]));
        }
      }
      float sum;
      __builtin_memcpy(&sum, model.data[sums][m] + 4 * n, sizeof(sum));
      sum = flushed(flushed(sum) + flushed(apart[0] + apart[1]));
      __builtin_memcpy(model.data[sums][m] + 4 * n, &sum, sizeof(sum));
    }
  }
}

}  // namespace
}  // namespace assay
