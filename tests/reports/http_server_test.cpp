#include "reports/http_server.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "http_client.hpp"

namespace assay {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::chrono::milliseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

/// A server on a free port of the loopback address, on a thread of its own.
class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override { start(HttpLimits{}); }

  void start(const HttpLimits& limits) {
    stop();
    stop_ = std::stop_source();
    auto server = HttpServer::listen(
        {"127.0.0.1", 0},
        [](std::string_view path) {
          if (path == "/big") return HttpReply{200, "text/plain", std::string(4'000'000, 'x')};
          if (path == "/metrics") return HttpReply{200, "text/plain; version=0.0.4", "up 1\n"};
          return HttpReply{404, "text/plain", "Not Found\n"};
        },
        limits);
    ASSERT_TRUE(server) << server.error().text();
    server_.emplace(std::move(*server));
    port_ = server_->where().port;
    thread_ = std::thread([this] { run_ = server_->run(stop_.get_token()); });
  }

  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }
  void TearDown() override {
    stop();
    EXPECT_TRUE(run_);
  }

  std::uint16_t port_ = 0;
  std::optional<HttpServer> server_;
  std::stop_source stop_;
  std::thread thread_;
  Result<void> run_;
};

TEST_F(HttpServerTest, ListensOnTheLoopbackAddressOnly) {
  std::ifstream sockets("/proc/net/tcp");
  const std::string local = [this] {
    char text[32];
    (void)std::snprintf(text, sizeof text, "0100007F:%04X", port_);
    return std::string(text);
  }();
  const std::string all((std::istreambuf_iterator<char>(sockets)), {});
  EXPECT_THAT(all, HasSubstr(local + " 00000000:0000 0A"));  // 0A: listening
}

TEST_F(HttpServerTest, AnswersGetWithTheHandlersReply) {
  const std::string answer = http_get(port_, "/metrics?collect=all");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nup 1\n"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  const std::string answer = http_exchange(port_, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, SendsALargeAnswerWhole) {
  EXPECT_GT(http_get(port_, "/big").size(), 4'000'000U);
}

struct BadRequest {
  std::string request;
  const char* status;
};

class BadRequestTest : public HttpServerTest, public ::testing::WithParamInterface<BadRequest> {};

