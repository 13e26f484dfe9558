#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace assay {

/// What of a path of the machine may stand in a recording.
enum class CopyRule {
  never,
  existence,  // that it is there
  content,
};

/// `absolute` has no links in it.
CopyRule copy_rule(std::string_view absolute);

/// PCI vendors and devices of a machine: what of the list of all names is of use.
struct PciIds {
  std::set<std::uint32_t> vendors;
  std::set<std::uint32_t> devices;
};

/// The part of a file that probes need, without serial numbers and the like: lines of unknown kinds
/// of files whose key names one are left out, files that hold more have rules of their own.
std::string recorded_content(std::string_view absolute, std::string_view content,
                             const PciIds& pci);

}  // namespace assay
