#include "sample_assessment.hpp"

namespace assay {
namespace {

template <typename T>
Fact<T> known(T value) {
  return Fact<T>::known(std::move(value), "a recording");
}

MachineProfile sample_machine() {
  MachineProfile machine;
  machine.id = "3f1c5a7e9b2d4c60";
  machine.root = "/";
  machine.cpu.vendor = known<std::string>("GenuineIntel");
  machine.cpu.brand = known<std::string>("Intel(R) Core(TM) i7-1370P");
  machine.cpu.physical_cores = known(14U);
  machine.cpu.logical_cores = known(20U);
  machine.cpu.usable_cpus = known(2U);
  machine.cpu.core_types =
      known(std::vector<CoreType>{{"performance", 6, 12}, {"efficiency", 8, 8}});
  machine.cpu.isa = known(std::vector<std::string>{"sse2", "avx2", "fma", "f16c", "avx_vnni"});
  machine.cpu.caches = known(std::vector<CacheLevel>{{1, "data", Bytes(49152), 6},
                                                     {1, "instruction", Bytes(32768), 6},
                                                     {2, "unified", Bytes(1310720), 6},
                                                     {3, "unified", Bytes(25165824), 1}});
  machine.cpu.governor =
      Fact<std::string>::absent("/sys/devices/system/cpu/cpu0/cpufreq is missing");
  machine.memory.total = known(Bytes(16'000'000'000));
  machine.memory.available = known(Bytes(12'000'000'000));
  machine.memory.limit = known(Bytes(8'000'000'000));
  machine.memory.limit_headroom = known(Bytes(7'500'000'000));
  machine.memory.theoretical_bandwidth_bytes_per_second =
      Fact<double>::unknown("the memory's speed is only readable as root");
  GpuProfile gpu;
  gpu.pci_address = "0000:00:02.0";
  gpu.vendor_id = 0x8086;
  gpu.device_id = 0xa7a0;
  gpu.vendor = "Intel";
  gpu.name = known<std::string>("Iris Xe Graphics");
  gpu.driver = known<std::string>("i915");
  machine.gpus = {gpu};
  machine.gpu_count = known(1U);
  machine.npu_count = known(0U);
  machine.os.name = known<std::string>("Debian GNU/Linux 12 (bookworm)");
  machine.os.kernel = known<std::string>("6.1.0-18-amd64");
  machine.os.architecture = known<std::string>("x86_64");
  machine.os.hypervisor = Fact<std::string>::absent("CPUID leaf 1");
  return machine;
}

RunResult sample_run(const char* model, const char* format, double rate) {
  RunResult run;
  run.workload = "tg32";
  run.model = {.id = model,
               .source = "synthetic",
               .architecture = "llama",
               .parameters = 1'235'814'400,
               .active_parameters = 1'235'814'400,
               .format = format,
               .weight_bytes = Bytes(807'690'240),
               .is_slice = true,
               .layers = 4,
               .full_layers = 16};
  run.engine = {.name = "assay", .isa = "avx2", .threads = 2, .numerics = "int8-activations"};
  run.prompt_tokens = 128;
  run.generated_tokens = 32;
  run.prefill_tokens_per_second = describe({100.0, 101.0, 99.0, 102.0, 98.0, 100.5});
  run.decode_tokens_per_second =
      describe({rate, rate * 1.01, rate * 0.99, rate * 1.02, rate * 0.98, rate * 1.005});
  run.time_to_first_token_seconds = describe({1.25, 1.26, 1.24, 1.27, 1.28, 1.25});
  run.inter_token_latency_seconds = LatencyPercentiles{0.01, 0.02, 0.03, 0.04};
  run.token_trace_seconds = {0.01, 0.011};
  run.decode_bytes_per_token = 8e8;
  run.decode_bandwidth_utilization_ratio = known(0.78);
  run.prefill_compute_utilization_ratio = known(0.41);
  run.prefill_peak = "int8_ops_per_second";
  run.load_cold_seconds = Fact<double>::absent("synthetic weights are made, not read");
  run.load_warm_seconds = known(0.5);
  run.predicted_peak = Bytes(900'000'000);
  run.measured_peak = known(Bytes(910'000'000));
  run.verification = Verification{true, 1e-7, 12, ""};
  run.wall_seconds = 3.5;
  return run;
}

Verdict sample_verdict(const char* model, VerdictKind kind, Limit limit, double rate) {
  Verdict verdict;
  verdict.model = model;
  verdict.format = "Q4_K_M";
  verdict.context = 4096;
  verdict.verdict = kind;
  verdict.limit = limit;
  verdict.prediction.footprint.weights = Bytes(2'000'000'000);
  verdict.prediction.footprint.kv_cache = Bytes(300'000'000);
  verdict.prediction.footprint.compute = Bytes(80'000'000);
  verdict.prediction.footprint.runtime = Bytes(20'000'000);
  verdict.prediction.available = known(Bytes(7'500'000'000));
  verdict.prediction.file_bytes = Bytes(2'010'000'000);
  if (rate > 0.0) {
    const auto estimate = [](double value) {
      return Estimate{value * 0.9, value, value * 1.1, Origin::predicted, Basis::this_machine};
    };
    verdict.prediction.decode_tokens_per_second = estimate(rate);
    verdict.prediction.prefill_tokens_per_second = estimate(rate * 8);
    verdict.prediction.time_to_first_token_seconds = estimate(16 / rate);
  }
  verdict.why = std::string(model) + " is judged by its decode rate.";
  verdict.advice = {"a smaller context"};
  return verdict;
}

}  // namespace

Assessment sample_assessment() {
  Assessment assessment;
  assessment.run_id = "7b1f3f0e-4f5e-4c59-9d0a-0c8d6b0f2a11";
  assessment.started_at = "2026-02-03T04:05:06Z";
  assessment.command = "assess";
  assessment.tool = {"0.1.0", "0123456789ab", "Release", "GNU 12.2.0"};
  assessment.machine = sample_machine();
  assessment.environment.suite = "quick";
  assessment.environment.threads = 2;
  assessment.environment.load_average_1m = known(0.12);
  assessment.environment.duration_seconds = known(42.0);
  assessment.micro.isa = "avx2";
  assessment.micro.read_bandwidth_bytes_per_second = {{1, describe({1.9e10, 2e10, 2.1e10})},
                                                      {2, describe({3.0e10, 3.1e10, 3.05e10})}};
  assessment.micro.fma_flops_per_second = {{1, describe({9e10})}, {2, describe({1.8e11})}};
  assessment.micro.int8_ops_per_second = {{1, describe({2e11})}, {2, describe({4e11})}};
  assessment.runs = {sample_run("dense-1b", "Q4_K_M", 30.0), sample_run("dense-1b", "Q8_0", 18.0),
                     sample_run("moe-7b-a1b", "Q4_K_M", 22.0)};
  assessment.runs[1].validity = Validity::noisy;
  assessment.runs[1].reasons = {"the load average is 0.9"};
  assessment.runs[2].verification.reset();
  assessment.runs[2].verification_absent_reason = "the time for it was over";
  assessment.skipped = {"dense-8b F16: needs 17 GB, 7.5 GB are available"};
  assessment.verdicts = {
      sample_verdict("qwen3-1.7b", VerdictKind::comfortable, Limit::none, 25.0),
      sample_verdict("qwen3-4b", VerdictKind::ok, Limit::decode_speed, 11.0),
      sample_verdict("llama-3.1-8b", VerdictKind::tight, Limit::decode_speed, 5.5),
      sample_verdict("qwen3-14b", VerdictKind::no, Limit::memory, 2.9),
      sample_verdict("mistral-small-24b-2501", VerdictKind::unknown, Limit::unsupported, 0.0)};
  Recommendation recommendation;
  recommendation.use = "chat";
  recommendation.considered = 5;
  recommendation.reason = "qwen3-4b is the most capable model that is ok here.";
  for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
    Candidate candidate;
    candidate.verdict = assessment.verdicts[i];
    candidate.parameters = i == 1 ? 4'022'468'096 : 1'720'574'976;
    candidate.active_parameters = candidate.parameters;
    candidate.release = "2025-04";
    candidate.family = "qwen3";
    candidate.reason = "by size and age";
    recommendation.ranking.push_back(candidate);
  }
  assessment.recommendation = recommendation;
  return assessment;
}

}  // namespace assay
