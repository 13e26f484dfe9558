// What `assay probe` does to the machine that it looks at: nothing. Its system calls are traced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/affinity.hpp"
#include "base/text.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Lines of strace, "PID NAME(ARGUMENTS) = RESULT", of the program and its children.
using Trace = std::vector<std::string>;

/// What a trace showed, and how the run ended.
struct Traced {
  Trace calls;
  ProgramRun run;
};

bool can_trace() { return run_program({"strace", "-o", "/dev/null", "true"}, {}).exit_code == 0; }

std::vector<std::string> with_strace(const std::string& file,
                                     const std::vector<std::string>& before) {
  std::vector<std::string> command = before;
  for (const char* word : {"strace", "-f", "-s", "4096", "-o"}) command.emplace_back(word);
  command.push_back(file);
  return command;
}

/// `program`, with `before` in front of strace (taskset, env) and an empty state folder.
Traced trace(const TemporaryDirectory& place, const std::vector<std::string>& before,
             const std::vector<std::string>& program) {
  const std::string file = (place.path() / "trace.txt").string();
  std::vector<std::string> command = with_strace(file, before);
  command.insert(command.end(), program.begin(), program.end());
  Traced traced;
  traced.run = run_program(command, {.state = place.path() / "state"});
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) traced.calls.push_back(line);
  return traced;
}

Traced trace_probe(const TemporaryDirectory& place, const std::vector<std::string>& before = {},
                   const std::vector<std::string>& arguments = {}) {
  std::vector<std::string> program{ASSAY_PROGRAM, "probe"};
  program.insert(program.end(), arguments.begin(), arguments.end());
  return trace(place, before, program);
}

/// The calls whose name is one of `names`.
Trace calls_of(const Trace& trace, const std::vector<std::string>& names) {
  Trace found;
  for (const std::string& line : trace) {
    const std::size_t start = line.find_first_not_of("0123456789 ");
    const std::string call = line.substr(std::min(start, line.size()));
    const bool wanted = std::any_of(names.begin(), names.end(), [&call](const std::string& name) {
      return call.starts_with(name + "(");
    });
    if (wanted) found.push_back(line);
  }
  return found;
}

Trace containing(const Trace& trace, const std::string& text) {
  Trace found;
  std::copy_if(trace.begin(), trace.end(), std::back_inserter(found),
               [&text](const std::string& line) { return line.find(text) != std::string::npos; });
  return found;
}

/// Calls that lead anywhere. Drivers in child processes are given "/dev/null" for the folders of
/// the user and of caches: nothing can be made below it.
Trace leading_somewhere(const Trace& trace) {
  Trace found;
  std::copy_if(trace.begin(), trace.end(), std::back_inserter(found), [](const std::string& line) {
    return line.find("\"/dev/null/") == std::string::npos &&
           line.find("(\"/dev/null\"") == std::string::npos &&
           line.find("(\"/dev\"") == std::string::npos;
  });
  return found;
}

class ProbeBehaviour : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_trace()) GTEST_SKIP() << "strace may not trace here";
  }
  TemporaryDirectory place_;
};

TEST_F(ProbeBehaviour, ATraceShowsWhatOtherProgramsDo) {
  const std::string folder = (place_.path() / "made").string();
  const Traced traced =
      trace(place_, {}, {"sh", "-c", "mkdir " + folder + "; echo x > " + folder + "/file; ls /"});
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  EXPECT_THAT(calls_of(traced.calls, {"execve"}), SizeIs(testing::Ge(2U)));
  EXPECT_THAT(calls_of(traced.calls, {"mkdir", "mkdirat"}), SizeIs(1));
  EXPECT_THAT(containing(calls_of(traced.calls, {"open", "openat"}), "O_CREAT"),
              testing::Contains(HasSubstr(folder)));
}

TEST_F(ProbeBehaviour, OpensNoSocket) {
  const Traced traced = trace_probe(place_);
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  EXPECT_THAT(calls_of(traced.calls, {"openat"}), testing::Not(IsEmpty()));
  EXPECT_THAT(calls_of(traced.calls, {"socket", "socketpair", "connect", "bind", "listen"}),
              IsEmpty());
}

TEST_F(ProbeBehaviour, WritesNothingButItsAnswer) {
  const Traced traced = trace_probe(place_);
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  for (const char* mode : {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}) {
    const Trace opened = leading_somewhere(calls_of(traced.calls, {"open", "openat"}));
    for (const std::string& call : containing(opened, mode)) {
      EXPECT_THAT(call, HasSubstr("\"/dev/null\""));
    }
  }
  const Trace changes = calls_of(
      traced.calls, {"creat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename",
                     "renameat", "renameat2", "symlink", "symlinkat", "link", "linkat", "chmod",
                     "fchmodat", "truncate", "ftruncate", "utimensat", "mknodat"});
  EXPECT_THAT(leading_somewhere(changes), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(place_.path() / "state"));
}

