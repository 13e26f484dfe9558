#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "probes/os/access.hpp"

namespace assay {

Fact<bool> device_access(const std::string& path) {
  if (::access(path.c_str(), R_OK | W_OK) == 0) return Fact<bool>::known(true, path);
  if (errno == EACCES || errno == EPERM) {
    return Fact<bool>::known(
        false, fmt::format("{}: not open to this user (its group is usually render)", path));
  }
  if (errno == ENOENT) {
    return Fact<bool>::known(
        false, fmt::format("{}: no such node (a container sees only those it is given)", path));
  }
  return Fact<bool>::unknown(fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace assay
