// What the kernels of this machine reach, next to what its cores and memory can do:
//   kernel_bench [--benchmark_filter=decode/Q4_K] [--benchmark_repetitions=5]
// Names: prefill|tile|decode|cached/FORMAT/ISA/THREADS; attention/CACHE/QUERIES/ISA in a cache,
// attend/QUERIES/ISA/THREADS over memory; read, fma, int8 and bf16 are the limits.
// %limit is the share of the limit that was measured just before: reading the same memory for
// decode, the same multiplications alone for prefill. Tables with native numerics ("avx512_bf16")
// have rows of what is their own.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernel_trial.hpp"
#include "reference-engine/ops/matmul.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/runtime/arena.hpp"

namespace assay {
namespace {

/// A packed matrix of random weights.
struct Weights {
  Weights(const KernelTable& table, WeightFormat format, std::size_t rows, std::size_t k,
          ThreadPool& pool) {
    matrix = {format_kernels(table, format), nullptr, rows, k, 1};
    const std::size_t panels = matrix.panel_count();
    memory = std::move(*Arena::reserve(Bytes(panels * matrix.panel_bytes()), "weights"));
    std::byte* to = memory.take(Bytes(panels * matrix.panel_bytes()));
    matrix.panels = to;
    const std::size_t bytes = row_bytes(format, k);
    const std::size_t panel_rows = matrix.kernels->panel_rows;
    pool.for_each(panels, 4, [&](std::size_t begin, std::size_t end, unsigned) {
      std::vector<std::byte> stored(panel_rows * bytes);
      for (std::size_t p = begin; p < end; ++p) {
        for (std::size_t r = 0; r < panel_rows; ++r) {
          format_definition(format)->fill_random(p * panel_rows + r, 0.02F, k,
                                                 stored.data() + r * bytes);
        }
        matrix.kernels->pack(stored.data(), panel_rows, k, to + p * matrix.panel_bytes());
      }
    });
  }
  Arena memory;
  PackedMatrix matrix;
};

struct Inputs {
  Inputs(const KernelTable& table, std::size_t columns, std::size_t k)
      : values(columns * k), codes(columns * k), scales(columns * k / 32), sums(columns * k / 16) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>((i * 2654435761U) >> 16 & 1023U) / 512.0F - 1.0F;
    }
    table.quantise_q8(values.data(), columns * k, codes.data(), scales.data(), sums.data());
    view = {{codes.data(), scales.data(), sums.data(), k}, {values.data(), k}};
  }
  std::vector<float> values;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
  Activations view;
};

/// A counter per second, and what it is of a limit in %. `amount`: of one iteration.
void count(benchmark::State& state, const char* unit, double amount, double limit) {
  const auto rate = [&state](double one) {
    return benchmark::Counter(one * static_cast<double>(state.iterations()),
                              benchmark::Counter::kIsRate);
  };
  state.counters[unit] = rate(amount);
  if (limit > 0.0) state.counters["%limit"] = rate(100.0 * amount / limit);
}

/// The best rate of some calls, each of which does `amount`.
template <typename Work>
double best_rate(double amount, const Work& work) {
  constexpr int k_calls = 5;
  double least = 1e300;
  for (int i = 0; i < k_calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    least = std::min(least, taken.count());
  }
  return amount / least;
}

/// GB/s of reading memory with all threads of a pool.
double read_limit(const KernelTable& table, ThreadPool& pool, const std::byte* from,
                  std::size_t bytes) {
  const std::size_t part = bytes / pool.size() / 4096 * 4096;
  double limit = 0.0;
  for (const unsigned streams : {1U, 4U}) {
    limit = std::max(
        limit, best_rate(static_cast<double>(part * pool.size()) * 1e-9, [&] {
          pool.run([&](unsigned thread) {
            benchmark::DoNotOptimize(table.read_stream(from + thread * part, part, streams));
          });
        }));
  }
  return limit;
}

/// GOP/s of the multiplications that a format's products consist of, with all threads of a pool.
double arithmetic_limit(const KernelTable& table, const FormatKernels& kernels, ThreadPool& pool) {
  constexpr std::size_t k_steps = 1'000'000;
  const auto peak_of = [&pool](auto loop, double operations) {
    return best_rate(operations * k_steps * pool.size() * 1e-9,
                     [&] { pool.run([&](unsigned) { benchmark::DoNotOptimize(loop(k_steps)); }); });
  };
  if (kernels.takes_q8) return peak_of(table.int8_loop, table.int8_ops_per_step);
  if (kernels.rounding == ActivationRounding::bf16 && table.bf16_loop != nullptr) {
    return peak_of(table.bf16_loop, table.bf16_flops_per_step);
  }
  return peak_of(table.fma_loop, table.fma_flops_per_step);
}

