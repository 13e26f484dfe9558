#include "probes/topology/sysfs_files.hpp"

#include <fmt/format.h>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/topology/topology.hpp"

namespace assay {

std::string cpu_folder(unsigned cpu) { return fmt::format("{}/cpu{}", k_cpu_folder, cpu); }

std::optional<std::string> read_sysfs(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, std::size_t{64} * 1024);
  if (!text) return std::nullopt;
  // Some kernels end these files with a zero byte.
  const std::string_view content = trim(std::string_view(*text).substr(0, text->find('\0')));
  return content.empty() ? std::nullopt : std::optional(std::string(content));
}

std::optional<std::uint64_t> read_sysfs_count(const HostView& host, const std::string& path,
                                              int base) {
  const auto text = read_sysfs(host, path);
  if (!text) return std::nullopt;
  return base == 16 ? parse_hexadecimal<std::uint64_t>(*text) : parse_number<std::uint64_t>(*text);
}

std::optional<std::vector<unsigned>> read_cpu_set(const HostView& host, const std::string& list,
                                                  const std::string& mask) {
  if (const auto text = read_sysfs(host, list)) return parse_cpu_list(*text);
  if (const auto text = read_sysfs(host, mask)) return parse_cpu_mask(*text);
  return std::nullopt;
}

}  // namespace assay
