#include "probes/memory/memory_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

std::optional<std::uint64_t> read_number(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  return text ? parse_number<std::uint64_t>(trim(*text)) : std::nullopt;
}

/// The uncompressed sizes of all zram devices; their memory is the same that a model would use.
Fact<Bytes> zram_size(const HostView& host) {
  if (!host.exists("/sys/block")) return Fact<Bytes>::unknown("/sys/block: no such folder");
  std::uint64_t total = 0;
  for (const std::string& name : host.list("/sys/block")) {
    if (!name.starts_with("zram")) continue;
    const std::string path = fmt::format("/sys/block/{}/disksize", name);
    const auto size = read_number(host, path);
    if (!size || *size >= (std::uint64_t{1} << 60U)) {
      return Fact<Bytes>::unknown(path + ": not a size in bytes");
    }
    total += *size;
  }
  return total > 0 ? Fact<Bytes>::known(Bytes(total), "/sys/block/zram* disksize")
                   : Fact<Bytes>::absent("/sys/block has no zram device in use");
}

Fact<bool> zswap_state(const HostView& host) {
  const std::string path = "/sys/module/zswap/parameters/enabled";
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<bool>::unknown(text.error().reason);
  const std::string_view word = trim(*text);
  if (word == "Y" || word == "1") return Fact<bool>::known(true, path);
  if (word == "N" || word == "0") return Fact<bool>::known(false, path);
  return Fact<bool>::unknown(
      fmt::format("{}: \"{}\" found (expected Y or N)", path, printable(word, 40)));
}

/// "always [madvise] never": the word in brackets.
Fact<std::string> transparent_mode(const HostView& host) {
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  const auto text = host.read_text(path, 4096);
  if (!text) return Fact<std::string>::unknown(text.error().reason);
  const std::size_t open = text->find('[');
  const std::size_t close = text->find(']', open);
  if (open == std::string::npos || close == std::string::npos) {
    return Fact<std::string>::unknown(path + ": no mode in brackets");
  }
  return Fact<std::string>::known(
      printable(std::string_view(*text).substr(open + 1, close - open - 1), 40), path);
}

/// "hugepages-2048kB": the size of its pages.
std::optional<Bytes> pool_page_size(std::string_view name) {
  const std::string_view mark = "hugepages-";
  if (!name.starts_with(mark) || !name.ends_with("kB")) return std::nullopt;
  name.remove_prefix(mark.size());
  name.remove_suffix(2);
  const auto kibibytes = parse_number<std::uint32_t>(name);
  return kibibytes ? std::optional(Bytes(std::uint64_t{*kibibytes} * 1024)) : std::nullopt;
}

/// Every size that the kernel knows, empty pools too: they can be filled.
Fact<std::vector<HugePagePool>> huge_page_pools(const HostView& host) {
  using Pools = Fact<std::vector<HugePagePool>>;
  const std::string folder = "/sys/kernel/mm/hugepages";
  if (!host.exists(folder)) return Pools::unknown(folder + ": no such folder");
  std::vector<HugePagePool> pools;
  for (const std::string& name : host.list(folder)) {
    const auto size = pool_page_size(name);
    const auto pages = read_number(host, fmt::format("{}/{}/nr_hugepages", folder, name));
    const auto free = read_number(host, fmt::format("{}/{}/free_hugepages", folder, name));
    if (!size || !pages || !free) continue;
    pools.push_back({*size, *pages, *free});
  }
  std::sort(pools.begin(), pools.end(), [](const HugePagePool& a, const HugePagePool& b) {
    return a.page_bytes < b.page_bytes;
  });
  return Pools::known(std::move(pools), folder);
}

// Source: Linux Documentation/mm/overcommit-accounting.rst.
constexpr std::array<std::string_view, 3> k_overcommit{"heuristic", "always", "never"};

Fact<std::string> overcommit_mode(const HostView& host) {
  const std::string path = "/proc/sys/vm/overcommit_memory";
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<std::string>::unknown(text.error().reason);
  const auto mode = parse_number<std::size_t>(trim(*text));
  if (!mode || *mode >= k_overcommit.size()) {
    return Fact<std::string>::unknown(
        fmt::format("{}: \"{}\" found (expected 0, 1 or 2)", path, printable(trim(*text), 40)));
  }
  return Fact<std::string>::known(std::string(k_overcommit[*mode]), path);
}

}  // namespace

void describe_memory_pages(const HostView& host, MemoryProfile& memory) {
  memory.zram = zram_size(host);
  memory.zswap_enabled = zswap_state(host);
  memory.transparent_huge_pages = transparent_mode(host);
  memory.huge_page_pools = huge_page_pools(host);
  memory.overcommit = overcommit_mode(host);
}

}  // namespace assay
