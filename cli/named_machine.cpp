#include "cli/named_machine.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "advisor/hardware.hpp"
#include "advisor/hardware_calibration.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

tl::unexpected<Error> memory_is_missing(const std::string& name) {
  return fail(ErrorCode::usage,
              fmt::format("--machine: how much memory a machine with {} has is not said", name), {},
              "add --memory, as --memory 16G");
}

/// "8.6 GB, 17.2 GB"
std::string sizes_text(const std::vector<Bytes>& sizes) {
  std::vector<std::string> texts;
  for (const Bytes size : sizes) texts.push_back(human_bytes(size));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// A card's own memory; of one memory for both, the machine's.
Result<Bytes> gpu_memory(const GraphicsCard& card, const std::optional<Bytes>& asked) {
  if (asked) return *asked;
  if (card.memory.empty()) return memory_is_missing(card.name);
  if (card.memory.size() == 1) return card.memory.front();
  return fail(ErrorCode::usage,
              fmt::format("--machine: {} is sold with {}", card.name, sizes_text(card.memory)), {},
              "add --memory to say which");
}

}  // namespace

Result<NamedMachine> named_machine(const std::string& name, const std::optional<Bytes>& memory) {
  const auto table = builtin_hardware();
  if (!table) return pass_on(table);
  const auto found = find_hardware(*table, name);
  if (!found) return pass_on(found);
  NamedMachine machine;
  Bytes bytes;
  std::string source;
  if (found->gpu != nullptr) {
    const auto own = gpu_memory(*found->gpu, memory);
    if (!own) return pass_on(own);
    bytes = *own;
    machine.device = found->gpu->name;
    source = memory ? "--memory"
                    : fmt::format("{} of {}", found->gpu->shared_with_cpu ? "the memory" : "memory",
                                  found->gpu->name);
  } else {
    if (!memory) return memory_is_missing(found->processor->name);
    bytes = *memory;
    machine.device = "cpu";
    source = "--memory";
    machine.profile.cpu.brand = Fact<std::string>::known(found->processor->name, "--machine");
  }
  machine.profile.memory.total = Fact<Bytes>::known(bytes, source);
  auto calibration = calibration_of_hardware(*found);
  if (!calibration) return pass_on(calibration);
  machine.calibration = std::move(*calibration);
  return machine;
}

}  // namespace assay
