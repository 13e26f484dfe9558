#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <thread>

#include "probes/os/child_process.hpp"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t k_longest_answer = std::size_t{16} << 20U;
// An answer goes out behind its length: a child that leaves in the middle, by exit() too, is seen.
constexpr std::size_t k_length_bytes = sizeof(std::uint64_t);
// How long a child may take to end once nothing more is expected of it; one that the kernel holds
// longer (a driver that does not return) is left alone.
constexpr milliseconds k_farewell{300};

struct Child {
  pid_t id = -1;
  int read_end = -1;
  std::string received;
  bool closed = false;      // the child closed its end
  std::string never_began;  // why there is no child
};

/// Cuts the child off from everything of the parent's that a library could disturb.
void leave_the_parents_things(int write_end) {
  ::setpgid(0, 0);  // so that processes which the library starts end with it
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit nothing{0, 0};
  ::setrlimit(RLIMIT_CORE, &nothing);
  ::setrlimit(RLIMIT_FSIZE, &nothing);  // no cache, no log: a write to a file is refused
  ::signal(SIGXFSZ, SIG_IGN);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere >= 0) {
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::dup2(nowhere, standard);
    }
  }
  const auto end = static_cast<unsigned>(write_end);
  if (end > 3) ::close_range(3, end - 1, 0);
  ::close_range(end + 1, ~0U, 0);
}

bool write_all(int write_end, const char* bytes, std::size_t size) {
  std::size_t written = 0;
  while (written < size) {
    const ssize_t count = ::write(write_end, bytes + written, size - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    written += static_cast<std::size_t>(count);
  }
  return true;
}

/// The child's side: never returns.
[[noreturn]] void work_and_leave(const ChildWork& work, int write_end) {
  leave_the_parents_things(write_end);
  const std::string answer = work();
  const std::uint64_t length = answer.size();
  std::array<char, k_length_bytes> header{};
  std::memcpy(header.data(), &length, header.size());
  const bool sent = write_all(write_end, header.data(), header.size()) &&
                    write_all(write_end, answer.data(), answer.size());
  ::_exit(sent ? 0 : 1);
}

Child begin(const ChildWork& work) {
  Child child;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    child.never_began = fmt::format("no pipe: {}", std::strerror(errno));
    return child;
  }
  // Standard streams may be closed in the parent; the child puts /dev/null on their numbers.
  if (ends[1] <= STDERR_FILENO) {
    const int moved = ::fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved >= 0) {
      ::close(ends[1]);
      ends[1] = moved;
    }
  }
  child.id = ::fork();
  if (child.id == 0) work_and_leave(work, ends[1]);
  ::close(ends[1]);
  if (child.id < 0) {
    child.never_began = fmt::format("no child process: {}", std::strerror(errno));
    ::close(ends[0]);
    return child;
  }
  ::setpgid(child.id, child.id);  // whichever of the two comes first
  child.read_end = ends[0];
  return child;
}

std::optional<std::uint64_t> announced_length(const Child& child) {
  if (child.received.size() < k_length_bytes) return std::nullopt;
  std::uint64_t length = 0;
  std::memcpy(&length, child.received.data(), k_length_bytes);
  return length;
}

bool has_answered(const Child& child) {
  const auto length = announced_length(child);
  return length && *length <= k_longest_answer && child.received.size() == k_length_bytes + *length;
}

bool said_too_much(const Child& child) {
  const auto length = announced_length(child);
  return length && (*length > k_longest_answer || child.received.size() > k_length_bytes + *length);
}

bool is_awaited(const Child& child) {
  return child.read_end >= 0 && !child.closed && !has_answered(child) && !said_too_much(child);
}

void read_some(Child& child) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(child.read_end, buffer.data(), buffer.size());
  if (count > 0) child.received.append(buffer.data(), static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) child.closed = true;
}

/// Reads until every child has answered or closed its end, or the limit is over.
void read_answers(std::vector<Child>& children, Clock::time_point deadline) {
  while (true) {
    std::vector<pollfd> waiting;
    std::vector<Child*> awaited;
    for (Child& child : children) {
      if (!is_awaited(child)) continue;
      waiting.push_back({child.read_end, POLLIN, 0});
      awaited.push_back(&child);
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    if (waiting.empty() || left <= 0) return;
    const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return;
    if (ready <= 0) continue;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) read_some(*awaited[i]);
    }
  }
}

/// Whether the child ends by itself within `patience`; it is not reaped yet.
bool ends_by_itself(pid_t child, milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (true) {
    siginfo_t ended{};
    const int done = ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
    if ((done == 0 && ended.si_pid == child) || (done < 0 && errno != EINTR)) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

/// Ends the child and what it started, and reaps it. The status, when it ended by itself before.
std::optional<int> end(const Child& child, milliseconds patience) {
  const bool by_itself = ends_by_itself(child.id, patience);
  ::kill(-child.id, SIGKILL);
  ::kill(child.id, SIGKILL);
  int status = 0;
  if (ends_by_itself(child.id, k_farewell)) {
    while (::waitpid(child.id, &status, 0) < 0 && errno == EINTR) continue;
  }
  if (!by_itself) return std::nullopt;
  return status;
}

Result<std::string> outcome(Child& child, milliseconds limit) {
  if (child.read_end < 0) return fail(ErrorCode::unknown, child.never_began);
  const bool answered = has_answered(child);
  const bool too_much = said_too_much(child);
  const auto status = end(child, child.closed ? k_farewell : milliseconds(0));
  ::close(child.read_end);
  if (answered) return child.received.substr(k_length_bytes);
  if (too_much) return fail(ErrorCode::unknown, "answered with more than it announced");
  if (status && WIFSIGNALED(*status)) {
    return fail(ErrorCode::unknown, fmt::format("crashed ({})", ::strsignal(WTERMSIG(*status))));
  }
  if (child.closed) {
    return fail(
        ErrorCode::unknown,
        status ? fmt::format("ended without a full answer (exit status {})", WEXITSTATUS(*status))
               : "ended without a full answer");
  }
  return fail(ErrorCode::unknown, fmt::format("gave no answer within {} s",
                                              static_cast<double>(limit.count()) / 1000.0));
}

}  // namespace

std::vector<Result<std::string>> run_in_children(std::span<const ChildWork> works,
                                                 milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::vector<Child> children;
  for (const ChildWork& work : works) children.push_back(begin(work));
  read_answers(children, deadline);
  std::vector<Result<std::string>> answers;
  for (Child& child : children) answers.push_back(outcome(child, limit));
  return answers;
}

Result<std::string> run_in_child(const ChildWork& work, milliseconds limit) {
  return run_in_children(std::span(&work, 1), limit).front();
}

}  // namespace assay
