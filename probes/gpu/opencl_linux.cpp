// OpenCL, through the loader that vendors' drivers register with.
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/number.hpp"
#include "probes/gpu/library_calls.hpp"

namespace assay {
namespace {

constexpr std::size_t k_most_text = 16384;  // a list of extensions

struct OpenCl {
  decltype(&::clGetPlatformIDs) platforms;
  decltype(&::clGetDeviceIDs) devices;
  decltype(&::clGetDeviceInfo) info;
};

template <typename T>
std::optional<T> value_of(const OpenCl& cl, cl_device_id device, cl_device_info what) {
  T value{};
  std::size_t size = 0;
  if (cl.info(device, what, sizeof(T), &value, &size) != CL_SUCCESS || size != sizeof(T)) {
    return std::nullopt;
  }
  return value;
}

std::string text_of(const OpenCl& cl, cl_device_id device, cl_device_info what) {
  std::vector<char> text(k_most_text + 1, '\0');
  std::size_t size = 0;
  if (cl.info(device, what, k_most_text, text.data(), &size) != CL_SUCCESS) return {};
  return std::string(text.data(), ::strnlen(text.data(), k_most_text));
}

Fact<Bytes> bytes_fact(std::optional<cl_ulong> bytes, const char* source) {
  return bytes ? Fact<Bytes>::known(Bytes(*bytes), source)
               : Fact<Bytes>::unknown(fmt::format("{} does not tell", source));
}

/// Where the device is: by Khronos' extension, or by NVIDIA's older one.
std::string pci_address(const OpenCl& cl, cl_device_id device) {
  const auto khronos = value_of<cl_device_pci_bus_info_khr>(cl, device, CL_DEVICE_PCI_BUS_INFO_KHR);
  if (khronos && khronos->pci_domain <= 0xFFFFU && khronos->pci_bus <= 0xFFU &&
      khronos->pci_device <= 0x1FU && khronos->pci_function <= 7U) {
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", khronos->pci_domain, khronos->pci_bus,
                       khronos->pci_device, khronos->pci_function);
  }
  // CL_DEVICE_PCI_BUS_ID_NV, _SLOT_ID_NV, _DOMAIN_ID_NV. Source: NVIDIA's
  // cl_nv_device_attribute_query.
  const auto bus = value_of<cl_uint>(cl, device, 0x4008);
  const auto slot = value_of<cl_uint>(cl, device, 0x4009);
  const auto domain = value_of<cl_uint>(cl, device, 0x400A).value_or(0);
  if (bus && slot && *bus <= 0xFFU && (*slot >> 3U) <= 0x1FU && domain <= 0xFFFFU) {
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, *bus, *slot >> 3U, *slot & 7U);
  }
  return {};
}

void describe_memory(const OpenCl& cl, cl_device_id device, GpuProfile& gpu) {
  const auto bytes = value_of<cl_ulong>(cl, device, CL_DEVICE_GLOBAL_MEM_SIZE);
  const auto unified = value_of<cl_bool>(cl, device, CL_DEVICE_HOST_UNIFIED_MEMORY);
  gpu.max_buffer = bytes_fact(value_of<cl_ulong>(cl, device, CL_DEVICE_MAX_MEM_ALLOC_SIZE),
                              "OpenCL CL_DEVICE_MAX_MEM_ALLOC_SIZE");
  if (gpu.software || !unified) return;
  const char* source = "OpenCL CL_DEVICE_GLOBAL_MEM_SIZE";
  if (*unified == CL_TRUE) {
    gpu.shared_memory = bytes_fact(bytes, source);
    gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::shared,
                                                    "OpenCL CL_DEVICE_HOST_UNIFIED_MEMORY");
  } else {
    gpu.memory = bytes_fact(bytes, source);
    gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::dedicated,
                                                    "OpenCL CL_DEVICE_HOST_UNIFIED_MEMORY");
  }
}

