#include "probes/npu/npu_table.hpp"

#include <array>

namespace assay {
namespace {

// Ids: Linux drivers/accel/ivpu/ivpu_drv.h, drivers/accel/amdxdna/amdxdna_pci_drv.c,
// drivers/accel/qaic/qaic_drv.c; Hailo's driver headers. Revisions of the AMD parts: logs of lspci.
// TOPS: the makers' announcements as the press reported them. One id often covers several products:
// the range then spans them, and only the processor's brand tells which it is.
constexpr std::array k_parts{
    NpuPart{0x8086, 0x7d1d, -1, "Intel NPU (Meteor Lake)", 11, 11.5, ""},
    NpuPart{0x8086, 0xad1d, -1, "Intel NPU (Arrow Lake)", 11, 13, "by processor"},
    NpuPart{0x8086, 0x643e, -1, "Intel NPU (Lunar Lake)", 40, 48, "by processor"},
    NpuPart{0x8086, 0xb03e, -1, "Intel NPU (Panther Lake)", 50, 50, ""},
    NpuPart{0x8086, 0xfd3e, -1, "Intel NPU (Wildcat Lake)", 0, 0, ""},
    NpuPart{0x8086, 0xd71d, -1, "Intel NPU (Nova Lake)", 0, 0, ""},
    NpuPart{0x1022, 0x1502, -1, "AMD XDNA (Phoenix or Hawk Point)", 10, 16, "by processor"},
    NpuPart{0x1022, 0x17f0, 0x10, "AMD XDNA 2 (Strix Point)", 50, 55, "by processor"},
    NpuPart{0x1022, 0x17f0, 0x11, "AMD XDNA 2 (Strix Halo)", 50, 50, ""},
    NpuPart{0x1022, 0x17f0, 0x20, "AMD XDNA 2 (Krackan Point)", 50, 50, ""},
    NpuPart{0x1022, 0x17f0, -1, "AMD XDNA 2", 50, 60, "by processor"},
    NpuPart{0x1022, 0x17f1, -1, "AMD XDNA", 0, 0, ""},
    NpuPart{0x1022, 0x17f2, -1, "AMD XDNA", 0, 0, ""},
    NpuPart{0x1022, 0x17f3, -1, "AMD XDNA", 0, 0, ""},
    NpuPart{0x1022, 0x1b0a, -1, "AMD XDNA", 0, 0, ""},
    NpuPart{0x1022, 0x1b0b, -1, "AMD XDNA", 0, 0, ""},
    NpuPart{0x1022, 0x1b0c, -1, "AMD XDNA", 0, 0, ""},
    NpuPart{0x17cb, 0xa100, -1, "Qualcomm Cloud AI 100", 0, 0, ""},
    NpuPart{0x1e60, 0x2864, -1, "Hailo-8 or 8L", 13, 26, "no memory for a language model"},
    NpuPart{0x1e60, 0x45c4, -1, "Hailo-10H", 20, 40, "20 INT8, 40 INT4"},
    NpuPart{0x1e60, 0x43a2, -1, "Hailo-15L", 20, 40, "20 INT8, 40 INT4"},
};

}  // namespace

const NpuPart* find_npu_part(std::uint16_t vendor_id, std::uint16_t device_id,
                             std::uint8_t revision) {
  const NpuPart* any = nullptr;
  for (const NpuPart& part : k_parts) {
    if (part.vendor_id != vendor_id || part.device_id != device_id) continue;
    if (part.revision == revision) return &part;
    if (part.revision < 0) any = &part;
  }
  return any;
}

}  // namespace assay
