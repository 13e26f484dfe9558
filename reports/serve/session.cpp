#include "reports/serve/session.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace assay {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t k_most_header_bytes = 16 * 1024;
constexpr unsigned k_http_1_1 = 11;

HttpReply plain(http::status status) {
  return {static_cast<unsigned>(status), "text/plain; charset=utf-8",
          std::string(http::obsolete_reason(status)) + "\n"};
}

/// The path of a request target, or nothing when it is not of the form "/path[?query]".
std::optional<std::string_view> path_of(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  return target.substr(0, target.find('?'));
}

}  // namespace

HttpSession::HttpSession(boost::asio::ip::tcp::socket socket, const HttpHandler& handler,
                         std::function<void()> on_end)
    : stream_(std::move(socket)),
      handler_(handler),
      on_end_(std::move(on_end)),
      buffer_(std::size_t{2} * k_most_header_bytes) {
  parser_.header_limit(k_most_header_bytes);
}

HttpSession::~HttpSession() { on_end_(); }

void HttpSession::start(double seconds) {
  // Set once: a client that sends a byte now and then gets no more time than any other.
  stream_.expires_after(std::chrono::milliseconds(static_cast<int>(1000.0 * seconds)));
  http::async_read_header(stream_, buffer_, parser_,
                          [self = shared_from_this()](const boost::system::error_code& error,
                                                      std::size_t) { self->on_header(error); });
}

void HttpSession::on_header(const boost::system::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return send(plain(http::status::request_header_fields_too_large), false);
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return;
  if (error && error.category() == http::make_error_code(http::error::bad_method).category()) {
    return send(plain(http::status::bad_request), false);
  }
  if (error) return;  // the time is over, or the client is gone
  const auto& request = parser_.get();
  const bool head = request.method() == http::verb::head;
  if (!head && request.method() != http::verb::get) {
    return send(plain(http::status::method_not_allowed), false);
  }
  const std::string_view target(request.target().data(), request.target().size());
  const auto path = path_of(target);
  if (!path) return send(plain(http::status::bad_request), head);
  send(handler_(*path), head);
}

void HttpSession::send(const HttpReply& reply, bool head_only) {
  response_.version(k_http_1_1);
  response_.result(reply.status);
  response_.set(http::field::content_type, reply.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  if (reply.status == static_cast<unsigned>(http::status::method_not_allowed)) {
    response_.set(http::field::allow, "GET, HEAD");
  }
  response_.keep_alive(false);
  response_.body() = reply.body;
  response_.prepare_payload();
  serializer_ = std::make_unique<http::response_serializer<http::string_body>>(response_);
  auto on_sent = [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
    if (error) return;
    boost::system::error_code gone;
    if (self->stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, gone)) return;
    self->drain();
  };
  if (head_only) {
    http::async_write_header(stream_, *serializer_, std::move(on_sent));
  } else {
    http::async_write(stream_, *serializer_, std::move(on_sent));
  }
}

/// Reads what the client still sends until it closes: closing first would reset the connection and
/// might take the answer with it.
void HttpSession::drain() {
  stream_.async_read_some(
      boost::asio::buffer(discarded_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
        if (!error) self->drain();
      });
}

}  // namespace assay
