#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/k_quants.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"
#include "reference-engine/kernels/x86_avx512/integer_product.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {
namespace {

inline Floats minus(Floats a) { return _mm512_sub_ps(_mm512_setzero_ps(), a); }

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

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j) {
    const std::size_t value = group * k_group + j * 4;
    const Codes stored = Format::codes(block, value / 32, value % 32 / 4, 0);
    return Format::k_signed ? unsigned_codes(stored) : stored;
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {
      Format::scales(block, scales_);
    }
    [[nodiscard]] Floats d() const { return Format::halves(block_, 0, 0); }
    [[nodiscard]] Floats dmin() const { return minus(Format::halves(block_, 1, 0)); }
    [[nodiscard]] Floats factor(std::size_t g) const {
      return to_floats(scales_.scale[g * k_group / 16]);
    }
    [[nodiscard]] Floats minimum(std::size_t g) const {
      return to_floats(scales_.minimum[g * k_group / 16]);
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
  static constexpr std::int16_t k_offset = 0;
  static constexpr bool k_minimums = true;
  static constexpr std::size_t k_at_once = 2;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j) {
    const Codes nibbles = load(block + Layout::nibbles_at(group / 2, j));
    Codes high = nibbles;
    if constexpr (five_bits) high = down(load(block + Layout::high_at(j)), group / 2 * 2);
    return group % 2 == 0 ? Layout::low_codes(nibbles, high) : Layout::high_codes(nibbles, high);
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {
      Layout::unpack_sub_blocks(block, sub_blocks_);
    }
    [[nodiscard]] Floats d() const { return load_halves(block_); }
    [[nodiscard]] Floats dmin() const { return minus(load_halves(block_ + 32)); }
    [[nodiscard]] Floats factor(std::size_t g) const { return to_floats(sub_blocks_.scale[g]); }
    [[nodiscard]] Floats minimum(std::size_t g) const { return to_floats(sub_blocks_.minimum[g]); }

   private:
    const std::byte* block_;
    typename Layout::SubBlocks sub_blocks_;
  };
};

}  // namespace

constinit const KernelTable k_avx512_large_formats{
    .isa = "avx512",
    .formats = {block_kernels<LargeBlock<Q2K>>(), block_kernels<LargeBlock<Q3K>>(),
                block_kernels<LargeBlock<Q6K>>(), block_kernels<LargeBlock<Iq4Xs>>(),
                block_kernels<KQuant<false>>(), block_kernels<KQuant<true>>()}};

}  // namespace assay
