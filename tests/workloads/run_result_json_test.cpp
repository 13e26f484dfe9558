#include "workloads/run_result_json.hpp"
#include "workloads/micro_json.hpp"

#include <gtest/gtest.h>

#include "workloads/measure/energy.hpp"

namespace assay {
namespace {

RunResult sample_run() {
  RunResult run;
  run.workload = "chat";
  run.model = {.id = "dense-1b",
               .source = "synthetic",
               .architecture = "llama",
               .parameters = 1'235'814'400,
               .active_parameters = 1'235'814'400,
               .format = "Q4_K_M",
               .weight_bytes = Bytes(807'690'240),
               .is_slice = true,
               .layers = 4,
               .full_layers = 16};
  run.engine = {.name = "assay", .isa = "avx2", .threads = 2, .numerics = "int8-activations"};
  run.prompt_tokens = 128;
  run.generated_tokens = 256;
  run.context_depth = 64;
  run.prefill_tokens_per_second = describe({100.0, 101.0, 99.0, 102.0, 98.0, 100.5});
  run.decode_tokens_per_second = describe({30.0, 31.0});
  run.time_to_first_token_seconds = describe({1.25});
  run.inter_token_latency_seconds = LatencyPercentiles{0.01, 0.02, 0.03, 0.04};
  run.token_trace_seconds = {0.01, 0.011};
  run.decode_bytes_per_token = 8e8;
  run.head_bytes_per_token = 2e8;
  run.prefill_flops_per_token = 2e9;
  run.decode_bandwidth_utilization_ratio = Fact<double>::known(0.9, "best of the read patterns");
  run.prefill_compute_utilization_ratio = Fact<double>::unknown("no peak was measured");
  run.prefill_peak = "int8_ops_per_second";
  run.load_cold_seconds = Fact<double>::absent("synthetic weights are made, not read");
  run.load_warm_seconds = Fact<double>::known(0.5, "clock");
  run.decode_joules_per_token = Fact<double>::known(0.7, k_energy_method);
  run.predicted_peak = Bytes(900);
  run.measured_peak = Fact<Bytes>::known(Bytes(910), "/proc/self/status");
  run.verification = Verification{true, 1e-7, 12, ""};
  run.validity = Validity::noisy;
  run.reasons = {"steal time 2 %"};
  run.wall_seconds = 3.5;
  return run;
}

TEST(RunResultJson, RoundTripsARun) {
  DocumentNotes notes;
  const Json json = run_to_json(sample_run(), "/runs/0", notes);
  const auto back = run_from_json(JsonFields(json, "test", "/runs/0"), "/runs/0", notes);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->validity, Validity::noisy);
  EXPECT_EQ(back->load_cold_seconds.state(), FactState::absent);
  EXPECT_EQ(back->prefill_compute_utilization_ratio.reason(), "no peak was measured");
  DocumentNotes again;
  EXPECT_EQ(run_to_json(*back, "/runs/0", again).dump(), json.dump());
  EXPECT_EQ(again.reasons, notes.reasons);
  EXPECT_EQ(again.sources, notes.sources);
}

TEST(RunResultJson, HasTheFieldsOfTheContract) {
  DocumentNotes notes;
  const Json json = run_to_json(sample_run(), "/runs/0", notes);
  EXPECT_DOUBLE_EQ(json["decode"]["tokens_per_second"]["median"].get<double>(), 30.5);
  EXPECT_TRUE(json["decode"]["tokens_per_second"]["ci95"].is_null());
  EXPECT_EQ(json["prefill"]["tokens_per_second"]["ci95"], Json::array({98.0, 102.0}));
  EXPECT_EQ(json["prefill"]["tokens_per_second"]["n"], 6);
  EXPECT_EQ(json["memory"]["measured_peak_bytes"], 910);
  EXPECT_TRUE(json["prefill"]["compute_utilization_ratio"].is_null());
  EXPECT_EQ(notes.reasons.at("/runs/0/prefill/compute_utilization_ratio"), "no peak was measured");
  EXPECT_EQ(json["validity"], "noisy");
}

TEST(RunResultJson, EveryNullOfARunHasItsReason) {
  RunResult run = sample_run();
  run.prefill_tokens_per_second.reset();
  run.decode_tokens_per_second.reset();
  run.time_to_first_token_seconds.reset();
  run.inter_token_latency_seconds.reset();
  run.verification.reset();
  run.verification_absent_reason = "not asked for";
  run.decode_joules_per_token = Fact<double>::unknown("no counter can be read");
  DocumentNotes notes;
  const Json json = run_to_json(run, "/runs/0", notes);
  for (const char* place :
       {"/prefill/tokens_per_second", "/decode/tokens_per_second", "/time_to_first_token_seconds",
        "/inter_token_latency_seconds", "/verification", "/energy", "/quality", "/sustained"}) {
    EXPECT_TRUE(json[Json::json_pointer(place)].is_null()) << place;
    EXPECT_TRUE(notes.reasons.contains(std::string("/runs/0") + place)) << place;
  }
}

TEST(RunResultJson, RefusesAFieldOfAnotherTypeByName) {
  DocumentNotes notes;
  Json json = run_to_json(sample_run(), "/runs/0", notes);
  json["decode"]["tokens_per_second"]["samples"] = Json::array({"fast"});
  const auto back = run_from_json(JsonFields(json, "r.json", "/runs/0"), "/runs/0", notes);
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().text().find("/runs/0/decode/tokens_per_second/samples/0"),
            std::string::npos)
      << back.error().text();
}

