// Intel's Level Zero, through its loader.
#include <fmt/format.h>
#include <level_zero/ze_api.h>

#include <algorithm>
#include <optional>
#include <type_traits>

#include "probes/gpu/library_calls.hpp"

namespace assay {
namespace {

struct LevelZero {
  decltype(&::zeInit) init;
  decltype(&::zeDriverGet) drivers;
  decltype(&::zeDriverGetApiVersion) api_version;
  decltype(&::zeDeviceGet) devices;
  decltype(&::zeDeviceGetProperties) properties;
  decltype(&::zeDeviceGetMemoryProperties) memory_properties;
  decltype(&::zeDeviceGetComputeProperties) compute_properties;
  decltype(&::zeDeviceGetModuleProperties) module_properties;
  decltype(&::zeDevicePciGetPropertiesExt) pci_properties;
};

LevelZero load_functions(void* library) {
  LevelZero ze{};
  const auto load = [library](auto& function, const char* name) {
    function = symbol<std::remove_reference_t<decltype(function)>>(library, name);
  };
  load(ze.init, "zeInit");
  load(ze.drivers, "zeDriverGet");
  load(ze.api_version, "zeDriverGetApiVersion");
  load(ze.devices, "zeDeviceGet");
  load(ze.properties, "zeDeviceGetProperties");
  load(ze.memory_properties, "zeDeviceGetMemoryProperties");
  load(ze.compute_properties, "zeDeviceGetComputeProperties");
  load(ze.module_properties, "zeDeviceGetModuleProperties");
  load(ze.pci_properties, "zeDevicePciGetPropertiesExt");
  return ze;
}

void describe_address(const LevelZero& ze, ze_device_handle_t device, GpuProfile& gpu) {
  if (ze.pci_properties == nullptr) return;
  ze_pci_ext_properties_t pci{};
  pci.stype = ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES;
  if (ze.pci_properties(device, &pci) != ZE_RESULT_SUCCESS) return;
  const ze_pci_address_ext_t& at = pci.address;
  if (at.domain > 0xFFFFU || at.bus > 0xFFU || at.device > 0x1FU || at.function > 7U) return;
  gpu.pci_address =
      fmt::format("{:04x}:{:02x}:{:02x}.{:x}", at.domain, at.bus, at.device, at.function);
}

void describe_memory(const LevelZero& ze, ze_device_handle_t device, bool integrated,
                     GpuProfile& gpu) {
  const std::string source = "Level Zero zeDeviceGetMemoryProperties";
  gpu.memory_kind = Fact<DeviceMemoryKind>::known(
      integrated ? DeviceMemoryKind::shared : DeviceMemoryKind::dedicated,
      "Level Zero ZE_DEVICE_PROPERTY_FLAG_INTEGRATED");
  if (ze.memory_properties == nullptr) return;
  std::array<ze_device_memory_properties_t, 16> memories{};
  for (auto& memory : memories) memory.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
  auto count = static_cast<std::uint32_t>(memories.size());
  if (ze.memory_properties(device, &count, memories.data()) != ZE_RESULT_SUCCESS) return;
  if (count == 0 || count > memories.size()) return;
  std::uint64_t bytes = 0;
  for (std::uint32_t index = 0; index < count; ++index) {
    const std::uint64_t more = memories[index].totalSize;
    bytes = more > UINT64_MAX - bytes ? UINT64_MAX : bytes + more;
  }
  (integrated ? gpu.shared_memory : gpu.memory) = Fact<Bytes>::known(Bytes(bytes), source);
  if (memories[0].maxBusWidth > 0) {
    gpu.memory_bus_bits = Fact<std::uint32_t>::known(memories[0].maxBusWidth, source);
  }
  if (memories[0].maxClockRate > 0) {
    gpu.memory_clock_hertz = Fact<double>::known(memories[0].maxClockRate * 1e6, source);
  }
}

void describe_compute(const LevelZero& ze, ze_device_handle_t device, GpuProfile& gpu) {
  ze_device_compute_properties_t compute{};
  compute.stype = ZE_STRUCTURE_TYPE_DEVICE_COMPUTE_PROPERTIES;
  if (ze.compute_properties != nullptr &&
      ze.compute_properties(device, &compute) == ZE_RESULT_SUCCESS &&
      compute.numSubGroupSizes > 0 && compute.numSubGroupSizes <= ZE_SUBGROUPSIZE_COUNT) {
    const auto* first = static_cast<const std::uint32_t*>(compute.subGroupSizes);
    const auto [least, most] = std::minmax_element(first, first + compute.numSubGroupSizes);
    const std::string source = "Level Zero zeDeviceGetComputeProperties";
    gpu.min_subgroup_size = Fact<std::uint32_t>::known(*least, source);
    gpu.max_subgroup_size = Fact<std::uint32_t>::known(*most, source);
  }
  ze_device_module_properties_t module{};
  module.stype = ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES;
  if (ze.module_properties != nullptr &&
      ze.module_properties(device, &module) == ZE_RESULT_SUCCESS) {
    const std::string source = "Level Zero zeDeviceGetModuleProperties";
    gpu.fp16 = Fact<bool>::known((module.flags & ZE_DEVICE_MODULE_FLAG_FP16) != 0, source);
    gpu.int8_dot_product =
        Fact<bool>::known((module.flags & ZE_DEVICE_MODULE_FLAG_DP4A) != 0, source);
  }
}

std::optional<GpuProfile> describe_device(const LevelZero& ze, ze_device_handle_t device) {
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  if (ze.properties(device, &properties) != ZE_RESULT_SUCCESS) return std::nullopt;
  if (properties.type != ZE_DEVICE_TYPE_GPU) return std::nullopt;  // NPUs are listed too
  const std::string source = "Level Zero zeDeviceGetProperties";
  GpuProfile gpu;
  gpu.vendor_id = static_cast<std::uint16_t>(properties.vendorId & 0xFFFFU);
  gpu.device_id = static_cast<std::uint16_t>(properties.deviceId & 0xFFFFU);
  const auto* name = static_cast<const char*>(properties.name);
  gpu.name = Fact<std::string>::known(
      printable(std::string_view(name, ::strnlen(name, ZE_MAX_DEVICE_NAME)), 120), source);
  gpu.max_buffer = Fact<Bytes>::known(Bytes(properties.maxMemAllocSize), source);
  if (properties.coreClockRate > 0) {
    gpu.max_clock_hertz = Fact<double>::known(properties.coreClockRate * 1e6, source);
  }
  const std::uint64_t units = std::uint64_t{properties.numSlices} *
                              properties.numSubslicesPerSlice % (std::uint64_t{1} << 32U);
  if (units > 0) {
    gpu.compute_units = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(units),
                                                   source + ": sub-slices (Xe cores)");
  }
  describe_address(ze, device, gpu);
  describe_memory(ze, device, (properties.flags & ZE_DEVICE_PROPERTY_FLAG_INTEGRATED) != 0, gpu);
  describe_compute(ze, device, gpu);
  return gpu;
}

Result<void> add_devices(const LevelZero& ze, ze_driver_handle_t driver,
                         std::vector<GpuProfile>& gpus) {
  std::array<ze_device_handle_t, k_most_devices> devices{};
  std::uint32_t count = k_most_devices;
  if (ze.devices(driver, &count, devices.data()) != ZE_RESULT_SUCCESS) return {};
  if (count > k_most_devices) {
    return fail(ErrorCode::unknown, fmt::format("it tells of {} devices", count));
  }
  ze_api_version_t version{};
  const bool has_version =
      ze.api_version != nullptr && ze.api_version(driver, &version) == ZE_RESULT_SUCCESS;
  for (std::uint32_t index = 0; index < count; ++index) {
    auto gpu = describe_device(ze, devices[index]);
    if (!gpu) continue;
    if (has_version) {
      const auto number = static_cast<std::uint32_t>(version);
      gpu->level_zero_version = Fact<std::string>::known(
          fmt::format("{}.{}", number >> 16U, number & 0xFFFFU), "Level Zero");
    }
    gpus.push_back(std::move(*gpu));
  }
  return {};
}

}  // namespace

