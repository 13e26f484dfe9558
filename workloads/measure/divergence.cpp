#include "workloads/measure/divergence.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace assay {
namespace {

constexpr std::size_t k_resamples = 1000;
constexpr std::size_t k_fewest_chunks = 6;  // as for the interval of any statistic here

/// ln of the sum of exp(logits).
double log_sum(std::span<const float> logits) {
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

/// Sums over the tokens of one chunk.
struct ChunkSums {
  double tokens = 0.0;
  double surprise = 0.0;
  double reference_surprise = 0.0;
  double divergence = 0.0;
  double same_top = 0.0;

  void add(const ChunkSums& other, double times) {
    tokens += times * other.tokens;
    surprise += times * other.surprise;
    reference_surprise += times * other.reference_surprise;
    divergence += times * other.divergence;
    same_top += times * other.same_top;
  }
};

ChunkSums sums_of(std::span<const TokenScore> chunk) {
  ChunkSums sums;
  for (const TokenScore& score : chunk) {
    sums.add({1.0, score.surprise, score.reference_surprise, score.divergence,
              score.same_top ? 1.0 : 0.0},
             1.0);
  }
  return sums;
}

/// Divergences of all tokens, the largest first, each with its chunk.
struct RankedDivergence {
  double divergence;
  std::size_t chunk;
};

std::vector<RankedDivergence> rank(std::span<const std::vector<TokenScore>> chunks) {
  std::vector<RankedDivergence> ranked;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    for (const TokenScore& score : chunks[i]) ranked.push_back({score.divergence, i});
  }
  std::ranges::sort(ranked, std::greater<>(), &RankedDivergence::divergence);
  return ranked;
}

/// The nearest-rank 99th percentile when chunk i counts `times[i]` times: the least value that at
/// least 99 % of the tokens do not exceed.
double percentile_99(const std::vector<RankedDivergence>& ranked,
                     const std::vector<std::size_t>& times, double tokens) {
  const double above = tokens - std::ceil(0.99 * tokens - 1e-9);  // may lie above the percentile
  double passed = 0.0;
  for (const RankedDivergence& one : ranked) {
    passed += static_cast<double>(times[one.chunk]);
    if (passed > above) return one.divergence;
  }
  return ranked.back().divergence;
}

/// One value of each figure.
struct Figures {
  double perplexity;
  double reference_perplexity;
  double mean_divergence;
  double p99_divergence;
  double top1_agreement;
};

Figures figures_of(const std::vector<ChunkSums>& sums, const std::vector<RankedDivergence>& ranked,
                   const std::vector<std::size_t>& times) {
  ChunkSums all;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    all.add(sums[i], static_cast<double>(times[i]));
  }
  return {std::exp(all.surprise / all.tokens), std::exp(all.reference_surprise / all.tokens),
          all.divergence / all.tokens, percentile_99(ranked, times, all.tokens),
          all.same_top / all.tokens};
}

/// How often each chunk is drawn. The generator and the remainder are the same on every machine;
/// the remainder's bias, chunks / 2^64, is nothing.
std::vector<std::size_t> draw(std::mt19937_64& random, std::size_t chunks) {
  std::vector<std::size_t> times(chunks, 0);
  for (std::size_t i = 0; i < chunks; ++i) ++times[random() % chunks];
  return times;
}

QualityFigure figure_of(double Figures::* which, const Figures& whole,
                        const std::vector<Figures>& resampled) {
  QualityFigure figure{whole.*which, std::nullopt};
  if (resampled.empty()) return figure;
  std::vector<double> values;
  for (const Figures& one : resampled) values.push_back(one.*which);
  figure.ci95 = {percentile(values, 0.025), percentile(values, 0.975)};
  return figure;
}

}  // namespace

TokenScore score_token(std::span<const float> model, std::span<const float> reference,
                       TokenId next) {
  const double model_sum = log_sum(model);
  const double reference_sum = log_sum(reference);
  TokenScore score;
  score.surprise = model_sum - static_cast<double>(model[next]);
  score.reference_surprise = reference_sum - static_cast<double>(reference[next]);
  for (std::size_t i = 0; i < model.size(); ++i) {
    const double log_p = static_cast<double>(reference[i]) - reference_sum;
    const double log_q = static_cast<double>(model[i]) - model_sum;
    score.divergence += std::exp(log_p) * (log_p - log_q);
  }
  score.divergence = std::max(score.divergence, 0.0);
  const auto top = [](std::span<const float> logits) {
    return std::ranges::max_element(logits) - logits.begin();
  };
  score.same_top = top(model) == top(reference);
  return score;
}

void summarise_scores(std::span<const std::vector<TokenScore>> chunks, std::uint64_t seed,
                      Quality& into) {
  std::vector<ChunkSums> sums;
  for (const std::vector<TokenScore>& chunk : chunks) sums.push_back(sums_of(chunk));
  const std::vector<RankedDivergence> ranked = rank(chunks);
  const Figures whole = figures_of(sums, ranked, std::vector<std::size_t>(chunks.size(), 1));
  std::vector<Figures> resampled;
  if (chunks.size() >= k_fewest_chunks) {
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < k_resamples; ++i) {
      resampled.push_back(figures_of(sums, ranked, draw(random, chunks.size())));
    }
  }
  into.chunks = static_cast<std::uint32_t>(chunks.size());
  into.scored_tokens = ranked.size();
  into.perplexity = figure_of(&Figures::perplexity, whole, resampled);
  into.reference_perplexity = figure_of(&Figures::reference_perplexity, whole, resampled);
  into.mean_divergence_nats = figure_of(&Figures::mean_divergence, whole, resampled);
  into.p99_divergence_nats = figure_of(&Figures::p99_divergence, whole, resampled);
  into.top1_agreement_ratio = figure_of(&Figures::top1_agreement, whole, resampled);
}

}  // namespace assay
