#include "app/refresh_worker.h"

#include <algorithm>
#include <utility>

#include "app/best_effort.h"
#include "app/discovery.h"
#include "app/exchange.h"
#include "app/freshness.h"
#include "app/keyring_trouble.h"
#include "app/refresh_verdict.h"
#include "app/revocation.h"

namespace grokauth::app {

namespace {

// Giving up on an answer costs a login, waiting costs nothing.
constexpr Patience kRefreshPatience{std::chrono::seconds(5), std::chrono::seconds(65)};

/// One refresh of one token set.
class RefreshTask {
 public:
  RefreshTask(Context& context, const StoredLogin& login) : context_(context), login_(login) {}

  WorkerReport Run() {
    const std::unique_ptr<Reservation> reservation = context_.store.ReserveTokenSet();
    // A login that waits in the file for its keyring moves first. If it cannot, its successor stays
    // in the file too: with one in each place, the older could be taken for the login.
    into_keyring_ = login_.tokens->place == Place::kLibsecret &&
                    (!login_.in_file || context_.store.MoveIntoKeyring(*login_.tokens));
    const bool unchanged =
        context_.store.UpdateRecord(login_.store_id, [this](RefreshRecord& record) {
          attempt_ = ++record.attempts;
          record.last_start = context_.edges.clock.Now();
        });
    if (!unchanged) {
      return ReportedChange{};
    }
    const oauth::RefreshTokenGrant grant{*login_.tokens->refresh_token};
    sent_at_ = context_.edges.clock.Now();
    const HttpResult result =
        Post(context_, login_.tokens->token_endpoint,
             oauth::MakeTokenRequest(grant, context_.profile.client_id), kRefreshPatience);
    RefreshVerdict verdict = JudgeRefresh(result, context_.profile);
    if (const auto* response = std::get_if<oauth::TokenResponse>(&verdict)) {
      return Save(*response, *reservation);
    }
    if (const auto* ended = std::get_if<LoginEnded>(&verdict)) {
      return EndLogin(*ended);
    }
    return Fail(std::get<RefreshFailed>(verdict), *reservation);
  }

 private:
  [[nodiscard]] RefreshOutcome Outcome(const std::string& word, const Error* error) const {
    return {attempt_,
            context_.edges.clock.Now(),
            word,
            error != nullptr ? error->what() : "",
            error != nullptr ? error->hint() : "",
            false};
  }

  WorkerReport Save(const oauth::TokenResponse& response, Reservation& reservation) {
    // The lifetime counts from the request: the answer may have been long on its way, over a
    // suspend of the machine for example. Unless the clock was set back meanwhile.
    const UnixTime minted_at = std::min(sent_at_, context_.edges.clock.Now());
    const TokenSet tokens = MakeTokenSet(response, context_.profile, &*login_.tokens, minted_at);
    ReportedToken report{{tokens.access_token, tokens.expires_at, VersionOf(tokens)}, {}};
    try {
      if (!SaveOrDrop(tokens, reservation, Outcome(kRefreshedWord, nullptr))) {
        return ReportedChange{};
      }
    } catch (const Error& error) {
      report.warning = std::string("the new token could not be stored: ") + error.what();
    }
    return report;
  }

  /// False when the login was replaced or signed out meanwhile.
  bool SaveOrDrop(const TokenSet& tokens, Reservation& reservation, const RefreshOutcome& outcome) {
    const SaveResult result =
        context_.store.SaveRefreshed(tokens, reservation, into_keyring_, outcome);
    if (result != SaveResult::kSaved) {
      Drop(tokens, result);
    }
    return result == SaveResult::kSaved;
  }

  /// What the server gave belongs to a login that is no longer ours. It is revoked, unless the same
  /// person has signed in anew: a server may then revoke the new login with it.
  void Drop(const TokenSet& tokens, SaveResult result) {
    if (result == SaveResult::kSignedOut || IsOtherPerson(tokens)) {
      static_cast<void>(Revoke(context_, tokens));
    }
  }

