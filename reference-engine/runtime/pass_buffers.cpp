#include "reference-engine/runtime/pass_buffers.hpp"

#include <array>
#include <utility>

namespace assay {

void CodeBuffer::quantise_part(const KernelTable& kernels, const float* column, std::size_t k,
                               std::size_t index, std::size_t first, std::size_t count) const {
  const std::size_t block = index * (k / 32) + first / 32;
  kernels.quantise_q8(column + first, count, codes + index * k + first, scales + block,
                      sums + 2 * block);
}

Result<PassBuffers> PassBuffers::open(const ModelSpec& spec, const SessionShape& shape) {
  auto memory = Arena::reserve(session_buffers_bytes(spec, shape), "activations of a pass");
  if (!memory) return pass_on(memory);
  PassBuffers buffers;
  buffers.memory = std::move(*memory);
  std::array<std::byte*, k_session_buffers> start{};
  for (std::size_t i = 0; i < k_session_buffers; ++i) {
    start[i] =
        buffers.memory.take(session_buffer_bytes(static_cast<SessionBuffer>(i), spec, shape));
  }
  const auto at = [&](SessionBuffer buffer) { return start[static_cast<std::size_t>(buffer)]; };
  const auto floats = [&](SessionBuffer buffer) { return reinterpret_cast<float*>(at(buffer)); };
  const auto counts = [&](SessionBuffer buffer) {
    return reinterpret_cast<std::uint32_t*>(at(buffer));
  };
  buffers.residual = floats(SessionBuffer::residual);
  buffers.normalised = floats(SessionBuffer::normalised);
  buffers.queries = floats(SessionBuffer::queries);
  buffers.keys = floats(SessionBuffer::keys);
  buffers.values = floats(SessionBuffer::values);
  buffers.projected = floats(SessionBuffer::projected);
  buffers.mixed = floats(SessionBuffer::mixed);
  buffers.latents = floats(SessionBuffer::latents);
  buffers.codes = {reinterpret_cast<std::int8_t*>(at(SessionBuffer::codes)),
                   floats(SessionBuffer::code_scales),
                   reinterpret_cast<std::int16_t*>(at(SessionBuffer::code_sums))};
  buffers.gate = floats(SessionBuffer::gate);
  buffers.up = floats(SessionBuffer::up);
  buffers.expert_rows = floats(SessionBuffer::expert_rows);
  buffers.mixture = floats(SessionBuffer::mixture);
  buffers.expert_codes = {reinterpret_cast<std::int8_t*>(at(SessionBuffer::expert_codes)),
                          floats(SessionBuffer::expert_scales),
                          reinterpret_cast<std::int16_t*>(at(SessionBuffer::expert_sums))};
  buffers.router_logits = floats(SessionBuffer::router_logits);
  buffers.expert_weights = floats(SessionBuffer::expert_weights);
  buffers.expert_choices = counts(SessionBuffer::expert_choices);
  buffers.expert_order = counts(SessionBuffer::expert_order);
  float* table = floats(SessionBuffer::rope);
  for (const RopeSpec& rope : spec.ropes) {
    const std::size_t half = std::size_t{pass_tokens(shape)} * (rope.dims / 2);
    buffers.ropes.push_back({table, table + half});
    table += 2 * half;
  }
  buffers.attention = floats(SessionBuffer::attention);
  buffers.attention_parts = floats(SessionBuffer::attention_parts);
  buffers.attention_stride = assay::attention_stride(spec);
  buffers.logits = floats(SessionBuffer::logits);
  buffers.layer_inputs = floats(SessionBuffer::layer_inputs);
  buffers.layer_gate = floats(SessionBuffer::layer_gate);
  return buffers;
}

}  // namespace assay
