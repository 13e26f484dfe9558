#include "reports/http_server.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "reports/serve/session.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// How often a stop is looked for; also the pause after a failed accept (no descriptors left).
constexpr std::chrono::milliseconds k_tick{100};
constexpr int k_backlog = 512;

}  // namespace

struct HttpServer::State {
  State(HttpHandler answer, const HttpLimits& bounds)
      : handler(std::move(answer)), limits(bounds) {}
  ~State() { is_stopping = true; }  // sessions that end with the context accept no more
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  HttpHandler handler;
  HttpLimits limits;
  std::size_t sessions = 0;
  bool is_accepting = false;
  bool is_stopping = false;
  // Below what the sessions refer to: they end with the context.
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer stop_timer{context};
  asio::steady_timer accept_timer{context};

  Result<void> listen(const ListenAddress& where);
  void accept();
  void on_accept(const boost::system::error_code& error, tcp::socket socket);
  void watch(const std::stop_token& stop);
};

Result<void> HttpServer::State::listen(const ListenAddress& where) {
  boost::system::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(where.address, error), where.port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(k_backlog, error);
  if (!error) return {};
  return fail(ErrorCode::io, fmt::format("cannot listen: {}", error.message()),
              listen_address_text(where), "choose another address or port with --listen ADDR:PORT");
}

void HttpServer::State::accept() {
  if (is_accepting || is_stopping || sessions >= limits.most_sessions) return;
  is_accepting = true;
  acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    on_accept(error, std::move(socket));
  });
}

void HttpServer::State::on_accept(const boost::system::error_code& error, tcp::socket socket) {
  is_accepting = false;
  if (is_stopping) return;
  if (error) {
    accept_timer.expires_after(k_tick);
    accept_timer.async_wait([this](const boost::system::error_code& aborted) {
      if (!aborted) accept();
    });
    return;
  }
  ++sessions;
  const auto session = std::make_shared<HttpSession>(std::move(socket), handler, [this] {
    --sessions;
    accept();
  });
  session->start(limits.session_seconds);
  accept();
}

void HttpServer::State::watch(const std::stop_token& stop) {
  if (stop.stop_requested()) {
    is_stopping = true;
    context.stop();
    return;
  }
  stop_timer.expires_after(k_tick);
  stop_timer.async_wait([this, &stop](const boost::system::error_code& aborted) {
    if (!aborted) watch(stop);
  });
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::listen(const ListenAddress& where, HttpHandler handler,
                                      const HttpLimits& limits) {
  try {
    auto state = std::make_unique<State>(std::move(handler), limits);
    if (auto listening = state->listen(where); !listening) return pass_on(listening);
    return HttpServer(std::move(state));
  } catch (const std::exception& problem) {  // no descriptor for the event queue
    return fail(ErrorCode::io, problem.what(), listen_address_text(where));
  }
}

ListenAddress HttpServer::where() const {
  boost::system::error_code error;
  const tcp::endpoint endpoint = state_->acceptor.local_endpoint(error);
  if (error) return {};
  return {endpoint.address().to_string(), endpoint.port()};
}

Result<void> HttpServer::run(const std::stop_token& stop) {
  try {
    state_->watch(stop);
    state_->accept();
    state_->context.run();
    return {};
  } catch (const std::exception& problem) {
    return fail(ErrorCode::internal, problem.what(), "server");
  }
}

}  // namespace assay
