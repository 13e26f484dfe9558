#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/lined_fit.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {

/// The 6-bit scales and minimums of the 8 sub-blocks of a Q4_K or Q5_K block, in 12 bytes s:
///   s[0..3]   bits 0-5 scale of sub-block 0..3     bits 6-7 upper bits of scale 4..7
///   s[4..7]   bits 0-5 minimum of sub-block 0..3   bits 6-7 upper bits of minimum 4..7
///   s[8..11]  bits 0-3 lower bits of scale 4..7    bits 4-7 lower bits of minimum 4..7
struct SubBlockScales {
  std::uint8_t scale[8];
  std::uint8_t minimum[8];
};

inline SubBlockScales unpack_scales(const std::uint8_t s[12]) {
  SubBlockScales out{};
  for (std::size_t b = 0; b < 4; ++b) {
    out.scale[b] = s[b] & 63;
    out.minimum[b] = s[b + 4] & 63;
    out.scale[b + 4] = static_cast<std::uint8_t>((s[b + 8] & 15) | ((s[b] >> 6) << 4));
    out.minimum[b + 4] = static_cast<std::uint8_t>((s[b + 8] >> 4) | ((s[b + 4] >> 6) << 4));
  }
  return out;
}

inline void pack_scales(const SubBlockScales& in, std::uint8_t s[12]) {
  for (std::size_t b = 0; b < 4; ++b) {
    s[b] = static_cast<std::uint8_t>(in.scale[b] | ((in.scale[b + 4] >> 4) << 6));
    s[b + 4] = static_cast<std::uint8_t>(in.minimum[b] | ((in.minimum[b + 4] >> 4) << 6));
    s[b + 8] = static_cast<std::uint8_t>((in.scale[b + 4] & 15) | ((in.minimum[b + 4] & 15) << 4));
  }
}

/// What Q4_K and Q5_K share. `Format` adds its Block (with d, dmin and scales), k_highest, the
/// greatest code, unpack_codes(block, q) and pack_codes(q, block).
template <typename Format>
struct SubBlockFormat {
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = true;
  static constexpr ScaleFields k_scale_fields{2, 0, 2};  // d, dmin

  template <typename Block>
  static void unpack(const Block& block, BlockValues<Format>& out) {
    Format::unpack_codes(block, out.q);
    const SubBlockScales scales = unpack_scales(block.scales);
    for (std::size_t b = 0; b < 8; ++b) {
      out.scale[b] = f16_to_f32(block.d) * static_cast<float>(scales.scale[b]);
      out.offset[b] = -(f16_to_f32(block.dmin) * static_cast<float>(scales.minimum[b]));
    }
  }

  static auto encode(const float* x) {
    const LinedFit fit = fit_lined(x, {k_group, Format::k_highest, 63});
    typename Format::Block block{};
    block.d = f32_to_f16(fit.d);
    block.dmin = f32_to_f16(fit.dmin);
    SubBlockScales scales{};
    std::copy_n(fit.scale, 8, scales.scale);
    std::copy_n(fit.minimum, 8, scales.minimum);
    pack_scales(scales, block.scales);
    Format::pack_codes(fit.codes, block);
    return block;
  }

  /// Codes uniform over 0 .. 15 (deviation 4.61) or 0 .. 31 (9.23) around their middle, scales over
  /// 32 .. 63.
  template <typename Block>
  static void randomise(Block& block, float deviation, RandomBits&) {
    constexpr float k_code_deviation = Format::k_highest == 15 ? 4.61F : 9.23F;
    const float d = deviation / (k_code_deviation * 48.0F);
    block.d = f32_to_f16(d);
    block.dmin = f32_to_f16(d * static_cast<float>(Format::k_highest) * 0.5F);
    SubBlockScales scales = unpack_scales(block.scales);
    for (std::size_t b = 0; b < 8; ++b) {
      scales.scale[b] |= 32;
      scales.minimum[b] = scales.scale[b];
    }
    pack_scales(scales, block.scales);
  }
};

}  // namespace assay
