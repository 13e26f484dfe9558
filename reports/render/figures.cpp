#include "reports/render/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace assay {

namespace {

/// Decimals that show three significant digits of a value that is not tiny.
int decimals_of(double value) {
  const double size = std::abs(value);
  if (size >= 99.95 || size == 0.0) return 0;
  return size >= 9.995 ? 1 : 2;
}

/// Half of an interval: two digits, and at most one decimal more than the median has.
std::string half_width_figure(double half_width, double median) {
  int decimals = 0;
  if (half_width < 9.95) decimals = 1;
  if (half_width < 0.995) decimals = 2;
  if (half_width < 0.0995) decimals = 3;
  return fmt::format("{:.{}f}", half_width, std::min(decimals, decimals_of(median) + 1));
}

/// Two digits are enough for the ends of an interval.
std::string rough_figure(double value) {
  const double size = std::abs(value);
  if (size >= 9.95) return fmt::format("{:.0f}", value);
  if (size >= 0.995) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2g}", value);
}

}  // namespace

std::string figure(double value) {
  if (!std::isfinite(value)) return "unknown";
  constexpr double k_tiny = 0.0995;
  if (value != 0.0 && std::abs(value) < k_tiny) return fmt::format("{:.2g}", value);
  return fmt::format("{:.{}f}", value, decimals_of(value));
}

std::string figure(const Statistic& statistic) {
  if (!statistic.ci95) return figure(statistic.median);
  const double half_width =
      std::max(statistic.median - statistic.ci95->low, statistic.ci95->high - statistic.median);
  return fmt::format("{} ±{}", figure(statistic.median),
                     half_width_figure(half_width, statistic.median));
}

std::string figure(const Estimate& estimate) {
  if (estimate.origin == Origin::unknown) return "unknown";
  const std::string_view mark = origin_mark(estimate.origin);
  if (estimate.low == estimate.high) return fmt::format("{} {}", figure(estimate.expected), mark);
  return fmt::format("{} ({}-{}) {}", figure(estimate.expected), rough_figure(estimate.low),
                     rough_figure(estimate.high), mark);
}

std::string binary_bytes(Bytes bytes) {
  const auto value = static_cast<double>(bytes.value);
  if (bytes.value >= (std::uint64_t{1} << 20)) {
    return fmt::format("{} MiB", figure(value / 1048576.0));
  }
  return fmt::format("{} KiB", figure(value / 1024.0));
}

std::string_view origin_mark(Origin origin) {
  switch (origin) {
    case Origin::measured:
      return "m";
    case Origin::predicted:
      return "p";
    case Origin::unknown:
      break;
  }
  return "?";
}

Tone verdict_tone(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::comfortable:
    case VerdictKind::ok:
      return Tone::good;
    case VerdictKind::tight:
      return Tone::warning;
    case VerdictKind::no:
      return Tone::bad;
    case VerdictKind::unknown:
      break;
  }
  return Tone::faint;
}

}  // namespace assay
