#include "workloads/run/child_process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace assay {
namespace {

TEST(ChildProcess, HandsItsTextOver) {
  const std::string long_text(std::size_t{3} << 20, 'x');  // more than a pipe holds
  const auto text = run_in_child("work", [&](const std::stop_token&) { return long_text; }, {});
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_EQ(text->size(), long_text.size());
}

TEST(ChildProcess, ChangesNothingInTheParent) {
  int value = 1;
  const auto text = run_in_child("work",
                                 [&value](const std::stop_token&) {
                                   value = 2;
                                   return std::to_string(value);
                                 },
                                 {});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "2");
  EXPECT_EQ(value, 1);
}

TEST(ChildProcess, SaysThatItWasKilled) {
  const auto text = run_in_child("dense-8b F16",
                                 [](const std::stop_token&) {
                                   std::raise(SIGKILL);
                                   return std::string();
                                 },
                                 {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::does_not_fit);
  EXPECT_EQ(text.error().message, "dense-8b F16: the process was killed (out of memory?)");
}

TEST(ChildProcess, SaysThatItCrashed) {
  const auto text = run_in_child("work",
                                 [](const std::stop_token&) {
                                   std::signal(SIGSEGV, SIG_DFL);
                                   std::raise(SIGSEGV);
                                   return std::string();
                                 },
                                 {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::internal);
  EXPECT_NE(text.error().message.find("crashed"), std::string::npos);
}

TEST(ChildProcess, AnExceptionIsAFailure) {
  const auto text = run_in_child(
      "work", [](const std::stop_token&) -> std::string { throw std::bad_alloc(); }, {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::does_not_fit);
}

TEST(ChildProcess, AStopReachesItAndItsAnswerIsKept) {
  std::stop_source source;
  source.request_stop();
  const auto text = run_in_child(
      "work",
      [](const std::stop_token& stop) {
        while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return std::string("what was done so far");
      },
      source.get_token());
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_EQ(*text, "what was done so far");
}

}  // namespace
}  // namespace assay
