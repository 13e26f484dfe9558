#include "reference-engine/ops/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay {
namespace {

// 64 query rows use each key that was loaded 64 times; their scores over a tile stay in the first
// level cache (8192 values, 32 KiB). Few rows (decode) take longer tiles instead.
constexpr std::uint32_t k_block_rows = 64;
constexpr std::uint32_t k_tile_values = 8192;
constexpr std::uint32_t k_shortest_tile = 128;
constexpr std::uint32_t k_longest_tile = 1024;
// Work for any processor, while what they leave stays small beside the cache.
constexpr std::uint32_t k_most_spans = 64;

std::uint32_t tile_positions(std::uint32_t rows) {
  return std::clamp(k_tile_values / rows / 16 * 16, k_shortest_tile, k_longest_tile);
}

/// State of the online softmax of all rows of a block.
struct Rows {
  std::uint32_t count;
  float* queries;  // [count, dim]
  float* mixed;    // [count, dim], sum of exp(score - maximum) * value
  float* maximum;  // [count]
  float* total;    // [count], sum of exp(score - maximum)
  float* scores;   // [count, tile]
};

Rows lay_out(const QueryBlock& block, float* scratch) {
  const std::uint32_t rows = block.tokens * block.group;
  const std::size_t values = std::size_t{rows} * block.dim;
  Rows laid{rows, scratch, scratch + values, nullptr, nullptr, nullptr};
  laid.maximum = laid.mixed + values;
  laid.total = laid.maximum + rows;
  laid.scores = laid.total + rows;
  return laid;
}

void gather(const QueryBlock& block, const Rows& rows) {
  const std::size_t width = std::size_t{block.group} * block.dim;
  for (std::uint32_t t = 0; t < block.tokens; ++t) {
    const float* from = block.queries + t * block.stride;
    float* to = rows.queries + t * width;
    for (std::size_t i = 0; i < width; ++i) to[i] = from[i] * block.scale;
  }
  std::fill_n(rows.mixed, rows.count * std::size_t{block.dim}, 0.0F);
  std::fill_n(rows.maximum, rows.count, std::numeric_limits<float>::lowest());
  std::fill_n(rows.total, rows.count, 0.0F);
}

/// Positions: of a tile those that a row sees, counted from its first one; or of the cache.
struct Visible {
  std::uint32_t begin;
  std::uint32_t end;
};

/// Gives a row a maximum of at least `score`; what was summed so far shrinks with it.
void raise_maximum(const Rows& rows, std::uint32_t row, std::uint32_t dim, float score) {
  if (score <= rows.maximum[row]) return;
  const float shrink = std::exp(rows.maximum[row] - score);
  rows.maximum[row] = score;
  rows.total[row] *= shrink;
  float* mixed = rows.mixed + std::size_t{row} * dim;
  for (std::uint32_t i = 0; i < dim; ++i) mixed[i] *= shrink;
}

/// Turns one row of scores into weights relative to the row's new maximum; those outside of
/// `visible` get weight 0.
void weigh(const KernelTable& kernels, const Rows& rows, std::uint32_t row, const QueryBlock& block,
           float* scores, Visible visible, std::uint32_t positions) {
  std::fill(scores, scores + visible.begin, 0.0F);
  std::fill(scores + visible.end, scores + positions, 0.0F);
  if (visible.begin == visible.end) return;
  float* seen = scores + visible.begin;
  const std::uint32_t count = visible.end - visible.begin;
  if (block.cap > 0.0F) kernels.soft_cap(seen, block.cap, count);
  raise_maximum(rows, row, block.dim, kernels.maximum(seen, count));
  rows.total[row] += kernels.exp_sum(seen, rows.maximum[row], count);
}

/// The first position that a token of the block sees.
std::uint32_t first_visible(const QueryBlock& block, std::uint32_t token) {
  const std::uint32_t seen = block.first_position + token + 1;  // without a window
  return block.window == 0 || seen <= block.window ? 0 : seen - block.window;
}

/// Adds positions begin to end of the cache, tile by tile, to what the rows have summed.
void add_positions(const KernelTable& kernels, const CacheHead& cache, const QueryBlock& block,
                   const Rows& rows, Visible range) {
  const std::uint32_t tile = tile_positions(rows.count);
  const CacheKernels& use = kernels.cache[static_cast<std::size_t>(cache.format)];
  for (std::uint32_t first = range.begin; first < range.end; first += tile) {
    const std::uint32_t positions = std::min(tile, range.end - first);
    const std::size_t skipped = first * cache.row_bytes;
    const bool ahead = use.fetch_ahead;
    use.scores(rows.queries, rows.count, {cache.keys + skipped, positions, block.dim, ahead},
               rows.scores, tile);
    for (std::uint32_t row = 0; row < rows.count; ++row) {
      const std::uint32_t token = row / block.group;
      const std::uint32_t last = block.first_position + token;  // sees itself
      const std::uint32_t seen = last < first ? 0 : std::min(positions, last - first + 1);
      const std::uint32_t hidden = first_visible(block, token);
      const std::uint32_t begin = hidden <= first ? 0 : std::min(seen, hidden - first);
      weigh(kernels, rows, row, block, rows.scores + std::size_t{row} * tile, {begin, seen},
            positions);
    }
    use.mix(rows.scores, rows.count, tile, {cache.values + skipped, positions, block.dim, ahead},
            rows.mixed);
  }
}

/// Adds the sinks; the queries become the weighted means.
void finish(const QueryBlock& block, const Rows& rows) {
  for (std::uint32_t row = 0; row < rows.count; ++row) {
    if (block.sinks != nullptr) {
      const float sink = block.sinks[row % block.group];
      raise_maximum(rows, row, block.dim, sink);
      rows.total[row] += std::exp(sink - rows.maximum[row]);
    }
    float* out = block.queries + row / block.group * block.stride +
                 std::size_t{row % block.group} * block.dim;
    const float* mixed = rows.mixed + std::size_t{row} * block.dim;
    for (std::uint32_t i = 0; i < block.dim; ++i) out[i] = mixed[i] / rows.total[row];
  }
}

}  // namespace

