#include "reference-engine/tensor_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/spec/recipe.hpp"
#include "reference-engine/spec/tensor_list.hpp"

namespace assay {
namespace {

/// Formats of integers, of 64 bits and of activations are never weights of a matrix.
bool is_weight_format(WeightFormat format) {
  switch (format) {
    case WeightFormat::i8:
    case WeightFormat::i16:
    case WeightFormat::i32:
    case WeightFormat::i64:
    case WeightFormat::f64:
    case WeightFormat::q8_1:
    case WeightFormat::q8_k:
      return false;
    default:
      return true;
  }
}

/// A vector for each expert has two dimensions, a matrix for each has three.
std::vector<std::uint64_t> shape_of(const PlannedTensor& planned) {
  std::vector<std::uint64_t> shape{planned.columns};
  if (planned.rows > 1) shape.push_back(planned.rows);
  if (planned.experts > 1) shape.push_back(planned.experts);
  return shape;
}

/// Dimensions as a file lists them: trailing ones are left out, and may be written all the same.
bool same_shape(const std::vector<std::uint64_t>& dims, const PlannedTensor& planned) {
  const std::vector<std::uint64_t> expected = shape_of(planned);
  for (std::size_t i = 0; i < std::max(dims.size(), expected.size()); ++i) {
    if ((i < dims.size() ? dims[i] : 1) != (i < expected.size() ? expected[i] : 1)) return false;
  }
  return true;
}

std::string shape_text(const PlannedTensor& planned) {
  return fmt::format("[{}]", fmt::join(shape_of(planned), ", "));
}

bool is_rope_factors(TensorRole role) {
  return role == TensorRole::rope_factors || role == TensorRole::rope_factors_long ||
         role == TensorRole::rope_factors_short;
}

Result<void> take_from_file(const GgufFile& file, const ModelSpec& spec, PlannedTensor& planned) {
  const std::string field = fmt::format("tensor '{}'", planned.name);
  const GgufTensor* found = file.tensor(planned.name);
  if (found == nullptr) {
    return file.refuse(field, fmt::format("missing (expected {} values)", shape_text(planned)));
  }
  if (!same_shape(found->dims, planned)) {
    return file.refuse(field, fmt::format("[{}] values (expected {} from the sizes in the header)",
                                          fmt::join(found->dims, ", "), shape_text(planned)));
  }
  if (!is_matrix(planned.role) && found->format != WeightFormat::f32) {
    return file.refuse(field, fmt::format("{} (expected F32)", format_name(found->format)));
  }
  if (!is_weight_format(found->format)) {
    return file.refuse(
        field, fmt::format("{} (expected a format of weights)", format_name(found->format)));
  }
  set_format(planned, found->format, spec);
  return {};
}

}  // namespace

bool is_matrix(TensorRole role) {
  switch (role) {
    case TensorRole::token_embedding:
    case TensorRole::output_head:
    case TensorRole::attention_qkv:
    case TensorRole::attention_q:
    case TensorRole::attention_k:
    case TensorRole::attention_v:
    case TensorRole::attention_output:
    case TensorRole::latent_query_down:
    case TensorRole::latent_query_up:
    case TensorRole::latent_down:
    case TensorRole::latent_up:
    case TensorRole::latent_keys:
    case TensorRole::latent_values:
    case TensorRole::mixer_in:
    case TensorRole::mixer_gate:
    case TensorRole::mixer_write:
    case TensorRole::mixer_step:
    case TensorRole::mixer_out:
    case TensorRole::ffn_gate_up:
    case TensorRole::ffn_gate:
    case TensorRole::ffn_up:
    case TensorRole::ffn_down:
    case TensorRole::moe_gate_up:
    case TensorRole::moe_gate:
    case TensorRole::moe_up:
    case TensorRole::moe_down:
    case TensorRole::shared_gate:
    case TensorRole::shared_up:
    case TensorRole::shared_down:
    case TensorRole::layer_embedding:
    case TensorRole::layer_input_projection:
    case TensorRole::layer_input_gate:
    case TensorRole::layer_input_out:
    case TensorRole::stream_spread:
    case TensorRole::stream_gather:
    case TensorRole::low_rank_down:
    case TensorRole::low_rank_up:
      return true;
    default:
      return false;
  }
}

bool is_looked_up(TensorRole role) {
  return role == TensorRole::token_embedding || role == TensorRole::layer_embedding;
}

bool is_expert(TensorRole role) {
  switch (role) {
    case TensorRole::moe_gate_up:
    case TensorRole::moe_gate:
    case TensorRole::moe_up:
    case TensorRole::moe_down:
    case TensorRole::moe_gate_bias:
    case TensorRole::moe_up_bias:
    case TensorRole::moe_down_bias:
      return true;
    default:
      return false;
  }
}

std::uint64_t widened_rows(const PlannedTensor& tensor, const ModelSpec& spec) {
  if (tensor.role != TensorRole::latent_up) return 0;
  const AttentionSpec& attention = spec.layers[tensor.layer].attention;
  return std::uint64_t{attention.heads} * attention.latent.key;
}

Bytes widening(const PlannedTensor& tensor, const ModelSpec& spec) {
  const std::uint64_t row = row_bytes(WeightFormat::f32, tensor.columns);
  return Bytes(widened_rows(tensor, spec) * (row - row_bytes(tensor.format, tensor.columns)));
}

Bytes padding(const PlannedTensor& tensor) {
  if (!is_matrix(tensor.role) && tensor.role != TensorRole::moe_router) return Bytes(0);
  const std::uint64_t missing = (k_panel_rows - tensor.rows % k_panel_rows) % k_panel_rows;
  // At most 15 times the tensor's own bytes.
  return Bytes(tensor.experts * missing * row_bytes(tensor.format, tensor.columns));
}

Bytes TensorPlan::total_bytes() const {
  Bytes sum;
  for (const PlannedTensor& tensor : tensors) sum += tensor.bytes;
  return sum;
}

Bytes TensorPlan::bytes_read_per_token() const {
  Bytes sum;
  for (const PlannedTensor& tensor : tensors) sum += tensor.bytes_read_per_token;
  return sum;
}

std::uint64_t TensorPlan::parameters() const {
  std::uint64_t sum = 0;
  for (const PlannedTensor& tensor : tensors) {
    if (!is_rope_factors(tensor.role)) sum += tensor.parameters();
  }
  return sum;
}

std::uint64_t TensorPlan::active_parameters() const {
  std::uint64_t sum = parameters();
  for (const PlannedTensor& tensor : tensors) {
    sum -= tensor.columns * tensor.rows * (tensor.experts - tensor.experts_used);
  }
  return sum;
}

Result<TensorPlan> tensor_plan(const ModelSpec& spec, Recipe recipe) {
  if (auto checked = check_spec(spec); !checked) return pass_on(checked);
  TensorPlan plan{list_tensors(spec)};
  for (PlannedTensor& tensor : plan.tensors) {
    set_format(tensor, recipe_format(recipe, tensor, spec), spec);
  }
  return plan;
}

Result<TensorPlan> tensor_plan(const GgufFile& file, const ModelSpec& spec) {
  if (auto checked = check_spec(spec); !checked) return pass_on(checked);
  TensorPlan plan{list_tensors(spec)};
  std::unordered_set<std::string_view> known;
  for (PlannedTensor& tensor : plan.tensors) {
    if (auto taken = take_from_file(file, spec, tensor); !taken) return pass_on(taken);
    known.insert(tensor.name);
  }
  for (const GgufTensor& tensor : file.tensors()) {
    if (!known.contains(tensor.name)) {
      return file.refuse(fmt::format("tensor '{}'", tensor.name),
                         fmt::format("has no place in a model of {} layers and architecture {}",
                                     spec.layers.size(), spec.architecture));
    }
  }
  return plan;
}

}  // namespace assay
