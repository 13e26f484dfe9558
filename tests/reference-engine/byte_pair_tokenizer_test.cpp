#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "reference-engine/golden/gguf_builder.hpp"
#include "reference-engine/tokenizer.hpp"
#include "reference-engine/tokenizer/byte_letters.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

std::string letters(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += letter_of(static_cast<std::uint8_t>(byte));
  return text;
}

/// A small vocabulary of our own: the 256 bytes are tokens 0 to 255, then come the products of the
/// merges, then special tokens.
struct SmallVocabulary {
  std::vector<std::string> tokens;
  std::vector<std::string> merges;
  std::vector<std::int32_t> kinds;

  SmallVocabulary() {
    for (unsigned byte = 0; byte < 256; ++byte) {
      tokens.push_back(letter_of(static_cast<std::uint8_t>(byte)));
    }
    for (const auto& [left, right] :
         std::vector<std::pair<std::string, std::string>>{{"t", "h"},
                                                          {"th", "e"},
                                                          {" ", "the"},
                                                          {"h", "e"},
                                                          {"l", "l"},
                                                          {"he", "ll"},
                                                          {"hell", "o"},
                                                          {"\xC3", "\xA9"},
                                                          {"1", "2"},
                                                          {"12", "3"},
                                                          {" ", "t"},
                                                          {"a", "a"},
                                                          {"aa", "aa"},
                                                          {"!", "\n"}}) {
      tokens.push_back(letters(left + right));
      merges.push_back(letters(left) + " " + letters(right));
    }
    kinds.assign(tokens.size(), 1);
    add("world", 1);  // no merge makes it
    add("<|start|>x", 3);
    add("<|im_end|>", 1);  // known by its text
    add("<tool>", 4);
    add("<tool>s", 4);
  }
  void add(std::string text, std::int32_t kind) {
    tokens.push_back(std::move(text));
    kinds.push_back(kind);
  }
  [[nodiscard]] GgufBuilder file(std::string_view pre) const {
    GgufBuilder file;
    file.set_text("tokenizer.ggml.model", "gpt2").set_text("tokenizer.ggml.pre", pre);
    file.set_texts("tokenizer.ggml.tokens", tokens).set_texts("tokenizer.ggml.merges", merges);
    file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32, kinds);
    file.set_u32("tokenizer.ggml.bos_token_id", 271).set_u32("tokenizer.ggml.eos_token_id", 272);
    return file;
  }
};

constexpr TokenId k_the = 257;
constexpr TokenId k_space_the = 258;
constexpr TokenId k_hello = 262;
constexpr TokenId k_world = 270;
constexpr TokenId k_start = 271;
constexpr TokenId k_end = 272;
constexpr TokenId k_tool = 273;
constexpr TokenId k_tools = 274;

class BytePairTokenizer : public testing::Test {
 protected:
  Result<Tokenizer> open(const GgufBuilder& builder) {
    const auto file = GgufFile::open(directory_.write("vocabulary.gguf", builder.build()));
    if (!file) return pass_on(file);
    return Tokenizer::from(*file);
  }
  Tokenizer small(std::string_view pre = "qwen2") {
    auto tokenizer = open(SmallVocabulary().file(pre));
    EXPECT_TRUE(tokenizer) << tokenizer.error().text();
    return std::move(*tokenizer);
  }
  std::string refusal(const GgufBuilder& builder) {
    const auto tokenizer = open(builder);
    if (tokenizer) return "accepted";
    EXPECT_EQ(tokenizer.error().code, ErrorCode::refused_input);
    return tokenizer.error().text();
  }

  TemporaryDirectory directory_;
};

TEST_F(BytePairTokenizer, JoinsInTheOrderOfTheMerges) {
  // "th" comes before "he": "the" is not t + he.
  EXPECT_THAT(small().encode("the the hello"), ElementsAre(k_the, k_space_the, ' ', k_hello));
  EXPECT_THAT(small().encode("xhe"), ElementsAre('x', 259));
}

