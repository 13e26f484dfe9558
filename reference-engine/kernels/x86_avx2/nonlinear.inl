// What the nibbles of IQ4_NL and IQ4_XS stand for.
#include <immintrin.h>

#include <cstdint>

namespace assay {
namespace {

alignas(16) constexpr std::int8_t k_nonlinear[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                     1,    13,   25,  38,  53,  69,  89,  113};

inline __m256i nonlinear_codes(__m256i nibbles) {
  const __m128i table = _mm_load_si128(reinterpret_cast<const __m128i*>(k_nonlinear));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), nibbles);
}

}  // namespace
}  // namespace assay
