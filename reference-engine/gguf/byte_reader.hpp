#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"

namespace assay {

/// Reads a file forwards through a window, so that small reads cost no system call.
class ByteReader {
 public:
  /// `file` must outlive the reader.
  explicit ByteReader(const InputFile& file) : file_(&file) {}

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t remaining() const { return file_->size().value - position_; }
  /// Fills all of `into`. Requires into.size() <= remaining(). Errors: refused_input when the file
  /// shrank or the disk failed.
  Result<void> read(std::span<std::byte> into);

 private:
  const InputFile* file_;
  std::uint64_t position_ = 0;
  std::uint64_t window_begin_ = 0;
  std::vector<std::byte> window_;
};

}  // namespace assay
