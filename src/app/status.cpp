#include "app/status.h"

#include <algorithm>
#include <sstream>

#include "app/keyring_trouble.h"
#include "app/login_state.h"
#include "app/model_cache.h"
#include "app/model_list.h"
#include "app/output.h"
#include "app/refresh_verdict.h"
#include "app/tier.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

std::string DescribeToken(const Status& status) {
  if (!status.left) {
    return "valid until the server refuses it";
  }
  const std::string then =
      status.refreshable ? "renewed at the next run" : "then a new sign-in is needed";
  return status.left->count() > 0 ? "valid for " + FormatDuration(*status.left) + ", " +
                                        (status.refreshable ? "renewed without you" : then)
                                  : "expired " + FormatDuration(-*status.left) + " ago, " +
                                        (status.refreshable ? then : "a new sign-in is needed");
}

constexpr std::size_t kNameWidth = 15;
// Longer ones are not granted by anybody.
constexpr std::size_t kLongestScope = 5000;

/// `value` may have several lines. None of it reaches the terminal as anything but text: files can
/// be changed by others.
std::string Row(const std::string& name, const std::string& value) {
  constexpr std::size_t kLongestLine = 5000;  // a path may be long
  const std::string label = name + ":";
  std::string row = label + std::string(kNameWidth - std::min(label.size(), kNameWidth - 1), ' ');
  std::istringstream lines(value);
  bool is_first = true;
  for (std::string line; std::getline(lines, line); is_first = false) {
    row += (is_first ? "" : "\n" + std::string(kNameWidth, ' ')) +
           oauth::Printable(line, kLongestLine);
  }
  return row + "\n";
}

/// A line of its own, below the value of a row.
constexpr const char* kTriedAgain = "\nit will be tried again at the next run";

/// An attempt that has not ended: it is under way, or its process was killed. One that is older
/// than the token ended by finding another's.
bool IsUnfinished(const StoredLogin& login) {
  return login.record.attempts > LastEndedAttempt(login.record) &&
         !(login.tokens && login.tokens->minted_at > login.record.last_start);
}

std::string DescribeUnfinished(std::chrono::seconds age) {
  // As long as a worker lives: it waits 65 s for an answer, and then saves.
  constexpr std::chrono::seconds kLongestRefresh{80};
  const std::string started = "started " + FormatDuration(age) + " ago";
  return age < kLongestRefresh ? started + ", not answered yet"
                               : started + " and cut off" + kTriedAgain;
}

std::string DescribeFailure(const RefreshOutcome& outcome) {
  const std::string prefix = std::string(kTheRefresh) + " failed: ";
  return outcome.message.starts_with(prefix) ? outcome.message.substr(prefix.size())
                                             : outcome.message;
}

/// What became of the last refresh; nothing when there was none.
std::optional<std::string> DescribeLastRefresh(const Status& status, UnixTime now) {
  const RefreshRecord& record = status.login.record;
  if (IsUnfinished(status.login)) {
    return DescribeUnfinished(now - record.last_start);
  }
  if (!record.last) {
    return std::nullopt;
  }
  const std::string when = FormatDuration(now - record.last->at) + " ago";
  if (record.last->word == kRefreshedWord) {
    return "succeeded " + when;
  }
  return "failed " + when + ": " + DescribeFailure(*record.last) +
         (status.refreshable ? kTriedAgain : "");
}

std::string DescribeStore(Context& context, const StoredLogin& login) {
  if (login.IsRescued()) {
    return context.store.FilePath() + " (until the keyring takes it)";
  }
  return login.in_file ? context.store.FilePath() : "the keyring";
}

std::string DescribeTier(const Tier& tier, const Profile& profile) {
  const std::optional<std::string> offer = UsualOffer(tier);
  const std::string level = ShortName(tier) + " (level " + std::to_string(tier.level) + ")";
  return profile.is_xai && offer ? level + ": " + *offer + ", but the server decides" : level;
}

/// Something is stored that is not this profile's login.
std::optional<std::string> DescribeUnused(Context& context, const Status& status) {
  if (!status.foreign_issuer.empty()) {
    return "a login at " + status.foreign_issuer +
           " or of another client is stored under this name; it is not used";
  }
  if (status.login.fault) {
    return "the login in " + DescribeStore(context, status.login) + " " +
           status.login.fault->reason;
  }
  return std::nullopt;
}

