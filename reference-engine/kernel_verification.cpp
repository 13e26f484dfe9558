#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <span>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernels/vector_checks.hpp"
#include "reference-engine/ops/matmul.hpp"
#include "reference-engine/quant/activation_rounding.hpp"
#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/verification.hpp"

namespace assay {
namespace {

// Both sides add the same exact integer sums, scaled by the same float32 factors; they differ by
// float32 roundings, at most about 2^-24 relative for each of a few steps on the way of a value
// and of the running sum: NMSE about (8 * 2^-24)^2 = 2e-13. The bound leaves room for cancellation
// between terms and is far below any wrong code (1e-6 and more).
constexpr double k_multiply_bound = 1e-10;

/// What the stored rows hold: random codes, or one byte everywhere (and columns of +-127).
struct Extremes {
  bool wanted = false;
  std::uint8_t pattern = 0;
};

/// A matrix of stored rows, packed for a table into memory of its own.
struct Packed {
  PackedMatrix matrix;
  std::vector<std::byte> storage;
};

Packed pack(const FormatKernels& kernels, const MatmulShape& shape,
            const std::vector<std::byte>& stored) {
  constexpr std::size_t k_alignment = 64;
  Packed out;
  out.matrix = {&kernels, nullptr, shape.rows, shape.k, 1};
  const std::size_t panels = out.matrix.panel_count();
  const std::size_t bytes = out.matrix.panel_bytes();
  out.storage.resize(panels * bytes + k_alignment);
  void* start = out.storage.data();
  std::size_t space = out.storage.size();
  auto* to = static_cast<std::byte*>(std::align(k_alignment, panels * bytes, start, space));
  out.matrix.panels = to;
  for (std::size_t p = 0; p < panels; ++p) {
    const std::size_t first = p * kernels.panel_rows;
    kernels.pack(stored.data() + first * row_bytes(shape.format, shape.k),
                 std::min<std::size_t>(kernels.panel_rows, shape.rows - first), shape.k,
                 to + p * bytes);
  }
  return out;
}

/// Columns in both forms.
struct Columns {
  Columns(const KernelTable& table, std::vector<float> from, std::size_t k)
      : values(std::move(from)),
        codes(values.size()),
        scales(values.size() / 32 + 1),
        sums(values.size() / 16 + 1) {
    for (std::size_t first = 0; k % 32 == 0 && first < values.size(); first += k) {
      table.quantise_q8(values.data() + first, k, codes.data() + first, scales.data() + first / 32,
                        sums.data() + first / 16);
    }
    view = {{codes.data(), scales.data(), sums.data(), k}, {values.data(), k}};
  }
  /// What products with these kernels are to multiply: the values, or what they round them to.
  [[nodiscard]] std::vector<float> as_seen_by(const FormatKernels& kernels) const {
    std::vector<float> seen = values;
    const std::size_t k = view.f32.k;
    for (std::size_t first = 0; first < seen.size(); first += k) {
      round_activations(kernels.rounding, std::span(seen).subspan(first, k));
    }
    return seen;
  }

