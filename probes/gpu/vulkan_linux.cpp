// Vulkan, through the system's loader. No surface, no queue, no device is made: nothing is drawn
// and no display server is asked.
#define VK_NO_PROTOTYPES
#include <fmt/format.h>
#include <vulkan/vulkan_core.h>

#include <algorithm>
#include <optional>

#include "probes/gpu/library_calls.hpp"

namespace assay {
namespace {

// Extensions that are newer than Debian 12's header. Source: the Vulkan specification,
// VK_KHR_cooperative_matrix (extension 507) and VK_KHR_shader_bfloat16 (extension 142).
constexpr auto k_cooperative_matrix_properties_type =
    static_cast<VkStructureType>(1000506001);  // ..._COOPERATIVE_MATRIX_PROPERTIES_KHR
constexpr auto k_bfloat16_features_type = static_cast<VkStructureType>(1000141000);

// NOLINTBEGIN(readability-identifier-naming): Chain sets these members in every structure of
// Vulkan.
struct CooperativeMatrixProperties {  // VkCooperativeMatrixPropertiesKHR
  VkStructureType sType;
  void* pNext;
  std::uint32_t m_size, n_size, k_size;
  std::int32_t a_type, b_type, c_type, result_type;
  VkBool32 saturating_accumulation;
  std::int32_t scope;
};

struct Bfloat16Features {  // VkPhysicalDeviceShaderBfloat16FeaturesKHR
  VkStructureType sType;
  void* pNext;
  VkBool32 type, dot_product, cooperative_matrix;
};
// NOLINTEND(readability-identifier-naming)

using GetCooperativeMatrices = VkResult (*)(VkPhysicalDevice, std::uint32_t*,
                                            CooperativeMatrixProperties*);

struct Vulkan {
  VkInstance instance = VK_NULL_HANDLE;
  PFN_vkGetInstanceProcAddr get = nullptr;

  template <typename Function>
  [[nodiscard]] Function function(const char* name) const {
    return reinterpret_cast<Function>(get(instance, name));
  }
};

/// A chain of structures that one call fills, newest first.
class Chain {
 public:
  explicit Chain(void** first) : last_(first) {}
  template <typename Structure>
  void add(Structure& structure, bool wanted, VkStructureType type) {
    structure.sType = type;
    if (!wanted) return;
    *last_ = &structure;
    last_ = &structure.pNext;
  }

 private:
  void** last_;
};

struct Device {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  std::uint32_t version = 0;
  std::vector<std::string> extensions;

