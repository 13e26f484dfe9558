#pragma once

#include <stop_token>
#include <string>

#include "reference-engine/session.hpp"
#include "workloads/generator.hpp"

namespace assay {

/// The reference engine behind the seam. `session` must outlive it. Errors: interrupted, within a
/// prompt or before a token, when a stop is asked for.
class ReferenceGenerator final : public Generator {
 public:
  ReferenceGenerator(Session& session, std::uint64_t seed, std::stop_token stop = {});

  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] std::string name() const override;
  Result<void> reset(std::uint32_t depth) override;
  Result<void> read_prompt(std::span<const TokenId> tokens) override;
  Result<TokenId> first_token() override;
  Result<TokenId> next(TokenId token) override;
  [[nodiscard]] std::span<const float> logits() const override { return logits_; }
  [[nodiscard]] std::uint32_t positions() const override;

 private:
  Session& session_;
  std::uint64_t seed_;
  std::stop_token stop_;
  std::uint32_t filled_ = 0;       // positions that hold made-up keys and values
  std::span<const float> logits_;  // of the session, valid until it is used again
};

}  // namespace assay
