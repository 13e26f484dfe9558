#include <vector>

#include "cli/command.hpp"
#include "cli/commands.hpp"

namespace assay {

std::span<const Command> command_list() {
  // In the order of --help; each row is defined in the file of its name.
  static const std::vector<Command> k_commands{
      assess_command(),    bench_command(),    probe_command(),    can_run_command(),
      recommend_command(), plan_command(),     accuracy_command(), import_command(),
      models_command(),    generate_command(), logits_command(),   verify_command(),
      quantize_command(),  quality_command(),  compare_command(),  report_command(),
      validate_command(),  fleet_command(),    metrics_command(),  serve_command(),
  };
  return k_commands;
}

}  // namespace assay
