#include "reference-engine/runtime/reference_latent.hpp"

#include <algorithm>

#include "reference-engine/runtime/reference_block.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

/// A query times the rows of its head's key matrix.
Vector absorbed(std::span<const float> rows, const Vector& query) {
  Vector out(rows.size() / query.size());
  for (std::size_t i = 0; i < query.size(); ++i) {
    const float* row = rows.data() + i * out.size();
    for (std::size_t j = 0; j < out.size(); ++j) out[j] += query[i] * static_cast<double>(row[j]);
  }
  return out;
}

}  // namespace

LatentHeads reference_latent_heads(const Session::State& state, std::uint32_t layer,
                                   const Vector& x, const ReferenceProduct& product,
                                   const ReferenceRotation& rotate) {
  const ModelSpec& spec = *state.spec;
  const AttentionSpec& attention = spec.layers[layer].attention;
  const LatentSpec& latent = attention.latent;
  const LayerWeights& weights = state.weights->layers[layer];
  const auto epsilon = static_cast<double>(spec.norm.epsilon);
  Vector from = x;
  if (latent.query_rank != 0) {
    from = product(weights.latent.query_down, x);
    reference_rms_norm(from, weights.latent.query_norm, epsilon);
  }
  const Vector queries = product(weights.q, from);
  LatentHeads heads{Vector(attention.d_q()), product(weights.latent.down, x)};
  reference_rms_norm({heads.key.data(), latent.rank}, weights.latent.norm, epsilon);
  rotate({heads.key.data() + latent.rank, latent.rotated});
  const std::size_t width = std::size_t{latent.key} + latent.rotated;
  for (std::size_t h = 0; h < attention.heads; ++h) {
    const double* query = queries.data() + h * width;
    const Vector plain(query, query + latent.key);
    double* out = heads.queries.data() + h * attention.head_dim;
    std::ranges::copy(weights.latent.keys.empty() ? absorbed(weights.latent.key_rows[h], plain)
                                                  : product(weights.latent.keys[h], plain),
                      out);

    std::copy_n(query + latent.key, latent.rotated, out + latent.rank);
    rotate({out + latent.rank, latent.rotated});
  }
  return heads;
}

Vector reference_latent_values(const Session::State& state, std::uint32_t layer, const Vector& sums,
                               const ReferenceProduct& product) {
  const AttentionSpec& attention = state.spec->layers[layer].attention;
  const LayerWeights& weights = state.weights->layers[layer];
  Vector out;
  out.reserve(attention.d_output());
  for (std::size_t h = 0; h < attention.heads; ++h) {
    const double* sum = sums.data() + h * attention.head_dim;
    const Vector values =
        product(weights.latent.values[h], Vector(sum, sum + attention.latent.rank));
    out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

}  // namespace assay