struct MatrixShape {
  std::size_t rows;
  std::size_t width;
  std::size_t columns;
};

constexpr MatrixShape k_layer{2048, 2048, 512};
// What the tiles do when memory is no matter: one piece of a product, in the second level cache.
constexpr MatrixShape k_piece{128, 512, 240};

void prefill(benchmark::State& state, const KernelTable& table, WeightFormat format,
             const MatrixShape& shape, unsigned threads) {
  ThreadPool pool(threads);
  const Weights weights(table, format, shape.rows, shape.width, pool);
  const Inputs inputs(table, shape.columns, shape.width);
  std::vector<float> out(shape.rows * shape.columns);
  const Product product{&weights.matrix, 0, inputs.view, shape.columns, out.data(), shape.rows};
  const double limit = arithmetic_limit(table, *weights.matrix.kernels, pool);
  for (auto _ : state) multiply(pool, {&product, 1});
  count(state, "GOP/s", 2e-9 * static_cast<double>(shape.rows * shape.width * shape.columns),
        limit);
}

/// One column times matrices of 2048 columns: 400 MB of them, or one that stays in the second level
/// cache (`cached`).
void decode(benchmark::State& state, const KernelTable& table, WeightFormat format,
            unsigned threads, bool cached) {
  constexpr std::size_t k_width = 2048;
  constexpr std::size_t k_bytes = std::size_t{400} << 20;
  const std::size_t matrix_rows = cached ? 64 : 8192;
  ThreadPool pool(threads);
  const std::size_t matrices = cached ? 1 : k_bytes / (matrix_rows * row_bytes(format, k_width));
  const Weights weights(table, format, matrix_rows * matrices, k_width, pool);
  const Inputs inputs(table, 1, k_width);
  std::vector<float> out(matrix_rows * matrices);
  PackedMatrix part = weights.matrix;
  part.rows = matrix_rows;
  const std::size_t part_bytes = part.panel_count() * part.panel_bytes();
  const double limit =
      cached ? 0.0 : read_limit(table, pool, weights.matrix.panels, part_bytes * matrices);
  for (auto _ : state) {
    for (std::size_t i = 0; i < matrices; ++i) {
      part.panels = weights.matrix.panels + i * part_bytes;
      const Product product{&part, 0, inputs.view, 1, out.data() + i * matrix_rows, matrix_rows};
      multiply(pool, {&product, 1});
    }
  }
  count(state, "GB/s", static_cast<double>(part_bytes * matrices) * 1e-9, limit);
}

void read(benchmark::State& state, const KernelTable& table, unsigned streams, unsigned threads) {
  constexpr std::size_t k_bytes = std::size_t{400} << 20;
  ThreadPool pool(threads);
  Arena memory = std::move(*Arena::reserve(Bytes(k_bytes), "measurement"));
  std::byte* from = memory.take(Bytes(k_bytes));
  std::memset(from, 1, k_bytes);
  const std::size_t part = k_bytes / threads;
  for (auto _ : state) {
    pool.run([&](unsigned thread) {
      benchmark::DoNotOptimize(table.read_stream(from + thread * part, part, streams));
    });
  }
  count(state, "GB/s", static_cast<double>(k_bytes) * 1e-9, 0.0);
}

template <typename Loop>
void peak(benchmark::State& state, Loop loop, double operations, unsigned threads) {
  constexpr std::size_t k_steps = 1'000'000;
  ThreadPool pool(threads);
  for (auto _ : state) {
    pool.run([&](unsigned) { benchmark::DoNotOptimize(loop(k_steps)); });
  }
  count(state, "GOP/s", operations * k_steps * threads * 1e-9, 0.0);
}

void dispatch(benchmark::State& state, unsigned threads) {
  ThreadPool pool(threads);
  for (auto _ : state) pool.run([](unsigned) {});
}

/// Attention of one K/V head: `queries` rows against `positions` of a cache.
void attention(benchmark::State& state, const KernelTable& table, CacheFormat format,
               std::size_t queries, std::size_t positions, std::size_t dim) {
  const CacheKernels& kernels = table.cache[static_cast<std::size_t>(format)];
  const std::vector<std::byte> cache(positions * cache_row_bytes(format, dim), std::byte{0x38});
  const std::vector<float> q(queries * dim, 0.5F);
  const std::vector<float> weights(queries * positions, 1e-3F);
  std::vector<float> scores(queries * positions);
  std::vector<float> out(queries * dim);
  const CacheRows rows{cache.data(), positions, dim, kernels.fetch_ahead};
  for (auto _ : state) {
    kernels.scores(q.data(), queries, rows, scores.data(), positions);
    kernels.mix(weights.data(), queries, positions, rows, out.data());
  }
  count(state, "GOP/s", 4e-9 * static_cast<double>(queries * positions * dim), 0.0);
}

