#include "edge/http_message.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/NetException.h>
#include <Poco/String.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "edge/http_body.h"
#include "edge/http_failure.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

/// Poco caps the number of fields (100) and the length of each (8 KiB); this caps their sum.
constexpr std::size_t kMaxHead = std::size_t{64} * 1024;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kBearer = "Authorization: Bearer ";

/// What broke the connection, for a reason.
std::string BrokenReason(const Poco::Exception& error) {
  if (dynamic_cast<const Poco::Net::ConnectionResetException*>(&error) != nullptr) {
    return "the connection was reset";
  }
  return "the connection was cut off";
}

[[noreturn]] void ThrowMalformed() {
  throw Failure(Cause::kBroken, "the answer is not a valid HTTP answer");
}

/// The status in "HTTP/1.1 200 OK" (RFC 9112 section 4). Not left to Poco, whose type for it has no
/// room for 520 and the like.
int ParseStatus(const std::string& line) {
  const auto is_digit = [&line](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
  if (line.size() < 12 || line.compare(0, 7, "HTTP/1.") != 0 || !is_digit(7) || line[8] != ' ' ||
      !is_digit(9) || !is_digit(10) || !is_digit(11) || (line.size() > 12 && is_digit(12))) {
    ThrowMalformed();
  }
  const int status = std::stoi(line.substr(9, 3));
  if (status < 100 || status > 599) {
    ThrowMalformed();
  }
  return status;
}

/// The header field as sent; nothing when there is none.
std::optional<std::string> Field(const Head& head, const std::string& name) {
  return head.fields.has(name) ? std::optional(head.fields.get(name)) : std::nullopt;
}

bool EndsHead(const std::string& head) {
  const auto ends_with = [&head](std::string_view end) {
    return head.size() >= end.size() &&
           head.compare(head.size() - end.size(), end.size(), end) == 0;
  };
  return ends_with("\n\r\n") || ends_with("\n\n");
}

}  // namespace

bool ByteReader::Fill() {
  if (HasMore()) {
    return true;
  }
  try {
    const int count = socket_.receiveBytes(buffer_.data(), static_cast<int>(buffer_.size()));
    next_ = 0;
    end_ = static_cast<std::size_t>(std::max(count, 0));
    has_ended_ = count <= 0;
  } catch (const Poco::Exception& error) {
    throw Failure(Cause::kBroken, BrokenReason(error));
  }
  return HasMore();
}

char ByteReader::Get() {
  if (!Fill()) {
    throw Failure(Cause::kBroken, "the answer is truncated");
  }
  return buffer_[next_++];
}

void ByteReader::Append(std::string& text, std::size_t count) {
  while (count > 0 && Fill()) {
    const std::size_t step = std::min(count, end_ - next_);
    text.append(buffer_.data() + next_, step);
    next_ += step;
    count -= step;
  }
}

std::string UserAgent() {
  return "grok-auth/" GROK_AUTH_VERSION;
}

void SendAll(Poco::Net::StreamSocket& socket, const std::string& text) {
  try {
    if (socket.sendBytes(text.data(), static_cast<int>(text.size())) ==
        static_cast<int>(text.size())) {
      return;
    }
  } catch (const Poco::Exception& error) {
    throw Failure(Cause::kBroken, BrokenReason(error));
  }
  throw Failure(Cause::kBroken, "the connection was cut off");
}

void SendRequest(Poco::Net::StreamSocket& socket, const app::HttpRequest& request,
                 const Target& target) {
  using Poco::Net::HTTPRequest;
  const bool is_post = request.method == app::HttpRequest::Method::kPost;
  HTTPRequest head(is_post ? HTTPRequest::HTTP_POST : HTTPRequest::HTTP_GET, target.path_and_query,
                   HTTPRequest::HTTP_1_1);
  const std::string authority = HostAndPort(target.host, target.port);
  const bool is_default_port = target.port == (target.secure ? 443 : 80);
  head.setHost(is_default_port ? authority.substr(0, authority.rfind(':')) : authority);
  head.set("User-Agent", UserAgent());
  head.set("Accept", "application/json");
  head.set("Accept-Encoding", "identity");
  head.setKeepAlive(false);
  if (is_post) {
    head.setContentType("application/x-www-form-urlencoded");
    head.setContentLength64(static_cast<Poco::Int64>(request.form.size()));
  }
  std::ostringstream stream;
  head.write(stream);
  std::string start = stream.str();
  start.resize(start.size() - kLineEnd.size());
  const std::size_t token_size = request.bearer_token ? request.bearer_token->size() : 0;
  SecretText message;
  message.text.reserve(start.size() + kBearer.size() + token_size + 2 * kLineEnd.size() +
                       request.form.size());
  message.text += start;
  if (request.bearer_token) {
    message.text += kBearer;
    message.text += *request.bearer_token;
    message.text += kLineEnd;
  }
  message.text += kLineEnd;
  if (is_post) {
    message.text += request.form;
  }
  SendAll(socket, message.text);
}

Head ReadHead(ByteReader& reader, std::size_t max_size) {
  if (!reader.Fill()) {
    throw Failure(Cause::kBroken, "the connection was closed without an answer");
  }
  // The end is looked for here because Poco takes a head that breaks off for a whole one.
  std::string head;
  while (!EndsHead(head)) {
    if (head.size() == max_size) {
      throw Failure(Cause::kBroken, "the head of the answer is too large");
    }
    head += reader.Get();
  }
  const std::size_t line_end = head.find('\n');
  Head result{ParseStatus(head.substr(0, line_end)), {}};
  try {
    std::istringstream stream(head.substr(line_end + 1));
    result.fields.read(stream);
  } catch (const Poco::Exception&) {
    ThrowMalformed();
  }
  return result;
}

app::HttpResponse ReadAnswer(ByteReader& reader) {
  Head head = ReadHead(reader, kMaxHead);
  // Interim answers (RFC 9110 section 15.2) come in any number; the deadline bounds them. 101 would
  // end HTTP on this connection, and nobody asked for it.
  while (head.status < 200 && head.status != 101) {
    head = ReadHead(reader, kMaxHead);
  }
  if (head.status < 200) {
    ThrowMalformed();
  }
  if (const std::string encoding = head.fields.get("Content-Encoding", "identity");
      Poco::icompare(encoding, "identity") != 0) {
    throw Failure(Cause::kBroken, "the answer is compressed although nobody asked for that");
  }
  app::HttpResponse response;
  response.status = head.status;
  response.content_type = head.fields.get("Content-Type", "");
  response.retry_after = Field(head, "Retry-After");
  response.date = Field(head, "Date");
  response.age = Field(head, "Age");
  SecretText body;
  ReadBody(reader, head, body.text);
  response.body = std::move(body.text);
  return response;
}

}  // namespace grokauth::edge::http
