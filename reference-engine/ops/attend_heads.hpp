#pragma once

#include <cstddef>
#include <functional>

#include "reference-engine/ops/attention.hpp"
#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// Queries, and the K/V head that they look at.
struct HeadBlock {
  QueryBlock queries;
  CacheHead cache;
};

/// Attention of blocks 0 .. `count`, as block(index) describes them, by all threads of the pass. Of
/// a single token, whose blocks are as few as the K/V heads, threads take spans of the cache.
void attend_heads(const Pass& pass, std::size_t count,
                  const std::function<HeadBlock(std::size_t index)>& block);

}  // namespace assay
