#include "reference-engine/tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/seeded_models.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

class StoriesTokenizer : public testing::Test {
 protected:
  StoriesTokenizer()
      : file(*GgufFile::open(models.file("stories260K"))), tokenizer(*Tokenizer::from(file)) {}

  [[nodiscard]] std::string decode_all(std::span<const TokenId> tokens) const {
    std::string text;
    for (std::size_t i = 1; i < tokens.size(); ++i) {
      text += tokenizer.decode(tokens[i], tokens[i - 1]);
    }
    return text;
  }

  GoldenModels models;
  GgufFile file;
  Tokenizer tokenizer;
};

// The expected numbers come from a plain search for the best pair over the published tok512.bin
// (greedy merging as in llama2.c).
TEST_F(StoriesTokenizer, EncodesWords) {
  EXPECT_THAT(
      tokenizer.encode("Once upon a time, there was a little girl named Lily."),
      ElementsAre(1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426));
  EXPECT_THAT(tokenizer.encode("I"), ElementsAre(1, 359));
}

TEST_F(StoriesTokenizer, FallsBackToBytes) {
  EXPECT_THAT(tokenizer.encode("Hello, world!\n"),
              ElementsAre(1, 346, 306, 414, 432, 263, 304, 341, 443, 13));
  EXPECT_THAT(tokenizer.encode("na\xC3\xAFve \xF0\x9F\x99\x82 caf\xC3\xA9"),
              ElementsAre(1, 297, 412, 198, 178, 360, 410, 243, 162, 156, 133, 280, 412, 431, 485));
}

TEST_F(StoriesTokenizer, KeepsEverySpace) {
  EXPECT_THAT(tokenizer.encode("  two  spaces "),
              ElementsAre(1, 410, 410, 259, 424, 414, 410, 262, 427, 412, 331, 419, 410));
}

TEST_F(StoriesTokenizer, GivesTheStartTokenAloneForNoText) {
  EXPECT_THAT(tokenizer.encode(""), ElementsAre(1));
}

TEST_F(StoriesTokenizer, DoesNotSpellControlTokens) {
  const std::vector<TokenId> tokens = tokenizer.encode("</s><s><unk>");
  EXPECT_EQ(std::count_if(tokens.begin() + 1, tokens.end(), [](TokenId t) { return t < 3; }), 0);
  EXPECT_EQ(decode_all(tokens), "</s><s><unk>");
}

TEST_F(StoriesTokenizer, DropsTheLeadingSpaceOnlyAfterTheStartToken) {
  EXPECT_EQ(tokenizer.decode(403, 1), "Once");
  EXPECT_EQ(tokenizer.decode(403, 407), " Once");
}

TEST_F(StoriesTokenizer, DecodesControlTokensToNothing) {
  EXPECT_EQ(tokenizer.decode(1, 5), "");
  EXPECT_EQ(tokenizer.decode(2, 5), "");
  EXPECT_EQ(tokenizer.decode(100000, 5), "");
}

TEST_F(StoriesTokenizer, TakesBackWhatItEncoded) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::size_t length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) {
      // Letters and spaces mostly, any byte sometimes: well-formed text and garbage.
      const bool any = random() % 8 == 0;
      text += any ? static_cast<char>(random() % 256) : "etaoin shr.,"[random() % 12];
    }
    EXPECT_EQ(decode_all(tokenizer.encode(text)), text);
  }
}

