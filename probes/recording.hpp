#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/host_view.hpp"
#include "base/result.hpp"

namespace assay {

/// What must not stand in a recording, beside what never does (serial numbers, UUIDs, addresses of
/// network cards): names of the host and of its users, home folders.
struct Identity {
  std::vector<std::string> words;
  /// What looks like an identity and is none: random run ids, salted hashes.
  std::vector<std::string> harmless{};
};

/// The names of the host and of the people who log in to it, as its files tell.
Identity identity_of(const HostView& machine);

/// A file that goes into a recording beside the recorded tree.
struct RecordingNote {
  std::string name;
  std::string content;
};

/// Writes what probes read of `machine` below `folder`, so that open_recording(folder) replays it:
/// proc/, sys/ and a few files of etc/ and run/ as on the machine, cpuid.txt, and `notes`. The list
/// of files is what a probe of the recording asks for: each is copied, without what identifies the
/// machine or its users, when it is asked for. `folder` appears whole or not at all.
/// Errors: io when it exists and is not empty, could not be written, or would grow beyond bounds.
Result<void> record_machine(const HostView& machine, const std::filesystem::path& folder,
                            const Identity& identity, const std::vector<RecordingNote>& notes);

/// A recorded machine: the folder with proc/ or sys/ in it, a folder that holds it as the only one
/// or as fsroot/. CPUID is `cpuid` when it is named, else the recording's own cpuid.txt or cpuid/.
/// Errors: refused_input when `folder` is none of these, or its CPUID cannot be read.
Result<HostView> open_recording(const std::filesystem::path& folder,
                                const std::optional<std::filesystem::path>& cpuid = std::nullopt);

}  // namespace assay
