#include "base/host_view.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace assay {
namespace {

constexpr int k_most_links = 40;  // as Linux follows in one path

/// Resolves every symbolic link of `absolute` as if `root` were the root directory ("..", absolute
/// targets).
std::filesystem::path resolve_inside(const std::filesystem::path& root, std::string_view absolute) {
  std::vector<std::string> pending;  // components still to walk, last first
  const auto push = [&pending](const std::filesystem::path& path) {
    std::vector<std::string> parts;
    for (const auto& part : path.relative_path()) parts.push_back(part.string());
    pending.insert(pending.end(), parts.rbegin(), parts.rend());
  };
  push(std::filesystem::path(absolute));
  std::vector<std::string> resolved;
  const auto join = [&] {
    std::filesystem::path path = root;
    for (const auto& part : resolved) path /= part;
    return path;
  };
  int links = 0;
  while (!pending.empty()) {
    std::string part = std::move(pending.back());
    pending.pop_back();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!resolved.empty()) resolved.pop_back();
      continue;
    }
    resolved.push_back(std::move(part));
    std::error_code error;
    const std::filesystem::path here = join();
    if (!std::filesystem::is_symlink(here, error)) continue;
    if (++links > k_most_links) return here;
    const std::filesystem::path target = std::filesystem::read_symlink(here, error);
    if (error) return here;
    resolved.pop_back();
    if (target.is_absolute()) resolved.clear();
    push(target);
  }
  return join();
}

}  // namespace

HostView::HostView(std::filesystem::path root, bool live, std::optional<CpuidSource> cpuid)
    : root_(std::move(root)), live_(live), cpuid_(std::move(cpuid)) {}

HostView HostView::live() {
  return HostView("/", true, std::nullopt).with_libraries(LibrarySource{});
}

HostView HostView::recorded(std::filesystem::path root, std::optional<CpuidSource> cpuid) {
  return {std::move(root), false, std::move(cpuid)};
}

HostView HostView::with_cpuid(CpuidSource cpuid) const {
  HostView view = *this;
  view.cpuid_ = std::move(cpuid);
  return view;
}

HostView HostView::observed_by(HostObserver observer) const {
  HostView view = *this;
  view.observer_ = std::move(observer);
  return view;
}

void HostView::tell(HostQuestion question, std::string_view absolute) const {
  if (observer_) observer_(question, absolute);
}

HostView HostView::with_libraries(LibrarySource libraries) const {
  HostView view = *this;
  view.libraries_ = std::move(libraries);
  return view;
}

std::filesystem::path HostView::locate(std::string_view absolute) const {
  if (live_) return std::filesystem::path(absolute);
  return resolve_inside(root_, absolute);
}

tl::expected<std::string, ReadFailure> HostView::read_text(std::string_view absolute,
                                                           std::size_t limit) const {
  const auto failure = [&](ReadProblem problem, std::string_view words) {
    return tl::unexpected(ReadFailure{problem, fmt::format("{}: {}", absolute, words)});
  };
  tell(HostQuestion::content, absolute);
  const int descriptor =
      ::open(locate(absolute).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return failure(ReadProblem::missing, "no such file");
    if (errno == EACCES || errno == EPERM) {
      return failure(ReadProblem::denied, "permission denied (needs root)");
    }
    return failure(ReadProblem::failed, std::strerror(errno));
  }
  struct stat status{};
  std::string content;
  std::array<char, 16384> buffer{};
  int error = 0;
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) error = EINVAL;
  while (error == 0 && content.size() < limit) {
    const ssize_t count =
        ::read(descriptor, buffer.data(), std::min(buffer.size(), limit - content.size()));
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      error = errno;
      break;
    }
    content.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  if (error == EACCES || error == EPERM) {
    return failure(ReadProblem::denied, "permission denied (needs root)");
  }
  if (error != 0) return failure(ReadProblem::failed, std::strerror(error));
  return content;
}

std::vector<std::string> HostView::list(std::string_view absolute) const {
  tell(HostQuestion::listing, absolute);
  std::vector<std::string> names;
  const auto close_directory = [](DIR* handle) { ::closedir(handle); };
  const std::unique_ptr<DIR, decltype(close_directory)> directory(
      ::opendir(locate(absolute).c_str()), close_directory);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::string name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool HostView::exists(std::string_view absolute) const {
  tell(HostQuestion::existence, absolute);
  std::error_code error;
  return std::filesystem::exists(locate(absolute), error);
}

std::optional<std::string> HostView::link_name(std::string_view absolute) const {
  tell(HostQuestion::link, absolute);
  const std::filesystem::path link(absolute);
  const std::filesystem::path place = locate(link.parent_path().string()) / link.filename();
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(place, error);
  if (error) return std::nullopt;
  return target.filename().string();
}

}  // namespace assay