TEST(RunResultJson, RefusesARunOfNoThread) {
  DocumentNotes notes;
  Json json = run_to_json(sample_run(), "/runs/0", notes);
  json["engine"]["threads"] = 0;
  const auto back = run_from_json(JsonFields(json, "r.json", "/runs/0"), "/runs/0", notes);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::refused_input);
  EXPECT_NE(back.error().text().find("/runs/0/engine/threads: 0"), std::string::npos)
      << back.error().text();
}

TEST(RunResultJson, TakesStatisticsFromTheSamplesOnly) {
  DocumentNotes notes;
  Json json = run_to_json(sample_run(), "/runs/0", notes);
  json["decode"]["tokens_per_second"]["median"] = 9999.0;
  const auto back = run_from_json(JsonFields(json, "r.json"), "/runs/0", notes);
  ASSERT_TRUE(back);
  EXPECT_DOUBLE_EQ(back->decode_tokens_per_second->median, 30.5);
}

TEST(RunResultJson, AnUnknownValidityIsADoubt) {
  DocumentNotes notes;
  Json json = run_to_json(sample_run(), "/runs/0", notes);
  json["validity"] = "splendid";
  const auto back = run_from_json(JsonFields(json, "r.json"), "/runs/0", notes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->validity, Validity::unstable);
}

TEST(RunResultJson, RoundTripsMicroResults) {
  MicroResults micro;
  micro.isa = "avx2";
  micro.read_bandwidth_bytes_per_second[1] = describe({2.0e10});
  micro.read_bandwidth_bytes_per_second[2] = describe({3.0e10, 3.1e10});
  micro.fma_flops_per_second[2] = describe({1e11});
  micro.int8_ops_per_second[2] = describe({4e11});
  micro.read_pattern[2] = "4 streams";
  micro.read_by_size[2] = {{mebibytes(64), describe({4e10})}, {mebibytes(512), describe({3e10})}};
  micro.kernels[2] = {{"Q4_K", describe({2.5e10}), describe({5e11})}};
  micro.attention[2] = {{1, describe({3e7})}, {4, describe({2e7})}};
  DocumentNotes notes;
  EXPECT_FALSE(micro_to_json(micro, "/micro", notes).contains("bf16_flops_per_second"));
  micro.bf16_flops_per_second[2] = describe({2e11});
  const Json json = micro_to_json(micro, "/micro", notes);
  EXPECT_EQ(json["bf16_flops_per_second"]["2"]["n"], 1);
  EXPECT_EQ(json["read_bandwidth_bytes_per_second"]["2"]["n"], 2);
  const auto back = micro_from_json(JsonFields(json, "test", "/micro"), "/micro", notes);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(micro_to_json(*back, "/micro", notes).dump(), json.dump());
}

TEST(RunResultJson, RefusesSizesThatDoNotRise) {
  const Json read = {{"bytes", 1024U}, {"bytes_per_second", {{"samples", {1.0}}}}};
  const Json json = {{"read_by_size", {{"2", Json::array({read, read})}}}};
  const auto back = micro_from_json(JsonFields(json, "test", "/micro"), "/micro", {});
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().text().find("/micro/read_by_size/2/1/bytes"), std::string::npos)
      << back.error().text();
}

TEST(RunResultJson, RefusesAGroupOfNoQueries) {
  const Json json = Json::parse(
      R"({"attention": {"2": [{"group": 0, "positions_per_second": {"samples": [1.0]}}]}})");
  const auto back = micro_from_json(JsonFields(json, "test", "/micro"), "/micro", {});
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().text().find("/micro/attention/2/0/group"), std::string::npos)
      << back.error().text();
}

TEST(RunResultJson, RefusesAThreadCountThatIsNone) {
  const Json json = {{"read_bandwidth_bytes_per_second", {{"two", {{"samples", {1.0}}}}}}};
  const auto back = micro_from_json(JsonFields(json, "test", "/micro"), "/micro", {});
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().text().find("two"), std::string::npos);
}

}  // namespace
}  // namespace assay
