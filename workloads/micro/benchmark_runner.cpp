#include "workloads/micro/benchmark_runner.hpp"

#include <benchmark/benchmark.h>

#include <memory>

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

/// One micro-benchmark as the library's registry wants it.
class RegisteredBenchmark : public benchmark::Fixture {
 public:
  RegisteredBenchmark(const MicroBenchmark& what, const std::stop_token& stop, Deadline deadline)
      : what_(what), stop_(stop), deadline_(deadline) {
    SetName(what.name.c_str());
    Iterations(static_cast<benchmark::IterationCount>(what.passes));
    Repetitions(static_cast<int>(what.repetitions));
    UseRealTime();
  }

 protected:
  void BenchmarkCase(benchmark::State& state) override {
    if (std::chrono::steady_clock::now() >= deadline_) {
      state.SkipWithError("too late");
      return;
    }
    for (const auto _ : state) {
      if (stop_.stop_requested()) {
        state.SkipWithError("interrupted");
        break;
      }
      what_.pass();
    }
  }

 private:
  const MicroBenchmark& what_;
  const std::stop_token& stop_;
  Deadline deadline_;
};

}  // namespace

Result<MicroSamples> run_benchmarks(std::span<const MicroBenchmark> benchmarks,
                                    const std::stop_token& stop, Deadline deadline) {
  for (const MicroBenchmark& each : benchmarks) {
    auto registered = std::make_unique<RegisteredBenchmark>(each, stop, deadline);
    benchmark::internal::RegisterBenchmarkInternal(registered.release());  // takes ownership
  }
  SampleReporter reporter(benchmarks);
  benchmark::RunSpecifiedBenchmarks(&reporter, ".");
  benchmark::ClearRegisteredBenchmarks();
  if (stop.stop_requested()) return fail(ErrorCode::interrupted, "micro-measurements: interrupted");
  return reporter.take();
}

}  // namespace assay
