#include <unistd.h>

#include "probes/os/access.hpp"

namespace assay {

bool may_open_for_use(const std::string& path) { return ::access(path.c_str(), R_OK | W_OK) == 0; }

}  // namespace assay
