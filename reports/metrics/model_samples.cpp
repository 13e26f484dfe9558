#include <array>

#include "reports/metrics/samples.hpp"

namespace assay {
namespace {

constexpr std::array k_verdicts{VerdictKind::comfortable, VerdictKind::ok, VerdictKind::tight,
                                VerdictKind::no, VerdictKind::unknown};

/// Comfortable first; unknown is worse than any answer.
std::size_t rank(VerdictKind verdict) {
  for (std::size_t i = 0; i < k_verdicts.size(); ++i) {
    if (k_verdicts[i] == verdict) return i;
  }
  return k_verdicts.size();
}

/// The best verdict of one model over the formats that were judged, or nothing.
const Verdict* best_verdict(const Assessment& assessment, const std::string& model) {
  const Verdict* best = nullptr;
  const auto look_at = [&](const Verdict& verdict) {
    if (verdict.model != model) return;
    if (best == nullptr || rank(verdict.verdict) < rank(best->verdict)) best = &verdict;
  };
  for (const Verdict& verdict : assessment.verdicts) look_at(verdict);
  if (assessment.recommendation) {
    for (const Candidate& candidate : assessment.recommendation->ranking) {
      look_at(candidate.verdict);
    }
  }
  return best;
}

/// Calls `add(verdict, samples)` for the best verdict of each exported model.
template <typename Add>
std::vector<MetricSample> each_model(const MetricInput& input, Add add) {
  std::vector<MetricSample> samples;
  if (!input.assessment) return samples;
  for (std::size_t i = 0; i < input.models.size() && i < k_most_metric_models; ++i) {
    const Verdict* verdict = best_verdict(*input.assessment, input.models[i]);
    if (verdict != nullptr) add(*verdict, samples);
  }
  return samples;
}

void add_estimate(const Verdict& verdict, const Estimate& estimate, double value,
                  std::vector<MetricSample>& samples) {
  if (estimate.origin == Origin::unknown) return;
  samples.push_back(
      {{verdict.model, verdict.format, std::string(origin_name(estimate.origin))}, value});
}

}  // namespace

std::vector<MetricSample> model_ready(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    if (verdict.verdict == VerdictKind::unknown) return;
    samples.push_back(
        {{verdict.model}, rank(verdict.verdict) <= rank(VerdictKind::ok) ? 1.0 : 0.0});
  });
}

std::vector<MetricSample> model_verdict(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    for (const VerdictKind kind : k_verdicts) {
      samples.push_back({{verdict.model, verdict.format, std::string(verdict_name(kind))},
                         verdict.verdict == kind ? 1.0 : 0.0});
    }
  });
}

std::vector<MetricSample> model_limit(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    samples.push_back(
        {{verdict.model, verdict.format, std::string(limit_name(verdict.limit))}, 1.0});
  });
}

std::vector<MetricSample> model_decode(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    const Estimate& rate = verdict.prediction.decode_tokens_per_second;
    add_estimate(verdict, rate, rate.expected, samples);
  });
}

std::vector<MetricSample> model_decode_low(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    const Estimate& rate = verdict.prediction.decode_tokens_per_second;
    add_estimate(verdict, rate, rate.low, samples);
  });
}

std::vector<MetricSample> model_first_token(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    const Estimate& time = verdict.prediction.time_to_first_token_seconds;
    add_estimate(verdict, time, time.expected, samples);
  });
}

std::vector<MetricSample> model_memory(const MetricInput& input) {
  return each_model(input, [](const Verdict& verdict, std::vector<MetricSample>& samples) {
    const Bytes needed = verdict.prediction.footprint.peak();
    if (needed.value == 0) return;
    samples.push_back({{verdict.model, verdict.format}, static_cast<double>(needed.value)});
  });
}

std::vector<MetricSample> recommended_model(const MetricInput& input) {
  if (!input.assessment || !input.assessment->recommendation) return {};
  const Recommendation& recommendation = *input.assessment->recommendation;
  if (recommendation.ranking.empty()) return {};
  const Verdict& first = recommendation.ranking.front().verdict;
  return {{{recommendation.use, first.model, first.format}, 1.0}};
}

}  // namespace assay