/// Merging by its definition: look through all neighbours, join the best pair, start again.
std::vector<TokenId> merge_plainly(const GgufArray& tokens, const GgufArray& scores,
                                   const std::string& text) {
  constexpr std::size_t k_first_text = 259;  // after the special tokens and the bytes
  const auto find = [&](const std::string& piece) -> std::optional<TokenId> {
    for (std::size_t i = k_first_text; i < tokens.size(); ++i) {
      if (tokens.text(i) == piece) return static_cast<TokenId>(i);
    }
    return std::nullopt;
  };
  std::vector<std::string> pieces{"\xE2\x96\x81"};
  for (const char letter : text) {
    pieces.push_back(letter == ' ' ? "\xE2\x96\x81" : std::string(1, letter));
  }
  for (;;) {
    float best = -std::numeric_limits<float>::infinity();
    std::size_t at = pieces.size();
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto joined = find(pieces[i] + pieces[i + 1]);
      if (joined && scores.number<float>(*joined) > best) {
        best = scores.number<float>(*joined);
        at = i;
      }
    }
    if (at == pieces.size()) break;
    pieces[at] += pieces[at + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  std::vector<TokenId> found{1};
  for (const std::string& piece : pieces) found.push_back(find(piece).value_or(0));
  return found;
}

TEST_F(StoriesTokenizer, MergesLikeThePlainDefinition) {
  const GgufArray& tokens = **file.array("tokenizer.ggml.tokens", GgufType::string);
  const GgufArray& scores = **file.array("tokenizer.ggml.scores", GgufType::f32);
  std::mt19937 random(2);
  for (int round = 0; round < 60; ++round) {
    std::string text = "a";
    const std::size_t length = random() % 30;
    for (std::size_t i = 0; i < length; ++i) text += "etaoinshrdlu the "[random() % 17];
    EXPECT_THAT(tokenizer.encode(text), ElementsAreArray(merge_plainly(tokens, scores, text)));
  }
}

TEST_F(StoriesTokenizer, SaysWhichKindsItSupports) {
  EXPECT_TRUE(Tokenizer::supports(file));
  GgufBuilder builder = seeded_model("llama-gqa");
  builder.set_text("tokenizer.ggml.model", "bert");
  const TemporaryDirectory directory;
  const auto other = GgufFile::open(directory.write("other.gguf", builder.build()));
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_FALSE(Tokenizer::supports(*other));
}

TEST_F(StoriesTokenizer, FindsControlTokensWhenAsked) {
  EXPECT_THAT(tokenizer.encode("I</s>I", {.control_tokens = true}), ElementsAre(1, 359, 2, 359));
  EXPECT_EQ(tokenizer.decode(2, 5, true), "</s>");
  EXPECT_TRUE(tokenizer.ends_text(2));
  EXPECT_FALSE(tokenizer.ends_text(359));
}

class OtherSentencePieces : public testing::Test {
 protected:
  Tokenizer open(void (*change)(GgufBuilder& file)) {
    GgufBuilder builder = seeded_model("llama-gqa");
    change(builder);
    const auto file = GgufFile::open(directory_.write("other.gguf", builder.build()));
    auto tokenizer = Tokenizer::from(*file);
    EXPECT_TRUE(tokenizer) << tokenizer.error().text();
    return std::move(*tokenizer);
  }
  TemporaryDirectory directory_;
};

TEST_F(OtherSentencePieces, AddNoSpaceWhereTheFileForbidsIt) {
  const Tokenizer tokenizer =
      open([](GgufBuilder& f) { f.set_bool("tokenizer.ggml.add_space_prefix", false); });
  EXPECT_THAT(tokenizer.encode(" I"), ElementsAre(1, 359));
  EXPECT_EQ(tokenizer.decode(359, 1), " I");
}

TEST_F(OtherSentencePieces, AddStartAndEndWhereTheFileAsksForThem) {
  const Tokenizer tokenizer = open([](GgufBuilder& f) {
    f.set_bool("tokenizer.ggml.add_bos_token", false);
    f.set_bool("tokenizer.ggml.add_eos_token", true);
  });
  EXPECT_THAT(tokenizer.encode("I"), ElementsAre(359, 2));
  EXPECT_THAT(tokenizer.encode("I", {.start_and_end = false}), ElementsAre(359));
}

TEST_F(OtherSentencePieces, DropSpaceBehindSpecialTokensWhereTheFamilyDoes) {
  const Tokenizer tokenizer =
      open([](GgufBuilder& f) { f.set_text("general.name", "Phi-3 mini"); });
  const EncodeOptions special{.control_tokens = true};
  EXPECT_THAT(tokenizer.encode("I</s> \n I", special), ElementsAre(1, 359, 2, 359));
  EXPECT_THAT(tokenizer.encode("<s>I", special), ElementsAre(1, 1, 359));
}

TEST_F(OtherSentencePieces, ReadALongRunOfOneLetter) {
  const Tokenizer tokenizer = open([](GgufBuilder&) {});
  EXPECT_GT(tokenizer.encode(std::string(1U << 20U, 'a')).size(), 1U << 19U);
}

struct BadVocabulary {
  const char* name;
  void (*spoil)(GgufBuilder& file);
  const char* message;
};

class VocabularyRefusal : public testing::TestWithParam<BadVocabulary> {};

TEST_P(VocabularyRefusal, NamesTheField) {
  GgufBuilder builder = seeded_model("llama-gqa");
  GetParam().spoil(builder);
  const TemporaryDirectory directory;
  const auto file = GgufFile::open(directory.write("bad.gguf", builder.build()));
  ASSERT_TRUE(file) << file.error().text();
  const auto tokenizer = Tokenizer::from(*file);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::refused_input);
  EXPECT_THAT(tokenizer.error().text(), HasSubstr(GetParam().message));
}

