#include "reference-engine/gguf/byte_reader.hpp"

#include <algorithm>
#include <cstring>

namespace assay {
namespace {

constexpr std::size_t k_window = std::size_t{1} << 18;

}  // namespace

Result<void> ByteReader::read(std::span<std::byte> into) {
  while (!into.empty()) {
    if (position_ < window_begin_ || position_ >= window_begin_ + window_.size()) {
      window_.resize(std::min<std::uint64_t>(k_window, remaining()));
      window_begin_ = position_;
      if (auto filled = file_->read_at(position_, window_); !filled) {
        window_.clear();
        return filled;
      }
    }
    const auto at = static_cast<std::size_t>(position_ - window_begin_);
    const std::size_t count = std::min(into.size(), window_.size() - at);
    std::memcpy(into.data(), window_.data() + at, count);
    into = into.subspan(count);
    position_ += count;
  }
  return {};
}

}  // namespace assay