  /// Whether the login that took the place of this one is known to be somebody else's.
  bool IsOtherPerson(const TokenSet& tokens) {
    try {
      const StoredLogin now = context_.store.Load();
      return tokens.account && now.tokens && now.tokens->account &&
             now.tokens->account->sub != tokens.account->sub;
    } catch (const Error&) {
      return false;
    }
  }

  WorkerReport EndLogin(const LoginEnded& ended) {
    const StoredLogin now = context_.store.Load();
    if (!now.tokens || now.tokens->refresh_token != login_.tokens->refresh_token) {
      return ReportedChange{};  // somebody saved a newer one: that is the login
    }
    const Error error(ErrorKind::kLoginRequired, "the login has ended: " + ended.reason,
                      LoginHint(context_.profile));
    RefreshOutcome outcome = Outcome(kLoginEndedWord, &error);
    NoteInRecord(context_, login_.store_id, [&](RefreshRecord& record) {
      MarkDead(record, *login_.tokens->refresh_token);
      record.last = std::move(outcome);
    });
    return ReportedFailure{error, false};
  }

  WorkerReport Fail(const RefreshFailed& failed, Reservation& reservation) {
    if (failed.endpoint_may_have_moved && CorrectEndpoints()) {
      return ReportedMove{};  // not on record: the attempt goes on with the next worker
    }
    RefreshOutcome outcome = Outcome(MachineWord(failed.error.kind()), &failed.error);
    outcome.is_transport = failed.is_transport;
    if (failed.refresh_token) {
      return KeepRefreshToken(failed, reservation, outcome);
    }
    NoteInRecord(context_, login_.store_id,
                 [&](RefreshRecord& record) { record.last = std::move(outcome); });
    return ReportedFailure{failed.error, failed.is_transport};
  }

  /// The answer was of no use but for its refresh token. The access token beside it is the old one,
  /// no news to anybody, and counts as expired.
  WorkerReport KeepRefreshToken(const RefreshFailed& failed, Reservation& reservation,
                                const RefreshOutcome& outcome) {
    TokenSet tokens = *login_.tokens;
    tokens.generation += 1;
    tokens.refresh_token = failed.refresh_token;
    tokens.expires_at = tokens.minted_at;
    try {
      if (!SaveOrDrop(tokens, reservation, outcome)) {
        return ReportedChange{};
      }
    } catch (const Error& error) {
      return ReportedFailure{
          Error(error.kind(),
                std::string(failed.error.what()) +
                    "; and the refresh token that came with the answer could not be stored: " +
                    error.what(),
                error.hint()),
          failed.is_transport};
    }
    return ReportedFailure{failed.error, failed.is_transport};
  }

  /// Asks the issuer again where its token endpoint is; true when it is elsewhere now. The request
  /// itself is left to the next worker: this one may have been heard.
  bool CorrectEndpoints() {
    try {
      const oauth::ServerMetadata metadata = Discover(context_);
      if (metadata.token_endpoint == login_.tokens->token_endpoint) {
        return false;
      }
      context_.store.SaveEndpoints(VersionOf(*login_.tokens), metadata);
      return true;
    } catch (const Error& error) {
      context_.messages.Detail(error.what());
      return false;
    }
  }

  Context& context_;
  const StoredLogin& login_;
  bool into_keyring_ = false;
  std::int64_t attempt_ = 0;
  UnixTime sent_at_{};
};

}  // namespace

WorkerReport RunRefreshWorker(Context& context) {
  try {
    const StoredLogin login = context.store.Load();
    if (login.trouble) {
      return ReportedFailure{MakeKeyringError(*login.trouble, context.profile), false};
    }
    if (!CanRefresh(login, context.profile)) {
      return ReportedChange{};
    }
    return RefreshTask(context, login).Run();
  } catch (const Error& error) {
    return ReportedFailure{error, false};
  } catch (const std::exception& error) {
    return ReportedFailure{
        Error(ErrorKind::kStore, std::string("the refresh failed: ") + error.what()), false};
  }
}

}  // namespace grokauth::app
