#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// Thresholds, and what each use asks for: docs/method.md says what each means and where it comes
/// from.
struct Policy {
  std::string name;
  double decode_no = 4.0, decode_tight = 10.0, decode_ok = 20.0;  // tokens per second, upper ends
  double memory_comfortable = 0.70, memory_ok = 0.83,
         memory_tight = 0.95;  // share of what is available
  double first_token_comfortable_seconds = 1.0, first_token_ok_seconds = 4.0;
  /// Of an answer that is thought about first, from the question to its last token.
  double thinking_answer_comfortable_seconds = 60.0, thinking_answer_ok_seconds = 120.0;
  /// A question of a kind, in tokens. What a file leaves out is that of a chat.
  struct Use {
    std::string name;
    std::string description;
    std::uint64_t prompt_tokens = 128;
    std::uint64_t answer_tokens = 256;
    std::uint64_t context_tokens = 4096;  // that the cache should hold
    std::uint64_t thinking_tokens = 512;  // before the answer, of models that think
    std::string thinking_source = "rule of thumb";
    bool thinks = false;  // models that can do both are judged with thinking
    std::string tag;      // what the catalogue calls models that are made for it
  };
  std::vector<Use> uses;
  [[nodiscard]] const Use* use(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> use_names() const;
};

/// The policy that is compiled in (configs/policies/default.json).
Result<Policy> builtin_policy();
/// Errors: refused_input, naming the field; a key that no policy has is one, with the nearest name.
Result<Policy> parse_policy(std::string_view json, const std::string& source);

}  // namespace assay
