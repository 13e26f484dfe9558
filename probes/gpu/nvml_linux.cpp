// NVIDIA's management library. Its header is not Debian's: the prototypes, constants and layouts
// below are those that NVIDIA publishes in nvml.h (API of version 12) and promises to keep.
#include <fmt/format.h>

#include <optional>

#include "probes/gpu/driver_files.hpp"
#include "probes/gpu/library_calls.hpp"

namespace assay {
namespace {

using Device = void*;
using Status = int;
constexpr Status k_success = 0;         // NVML_SUCCESS
constexpr Status k_not_supported = 3;   // NVML_ERROR_NOT_SUPPORTED
constexpr unsigned k_sm_clock = 1;      // NVML_CLOCK_SM
constexpr unsigned k_memory_clock = 2;  // NVML_CLOCK_MEM

struct PciInfo {  // nvmlPciInfo_t
  std::array<char, 16> bus_id_legacy;
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  std::array<char, 32> bus_id;
};
static_assert(sizeof(PciInfo) == 68);

struct Memory {  // nvmlMemory_t
  unsigned long long total, free, used;
};

struct MemoryV2 {  // nvmlMemory_v2_t; version is the size and 2 << 24
  unsigned version;
  unsigned long long total, reserved, free, used;
};
static_assert(sizeof(MemoryV2) == 40);

class Nvml {
 public:
  explicit Nvml(void* library) : library_(library) {}

  /// Calls a function that returns a status; nothing when the library lacks it.
  template <typename... Arguments>
  std::optional<Status> call(const char* name, Arguments... arguments) const {
    const auto function = symbol<Status (*)(Arguments...)>(library_, name);
    if (function == nullptr) return std::nullopt;
    return function(arguments...);
  }
  [[nodiscard]] std::string words(Status status) const {
    const auto function = symbol<const char* (*)(Status)>(library_, "nvmlErrorString");
    const char* text = function == nullptr ? nullptr : function(status);
    if (text == nullptr) return fmt::format("NVML error {}", status);
    return printable(std::string_view(text, ::strnlen(text, 120)), 120);
  }
  /// One number of a device.
  [[nodiscard]] std::optional<unsigned> number(const char* name, Device device) const {
    unsigned value = 0;
    if (call(name, device, &value) != k_success) return std::nullopt;
    return value;
  }

 private:
  void* library_;
};

Fact<std::uint32_t> count_fact(std::optional<unsigned> value, const char* source) {
  return value ? Fact<std::uint32_t>::known(*value, source)
               : Fact<std::uint32_t>::unknown(fmt::format("{} does not tell", source));
}

void describe_memory(const Nvml& nvml, Device device, GpuProfile& gpu) {
  MemoryV2 memory{};
  memory.version = static_cast<unsigned>(sizeof(MemoryV2)) | (2U << 24U);
  auto status = nvml.call("nvmlDeviceGetMemoryInfo_v2", device, &memory);
  if (status != k_success) {
    Memory first{};
    const auto again = nvml.call("nvmlDeviceGetMemoryInfo", device, &first);
    if (again) status = again;
    memory.total = first.total;
    memory.free = first.free;
    memory.used = first.used;
  }
  const std::string source = "NVML nvmlDeviceGetMemoryInfo";
  if (status == k_success) {
    gpu.memory = Fact<Bytes>::known(Bytes(memory.total), source);
    gpu.memory_used = Fact<Bytes>::known(Bytes(memory.used), source);
    gpu.memory_free = Fact<Bytes>::known(Bytes(memory.free), source);
    gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::dedicated, source);
    return;
  }
  // A card that answers so is broken; only parts of a processor have no memory of their own.
  if (status == k_not_supported && is_integrated_nvidia(gpu.name.value_or(""))) {
    gpu.memory = Fact<Bytes>::absent("an integrated part: NVML has no size for it");
    gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::unified,
                                                    "NVML: not supported, on an integrated part");
    return;
  }
  gpu.memory = Fact<Bytes>::unknown(
      fmt::format("driver error: NVML: memory: {}", status ? nvml.words(*status) : "no function"));
}

