// A stand-in for the Level Zero loader, compiled against the published header: an Arc A770.
#include <level_zero/ze_api.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "tests/probes/fakes/scenario.hpp"

namespace {

const std::string& what() {
  static const std::string name = fake::scenario(reinterpret_cast<const void*>(&what));
  return name;
}

template <typename Handle>
Handle handle(std::uintptr_t number) {
  return reinterpret_cast<Handle>(number);
}

}  // namespace

extern "C" {

ze_result_t zeInit(ze_init_flags_t) {
  fake::misbehave(what());
  return what() == "no driver" ? ZE_RESULT_ERROR_UNINITIALIZED : ZE_RESULT_SUCCESS;
}
ze_result_t zeDriverGet(uint32_t* count, ze_driver_handle_t* drivers) {
  *count = 1;
  drivers[0] = handle<ze_driver_handle_t>(1);
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDriverGetApiVersion(ze_driver_handle_t, ze_api_version_t* version) {
  *version = ZE_API_VERSION_1_3;
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDeviceGet(ze_driver_handle_t, uint32_t* count, ze_device_handle_t* devices) {
  *count = what() == "many" ? 0xFFFFFFFFU : 2;
  devices[0] = handle<ze_device_handle_t>(1);
  devices[1] = handle<ze_device_handle_t>(2);
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDeviceGetProperties(ze_device_handle_t device, ze_device_properties_t* out) {
  if (what() == "nonsense") {
    std::memset(&out->type, 0xFF, sizeof(*out) - offsetof(ze_device_properties_t, type));
    out->type = ZE_DEVICE_TYPE_GPU;
    return ZE_RESULT_SUCCESS;
  }
  out->type = device == handle<ze_device_handle_t>(2) ? ZE_DEVICE_TYPE_VPU : ZE_DEVICE_TYPE_GPU;
  out->vendorId = 0x8086;
  out->deviceId = 0x56a0;
  out->coreClockRate = 2400;
  out->maxMemAllocSize = std::uint64_t{4} << 30U;
  out->numSlices = 8;
  out->numSubslicesPerSlice = 4;
  std::snprintf(out->name, sizeof(out->name), "Intel(R) Arc(TM) A770 Graphics");
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDeviceGetMemoryProperties(ze_device_handle_t, uint32_t* count,
                                        ze_device_memory_properties_t* out) {
  *count = what() == "nonsense" ? 0xFFFFFFFFU : 1;
  out->totalSize = std::uint64_t{16225243136};
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDeviceGetComputeProperties(ze_device_handle_t, ze_device_compute_properties_t* out) {
  out->numSubGroupSizes = what() == "nonsense" ? 0xFFFFFFFFU : 3;
  out->subGroupSizes[0] = 8;
  out->subGroupSizes[1] = 16;
  out->subGroupSizes[2] = 32;
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDeviceGetModuleProperties(ze_device_handle_t, ze_device_module_properties_t* out) {
  out->flags = ZE_DEVICE_MODULE_FLAG_FP16 | ZE_DEVICE_MODULE_FLAG_DP4A;
  return ZE_RESULT_SUCCESS;
}
ze_result_t zeDevicePciGetPropertiesExt(ze_device_handle_t, ze_pci_ext_properties_t* out) {
  out->address = {0, what() == "nonsense" ? 0xFFFFFFFFU : 3, 0, 0};
  return ZE_RESULT_SUCCESS;
}

}  // extern "C"
