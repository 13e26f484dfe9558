#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"

namespace assay {

/// Text of unknown origin made safe for a terminal or a log: control bytes and invalid UTF-8 become
/// \xNN, and it is cut at `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 200);

/// The candidates nearest to `name` by edit distance, best first, at most `count`; only plausible
/// ones.
std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string>& candidates,
                                       std::size_t count = 3);

/// "1.9 GB", "512 MB": decimal units, as storage and bandwidth are sold.
std::string human_bytes(Bytes bytes);

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// A byte count as users type it: "8G" and "8GB" are 8e9, "8GiB" is 8 * 2^30, "123456" is bytes.
std::optional<Bytes> parse_bytes(std::string_view text);

}  // namespace assay
