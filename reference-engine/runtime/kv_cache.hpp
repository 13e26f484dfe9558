#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/footprint.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/runtime/arena.hpp"

namespace assay {

/// Keys and values of one head of one layer. Shape: each [context, dim]; the rows of positions lie
/// one behind the other, row_bytes each. In latent attention the values are the first ones of the
/// keys, and kept once.
struct CacheHead {
  CacheFormat format;
  std::size_t row_bytes;
  std::byte* keys;
  std::byte* values;
};

/// The keys (rotated) and values of all positions: [layer][kv head][position][dim], so that a
/// decode step reads one continuous stream a head. Layers without attention have none; those that
/// look at another layer's have its.
class KvCache {
 public:
  /// Errors: does_not_fit.
  static Result<KvCache> open(const ModelSpec& spec, std::uint32_t context, CacheFormat format);

  [[nodiscard]] CacheHead head(std::uint32_t layer, std::uint32_t kv_head) const;
  [[nodiscard]] std::uint32_t context() const { return context_; }
  [[nodiscard]] CacheFormat format() const { return format_; }
  /// Keeps key and value of one position and head; a value that is part of the key is not looked
  /// at. Shapes: key, value [dim].
  void store(const KernelTable& kernels, std::uint32_t layer, std::uint32_t kv_head,
             std::uint32_t position, const float* key, const float* value) const;

 private:
  Arena memory_;
  std::byte* keys_ = nullptr;
  std::byte* values_ = nullptr;
  struct Layer {
    std::size_t first_key = 0;  // bytes of one position in the layers before
    std::size_t first_value = 0;
    bool has_values = true;  // apart from the keys
    std::uint32_t dim = 0;
    std::size_t row_bytes = 0;
  };
  std::vector<Layer> layers_;
  std::uint32_t context_ = 0;
  CacheFormat format_ = CacheFormat::f16;
};

}  // namespace assay
