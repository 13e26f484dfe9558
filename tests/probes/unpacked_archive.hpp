#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/probes/machine_tree.hpp"

namespace assay {

/// A recording from tests/fixtures, unpacked into a temporary folder that goes away with the
/// object.
class UnpackedArchive {
 public:
  explicit UnpackedArchive(const std::string& fixture) {
    const std::filesystem::path archive =
        std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / fixture;
    const std::string command =
        "tar --no-same-owner -xf '" + archive.string() + "' -C '" + tree_.root().string() + "'";
    if (std::system(command.c_str()) != 0) return;
    // One folder is inside, the root of the recording; or the recording itself.
    std::size_t entries = 0;
    for (const auto& entry : std::filesystem::directory_iterator(tree_.root())) {
      root_ = entry.path();
      ++entries;
    }
    if (entries > 1) root_ = tree_.root();
  }
  /// Empty when the archive could not be unpacked.
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  MachineTree tree_;
  std::filesystem::path root_;
};

}  // namespace assay
