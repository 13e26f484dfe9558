#pragma once

#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "reports/assessment.hpp"

namespace assay {

/// $ASSAY_STATE, else $XDG_STATE_HOME/assay, else ~/.local/state/assay; an empty path when none of
/// them is set.
std::filesystem::path state_directory();

/// Keeps a result: results/<time>-<run>.json, and latest.json when it is an assessment of this
/// machine, limits.json when it is a probe that measured. Returns where it lies. Errors: io.
Result<std::filesystem::path> store_result(const std::filesystem::path& state,
                                           const Assessment& assessment);

/// The latest assessment that was kept; nothing when there is none. Errors: refused_input for a
/// broken file.
Result<std::optional<Assessment>> latest_result(const std::filesystem::path& state);

/// The latest limits that `assay probe --measure` kept; nothing when there are none. Errors:
/// refused_input for a broken file.
Result<std::optional<Assessment>> latest_limits(const std::filesystem::path& state);

/// Where the outcomes of verification are kept between runs; empty without a state directory.
std::filesystem::path verification_cache_file(const std::filesystem::path& state);

}  // namespace assay
