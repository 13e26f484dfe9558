#include "tests/end_to_end/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    read_end = ends[0];
    write_end = ends[1];
  }
};

[[noreturn]] void become(const std::vector<std::string>& command, const ProgramOptions& options,
                         const Pipe& output, const Pipe& errors) {
  int out = output.write_end;
  if (!options.standard_output_file.empty()) {
    out = ::open(options.standard_output_file.c_str(), O_WRONLY | O_CREAT, 0600);
  }
  const int none = ::open("/dev/null", O_RDONLY);
  ::dup2(none, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(errors.write_end, STDERR_FILENO);
  ::setenv("ASSAY_STATE", options.state.c_str(), 1);
  if (options.address_space > 0) {
    const rlimit limit{options.address_space, options.address_space};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

/// Moves what is waiting in a pipe into `text`; false at its end.
bool drain(int descriptor, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

ProgramRun run_program(const std::vector<std::string>& command, const ProgramOptions& options) {
  const Pipe output;
  const Pipe errors;
  const auto start = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) become(command, options, output, errors);
  ::close(output.write_end);
  ::close(errors.write_end);
  ProgramRun run;
  std::array<pollfd, 2> waiting{{{output.read_end, POLLIN, 0}, {errors.read_end, POLLIN, 0}}};
  bool interrupted = options.interrupt == 0;
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    ::poll(waiting.data(), waiting.size(), 20);
    if (waiting[0].revents != 0 && !drain(waiting[0].fd, run.standard_output)) waiting[0].fd = -1;
    if (waiting[1].revents != 0 && !drain(waiting[1].fd, run.standard_error)) waiting[1].fd = -1;
    const auto elapsed = Clock::now() - start;
    if (!interrupted && elapsed > std::chrono::milliseconds(options.interrupt_after_ms)) {
      ::kill(child, options.interrupt);
      interrupted = true;
    }
    if (elapsed > std::chrono::seconds(options.limit_seconds)) ::kill(child, SIGKILL);
  }
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.peak_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  ::close(output.read_end);
  ::close(errors.read_end);
  if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) run.signal = WTERMSIG(status);
  return run;
}

ProgramRun run_assay(std::vector<std::string> arguments, const ProgramOptions& options) {
  arguments.insert(arguments.begin(), ASSAY_PROGRAM);
  return run_program(arguments, options);
}

}  // namespace assay
