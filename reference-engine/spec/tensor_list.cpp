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

/// Adds the tensors of one layer.
class LayerTensors {
 public:
  LayerTensors(TensorList& list, std::uint32_t index, const ModelSpec& spec)
      : list_(&list), index_(index), spec_(&spec), layer_(&spec.layers[index]) {}

  void list_all() {
    if (layer_->mixer != Mixer::none) list_mixer_block();
    if (layer_->ffn != Ffn::none) list_ffn_block();
    if (spec_->described.streams > 1) list_streams();
    if (spec_->described.low_rank > 0) list_low_rank();
    if (spec_->d_layer_input > 0) list_layer_input();
    if (spec_->layer_scale) add("layer_output_scale.weight", TensorRole::layer_scale, {1});
  }

 private:
  void list_mixer_block() {
    if (spec_->norm.before) norm("attn_norm", TensorRole::attention_norm);
    list_mixer();
    if (layer_->state_beside) list_state_space();
    if (spec_->norm.after) add("post_attention_norm.weight", TensorRole::attention_post_norm);
  }

  void list_ffn_block() {
    if (spec_->norm.before) norm(ffn_norm_name(), TensorRole::ffn_norm);
    layer_->ffn == Ffn::mixture ? list_mixture() : list_dense();
    if (spec_->norm.after) add("post_ffw_norm.weight", TensorRole::ffn_post_norm);
  }

  /// A layer of one block has one norm.
  [[nodiscard]] const char* ffn_norm_name() const {
    if (layer_->mixer == Mixer::none) return "attn_norm";
    return spec_->file.ffn_norm_is_post_attention ? "post_attention_norm" : "ffn_norm";
  }

  void list_mixer() {
    switch (layer_->mixer) {
      case Mixer::attention:
        return list_attention();
      case Mixer::short_convolution:
        return list_short_convolution();
      case Mixer::state_space:
        return list_state_space();
      case Mixer::gated_delta_net:
        return list_delta_net();
      case Mixer::none:
        return;
    }
  }

  void list_attention() {
    if (layer_->attention.is_latent()) return list_latent_attention();
    const std::uint64_t d_model = spec_->d_model;
    const std::uint64_t d_q = layer_->attention.d_q();
    const std::uint64_t d_kv = layer_->attention.d_kv();
    if (spec_->file.fused_qkv) {
      add("attn_qkv.weight", TensorRole::attention_qkv, {d_model, d_q + 2 * d_kv});
    } else {
      add("attn_q.weight", TensorRole::attention_q, {d_model, layer_->attention.d_q_rows()});
      list_keys_and_values();
    }
    add("attn_output.weight", TensorRole::attention_output, {d_q, d_model});
    if (spec_->bias.qkv && spec_->file.fused_qkv) {
      add("attn_qkv.bias", TensorRole::attention_qkv_bias, {d_q + 2 * d_kv});
    } else if (spec_->bias.qkv) {
      add("attn_q.bias", TensorRole::attention_q_bias, {layer_->attention.d_q_rows()});
      add("attn_k.bias", TensorRole::attention_k_bias, {d_kv});
      add("attn_v.bias", TensorRole::attention_v_bias, {d_kv});
    }
    if (spec_->bias.attention_output) {
      add("attn_output.bias", TensorRole::attention_output_bias, {d_model});
    }
    if (spec_->attention_sinks) {
      add("attn_sinks.weight", TensorRole::attention_sinks, {layer_->attention.heads});
    }
    if (spec_->qk_norm != QkNorm::none) {
      const bool full = spec_->qk_norm == QkNorm::full;
      const std::uint64_t dim = layer_->attention.head_dim;
      add("attn_q_norm.weight", TensorRole::attention_q_norm, {full ? d_q : dim});
      if (has_keys()) {
        add("attn_k_norm.weight", TensorRole::attention_k_norm,
            {full ? d_kv : dim, 1, 1, key_uses()});
      }
    }
  }