void describe_clocks(const Nvml& nvml, Device device, GpuProfile& gpu) {
  unsigned sm = 0;
  if (nvml.call("nvmlDeviceGetMaxClockInfo", device, k_sm_clock, &sm) == k_success && sm > 0) {
    gpu.max_clock_hertz = Fact<double>::known(sm * 1e6, "NVML nvmlDeviceGetMaxClockInfo");
  }
  unsigned memory = 0;
  if (nvml.call("nvmlDeviceGetMaxClockInfo", device, k_memory_clock, &memory) == k_success &&
      memory > 0) {
    gpu.memory_clock_hertz = Fact<double>::known(memory * 1e6, "NVML nvmlDeviceGetMaxClockInfo");
  }
  const auto width = nvml.number("nvmlDeviceGetMemoryBusWidth", device);
  if (width) gpu.memory_bus_bits = count_fact(width, "NVML nvmlDeviceGetMemoryBusWidth");
  if (width && *width > 0 && *width <= 65536 && memory > 0) {
    gpu.theoretical_bandwidth_bytes_per_second =
        Fact<double>::known(2.0 * memory * 1e6 * *width / 8.0,
                            "NVML: memory clock x 2 x bus width (NVML's clock convention)");
  }
}

void describe_link(const Nvml& nvml, Device device, GpuProfile& gpu) {
  // Transfers per lane and second of PCI Express generations 1 to 6.
  constexpr std::array<double, 6> k_speeds{2.5e9, 5e9, 8e9, 16e9, 32e9, 64e9};
  const auto speed = [&](const char* name, const std::string& remark) {
    const auto generation = nvml.number(name, device);
    if (!generation || *generation == 0 || *generation > k_speeds.size()) return Fact<double>();
    return Fact<double>::known(k_speeds[*generation - 1], name + remark);
  };
  gpu.pcie_transfers_per_second =
      speed("nvmlDeviceGetCurrPcieLinkGeneration", " (an idle link may be slower)");
  gpu.max_pcie_transfers_per_second = speed("nvmlDeviceGetMaxPcieLinkGeneration", "");
  gpu.pcie_width = count_fact(nvml.number("nvmlDeviceGetCurrPcieLinkWidth", device),
                              "NVML nvmlDeviceGetCurrPcieLinkWidth");
  gpu.max_pcie_width = count_fact(nvml.number("nvmlDeviceGetMaxPcieLinkWidth", device),
                                  "NVML nvmlDeviceGetMaxPcieLinkWidth");
}

void describe_instances(const Nvml& nvml, Device device, GpuProfile& gpu) {
  unsigned current = 0;
  unsigned pending = 0;
  const std::string source = "NVML nvmlDeviceGetMigMode";
  const auto status = nvml.call("nvmlDeviceGetMigMode", device, &current, &pending);
  if (status == k_not_supported) {
    gpu.partition_mode = Fact<std::string>::absent("NVML: MIG is not supported");
  }
  if (status != k_success) return;
  gpu.partition_mode = Fact<std::string>::known(current == 1 ? "MIG" : "MIG disabled", source);
  if (current != 1) return;
  std::uint32_t instances = 0;
  const unsigned most = nvml.number("nvmlDeviceGetMaxMigDeviceCount", device).value_or(0);
  for (unsigned index = 0; index < most && index < k_most_devices; ++index) {
    Device instance = nullptr;
    if (nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", device, index, &instance) == k_success) {
      ++instances;
    }
  }
  gpu.partitions = Fact<std::uint32_t>::known(instances, source);
}

