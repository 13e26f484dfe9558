#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

/// Replaces `path` by `content` so that readers see the old file or the new one, never a part:
/// temporary file in the same directory, fsync, rename. Errors: io, with the system's words; the
/// old file stays.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// A file that is written piece by piece and appears, whole, when it is committed; until then
/// `path` is as it was. A device or pipe is written to directly; of a link it is the target that is
/// replaced.
class OutputFile {
 public:
  /// Errors: io, with the system's words.
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();  // without commit(): nothing is left behind

  Result<void> write(std::span<const std::byte> content);
  /// fsync and rename. The file must not be written afterwards.
  Result<void> commit();

 private:
  OutputFile(int descriptor, std::string path, std::string temporary);
  int descriptor_;
  std::string path_;
  std::string temporary_;  // empty when `path` itself is written
};

/// Whole content of a regular file of at most `limit`. Errors: refused_input for a missing file, a
/// directory, a FIFO, a device or a file over the limit.
Result<std::string> read_file(const std::filesystem::path& path, Bytes limit);

/// A regular file opened for reading at any offset (pread: a file that shrinks gives an error, not
/// a signal), or the content of one.
class InputFile {
 public:
  /// Errors: refused_input for what is missing, unreadable or not a regular file. Never blocks.
  static Result<InputFile> open(const std::filesystem::path& path);
  /// A file that lies in memory. `name` is for messages.
  static InputFile holding(std::string content, std::string name);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  [[nodiscard]] Bytes size() const { return size_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Fills all of `into` from `offset`. Errors: refused_input when the file ends before that.
  /// Thread-safe.
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> into) const;
  /// Tells the system that these bytes will be read soon, so that it fetches them meanwhile. Advice
  /// only: what the file does not hold is ignored. Thread-safe.
  void expect_read(std::uint64_t offset, Bytes size) const;
  /// Asks the system to drop its cached copy of the file (for cold-load measurements and peak
  /// memory).
  void drop_cache() const;

 private:
  InputFile(int descriptor, Bytes size, std::string name);
  int descriptor_;  // -1: of a file in memory
  Bytes size_;
  std::string name_;
  std::string content_;
};

}  // namespace assay
