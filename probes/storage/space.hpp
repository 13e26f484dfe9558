#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

/// What the running system says of the file system of an existing folder.
struct FilesystemSpace {
  Bytes free;  // for this user
  Bytes total;
  std::string type;  // "ext4"; by its magic number
};

/// Errors: io, with the system's words.
Result<FilesystemSpace> filesystem_space(const std::filesystem::path& folder);

}  // namespace assay
