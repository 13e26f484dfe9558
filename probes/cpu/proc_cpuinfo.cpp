#include "probes/cpu/proc_cpuinfo.hpp"

#include <algorithm>
#include <array>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

struct ArmPart {
  unsigned implementer;
  unsigned part;
  std::string_view name;
  bool is_little = false;  // a small in-order core
};

// Sources: Linux arch/arm64/include/asm/cputype.h and arch/arm/include/asm/cputype.h, util-linux
// sys-utils/lscpu-arm.c, and the parts' technical reference manuals.
constexpr std::array k_arm_parts{
    ArmPart{0x41, 0xd03, "Arm Cortex-A53", true},
    ArmPart{0x41, 0xd04, "Arm Cortex-A35", true},
    ArmPart{0x41, 0xd05, "Arm Cortex-A55", true},
    ArmPart{0x41, 0xd07, "Arm Cortex-A57"},
    ArmPart{0x41, 0xd08, "Arm Cortex-A72"},
    ArmPart{0x41, 0xd09, "Arm Cortex-A73"},
    ArmPart{0x41, 0xd0a, "Arm Cortex-A75"},
    ArmPart{0x41, 0xd0b, "Arm Cortex-A76"},
    ArmPart{0x41, 0xd0c, "Arm Neoverse N1"},
    ArmPart{0x41, 0xd0d, "Arm Cortex-A77"},
    ArmPart{0x41, 0xd40, "Arm Neoverse V1"},
    ArmPart{0x41, 0xd41, "Arm Cortex-A78"},
    ArmPart{0x41, 0xd44, "Arm Cortex-X1"},
    ArmPart{0x41, 0xd46, "Arm Cortex-A510", true},
    ArmPart{0x41, 0xd47, "Arm Cortex-A710"},
    ArmPart{0x41, 0xd48, "Arm Cortex-X2"},
    ArmPart{0x41, 0xd49, "Arm Neoverse N2"},
    ArmPart{0x41, 0xd4d, "Arm Cortex-A715"},
    ArmPart{0x41, 0xd4e, "Arm Cortex-X3"},
    ArmPart{0x41, 0xd4f, "Arm Neoverse V2"},
    ArmPart{0x41, 0xd80, "Arm Cortex-A520", true},
    ArmPart{0x41, 0xd81, "Arm Cortex-A720"},
    ArmPart{0x41, 0xd82, "Arm Cortex-X4"},
    ArmPart{0x41, 0xd85, "Arm Cortex-X925"},
    ArmPart{0x41, 0xd87, "Arm Cortex-A725"},
    ArmPart{0x48, 0xd01, "HiSilicon TSV110"},
    ArmPart{0x51, 0x800, "Qualcomm Kryo 2XX Gold"},
    ArmPart{0x51, 0x801, "Qualcomm Kryo 2XX Silver", true},
    ArmPart{0x51, 0x001, "Qualcomm Oryon"},
    ArmPart{0xc0, 0xac3, "Ampere-1"},
    ArmPart{0x41, 0xc05, "Arm Cortex-A5", true},
    ArmPart{0x41, 0xc07, "Arm Cortex-A7", true},
    ArmPart{0x41, 0xc08, "Arm Cortex-A8"},
    ArmPart{0x41, 0xc09, "Arm Cortex-A9"},
    ArmPart{0x41, 0xc0f, "Arm Cortex-A15"},
    ArmPart{0x41, 0xd4b, "Arm Cortex-A78C"},
    ArmPart{0x41, 0xd4c, "Arm Cortex-X1C"},
    ArmPart{0x41, 0xd83, "Arm Neoverse V3AE"},
    ArmPart{0x41, 0xd84, "Arm Neoverse V3"},
    ArmPart{0x41, 0xd8e, "Arm Neoverse N3"},
    ArmPart{0x43, 0x0a1, "Cavium ThunderX"},
    ArmPart{0x43, 0x0af, "Cavium ThunderX2"},
    ArmPart{0x46, 0x001, "Fujitsu A64FX"},
    ArmPart{0x48, 0xd40, "HiSilicon Cortex-A76"},
    ArmPart{0x4e, 0x004, "NVIDIA Carmel"},
    ArmPart{0x51, 0x802, "Qualcomm Kryo 3XX Gold"},
    ArmPart{0x51, 0x803, "Qualcomm Kryo 3XX Silver", true},
    ArmPart{0x51, 0x804, "Qualcomm Kryo 4XX Gold"},
    ArmPart{0x51, 0x805, "Qualcomm Kryo 4XX Silver", true},
    ArmPart{0x53, 0x001, "Samsung Exynos M1"},
    ArmPart{0x53, 0x002, "Samsung Exynos M3"},
    ArmPart{0x61, 0x022, "Apple Icestorm (M1)", true},
    ArmPart{0x61, 0x023, "Apple Firestorm (M1)"},
    ArmPart{0x61, 0x032, "Apple Blizzard (M2)", true},
    ArmPart{0x61, 0x033, "Apple Avalanche (M2)"},
    ArmPart{0xc0, 0xac4, "Ampere-1a"},
};