void set_token(GgufBuilder& file, std::size_t index, const std::string& text) {
  std::vector<std::string> tokens(512, "x");
  for (std::size_t i = 0; i < 256; ++i) tokens[i + 3] = "<0x00>";
  tokens[index] = text;
  file.set_texts("tokenizer.ggml.tokens", tokens);
}

INSTANTIATE_TEST_SUITE_P(
    Files, VocabularyRefusal,
    testing::Values(
        BadVocabulary{"kind", [](GgufBuilder& f) { f.set_text("tokenizer.ggml.model", "bert"); },
                      "tokenizer.ggml.model: 'bert' is not supported"},
        BadVocabulary{"no_kind", [](GgufBuilder& f) { f.remove("tokenizer.ggml.model"); },
                      "tokenizer.ggml.model: missing"},
        BadVocabulary{"no_tokens", [](GgufBuilder& f) { f.remove("tokenizer.ggml.tokens"); },
                      "tokenizer.ggml.tokens: missing"},
        BadVocabulary{"empty", [](GgufBuilder& f) { f.set_texts("tokenizer.ggml.tokens", {}); },
                      "tokenizer.ggml.tokens: no tokens"},
        BadVocabulary{"tokens_as_numbers",
                      [](GgufBuilder& f) {
                        f.set_numbers<std::uint8_t>("tokenizer.ggml.tokens", GgufType::u8,
                                                    std::vector<std::uint8_t>(512));
                      },
                      "tokenizer.ggml.tokens: array of u8 (expected array of string)"},
        BadVocabulary{"scores_as_bytes",
                      [](GgufBuilder& f) {
                        f.set_numbers<std::uint8_t>("tokenizer.ggml.scores", GgufType::u8,
                                                    std::vector<std::uint8_t>(512));
                      },
                      "tokenizer.ggml.scores: array of u8 (expected array of f32)"},
        BadVocabulary{"short_scores",
                      [](GgufBuilder& f) {
                        f.set_numbers<float>("tokenizer.ggml.scores", GgufType::f32,
                                             std::vector<float>(511));
                      },
                      "tokenizer.ggml.scores: 511 elements (expected 512"},
        BadVocabulary{"score_nan",
                      [](GgufBuilder& f) {
                        f.set_numbers<float>(
                            "tokenizer.ggml.scores", GgufType::f32,
                            std::vector<float>(512, std::numeric_limits<float>::quiet_NaN()));
                      },
                      "tokenizer.ggml.scores: element 0 is nan"},
        BadVocabulary{"kinds_as_bytes",
                      [](GgufBuilder& f) {
                        f.set_numbers<std::uint8_t>("tokenizer.ggml.token_type", GgufType::u8,
                                                    std::vector<std::uint8_t>(512, 1));
                      },
                      "tokenizer.ggml.token_type: array of u8 (expected array of i32)"},
        BadVocabulary{"long_kinds",
                      [](GgufBuilder& f) {
                        f.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32,
                                                    std::vector<std::int32_t>(513, 1));
                      },
                      "tokenizer.ggml.token_type: 513 elements (expected 512"},
        BadVocabulary{"kind_7",
                      [](GgufBuilder& f) {
                        f.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32,
                                                    std::vector<std::int32_t>(512, 7));
                      },
                      "tokenizer.ggml.token_type: element 0 is 7"},
        BadVocabulary{"byte_minus_1", [](GgufBuilder& f) { set_token(f, 5, "<0x-1>"); },
                      "tokenizer.ggml.tokens: byte token 5 is '<0x-1>'"},
        BadVocabulary{"byte_long", [](GgufBuilder& f) { set_token(f, 9, "<0x100>"); },
                      "tokenizer.ggml.tokens: byte token 9 is '<0x100>'"},
        BadVocabulary{"start",
                      [](GgufBuilder& f) { f.set_u32("tokenizer.ggml.bos_token_id", 512); },
                      "tokenizer.ggml.bos_token_id: 512 (expected one of the 512 tokens)"},
        BadVocabulary{"end",
                      [](GgufBuilder& f) {
                        f.set<std::int32_t>("tokenizer.ggml.eos_token_id", GgufType::i32, -1);
                      },
                      "tokenizer.ggml.eos_token_id: i32 -1"},
        BadVocabulary{"flag", [](GgufBuilder& f) { f.set_u32("tokenizer.ggml.add_bos_token", 1); },
                      "tokenizer.ggml.add_bos_token: u32 (expected bool)"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace assay
