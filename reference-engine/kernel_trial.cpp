#include "reference-engine/kernel_trial.hpp"

#include <algorithm>
#include <memory>

#include "reference-engine/ops/attention.hpp"
#include "reference-engine/ops/matmul.hpp"

namespace assay {
namespace {

constexpr std::size_t k_width = 2048;
constexpr std::size_t k_decode_rows = 8192;
constexpr std::size_t k_prefill_rows = 2048;
constexpr std::size_t k_prefill_columns = 256;

/// What the products of all formats share.
struct Inputs {
  Inputs(const KernelTable& table, std::size_t rows, std::size_t columns)
      : values(columns * k_width),
        codes(values.size()),
        scales(values.size() / 32),
        sums(values.size() / 16),
        out(rows * columns) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i % 1021) / 512.0F - 1.0F;
    }
    table.quantise_q8(values.data(), values.size(), codes.data(), scales.data(), sums.data());
  }
  std::vector<float> values;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
  std::vector<float> out;
};

void multiply_by(const PackedMatrix& matrix, Inputs& inputs, std::size_t columns,
                 ThreadPool& pool) {
  const Activations x{{inputs.codes.data(), inputs.scales.data(), inputs.sums.data(), k_width},
                      {inputs.values.data(), k_width}};
  const Product product{&matrix, 0, x, columns, inputs.out.data(), matrix.rows};
  multiply(pool, {&product, 1});
}

/// Whole matrices of this size that the memory holds.
std::size_t matrices_in(std::span<const std::byte> memory, const PackedMatrix& matrix) {
  return memory.size() / (matrix.panel_count() * matrix.panel_bytes());
}

/// Calls use(format, matrix at the start of the memory) for each format.
template <typename Use>
void for_each_format(const KernelTable& table, std::span<const std::byte> memory, std::size_t rows,
                     Use use) {
  for (const FormatKernels& kernels : table.formats) {
    if (kernels.panel_rows == 0) break;
    const PackedMatrix matrix{&kernels, memory.data(), rows, k_width, 1};
    if (matrices_in(memory, matrix) > 0) use(static_cast<WeightFormat>(kernels.format), matrix);
  }
}

/// What all passes of an attention trial share; each thread has queries and scratch of its own.
struct Attention {
  Attention(const KernelTable& kernels, std::uint32_t heads, ThreadPool& threads)
      : table(kernels),
        group(heads),
        pool(threads),
        queries(threads.size() * group * AttentionTrial::k_dim),
        scratch_values(attention_scratch_values(group, AttentionTrial::k_dim)),
        scratch(threads.size() * scratch_values) {}

  void attend_head(const std::byte* keys, const std::byte* values, unsigned thread) {
    constexpr auto k_dim = static_cast<std::uint32_t>(AttentionTrial::k_dim);
    constexpr float k_scale = 0.088F;  // 1 / sqrt(128)
    float* q = queries.data() + thread * group * k_dim;
    std::fill_n(q, group * k_dim, 1.0F);
    const QueryBlock block{.queries = q,
                           .stride = std::size_t{group} * k_dim,
                           .tokens = 1,
                           .group = group,
                           .dim = k_dim,
                           .first_position = k_positions - 1,
                           .window = 0,
                           .scale = k_scale,
                           .cap = 0.0F,
                           .sinks = nullptr};
    // Attention writes to queries alone.
    const CacheHead head{CacheFormat::f16, k_row_bytes, const_cast<std::byte*>(keys),
                         const_cast<std::byte*>(values)};
    attend(table, head, block, scratch.data() + thread * scratch_values);
  }

  static constexpr std::uint32_t k_positions = 1024;
  static constexpr std::size_t k_row_bytes = AttentionTrial::k_dim * sizeof(std::uint16_t);
  static constexpr std::size_t k_head_bytes = k_positions * k_row_bytes;
  const KernelTable& table;
  std::uint32_t group;
  ThreadPool& pool;
  std::vector<float> queries;
  std::size_t scratch_values;
  std::vector<float> scratch;
};

}  // namespace

std::vector<KernelTrial> decode_trials(const KernelTable& table, std::span<const std::byte> memory,
                                       ThreadPool& pool) {
  const auto inputs = std::make_shared<Inputs>(table, k_decode_rows, 1);
  std::vector<KernelTrial> trials;
  for_each_format(
      table, memory, k_decode_rows, [&](WeightFormat format, const PackedMatrix& first) {
        const std::size_t bytes = first.panel_count() * first.panel_bytes();
        const std::size_t matrices = matrices_in(memory, first);
        trials.push_back({format, static_cast<double>(matrices * bytes), [=, &pool] {
                            PackedMatrix matrix = first;
                            for (std::size_t i = 0; i < matrices; ++i, matrix.panels += bytes) {
                              multiply_by(matrix, *inputs, 1, pool);
                            }
                          }});
      });
  return trials;
}

std::vector<KernelTrial> prefill_trials(const KernelTable& table, std::span<const std::byte> memory,
                                        ThreadPool& pool) {
  constexpr double k_operations = 2.0 * k_width * k_prefill_rows * k_prefill_columns;
  const auto inputs = std::make_shared<Inputs>(table, k_prefill_rows, k_prefill_columns);
  std::vector<KernelTrial> trials;
  for_each_format(
      table, memory, k_prefill_rows, [&](WeightFormat format, const PackedMatrix& matrix) {
        trials.push_back({format, k_operations,
                          [=, &pool] { multiply_by(matrix, *inputs, k_prefill_columns, pool); }});
      });
  return trials;
}

AttentionTrial attention_trial(const KernelTable& table, std::span<const std::byte> memory,
                               std::uint32_t group, ThreadPool& pool) {
  const auto shared = std::make_shared<Attention>(table, group, pool);
  constexpr std::size_t k_head = Attention::k_head_bytes;
  const std::size_t heads = memory.size() / (2 * k_head);
  AttentionTrial trial;
  trial.bytes = static_cast<double>(heads * 2 * k_head);
  trial.positions = static_cast<double>(heads * Attention::k_positions);
  trial.pass = [=, keys = memory.data()] {
    const std::byte* values = keys + heads * k_head;
    shared->pool.for_each(heads, 1, [&](std::size_t begin, std::size_t end, unsigned thread) {
      for (std::size_t i = begin; i < end; ++i) {
        shared->attend_head(keys + i * k_head, values + i * k_head, thread);
      }
    });
  };
  return trial;
}

}  // namespace assay
