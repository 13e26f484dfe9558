// What the kernels of this machine reach, next to what its cores and memory can do:
//   kernel_bench [--benchmark_filter=decode/Q4_K] [--benchmark_repetitions=5]
// Names: prefill|decode|cached/FORMAT/ISA/THREADS; read, fma, int8 and bf16 are the limits. Tables
// with native numerics ("avx512_bf16") have rows of what is their own.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "reference-engine/kernel_selection.hpp"
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

void prefill(benchmark::State& state, const KernelTable& table, WeightFormat format,
             unsigned threads) {
  constexpr std::size_t k_rows = 2048;
  constexpr std::size_t k_width = 2048;
  constexpr std::size_t k_columns = 512;
  ThreadPool pool(threads);
  const Weights weights(table, format, k_rows, k_width, pool);
  const Inputs inputs(table, k_columns, k_width);
  std::vector<float> out(k_rows * k_columns);
  const Product product{&weights.matrix, 0, inputs.view, k_columns, out.data(), k_rows};
  for (auto _ : state) multiply(pool, {&product, 1});
  const double operations = 2.0 * k_rows * k_width * k_columns;
  state.counters["GOP/s"] = benchmark::Counter(
      operations * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

/// One column times matrices of 2048 columns: 400 MB of them, or one that stays in the second level
/// cache (`cached`).
void decode(benchmark::State& state, const KernelTable& table, WeightFormat format,
            unsigned threads, bool cached) {
  constexpr std::size_t k_width = 2048;
  constexpr std::size_t k_bytes = std::size_t{400} << 20;
  const std::size_t matrix_rows = cached ? 64 : 8192;
  ThreadPool pool(threads);
  const std::size_t count = cached ? 1 : k_bytes / (matrix_rows * row_bytes(format, k_width));
  const Weights weights(table, format, matrix_rows * count, k_width, pool);
  const Inputs inputs(table, 1, k_width);
  std::vector<float> out(matrix_rows * count);
  PackedMatrix part = weights.matrix;
  part.rows = matrix_rows;
  const std::size_t part_bytes = part.panel_count() * part.panel_bytes();
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) {
      part.panels = weights.matrix.panels + i * part_bytes;
      const Product product{&part, 0, inputs.view, 1, out.data() + i * matrix_rows, matrix_rows};
      multiply(pool, {&product, 1});
    }
  }
  state.counters["GB/s"] = benchmark::Counter(
      static_cast<double>(part_bytes * count) * 1e-9 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
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
  state.counters["GB/s"] = benchmark::Counter(
      static_cast<double>(k_bytes) * 1e-9 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}

template <typename Loop>
void peak(benchmark::State& state, Loop loop, double operations, unsigned threads) {
  constexpr std::size_t k_steps = 1'000'000;
  ThreadPool pool(threads);
  for (auto _ : state) {
    pool.run([&](unsigned) { benchmark::DoNotOptimize(loop(k_steps)); });
  }
  state.counters["GOP/s"] = benchmark::Counter(
      operations * k_steps * threads * 1e-9 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
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
  std::vector<float> q(queries * dim, 0.5F);
  std::vector<float> scores(queries * positions);
  for (auto _ : state) {
    kernels.scores(q.data(), queries, cache.data(), positions, dim, scores.data(), positions);
    kernels.mix(scores.data(), queries, positions, cache.data(), positions, dim, q.data());
  }
  state.counters["GOP/s"] =
      benchmark::Counter(4e-9 * static_cast<double>(queries * positions * dim) *
                             static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
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
  }
  add("prefill/" + name,
      [=](benchmark::State& state) { prefill(state, *kernels, format, threads); });
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

void add_table(const KernelTable& table) {
  for (const unsigned threads : {1U, 2U}) {
    add_limits(table, threads);
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
