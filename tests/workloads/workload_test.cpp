// Runs of the real engine on models of a few hundred kilobytes.
#include <gtest/gtest.h>

#include <filesystem>

#include "reference-engine/kernel_selection.hpp"
#include "workloads/bench.hpp"

namespace assay {
namespace {

ModelSpec tiny_spec() {
  ModelSpec spec;
  spec.name = "tiny";
  spec.architecture = "llama";
  spec.d_model = 256;
  spec.layers =
      uniform_layers(3, {.attention = {.heads = 4, .kv_heads = 2, .head_dim = 64}, .d_ff = 512});
  spec.vocabulary = 512;
  spec.trained_context = 2048;
  spec.rope() = {.pairs = RopePairs::adjacent, .dims = 64, .base = 10000.0F};
  return spec;
}

BenchModel tiny_model(Recipe recipe = Recipe::q4_k_m) {
  BenchModel model;
  model.spec = tiny_spec();
  model.recipe = recipe;
  return model;
}

const KernelTable& kernels() {
  static const KernelTable* table = *select_kernels(live_cpu_features());
  return *table;
}

const WorkloadSpec k_workload{
    .name = "pp20+tg12", .prompt_tokens = 20, .generated_tokens = 12, .context_depth = 5};

MeasureOptions few_repetitions() {
  return {.threads = 2, .min_repetitions = 6, .max_repetitions = 6, .max_seconds = 30.0};
}

TEST(Workload, MeasuresAndVerifiesTheReferenceEngine) {
  ThreadPool pool(2);
  const auto run =
      run_workload(tiny_model(), k_workload, few_repetitions(), kernels(), pool, {}, {});
  ASSERT_TRUE(run) << run.error().text();
  ASSERT_TRUE(run->verification);
  EXPECT_TRUE(run->verification->passed) << run->verification->reason;
  EXPECT_GT(run->verification->kernels_checked, 4U);
  EXPECT_NE(run->validity, Validity::invalid) << run->reasons.front();
  ASSERT_TRUE(run->prefill_tokens_per_second && run->decode_tokens_per_second);
  EXPECT_EQ(run->decode_tokens_per_second->samples.size(), 6U);
  EXPECT_EQ(run->token_trace_seconds.size(), 11U);
  ASSERT_TRUE(run->time_to_first_token_seconds);
  // The time to the first token holds the prefill and the choice of the token.
  EXPECT_GE(run->time_to_first_token_seconds->median,
            0.99 * 20.0 / run->prefill_tokens_per_second->maximum);
  EXPECT_EQ(run->model.format, "Q4_K_M");
  EXPECT_FALSE(run->model.is_slice);
  EXPECT_EQ(run->prefill_peak, "int8_ops_per_second");
  EXPECT_FALSE(run->measured_peak.is_known());  // this process does other things too
  EXPECT_EQ(run->load_cold_seconds.state(), FactState::absent);
}

TEST(Workload, ASliceRunsFewerLayersOfTheSameWidths) {
  ThreadPool pool(1);
  BenchModel model = tiny_model(Recipe::f16);
  model.slice_layers = 2;
  MeasureOptions options = few_repetitions();
  options.threads = 1;
  const auto run = run_workload(model, k_workload, options, kernels(), pool, {}, {});
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_TRUE(run->model.is_slice);
  EXPECT_EQ(run->model.layers, 2U);
  EXPECT_EQ(run->model.full_layers, 3U);
  EXPECT_EQ(run->prefill_peak, "fma_flops_per_second");
  EXPECT_EQ(run->engine.numerics, "float32-activations");
}

TEST(Workload, WrongKernelsGiveNoSpeed) {
  KernelTable broken = kernels();
  for (FormatKernels& format : broken.formats) {
    if (format.panel_rows == 0) break;
    if (!format.takes_q8) continue;
    // Do nothing: very fast, and wrong.
    format.multiply = [](const PanelProduct*) {};
    format.multiply_streams = [](const StreamProduct*) {};
  }
  ThreadPool pool(2);
  const auto run = run_workload(tiny_model(), k_workload, few_repetitions(), broken, pool, {}, {});
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run->validity, Validity::invalid);
  EXPECT_FALSE(run->verification->passed);
  EXPECT_FALSE(run->prefill_tokens_per_second);
  EXPECT_FALSE(run->decode_tokens_per_second);
  ASSERT_FALSE(run->reasons.empty());
  EXPECT_NE(run->reasons.front().find("wrong output"), std::string::npos);
}

TEST(Workload, AWrongOperationBesideTheProductsIsFound) {
  KernelTable broken = kernels();
  broken.silu_multiply = [](float* gate, const float* up, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) gate[i] *= up[i];  // no activation
  };
  ThreadPool pool(2);
  const auto run = run_workload(tiny_model(), k_workload, few_repetitions(), broken, pool, {}, {});
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run->validity, Validity::invalid);
  EXPECT_NE(run->verification->reason.find("feed-forward"), std::string::npos)
      << run->verification->reason;
}

