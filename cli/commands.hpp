#pragma once

#include "cli/command.hpp"

namespace assay {

// One function a command; each is defined in the file of its name. command_list.cpp puts them in
// order.
Command accuracy_command();
Command assess_command();
Command bench_command();
Command can_run_command();
Command compare_command();
Command fleet_command();
Command generate_command();
Command import_command();
Command logits_command();
Command metrics_command();
Command models_command();
Command plan_command();
Command probe_command();
Command quality_command();
Command quantize_command();
Command recommend_command();
Command report_command();
Command serve_command();
Command validate_command();
Command verify_command();

}  // namespace assay
