#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "reports/renderer.hpp"

namespace assay {

/// Hands a command's answer over: to the file of -o (atomically), else to stdout.
/// Errors: io. A reader who closed the pipe is no error: the program ends quietly.
Result<void> deliver(const Invocation& invocation, std::string_view text);

/// A remark for people on stderr, one line; silent with --quiet.
void remark(const Invocation& invocation, std::string_view line);

/// How the answer is drawn where it goes: the terminal's width, and colour only on one.
RenderOptions render_options(const Invocation& invocation);

/// Columns of the terminal that the answer goes to; 0 when it goes elsewhere.
unsigned terminal_width(const Invocation& invocation);

/// Progress on stderr: a live line on a terminal, a line at each tenth elsewhere, nothing with
/// --quiet.
class ProgressLine {
 public:
  explicit ProgressLine(const Invocation& invocation);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `fraction` of the whole that is done, 0 to 1.
  void show(std::string_view what, double fraction);
  /// Clears the live line.
  void finish();

 private:
  bool enabled_;
  bool live_;
  bool shown_ = false;
  int last_tenth_ = -1;
};

}  // namespace assay
