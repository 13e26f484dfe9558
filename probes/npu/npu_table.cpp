#include "probes/npu/npu_table.hpp"

#include <array>

namespace assay {
namespace {

// Ids: Linux drivers/accel/ivpu/ivpu_drv.h, drivers/accel/amdxdna/amdxdna_pci_drv.c,
// drivers/accel/qaic/qaic_drv.c; Hailo's driver headers; the Edge TPU's gasket driver. Revisions of
// the AMD parts: logs of lspci. TOPS: the makers' announcements as the press reported them. One id
// often covers several products: the range then spans them, and k_products tells some apart.
constexpr std::array k_parts{
    NpuPart{0x8086, 0x7d1d, -1, NpuFamily::intel, "Intel NPU (Meteor Lake)", 11, 11.5,
            "theregister.com 2024-04-10", ""},
    NpuPart{0x8086, 0xad1d, -1, NpuFamily::intel, "Intel NPU (Arrow Lake)", 11, 13,
            "computerbase.de 2024-07", "by processor"},
    NpuPart{0x8086, 0x643e, -1, NpuFamily::intel, "Intel NPU (Lunar Lake)", 40, 48,
            "Intel's launch slides, 2024-09", "by processor"},
    NpuPart{0x8086, 0xb03e, -1, NpuFamily::intel, "Intel NPU (Panther Lake)", 50, 50,
            "rcrtech.com 2025-10: roughly 50", ""},
    NpuPart{0x8086, 0xfd3e, -1, NpuFamily::intel, "Intel NPU (Wildcat Lake)", 0, 0, "", ""},
    NpuPart{0x8086, 0xd71d, -1, NpuFamily::intel, "Intel NPU (Nova Lake)", 0, 0, "", ""},
    NpuPart{0x1022, 0x1502, -1, NpuFamily::amd_xdna, "AMD XDNA (Phoenix or Hawk Point)", 10, 16,
            "techpowerup.com 316436", "by processor"},
    NpuPart{0x1022, 0x17f0, 0x10, NpuFamily::amd_xdna, "AMD XDNA 2 (Strix Point)", 50, 55,
            "anandtech.com 21469", "by processor"},
    NpuPart{0x1022, 0x17f0, 0x11, NpuFamily::amd_xdna, "AMD XDNA 2 (Strix Halo)", 50, 50,
            "AMD's announcement, CES 2025", ""},
    NpuPart{0x1022, 0x17f0, 0x20, NpuFamily::amd_xdna, "AMD XDNA 2 (Krackan Point)", 50, 50,
            "purepc.pl, 2025-01", ""},
    NpuPart{0x1022, 0x17f0, -1, NpuFamily::amd_xdna, "AMD XDNA 2", 50, 60,
            "AMD's announcements, 2024 to 2026", "by processor"},
    NpuPart{0x1022, 0x17f1, -1, NpuFamily::amd_xdna, "AMD XDNA", 0, 0, "", ""},
    NpuPart{0x1022, 0x17f2, -1, NpuFamily::amd_xdna, "AMD XDNA", 0, 0, "", ""},
    NpuPart{0x1022, 0x17f3, -1, NpuFamily::amd_xdna, "AMD XDNA", 0, 0, "", ""},
    NpuPart{0x1022, 0x1b0a, -1, NpuFamily::amd_xdna, "AMD XDNA", 0, 0, "", ""},
    NpuPart{0x1022, 0x1b0b, -1, NpuFamily::amd_xdna, "AMD XDNA", 0, 0, "", ""},
    NpuPart{0x1022, 0x1b0c, -1, NpuFamily::amd_xdna, "AMD XDNA", 0, 0, "", ""},
    NpuPart{0x17cb, 0xa100, -1, NpuFamily::qualcomm_cloud, "Qualcomm Cloud AI 100", 0, 0, "", ""},
    NpuPart{0x1e60, 0x2864, -1, NpuFamily::hailo, "Hailo-8 or 8L", 13, 26, "cnx-software.com, 2020",
            "no memory for a language model"},
    NpuPart{0x1e60, 0x45c4, -1, NpuFamily::hailo, "Hailo-10H", 20, 20, "Hailo's product page",
            "40 INT4"},
    NpuPart{0x1e60, 0x43a2, -1, NpuFamily::hailo, "Hailo-15L", 20, 20, "Hailo's product page",
            "40 INT4"},
    NpuPart{0x1ac1, 0x089a, -1, NpuFamily::edge_tpu, "Google Coral Edge TPU", 4, 4,
            "Coral's data sheet", "no memory for a language model"},
};

// Core Ultra 200S, H and HX have the NPU of 13 TOPS; what those with U have is not published in the
// sources at hand. "AI 9 HX 375" and its kin name their NPU's speed by their own number.
constexpr std::array k_products{
    NpuProduct{0x8086, 0xad1d, "2##H", "", 13, 13, "computerbase.de 2024-10 (200H, 200HX)"},
    NpuProduct{0x8086, 0xad1d, "2##K", "", 13, 13, "hardwareluxx.de 64714 (200S)"},
    NpuProduct{0x8086, 0xad1d, "2##F", "", 13, 13, "hardwareluxx.de 64714 (200S)"},
    NpuProduct{0x8086, 0xad1d, "2##T", "", 13, 13, "hardwareluxx.de 64714 (200S)"},
    NpuProduct{0x8086, 0xad1d, "2##$", "", 13, 13, "hardwareluxx.de 64714 (200S)"},
    NpuProduct{0x8086, 0x643e, "288V", "", 48, 48, "Intel's launch slides, 2024-09"},
    NpuProduct{0x1022, 0x1502, "7###", "AMD XDNA (Phoenix)", 10, 10, "techpowerup.com 316436"},
    NpuProduct{0x1022, 0x1502, "8###", "AMD XDNA (Hawk Point)", 16, 16, "techpowerup.com 316436"},
    NpuProduct{0x1022, 0x1502, "2##$", "AMD XDNA (Hawk Point)", 16, 16,
               "AMD's announcement of the Ryzen 200 series, CES 2025"},
    NpuProduct{0x1022, 0x17f0, "HX 375", "", 55, 55, "topcpu.net, HX 375"},
    NpuProduct{0x1022, 0x17f0, "AI 9 HX 370", "", 50, 50, "anandtech.com 21469"},
    NpuProduct{0x1022, 0x17f0, "AI 9 365", "", 50, 50, "anandtech.com 21469"},
    NpuProduct{0x1022, 0x17f0, "AI 9 HX 475", "AMD XDNA 2 (Gorgon Point)", 60, 60,
               "AMD's announcement, CES 2026"},
    NpuProduct{0x1022, 0x17f0, "AI 9 HX 470", "AMD XDNA 2 (Gorgon Point)", 55, 55,
               "hwlegend.tech, 2025-11"},
    NpuProduct{0x1022, 0x17f0, "AI 7 450", "AMD XDNA 2 (Gorgon Point)", 50, 50,
               "notebookcheck.pl 1202299"},
    NpuProduct{0x1022, 0x17f0, "Gorgon Point", "AMD XDNA 2 (Gorgon Point)", 50, 60,
               "AMD's announcement, CES 2026"},
};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool mark_fits_at(std::string_view text, std::size_t at, std::string_view mark) {
  for (const char wanted : mark) {
    const char found = at < text.size() ? text[at] : ' ';
    const bool fits = wanted == '#'   ? is_digit(found)
                      : wanted == '$' ? found == ' '
                                      : found == wanted;
    if (!fits) return false;
    ++at;
  }
  return true;
}

bool holds_mark(std::string_view text, std::string_view mark) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((at == 0 || text[at - 1] == ' ') && mark_fits_at(text, at, mark)) return true;
  }
  return false;
}

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

const NpuProduct* find_npu_product(std::uint16_t vendor_id, std::uint16_t device_id,
                                   std::string_view text) {
  for (const NpuProduct& product : k_products) {
    if (product.vendor_id != vendor_id || product.device_id != device_id) continue;
    if (holds_mark(text, product.mark)) return &product;
  }
  return nullptr;
}

}  // namespace assay
