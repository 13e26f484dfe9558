#include "advisor/ranking.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace assay {
namespace {

constexpr std::array<Recipe, 5> k_by_quality{Recipe::q8_0, Recipe::q6_k, Recipe::q5_k_m,
                                             Recipe::q4_k_m, Recipe::q4_0};

/// Years since the start of 2023 of "2025-04"; 0 for what is not known, the oldest here.
double years_of(const std::optional<std::string>& release) {
  constexpr std::size_t k_length = 7;  // YYYY-MM
  constexpr int k_epoch = 2023;
  if (!release || release->size() < k_length) return 0.0;
  int year = 0;
  int month = 0;
  const char* text = release->data();
  if (std::from_chars(text, text + 4, year).ec != std::errc() ||
      std::from_chars(text + 5, text + k_length, month).ec != std::errc()) {
    return 0.0;
  }
  return (year - k_epoch) + (month - 1) / 12.0;
}

/// Whether `a` is nearer to being usable than `b`: the better verdict, then the smaller memory.
bool nearer(const Verdict& a, const Verdict& b) {
  if (a.verdict != b.verdict) return static_cast<int>(a.verdict) < static_cast<int>(b.verdict);
  return a.prediction.footprint.peak() < b.prediction.footprint.peak();
}

}  // namespace

std::span<const Recipe> recipes_by_quality() { return k_by_quality; }

double inferred_capability(const CatalogueEntry& entry, std::uint64_t parameters,
                           std::uint64_t active_parameters) {
  const double size =
      std::sqrt(static_cast<double>(parameters) * static_cast<double>(active_parameters));
  return std::log2(size / 1e9) + years_of(entry.release);
}

std::optional<Candidate> best_candidate(const CatalogueEntry& entry,
                                        const std::optional<Calibration>& calibration,
                                        const Fact<Bytes>& available_memory, const Policy& policy,
                                        const Policy::Use& use, const SessionShape& session,
                                        bool on_gpu, std::span<const Recipe> recipes) {
  std::optional<Candidate> best;
  for (const Recipe recipe : recipes) {
    auto question = question_of(entry, recipe, session, use);
    if (!question) return std::nullopt;
    question->on_gpu = on_gpu;
    Verdict verdict = judge(*question, predict(*question, calibration, available_memory), policy);
    const bool good = is_good(verdict.verdict);
    if (!best || good || nearer(verdict, best->verdict)) {
      best.emplace();
      best->verdict = std::move(verdict);
      best->parameters = question->plan.parameters();
      best->active_parameters = question->plan.active_parameters();
      best->family = entry.family;
      best->release = entry.release.value_or("");
    }
    if (good) break;
  }
  return best;
}

}  // namespace assay
