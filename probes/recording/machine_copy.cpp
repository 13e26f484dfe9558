#include "probes/recording/machine_copy.hpp"

#include <fmt/format.h>

#include <fstream>
#include <utility>
#include <vector>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/npu/npu_runtime.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

// A machine of 1,024 CPUs has 40,000 files of topology and caches, 100 bytes each.
constexpr std::size_t k_most_entries = 200'000;
constexpr std::size_t k_most_bytes = std::size_t{64} << 20U;
constexpr std::size_t k_largest_file = std::size_t{8} << 20U;  // the list of PCI names
/// Files that were listed only, not asked for: attributes of sysfs are no longer than a page.
/// Longer ones are windows into devices.
constexpr std::uintmax_t k_largest_attribute = 4096;
constexpr int k_most_links = 40;

/// The process's own folder is a link to a number; a recording has it as a folder.
bool is_followed(std::string_view absolute) {
  return absolute != "/proc/self" && absolute != "/proc/mounts";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path.empty() ? "/" : path;
}

std::vector<std::string> reversed_parts(const fs::path& path) {
  std::vector<std::string> parts;
  for (const auto& part : path.relative_path()) parts.insert(parts.begin(), part.string());
  return parts;
}

}  // namespace

MachineCopy::MachineCopy(const HostView& machine, fs::path folder, AnonymousText& names)
    : machine_(machine), folder_(std::move(folder)), names_(names) {
  note_pci_ids();
}

void MachineCopy::note_pci_ids() {
  const auto note = [this](const std::string& path, std::set<std::uint32_t>& ids) {
    const auto text = machine_.read_text(path, 64);
    const auto id = text ? parse_hexadecimal<std::uint32_t>(trim(*text)) : std::nullopt;
    if (id) ids.insert(*id);
  };
  for (const char* bus : {"/sys/bus/pci/devices", "/sys/class/drm"}) {
    for (const std::string& device : machine_.list(bus)) {
      for (const char* inner : {"", "/device"}) {
        note(fmt::format("{}/{}{}/vendor", bus, device, inner), pci_.vendors);
        note(fmt::format("{}/{}{}/device", bus, device, inner), pci_.devices);
      }
    }
  }
}

fs::path MachineCopy::place(std::string_view absolute) {
  return folder_ / fs::path(names_.anonymous_path(absolute)).relative_path();
}

void MachineCopy::note_failure(const fs::path& path, std::string_view words) {
  if (!failure_) failure_ = Error{ErrorCode::io, std::string(words), path.string(), {}};
}

Result<void> MachineCopy::result() const {
  if (failure_) return tl::unexpected<Error>(*failure_);
  return {};
}

bool MachineCopy::has_room_for(std::size_t bytes) {
  bytes_ += bytes;
  if (++entries_ <= k_most_entries && bytes_ <= k_most_bytes) return true;
  note_failure(folder_, "the recording would be larger than any machine's");
  return false;
}

void MachineCopy::make_folder(const std::string& absolute) {
  std::error_code error;
  fs::create_directories(place(absolute), error);
  if (error) note_failure(place(absolute), error.message());
}

void MachineCopy::make_link(const std::string& absolute, const fs::path& target) {
  if (!copied_.insert(absolute).second || !has_room_for(0)) return;
  // Relative: an absolute one would lead out of the recording for programs that do not know of it.
  const fs::path parent = fs::path(absolute).parent_path();
  const fs::path inside = target.is_absolute() ? target.lexically_relative(parent) : target;
  make_folder(parent.string());
  std::error_code error;
  fs::create_symlink(names_.anonymous_path(inside.string()), place(absolute), error);
  if (error) note_failure(place(absolute), error.message());
}

