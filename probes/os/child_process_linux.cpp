#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "probes/os/child_process.hpp"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_longest_answer = std::size_t{16} << 20U;

/// The child's side: never returns. The status says whether the whole answer went out.
[[noreturn]] void work_and_leave(const std::function<std::string()>& work, int write_end) {
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // What the work prints is not the program's business.
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) {
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
  }
  const std::string answer = work();
  std::size_t written = 0;
  while (written < answer.size()) {
    const ssize_t count = ::write(write_end, answer.data() + written, answer.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(1);
    written += static_cast<std::size_t>(count);
  }
  ::_exit(0);
}

/// Reads until the child closes its end. False when the limit was over first.
bool read_answer(int read_end, Clock::time_point deadline, std::string& answer) {
  std::array<char, 65536> buffer{};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || answer.size() > k_longest_answer) return false;
    pollfd waiting{read_end, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t count = ::read(read_end, buffer.data(), buffer.size());
    if (count == 0) return true;
    if (count > 0) answer.append(buffer.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) return false;
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

}  // namespace

Result<std::string> run_in_child(const std::function<std::string()>& work,
                                 std::chrono::milliseconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::unknown, fmt::format("no pipe: {}", std::strerror(errno)));
  }
  const pid_t child = ::fork();
  if (child == 0) work_and_leave(work, ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return fail(ErrorCode::unknown, fmt::format("no child process: {}", std::strerror(errno)));
  }
  std::string answer;
  const bool complete = read_answer(ends[0], Clock::now() + limit, answer);
  ::close(ends[0]);
  if (!complete) ::kill(child, SIGKILL);
  const int status = wait_for(child);
  if (!complete) {
    return fail(ErrorCode::unknown, fmt::format("gave no answer within {} s",
                                                static_cast<double>(limit.count()) / 1000.0));
  }
  if (WIFSIGNALED(status)) {
    return fail(ErrorCode::unknown, fmt::format("crashed ({})", ::strsignal(WTERMSIG(status))));
  }
  if (WEXITSTATUS(status) != 0) return fail(ErrorCode::unknown, "ended without a full answer");
  return answer;
}

}  // namespace assay
