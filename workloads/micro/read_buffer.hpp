#pragma once

#include <cstddef>
#include <span>

#include "base/result.hpp"
#include "base/units.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

/// Memory to read from: written once by the threads that will read it.
class ReadBuffer {
 public:
  /// `huge_pages` asks for them, or for none. Errors: does_not_fit.
  static Result<ReadBuffer> make(Bytes size, bool huge_pages, ThreadPool& pool);
  ReadBuffer(ReadBuffer&& other) noexcept;
  ReadBuffer& operator=(ReadBuffer&& other) noexcept;
  ~ReadBuffer();
  [[nodiscard]] std::span<const std::byte> bytes() const { return {start_, size_}; }

 private:
  ReadBuffer(std::byte* start, std::size_t size) : start_(start), size_(size) {}
  std::byte* start_;
  std::size_t size_;
};

}  // namespace assay
