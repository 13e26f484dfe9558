#include "reference-engine/kernels/x86/iq4_nl.inl"
#include "reference-engine/kernels/x86/iq4_xs.inl"
#include "reference-engine/kernels/x86/k_quants.inl"
#include "reference-engine/kernels/x86/mxfp4.inl"
#include "reference-engine/kernels/x86/q2_k.inl"
#include "reference-engine/kernels/x86/q3_k.inl"
#include "reference-engine/kernels/x86/q4_0.inl"
#include "reference-engine/kernels/x86/q4_1.inl"
#include "reference-engine/kernels/x86/q5_0.inl"
#include "reference-engine/kernels/x86/q5_1.inl"
#include "reference-engine/kernels/x86/q6_k.inl"
#include "reference-engine/kernels/x86/q8_0.inl"
#include "reference-engine/kernels/x86_avx512/integer_product.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {
namespace {

/// int8 plus 128, as an unsigned byte.
inline Codes unsigned_codes(Codes codes) { return _mm512_xor_si512(codes, each(128)); }

template <typename Format>
constexpr std::int16_t offset_of() {
  return Format::k_signed ? -128 : Format::k_offset;
}

/// A format of kernels/x86/nibbles.inl.
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

  static void factors(const std::byte* block, Factors<1, k_minimums>& out) {
    out.factor[0] = Format::scale(block, 0);
    if constexpr (k_minimums) out.minimum[0] = Format::minimum(block, 0);
  }
};

/// A format of kernels/x86/block_scales.inl.
template <typename Format>
struct LargeBlock {
  static constexpr std::uint32_t k_format = Format::k_format;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_block_bytes = k_rows * Format::k_row_bytes;
  static constexpr std::size_t k_group = Format::k_scaled;
  static constexpr std::int16_t k_offset = offset_of<Format>();
  static constexpr bool k_minimums = Format::k_minimums;
  static constexpr std::size_t k_at_once = 1;
  static constexpr std::size_t k_groups = k_values / k_group;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j) {
    const std::size_t value = group * k_group + j * 4;
    const Codes stored = Format::codes(block, value / 32, value % 32 / 4, 0);
    return Format::k_signed ? unsigned_codes(stored) : stored;
  }

  static void factors(const std::byte* block, Factors<k_groups, k_minimums>& out) {
    BlockScales scales;
    Format::scales(block, scales);
    const Floats d = Format::halves(block, 0, 0);
#pragma GCC unroll 16
    for (std::size_t g = 0; g < k_groups; ++g) {
      const std::size_t sixteen = g * k_group / 16;
      out.factor[g] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(widen(scales.scale[sixteen])));
    }
    if constexpr (k_minimums) {
      const Floats dmin = _mm512_sub_ps(_mm512_setzero_ps(), Format::halves(block, 1, 0));
#pragma GCC unroll 16
      for (std::size_t g = 0; g < k_groups; ++g) {
        out.minimum[g] = _mm512_mul_ps(dmin, _mm512_cvtepi32_ps(widen(scales.minimum[g])));
      }
    }
  }
};

template <bool five_bits>
struct KQuant : KLayout<five_bits> {
  using Layout = KLayout<five_bits>;
  static constexpr std::size_t k_group = 32;
  static constexpr std::int16_t k_offset = 0;
  static constexpr bool k_minimums = true;
  static constexpr std::size_t k_at_once = five_bits ? 1 : 2;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j) {
    const Codes nibbles = load(block + Layout::nibbles_at(group / 2, j));
    Codes high = nibbles;
    if constexpr (five_bits) high = down(load(block + Layout::high_at(j)), group / 2 * 2);
    return group % 2 == 0 ? Layout::low_codes(nibbles, high) : Layout::high_codes(nibbles, high);
  }

  static void factors(const std::byte* block, Factors<8, true>& out) {
    typename Layout::SubBlocks sub_blocks;
    Layout::unpack_sub_blocks(block, sub_blocks);
    const Floats d = load_halves(block);
    const Floats dmin = _mm512_sub_ps(_mm512_setzero_ps(), load_halves(block + 32));
#pragma GCC unroll 8
    for (std::size_t b = 0; b < 8; ++b) {
      out.factor[b] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(widen(sub_blocks.scale[b])));
      out.minimum[b] = _mm512_mul_ps(dmin, _mm512_cvtepi32_ps(widen(sub_blocks.minimum[b])));
    }
  }
};

}  // namespace

constinit const KernelTable k_avx512_block_formats{
    .isa = "avx512",
    .formats = {block_kernels<SmallBlock<Q80>>(), block_kernels<SmallBlock<Q40>>(),
                block_kernels<SmallBlock<Q41>>(), block_kernels<SmallBlock<Q50>>(),
                block_kernels<SmallBlock<Q51>>(), block_kernels<SmallBlock<Iq4Nl>>(),
                block_kernels<SmallBlock<Mxfp4>>(), block_kernels<LargeBlock<Q2K>>(),
                block_kernels<LargeBlock<Q3K>>(), block_kernels<LargeBlock<Q6K>>(),
                block_kernels<LargeBlock<Iq4Xs>>(), block_kernels<KQuant<false>>(),
                block_kernels<KQuant<true>>()}};

}  // namespace assay
