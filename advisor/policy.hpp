#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// Thresholds: configs/policies/default.json says what each means.
struct Policy {
  std::string name;
  double decode_no = 4.0, decode_tight = 10.0, decode_ok = 20.0;  // tokens per second, upper ends
  double memory_comfortable = 0.70, memory_ok = 0.83,
         memory_tight = 0.95;  // share of what is available
  double first_token_comfortable_seconds = 1.0, first_token_ok_seconds = 4.0;
  struct Use {
    std::string name;
    std::uint64_t prompt_tokens = 128;
    std::string tag;  // what the catalogue calls models that are made for it
  };
  std::vector<Use> uses;
  [[nodiscard]] const Use* use(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> use_names() const;
};

/// The policy that is compiled in (configs/policies/default.json).
Result<Policy> builtin_policy();
/// Errors: refused_input, naming the field.
Result<Policy> parse_policy(std::string_view json, const std::string& source);

}  // namespace assay
