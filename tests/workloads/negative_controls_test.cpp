// The gate before each timing and the judgement after it, on the real engine: six ways to look
// faster are rejected, an engine that is slow and right is accepted. Time is a clock of the
// engine's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "reference-engine/kernel_selection.hpp"
#include "tests/reference-engine/fraud.hpp"
#include "workloads/engines/reference.hpp"
#include "workloads/run/summary.hpp"
#include "workloads/run/verified_run.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

const WorkloadSpec k_workload{.name = "pp16+tg12", .prompt_tokens = 16, .generated_tokens = 12};

/// The reference engine on a clock of its own, with the ways to cheat that lie in front of a model.
class TimedEngine : public Generator {
 public:
  explicit TimedEngine(Session& session) : honest_(session, 1) {}

  double seconds_per_token = 0.010;
  std::uint32_t stops_after = 1U << 30;  // tokens
  bool keeps_answers = false;            // gives the first prompt's answer to each
  bool counts_twice = false;             // gives two tokens for the work of one

  [[nodiscard]] Clock clock() const {
    return [this] { return now_; };
  }

  [[nodiscard]] Capabilities capabilities() const override { return honest_.capabilities(); }
  [[nodiscard]] std::string name() const override { return "timed"; }
  Result<void> reset(std::uint32_t depth) override {
    given_ = 0;
    unread_ = 0;
    return honest_.reset(depth);
  }
  Result<void> read_prompt(std::span<const TokenId> tokens) override {
    if (answered()) {
      unread_ = static_cast<std::uint32_t>(tokens.size());
      return {};
    }
    now_ += seconds_per_token * static_cast<double>(tokens.size()) / 10.0;
    return honest_.read_prompt(tokens);
  }
  Result<TokenId> first_token() override {
    return give([this] { return honest_.first_token(); });
  }
  Result<TokenId> next(TokenId token) override {
    if (counts_twice && given_ % 2 == 1) {
      ++unread_;
      ++given_;
      return token;
    }
    if (answered()) {
      ++unread_;
    } else {
      now_ += seconds_per_token;
    }
    return give([this, token] { return honest_.next(token); });
  }
  [[nodiscard]] std::span<const float> logits() const override {
    return answered() ? std::span<const float>(kept_logits_) : honest_.logits();
  }
  /// As an honest engine would count.
  [[nodiscard]] std::uint32_t positions() const override { return honest_.positions() + unread_; }

 private:
  [[nodiscard]] bool answered() const {
    return keeps_answers && answer_.size() >= k_workload.generated_tokens;
  }
  Result<TokenId> give(const std::function<Result<TokenId>()>& compute) {
    if (given_ >= stops_after) return fail(ErrorCode::invalid_result, "end of sequence");
    if (answered()) return answer_[given_++ % answer_.size()];
    auto token = compute();
    if (!token) return token;
    if (given_ == 0) answer_.clear();
    ++given_;
    answer_.push_back(*token);
    kept_logits_.assign(honest_.logits().begin(), honest_.logits().end());
    return token;
  }

  ReferenceGenerator honest_;
  double now_ = 0.0;
  std::uint32_t given_ = 0;
  std::uint32_t unread_ = 0;  // positions that are counted without having been read
  std::vector<TokenId> answer_;
  std::vector<float> kept_logits_;
};

ModelSpec spec_of(std::uint32_t layers) {
  ModelSpec spec;
  spec.name = "controlled";
  spec.architecture = "qwen3moe";
  spec.d_model = 256;
  spec.layers = uniform_layers(layers, mixture_layer({.heads = 4, .kv_heads = 2, .head_dim = 64}));
  spec.moe = {.experts = 8, .used = 4, .d_expert = 256, .normalise_weights = true};
  spec.qk_norm = QkNorm::per_head;
  spec.vocabulary = 512;
  spec.trained_context = 2048;
  spec.rope() = {.pairs = RopePairs::halves, .dims = 64, .base = 10000.0F};
  return spec;
}

