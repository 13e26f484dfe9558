// A recording is made by probing it while it is empty: whatever the probes of the recording ask for
// is copied from the machine just before they look. So it holds what a replay needs, and a new
// probe is recorded without a list of its own. What libraries read by themselves is named here.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "probes/cpu/cpuid_text.hpp"
#include "probes/probe.hpp"
#include "probes/recording.hpp"
#include "probes/recording/machine_copy.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_explanation =
    "A machine recorded by `assay probe --record`. `assay probe --root .` describes it.\n"
    "proc/, sys/, etc/, run/, usr/: what probes read, as on the machine. cpuid.txt: what its\n"
    "processor says of itself. profile.json: what the machine was found to be, with facts that no\n"
    "file holds (drivers' libraries, free storage); for `assay can-run MODEL --machine`.\n"
    "Left out: serial numbers, UUIDs, hardware addresses, names of the host and its users, home\n"
    "folders, the kernel's command line, the network. Words \"anonymous-N\" stand for such.\n";

// What probes read of one kind of machine only, and may want of each tomorrow.
constexpr std::array<std::string_view, 12> k_also_read{
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/self/status",
    "/sys/devices/cpu_core/cpus",
    "/sys/devices/cpu_atom/cpus",
    "/sys/devices/cpu_lowpower/cpus",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
    "/sys/devices/system/node/online",
    "/sys/devices/system/node/possible",
};

/// hwloc looks for control groups' controllers where they are mounted.
void copy_controllers(const HostView& machine, MachineCopy& copy) {
  const auto mounts = machine.read_text("/proc/mounts");
  if (!mounts) return;
  for (const std::string_view line : split(*mounts, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 3 || words[2] != "cgroup2") continue;
    copy.copy(HostQuestion::content, fmt::format("{}/cgroup.controllers", words[1]));
  }
}

/// What hwloc reads (its topology-linux.c), in a child process that nobody observes.
void copy_for_hwloc(const HostView& machine, MachineCopy& copy) {
  const auto list = [&copy](const std::string& folder) {
    copy.copy(HostQuestion::listing, folder);
  };
  const std::string cpus = "/sys/devices/system/cpu";
  for (const unsigned cpu : online_cpus(machine)) {
    const std::string folder = fmt::format("{}/cpu{}", cpus, cpu);
    list(folder + "/topology");
    for (const std::string& index : machine.list(folder + "/cache")) {
      list(fmt::format("{}/cache/{}", folder, index));
    }
    for (const char* file : {"online", "cpu_capacity", "cpufreq/cpuinfo_max_freq",
                             "cpufreq/base_frequency", "acpi_cppc/nominal_freq"}) {
      copy.copy(HostQuestion::content, fmt::format("{}/{}", folder, file));
    }
  }
  const std::string nodes = "/sys/devices/system/node";
  list(nodes);
  for (const std::string& node : machine.list(nodes)) {
    if (!node.starts_with("node")) continue;
    for (const char* file : {"cpumap", "cpulist", "meminfo", "distance"}) {
      copy.copy(HostQuestion::content, fmt::format("{}/{}/{}", nodes, node, file));
    }
  }
  copy_controllers(machine, copy);
  const std::string cards = "/proc/driver/nvidia/gpus";  // some have memory nodes of their own
  for (const std::string& card : machine.list(cards)) {
    copy.copy(HostQuestion::content, fmt::format("{}/{}/numa_status", cards, card));
  }
}

/// Errors: io when `folder` exists and is not an empty folder.
Result<void> check_target(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) return {};
  if (fs::is_directory(status) && fs::is_empty(folder, error) && !error) return {};
  return fail(ErrorCode::io, "is there already (expected a new or an empty folder)",
              folder.string());
}

/// A folder beside the one that is wanted; removed unless it was moved there.
class UnfinishedFolder {
 public:
  static Result<UnfinishedFolder> beside(const fs::path& folder) {
    fs::path target = fs::absolute(folder).lexically_normal();
    if (!target.has_filename()) target = target.parent_path();
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    std::string name =
        (target.parent_path() / ("." + target.filename().string() + "-XXXXXX")).string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      return fail(
          ErrorCode::io,
          fmt::format("could not be made: {}", error ? error.message() : std::strerror(errno)),
          folder.string());
    }
    return UnfinishedFolder(name, target);
  }
  UnfinishedFolder(UnfinishedFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), target_(std::move(other.target_)) {}
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(UnfinishedFolder&&) = delete;
  ~UnfinishedFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const fs::path& path() const { return path_; }
  Result<void> move_to_target() {
    std::error_code error;
    // mkdtemp lets nobody else in; a recording is made to be given away.
    fs::permissions(path_,
                    fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                        fs::perms::others_read | fs::perms::others_exec,
                    error);
    fs::rename(path_, target_, error);
    if (error) return fail(ErrorCode::io, error.message(), target_.string());
    path_.clear();
    return {};
  }

 private:
  UnfinishedFolder(fs::path path, fs::path target)
      : path_(std::move(path)), target_(std::move(target)) {}

  fs::path path_;
  fs::path target_;
};

/// Probes the recording in `folder`; `copy` fetches what is asked for.
Result<void> probe_while_copying(const std::optional<CpuidSource>& cpuid, const fs::path& folder,
                                 MachineCopy& copy) {
  HostView recording = HostView::recorded(folder);
  if (cpuid && !cpuid->cpus.empty()) {
    if (auto added = copy.add("cpuid.txt", cpuid_text(*cpuid)); !added) return added;
    auto dump = read_cpuid_dump(folder / "cpuid.txt");
    if (!dump) return pass_on(dump);
    recording = recording.with_cpuid(std::move(*dump));
  }
  (void)probe_machine(
      recording.observed_by([&copy](HostQuestion question, std::string_view absolute) {
        copy.copy(question, absolute);
      }));
  return copy.result();
}

}  // namespace

Result<void> record_machine(const HostView& machine, const fs::path& folder,
                            const Identity& identity, const std::vector<RecordingNote>& notes) {
  if (auto checked = check_target(folder); !checked) return checked;
  auto unfinished = UnfinishedFolder::beside(folder);
  if (!unfinished) return pass_on(unfinished);
  AnonymousText names(identity.words, identity.harmless);
  MachineCopy copy(machine, unfinished->path(), names);
  for (const std::string_view path : k_also_read) copy.copy(HostQuestion::content, path);
  copy_for_hwloc(machine, copy);
  const auto cpuid = machine.is_live() && !machine.cpuid() ? live_cpuid() : machine.cpuid();
  if (auto done = probe_while_copying(cpuid, unfinished->path(), copy); !done) return done;
  if (auto added = copy.add("README.txt", k_explanation); !added) return added;
  for (const RecordingNote& note : notes) {
    if (auto added = copy.add(note.name, note.content); !added) return added;
  }
  return unfinished->move_to_target();
}

}  // namespace assay
