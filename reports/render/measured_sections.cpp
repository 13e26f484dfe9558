#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

constexpr double k_giga = 1e9;

Statistic scaled(Statistic statistic, double factor) {
  statistic.median *= factor;
  if (statistic.ci95)
    statistic.ci95 = {statistic.ci95->low * factor, statistic.ci95->high * factor};
  return statistic;
}

Cell limit_cell(const std::map<unsigned, Statistic>& by_threads, unsigned threads) {
  const auto found = by_threads.find(threads);
  if (found == by_threads.end()) return {"-", Tone::faint};
  return {figure(scaled(found->second, 1.0 / k_giga)), Tone::plain};
}

Cell statistic_cell(const std::optional<Statistic>& statistic) {
  return statistic ? Cell{figure(*statistic), Tone::plain} : Cell{"-", Tone::faint};
}

Cell share_cell(const Fact<double>& ratio) {
  if (!ratio.is_known()) return {"-", Tone::faint};
  return {fmt::format("{:.0f} %", 100.0 * ratio.value()), Tone::plain};
}

Cell validity_cell(const RunResult& run) {
  const std::string name(validity_name(run.validity));
  switch (run.validity) {
    case Validity::ok:
      return {name, Tone::good};
    case Validity::noisy:
    case Validity::unstable:
      return {name, Tone::warning};
    case Validity::invalid:
      break;
  }
  return {name, Tone::bad};
}

std::string run_model_name(const RunModel& model) {
  std::string name = printable(model.id, 60);
  if (model.is_slice) name += fmt::format(" {}/{}", model.layers, model.full_layers);
  return name;
}

std::vector<Cell> run_row(const RunResult& run) {
  const Cell memory = run.measured_peak.is_known()
                          ? Cell{human_bytes(run.measured_peak.value()), Tone::plain}
                          : Cell{"unknown", Tone::faint};
  return {{printable(run.workload, 40), Tone::plain},
          {run_model_name(run.model), Tone::plain},
          {printable(run.model.format, 20), Tone::plain},
          statistic_cell(run.prefill_tokens_per_second),
          statistic_cell(run.decode_tokens_per_second),
          statistic_cell(run.time_to_first_token_seconds),
          share_cell(run.decode_bandwidth_utilization_ratio),
          memory,
          validity_cell(run)};
}

/// What the table's marks mean, and why runs are not "ok".
void add_run_notes(const std::vector<RunResult>& runs, Section& section) {
  const bool native = std::any_of(runs.begin(), runs.end(), [](const RunResult& run) {
    return run.engine.numerics.find("16-activations") != std::string::npos;
  });
  if (native) {
    section.notes.push_back(
        {"native numerics: 16-bit weights multiplied activations rounded to 16 bits", Tone::faint});
  }
  const auto slice = std::find_if(runs.begin(), runs.end(),
                                  [](const RunResult& run) { return run.model.is_slice; });
  if (slice != runs.end()) {
    section.notes.push_back(
        {fmt::format("{}: a slice, {} of the {} layers in their real widths; its rates are not the "
                     "whole model's",
                     run_model_name(slice->model), slice->model.layers, slice->model.full_layers),
         Tone::faint});
  }
  for (const RunResult& run : runs) {
    const std::string name =
        fmt::format("{} on {} {}", printable(run.workload, 40), run_model_name(run.model),
                    printable(run.model.format, 20));
    if (run.validity != Validity::ok) {
      std::vector<std::string> reasons;
      for (const std::string& reason : run.reasons) reasons.push_back(printable(reason));
      section.notes.push_back(
          {fmt::format(
               "{}: {}: {}", validity_name(run.validity), name,
               reasons.empty() ? "no reason given" : fmt::format("{}", fmt::join(reasons, "; "))),
           run.validity == Validity::invalid ? Tone::bad : Tone::warning});
    }
    if (!run.verification) {
      section.notes.push_back(
          {fmt::format("not verified: {}: {}", name, printable(run.verification_absent_reason)),
           Tone::warning});
    }
  }
}

}  // namespace

std::optional<Section> limits_section(const Assessment& assessment) {
  const MicroResults& micro = assessment.micro;
  std::set<unsigned> thread_counts;
  for (const auto* limits : {&micro.read_bandwidth_bytes_per_second, &micro.fma_flops_per_second,
                             &micro.int8_ops_per_second}) {
    for (const auto& [threads, statistic] : *limits) thread_counts.insert(threads);
  }
  if (thread_counts.empty()) return std::nullopt;
  Section section;
  section.title = micro.isa.empty()
                      ? "Limits, measured"
                      : fmt::format("Limits, measured ({})", printable(micro.isa, 40));
  section.table.columns = {{"threads", "", true, 0},
                           {"read bandwidth", "GB/s", true, 0},
                           {"float32", "GFLOP/s", true, 0},
                           {"int8", "GOP/s", true, 0}};
  for (const unsigned threads : thread_counts) {
    section.table.rows.push_back({{fmt::format("{}", threads), Tone::plain},
                                  limit_cell(micro.read_bandwidth_bytes_per_second, threads),
                                  limit_cell(micro.fma_flops_per_second, threads),
                                  limit_cell(micro.int8_ops_per_second, threads)});
  }
  return section;
}

std::optional<Section> runs_section(const Assessment& assessment) {
  std::vector<RunResult> runs;  // those with a speed
  std::ranges::copy_if(assessment.runs, std::back_inserter(runs),
                       [](const RunResult& run) { return !run.quality.has_value(); });
  if (runs.empty()) return std::nullopt;
  const RunEngine& engine = runs.front().engine;
  Section section;
  section.title =
      fmt::format("Runs, measured ({} engine, {}, {} thread{})", printable(engine.name, 40),
                  printable(engine.isa, 40), engine.threads, engine.threads == 1 ? "" : "s");
  section.table.columns = {{"workload", "", false, 0},         {"model", "", false, 0},
                           {"format", "", false, 0},           {"prefill", "tok/s", true, 0},
                           {"decode", "tok/s", true, 0},       {"first token", "s", true, 2},
                           {"share of", "bandwidth", true, 3}, {"memory", "peak", true, 1},
                           {"validity", "", false, 0}};
  for (const RunResult& run : runs) section.table.rows.push_back(run_row(run));
  add_run_notes(runs, section);
  return section;
}

}  // namespace assay
