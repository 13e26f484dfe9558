#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

inline constexpr std::size_t k_block = std::size_t{1} << 20;  // of a read or a write

/// Frees what aligned_block() gave.
struct FreeAligned {
  void operator()(std::byte* memory) const;
};
using AlignedBlock = std::unique_ptr<std::byte, FreeAligned>;
/// k_block bytes as direct reads want them.
AlignedBlock aligned_block();

/// A file without a name: it is gone when the process is, whatever ends it.
class ScratchFile {
 public:
  /// Errors: io, with the system's words.
  static Result<ScratchFile> create(const std::filesystem::path& folder);
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&& other) noexcept;
  ~ScratchFile();

  /// Appends one block. Errors: io (a full disk among them).
  Result<void> append(std::span<const std::byte> block);
  /// Waits until all that was written is on the drive. Errors: io.
  Result<void> flush();
  /// Reads past the page cache from now on, or through it again. False when the system refuses.
  bool read_directly(bool directly);
  /// Fills a block from block number `index`. Thread-safe. False when the system refuses.
  [[nodiscard]] bool read_block(std::size_t index, std::byte* into) const;
  /// Asks the page cache to let go of the file.
  void drop_cache() const;

  /// The file as memory; unmapped with the object.
  class Mapping {
   public:
    Mapping(const std::byte* start, std::size_t size) : start_(start), size_(size) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();
    [[nodiscard]] std::span<const std::byte> bytes() const { return {start_, size_}; }
    /// Share of the pages that are in memory now; nothing when the system does not say.
    [[nodiscard]] std::optional<double> resident_share() const;

   private:
    const std::byte* start_;
    std::size_t size_;
  };
  /// Null when the system refuses.
  [[nodiscard]] std::unique_ptr<Mapping> map() const;

  [[nodiscard]] Bytes size() const { return size_; }

 private:
  explicit ScratchFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  Bytes size_;
};

/// Free space for this user; nothing when the system does not say.
std::optional<Bytes> free_space(const std::filesystem::path& folder);

}  // namespace assay
