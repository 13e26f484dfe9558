#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "reference-engine/session.hpp"

namespace assay {

/// The seam for engines: something that continues token sequences. The reference engine stands
/// behind one.
class Generator {
 public:
  virtual ~Generator() = default;

  struct Capabilities {
    bool logits = false;
    bool token_ids = false;
    bool exact_counts = false;
    bool depth = false;  // can be put at a context depth without running it
  };
  [[nodiscard]] virtual Capabilities capabilities() const = 0;
  [[nodiscard]] virtual std::string name() const = 0;

  /// Forgets everything, then stands at `depth` positions.
  virtual Result<void> reset(std::uint32_t depth) = 0;
  /// Reads the prompt and returns the first token that follows.
  virtual Result<TokenId> read_prompt(std::span<const TokenId> tokens) = 0;
  /// Continues after `token` and returns the next one.
  virtual Result<TokenId> next(TokenId token) = 0;
};

}  // namespace assay
