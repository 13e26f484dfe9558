#pragma once

#include <string_view>
#include <vector>

#include "reference-engine/tokenizer/vocabulary.hpp"

namespace assay {

/// Appends the tokens of a text without special tokens. Time: n log n for n characters.
void encode_sentence_pieces(const Vocabulary& vocabulary, std::string_view text, bool space_before,
                            std::vector<TokenId>& tokens);

}  // namespace assay
