#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A file that must be refused, and words of the refusal that name the field.
struct BadFile {
  std::string name;
  std::function<std::string()> make;
  std::string message;          // empty: the file is odd, and accepted
  std::uint64_t file_size = 0;  // more than the content: the rest is a hole
};

struct BadFileGroup {
  std::string_view name;
  std::vector<BadFile> (*files)();
};

std::vector<BadFile> bad_magics();
std::vector<BadFile> bad_versions();
std::vector<BadFile> bad_counts();
std::vector<BadFile> bad_keys();
std::vector<BadFile> bad_arrays();
std::vector<BadFile> bad_alignments();
std::vector<BadFile> bad_tensor_infos();
std::vector<BadFile> bad_tensor_sizes();
std::vector<BadFile> bad_tensor_places();
std::vector<BadFile> truncations();
std::vector<BadFile> bad_architectures();
std::vector<BadFile> bad_sizes();
std::vector<BadFile> bad_attention();
std::vector<BadFile> bad_experts();
std::vector<BadFile> bad_latent_attention();
std::vector<BadFile> bad_expert_groups();
std::vector<BadFile> bad_shared_caches();
std::vector<BadFile> bad_windowed_heads();
std::vector<BadFile> bad_layer_inputs();
std::vector<BadFile> bad_model_tensors();
std::vector<BadFile> bad_vocabularies();
/// Files about which one can argue; what the program decides is written down all the same.
std::vector<BadFile> odd_files();

/// Every group.
std::span<const BadFileGroup> bad_file_groups();

}  // namespace assay
