#include "cli/named_machine.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/gpu_memory.hpp"
#include "advisor/hardware.hpp"
#include "advisor/hardware_calibration.hpp"
#include "advisor/system_memory.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

tl::unexpected<Error> memory_is_missing(const std::string& name) {
  return fail(ErrorCode::usage,
              fmt::format("--machine: how much memory a machine with {} has is not said", name), {},
              "add --memory, as --memory 16G");
}

/// "8 GB, 16 GB"
std::string sizes_text(const std::vector<Bytes>& sizes) {
  std::vector<std::string> texts;
  for (const Bytes size : sizes) texts.push_back(sold_gigabytes(size));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// A card's own memory; of one memory for both, the machine's.
Result<Bytes> gpu_memory(const GraphicsCard& card, const std::optional<Bytes>& asked) {
  if (asked) return *asked;
  if (card.memory.empty()) return memory_is_missing(card.name);
  if (card.memory.size() == 1) return card.memory.front();
  return fail(ErrorCode::usage,
              fmt::format("--machine: {} is sold with {}", card.name, sizes_text(card.memory)), {},
              fmt::format("add --memory to say which, as --memory {}GiB",
                          card.memory.front().value / gibibytes(1).value));
}

Result<NamedMachine> machine_of(const NamedHardware& found, const std::optional<Bytes>& memory) {
  NamedMachine machine;
  Bytes bytes;
  std::string source;
  if (found.gpu != nullptr) {
    const auto own = gpu_memory(*found.gpu, memory);
    if (!own) return pass_on(own);
    bytes = *own;
    machine.device = found.gpu->name;
    source = memory ? "--memory"
                    : fmt::format("{} of {}", found.gpu->shared_with_cpu ? "the memory" : "memory",
                                  found.gpu->name);
  } else {
    if (!memory) return memory_is_missing(found.processor->name);
    bytes = *memory;
    machine.device = "cpu";
    source = "--memory";
    machine.profile.cpu.brand = Fact<std::string>::known(found.processor->name, "--machine");
  }
  machine.profile.memory.total = Fact<Bytes>::known(bytes, source);
  const Bytes left = memory_beside_system(bytes);
  machine.available = found.gpu != nullptr
                          ? sold_memory(*found.gpu, bytes)
                          : Fact<Bytes>::known(left, fmt::format("--memory less {} for the system",
                                                                 human_bytes(bytes - left)));
  auto calibration = calibration_of_hardware(found);
  if (!calibration) return pass_on(calibration);
  machine.calibration = std::move(*calibration);
  return machine;
}

/// A card, and its memory where the name says which: "RX 580 8GB".
struct NamedCard {
  NamedHardware found;
  std::optional<Bytes> memory;
};

/// The size at the end of a name, and what stands before it; nothing where there is none.
std::optional<std::pair<std::string_view, Bytes>> split_size(std::string_view name) {
  constexpr std::size_t k_most_digits = 4;
  const auto end = name.find_last_not_of(" gGbB");
  if (end == std::string_view::npos || end + 1 == name.size()) return std::nullopt;
  const auto before = name.find_last_not_of("0123456789", end);
  if (before == std::string_view::npos || name[before] != ' ') return std::nullopt;
  const std::string digits(name.substr(before + 1, end - before));
  if (digits.empty() || digits.size() > k_most_digits) return std::nullopt;
  return std::pair{name.substr(0, before), gibibytes(std::stoull(digits))};
}

/// The whole name is tried first: some cards are entries of their own, as "RTX 3060 12 GB".
Result<NamedCard> find_card(const HardwareTable& table, std::string_view name) {
  auto whole = find_hardware(table, name);
  if (whole) return NamedCard{*whole, std::nullopt};
  const auto parts = split_size(name);
  if (!parts) return pass_on(whole);
  const auto found = find_hardware(table, parts->first);
  if (!found) return pass_on(whole);
  return NamedCard{*found, parts->second};
}

/// A GPU as a probe would find it. Errors: usage where it is sold with several sizes and none, or
/// another one, is named.
Result<GpuProfile> profile_of(const GraphicsCard& card, const std::optional<Bytes>& asked) {
  GpuProfile gpu;
  gpu.vendor = card.vendor;
  gpu.name = Fact<std::string>::known(card.name, "--machine");
  if (card.memory.empty() || card.shared_with_cpu) return gpu;
  const bool is_sold = asked && std::ranges::find(card.memory, *asked) != card.memory.end();
  if (asked ? !is_sold : card.memory.size() > 1) {
    return fail(ErrorCode::usage,
                fmt::format("--machine: {} is sold with {}", card.name, sizes_text(card.memory)),
                {},
                fmt::format("say which behind its name, as \"{} {}\"", card.name,
                            sold_gigabytes(card.memory.front())));
  }
  gpu.memory = Fact<Bytes>::known(asked ? *asked : card.memory.front(), "--machine");
  return gpu;
}

Result<NamedMachine> processor_with_gpu(const HardwareTable& table, std::string_view processor,
                                        std::string_view gpu, const std::optional<Bytes>& memory) {
  const auto chip = find_hardware(table, processor);
  if (!chip) return pass_on(chip);
  if (chip->processor == nullptr) {
    return fail(ErrorCode::usage, fmt::format("--machine: {} is no processor", chip->gpu->name), {},
                "name a processor and then a GPU, as \"Ryzen 7 7840HS + RTX 4060\"");
  }
  const auto card = find_card(table, gpu);
  if (!card) return pass_on(card);
  if (card->found.gpu == nullptr) {
    return fail(ErrorCode::usage,
                fmt::format("--machine: {} is no GPU", card->found.processor->name), {},
                "name a processor and then a GPU, as \"Ryzen 7 7840HS + RTX 4060\"");
  }
  auto profile = profile_of(*card->found.gpu, card->memory);
  if (!profile) return pass_on(profile);
  auto machine = machine_of(*chip, memory);
  if (machine) machine->profile.gpus.push_back(std::move(*profile));
  return machine;
}

}  // namespace

std::string sold_gigabytes(Bytes memory) {
  const double gigabytes =
      static_cast<double>(memory.value) / static_cast<double>(gibibytes(1).value);
  return fmt::format("{:.{}f} GB", gigabytes, gigabytes == std::floor(gigabytes) ? 0 : 1);
}

Result<NamedMachine> named_machine(const std::string& name, const std::optional<Bytes>& memory) {
  const auto table = builtin_hardware();
  if (!table) return pass_on(table);
  // With spaces: "Ryzen AI Max+ 395" is one processor.
  constexpr std::string_view k_and = " + ";
  if (const auto at = name.find(k_and); at != std::string::npos) {
    return processor_with_gpu(*table, std::string_view(name).substr(0, at),
                              std::string_view(name).substr(at + k_and.size()), memory);
  }
  const auto found = find_hardware(*table, name);
  if (!found) return pass_on(found);
  return machine_of(*found, memory);
}

}  // namespace assay