  void list_latent_attention() {
    const std::uint64_t d_model = spec_->d_model;
    const AttentionSpec& attention = layer_->attention;
    const LatentSpec& latent = attention.latent;
    const std::uint64_t rank = latent.rank;
    const std::uint64_t heads = attention.heads;
    if (latent.query_rank == 0) {
      add("attn_q.weight", TensorRole::attention_q, {d_model, attention.d_q_rows()});
    } else {
      add("attn_q_a.weight", TensorRole::latent_query_down, {d_model, latent.query_rank});
      add("attn_q_a_norm.weight", TensorRole::latent_query_norm, {latent.query_rank});
      add("attn_q_b.weight", TensorRole::latent_query_up,
          {latent.query_rank, attention.d_q_rows()});
    }
    add("attn_kv_a_mqa.weight", TensorRole::latent_down, {d_model, rank + latent.rotated});
    add("attn_kv_a_norm.weight", TensorRole::latent_norm, {rank});
    if (spec_->file.latent_heads_apart) {
      add("attn_k_b.weight", TensorRole::latent_keys, {latent.key, rank, heads, heads});
      add("attn_v_b.weight", TensorRole::latent_values, {rank, latent.value, heads, heads});
    } else {
      const std::uint64_t rows = std::uint64_t{latent.key} + latent.value;
      add("attn_kv_b.weight", TensorRole::latent_up, {rank, heads * rows});
    }
    add("attn_output.weight", TensorRole::attention_output, {attention.d_output(), d_model});
    if (spec_->bias.attention_output) {
      add("attn_output.bias", TensorRole::attention_output_bias, {d_model});
    }
  }

  /// Whether the file has a key matrix here, and how often a token multiplies with it.
  [[nodiscard]] bool has_keys() const {
    return !layer_->attention.cache_of || spec_->file.idle_keys_and_values;
  }
  [[nodiscard]] std::uint64_t key_uses() const { return layer_->attention.cache_of ? 0 : 1; }

  void list_keys_and_values() {
    if (!has_keys()) return;
    const Shape shape{spec_->d_model, layer_->attention.d_kv(), 1, key_uses()};
    add("attn_k.weight", TensorRole::attention_k, shape);
    if (layer_->attention.values_are_keys) return;
    add("attn_v.weight", TensorRole::attention_v, shape);
  }

  void list_short_convolution() {
    const std::uint64_t d_model = spec_->d_model;
    add("shortconv.in_proj.weight", TensorRole::mixer_in, {d_model, 3 * d_model});
    add("shortconv.conv.weight", TensorRole::convolution, {spec_->recurrence.taps, d_model});
    add("shortconv.out_proj.weight", TensorRole::mixer_out, {d_model, d_model});
  }

  void list_state_space() {
    const RecurrenceSpec& recurrence = spec_->recurrence;
    const std::uint64_t heads = recurrence.heads;
    const std::uint64_t inner = recurrence.d_inner();
    const std::uint64_t mixed = recurrence.d_mixed();
    add("ssm_in.weight", TensorRole::mixer_in, {spec_->d_model, inner + mixed + heads});
    add("ssm_conv1d.weight", TensorRole::convolution, {recurrence.taps, mixed});
    add("ssm_conv1d.bias", TensorRole::convolution_bias, {mixed});
    add("ssm_dt.bias", TensorRole::step_bias, {heads});
    add("ssm_a", TensorRole::decay_rate, {1, heads});
    add("ssm_d", TensorRole::skip, {1, heads});
    if (recurrence.norm) {
      add("ssm_norm.weight", TensorRole::mixer_norm,
          {inner / recurrence.groups, recurrence.groups});
    }
    add("ssm_out.weight", TensorRole::mixer_out, {inner, spec_->d_model});
  }

  void list_delta_net() {
    const RecurrenceSpec& recurrence = spec_->recurrence;
    const std::uint64_t d_model = spec_->d_model;
    const std::uint64_t heads = recurrence.heads;
    const std::uint64_t inner = recurrence.d_inner();
    add("attn_qkv.weight", TensorRole::mixer_in, {d_model, recurrence.d_mixed()});
    add("attn_gate.weight", TensorRole::mixer_gate, {d_model, inner});
    add("ssm_conv1d.weight", TensorRole::convolution, {recurrence.taps, recurrence.d_mixed()});
    add("ssm_dt.bias", TensorRole::step_bias, {heads});
    add("ssm_a", TensorRole::decay_rate, {heads});
    add("ssm_beta.weight", TensorRole::mixer_write, {d_model, heads});
    add("ssm_alpha.weight", TensorRole::mixer_step, {d_model, heads});
    add("ssm_norm.weight", TensorRole::mixer_norm, {recurrence.head_dim});
    add("ssm_out.weight", TensorRole::mixer_out, {inner, d_model});
  }