  [[nodiscard]] bool has(std::string_view name) const {
    return std::find(extensions.begin(), extensions.end(), name) != extensions.end();
  }
};

std::vector<std::string> list_extensions(const Vulkan& vulkan, VkPhysicalDevice device) {
  constexpr std::uint32_t k_most_extensions = 4096;
  std::vector<std::string> names;
  const auto list = vulkan.function<PFN_vkEnumerateDeviceExtensionProperties>(
      "vkEnumerateDeviceExtensionProperties");
  std::uint32_t count = 0;
  if (list == nullptr || list(device, nullptr, &count, nullptr) != VK_SUCCESS) return names;
  count = std::min(count, k_most_extensions);
  std::vector<VkExtensionProperties> properties(count);
  if (list(device, nullptr, &count, properties.data()) < 0) return names;
  for (std::uint32_t index = 0; index < std::min<std::size_t>(count, properties.size()); ++index) {
    const auto* name = static_cast<const char*>(properties[index].extensionName);
    names.emplace_back(name, ::strnlen(name, VK_MAX_EXTENSION_NAME_SIZE));
  }
  return names;
}

template <std::size_t Size>
std::string text_of(const char (&text)[Size]) {
  return printable(trim(std::string_view(text, ::strnlen(text, Size))), 120);
}

std::string version_text(std::uint32_t version) {
  return fmt::format("{}.{}.{}", VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
                     VK_API_VERSION_PATCH(version));
}

/// VkComponentTypeKHR.
std::string component_name(std::int32_t type) {
  constexpr std::array<std::string_view, 11> k_names{"float16", "float32", "float64", "int8",
                                                     "int16",   "int32",   "int64",   "uint8",
                                                     "uint16",  "uint32",  "uint64"};
  if (type >= 0 && type < static_cast<std::int32_t>(k_names.size())) {
    return std::string(k_names[static_cast<std::size_t>(type)]);
  }
  if (type == 1000141000) return "bfloat16";
  return fmt::format("type {}", type);
}

void describe_properties(const Vulkan& vulkan, const Device& device, GpuProfile& gpu) {
  const auto get =
      vulkan.function<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2");
  if (get == nullptr) return;
  const bool is_12 = device.version >= VK_API_VERSION_1_2;
  const bool is_13 = device.version >= VK_API_VERSION_1_3;
  VkPhysicalDeviceProperties2 properties{};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  Chain chain(&properties.pNext);
  VkPhysicalDevicePCIBusInfoPropertiesEXT pci{};
  const bool has_pci = device.has(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
  chain.add(pci, has_pci, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT);
  VkPhysicalDeviceDriverProperties driver{};
  const bool has_driver = is_12 || device.has(VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME);
  chain.add(driver, has_driver, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES);
  VkPhysicalDeviceSubgroupProperties subgroup{};
  chain.add(subgroup, true, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES);
  VkPhysicalDeviceSubgroupSizeControlProperties sizes{};
  const bool has_sizes = is_13 || device.has(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);
  chain.add(sizes, has_sizes, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES);
  VkPhysicalDeviceMaintenance3Properties limits{};
  chain.add(limits, true, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES);
  VkPhysicalDeviceShaderIntegerDotProductProperties dot{};
  const bool has_dot = is_13 || device.has(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
  chain.add(dot, has_dot, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES);
  get(device.handle, &properties);

  if (has_pci && pci.pciDomain <= 0xFFFFU && pci.pciBus <= 0xFFU && pci.pciDevice <= 0x1FU &&
      pci.pciFunction <= 7U) {
    gpu.pci_address = fmt::format("{:04x}:{:02x}:{:02x}.{:x}", pci.pciDomain, pci.pciBus,
                                  pci.pciDevice, pci.pciFunction);
  }
  if (has_driver) {
    gpu.driver_version = Fact<std::string>::known(
        fmt::format("{} {}", text_of(driver.driverName), text_of(driver.driverInfo)),
        "Vulkan VkPhysicalDeviceDriverProperties");
  }
  const std::string source = "Vulkan subgroup sizes";
  const auto least = has_sizes ? sizes.minSubgroupSize : subgroup.subgroupSize;
  const auto most = has_sizes ? sizes.maxSubgroupSize : subgroup.subgroupSize;
  gpu.min_subgroup_size = Fact<std::uint32_t>::known(least, source);
  gpu.max_subgroup_size = Fact<std::uint32_t>::known(most, source);
  // A tensor is bound as one storage buffer, in one allocation.
  gpu.max_buffer = Fact<Bytes>::known(
      Bytes(std::min<std::uint64_t>(properties.properties.limits.maxStorageBufferRange,
                                    limits.maxMemoryAllocationSize)),
      "Vulkan min(maxStorageBufferRange, maxMemoryAllocationSize)");
  gpu.int8_dot_product =
      Fact<bool>::known(has_dot && dot.integerDotProduct4x8BitPackedSignedAccelerated == VK_TRUE,
                        "Vulkan integerDotProduct4x8BitPackedSignedAccelerated");
}

void describe_features(const Vulkan& vulkan, const Device& device, GpuProfile& gpu) {
  const auto get =
      vulkan.function<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2");
  if (get == nullptr) return;
  VkPhysicalDeviceFeatures2 features{};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  Chain chain(&features.pNext);
  VkPhysicalDeviceShaderFloat16Int8Features half{};
  const bool has_half =
      device.version >= VK_API_VERSION_1_2 || device.has(VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME);
  chain.add(half, has_half, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES);
  Bfloat16Features bfloat16{};
  const bool has_bfloat16 = device.has("VK_KHR_shader_bfloat16");
  chain.add(bfloat16, has_bfloat16, k_bfloat16_features_type);
  get(device.handle, &features);
  gpu.fp16 = Fact<bool>::known(has_half && half.shaderFloat16 == VK_TRUE, "Vulkan shaderFloat16");
  gpu.bfloat16 =
      Fact<bool>::known(has_bfloat16 && bfloat16.type == VK_TRUE, "Vulkan VK_KHR_shader_bfloat16");
}

void describe_matrices(const Vulkan& vulkan, const Device& device, GpuProfile& gpu) {
  const std::string source = "Vulkan VK_KHR_cooperative_matrix";
  if (!device.has("VK_KHR_cooperative_matrix")) {
    gpu.cooperative_matrix = Fact<std::vector<std::string>>::absent(source + " is not supported");
    return;
  }
  constexpr std::uint32_t k_most_shapes = 256;
  const auto get =
      vulkan.function<GetCooperativeMatrices>("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
  std::uint32_t count = 0;
  if (get == nullptr || get(device.handle, &count, nullptr) != VK_SUCCESS) return;
  count = std::min(count, k_most_shapes);
  std::vector<CooperativeMatrixProperties> shapes(count);
  for (auto& shape : shapes) shape.sType = k_cooperative_matrix_properties_type;
  if (get(device.handle, &count, shapes.data()) < 0) return;
  std::vector<std::string> names;
  for (std::uint32_t index = 0; index < std::min<std::size_t>(count, shapes.size()); ++index) {
    const CooperativeMatrixProperties& shape = shapes[index];
    std::string name = fmt::format("{}x{}x{} {} {}", shape.m_size, shape.n_size, shape.k_size,
                                   component_name(shape.a_type), component_name(shape.result_type));
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  gpu.cooperative_matrix = Fact<std::vector<std::string>>::known(std::move(names), source);
}

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

void describe_memory(const Vulkan& vulkan, const Device& device, bool integrated, GpuProfile& gpu) {
  const auto get = vulkan.function<PFN_vkGetPhysicalDeviceMemoryProperties2>(
      "vkGetPhysicalDeviceMemoryProperties2");
  if (get == nullptr) return;
  VkPhysicalDeviceMemoryProperties2 memory{};
  memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
  Chain chain(&memory.pNext);
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{};
  const bool has_budget = device.has(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  chain.add(budget, has_budget, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
  get(device.handle, &memory);
  const VkPhysicalDeviceMemoryProperties& heaps = memory.memoryProperties;
  std::uint64_t bytes = 0;
  std::uint64_t left = 0;
  for (std::uint32_t heap = 0;
       heap < std::min<std::uint32_t>(heaps.memoryHeapCount, VK_MAX_MEMORY_HEAPS); ++heap) {
    const bool local = (heaps.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
    // One memory may be split into several heaps, all of which an integrated part may use.
    if (!integrated && !local) continue;
    bytes = add(bytes, heaps.memoryHeaps[heap].size);
    if (has_budget && budget.heapBudget[heap] > budget.heapUsage[heap]) {
      left = add(left, budget.heapBudget[heap] - budget.heapUsage[heap]);
    }
  }
  if (bytes == 0) return;
  (integrated ? gpu.shared_memory : gpu.memory) =
      Fact<Bytes>::known(Bytes(bytes), integrated ? "Vulkan: all heaps (the system's memory)"
                                                  : "Vulkan: heaps of the device");
  if (has_budget && !integrated) {
    gpu.memory_free = Fact<Bytes>::known(Bytes(std::min(left, bytes)), "Vulkan memory budget");
  }
}

GpuProfile describe_device(const Vulkan& vulkan, VkPhysicalDevice handle) {
  const auto get =
      vulkan.function<PFN_vkGetPhysicalDeviceProperties>("vkGetPhysicalDeviceProperties");
  VkPhysicalDeviceProperties properties{};
  get(handle, &properties);
  GpuProfile gpu;
  gpu.software = properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  // Ids above 16 bits are Khronos' own, of makers without a PCI id.
  if (properties.vendorID <= 0xFFFFU) {
    gpu.vendor_id = static_cast<std::uint16_t>(properties.vendorID);
    gpu.device_id = static_cast<std::uint16_t>(properties.deviceID & 0xFFFFU);
  }
  gpu.name = Fact<std::string>::known(text_of(properties.deviceName), "Vulkan deviceName");
  gpu.vulkan_version =
      Fact<std::string>::known(version_text(properties.apiVersion), "Vulkan apiVersion");
  if (properties.apiVersion < VK_API_VERSION_1_1) return gpu;
  const Device device{handle, properties.apiVersion, list_extensions(vulkan, handle)};
  describe_properties(vulkan, device, gpu);
  describe_features(vulkan, device, gpu);
  describe_matrices(vulkan, device, gpu);
  if (gpu.software) return gpu;
  const bool integrated = properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
  if (integrated || properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU) {
    gpu.memory_kind = Fact<DeviceMemoryKind>::known(
        integrated ? DeviceMemoryKind::shared : DeviceMemoryKind::dedicated, "Vulkan deviceType");
    describe_memory(vulkan, device, integrated, gpu);
  }
  return gpu;
}

Result<Vulkan> open_instance(void* library) {
  Vulkan vulkan;
  vulkan.get = symbol<PFN_vkGetInstanceProcAddr>(library, "vkGetInstanceProcAddr");
  if (vulkan.get == nullptr) {
    return fail(ErrorCode::unknown, "the library has no vkGetInstanceProcAddr");
  }
  const auto create = vulkan.function<PFN_vkCreateInstance>("vkCreateInstance");
  const auto version =
      vulkan.function<PFN_vkEnumerateInstanceVersion>("vkEnumerateInstanceVersion");
  if (create == nullptr) return fail(ErrorCode::unknown, "the loader has no vkCreateInstance");
  if (version == nullptr) return fail(ErrorCode::unknown, "the loader is of Vulkan 1.0");
  VkApplicationInfo application{};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo wanted{};
  wanted.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  wanted.pApplicationInfo = &application;
  const VkResult created = create(&wanted, nullptr, &vulkan.instance);
  if (created != VK_SUCCESS || vulkan.instance == VK_NULL_HANDLE) {
    if (created == VK_ERROR_INCOMPATIBLE_DRIVER) return Vulkan{};  // no driver is installed
    return fail(ErrorCode::unknown,
                fmt::format("vkCreateInstance: VkResult {}", static_cast<int>(created)));
  }
  return vulkan;
}

}  // namespace

Result<std::vector<GpuProfile>> describe_by_vulkan(void* library) {
  const auto vulkan = open_instance(library);
  if (!vulkan) return pass_on(vulkan);
  if (vulkan->instance == VK_NULL_HANDLE) return std::vector<GpuProfile>{};
  const auto list = vulkan->function<PFN_vkEnumeratePhysicalDevices>("vkEnumeratePhysicalDevices");
  if (list == nullptr || vulkan->function<PFN_vkGetPhysicalDeviceProperties>(
                             "vkGetPhysicalDeviceProperties") == nullptr) {
    return fail(ErrorCode::unknown, "the loader lacks functions of Vulkan 1.0");
  }
  std::uint32_t count = 0;
  VkResult listed = list(vulkan->instance, &count, nullptr);
  if (listed == VK_SUCCESS && count > k_most_devices) {
    return fail(ErrorCode::unknown, fmt::format("it tells of {} devices", count));
  }
  std::array<VkPhysicalDevice, k_most_devices> devices{};
  if (listed == VK_SUCCESS && count > 0) listed = list(vulkan->instance, &count, devices.data());
  if (listed < 0 || count > k_most_devices) {
    return fail(ErrorCode::unknown,
                fmt::format("vkEnumeratePhysicalDevices: VkResult {}", static_cast<int>(listed)));
  }
  std::vector<GpuProfile> gpus;
  for (std::uint32_t index = 0; index < count; ++index) {
    if (devices[index] != VK_NULL_HANDLE) gpus.push_back(describe_device(*vulkan, devices[index]));
  }
  return gpus;
}

}  // namespace assay