class Gate : public testing::TestWithParam<std::uint32_t> {  // layers
 protected:
  void SetUp() override {
    bench_.spec = spec_of(GetParam());
    bench_.recipe = Recipe::q8_0;
    prepared_ = *prepare_model(bench_);
  }

  Model make(const ModelSpec& spec) {
    return std::move(*synthesise_model(spec, Recipe::q8_0, options_.seed, kernels_, pool_));
  }

  /// Runs a session of `runs`, changed in front by `cheat`, as a run of the prepared model.
  RunResult run(const Model& runs, const std::function<void(TimedEngine&)>& cheat = {}) {
    const Model expected = make(prepared_.spec);
    auto session = Session::open(runs, session_shape(k_workload, options_), pool_);
    TimedEngine engine(*session);
    if (cheat) cheat(engine);
    RunResult result = describe_run(prepared_, k_workload, options_, kernels_);
    const auto done = verify_and_measure({prepared_, expected, *session, engine}, k_workload,
                                         options_, {}, engine.clock(), {}, result);
    EXPECT_TRUE(done) << done.error().text();
    return result;
  }

  static void expect_rejected(const RunResult& run, const std::string& reason) {
    EXPECT_EQ(run.validity, Validity::invalid);
    EXPECT_FALSE(run.decode_tokens_per_second);
    EXPECT_FALSE(run.prefill_tokens_per_second);
    EXPECT_THAT(run.reasons, testing::Contains(HasSubstr(reason)));
  }

  KernelTable kernels_ = **select_kernels(live_cpu_features());
  ThreadPool pool_{2};
  MeasureOptions options_{.threads = 2, .max_repetitions = 8, .max_seconds = 1e6};
  BenchModel bench_;
  PreparedModel prepared_;
};

TEST_P(Gate, AcceptsARightEngineHoweverSlow) {
  const Model honest = make(prepared_.spec);
  for (const double seconds : {0.010, 10.0}) {
    const RunResult result =
        run(honest, [seconds](TimedEngine& engine) { engine.seconds_per_token = seconds; });
    ASSERT_TRUE(result.verification);
    EXPECT_TRUE(result.verification->passed) << result.verification->reason;
    EXPECT_NE(result.validity, Validity::invalid);
    ASSERT_TRUE(result.decode_tokens_per_second);
    EXPECT_NEAR(result.decode_tokens_per_second->median, 1.0 / seconds, 1e-6 / seconds);
  }
}

TEST_P(Gate, RejectsALayerLess) {
  const Model fraud = make(prepared_.spec);
  drop_layer(fraud, GetParam() - 1);
  expect_rejected(run(fraud), "layer " + std::to_string(GetParam() - 1));
  expect_rejected(run(make(spec_of(GetParam() - 1))), "layers (expected");
}

TEST_P(Gate, RejectsAnExpertLess) {
  ModelSpec fewer = prepared_.spec;
  --fewer.moe.used;
  expect_rejected(run(make(fewer)), "experts");
}

TEST_P(Gate, RejectsACoarserFormat) {
  const Model fraud = make(prepared_.spec);
  coarsen(fraud, 0, LayerMatrix::down, WeightFormat::q4_0);
  expect_rejected(run(fraud), "layer 0 experts");
}

TEST_P(Gate, RejectsCachedTokens) {
  const Model honest = make(prepared_.spec);
  expect_rejected(run(honest, [](TimedEngine& engine) { engine.keeps_answers = true; }),
                  "different prompts got the same");
}

TEST_P(Gate, RejectsAnEarlyStop) {
  const Model honest = make(prepared_.spec);
  expect_rejected(run(honest, [](TimedEngine& engine) { engine.stops_after = 10; }),
                  "the engine ended after 10 of 12 tokens");
}

TEST_P(Gate, RejectsTokensThatAreCountedTwice) {
  const Model honest = make(prepared_.spec);
  expect_rejected(run(honest, [](TimedEngine& engine) { engine.counts_twice = true; }),
                  "the session holds ");
}

INSTANTIATE_TEST_SUITE_P(Layers, Gate, testing::Values(2U, 24U),
                         [](const auto& row) { return std::to_string(row.param); });

}  // namespace
}  // namespace assay
