#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"

namespace assay {

/// What stands before the data of a GGUF file.
struct GgufContent {
  struct Key {
    std::string name;
    GgufValue value;
  };
  std::vector<Key> keys;
  std::vector<GgufTensor> tensors;  // name, dims and format; the rest follows from them

  /// Replaces the value of a key in its place, or adds it at the end.
  void set(std::string_view name, GgufValue value);
  /// Of general.alignment, else the usual one.
  [[nodiscard]] std::uint64_t alignment() const;
};

/// The bytes of the header (version 3, padded to the alignment), and in `content.tensors` where
/// each tensor lies (from the start of the file) and how many bytes it takes. The tensors follow
/// one another, each padded to the alignment. Errors: refused_input for what the reader would
/// refuse.
Result<std::string> lay_out_gguf(GgufContent& content);

}  // namespace assay
