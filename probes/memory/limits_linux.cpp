#include <sys/resource.h>
#include <unistd.h>

#include <charconv>

#include "base/host_view.hpp"
#include "base/text.hpp"
#include "probes/memory/memory_probe.hpp"

namespace assay {

std::optional<AddressSpaceLimit> live_address_space_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  std::uint64_t used = 0;
  if (const auto text = HostView::live().read_text("/proc/self/statm", 4096)) {
    std::uint64_t pages = 0;  // the first number is the size of the address space
    std::from_chars(text->data(), text->data() + text->size(), pages);
    used = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  return AddressSpaceLimit{limit.rlim_cur, limit.rlim_cur > used ? limit.rlim_cur - used : 0};
}

}  // namespace assay
