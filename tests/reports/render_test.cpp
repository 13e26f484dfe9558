#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "reports/document.hpp"
#include "reports/render/figures.hpp"
#include "reports/renderer.hpp"
#include "sample_assessment.hpp"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string rendered(std::string_view format, const Assessment& assessment,
                     const RenderOptions& options = {}) {
  return find_render_format(format)->render(assessment, options);
}

TEST(RenderList, NamesEachFormatOnce) {
  std::vector<std::string_view> names;
  for (const RenderFormat& format : render_formats()) {
    EXPECT_EQ(find_render_format(format.name), &format);
    EXPECT_FALSE(format.description.empty());
  }
  EXPECT_EQ(find_render_format("Text"), nullptr);
}

/// Every format takes an assessment of nothing and one of everything.
TEST(RenderList, EveryFormatTakesAnyAssessment) {
  Assessment odd = sample_assessment();
  odd.runs[0].decode_tokens_per_second.reset();
  odd.verdicts[0].prediction = Prediction{};
  odd.recommendation->ranking.clear();
  odd.micro.int8_ops_per_second.clear();
  for (const RenderFormat& format : render_formats()) {
    for (const Assessment& assessment : {Assessment{}, sample_assessment(), odd}) {
      EXPECT_THAT(format.render(assessment, {}), ::testing::EndsWith("\n")) << format.name;
    }
  }
}

TEST(RenderJson, IsTheDocument) {
  const auto json = parse_json(rendered("json", sample_assessment()), "json");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json, document_from(sample_assessment()));
}

TEST(RenderText, SaysWhatWasMeasuredAndWhatPredicted) {
  const std::string text = rendered("text", sample_assessment(), {.width = 160});
  EXPECT_THAT(text, AllOf(HasSubstr("Limits, measured"), HasSubstr("Runs, measured"),
                          HasSubstr("m measured, p predicted"), HasSubstr("11.0 (9.9-12) p"),
                          HasSubstr("predicted from what was measured on this machine")));
  EXPECT_THAT(text, HasSubstr("noisy: tg32 on dense-1b 4/16 Q8_0: the load average is 0.9"));
  EXPECT_THAT(text,
              HasSubstr("not verified: tg32 on moe-7b-a1b 4/16 Q4_K_M: the time for it was over"));
  EXPECT_THAT(text, HasSubstr("skipped: dense-8b F16: needs 17 GB"));
  EXPECT_THAT(text, AllOf(HasSubstr("no (memory)"), HasSubstr("qwen3-14b")));
}

TEST(RenderText, MarksWhatIsUnknown) {
  Assessment assessment = sample_assessment();
  assessment.recommendation.reset();
  assessment.machine->memory.total = Fact<Bytes>::unknown("/proc/meminfo: not permitted");
  const std::string text = rendered("text", assessment);
  EXPECT_THAT(text, HasSubstr("unknown (/proc/meminfo: not permitted)"));
  EXPECT_THAT(text, ::testing::ContainsRegex("mistral-small-24b-2501 .*unknown .* unknown"));
}

TEST(RenderText, TellsOfNativeNumerics) {
  Assessment assessment = sample_assessment();
  EXPECT_EQ(rendered("text", assessment).find("native numerics"), std::string::npos);
  for (const char* numerics : {"bfloat16-activations", "int8-activations, binary16-activations"}) {
    assessment.runs.front().engine.numerics = numerics;
    EXPECT_THAT(rendered("text", assessment), HasSubstr("native numerics"));
  }
}

TEST(RenderText, TellsAProfilesAnswerFromAMeasuredOne) {
  Assessment assessment = sample_assessment();
  for (Candidate& candidate : assessment.recommendation->ranking) {
    candidate.verdict.prediction.decode_tokens_per_second.basis = Basis::profile;
  }
  EXPECT_THAT(rendered("text", assessment, {.width = 200}),
              HasSubstr("run `assay assess` for a measured answer"));
}

