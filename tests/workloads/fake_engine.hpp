#pragma once

#include <cstdint>
#include <functional>

#include "workloads/generator.hpp"
#include "workloads/measure/clock.hpp"

namespace assay {

/// An engine without a model, on a clock of its own: it takes exactly the seconds it is told to.
class FakeEngine : public Generator {
 public:
  double seconds_per_prompt_token = 0.001;
  double seconds_per_token = 0.010;
  double seconds_of_sampling = 0.0005;
  std::uint32_t ends_after = 1U << 30;    // tokens
  bool keeps_answers = false;             // the same tokens whatever the prompt
  bool tells_logits = false;              // which follow all that was read
  bool skips_every_second_token = false;  // counts two tokens for the work of one
  bool forgets_positions = false;         // reads half of the prompt
  std::uint32_t interrupted_in = 0;       // the pass whose second token does not come
  std::function<double(std::uint32_t pass)> slowness = [](std::uint32_t) { return 1.0; };

  [[nodiscard]] Clock clock() const {
    return [this] { return now_; };
  }
  [[nodiscard]] std::uint32_t passes() const { return pass_; }

  [[nodiscard]] Capabilities capabilities() const override { return {.exact_counts = true}; }
  [[nodiscard]] std::string name() const override { return "fake"; }
  Result<void> reset(std::uint32_t depth) override {
    ++pass_;
    now_ += 1.0;  // must not be part of any time that is reported
    positions_ = depth;
    given_ = 0;
    state_ = 0;
    return {};
  }
  Result<void> read_prompt(std::span<const TokenId> tokens) override {
    now_ += seconds_per_prompt_token * static_cast<double>(tokens.size()) * slowness(pass_);
    positions_ += static_cast<std::uint32_t>(forgets_positions ? tokens.size() / 2 : tokens.size());
    for (const TokenId token : tokens) mix(token);
    return {};
  }
  Result<TokenId> first_token() override {
    now_ += seconds_of_sampling;
    return give();
  }
  Result<TokenId> next(TokenId token) override {
    const bool skipped = skips_every_second_token && given_ % 2 == 1;
    if (!skipped) now_ += seconds_per_token * slowness(pass_);
    ++positions_;
    mix(token);
    return give();
  }
  [[nodiscard]] std::uint32_t positions() const override { return positions_; }
  [[nodiscard]] std::span<const float> logits() const override { return logits_; }

 private:
  void mix(TokenId token) { state_ = (state_ ^ token) * 0x100000001B3ULL; }
  Result<TokenId> give() {
    if (pass_ == interrupted_in && given_ == 1) return fail(ErrorCode::interrupted, "interrupted");
    if (given_ >= ends_after) return fail(ErrorCode::invalid_result, "end of sequence");
    ++given_;
    if (tells_logits) logits_.assign(1, static_cast<float>(state_ % 1000));
    return static_cast<TokenId>(keeps_answers ? given_ : state_ % 1000);
  }

  double now_ = 0.0;
  std::uint32_t pass_ = 0;
  std::uint32_t positions_ = 0;
  std::uint32_t given_ = 0;
  std::uint64_t state_ = 0;
  std::vector<float> logits_;
};

}  // namespace assay
