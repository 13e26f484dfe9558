#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <utility>

#include "advisor/catalogue.hpp"
#include "advisor/verdict.hpp"
#include "reports/document.hpp"
#include "reports/fleet.hpp"
#include "reports/fleet/breakage.hpp"
#include "reports/timestamp.hpp"

namespace assay {
namespace {

constexpr std::size_t k_models = 8;
constexpr Recipe k_recipe = Recipe::q4_k_m;

/// A kind of machine as fleets have it. Bandwidth: what such a memory reaches in practice.
struct MachineKind {
  std::string_view vendor;
  std::string_view brand;
  std::uint32_t cores;
  std::uint32_t threads;
  double bandwidth_gigabytes_per_second;
  std::array<unsigned, 3> memory_gibibytes;  // as ordered
};

constexpr std::array<MachineKind, 8> k_kinds{{
    {"GenuineIntel", "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", 4, 8, 24.0, {8, 8, 16}},
    {"GenuineIntel", "11th Gen Intel(R) Core(TM) i5-1135G7 @ 2.40GHz", 4, 8, 42.0, {8, 16, 16}},
    {"GenuineIntel", "13th Gen Intel(R) Core(TM) i7-1355U", 10, 12, 55.0, {16, 16, 32}},
    {"GenuineIntel", "Intel(R) Core(TM) Ultra 7 155H", 16, 22, 75.0, {16, 32, 32}},
    {"AuthenticAMD", "AMD Ryzen 5 PRO 4650U with Radeon Graphics", 6, 12, 36.0, {8, 16, 16}},
    {"AuthenticAMD", "AMD Ryzen 7 PRO 7840U w/ Radeon 780M Graphics", 8, 16, 70.0, {16, 32, 64}},
    {"GenuineIntel", "Intel(R) Celeron(R) N4020 CPU @ 1.10GHz", 2, 2, 9.0, {4, 4, 8}},
    {"AuthenticAMD", "AMD Ryzen AI 9 HX 370 w/ Radeon 890M", 12, 24, 90.0, {32, 32, 64}},
}};

/// Random numbers that are the same everywhere (std distributions are not).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t bits() { return random_(); }
  std::size_t below(std::size_t count) { return random_() % count; }
  /// Uniform in [low, high).
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1.0p-53;
  }

 private:
  std::mt19937_64 random_;
};

std::string uuid(Dice& dice) {
  const std::uint64_t high = dice.bits();
  const std::uint64_t low = dice.bits();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                     high & 0xFFF, 8 + (low >> 62), low >> 48 & 0xFFF, low & 0xFFFFFFFFFFFF);
}

template <typename T>
Fact<T> made_up(T value) {
  return Fact<T>::known(std::move(value), "simulated");
}

MachineProfile make_machine(Dice& dice, const MachineKind& kind) {
  MachineProfile machine;
  machine.id = fmt::format("{:016x}", dice.bits());
  machine.root = std::string("/");
  machine.cpu.vendor = made_up(std::string(kind.vendor));
  machine.cpu.brand = made_up(std::string(kind.brand));
  machine.cpu.physical_cores = made_up(kind.cores);
  machine.cpu.logical_cores = made_up(kind.threads);
  machine.cpu.usable_cpus = made_up(kind.threads);
  machine.cpu.isa = made_up(std::vector<std::string>{"sse4_2"});
  const Bytes installed = gibibytes(kind.memory_gibibytes[dice.below(3)]);
  // Firmware keeps a little; programs that are open take a quarter to a half.
  const auto total = static_cast<std::uint64_t>(0.97 * static_cast<double>(installed.value));
  const double free = dice.between(0.5, 0.75) * static_cast<double>(total);
  machine.memory.total = made_up(Bytes(total));
  machine.memory.available = made_up(Bytes(static_cast<std::uint64_t>(free)));
  machine.memory.limit = Fact<Bytes>::absent("simulated");
  machine.memory.limit_headroom = Fact<Bytes>::absent("simulated");
  machine.memory.theoretical_bandwidth_bytes_per_second =
      made_up(std::round(1.25e9 * kind.bandwidth_gigabytes_per_second));
  machine.os.name = made_up(std::string("Debian GNU/Linux 12 (bookworm)"));
  machine.os.architecture = made_up(std::string("x86_64"));
  return machine;
}

/// What each machine is asked: models spread over the catalogue's sizes, in 4 bit.
Result<std::vector<Question>> make_questions() {
  auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  std::vector<Question> all;
  for (const CatalogueEntry& entry : catalogue->entries) {
    auto plan = tensor_plan(entry.spec, k_recipe);
    if (!plan || !entry.engine_runs) continue;
    Question question;
    question.model = entry.id;
    question.spec = entry.spec;
    question.plan = std::move(*plan);
    question.format = std::string(recipe_name(k_recipe));
    all.push_back(std::move(question));
  }
  std::sort(all.begin(), all.end(), [](const Question& a, const Question& b) {
    return a.plan.total_bytes() < b.plan.total_bytes();
  });
  std::vector<Question> spread;
  const std::size_t count = std::min(k_models, all.size());
  for (std::size_t i = 0; i < count; ++i) {
    spread.push_back(all[i * (all.size() - 1) / std::max<std::size_t>(1, count - 1)]);
  }
  return spread;
}

