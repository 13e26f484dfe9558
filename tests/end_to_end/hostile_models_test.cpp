// The whole program on every bad file, one process each: exit code 3, one line that names the
// field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/end_to_end/hostile_run.hpp"
#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/seeded_models.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

class HostileModels : public testing::TestWithParam<BadFileGroup> {};

TEST_P(HostileModels, AreRefusedByEachProcess) {
  const TemporaryDirectory directory;
  const std::filesystem::path state = directory.path() / "state";
  for (const BadFile& bad : GetParam().files()) {
    SCOPED_TRACE(bad.name);
    const auto path = directory.write("bad.gguf", bad.make());
    if (bad.file_size > 0) std::filesystem::resize_file(path, bad.file_size);
    const ProgramRun logits = run_on_hostile_file(
        {"logits", "--model", path.string(), "--tokens", "1", "-o", directory.path() / "out"},
        state);
    const ProgramRun asked = run_on_hostile_file({"can-run", path.string()}, state);
    if (bad.message.empty()) {
      EXPECT_EQ(logits.exit_code, 0) << logits.standard_error;
      EXPECT_NE(asked.exit_code, 3) << asked.standard_error;
    } else {
      EXPECT_EQ(logits.exit_code, 3) << logits.standard_error;
      EXPECT_THAT(logits.standard_error, HasSubstr("assay: " + path.string() + ": "));
      EXPECT_THAT(logits.standard_error, HasSubstr(bad.message));
      EXPECT_EQ(asked.exit_code, 3) << asked.standard_error;
      EXPECT_THAT(asked.standard_error, HasSubstr(bad.message));
    }
    std::filesystem::remove(path);
  }
}

INSTANTIATE_TEST_SUITE_P(Group, HostileModels,
                         testing::ValuesIn(bad_file_groups().begin(), bad_file_groups().end()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(HostilePaths, AreRefusedByName) {
  const TemporaryDirectory directory;
  const auto inside = [&](const char* name) { return (directory.path() / name).string(); };
  ASSERT_EQ(::mkfifo(inside("fifo.gguf").c_str(), 0600), 0);
  std::filesystem::create_symlink("loop.gguf", inside("loop.gguf"));
  std::filesystem::create_symlink("gone", inside("dangling.gguf"));
  std::filesystem::create_directory(inside("folder.gguf"));
  const struct {
    std::string path;
    const char* message;
  } rows[] = {{inside("folder.gguf"), "folder.gguf: is a directory"},
              {inside("fifo.gguf"), "fifo.gguf: is not a regular file"},
              {inside("loop.gguf"), "loop.gguf: cannot be opened: Too many levels"},
              {inside("dangling.gguf"), "dangling.gguf: cannot be opened: No such file"},
              {inside("missing.gguf"), "missing.gguf: cannot be opened: No such file"},
              {"/dev/null", "/dev/null: is not a regular file"},
              {"/dev/zero", "/dev/zero: is not a regular file"},
              {inside(std::string(5000, 'n').c_str()), "cannot be opened: File name too long"}};
  for (const auto& row : rows) {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"logits", "--tokens", "1", "-o", inside("out"), "--model"},
          {"bench", "--model"},
          {"generate", "--prompt", "a", "--model"}}) {
      std::vector<std::string> arguments = command;
      arguments.push_back(row.path);
      const ProgramRun run = run_on_hostile_file(arguments, inside("state"));
      EXPECT_EQ(run.exit_code, 3) << run.standard_error;
      EXPECT_THAT(run.standard_error, HasSubstr(row.message));
    }
  }
}

TEST(HostilePaths, AFileThatMayNotBeReadIsRefused) {
  if (::geteuid() == 0) {
    // root may read everything; what is unreadable for root too is memory that is not mapped.
    const ProgramRun run = run_on_hostile_file({"can-run", "/proc/self/mem"}, "/nonexistent");
    EXPECT_EQ(run.exit_code, 3) << run.standard_error;
    EXPECT_THAT(run.standard_error, HasSubstr("/proc/self/mem: "));
    return;
  }
  const TemporaryDirectory directory;
  const auto path = directory.write("secret.gguf", seeded_model("llama-gqa").build());
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const ProgramRun run = run_on_hostile_file({"can-run", path.string()}, directory.path());
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.standard_error, HasSubstr("secret.gguf: cannot be opened: Permission denied"));
}

}  // namespace
}  // namespace assay
