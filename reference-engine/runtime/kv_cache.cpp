#include "reference-engine/runtime/kv_cache.hpp"

#include <algorithm>
#include <cstring>

#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

void store_q8_0(const KernelTable& kernels, const float* x, std::size_t dim, std::byte* row) {
  constexpr std::size_t k_values = 32;
  for (std::size_t first = 0; first < dim; first += k_values) {
    float values[k_values] = {};
    std::copy_n(x + first, std::min(k_values, dim - first), values);
    std::int8_t codes[k_values];
    std::int16_t sums[k_values / 16];
    float scale = 0.0F;
    kernels.quantise_q8(values, k_values, codes, &scale, sums);
    const std::uint16_t d = f32_to_f16(scale);
    std::memcpy(row, &d, sizeof d);
    std::memcpy(row + sizeof d, codes, k_values);
    row += sizeof d + k_values;
  }
}

void store_row(const KernelTable& kernels, CacheFormat format, const float* x, std::size_t dim,
               std::byte* row) {
  switch (format) {
    case CacheFormat::f16:
      return kernels.f32_to_f16(x, reinterpret_cast<std::uint16_t*>(row), dim);
    case CacheFormat::f32:
      std::memcpy(row, x, dim * sizeof(float));
      return;
    case CacheFormat::bf16:
      std::transform(x, x + dim, reinterpret_cast<std::uint16_t*>(row), f32_to_bf16);
      return;
    case CacheFormat::q8_0:
      return store_q8_0(kernels, x, dim, row);
  }
}

}  // namespace

Result<KvCache> KvCache::open(const ModelSpec& spec, std::uint32_t context, CacheFormat format) {
  KvCache cache;
  cache.context_ = context;
  cache.format_ = format;
  std::size_t key_bytes = 0;  // of one position
  std::size_t value_bytes = 0;
  for (const LayerSpec& layer : spec.layers) {
    if (layer.attention.cache_of) {
      cache.layers_.push_back(cache.layers_[*layer.attention.cache_of]);
      continue;
    }
    const std::uint32_t dim = layer.attention.head_dim;
    const std::size_t row_bytes = cache_row_bytes(format, dim);
    const bool has_values = !layer.attention.is_latent();
    cache.layers_.push_back({key_bytes, value_bytes, has_values, dim, row_bytes});
    if (layer.mixer != Mixer::attention) continue;
    key_bytes += layer.attention.kv_heads * row_bytes;
    if (has_values) value_bytes += layer.attention.kv_heads * row_bytes;
  }
  const Bytes keys(std::uint64_t{key_bytes} * context);
  const Bytes values(std::uint64_t{value_bytes} * context);
  auto memory = Arena::reserve(Arena::rounded(keys) + Arena::rounded(values), "key/value cache");
  if (!memory) return pass_on(memory);
  cache.memory_ = std::move(*memory);
  cache.keys_ = cache.memory_.take(keys);
  cache.values_ = cache.memory_.take(values);
  return cache;
}

CacheHead KvCache::head(std::uint32_t layer, std::uint32_t kv_head) const {
  const Layer& place = layers_[layer];
  const std::size_t first = kv_head * place.row_bytes;
  std::byte* keys = keys_ + (place.first_key + first) * context_;
  std::byte* values = place.has_values ? values_ + (place.first_value + first) * context_ : keys;
  return {format_, place.row_bytes, keys, values};
}

void KvCache::store(const KernelTable& kernels, std::uint32_t layer, std::uint32_t kv_head,
                    std::uint32_t position, const float* key, const float* value) const {
  const CacheHead to = head(layer, kv_head);
  const std::uint32_t dim = layers_[layer].dim;
  const std::size_t first = position * to.row_bytes;
  store_row(kernels, format_, key, dim, to.keys + first);
  if (layers_[layer].has_values) store_row(kernels, format_, value, dim, to.values + first);
}

}  // namespace assay
