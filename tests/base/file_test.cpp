#include "base/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <limits>
#include <span>
#include <string>

#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

std::size_t entries(const std::filesystem::path& directory) {
  const std::filesystem::directory_iterator begin(directory);
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

TEST(WriteFileAtomically, ReplacesTheContentAndLeavesNothingElse) {
  const TemporaryDirectory directory;
  const auto path = directory.write("result.json", "old");
  ASSERT_TRUE(write_file_atomically(path, "new"));
  EXPECT_EQ(*read_file(path, mebibytes(1)), "new");
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(WriteFileAtomically, KeepsTheModeOfAnExistingFile) {
  const TemporaryDirectory directory;
  const auto path = directory.write("result.json", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_TRUE(write_file_atomically(path, "new"));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(WriteFileAtomically, NamesTheFileWhenTheDirectoryIsMissing) {
  const TemporaryDirectory directory;
  const auto result = write_file_atomically(directory.path() / "none" / "x.json", "new");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::io);
  EXPECT_NE(result.error().text().find("none/x.json"), std::string::npos);
}

TEST(WriteFileAtomically, ReportsAFullDisk) {
  const auto result = write_file_atomically("/dev/full", "new");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::io);
  EXPECT_NE(result.error().message.find("No space left"), std::string::npos);
}

TEST(OutputFile, AppearsWholeWhenItIsCommitted) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "pieces";
  auto file = OutputFile::create(path);
  ASSERT_TRUE(file) << file.error().text();
  for (const std::string_view piece : {"one ", "two"}) {
    ASSERT_TRUE(file->write(std::as_bytes(std::span(piece))));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(read_file(path, Bytes(100)).value(), "one two");
}

TEST(OutputFile, ReplacesWhatALinkLeadsTo) {
  const TemporaryDirectory directory;
  const auto target = directory.write("target", "old");
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink("target", link);
  ASSERT_TRUE(write_file_atomically(link, "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(*read_file(target, mebibytes(1)), "new");
}

TEST(OutputFile, LeavesNothingBehindWithoutACommit) {
  const TemporaryDirectory directory;
  {
    auto file = OutputFile::create(directory.path() / "pieces");
    ASSERT_TRUE(file) << file.error().text();
    ASSERT_TRUE(file->write(std::as_bytes(std::span("one", 3))));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(WriteFileAtomically, RefusesADirectory) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(write_file_atomically(directory.path(), "new"));
}

TEST(ReadFile, RefusesWhatIsNotARegularFile) {
  const TemporaryDirectory directory;
  const auto fifo = directory.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const auto& path : {directory.path(), fifo, std::filesystem::path("/dev/zero")}) {
    const auto result = read_file(path, mebibytes(1));
    ASSERT_FALSE(result) << path;
    EXPECT_EQ(result.error().code, ErrorCode::refused_input);
  }
}

TEST(ReadFile, RefusesMoreThanTheLimit) {
  const TemporaryDirectory directory;
  const auto path = directory.write("x", "12345");
  EXPECT_TRUE(read_file(path, Bytes(5)));
  EXPECT_FALSE(read_file(path, Bytes(4)));
}

TEST(InputFile, ReadsTheSameAfterAdviceAboutAnyBytes) {
  const TemporaryDirectory directory;
  const auto file = InputFile::open(directory.write("x", "12345"));
  ASSERT_TRUE(file);
  file->expect_read(3, Bytes(2));
  file->expect_read(4, mebibytes(64));
  file->expect_read(std::numeric_limits<std::uint64_t>::max(), Bytes(1));
  InputFile::holding("12345", "memory").expect_read(0, Bytes(5));
  std::array<char, 5> content{};
  ASSERT_TRUE(file->read_at(0, std::as_writable_bytes(std::span(content))));
  EXPECT_EQ(std::string(content.data(), content.size()), "12345");
}

TEST(InputFile, SaysWhereTheFileEnds) {
  const TemporaryDirectory directory;
  const auto file = InputFile::open(directory.write("x", "12345"));
  ASSERT_TRUE(file);
  std::array<std::byte, 4> buffer{};
  EXPECT_TRUE(file->read_at(1, buffer));
  const auto result = file->read_at(2, buffer);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("ends at byte 5, 1 more"), std::string::npos);
}

}  // namespace
}  // namespace assay
