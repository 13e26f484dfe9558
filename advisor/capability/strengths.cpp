#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "advisor/capability.hpp"

namespace assay {
namespace {

// Scores of nothing and of everything tell that the task was too hard or too easy, not how far.
constexpr double k_least_share = 0.02;
// A vendor chooses what its table shows: where its own model wins, half a comparison.
constexpr double k_own_win = 0.5;
// Size and age weigh as much as a quarter of a table's benchmark.
constexpr double k_prior_weight = 0.25;

double log_odds(double score) {
  const double share = std::clamp(score / 100.0, k_least_share, 1.0 - k_least_share);
  return std::log(share / (1.0 - share));
}

struct Entry {
  std::size_t contestant;
  double log_odds;
  bool by_its_vendor;
};

/// One more comparison: a is better than b by `difference` log-odds.
struct Comparison {
  std::size_t a, b;
  double difference;
  double weight;
};

using Cell = std::tuple<std::string, std::string, std::string, std::string>;

std::map<Cell, std::vector<Entry>> cells_of(const PublishedScores& published, std::string_view use,
                                            const std::vector<Contestant>& contestants) {
  const auto benchmarks = published.benchmarks_by_use.find(use);
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t i = 0; i < contestants.size(); ++i) places.emplace(contestants[i].id, i);
  std::map<Cell, std::vector<Entry>> cells;
  for (const PublishedScore& score : published.scores) {
    const auto place = places.find(score.model);
    if (place == places.end()) continue;
    if ((score.mode == "thinking") != contestants[place->second].thinks) continue;
    if (benchmarks != published.benchmarks_by_use.end() &&
        std::ranges::find(benchmarks->second, score.benchmark) == benchmarks->second.end()) {
      continue;
    }
    cells[{score.table, score.benchmark, score.version, score.mode}].push_back(
        {place->second, log_odds(score.score), score.by_its_vendor});
  }
  return cells;
}

/// Every pair of a table's benchmark; together they weigh as much as its models.
std::vector<Comparison> comparisons_of(const std::map<Cell, std::vector<Entry>>& cells) {
  std::vector<Comparison> all;
  for (const auto& [cell, entries] : cells) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      for (std::size_t j = i + 1; j < entries.size(); ++j) {
        if (entries[i].contestant == entries[j].contestant) continue;
        const double difference = entries[i].log_odds - entries[j].log_odds;
        const Entry& winner = difference > 0.0 ? entries[i] : entries[j];
        const double weight =
            (winner.by_its_vendor ? k_own_win : 1.0) / static_cast<double>(entries.size() - 1);
        all.push_back({entries[i].contestant, entries[j].contestant, difference, weight});
      }
    }
  }
  return all;
}

/// Log-odds that a doubling of size, or a year, is worth in these comparisons; at least nothing.
double slope_of(const std::vector<Comparison>& comparisons,
                const std::vector<Contestant>& contestants) {
  double together = 0.0;
  double squares = 0.0;
  for (const Comparison& one : comparisons) {
    const double apart = contestants[one.a].inferred - contestants[one.b].inferred;
    together += one.weight * apart * one.difference;
    squares += one.weight * apart * apart;
  }
  return squares > 0.0 ? std::max(0.0, together / squares) : 1.0;
}

/// Solves A x = b in place by Cholesky's factors. Requires A symmetric and positive definite.
std::vector<double> solved(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    a[j][j] = std::sqrt(a[j][j]);
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

}  // namespace

std::vector<Strength> strengths(const PublishedScores& published, std::string_view use,
                                const std::vector<Contestant>& contestants) {
  const auto comparisons = comparisons_of(cells_of(published, use, contestants));
  const double slope = slope_of(comparisons, contestants);
  const std::size_t n = contestants.size();
  std::vector<Strength> found(n);
  std::vector<std::vector<double>> a(n, std::vector<double>(n, 0.0));
  std::vector<double> b(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    a[i][i] = k_prior_weight;
    b[i] = k_prior_weight * slope * contestants[i].inferred;
  }
  for (const Comparison& one : comparisons) {
    a[one.a][one.a] += one.weight;
    a[one.b][one.b] += one.weight;
    a[one.a][one.b] -= one.weight;
    a[one.b][one.a] -= one.weight;
    b[one.a] += one.weight * one.difference;
    b[one.b] -= one.weight * one.difference;
    ++found[one.a].comparisons;
    ++found[one.b].comparisons;
  }
  const std::vector<double> values = solved(std::move(a), std::move(b));
  for (std::size_t i = 0; i < n; ++i) found[i].value = values[i];
  return found;
}

}  // namespace assay
