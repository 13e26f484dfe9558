#include "advisor/config_json/config_layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "advisor/catalogue/row_sizes.hpp"
#include "advisor/config_json/config_fields.hpp"
#include "advisor/json/first_error.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

struct LayerWord {
  std::string_view word;
  char letter;
};

constexpr std::array<LayerWord, 6> k_words{{
    {"full_attention", 'F'},
    {"attention", 'F'},
    {"sliding_attention", 'S'},
    {"linear_attention", 'L'},
    {"conv", 'C'},
    {"mamba", 'M'},
}};

std::optional<char> letter_of(std::string_view word, std::string_view letters) {
  for (const LayerWord& row : k_words) {
    if (row.word == word && letters.find(row.letter) != std::string_view::npos) return row.letter;
  }
  return std::nullopt;
}

std::string known_words(std::string_view letters) {
  std::string words;
  for (const LayerWord& row : k_words) {
    if (letters.find(row.letter) == std::string_view::npos) continue;
    words += fmt::format("{}{}", words.empty() ? "" : ", ", row.word);
  }
  return words;
}

Result<std::string> from_words(const JsonFields& fields, std::string_view key,
                               const ConfigType& type, std::uint32_t layers) {
  const auto words = fields.texts(key);
  if (!words) return pass_on(words);
  if (words->size() != layers) {
    return fields.refuse(
        key, fmt::format("{} layers (expected num_hidden_layers = {})", words->size(), layers));
  }
  std::string pattern;
  for (const std::string& word : *words) {
    const auto letter = letter_of(word, type.layers.letters);
    if (!letter) {
      return fields.refuse(key, fmt::format("\"{}\" found (expected one of {})",
                                            printable(word, 40), known_words(type.layers.letters)));
    }
    pattern += *letter;
  }
  return pattern;
}

/// Of the numbers that stand for layers of attention; the others convolve.
Result<std::string> from_indices(const JsonFields& fields, std::string_view key,
                                 std::uint32_t layers) {
  const auto indices = fields.numbers(key);
  if (!indices) return pass_on(indices);
  std::string pattern(layers, 'C');
  for (const double index : *indices) {
    if (!(index >= 0.0 && index < layers)) {
      return fields.refuse(
          key, fmt::format("{} found (expected less than num_hidden_layers = {})", index, layers));
    }
    pattern[static_cast<std::size_t>(index)] = 'F';
  }
  return pattern;
}

Result<std::string> from_rule(const JsonFields& fields, const LayerRule& rule,
                              std::uint32_t layers) {
  std::uint32_t every = rule.full_every;
  FirstError read;
  if (rule.other == 'S') {
    read.take_if_there(size_if_there(fields, "sliding_window_pattern"), every);
  }
  if (rule.other == 'L') {
    read.take_if_there(size_if_there(fields, "full_attention_interval"), every);
  }
  if (!read.ok()) return read.failure();
  std::string pattern;
  for (std::uint32_t layer = 1; layer <= layers; ++layer) {
    pattern += every != 0 && layer % every == 0 ? 'F' : rule.other;
  }
  return pattern;
}

Result<std::string> kinds_of(const JsonFields& fields, const ConfigType& type,
                             std::uint32_t layers) {
  for (const std::string_view key : {"layer_types", "layers_block_type"}) {
    if (fields.has(key)) return from_words(fields, key, type, layers);
  }
  if (fields.has("full_attn_idxs") && type.layers.letters.find('C') != std::string_view::npos) {
    return from_indices(fields, "full_attn_idxs", layers);
  }
  return from_rule(fields, type.layers, layers);
}

/// Which layers rotate: 1 or 0 for each.
Result<std::vector<bool>> rotating(const JsonFields& fields, const ConfigType& type,
                                   std::uint32_t layers) {
  std::vector<bool> rotates(layers, true);
  if (type.rotation_is_named) {
    const auto kind = fields.optional_text("position_embedding_type");
    if (!kind) return pass_on(kind);
    rotates.assign(layers, kind->value_or("nope") == "rope");
  }
  if (type.unrotated_every == 0) return rotates;
  constexpr std::string_view k_list = "no_rope_layers";
  if (!fields.has(k_list)) {
    for (std::uint32_t i = 0; i < layers; ++i) rotates[i] = (i + 1) % type.unrotated_every != 0;
    return rotates;
  }
  const auto flags = fields.numbers(k_list);
  if (!flags) return pass_on(flags);
  if (flags->size() < layers) {
    return fields.refuse(k_list, fmt::format("{} layers (expected at least num_hidden_layers = {})",
                                             flags->size(), layers));
  }
  for (std::uint32_t i = 0; i < layers; ++i) rotates[i] = (*flags)[i] != 0.0;
  return rotates;
}

Result<Json> delta_net(const JsonFields& fields) {
  return config_sizes(fields, {{"taps", "linear_conv_kernel_dim", 4},
                               {"heads", "linear_num_value_heads", 32},
                               {"head_dim", "linear_value_head_dim", 128},
                               {"state", "linear_key_head_dim", 128},
                               {"groups", "linear_num_key_heads", 16}});
}

Result<Json> state_space(const JsonFields& fields) {
  auto sizes = config_sizes(fields, {{"taps", "mamba_d_conv", 4},
                                     {"heads", "mamba_n_heads", 128},
                                     {"state", "mamba_d_state", 256},
                                     {"groups", "mamba_n_groups", 1}});
  const auto width = config_size(fields, "hidden_size");
  const auto expand = config_size(fields, "mamba_expand", 2);
  if (!sizes) return sizes;
  if (!width) return pass_on(width);
  if (!expand) return pass_on(expand);
  const std::uint64_t inner = std::uint64_t{*width} * *expand;
  const auto heads = (*sizes)["heads"].get<std::uint64_t>();
  if (inner % heads != 0) {
    return fields.refuse("mamba_n_heads",
                         fmt::format("{} found (expected a divisor of {})", heads, inner));
  }
  (*sizes)["head_dim"] = inner / heads;
  return sizes;
}

}  // namespace

Result<std::string> config_pattern(const JsonFields& fields, const ConfigType& type,
                                   std::uint32_t layers) {
  auto pattern = kinds_of(fields, type, layers);
  if (!pattern) return pattern;
  const auto rotates = rotating(fields, type, layers);
  if (!rotates) return pass_on(rotates);
  const auto keys_are_values = config_flag(fields, "attention_k_eq_v", false);
  if (!keys_are_values) return pass_on(keys_are_values);
  for (std::size_t layer = 0; layer < pattern->size(); ++layer) {
    char& letter = (*pattern)[layer];
    if (letter != 'F') continue;
    if (!(*rotates)[layer]) letter = 'N';
    if (*keys_are_values && type.full_head_dim != 0) letter = 'K';
  }
  return pattern;
}

Result<void> add_recurrence(const JsonFields& fields, const std::string& pattern, Json& row) {
  const auto has = [&](char letter) { return pattern.find(letter) != std::string::npos; };
  Result<Json> recurrence = Json();
  if (has('L')) recurrence = delta_net(fields);
  if (has('M')) recurrence = state_space(fields);
  if (has('C')) {
    const auto taps = config_size(fields, "conv_L_cache", 3);
    if (!taps) return pass_on(taps);
    recurrence = Json{{"taps", *taps}};
  }
  if (!recurrence) return pass_on(recurrence);
  if (!recurrence->is_null()) row["recurrence"] = std::move(*recurrence);
  return {};
}

}  // namespace assay
