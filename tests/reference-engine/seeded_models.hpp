#pragma once

#include <string_view>

#include "reference-engine/golden/gguf_builder.hpp"

namespace assay {

/// A seeded model, to be changed by a test before it is built. Requires the name of a seeded model:
/// an F32 one of the manifest, "llama-wide" or "olmoe-wide".
GgufBuilder seeded_model(std::string_view name);

/// Gives a model the vocabulary of stories260K.gguf.
void add_vocabulary(GgufBuilder& file);

}  // namespace assay