  [[nodiscard]] bool has_gate() const { return !spec_->described.gateless; }

  /// Of several residual streams: small products that predict and correct them.
  void list_streams() {
    const std::uint64_t streams = spec_->described.streams;
    add("altup_correct_coef.weight", TensorRole::stream_correct, {streams, streams});
    add("altup_correct_scale.weight", TensorRole::stream_scale);
    add("altup_predict_coef.weight", TensorRole::stream_predict, {streams, streams * streams});
    add("altup_router.weight", TensorRole::stream_router, {spec_->d_model, streams});
    add("altup_router_norm.weight", TensorRole::stream_router_norm);
  }

  void list_low_rank() {
    const std::uint64_t rank = spec_->described.low_rank;
    add("laurel_l.weight", TensorRole::low_rank_down, {spec_->d_model, rank});
    add("laurel_r.weight", TensorRole::low_rank_up, {rank, spec_->d_model});
    add("laurel_post_norm.weight", TensorRole::low_rank_post_norm);
  }

  void list_dense() {
    const std::uint64_t d_model = spec_->d_model;
    const std::uint64_t d_ff = layer_->d_ff;
    if (spec_->file.fused_gate_up) {
      add("ffn_up.weight", TensorRole::ffn_gate_up, {d_model, 2 * d_ff});
    } else {
      if (has_gate()) add("ffn_gate.weight", TensorRole::ffn_gate, {d_model, d_ff});
      add("ffn_up.weight", TensorRole::ffn_up, {d_model, d_ff});
    }
    add("ffn_down.weight", TensorRole::ffn_down, {d_ff, d_model});
  }

  void list_mixture() {
    const MoeSpec& moe = spec_->moe;
    const std::uint64_t d_model = spec_->d_model;
    const std::uint64_t width = moe.d_expert;
    const auto expert = [&](std::uint64_t columns, std::uint64_t rows) {
      return Shape{columns, rows, moe.experts, moe.used};
    };
    add("ffn_gate_inp.weight", TensorRole::moe_router, {d_model, moe.experts});
    if (spec_->bias.router) add("ffn_gate_inp.bias", TensorRole::moe_router_bias, {moe.experts});
    if (moe.selection_bias) {
      add("exp_probs_b.bias", TensorRole::moe_selection_bias, {moe.experts});
    }
    if (spec_->file.fused_experts) {
      add("ffn_gate_up_exps.weight", TensorRole::moe_gate_up, expert(d_model, 2 * width));
    } else {
      if (has_gate()) {
        add("ffn_gate_exps.weight", TensorRole::moe_gate, expert(d_model, width));
      }
      add("ffn_up_exps.weight", TensorRole::moe_up, expert(d_model, width));
    }
    add("ffn_down_exps.weight", TensorRole::moe_down, expert(width, d_model));
    if (spec_->bias.experts) {
      add("ffn_gate_exps.bias", TensorRole::moe_gate_bias, expert(width, 1));
      add("ffn_up_exps.bias", TensorRole::moe_up_bias, expert(width, 1));
      add("ffn_down_exps.bias", TensorRole::moe_down_bias, expert(d_model, 1));
    }
    if (moe.expert_scale) {
      add("ffn_down_exps.scale", TensorRole::moe_expert_scale, {moe.experts});
    }
    if (moe.apart) return list_apart();
    if (moe.d_shared == 0) return;
    if (moe.shared_gate) add("ffn_gate_inp_shexp.weight", TensorRole::shared_router, {d_model});
    if (has_gate()) {
      add("ffn_gate_shexp.weight", TensorRole::shared_gate, {d_model, moe.d_shared});
    }
    add("ffn_up_shexp.weight", TensorRole::shared_up, {d_model, moe.d_shared});
    add("ffn_down_shexp.weight", TensorRole::shared_down, {moe.d_shared, d_model});
  }

  /// What is shared is called as in a dense layer, and has the norm before it of one.
  void list_apart() {
    const MoeSpec& moe = spec_->moe;
    add("ffn_gate_inp.scale", TensorRole::moe_router_norm);
    add("pre_ffw_norm_2.weight", TensorRole::moe_norm);
    add("post_ffw_norm_1.weight", TensorRole::shared_post_norm);
    add("post_ffw_norm_2.weight", TensorRole::moe_post_norm);
    add("ffn_gate.weight", TensorRole::shared_gate, {spec_->d_model, moe.d_shared});
    add("ffn_up.weight", TensorRole::shared_up, {spec_->d_model, moe.d_shared});
    add("ffn_down.weight", TensorRole::shared_down, {moe.d_shared, spec_->d_model});
  }

