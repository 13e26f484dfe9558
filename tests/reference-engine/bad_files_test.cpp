// Every bad file is refused by a message that names the file and the field; odd ones run to the
// end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/small_file.hpp"
#include "tests/reference-engine/run_model.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

struct Row {
  std::string group;
  BadFile file;
};

std::ostream& operator<<(std::ostream& stream, const Row& row) {
  return stream << row.group << " " << row.file.name;
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const BadFileGroup& group : bad_file_groups()) {
    for (BadFile& file : group.files()) rows.push_back({std::string(group.name), std::move(file)});
  }
  return rows;
}

class BadFiles : public testing::TestWithParam<Row> {};

TEST_P(BadFiles, AreRefusedByName) {
  const BadFile& bad = GetParam().file;
  const TemporaryDirectory directory;
  const auto path = directory.write("bad.gguf", bad.make());
  if (bad.file_size > 0) std::filesystem::resize_file(path, bad.file_size);
  const auto stage = run_model(path);
  if (bad.message.empty()) {
    EXPECT_TRUE(stage) << stage.error().text();
    return;
  }
  ASSERT_FALSE(stage);
  EXPECT_EQ(stage.error().code, ErrorCode::refused_input);
  EXPECT_THAT(stage.error().text(), testing::StartsWith(path.string() + ": "));
  EXPECT_THAT(stage.error().text(), testing::HasSubstr(bad.message));
  EXPECT_LT(stage.error().text().size(), 1000U);
}

INSTANTIATE_TEST_SUITE_P(All, BadFiles, testing::ValuesIn(all_rows()), [](const auto& row) {
  return row.param.group + "_" + row.param.file.name;
});

TEST(SmallFile, IsRight) {
  const TemporaryDirectory directory;
  const auto file = GgufFile::open(directory.write("small.gguf", small().build()));
  EXPECT_TRUE(file) << file.error().text();
}

}  // namespace
}  // namespace assay
