#include "tests/reference-engine/bad_files/bad_files.hpp"

#include <array>

namespace assay {

std::span<const BadFileGroup> bad_file_groups() {
  static constexpr std::array<BadFileGroup, 22> k_groups{{
      {"Magic", bad_magics},
      {"Version", bad_versions},
      {"Counts", bad_counts},
      {"Keys", bad_keys},
      {"Arrays", bad_arrays},
      {"Alignment", bad_alignments},
      {"TensorInfos", bad_tensor_infos},
      {"TensorSizes", bad_tensor_sizes},
      {"TensorPlaces", bad_tensor_places},
      {"Truncations", truncations},
      {"Architecture", bad_architectures},
      {"Sizes", bad_sizes},
      {"Attention", bad_attention},
      {"Experts", bad_experts},
      {"LatentAttention", bad_latent_attention},
      {"ExpertGroups", bad_expert_groups},
      {"SharedCaches", bad_shared_caches},
      {"WindowedHeads", bad_windowed_heads},
      {"LayerInputs", bad_layer_inputs},
      {"Tensors", bad_model_tensors},
      {"Vocabulary", bad_vocabularies},
      {"Odd", odd_files},
  }};
  return k_groups;
}

}  // namespace assay
