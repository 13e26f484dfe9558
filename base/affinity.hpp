#pragma once

#include <span>
#include <vector>

namespace assay {

/// The logical CPUs that the calling thread may run on, ascending; empty when the system does not
/// say.
std::vector<unsigned> allowed_cpus();

/// Moves the calling thread to one CPU; false when the system refuses (offline, outside the
/// cpuset).
bool bind_this_thread(unsigned cpu);

/// Keeps the calling thread, and the threads and processes that it starts from now on, to these
/// CPUs; false when there are none, or the system refuses.
bool keep_this_thread_on(std::span<const unsigned> cpus);

}  // namespace assay
