#include "reference-engine/ops/attend_heads.hpp"

namespace assay {
namespace {

using Blocks = std::function<HeadBlock(std::size_t)>;

float* scratch_of(const Pass& pass, unsigned thread) {
  return pass.buffers.attention + thread * pass.buffers.attention_stride;
}

void attend_whole(const Pass& pass, std::size_t count, const Blocks& block) {
  pass.pool.for_each(count, 1, [&](std::size_t begin, std::size_t end, unsigned thread) {
    for (std::size_t i = begin; i < end; ++i) {
      const HeadBlock one = block(i);
      attend(pass.kernels, one.cache, one.queries, scratch_of(pass, thread));
    }
  });
}

void attend_by_spans(const Pass& pass, std::size_t count, std::size_t spans, const Blocks& block) {
  // The last block of latent attention may be of fewer heads.
  const QueryBlock first = block(0).queries;
  const std::size_t part = attention_part_values(first.group, first.dim);
  float* parts = pass.buffers.attention_parts;
  pass.pool.for_each(count * spans, 1, [&](std::size_t begin, std::size_t end, unsigned thread) {
    for (std::size_t i = begin; i < end; ++i) {
      const HeadBlock one = block(i / spans);
      const std::size_t of_one = attention_part_values(one.queries.group, one.queries.dim);
      attend_span(pass.kernels, one.cache, one.queries, static_cast<std::uint32_t>(i % spans),
                  scratch_of(pass, thread), parts + i / spans * spans * part + i % spans * of_one);
    }
  });
  pass.pool.for_each(count, 1, [&](std::size_t begin, std::size_t end, unsigned thread) {
    for (std::size_t i = begin; i < end; ++i) {
      join_spans(block(i).queries, parts + i * spans * part, scratch_of(pass, thread));
    }
  });
}

}  // namespace

void attend_heads(const Pass& pass, std::size_t count, const Blocks& block) {
  const std::size_t spans =
      pass.tokens == 1 ? attention_spans(seen_positions(block(0).queries)) : 1;
  if (spans > 1) {
    attend_by_spans(pass, count, spans, block);
  } else {
    attend_whole(pass, count, block);
  }
}

}  // namespace assay
