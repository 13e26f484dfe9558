#pragma once

#include <cstdint>
#include <string_view>

namespace assay {

/// Which user-space runtimes can drive a neural processor.
enum class NpuFamily {
  intel,
  amd_xdna,
  qualcomm_cloud,
  qualcomm_hexagon,
  hailo,
  edge_tpu,
  rockchip,
  other
};

/// A neural processor known by its PCI id. TOPS are published peaks (INT8 unless the note says
/// otherwise); 0 is "not published". They say what a part can do, not how fast it decodes.
struct NpuPart {
  std::uint16_t vendor_id;
  std::uint16_t device_id;
  int revision;  // -1: any
  NpuFamily family;
  std::string_view name;
  double tops_low;
  double tops_high;
  std::string_view source;
  std::string_view note;
};

/// The row for an id, an exact revision before any; null when there is none.
const NpuPart* find_npu_part(std::uint16_t vendor_id, std::uint16_t device_id,
                             std::uint8_t revision);

/// A product among those that share one PCI id. `mark` is looked for in the processor's brand and
/// in the name that the driver gives the part: '#' stands for a digit, '$' for the end of a word,
/// and a mark begins where a word does.
struct NpuProduct {
  std::uint16_t vendor_id;
  std::uint16_t device_id;
  std::string_view mark;
  std::string_view name;  // empty: that of the part
  double tops_low;
  double tops_high;
  std::string_view source;
};

/// The first row whose mark is in `text`; null when there is none.
const NpuProduct* find_npu_product(std::uint16_t vendor_id, std::uint16_t device_id,
                                   std::string_view text);

}  // namespace assay
