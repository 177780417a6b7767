#include "app/doctor_server.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <variant>

#include "app/discovery.h"
#include "app/exchange.h"
#include "app/http_date.h"
#include "app/output.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Two addresses may have to be asked. Beside the keyring's calls it leaves a doctor at 20 s.
constexpr milliseconds kServerBudget{10'000};

/// How long the answer has been in a cache (RFC 9111 section 5.1): its date is so much older.
seconds AgeOf(const HttpResponse& response) {
  const std::string text = response.age.value_or("");
  std::uint32_t age = 0;
  std::from_chars(text.data(), text.data() + text.size(), age);
  return seconds(age);
}

/// The questions of one examination, which have one budget, and what time the last answer told.
class Inquiry {
 public:
  explicit Inquiry(Context& context)
      : context_(context), deadline_(context.edges.clock.SteadyNow() + kServerBudget) {}

  HttpResult Ask(const std::string& url) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline_ - context_.edges.clock.SteadyNow());
    Patience patience;
    patience.total = std::clamp(left, milliseconds(1), patience.total);
    HttpResult result = Get(context_, url, patience);
    if (const auto* response = std::get_if<HttpResponse>(&result)) {
      std::optional<UnixTime> there =
          response->date ? ParseHttpDate(*response->date) : std::nullopt;
      if (there) {
        *there += AgeOf(*response);
      }
      clock_ = CheckClock(context_.edges.clock.Now(), there);
    }
    return result;
  }

  /// Nothing when there was no answer.
  [[nodiscard]] const std::optional<Check>& clock() const { return clock_; }

 private:
  Context& context_;
  SteadyTime deadline_;
  std::optional<Check> clock_;
};

Check CheckRoute(Context& context) {
  const auto route =
      context.edges.http.DescribeRoute(context.profile.issuer, context.profile.allow_http_loopback);
  if (const auto* failure = std::get_if<TransportFailure>(&route)) {
    return {Outcome::kTrouble, "proxy", failure->reason, HintFor(*failure)};
  }
  return {Outcome::kGood, "proxy", "the issuer is reached " + std::get<std::string>(route), ""};
}

/// A certificate is also refused when it is this computer that has the wrong date.
std::string FixOf(const Error& error, UnixTime now) {
  const std::string message = error.what();
  const bool is_about_time = message.find("certificate has expired") != std::string::npos ||
                             message.find("certificate is not yet valid") != std::string::npos;
  return is_about_time ? "check this computer's clock, which says " + FormatTime(now) +
                             "; if it is right, the server's administrator must renew the "
                             "certificate"
                       : error.hint();
}

Check MakeIssuerCheck(const Profile& profile) {
  const bool is_secure = profile.issuer.starts_with("https:");
  return {Outcome::kGood, "issuer",
          profile.issuer + " answers" +
              (is_secure ? ", and its certificate verifies" : " over plain http"),
          ""};
}

}  // namespace

Check CheckEndpoints(const oauth::ServerMetadata& metadata) {
  std::string names = "token";
  names += metadata.device_authorization_endpoint ? ", device authorization" : "";
  names += metadata.authorization_endpoint ? ", authorization" : "";
  if (metadata.revocation_endpoint) {
    return {Outcome::kGood, "endpoints", names + ", revocation", ""};
  }
  return {Outcome::kNote, "endpoints",
          names + "; no revocation, so 'logout' ends the login here only", ""};
}

Check CheckClock(UnixTime here, std::optional<UnixTime> there) {
  // A date has whole seconds, and an answer takes a moment; servers forgive about a minute.
  constexpr seconds kNoteworthy{60};
  // The leeway of ID token checks is minutes at most (OpenID Connect Core 1.0 section 2, exp).
  constexpr seconds kTooMuch{300};
  if (!there) {
    return {Outcome::kNote, "clock", "not compared: the server does not say what time it has", ""};
  }
  const seconds difference = here - *there;
  const seconds distance = std::chrono::abs(difference);
  if (distance <= kNoteworthy) {
    return {Outcome::kGood, "clock", "agrees with the server's", ""};
  }
  return {distance > kTooMuch ? Outcome::kTrouble : Outcome::kNote, "clock",
          "this computer's clock is " + FormatDuration(distance) +
              (difference.count() > 0 ? " ahead of" : " behind") + " the server's",
          "set the clock (timedatectl set-ntp true); a sign-in fails when it is far off"};
}

ServerFindings ExamineServer(Context& context, bool offline) {
  ServerFindings findings;
  findings.checks.push_back(CheckRoute(context));
  if (offline) {
    findings.checks.push_back({Outcome::kNote, "issuer", "not asked (--offline)", ""});
    return findings;
  }
  Inquiry inquiry(context);
  try {
    findings.metadata =
        Discover(context.profile, [&](const std::string& url) { return inquiry.Ask(url); });
    findings.checks.push_back(MakeIssuerCheck(context.profile));
    findings.checks.push_back(CheckEndpoints(*findings.metadata));
  } catch (const Error& error) {
    findings.checks.push_back(
        {Outcome::kTrouble, "issuer", error.what(), FixOf(error, context.edges.clock.Now())});
  }
  if (inquiry.clock()) {
    findings.checks.push_back(*inquiry.clock());
  }
  return findings;
}

}  // namespace grokauth::app
