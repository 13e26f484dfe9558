#include "workloads/engines/reference.hpp"

#include <algorithm>
#include <utility>

namespace assay {
namespace {

/// The largest logit, the first of equals.
TokenId most_likely(std::span<const float> logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace

ReferenceGenerator::ReferenceGenerator(Session& session, std::uint64_t seed, std::stop_token stop)
    : session_(session), seed_(seed), stop_(std::move(stop)) {}

Generator::Capabilities ReferenceGenerator::capabilities() const {
  return {.logits = true, .token_ids = true, .exact_counts = true, .depth = true};
}

std::string ReferenceGenerator::name() const { return "assay"; }

Result<void> ReferenceGenerator::reset(std::uint32_t depth) {
  logits_ = {};
  if (filled_ == depth && session_.depth() >= depth) {
    return session_.rewind(depth);
  }
  if (auto cleared = session_.rewind(0); !cleared) return cleared;
  if (depth > 0) {
    if (auto filled = session_.fill_to(depth, seed_); !filled) return filled;
  }
  filled_ = depth;
  return {};
}

Result<void> ReferenceGenerator::read_prompt(std::span<const TokenId> tokens) {
  auto logits = session_.evaluate(tokens, stop_);
  if (!logits) return pass_on(logits);
  logits_ = *logits;
  return {};
}

Result<TokenId> ReferenceGenerator::first_token() {
  if (logits_.empty()) return fail(ErrorCode::internal, "no prompt was read");
  return most_likely(logits_);
}

Result<TokenId> ReferenceGenerator::next(TokenId token) {
  auto logits = session_.evaluate(std::span(&token, 1), stop_);
  if (!logits) return pass_on(logits);
  logits_ = *logits;
  return most_likely(logits_);
}

std::uint32_t ReferenceGenerator::positions() const { return session_.depth(); }

}  // namespace assay
