// Asking early for what a product gathers next.
#pragma once

#include <immintrin.h>

#include <cstddef>

namespace assay {
namespace {

/// Brings pieces of `bytes` bytes, `stride` apart, into the second level cache, a few at a time
/// while something else is computed: they are too short and too far apart for the processor to
/// foresee.
class Ahead {
 public:
  Ahead(const void* first, std::size_t stride, std::size_t bytes, std::size_t pieces)
      : next_(static_cast<const char*>(first)), stride_(stride), bytes_(bytes), left_(pieces) {}

  void fetch(std::size_t pieces) {
    for (; pieces > 0 && left_ > 0; --pieces, --left_, next_ += stride_) {
      for (std::size_t i = 0; i < bytes_; i += 64) _mm_prefetch(next_ + i, _MM_HINT_T1);
    }
  }

 private:
  const char* next_;
  std::size_t stride_;
  std::size_t bytes_;
  std::size_t left_;
};

}  // namespace
}  // namespace assay
