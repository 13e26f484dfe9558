#include "advisor/cost/format_prior.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace assay {
namespace {

/// Measured on a 2-core Zen 3 with AVX2: matrix-vector products of 800 MB against the best read,
/// and 512-column products against the float32 FMA peak. They stand in until runs of this machine
/// say better; other machines differ most in the second column. Q4_1 to Q5_1, Q2_K, Q3_K, IQ4_NL,
/// IQ4_XS and MXFP4: kernels in the cache next to those of Q4_0 and Q6_K, on a Zen 4 with AVX2;
/// what unpacks slower than memory delivers reads less of it.
constexpr std::array<FormatPrior, 16> k_priors{{
    {WeightFormat::f32, 0.95, 0.75},
    {WeightFormat::f16, 0.95, 0.75},
    {WeightFormat::bf16, 0.95, 0.75},
    {WeightFormat::q8_0, 0.97, 1.0},
    {WeightFormat::q6_k, 0.90, 1.3},
    {WeightFormat::q5_k, 0.88, 1.4},
    {WeightFormat::q4_k, 0.90, 1.7},
    {WeightFormat::q4_0, 0.96, 1.4},
    {WeightFormat::q4_1, 0.96, 1.37},
    {WeightFormat::q5_0, 0.92, 1.38},
    {WeightFormat::q5_1, 0.92, 1.32},
    {WeightFormat::q3_k, 0.60, 1.18},
    {WeightFormat::q2_k, 0.58, 0.9},
    {WeightFormat::iq4_nl, 0.80, 0.85},
    {WeightFormat::iq4_xs, 0.76, 0.87},
    {WeightFormat::mxfp4, 0.92, 1.37},
}};

/// Interval of a rate that is taken from another format by what is believed of both, or by their
/// kernels' own speeds on the machine.
constexpr double k_borrowed_low = 0.85;
constexpr double k_borrowed_high = 1.15;
constexpr double k_timed_low = 0.93;
constexpr double k_timed_high = 1.07;

double distance(WeightFormat a, WeightFormat b) {
  return std::abs(bits_per_weight(a) - bits_per_weight(b));
}

/// Of the format whose bits per weight are nearest. Requires rates.
const FormatRate& nearest_rate(const std::vector<FormatRate>& rates, WeightFormat format) {
  return *std::ranges::min_element(rates, {}, [&](const FormatRate& rate) {
    const auto known = weight_format(rate.format);
    return known ? distance(*known, format) : 64.0;
  });
}

/// For another format: multiplies expected values, and the ends of intervals by `low` and `high`
/// besides. None is expected to read faster than memory delivers.
void scale(FormatRate& rate, double decode, double prefill, double low, double high) {
  decode = std::min(decode, 1.0 / rate.decode_efficiency);
  rate.decode_efficiency *= decode;
  rate.decode_efficiency_low *= decode * low;
  rate.decode_efficiency_high *= decode * high;
  rate.prefill_flops_per_second *= prefill;
  rate.prefill_flops_per_second_low *= prefill * low;
  rate.prefill_flops_per_second_high *= prefill * high;
  rate.borrowed = true;
}

}  // namespace

double bits_per_weight(WeightFormat format) {
  const auto shape = block_shape(format);
  return shape ? 8.0 * shape->bytes / shape->values : 0.0;
}

std::span<const FormatPrior> format_priors() { return k_priors; }

const FormatPrior& format_prior(WeightFormat format) {
  const auto exact = std::find_if(k_priors.begin(), k_priors.end(),
                                  [&](const auto& prior) { return prior.format == format; });
  if (exact != k_priors.end()) return *exact;
  return *std::min_element(k_priors.begin(), k_priors.end(), [&](const auto& a, const auto& b) {
    return distance(a.format, format) < distance(b.format, format);
  });
}

