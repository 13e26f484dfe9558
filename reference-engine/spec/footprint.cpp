#include "reference-engine/footprint.hpp"

#include "base/enum_table.hpp"
#include "reference-engine/session_buffers.hpp"

namespace assay {
namespace {

constexpr EnumTable<CacheFormat, 2> k_cache_names{{{
    {CacheFormat::f16, "F16"},
    {CacheFormat::f32, "F32"},
}}};

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
         (is_matrix(tensor.role) && tensor.role != TensorRole::token_embedding &&
          tensor.role != TensorRole::output_head);
}

}  // namespace

std::string_view cache_format_name(CacheFormat format) { return k_cache_names.name(format); }

std::optional<CacheFormat> cache_format(std::string_view name) {
  if (name == "f16") return CacheFormat::f16;
  if (name == "f32") return CacheFormat::f32;
  return k_cache_names.value(name);
}

Bytes Footprint::peak() const { return weights + kv_cache + compute + runtime; }

Footprint footprint(const ModelSpec& spec, const TensorPlan& plan, const SessionShape& shape) {
  Footprint total;
  total.weights = plan.total_bytes();
  const std::uint64_t value_bytes = shape.cache == CacheFormat::f16 ? 2 : 4;
  total.cache_per_position = Bytes(2 * std::uint64_t{spec.layers} * spec.d_kv() * value_bytes);
  total.kv_cache = Bytes(total.cache_per_position.value * shape.context);
  total.compute = session_buffers_bytes(spec, shape);
  total.runtime = Bytes(k_runtime_bytes + k_vocabulary_bytes_per_token * spec.vocabulary);
  total.weights_per_token = plan.bytes_read_per_token();
  for (const PlannedTensor& tensor : plan.tensors) {
    const double used = static_cast<double>(tensor.columns) * static_cast<double>(tensor.rows) *
                        static_cast<double>(tensor.experts_used);
    if (is_head(tensor, spec)) total.head_flops += k_flops_per_weight * used;
    if (multiplies_tokens(tensor)) total.flops_per_token += k_flops_per_weight * used;
  }
  // A query times each key, and each probability times a value.
  total.attention_flops_per_position = 2.0 * k_flops_per_weight * spec.layers * spec.d_q();
  return total;
}

Bytes bytes_per_token(const Footprint& footprint, std::uint64_t depth) {
  return footprint.weights_per_token + Bytes(footprint.cache_per_position.value * depth);
}

}  // namespace assay
