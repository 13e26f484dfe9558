#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "reports/compare.hpp"
#include "reports/document.hpp"

namespace assay {
namespace {

using Texts = std::vector<std::string>;

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  add("result", options::value<Texts>()->value_name("FILE"),
      "result documents: the base, then one or more new ones");
  add("threshold", options::value<std::string>()->value_name("T")->default_value("3%"),
      "smallest change of the median that counts: 3, 3% or 0.03");
  add("metric", options::value<Texts>()->value_name("NAME"),
      "compare only this: decode, prefill or first_token (may be repeated)");
  places.add("result", -1);
}

tl::unexpected<Error> refuse_threshold(std::string_view text) {
  return fail(
      ErrorCode::usage,
      fmt::format("--threshold: {} (expected a change like 3, 3% or 0.03)", printable(text, 40)));
}

/// "3", "3%" and "0.03" are all three hundredths: below 1 a bare number is a ratio.
Result<double> parse_threshold(std::string_view text) {
  std::string_view digits = trim(text);
  const bool percent = digits.ends_with('%');
  if (percent) digits = trim(digits.substr(0, digits.size() - 1));
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
    return refuse_threshold(text);
  }
  const double ratio = percent || value >= 1.0 ? value / 100.0 : value;
  if (ratio < 0.0 || ratio > 1.0) return refuse_threshold(text);
  return ratio;
}

Result<std::vector<ComparedMetric>> parse_metrics(const Invocation& invocation) {
  std::vector<ComparedMetric> metrics;
  if (!invocation.has("metric")) return metrics;
  for (const std::string& name : invocation.get<Texts>("metric")) {
    const auto metric = compared_metric_from_name(name);
    if (!metric) {
      return fail(ErrorCode::usage,
                  fmt::format("--metric: {} (expected one of {})", printable(name, 40),
                              fmt::join(compared_metric_names(), ", ")));
    }
    metrics.push_back(*metric);
  }
  return metrics;
}

int exit_of(ComparisonVerdict verdict) {
  if (verdict == ComparisonVerdict::slower) return k_exit_no;
  return verdict == ComparisonVerdict::cannot_tell ? k_exit_cannot_tell : k_exit_yes;
}

Result<int> run(const Invocation& invocation) {
  const Texts files = invocation.has("result") ? invocation.get<Texts>("result") : Texts{};
  if (files.size() < 2) {
    return fail(ErrorCode::usage, "compare needs a base and at least one new result", {},
                "assay compare BASE.json NEW.json...");
  }
  CompareOptions wanted;
  auto threshold = parse_threshold(invocation.get<std::string>("threshold"));
  if (!threshold) return pass_on(threshold);
  wanted.threshold_ratio = *threshold;
  auto metrics = parse_metrics(invocation);
  if (!metrics) return pass_on(metrics);
  wanted.metrics = std::move(*metrics);
  std::vector<Assessment> results;
  for (const std::string& file : files) {
    auto result = read_document_file(file);
    if (!result) return pass_on(result);
    results.push_back(std::move(*result));
  }
  const Comparison comparison =
      compare_results(results.front(), std::span(results).subspan(1), wanted);
  const std::string text =
      invocation.json ? json_text(comparison_json(comparison))
                      : comparison_text(comparison, invocation.color && !invocation.output);
  if (auto delivered = deliver(invocation, text); !delivered) return pass_on(delivered);
  return exit_of(comparison.verdict);
}

}  // namespace

Command compare_command() {
  return {.name = "compare",
          .summary = "Is a new result slower than a base? For gates: exit code 1 when it is",
          .usage = "assay compare BASE.json NEW.json... [options]",
          .examples =
              "  assay compare main.json branch.json\n"
              "  assay compare main.json branch.json --threshold 5% --metric decode\n"
              "  assay compare main.json a.json b.json --json -o comparison.json\n\n"
              "Exit codes: 0 same or faster, 1 slower, 6 not comparable: runs of the base are\n"
              "missing or not valid, or samples too few.",
          .declare = declare,
          .run = run};
}

}  // namespace assay
