#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/host_view.hpp"
#include "base/result.hpp"
#include "probes/recording/anonymous_text.hpp"
#include "probes/recording/file_rules.hpp"

namespace assay {

/// Copies paths of a machine into a growing recording, each once, links on the way included.
class MachineCopy {
 public:
  MachineCopy(const HostView& machine, std::filesystem::path folder, AnonymousText& names);

  /// Copies what answers `question` about `absolute`, a path as the recording has it. Missing and
  /// unreadable ones are left out, as they are from the recorded machine's answers.
  void copy(HostQuestion question, std::string_view absolute);
  /// Writes a file of our own. Errors: io.
  Result<void> add(const std::string& name, std::string_view content);
  /// The first failure to write, or that the recording would grow beyond bounds.
  [[nodiscard]] Result<void> result() const;

 private:
  /// The machine's path without links; those met are made in the recording. Empty: never copied.
  std::string follow(std::string_view absolute, bool also_last);
  void make_link(const std::string& absolute, const std::filesystem::path& target);
  void copy_file(const std::string& absolute);
  void copy_listing(const std::string& absolute);
  /// Of a folder whose files are not copied: which of them are libraries that probes look for.
  void copy_library_names(const std::string& absolute);
  void make_folder(const std::string& absolute);
  /// Counts one more entry; false, and a failure, when the recording would grow beyond bounds.
  bool has_room_for(std::size_t bytes);
  [[nodiscard]] std::filesystem::path place(std::string_view absolute);
  void note_failure(const std::filesystem::path& path, std::string_view words);
  void note_pci_ids();

  const HostView& machine_;
  std::filesystem::path folder_;
  AnonymousText& names_;
  PciIds pci_;
  std::set<std::string> copied_;
  std::set<std::string> listed_;
  std::size_t bytes_ = 0;
  std::size_t entries_ = 0;
  std::optional<Error> failure_;
};

}  // namespace assay
