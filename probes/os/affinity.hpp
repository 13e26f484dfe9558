#pragma once

#include <vector>

namespace assay {

/// The logical CPUs that the calling thread may run on, ascending; empty when the system does not
/// say.
std::vector<unsigned> allowed_cpus();

/// Moves the calling thread to one CPU; false when the system refuses (offline, outside the
/// cpuset).
bool bind_this_thread(unsigned cpu);

}  // namespace assay
