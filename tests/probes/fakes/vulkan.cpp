// A stand-in for the Vulkan loader with its driver, compiled against the published header.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "tests/probes/fakes/scenario.hpp"

namespace {

const std::string& what() {
  static const std::string name = fake::scenario(reinterpret_cast<const void*>(&what));
  return name;
}

bool is_software() { return what() == "lavapipe"; }
bool is_integrated() { return what() == "integrated"; }

template <typename Handle>
Handle handle(std::uintptr_t number) {
  return reinterpret_cast<Handle>(number);
}

template <std::size_t Size>
void put(char (&text)[Size], const char* value) {
  if (what() == "nonsense") {
    std::memset(text, '\xfe', Size);
  } else {
    std::snprintf(text, Size, "%s", value);
  }
}

VkResult create_instance(const VkInstanceCreateInfo*, const VkAllocationCallbacks*,
                         VkInstance* instance) {
  fake::misbehave(what());
  if (what() == "no driver") return VK_ERROR_INCOMPATIBLE_DRIVER;
  *instance = handle<VkInstance>(1);
  return VK_SUCCESS;
}

VkResult instance_version(std::uint32_t* version) {
  *version = VK_API_VERSION_1_3;
  return VK_SUCCESS;
}

VkResult list_devices(VkInstance, std::uint32_t* count, VkPhysicalDevice* devices) {
  const std::uint32_t present = what() == "many" ? 3'000'000'000U : what() == "two drivers" ? 2 : 1;
  *count = present;
  if (devices == nullptr) return VK_SUCCESS;
  for (std::uint32_t index = 0; index < 2 && index < present; ++index) {
    devices[index] = handle<VkPhysicalDevice>(2 + index);
  }
  return VK_SUCCESS;
}

void properties(VkPhysicalDevice, VkPhysicalDeviceProperties* out) {
  out->apiVersion = VK_MAKE_API_VERSION(0, 1, 3, 289);
  out->vendorID = is_software() ? 0x10005 : 0x1002;  // VK_VENDOR_ID_MESA
  out->deviceID = is_software() ? 0 : is_integrated() ? 0x1586 : 0x7590;
  out->deviceType = is_software()     ? VK_PHYSICAL_DEVICE_TYPE_CPU
                    : is_integrated() ? VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU
                                      : VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
  put(out->deviceName,
      is_software() ? "llvmpipe (LLVM 15.0.6, 256 bits)" : "AMD Radeon RX 9060 XT");
  out->limits.maxStorageBufferRange = 0xFFFFFFFFU;
}

VkResult list_extensions(VkPhysicalDevice, const char*, std::uint32_t* count,
                         VkExtensionProperties* out) {
  const char* names[] = {VK_EXT_PCI_BUS_INFO_EXTENSION_NAME, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME,
                         "VK_KHR_cooperative_matrix", "VK_KHR_shader_bfloat16"};
  const std::uint32_t present = is_software() ? 0 : 4;
  if (out == nullptr) {
    *count = what() == "nonsense" ? 0xFFFFFFFFU : present;
    return VK_SUCCESS;
  }
  for (std::uint32_t index = 0; index < present; ++index) {
    std::snprintf(out[index].extensionName, VK_MAX_EXTENSION_NAME_SIZE, "%s", names[index]);
  }
  *count = present;
  return VK_SUCCESS;
}

/// The first structure of a type in a chain.
template <typename Structure>
Structure* find(void* chain, VkStructureType type) {
  for (auto* at = static_cast<VkBaseOutStructure*>(chain); at != nullptr; at = at->pNext) {
    if (at->sType == type) return reinterpret_cast<Structure*>(at);
  }
  return nullptr;
}

void properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2* out) {
  properties(device, &out->properties);
  if (auto* pci = find<VkPhysicalDevicePCIBusInfoPropertiesEXT>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT)) {
    pci->pciBus = is_integrated() ? 0xc5 : 0x03;
    if (what() == "nonsense") pci->pciDomain = 0xFFFFFFFFU;
  }
  if (auto* driver = find<VkPhysicalDeviceDriverProperties>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES)) {
    put(driver->driverName, is_software() ? "llvmpipe" : "radv");
    put(driver->driverInfo, "Mesa 25.0.1");
  }
  if (auto* sizes = find<VkPhysicalDeviceSubgroupSizeControlProperties>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES)) {
    sizes->minSubgroupSize = 32;
    sizes->maxSubgroupSize = what() == "nonsense" ? 0xFFFFFFFFU : 64;
  }
  if (auto* limits = find<VkPhysicalDeviceMaintenance3Properties>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES)) {
    limits->maxMemoryAllocationSize = std::uint64_t{2} << 30U;
  }
  if (auto* dot = find<VkPhysicalDeviceShaderIntegerDotProductProperties>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES)) {
    dot->integerDotProduct4x8BitPackedSignedAccelerated = VK_TRUE;
  }
}