void count_verdict(SimulatedFleet& fleet, const Verdict& verdict) {
  FleetModel& model = fleet.models[verdict.model];
  model.model = verdict.model;
  switch (verdict.verdict) {
    case VerdictKind::comfortable:
      ++model.comfortable;
      break;
    case VerdictKind::ok:
      ++model.ok;
      break;
    case VerdictKind::tight:
      ++model.tight;
      break;
    case VerdictKind::no:
      ++model.not_ready;
      break;
    case VerdictKind::unknown:
      ++model.unknown;
      break;
  }
}

/// Which of the documents are broken.
std::vector<bool> choose_broken(const SimulateOptions& options, Dice& dice) {
  std::vector<std::size_t> order(options.machines);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<bool> broken(options.machines, false);
  for (std::size_t i = 0; i < options.broken; ++i) {
    std::swap(order[i], order[i + dice.below(order.size() - i)]);
    broken[order[i]] = true;
  }
  return broken;
}

/// Makes the documents of one fleet.
class Simulation {
 public:
  Simulation(std::vector<Question> questions, Policy policy, double start, Dice dice)
      : questions_(std::move(questions)), policy_(std::move(policy)), start_(start), dice_(dice) {}

  Result<Assessment> make(std::uint64_t number) {
    constexpr double k_minute = 60.0;
    const MachineKind& kind = k_kinds[dice_.below(k_kinds.size())];
    Assessment result;
    result.run_id = uuid(dice_);
    result.started_at = utc_text(start_ + static_cast<double>(number) * k_minute);
    result.command = "assess";
    result.tool.version = "simulated";
    result.machine = make_machine(dice_, kind);
    const double bandwidth = 1e9 * kind.bandwidth_gigabytes_per_second * dice_.between(0.85, 1.05);
    std::vector<double> samples;
    for (int i = 0; i < 7; ++i) samples.push_back(bandwidth * dice_.between(0.98, 1.0));
    result.micro.read_bandwidth_bytes_per_second[kind.cores] = describe(std::move(samples));
    auto calibration = calibration_from_profile(*result.machine, bandwidth);
    if (!calibration) return pass_on(calibration);
    for (const Question& question : questions_) {
      // Without advice: that would plan each model in every format for every machine.
      result.verdicts.push_back(judge(
          question, predict(question, *calibration, result.machine->usable_memory()), policy_));
    }
    return result;
  }

 private:
  std::vector<Question> questions_;
  Policy policy_;
  double start_;
  Dice dice_;
};

Result<void> check_options(const SimulateOptions& options) {
  constexpr std::uint64_t k_most_machines = 1'000'000;
  if (options.broken > options.machines || options.machines > k_most_machines) {
    return fail(ErrorCode::usage,
                fmt::format("{} machines with {} broken documents (at most {} machines, and no "
                            "more broken than these)",
                            options.machines, options.broken, k_most_machines));
  }
  return {};
}

/// Without the wait for the disk that write_file_atomically makes: this is a folder of trials.
Result<void> write_new_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::io, "could not be written", path.string());
  return {};
}

}  // namespace

Result<SimulatedFleet> simulate_fleet(const SimulateOptions& options,
                                      const std::filesystem::path& directory) {
  if (auto checked = check_options(options); !checked) return pass_on(checked);
  const auto start = seconds_since_epoch(options.started_at);
  if (!start) {
    return fail(ErrorCode::usage, fmt::format("no date: {}", options.started_at));
  }
  auto policy = builtin_policy();
  if (!policy) return pass_on(policy);
  auto questions = make_questions();
  if (!questions) return pass_on(questions);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return fail(ErrorCode::io, fmt::format("cannot be made: {}", error.message()),
                directory.string());
  }
  Dice dice(options.seed);
  const std::vector<bool> broken = choose_broken(options, dice);
  Simulation simulation(std::move(*questions), std::move(*policy), *start, dice);
  SimulatedFleet fleet;
  for (std::uint64_t i = 0; i < options.machines; ++i) {
    auto result = simulation.make(i);
    if (!result) return pass_on(result);
    const Json document = document_from(*result);
    const std::string name = fmt::format("machine-{:06}.json", i + 1);
    std::string text = document.dump(1);
    text.push_back('\n');
    if (broken[i]) {
      const Breakage& way = breakages()[fleet.broken.size() % breakages().size()];
      text = way.apply(document);
      fleet.broken.push_back(fmt::format("{}: {}", name, way.name));
    } else {
      ++fleet.machines;
      for (const Verdict& verdict : result->verdicts) count_verdict(fleet, verdict);
    }
    if (auto written = write_new_file(directory / name, text); !written) return pass_on(written);
  }
  return fleet;
}

}  // namespace assay
