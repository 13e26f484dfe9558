#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/enum_table.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// What a maker asks of a computer before it may bear a name (configs/policies/copilot-plus.json:
/// Microsoft's page on Copilot+ PCs).
struct HardwareBar {
  std::string name;
  double npu_tops = 0.0;
  Bytes memory;   // as sold
  Bytes storage;  // as sold
  /// The system sees less than what was sold: firmware and graphics keep a part of the memory.
  double seen_share = 1.0;
  bool solid_state = false;  // the drive must not turn
};

enum class BarAnswer { yes, no, unknown };

inline constexpr EnumTable<BarAnswer, 3> k_bar_answer_names{
    {{{BarAnswer::yes, "yes"}, {BarAnswer::no, "no"}, {BarAnswer::unknown, "unknown"}}}};

struct BarCriterion {
  std::string name;  // "npu", "memory", "storage"
  BarAnswer answer = BarAnswer::unknown;
  std::string why;
};

/// No when one criterion is a no, else unknown when one is unknown.
struct BarVerdict {
  std::string bar;
  BarAnswer answer = BarAnswer::unknown;
  std::vector<BarCriterion> criteria;
};

/// Whether a machine meets a bar, by what its profile says; nothing is measured. A range that spans
/// the bar is unknown.
BarVerdict judge_bar(const HardwareBar& bar, const MachineProfile& machine);

/// The Copilot+ bar that is compiled in.
Result<HardwareBar> copilot_plus_bar();
/// Errors: refused_input, naming the field.
Result<HardwareBar> parse_hardware_bar(std::string_view json, const std::string& source);

}  // namespace assay