double format_contrast(const std::vector<FormatRate>& rates) {
  constexpr double k_integer_bits = 9.0;  // Q8_0 with its scales has 8.5
  double count = 0.0;
  double prior_sum = 0.0;
  double rate_sum = 0.0;
  std::vector<std::pair<double, double>> points;
  for (const FormatRate& rate : rates) {
    const auto format = weight_format(rate.format);
    if (!format || bits_per_weight(*format) > k_integer_bits) continue;
    if (!(rate.prefill_flops_per_second > 0.0)) continue;
    points.emplace_back(std::log(format_prior(*format).prefill_per_fma_flops),
                        std::log(rate.prefill_flops_per_second));
    count += 1.0;
    prior_sum += points.back().first;
    rate_sum += points.back().second;
  }
  double square = 0.0;
  double product = 0.0;
  for (const auto& [prior, rate] : points) {
    square += (prior - prior_sum / count) * (prior - prior_sum / count);
    product += (prior - prior_sum / count) * (rate - rate_sum / count);
  }
  return square > 0.0 ? std::clamp(product / square, 0.0, 1.0) : 1.0;
}

const FormatPrior& FormatPriors::of(WeightFormat format) const {
  const auto timed = std::ranges::find(timed_, format, &FormatPrior::format);
  return timed != timed_.end() ? *timed : format_prior(format);
}

bool FormatPriors::is_timed(WeightFormat format) const {
  return std::ranges::find(timed_, format, &FormatPrior::format) != timed_.end();
}

bool FormatPriors::all_timed(std::span<const WeightFormat> formats) const {
  return std::ranges::all_of(formats, [this](WeightFormat format) { return is_timed(format); });
}

FormatRate rate_of(const std::vector<FormatRate>& rates, WeightFormat format) {
  const auto name = format_name(format);
  const auto exact = std::ranges::find(rates, name, &FormatRate::format);
  if (exact != rates.end()) return *exact;
  FormatRate rate = nearest_rate(rates, format);
  const FormatPrior& from = format_prior(weight_format(rate.format).value_or(format));
  const FormatPrior& to = format_prior(format);
  const double decode = to.decode_efficiency / from.decode_efficiency;
  const double prefill =
      std::pow(to.prefill_per_fma_flops / from.prefill_per_fma_flops, format_contrast(rates));
  rate.format = name;
  scale(rate, decode, prefill, k_borrowed_low, k_borrowed_high);
  return rate;
}

void add_timed_formats(const FormatPriors& priors, std::vector<FormatRate>& rates) {
  if (rates.empty()) return;
  const std::vector<FormatRate> run = rates;
  for (const FormatPrior& to : priors.timed()) {
    const auto name = format_name(to.format);
    if (std::ranges::find(run, name, &FormatRate::format) != run.end()) continue;
    FormatRate rate = nearest_rate(run, to.format);
    const auto near = weight_format(rate.format);
    // What was timed here is not compared with what is believed of any machine.
    if (!near || !priors.is_timed(*near)) continue;
    const FormatPrior& from = priors.of(*near);
    rate.format = name;
    scale(rate, to.decode_efficiency / from.decode_efficiency,
          to.prefill_per_fma_flops / from.prefill_per_fma_flops, k_timed_low, k_timed_high);
    rates.push_back(std::move(rate));
  }
}

std::vector<FormatRate> expert_rates(const Calibration& calibration) {
  if (!calibration.moe.empty()) return calibration.moe;
  constexpr double k_low = 0.75;  // what is borrowed may be worse than believed
  std::vector<FormatRate> rates = calibration.dense;
  for (FormatRate& rate : rates) {
    rate.decode_efficiency *= k_expert_share;
    rate.decode_efficiency_low *= k_expert_share * k_low;
    rate.prefill_flops_per_second *= k_expert_prefill_share;
    rate.prefill_flops_per_second_low *= k_expert_prefill_share * k_low;
  }
  return rates;
}

}  // namespace assay
