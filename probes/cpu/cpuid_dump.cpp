// Reads CPUID recordings. Spellings, as found in the libcpuid and hwloc collections:
//   "basic_cpuid[N]=EAX EBX ECX EDX" and its sisters, with or without
//   "_____ Logical CPU #N _____" headers (libcpuid's own);
//   "CPUID LLLLLLLL: EAX-EBX-ECX-EDX [SL ss] comment" under one of the headers
//   "------[ Logical CPU #N ]------", "------[ CPUID Registers / Logical CPU #N ]------",
//   "CPUID Registers (CPU #N):", "CPU#NNN AffMask: 0x..";
//   "arm_midr=HEX" and its sisters, the identification registers of Arm cores (libcpuid's own);
//   any of these with a line "XCR0: 00000000000000E7", as our own recordings have;
//   a folder of pu0, pu1, ... with "mask EAX EBX ECX EDX => EAX EBX ECX EDX" (hwloc).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "base/file.hpp"
#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/cpu/cpuid_recording.hpp"
#include "probes/probe.hpp"

namespace assay {
namespace {

constexpr Bytes k_largest_dump = mebibytes(16);  // 10 times a recording of 512 CPUs
constexpr unsigned k_most_cpus = 8192;           // CONFIG_NR_CPUS at its largest on x86
constexpr std::size_t k_most_answers = std::size_t{1} << 20;

/// Four hexadecimal registers, separated by `separator`.
std::optional<CpuidRegisters> parse_registers(std::string_view text, char separator) {
  std::array<std::uint32_t, 4> values{};
  std::size_t count = 0;
  for (const std::string_view part : split(text, separator)) {
    if (trim(part).empty()) continue;
    const auto value = parse_number<std::uint32_t>(trim(part), 16);
    if (!value || count == values.size()) return std::nullopt;
    values[count++] = *value;
  }
  if (count != values.size()) return std::nullopt;
  return CpuidRegisters{values[0], values[1], values[2], values[3]};
}

struct ArrayOfLeaf {
  std::string_view name;
  std::uint32_t leaf;
  bool index_is_leaf;  // the index counts leaves from `leaf` on; otherwise it is the sub-leaf
};

constexpr std::array<ArrayOfLeaf, 7> k_libcpuid_arrays{{
    {"basic_cpuid", 0x0, true},
    {"ext_cpuid", 0x80000000, true},
    {"intel_fn4", 0x4, false},
    {"intel_fn11", 0xB, false},
    {"intel_fn12h", 0x12, false},
    {"intel_fn14h", 0x14, false},
    {"amd_fn8000001dh", 0x8000001D, false},
}};

bool is_header(std::string_view line) {
  return line.find("Logical CPU #") != std::string_view::npos ||
         line.starts_with("CPUID Registers (CPU #") ||
         (line.starts_with("CPU#") && line.find("AffMask") != std::string_view::npos);
}

/// The number behind the first '#' of a header.
std::optional<unsigned> header_cpu(std::string_view line) {
  const std::size_t mark = line.find('#');
  if (mark == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(mark + 1);
  return parse_number<unsigned>(digits.substr(0, digits.find_first_not_of("0123456789")));
}

/// Only dashes: expected values of somebody's test follow.
bool is_end_of_raw_part(std::string_view line) {
  return line.size() >= 40 && line.find_first_not_of('-') == std::string_view::npos;
}

/// Reads the text spellings line by line. A header starts the next CPU; the number that it names
/// counts only where it leads on: recordings exist in which every block calls itself CPU 0.
class DumpParser {
 public:
  explicit DumpParser(CpuidRecording& recording) : recording_(recording) {}

  /// Nothing when the line was taken or is not about CPUID; what is wrong otherwise.
  std::optional<std::string> take(std::string_view line) {
    if (is_header(line)) {
      if (cpu_has_answers_) ++cpu_;
      cpu_ = std::max(cpu_, header_cpu(line).value_or(0));
      cpu_has_answers_ = false;
      repeats_.clear();
      if (cpu_ >= k_most_cpus) return fmt::format("more than {} CPUs", k_most_cpus);
      return std::nullopt;
    }
    if (line.starts_with("CPUID ") && line.find(':') != std::string_view::npos) {
      return take_leaf_line(line.substr(6));
    }
    if (line.starts_with("arm_")) return take_arm_line(line.substr(4));
    if (line.starts_with("XCR0:")) {
      const auto value = parse_number<std::uint64_t>(trim(line.substr(5)), 16);
      if (!value) return "XCR0 is not a hexadecimal number";
      recording_.set_xcr0(*value);
      return std::nullopt;
    }
    for (const ArrayOfLeaf& array : k_libcpuid_arrays) {
      if (line.starts_with(array.name) && line.substr(array.name.size()).starts_with("[")) {
        return take_array_line(line.substr(array.name.size() + 1), array);
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> add(std::uint32_t leaf, std::uint32_t subleaf,
                                 CpuidRegisters registers) {
    if (recording_.size() >= k_most_answers) return "more answers than any machine gives";
    recording_.add(cpu_, leaf, subleaf, registers);
    cpu_has_answers_ = true;
    return std::nullopt;
  }

  std::optional<std::string> take_leaf_line(std::string_view line) {
    const std::size_t colon = line.find(':');
    const auto leaf = parse_number<std::uint32_t>(trim(line.substr(0, colon)), 16);
    if (!leaf) return "the leaf is not a hexadecimal number";
    std::string_view rest = trim(line.substr(colon + 1));
    const std::size_t bracket = rest.find_first_of(" \t[");
    const auto registers = parse_registers(rest.substr(0, bracket), '-');
    if (!registers) return "expected EAX-EBX-ECX-EDX in hexadecimal";
    std::uint32_t subleaf = repeats_[*leaf]++;  // unnumbered lines are sub-leaves 0, 1, 2, ...
    const std::size_t mark = rest.find("[SL ");
    if (mark != std::string_view::npos) {
      const std::string_view number = rest.substr(mark + 4, rest.find(']', mark) - mark - 4);
      const auto named = parse_number<std::uint32_t>(trim(number), 16);
      if (!named) return "the sub-leaf is not a hexadecimal number";
      subleaf = *named;
    }
    return add(*leaf, subleaf, *registers);
  }

  /// "midr=00000000410fd083"
  std::optional<std::string> take_arm_line(std::string_view line) {
    const std::size_t equals = line.find('=');
    const auto value = equals == std::string_view::npos || equals == 0 || equals > 40
                           ? std::nullopt
                           : parse_number<std::uint64_t>(trim(line.substr(equals + 1)), 16);
    if (!value) return "expected arm_NAME=VALUE in hexadecimal";
    if (recording_.size() >= k_most_answers) return "more answers than any machine gives";
    recording_.add_arm_register(cpu_, std::string(line.substr(0, equals)), *value);
    cpu_has_answers_ = true;
    return std::nullopt;
  }

  std::optional<std::string> take_array_line(std::string_view line, const ArrayOfLeaf& array) {
    const std::size_t bracket = line.find("]=");
    const auto index = parse_number<std::uint32_t>(line.substr(0, bracket), 10);
    if (bracket == std::string_view::npos || !index || *index > 255) {
      return "expected NAME[INDEX]=EAX EBX ECX EDX";
    }
    const auto registers = parse_registers(line.substr(bracket + 2), ' ');
    if (!registers) return "expected EAX EBX ECX EDX in hexadecimal";
    if (array.index_is_leaf) return add(array.leaf + *index, 0, *registers);
    return add(array.leaf, *index, *registers);
  }

  CpuidRecording& recording_;
  unsigned cpu_ = 0;
  bool cpu_has_answers_ = false;
  std::map<std::uint32_t, std::uint32_t> repeats_;
};

Result<void> read_text_dump(std::string_view text, const std::string& name,
                            CpuidRecording& recording) {
  DumpParser parser(recording);
  std::size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (is_end_of_raw_part(line)) break;
    if (const auto problem = parser.take(line)) {
      return fail(ErrorCode::refused_input,
                  fmt::format("line {}: \"{}\" found ({})", number, printable(line, 80), *problem),
                  name);
    }
  }
  return {};
}

/// One line of hwloc's spelling: which inputs count (1 EAX, 4 ECX), the inputs, the answers.
Result<void> read_hwloc_line(std::string_view line, const std::string& name, unsigned cpu,
                             CpuidRecording& recording) {
  if (line.empty() || line.starts_with('#')) return {};
  const std::size_t arrow = line.find("=>");
  const std::size_t space = line.find(' ');
  const auto question = arrow == std::string_view::npos || space > arrow
                            ? std::nullopt
                            : parse_registers(line.substr(space, arrow - space), ' ');
  const auto answer =
      question ? parse_registers(line.substr(arrow + 2), ' ') : std::optional<CpuidRegisters>();
  if (!answer) {
    return fail(ErrorCode::refused_input,
                fmt::format("\"{}\" found (expected MASK EAX EBX ECX EDX => EAX EBX ECX EDX)",
                            printable(line, 80)),
                name);
  }
  const bool has_subleaf = line.starts_with('4') || line.starts_with('5');
  recording.add(cpu, question->eax, has_subleaf ? question->ecx : 0, *answer);
  return {};
}

Result<void> read_hwloc_folder(const std::filesystem::path& folder, CpuidRecording& recording) {
  std::error_code error;
  std::vector<unsigned> cpus;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const auto cpu = parse_number<unsigned>(
        name.starts_with("pu") ? std::string_view(name).substr(2) : std::string_view(), 10);
    if (cpu && *cpu < k_most_cpus) cpus.push_back(*cpu);
  }
  std::sort(cpus.begin(), cpus.end());
  for (const unsigned cpu : cpus) {
    const std::filesystem::path path = folder / fmt::format("pu{}", cpu);
    const auto text = read_file(path, mebibytes(1));
    if (!text) return pass_on(text);
    for (const std::string_view line : split(*text, '\n')) {
      if (recording.size() >= k_most_answers) {
        return fail(ErrorCode::refused_input, "more answers than any machine gives", path.string());
      }
      if (auto done = read_hwloc_line(trim(line), path.string(), cpu, recording); !done)
        return done;
    }
  }
  return {};
}

}  // namespace

Result<CpuidSource> read_cpuid_dump(const std::filesystem::path& path) {
  auto recording = std::make_shared<CpuidRecording>();
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    if (auto done = read_hwloc_folder(path, *recording); !done) return pass_on(done);
  } else {
    const auto text = read_file(path, k_largest_dump);
    if (!text) return pass_on(text);
    if (auto done = read_text_dump(*text, path.string(), *recording); !done) return pass_on(done);
  }
  bool has_vendor = false;
  for (const unsigned cpu : recording->cpus()) {
    has_vendor = has_vendor || recording->find(cpu, 0, 0).has_value();
  }
  if (!has_vendor && !recording->has_arm_registers()) {
    return fail(ErrorCode::refused_input,
                "no CPUID leaf 0 found (expected lines \"CPUID 00000000: EAX-EBX-ECX-EDX\", "
                "\"basic_cpuid[0]=EAX EBX ECX EDX\", or a folder of pu0, pu1, ... by "
                "hwloc-gather-cpuid)",
                path.string(),
                "`assay probe --record DIR` on that machine writes one: DIR/cpuid.txt");
  }
  return CpuidRecording::source(std::move(recording), path.filename().string());
}

}  // namespace assay
