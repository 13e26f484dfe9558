#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// A graphics processor as published.
struct GraphicsCard {
  std::string name;
  std::string vendor;   // "nvidia", "amd", "intel", "apple", "qualcomm"
  std::string segment;  // "desktop", "laptop", "integrated", ...
  std::vector<std::string> aliases;
  std::vector<Bytes> memory;  // sizes it is sold with; empty where it uses the machine's
  double bandwidth_bytes_per_second = 0.0;
  bool shared_with_cpu = false;  // one memory for both; its bandwidth is that of the fastest one
  std::vector<std::string> pci_ids;  // "10de:2882"; some are those of several cards
  bool tensor_cores = false;         // NVIDIA's matrix units
  /// Peak of its shaders in float32; nothing where no source says.
  std::optional<double> fp32_flops_per_second;
  std::string compute_source;  // of the two above
  std::string source;
};

/// A processor as published, with the fastest memory that it is sold for.
struct Processor {
  std::string name;
  std::string vendor;
  std::string segment;
  std::optional<unsigned> cores;  // where a source says
  // Of them, where there are several kinds; what is neither has little power.
  std::optional<unsigned> performance_cores;
  std::optional<unsigned> efficiency_cores;
  std::vector<std::string> isa;     // as in /proc/cpuinfo; empty where no source says
  std::vector<std::string> memory;  // "DDR5-5600"
  /// Channels times rate; nothing where no source says.
  std::optional<double> bandwidth_bytes_per_second;
  /// What its cores were seen to read, where somebody measured; at least that, if `is_lower_bound`.
  std::optional<double> reached_bytes_per_second;
  bool is_lower_bound = false;
  std::vector<Bytes> memory_sizes;   // it is sold with, where that is known
  std::optional<Bytes> most_memory;  // that it takes at most, where that is known
  std::string memory_source;         // of the two above
  std::string source;
};

struct HardwareTable {
  std::vector<GraphicsCard> gpus;
  std::vector<Processor> processors;
};

/// What is compiled in (configs/hardware/).
Result<HardwareTable> builtin_hardware();
/// Errors: refused_input, naming the field; a key that no entry has is one.
Result<std::vector<GraphicsCard>> parse_gpus(std::string_view json, const std::string& source);
Result<std::vector<Processor>> parse_processors(std::string_view json, const std::string& source);

/// One entry of the table; one of the two is set.
struct NamedHardware {
  const GraphicsCard* gpu = nullptr;
  const Processor* processor = nullptr;
};

/// By name or alias. Case, punctuation, and the words that vendors put around a name ("NVIDIA
/// GeForce", "(R)", "Processor") do not matter: "rtx 4060", "Ryzen 7 7840HS". Errors: usage, with
/// the nearest names, for a name that is not there, or that fits several.
Result<NamedHardware> find_hardware(const HardwareTable& table, std::string_view name);

/// What is published of a GPU that a machine has: the entry of the name that its driver gives, else
/// of its PCI id; where that is one of several cards, of its memory. Cards that cannot be told
/// apart and are read alike are one with both names, and with what they have in common. Errors:
/// unknown, when none or several with different bandwidths fit.
Result<GraphicsCard> find_gpu(const HardwareTable& table, const GpuProfile& gpu);

}  // namespace assay
