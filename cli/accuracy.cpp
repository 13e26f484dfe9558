#include "advisor/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "cli/new_assessment.hpp"
#include "reports/checks_text.hpp"
#include "reports/document.hpp"

namespace assay {
namespace {

constexpr std::size_t k_default_worst = 5;
constexpr std::size_t k_most_worst = 1000;

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  own.add_options()("worst",
                    options::value<std::size_t>()->value_name("N")->default_value(k_default_worst),
                    "how many of the largest errors to list");
}

/// What the state directory keeps of this machine.
struct KeptChecks {
  std::vector<Check> checks;
  std::size_t results = 0;          // of this machine, with checks
  std::size_t other_machines = 0;   // results of other machines, with checks
  std::vector<std::string> broken;  // files that could not be read
};

std::vector<std::filesystem::path> result_files(const std::filesystem::path& state) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator each(state / "results", error), end;
       !error && each != end; each.increment(error)) {
    if (each->path().extension() == ".json") files.push_back(each->path());
  }
  std::ranges::sort(files);
  return files;
}

KeptChecks kept_checks(const Invocation& invocation, const std::string& machine_id) {
  KeptChecks kept;
  if (invocation.state.empty()) return kept;
  for (const auto& file : result_files(invocation.state)) {
    auto result = read_document_file(file);
    if (!result) {
      kept.broken.push_back(result.error().text());
      continue;
    }
    if (result->checks.empty()) continue;
    if (!result->machine || result->machine->id != machine_id) {
      ++kept.other_machines;
      continue;
    }
    ++kept.results;
    std::ranges::move(result->checks, std::back_inserter(kept.checks));
  }
  return kept;
}

std::string document_text(const KeptChecks& kept, const Accuracy& accuracy, Assessment assessment) {
  assessment.checks = kept.checks;
  Json document = document_from(assessment);
  document["accuracy"] = accuracy_to_json(accuracy);
  document["accuracy"]["results"] = kept.results;
  document["accuracy"]["results_of_other_machines"] = kept.other_machines;
  document["accuracy"]["refused"] = kept.broken;
  return json_text(document);
}

std::string people_text(const KeptChecks& kept, const Accuracy& accuracy,
                        const RenderOptions& options) {
  if (kept.checks.empty()) {
    return "Nothing has been predicted and then measured on this machine yet: `assay assess` "
           "calibrates, then `assay can-run MODEL --measure` or `assay bench` checks.\n";
  }
  std::string text = render_accuracy(accuracy, options);
  text +=
      fmt::format("\n{} checks from {} results of this machine", kept.checks.size(), kept.results);
  if (kept.other_machines > 0) {
    text += fmt::format("; {} results of other machines are not counted", kept.other_machines);
  }
  return text + "\n";
}

Result<int> run(const Invocation& invocation) {
  const auto worst = invocation.get<std::size_t>("worst");
  if (worst > k_most_worst) {
    return fail(ErrorCode::usage,
                fmt::format("--worst: {} (expected at most {})", worst, k_most_worst));
  }
  Assessment assessment = new_assessment("accuracy");
  assessment.machine = probe_this_machine();
  const KeptChecks kept = kept_checks(invocation, assessment.machine->id);
  for (const std::string& broken : kept.broken) {
    remark(invocation, fmt::format("assay: {} (left out)", printable(broken, 300)));
  }
  const Accuracy accuracy = accuracy_of(kept.checks, worst);
  const std::string text = invocation.json
                               ? document_text(kept, accuracy, std::move(assessment))
                               : people_text(kept, accuracy, render_options(invocation));
  if (auto shown = deliver(invocation, text); !shown) return pass_on(shown);
  return kept.checks.empty() ? k_exit_cannot_tell : k_exit_yes;
}

}  // namespace

Command accuracy_command() {
  return {.name = "accuracy",
          .summary = "how far this machine's predictions were from what was then measured",
          .usage = "assay accuracy [--worst N]",
          .examples =
              "  assay accuracy               errors by figure, format and thread count\n"
              "  assay accuracy --worst 20    and the twenty largest, with what may explain them\n"
              "Counts every result of this machine that is kept and holds predictions from before "
              "it was measured\n"
              "(bench, assess, can-run --measure). Exit code 6: there is none yet.",
          .declare = declare,
          .run = run};
}

}  // namespace assay
