#pragma once

#include <string>

namespace assay {

/// Whether this process may open a device node of the live machine for reading and writing.
bool may_open_for_use(const std::string& path);

}  // namespace assay
