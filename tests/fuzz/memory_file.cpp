#include "tests/fuzz/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace assay {

MemoryFile::MemoryFile(std::string_view content)
    : descriptor_(::memfd_create("assay-test", MFD_CLOEXEC)) {
  if (descriptor_ < 0) std::abort();
  append(content);
}

MemoryFile::~MemoryFile() { ::close(descriptor_); }

void MemoryFile::append(std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor_, content.data(), content.size());
    if (written <= 0) std::abort();
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::filesystem::path MemoryFile::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace assay
