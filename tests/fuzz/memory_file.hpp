#pragma once

#include <filesystem>
#include <string_view>

namespace assay {

/// A file that lies in memory and has a path while it lives.
class MemoryFile {
 public:
  /// Requires a system with memfd_create; the process ends otherwise.
  explicit MemoryFile(std::string_view content);
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  void append(std::string_view content);
  [[nodiscard]] std::filesystem::path path() const;

 private:
  int descriptor_;
};

}  // namespace assay
