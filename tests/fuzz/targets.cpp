#include "tests/fuzz/targets.hpp"

#include <array>

namespace assay {

std::span<const FuzzTarget> fuzz_targets() {
  static constexpr std::array<FuzzTarget, 5> k_targets{{
      {"gguf_header", fuzz_gguf_header},
      {"model", fuzz_model},
      {"tokenizer", fuzz_tokenizer},
      {"result_json", fuzz_result_json},
      {"config", fuzz_config},
  }};
  return k_targets;
}

}  // namespace assay