TEST_F(ProbeBehaviour, ExecutesNothingAndLeavesNoChild) {
  const Traced traced = trace_probe(place_);
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  EXPECT_THAT(calls_of(traced.calls, {"execve", "execveat"}), SizeIs(1));
  // Every child process that was started was waited for; threads share the memory.
  std::size_t children = 0;
  for (const std::string& call : calls_of(traced.calls, {"fork", "vfork", "clone", "clone3"})) {
    if (call.find("CLONE_THREAD") == std::string::npos) ++children;
  }
  const Trace waits = calls_of(traced.calls, {"wait4", "waitid"});
  const auto reaped = std::count_if(waits.begin(), waits.end(), [](const std::string& call) {
    return call.find("= -1") == std::string::npos;
  });
  EXPECT_GE(static_cast<std::size_t>(reaped), children);
}

TEST_F(ProbeBehaviour, ReadsNothingOfHomeFolders) {
  const std::string home = (place_.path() / "home").string();
  for (const char* canary : {"/home/.bashrc", "/home/.config/hwloc/config", "/home/.netrc",
                             "/home/.config/vulkan/settings", "/home/.nv/cache"}) {
    (void)place_.write(canary, "canary");
  }
  const Traced traced = trace_probe(place_, {"env", "-u", "XDG_CONFIG_HOME", "HOME=" + home,
                                             "XDG_CACHE_HOME=" + home + "/.cache"});
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  // The trace begins with the program that env starts: the variables stand in its execve alone.
  const Trace calls(traced.calls.begin() + 1, traced.calls.end());
  EXPECT_THAT(containing(calls, home), IsEmpty());
  for (const std::string& call : calls_of(calls, {"open", "openat", "readlink", "readlinkat"})) {
    EXPECT_EQ(call.find("\"/home/"), std::string::npos) << call;
    EXPECT_EQ(call.find("\"/root/"), std::string::npos) << call;
  }
}

TEST_F(ProbeBehaviour, LooksForTheLastResultInTheStateFolderOnly) {
  // Without ASSAY_STATE it lies in the home folder: the one place there that may be looked at.
  const std::string home = (place_.path() / "home").string();
  (void)place_.write("/home/.profile", "canary");
  const Traced traced =
      trace_probe(place_, {"env", "-u", "ASSAY_STATE", "-u", "XDG_STATE_HOME", "HOME=" + home});
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  const Trace calls(traced.calls.begin() + 1, traced.calls.end());
  const Trace opened = containing(calls_of(calls, {"open", "openat"}), home);
  EXPECT_THAT(opened, testing::Each(HasSubstr(home + "/.local/state/assay")));
}

TEST_F(ProbeBehaviour, KeepsToTheAffinityThatItWasGiven) {
  const unsigned last = allowed_cpus().back();
  const Traced traced =
      trace_probe(place_, {"taskset", "-c", std::to_string(last)}, {"--why", "usable_cpus"});
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  EXPECT_THAT(traced.run.standard_output, HasSubstr("Value  1"));
  // The main thread's own mask never changes: only a thread that asks for CPUID binds itself, and
  // drivers in child processes may.
  ASSERT_FALSE(traced.calls.empty());
  const std::string main = traced.calls.front().substr(0, traced.calls.front().find(' ') + 1);
  for (const std::string& call : calls_of(traced.calls, {"sched_setaffinity"})) {
    EXPECT_FALSE(call.starts_with(main)) << call;
  }
}

TEST_F(ProbeBehaviour, AsksForNoRightsAndUsesNone) {
  const Traced traced = trace_probe(place_);
  ASSERT_EQ(traced.run.exit_code, 0) << traced.run.standard_error;
  EXPECT_THAT(calls_of(traced.calls, {"setuid", "setreuid", "setresuid", "capset", "mount", "iopl",
                                      "ioperm", "perf_event_open", "bpf", "init_module"}),
              IsEmpty());
}

TEST(ProbeAsNobody, DescribesTheMachineWithoutRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "this is how the other tests run already";
  const TemporaryDirectory place;
  const ProgramRun allowed = run_program(
      {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x", ASSAY_PROGRAM},
      {.state = place.path() / "state"});
  if (allowed.exit_code != 0) GTEST_SKIP() << "nobody may not run what was built here";
  const ProgramRun run = run_program(
      {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ASSAY_PROGRAM, "probe"},
      {.state = place.path() / "state"});
  EXPECT_EQ(run.exit_code, 0) << run.standard_error;
  EXPECT_THAT(run.standard_output, HasSubstr("Processor"));
  EXPECT_THAT(run.standard_error, IsEmpty());
}

}  // namespace
}  // namespace assay
