// Sends one request through the real HTTP edge and prints what came of it, as one line of JSON.
// For test_http.py.

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "app/error.h"
#include "edge/http_client.h"
#include "edge/interrupts.h"

namespace {

using grokauth::app::HttpRequest;
using grokauth::app::HttpResponse;
using grokauth::app::TransportFailure;

/// Bodies up to this size are printed.
constexpr std::size_t kShort = 256;

std::optional<std::string> Variable(const std::vector<const char*>& names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
      return value;
    }
  }
  return std::nullopt;
}

grokauth::edge::NetworkEnvironment ReadEnvironment() {
  return {Variable({"SSL_CERT_FILE"}), Variable({"SSL_CERT_DIR"}),
          Variable({"https_proxy", "HTTPS_PROXY"}), Variable({"all_proxy", "ALL_PROXY"}),
          Variable({"no_proxy", "NO_PROXY"})};
}

std::string Json(const std::string& text) {
  std::ostringstream out;
  out << '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      out << "\\u00" << std::hex << std::setw(2) << std::setfill('0') << int{byte};
    } else {
      out << c;
    }
  }
  out << '"';
  return out.str();
}

const char* Word(TransportFailure::Cause cause) {
  using Cause = TransportFailure::Cause;
  switch (cause) {
    case Cause::kUrl:
      return "url";
    case Cause::kTrust:
      return "trust";
    case Cause::kResolve:
      return "resolve";
    case Cause::kConnect:
      return "connect";
    case Cause::kProxy:
      return "proxy";
    case Cause::kCertificate:
      return "certificate";
    case Cause::kTls:
      return "tls";
    case Cause::kTimeout:
      return "timeout";
    case Cause::kBroken:
      return "broken";
  }
  return "?";
}

/// FNV-1a, 64 bits: enough to tell whether a large body is the one that was sent.
std::uint64_t Digest(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

std::string Describe(const HttpResponse& response) {
  std::ostringstream out;
  out << "\"status\": " << response.status << ", \"content_type\": " << Json(response.content_type)
      << ", \"retry_after\": " << (response.retry_after ? Json(*response.retry_after) : "null")
      << ", \"date\": " << (response.date ? Json(*response.date) : "null")
      << ", \"age\": " << (response.age ? Json(*response.age) : "null")
      << ", \"length\": " << response.body.size() << ", \"fnv\": \"" << std::hex
      << Digest(response.body) << "\"";
  if (response.body.size() <= kShort) {
    out << ", \"body\": " << Json(response.body);
  }
  return out.str();
}

std::string Describe(const TransportFailure& failure) {
  return std::string("\"cause\": \"") + Word(failure.cause) +
         "\", \"maybe_received\": " + (failure.maybe_received ? "true" : "false") +
         ", \"reason\": " + Json(failure.reason);
}

/// A form is given as it is, or as the name of its file after an `@`.
std::string ReadForm(const std::string& word) {
  if (word.substr(0, 1) != "@") {
    return word;
  }
  std::ifstream file(word.substr(1), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

HttpRequest ParseArguments(std::vector<std::string> arguments) {
  HttpRequest request;
  const auto take = [&arguments] {
    if (arguments.empty()) {
      throw std::invalid_argument("too few arguments");
    }
    std::string value = arguments.front();
    arguments.erase(arguments.begin());
    return value;
  };
  std::string word = take();
  for (; word.substr(0, 2) == "--"; word = take()) {
    if (word == "--ca") {
      request.ca_file = take();
    } else if (word == "--allow-http-loopback") {
      request.allow_http_loopback = true;
    } else if (word == "--connect-ms") {
      request.connect_timeout = std::chrono::milliseconds(std::stoi(take()));
    } else if (word == "--total-ms") {
      request.total_timeout = std::chrono::milliseconds(std::stoi(take()));
    } else {
      throw std::invalid_argument("unknown option " + word);
    }
  }
  request.method = word == "POST" ? HttpRequest::Method::kPost : HttpRequest::Method::kGet;
  request.url = take();
  request.form = arguments.empty() ? "" : ReadForm(take());
  return request;
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  signal(SIGPIPE, SIG_IGN);
  try {
    const HttpRequest request = ParseArguments({argv + 1, argv + argc});
    grokauth::edge::Interrupts interrupts(grokauth::edge::Interrupts::Watch::kSignals);
    grokauth::edge::PocoHttpClient client(interrupts, ReadEnvironment());
    const auto start = Clock::now();
    std::string text;
    int status = 0;
    try {
      text = std::visit([](const auto& result) { return Describe(result); }, client.Send(request));
    } catch (const grokauth::app::Interrupted& interrupted) {
      text = "\"interrupted\": " + std::to_string(interrupted.signal());
      status = 128 + interrupted.signal();
    }
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    std::cout << "{" << text << ", \"elapsed_ms\": " << elapsed.count() << "}\n";
    return status;
  } catch (const std::exception& error) {
    std::cerr << "http_probe: " << error.what() << "\n";
    return 2;
  }
}
