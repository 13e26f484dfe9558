#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// How keys and values are kept; the numbers index KernelTable::cache.
enum class CacheFormat { f16, f32, bf16, q8_0 };
std::span<const CacheFormat> all_cache_formats();
std::string_view cache_format_name(CacheFormat format);
/// Case does not matter. Nothing for an unknown name.
std::optional<CacheFormat> cache_format(std::string_view name);
/// The weight format whose blocks a row of the cache is made of.
WeightFormat cache_weight_format(CacheFormat format);
/// Bytes of the key or value of one position and head: dim values, rounded up to whole blocks.
std::uint64_t cache_row_bytes(CacheFormat format, std::uint64_t dim);

/// What a session is opened with; memory and speed follow from it.
struct SessionShape {
  std::uint32_t context = 4096;  // positions that the cache holds
  CacheFormat cache = CacheFormat::f16;
  std::uint32_t chunk = 512;  // most tokens of one pass
  unsigned threads = 1;
};

/// What a model costs in memory, bytes moved and arithmetic: exact where the engine decides it.
struct Footprint {
  Bytes weights;            // all tensors as the engine keeps them
  Bytes kv_cache;           // for the whole context
  Bytes compute;            // activation buffers of one pass, and `state`
  Bytes state;              // of layers that carry one, with the copy that a session can go back to
  Bytes runtime;            // program, libraries, thread stacks, vocabulary
  Bytes weights_per_token;  // read in one decode step
  Bytes state_per_token;    // read in one decode step
  Bytes cache_per_position;       // keys and values of one position, all layers, kept
  Bytes cache_read_per_position;  // the same for each layer that looks at them
  double flops_per_token =
      0;  // multiplications and additions per prompt token: with weights (head excluded) and states
  double head_flops = 0;                    // output head, once per pass
  double attention_flops_per_position = 0;  // per token and position looked at, all layers
  /// Layers that see so many positions at most: their part of what is read and computed.
  struct Window {
    std::uint32_t positions;
    Bytes cache_read_per_position;
    double attention_flops_per_position;
  };
  std::vector<Window> windows;
  [[nodiscard]] Bytes peak() const;
};

/// Bytes of the layers that carry a state that one decode step reads, whatever the depth.
Bytes state_per_token(const ModelSpec& spec);
/// Operations of those layers for one token, products with weights apart.
double state_flops_per_token(const ModelSpec& spec);

Footprint footprint(const ModelSpec& spec, const TensorPlan& plan, const SessionShape& shape);

/// Bytes that one decode step reads at a depth (weights, and the cache up to there or as far as a
/// layer's window reaches).
Bytes bytes_per_token(const Footprint& footprint, std::uint64_t depth);
/// Operations of attention for one token that has `depth` positions to look at.
double attention_flops(const Footprint& footprint, double depth);

/// Positions that a query sees, and what all queries of a prompt see together (its first token sees
/// itself only).
double visible_positions(const AttentionSpec& attention, double depth);
double visible_positions_of_prompt(const AttentionSpec& attention, double tokens);

}  // namespace assay
