#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "workloads/micro/scratch_file.hpp"

namespace assay {
namespace {

constexpr std::size_t k_alignment = 4096;  // of direct reads: at least the drive's own blocks

/// For file systems without nameless files: the name goes away before anything is written.
int create_and_unlink(const std::filesystem::path& folder) {
  std::string name = (folder / ".assay-storage-XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor >= 0) ::unlink(name.c_str());
  return descriptor;
}

}  // namespace

void FreeAligned::operator()(std::byte* memory) const { std::free(memory); }

AlignedBlock aligned_block() {
  return AlignedBlock(static_cast<std::byte*>(std::aligned_alloc(k_alignment, k_block)));
}

Result<ScratchFile> ScratchFile::create(const std::filesystem::path& folder) {
  int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) descriptor = create_and_unlink(folder);
  if (descriptor < 0) {
    return fail(ErrorCode::io, std::string("no file can be made: ") + std::strerror(errno),
                folder.string());
  }
  return ScratchFile(descriptor);
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

ScratchFile::~ScratchFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> ScratchFile::append(std::span<const std::byte> block) {
  std::size_t done = 0;
  while (done < block.size()) {
    const ssize_t count = ::pwrite(descriptor_, block.data() + done, block.size() - done,
                                   static_cast<off_t>(size_.value + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return fail(ErrorCode::io, std::string("the scratch file cannot be written: ") +
                                     std::strerror(count < 0 ? errno : ENOSPC));
    }
    done += static_cast<std::size_t>(count);
  }
  size_ += Bytes(block.size());
  return {};
}

Result<void> ScratchFile::flush() {
  if (::fdatasync(descriptor_) == 0) return {};
  return fail(ErrorCode::io,
              std::string("the scratch file cannot be written: ") + std::strerror(errno));
}

bool ScratchFile::read_directly(bool directly) {
  const int flags = ::fcntl(descriptor_, F_GETFL);
  if (flags < 0) return false;
  const int wanted = directly ? flags | O_DIRECT : flags & ~O_DIRECT;
  return ::fcntl(descriptor_, F_SETFL, wanted) == 0;
}

bool ScratchFile::read_block(std::size_t index, std::byte* into) const {
  std::size_t done = 0;
  while (done < k_block) {
    const ssize_t count = ::pread(descriptor_, into + done, k_block - done,
                                  static_cast<off_t>(index * k_block + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

void ScratchFile::drop_cache() const { ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED); }

std::unique_ptr<ScratchFile::Mapping> ScratchFile::map() const {
  void* start = ::mmap(nullptr, size_.value, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (start == MAP_FAILED) return nullptr;
  return std::make_unique<Mapping>(static_cast<const std::byte*>(start), size_.value);
}

ScratchFile::Mapping::~Mapping() {
  ::munmap(const_cast<std::byte*>(start_), size_);  // munmap wants what mmap gave
}

std::optional<double> ScratchFile::Mapping::resident_share() const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((size_ + page - 1) / page);
  if (pages.empty() || ::mincore(const_cast<std::byte*>(start_), size_, pages.data()) != 0) {
    return std::nullopt;
  }
  const auto resident =
      std::ranges::count_if(pages, [](unsigned char state) { return (state & 1U) != 0; });
  return static_cast<double>(resident) / static_cast<double>(pages.size());
}

std::optional<Bytes> free_space(const std::filesystem::path& folder) {
  struct statvfs space{};
  if (::statvfs(folder.c_str(), &space) != 0) return std::nullopt;
  return Bytes(std::uint64_t{space.f_bavail} * space.f_frsize);
}

}  // namespace assay