TEST(Workload, RefusesWhatDoesNotFitAndSaysWhatWould) {
  ThreadPool pool(1);
  MeasureOptions options = few_repetitions();
  options.usable_memory = mebibytes(1);
  auto run = run_workload(tiny_model(), k_workload, options, kernels(), pool, {}, {});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::does_not_fit);
  EXPECT_NE(run.error().message.find("are available"), std::string::npos);
  EXPECT_NE(run.error().remedy.find("choose a smaller model"), std::string::npos);

  // A cache of a million positions is 768 MB; a small one would fit.
  options.usable_memory = mebibytes(100);
  const WorkloadSpec deep{.name = "deep", .generated_tokens = 2, .context_depth = 1U << 20};
  run = run_workload(tiny_model(), deep, options, kernels(), pool, {}, {});
  ASSERT_FALSE(run);
  EXPECT_NE(run.error().remedy.find("a context of at most"), std::string::npos)
      << run.error().remedy;
}

TEST(Workload, AProcessOfItsOwnKnowsItsPeakMemory) {
  MicroResults micro;
  micro.read_bandwidth_bytes_per_second[2] = describe({1e12});
  micro.int8_ops_per_second[2] = describe({1e15});
  const auto run = run_isolated(tiny_model(), k_workload, few_repetitions(), kernels(), micro, {});
  ASSERT_TRUE(run) << run.error().text();
  ASSERT_TRUE(run->measured_peak.is_known()) << run->measured_peak.reason();
  EXPECT_GT(run->measured_peak.value(), run->model.weight_bytes);
  EXPECT_TRUE(run->decode_bandwidth_utilization_ratio.is_known());
  EXPECT_GT(run->decode_bandwidth_utilization_ratio.value(), 0.0);
}

TEST(Workload, ErrorsOfAProcessArriveWhole) {
  BenchModel model;
  model.gguf = "/nonexistent/model.gguf";
  const auto run = run_isolated(model, k_workload, few_repetitions(), kernels(), {}, {});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::refused_input);
  EXPECT_NE(run.error().text().find("/nonexistent/model.gguf"), std::string::npos);
}

TEST(Workload, AStopBeforeItStartsIsAnInterruption) {
  std::stop_source source;
  source.request_stop();
  const auto run =
      run_isolated(tiny_model(), k_workload, few_repetitions(), kernels(), {}, source.get_token());
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::interrupted);
}