GpuProfile describe_device(const OpenCl& cl, cl_device_id device, bool software) {
  GpuProfile gpu;
  gpu.software = software;
  gpu.vendor_id = static_cast<std::uint16_t>(
      value_of<cl_uint>(cl, device, CL_DEVICE_VENDOR_ID).value_or(0) & 0xFFFFU);
  if (!gpu.software) gpu.pci_address = pci_address(cl, device);
  gpu.vendor = printable(trim(text_of(cl, device, CL_DEVICE_VENDOR)), 60);
  const auto text = [&](cl_device_info what, const char* source) {
    const std::string words = printable(trim(text_of(cl, device, what)), 120);
    return words.empty() ? Fact<std::string>::unknown(fmt::format("{} is empty", source))
                         : Fact<std::string>::known(words, source);
  };
  gpu.name = text(CL_DEVICE_NAME, "OpenCL CL_DEVICE_NAME");
  gpu.opencl_version = text(CL_DEVICE_VERSION, "OpenCL CL_DEVICE_VERSION");
  gpu.driver_version = text(CL_DRIVER_VERSION, "OpenCL CL_DRIVER_VERSION");
  if (const auto units = value_of<cl_uint>(cl, device, CL_DEVICE_MAX_COMPUTE_UNITS)) {
    gpu.compute_units = Fact<std::uint32_t>::known(*units, "OpenCL CL_DEVICE_MAX_COMPUTE_UNITS");
  }
  const auto clock = value_of<cl_uint>(cl, device, CL_DEVICE_MAX_CLOCK_FREQUENCY);
  if (clock && *clock > 0) {
    gpu.max_clock_hertz = Fact<double>::known(*clock * 1e6, "OpenCL CL_DEVICE_MAX_CLOCK_FREQUENCY");
  }
  const std::string extensions = text_of(cl, device, CL_DEVICE_EXTENSIONS);
  const auto words = split(extensions, ' ');
  const auto has = [&words](std::string_view name) {
    return Fact<bool>::known(std::find(words.begin(), words.end(), name) != words.end(),
                             "OpenCL CL_DEVICE_EXTENSIONS");
  };
  if (!extensions.empty()) {
    gpu.fp16 = has("cl_khr_fp16");
    gpu.int8_dot_product = has("cl_khr_integer_dot_product");
  }
  describe_memory(cl, device, gpu);
  return gpu;
}

}  // namespace

Result<std::vector<GpuProfile>> describe_by_opencl(void* library) {
  const OpenCl cl{symbol<decltype(&::clGetPlatformIDs)>(library, "clGetPlatformIDs"),
                  symbol<decltype(&::clGetDeviceIDs)>(library, "clGetDeviceIDs"),
                  symbol<decltype(&::clGetDeviceInfo)>(library, "clGetDeviceInfo")};
  if (cl.platforms == nullptr || cl.devices == nullptr || cl.info == nullptr) {
    return fail(ErrorCode::unknown, "the library lacks functions of OpenCL 1.0");
  }
  std::array<cl_platform_id, k_most_devices> platforms{};
  cl_uint platform_count = 0;
  const cl_int listed = cl.platforms(k_most_devices, platforms.data(), &platform_count);
  // CL_PLATFORM_NOT_FOUND_KHR: the loader is there, no driver is registered with it.
  if (listed == -1001 || (listed == CL_SUCCESS && platform_count == 0)) {
    return std::vector<GpuProfile>{};
  }
  if (listed != CL_SUCCESS) return fail(ErrorCode::unknown, fmt::format("OpenCL error {}", listed));
  if (platform_count > k_most_devices) {
    return fail(ErrorCode::unknown, fmt::format("it tells of {} platforms", platform_count));
  }
  std::vector<GpuProfile> gpus;
  for (cl_uint index = 0; index < platform_count; ++index) {
    std::array<cl_device_id, k_most_devices> devices{};
    cl_uint count = 0;
    if (cl.devices(platforms[index], CL_DEVICE_TYPE_ALL, k_most_devices, devices.data(), &count) !=
        CL_SUCCESS) {
      continue;
    }
    if (count > k_most_devices) {
      return fail(ErrorCode::unknown, fmt::format("it tells of {} devices", count));
    }
    for (cl_uint device = 0; device < count; ++device) {
      const auto type = value_of<cl_device_type>(cl, devices[device], CL_DEVICE_TYPE);
      if (!type) return fail(ErrorCode::unknown, "a device tells no type");
      const bool is_gpu = (*type & CL_DEVICE_TYPE_GPU) != 0;
      if (!is_gpu && (*type & CL_DEVICE_TYPE_CPU) == 0) continue;
      gpus.push_back(describe_device(cl, devices[device], !is_gpu));
    }
  }
  return gpus;
}

}  // namespace assay
