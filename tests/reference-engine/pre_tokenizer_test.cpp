#include "reference-engine/tokenizer/pre_tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "reference-engine/tokenizer/unicode_class.hpp"
#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> pieces_of(const PreTokenizer& pre_tokenizer, std::string_view text) {
  std::vector<std::string> pieces;
  for (const std::size_t length : pre_tokenizer.split(text)) {
    pieces.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  EXPECT_TRUE(text.empty());
  return pieces;
}

std::vector<std::string> pieces_of(std::string_view name, std::string_view text) {
  return pieces_of(*PreTokenizer::from(*find_pre_tokenizer(name)), text);
}

struct Cut {
  std::string_view name;
  std::string_view pieces;  // with a | between them
};

class PreTokenizerRows : public testing::TestWithParam<Cut> {};

// Expected: what llama.cpp (September 2026) makes of the same text with a vocabulary in which each
// substring is a token and each pair a merge, so that a piece is a token.
TEST_P(PreTokenizerRows, CutTextAsLlamaCppDoes) {
  std::string text;
  std::vector<std::string> expected;
  for (const std::string_view piece : split(GetParam().pieces, '|')) {
    expected.emplace_back(piece);
    text += piece;
  }
  EXPECT_EQ(pieces_of(GetParam().name, text), expected);
}

