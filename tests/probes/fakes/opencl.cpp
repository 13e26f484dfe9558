// A stand-in for the OpenCL loader, compiled against the published header: an AMD card, or a device
// that is the processor.
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>

#include <cstdint>
#include <cstring>

#include "tests/probes/fakes/scenario.hpp"

namespace {

const std::string& what() {
  static const std::string name = fake::scenario(reinterpret_cast<const void*>(&what));
  return name;
}

bool is_software() { return what() == "lavapipe"; }

cl_int give(const void* value, std::size_t size, std::size_t room, void* out, std::size_t* told) {
  if (told != nullptr) *told = what() == "nonsense" ? SIZE_MAX : size;
  if (out == nullptr) return CL_SUCCESS;
  if (what() == "nonsense") {
    std::memset(out, 0xFF, room);
    return CL_SUCCESS;
  }
  if (size > room) return CL_INVALID_VALUE;
  std::memcpy(out, value, size);
  return CL_SUCCESS;
}

template <typename T>
cl_int give(const T& value, std::size_t room, void* out, std::size_t* told) {
  return give(&value, sizeof(T), room, out, told);
}

cl_int give(const char* text, std::size_t room, void* out, std::size_t* told) {
  return give(text, std::strlen(text) + 1, room, out, told);
}

}  // namespace

extern "C" {

cl_int clGetPlatformIDs(cl_uint room, cl_platform_id* platforms, cl_uint* count) {
  fake::misbehave(what());
  if (what() == "no driver") return -1001;
  *count = what() == "many" ? 0xFFFFFFFFU : 1;
  if (room > 0) platforms[0] = reinterpret_cast<cl_platform_id>(std::uintptr_t{1});
  return CL_SUCCESS;
}

cl_int clGetDeviceIDs(cl_platform_id, cl_device_type, cl_uint room, cl_device_id* devices,
                      cl_uint* count) {
  *count = 1;
  if (room > 0) devices[0] = reinterpret_cast<cl_device_id>(std::uintptr_t{1});
  return CL_SUCCESS;
}

cl_int clGetDeviceInfo(cl_device_id, cl_device_info info, std::size_t room, void* out,
                       std::size_t* told) {
  switch (info) {
    case CL_DEVICE_TYPE:
      return give(
          is_software() ? cl_device_type{CL_DEVICE_TYPE_CPU} : cl_device_type{CL_DEVICE_TYPE_GPU},
          room, out, told);
    case CL_DEVICE_VENDOR_ID:
      return give(cl_uint{is_software() ? 0x8086U : 0x1002U}, room, out, told);
    case CL_DEVICE_NAME:
      return give(is_software() ? "pthread-some-processor" : "gfx1200", room, out, told);
    case CL_DEVICE_VENDOR:
      return give("Advanced Micro Devices, Inc.", room, out, told);
    case CL_DEVICE_VERSION:
      return give("OpenCL 2.0 ", room, out, told);
    case CL_DRIVER_VERSION:
      return give("3581.0 (HSA1.1,LC)", room, out, told);
    case CL_DEVICE_EXTENSIONS:
      return give("cl_khr_fp64 cl_khr_fp16 cl_khr_integer_dot_product ", room, out, told);
    case CL_DEVICE_GLOBAL_MEM_SIZE:
      return give(cl_ulong{16} << 30U, room, out, told);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
      return give(cl_ulong{14} << 30U, room, out, told);
    case CL_DEVICE_HOST_UNIFIED_MEMORY:
      return give(cl_bool{0}, room, out, told);
    case CL_DEVICE_MAX_COMPUTE_UNITS:
      return give(cl_uint{16}, room, out, told);
    case CL_DEVICE_MAX_CLOCK_FREQUENCY:
      return give(cl_uint{2780}, room, out, told);
    case CL_DEVICE_PCI_BUS_INFO_KHR:
      return give(cl_device_pci_bus_info_khr{0, 3, 0, 0}, room, out, told);
    default:
      return CL_INVALID_VALUE;
  }
}

}  // extern "C"
