#include "workloads/micro/benchmark_runner.hpp"

#include <benchmark/benchmark.h>

namespace assay {
namespace {

/// Keeps the seconds of each repetition instead of printing them.
class SampleReporter : public benchmark::BenchmarkReporter {
 public:
  explicit SampleReporter(std::span<const MicroBenchmark> benchmarks) {
    for (const MicroBenchmark& each : benchmarks) work_[each.name] = each.work_per_pass;
  }
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string& name = run.run_name.function_name;
      const double seconds = run.real_accumulated_time / static_cast<double>(run.iterations);
      if (seconds > 0.0) samples_[name].push_back(work_.at(name) / seconds);
    }
  }
  MicroSamples take() { return std::move(samples_); }

 private:
  std::map<std::string, double> work_;
  MicroSamples samples_;
};

}  // namespace

Result<MicroSamples> run_benchmarks(std::span<const MicroBenchmark> benchmarks,
                                    const std::stop_token& stop) {
  for (const MicroBenchmark& each : benchmarks) {
    benchmark::RegisterBenchmark(each.name.c_str(),
                                 [&each, &stop](benchmark::State& state) {
                                   for (const auto _ : state) {
                                     if (stop.stop_requested()) {
                                       state.SkipWithError("interrupted");
                                       break;
                                     }
                                     each.pass();
                                   }
                                 })
        ->Iterations(static_cast<benchmark::IterationCount>(each.passes))
        ->Repetitions(static_cast<int>(each.repetitions))
        ->UseRealTime();
  }
  SampleReporter reporter(benchmarks);
  benchmark::RunSpecifiedBenchmarks(&reporter, ".");
  benchmark::ClearRegisteredBenchmarks();
  if (stop.stop_requested()) return fail(ErrorCode::interrupted, "micro-measurements: interrupted");
  return reporter.take();
}

}  // namespace assay
