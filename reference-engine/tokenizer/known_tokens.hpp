#pragma once

#include <string_view>

namespace assay {

/// Files often give their special tokens no kind of their own: they are known by their texts. The
/// lists are those of llama.cpp's llama-vocab.cpp.

/// The token ends a text, whatever the file's keys say.
bool ends_text(std::string_view token);
/// The token is a control token (among them all that end a text), whatever kind the file gives it.
bool controls_text(std::string_view token);
/// The token of a message's frame that is shown like text.
bool frames_message(std::string_view token);

}  // namespace assay
