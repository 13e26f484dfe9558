#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference-engine/gguf_file.hpp"

namespace assay {

/// The keys of one architecture; the first refusal is kept, later reads do nothing.
class SpecKeys {
 public:
  SpecKeys(const GgufFile& file, std::string_view architecture)
      : file_(&file), prefix_(std::string(architecture) + ".") {}

  [[nodiscard]] bool has(std::string_view key) const {
    return file_->has(prefix_ + std::string(key));
  }
  [[nodiscard]] bool has_tensor(std::string_view name) const {
    return file_->tensor(name) != nullptr;
  }
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }

  std::uint32_t size(std::string_view key);
  std::uint32_t size_or(std::string_view key, std::uint32_t fallback);
  float number(std::string_view key);
  float number_or(std::string_view key, float fallback);
  std::string text_or(std::string_view key, std::string fallback);
  bool flag_or(std::string_view key, bool fallback);
  /// Flags, one for each of `count` layers. Nothing where the key is no array.
  std::optional<std::vector<bool>> flags(std::string_view key, std::size_t count);

  /// Sizes, one for each of `count` layers. Nothing where the key is no array. A negative number
  /// becomes one above every limit.
  std::optional<std::vector<std::uint32_t>> sizes(std::string_view key, std::size_t count);

  void refuse(std::string_view key, std::string_view found);
  /// Refuses a key of the architecture that nothing has read and that may mean something.
  void refuse_unread();

 private:
  std::string full(std::string_view key);
  template <typename T>
  T taken(Result<T> result, T fallback) {
    if (result) return std::move(*result);
    if (!refusal_) refusal_ = std::move(result.error());
    return fallback;
  }

  const GgufFile* file_;
  std::string prefix_;
  std::set<std::string, std::less<>> read_;
  std::optional<Error> refusal_;
};

}  // namespace assay
