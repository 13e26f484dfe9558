#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

/// One block of zeroed anonymous memory in huge pages where the system has them, handed out from
/// front to back and released as a whole. Pages cost memory only once they are touched: who
/// touches them first decides on which memory node they lie.
class Arena {
 public:
  /// `purpose` names the block in errors. Errors: does_not_fit.
  static Result<Arena> reserve(Bytes size, const std::string& purpose);
  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();

  /// The next `size` bytes, at a multiple of k_alignment. Requires that they were reserved.
  std::byte* take(Bytes size);
  [[nodiscard]] Bytes size() const { return Bytes(size_); }

  static constexpr std::size_t k_alignment = 64;  // one cache line
  /// What take(size) uses up.
  static constexpr Bytes rounded(Bytes size) {
    return Bytes((size.value + k_alignment - 1) / k_alignment * k_alignment);
  }

 private:
  std::byte* base_ = nullptr;  // 2 MiB-aligned, inside the mapping
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  void* mapping_ = nullptr;
  std::size_t mapping_size_ = 0;
};

}  // namespace assay
