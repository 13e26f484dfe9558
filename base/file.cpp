#include "base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace assay {
namespace {

std::string system_message(int error) { return std::strerror(error); }

/// Owns a descriptor; closes it unless released.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

bool write_all(int descriptor, std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// Makes a rename durable; a directory that cannot be synced (some file systems) is no failure of
/// ours.
void sync_directory(const std::filesystem::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() >= 0) ::fsync(descriptor.number());
}

/// What a link leads to: the file is replaced, not the link (which may be /dev/stdout).
std::filesystem::path behind_links(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path place = std::filesystem::weakly_canonical(path, error);
  return error ? path : place;
}

/// What new files may be, by the process's mask; asked once, since asking means setting it.
mode_t new_file_mode() {
  static const mode_t mask = [] {
    const mode_t found = ::umask(077);
    ::umask(found);
    return found;
  }();
  return 0666U & ~mask;
}

}  // namespace

OutputFile::OutputFile(int descriptor, std::string path, std::string temporary)
    : descriptor_(descriptor), path_(std::move(path)), temporary_(std::move(temporary)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  return *this;
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::io, fmt::format("{}: {}", what, system_message(errno)), path.string());
  };
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::io, "is a directory", path.string());
  }
  if (exists && !S_ISREG(status.st_mode)) {  // a device or pipe cannot be replaced, only written to
    const int target = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (target < 0) return refuse("could not be opened for writing");
    return OutputFile(target, path.string(), {});
  }
  const std::filesystem::path place = behind_links(path);
  const std::filesystem::path directory = place.has_parent_path() ? place.parent_path() : ".";
  std::string temporary = (directory / (place.filename().string() + ".XXXXXX.tmp")).string();
  const int descriptor = ::mkostemps(temporary.data(), 4, O_CLOEXEC);
  if (descriptor < 0) return refuse("could not be created");
  OutputFile file(descriptor, place.string(), std::move(temporary));
  const mode_t mode = exists ? (status.st_mode & 0777U) : new_file_mode();
  if (::fchmod(descriptor, mode) != 0) return refuse("permissions could not be set");
  return file;
}

Result<void> OutputFile::write(std::span<const std::byte> content) {
  if (write_all(descriptor_, content)) return {};
  return fail(ErrorCode::io, fmt::format("could not be written: {}", system_message(errno)), path_);
}

Result<void> OutputFile::commit() {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::io, fmt::format("{}: {}", what, system_message(errno)), path_);
  };
  if (!temporary_.empty() && ::fsync(descriptor_) != 0) {
    return refuse("could not be written to disk");
  }
  if (::close(std::exchange(descriptor_, -1)) != 0) return refuse("could not be closed");
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return refuse("could not be replaced");
  temporary_.clear();
  const std::filesystem::path path(path_);
  sync_directory(path.has_parent_path() ? path.parent_path() : ".");
  return {};
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  auto file = OutputFile::create(path);
  if (!file) return pass_on(file);
  if (auto written = file->write(std::as_bytes(std::span(content))); !written) return written;
  return file->commit();
}

Result<std::string> read_file(const std::filesystem::path& path, Bytes limit) {
  auto file = InputFile::open(path);
  if (!file) return pass_on(file);
  if (file->size() > limit) {
    return fail(ErrorCode::refused_input,
                fmt::format("has {} bytes (at most {} are read)", file->size().value, limit.value),
                path.string());
  }
  std::string content(file->size().value, '\0');
  if (auto read = file->read_at(0, std::as_writable_bytes(std::span(content))); !read) {
    return pass_on(read);
  }
  return content;
}

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  const auto refuse = [&](std::string found) -> Result<InputFile> {
    return fail(ErrorCode::refused_input, std::move(found), path.string());
  };
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (descriptor.number() < 0) {
    return refuse(fmt::format("cannot be opened: {}", system_message(errno)));
  }
  struct stat status{};
  if (::fstat(descriptor.number(), &status) != 0) {
    return refuse(fmt::format("cannot be examined: {}", system_message(errno)));
  }
  if (S_ISDIR(status.st_mode)) return refuse("is a directory (expected a file)");
  if (!S_ISREG(status.st_mode)) return refuse("is not a regular file");
  return InputFile(descriptor.release(), Bytes(static_cast<std::uint64_t>(status.st_size)),
                   path.string());
}

InputFile InputFile::holding(std::string content, std::string name) {
  InputFile file(-1, Bytes(content.size()), std::move(name));
  file.content_ = std::move(content);
  return file;
}

InputFile::InputFile(int descriptor, Bytes size, std::string name)
    : descriptor_(descriptor), size_(size), name_(std::move(name)) {}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      name_(std::move(other.name_)),
      content_(std::move(other.content_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(name_, other.name_);
  std::swap(content_, other.content_);
  return *this;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> InputFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  // The kernel transfers at most 2^31 - 4096 bytes in one call.
  constexpr std::size_t k_most_per_call = std::size_t{1} << 30;
  if (descriptor_ < 0 && offset <= content_.size() && into.size() <= content_.size() - offset) {
    std::memcpy(into.data(), content_.data() + offset, into.size());
    return {};
  }
  while (!into.empty()) {
    const ssize_t count = ::pread(descriptor_, into.data(), std::min(into.size(), k_most_per_call),
                                  static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::refused_input,
                  fmt::format("cannot be read at byte {}: {}", offset, system_message(errno)),
                  name_);
    }
    if (count == 0) {
      return fail(ErrorCode::refused_input,
                  fmt::format("ends at byte {}, {} more were expected", offset, into.size()),
                  name_);
    }
    offset += static_cast<std::uint64_t>(count);
    into = into.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

void InputFile::expect_read(std::uint64_t offset, Bytes size) const {
  if (descriptor_ < 0) return;
  ::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(size.value),
                  POSIX_FADV_WILLNEED);
}

void InputFile::drop_cache() const {
  if (descriptor_ >= 0) ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace assay
