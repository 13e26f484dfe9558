// A stand-in for libnvidia-ml.so.1. Values of the scenario "h200" are those of a recorded
// nvidia-smi (utkuozdemir/nvidia_gpu_exporter, internal/captures at e656cd8, MIT).
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "tests/probes/fakes/scenario.hpp"

namespace {

constexpr int k_success = 0;
constexpr int k_not_supported = 3;
constexpr int k_unknown = 999;

const std::string& what() {
  static const std::string name = fake::scenario(reinterpret_cast<const void*>(&what));
  return name;
}

struct Card {
  const char* name;
  unsigned bus;
  unsigned device_id;
  unsigned long long total_mebibytes, used_mebibytes;
  int major, minor;
  unsigned bus_bits, memory_megahertz, sm_megahertz, generation, now_generation, power_milliwatts;
  unsigned cores;
};

constexpr Card k_h200{"NVIDIA H200", 0x83, 0x233510de, 143771, 0, 9,      0,
                      6144,          3201, 1980,       5,      5, 700000, 16896};
constexpr Card k_2080{"NVIDIA GeForce RTX 2080 SUPER",
                      0x01,
                      0x1e8110de,
                      8192,
                      500,
                      7,
                      5,
                      256,
                      7751,
                      2100,
                      3,
                      1,
                      250000,
                      3072};
constexpr Card k_gb10{"NVIDIA GB10", 0x01, 0x2e1210de, 0, 0, 12, 1, 0, 0, 3003, 5, 1, 0, 6144};

Card card() {
  if (what() == "gb10") return k_gb10;
  if (what() == "2080" || what() == "twins" || what() == "broken memory") return k_2080;
  return k_h200;
}

void* handle(unsigned index) { return reinterpret_cast<void*>(std::uintptr_t{index} + 1); }
unsigned index_of(void* device) {
  return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(device) - 1);
}

int give(unsigned* value, unsigned number) {
  *value = what() == "nonsense" ? 0xFFFFFFFFU : number;
  return number == 0 ? k_not_supported : k_success;
}

}  // namespace

extern "C" {

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};

int nvmlInit_v2() {
  fake::misbehave(what());
  return what() == "no driver" ? 9 : k_success;
}
const char* nvmlErrorString(int status) {
  if (status == 9) return "Driver Not Loaded";
  return status == k_not_supported ? "Not Supported" : "Unknown Error";
}
int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  std::snprintf(text, size, "590.48.01");
  return k_success;
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 13010;
  return k_success;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = what() == "twins" ? 2 : 1;
  if (what() == "many") *count = 4'000'000'000U;
  return k_success;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = handle(index);
  return k_success;
}
int nvmlDeviceGetName(void*, char* text, unsigned size) {
  if (what() == "nonsense") {
    std::memset(text, '\xff', size);  // not terminated, not UTF-8
  } else {
    std::snprintf(text, size, "%s", card().name);
  }
  return k_success;
}
int nvmlDeviceGetPciInfo_v3(void* device, PciInfo* pci) {
  std::memset(pci, what() == "nonsense" ? 0xFF : 0, sizeof(*pci));
  if (what() == "nonsense") return k_success;
  pci->bus = card().bus + index_of(device);
  pci->pci_device_id = card().device_id;
  return k_success;
}
int nvmlDeviceGetMemoryInfo_v2(void*, MemoryV2* memory) {
  if (what() == "gb10") return k_not_supported;
  if (what() == "broken memory") return k_not_supported;
  if (memory->version != (sizeof(MemoryV2) | (2U << 24U))) return 25;
  if (what() == "nonsense") {
    std::memset(memory, 0xFF, sizeof(*memory));
    return k_success;
  }
  memory->total = card().total_mebibytes << 20U;
  memory->used = card().used_mebibytes << 20U;
  memory->free = memory->total - memory->used;
  return k_success;
}
int nvmlDeviceGetCudaComputeCapability(void*, int* major, int* minor) {
  *major = what() == "nonsense" ? -1 : card().major;
  *minor = card().minor;
  return k_success;
}
int nvmlDeviceGetMemoryBusWidth(void*, unsigned* bits) { return give(bits, card().bus_bits); }
int nvmlDeviceGetMaxClockInfo(void*, unsigned type, unsigned* megahertz) {
  return give(megahertz, type == 2 ? card().memory_megahertz : card().sm_megahertz);
}
int nvmlDeviceGetCurrPcieLinkGeneration(void*, unsigned* generation) {
  return give(generation, card().now_generation);
}
int nvmlDeviceGetMaxPcieLinkGeneration(void*, unsigned* generation) {
  return give(generation, card().generation);
}
int nvmlDeviceGetCurrPcieLinkWidth(void*, unsigned* lanes) { return give(lanes, 16); }
int nvmlDeviceGetMaxPcieLinkWidth(void*, unsigned* lanes) { return give(lanes, 16); }
int nvmlDeviceGetNumGpuCores(void*, unsigned* cores) { return give(cores, card().cores); }
int nvmlDeviceGetPowerManagementLimit(void*, unsigned* milliwatts) {
  return give(milliwatts, card().power_milliwatts);
}
int nvmlDeviceGetMigMode(void*, unsigned* current, unsigned* pending) {
  if (what() == "2080" || what() == "gb10" || what() == "twins") return k_not_supported;
  *current = *pending = what() == "mig" ? 1 : 0;
  return k_success;
}
int nvmlDeviceGetMaxMigDeviceCount(void*, unsigned* count) {
  *count = what() == "nonsense" ? 0xFFFFFFFFU : 7;
  return k_success;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void*, unsigned index, void** device) {
  if (index >= 2) return k_unknown;
  *device = handle(100 + index);
  return k_success;
}

}  // extern "C"
