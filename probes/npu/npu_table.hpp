#pragma once

#include <cstdint>
#include <string_view>

namespace assay {

/// A neural processor known by its PCI id. TOPS are published peaks (INT8 unless the note says
/// otherwise); 0 is "not published". They say what a part can do, not how fast it decodes.
struct NpuPart {
  std::uint16_t vendor_id;
  std::uint16_t device_id;
  int revision;  // -1: any
  std::string_view name;
  double tops_low;
  double tops_high;
  std::string_view note;
};

/// The row for an id, an exact revision before any; null when there is none.
const NpuPart* find_npu_part(std::uint16_t vendor_id, std::uint16_t device_id,
                             std::uint8_t revision);

}  // namespace assay
