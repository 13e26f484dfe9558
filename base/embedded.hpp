#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace assay {

/// One file that is compiled into the program.
struct EmbeddedFile {
  std::string_view name;  // path below its root, "policies/default.json"
  std::string_view content;
};

/// Every file of configs/, in the order of the build's list.
std::span<const EmbeddedFile> embedded_files();
std::optional<std::string_view> embedded_file(std::string_view name);

}  // namespace assay
