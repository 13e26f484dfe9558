#pragma once

#include <cstdint>
#include <string>

#include "reference-engine/golden/gguf_builder.hpp"
#include "tests/reference-engine/bad_files/bad_files.hpp"

namespace assay {

/// A seeded model with one thing changed. `file_size`: as in BadFile.
BadFile bad_model(std::string name, const char* model, void (*spoil)(GgufBuilder& file),
                  std::string message, std::uint64_t file_size = 0);

}  // namespace assay
