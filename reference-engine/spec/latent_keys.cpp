#include "reference-engine/spec/latent_keys.hpp"

#include <fmt/format.h>

#include <cmath>

namespace assay {
namespace {

void expect(SpecKeys& keys, std::string_view key, std::uint64_t expected, std::string_view what) {
  if (const std::uint32_t found = keys.size(key); found != expected) {
    keys.refuse(key, fmt::format("{} (expected {}: {})", found, expected, what));
  }
}

}  // namespace

void read_latent_attention(SpecKeys& keys, AttentionSpec& attention, FileLayout& file) {
  LatentSpec& latent = attention.latent;
  attention.heads = keys.size("attention.head_count");
  attention.kv_heads = 1;
  latent.rank = keys.size("attention.kv_lora_rank");
  latent.query_rank = keys.size_or("attention.q_lora_rank", 0);
  latent.rotated = keys.size("rope.dimension_count");
  if (latent.rank == 0) {
    return keys.refuse("attention.kv_lora_rank", "0 (expected at least 1)");
  }
  const std::uint64_t cached = std::uint64_t{latent.rank} + latent.rotated;
  file.latent_heads_apart = keys.has("attention.key_length_mla");
  const std::string_view key_length =
      file.latent_heads_apart ? "attention.key_length_mla" : "attention.key_length";
  const std::uint32_t key = keys.size(key_length);
  if (file.latent_heads_apart) {
    latent.value = keys.size("attention.value_length_mla");
    expect(keys, "attention.head_count_kv", 1, "heads share what is cached");
    expect(keys, "attention.key_length", cached, "attention.kv_lora_rank and the rotated values");
    expect(keys, "attention.value_length", latent.rank, "attention.kv_lora_rank");
  } else {
    latent.value = keys.size("attention.value_length");
    expect(keys, "attention.head_count_kv", attention.heads, "attention.head_count");
  }
  if (key <= latent.rotated) {
    return keys.refuse(key_length, fmt::format("{} (expected more than the {} rotated values of "
                                               "rope.dimension_count)",
                                               key, latent.rotated));
  }
  latent.key = key - latent.rotated;
  constexpr std::uint32_t k_widest_head = 4096;  // of check_spec
  if (cached > k_widest_head) {
    return keys.refuse("attention.kv_lora_rank",
                       fmt::format("{} (expected at most {} with the {} rotated values)",
                                   latent.rank, k_widest_head, latent.rotated));
  }
  attention.head_dim = static_cast<std::uint32_t>(cached);
}

void read_latent_scale(SpecKeys& keys, ModelSpec& spec) {
  RopeSpec& rope = spec.rope();
  if (rope.scaling != RopeScaling::yarn) return;
  // Files of these models hold a tenth of the multiplier (as converters write it, and public
  // engines read it). It is that of the magnitude and of its divisor, which cancel out: what is
  // rotated keeps its size, and scores are multiplied by the square of the magnitude instead.
  const float multiplier = 10.0F * keys.number_or("rope.scaling.yarn_log_multiplier", 0.0F);
  if (multiplier == 0.0F) return;
  rope.yarn_magnitude = multiplier;
  rope.yarn_magnitude_divisor = multiplier;
  const double logarithm = std::log(std::fmax(1.0, static_cast<double>(rope.factor)));
  const double magnitude = 1.0 + 0.1 * static_cast<double>(multiplier) * logarithm;
  const LatentSpec& latent = spec.layers.front().attention.latent;
  const double key = static_cast<double>(latent.key) + static_cast<double>(latent.rotated);
  spec.scale.attention = static_cast<float>(magnitude * magnitude / std::sqrt(key));
}

}  // namespace assay