Result<std::vector<GpuProfile>> describe_by_level_zero(void* library) {
  const LevelZero ze = load_functions(library);
  if (ze.init == nullptr || ze.drivers == nullptr || ze.devices == nullptr ||
      ze.properties == nullptr) {
    return fail(ErrorCode::unknown, "the library lacks functions of Level Zero 1.0");
  }
  const ze_result_t begun = ze.init(0);
  // The loader is there, no driver is.
  if (begun == ZE_RESULT_ERROR_UNINITIALIZED) return std::vector<GpuProfile>{};
  if (begun != ZE_RESULT_SUCCESS) {
    return fail(ErrorCode::unknown,
                fmt::format("Level Zero error {:#x}", static_cast<std::uint32_t>(begun)));
  }
  std::array<ze_driver_handle_t, k_most_devices> drivers{};
  std::uint32_t count = k_most_devices;
  if (ze.drivers(&count, drivers.data()) != ZE_RESULT_SUCCESS) {
    return fail(ErrorCode::unknown, "zeDriverGet failed");
  }
  if (count > k_most_devices) {
    return fail(ErrorCode::unknown, fmt::format("it tells of {} drivers", count));
  }
  std::vector<GpuProfile> gpus;
  for (std::uint32_t index = 0; index < count; ++index) {
    if (auto done = add_devices(ze, drivers[index], gpus); !done) return pass_on(done);
  }
  return gpus;
}

}  // namespace assay
