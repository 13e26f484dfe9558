#include <sys/mman.h>

#include <cassert>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "reference-engine/runtime/arena.hpp"

namespace assay {
namespace {

constexpr std::size_t k_huge_page = std::size_t{2} << 20;

}  // namespace

Result<Arena> Arena::reserve(Bytes size, const std::string& purpose) {
  Arena arena;
  if (size.value == 0) return arena;
  const auto refused = [&] {
    return fail(ErrorCode::does_not_fit,
                "the system refused " + human_bytes(size) + " of memory for the " + purpose, {},
                "close other programs, or choose a smaller model, format or context");
  };
  if (size.value > std::numeric_limits<std::size_t>::max() / 2) return refused();
  // Room to start at a huge page; only whole huge pages of it are ever touched.
  const std::size_t mapping_size = static_cast<std::size_t>(size.value) + k_huge_page;
  // Without MAP_NORESERVE, so that the system refuses what is more than it has.
  void* mapping =
      mmap(nullptr, mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return refused();
  arena.mapping_ = mapping;
  arena.mapping_size_ = mapping_size;
  arena.size_ = static_cast<std::size_t>(size.value);
  const auto address = reinterpret_cast<std::uintptr_t>(mapping);
  const std::size_t lead = (k_huge_page - address % k_huge_page) % k_huge_page;
  arena.base_ = static_cast<std::byte*>(mapping) + lead;
  // Advice only: a system without huge pages serves small ones. The end is left to small pages, so
  // that no more memory is used than was asked for.
  const std::size_t whole = arena.size_ / k_huge_page * k_huge_page;
  if (whole > 0) madvise(arena.base_, whole, MADV_HUGEPAGE);
  return arena;
}

Arena::Arena(Arena&& other) noexcept { *this = std::move(other); }

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(used_, other.used_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_size_, other.mapping_size_);
  return *this;
}

Arena::~Arena() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_size_);
}

std::byte* Arena::take(Bytes size) {
  const Bytes step = rounded(size);
  assert(used_ + step.value <= size_);
  std::byte* taken = base_ + used_;
  used_ += static_cast<std::size_t>(step.value);
  return taken;
}

}  // namespace assay
