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
#include "advisor/plan.hpp"
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

/// A GPU as a probe would find it.
GpuProfile profile_of(const GraphicsCard& card) {
  GpuProfile gpu;
  gpu.vendor = card.vendor;
  gpu.name = Fact<std::string>::known(card.name, "--machine");
  if (!card.memory.empty()) {
    gpu.memory = Fact<Bytes>::known(card.memory.front(), "the least that it is sold with");
  }
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
  const auto card = find_hardware(table, gpu);
  if (!card) return pass_on(card);
  if (card->gpu == nullptr) {
    return fail(ErrorCode::usage, fmt::format("--machine: {} is no GPU", card->processor->name), {},
                "name a processor and then a GPU, as \"Ryzen 7 7840HS + RTX 4060\"");
  }
  auto machine = machine_of(*chip, memory);
  if (machine) machine->profile.gpus.push_back(profile_of(*card->gpu));
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