TEST(RenderText, ExplainsASingleVerdict) {
  Assessment assessment;
  assessment.verdicts = {sample_assessment().verdicts[2]};
  EXPECT_THAT(rendered("text", assessment),
              AllOf(HasSubstr("llama-3.1-8b is judged by its decode rate."),
                    HasSubstr("try: a smaller context")));
}

TEST(RenderText, HasNoEscapeSequencesUnlessAsked) {
  EXPECT_THAT(rendered("text", sample_assessment()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(rendered("text", sample_assessment(), {.color = true}), HasSubstr("\x1b[32m"));
}

/// Code points of the widest line.
std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  for (const std::string_view line : split(text, '\n')) {
    const auto width = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    most = std::max(most, static_cast<std::size_t>(width));
  }
  return most;
}

TEST(RenderText, FitsTheTerminal) {
  for (const unsigned width : {80U, 100U, 160U}) {
    EXPECT_LE(widest(rendered("text", sample_assessment(), {.width = width})), width);
  }
  (void)rendered("text", sample_assessment(), {.width = 1});
  (void)rendered("text", sample_assessment(), {.width = 0});
}

/// Names of models and machines come from files: none of them reaches a terminal raw.
TEST(RenderText, ShowsHostileNamesAsText) {
  Assessment assessment = sample_assessment();
  const std::string hostile = "a\x1b[2J\x07\r\nb\xff";
  assessment.runs[0].model.id = hostile;
  assessment.verdicts[0].model = hostile;
  assessment.recommendation->ranking[0].verdict.model = hostile;
  assessment.recommendation->reason = hostile;
  assessment.machine->cpu.brand = Fact<std::string>::known(hostile, "x");
  assessment.skipped = {hostile};
  assessment.command = hostile;
  for (const char* format : {"text", "markdown"}) {
    const std::string text = rendered(format, assessment);
    EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << format;
    EXPECT_THAT(text, Not(HasSubstr("\r"))) << format;
    EXPECT_THAT(text, Not(HasSubstr("\xff"))) << format;
  }
  EXPECT_TRUE(parse_json(rendered("json", assessment), "json"));
}

TEST(RenderMarkdown, DrawsTablesThatNamesCannotBreak) {
  Assessment assessment = sample_assessment();
  assessment.runs[0].model.id = "a|b<script>[x](y)";
  const std::string text = rendered("markdown", assessment);
  EXPECT_THAT(text, HasSubstr("a\\|b&lt;script&gt;\\[x\\](y)"));
  EXPECT_THAT(text, HasSubstr("| workload | model | format | prefill tok/s |"));
  EXPECT_THAT(text, HasSubstr("|---|---|---|---:|"));
}

TEST(Figure, HasThreeSignificantDigits) {
  EXPECT_EQ(figure(1234.5), "1234");
  EXPECT_EQ(figure(99.96), "100");
  EXPECT_EQ(figure(14.24), "14.2");
  EXPECT_EQ(figure(1.006), "1.01");
  EXPECT_EQ(figure(0.31), "0.31");
  EXPECT_EQ(figure(0.0123), "0.012");
  EXPECT_EQ(figure(0.0), "0");
  EXPECT_EQ(figure(std::numeric_limits<double>::quiet_NaN()), "unknown");
}

TEST(Figure, ShowsAnIntervalOnlyWhereThereIsOne) {
  EXPECT_EQ(figure(describe({10.0, 10.0})), "10.0");
  EXPECT_EQ(figure(describe({9.0, 10.0, 11.0, 9.5, 10.5, 10.0})), "10.0 ±1.0");
  EXPECT_EQ(figure(Estimate{}), "unknown");
  EXPECT_EQ(figure(Estimate{5.0, 5.0, 5.0, Origin::measured, Basis::this_machine}), "5.00 m");
}

}  // namespace
}  // namespace assay
