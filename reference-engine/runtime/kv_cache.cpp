#include "reference-engine/runtime/kv_cache.hpp"

#include <algorithm>

namespace assay {
namespace {

std::size_t value_bytes(CacheFormat format) { return format == CacheFormat::f16 ? 2 : 4; }

}  // namespace

Result<KvCache> KvCache::open(const ModelSpec& spec, std::uint32_t context, CacheFormat format) {
  KvCache cache;
  cache.context_ = context;
  cache.format_ = format;
  std::size_t values = 0;  // of one position
  for (const LayerSpec& layer : spec.layers) {
    cache.layers_.push_back({values, layer.attention.head_dim});
    if (layer.mixer == Mixer::attention) values += layer.attention.d_kv();
  }
  const Bytes half(std::uint64_t{values} * context * value_bytes(format));
  auto memory = Arena::reserve(Arena::rounded(half) + Arena::rounded(half), "key/value cache");
  if (!memory) return pass_on(memory);
  cache.memory_ = std::move(*memory);
  cache.keys_ = cache.memory_.take(half);
  cache.values_ = cache.memory_.take(half);
  return cache;
}

CacheHead KvCache::head(std::uint32_t layer, std::uint32_t kv_head) const {
  const Layer& place = layers_[layer];
  const std::size_t values = place.first_value + std::size_t{kv_head} * place.dim;
  const std::size_t offset = values * context_ * value_bytes(format_);
  return {format_, keys_ + offset, values_ + offset};
}

void KvCache::store(const KernelTable& kernels, std::uint32_t layer, std::uint32_t kv_head,
                    std::uint32_t position, const float* key, const float* value) const {
  const CacheHead to = head(layer, kv_head);
  const std::uint32_t dim = layers_[layer].dim;
  const std::size_t first = std::size_t{position} * dim;
  if (format_ == CacheFormat::f16) {
    kernels.f32_to_f16(key, reinterpret_cast<std::uint16_t*>(to.keys) + first, dim);
    kernels.f32_to_f16(value, reinterpret_cast<std::uint16_t*>(to.values) + first, dim);
  } else {
    std::copy_n(key, dim, reinterpret_cast<float*>(to.keys) + first);
    std::copy_n(value, dim, reinterpret_cast<float*>(to.values) + first);
  }
}

}  // namespace assay
