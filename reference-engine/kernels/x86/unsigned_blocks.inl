// Block formats as VPDPBUSD wants them: it adds 4 products of an unsigned and a signed byte to an
// int32, exactly. Weights are the unsigned ones: a code as stored, or an int8 plus 128. What that
// adds, k_offset times the sum of the column's codes, is where a sum of products begins. A format
// is a struct with
//   k_format             its number
//   k_values             values of a block
//   k_block_bytes        bytes of a block of a panel
//   k_group              values with one factor, 16 or 32
//   k_offset             added to each unsigned code gives the weight
//   k_minimums           each group adds `minimum` times the sum of the column's values
//   k_at_once            streams that decode reads alternately (see x86_avx2/integer_product.inl)
//   codes(block, group, j, part)     unsigned codes of values 4j .. of a group, of k_lanes rows
//   BlockFactors                     of a block: its constructor takes the block;
//     d(part), dmin(part)            what all factors, and all minimums, share
//     factor(g, part), minimum(g, part)   of a group, without that
// A part is k_lanes rows of the panel; vectors of all rows know only the first.
#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"
#include "reference-engine/kernels/panels/k_quants.inl"
#include "reference-engine/kernels/panels/nibbles.inl"

namespace assay {
namespace {

template <typename Format>
constexpr std::int16_t offset_of() {
  return Format::k_signed ? -128 : Format::k_offset;
}

template <typename Format>
Codes unsigned_codes(Codes stored) {
  return Format::k_signed ? flip(stored, each(128)) : stored;
}

/// A format of kernels/panels/nibbles.inl.
template <typename Format>
struct SmallBlock {
  static constexpr std::uint32_t k_format = Format::k_format;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_block_bytes = k_rows * Format::k_row_bytes;
  static constexpr std::size_t k_group = 32;
  static constexpr std::int16_t k_offset = offset_of<Format>();
  static constexpr bool k_minimums = Format::k_minimums;
  static constexpr std::size_t k_at_once = 4;

  static Codes codes(const std::byte* block, std::size_t, std::size_t j, std::size_t part = 0) {
    return unsigned_codes<Format>(Format::codes(block, j, part));
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {}
    [[nodiscard]] Floats d(std::size_t part = 0) const { return Format::scale(block_, part); }
    [[nodiscard]] Floats dmin(std::size_t part = 0) const { return Format::minimum(block_, part); }
    [[nodiscard]] static Floats factor(std::size_t, std::size_t = 0) { return all(1.0F); }
    [[nodiscard]] static Floats minimum(std::size_t, std::size_t = 0) { return all(1.0F); }

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
  static constexpr std::int16_t k_offset = offset_of<Format>();
  static constexpr bool k_minimums = Format::k_minimums;
  static constexpr std::size_t k_at_once = 2;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j,
                     std::size_t part = 0) {
    const std::size_t value = group * k_group + j * 4;
    return unsigned_codes<Format>(Format::codes(block, value / 32, value % 32 / 4, part));
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {
      Format::scales(block, scales_);
    }
    [[nodiscard]] Floats d(std::size_t part = 0) const { return Format::halves(block_, 0, part); }
    [[nodiscard]] Floats dmin(std::size_t part = 0) const {
      return minus(Format::halves(block_, 1, part));
    }
    [[nodiscard]] Floats factor(std::size_t g, std::size_t part = 0) const {
      return to_floats(scales_.scale[g * k_group / 16] + part * k_lanes);
    }
    [[nodiscard]] Floats minimum(std::size_t g, std::size_t part = 0) const {
      return to_floats(scales_.minimum[g * k_group / 16] + part * k_lanes);
    }

   private:
    const std::byte* block_;
    BlockScales scales_;
  };
};

/// Q4_K and Q5_K.
template <bool five_bits>
struct KQuant : KLayout<five_bits> {
  using Layout = KLayout<five_bits>;
  static constexpr std::size_t k_group = 32;
  static constexpr std::int16_t k_offset = 0;
  static constexpr bool k_minimums = true;
  static constexpr std::size_t k_at_once = 2;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j,
                     std::size_t part = 0) {
    const std::byte* from = block + part * k_lanes * 4;
    const Codes nibbles = load(from + Layout::nibbles_at(group / 2, j));
    Codes high = nibbles;
    if constexpr (five_bits) high = down(load(from + Layout::high_at(j)), group / 2 * 2);
    return group % 2 == 0 ? Layout::low_codes(nibbles, high) : Layout::high_codes(nibbles, high);
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {
      Layout::unpack_sub_blocks(block, sub_blocks_);
    }
    [[nodiscard]] Floats d(std::size_t part = 0) const {
      return load_halves(block_ + part * k_lanes * 2);
    }
    [[nodiscard]] Floats dmin(std::size_t part = 0) const {
      return minus(load_halves(block_ + 32 + part * k_lanes * 2));
    }
    [[nodiscard]] Floats factor(std::size_t g, std::size_t part = 0) const {
      return to_floats(sub_blocks_.scale[g] + part * k_lanes);
    }
    [[nodiscard]] Floats minimum(std::size_t g, std::size_t part = 0) const {
      return to_floats(sub_blocks_.minimum[g] + part * k_lanes);
    }

   private:
    const std::byte* block_;
    typename Layout::SubBlocks sub_blocks_;
  };
};

}  // namespace
}  // namespace assay
