#pragma once

#include <optional>
#include <string>

#include "base/host_view.hpp"

namespace assay {

/// The first word or line of a small file, printable; empty when it cannot be read.
std::string read_word(const HostView& host, const std::string& path);

/// A whole number in a file, times `scale`; nothing when the file holds none, or one whose size is
/// over `limit` after scaling.
std::optional<double> read_scaled(const HostView& host, const std::string& path, double scale,
                                  double limit);

}  // namespace assay
