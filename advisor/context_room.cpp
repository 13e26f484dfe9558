#include "advisor/context_room.hpp"

#include <algorithm>

namespace assay {
namespace {

constexpr std::uint64_t k_step = 256;

std::uint64_t peak_at(const Question& question, std::uint64_t context) {
  SessionShape shape = question.session;
  shape.context = static_cast<std::uint32_t>(context);
  return footprint(question.spec, question.plan, shape).peak().value;
}

}  // namespace

std::uint64_t largest_context(const Question& question, Bytes budget) {
  const std::uint64_t trained = question.spec.trained_context;
  const std::uint64_t least = std::min(k_step, trained);
  const std::uint64_t at_least = peak_at(question, least);
  if (least == 0 || at_least > budget.value) return 0;
  const std::uint64_t at_most = peak_at(question, trained);
  if (at_most <= budget.value) return trained;
  // at_least <= budget < at_most: there is a slope.
  const double slope =
      static_cast<double>(at_most - at_least) / static_cast<double>(trained - least);
  const auto more =
      static_cast<std::uint64_t>(static_cast<double>(budget.value - at_least) / slope);
  std::uint64_t context = (least + more) / k_step * k_step;
  // Buffers are rounded up to whole pages: at most a step too far.
  if (context > least && peak_at(question, context) > budget.value) context -= k_step;
  return std::max(context, least);
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