TEST(Micro, MeasuresEachLimitOnEachThreadCount) {
  // A buffer of two fifths of 16 MB: this tests the loops, not the memory.
  const auto micro = measure_micro_isolated(kernels(), 2, 1.0, mebibytes(16), {});
  ASSERT_TRUE(micro) << micro.error().text();
  EXPECT_EQ(micro->isa, kernels().isa);
  for (const auto* limits : {&micro->read_bandwidth_bytes_per_second, &micro->fma_flops_per_second,
                             &micro->int8_ops_per_second}) {
    ASSERT_EQ(limits->size(), 2U);
    for (const unsigned threads : {1U, 2U}) {
      EXPECT_GE(limits->at(threads).samples.size(), 6U);
      // In bytes and operations, not in GB: no machine is so busy that it does fewer.
      EXPECT_GT(limits->at(threads).minimum, 1e5);
    }
  }
  EXPECT_TRUE(micro->bf16_flops_per_second.empty());
  EXPECT_NE(micro->read_pattern.at(2).find("streams"), std::string::npos);
}

TEST(Micro, ForACalibrationReadsBySizeAndTimesTheKernelsOfEveryFormat) {
  // Two fifths hold one matrix of 8192 x 2048 in float32.
  const auto micro =
      measure_micro_isolated(kernels(), 2, 1.0, mebibytes(200), {}, MicroScope::calibration);
  ASSERT_TRUE(micro) << micro.error().text();
  EXPECT_EQ(micro->read_by_size.at(2).size(), 2U);  // 64 MB, and all 80
  std::size_t formats = 0;
  for (const FormatKernels& one : kernels().formats) formats += one.panel_rows != 0 ? 1 : 0;
  ASSERT_EQ(micro->kernels.at(2).size(), formats);
  for (const KernelSpeed& speed : micro->kernels.at(2)) {
    EXPECT_TRUE(weight_format(speed.format)) << speed.format;
    EXPECT_GT(speed.decode_bytes_per_second.minimum, 1e5) << speed.format;
    EXPECT_GT(speed.prefill_ops_per_second.minimum, 1e5) << speed.format;
  }
  ASSERT_EQ(micro->attention.at(2).size(), 2U);
  EXPECT_LT(micro->attention.at(2)[0].group, micro->attention.at(2)[1].group);
  for (const AttentionSpeed& speed : micro->attention.at(2)) {
    EXPECT_GT(speed.positions_per_second.minimum, 1e4);
  }
}

TEST(Micro, MeasuresProductsOfBf16WhereTheKernelsHaveThem) {
  KernelTable native = kernels();
  native.bf16_loop = native.fma_loop;
  native.bf16_flops_per_step = native.fma_flops_per_step;
  const auto micro = measure_micro_isolated(native, 1, 1.0, mebibytes(16), {});
  ASSERT_TRUE(micro) << micro.error().text();
  ASSERT_TRUE(micro->bf16_flops_per_second.contains(1));
  EXPECT_GT(micro->bf16_flops_per_second.at(1).minimum, 1e5);
}

TEST(SuiteRun, SkipsByNameWhatDoesNotFitAndKeepsTheRest) {
  Suite suite;
  suite.workloads = {k_workload};
  suite.shapes = {{"tiny", tiny_spec()}, {"huge", tiny_spec()}};
  for (LayerSpec& layer : suite.shapes[1].spec.layers) layer.d_ff = 1U << 20;
  const std::vector<SuiteCell> cells{{k_workload.name, "huge", Recipe::f16, 0},
                                     {k_workload.name, "tiny", Recipe::q8_0, 0}};
  std::vector<std::string> told;
  const auto outcome =
      run_suite(suite, cells, few_repetitions(), kernels(), mebibytes(200),
                [&told](const std::string& what, double) { told.push_back(what); }, {});
  ASSERT_TRUE(outcome) << outcome.error().text();
  ASSERT_EQ(outcome->skipped.size(), 1U);
  EXPECT_TRUE(outcome->skipped.front().starts_with("huge F16 pp20+tg12: needs "))
      << outcome->skipped.front();
  ASSERT_EQ(outcome->runs.size(), 1U);
  EXPECT_EQ(outcome->runs.front().model.id, "tiny");
  EXPECT_FALSE(outcome->micro.empty());
  EXPECT_FALSE(outcome->partial);
  EXPECT_EQ(told.back(), "done");
}

}  // namespace
}  // namespace assay
