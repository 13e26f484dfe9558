#include <sys/resource.h>
#include <unistd.h>

#include "base/host_view.hpp"
#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/memory/memory_probe.hpp"

namespace assay {

std::optional<AddressSpaceLimit> live_address_space_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  std::uint64_t used = 0;
  if (const auto text = HostView::live().read_text("/proc/self/statm", 4096)) {
    // The first number is the size of the address space, in pages.
    const auto pages = parse_number<std::uint64_t>(split(*text, ' ').front());
    used = pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  return AddressSpaceLimit{limit.rlim_cur, limit.rlim_cur > used ? limit.rlim_cur - used : 0};
}

std::optional<std::uint64_t> live_lock_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::nullopt;
  }
  return limit.rlim_cur;
}

}  // namespace assay
