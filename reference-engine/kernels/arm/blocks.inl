// Block formats as the products of kernels/arm read them. A block is a struct with
//   k_format, k_values, k_block_bytes   its number; values and bytes of a block of a panel
//   k_group              values with one integer factor, 16 or 32
//   k_scaled             groups have integer factors
//   k_offset             the weight is the code plus this
//   k_minimums           each group adds a minimum times the sum of the column's values
//   k_at_once            streams that decode reads alternately
//   codes(block, group, j, part)   values 4j .. of a group and of rows 4 * part .., below 128
//   BlockFactors         of a block: its constructor takes the block;
//     d(part), dmin(part)          what all factors, and all minimums, share
//     scale(g), minimum(g)         the integer factors of a group
#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"
#include "reference-engine/kernels/panels/k_quants.inl"
#include "reference-engine/kernels/panels/nibbles.inl"

namespace assay {
namespace {

constexpr std::size_t k_parts = k_rows / k_lanes;

/// Keeps loads that follow from being made earlier: of an unrolled block GCC 12 otherwise loads
/// everything first, and spills it. Emits nothing.
inline void keep_order() { asm volatile("" ::: "memory"); }

/// An integer of each row.
struct RowIntegers {
  int32x4_t part[k_parts];
};

/// 16 bytes.
inline RowIntegers row_integers(const void* at) {
  const int8x16_t bytes = vreinterpretq_s8_u8(load(at));
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t high = vmovl_high_s8(bytes);
  return {{vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)),
           vmovl_high_s16(high)}};
}

/// A format of kernels/panels/nibbles.inl.
template <typename Format>
struct SmallBlock {
  static constexpr std::uint32_t k_format = Format::k_format;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_block_bytes = k_rows * Format::k_row_bytes;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_scaled = false;
  static constexpr std::int16_t k_offset = Format::k_offset;
  static constexpr bool k_minimums = Format::k_minimums;
  static constexpr std::size_t k_at_once = 4;

  static Codes codes(const std::byte* block, std::size_t, std::size_t j, std::size_t part) {
    return Format::codes(block, j, part);
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {}
    [[nodiscard]] Floats d(std::size_t part) const { return Format::scale(block_, part); }
    [[nodiscard]] Floats dmin(std::size_t part) const { return Format::minimum(block_, part); }

   private:
    const std::byte* block_;
  };
};

/// A format of kernels/panels/block_scales.inl.
template <typename Format>
struct LargeBlock {
  static constexpr std::uint32_t k_format = Format::k_format;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_block_bytes = k_rows * Format::k_row_bytes;
  static constexpr std::size_t k_group = Format::k_scaled;
  static constexpr bool k_scaled = true;
  static constexpr std::int16_t k_offset = Format::k_offset;
  static constexpr bool k_minimums = Format::k_minimums;
  static constexpr std::size_t k_at_once = 2;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j, std::size_t part) {
    const std::size_t value = group * k_group + j * 4;
    return Format::codes(block, value / 32, value % 32 / 4, part);
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {
      Format::scales(block, scales_);
    }
    [[nodiscard]] Floats d(std::size_t part) const { return Format::halves(block_, 0, part); }
    [[nodiscard]] Floats dmin(std::size_t part) const {
      return vnegq_f32(Format::halves(block_, 1, part));
    }
    [[nodiscard]] RowIntegers scale(std::size_t g) const {
      return row_integers(scales_.scale[g * k_group / 16]);
    }
    [[nodiscard]] RowIntegers minimum(std::size_t g) const {
      return row_integers(scales_.minimum[g * k_group / 16]);
    }

   private:
    const std::byte* block_;
    BlockScales scales_;
  };
};

template <bool five_bits>
struct KQuant : KLayout<five_bits> {
  using Layout = KLayout<five_bits>;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_scaled = true;
  static constexpr std::int16_t k_offset = 0;
  static constexpr bool k_minimums = true;
  static constexpr std::size_t k_at_once = 2;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j, std::size_t part) {
    const std::size_t at = part * k_lanes * 4;
    const Codes nibbles = load(block + Layout::nibbles_at(group / 2, j) + at);
    Codes high = nibbles;
    if constexpr (five_bits) {
      high = down(load(block + Layout::high_at(j) + at), group / 2 * 2);
    }
    return group % 2 == 0 ? Layout::low_codes(nibbles, high) : Layout::high_codes(nibbles, high);
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {
      Layout::unpack_sub_blocks(block, sub_blocks_);
    }
    [[nodiscard]] Floats d(std::size_t part) const {
      return load_halves(block_ + part * k_lanes * 2);
    }
    [[nodiscard]] Floats dmin(std::size_t part) const {
      return vnegq_f32(load_halves(block_ + 32 + part * k_lanes * 2));
    }
    [[nodiscard]] RowIntegers scale(std::size_t g) const {
      return row_integers(sub_blocks_.scale[g]);
    }
    [[nodiscard]] RowIntegers minimum(std::size_t g) const {
      return row_integers(sub_blocks_.minimum[g]);
    }

   private:
    const std::byte* block_;
    typename Layout::SubBlocks sub_blocks_;
  };
};

}  // namespace
}  // namespace assay
