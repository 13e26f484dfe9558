#include "reference-engine/spec/tensor_list.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace assay {
namespace {

struct Shape {
  std::uint64_t columns;
  std::uint64_t rows = 1;
  std::uint64_t experts = 1;
  std::uint64_t experts_used = 1;
};

class TensorList {
 public:
  void add(std::string name, TensorRole role, Shape shape, std::uint32_t layer = 0) {
    tensors_.push_back(PlannedTensor{std::move(name), role, layer, shape.columns, shape.rows,
                                     shape.experts, shape.experts_used, WeightFormat::f32, Bytes(),
                                     Bytes()});
  }
  void add_layer(std::uint32_t layer, std::string_view name, TensorRole role, Shape shape) {
    add(fmt::format("blk.{}.{}", layer, name), role, shape, layer);
  }
  std::vector<PlannedTensor> take() { return std::move(tensors_); }

 private:
  std::vector<PlannedTensor> tensors_;
};

void list_attention(TensorList& list, std::uint32_t layer, const ModelSpec& spec) {
  const std::uint64_t d_q = spec.d_q();
  const std::uint64_t d_kv = spec.d_kv();
  const auto add = [&](std::string_view name, TensorRole role, Shape shape) {
    list.add_layer(layer, name, role, shape);
  };
  add("attn_norm.weight", TensorRole::attention_norm, {spec.d_model});
  add("attn_q.weight", TensorRole::attention_q, {spec.d_model, d_q});
  add("attn_k.weight", TensorRole::attention_k, {spec.d_model, d_kv});
  add("attn_v.weight", TensorRole::attention_v, {spec.d_model, d_kv});
  add("attn_output.weight", TensorRole::attention_output, {d_q, spec.d_model});
  if (spec.qkv_bias) {
    add("attn_q.bias", TensorRole::attention_q_bias, {d_q});
    add("attn_k.bias", TensorRole::attention_k_bias, {d_kv});
    add("attn_v.bias", TensorRole::attention_v_bias, {d_kv});
  }
  if (spec.qk_norm != QkNorm::none) {
    const bool full = spec.qk_norm == QkNorm::full;
    add("attn_q_norm.weight", TensorRole::attention_q_norm, {full ? d_q : spec.head_dim});
    add("attn_k_norm.weight", TensorRole::attention_k_norm, {full ? d_kv : spec.head_dim});
  }
}

void list_ffn(TensorList& list, std::uint32_t layer, const ModelSpec& spec) {
  const std::uint64_t d_model = spec.d_model;
  const auto add = [&](std::string_view name, TensorRole role, Shape shape) {
    list.add_layer(layer, name, role, shape);
  };
  add("ffn_norm.weight", TensorRole::ffn_norm, {d_model});
  if (spec.is_moe()) {
    const std::uint64_t experts = spec.moe.experts;
    const std::uint64_t used = spec.moe.used;
    const std::uint64_t width = spec.moe.d_expert;
    add("ffn_gate_inp.weight", TensorRole::moe_router, {d_model, experts});
    add("ffn_gate_exps.weight", TensorRole::moe_gate, {d_model, width, experts, used});
    add("ffn_up_exps.weight", TensorRole::moe_up, {d_model, width, experts, used});
    add("ffn_down_exps.weight", TensorRole::moe_down, {width, d_model, experts, used});
  } else {
    add("ffn_gate.weight", TensorRole::ffn_gate, {d_model, spec.d_ff});
    add("ffn_up.weight", TensorRole::ffn_up, {d_model, spec.d_ff});
    add("ffn_down.weight", TensorRole::ffn_down, {spec.d_ff, d_model});
  }
}

}  // namespace

std::vector<PlannedTensor> list_tensors(const ModelSpec& spec) {
  TensorList list;
  list.add("token_embd.weight", TensorRole::token_embedding, {spec.d_model, spec.vocabulary});
  list.add("output_norm.weight", TensorRole::output_norm, {spec.d_model});
  if (!spec.tied_embeddings) {
    list.add("output.weight", TensorRole::output_head, {spec.d_model, spec.vocabulary});
  }
  if (spec.rope.frequency_factors) {
    list.add("rope_freqs.weight", TensorRole::rope_factors, {spec.rope.dims / 2});
  }
  for (std::uint32_t layer = 0; layer < spec.layers; ++layer) {
    list_attention(list, layer, spec);
    list_ffn(list, layer, spec);
  }
  return list.take();
}

void set_format(PlannedTensor& tensor, WeightFormat format, const ModelSpec& spec) {
  const std::uint64_t row = row_bytes(format, tensor.columns);
  tensor.format = format;
  tensor.bytes = Bytes(row * tensor.rows * tensor.experts);
  tensor.bytes_read_per_token = Bytes(row * tensor.rows * tensor.experts_used);
  if (tensor.role == TensorRole::token_embedding && !spec.tied_embeddings) {
    tensor.bytes_read_per_token = Bytes(row);
  }
}

}  // namespace assay
