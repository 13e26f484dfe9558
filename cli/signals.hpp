#pragma once

#include <stop_token>

namespace assay {

/// Makes the first SIGINT or SIGTERM ask for a stop and the second end the program at once; ignores
/// SIGPIPE and SIGXFSZ, so that writes fail with an error instead. Call once, at the start of main.
std::stop_token watch_signals();

/// 130 after SIGINT, 143 after SIGTERM, 0 when neither came.
int exit_code_of_signal();

}  // namespace assay
