#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// /proc/cpuinfo: one block of "key : value" lines for each processor. Old Arm kernels give the
/// blocks only their number, and say the rest once, after the last.
struct ProcCpuinfo {
  struct Processor {
    unsigned number = 0;
    std::map<std::string, std::string> fields;
  };
  std::vector<Processor> processors;
  std::map<std::string, std::string> common;  // lines outside of any processor's block

  /// The first value of `key` in any block.
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const;
  /// The words that all processors share in `key` ("flags", "Features").
  [[nodiscard]] std::vector<std::string> shared_words(std::string_view key) const;
};

/// Never fails: what is not "key : value" is passed over.
ProcCpuinfo parse_proc_cpuinfo(std::string_view text);

/// "Arm Cortex-A72" for an implementer and part as in /proc/cpuinfo or MIDR_EL1; nothing when it is
/// not in the table.
std::optional<std::string> arm_part_name(unsigned implementer, unsigned part);
/// Whether a part is a small in-order core, made to sit beside bigger ones; false when it is not in
/// the table.
bool is_little_arm_part(unsigned implementer, unsigned part);
/// "Arm", "Qualcomm"; nothing when it is not in the table.
std::optional<std::string> arm_implementer_name(unsigned implementer);

}  // namespace assay
