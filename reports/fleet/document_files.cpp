#include "reports/fleet/document_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>
#include <vector>

#include "base/file.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int k_most_folder_depth = 64;

bool has_extension(const fs::path& path, std::string_view wanted) {
  std::string extension = path.extension().string();
  for (char& letter : extension) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return extension == wanted;
}

bool is_lines(const fs::path& path) {
  return has_extension(path, ".jsonl") || has_extension(path, ".ndjson");
}

bool is_document(const fs::path& path) {
  return !path.filename().string().starts_with('.') &&
         (has_extension(path, ".json") || is_lines(path));
}

/// Cuts a file into lines, with at most one piece and one line in memory.
class LineReader {
 public:
  LineReader(const InputFile& file, Bytes limit) : file_(file), limit_(limit.value) {}

  /// Hands over each line that is not blank, or the reason why it is not.
  Result<void> read(const std::stop_token& stop, const DocumentSink& sink) {
    std::vector<std::byte> piece(k_piece);
    for (std::uint64_t at = 0; at < file_.size().value;) {
      if (stop.stop_requested()) return fail(ErrorCode::interrupted, "interrupted");
      const auto size = std::min<std::uint64_t>(k_piece, file_.size().value - at);
      const std::span<std::byte> part = std::span(piece).first(size);
      if (auto read = file_.read_at(at, part); !read) {
        return sink.unreadable(file_.name(), read.error().message);
      }
      at += size;
      for (const std::byte byte : part) {
        if (byte == std::byte{'\n'}) {
          if (auto taken = end_line(sink); !taken) return taken;
        } else if (line_.size() < limit_) {
          line_.push_back(static_cast<char>(byte));
        } else {
          too_long_ = true;
        }
      }
    }
    return end_line(sink);
  }

 private:
  static constexpr std::size_t k_piece = std::size_t{1} << 20;

  Result<void> end_line(const DocumentSink& sink) {
    ++number_;
    const std::string source = fmt::format("{}:{}", file_.name(), number_);
    Result<void> taken;
    if (too_long_) {
      taken = sink.unreadable(source, fmt::format("has more than {} bytes", limit_));
    } else if (line_.find_first_not_of(" \t\r") != std::string::npos) {
      taken = sink.document(line_, source);
    }
    line_.clear();
    too_long_ = false;
    return taken;
  }

  const InputFile& file_;
  std::uint64_t limit_;
  std::string line_;
  bool too_long_ = false;
  std::uint64_t number_ = 0;
};

/// One walk over files and folders.
class Walk {
 public:
  Walk(Bytes limit, const std::stop_token& stop, const DocumentSink& sink)
      : limit_(limit), stop_(stop), sink_(sink) {}

  Result<void> file(const fs::path& path) {
    if (stop_.stop_requested()) return fail(ErrorCode::interrupted, "interrupted");
    if (is_lines(path)) {
      auto opened = InputFile::open(path);
      if (!opened) return sink_.unreadable(path.string(), opened.error().message);
      return LineReader(*opened, limit_).read(stop_, sink_);
    }
    auto text = read_file(path, limit_);
    if (!text) return sink_.unreadable(path.string(), text.error().message);
    return sink_.document(*text, path.string());
  }

  Result<void> folder(const fs::path& path, int depth) {
    if (depth > k_most_folder_depth) {
      return sink_.unreadable(path.string(), "lies too deep below other folders");
    }
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      entries.push_back(entry->path());
    }
    if (error) {
      if (auto noted = sink_.unreadable(path.string(), error.message()); !noted) return noted;
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (auto taken = member(entry, depth); !taken) return taken;
    }
    return {};
  }

 private:
  /// What a folder holds: folders, documents, links to documents. Links to folders may lead round
  /// in circles.
  Result<void> member(const fs::path& path, int depth) {
    std::error_code error;
    if (fs::is_directory(fs::symlink_status(path, error))) return folder(path, depth + 1);
    if (!is_document(path) || fs::is_directory(fs::status(path, error))) return {};
    return file(path);
  }

  Bytes limit_;
  const std::stop_token& stop_;
  const DocumentSink& sink_;
};

}  // namespace

Result<void> for_each_document(std::span<const fs::path> paths, Bytes limit,
                               const std::stop_token& stop, const DocumentSink& sink) {
  std::error_code error;
  for (const fs::path& path : paths) {
    if (!fs::exists(fs::status(path, error))) {
      return fail(ErrorCode::refused_input, "does not exist", path.string());
    }
  }
  Walk walk(limit, stop, sink);
  for (const fs::path& path : paths) {
    auto walked = fs::is_directory(path, error) ? walk.folder(path, 0) : walk.file(path);
    if (!walked) return walked;
  }
  return {};
}

}  // namespace assay