struct Bfloat16Features {
  VkStructureType sType;
  void* pNext;
  VkBool32 type, dot_product, cooperative_matrix;
};

void features2(VkPhysicalDevice, VkPhysicalDeviceFeatures2* out) {
  if (auto* half = find<VkPhysicalDeviceShaderFloat16Int8Features>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES)) {
    half->shaderFloat16 = VK_TRUE;
  }
  if (auto* bfloat16 =
          find<Bfloat16Features>(out->pNext, static_cast<VkStructureType>(1000141000))) {
    bfloat16->type = VK_TRUE;
  }
}

void memory2(VkPhysicalDevice, VkPhysicalDeviceMemoryProperties2* out) {
  VkPhysicalDeviceMemoryProperties& memory = out->memoryProperties;
  memory.memoryHeapCount = what() == "nonsense" ? 0xFFFFFFFFU : 2;
  const auto gigabytes = [](std::uint64_t count) { return count << 30U; };
  memory.memoryHeaps[0] = {gigabytes(is_integrated() ? 40 : 16), VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  memory.memoryHeaps[1] = {gigabytes(is_integrated() ? 95 : 31), 0};
  if (what() == "nonsense") memory.memoryHeaps[0].size = UINT64_MAX;
  if (auto* budget = find<VkPhysicalDeviceMemoryBudgetPropertiesEXT>(
          out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)) {
    budget->heapBudget[0] = gigabytes(15);
    budget->heapUsage[0] = gigabytes(1);
  }
}

struct MatrixShape {
  VkStructureType sType;
  void* pNext;
  std::uint32_t m, n, k;
  std::int32_t a, b, c, result;
  VkBool32 saturating;
  std::int32_t scope;
};

VkResult matrices(VkPhysicalDevice, std::uint32_t* count, MatrixShape* out) {
  if (out == nullptr) {
    *count = what() == "nonsense" ? 0xFFFFFFFFU : 2;
    return VK_SUCCESS;
  }
  *count = 2;
  out[0].m = out[0].n = out[0].k = 16;
  out[0].a = out[0].b = 0;       // float16
  out[0].c = out[0].result = 1;  // float32
  out[1].m = out[1].n = out[1].k = 16;
  out[1].a = out[1].b = 3;       // int8
  out[1].c = out[1].result = 5;  // int32
  return VK_SUCCESS;
}

}  // namespace

extern "C" PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance, const char* name) {
  const auto is = [name](const char* other) { return std::strcmp(name, other) == 0; };
  const auto as = [](auto function) { return reinterpret_cast<PFN_vkVoidFunction>(function); };
  if (is("vkCreateInstance")) return as(create_instance);
  if (is("vkEnumerateInstanceVersion")) return as(instance_version);
  if (is("vkEnumeratePhysicalDevices")) return as(list_devices);
  if (is("vkGetPhysicalDeviceProperties")) return as(properties);
  if (is("vkEnumerateDeviceExtensionProperties")) return as(list_extensions);
  if (is("vkGetPhysicalDeviceProperties2")) return as(properties2);
  if (is("vkGetPhysicalDeviceFeatures2")) return as(features2);
  if (is("vkGetPhysicalDeviceMemoryProperties2")) return as(memory2);
  if (is("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR")) return as(matrices);
  return nullptr;
}