  std::vector<float> values;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
  Activations view;
};

std::vector<std::byte> stored_rows(const FormatDefinition& definition, const MatmulShape& shape,
                                   Extremes extremes) {
  const std::size_t bytes = row_bytes(shape.format, shape.k);
  std::vector<std::byte> rows(shape.rows * bytes);
  for (std::size_t r = 0; r < shape.rows; ++r) {
    std::byte* row = rows.data() + r * bytes;
    if (extremes.wanted && definition.fill_pattern != nullptr) {
      definition.fill_pattern(extremes.pattern, 0.02F, shape.k, row);
    } else {
      definition.fill_random(r + 1, 0.02F, shape.k, row);
    }
  }
  return rows;
}

std::vector<float> column_values(const MatmulShape& shape, Extremes extremes) {
  std::vector<float> values(shape.columns * shape.k);
  RandomBits random(shape.k * 31 + shape.columns);
  for (float& value : values) {
    const auto bits = static_cast<std::int16_t>(random.next() & 0xFFFFU);
    value = static_cast<float>(bits) / 32768.0F;
    // Every code becomes 127 or -127, with the same sign over 64 values.
    if (extremes.wanted) {
      value = ((&value - values.data()) / 64) % 3 == 1 ? -1.0F : 1.0F;
    }
  }
  return values;
}

KernelCheck check_product(const KernelTable& table, const MatmulShape& shape, Extremes extremes) {
  KernelCheck check{.kernel = "multiply " + std::string(format_name(shape.format)),
                    .isa = table.isa,
                    .rows = shape.rows,
                    .k = shape.k,
                    .columns = shape.columns,
                    .nmse = std::numeric_limits<double>::infinity(),
                    .bound = k_multiply_bound};
  const FormatDefinition* definition = format_definition(shape.format);
  const FormatKernels* kernels = format_kernels(table, shape.format);
  if (definition == nullptr || kernels == nullptr) return check;
  const std::vector<std::byte> stored = stored_rows(*definition, shape, extremes);
  const Packed packed = pack(*kernels, shape, stored);
  const Columns columns(table, column_values(shape, extremes), shape.k);
  std::vector<float> out(shape.rows * shape.columns, NAN);
  ThreadPool pool(1);
  const Product product{&packed.matrix, 0, columns.view, shape.columns, out.data(), shape.rows};
  multiply(pool, {&product, 1});

  const std::size_t bytes = row_bytes(shape.format, shape.k);
  const std::vector<float> seen = columns.as_seen_by(*kernels);
  const F32Columns values{seen.data(), shape.k};
  double error = 0.0;
  double power = 0.0;
  for (std::size_t r = 0; r < shape.rows; ++r) {
    for (std::size_t c = 0; c < shape.columns; ++c) {
      const double exact = definition->dot(stored.data() + r * bytes, &columns.view.q8, &values, c);
      const double difference = static_cast<double>(out[c * shape.rows + r]) - exact;
      error += difference * difference;
      power += exact * exact;
    }
  }
  check.nmse = power > 0.0 ? error / power : error;
  return check;
}

/// Decoded rows must be equal to the definition's, bit for bit.
KernelCheck check_decode(const KernelTable& table, const MatmulShape& shape) {
  KernelCheck check{.kernel = "decode " + std::string(format_name(shape.format)),
                    .isa = table.isa,
                    .rows = shape.rows,
                    .k = shape.k,
                    .columns = 0,
                    .nmse = std::numeric_limits<double>::infinity(),
                    .bound = 0.0};
  const FormatDefinition* definition = format_definition(shape.format);
  const FormatKernels* kernels = format_kernels(table, shape.format);
  if (definition == nullptr || kernels == nullptr) return check;
  const std::vector<std::byte> stored = stored_rows(*definition, shape, {});
  const Packed packed = pack(*kernels, shape, stored);
  std::vector<float> exact(shape.k);
  std::vector<float> out(shape.k);
  std::size_t different = 0;
  for (std::size_t r = 0; r < shape.rows; ++r) {
    definition->decode(stored.data() + r * row_bytes(shape.format, shape.k), shape.k, exact.data());
    packed.matrix.decode_row(0, r, out.data());
    if (std::memcmp(exact.data(), out.data(), shape.k * sizeof(float)) != 0) ++different;
  }
  check.nmse = static_cast<double>(different);
  return check;
}

/// Rows whose every other one has this bit pattern as the scales of all blocks.
std::vector<std::byte> rows_with_scale(const FormatDefinition& definition, const MatmulShape& shape,
                                       std::uint16_t bits) {
  std::vector<std::byte> rows = stored_rows(definition, shape, {});
  const std::size_t bytes = row_bytes(shape.format, shape.k);
  const std::size_t block = block_shape(shape.format)->bytes;
  for (std::size_t at = 0; at < rows.size(); at += block) {
    if (at / bytes % 2 == 1) continue;
    std::memcpy(rows.data() + at + definition.scales.first, &bits, definition.scales.bytes);
    std::memcpy(rows.data() + at + definition.scales.second, &bits, definition.scales.bytes);
  }
  return rows;
}

/// Scales that are zero, subnormal, the largest, infinite or not a number: what the definition has
/// finite must agree, what it has not must not be finite. Decoded rows must be equal.
KernelCheck check_scale(const KernelTable& table, const MatmulShape& shape, std::uint16_t bits) {
  KernelCheck check{.kernel = "scales of " + std::string(format_name(shape.format)),
                    .isa = table.isa,
                    .rows = shape.rows,
                    .k = shape.k,
                    .columns = shape.columns,
                    .nmse = std::numeric_limits<double>::infinity(),
                    .bound = k_multiply_bound};
  const FormatDefinition* definition = format_definition(shape.format);
  const FormatKernels* kernels = format_kernels(table, shape.format);
  if (definition == nullptr || kernels == nullptr) return check;
  const std::vector<std::byte> stored = rows_with_scale(*definition, shape, bits);
  const Packed packed = pack(*kernels, shape, stored);
  const Columns columns(table, column_values(shape, {}), shape.k);
  std::vector<float> out(shape.rows * shape.columns, NAN);
  ThreadPool pool(1);
  const Product product{&packed.matrix, 0, columns.view, shape.columns, out.data(), shape.rows};
  multiply(pool, {&product, 1});
  std::vector<float> exact_row(shape.k);
  std::vector<float> row(shape.k);
  double worst = 0.0;
  double error[2] = {0.0, 0.0};  // of rows with this scale, and of the others
  double power[2] = {0.0, 0.0};
  for (std::size_t r = 0; r < shape.rows; ++r) {
    const std::byte* from = stored.data() + r * row_bytes(shape.format, shape.k);
    for (std::size_t c = 0; c < shape.columns; ++c) {
      const auto exact =
          static_cast<float>(definition->dot(from, &columns.view.q8, &columns.view.f32, c));
      const float found = out[c * shape.rows + r];
      if (std::isfinite(exact) != std::isfinite(found))
        worst = std::numeric_limits<double>::infinity();
      if (!std::isfinite(exact)) continue;
      error[r % 2] += std::pow(static_cast<double>(found) - static_cast<double>(exact), 2);
      power[r % 2] += static_cast<double>(exact) * static_cast<double>(exact);
    }
    definition->decode(from, shape.k, exact_row.data());
    packed.matrix.decode_row(0, r, row.data());
    for (std::size_t i = 0; i < shape.k; ++i) {
      const bool both_nan = std::isnan(row[i]) && std::isnan(exact_row[i]);
      if (!both_nan && std::memcmp(&row[i], &exact_row[i], sizeof(float)) != 0)
        worst = std::numeric_limits<double>::infinity();
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    worst = std::max(worst, power[i] > 0.0 ? error[i] / power[i] : error[i]);
  }
  check.nmse = worst;
  return check;
}

/// One block a row: what overflows in float32 then overflows in the definition, too.
void append_scales(const KernelTable& table, const FormatDefinition& definition,
                   std::vector<KernelCheck>& out) {
  // 0, -0, the least and the greatest subnormal, the greatest number, infinities, not a number;
  // the least exponents, a usual one, the two greatest.
  static constexpr std::uint16_t k_halves[] = {0x0000, 0x8000, 0x0001, 0x83FF,
                                               0x7BFF, 0x7C00, 0xFC00, 0x7E00};
  static constexpr std::uint16_t k_exponents[] = {0, 1, 2, 127, 254, 255};
  const std::span<const std::uint16_t> patterns = definition.scales.bytes == 2
                                                      ? std::span<const std::uint16_t>(k_halves)
                                                      : std::span<const std::uint16_t>(k_exponents);
  const std::uint64_t k = block_shape(definition.format)->values;
  for (const std::uint16_t bits : patterns) {
    for (const std::uint64_t columns : {1U, 7U}) {
      // 64 rows: four streams of a panel where a column is alone.
      out.push_back(check_scale(table, {definition.format, 64, k, columns}, bits));
    }
  }
}

void append_products(const KernelTable& table, WeightFormat format, std::vector<KernelCheck>& out) {
  const std::uint64_t block = block_shape(format)->values;
  std::vector<std::uint64_t> widths{256, 512, 768, 11008, block == 256 ? 28672U : 29568U};
  if (block <= 32) widths.insert(widths.end(), {32, 96});
  if (block == 1) widths.insert(widths.end(), {1, 7, 172});
  for (const std::uint64_t k : widths) {
    for (std::uint64_t columns = 1; columns <= 13; ++columns) {
      if (k > 1024 && columns > 2 && columns != 7 && columns != 13) continue;
      // 67 rows: four quarters of full panels, and a last panel of 3 rows.
      const std::uint64_t rows = k > 1024 ? 19 : 67;
      out.push_back(check_product(table, {format, rows, k, columns}, {}));
    }
  }
  for (const std::uint64_t columns : {1U, 6U, 13U, 33U}) {
    // The largest unsigned and the least signed codes, the greatest signed ones, all zero bits.
    for (const unsigned pattern : {0xFFU, 0x80U, 0x7FU, 0U}) {
      out.push_back(check_product(table, {format, 33, 2048, columns},
                                  {true, static_cast<std::uint8_t>(pattern)}));
    }
    for (const std::uint64_t rows : {1U, 64U, 128U, 133U}) {
      out.push_back(check_product(table, {format, rows, 256, columns}, {}));
    }
  }
  // Several pieces of as many rows as one may have, and more columns than kernels take at once.
  out.push_back(check_product(table, {format, 531, 768, 13}, {}));
  out.push_back(check_product(table, {format, 19, 768, 519}, {}));
  out.push_back(check_decode(table, {format, 37, 512, 0}));
}

}  // namespace

KernelCheck check_multiply(const KernelTable& table, const MatmulShape& shape,
                           std::uint64_t max_rows) {
  MatmulShape cut = shape;
  cut.rows = std::min(shape.rows, max_rows);
  return check_product(table, cut, {});
}

std::vector<KernelCheck> check_format(const KernelTable& table, WeightFormat format) {
  std::vector<KernelCheck> checks;
  const FormatDefinition* definition = format_definition(format);
  if (definition == nullptr) return checks;
  append_products(table, format, checks);
  if (definition->scales.bytes > 0) append_scales(table, *definition, checks);
  return checks;
}

std::vector<KernelCheck> check_all_kernels(const KernelTable& table) {
  std::vector<KernelCheck> checks;
  for (const FormatDefinition& definition : format_definitions()) {
    std::ranges::move(check_format(table, definition.format), std::back_inserter(checks));
  }
  append_vector_checks(table, checks);
  return checks;
}

}  // namespace assay
