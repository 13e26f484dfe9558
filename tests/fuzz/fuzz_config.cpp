#include "advisor/capability.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/engine_results.hpp"
#include "advisor/hardware.hpp"
#include "advisor/policy.hpp"
#include "tests/fuzz/targets.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {

void fuzz_config(std::string_view input) {
  if (input.empty()) return;
  const std::string_view text = input.substr(1);
  switch (input.front()) {
    case 'w':
      static_cast<void>(parse_suite(text, "suite.json"));
      break;
    case 'p':
      static_cast<void>(parse_policy(text, "policy.json"));
      break;
    case 'c':
      static_cast<void>(parse_catalogue(text, "catalogue.json"));
      break;
    case 'e':
      static_cast<void>(parse_engine_results(text, "llama-bench.json"));
      break;
    case 's':
      static_cast<void>(parse_scores(text, "scores.json"));
      break;
    case 'g':
      static_cast<void>(parse_gpus(text, "gpus.json"));
      break;
    case 'r':
      static_cast<void>(parse_processors(text, "processors.json"));
      break;
    default:
      if (const auto spec = spec_from_config_json(text, "config.json")) {
        static_cast<void>(tensor_plan(*spec, Recipe::q4_k_m));
      }
  }
}

}  // namespace assay
