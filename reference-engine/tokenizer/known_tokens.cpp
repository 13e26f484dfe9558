#include "reference-engine/tokenizer/known_tokens.hpp"

#include <algorithm>
#include <iterator>

namespace assay {
namespace {

constexpr std::string_view k_ends[] = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
    "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
    "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    "<｜end▁of▁sentence｜>", "[e~[",
    // Those after a text that is filled in.
    "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>",
    "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>"};

constexpr std::string_view k_controls[] = {
    "<|fim_prefix|>", "<fim-prefix>",    "<fim_prefix>",    "<｜fim▁begin｜>", "<PRE>",
    "▁<PRE>",         "<|code_prefix|>", "<|prefix|>",      "<|fim_suffix|>",  "<fim-suffix>",
    "<fim_suffix>",   "<｜fim▁hole｜>",  "<SUF>",           "▁<SUF>",          "<|code_suffix|>",
    "<|suffix|>",     "<|fim_middle|>",  "<fim-middle>",    "<fim_middle>",    "<｜fim▁end｜>",
    "<MID>",          "▁<MID>",          "<|code_middle|>", "<|middle|>"};

constexpr std::string_view k_frames[] = {"<|channel|>", "<|message|>", "<|start|>",
                                         "<|constrain|>"};

template <std::size_t Count>
bool has(const std::string_view (&list)[Count], std::string_view token) {
  return std::find(std::begin(list), std::end(list), token) != std::end(list);
}

}  // namespace

bool ends_text(std::string_view token) { return has(k_ends, token); }
bool controls_text(std::string_view token) { return ends_text(token) || has(k_controls, token); }
bool frames_message(std::string_view token) { return has(k_frames, token); }

}  // namespace assay
