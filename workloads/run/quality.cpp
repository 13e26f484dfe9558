#include "workloads/quality.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "reference-engine/sampler.hpp"
#include "reference-engine/tokenizer.hpp"
#include "workloads/measure/divergence.hpp"
#include "workloads/run/bench_model.hpp"
#include "workloads/run/summary.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_generated_chunks = 8;
constexpr std::uint32_t k_shortest_chunk = 8;
constexpr std::uint32_t k_pass_tokens = 64;  // whose reference logits are kept at once

using Tokens = std::vector<TokenId>;

/// A vocabulary's texts decide what a token means. Errors: refused_input.
Result<void> check_same_vocabulary(const PreparedModel& model, const PreparedModel& reference) {
  const auto refuse = [&](std::string found) {
    return model.file->refuse(
        "vocabulary", fmt::format("{} (expected the vocabulary of {}: only models with the same "
                                  "tokens can be compared)",
                                  found, printable(reference.file->name())));
  };
  if (model.spec.vocabulary != reference.spec.vocabulary) {
    return refuse(
        fmt::format("{} tokens, not {}", model.spec.vocabulary, reference.spec.vocabulary));
  }
  constexpr std::string_view k_key = "tokenizer.ggml.tokens";
  if (!model.file->has(k_key) || !reference.file->has(k_key)) return {};
  const auto ours = model.file->array(k_key, GgufType::string);
  if (!ours) return pass_on(ours);
  const auto theirs = reference.file->array(k_key, GgufType::string);
  if (!theirs) return pass_on(theirs);
  if ((*ours)->size() != (*theirs)->size()) {
    return refuse(fmt::format("{} texts, not {}", (*ours)->size(), (*theirs)->size()));
  }
  for (std::size_t i = 0; i < (*ours)->size(); ++i) {
    if ((*ours)->text(i) != (*theirs)->text(i)) {
      return refuse(fmt::format("token {} is '{}', not '{}'", i, printable((*ours)->text(i), 40),
                                printable((*theirs)->text(i), 40)));
    }
  }
  return {};
}

/// Both models at once, and the logits of one pass. Errors: does_not_fit.
Result<void> check_both_fit(const PreparedModel& model, const PreparedModel& reference,
                            const SessionShape& shape, const std::optional<Bytes>& usable) {
  const Bytes logits(std::uint64_t{k_pass_tokens} * reference.spec.vocabulary * sizeof(float));
  const Bytes needed = footprint(model.spec, model.plan, shape).peak() +
                       footprint(reference.spec, reference.plan, shape).peak() + logits;
  if (!usable || needed <= *usable) return {};
  return fail(ErrorCode::does_not_fit,
              fmt::format("both models need {} of memory at once ({} may be used)",
                          human_bytes(needed), human_bytes(*usable)),
              model.file->name(), "take a smaller reference (Q8_0 loses little) or context");
}

class QualityRun {
 public:
  QualityRun(const QualityOptions& options, const PreparedModel& model,
             const PreparedModel& reference, const Progress& progress, const std::stop_token& stop)
      : options_(options), model_(model), reference_(reference), progress_(progress), stop_(stop) {}

  Result<Quality> measure(const KernelTable& kernels, ThreadPool& pool) {
    SessionShape shape;
    shape.context = chunk_tokens();
    shape.chunk = k_pass_tokens;
    shape.threads = pool.size();
    shape.cache = options_.cache;
    if (auto fits = check_both_fit(model_, reference_, shape, options_.usable_memory); !fits) {
      return pass_on(fits);
    }
    std::vector<Tokens> chunks;
    if (options_.text) {
      auto read = chunks_of_text();
      if (!read) return pass_on(read);
      chunks = std::move(*read);
    }
    const auto right = load_model(*reference_.file, kernels, pool, stop_);
    if (!right) return pass_on(right);
    auto right_session = Session::open(*right, shape, pool);
    if (!right_session) return pass_on(right_session);
    if (!options_.text) {
      auto generated = generate(*right_session);
      if (!generated) return pass_on(generated);
      chunks = std::move(*generated);
    }
    const auto tested = load_model(*model_.file, kernels, pool, stop_);
    if (!tested) return pass_on(tested);
    auto tested_session = Session::open(*tested, shape, pool);
    if (!tested_session) return pass_on(tested_session);
    return compare(chunks, *tested_session, *right_session);
  }

