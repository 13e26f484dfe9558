#include "reference-engine/spec/check_spec.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace assay {
namespace {

struct SizeLimit {
  std::string_view key;
  std::uint32_t value;
  std::uint32_t limit;
};

std::optional<SpecDefect> check_sizes(const ModelSpec& spec) {
  // Far above every published model, and low enough that no size of a plan wraps: a stack of
  // experts has at most 2^10 * 2^20 * 2^20 values of 4 bytes, three of them in 2^9 layers are less
  // than 2^63 bytes.
  const std::array<SizeLimit, 8> sizes{{
      {"block_count", spec.layers, 512},
      {"embedding_length", spec.d_model, 1U << 20},
      {"attention.head_count", spec.heads, 4096},
      {"attention.head_count_kv", spec.kv_heads, 4096},
      {"attention.key_length", spec.head_dim, 4096},
      {"vocab_size", spec.vocabulary, 1U << 24},
      {"context_length", spec.trained_context, 1U << 30},
      {"rope.dimension_count", spec.rope.dims, 4096},
  }};
  for (const SizeLimit& size : sizes) {
    if (size.value == 0 || size.value > size.limit) {
      return SpecDefect{size.key, fmt::format("{} (expected 1 to {})", size.value, size.limit)};
    }
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_attention(const ModelSpec& spec) {
  if (spec.kv_heads > spec.heads || spec.heads % spec.kv_heads != 0) {
    return SpecDefect{"attention.head_count_kv",
                      fmt::format("{} (expected a divisor of attention.head_count = {})",
                                  spec.kv_heads, spec.heads)};
  }
  if (spec.rope.dims > spec.head_dim || spec.rope.dims % 2 != 0) {
    return SpecDefect{"rope.dimension_count",
                      fmt::format("{} (expected an even number, at most the {} values of a head)",
                                  spec.rope.dims, spec.head_dim)};
  }
  if (!std::isfinite(spec.norm_epsilon) || spec.norm_epsilon < 0.0F || spec.norm_epsilon > 1.0F) {
    return SpecDefect{"attention.layer_norm_rms_epsilon",
                      fmt::format("{} (expected 0 to 1)", spec.norm_epsilon)};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_rope(const RopeSpec& rope) {
  // 1e12 is far above the largest base in use (1e8).
  if (!(rope.base >= 1.0F && rope.base <= 1e12F)) {
    return SpecDefect{"rope.freq_base", fmt::format("{} (expected 1 to 1e12)", rope.base)};
  }
  if (rope.scaling == RopeScaling::none) return std::nullopt;
  if (!(rope.factor > 0.0F && rope.factor <= 1e6F)) {
    return SpecDefect{"rope.scaling.factor",
                      fmt::format("{} (expected more than 0, at most 1e6)", rope.factor)};
  }
  if (rope.scaling != RopeScaling::yarn) return std::nullopt;
  if (rope.original_context == 0) {
    return SpecDefect{"rope.scaling.original_context_length",
                      "missing or 0 (expected the context before the extension)"};
  }
  if (!(rope.yarn_beta_slow > 0.0F && rope.yarn_beta_fast > rope.yarn_beta_slow &&
        rope.yarn_beta_fast <= 1e6F)) {
    return SpecDefect{"rope.scaling.yarn_beta_fast",
                      fmt::format("{} over {} (expected fast above slow, both above 0)",
                                  rope.yarn_beta_fast, rope.yarn_beta_slow)};
  }
  if (!(rope.attention_factor > 0.0F && rope.attention_factor <= 1e3F)) {
    return SpecDefect{
        "rope.scaling.attn_factor",
        fmt::format("{} (expected more than 0, at most 1000)", rope.attention_factor)};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_ffn(const ModelSpec& spec) {
  constexpr std::uint32_t k_widest = 1U << 20;
  constexpr std::uint32_t k_most_experts = 1024;
  if (!spec.is_moe()) {
    if (spec.moe.experts != 1 || spec.moe.used != 1) {
      return SpecDefect{"expert_count",
                        fmt::format("{} experts, {} used (expected 1 and 1 in a dense model)",
                                    spec.moe.experts, spec.moe.used)};
    }
    if (spec.d_ff == 0 || spec.d_ff > k_widest) {
      return SpecDefect{"feed_forward_length",
                        fmt::format("{} (expected 1 to {})", spec.d_ff, k_widest)};
    }
    return std::nullopt;
  }
  if (spec.moe.experts > k_most_experts) {
    return SpecDefect{"expert_count",
                      fmt::format("{} (expected at most {})", spec.moe.experts, k_most_experts)};
  }
  if (spec.moe.used == 0 || spec.moe.used > spec.moe.experts) {
    return SpecDefect{"expert_used_count", fmt::format("{} (expected 1 to the {} of expert_count)",
                                                       spec.moe.used, spec.moe.experts)};
  }
  if (spec.moe.d_expert == 0 || spec.moe.d_expert > k_widest) {
    return SpecDefect{"expert_feed_forward_length",
                      fmt::format("{} (expected 1 to {})", spec.moe.d_expert, k_widest)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<SpecDefect> find_defect(const ModelSpec& spec) {
  if (auto defect = check_sizes(spec)) return defect;
  if (auto defect = check_attention(spec)) return defect;
  if (auto defect = check_rope(spec.rope)) return defect;
  return check_ffn(spec);
}

Result<void> check_spec(const ModelSpec& spec) {
  const auto defect = find_defect(spec);
  if (!defect) return {};
  return fail(ErrorCode::refused_input, defect->found,
              fmt::format("{}: {}", spec.name, defect->key));
}

}  // namespace assay
