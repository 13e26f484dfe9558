#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/host_view.hpp"

namespace assay {

/// A machine made by hand: files below a temporary folder that goes away with the object.
class MachineTree {
 public:
  MachineTree() {
    // Thousands of small files: in memory where the system offers that.
    const std::filesystem::path memory = "/dev/shm";
    std::error_code error;
    const auto place = std::filesystem::is_directory(memory, error)
                           ? memory
                           : std::filesystem::temp_directory_path();
    std::string name = (place / "assay-tree-XXXXXX").string();
    root_ =
        ::mkdtemp(name.data()) == nullptr ? std::filesystem::path() : std::filesystem::path(name);
  }
  ~MachineTree() {
    std::error_code ignored;
    if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
  }
  MachineTree(MachineTree&& other) noexcept : root_(std::exchange(other.root_, {})) {}
  MachineTree(const MachineTree&) = delete;
  MachineTree& operator=(const MachineTree&) = delete;

  /// Writes one file; `absolute` as on the machine ("/proc/meminfo").
  MachineTree& file(std::string_view absolute, std::string_view content) {
    const std::filesystem::path path = at(absolute);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return *this;
  }
  MachineTree& directory(std::string_view absolute) {
    std::filesystem::create_directories(at(absolute));
    return *this;
  }
  MachineTree& link(std::string_view absolute, std::string_view target) {
    std::filesystem::create_directories(at(absolute).parent_path());
    std::filesystem::create_symlink(target, at(absolute));
    return *this;
  }

  [[nodiscard]] std::filesystem::path at(std::string_view absolute) const {
    return root_ / std::filesystem::path(absolute).relative_path();
  }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] HostView host() const { return HostView::recorded(root_); }

 private:
  std::filesystem::path root_;
};

}  // namespace assay
