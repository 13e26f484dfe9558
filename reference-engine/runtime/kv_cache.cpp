#include "reference-engine/runtime/kv_cache.hpp"

#include <algorithm>

namespace assay {
namespace {

std::size_t value_bytes(CacheFormat format) { return format == CacheFormat::f16 ? 2 : 4; }

}  // namespace

Result<KvCache> KvCache::open(const ModelSpec& spec, std::uint32_t context, CacheFormat format) {
  KvCache cache;
  cache.kv_heads_ = spec.kv_heads;
  cache.dim_ = spec.head_dim;
  cache.context_ = context;
  cache.format_ = format;
  const Bytes half(std::uint64_t{spec.layers} * spec.d_kv() * context * value_bytes(format));
  auto memory = Arena::reserve(Arena::rounded(half) + Arena::rounded(half), "key/value cache");
  if (!memory) return pass_on(memory);
  cache.memory_ = std::move(*memory);
  cache.keys_ = cache.memory_.take(half);
  cache.values_ = cache.memory_.take(half);
  return cache;
}

CacheHead KvCache::head(std::uint32_t layer, std::uint32_t kv_head) const {
  const std::size_t index = std::size_t{layer} * kv_heads_ + kv_head;
  const std::size_t offset = index * context_ * dim_ * value_bytes(format_);
  return {format_, keys_ + offset, values_ + offset};
}

void KvCache::store(const KernelTable& kernels, std::uint32_t layer, std::uint32_t kv_head,
                    std::uint32_t position, const float* key, const float* value) const {
  const CacheHead to = head(layer, kv_head);
  const std::size_t first = std::size_t{position} * dim_;
  if (format_ == CacheFormat::f16) {
    kernels.f32_to_f16(key, reinterpret_cast<std::uint16_t*>(to.keys) + first, dim_);
    kernels.f32_to_f16(value, reinterpret_cast<std::uint16_t*>(to.values) + first, dim_);
  } else {
    std::copy_n(key, dim_, reinterpret_cast<float*>(to.keys) + first);
    std::copy_n(value, dim_, reinterpret_cast<float*>(to.values) + first);
  }
}

}  // namespace assay