struct ArmImplementer {
  unsigned id;
  std::string_view name;
};

constexpr std::array k_arm_implementers{
    ArmImplementer{0x41, "Arm"},       ArmImplementer{0x42, "Broadcom"},
    ArmImplementer{0x43, "Cavium"},    ArmImplementer{0x46, "Fujitsu"},
    ArmImplementer{0x48, "HiSilicon"}, ArmImplementer{0x4e, "NVIDIA"},
    ArmImplementer{0x50, "APM"},       ArmImplementer{0x51, "Qualcomm"},
    ArmImplementer{0x53, "Samsung"},   ArmImplementer{0x61, "Apple"},
    ArmImplementer{0xc0, "Ampere"},
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) {
    if (!trim(word).empty()) words.push_back(printable(trim(word), 40));
  }
  return words;
}

}  // namespace

std::optional<std::string> ProcCpuinfo::find(std::string_view key) const {
  for (const Processor& processor : processors) {
    const auto field = processor.fields.find(std::string(key));
    if (field != processor.fields.end()) return field->second;
  }
  const auto field = common.find(std::string(key));
  if (field != common.end()) return field->second;
  return std::nullopt;
}

std::vector<std::string> ProcCpuinfo::shared_words(std::string_view key) const {
  std::optional<std::vector<std::string>> shared;
  const auto keep_common = [&shared](std::string_view text) {
    const std::vector<std::string> words = words_of(text);
    if (!shared) {
      shared = words;
      return;
    }
    std::erase_if(*shared, [&words](const std::string& word) {
      return std::find(words.begin(), words.end(), word) == words.end();
    });
  };
  for (const Processor& processor : processors) {
    const auto field = processor.fields.find(std::string(key));
    if (field != processor.fields.end()) keep_common(field->second);
  }
  const auto field = common.find(std::string(key));
  if (!shared && field != common.end()) keep_common(field->second);
  return shared.value_or(std::vector<std::string>());
}

ProcCpuinfo parse_proc_cpuinfo(std::string_view text) {
  ProcCpuinfo info;
  bool in_processor = false;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) {
      in_processor = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string key(trim(line.substr(0, colon)));
    const std::string value = printable(trim(line.substr(colon + 1)), 4096);
    if (key == "processor") {
      const auto number = parse_number<unsigned>(value);
      if (!number) continue;
      info.processors.push_back({*number, {}});
      in_processor = true;
    } else if (in_processor) {
      info.processors.back().fields.try_emplace(key, value);
    } else {
      info.common.try_emplace(key, value);
    }
  }
  return info;
}

std::optional<std::string> arm_part_name(unsigned implementer, unsigned part) {
  for (const ArmPart& row : k_arm_parts) {
    if (row.implementer == implementer && row.part == part) return std::string(row.name);
  }
  return std::nullopt;
}

bool is_little_arm_part(unsigned implementer, unsigned part) {
  return std::any_of(k_arm_parts.begin(), k_arm_parts.end(), [&](const ArmPart& row) {
    return row.implementer == implementer && row.part == part && row.is_little;
  });
}

std::optional<std::string> arm_implementer_name(unsigned implementer) {
  for (const ArmImplementer& row : k_arm_implementers) {
    if (row.id == implementer) return std::string(row.name);
  }
  return std::nullopt;
}

}  // namespace assay