TEST_F(BytePairTokenizer, DoesNotJoinAcrossPieces) {
  EXPECT_THAT(small("qwen2").encode("123"), ElementsAre('1', '2', '3'));
  EXPECT_THAT(small("gpt-2").encode("123"), ElementsAre(265));
  EXPECT_THAT(small("gpt-2").encode("!\n"), ElementsAre('!', '\n'));
  EXPECT_THAT(small("qwen2").encode("!\n"), ElementsAre(269));
}

TEST_F(BytePairTokenizer, TakesAWholeWordOnlyWhereThePreTokenizerAsksForIt) {
  EXPECT_THAT(small("llama-bpe").encode("world", {.start_and_end = false}), ElementsAre(k_world));
  EXPECT_THAT(small("qwen2").encode("world"), ElementsAre('w', 'o', 'r', 'l', 'd'));
}

TEST_F(BytePairTokenizer, AddsStartAndEndWhereTheFileAsksForThem) {
  EXPECT_THAT(small("llama-bpe").encode("the"), ElementsAre(k_start, k_the));
  EXPECT_THAT(small("qwen2").encode("the"), ElementsAre(k_the));
  GgufBuilder file = SmallVocabulary().file("qwen2");
  file.set_bool("tokenizer.ggml.add_bos_token", true);
  file.set_bool("tokenizer.ggml.add_eos_token", true);
  const auto tokenizer = open(file);
  EXPECT_THAT(tokenizer->encode("the"), ElementsAre(k_start, k_the, k_end));
  EXPECT_THAT(tokenizer->encode(""), ElementsAre(k_start, k_end));
  EXPECT_THAT(tokenizer->encode("the", {.start_and_end = false}), ElementsAre(k_the));
}

TEST_F(BytePairTokenizer, HasNoStartTokenWhereTheFileNamesNone) {
  GgufBuilder file = SmallVocabulary().file("llama-bpe");
  file.remove("tokenizer.ggml.bos_token_id").remove("tokenizer.ggml.eos_token_id");
  const auto tokenizer = open(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_EQ(tokenizer->start_token(), std::nullopt);
  EXPECT_EQ(tokenizer->end_token(), std::nullopt);
  EXPECT_THAT(tokenizer->encode("the"), ElementsAre(k_the));
  EXPECT_THAT(tokenizer->encode(""), IsEmpty());
}

TEST_F(BytePairTokenizer, FindsControlTokensOnlyWhenAsked) {
  const Tokenizer tokenizer = small();
  EXPECT_THAT(tokenizer.encode("the<|im_end|>the", {.control_tokens = true}),
              ElementsAre(k_the, k_end, k_the));
  const std::vector<TokenId> plain = tokenizer.encode("the<|im_end|>the");
  EXPECT_GT(plain.size(), 3U);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), k_end), 0);
}

TEST_F(BytePairTokenizer, FindsUserDefinedTokensAlwaysTheLongestFirst) {
  EXPECT_THAT(small().encode("<tool>the<tool>s<tool>"),
              ElementsAre(k_tool, k_the, k_tools, k_tool));
}

TEST_F(BytePairTokenizer, KnowsEndTokensByTheirTexts) {
  GgufBuilder file = SmallVocabulary().file("qwen2");
  file.remove("tokenizer.ggml.eos_token_id");
  const auto tokenizer = open(file);
  EXPECT_TRUE(tokenizer->ends_text(k_end));
  EXPECT_FALSE(tokenizer->ends_text(k_start));
  EXPECT_EQ(tokenizer->decode(k_end, {}), "");
  EXPECT_EQ(tokenizer->decode(k_end, {}, true), "<|im_end|>");
}

TEST_F(BytePairTokenizer, ReplacesWhatIsNotUtf8) {
  const Tokenizer tokenizer = small();
  EXPECT_THAT(tokenizer.encode("\xC3"), ElementsAre(0xEF, 0xBF, 0xBD));
  EXPECT_THAT(tokenizer.encode("\xC3\xA9"), ElementsAre(263));
}

