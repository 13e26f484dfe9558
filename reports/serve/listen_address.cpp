#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/text.hpp"
#include "reports/http_server.hpp"

namespace assay {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto refuse = [text](std::string_view found) {
    return fail(ErrorCode::usage, fmt::format("'{}' {}", printable(text, 80), found), "--listen",
                "an address and a port are expected, for example 127.0.0.1:9877 or [::1]:9877");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("has no port");
  ListenAddress where;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), where.port);
  if (problem != std::errc{} || end != port.data() + port.size()) {
    return refuse("has no port between 0 and 65535");
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return refuse("has an IPv6 address without brackets");
  }
  if (host.empty() || host == "localhost") return where;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error) return refuse("holds no IP address (names are not resolved)");
  where.address = address.to_string();
  return where;
}

bool is_loopback(const ListenAddress& where) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(where.address, error);
  return !error && address.is_loopback();
}

std::string listen_address_text(const ListenAddress& where) {
  const bool is_v6 = where.address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", where.address, where.port)
               : fmt::format("{}:{}", where.address, where.port);
}

}  // namespace assay
