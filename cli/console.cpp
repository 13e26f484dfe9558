#include "cli/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/file.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr int k_bar_width = 20;

void write_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Result<void> deliver(const Invocation& invocation, std::string_view text) {
  if (invocation.output) return write_file_atomically(*invocation.output, text);
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return {};
  if (errno == EPIPE) {
    std::clearerr(stdout);
    return {};
  }
  return fail(ErrorCode::io, fmt::format("could not be written: {}", std::strerror(errno)),
              "standard output");
}

void remark(const Invocation& invocation, std::string_view line) {
  if (!invocation.quiet) write_stderr(fmt::format("{}\n", line));
}

unsigned terminal_width(const Invocation& invocation) {
  winsize size{};
  const bool on_terminal = !invocation.output && ::isatty(STDOUT_FILENO) == 1;
  return on_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

RenderOptions render_options(const Invocation& invocation) {
  RenderOptions drawn;
  if (const unsigned width = terminal_width(invocation); width > 0) drawn.width = width;
  drawn.color = invocation.color && !invocation.output;
  return drawn;
}

ProgressLine::ProgressLine(const Invocation& invocation)
    : enabled_(!invocation.quiet), live_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { finish(); }

void ProgressLine::show(std::string_view what, double fraction) {
  if (!enabled_) return;
  const int percent = static_cast<int>(std::min(std::max(fraction, 0.0), 1.0) * 100.0);
  const std::string safe = printable(what, 60);
  if (live_) {
    const int filled = percent * k_bar_width / 100;
    write_stderr(fmt::format("\r\x1b[K[{:#<{}}{:.<{}}] {:3}% {}", "", filled, "",
                             k_bar_width - filled, percent, safe));
    shown_ = true;
  } else if (percent / 10 > last_tenth_) {
    last_tenth_ = percent / 10;
    write_stderr(fmt::format("assay: {:3}% {}\n", percent, safe));
  }
}

void ProgressLine::finish() {
  if (shown_) write_stderr("\r\x1b[K");
  shown_ = false;
}

}  // namespace assay