/// Joining by its definition: look through all neighbours, join the pair that comes first.
std::vector<TokenId> join_plainly(const SmallVocabulary& vocabulary, std::string_view piece) {
  std::vector<std::string> parts;
  for (const char byte : piece) parts.push_back(letters({&byte, 1}));
  for (;;) {
    std::size_t best = vocabulary.merges.size();
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = std::find(vocabulary.merges.begin(), vocabulary.merges.end(),
                                   parts[i] + " " + parts[i + 1]);
      const auto rank = static_cast<std::size_t>(found - vocabulary.merges.begin());
      if (rank >= best) continue;
      best = rank;
      at = i;
    }
    if (best == vocabulary.merges.size()) break;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  std::vector<TokenId> tokens;
  for (const std::string& part : parts) {
    const auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), part);
    tokens.push_back(static_cast<TokenId>(found - vocabulary.tokens.begin()));
  }
  return tokens;
}

TEST_F(BytePairTokenizer, JoinsLikeThePlainDefinition) {
  const SmallVocabulary vocabulary;
  const Tokenizer tokenizer = small();
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string word = "t";
    const std::size_t length = random() % 30;
    for (std::size_t i = 0; i < length; ++i) word += "theloa"[random() % 6];
    EXPECT_THAT(tokenizer.encode(word), ElementsAreArray(join_plainly(vocabulary, word)));
  }
}

TEST_F(BytePairTokenizer, TakesBackWhatItEncoded) {
  const Tokenizer tokenizer = small("gpt-4o");
  std::mt19937 random(4);
  constexpr std::string_view k_parts[] = {
      "the",          " ", "\n", "\xC3\xA9",  "\xF0\x9F\x99\x82", "1", "<tool>", "'ll",
      "\xE3\x80\x80", "!", "A",  "<|im_end|>"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::size_t length = random() % 20;
    for (std::size_t i = 0; i < length; ++i) text += k_parts[random() % std::size(k_parts)];
    TextStream stream(tokenizer, std::nullopt);
    std::string back;
    for (const TokenId token : tokenizer.encode(text)) back += stream.add(token);
    EXPECT_EQ(back + stream.finish(), text);
  }
}

TEST_F(BytePairTokenizer, ReadsALongRunOfOneLetter) {
  // 2^20 letters, which a search through all pairs for each merge would not finish.
  const std::vector<TokenId> tokens = small().encode(std::string(1U << 20U, 'a'));
  EXPECT_EQ(tokens, std::vector<TokenId>(1U << 18U, 268));
}

TEST_F(BytePairTokenizer, KeepsPartsOfACharacterUntilItIsWhole) {
  const Tokenizer tokenizer = small();
  TextStream stream(tokenizer, std::nullopt);
  EXPECT_EQ(stream.add(0xF0), "");
  EXPECT_EQ(stream.add(0x9F), "");
  EXPECT_EQ(stream.add(0x99), "");
  EXPECT_EQ(stream.add(0x82), "\xF0\x9F\x99\x82");
  EXPECT_EQ(stream.add(k_the), "the");
  EXPECT_EQ(stream.finish(), "");
}

TEST_F(BytePairTokenizer, ReplacesPartsThatBecomeNoCharacter) {
  const Tokenizer tokenizer = small();
  TextStream stream(tokenizer, std::nullopt);
  EXPECT_EQ(stream.add(0x80), "\uFFFD");
  EXPECT_EQ(stream.add(0xE4), "");
  EXPECT_EQ(stream.add(k_the), "\uFFFDthe");
  EXPECT_EQ(stream.add(0xC3), "");
  EXPECT_EQ(stream.finish(), "\uFFFD");
  EXPECT_EQ(stream.finish(), "");
}

TEST_F(BytePairTokenizer, NamesThePreTokenizersThatItKnows) {
  const auto tokenizer = open(SmallVocabulary().file("marsian"));
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::refused_input);
  EXPECT_THAT(tokenizer.error().text(),
              HasSubstr("tokenizer.ggml.pre: 'marsian' is not supported"));
  EXPECT_THAT(tokenizer.error().remedy, HasSubstr("llama-bpe"));
  EXPECT_THAT(tokenizer.error().remedy, HasSubstr("tekken"));
}