 private:
  [[nodiscard]] std::uint32_t chunk_tokens() const {
    std::uint32_t most = options_.context;
    for (const PreparedModel* one : {&model_, &reference_}) {
      if (one->spec.trained_context > 0) most = std::min(most, one->spec.trained_context);
    }
    return std::max(most, k_shortest_chunk);
  }

  Result<void> pause(const std::string& what, double fraction) const {
    if (stop_.stop_requested()) {
      return fail(ErrorCode::interrupted, "interrupted while measuring quality");
    }
    if (progress_) progress_(what, fraction);
    return {};
  }

  /// The text in pieces that fill a chunk, each behind the start token where the file asks for one;
  /// what is left at the end is dropped.
  Result<std::vector<Tokens>> chunks_of_text() const {
    const auto tokenizer = Tokenizer::from(*reference_.file);
    if (!tokenizer) return pass_on(tokenizer);
    const Tokens around = tokenizer->encode("");  // the tokens at both ends, where the file asks
    const bool starts = !around.empty() && around.front() == tokenizer->start_token();
    const Tokens all = tokenizer->encode(*options_.text, {.start_and_end = false});
    const std::size_t piece = chunk_tokens() - (starts ? 1 : 0);
    std::vector<Tokens> chunks;
    for (std::size_t at = 0; at + piece <= all.size(); at += piece) {
      if (options_.chunks && chunks.size() == *options_.chunks) break;
      Tokens chunk;
      if (starts) chunk.push_back(around.front());
      chunk.insert(chunk.end(), all.begin() + static_cast<std::ptrdiff_t>(at),
                   all.begin() + static_cast<std::ptrdiff_t>(at + piece));
      chunks.push_back(std::move(chunk));
    }
    if (chunks.empty()) {
      return fail(ErrorCode::refused_input,
                  fmt::format("{} tokens (expected at least {}, one chunk; --context makes it "
                              "shorter)",
                              all.size(), piece),
                  options_.text_name);
    }
    return chunks;
  }

