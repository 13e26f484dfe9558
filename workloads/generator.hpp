#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "reference-engine/session.hpp"

namespace assay {

/// The seam for engines: something that continues token sequences greedily, and does not stop at an
/// end-of-sequence token. The reference engine stands behind one.
/// Errors: invalid_result for an engine that ends before it was told to; anything else ends the
/// measurement.
class Generator {
 public:
  Generator() = default;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  virtual ~Generator() = default;

  struct Capabilities {
    bool logits = false;
    bool token_ids = false;
    bool exact_counts = false;  // positions() is the engine's own count
    bool depth = false;         // can be put at a context depth without running it
  };
  [[nodiscard]] virtual Capabilities capabilities() const = 0;
  [[nodiscard]] virtual std::string name() const = 0;

  /// Forgets everything, then stands at `depth` positions.
  virtual Result<void> reset(std::uint32_t depth) = 0;
  /// Reads the prompt: the forward passes only.
  virtual Result<void> read_prompt(std::span<const TokenId> tokens) = 0;
  /// The token that follows the prompt. Requires that one was read.
  virtual Result<TokenId> first_token() = 0;
  /// Continues after `token` and returns the next one.
  virtual Result<TokenId> next(TokenId token) = 0;
  /// The logits behind the token that came last; empty for an engine without that capability.
  [[nodiscard]] virtual std::span<const float> logits() const { return {}; }
  /// How many positions the engine holds now.
  [[nodiscard]] virtual std::uint32_t positions() const = 0;
};

}  // namespace assay