TEST_F(BytePairTokenizer, SaysThatAMissingPreTokenizerIsAGuess) {
  GgufBuilder file = SmallVocabulary().file("qwen2");
  EXPECT_EQ(open(file)->note(), "");
  file.remove("tokenizer.ggml.pre");
  const auto tokenizer = open(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_THAT(tokenizer->note(), HasSubstr("tokenizer.ggml.pre is missing"));
}

TEST_F(BytePairTokenizer, RunsByTokenIdsWhereThePreTokenizerIsUnknown) {
  const auto unknown =
      GgufFile::open(directory_.write("a.gguf", SmallVocabulary().file("marsian").build()));
  EXPECT_FALSE(Tokenizer::supports(*unknown));
  const auto known =
      GgufFile::open(directory_.write("b.gguf", SmallVocabulary().file("qwen2").build()));
  EXPECT_TRUE(Tokenizer::supports(*known));
}

TEST_F(BytePairTokenizer, RefusesBrokenMerges) {
  GgufBuilder file = SmallVocabulary().file("qwen2");
  EXPECT_THAT(refusal(GgufBuilder(file).remove("tokenizer.ggml.merges")),
              HasSubstr("tokenizer.ggml.merges: missing"));
  EXPECT_THAT(refusal(GgufBuilder(file).set_u32("tokenizer.ggml.merges", 1)),
              HasSubstr("tokenizer.ggml.merges: u32"));
  for (const std::string merge : {"", "a", "ab", " a", "a "}) {
    EXPECT_THAT(refusal(GgufBuilder(file).set_texts("tokenizer.ggml.merges", {{"a b", merge}})),
                HasSubstr("tokenizer.ggml.merges: element 1 is '" + merge + "'"));
  }
}

TEST_F(BytePairTokenizer, RefusesAMistypedPreTokenizer) {
  GgufBuilder file = SmallVocabulary().file("qwen2");
  file.set_u32("tokenizer.ggml.pre", 3);
  EXPECT_THAT(refusal(file), HasSubstr("tokenizer.ggml.pre: u32 (expected string)"));
  const auto opened = GgufFile::open(directory_.write("c.gguf", file.build()));
  EXPECT_TRUE(Tokenizer::supports(*opened));  // broken, not unknown: from() refuses it
}

TEST_F(BytePairTokenizer, SurvivesMergesOfUnknownTexts) {
  SmallVocabulary vocabulary;
  vocabulary.merges = {"q z", "qz q", "\xFF\xFE a", "h e", "h e"};
  const auto tokenizer = open(vocabulary.file("qwen2"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  // What merges make is no token: its bytes are.
  EXPECT_THAT(tokenizer->encode("qzqhe"), ElementsAre('q', 'z', 'q', 259));
}

TEST_F(BytePairTokenizer, SurvivesEqualEmptyAndBrokenTokens) {
  SmallVocabulary vocabulary;
  vocabulary.add(letters("the"), 1);
  vocabulary.add("", 4);
  vocabulary.add("", 3);
  vocabulary.add("\xFF\xC3", 4);
  vocabulary.add("\xE4\xB8", 1);
  const auto tokenizer = open(vocabulary.file("qwen2"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_THAT(tokenizer->encode("the"), ElementsAre(k_the));  // the first of equals
  EXPECT_THAT(tokenizer->encode("a\xFF\xC3", {.control_tokens = true}), ElementsAre('a', 278));
  TextStream stream(*tokenizer, std::nullopt);
  std::string text;
  for (TokenId token = 275; token < 282; ++token) text += stream.add(token);
  EXPECT_EQ(text + stream.finish(), "the\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_F(BytePairTokenizer, SurvivesAVocabularyWithoutItsBytes) {
  GgufBuilder file = SmallVocabulary().file("qwen2");
  file.set_texts("tokenizer.ggml.tokens", {{"a", "b", "ab"}});
  file.set_texts("tokenizer.ggml.merges", {{"a b"}});
  file.remove("tokenizer.ggml.token_type");
  file.set_u32("tokenizer.ggml.bos_token_id", 0).set_u32("tokenizer.ggml.eos_token_id", 1);
  const auto tokenizer = open(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_THAT(tokenizer->encode("xabza\n"), ElementsAre(2, 0));
}

TEST_F(BytePairTokenizer, ReadsATokenOfSixteenMebibytes) {
  SmallVocabulary vocabulary;
  vocabulary.add(std::string((16U << 20U) - 64, 'a'), 4);
  const auto tokenizer = open(vocabulary.file("llama-bpe"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_THAT(tokenizer->encode("the aaaa", {.start_and_end = false}),
              ElementsAre(k_the, ' ', 268));
  EXPECT_EQ(tokenizer->decode(275, {}).size(), (16U << 20U) - 64);
}

TEST_F(BytePairTokenizer, RefusesSpecialTokensOfTooManyLengths) {
  SmallVocabulary vocabulary;
  for (std::size_t i = 1; i <= 257; ++i) vocabulary.add(std::string(i, 'a'), 4);
  EXPECT_THAT(refusal(vocabulary.file("qwen2")),
              HasSubstr("tokenizer.ggml.token_type: special tokens of more than 256 lengths"));
}

TEST_F(BytePairTokenizer, RefusesSpecialTokensOutOfRange) {
  for (const char* const key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                                "tokenizer.ggml.eot_token_id", "tokenizer.ggml.unknown_token_id"}) {
    GgufBuilder file = SmallVocabulary().file("qwen2");
    file.set_u32(key, 275);
    EXPECT_THAT(refusal(file), HasSubstr(std::string(key) + ": 275 (expected one of the 275"));
  }
}

TEST_F(BytePairTokenizer, ReadsPlainTextVocabularies) {
  // As one family has it: UTF-8 tokens, U+2581 for a space, runs of newlines whole, <0xNN> for the
  // rest.
  GgufBuilder file;
  file.set_text("tokenizer.ggml.model", "gemma4");
  const std::vector<std::string> tokens{"<bos>", "<eos>", "a",  "\u2581", "\u2581a", "\n\n",
                                        "\n",    "b",     "ab", "<0xC3>", "<0xA9>"};
  file.set_texts("tokenizer.ggml.tokens", tokens);
  file.set_texts("tokenizer.ggml.merges", {{"\u2581 a", "a b"}});
  const std::vector<std::int32_t> kinds{3, 3, 1, 1, 1, 1, 1, 1, 1, 6, 6};
  file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32, kinds);
  file.set_u32("tokenizer.ggml.bos_token_id", 0).set_u32("tokenizer.ggml.eos_token_id", 1);
  const auto tokenizer = open(file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_EQ(tokenizer->note(), "");
  EXPECT_THAT(tokenizer->encode("ab a\n\n\xC3\xA9"), ElementsAre(0, 8, 4, 5, 9, 10));
  TextStream stream(*tokenizer, 0);
  std::string text;
  for (const TokenId token : {8U, 4U, 5U, 9U, 10U}) text += stream.add(token);
  EXPECT_EQ(text, "ab a\n\n\xC3\xA9");
}

TEST(ByteLetters, ComeBack) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string letter = letter_of(static_cast<std::uint8_t>(byte));
    EXPECT_LE(letter.size(), 2U);
  }
  EXPECT_EQ(letter_of(' '), "\u0120");
  EXPECT_EQ(letter_of('\n'), "\u010A");
  EXPECT_EQ(letter_of('a'), "a");
  EXPECT_EQ(letter_of(0xAD), "\u0143");
  EXPECT_EQ(byte_of_letter(U'\u0120'), ' ');
  EXPECT_EQ(byte_of_letter(U'\u0143'), 0xAD);
  EXPECT_EQ(byte_of_letter(U'\u0144'), std::nullopt);
  EXPECT_EQ(byte_of_letter(U' '), std::nullopt);
}

}  // namespace
}  // namespace assay