GpuProfile describe_device(const Nvml& nvml, Device device) {
  GpuProfile gpu;
  gpu.vendor = "NVIDIA";
  gpu.vendor_id = k_nvidia_vendor;
  std::array<char, 256> name{};
  if (nvml.call("nvmlDeviceGetName", device, name.data(), 200U) == k_success) {
    gpu.name = Fact<std::string>::known(text_in(name), "NVML nvmlDeviceGetName");
  }
  PciInfo pci{};
  if (nvml.call("nvmlDeviceGetPciInfo_v3", device, &pci) == k_success && pci.domain <= 0xFFFFU &&
      pci.bus <= 0xFFU && pci.device <= 0x1FU) {
    gpu.pci_address = fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device);
    gpu.device_id = static_cast<std::uint16_t>(pci.pci_device_id >> 16U);
  }
  int major = 0;
  int minor = 0;
  if (nvml.call("nvmlDeviceGetCudaComputeCapability", device, &major, &minor) == k_success &&
      major > 0 && major < 1000 && minor >= 0 && minor < 100) {
    const char* source = "NVML nvmlDeviceGetCudaComputeCapability";
    gpu.architecture =
        Fact<std::string>::known(fmt::format("compute capability {}.{}", major, minor), source);
    // Source: CUDA C++ Programming Guide, "Arithmetic Instructions" and the table of features: half
    // precision from 5.3, DP4A from 6.1 (6.2 too), bfloat16 from 8.0.
    const int capability = major * 100 + minor;
    gpu.fp16 = Fact<bool>::known(capability >= 503, source);
    gpu.int8_dot_product = Fact<bool>::known(capability >= 601, source);
    gpu.bfloat16 = Fact<bool>::known(capability >= 800, source);
  }
  describe_memory(nvml, device, gpu);
  describe_clocks(nvml, device, gpu);
  describe_link(nvml, device, gpu);
  describe_instances(nvml, device, gpu);
  const auto cores = nvml.number("nvmlDeviceGetNumGpuCores", device);
  if (cores) gpu.cores = count_fact(cores, "NVML nvmlDeviceGetNumGpuCores");
  const auto limit = nvml.number("nvmlDeviceGetPowerManagementLimit", device);
  if (limit) {
    gpu.power_limit_watts =
        Fact<double>::known(*limit / 1000.0, "NVML nvmlDeviceGetPowerManagementLimit");
  }
  return gpu;
}

void describe_driver(const Nvml& nvml, GpuProfile& gpu) {
  std::array<char, 128> version{};
  if (nvml.call("nvmlSystemGetDriverVersion", version.data(), 80U) == k_success) {
    gpu.driver_version = Fact<std::string>::known(text_in(version), "NVML");
  }
  int cuda = 0;  // 1000 x major + 10 x minor
  if (nvml.call("nvmlSystemGetCudaDriverVersion_v2", &cuda) == k_success && cuda > 0 &&
      cuda < 1'000'000) {
    gpu.cuda_version =
        Fact<std::string>::known(fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10), "NVML");
  }
}

}  // namespace

Result<std::vector<GpuProfile>> describe_by_nvml(void* library) {
  const Nvml nvml(library);
  const auto begun = nvml.call("nvmlInit_v2");
  if (!begun) return fail(ErrorCode::unknown, "the library has no nvmlInit_v2");
  if (*begun != k_success) return fail(ErrorCode::unknown, nvml.words(*begun));
  unsigned count = 0;
  const auto counted = nvml.call("nvmlDeviceGetCount_v2", &count);
  if (counted != k_success) {
    return fail(ErrorCode::unknown, counted ? nvml.words(*counted) : "no nvmlDeviceGetCount_v2");
  }
  if (count > k_most_devices) {
    return fail(ErrorCode::unknown, fmt::format("it tells of {} devices", count));
  }
  std::vector<GpuProfile> gpus;
  for (unsigned index = 0; index < count; ++index) {
    Device device = nullptr;
    if (nvml.call("nvmlDeviceGetHandleByIndex_v2", index, &device) != k_success) continue;
    gpus.push_back(describe_device(nvml, device));
    describe_driver(nvml, gpus.back());
  }
  return gpus;
}

}  // namespace assay
