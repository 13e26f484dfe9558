#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "reference-engine/tokenizer/pre_tokenizer.hpp"

namespace assay {
namespace {

// The patterns are those of llama.cpp's llama-vocab.cpp, which took them from the models'
// tokenizer.json files and simplified some: letters beyond ASCII have no case there, for example.
#define ASSAY_SPACES R"re(|\s+(?!\S)|\s+)re"
#define ASSAY_LINES R"re(|\s*[\r\n]+)re" ASSAY_SPACES
#define ASSAY_ENDINGS R"re((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))re"
#define ASSAY_LETTERS R"re([^\r\n\p{L}\p{N}]?\p{L}+)re"
#define ASSAY_SIGNS R"re(| ?[^\s\p{L}\p{N}]+[\r\n]*)re"
#define ASSAY_SIGNS_SLASH R"re(| ?[^\s\p{L}\p{N}]+[\r\n/]*)re"
// Letters, first those that are no small ones of ASCII, then those that are no capital ones.
#define ASSAY_CAPITAL R"re((?:(?=\p{L})[^a-z]))re"
#define ASSAY_SMALL R"re((?:(?=\p{L})[^A-Z]))re"
#define ASSAY_BEFORE R"re([^\r\n\p{L}\p{N}]?)re"
#define ASSAY_PUNCTUATED R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)re"

constexpr std::string_view k_gpt2 =
    R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)re" ASSAY_SPACES;
constexpr std::string_view k_llama3 =
    ASSAY_ENDINGS "|" ASSAY_LETTERS R"re(|\p{N}{1,3})re" ASSAY_SIGNS ASSAY_LINES;
constexpr std::string_view k_qwen2 =
    ASSAY_ENDINGS "|" ASSAY_LETTERS R"re(|\p{N})re" ASSAY_SIGNS ASSAY_LINES;
constexpr std::string_view k_qwen35 = ASSAY_ENDINGS
    R"re(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)re" ASSAY_LINES;
constexpr std::string_view k_without_endings =
    ASSAY_LETTERS R"re(|\p{N})re" ASSAY_SIGNS ASSAY_LINES;
constexpr std::string_view k_tekken =
    ASSAY_BEFORE ASSAY_CAPITAL "*" ASSAY_SMALL "+|" ASSAY_BEFORE ASSAY_CAPITAL "+" ASSAY_SMALL
                               R"re(*|\p{N})re" ASSAY_SIGNS_SLASH ASSAY_LINES;
constexpr std::string_view k_gpt4o = ASSAY_BEFORE ASSAY_CAPITAL
    "*" ASSAY_SMALL "+" ASSAY_ENDINGS "?|" ASSAY_BEFORE ASSAY_CAPITAL "+" ASSAY_SMALL
    "*" ASSAY_ENDINGS R"re(?|\p{N}{1,3})re" ASSAY_SIGNS_SLASH ASSAY_LINES;
constexpr std::string_view k_gpt4o_marks = ASSAY_BEFORE
    R"re((?:(?=[\p{L}\p{M}])[^a-z])*(?:(?=[\p{L}\p{M}])[^A-Z])+)re" ASSAY_ENDINGS "?|" ASSAY_BEFORE
    R"re((?:(?=[\p{L}\p{M}])[^a-z])+(?:(?=[\p{L}\p{M}])[^A-Z])*)re" ASSAY_ENDINGS
    R"re(?|\p{N}{1,3})re" ASSAY_SIGNS_SLASH ASSAY_LINES;
constexpr std::string_view k_gpt4o_caseless = ASSAY_BEFORE
    R"re([\p{L}\p{M}]+)re" ASSAY_ENDINGS R"re(?|\p{N}{1,3})re" ASSAY_SIGNS_SLASH ASSAY_LINES;
constexpr std::string_view k_youtu = ASSAY_BEFORE R"re([\p{L}\p{M}]+)re" ASSAY_ENDINGS
                                                  R"re(?|\p{N})re" ASSAY_SIGNS_SLASH ASSAY_LINES;
constexpr std::string_view k_youtu_scripts =
    "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-"
    "ゟ゠-"
    "ヿ]"
    "+";
constexpr std::string_view k_deepseek3 = ASSAY_PUNCTUATED
    R"re(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)re" ASSAY_LINES;
constexpr std::string_view k_spark = ASSAY_PUNCTUATED
    R"re(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n])re" ASSAY_SPACES;
constexpr std::string_view k_han_and_kana = "[一-龥぀-ゟ゠-ヿ]+";
// Spaces of that range are white space first.
constexpr std::string_view k_deepseek_scripts = R"re((?:(?!\s)[一-龥ࠀ-一가-퟿])+)re";
constexpr std::string_view k_deepseek_letters =
    R"re(\s?[)re"
    R"re(A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕ)re"
    R"re(Ἐ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤ)re"
    R"re(Ⳬ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃)re"
    R"re(]+)re";
// U+3000 is white space before it is punctuation.
constexpr std::string_view k_deepseek_signs = R"re(\s?[!-/:-~！-／：-～‘-‟、-。]+)re";
constexpr std::string_view k_afmoe_scripts =
    "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-"
    "꧿가-"
    "힯ᄀ-"
    "ᇿ]"
    "+";
constexpr std::string_view k_bloom = R"re( ?[^(\s|.,!?…。，、।۔،)]+)re";
constexpr std::string_view k_bailing =
    R"re('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|)re" ASSAY_LETTERS R"re(|\p{N})re" ASSAY_SIGNS
    R"re(|\s*[\r\n])re" ASSAY_SPACES;
constexpr std::string_view k_seed =
    ASSAY_ENDINGS "|" ASSAY_LETTERS R"re(|\p{N}| ?[^\s\p{L}\p{N}\r\n]+)re" ASSAY_LINES;
constexpr std::string_view k_exaone_moe =
    ASSAY_ENDINGS R"re(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N})re"
                  R"re(| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n])re" ASSAY_SPACES;
constexpr std::string_view k_jais2 = ASSAY_ENDINGS
    "|" ASSAY_LETTERS R"re(|\p{N}{1,3})re" ASSAY_SIGNS
    R"re(|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S))re"
    R"re(|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})re";
constexpr std::string_view k_minicpm5 =
    ASSAY_ENDINGS "|" ASSAY_LETTERS R"re(|\p{N}+)re" ASSAY_SIGNS ASSAY_LINES;
constexpr std::string_view k_newlines = R"re([^\n]+|[\n]+)re";
constexpr std::string_view k_number = R"re(\p{N})re";
constexpr std::string_view k_numbers = R"re(\p{N}+)re";
constexpr std::string_view k_three_numbers = R"re(\p{N}{1,3})re";
constexpr std::string_view k_three_digits = "[0-9][0-9][0-9]";
constexpr std::string_view k_line_ends = R"re([\r\n])re";

#undef ASSAY_SPACES
#undef ASSAY_LINES
#undef ASSAY_ENDINGS
#undef ASSAY_LETTERS
#undef ASSAY_SIGNS
#undef ASSAY_SIGNS_SLASH
#undef ASSAY_CAPITAL
#undef ASSAY_SMALL
#undef ASSAY_BEFORE
#undef ASSAY_PUNCTUATED

const PreTokenizerRow k_rows[] = {
    {.names = k_default_pre_tokenizer,
     .stages = {R"re([\p{P}\$\+<=>\^~\|]+)re", k_gpt2, k_numbers, k_three_digits}},
    {.names = "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
     .stages = {k_llama3},
     .whole_words = true,
     .add_start = true},
    {.names = "dbrx smaug-bpe glm4 chatglm-bpe", .stages = {k_llama3}},
    {.names = "jais-2", .stages = {k_jais2}},
    {.names = "gpt-2 phi-2 gigachat a.x-4.0 mellum exaone4 mpt olmo jais trillion granite-docling",
     .stages = {k_gpt2}},
    {.names = "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
     .stages = {k_number, k_gpt2}},
    {.names = "falcon", .stages = {R"re([\p{P}\$\+<=>\^~\|`]+)re", k_gpt2, k_three_digits}},
    {.names = "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
     .stages = {k_qwen2}},
    {.names = "qwen35", .stages = {k_qwen35}},
    {.names = "ufakzeka", .stages = {k_without_endings}},
    {.names = "laguna", .stages = {k_newlines, k_qwen2}},
    {.names = "tekken", .stages = {k_tekken}, .whole_words = true, .add_start = true},
    {.names = "gpt-4o llama4 kanana2 talkie minimax-m2", .stages = {k_gpt4o}},
    {.names = "granite-embed-multi-97m", .stages = {k_gpt4o_marks}, .whole_words = true},
    {.names = "tiny_aya cohere2moe", .stages = {k_groups_of_three, k_gpt4o_caseless}},
    {.names = "youtu", .stages = {k_youtu_scripts, k_youtu}, .whole_words = true},
    {.names = "deepseek-llm",
     .stages = {k_line_ends, k_deepseek_letters, k_deepseek_signs, R"re(\s+$)re",
                k_deepseek_scripts, k_numbers}},
    {.names = "deepseek-coder",
     .stages = {k_line_ends, R"re(\s?\p{L}+)re", R"re(\s?\p{P}+)re", k_deepseek_scripts, k_number}},
    {.names = "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
     .stages = {k_three_numbers, k_han_and_kana, k_deepseek3}},
    {.names = "spark2_5", .stages = {k_three_numbers, k_han_and_kana, k_spark, k_number}},
    {.names = "afmoe", .stages = {k_groups_of_three, k_afmoe_scripts, k_deepseek3}},
    {.names = "poro-chat bloom gpt3-finnish", .stages = {k_bloom}},
    {.names = "viking", .stages = {k_bloom, k_number}},
    {.names = "bailingmoe bailingmoe2 llada-moe", .stages = {k_bailing}},
    {.names = "seed-coder", .stages = {k_seed}},
    {.names = "exaone-moe", .stages = {k_exaone_moe}},
    {.names = "minicpm5", .stages = {k_three_numbers, k_minicpm5}, .whole_words = true},
    {.names = "gemma4 granite-embed-multi-311m",
     .stages = {k_newlines},
     .add_start = true,
     .plain_text = true,
     .whole_newlines = true},
    {.names = "sarvam-moe", .stages = {k_newlines}, .plain_text = true},
};

}  // namespace

const PreTokenizerRow* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizerRow& row : k_rows) {
    const std::vector<std::string_view> names = split(row.names, ' ');
    if (std::find(names.begin(), names.end(), name) != names.end()) return &row;
  }
  return nullptr;
}

std::string pre_tokenizer_names() {
  std::vector<std::string_view> names;
  for (const PreTokenizerRow& row : k_rows) {
    for (const std::string_view name : split(row.names, ' ')) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace assay
