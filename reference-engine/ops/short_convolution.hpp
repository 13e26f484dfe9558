#pragma once

#include <cstdint>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += out (c * convolution(b * x)), where (b, c, x) = in (norm(residual)).
/// Source: the LFM2 technical report (Liquid AI 2025), and its model code in Hugging Face
/// transformers.
void short_convolution_block(const Pass& pass, std::uint32_t layer);

}  // namespace assay
