#pragma once

#include <optional>
#include <string_view>

namespace assay {

/// Seconds since 1970 of "2026-02-03T04:05:06Z", with or without a fraction of a second; nothing
/// for any other text.
std::optional<double> seconds_since_epoch(std::string_view utc);

}  // namespace assay
