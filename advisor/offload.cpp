#include "advisor/offload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/gpu_memory.hpp"
#include "base/enum_table.hpp"

namespace assay {
namespace {

constexpr EnumTable<Split, 3> k_split_names{{{
    {Split::whole, "whole"},
    {Split::layers, "layers"},
    {Split::experts, "experts_in_memory"},
}}};

// What published speeds of split models leave for a crossing, over what is expected.
constexpr double k_crossing_low = 0.5;
constexpr double k_crossing_high = 3.0;

/// How many layers at the end of the model are on the GPU, and up to where experts are not.
struct Cut {
  std::uint64_t gpu_layers;
  std::uint64_t expert_layers;
};

bool on_gpu(const PlannedTensor& tensor, const ModelSpec& spec, const Cut& cut) {
  if (!is_of_a_layer(tensor)) return is_kept_on_gpu(tensor, spec);
  if (tensor.layer < spec.layers.size() - cut.gpu_layers) return false;
  return !(is_expert(tensor.role) && tensor.layer < cut.expert_layers);
}

/// A part of the model as a question of its own.
Question part_of(const Question& question, const Cut& cut, bool gpu) {
  Question part;
  part.session = question.session;
  part.depth = question.depth;
  part.spec = question.spec;
  const std::uint64_t first = question.spec.layers.size() - cut.gpu_layers;
  const auto at = part.spec.layers.begin() + static_cast<std::ptrdiff_t>(first);
  if (gpu) {
    part.spec.layers.erase(part.spec.layers.begin(), at);
  } else {
    part.spec.layers.erase(at, part.spec.layers.end());
  }
  for (const PlannedTensor& tensor : question.plan.tensors) {
    if (on_gpu(tensor, question.spec, cut) != gpu) continue;
    part.plan.tensors.push_back(tensor);
    // Layers are counted from the first of the part.
    if (gpu && is_of_a_layer(tensor)) {
      part.plan.tensors.back().layer -= static_cast<std::uint32_t>(first);
    }
  }
  return part;
}

/// Weights, keys and values, and states.
Bytes kept_bytes(const Question& part) {
  return part.plan.total_bytes() + gpu_cache_bytes(part.spec, part.session) +
         footprint(part.spec, part.plan, part.session).state;
}

/// A model with shared weights has them in both memories.
Bytes shared_head_bytes(const Question& question) {
  if (!question.spec.tied_embeddings) return {};
  for (const PlannedTensor& tensor : question.plan.tensors) {
    if (tensor.role == TensorRole::token_embedding) return tensor.bytes;
  }
  return {};
}

std::uint64_t mixtures_below(const ModelSpec& spec, std::uint64_t layers) {
  const auto end = spec.layers.begin() + static_cast<std::ptrdiff_t>(layers);
  return static_cast<std::uint64_t>(std::count_if(
      spec.layers.begin(), end, [](const LayerSpec& layer) { return layer.ffn == Ffn::mixture; }));
}

Estimate rate_of_parts(const Question& gpu, const Question& system, const OffloadPlace& place,
                       std::uint64_t crossings) {
  const Estimate on_gpu = predict_decode(gpu, place.gpu);
  if (!place.processor || place.processor->dense.empty()) return {};
  const Estimate on_processor = predict_decode(system, *place.processor);
  const double copies = static_cast<double>(crossings) * k_crossing_seconds;
  Estimate both = on_gpu;
  both.low = 1.0 / (1.0 / on_gpu.low + 1.0 / on_processor.low + copies * k_crossing_high);
  both.expected = 1.0 / (1.0 / on_gpu.expected + 1.0 / on_processor.expected + copies);
  both.high = 1.0 / (1.0 / on_gpu.high + 1.0 / on_processor.high + copies * k_crossing_low);
  return both;
}

bool fits(const Offload& offload, const OffloadPlace& place) {
  if (offload.gpu_bytes > place.gpu_memory) return false;
  if (offload.split == Split::whole) return true;
  return place.system_memory.is_known() && offload.system_bytes <= place.system_memory.value();
}

/// The largest count in [0, most] that `holds`, which it does up to some count only; nothing where
/// it does for none.
template <typename Holds>
std::optional<std::uint64_t> last_that(std::uint64_t most, Holds holds) {
  if (!holds(0)) return std::nullopt;
  std::uint64_t good = 0;
  std::uint64_t bad = most + 1;
  while (bad - good > 1) {
    const std::uint64_t middle = good + (bad - good) / 2;
    (holds(middle) ? good : bad) = middle;
  }
  return good;
}

/// The most layers that fit.
std::optional<Offload> by_layers(const Question& question, const OffloadPlace& place) {
  const std::uint64_t layers = question.spec.layers.size();
  const auto most = last_that(layers, [&](std::uint64_t count) {
    return offload_of(question, place, count, 0).gpu_bytes <= place.gpu_memory;
  });
  if (!most || *most == 0) return std::nullopt;
  Offload offload = offload_of(question, place, *most, 0);
  return fits(offload, place) ? std::optional<Offload>(std::move(offload)) : std::nullopt;
}

/// The fewest layers whose experts must stay out.
std::optional<Offload> by_experts(const Question& question, const OffloadPlace& place) {
  const std::uint64_t layers = question.spec.layers.size();
  if (!question.spec.is_moe()) return std::nullopt;
  const auto kept_in = last_that(layers, [&](std::uint64_t count) {
    return offload_of(question, place, layers, layers - count).gpu_bytes <= place.gpu_memory;
  });
  if (!kept_in || *kept_in == layers) return std::nullopt;
  Offload offload = offload_of(question, place, layers, layers - *kept_in);
  return fits(offload, place) ? std::optional<Offload>(std::move(offload)) : std::nullopt;
}

}  // namespace

std::string_view split_name(Split split) { return k_split_names.name(split); }

Offload offload_of(const Question& question, const OffloadPlace& place, std::uint64_t gpu_layers,
                   std::uint64_t expert_layers) {
  const Cut cut{gpu_layers, expert_layers};
  const Question gpu = part_of(question, cut, true);
  const Question system = part_of(question, cut, false);
  Offload offload;
  offload.gpu_layers = gpu_layers;
  offload.layers = question.spec.layers.size();
  offload.expert_layers = expert_layers;
  offload.gpu_bytes = kept_bytes(gpu) + gpu_buffer_bytes(question.spec, question.session) +
                      (place.shared_with_cpu ? Bytes() : k_gpu_driver);
  offload.system_bytes = kept_bytes(system) + shared_head_bytes(question) +
                         footprint(question.spec, question.plan, question.session).runtime;
  if (gpu_layers == offload.layers && expert_layers == 0) {
    offload.decode_tokens_per_second = predict_decode(gpu, place.gpu);
    offload.option = "-ngl 99";
    return offload;
  }
  offload.split = expert_layers > 0 ? Split::experts : Split::layers;
  // Once into the GPU and once back; for experts that are not there, in each of their layers.
  offload.crossings = expert_layers > 0 ? 2 * mixtures_below(question.spec, expert_layers) : 2;
  offload.decode_tokens_per_second = rate_of_parts(gpu, system, place, offload.crossings);
  // llama.cpp counts the head as one more layer, and takes it first.
  offload.option = expert_layers > 0 ? fmt::format("-ngl 99 --n-cpu-moe {}", expert_layers)
                                     : fmt::format("-ngl {}", gpu_layers + 1);
  return offload;
}

std::optional<Offload> best_offload(const Question& question, const OffloadPlace& place) {
  const std::uint64_t layers = question.spec.layers.size();
  Offload whole = offload_of(question, place, layers, 0);
  if (fits(whole, place)) return whole;
  auto some_layers = by_layers(question, place);
  auto some_experts = by_experts(question, place);
  if (!some_layers) return some_experts;
  if (!some_experts) return some_layers;
  return some_experts->decode_tokens_per_second.expected >=
                 some_layers->decode_tokens_per_second.expected
             ? some_experts
             : some_layers;
}

}  // namespace assay
