#pragma once

#include <filesystem>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// The file system where `place` lies (or would lie, when it does not exist yet), its free space,
/// and the drive under it; an empty `place` is nowhere. Of a recording: the file system of /home,
/// by its mounts; its free space is unknown.
StorageProfile probe_storage(const HostView& host, const std::filesystem::path& place);

}  // namespace assay
