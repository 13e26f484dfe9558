#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay {

struct CpuidRegisters {
  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
};

struct CpuidQuestion {
  std::uint32_t leaf = 0;
  std::uint32_t subleaf = 0;
};

/// Where CPUID answers come from: the running processor, or a recording of one.
struct CpuidSource {
  /// Answers leaf and sub-leaf on logical CPU `cpu`; nothing when the source does not hold it.
  std::function<std::optional<CpuidRegisters>(unsigned cpu, std::uint32_t leaf,
                                              std::uint32_t subleaf)>
      query;
  /// Every leaf and sub-leaf that `query` answers on `cpu`, ascending; may be unset.
  std::function<std::vector<CpuidQuestion>(unsigned cpu)> questions;
  /// XCR0, the state components that the operating system enabled; nothing when not recorded.
  std::function<std::optional<std::uint64_t>()> xcr0;
  std::vector<unsigned> cpus;  // the logical CPUs that can be asked
  std::string description;     // "live", or the name of the recording
  /// Of a recording of Arm cores, which have no CPUID: the identification registers of each by name
  /// ("midr", "id_aa64isar0"). `cpus` is empty then.
  std::vector<std::map<std::string, std::uint64_t>> arm_registers;
};

/// Why a file of the machine could not be read: not there, not permitted, or broken.
enum class ReadProblem { missing, denied, failed };

/// Where vendors' libraries (NVML, the Vulkan loader) may be loaded from.
struct LibrarySource {
  /// The only folder to look in; nothing: wherever the system's dynamic loader finds them.
  std::optional<std::filesystem::path> folder;
};

struct ReadFailure {
  ReadProblem problem = ReadProblem::failed;
  std::string reason;  // for people: "/proc/meminfo: no such file"
};

/// What a probe asks about a path of the machine.
enum class HostQuestion { content, listing, existence, link };

/// Told of every path before it is looked at.
using HostObserver = std::function<void(HostQuestion question, std::string_view absolute)>;

/// The part of the world that probes may look at: a root directory, a CPUID source and a source of
/// vendors' libraries. A recorded machine is a directory tree; nothing is ever read from outside
/// the root when one is given, and no library is loaded unless a source of them is given.
class HostView {
 public:
  /// The running machine.
  static HostView live();
  /// A recorded tree. Without a CPUID source every CPUID fact is unknown.
  static HostView recorded(std::filesystem::path root,
                           std::optional<CpuidSource> cpuid = std::nullopt);

  /// The same view with another CPUID source.
  [[nodiscard]] HostView with_cpuid(CpuidSource cpuid) const;
  /// The same view, whose every question `observer` hears of before it is answered.
  [[nodiscard]] HostView observed_by(HostObserver observer) const;
  /// The same view with another source of libraries.
  [[nodiscard]] HostView with_libraries(LibrarySource libraries) const;

  [[nodiscard]] bool is_live() const { return live_; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] const std::optional<CpuidSource>& cpuid() const { return cpuid_; }
  /// Nothing: no library may be loaded (a recording).
  [[nodiscard]] const std::optional<LibrarySource>& libraries() const { return libraries_; }

  /// Absolute path (as on the machine, "/proc/meminfo") to where it lies under the root. Symbolic
  /// links of a recording are resolved inside the root.
  [[nodiscard]] std::filesystem::path locate(std::string_view absolute) const;
  /// Whole text of a small file, at most `limit` bytes. Never blocks on FIFOs, never follows
  /// devices.
  [[nodiscard]] tl::expected<std::string, ReadFailure> read_text(std::string_view absolute,
                                                                 std::size_t limit = std::size_t{1}
                                                                                     << 20) const;
  /// Names in a directory, sorted; empty when it does not exist.
  [[nodiscard]] std::vector<std::string> list(std::string_view absolute) const;
  [[nodiscard]] bool exists(std::string_view absolute) const;
  /// Last component of a symbolic link's target (a driver's name, for example).
  [[nodiscard]] std::optional<std::string> link_name(std::string_view absolute) const;

 private:
  HostView(std::filesystem::path root, bool live, std::optional<CpuidSource> cpuid);

  void tell(HostQuestion question, std::string_view absolute) const;

  std::filesystem::path root_;
  bool live_;
  std::optional<CpuidSource> cpuid_;
  HostObserver observer_;
  std::optional<LibrarySource> libraries_;
};

}  // namespace assay