float attention_scale(const ScaleSpec& scale, const AttentionSpec& attention) {
  if (scale.attention != 0.0F) return scale.attention;
  const LatentSpec& latent = attention.latent;
  const std::uint32_t key =
      attention.is_latent() ? latent.key + latent.rotated : attention.head_dim;
  return 1.0F / std::sqrt(static_cast<float>(key));
}

float temperature_factor(const ScaleSpec& scale, std::uint32_t position) {
  const std::uint32_t span = position / scale.temperature_length;
  const double logarithm = std::log(1.0 + span);
  return static_cast<float>(1.0 + static_cast<double>(scale.temperature) * logarithm);
}

std::uint32_t attention_group(const AttentionSpec& attention) {
  // Of 4, 8 and 16 heads in a decode step at 4,608 positions (rows of 576 values in F16, AVX2, one
  // thread): 14, 5 and 4 ms a layer; 8 leave work for a second thread in a model of 16.
  constexpr std::uint32_t k_latent_group = 8;
  if (attention.is_latent()) return std::min(k_latent_group, attention.heads);
  return attention.heads / attention.kv_heads;
}

std::uint32_t attention_block_tokens(std::uint32_t group) {
  return std::max(1U, k_block_rows / group);
}

std::size_t attention_scratch_values(std::uint32_t group, std::uint32_t dim) {
  const std::size_t rows = std::size_t{attention_block_tokens(group)} * group;
  const std::size_t scores = std::max<std::size_t>(k_tile_values, rows * k_shortest_tile);
  return rows * (2 * std::size_t{dim} + 2) + scores;
}

std::uint32_t attention_span(std::uint32_t seen) {
  const std::uint32_t tiles = (seen + k_longest_tile - 1) / k_longest_tile;
  return k_longest_tile * std::max(1U, (tiles + k_most_spans - 1) / k_most_spans);
}

std::uint32_t most_attention_spans(std::uint32_t seen) {
  return std::min(k_most_spans, (seen + k_longest_tile - 1) / k_longest_tile);
}

std::uint32_t attention_spans(std::uint32_t seen) {
  const std::uint32_t span = attention_span(seen);
  return (seen + span - 1) / span;
}

std::uint32_t seen_positions(const QueryBlock& block) {
  return block.first_position + 1 - first_visible(block, 0);
}

std::size_t attention_part_values(std::uint32_t group, std::uint32_t dim) {
  return group * (std::size_t{dim} + 2);
}

void attend(const KernelTable& kernels, const CacheHead& cache, const QueryBlock& block,
            float* scratch) {
  const Rows rows = lay_out(block, scratch);
  gather(block, rows);
  add_positions(kernels, cache, block, rows,
                {first_visible(block, 0), block.first_position + block.tokens});
  finish(block, rows);
}

void attend_span(const KernelTable& kernels, const CacheHead& cache, const QueryBlock& block,
                 std::uint32_t span, float* scratch, float* part) {
  const Rows rows = lay_out(block, scratch);
  const std::uint32_t positions = attention_span(seen_positions(block));
  const std::uint32_t begin = first_visible(block, 0) + span * positions;
  gather(block, rows);
  add_positions(kernels, cache, block, rows,
                {begin, std::min(begin + positions, block.first_position + 1)});
  std::copy_n(rows.mixed, attention_part_values(rows.count, block.dim), part);
}

void join_spans(const QueryBlock& block, const float* parts, float* scratch) {
  const Rows rows = lay_out(block, scratch);
  const std::size_t dim = block.dim;
  const std::size_t values = attention_part_values(rows.count, block.dim);
  const std::uint32_t spans = attention_spans(seen_positions(block));
  std::copy_n(parts, values, rows.mixed);
  for (std::uint32_t span = 1; span < spans; ++span) {
    const float* mixed = parts + span * values;
    const float* maximum = mixed + rows.count * dim;
    const float* total = maximum + rows.count;
    for (std::uint32_t row = 0; row < rows.count; ++row) {
      raise_maximum(rows, row, block.dim, maximum[row]);
      const float weight = std::exp(maximum[row] - rows.maximum[row]);
      rows.total[row] += weight * total[row];
      for (std::size_t i = 0; i < dim; ++i) {
        rows.mixed[row * dim + i] += weight * mixed[row * dim + i];
      }
    }
  }
  finish(block, rows);
}

}  // namespace assay
