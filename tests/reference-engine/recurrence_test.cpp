// What carries a state from token to token, against its definition in float64.

#include "reference-engine/ops/recurrence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "reference-engine/golden/numpy_random.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/ops/causal_convolution.hpp"

namespace assay {
namespace {

// Float32 sums of up to 40 terms, each rounded a few times: relative errors of 2^-24 sqrt(40), and
// the largest value that is compared is below 16.
constexpr double k_rounding = 16 * 8 * 0x1p-24;

std::vector<float> normal(std::size_t count, std::uint32_t seed) {
  NumpyRandom random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.standard_normal());
  return values;
}

double wide(float value) { return static_cast<double>(value); }

const KernelTable& kernels_named(const std::string& isa) {
  return **select_kernels(live_cpu_features(), isa);
}

/// Every instruction set of this machine.
class Recurrence : public testing::TestWithParam<std::string> {
 protected:
  const KernelTable& kernels_ = kernels_named(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Isas, Recurrence, testing::ValuesIn(available_isas(live_cpu_features())));

TEST_P(Recurrence, ConvolvesEachChannelOverThePast) {
  constexpr std::size_t k_tokens = 9;
  constexpr std::size_t k_channels = 133;  // two blocks, and a part of one
  constexpr std::size_t k_taps = 4;
  const std::vector<float> weight = normal(k_channels * k_taps, 1);
  const std::vector<float> bias = normal(k_channels, 2);
  const std::vector<float> input = normal(k_tokens * k_channels, 3);
  std::vector<float> rows = input;
  std::vector<float> history((k_taps - 1) * k_channels, 0.0F);
  for (const std::size_t first : {0U, 5U, 6U}) {  // passes of 5, 1 and 3 tokens
    const std::size_t tokens = first == 0 ? 5 : first == 5 ? 1 : 3;
    convolve(kernels_, {weight.data(), bias.data(), k_taps, true},
             {rows.data() + first * k_channels, k_channels, tokens, 0, k_channels}, history.data(),
             k_channels);
  }
  for (std::size_t t = 0; t < k_tokens; ++t) {
    for (std::size_t c = 0; c < k_channels; ++c) {
      double sum = wide(bias[c]);
      for (std::size_t j = 0; j < k_taps; ++j) {
        if (t + j + 1 < k_taps) continue;  // before the first token
        sum += wide(weight[c * k_taps + j]) * wide(input[(t + j + 1 - k_taps) * k_channels + c]);
      }
      EXPECT_NEAR(wide(rows[t * k_channels + c]), sum / (1.0 + std::exp(-sum)), k_rounding);
    }
  }
}

TEST_P(Recurrence, ConvolvesWithOneTapAndSomeChannels) {
  const std::vector<float> weight{2.0F, 3.0F, 4.0F};
  std::vector<float> rows{1.0F, 1.0F, 1.0F, 5.0F, 5.0F, 5.0F};
  convolve(kernels_, {weight.data(), nullptr, 1, false}, {rows.data(), 3, 2, 1, 1}, nullptr, 3);
  EXPECT_EQ(rows, (std::vector<float>{1.0F, 3.0F, 1.0F, 5.0F, 15.0F, 5.0F}));
}

TEST_P(Recurrence, RunsAStateSpaceHeadHoweverThePassesAreCut) {
  constexpr std::size_t k_tokens = 20;
  constexpr std::size_t k_width = 5;
  constexpr std::size_t k_size = 19;
  constexpr std::size_t k_stride = k_width + 2 * k_size + 1;
  const std::vector<float> in = normal(k_tokens * k_stride, 4);
  StateSpaceHead head{nullptr, k_width, k_size, -0.7F, 0.3F, 1.5F};
  const auto run = [&](std::size_t chunk) {
    std::vector<float> state(k_width * k_size, 0.0F);
    std::vector<float> out(k_tokens * k_width);
    head.state = state.data();
    for (std::size_t t = 0; t < k_tokens; t += chunk) {
      const float* at = in.data() + t * k_stride;
      run_state_space(
          kernels_, head,
          {at, at + k_width, at + k_width + k_size, at + k_width + 2 * k_size, k_stride}, chunk,
          out.data() + t * k_width, k_width);
    }
    return out;
  };
  const std::vector<float> out = run(k_tokens);
  std::vector<double> state(k_width * k_size, 0.0);
  for (std::size_t t = 0; t < k_tokens; ++t) {
    const float* x = in.data() + t * k_stride;
    const float* add = x + k_width;
    const float* read = add + k_size;
    const double step = std::log1p(std::exp(wide(read[k_size]) + wide(head.step_bias)));
    for (std::size_t p = 0; p < k_width; ++p) {
      double sum = wide(head.skip) * wide(x[p]);
      for (std::size_t n = 0; n < k_size; ++n) {
        double& s = state[p * k_size + n];
        s = std::exp(step * wide(head.rate)) * s + step * wide(x[p]) * wide(add[n]);
        sum += s * wide(read[n]);
      }
      EXPECT_NEAR(wide(out[t * k_width + p]), sum, k_rounding);
    }
  }
  EXPECT_EQ(run(1), out);
  EXPECT_EQ(run(5), out);
}

TEST_P(Recurrence, RunsADeltaNetHeadHoweverThePassesAreCut) {
  constexpr std::size_t k_tokens = 20;
  constexpr std::size_t k_width = 6;
  constexpr std::size_t k_size = 17;
  constexpr std::size_t k_stride = 2 * k_size + k_width + 2;
  std::vector<float> in = normal(k_tokens * k_stride, 5);
  for (std::size_t t = 0; t < k_tokens; ++t) {
    make_unit(kernels_, in.data() + t * k_stride, k_size, 1e-6F);
    make_unit(kernels_, in.data() + t * k_stride + k_size, k_size, 1e-6F);
  }
  DeltaHead head{nullptr, k_width, k_size, -0.2F, -1.0F};
  const auto run = [&](std::size_t chunk) {
    std::vector<float> state(k_width * k_size, 0.0F);
    std::vector<float> out(k_tokens * k_width);
    head.state = state.data();
    for (std::size_t t = 0; t < k_tokens; t += chunk) {
      const float* q = in.data() + t * k_stride;
      const float* value = q + 2 * k_size;
      run_delta_net(kernels_, head,
                    {q, q + k_size, value, value + k_width, value + k_width + 1, k_stride}, chunk,
                    out.data() + t * k_width, k_width);
    }
    return out;
  };
  const std::vector<float> out = run(k_tokens);
  std::vector<double> state(k_width * k_size, 0.0);
  for (std::size_t t = 0; t < k_tokens; ++t) {
    const float* q = in.data() + t * k_stride;
    const float* key = q + k_size;
    const float* value = key + k_size;
    const double step = std::log1p(std::exp(wide(value[k_width]) + wide(head.step_bias)));
    const double write = 1.0 / (1.0 + std::exp(-wide(value[k_width + 1])));
    for (std::size_t p = 0; p < k_width; ++p) {
      double* s = state.data() + p * k_size;
      double known = 0.0;
      for (std::size_t n = 0; n < k_size; ++n) {
        s[n] *= std::exp(step * wide(head.rate));
        known += s[n] * wide(key[n]);
      }
      double sum = 0.0;
      for (std::size_t n = 0; n < k_size; ++n) {
        s[n] += write * (wide(value[p]) - known) * wide(key[n]);
        sum += s[n] * wide(q[n]);
      }
      EXPECT_NEAR(wide(out[t * k_width + p]), sum / std::sqrt(static_cast<double>(k_size)),
                  k_rounding);
    }
  }
  EXPECT_EQ(run(1), out);
  EXPECT_EQ(run(5), out);
}

TEST(Softplus, KeepsItsLimits) {
  EXPECT_DOUBLE_EQ(softplus(0.0F), std::log(2.0));
  EXPECT_DOUBLE_EQ(softplus(100.0F), 100.0);
  EXPECT_NEAR(softplus(-50.0F), std::exp(-50.0), 1e-36);
}

}  // namespace
}  // namespace assay
