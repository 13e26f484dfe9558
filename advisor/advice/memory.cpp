#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "advisor/advice/circumstances.hpp"
#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

// What a system with nothing open keeps for itself: a rule of thumb, 1 GB for Linux without a
// browser.
constexpr Bytes k_idle_system(1'000'000'000);

/// Memory that must be available for the policy to call the need `share` of it.
Bytes wanted(const Verdict& verdict, double share) {
  const auto needed = static_cast<double>(verdict.prediction.footprint.peak().value);
  return Bytes(static_cast<std::uint64_t>(needed / share) + 1);
}

Verdict judged_with(const Question& question, Circumstances around, Bytes available) {
  around.available = Fact<Bytes>::known(available, "advice");
  return judged(question, around);
}

/// The limit of a container or a user that leaves less than what is free.
std::optional<Bytes> binding_limit(const Verdict& verdict, const Circumstances& around) {
  if (around.machine == nullptr) return std::nullopt;
  const MemoryProfile& memory = around.machine->memory;
  const bool binds =
      memory.limit.is_known() && memory.limit_headroom.is_known() &&
      verdict.prediction.available.value() == memory.limit_headroom.value() &&
      (!memory.available.is_known() || memory.limit_headroom.value() < memory.available.value());
  if (!binds) return std::nullopt;
  return memory.limit.value();
}

std::optional<Change> raise_limit(const Question& question, const Verdict& verdict,
                                  const Circumstances& around, Bytes limit, double share) {
  const Bytes available = verdict.prediction.available.value();
  const Bytes needed = wanted(verdict, share);
  const MemoryProfile& memory = around.machine->memory;
  if (!(available < needed)) return std::nullopt;
  // A higher limit finds no memory that the machine does not have.
  if (!memory.available.is_known() || memory.available.value() < needed) return std::nullopt;
  const Verdict then = judged_with(question, around, needed);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  return change(ChangeKind::raise_limit,
                fmt::format("Raise the memory limit (cgroup or ulimit) from {} to {}: the machine "
                            "has that much free ({}).",
                            human_bytes(limit), human_bytes(limit + (needed - available)),
                            result_words(then)),
                then);
}

/// Whether other programs can be holding so much.
bool can_be_freed(Bytes needed, Bytes available, const Circumstances& around) {
  if (around.machine != nullptr && around.machine->memory.total.is_known()) {
    return needed + k_idle_system <= around.machine->memory.total.value();
  }
  // Closing programs finds some gigabytes, not a second machine.
  return static_cast<double>(needed.value) <= 1.5 * static_cast<double>(available.value);
}

std::optional<Change> close_programs(const Question& question, const Verdict& verdict,
                                     const Circumstances& around, double share) {
  const Bytes available = verdict.prediction.available.value();
  const Bytes needed = wanted(verdict, share);
  if (!(available < needed) || !can_be_freed(needed, available, around)) return std::nullopt;
  const Verdict then = judged_with(question, around, needed);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  return change(ChangeKind::close_programs,
                fmt::format("Close other programs that hold {} or more ({}).",
                            human_bytes(needed - available), result_words(then)),
                then);
}

/// Memory on the processor's package or board: it cannot be added to.
bool is_soldered(const MachineProfile* machine) {
  if (machine == nullptr || !machine->memory.modules.is_known()) return false;
  const auto& modules = machine->memory.modules.value();
  return std::any_of(modules.begin(), modules.end(), [](const MemoryModule& module) {
    return module.type && module.type->starts_with("LPDDR");
  });
}

/// Total sizes of what is sold as modules and pairs of them, the smallest that is enough.
std::optional<Bytes> module_size(Bytes missing) {
  constexpr std::array<std::uint64_t, 8> k_gigabytes{4, 8, 16, 24, 32, 48, 64, 128};
  for (const std::uint64_t size : k_gigabytes) {
    const Bytes bytes = gibibytes(size);
    if (missing <= bytes) return bytes;
  }
  return std::nullopt;
}

/// Where a `limit` binds, it must be raised as well; the memory that is missing is the machine's.
std::optional<Change> more_memory(const Question& question, const Verdict& verdict,
                                  const Circumstances& around, std::optional<Bytes> limit) {
  const Bytes available = verdict.prediction.available.value();
  const Bytes needed = wanted(verdict, around.policy.memory_ok);
  if (limit && !around.machine->memory.available.is_known()) return std::nullopt;
  const Bytes free = limit ? around.machine->memory.available.value() : available;
  if (!(free < needed)) return std::nullopt;
  const auto more = module_size(needed - free);
  if (!more) return std::nullopt;
  const Verdict then = judged_with(question, around, limit ? needed : available + *more);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  const std::uint64_t gigabytes = more->value >> 30U;
  return change(
      ChangeKind::more_memory,
      is_soldered(around.machine)
          ? fmt::format("A machine with {} GB more memory; this one's cannot be added to ({}).",
                        gigabytes, result_words(then))
          : fmt::format(
                "Add {} GB of memory: {} are missing{} ({}).", gigabytes,
                human_bytes(needed - free),
                limit ? fmt::format("; and raise the memory limit from {} to {}",
                                    human_bytes(*limit), human_bytes(*limit + (needed - available)))
                      : "",
                result_words(then)),
      then);
}

}  // namespace

std::vector<Change> memory_changes(const Question& question, const Verdict& verdict,
                                   const Circumstances& around) {
  if (verdict.limit != Limit::memory || !verdict.prediction.available.is_known()) return {};
  // Of a card neither can be had: another one is what speed_changes names.
  if (around.subject.is_gpu) return {};
  const auto limit = binding_limit(verdict, around);
  std::vector<Change> changes;
  // What is enough to be ok, or where that cannot be had what just does.
  for (const double share : {around.policy.memory_ok, around.policy.memory_tight}) {
    auto made = limit ? raise_limit(question, verdict, around, *limit, share)
                      : close_programs(question, verdict, around, share);
    if (!made) continue;
    changes.push_back(std::move(*made));
    break;
  }
  if (limit && !changes.empty()) return changes;
  if (auto made = more_memory(question, verdict, around, limit)) {
    changes.push_back(std::move(*made));
  }
  return changes;
}

}  // namespace assay