std::string MachineCopy::follow(std::string_view absolute, bool also_last) {
  std::vector<std::string> pending = reversed_parts(fs::path(absolute));  // the next one last
  std::vector<std::string> parts;
  int links = 0;
  while (!pending.empty()) {
    const std::string part = std::exchange(pending.back(), {});
    pending.pop_back();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(part);
    const std::string here = joined(parts);
    const fs::path real = machine_.root() / fs::path(here).relative_path();
    std::error_code error;
    if (!is_followed(here) || (pending.empty() && !also_last) || !fs::is_symlink(real, error)) {
      continue;
    }
    const fs::path target = fs::read_symlink(real, error);
    if (error || ++links > k_most_links || copy_rule(here) == CopyRule::never) return {};
    make_link(here, target);
    parts.pop_back();
    if (target.is_absolute()) parts.clear();
    const auto more = reversed_parts(target);
    pending.insert(pending.end(), more.begin(), more.end());
  }
  const std::string path = joined(parts);
  return copy_rule(path) == CopyRule::never ? std::string() : path;
}

void MachineCopy::copy_file(const std::string& absolute) {
  if (!copied_.insert(absolute).second) return;
  std::string content;
  if (copy_rule(absolute) == CopyRule::content) {
    const auto text = machine_.read_text(absolute, k_largest_file);
    if (!text) return;
    content = recorded_content(absolute, *text, pci_);
    const bool is_text = content.find('\0') == std::string::npos;
    if (is_text) content = names_.anonymous(content);
  }
  if (!has_room_for(content.size())) return;
  make_folder(fs::path(absolute).parent_path().string());
  std::ofstream file(place(absolute), std::ios::binary);
  file << content;
  if (!file.flush()) note_failure(place(absolute), "could not be written");
}

void MachineCopy::copy_library_names(const std::string& absolute) {
  if (!listed_.insert(absolute).second) return;
  for (const std::string& name : machine_.list(absolute)) {
    if (failure_) return;
    if (!is_npu_library(name)) continue;
    const std::string inner = fmt::format("{}/{}", absolute, name);
    std::error_code error;
    const fs::path real = machine_.root() / fs::path(inner).relative_path();
    if (!fs::is_directory(real, error)) {
      copy_file(inner);
    } else if (has_room_for(0)) {
      make_folder(inner);
    }
  }
}

void MachineCopy::copy_listing(const std::string& absolute) {
  if (copy_rule(absolute) == CopyRule::existence) {
    copy_library_names(absolute);
    return;
  }
  if (copy_rule(absolute) != CopyRule::content || !listed_.insert(absolute).second) return;
  for (const std::string& name : machine_.list(absolute)) {
    const std::string inner = fmt::format("{}/{}", absolute, name);
    if (failure_) return;
    if (copy_rule(inner) == CopyRule::never) continue;
    const fs::path real = machine_.root() / fs::path(inner).relative_path();
    std::error_code error;
    const fs::file_status status = fs::symlink_status(real, error);
    if (error) continue;
    if (fs::is_symlink(status)) {
      const fs::path target = fs::read_symlink(real, error);
      if (!error) make_link(inner, target);
    } else if (fs::is_directory(status)) {
      if (has_room_for(0)) make_folder(inner);
    } else if (fs::is_regular_file(status) && fs::file_size(real, error) <= k_largest_attribute) {
      copy_file(inner);
    }
  }
}

void MachineCopy::copy(HostQuestion question, std::string_view absolute) {
  if (failure_) return;
  const std::string wanted = names_.original(absolute);
  const std::string path = follow(wanted, question != HostQuestion::link);
  if (path.empty()) return;
  const fs::path real = machine_.root() / fs::path(path).relative_path();
  std::error_code error;
  if (question == HostQuestion::link) {
    const fs::path target = fs::read_symlink(real, error);
    if (!error) make_link(path, target);
    return;
  }
  const fs::file_status status = fs::status(real, error);
  if (error || !fs::exists(status)) return;
  if (!fs::is_directory(status)) {
    copy_file(path);
    return;
  }
  make_folder(path);
  if (question == HostQuestion::listing) copy_listing(path);
}

Result<void> MachineCopy::add(const std::string& name, std::string_view content) {
  std::ofstream file(folder_ / name, std::ios::binary);
  file << names_.anonymous(content);
  if (!file.flush()) {
    return fail(ErrorCode::io, "could not be written", (folder_ / name).string());
  }
  return {};
}

}  // namespace assay
