#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "workloads/micro/read_buffer.hpp"

namespace assay {

Result<ReadBuffer> ReadBuffer::make(Bytes size, bool huge_pages, ThreadPool& pool) {
  void* start =
      mmap(nullptr, size.value, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) {
    return fail(
        ErrorCode::does_not_fit,
        "no " + human_bytes(size) + " to measure the read bandwidth with: " + std::strerror(errno));
  }
  // A kernel without transparent huge pages refuses; the pattern is then measured as it is.
  madvise(start, size.value, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  ReadBuffer buffer(static_cast<std::byte*>(start), size.value);
  constexpr std::size_t k_piece = std::size_t{1} << 22;
  const std::size_t pieces = (size.value + k_piece - 1) / k_piece;
  pool.for_each(pieces, 1, [&buffer](std::size_t begin, std::size_t end, unsigned /*thread*/) {
    const std::size_t first = begin * k_piece;
    const std::size_t last = std::min(end * k_piece, buffer.size_);
    std::memset(buffer.start_ + first, 0x5A, last - first);
  });
  return buffer;
}

ReadBuffer::ReadBuffer(ReadBuffer&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}

ReadBuffer& ReadBuffer::operator=(ReadBuffer&& other) noexcept {
  std::swap(start_, other.start_);
  std::swap(size_, other.size_);
  return *this;
}

ReadBuffer::~ReadBuffer() {
  if (start_ != nullptr) munmap(start_, size_);
}

}  // namespace assay