  void list_layer_input() {
    add("inp_gate.weight", TensorRole::layer_input_gate, {spec_->d_model, spec_->d_layer_input});
    add("proj.weight", TensorRole::layer_input_out, {spec_->d_layer_input, spec_->d_model});
    add("post_norm.weight", TensorRole::layer_input_post_norm);
  }

  /// A norm of the residual stream, with its bias where it has one.
  void norm(const std::string& name, TensorRole role) {
    add(name + ".weight", role);
    if (spec_->norm.bias) {
      add(name + ".bias", role == TensorRole::attention_norm ? TensorRole::attention_norm_bias
                                                             : TensorRole::ffn_norm_bias);
    }
  }
  void add(std::string_view name, TensorRole role) { add(name, role, {spec_->d_model}); }
  void add(std::string_view name, TensorRole role, Shape shape) {
    list_->add_layer(index_, name, role, shape);
  }

  TensorList* list_;
  std::uint32_t index_;
  const ModelSpec* spec_;
  const LayerSpec* layer_;
};

void list_layer_inputs(TensorList& list, const ModelSpec& spec) {
  if (spec.d_layer_input == 0) return;
  const std::uint64_t all = std::uint64_t{spec.d_layer_input} * spec.layers.size();
  list.add("per_layer_token_embd.weight", TensorRole::layer_embedding, {all, spec.vocabulary});
  list.add("per_layer_model_proj.weight", TensorRole::layer_input_projection, {spec.d_model, all});
  list.add("per_layer_proj_norm.weight", TensorRole::layer_input_norm, {spec.d_layer_input});
}

void list_stream_projections(TensorList& list, const ModelSpec& spec) {
  const std::uint64_t others = spec.described.streams - std::uint64_t{1};
  if (others == 0) return;
  const Shape shape{spec.d_model, spec.d_model, others, others};
  list.add("altup_proj.weight", TensorRole::stream_spread, shape);
  list.add("altup_unembd_proj.weight", TensorRole::stream_gather, shape);
}

void list_rope_factors(TensorList& list, const RopeSpec& rope) {
  const std::uint64_t factors = rope.dims / 2;
  if (rope.frequency_factors) {
    list.add("rope_freqs.weight", TensorRole::rope_factors, {factors});
  }
  if (rope.scaling == RopeScaling::longrope) {
    list.add("rope_factors_long.weight", TensorRole::rope_factors_long, {factors});
    list.add("rope_factors_short.weight", TensorRole::rope_factors_short, {factors});
  }
}

}  // namespace

std::vector<PlannedTensor> list_tensors(const ModelSpec& spec) {
  TensorList list;
  list.add("token_embd.weight", TensorRole::token_embedding, {spec.d_model, spec.vocabulary});
  list.add(
      spec.file.output_norm_is_embedding_norm ? "token_embd_norm.weight" : "output_norm.weight",
      TensorRole::output_norm, {spec.d_model});
  if (spec.norm.bias) {
    list.add("output_norm.bias", TensorRole::output_norm_bias, {spec.d_model});
  }
  if (!spec.tied_embeddings) {
    list.add("output.weight", TensorRole::output_head, {spec.d_model, spec.vocabulary});
  }
  if (spec.bias.head) list.add("output.bias", TensorRole::output_head_bias, {spec.vocabulary});
  list_layer_inputs(list, spec);
  list_stream_projections(list, spec);
  list_rope_factors(list, spec.rope());
  for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer) {
    LayerTensors(list, layer, spec).list_all();
  }
  return list.take();
}

void set_format(PlannedTensor& tensor, WeightFormat format, const ModelSpec& spec) {
  const std::uint64_t row = row_bytes(format, tensor.columns);
  tensor.format = format;
  tensor.bytes = Bytes(row * tensor.rows * tensor.experts);
  tensor.bytes_read_per_token = Bytes(row * tensor.rows * tensor.experts_used);
  const bool is_head = tensor.role == TensorRole::token_embedding && spec.tied_embeddings;
  if (is_looked_up(tensor.role) && !is_head) {
    tensor.bytes_read_per_token = Bytes(row);
  }
}

}  // namespace assay
