#include <system_error>

#include "probes/probe.hpp"
#include "probes/recording.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_root(const fs::path& folder) {
  return is_folder(folder / "proc") || is_folder(folder / "sys");
}

/// The only entry of `folder` when that is a folder: archives unpack to one.
std::optional<fs::path> only_folder(const fs::path& folder) {
  std::error_code error;
  std::optional<fs::path> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (found) return std::nullopt;
    found = entry->path();
  }
  return found && is_folder(*found) ? found : std::nullopt;
}

/// Where the tree lies, and the folder that may hold CPUID beside or in it.
struct Layout {
  fs::path root;
  fs::path base;
};

std::optional<Layout> find_layout(const fs::path& folder) {
  if (is_root(folder)) return Layout{folder, folder};
  if (is_root(folder / "fsroot")) return Layout{folder / "fsroot", folder};
  return std::nullopt;
}

std::optional<fs::path> own_cpuid(const fs::path& base) {
  std::error_code error;
  if (fs::is_regular_file(base / "cpuid.txt", error)) return base / "cpuid.txt";
  if (is_folder(base / "cpuid")) return base / "cpuid";
  return std::nullopt;
}

}  // namespace

Result<HostView> open_recording(const fs::path& folder, const std::optional<fs::path>& cpuid) {
  if (!is_folder(folder)) {
    return fail(ErrorCode::refused_input,
                "is not a directory (expected a recorded machine: a folder with proc/ and sys/)",
                folder.string(), "`assay probe --record DIR` makes one of the machine it runs on");
  }
  auto layout = find_layout(folder);
  if (!layout) {
    if (const auto inner = only_folder(folder)) layout = find_layout(*inner);
  }
  if (!layout) {
    return fail(ErrorCode::refused_input,
                "holds no machine (expected proc/ or sys/ in it, in the one folder that it holds, "
                "or in fsroot/)",
                folder.string(), "`assay probe --record DIR` makes one of the machine it runs on");
  }
  const auto place = cpuid ? cpuid : own_cpuid(layout->base);
  if (!place) return HostView::recorded(layout->root);
  auto dump = read_cpuid_dump(*place);
  if (!dump) return pass_on(dump);
  return HostView::recorded(layout->root, std::move(*dump));
}

}  // namespace assay
