#include "reference-engine/tokenizer/pattern.hpp"

namespace assay {

PatternSearch::PatternSearch(const Pattern& pattern)
    : pattern_(&pattern), seen_(pattern.steps().size()) {}

PatternSearch::Place PatternSearch::place(std::span<const char32_t> text, std::size_t at) const {
  if (at >= text.size()) return {0, true};
  return {pattern_->sets_of(text[at]), false};
}

/// Follows forks and conditions from a step to those that take a code point, in order of priority.
void PatternSearch::add(std::vector<Thread>& threads, std::uint32_t step, std::size_t begin,
                        Place place) {
  using Kind = PatternStep::Kind;
  waiting_.assign(1, step);
  while (!waiting_.empty()) {
    const std::uint32_t at = waiting_.back();
    waiting_.pop_back();
    if (seen_[at] == round_) continue;  // one of higher priority is there
    seen_[at] = round_;
    const PatternStep& found = pattern_->steps()[at];
    const auto target = [at](std::int32_t offset) {
      return static_cast<std::uint32_t>(static_cast<std::int64_t>(at) + offset);
    };
    const bool inside = (place.sets >> found.set & 1U) != 0;
    switch (found.kind) {
      case Kind::matched:
      case Kind::take:
        threads.push_back({at, begin});
        break;
      case Kind::peek:
        if (inside) waiting_.push_back(at + 1);
        break;
      case Kind::peek_not:
        if (!inside) waiting_.push_back(at + 1);
        break;
      case Kind::at_end:
        if (place.end) waiting_.push_back(at + 1);
        break;
      case Kind::jump:
        waiting_.push_back(target(found.to));
        break;
      case Kind::fork:
        waiting_.push_back(target(found.other));
        waiting_.push_back(target(found.to));
        break;
    }
  }
}

std::optional<PatternSearch::Match> PatternSearch::find(std::span<const char32_t> text,
                                                        std::size_t from) {
  std::optional<Match> best;
  now_.clear();
  ++round_;
  Place here = place(text, from);
  for (std::size_t at = from; at <= text.size(); ++at) {
    if (!best) add(now_, 0, at, here);
    if (now_.empty() && best) break;
    next_.clear();
    ++round_;
    const Place after = place(text, at + 1);
    for (const Thread& thread : now_) {
      const PatternStep& step = pattern_->steps()[thread.step];
      if (step.kind == PatternStep::Kind::matched) {
        if (thread.begin == at) continue;
        best = Match{thread.begin, at};
        break;  // those that follow have a lower priority
      }
      if ((here.sets >> step.set & 1U) != 0) add(next_, thread.step + 1, thread.begin, after);
    }
    std::swap(now_, next_);
    here = after;
  }
  return best;
}

}  // namespace assay
