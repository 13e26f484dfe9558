#pragma once

#include <filesystem>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// File system and free space where `place` lies (or would lie, when it does not exist yet). Of the
/// live machine only; an empty `place` is nowhere.
StorageProfile probe_storage(const HostView& host, const std::filesystem::path& place);

}  // namespace assay
