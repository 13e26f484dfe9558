#include "reference-engine/spec/spec_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace assay {
namespace {

/// Keys that say nothing about the computation: how a file was made, or what another key says too.
constexpr std::array<std::string_view, 6> k_harmless{
    "vocab_size",          "tensor_data_layout",           "rope.scaling.finetuned",
    "expert_shared_count", "attention.layer_norm_epsilon", "pooling_type",
};

}  // namespace

std::string SpecKeys::full(std::string_view key) {
  read_.emplace(key);
  return prefix_ + std::string(key);
}

std::uint32_t SpecKeys::size(std::string_view key) {
  const std::uint64_t value = taken(file_->count(full(key)), std::uint64_t{0});
  if (value <= std::numeric_limits<std::uint32_t>::max()) return static_cast<std::uint32_t>(value);
  refuse(key, fmt::format("{} (expected a 32-bit number)", value));
  return 0;
}

std::uint32_t SpecKeys::size_or(std::string_view key, std::uint32_t fallback) {
  return has(key) ? size(key) : fallback;
}

float SpecKeys::number(std::string_view key) {
  return static_cast<float>(taken(file_->number(full(key)), 0.0));
}

float SpecKeys::number_or(std::string_view key, float fallback) {
  return has(key) ? number(key) : fallback;
}

std::string SpecKeys::text_or(std::string_view key, std::string fallback) {
  return taken(file_->text_or(full(key), std::move(fallback)), std::string());
}

bool SpecKeys::flag_or(std::string_view key, bool fallback) {
  return taken(file_->flag_or(full(key), fallback), fallback);
}

std::optional<std::vector<bool>> SpecKeys::flags(std::string_view key, std::size_t count) {
  const GgufValue* value = file_->find(prefix_ + std::string(key));
  if (value == nullptr || value->type != GgufType::array) return std::nullopt;
  const GgufArray* array =
      taken(file_->array(full(key), GgufType::boolean), static_cast<const GgufArray*>(nullptr));
  if (array == nullptr) return std::nullopt;
  if (array->size() != count) {
    refuse(key, fmt::format("{} flags (expected one for each of {} layers)", array->size(), count));
    return std::nullopt;
  }
  std::vector<bool> flags;
  for (std::size_t i = 0; i < count; ++i) flags.push_back(array->number<std::uint8_t>(i) != 0);
  return flags;
}

std::optional<std::vector<std::uint32_t>> SpecKeys::sizes(std::string_view key, std::size_t count) {
  const GgufValue* value = file_->find(prefix_ + std::string(key));
  if (value == nullptr || value->type != GgufType::array) return std::nullopt;
  auto found = file_->array(full(key), GgufType::i32);
  if (!found) found = file_->array(full(key), GgufType::u32);
  const GgufArray* array = taken(std::move(found), static_cast<const GgufArray*>(nullptr));
  if (array == nullptr) return std::nullopt;
  if (array->size() != count) {
    refuse(key, fmt::format("{} sizes (expected {})", array->size(), count));
    return std::nullopt;
  }
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 0; i < count; ++i) sizes.push_back(array->number<std::uint32_t>(i));
  return sizes;
}

void SpecKeys::refuse(std::string_view key, std::string_view found) {
  if (!refusal_) refusal_ = file_->refuse(prefix_ + std::string(key), found).value();
}

void SpecKeys::refuse_unread() {
  if (!flag_or("attention.causal", true)) {
    refuse("attention.causal", "false (expected true: every token sees those before it)");
  }
  if (flag_or("use_parallel_residual", false)) {
    refuse("use_parallel_residual", "true (expected false: one block after the other)");
  }
  for (const std::string& name : file_->keys()) {
    if (!name.starts_with(prefix_)) continue;
    const std::string_view key = std::string_view(name).substr(prefix_.size());
    if (read_.contains(key)) continue;
    if (std::find(k_harmless.begin(), k_harmless.end(), key) != k_harmless.end()) continue;
    return refuse(key, "present (expected only keys that the architecture is known to have)");
  }
}

}  // namespace assay
