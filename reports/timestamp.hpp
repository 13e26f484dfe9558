#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// Seconds since 1970 of "2026-02-03T04:05:06Z", with or without a fraction of a second; nothing
/// for any other text.
std::optional<double> seconds_since_epoch(std::string_view utc);

/// The way back, "2026-02-03T04:05:06Z"; a fraction of a second is cut.
std::string utc_text(double seconds_since_epoch);

}  // namespace assay