/// Attention of a step of decode over 512 MB of keys and values in F16.
void attend_memory(benchmark::State& state, const KernelTable& table, std::uint32_t group,
                   unsigned threads) {
  constexpr std::size_t k_bytes = std::size_t{512} << 20;
  ThreadPool pool(threads);
  Arena memory = std::move(*Arena::reserve(Bytes(k_bytes), "measurement"));
  std::byte* from = memory.take(Bytes(k_bytes));
  std::memset(from, 0x38, k_bytes);
  const AttentionTrial trial = attention_trial(table, {from, k_bytes}, group, pool);
  for (auto _ : state) trial.pass();
  count(state, "GB/s", trial.bytes * 1e-9, 0.0);
}

template <typename Function, typename... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), function, arguments...)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

std::string ending(const KernelTable& table, unsigned threads) {
  return std::string("/") + table.isa + "/" + std::to_string(threads);
}

void add_products(const KernelTable& table, WeightFormat format, unsigned threads) {
  const KernelTable* kernels = &table;
  const std::string name = std::string(format_name(format)) + ending(table, threads);
  add("decode/" + name,
      [=](benchmark::State& state) { decode(state, *kernels, format, threads, false); });
  if (threads == 1) {
    add("cached/" + name,
        [=](benchmark::State& state) { decode(state, *kernels, format, threads, true); });
    add("tile/" + name,
        [=](benchmark::State& state) { prefill(state, *kernels, format, k_piece, threads); });
  }
  add("prefill/" + name,
      [=](benchmark::State& state) { prefill(state, *kernels, format, k_layer, threads); });
}

void add_limits(const KernelTable& table, unsigned threads) {
  const KernelTable* kernels = &table;
  const std::string end = ending(table, threads);
  for (const unsigned streams : {1U, 2U, 4U, 8U}) {
    add("read/" + std::to_string(streams) + end,
        [=](benchmark::State& state) { read(state, *kernels, streams, threads); });
  }
  add("fma" + end, [=](benchmark::State& state) {
    peak(state, kernels->fma_loop, kernels->fma_flops_per_step, threads);
  });
  add("int8" + end, [=](benchmark::State& state) {
    peak(state, kernels->int8_loop, kernels->int8_ops_per_step, threads);
  });
}

void add_attention(const KernelTable& table) {
  const KernelTable* kernels = &table;
  for (const CacheFormat format : all_cache_formats()) {
    const std::string name = "attention/" + std::string(cache_format_name(format)) + "/";
    for (const std::size_t queries : {1U, 4U, 8U, 64U}) {
      add(name + std::to_string(queries) + "/" + table.isa,
          [=](benchmark::State& state) { attention(state, *kernels, format, queries, 1024, 64); });
    }
  }
}

void add_attention_from_memory(const KernelTable& table, unsigned threads) {
  const KernelTable* kernels = &table;
  for (const std::uint32_t group : {1U, 2U, 4U, 8U}) {
    add("attend/" + std::to_string(group) + ending(table, threads),
        [=](benchmark::State& state) { attend_memory(state, *kernels, group, threads); });
  }
}

void add_table(const KernelTable& table) {
  for (const unsigned threads : {1U, 2U}) {
    add_limits(table, threads);
    add_attention_from_memory(table, threads);
    for (const FormatDefinition& definition : format_definitions()) {
      add_products(table, definition.format, threads);
    }
  }
  add_attention(table);
}

/// What native numerics has of its own.
void add_native_table(const KernelTable& table) {
  const KernelTable* kernels = &table;
  for (const unsigned threads : {1U, 2U}) {
    if (table.bf16_loop != nullptr) {
      add("bf16" + ending(table, threads), [=](benchmark::State& state) {
        peak(state, kernels->bf16_loop, kernels->bf16_flops_per_step, threads);
      });
    }
    for (const FormatDefinition& definition : format_definitions()) {
      if (format_kernels(table, definition.format)->rounding == ActivationRounding::none) continue;
      add_products(table, definition.format, threads);
    }
  }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const assay::LiveCpuFeatures features = assay::live_cpu_features();
  for (const std::string& isa : assay::available_isas(features)) {
    if (isa == "scalar") continue;  // the definition is not meant to be fast
    assay::add_table(**assay::select_kernels(features, isa));
    const auto native = assay::select_kernels(features, isa, assay::Numerics::native);
    if (native) assay::add_native_table(**native);
  }
  for (const unsigned threads : {2U, 4U}) {
    assay::add("dispatch/" + std::to_string(threads),
               [=](benchmark::State& state) { assay::dispatch(state, threads); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
