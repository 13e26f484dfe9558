#include <utility>

#include "reference-engine/tokenizer.hpp"
#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {

std::string TextStream::add(TokenId token) {
  kept_ += tokenizer_->decode(token, previous_, control_tokens_);
  previous_ = token;
  std::string whole;
  std::string_view rest = kept_;
  while (!rest.empty() && !may_continue(rest)) {
    const std::size_t length = well_formed_length(rest);
    whole += length == 0 ? k_replacement : rest.substr(0, length);
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  kept_ = std::string(rest);
  return whole;
}

std::string TextStream::finish() { return well_formed(std::exchange(kept_, {})); }

}  // namespace assay
