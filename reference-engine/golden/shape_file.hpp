#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "reference-engine/golden/gguf_builder.hpp"

namespace assay {

/// The model of a shape file, without a vocabulary, byte for byte as tests/golden/make_models.py
/// writes it. Errors: internal, for what is no shape file.
Result<GgufBuilder> model_of_shape(const Json& shape);

/// Gives a model the vocabulary of `from` (sentence pieces with scores). Errors: those of `from`,
/// when it has none.
Result<void> add_vocabulary(GgufBuilder& file, const GgufFile& from);

}  // namespace assay