std::string MakeTable(Context& context, const Status& status) {
  std::string table = Row("profile", context.profile.name) + Row("issuer", context.profile.issuer) +
                      Row("status", StateWord(status.state));
  if (status.login.trouble) {
    return table + Row("stored in", "the keyring; but " + DescribeKeyring(*status.login.trouble)) +
           Row("what to do", KeyringHint(*status.login.trouble, context.profile));
  }
  if (!status.login.tokens) {
    const std::optional<std::string> note = DescribeUnused(context, status);
    return table + (note ? Row("note", *note) : "");
  }
  const TokenSet& tokens = *status.login.tokens;
  if (tokens.account) {
    const oauth::Account& account = *tokens.account;
    table += Row("account", account.email.value_or(account.sub) +
                                (account.name ? " (" + *account.name + ")" : ""));
  }
  if (const std::optional<Tier> tier = PeekTier(tokens.access_token)) {
    table += Row("tier", DescribeTier(*tier, context.profile));
  }
  table += tokens.credential == Credential::kApiKey ? Row("credential", "API key")
                                                    : Row("token", DescribeToken(status));
  table += Row("stored in", DescribeStore(context, status.login));
  if (const auto text = DescribeLastRefresh(status, context.edges.clock.Now())) {
    table += Row("last refresh", *text);
  }
  return table;
}

oauth::JsonObject MakeAccount(const oauth::Account& account) {
  oauth::JsonObject object;
  object.SetIf("email", account.email).SetIf("name", account.name).Set("sub", account.sub);
  return object;
}

oauth::JsonObject MakeTier(const Tier& tier) {
  oauth::JsonObject object;
  object.Set("level", tier.level).Set("name", tier.name);
  return object;
}

std::optional<oauth::JsonObject> MakeLastRefresh(const StoredLogin& login) {
  const RefreshRecord& record = login.record;
  oauth::JsonObject object;
  if (IsUnfinished(login)) {
    return object.Set("at", FormatTime(record.last_start)).Set("outcome", "unfinished");
  }
  if (!record.last) {
    return std::nullopt;
  }
  object.Set("at", FormatTime(record.last->at)).Set("outcome", record.last->word);
  if (!record.last->message.empty()) {
    object.Set("error", record.last->message);
  }
  return object;
}

/// The models that are known without asking anybody.
void AddModels(Context& context, oauth::JsonObject& answer) {
  const std::optional<ModelList> list = ReadCachedModels(context);
  if (list) {
    const std::vector<Model> models = ListModels(*list, /*all=*/false);
    answer.SetIf("default_model_id", DefaultModelId(models))
        .Set("models", MakeModelObjects(models));
  }
}

}  // namespace

oauth::JsonObject MakeStatusAnswer(Context& context) {
  const Status status = LookAtStatus(context);
  oauth::JsonObject answer;
  answer.Set("ok", true)
      .Set("status", StateWord(status.state))
      .Set("profile", context.profile.name)
      .Set("issuer", context.profile.issuer);
  if (status.login.trouble) {
    answer.Set("store", PlaceWord(Place::kLibsecret))
        .Set("message", DescribeKeyring(*status.login.trouble))
        .Set("hint", KeyringHint(*status.login.trouble, context.profile));
    return answer;
  }
  if (const std::optional<std::string> note = DescribeUnused(context, status)) {
    answer.Set("message", *note).Set("hint", LoginHint(context.profile));
  } else if (status.state == LoginState::kExpired) {
    answer.Set("message", "the login has ended: a person must sign in again")
        .Set("hint", LoginHint(context.profile));
  }
  if (!status.login.tokens) {
    return answer;
  }
  const TokenSet& tokens = *status.login.tokens;
  answer.Set("credential", CredentialWord(tokens.credential));
  if (tokens.account) {
    answer.Set("account", MakeAccount(*tokens.account));
  }
  if (const std::optional<Tier> tier = PeekTier(tokens.access_token)) {
    answer.Set("tier", MakeTier(*tier));
  }
  if (tokens.expires_at) {
    answer.Set("expires_at", FormatTime(*tokens.expires_at))
        .Set("expires_in_seconds",
             static_cast<std::int64_t>(std::max<std::int64_t>(status.left->count(), 0)));
  }
  answer.Set("refreshable", status.refreshable)
      .Set("scopes", oauth::SplitScopes(oauth::Printable(tokens.scope.value_or(""), kLongestScope)))
      .Set("store", PlaceWord(status.login.in_file ? Place::kFile : Place::kLibsecret));
  if (const std::optional<oauth::JsonObject> last = MakeLastRefresh(status.login)) {
    answer.Set("last_refresh", *last);
  }
  AddModels(context, answer);
  return answer;
}

std::string MakeStatusTable(Context& context) {
  return MakeTable(context, LookAtStatus(context));
}

}  // namespace grokauth::app
