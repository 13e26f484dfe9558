#pragma once

#include <string>

#include "base/fact.hpp"
#include "base/host_view.hpp"

namespace assay {

/// OsProfile::container, by the marks that container managers leave.
Fact<std::string> probe_container(const HostView& host);

}  // namespace assay