TEST_P(BadRequestTest, IsRefusedAndTheServerGoesOn) {
  EXPECT_THAT(http_exchange(port_, GetParam().request), StartsWith(GetParam().status));
  EXPECT_THAT(http_get(port_, "/metrics"), EndsWith("up 1\n"));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRequestTest,
    ::testing::Values(
        BadRequest{"GET /nothing HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        BadRequest{"GET /metrics%00x HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        BadRequest{"GET /../../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        BadRequest{"GET http://elsewhere/metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        BadRequest{"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 "},
        BadRequest{"DELETE /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "},
        BadRequest{"OPTIONS * HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "},
        BadRequest{"GET /metrics HTTP/9.9\r\n\r\n", "HTTP/1.1 400 "},
        BadRequest{"GET\r\n\r\n", "HTTP/1.1 400 "},
        BadRequest{"\x16\x03\x01\x02\x01\x01\r\n\r\n", "HTTP/1.1 400 "},
        BadRequest{"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 "},
        BadRequest{"GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n",
                   "HTTP/1.1 431 "},
        BadRequest{"GET /" + std::string(1'000'000, 'a') + " HTTP/1.1\r\n\r\n", "HTTP/1.1 431 "}));

TEST_F(HttpServerTest, TakesAHeaderBelowTheLimit) {
  EXPECT_THAT(
      http_exchange(port_, "GET /metrics HTTP/1.1\r\nX: " + std::string(15'000, 'a') + "\r\n\r\n"),
      EndsWith("up 1\n"));
}

TEST_F(HttpServerTest, AnswersWhileOthersStall) {
  std::vector<TestConnection> stalled;
  for (int i = 0; i < 200; ++i) {
    stalled.emplace_back(port_);
    ASSERT_TRUE(stalled.back().is_open());
    if (i % 2 == 0) stalled.back().send("GET /metrics HTT");
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(http_get(port_, "/metrics"), EndsWith("up 1\n"));
  // They hold nobody up: far below the two seconds that each of them may live.
  EXPECT_LT(since(start).count(), 1000);
}

TEST_F(HttpServerTest, EndsASessionThatDribbles) {
  const TestConnection dribbling(port_);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 12; ++i) {
    dribbling.send("G");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_EQ(dribbling.read_all(), "");
  EXPECT_LT(since(start).count(), 4000);  // two seconds, and 2.4 seconds of sleep above
}

TEST_F(HttpServerTest, ServesOnBeyondItsMostSessions) {
  start(HttpLimits{.most_sessions = 4, .session_seconds = 0.5});
  std::vector<TestConnection> idle;
  for (int i = 0; i < 8; ++i) idle.emplace_back(port_);
  const auto start_time = std::chrono::steady_clock::now();
  EXPECT_THAT(http_get(port_, "/metrics"), EndsWith("up 1\n"));
  // Two rounds of four idle sessions, half a second each, stand before it in the queue.
  EXPECT_LT(since(start_time).count(), 3000);
}

TEST_F(HttpServerTest, SurvivesClientsThatLeaveEarly) {
  for (int i = 0; i < 20; ++i) {
    TestConnection leaving(port_);
    leaving.send("GET /big HTTP/1.1\r\n\r\n");
    leaving.close();
  }
  EXPECT_THAT(http_get(port_, "/metrics"), EndsWith("up 1\n"));
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST_F(HttpServerTest, KeepsNoDescriptorOfAFinishedSession) {
  (void)http_get(port_, "/metrics");
  const auto before = open_descriptors();
  for (int i = 0; i < 300; ++i) ASSERT_THAT(http_get(port_, "/metrics"), EndsWith("up 1\n"));
  // The last session may not have seen its client's end yet.
  EXPECT_LE(open_descriptors(), before + 1);
}

TEST_F(HttpServerTest, StopsWithinASecondEvenWithOpenSessions) {
  const TestConnection open(port_);
  const auto start = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(since(start).count(), 1000);
}

TEST_F(HttpServerTest, ReportsAPortInUse) {
  const auto second =
      HttpServer::listen({"127.0.0.1", port_}, [](std::string_view) { return HttpReply{}; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::io);
  EXPECT_THAT(second.error().text(), HasSubstr("in use"));
}

struct AddressCase {
  const char* text;
  const char* address;  // nullptr: refused
  std::uint16_t port;
  bool loopback;
};

class ListenAddressTest : public ::testing::TestWithParam<AddressCase> {};

TEST_P(ListenAddressTest, IsReadOrRefused) {
  const auto where = parse_listen_address(GetParam().text);
  if (GetParam().address == nullptr) {
    ASSERT_FALSE(where);
    EXPECT_EQ(where.error().code, ErrorCode::usage);
    return;
  }
  ASSERT_TRUE(where) << where.error().text();
  EXPECT_EQ(where->address, GetParam().address);
  EXPECT_EQ(where->port, GetParam().port);
  EXPECT_EQ(is_loopback(*where), GetParam().loopback);
}

INSTANTIATE_TEST_SUITE_P(All, ListenAddressTest,
                         ::testing::Values(AddressCase{"127.0.0.1:9877", "127.0.0.1", 9877, true},
                                           AddressCase{"localhost:80", "127.0.0.1", 80, true},
                                           AddressCase{":8080", "127.0.0.1", 8080, true},
                                           AddressCase{"[::1]:9877", "::1", 9877, true},
                                           AddressCase{"0.0.0.0:9877", "0.0.0.0", 9877, false},
                                           AddressCase{"[::]:9877", "::", 9877, false},
                                           AddressCase{"9877", nullptr, 0, false},
                                           AddressCase{"::1:9877", nullptr, 0, false},
                                           AddressCase{"127.0.0.1:", nullptr, 0, false},
                                           AddressCase{"127.0.0.1:70000", nullptr, 0, false},
                                           AddressCase{"127.0.0.1:-1", nullptr, 0, false},
                                           AddressCase{"example.org:9877", nullptr, 0, false},
                                           AddressCase{"", nullptr, 0, false}));

}  // namespace
}  // namespace assay