  /// Samples of the reference's own distribution (temperature 1), each from the start token, or
  /// from a random one where the vocabulary is not read.
  Result<std::vector<Tokens>> generate(Session& session) const {
    std::optional<TokenId> start;
    if (Tokenizer::supports(*reference_.file)) {
      const auto tokenizer = Tokenizer::from(*reference_.file);
      if (!tokenizer) return pass_on(tokenizer);
      start = tokenizer->start_token();
    }
    std::mt19937_64 random(options_.seed);
    Sampler sampler({1.0F, options_.seed});
    std::vector<Tokens> chunks(options_.chunks.value_or(k_generated_chunks));
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      Tokens& chunk = chunks[i];
      const auto drawn = static_cast<TokenId>(random() % reference_.spec.vocabulary);
      chunk.push_back(start.value_or(drawn));
      if (auto cleared = session.rewind(0); !cleared) return pass_on(cleared);
      while (chunk.size() < chunk_tokens()) {
        const double done = static_cast<double>(i * chunk_tokens() + chunk.size()) /
                            static_cast<double>(chunks.size() * chunk_tokens());
        if (auto go = pause("generating", done / 2.0); !go) return pass_on(go);
        const auto logits = session.evaluate(std::span(chunk).last(1));
        if (!logits) return pass_on(logits);
        if (auto finite = check_finite(*logits, reference_); !finite) return pass_on(finite);
        chunk.push_back(sampler.next(*logits));
      }
    }
    return chunks;
  }

  static Result<void> check_finite(std::span<const float> logits, const PreparedModel& of) {
    if (std::ranges::all_of(logits, [](float x) { return std::isfinite(x); })) return {};
    return fail(ErrorCode::invalid_result, "the model's output is not a number", of.file->name(),
                "the file's weights are damaged");
  }

  Result<Quality> compare(const std::vector<Tokens>& chunks, Session& tested, Session& right) {
    std::vector<std::vector<TokenScore>> scores;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const double begin = options_.text ? 0.0 : 0.5;
      const double done = static_cast<double>(i) / static_cast<double>(chunks.size());
      if (auto go = pause("comparing", begin + (1.0 - begin) * done); !go) return pass_on(go);
      auto chunk = compare_chunk(chunks[i], tested, right);
      if (!chunk) return pass_on(chunk);
      scores.push_back(std::move(*chunk));
    }
    Quality quality;
    quality.reference = reference_.about.id;
    quality.reference_format = reference_.about.format;
    quality.text = options_.text ? options_.text_name : "generated by the reference";
    quality.chunk_tokens = static_cast<std::uint32_t>(chunks.front().size());
    quality.seed = options_.seed;
    summarise_scores(scores, options_.seed, quality);
    return quality;
  }

  /// Scores the tokens of the second half, each from all that stand before it.
  Result<std::vector<TokenScore>> compare_chunk(const Tokens& chunk, Session& tested,
                                                Session& right) {
    std::vector<TokenScore> scores;
    for (Session* session : {&tested, &right}) {
      if (auto cleared = session->rewind(0); !cleared) return pass_on(cleared);
    }
    const std::size_t vocabulary = reference_.spec.vocabulary;
    for (std::size_t at = 0; at + 1 < chunk.size(); at += k_pass_tokens) {
      // The logits after the last token predict nothing that is known.
      const std::size_t count = std::min<std::size_t>(k_pass_tokens, chunk.size() - 1 - at);
      const auto pass = std::span(chunk).subspan(at, count);
      kept_.resize(count * vocabulary);
      Result<void> finite;
      auto ran = right.evaluate_all(pass, [&](std::size_t i, std::span<const float> logits) {
        if (finite) finite = check_finite(logits, reference_);
        std::ranges::copy(logits, kept_.begin() + static_cast<std::ptrdiff_t>(i * vocabulary));
      });
      if (!ran) return pass_on(ran);
      if (!finite) return pass_on(finite);
      ran = tested.evaluate_all(pass, [&](std::size_t i, std::span<const float> logits) {
        if (finite) finite = check_finite(logits, model_);
        const std::size_t next = at + i + 1;
        if (!finite || next < chunk.size() / 2) return;
        const auto reference = std::span<const float>(kept_).subspan(i * vocabulary, vocabulary);
        scores.push_back(score_token(logits, reference, chunk[next]));
      });
      if (!ran) return pass_on(ran);
      if (!finite) return pass_on(finite);
    }
    return scores;
  }

  const QualityOptions& options_;
  const PreparedModel& model_;
  const PreparedModel& reference_;
  const Progress& progress_;
  const std::stop_token& stop_;
  std::vector<float> kept_;
};

RunResult describe(const QualityOptions& options, const PreparedModel& model,
                   const KernelTable& kernels, unsigned threads, Quality quality) {
  WorkloadSpec workload;
  workload.name = "quality";
  workload.prompt_tokens = quality.chunk_tokens;
  MeasureOptions measured;
  measured.threads = threads;
  measured.cache = options.cache;
  RunResult run = describe_run(model, workload, measured, kernels);
  const auto absent = Fact<double>::absent("not part of this workload");
  run.decode_bandwidth_utilization_ratio = absent;
  run.prefill_compute_utilization_ratio = absent;
  run.load_cold_seconds = absent;
  run.load_warm_seconds = absent;
  run.measured_peak = Fact<Bytes>::absent("two models were in memory");
  run.verification_absent_reason = "no speed is reported; the engine is checked by assay verify";
  run.quality = std::move(quality);
  return run;
}

}  // namespace

Result<RunResult> run_quality(const QualityOptions& options, const KernelTable& kernels,
                              ThreadPool& pool, const Progress& progress,
                              const std::stop_token& stop) {
  BenchModel bench;
  bench.gguf = options.model;
  const auto model = prepare_model(bench);
  if (!model) return pass_on(model);
  bench.gguf = options.reference;
  const auto reference = prepare_model(bench);
  if (!reference) return pass_on(reference);
  if (auto same = check_same_vocabulary(*model, *reference); !same) return pass_on(same);
  auto quality = QualityRun(options, *model, *reference, progress, stop).measure(kernels, pool);
  if (!quality) return pass_on(quality);
  return describe(options, *model, kernels, pool.size(), std::move(*quality));
}

}  // namespace assay
