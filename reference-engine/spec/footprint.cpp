#include "reference-engine/footprint.hpp"

#include <algorithm>
#include <array>

#include "base/enum_table.hpp"
#include "reference-engine/gguf/checked_size.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/runtime/recurrent_state.hpp"
#include "reference-engine/session_buffers.hpp"
#include "reference-engine/spec/mixer_sizes.hpp"

namespace assay {
namespace {

constexpr EnumTable<CacheFormat, 4> k_cache_names{{{
    {CacheFormat::f16, "F16"},
    {CacheFormat::f32, "F32"},
    {CacheFormat::bf16, "BF16"},
    {CacheFormat::q8_0, "Q8_0"},
}}};

constexpr std::array k_cache_formats_list{CacheFormat::f16, CacheFormat::f32, CacheFormat::bf16,
                                          CacheFormat::q8_0};
static_assert(k_cache_formats_list.size() == k_cache_formats);

// Program, libraries, thread stacks, allocator slack and vocabulary: what the resident peak of a
// process was above weights, cache and buffers with AVX2 and 2 threads. Measured: 5 MB with 512
// tokens, 7 MB with 128,256; the program's own libraries add 1.3 MB to that of the engine alone.
// Rounded up, as a vocabulary may hold longer texts.
constexpr std::uint64_t k_runtime_bytes = std::uint64_t{8} << 20U;
constexpr std::uint64_t k_vocabulary_bytes_per_token = 32;

constexpr double k_flops_per_weight = 2.0;  // one multiplication, one addition

bool is_head(const PlannedTensor& tensor, const ModelSpec& spec) {
  return tensor.role == TensorRole::output_head ||
         (spec.tied_embeddings && tensor.role == TensorRole::token_embedding);
}

bool multiplies_tokens(const PlannedTensor& tensor) {
  return tensor.role == TensorRole::moe_router ||
         (is_matrix(tensor.role) && !is_looked_up(tensor.role) &&
          tensor.role != TensorRole::output_head);
}

void add_attention(const AttentionSpec& attention, CacheFormat format, Footprint& total) {
  const Bytes cache(attention.cached_rows() * cache_row_bytes(format, attention.head_dim));
  // A query times each key, and each probability times a value.
  const double flops = 2.0 * k_flops_per_weight * attention.d_q();
  if (!attention.cache_of) total.cache_per_position += cache;
  total.cache_read_per_position += cache;
  total.attention_flops_per_position += flops;
  if (attention.window == 0) return;
  auto found = std::find_if(
      total.windows.begin(), total.windows.end(),
      [&](const Footprint::Window& window) { return window.positions == attention.window; });
  if (found == total.windows.end()) {
    found = total.windows.insert(found, Footprint::Window{attention.window, Bytes(), 0.0});
  }
  found->cache_read_per_position += cache;
  found->attention_flops_per_position += flops;
}

}  // namespace

std::string_view cache_format_name(CacheFormat format) { return k_cache_names.name(format); }

std::span<const CacheFormat> all_cache_formats() { return k_cache_formats_list; }

std::optional<CacheFormat> cache_format(std::string_view name) {
  const auto wanted = weight_format(name);
  for (const CacheFormat format : k_cache_formats_list) {
    if (wanted == cache_weight_format(format)) return format;
  }
  return std::nullopt;
}

WeightFormat cache_weight_format(CacheFormat format) {
  switch (format) {
    case CacheFormat::f32:
      return WeightFormat::f32;
    case CacheFormat::bf16:
      return WeightFormat::bf16;
    case CacheFormat::q8_0:
      return WeightFormat::q8_0;
    case CacheFormat::f16:
      break;
  }
  return WeightFormat::f16;
}

std::uint64_t cache_row_bytes(CacheFormat format, std::uint64_t dim) {
  const BlockShape block = *block_shape(cache_weight_format(format));
  return (dim + block.values - 1) / block.values * block.bytes;
}

Bytes Footprint::peak() const { return weights + kv_cache + compute + runtime; }

Bytes state_per_token(const ModelSpec& spec) {
  std::uint64_t bytes = 0;
  for (const LayerSpec& layer : spec.layers) bytes += kept_state_bytes(spec, layer);
  return Bytes(bytes);
}

double state_flops_per_token(const ModelSpec& spec) {
  double total = 0.0;
  for (const LayerSpec& layer : spec.layers) {
    const MixerSizes sizes = mixer_sizes(spec, layer);
    // Each value of a state decays, takes up a product and is read by one; a delta net also asks
    // first what the state knows.
    const double of_value = layer.mixer == Mixer::gated_delta_net ? 7.0 : 5.0;
    total += of_value * static_cast<double>(sizes.state) +
             k_flops_per_weight * static_cast<double>(sizes.channels * spec.recurrence.taps);
  }
  return total;
}

Footprint footprint(const ModelSpec& spec, const TensorPlan& plan, const SessionShape& shape) {
  Footprint total;
  total.weights = plan.total_bytes();
  for (const LayerSpec& layer : spec.layers) {
    if (layer.mixer == Mixer::attention) add_attention(layer.attention, shape.cache, total);
  }
  // Far more than any machine has, where a product of described sizes wraps.
  constexpr std::uint64_t k_too_much = std::uint64_t{1} << 62;
  total.kv_cache = Bytes((CheckedSize(total.cache_per_position.value) * CheckedSize(shape.context))
                             .value()
                             .value_or(k_too_much));
  total.state_per_token = state_per_token(spec);
  total.state = RecurrentState::bytes(spec);
  total.compute = session_buffers_bytes(spec, shape) + total.state;
  total.runtime = Bytes(k_runtime_bytes + k_vocabulary_bytes_per_token * spec.vocabulary);
  total.weights_per_token = plan.bytes_read_per_token();
  total.flops_per_token = state_flops_per_token(spec);
  for (const PlannedTensor& tensor : plan.tensors) {
    const double used = static_cast<double>(tensor.columns) * static_cast<double>(tensor.rows) *
                        static_cast<double>(tensor.experts_used);
    if (is_head(tensor, spec)) total.head_flops += k_flops_per_weight * used;
    total.weights += widening(tensor, spec);
    total.compute += padding(tensor);
    total.weights_per_token += widening(tensor, spec);
    if (multiplies_tokens(tensor)) total.flops_per_token += k_flops_per_weight * used;
  }
  return total;
}

Bytes bytes_per_token(const Footprint& footprint, std::uint64_t depth) {
  Bytes total = footprint.weights_per_token + footprint.state_per_token +
                Bytes(footprint.cache_read_per_position.value * depth);
  for (const Footprint::Window& window : footprint.windows) {
    if (depth <= window.positions) continue;
    total = total - Bytes(window.cache_read_per_position.value * (depth - window.positions));
  }
  return total;
}

double attention_flops(const Footprint& footprint, double depth) {
  double total = footprint.attention_flops_per_position * depth;
  for (const Footprint::Window& window : footprint.windows) {
    total -= window.attention_flops_per_position * std::max(0.0, depth - window.positions);
  }
  return total;
}

double visible_positions(const AttentionSpec& attention, double depth) {
  return attention.window == 0 ? depth : std::min<double>(depth, attention.window);
}

double visible_positions_of_prompt(const AttentionSpec& attention, double tokens) {
  // The first tokens see one position more each, those beyond the window all as many.
  const double growing = visible_positions(attention, tokens);
  return growing * (growing + 1.0) / 2.0 + (tokens - growing) * growing;
}

}  // namespace assay
