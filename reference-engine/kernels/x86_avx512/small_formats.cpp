#include "reference-engine/kernels/panels/iq4_nl.inl"
#include "reference-engine/kernels/panels/mxfp4.inl"
#include "reference-engine/kernels/panels/q4_0.inl"
#include "reference-engine/kernels/panels/q4_1.inl"
#include "reference-engine/kernels/panels/q5_0.inl"
#include "reference-engine/kernels/panels/q5_1.inl"
#include "reference-engine/kernels/panels/q8_0.inl"
#include "reference-engine/kernels/x86_avx512/integer_product.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {
namespace {

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

  static Codes codes(const std::byte* block, std::size_t, std::size_t j) {
    const Codes stored = Format::codes(block, j, 0);
    return Format::k_signed ? unsigned_codes(stored) : stored;
  }

  class BlockFactors {
   public:
    explicit BlockFactors(const std::byte* block) : block_(block) {}
    [[nodiscard]] Floats d() const { return Format::scale(block_, 0); }
    [[nodiscard]] Floats dmin() const { return Format::minimum(block_, 0); }
    [[nodiscard]] static Floats factor(std::size_t) { return _mm512_set1_ps(1.0F); }
    [[nodiscard]] static Floats minimum(std::size_t) { return _mm512_set1_ps(1.0F); }

   private:
    const std::byte* block_;
  };
};

}  // namespace

constinit const KernelTable k_avx512_small_formats{
    .isa = "avx512",
    .formats = {block_kernels<SmallBlock<Q80>>(), block_kernels<SmallBlock<Q40>>(),
                block_kernels<SmallBlock<Q41>>(), block_kernels<SmallBlock<Q50>>(),
                block_kernels<SmallBlock<Q51>>(), block_kernels<SmallBlock<Iq4Nl>>(),
                block_kernels<SmallBlock<Mxfp4>>()}};

}  // namespace assay
