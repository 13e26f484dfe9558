#include "cli/grounds.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "cli/named_machine.hpp"
#include "cli/shared_options.hpp"
#include "cli/state.hpp"
#include "reports/document.hpp"

namespace assay {
namespace {

/// The thread count that most runs of a result have.
unsigned usual_threads(const Assessment& assessment, unsigned otherwise) {
  std::map<unsigned, std::size_t> runs;
  for (const RunResult& run : assessment.runs) ++runs[run.engine.threads];
  const auto most = std::max_element(
      runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == runs.end() ? otherwise : most->first;
}

/// "2, 4": the thread counts of a result's runs.
std::string thread_counts(const Assessment& assessment) {
  std::set<unsigned> counts;
  for (const RunResult& run : assessment.runs) counts.insert(run.engine.threads);
  return fmt::format("{}", fmt::join(counts, ", "));
}

/// From a result. Errors: those of `calibrate`, with the thread counts that there are.
Result<Calibration> calibration_of(const Assessment& assessment, const Invocation& invocation,
                                   unsigned& threads) {
  if (!invocation.has("threads")) threads = usual_threads(assessment, threads);
  auto made = calibrate(assessment.machine.value_or(MachineProfile{}), assessment.micro,
                        assessment.runs, threads);
  if (!made) {
    return fail(ErrorCode::refused_input,
                assessment.runs.empty() ? made.error().message
                                        : fmt::format("{} (its runs have {})", made.error().message,
                                                      thread_counts(assessment)));
  }
  made->origin = assessment.run_id;
  return made;
}

/// What a description or a result says of a machine.
Result<MachineProfile> described_machine(const std::string& path) {
  auto assessment = read_document_file(path);
  if (!assessment) return pass_on(assessment);
  if (!assessment->machine) {
    return fail(ErrorCode::refused_input,
                "machine: missing (expected the description of a machine)", path,
                "`assay probe --json -o FILE` on that machine writes one");
  }
  return std::move(*assessment->machine);
}

/// A machine that is not this one.
struct OtherMachine {
  MachineProfile profile;
  std::optional<Calibration> calibration = {};  // of one that was named
  std::string device = "cpu";
  std::optional<Fact<Bytes>> available = {};  // of one that was named
};

/// --machine: a file, or the name of a processor or GPU. What looks like a path is one.
Result<std::optional<OtherMachine>> machine_option(const Invocation& invocation,
                                                   const std::optional<Bytes>& memory) {
  if (!invocation.has("machine")) return std::optional<OtherMachine>();
  const auto& what = invocation.get<std::string>("machine");
  std::error_code unreadable;
  if (what.find('/') != std::string::npos || what.ends_with(".json") ||
      std::filesystem::exists(what, unreadable)) {
    auto profile = described_machine(what);
    if (!profile) return pass_on(profile);
    return OtherMachine{.profile = std::move(*profile)};
  }
  auto named = named_machine(what, memory);
  if (!named) return pass_on(named);
  return OtherMachine{std::move(named->profile), std::move(named->calibration),
                      std::move(named->device), std::move(named->available)};
}

/// What is free on the running machine. Of a described one what was free then; where that was not
/// told, all that it has: a model would have it to itself.
Fact<Bytes> memory_to_judge_by(const MachineProfile& machine, bool described) {
  const Fact<Bytes> usable = machine.usable_memory();
  if (!described) return usable;
  if (usable.is_known()) {
    return Fact<Bytes>::known(usable.value(), usable.source() + ", when it was described");
  }
  const Fact<Bytes>& total = machine.memory.total;
  if (!total.is_known()) return usable;
  const std::string from = total.source() + ", all of it: what was free is not told";
  const Bytes limit = machine.memory.limit.value_or(total.value());
  return Fact<Bytes>::known(Bytes(std::min(total.value().value, limit.value)), from);
}

/// --calibration: a result of this or of another machine, whose memory then counts.
Result<void> use_result_file(const Invocation& invocation, Grounds& grounds) {
  const auto& path = invocation.get<std::string>("calibration");
  auto assessment = read_document_file(path);
  if (!assessment) return pass_on(assessment);
  auto made = calibration_of(*assessment, invocation, grounds.session.threads);
  if (!made) {
    return fail(ErrorCode::refused_input, made.error().message, path,
                "make one with `assay assess -o FILE --json`");
  }
  grounds.calibration = std::move(*made);
  if (!assessment->machine || assessment->machine->id != grounds.machine.id) {
    grounds.calibration->basis = Basis::given_result;
  }
  if (assessment->machine && !invocation.has("machine")) {
    grounds.machine = std::move(*assessment->machine);
    grounds.available = memory_to_judge_by(grounds.machine, true);
  }
  return {};
}

/// The latest result if it is of this machine; one that cannot be read is no reason to refuse an
/// answer.
void use_latest_result(const Invocation& invocation, Grounds& grounds) {
  const auto latest = latest_result(invocation.state);
  if (!latest) {
    remark(invocation, fmt::format("assay: {} (left aside: this machine is judged by its "
                                   "description)",
                                   latest.error().text()));
  } else if (*latest && (*latest)->machine && (*latest)->machine->id == grounds.machine.id) {
    auto made = calibration_of(**latest, invocation, grounds.session.threads);
    if (made) {
      grounds.calibration = std::move(*made);
    } else if (invocation.has("threads")) {
      remark(invocation, fmt::format("assay: the latest result: {} (left aside: this machine is "
                                     "judged by its description)",
                                     made.error().message));
    }
  }
}

/// Nothing where the machine's own count is taken.
std::optional<unsigned> asked_threads(const Invocation& invocation, const Grounds& grounds) {
  return invocation.has("threads") ? std::optional<unsigned>(grounds.session.threads)
                                   : std::nullopt;
}

/// The latest result, else what the machine says of itself. A machine that was named is judged by
/// its description alone.
void use_what_is_known(const Invocation& invocation, Grounds& grounds) {
  if (!invocation.state.empty() && !invocation.has("machine")) {
    use_latest_result(invocation, grounds);
  }
  if (!grounds.calibration) {
    const auto asked = asked_threads(invocation, grounds);
    if (auto made = calibration_from_profile(grounds.machine, std::nullopt, asked)) {
      grounds.calibration = std::move(*made);
    }
  }
}

/// `named` is that of a machine that was named.
Result<void> find_calibration(const Invocation& invocation, std::optional<Calibration> named,
                              Grounds& grounds) {
  const auto bandwidth = bytes_option(invocation, "bandwidth");
  if (!bandwidth) return pass_on(bandwidth);
  if (*bandwidth && invocation.has("calibration")) {
    return fail(ErrorCode::usage, "--bandwidth and --calibration exclude each other");
  }
  if (*bandwidth && grounds.device != "cpu") {
    return fail(ErrorCode::usage, "--bandwidth: a GPU that is named has its own");
  }
  if (invocation.has("calibration")) return use_result_file(invocation, grounds);
  if (!*bandwidth && named) {
    grounds.calibration = std::move(named);
    return {};
  }
  if (!*bandwidth) {
    use_what_is_known(invocation, grounds);
    return {};
  }
  auto made = calibration_from_profile(grounds.machine, static_cast<double>((*bandwidth)->value),
                                       asked_threads(invocation, grounds));
  if (!made) return pass_on(made);
  grounds.calibration = std::move(*made);
  return {};
}

}  // namespace

void declare_grounds_options(options::options_description& own) {
  auto add = own.add_options();
  const auto text = [](const char* name) {
    return options::value<std::string>()->value_name(name);
  };
  add("use", text("USE")->default_value("chat"),
      "what it is for: sets prompt, answer, thinking and context");
  add("context", text("N"),
      "tokens that the cache must hold, as 4096 or 32k (default: the use's, 4096 for chat, or what "
      "the model was trained for)");
  declare_cache_option(own);
  add("threads", options::value<long long>()->value_name("N"),
      "threads (default: those of the result that is used, else of the machine)");
  add("calibration", text("RESULT.json"), "judge by this result instead of the latest one");
  add("machine", text("PROFILE.json|NAME"),
      "judge another machine: by its `assay probe --json` or a result of it, or by the name of a "
      "processor (with --memory) or GPU, or of both, as \"Ryzen 7 7840HS + RTX 4060\"");
  add("memory", text("B"),
      "memory to judge by, as 8G or 16GiB, instead of what is available now; of a named processor "
      "what is installed");
  add("bandwidth", text("B"),
      "rated memory bandwidth per second, as 50G: an estimate without measurements");
  add("policy", text("FILE"), "thresholds to judge by instead of the built-in ones");
}

Result<Grounds> find_grounds(const Invocation& invocation) {
  auto policy = policy_option(invocation);
  if (!policy) return pass_on(policy);
  auto use = use_option(invocation, *policy);
  if (!use) return pass_on(use);
  const auto memory = bytes_option(invocation, "memory");
  if (!memory) return pass_on(memory);
  const auto context = context_option(invocation, use->context_tokens);
  if (!context) return pass_on(context);
  const auto cache = cache_option(invocation);
  if (!cache) return pass_on(cache);
  auto other = machine_option(invocation, *memory);
  if (!other) return pass_on(other);
  const bool is_described = other->has_value();
  MachineProfile machine = is_described ? std::move((*other)->profile) : probe_this_machine();
  const auto threads = threads_option(invocation, default_threads(machine));
  if (!threads) return pass_on(threads);
  Grounds grounds{.machine = std::move(machine),
                  .calibration = std::nullopt,
                  .available = {},
                  .policy = std::move(*policy),
                  .use = std::move(*use),
                  .session = {},
                  .is_named = is_described && (*other)->available.has_value(),
                  .device = is_described ? (*other)->device : "cpu"};
  grounds.session.context = *context;
  grounds.session.threads = *threads;
  grounds.session.cache = *cache;
  grounds.available = memory_to_judge_by(grounds.machine, is_described);
  auto named = is_described ? std::move((*other)->calibration) : std::optional<Calibration>();
  if (auto found = find_calibration(invocation, std::move(named), grounds); !found) {
    return pass_on(found);
  }
  if (*memory) grounds.available = Fact<Bytes>::known(**memory, "--memory");
  if (is_described && (*other)->available) grounds.available = *(*other)->available;
  return grounds;
}

const MachineProfile* judged_machine(const Invocation& invocation, const Grounds& grounds) {
  const bool replaced = invocation.has("memory") || invocation.has("bandwidth");
  return replaced || grounds.device != "cpu" ? nullptr : &grounds.machine;
}

const MachineProfile* machine_with_gpus(const Invocation& invocation, const Grounds& grounds) {
  const MachineProfile* machine =
      grounds.is_named ? &grounds.machine : judged_machine(invocation, grounds);
  if (machine == nullptr || grounds.device != "cpu" || machine->gpus.empty()) return nullptr;
  return machine;
}

}  // namespace assay
