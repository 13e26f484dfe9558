#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

/// A file of results has a few hundred rows; each of llama-bench's is about 1 kB.
inline constexpr Bytes k_most_engine_results = mebibytes(16);
inline constexpr std::size_t k_most_engine_rows = 10000;

/// One speed of another engine: reading a prompt, or decoding.
struct EngineRow {
  std::string place;    // in its file: "/3"
  std::string engine;   // "llama.cpp"
  std::string version;  // may be empty
  std::string cpu;      // the processor's brand; empty when the file does not tell
  std::string model;    // a catalogue name, or what the file calls it
  std::string format;   // the name of a recipe; empty when it cannot be told
  std::optional<std::uint64_t> parameters;
  unsigned threads = 1;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t generated_tokens = 0;
  std::uint64_t depth = 0;
  double tokens_per_second = 0.0;
  std::string unusable;  // why no factor can be taken from it; empty when one can
};

/// The rows of a file: what `llama-bench -o json` or `-o jsonl` writes, or the simple form that
/// docs/method.md describes. Errors: refused_input, which names the row and the field.
Result<std::vector<EngineRow>> parse_engine_results(std::string_view text,
                                                    const std::string& source);

/// "Q4_K_M" of "qwen3 1.7B Q4_K - Medium" or of "Qwen3-1.7B-Q4_K_M.gguf"; empty for none.
std::string recipe_in(std::string_view text);

}  // namespace assay
