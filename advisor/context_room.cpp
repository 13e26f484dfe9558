#include "advisor/context_room.hpp"

#include <algorithm>

namespace assay {
namespace {

constexpr std::uint64_t k_step = 256;

std::uint64_t peak_at(Question& question, std::uint64_t context) {
  question.session.context = static_cast<std::uint32_t>(context);
  return footprint_of(question).peak().value;
}

}  // namespace

std::uint64_t largest_context(const Question& question, Bytes budget) {
  Question asked = question;
  const std::uint64_t trained = question.spec.trained_context;
  const std::uint64_t least = std::min(k_step, trained);
  if (least == 0 || peak_at(asked, least) > budget.value) return 0;
  if (peak_at(asked, trained) <= budget.value) return trained;
  // Memory only grows with the context; in steps, `good` fits and `bad` does not.
  std::uint64_t good = 1;
  std::uint64_t bad = (trained + k_step - 1) / k_step;
  while (bad - good > 1) {
    const std::uint64_t middle = good + (bad - good) / 2;
    (peak_at(asked, middle * k_step) <= budget.value ? good : bad) = middle;
  }
  return std::max(good * k_step, least);
}

std::optional<ContextRoom> context_room(const Question& question,
                                        const Fact<Bytes>& available_memory, const Policy& policy) {
  if (!available_memory.is_known()) return std::nullopt;
  const auto within = [&](double share) {
    return largest_context(question,
                           Bytes(static_cast<std::uint64_t>(
                               share * static_cast<double>(available_memory.value().value))));
  };
  return ContextRoom{within(policy.memory_comfortable), within(policy.memory_ok),
                     within(policy.memory_tight), question.spec.trained_context};
}

}  // namespace assay
