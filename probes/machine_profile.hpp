#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_table.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// Cores of one kind: "performance", "efficiency", "low_power", or "uniform" when there is one kind
/// only.
struct CoreType {
  std::string kind;
  std::uint32_t cores = 0;
  std::uint32_t threads = 0;
};

struct CacheLevel {
  std::uint32_t level = 0;
  std::string type;  // "data", "instruction", "unified"
  Bytes bytes;       // of one instance
  std::uint32_t instances = 0;
};

struct CpuProfile {
  Fact<std::string> vendor;  // "GenuineIntel", "AuthenticAMD"
  Fact<std::string> brand;
  Fact<std::uint32_t> family, model, stepping;
  Fact<std::uint32_t> packages;
  Fact<std::uint32_t> numa_nodes;
  Fact<std::uint32_t> physical_cores;
  Fact<std::uint32_t> logical_cores;
  Fact<std::vector<CoreType>> core_types;
  /// Instructions usable on every CPU that this process may use, named as in /proc/cpuinfo ("avx2",
  /// "avx512_vnni").
  Fact<std::vector<std::string>> isa;
  Fact<std::uint32_t> isa_level;  // x86-64-v1 .. v4
  Fact<std::vector<CacheLevel>> caches;
  Fact<double> max_frequency_hertz;
  Fact<std::string> governor;
  /// CPUs that this process may keep busy: the least of affinity, cpuset and quota (2.5 gives 2).
  Fact<std::uint32_t> usable_cpus;
};

struct MemoryProfile {
  Fact<Bytes> total;
  Fact<Bytes> available;
  Fact<Bytes>
      limit;  // the tightest of the nested cgroup and resource limits; absent when there is none
  Fact<Bytes> limit_headroom;  // what is left below that limit, reclaimable cache counted as free
  Fact<Bytes> swap_total;
  Fact<double> theoretical_bandwidth_bytes_per_second;
  Fact<double> pressure_avg10;
};

/// dedicated: memory of its own. shared: it uses the system's memory only. unified: a carve-out of
/// the system's memory and more of it on demand; never to be added to the system's memory.
enum class DeviceMemoryKind { dedicated, shared, unified };

inline constexpr EnumTable<DeviceMemoryKind, 3> k_device_memory_kind_names{{{
    {DeviceMemoryKind::dedicated, "dedicated"},
    {DeviceMemoryKind::shared, "shared"},
    {DeviceMemoryKind::unified, "unified"},
}}};

/// The name of an adapter that drives a screen and computes nothing (server consoles, emulators').
inline constexpr std::string_view k_display_adapter_name = "display adapter, no compute";

struct GpuProfile {
  std::string pci_address;  // "0000:01:00.0"
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
  std::string vendor;
  Fact<std::string> name;
  Fact<std::string> driver;
  Fact<Bytes> memory;  // memory of its own; of an integrated part the carve-out (see memory_kind)
  Fact<Bytes> shared_memory;  // system memory that the driver lends it at most; never to be added
  Fact<DeviceMemoryKind> memory_kind;
  Fact<std::uint32_t> compute_units;
};

struct NpuProfile {
  std::string pci_address;
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
  std::string name;
  Fact<std::string> driver;
  Fact<std::string> device_node;  // "/dev/accel/accel0"
  Fact<bool> accessible;          // this user may open the device node; of the live machine only
  /// Published peak, in 1e12 operations per second: one number when both ends are equal.
  Fact<double> tops_low, tops_high;
};

struct OsProfile {
  Fact<std::string> name;    // "Debian GNU/Linux 12 (bookworm)"
  Fact<std::string> kernel;  // "6.1.0-18-amd64"
  Fact<std::string> architecture;
  Fact<std::string> hypervisor;  // "KVM"; absent on bare metal
  Fact<std::string> container;   // "docker", "lxc"; absent outside
  Fact<bool> wsl;
};

struct PowerProfile {
  Fact<bool> on_battery;
  Fact<std::string> platform_profile;
};

struct StorageProfile {
  Fact<std::string> filesystem;
  Fact<Bytes> free;
};

/// What a machine is. Every fact carries its source, or why it is not known.
struct MachineProfile {
  std::string id;    // salted hash of what identifies the machine; no serial number or name in it
  std::string root;  // "/" or the recording that was replayed
  CpuProfile cpu;
  MemoryProfile memory;
  std::vector<GpuProfile> gpus;
  std::vector<NpuProfile> npus;
  /// Sizes of the two lists; unknown when the buses could not be read (an empty list says nothing
  /// then).
  Fact<std::uint32_t> gpu_count, npu_count;
  OsProfile os;
  PowerProfile power;
  StorageProfile storage;

  /// What a model may use now: the least of free memory and the headroom of each limit. Unknown
  /// when neither is.
  [[nodiscard]] Fact<Bytes> usable_memory() const;
};

}  // namespace assay
