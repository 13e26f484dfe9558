// The encoders against the public quantiser (ggml-quants.c of ggml-org/llama.cpp, August 2026,
// quantize_<type> without an importance matrix) on the same rows.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"

namespace assay {
namespace {

constexpr std::size_t k_count = 65536;

double uniform(RandomBits& random) {
  return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53;
}

/// Box and Muller.
double normal(RandomBits& random) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(random)));
  return radius * std::cos(2.0 * std::numbers::pi * uniform(random));
}

std::vector<float> gaussian_rows() {
  RandomBits random(1);
  std::vector<float> values(k_count);
  for (float& value : values) value = static_cast<float>(0.02 * normal(random));
  return values;
}

/// Student's t with four degrees of freedom: one value in a thousand is beyond seven deviations.
std::vector<float> heavy_tailed_rows() {
  RandomBits random(2);
  std::vector<float> values(k_count);
  for (float& value : values) {
    double squares = 0.0;
    for (int i = 0; i < 4; ++i) squares += std::pow(normal(random), 2);
    value = static_cast<float>(0.02 * normal(random) / std::sqrt(squares / 4.0));
  }
  return values;
}

/// The first matrices of a trained model, end to end.
std::vector<float> trained_rows() {
  const auto file =
      GgufFile::open(std::string(ASSAY_TEST_ROOT) + "/golden/stories260K.gguf").value();
  std::vector<float> values;
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.dims.size() < 2 || tensor.format != WeightFormat::f32) continue;
    const std::size_t before = values.size();
    values.resize(before + tensor.bytes / sizeof(float));
    EXPECT_TRUE(file.file().read_at(tensor.offset,
                                    std::as_writable_bytes(std::span(values).subspan(before))));
    if (values.size() >= k_count) break;
  }
  values.resize(k_count);
  return values;
}

double root_mean_square_error(WeightFormat format, const std::vector<float>& values) {
  const FormatDefinition& definition = *format_definition(format);
  std::vector<std::byte> row(row_bytes(format, values.size()));
  std::vector<float> back(values.size());
  definition.encode(values.data(), values.size(), row.data());
  definition.decode(row.data(), values.size(), back.data());
  double error = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(back[i]) - static_cast<double>(values[i]), 2);
  }
  return std::sqrt(error / static_cast<double>(values.size()));
}

/// Root mean square errors of the public quantiser.
struct PublicErrors {
  WeightFormat format;
  double gaussian;
  double heavy_tailed;
  double trained;
};

std::ostream& operator<<(std::ostream& stream, const PublicErrors& errors) {
  return stream << format_name(errors.format);
}

class EncoderOf : public testing::TestWithParam<PublicErrors> {};

// 2 % above is the most that is allowed. It is below by 2 to 17 % where both search, for we
// minimise the plain error and it one that weighs large values more. An error that is lower by a
// quarter would be a mistake of the comparison.
void expect_as_good(double ours, double of_public) {
  EXPECT_LE(ours, 1.02 * of_public);
  EXPECT_GE(ours, 0.75 * of_public);
}

TEST_P(EncoderOf, IsAsGoodAsThePublicOneOnGaussianRows) {
  expect_as_good(root_mean_square_error(GetParam().format, gaussian_rows()), GetParam().gaussian);
}

TEST_P(EncoderOf, IsAsGoodAsThePublicOneOnHeavyTailedRows) {
  expect_as_good(root_mean_square_error(GetParam().format, heavy_tailed_rows()),
                 GetParam().heavy_tailed);
}

TEST_P(EncoderOf, IsAsGoodAsThePublicOneOnTrainedRows) {
  expect_as_good(root_mean_square_error(GetParam().format, trained_rows()), GetParam().trained);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, EncoderOf,
    testing::Values(PublicErrors{WeightFormat::q8_0, 0.000107, 0.0002048, 0.001315},
                    PublicErrors{WeightFormat::q4_0, 0.001717, 0.003244, 0.02068},
                    PublicErrors{WeightFormat::q4_1, 0.001564, 0.002637, 0.02069},
                    PublicErrors{WeightFormat::q5_0, 0.0008536, 0.001625, 0.01054},
                    PublicErrors{WeightFormat::q5_1, 0.0007555, 0.001271, 0.009318},
                    PublicErrors{WeightFormat::q2_k, 0.005933, 0.009679, 0.07991},
                    PublicErrors{WeightFormat::q3_k, 0.003001, 0.005183, 0.03657},
                    PublicErrors{WeightFormat::q4_k, 0.001423, 0.002437, 0.0184},
                    PublicErrors{WeightFormat::q5_k, 0.0007212, 0.00123, 0.008975},
                    PublicErrors{WeightFormat::q6_k, 0.0003561, 0.0006433, 0.00419},
                    PublicErrors{WeightFormat::iq4_nl, 0.001518, 0.002631, 0.01907},
                    PublicErrors{WeightFormat::iq4_xs, 0.00153, 0.002653, 0.01929},
                    PublicErrors{WeightFormat::mxfp4, 0.00229, 0.003691, 0.02786}),
    [](const auto& tested) { return std::string(format_name(tested.param.format)); });

TEST_P(EncoderOf, KeepsTheErrorAtAnyMagnitude) {
  // A power of two changes nothing but how finely binary16 holds d: 2^-11 of it, or less finely
  // below 2^-14, where Q6_K's d of these rows lies (0.02 * 3 / 32 / 128 = 1.5e-5, held to 2^-9 of
  // it; the integers, up to 128, are then chosen for the d that is held).
  const std::vector<float> values = gaussian_rows();
  std::vector<float> larger = values;
  for (float& value : larger) value *= 4096.0F;
  const double error = root_mean_square_error(GetParam().format, values);
  EXPECT_NEAR(root_mean_square_error(GetParam().format, larger) / 4096.0, error, 0.03 * error);
}

TEST_P(EncoderOf, GivesFiniteValuesForTheLargestAndTheLeast) {
  const FormatDefinition& definition = *format_definition(GetParam().format);
  for (const float magnitude : {3e38F, 1e6F, 1e-30F, 1e-42F}) {
    std::vector<float> values(512);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = magnitude * static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 50.0F;
    }
    std::vector<std::byte> row(row_bytes(GetParam().format, values.size()));
    definition.encode(values.data(), values.size(), row.data());
    definition.decode(row.data(), values.size(), values.data());
    for (const float value : values) ASSERT_TRUE(std::isfinite(value)) << magnitude;
  }
}

}  // namespace
}  // namespace assay