// clang-format off
constexpr Cut k_cuts[] = {
    {"default", "I|'|LL| we|'|d| | |123|45| | x|=(|a|_|b|)|\r\n\n| é|~|É| ok"},
    {"default", "aÜÉb中文| かな|\u3000|한국| e|\u0301|x| XMLHttp|2| |²Ⅳ|…| |'-|\n\t|!//|\n  "},
    {"llama3", "I|'LL| we|'d| | |123|45| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"llama3", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"dbrx", "I|'LL| we|'d| | |123|45| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"dbrx", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"jais-2", "I|'LL| we|'d| | |123|45| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"jais-2", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"gpt-2", "I|'|LL| we|'d| | 12345| | x|=(|a|_|b|)|\r\n\n| é|~|É| ok"},
    {"gpt-2", "aÜÉb中文| かな|\u3000|한국| e|\u0301|x| XMLHttp|2| ²Ⅳ|…| '-|\n|\t|!//|\n  "},
    {"starcoder", "I|'|LL| we|'d|  |1|2|3|4|5| | x|=(|a|_|b|)|\r\n\n| é|~|É| ok"},
    {"starcoder", "aÜÉb中文| かな|\u3000|한국| e|\u0301|x| XMLHttp|2| |²|Ⅳ|…| '-|\n|\t|!//|\n  "},
    {"falcon", "I|'|LL| we|'|d| | |123|45| | x|=(|a|_|b|)|\r\n\n| é|~|É| ok"},
    {"falcon", "aÜÉb中文| かな|\u3000|한국| e|\u0301|x| XMLHttp|2| ²Ⅳ|…| |'-|\n\t|!//|\n  "},
    {"qwen2", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"qwen2", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"qwen35", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"qwen35", "aÜÉb中文| かな|\u3000한국| e\u0301x| XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"ufakzeka", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"ufakzeka", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"laguna", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r|\n\n| é|~É| ok"},
    {"laguna", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²|Ⅳ|…| '-|\n|\t|!//|\n|  "},
    {"tekken", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"tekken", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"gpt-4o", "I'LL| we'd| | |123|45| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"gpt-4o", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"granite-embed-multi-97m", "I'LL| we'd| | |123|45| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"granite-embed-multi-97m", "aÜÉb中文| かな|\u3000한국| e\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"tiny_aya", "I'LL| we'd| | |12|345| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"tiny_aya", "aÜÉb中文| かな|\u3000한국| e\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"youtu", "I'LL| we'd| | |1|2|3|4|5| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"youtu", "aÜÉb|中文| |かな|\u3000|한국| e\u0301x| XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"deepseek-llm", "I|'|LL| we|'|d|  |12345| | x|=(|a|_|b|)|\r|\n|\n| é|~|É| ok"},
    {"deepseek-llm", "a|ÜÉ|b|中文| |かな|\u3000|한국| e|\u0301|x| XMLHttp|2| |²|Ⅳ|…| '-|\n|\t!//|\n|  "},
    {"deepseek-coder", "I|'|LL| we|'|d|  |1|2|3|4|5| | x|=|(|a|_|b|)|\r|\n|\n| é|~|É| ok"},
    {"deepseek-coder", "aÜÉb|中文| |かな|\u3000|한국| e|\u0301|x| XMLHttp|2| |²|Ⅳ|…| '-|\n|\t!//|\n|  "},
    {"deepseek-v3", "I|'LL| we|'d|  |123|45| | x|=(|a|_b|)\r\n\n| é|~|É| ok"},
    {"deepseek-v3", "aÜÉb|中文| |かな|\u3000한국| e\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"spark2_5", "I|'LL| we|'d|  |1|2|3|4|5| | x|=(|a|_b|)|\r|\n|\n| é|~|É| ok"},
    {"spark2_5", "aÜÉb|中文| |かな|\u3000한국| e\u0301x| XMLHttp|2| |²|Ⅳ|…| '-|\n|\t|!//|\n|  "},
    {"afmoe", "I|'LL| we|'d| | |12|345| | x|=(|a|_b|)\r\n\n| é|~|É| ok"},
    {"afmoe", "aÜÉb|中文| |かな|\u3000|한국| e\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"poro-chat", "I'LL| we'd| | 12345| | x=|(|a_b|)\r\n\n| é~É| ok"},
    {"poro-chat", "aÜÉb中文| かな|\u3000|한국| e\u0301x| XMLHttp2| ²Ⅳ|…| '-|\n\t!|//|\n  "},
    {"viking", "I'LL| we'd| | |1|2|3|4|5| | x=|(|a_b|)\r\n\n| é~É| ok"},
    {"viking", "aÜÉb中文| かな|\u3000|한국| e\u0301x| XMLHttp|2| |²|Ⅳ|…| '-|\n\t!|//|\n  "},
    {"bailingmoe", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"bailingmoe", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"seed-coder", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)|\r\n\n| é|~É| ok"},
    {"seed-coder", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²|Ⅳ|…| '-|\n|\t|!//|\n|  "},
    {"exaone-moe", "I|'LL| we|'d| | |1|2|3|4|5| | x|=(|a|_b|)\r|\n\n| é|~É ok"},
    {"exaone-moe", "aÜÉb中文 かな|\u3000한국 e\u0301x XMLHttp|2| |²|Ⅳ|…| '-\n|\t|!//\n|  "},
    {"minicpm5", "I|'LL| we|'d|  |123|45| | x|=(|a|_b|)\r\n\n| é|~É| ok"},
    {"minicpm5", "aÜÉb中文| かな|\u3000한국| e|\u0301x| XMLHttp|2| |²Ⅳ|…| '-\n|\t|!//\n|  "},
    {"gemma4", "I'LL we'd  12345  x=(a_b)\r|\n\n| é~É ok"},
    {"gemma4", "aÜÉb中文 かな\u3000한국 e\u0301x XMLHttp2 ²Ⅳ… '-|\n|\t!//|\n|  "},
    {"sarvam-moe", "I'LL we'd  12345  x=(a_b)\r|\n\n| é~É ok"},
    {"sarvam-moe", "aÜÉb中文 かな\u3000한국 e\u0301x XMLHttp2 ²Ⅳ… '-|\n|\t!//|\n|  "},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(AllRows, PreTokenizerRows, testing::ValuesIn(k_cuts));

TEST(PreTokenizerList, HasEachNameOnceAndEachPatternRight) {
  const std::string names = pre_tokenizer_names();
  std::vector<std::string_view> list;
  for (const std::string_view name : split(names, ',')) list.push_back(trim(name));
  EXPECT_EQ(std::adjacent_find(list.begin(), list.end()), list.end());
  for (const std::string_view name : list) {
    ASSERT_NE(find_pre_tokenizer(name), nullptr) << name;
    EXPECT_TRUE(PreTokenizer::from(*find_pre_tokenizer(name))) << name;
    EXPECT_TRUE(std::any_of(
        std::begin(k_cuts), std::end(k_cuts),
        [&](const Cut& cut) { return find_pre_tokenizer(cut.name) == find_pre_tokenizer(name); }))
        << name << " has no case";
  }
  EXPECT_EQ(find_pre_tokenizer("qwen"), nullptr);
  EXPECT_EQ(find_pre_tokenizer(""), nullptr);
}

TEST(PreTokenizerList, GivesNoPieceForNoText) { EXPECT_TRUE(pieces_of("falcon", "").empty()); }

// A search that goes back, or that begins again at each place, takes minutes.
TEST(PreTokenizerList, IsLinearOnLongRuns) {
  constexpr std::size_t k_long = 10'000;
  for (const std::string_view unit : {"a", "A", "aA", " ", "\n", " \n", "1", "'", "a1", "\u0301"}) {
    std::string text;
    while (text.size() < k_long) text += unit;
    for (const bool ended : {false, true}) {
      if (ended) text += "!";
      for (const Cut& cut : k_cuts) {
        if (&cut - k_cuts > 0 && (&cut - 1)->name == cut.name) continue;
        std::size_t sum = 0;
        const auto pre_tokenizer = PreTokenizer::from(*find_pre_tokenizer(cut.name));
        for (const std::size_t length : pre_tokenizer->split(text)) sum += length;
        EXPECT_EQ(sum, text.size());
      }
    }
  }
}

PreTokenizer of_pattern(std::string_view pattern) {
  auto pre_tokenizer = PreTokenizer::from({.names = {}, .stages = {pattern}});
  EXPECT_TRUE(pre_tokenizer) << pre_tokenizer.error().text();
  return std::move(*pre_tokenizer);
}

TEST(Pattern, TakesTheFirstAlternativeNotTheLongest) {
  EXPECT_THAT(pieces_of(of_pattern("a|ab|c"), "abc"), ElementsAre("a", "b", "c"));
}

TEST(Pattern, GivesBackWhatTheRestNeeds) {
  EXPECT_THAT(pieces_of(of_pattern(R"(a*ab)"), "xaaab"), ElementsAre("x", "aaab"));
  EXPECT_THAT(pieces_of(of_pattern(R"(\s+(?!\S))"), "a   b"), ElementsAre("a", "  ", " b"));
}

TEST(Pattern, CountsRepetitions) {
  EXPECT_THAT(pieces_of(of_pattern("a{2,3}"), "aaaaab"), ElementsAre("aaa", "aa", "b"));
  EXPECT_THAT(pieces_of(of_pattern("a{2}"), "aaaaa"), ElementsAre("aa", "aa", "a"));
}

TEST(Pattern, LooksAheadAndFindsTheEnd) {
  EXPECT_THAT(pieces_of(of_pattern("(?:(?=[a-f])[^c])+"), "abcdg"),
              ElementsAre("ab", "c", "d", "g"));
  EXPECT_THAT(pieces_of(of_pattern("a$"), "aba"), ElementsAre("ab", "a"));
}

TEST(Pattern, IgnoresAMatchOfNothing) {
  EXPECT_THAT(pieces_of(of_pattern("a*"), "baab"), ElementsAre("b", "aa", "b"));
}

TEST(Pattern, RefusesWhatItDoesNotKnow) {
  for (const std::string_view text :
       {"(", "(a)", "(?:a", "a)", "[a", "*", "a{3,2}", "a{0}", "a{9999}", "a{2", R"(\p{X})",
        R"(\p)", "[b-a]", "(?=ab)", "(?<a)", "\\"}) {
    EXPECT_FALSE(Pattern::parse(text)) << text;
  }
}

TEST(UnicodeClass, KnowsTheCategories) {
  EXPECT_EQ(code_point_class('a'), CodePointClass::letter);
  EXPECT_EQ(code_point_class(U'\u00E9'), CodePointClass::letter);
  EXPECT_EQ(code_point_class(U'\u4E2D'), CodePointClass::letter);  // inside a range of the source
  EXPECT_EQ(code_point_class(U'\u0301'), CodePointClass::mark);
  EXPECT_EQ(code_point_class(U'\u2163'), CodePointClass::number);  // Roman four
  EXPECT_EQ(code_point_class('_'), CodePointClass::punctuation);
  EXPECT_EQ(code_point_class('$'), CodePointClass::symbol);
  EXPECT_EQ(code_point_class(U'\u00A0'), CodePointClass::separator);
  EXPECT_EQ(code_point_class('\n'), CodePointClass::other);
  EXPECT_EQ(code_point_class(0x10FFFD), CodePointClass::other);  // private use
  EXPECT_EQ(code_point_class(0x378), CodePointClass::unassigned);
  EXPECT_EQ(code_point_class(0x110000), CodePointClass::unassigned);
  EXPECT_EQ(code_point_class(0xFFFFFFFF), CodePointClass::unassigned);
}

TEST(UnicodeClass, KnowsWhiteSpace) {
  for (const char32_t space : {U' ', U'\n', U'\u0085', U'\u00A0', U'\u2003', U'\u3000'}) {
    EXPECT_TRUE(is_white_space(space));
  }
  for (const char32_t other : {U'a', U'\u200B', U'\u001C'}) EXPECT_FALSE(is_white_space(other));
}

TEST(Utf8, KnowsWellFormedSequences) {
  EXPECT_EQ(well_formed_length("a"), 1U);
  EXPECT_EQ(well_formed_length("\xC3\xA9"), 2U);
  EXPECT_EQ(well_formed_length("\xE4\xB8\xAD"), 3U);
  EXPECT_EQ(well_formed_length("\xF0\x9F\x99\x82"), 4U);
  // Cut, a continuation alone, overlong, a surrogate, beyond U+10FFFF.
  for (const std::string_view text : {"\xC3", "\xA9", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                      "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE4\xB8"}) {
    EXPECT_EQ(well_formed_length(text), 0U);
  }
}

TEST(Utf8, ReplacesEachByteThatIsPartOfNothing) {
  EXPECT_EQ(well_formed("a\xE4\xB8z\xFF"), "a\uFFFD\uFFFDz\uFFFD");
}

TEST(Utf8, TakesBackEachCodePoint) {
  for (const char32_t code_point : {U'\0', U'\u007F', U'\u0080', U'\u07FF', U'\u0800', U'\uFFFF',
                                    U'\U00010000', U'\U0010FFFF'}) {
    std::string text;
    append_utf8(code_point, text);
    EXPECT_EQ(well_formed_length(text), text.size());
    EXPECT_EQ(code_point_of(text), code_point);
  }
}

}  // namespace
}  // namespace assay
