#pragma once

#include <string>

#include "base/fact.hpp"

namespace assay {

/// Whether this process may open a device node of the live machine for reading and writing; the
/// source of a no says whether the node lacks or is closed to this user.
Fact<bool> device_access(const std::string& path);

}  // namespace assay
