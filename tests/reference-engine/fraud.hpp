#pragma once

#include <cstdint>

#include "reference-engine/session.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

// What a dishonest engine does to save work, done to a model in memory. The model that is compared
// with is another object, whose weights stay.

/// A layer's last products give nothing: the layer adds nothing.
void drop_layer(const Model& model, std::uint32_t layer);

/// One expert of a layer gives nothing.
void drop_expert(const Model& model, std::uint32_t layer, std::uint32_t expert);

enum class LayerMatrix { q, k, v, attention_output, gate, up, down };

/// The matrix of a layer holds what is left of it after it was stored in `coarser`.
void coarsen(const Model& model, std::uint32_t layer, LayerMatrix matrix, WeightFormat coarser);

/// The expert of a layer with the least weight, of those that a token uses. The session's depth is
/// the same afterwards.
std::uint32_t least_expert(Session& session, std::uint32_t layer, TokenId token);

}  // namespace assay
