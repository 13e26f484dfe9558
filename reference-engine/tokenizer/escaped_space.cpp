#include "reference-engine/tokenizer/escaped_space.hpp"

namespace assay {
namespace {

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  for (;;) {
    const std::size_t at = text.find(from);
    replaced += text.substr(0, at);
    if (at == std::string_view::npos) return replaced;
    replaced += to;
    text.remove_prefix(at + from.size());
  }
}

}  // namespace

std::string escape_spaces(std::string_view text) { return replace_all(text, " ", k_escaped_space); }
std::string unescape_spaces(std::string_view text) {
  return replace_all(text, k_escaped_space, " ");
}

}  // namespace assay
